"""A second crash, while the start mends what the first one (or a disk) left: ``python -m tests.fault_table`` shows it too.

Each damage is what a start has work with: torn tails of every file, a state that is spoilt, lost or of another archive, a
compaction, a page and a redaction that were cut off. The start after it is ended at each of its points; then a third one plays
to the end, and everything is counted as in ``tests.fault_table``.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.fault_disk import Disk, child, known
from tests.fault_table import NOON, Row, Story, Table, kind_of, ways

TORN = b"From ann@example.org Mon Nov 30 23:59:59 2026\nReturn-Path: <ann@example.org>\nX-Mailbot-Arr"


def one(kept: Path, pattern: str) -> Path:
    return sorted(kept.glob(pattern))[-1]


def torn_tails(home: Path) -> None:
    """A record cut in its head, one cut in its text, NULs of a file system that had given the room, lines without an end."""
    kept = home / "kept"
    mail = one(kept, "in-2*.mbox")
    mail.write_bytes(mail.read_bytes() + TORN)
    ours = one(kept, "out-2*.mbox")
    ours.write_bytes(ours.read_bytes() + b"\0" * 700)
    for name, text in (("sent.log", b"2026-12-01T00:00:03.1Z\\tx"), ("acts.log", b'{"at": "2026-12-01T00:0')):
        with (kept / name).open("ab") as file:
            file.write(text)
    state = kept / "state.log"
    state.write_bytes(state.read_bytes()[:-7])


def spoilt_state(home: Path) -> None:
    state = home / "kept" / "state.log"
    raw = bytearray(state.read_bytes())
    raw[len(raw) // 2] ^= 1
    state.write_bytes(raw)


def lost_state(home: Path) -> None:
    (home / "kept" / "state.log").unlink()


def state_of_another_archive(home: Path) -> None:
    """The state knows more than the archive has: the end of the archive's newest file came back from an older copy."""
    ours = one(home / "kept", "out-2*.mbox")
    raw = ours.read_bytes()
    ours.write_bytes(raw[: raw.rindex(b"\n\nFrom ") + 2] if b"\n\nFrom " in raw else b"")


def leftovers(home: Path) -> None:
    """Files that were on their way to a name when the first crash came."""
    kept, public = home / "kept", home / "public"
    state = (kept / "state.log").read_bytes()
    (kept / "state.log.new").write_bytes(state[: len(state) // 2])
    mail = one(kept, "in-2*.mbox")
    (kept / f".{mail.name}.tmp").write_bytes(mail.read_bytes()[:300])
    (kept / ".secret.tmp").write_bytes(b"half")
    (public / ".README.md.tmp").write_bytes(b"# Inc")


@dataclass(frozen=True, slots=True)
class Damage:
    """``point``: pattern of the points of the story at which the first crash comes (the last of them, or counted from the end
    by ``back``); ``do`` is done to the folder then; ``beyond``: how many points after the start are tried as well; ``short``:
    in the short form too."""

    name: str
    point: str
    do: Callable[[Path], None] | None = None
    back: int = 1
    beyond: int = 0
    short: bool = False


#: Where the story stands: all but the last mail and the redaction are behind it.
LATE = r"write kept/in-2026-12.mbox"
DAMAGES = (
    Damage("torn tails", LATE, torn_tails, short=True),
    Damage("a spoilt state", LATE, spoilt_state, short=True),
    Damage("a lost state", LATE, lost_state),
    Damage("a state of another archive", r"write kept/sent.log", state_of_another_archive, back=2),
    Damage("files that were not finished", r"pwrite kept/state.log$", leftovers),
    Damage("a compaction", r"pwrite kept/state.log.new", beyond=10),
    Damage("a compaction in its place", r"replace kept/state.log.new", beyond=10),
    Damage("a page", r"write public/", beyond=12),
    Damage("the index of pages", r"rename public/.README.md.tmp", beyond=12, short=True),
    Damage("a redaction, announced", r"open kept/.in-\S+.tmp", beyond=25, short=True),
    Damage("a redaction, half", r"fsync kept/.in-\S+.tmp", beyond=25),
    Damage("a redaction, done and not said", r"write kept/acts.log", beyond=25),
)


class SecondLife(Story):
    """Knows how many points its start had."""

    begun = 0

    def open(self) -> None:
        super().open()
        self.begun = len(self.disk.points) if self.disk else 0


class Again(Table):
    """``rows`` of second crashes."""

    def rows(self, *, whole: bool) -> Iterator[Row]:
        """``whole``: each point of each damage; else each kind of point once, the damages one after the other."""
        story = self.points()
        seen: set[str] = set()
        for damage in (d for d in DAMAGES if whole or d.short):
            first = sum(re.match(damage.point, point) is not None for point in story) + 1 - damage.back
            for number, point in enumerate(self._starts(damage, first), 1):
                kind = kind_of(point)
                if not whole and kind in seen:
                    continue
                seen.add(kind)
                for how in ways(point, number, whole=whole):
                    row = self._twice(damage, first, number, point, how)
                    if row is not None:
                        yield row

    def _first(self, damage: Damage, number: int) -> SecondLife:
        """What the first crash left."""
        self.begin()
        story = Story(self.folder / "home", self.folder / "facts")
        how = "power" if damage.do is None and number % 2 else "kill"
        self.crash(story, lambda: asyncio.run(story.play()), number, how, damage.point)
        if damage.do is not None:
            damage.do(story.home)
            known(self.folder / "lost").unlink(missing_ok=True)  # damage is on the disk
        return SecondLife(self.folder / "home", self.folder / "facts", NOON + timedelta(minutes=1))

    def _starts(self, damage: Damage, first: int) -> list[str]:
        """The points of the start after it, and those beyond that are tried."""
        again = self._first(damage, first)
        lost = self.folder / "lost"
        shutil.rmtree(lost, ignore_errors=True)

        def play() -> None:
            disk = again.disk = Disk(again.home, lost, -1, before=known(lost))
            disk.watch()
            asyncio.run(again.play())
            (self.folder / "points").write_text("\n".join(disk.points[: again.begun + damage.beyond]))

        assert child(play) == 0, damage.name
        return (self.folder / "points").read_text().split("\n")

    def _twice(self, damage: Damage, first: int, number: int, point: str, how: str) -> Row | None:
        again = self._first(damage, first)
        if not self.crash(again, lambda: asyncio.run(again.play()), number, how):
            return None
        return self.taken_up(number, f"{damage.name}, then {point}", how)
