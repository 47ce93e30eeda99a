"""The daemon behind a real mailbox: Dovecot, IDLE, a restart in the middle."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailbot.config import Imap
from tests import dovecot_server
from tests.dovecot_server import PASSWORD, USER, Dovecot
from tests.test_walkthrough import Story, tell, text

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(bool(dovecot_server.missing()), reason=dovecot_server.missing() or "Dovecot is here"),
]

MAIL = """\
From: Alice Doe <alice@example.org>
To: incident@instructlab.ai
Subject: Registry is down
Date: Tue, 17 Nov 2026 14:58:00 +0100
Message-ID: <{0}@example.org>

{1}
"""


async def arrived(s: Story, mails: int) -> None:
    """Until the list's mailbox has been read so far."""
    for _ in range(600):
        if s.daemon.register.messages >= mails:
            break
        await asyncio.sleep(0.02)
    await s.daemon.settle()


def test_a_mailbox_is_read_answered_and_never_read_twice(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    with Dovecot() as server:
        box = Imap(host="127.0.0.1", user=USER, port=server.port, tls=False, password_file=secret)

        async def first(s: Story) -> None:
            await asyncio.to_thread(server.deliver, MAIL.format("a", "Pushes fail since 13:40 UTC.").encode())
            await arrived(s, 2)  # the mail and its ack
            assert len(s.sink.mails) == 1

        async def second(s: Story) -> None:
            answer = MAIL.format("b", "RESOLVED").replace("Subject: ", "Subject: Re: ")
            await asyncio.to_thread(server.deliver, answer.encode())
            await arrived(s, 4)
            (mail,) = (message_from_bytes(raw, policy=policy.default) for raw in s.sink.mails)
            assert isinstance(mail, EmailMessage)
            assert "Resolved" in text(mail)

        tell(tmp_path / "data", first, imap=(box,))
        tell(tmp_path / "data", second, imap=(box,))
