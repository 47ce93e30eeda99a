"""A desk with a mailroom on a clock that the scene moves: what is due is written into the archive; no mail leaves it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from mailbot.app.mailroom import Mailroom
from mailbot.core.due import Policy
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import LIST
from tests.register_scene import Desk


class Room(Desk):
    def __init__(self, folder: Path, opens: str = "any", policy: Policy | None = None) -> None:
        super().__init__(folder, opens=opens)
        self.mailroom = Mailroom(self.register, Renderer(LIST, Looks()), policy or Policy(), None)

    def until(self, when: datetime, step: timedelta = timedelta(hours=2)) -> list[EmailMessage]:
        """Time passes, a daemon looks now and then: what it wrote."""
        written: list[EmailMessage] = []
        while self.clock <= when:
            written += self.look_now()
            self.clock += step
        self.clock = when
        return written + self.look_now()

    def look_now(self) -> list[EmailMessage]:
        ends = self.archive.ends()
        while asyncio.run(self.mailroom.write(self.clock)):
            self.register.catch_up()
        self.register.commit()
        return [message_from_bytes(r.raw, policy=default) for r in self.archive.records(ends) if r.direction == "out"]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def kind(mail: EmailMessage) -> str:
    return str(mail["X-Mailbot-Notice"]).strip().partition(":")[0]


def of_kind(mails: list[EmailMessage], name: str) -> list[EmailMessage]:
    return [m for m in mails if kind(m) == name]
