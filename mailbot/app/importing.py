"""Old archives come in: files -> the archive, in one pass, each mail once however often it is imported. Nothing is mailed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mailbot.app.register import Register
from mailbot.intake import files


@dataclass(slots=True)
class Imported:
    new: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


def bring_in(
    register: Register, paths: Sequence[Path], now: datetime, progress: Callable[[int, int], None]
) -> Imported:
    """``progress(bytes done, bytes in all)`` as it goes. Files that cannot be read are said, and stop nothing."""
    result = Imported()
    sources = list(files.walk(paths))
    total, done = sum(files.size(s.path) for s in sources), 0
    eml = [s.path for s in sources if s.kind == "eml"]
    result.problems += [s.problem for s in sources if s.problem]

    def take(name: str, of: Sequence[Path]) -> None:
        def position(at: int) -> None:
            progress(done + at, total)

        def mails() -> Iterator[bytes]:
            nonlocal done
            for path in of:
                yield from files.mails(path, result.problems.append, position)
                done += files.size(path)
                progress(done, total)

        new, known = register.bring_in(name, mails(), now)
        result.new, result.known = result.new + new, result.known + known

    for source in sources:
        if source.kind == "mbox":
            take(source.path.name, [source.path])
    if eml:
        take("files", eml)
    register.commit()
    return result
