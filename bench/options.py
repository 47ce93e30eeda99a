"""What one run was asked for, and the archive that several parts share: it is made once a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import mails
from mailbot.app import setup
from mailbot.app.importing import bring_in
from mailbot.app.register import Register
from mailbot.config import Config, load
from mailbot.store.archive import Archive

SMALL_MAIL = 2400  # bytes: a quick import, and documents nearly as large as those of larger mails


@dataclass(frozen=True, slots=True)
class Options:
    folder: Path  # of this run, removed at its end
    quick: bool = False
    mbox: Path | None = None
    texts: Path | None = None

    @property
    def many(self) -> int:
        """How many messages are a large archive."""
        return 1_000 if self.quick else 100_000

    @property
    def few(self) -> int:
        return 200 if self.quick else 1_000

    def config(self, name: str, *, log: str = "error") -> Path:
        """A configuration whose archive is ``name``; it sends nothing and listens on a port of the system's choice."""
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'[list]\naddress = "incident@example.org"\nname = "incident"\nid = "incident.example.org"\n'
            f'[smtp]\nlisten = "127.0.0.1:0"\nhostname = "mailbot.example.org"\n'
            f"max_connections = 1000\nmax_per_peer = 1000\n"
            f'[store]\nfolder = "{self.folder / name}"\n[smarthost]\nhost = ""\n[log]\nlevel = "{log}"\n',
            encoding="utf-8",
        )
        return path

    def archive(self, count: int) -> Path:
        """Configuration of an archive of ``count`` imported mails, made when it is first asked for."""
        name = f"archive-{count}"
        path = self.config(name)
        if not (self.folder / name).exists():
            source = self.folder / f"{name}.mbox"
            with source.open("wb") as file:
                file.writelines(mails.mbox(mails.archive(count, size=SMALL_MAIL)))
            with opened(path) as (_, register):
                bring_in(register, [source], datetime.now(UTC), lambda done, of: None)
            source.unlink()
        return path


def loaded(path: Path) -> Config:
    config, mistakes = load(path)
    if config is None:
        raise ValueError("\n".join(map(str, mistakes)))
    return config


@contextmanager
def opened(path: Path) -> Iterator[tuple[Archive, Register]]:
    """Archive and register of a configuration, for writing."""
    archive, register = setup.opened(loaded(path))
    try:
        yield archive, register
    finally:
        register.state.close()
        archive.close()
