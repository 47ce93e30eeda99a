"""One incident, told as a story: from SMTP in to the report out. Read this after mailbot/__init__.py.

The daemon is the real one, on loopback, with an archive, TinyDB and a smarthost; only the clock is the story's own.
"""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from mailbot.app.daemon import Daemon
from mailbot.config import Config, Endpoint
from mailbot.core.incident import Incident
from mailbot.demo import Clock, Sink

ALICE, BOB, CAROL = "Alice Doe <alice@example.org>", "Bob Stone <bob@example.net>", "Carol King <carol@example.com>"
LIST = "incident@instructlab.ai"
SUBJECT = "Model registry refuses pushes"


class Story:
    """The list as its people see it: they write, and read what mailbot writes."""

    def __init__(self, daemon: Daemon, clock: Clock, sink: Sink) -> None:
        self.daemon, self.clock, self.sink = daemon, clock, sink
        self.written = 0

    async def at(self, time: str, day: int = 17) -> list[EmailMessage]:
        """The clock moves; what mailbot mails by itself then."""
        hour, minute = map(int, time.split(":"))
        self.clock.move(datetime(2026, 11, day, hour, minute, tzinfo=UTC))
        return await self._read()

    async def writes(
        self, who: str, text: str, *, subject: str = "Re: " + SUBJECT, answers: str = ""
    ) -> list[EmailMessage]:
        """Somebody writes to the list; what mailbot answers."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = who, LIST, subject
        mail["Date"] = format_datetime(self.clock.now)
        self.written += 1
        mail["Message-ID"] = f"<m{self.written}@example.org>"
        if answers:
            mail["In-Reply-To"] = mail["References"] = answers
        mail.set_content(text)
        await asyncio.to_thread(self._send, mail)
        return await self._read()

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.daemon.ports["smtp"], local_hostname="story") as peer:
            peer.send_message(mail)

    async def _read(self) -> list[EmailMessage]:
        before = len(self.sink.mails)
        await self.daemon.settle()
        mails = [message_from_bytes(raw, policy=policy.default) for raw in self.sink.mails[before:]]
        return [mail for mail in mails if isinstance(mail, EmailMessage)]

    @property
    def incident(self) -> Incident:
        (row,) = self.daemon.register.incidents()
        incident = self.daemon.register.look(row["id"])
        assert incident is not None
        return incident


def text(mail: EmailMessage) -> str:
    """The words of a mail, however its lines are broken."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def tell(folder: Path, story: Callable[[Story], Awaitable[None]], **settings: Any) -> None:
    """Runs the daemon around a story; ``settings`` are sections of its Config."""

    async def run() -> None:
        sink = Sink()
        server, port = await sink.listen()
        config = Config()
        config = replace(
            config,
            smtp=replace(config.smtp, listen=Endpoint("127.0.0.1", 0)),
            store=replace(config.store, folder=folder),
            smarthost=replace(config.smarthost, port=port),
            **settings,
        )
        clock = Clock(datetime(2026, 11, 17, 13, 58, tzinfo=UTC))
        ready = asyncio.Event()
        daemon = Daemon(config, clock)
        running = asyncio.create_task(daemon.run(lambda _: ready.set()))
        await asyncio.wait_for(ready.wait(), 20)
        try:
            await story(Story(daemon, clock, sink))
        finally:
            daemon.stop()
            await running
            server.close()
            await server.wait_closed()

    asyncio.run(run())


def test_an_incident_from_the_first_mail_to_the_report(tmp_path: Path) -> None:
    async def story(s: Story) -> None:
        # Alice sees that something is wrong, and writes to the list as she always did. That is all it takes.
        (ack,) = await s.writes(ALICE, "Pushes to the registry fail since 13:40 UTC.\n", subject=SUBJECT)
        assert ack["To"] == LIST
        assert ack["Subject"] == "Re: " + SUBJECT
        assert ack["In-Reply-To"] == "<m1@example.org>"
        assert "Who has this: Alice Doe" in text(ack)
        assert s.incident.id in text(ack)

        # Bob answers from his phone, which drops the thread headers. He joins by the subject, and hears nothing back.
        assert await s.writes(BOB, "I see it too, the disk is full since 13:38 UTC.\n\nSent from my phone\n") == []

        # Alice has to leave. Bob gets a brief, the list a copy; nothing changes until he accepts.
        (brief,) = await s.writes(ALICE, "HANDOFF Bob: my train leaves\n")
        assert brief["To"] == f"{LIST}, bob@example.net"
        assert "my train leaves" in text(brief)
        assert s.incident.commander is not None
        assert s.incident.commander.name == "Alice Doe"
        (receipt,) = await s.writes(BOB, "ACCEPT\n")
        assert "Bob Stone has it now, before: Alice Doe" in text(receipt)

        # An hour without a word: one question, and no second one before two more hours.
        (reminder,) = await s.at("15:00")
        assert reminder["To"] == LIST
        assert "No news" in text(reminder)
        assert await s.at("16:30") == []

        # Service is back, the facts go where they belong, and it is over: the drafted report comes by mail.
        (receipt,) = await s.writes(BOB, "START 13:40Z\nRESTORED 14:36Z old logs deleted\nIMPACT: Nobody could push.\n")
        assert "Users are served again" in text(receipt)
        (draft,) = await s.writes(BOB, "RESOLVED\n")
        (attached,) = draft.iter_attachments()
        assert attached.get_filename() == "2026-11-17-model-registry-refuses-pushes.md"
        report = str(attached.get_content())
        assert "## 2026-11-17 Model registry refuses pushes" in report
        assert "Incident Commander: Alice Doe (2026-11-17 13:58 to 13:58 UTC), Bob Stone (13:58 to 16:30 UTC)" in report
        assert "56 min (2026-11-17 13:40 to 14:36 UTC)" in report
        assert "* 13:40 - Incident start. [^" in report
        assert "* 14:36 - Service restored: old logs deleted [^" in report
        assert "<m5@example.org>" in report  # every line says which mail it came from

        # The next morning Alice remembers a phone call. The report is made from all mails, whenever they come.
        await s.at("08:10", day=18)
        (receipt,) = await s.writes(ALICE, "LOG 2026-11-17 14:05 UTC told the mirror admins by phone\n")
        assert receipt["To"] == "alice@example.org"  # a correction is nobody else's business
        assert "told the mirror admins by phone" in [e.what for e in s.incident.timeline()]

        # Alice edits the draft that came, and sends the file's text back: what she changed is merged, the rest is as it was.
        edited = report.replace("Nobody could push.", "Nobody could push for an hour; pulls worked.").replace("\r", "")
        (receipt,) = await s.writes(ALICE, edited)
        assert "Merged: User Impact changed" in text(receipt)
        assert [n.text for n in s.incident.section("IMPACT")] == ["Nobody could push for an hour; pulls worked."]

        # Thanks change nothing.
        assert await s.writes(CAROL, "Thanks everybody!\n") == []
        assert s.incident.status == "resolved"

        # On Monday the digest says what is still missing.
        mails = [*await s.at("09:00", day=21), *await s.at("08:01", day=23)]
        (digest,) = [m for m in mails if "digest" in m["Subject"]]
        assert digest["Subject"] == "[incident digest] 2026-W47: 0 open, 1 report waiting, 0 loose ends"

        # Carol did not write the report. She reads it, and with her line it is published.
        (published,) = await s.writes(CAROL, "REVIEWED: reads well\n")
        assert s.incident.status == "published"
        assert published["To"] == LIST
        assert "Thank you, Alice Doe, Bob Stone and Carol" in " ".join(text(published).split())

    tell(tmp_path / "data", story)


def test_the_second_day_begins_where_the_first_ended(tmp_path: Path) -> None:
    """The daemon is stopped and started: nothing is mailed twice, and everything is still known."""

    async def first(s: Story) -> None:
        assert len(await s.writes(ALICE, "It is down.\n", subject=SUBJECT)) == 1

    async def second(s: Story) -> None:
        assert await s.at("13:59") == []
        s.written = 1
        (draft,) = await s.writes(BOB, "RESOLVED\n", answers="<m1@example.org>")
        assert "who is not the commander" in text(draft)

    tell(tmp_path / "data", first)
    tell(tmp_path / "data", second)


def test_a_bounce_and_an_out_of_office_mail_are_kept_and_never_answered(tmp_path: Path) -> None:
    async def story(s: Story) -> None:
        await s.writes(ALICE, "It is down.\n", subject=SUBJECT)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "dave@example.net", LIST, "Automatic reply: " + SUBJECT
        mail["Auto-Submitted"], mail["Message-ID"] = "auto-replied", "<vacation@example.net>"
        mail["Date"] = format_datetime(s.clock.now + timedelta(seconds=1))
        mail.set_content("I am away. RESOLVED\n")
        await asyncio.to_thread(s._send, mail)
        assert await s._read() == []
        assert s.incident.status == "open"
        assert s.daemon.register.find("vacation@example.net") != []

    tell(tmp_path / "data", story)
