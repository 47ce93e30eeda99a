"""Handing over to the smarthost: whatever it does, each recipient has an outcome, and a mail is sent once."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.outbox.post import Outcome, Post, Smarthost, backoff

RAW = b"Subject: [INC-20261121-K7Q] who has it?\r\n\r\nNobody yet.\r\n"


class Sink:
    """A smarthost that does what the test says. ``say``: what to answer at MAIL, RCPT address or DATA; "drop" hangs up.
    An answer in a list is given once."""

    def __init__(self, say: dict[str, Any] | None = None, *, old: bool = False, **options: Any) -> None:
        self.say = say or {}
        self.old = old
        self.options = options
        self.mails: list[tuple[str, list[str], bytes, list[str]]] = []
        self.connections: list[asyncio.BaseTransport] = []
        self.port = 0
        self.kind: type[SMTP] = SMTP

    def answer(self, server: SMTP, key: str) -> str | None:
        answer = self.say.get(key)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return None if answer is None else str(answer)

    async def handle_EHLO(self, server: SMTP, session: Any, _envelope: Any, name: str, offers: list[str]) -> list[str]:
        session.host_name = name
        if server.transport is not None:
            self.connections.append(server.transport)
        return [offers[0], "250 HELP"] if self.old else offers

    async def handle_MAIL(self, server: SMTP, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if answer := self.answer(server, "MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if answer := self.answer(server, address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        if answer := self.answer(server, "DATA"):
            return answer
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, envelope.mail_options))
        return "250 2.0.0 queued as 4XyZ"

    def make(self) -> SMTP:
        return self.kind(self, enable_SMTPUTF8=not self.old, hostname="sink.example.org", **self.options)


class Loop:
    """The sink's own thread and loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(5)


@contextmanager
def running(sink: Any, tls: ssl.SSLContext | None = None) -> Iterator[Loop]:
    own = Loop()
    server = own.run(own.loop.create_server(sink.make, "127.0.0.1", 0, ssl=tls))
    sink.port = server.sockets[0].getsockname()[1]

    async def stop() -> None:
        server.close()
        for connection in sink.connections:
            connection.close()
        await asyncio.sleep(0.01)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    try:
        yield own
    finally:
        own.run(stop())
        own.loop.call_soon_threadsafe(own.loop.stop)
        own.thread.join(5)
        own.loop.close()


@contextmanager
def posting(sink: Any, **options: Any) -> Iterator[Post]:
    settings_: dict[str, Any] = {"tls": "none", "timeout": 2.0, "helo": "mailbot.example.org"} | options
    post = Post(Smarthost("127.0.0.1", sink.port, **settings_))
    try:
        yield post
    finally:
        post.close()


def kinds(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.recipient: outcome.kind for outcome in outcomes}


def test_many_mails_go_over_one_connection() -> None:
    sink = Sink()
    with running(sink), posting(sink) as post:
        for _ in range(5):
            outcomes = post.hand_over(RAW, "bot@example.org", ["a@example.org", "b@example.org"])
            assert outcomes == [
                Outcome("a@example.org", "sent", "250 2.0.0 queued as 4XyZ"),
                Outcome("b@example.org", "sent", "250 2.0.0 queued as 4XyZ"),
            ]
        assert [mail[:3] for mail in sink.mails] == [("bot@example.org", ["a@example.org", "b@example.org"], RAW)] * 5
        assert len(sink.connections) == 1


def test_a_refused_recipient_does_not_stop_the_other() -> None:
    sink = Sink({"b@example.org": "550 5.1.1 no such user", "c@example.org": "450 4.2.0 greylisted"})
    with running(sink), posting(sink) as post:
        outcomes = post.hand_over(RAW, "", ["a@example.org", "b@example.org", "c@example.org"])
        assert outcomes == [
            Outcome("a@example.org", "sent", "250 2.0.0 queued as 4XyZ"),
            Outcome("b@example.org", "refused", "550 5.1.1 no such user"),
            Outcome("c@example.org", "deferred", "450 4.2.0 greylisted"),
        ]
        assert sink.mails[0][:2] == ("<>", ["a@example.org"])


@pytest.mark.parametrize("step", ["MAIL", "a@example.org", "DATA"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 4.3.0 later", "deferred"),
        ("554 5.7.1 no", "refused"),
        ("421 4.3.2 shutting down", "deferred"),
        ("530 5.7.0 Must issue a STARTTLS command first", "deferred"),
        ("gibberish", "deferred"),
        ("drop", "deferred"),
    ],
)
def test_every_failure_is_an_outcome_and_the_next_mail_goes(step: str, answer: str, kind: str) -> None:
    sink = Sink({step: [answer]})
    with running(sink), posting(sink) as post:
        outcomes = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        assert kinds(outcomes) == {"a@example.org": kind}
        if answer not in {"drop", "gibberish"}:
            assert outcomes[0].reply == answer
        assert sink.mails == []
        assert kinds(post.hand_over(RAW, "bot@example.org", ["a@example.org"])) == {"a@example.org": "sent"}
        assert len(sink.mails) == 1
        assert len(sink.connections) == (2 if answer[:3] in {"421", "gib", "dro"} else 1)


def test_a_drop_at_the_second_recipient_keeps_what_was_said_of_the_first() -> None:
    sink = Sink({"a@example.org": "550 5.1.1 no such user", "b@example.org": "421 4.7.0 enough"})
    with running(sink), posting(sink) as post:
        outcomes = post.hand_over(RAW, "bot@example.org", ["a@example.org", "b@example.org", "c@example.org"])
    assert kinds(outcomes) == {"a@example.org": "refused", "b@example.org": "deferred", "c@example.org": "deferred"}


def test_a_connection_that_the_peer_closed_in_between_is_made_anew_and_the_mail_sent_once() -> None:
    sink = Sink()
    with running(sink) as own, posting(sink) as post:
        post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        for way in ("close", "abort"):
            own.loop.call_soon_threadsafe(getattr(sink.connections[-1], way))
            own.run(asyncio.sleep(0.02))
            outcomes = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
            assert kinds(outcomes) == {"a@example.org": "sent"}
        assert len(sink.mails) == 3
        assert len(sink.connections) == 3


def test_no_server_is_deferred_with_the_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        post = Post(Smarthost("127.0.0.1", taken.getsockname()[1], "none"))
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert outcome.kind == "deferred"
    assert "refused" in outcome.reply
    assert outcome.reply.startswith("127.0.0.1:")


def test_a_server_that_says_nothing_is_deferred_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        post = Post(Smarthost("127.0.0.1", mute.getsockname()[1], "none", timeout=0.2))
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert outcome.kind == "deferred"
    assert "timed out" in outcome.reply


class Greeting(asyncio.Protocol):
    """A server that only greets, in its own words, and closes."""

    def __init__(self, words: bytes) -> None:
        self.words = words
        self.connections: list[asyncio.BaseTransport] = []
        self.port = 0

    def make(self) -> Greeting:
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.words)
        transport.close()


@pytest.mark.parametrize(
    "words", [b"554 5.7.1 you are blocked\r\n", b"HTTP/1.1 400\r\n\r\n", b"", b"220 hi\r\n", b"2" * 20_000]
)
def test_a_greeting_that_is_none_is_our_trouble_not_the_mails(words: bytes) -> None:
    sink = Greeting(words)
    with running(sink), posting(sink) as post:
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert outcome.kind == "deferred"
    assert outcome.reply


def test_replies_are_one_printable_line() -> None:
    sink = Sink({"a@example.org": "550-no\x1b[31m such\r\n550 user\x00 J\xf6rg " + "x" * 600})
    with running(sink), posting(sink) as post:
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert outcome.reply.startswith("550 no [31m such user Jörg xxx")
    assert outcome.reply.isprintable()
    assert len(outcome.reply) <= 300


def test_content_leaves_with_crlf_and_dots_arrive_as_they_were() -> None:
    sink = Sink()
    raw = b"Subject: x\n\na\n.\nMAIL FROM:<evil@example.org>\r..b\r\n.c"
    with running(sink), posting(sink) as post:
        post.hand_over(raw, "bot@example.org", ["a@example.org"])
    assert [mail[2] for mail in sink.mails] == [
        b"Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<evil@example.org>\r\n..b\r\n.c\r\n"
    ]


def test_options_are_used_where_they_are_needed_and_offered() -> None:
    sink, old = Sink(), Sink(old=True)
    raw = RAW + "Größe\r\n".encode()
    with running(sink), posting(sink) as post:
        post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        post.hand_over(raw, "bot@example.org", ["a@example.org"])
        post.hand_over(raw, "bot@example.org", ["jörg@example.org"])
        post.hand_over("Subject: Größe\r\n\r\n".encode(), "bot@example.org", ["a@example.org"])
    assert [sorted(mail[3]) for mail in sink.mails] == [
        [f"SIZE={len(RAW)}"],
        ["BODY=8BITMIME", f"SIZE={len(raw)}"],
        ["BODY=8BITMIME", f"SIZE={len(raw)}", "SMTPUTF8"],
        ["BODY=8BITMIME", "SIZE=20", "SMTPUTF8"],
    ]
    with running(old), posting(old) as post:
        outcomes = post.hand_over(raw, "bot@example.org", ["jörg@example.org", "a@example.org"])
        assert kinds(outcomes) == {"jörg@example.org": "refused", "a@example.org": "sent"}
        assert kinds(post.hand_over(RAW, "b\xf6t@example.org", ["a@example.org"])) == {"a@example.org": "refused"}
    assert [(mail[1], mail[3]) for mail in old.mails] == [(["a@example.org"], [])]


def test_what_is_no_address_is_refused_without_a_word_to_the_server() -> None:
    sink = Sink()
    bad = ["", "a\r\nRCPT TO:<x@example.org>", "a@example.org> NOTIFY=NEVER", "a b@example.org", "\udcff@example.org"]
    with running(sink), posting(sink) as post:
        outcomes = post.hand_over(RAW, "bot@example.org", [*bad, "a@example.org", "a@example.org"])
        assert [outcome.kind for outcome in outcomes] == ["refused"] * 5 + ["sent"]
        assert kinds(post.hand_over(RAW, "bot\r\n@example.org", ["a@example.org"])) == {"a@example.org": "refused"}
        assert post.hand_over(RAW, "bot@example.org", []) == []
    assert [mail[1] for mail in sink.mails] == [["a@example.org"]]


def test_too_large_for_the_smarthost_is_refused() -> None:
    sink = Sink(data_size_limit=1000)
    with running(sink), posting(sink) as post:
        [outcome] = post.hand_over(RAW + b"x" * 2000, "bot@example.org", ["a@example.org"])
    assert (outcome.kind, outcome.reply[:3]) == ("refused", "552")


def test_threads_wait_for_each_other() -> None:
    sink = Sink()
    with running(sink), posting(sink) as post:

        def work(number: int) -> None:
            for _ in range(5):
                post.hand_over(RAW, "bot@example.org", [f"r{number}@example.org"])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(sink.mails) == 20
        assert len(sink.connections) == 1


def test_after_close_a_new_connection_is_made() -> None:
    sink = Sink()
    with running(sink), posting(sink) as post:
        post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        post.close()
        post.close()
        assert kinds(post.hand_over(RAW, "bot@example.org", ["a@example.org"])) == {"a@example.org": "sent"}
        assert len(sink.connections) == 2


def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == b"bot" and data.password == b"secret", handled=False)


@pytest.mark.parametrize(("password", "kind"), [("secret", "sent"), ("wrong", "deferred"), ("wr\xf6ng", "deferred")])
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_wrong_password_is_our_trouble_and_is_never_shown(password: str, kind: str) -> None:
    sink = Sink(authenticator=login, auth_required=True, auth_require_tls=False)
    with running(sink), posting(sink, user="bot", password=password) as post:
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        assert outcome.kind == kind
        assert password not in outcome.reply + repr(post.smarthost)


def test_starttls_that_is_not_offered_is_deferred_and_nothing_goes_in_clear() -> None:
    sink = Sink()
    with running(sink), posting(sink, tls="starttls") as post:
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert outcome.kind == "deferred"
    assert "STARTTLS" in outcome.reply
    assert sink.mails == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1 in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "127.0.0.1.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    with path.open("ab") as file:
        file.write(Path(f"{path}.crt").read_bytes())
    return path


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_is_spoken_with_who_is_trusted_and_with_nobody_else(
    tls: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sink = Sink(tls_context=context, require_starttls=True) if tls == "starttls" else Sink()
    with running(sink, context if tls == "implicit" else None), posting(sink, tls=tls) as post:
        [outcome] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        assert outcome.kind == "deferred"
        assert "certificate" in outcome.reply
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert kinds(post.hand_over(RAW, "bot@example.org", ["a@example.org"])) == {"a@example.org": "sent"}
    assert len(sink.mails) == 1


def test_backoff_grows_to_an_hour() -> None:
    minutes = [backoff(attempt) / timedelta(minutes=1) for attempt in range(1, 9)]
    assert minutes == [1, 2, 5, 15, 30, 60, 60, 60]
    assert backoff(0) == backoff(-5) == timedelta(minutes=1)


def test_whatever_is_handed_over_has_an_outcome() -> None:
    sink = Sink()
    with running(sink), posting(sink) as post:

        @given(st.binary(max_size=200), st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20))
        @settings(max_examples=60, deadline=None)
        def check(raw: bytes, addresses: list[str], sender: str) -> None:
            outcomes = post.hand_over(raw, sender, addresses)
            assert [outcome.recipient for outcome in outcomes] == list(dict.fromkeys(addresses))
            assert all(outcome.reply for outcome in outcomes)

        check()


def test_the_password_is_asked_for_at_each_login_and_its_trouble_is_ours() -> None:
    troubles: list[str | Exception] = [OSError("pass show s3cret: not found"), "", "wrong", "secret"]

    def ask() -> str:
        answer = troubles.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    sink = Sink(authenticator=login, auth_required=True, auth_require_tls=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with running(sink), posting(sink, user="bot", password=ask) as post:
            tries = [post.hand_over(RAW, "bot@example.org", ["a@example.org"])[0] for _ in range(5)]
    assert [outcome.kind for outcome in tries] == ["deferred"] * 3 + ["sent"] * 2  # the fifth over the kept connection
    assert "the password could not be read (OSError)" in tries[0].reply
    assert "the password is empty" in tries[1].reply
    assert tries[2].reply.startswith("535")
    assert "s3cret" not in repr(tries) + repr(post.smarthost)


class Tokens(SMTP):
    """A smarthost that takes access tokens, as Gmail and Outlook do: a refusal is a challenge first."""

    async def smtp_AUTH(self, arg: str) -> None:
        mechanism, _, response = arg.partition(" ")
        asked = base64.b64decode(response).decode()
        if mechanism == "XOAUTH2" and asked == "user=bot@example.org\x01auth=Bearer good\x01\x01":
            assert self.session is not None
            self.session.authenticated = True
            await self.push("235 2.7.0 Accepted")
            return
        await self.push("334 " + base64.b64encode(b'{"status":"400"}').decode())
        assert await self._reader.readline() == b"\r\n"
        await self.push("535 5.7.8 Username and token not accepted")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_an_access_token_logs_in_by_xoauth2() -> None:
    sink = Sink(auth_required=True, auth_require_tls=False)
    sink.kind = Tokens
    given = ["expired", "good"]
    with (
        running(sink),
        posting(sink, user="bot@example.org", password=lambda: given.pop(0), oauth2=True) as post,
    ):
        [refused] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
        [sent] = post.hand_over(RAW, "bot@example.org", ["a@example.org"])
    assert (refused.kind, refused.reply[:3], sent.kind) == ("deferred", "535", "sent")


def test_a_certificate_file_of_the_settings_is_trusted(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sink = Sink(tls_context=context, require_starttls=True)
    with running(sink), posting(sink, tls="starttls", ca_file=f"{certificate}.crt") as post:
        assert kinds(post.hand_over(RAW, "bot@example.org", ["a@example.org"])) == {"a@example.org": "sent"}
    missing = Post(Smarthost("127.0.0.1", sink.port, "implicit", ca_file=f"{certificate}.none"))
    assert missing.hand_over(RAW, "", ["a@example.org"])[0].kind == "deferred"
