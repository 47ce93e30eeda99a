"""A real daemon as a process of its own, a smarthost that is as bad as the scene wants it, and a client that says
what became of each mail.

The daemon listens on a free port of its own choice and says it in its log, so no two tests ever meet.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.smtp_thread import PATIENCE, SmtpThread

ROOT = Path(__file__).parent.parent
LIST = "incident@example.org"


def wait_for(what: Callable[[], bool], sentence: str, seconds: float = PATIENCE) -> None:
    began = time.monotonic()
    while not what():
        passed = time.monotonic() - began
        assert passed < seconds, f"not within {seconds:.0f} s: {sentence}"
        time.sleep(0.02 + passed / 50)  # to look may mean to read a long log


# ── the smarthost ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Got:
    """One mail that reached the smarthost; ``said``: ok (250), drop (hung up without an answer)."""

    message_id: str
    incident: str
    keys: tuple[str, ...]
    recipients: tuple[str, ...]
    said: str


class Sink(SmtpThread):
    """A smarthost in a thread. ``mood`` is asked at each MAIL and at the end of each DATA: ok, 451, drop, slow."""

    def __init__(self, mood: Callable[[], str] = lambda: "ok") -> None:
        super().__init__("sink")
        self.mood = mood
        self.got: list[Got] = []

    @property
    def taken(self) -> list[Got]:
        return [got for got in self.got if got.said == "ok"]

    def kinds(self) -> list[str]:
        """What was taken, as kinds of notices in their order: ack, update, digest."""
        return [got.keys[0].partition(":")[0] for got in self.taken]

    def mails(self, since: int = 0) -> dict[str, list[Got]]:
        """What was taken, from the copy ``since`` on, by Message-ID; no recipient got a copy twice."""
        copies = [(got.message_id, to) for got in self.taken for to in got.recipients]
        assert len(copies) == len(set(copies)), copies
        found: dict[str, list[Got]] = {}
        for got in self.taken[since:]:
            found.setdefault(got.message_id, []).append(got)
        return found

    async def handle_MAIL(self, _server: SMTP, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.mood() == "451":
            return "451 4.3.0 not now"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        mood = self.mood()
        if mood == "451":
            return "451 4.3.0 not now"
        if mood == "slow":
            await asyncio.sleep(0.1)
        mail = email.message_from_bytes(envelope.content)
        message_id, keys = str(mail["Message-ID"]).strip("<>"), tuple(str(mail["X-Mailbot-Notice"]).split())
        incident, to = str(mail.get("X-Mailbot-Incident", "")), tuple(envelope.rcpt_tos)
        if mood == "drop":
            self.got.append(Got(message_id, incident, keys, to, "drop"))
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "451 never heard"
        self.got.append(Got(message_id, incident, keys, to, "ok"))
        return "250 2.0.0 OK"


# ── the daemon ────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_config(folder: Path, smarthost: int, more: str = "") -> Path:
    """A configuration in ``folder`` with the archive beside it; ``more``: further tables."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mailbot.toml"
    path.write_text(
        f'[list]\naddress = "{LIST}"\n'
        '[smtp]\nlisten = "127.0.0.1:0"\n'
        '[store]\nfolder = "kept"\n'
        f'[smarthost]\nhost = "127.0.0.1"\nport = {smarthost}\ntimeout = "5s"\n{more}'
    )
    return path


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "mailbot", *map(str, words)]


def mailbot(*words: object, cwd: Path = ROOT, seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(command(*words), capture_output=True, text=True, cwd=cwd, timeout=seconds, check=False)


class Process:
    """``mailbot run``, started when this is made; ``ports`` has smtp and lmtp once ``wait`` returned."""

    def __init__(self, config: Path | None, *, cwd: Path = ROOT, log: Path | None = None) -> None:
        self.log = log or (config.parent if config else cwd) / "daemon.log"
        self.ports: dict[str, int] = {}
        words = ["run", *(["--config", config] if config else [])]
        with self.log.open("ab") as file:
            self._begin = file.tell()
            self.peer = subprocess.Popen(command(*words), stderr=file, stdout=file, stdin=subprocess.DEVNULL, cwd=cwd)

    def __enter__(self) -> Process:
        return self.wait()

    def __exit__(self, *_: object) -> None:
        if self.peer.poll() is None:
            self.kill()

    def said(self) -> str:
        """The log of this start."""
        with self.log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    def wait(self, seconds: float = PATIENCE) -> Process:
        """Until it listens. AssertionError with its log where it does not."""
        wait_for(lambda: " started " in self.said() or self.peer.poll() is not None, "the daemon starts", seconds)
        assert " started " in self.said(), self.said()
        found = re.findall(r"listening kind=(\w+) host=\S+ port=(\d+)", self.said())
        self.ports = {kind: int(port) for kind, port in found}
        return self

    def works(self) -> bool:
        """Is a thread of it on a processor, or at the disk? False where the system has no /proc (proc_pid_stat(5), field 3)."""
        states = []
        for thread in Path(f"/proc/{self.peer.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # it has just ended
                states.append(thread.read_text(encoding="ascii").rpartition(")")[2].split()[0])
        return any(state in "RD" for state in states)

    def kill(self) -> None:
        """kill -9."""
        self.peer.kill()
        self.peer.wait(PATIENCE)

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM; the exit code."""
        self.peer.send_signal(signal.SIGTERM)
        return self.peer.wait(seconds)


# ── who writes in ─────────────────────────────────────────────────────────────────────────────────────────────────────


def mail(
    message_id: str,
    subject: str,
    text: str,
    *,
    sender: str = "ann@example.org",
    answers: str = "",
    more: str = "",
) -> bytes:
    """A person's mail to the list; ``answers``: the Message-ID it replies to; ``more``: further header lines."""
    thread = f"In-Reply-To: <{answers}>\r\nReferences: <{answers}>\r\n" if answers else ""
    head = f"From: Ann Example <{sender}>\r\nTo: {LIST}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
    return (head + thread + more + "\r\n" + text.replace("\n", "\r\n") + "\r\n").encode()


def give(peer: smtplib.SMTP, raw: bytes, sender: str = "ann@example.org", to: tuple[str, ...] = (LIST,)) -> str:
    """One mail over an open connection: "250", the code that refused it, or "unknown" where no answer came."""
    peer.ehlo_or_helo_if_needed()
    code = peer.mail(sender)[0]
    for recipient in to:
        if code == 250:
            code = peer.rcpt(recipient)[0]
    if code == 250:
        try:
            code = peer.data(raw)[0]
        except smtplib.SMTPDataError as refused:
            code = refused.smtp_code
        except (OSError, smtplib.SMTPException):
            return "unknown"
    return str(code)


@contextlib.contextmanager
def connected(port: int) -> Iterator[smtplib.SMTP]:
    peer = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.org", timeout=PATIENCE)
    try:
        yield peer
    finally:
        peer.close()


def send(port: int, *mails: bytes, sender: str = "ann@example.org") -> list[str]:
    """Mails over one connection: what became of each."""
    with connected(port) as peer:
        return [give(peer, raw, sender) for raw in mails]
