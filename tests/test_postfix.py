"""A real Postfix in front of us and behind us: what we hand to it, it hands back by LMTP and SMTP."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from mailbot.core.kinds import kind
from mailbot.core.message import parse
from mailbot.core.signed import mark
from mailbot.intake.smtp import Intake, Limits
from mailbot.outbox import verp
from mailbot.outbox.bounces import read
from mailbot.outbox.post import Post, Smarthost
from tests.postfix_server import Postfix, missing

pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(missing()), reason=missing())]

Mail = tuple[bytes, str, tuple[str, ...], str]


class Desk:
    """Our intake, in its own thread, with a Postfix around it."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.fail = 0  # so many mails are not accepted
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.intake, self.lmtp, self.smtp = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(5)

    async def listen(self) -> tuple[Intake, int, int]:
        intake = Intake(self.accept, hostname="mailbot.example.org", limits=Limits(), recipients=self.ours)
        return intake, await intake.listen("lmtp", "127.0.0.1", 0), await intake.listen("smtp", "127.0.0.1", 0)

    async def accept(self, raw: bytes, sender: str, recipients: tuple[str, ...], way: str) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("the disk is full")
        self.mails.append((raw, sender, recipients, way))

    @staticmethod
    def ours(address: str) -> bool:
        return address.endswith("@example.org")

    def wait(self, count: int, seconds: float = 15) -> list[Mail]:
        end = time.monotonic() + seconds
        while len(self.mails) < count and time.monotonic() < end:
            time.sleep(0.01)
        return self.mails

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.intake.close(2), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Desk, Postfix, Post]]:
    desk = Desk()
    try:
        with Postfix(desk.lmtp, desk.smtp) as postfix:
            post = Post(Smarthost("127.0.0.1", postfix.port, "none", timeout=10, helo="mailbot.example.org"))
            yield desk, postfix, post
            post.close()
    finally:
        desk.close()


@pytest.fixture
def around(running: tuple[Desk, Postfix, Post]) -> tuple[Desk, Postfix, Post]:
    running[0].mails.clear()
    return running


BODY = "\r\n".join(["Subject: x", "Message-ID: <m1@example.org>", "", "since 14:05", ".", "..", "x" * 900, "Größe", ""])


@pytest.mark.parametrize("way", ["lmtp", "smtp"])
def test_what_we_hand_to_postfix_comes_back_as_it_was(around: tuple[Desk, Postfix, Post], way: str) -> None:
    desk, postfix, post = around
    outcomes = post.hand_over(BODY.encode(), "bot+ack@example.org", [f"{way}@example.org"])
    assert [outcome.kind for outcome in outcomes] == ["sent"]
    assert len(desk.wait(1)) == 1, postfix.log()
    raw, sender, recipients, came = desk.mails[0]
    assert raw.endswith(BODY.partition("\r\n\r\n")[2].encode())
    assert (sender, recipients, came) == ("bot+ack@example.org", (f"{way}@example.org",), f"{way} 127.0.0.1")


def test_a_bounce_address_is_empty_and_both_ways_get_the_mail(around: tuple[Desk, Postfix, Post]) -> None:
    desk, postfix, post = around
    post.hand_over(BODY.encode(), "", ["lmtp@example.org", "smtp@example.org"])
    assert len(desk.wait(2)) == 2, postfix.log()
    assert {(mail[1], mail[2]) for mail in desk.mails} == {("", ("lmtp@example.org",)), ("", ("smtp@example.org",))}


@pytest.mark.parametrize("way", ["lmtp", "smtp"])
def test_l11_postfix_brings_again_what_we_answered_with_451(around: tuple[Desk, Postfix, Post], way: str) -> None:
    desk, postfix, post = around
    desk.fail = 1
    post.hand_over(BODY.encode(), "bot@example.org", [f"{way}@example.org"])
    assert len(desk.wait(1)) == 1, postfix.log()
    assert desk.fail == 0
    assert "451 4.3.0 Not accepted now" in postfix.log()


def test_fifty_mails_arrive_once_each(around: tuple[Desk, Postfix, Post]) -> None:
    desk, postfix, post = around
    for number in range(50):
        raw = f"Subject: {number}\r\n\r\nmail {number}\r\n".encode()
        assert post.hand_over(raw, "bot@example.org", ["lmtp@example.org"])[0].kind == "sent"
    assert len(desk.wait(50)) == 50, postfix.log()
    time.sleep(0.1)
    assert {mail[0].rpartition(b"mail ")[2] for mail in desk.mails} == {b"%d\r\n" % number for number in range(50)}
    assert len(desk.mails) == 50


def test_an_address_that_postfix_does_not_know_is_refused_alone(around: tuple[Desk, Postfix, Post]) -> None:
    desk, postfix, post = around
    outcomes = post.hand_over(BODY.encode(), "bot@example.org", ["nobody@example.org", "lmtp@example.org"])
    assert [(outcome.kind, outcome.reply[:3]) for outcome in outcomes] == [("refused", "550"), ("sent", "250")]
    assert len(desk.wait(1)) == 1, postfix.log()


def test_postfix_sends_its_report_to_the_signed_sender_of_the_one_recipient(
    around: tuple[Desk, Postfix, Post],
) -> None:
    desk, postfix, post = around
    everybody, secret = ("gone@example.com", "smtp@example.org"), b"k" * 32
    own = "INC-20261118-K7Q.update.0123456789ab@example.org"
    for number, recipient in enumerate(everybody):
        sender = verp.sender("mailbot@example.org", own, number, secret)
        assert [outcome.kind for outcome in post.hand_over(BODY.encode(), sender, [recipient])] == ["sent"]
    assert len(desk.wait(2)) == 2, postfix.log()
    ((raw, sender, (to,), _),) = [mail for mail in desk.mails if mail[2] != ("smtp@example.org",)]
    assert sender == ""
    assert verp.returned(to, "mailbot@example.org", secret) == verp.Returned(mark(own), 0)
    bounce = read(raw, everybody[0])
    assert (bounce.verdict, bounce.status) == ("gone", "5.1.1"), bounce
    assert kind(parse(raw), sender)[0] == "bounce"
