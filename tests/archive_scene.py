"""A folder for an archive, a clock that stands still, and what was logged: shared by the tests of the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from mailbot.store.archive import Archive, Arrival, Record

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIL = b"Message-ID: <1@example.org>\r\nSubject: logins fail\r\n\r\nSince 11:50 nobody can log in.\r\n"
FROM_ALICE = Arrival("smtp 127.0.0.1", "alice@example.org", ("incident@example.org", "ops@example.org"), "pass dmarc")


class Scene:
    """A folder, a clock that stands still until it is told otherwise, and what was logged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOON
        self.said: list[str] = []

    def open(self, *, readonly: bool = False, most_waiting: int = 1 << 28) -> Archive:
        return Archive(
            self.folder, readonly=readonly, clock=lambda: self.now, log=self.said.append, most_waiting=most_waiting
        )

    def fill(self, *mails: bytes, direction: str = "in") -> list[Record]:
        with self.open() as archive:
            return [f.result(10) for f in [archive.append(direction, mail, FROM_ALICE) for mail in mails]]

    def all(self) -> list[Record]:
        with self.open(readonly=True) as archive:
            return list(archive.records())

    @property
    def inbox(self) -> Path:
        return self.folder / "in-2026-11.mbox"


def numbered(n: int) -> bytes:
    return b"Message-ID: <%d@example.org>\nSubject: mail %d\n\nFrom here on, line %d\n" % (n, n, n)


def kept(raw: bytes) -> bytes:
    raw = raw.replace(b"\r\n", b"\n")
    return raw if raw.endswith(b"\n") else raw + b"\n"


JUNK = st.lists(
    st.sampled_from([b"From ", b">From ", b">", b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b" ", b"X-Mailbot-Size: 1"])
    | st.binary(max_size=12)
).map(b"".join)
