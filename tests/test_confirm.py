"""Keywords that wait until their sender has shown that they wrote them: the mail that asks, the token, the refold."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from mailbot.config import Trust, values
from mailbot.core.commands import KEYWORDS
from mailbot.core.entries import Status, undo_code
from mailbot.core.incident import Incident
from tests.daemon_process import LIST, mail
from tests.daemon_scene import House, Running
from tests.test_post import Sink, running

ANN, EVE = "ann@example.org", "eve@example.net"
SUBJECT = "Registry is down"
FIRST = "m1@example.org"


class Scene:
    """A list on which CANCEL needs a mail that came through it, and REVIEWED one whose author is verified."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.sink = sink
        self.house = House(folder, sink)  # type: ignore[arg-type]  # it wants a port only
        trust = Trust(authserv_id="mx.example.org", needs=(("CANCEL", "list"), ("RESOLVED", "verified")))
        self.house.config = replace(self.house.config, trust=trust)
        self.sent = 1

    async def call(self, daemon: Running) -> None:
        await daemon.send(mail(FIRST, SUBJECT, "Since 11:40 UTC."))
        await daemon.settle()

    async def says(
        self, daemon: Running, text: str, *, more: str = "", sender: str = ANN, answers: str = FIRST
    ) -> None:
        self.sent += 1
        await daemon.send(
            mail(f"m{self.sent}@example.org", f"Re: {SUBJECT}", text, answers=answers, more=more, sender=sender)
        )
        await daemon.settle()

    def incident(self, daemon: Running) -> Incident:
        (row,) = daemon.daemon.register.incidents()
        found = daemon.daemon.register.look(row["id"])
        assert found is not None
        return found

    def mails(self, kind: str) -> list[tuple[list[str], EmailMessage]]:
        found = [(to, message_from_bytes(raw, policy=default)) for _, to, raw, _ in self.sink.mails]
        return [(to, m) for to, m in found if str(m["X-Mailbot-Notice"]).strip().startswith(f"{kind}:")]

    def token(self) -> str:
        (_, asked) = self.mails("confirm")[-1]
        found = re.search(r"^(?:\| )?CONFIRM ([A-Z2-7]{10})$", body(asked), re.MULTILINE)
        assert found, body(asked)
        return found[1]


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_l20_a_command_from_nobody_waits_until_its_sender_answers_with_the_token(tmp_path: Path) -> None:
    sink = Sink()

    async def story(scene: Scene) -> None:
        async with scene.house.run() as daemon:
            await scene.call(daemon)
            await scene.says(daemon, "CANCEL: a test\nLOG 11:45 UTC: rolled back")
            assert scene.incident(daemon).status is Status.OPEN
            ((to, asked),) = scene.mails("confirm")
            assert to == [ANN]
            assert "CANCEL" in body(asked)
            assert re.fullmatch(  # "that was not me", with the token below, is not for all
                r"mailbot\+r\.[0-9a-f]{12}\.261218\.[a-z2-7]{12}@example\.org", str(asked["Reply-To"])
            )
            assert "11:45" in body(scene.mails("receipt")[-1][1])  # the rest is done
            token = scene.token()
            assert all(token not in body(m) for to, m in scene.mails("receipt") + scene.mails("ack"))
            await scene.says(daemon, "CONFIRM AAAAAAAAAA")
            assert scene.incident(daemon).status is Status.OPEN
            await scene.says(daemon, f"Yes.\n\nCONFIRM {token.lower()}", answers=str(asked["Message-ID"]).strip("<>"))
            assert scene.incident(daemon).status is Status.CANCELLED
            (told, receipt) = scene.mails("receipt")[-1]
            assert LIST in told
            assert "closed as false alarm" in " ".join(body(receipt).split()).lower()
            assert len(scene.mails("confirm")) == 1
            code = undo_code("m2@example.org")  # of what was confirmed, as its receipt says
            assert f"UNDO {code}" in body(receipt)
            await scene.says(daemon, f"UNDO {code}")
            assert scene.incident(daemon).status is Status.OPEN
            await scene.says(daemon, f"UNDO {undo_code(f'm{scene.sent}@example.org')}")
        async with scene.house.run() as daemon:
            assert scene.incident(daemon).status is Status.CANCELLED

    with running(sink):
        scene = Scene(tmp_path, sink)
        asyncio.run(story(scene))
    assert not scene.house.wrong()


def test_what_is_vouched_for_is_done_at_once_and_what_is_not_named_never_waits(tmp_path: Path) -> None:
    sink = Sink()
    passed = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\n"

    async def story(scene: Scene) -> None:
        async with scene.house.run() as daemon:
            await scene.call(daemon)
            await scene.says(daemon, "RESTORED 11:50 UTC")
            assert scene.incident(daemon).status is Status.RESTORED
            await scene.says(daemon, "RESOLVED 11:55 UTC", more="List-Id: <incident.example.org>\r\n")
            assert scene.incident(daemon).status is Status.RESTORED  # the list vouches for less than is needed
            await scene.says(daemon, "RESOLVED 11:55 UTC", more=passed)
            assert scene.incident(daemon).status is Status.RESOLVED
            await scene.says(daemon, "REOPEN")
            await scene.says(daemon, "CANCEL: a test", more="List-Id: <incident.example.org>\r\n")
            assert scene.incident(daemon).status is Status.CANCELLED
            trusts = [r.arrival.trust for r in daemon.daemon.archive.records() if r.direction == "in"]
            assert trusts[3] == "verified mx.example.org: DMARC pass for example.org"
            assert trusts[5] == "list List-Id is our list's"

    with running(sink):
        scene = Scene(tmp_path, sink)
        asyncio.run(story(scene))
    assert not scene.house.wrong()


def test_l38_a_forger_gets_no_token_and_a_token_of_another_message_opens_nothing(tmp_path: Path) -> None:
    sink = Sink()

    async def story(scene: Scene) -> None:
        async with scene.house.run() as daemon:
            await scene.call(daemon)
            await scene.says(daemon, "CANCEL: says Eve as Ann")
            await scene.says(daemon, "CANCEL: says Eve", sender=EVE)
            assert [to for to, _ in scene.mails("confirm")] == [[ANN], [EVE]]
            eves = scene.token()
            await scene.says(daemon, f"CONFIRM {eves}", sender=EVE)
            incident = scene.incident(daemon)
            assert incident.resolved_by is not None
            assert incident.resolved_by.email == EVE  # her own, not what she wrote as Ann

    with running(sink):
        scene = Scene(tmp_path, sink)
        asyncio.run(story(scene))
    assert not scene.house.wrong()


def test_each_keyword_that_can_wait_is_one_and_by_default_none_does() -> None:
    assert set(values.WAITS) <= KEYWORDS.keys()
    assert Trust().needs == ()


@pytest.mark.parametrize("wrong", [["CANCEL"], ["MERGE list"], ["CANCEL god"], "CANCEL list", [1], [[]]])
def test_needs_that_are_none_are_refused_with_what_would_be_right(wrong: object) -> None:
    with pytest.raises(values.Wrong, match="REVIEWED verified"):
        values.needs(wrong)
    assert values.needs(["CANCEL list"]) == (("CANCEL", "list"),)
