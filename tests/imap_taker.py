"""What the tests of the IMAP intake share: a mail, a mailbox, and what the archive and the log would have seen."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mailbot.intake import imap
from mailbot.intake.imap import ImapIntake
from mailbot.intake.mailbox import Mailbox
from tests.dovecot_server import PASSWORD, USER


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as tests can wait for."""
    monkeypatch.setattr(imap, "PAUSES", (0.2, 0.2, 0.4))
    monkeypatch.setattr(imap, "SETTLE", 0.2)
    monkeypatch.setattr(imap, "WAKE", 0.05)


def mail(subject: str, size: int = 0) -> bytes:
    return f"From: alice@example.com\r\nSubject: {subject}\r\n\r\nWe are down.\r\n{'x' * 70}".encode() + b"\r\ny" * (
        size // 3
    )


class Taker:
    """What the archive and the operator's log would have seen of one intake, running in a thread."""

    def __init__(self, box: Mailbox, cursor: tuple[int, int] | None = None, latest: Sequence[int] = ()) -> None:
        self.subjects: list[str] = []
        self.mails: list[bytes] = []
        self.ways: list[str] = []
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.failures = 0
        self.intake = ImapIntake(
            box, self.accept, cursor, lambda fact, **fields: self.logged.append((fact, fields)), latest=latest
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.intake.run, args=(self.stop,))

    def accept(self, raw: bytes, way: str) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("No space left on device")
        self.mails.append(raw)
        self.ways.append(way)
        self.subjects.append(raw.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode())

    def facts(self, fact: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.logged if name == fact]

    def wait(self, done: Callable[[], object], seconds: float = 5) -> None:
        until = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < until, (self.subjects, self.logged)
            time.sleep(0.01)

    def has(self, *subjects: str) -> None:
        self.wait(lambda: len(self.subjects) >= len(subjects))
        assert self.subjects == list(subjects)

    def end(self) -> float:
        began = time.monotonic()
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@contextlib.contextmanager
def taking(
    box: Mailbox, cursor: tuple[int, int] | None = None, failures: int = 0, latest: Sequence[int] = ()
) -> Iterator[Taker]:
    taker = Taker(box, cursor, latest)
    taker.failures = failures
    taker.thread.start()
    try:
        yield taker
    finally:
        taker.end()


def box(port: int, **changes: Any) -> Mailbox:
    return replace(Mailbox("127.0.0.1", port, USER, PASSWORD, tls=False, timeout=10), **changes)
