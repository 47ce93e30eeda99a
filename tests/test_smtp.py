"""Mail handed in by SMTP and LMTP: what is answered when, and what a peer cannot do to us."""

from __future__ import annotations

import asyncio
import logging
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailbot.intake.smtp import Accept, Conversation, Intake, Kind, Limits

Mail = tuple[bytes, str, tuple[str, ...], str]
MIB = 1024 * 1024
BODY = b"Subject: logins fail\r\n\r\nsince 14:05 UTC\r\n"


class Box:
    """An accept that keeps what it got, or does what ``then`` says first."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.mails: list[Mail] = []
        self.then = then

    async def __call__(self, raw: bytes, sender: str, recipients: tuple[str, ...], way: str) -> None:
        if self.then is not None:
            await self.then()
        self.mails.append((raw, sender, recipients, way))


Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """On both loops: uvloop's transports are no ``asyncio.Transport``, and were not closed for a while."""
    if request.param == "asyncio":
        return asyncio.run
    uvloop = pytest.importorskip("uvloop")

    def on_uvloop(scene: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(scene)

    return on_uvloop


class Client:
    """Says bytes, reads whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 5)).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, text: str | bytes) -> str:
        self.writer.write((text.encode() if isinstance(text, str) else text) + b"\r\n")
        with suppress(ConnectionError):
            await self.writer.drain()
        return await self.reply()

    async def envelope(self, *recipients: str, sender: str = "a@example.org", hello: str = "EHLO me") -> None:
        assert (await self.say(hello)).startswith("250")
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")
        for recipient in recipients or ("incident@example.org",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")

    async def mail(self, body: bytes = BODY, *recipients: str, sender: str = "a@example.org") -> str:
        await self.envelope(*recipients, sender=sender)
        assert (await self.say("DATA")).startswith("354")
        return await self.say(body + b".")

    async def closed(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionError:
            return True


class Place:
    """A listening intake."""

    def __init__(self, intake: Intake, port: int) -> None:
        self.intake = intake
        self.port = port

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    @asynccontextmanager
    async def greeted(self) -> AsyncIterator[Client]:
        async with self.client() as client:
            assert await client.reply() == "220 mx.example.org mailbot"
            yield client


@asynccontextmanager
async def listening(
    accept: Accept,
    kind: Kind = "smtp",
    ours: Callable[[str], bool] | None = None,
    **limits: Any,
) -> AsyncIterator[Place]:
    intake = Intake(accept, hostname="mx.example.org", limits=Limits(**limits), recipients=ours)
    try:
        yield Place(intake, await intake.listen(kind, "127.0.0.1", 0))
    finally:
        await intake.close(1)
    assert intake.in_flight == 0


def test_a_mail_arrives_with_its_envelope_and_the_way_it_came(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            assert await client.mail(BODY, "incident@example.org", "Ops@example.org") == "250 2.0.0 OK, it is on disk"
            assert (await client.say("QUIT")).startswith("221")
        assert box.mails == [(BODY, "a@example.org", ("incident@example.org", "Ops@example.org"), "smtp 127.0.0.1")]

    run(scene())


def test_l11_nothing_is_answered_before_accept_returned() -> None:
    async def scene() -> None:
        on_disk = asyncio.Event()

        async def fsync() -> None:
            await on_disk.wait()

        async with listening(Box(fsync)) as place, place.greeted() as client:
            answer = asyncio.create_task(client.mail())
            await asyncio.sleep(0.1)
            assert not answer.done()
            on_disk.set()
            assert (await answer).startswith("250")

    asyncio.run(scene())


@pytest.mark.parametrize(("kind", "answers"), [("smtp", 1), ("lmtp", 2)])
def test_what_is_not_accepted_is_451_for_each_and_shows_nothing_of_our_inside(
    kind: Kind, answers: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def full_disk() -> None:
        raise OSError(28, "No space left on device", "/secret/archive")

    async def scene() -> None:
        box = Box(full_disk)
        async with listening(box, kind) as place, place.greeted() as client:
            for _ in range(2):
                await client.envelope(
                    "a@example.org", "b@example.org", hello="LHLO me" if kind == "lmtp" else "EHLO me"
                )
                await client.say("DATA")
                replies = [await client.say(BODY + b".")] + [await client.reply() for _ in range(answers - 1)]
                assert replies == ["451 4.3.0 Not accepted now, please try again later"] * answers
            box.then = None
            await client.say("MAIL FROM:<a@example.org>")
            await client.say("RCPT TO:<b@example.org>")
            await client.say("DATA")
            assert (await client.say(BODY + b".")).startswith("250")

    asyncio.run(scene())
    assert "secret" in caplog.text  # the operator hears it all


def test_l47_lmtp_answers_every_recipient_on_one_connection() -> None:
    async def scene() -> None:
        box = Box()
        async with (
            listening(box, "lmtp", lambda address: address != "no@example.org") as place,
            place.greeted() as client,
        ):
            assert (await client.say("EHLO me")).startswith("500")
            assert await client.say("MAIL FROM:<a@example.org>") == "503 Error: send LHLO first"
            for _ in range(2):
                await client.envelope("one@example.org", "two@example.org", hello="LHLO me")
                assert (await client.say("RCPT TO:<no@example.org>")).startswith("550")
                await client.say("DATA")
                assert (await client.say(BODY + b".")).startswith("250")
                assert (await client.reply()).startswith("250")
            assert (await client.say("NOOP")).startswith("250")
        assert [mail[2:] for mail in box.mails] == [(("one@example.org", "two@example.org"), "lmtp 127.0.0.1")] * 2

    asyncio.run(scene())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"\r\r\n",
        b"one\ntwo\n\r\n",
        b"a\n.\nb\r\n",
        b"a\n.\r\nb\r\n",
        b"a\r.\rMAIL FROM:<x@example.org>\r\n",
        b"a\r.\r\nMAIL FROM:<x@example.org>\r\n",
        b"a\r\n.\nMAIL FROM:<x@example.org>\r\n",
        b"a\r\n.\rMAIL FROM:<x@example.org>\r\n",
        b"a\r\n\x00.\r\nMAIL FROM:<x@example.org>\r\n",
        b"a\r\n\r.\r\nMAIL FROM:<x@example.org>\r\n",
        b"a\r\n..\nb\r\n",
        b"..starts with a dot\r\n..\r\n",
        b"\xe4\xf6\xfc \x00 8bit\r\n",
        b"x" * 5000 + b"\r\n" + b"y" * 300_000 + b"\r\n",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_l50_only_crlf_dot_crlf_ends_a_mail_and_all_else_is_content(content: bytes) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            assert (await client.mail(content)).startswith("250")
            assert (await client.say("NOOP")).startswith("250")
        expected = content.replace(b"\r\n.", b"\r\n")
        assert [mail[0] for mail in box.mails] == [expected.removeprefix(b".")]

    asyncio.run(scene())


def test_what_is_pipelined_behind_a_mail_is_heard(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
        async with listening(box) as place, place.greeted() as client:
            client.writer.write(b"EHLO me\r\n" + (envelope + BODY + b".\r\n") * 3 + b"QUIT\r\n")
            replies = [await client.reply() for _ in range(14)]
            assert [reply[:3] for reply in replies[1:]] == ["250", "250", "354", "250"] * 3 + ["221"]
        assert [mail[0] for mail in box.mails] == [BODY] * 3

    run(scene())


def test_the_null_sender_is_the_empty_string() -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            await client.mail(sender="")
        assert box.mails[0][1] == ""

    asyncio.run(scene())


def test_parameters_of_other_servers_are_no_reason_to_refuse() -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client, place.greeted() as other:
            hello = await client.say("EHLO me")
            for offer in ("SIZE 33554432", "8BITMIME", "SMTPUTF8", "PIPELINING"):
                assert offer in hello
            await other.say("EHLO again")  # stock: a second connection shortens the first one's command lines
            options = "SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+3D314159"
            assert (await client.say(f"MAIL FROM:<jörg@example.org> {options}")).startswith("250")
            orcpt = "rfc822;" + "x" * 700 + "@example.org"
            command = f"RCPT TO:<incident@example.org> NOTIFY=SUCCESS,DELAY ORCPT={orcpt}"
            assert (await client.say(command)).startswith("250")
            assert (await client.say("RCPT TO:<b@example.org> FOO=BAR")).startswith("555")
            await client.say("DATA")
            assert (await client.say("Subject: Störung\r\n\r\n.")).startswith("250")
        assert box.mails[0][:3] == ("Subject: Störung\r\n\r\n".encode(), "jörg@example.org", ("incident@example.org",))

    asyncio.run(scene())


@pytest.mark.parametrize(
    "address",
    [
        "<a\rX-Header: b@example.org>",
        "<a\x00b@example.org>",
        "<@>",
        "< >",
        '<"a@example.org>',
        "<\xff@x",
    ],
)
def test_a_broken_address_is_553_and_nothing_worse(address: str) -> None:
    async def scene() -> None:
        async with listening(Box()) as place, place.greeted() as client:
            await client.say("EHLO me")
            assert (await client.say(f"MAIL FROM:{address}".encode("latin-1")))[:3] in {"553", "501"}
            assert (await client.say("NOOP")).startswith("250")

    asyncio.run(scene())


def test_unusual_but_right_addresses_are_taken() -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            await client.envelope('"a b"@example.org', "@hop.example:b@example.org", sender="v+a=b.org@example.org")
            await client.say("DATA")
            await client.say(".")
        assert box.mails[0][1:3] == ("v+a=b.org@example.org", ('"a b"@example.org', "b@example.org"))

    asyncio.run(scene())


def test_only_our_addresses_and_not_too_many() -> None:
    async def scene() -> None:
        box = Box()
        ours = {"incident@example.org", "ops@example.org"}.__contains__
        async with listening(box, "smtp", ours, recipients=2) as place, place.greeted() as client:
            await client.envelope("incident@example.org")
            refusal = "550 5.1.1 <x@example.org> is not an address of this service"
            assert await client.say("RCPT TO:<x@example.org>") == refusal
            assert (await client.say("RCPT TO:<>"))[:3] == "550"
            assert (await client.say("RCPT TO:<ops@example.org>"))[:3] == "250"
            assert (await client.say("RCPT TO:<ops@example.org>"))[:3] == "452"
            await client.say("DATA")
            await client.say(BODY + b".")
            await client.say("MAIL FROM:<a@example.org>")
            assert (await client.say("DATA"))[:3] == "503"
        assert box.mails[0][2] == ("incident@example.org", "ops@example.org")

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["smtp", "lmtp"])
def test_too_large_is_552_for_each_recipient_and_the_next_mail_is_taken(kind: Kind) -> None:
    async def scene() -> None:
        box = Box()
        hello = "LHLO me" if kind == "lmtp" else "EHLO me"
        async with listening(box, kind, size=1000) as place, place.greeted() as client:
            await client.say(hello)
            assert (await client.say("MAIL FROM:<a@example.org> SIZE=1001"))[:3] == "552"
            for body, answer in ((b"x" * 998 + b"\r\n", "250"), (b"x" * 1500 + b"\r\n", "552"), (BODY, "250")):
                await client.envelope("a@example.org", "b@example.org", hello=hello)
                await client.say("DATA")
                assert (await client.say(body + b"."))[:3] == answer
                assert kind == "smtp" or (await client.reply())[:3] == answer
        assert len(box.mails) == 2

    asyncio.run(scene())


def test_memory_stays_flat_for_one_endless_line() -> None:
    async def scene() -> tuple[str, int]:
        async with listening(Box(), size=4 * MIB) as place, place.greeted() as client:
            await client.envelope()
            await client.say("DATA")
            line = b"x" * 256 * 1024
            tracemalloc.start()
            try:
                for _ in range(200):  # 50 MiB
                    client.writer.write(line)
                    await client.writer.drain()
                return await client.say("\r\n."), tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    reply, peak = asyncio.run(scene())
    assert reply == f"552 5.3.4 Message is larger than {4 * MIB} bytes"
    assert peak < 12 * MIB


def test_a_peer_that_never_ends_is_cut_off() -> None:
    async def scene() -> None:
        async with listening(Box(), size=64 * 1024) as place, place.greeted() as client:
            await client.envelope()
            await client.say("DATA")
            with suppress(ConnectionError):
                for _ in range(100):  # 1.6 MiB, bound is 1 MiB; no end of DATA
                    client.writer.write(b"x" * 16 * 1024)
                    await client.writer.drain()
                    await asyncio.sleep(0)
                assert (await client.reply())[:3] == "552"
            assert await client.closed()

    asyncio.run(scene())


def test_too_much_mail_at_once_is_452_until_there_is_room() -> None:
    async def scene() -> None:
        box = Box()
        async with (
            listening(box, size=MIB, in_flight_bytes=3000) as place,
            place.greeted() as first,
            place.greeted() as second,
        ):
            await first.envelope()
            await first.say("DATA")
            first.writer.write(b"x" * 2500)
            await asyncio.sleep(0.05)
            assert (await second.mail(b"x" * 1000 + b"\r\n"))[:3] == "452"
            await second.say("MAIL FROM:<a@example.org> SIZE=600")
            await second.say("RCPT TO:<b@example.org>")
            assert (await second.say("DATA"))[:3] == "452"
            assert (await first.say("\r\n."))[:3] == "250"
            assert (await second.mail(b"x" * 1000 + b"\r\n"))[:3] == "250"
        assert len(box.mails) == 2

    asyncio.run(scene())


@pytest.mark.parametrize("limits", [{"connections": 2}, {"per_peer": 2}])
def test_a_connection_too_many_hears_421_and_one_that_ends_makes_room(limits: dict[str, Any]) -> None:
    async def scene() -> None:
        async with listening(Box(), **limits) as place, place.greeted():
            async with place.greeted() as second:
                async with place.client() as third:
                    assert (await third.reply())[:3] == "421"
                    assert await third.closed()
                await second.say("QUIT")
                assert await second.closed()
            async with place.greeted() as fourth:
                assert (await fourth.mail())[:3] == "250"

    asyncio.run(scene())


def test_silence_ends_but_a_steady_slow_upload_may_take_its_time(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with (
            listening(box, command_timeout=0.2, data_timeout=5) as place,
            place.greeted() as silent,
            place.greeted() as slow,
        ):
            await slow.envelope()
            await slow.say("DATA")
            for byte in b"slow...":
                slow.writer.write(bytes([byte]))
                await asyncio.sleep(0.07)
            assert (await slow.say("\r\n."))[:3] == "250"
            assert (await silent.reply())[:3] == "421"
            assert await silent.closed()
            assert (await slow.reply())[:3] == "421"
        assert len(box.mails) == 1

    run(scene())


def test_data_has_a_deadline(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box, data_timeout=0.2) as place, place.greeted() as client:
            await client.envelope()
            await client.say("DATA")
            for _ in range(4):
                client.writer.write(b"drip\r\n")
                await asyncio.sleep(0.05)
            assert (await client.reply())[:3] == "421"
        assert box.mails == []

    run(scene())


def test_a_session_ends_however_busy_but_not_inside_a_mail(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box, session_timeout=0.3) as place, place.greeted() as talker, place.greeted() as sender:
            await sender.envelope()
            await sender.say("DATA")
            async with asyncio.timeout(5):
                while (reply := await talker.say("NOOP"))[:3] == "250":
                    await asyncio.sleep(0.02)
            assert reply[:3] == "421"
            assert (await sender.say(BODY + b"."))[:3] == "250"
        assert len(box.mails) == 1

    run(scene())


def test_busy_while_a_mail_arrives_and_a_moment_after_but_not_for_a_drip() -> None:
    async def scene() -> None:
        async with listening(Box()) as place, place.greeted() as client:
            assert not place.intake.busy()
            await client.mail()
            assert place.intake.busy()
            await client.envelope()
            await client.say("DATA")
            client.writer.write(b"x")
            await asyncio.sleep(0.08)
            client.writer.write(b"x")
            await asyncio.sleep(0.01)
            assert not place.intake.busy()
            client.writer.write(b"x" * 100_000)
            await asyncio.sleep(0.01)
            assert place.intake.busy()

    asyncio.run(scene())


def test_closing_tells_idle_peers_and_lets_a_running_mail_end(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as idle, place.greeted() as sending:
            await sending.envelope()
            await sending.say("DATA")
            closing = asyncio.create_task(place.intake.close(5))
            assert (await idle.reply())[:3] == "421"
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", place.port)
            assert (await sending.say(BODY + b"."))[:3] == "250"
            assert (await sending.reply())[:3] == "421"
            await asyncio.wait_for(closing, 1)
        assert len(box.mails) == 1

    run(scene())


def test_closing_does_not_wait_longer_than_its_grace(run: Run) -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as sending:
            await sending.envelope()
            await sending.say("DATA")
            await asyncio.wait_for(place.intake.close(0.1), 1)
            assert await sending.closed()
        assert box.mails == []

    run(scene())


@pytest.mark.parametrize("cut", ["in the envelope", "in the content", "before the answer"])
def test_a_peer_that_goes_away_leaves_no_mail_and_no_noise(cut: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> list[dict[str, Any]]:
        noise: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))
        started = asyncio.Event()

        async def slow() -> None:
            started.set()
            await asyncio.sleep(10)

        box = Box(slow)
        async with listening(box) as place:
            async with place.greeted() as client:
                await client.envelope()
                if cut != "in the envelope":
                    await client.say("DATA")
                    client.writer.write(BODY)
                if cut == "before the answer":
                    client.writer.write(b".\r\n")
                    await asyncio.wait_for(started.wait(), 5)
                client.writer.transport.abort()
            await asyncio.sleep(0.05)
        assert box.mails == []
        return noise

    assert asyncio.run(scene()) == []
    assert caplog.text == ""


def test_commands_that_we_do_not_speak_are_not_offered() -> None:
    async def scene() -> None:
        async with listening(Box()) as place, place.greeted() as client:
            assert (
                await client.say("HELP") == "250 Supported commands: DATA EHLO HELO HELP MAIL NOOP QUIT RCPT RSET VRFY"
            )
            for command in ("AUTH PLAIN AGEAYg==", "STARTTLS", "LHLO me", "EHLO"):
                assert (await client.say(command))[:1] == "5"
            assert (await client.say("NOOP " + "x" * 100_000)) == "500 Command line too long"
            assert (await client.say("NOOP"))[:3] == "250"

    asyncio.run(scene())


def test_a_browser_that_was_sent_to_our_port_is_hung_up_on_before_its_body_is_heard() -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            head = (
                b"POST / HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\nAccept: x\r\nContent-Length: 99\r\nOrigin: x\r\n\r\n"
            )
            body = b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + BODY + b".\r\n"
            client.writer.write(head + body)
            assert b"Too many unrecognized commands" in await asyncio.wait_for(client.reader.read(), 5)
        assert box.mails == []

    asyncio.run(scene())


def test_who_the_peer_is_nobody_can_say_but_the_socket() -> None:
    """PROXY, XCLIENT and XFORWARD are for those behind a proxy of their own; from anybody they would be a forged address."""

    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            for line in ("PROXY TCP4 192.0.2.1 192.0.2.2 1 25", "XCLIENT ADDR=192.0.2.1", "XFORWARD ADDR=192.0.2.1"):
                assert (await client.say(line))[:3] == "500"
            assert (await client.mail()).startswith("250")
        async with listening(box) as place, place.greeted() as client:
            assert (await client.say("BDAT 5 LAST"))[:3] == "500"  # CHUNKING is not offered
        assert [mail[3] for mail in box.mails] == ["smtp 127.0.0.1"]

    asyncio.run(scene())


def test_an_envelope_in_a_wrong_order_is_503_and_is_forgotten_by_rset() -> None:
    async def scene() -> None:
        box = Box()
        async with listening(box) as place, place.greeted() as client:
            for line, code in (
                ("DATA", "503"),
                ("RCPT TO:<b@example.org>", "503"),
                ("EHLO me", "250"),
                ("MAIL FROM:<a@example.org>", "250"),
                ("DATA", "503"),
                ("MAIL FROM:<c@example.org>", "503"),
                ("RCPT TO:<b@example.org>", "250"),
                ("RSET", "250"),
                ("DATA", "503"),
                ("RCPT TO:<b@example.org>", "503"),
                ("MAIL FROM:<a\x00@example.org>", "553"),
                ("MAIL FROM:<a@example.org>\rRCPT TO:<b@example.org>", "553"),
            ):
                assert (await client.say(line))[:3] == code, line
            assert (await client.mail()).startswith("250")
        assert len(box.mails) == 1

    asyncio.run(scene())


def test_nothing_is_logged_for_an_ordinary_mail(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with listening(Box()) as place, place.greeted() as client:
            await client.mail()

    with caplog.at_level(logging.INFO):
        asyncio.run(scene())
    assert caplog.text == ""


class Wire(asyncio.Transport):
    """A connection without a network."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 25)})
        self.written = bytearray()
        self.shut = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.shut

    def close(self) -> None:
        self.shut = True

    abort = pause_reading = resume_reading = close


class Wired(Wire):
    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def fed(protocol: SMTP, chunks: list[bytes]) -> bytes:
    """What a server says to these chunks, each in a step of its own."""
    wire = Wired()
    protocol.connection_made(wire)
    for chunk in chunks:
        await asyncio.sleep(0)
        if chunk and not wire.shut:
            protocol.data_received(chunk)
    for _ in range(40 + sum(map(len, chunks)) // 100):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    return bytes(wire.written)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def conversation(accept: Accept, size: int = 100_000) -> Conversation:
    return Conversation(Intake(accept, hostname="mx.example.org", limits=Limits(size=size)), "smtp")


ENVELOPE = b"EHLO me\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
LINES = st.lists(st.sampled_from([b".", b"..", b"", b"a", b".a", b"a.", b"\r", b"\n", b" .", b"x" * 900]), max_size=12)


@given(LINES, st.lists(st.integers(0, 10_000), max_size=12))
@settings(max_examples=150, deadline=None)
@example([b"", b"", b"a"], [])
@example([b"\r", b"."], [1, 2, 3, 4])
def test_the_block_reader_reads_what_the_stock_reader_reads(lines: list[bytes], places: list[int]) -> None:
    body = b"".join((b"." + line if line[:1] == b"." else line) + b"\r\n" for line in lines)
    data = body + b".\r\nQUIT\r\n"

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            stock.append(envelope.content)
            return "250 OK"

    async def scene() -> None:
        chunks = [ENVELOPE, *cut(data, places)]
        assert b"\r\n221" in await fed(SMTP(Handler(), loop=asyncio.get_running_loop(), hostname="mx"), chunks)
        assert b"\r\n221" in await fed(conversation(box), chunks)

    box, stock = Box(), list[bytes]()
    asyncio.run(scene())
    assert [mail[0] for mail in box.mails] == stock == [b"".join(line + b"\r\n" for line in lines)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 10_000), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_bytes_as_content_arrive_as_they_were_sent(body: bytes, places: list[int]) -> None:
    stuffed = (b"\r\n" + body + b"\r\n").replace(b"\r\n.", b"\r\n..")[2:]

    async def scene() -> bytes:
        return await fed(conversation(box), [ENVELOPE, *cut(stuffed + b".\r\n", places)])

    box = Box()
    assert b"\r\n250 2.0.0" in asyncio.run(scene())
    assert [mail[0] for mail in box.mails] == [body + b"\r\n"]


VERBS = st.sampled_from(
    [b"EHLO ", b"MAIL FROM:", b"RCPT TO:", b"DATA\r\n", b"HELP ", b"VRFY ", b"NOOP", b"<", b">", b"\r\n"]
)


@given(st.lists(VERBS | st.binary(max_size=30), max_size=20))
@settings(max_examples=150, deadline=None)
def test_junk_is_answered_with_replies_and_breaks_nothing(pieces: list[bytes]) -> None:
    async def scene() -> bytes:
        return await fed(conversation(Box()), [b"EHLO me\r\n", b"".join(pieces), b"\r\n"])

    for line in asyncio.run(scene()).split(b"\r\n")[:-1]:
        assert line[:3].isdigit()
        assert line[3:4] in {b" ", b"-"}
        assert b"Traceback" not in line
        assert b"Error: (" not in line  # stock's way to show an exception
