"""``mailbot probe``: a mail to the list, and for each way in whether its copy came, or what does not work."""

from __future__ import annotations

import asyncio
import json
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from mailbot.app import probing
from mailbot.app.probing import TROUBLES, Step, probe
from mailbot.config import Config, Imap
from mailbot.config import load as load_config
from tests import dovecot_server
from tests.daemon_process import LIST, Process, Sink, mailbot, wait_for, write_config
from tests.dovecot_server import PASSWORD, USER, Dovecot, free_port
from tests.fake_imap import FakeImap
from tests.test_imap_login import QUICK

dovecot = pytest.mark.skipif(bool(dovecot_server.missing()), reason=dovecot_server.missing() or "Dovecot is here")


class ListServer(Sink):
    """A smarthost with the list behind it: each mail to the list goes to its members, with the marks of a list."""

    def __init__(self, *members: Callable[[bytes], object]) -> None:
        super().__init__()
        self.members = list(members)
        self.plus: bool | None = True  # are plus addresses delivered; None: refused at once

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if envelope.rcpt_tos[0].startswith("mailbot+"):
            if self.plus is None:
                self.got.pop()
                return "550 5.1.1 no such user"
            if not self.plus:  # it says 250, and bounces it
                return answer
        copy = f"List-Id: <{LIST.replace('@', '.')}>\r\nPrecedence: list\r\n".encode() + envelope.content
        for member in self.members if "@example.org" in envelope.rcpt_tos[0] else []:
            await asyncio.to_thread(member, copy)
        return answer


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret-of-the-mailbox"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "LOOK", 0.05)
    monkeypatch.setattr(probing, "DIRECT", 1.0)


def box(secret: Path, port: int, **more: Any) -> Imap:
    return replace(Imap(host="127.0.0.1", user=USER, port=port, tls=False, password_file=secret), **more)


def config(folder: Path, smarthost: int, *boxes: Imap) -> Config:
    found = load_config(write_config(folder, smarthost))[0]
    assert found is not None
    return replace(found, imap=boxes, smtp=replace(found.smtp, listen=None))


def tried(config: Config, wait: float = 5) -> list[Step]:
    return list(probe(config, config.each, None, wait))


def lands_in(server: FakeImap) -> Callable[[bytes], object]:
    return lambda raw: server.mails.__setitem__(max(server.mails, default=0) + 1, raw)


def test_without_a_daemon_each_mailbox_says_when_the_copy_came(tmp_path: Path, secret: Path) -> None:
    with FakeImap({4: b"Subject: old\r\n\r\n"}) as one, FakeImap({}) as other:
        with ListServer(lands_in(one), lands_in(other)) as sink:
            boxes = (box(secret, one.port), box(secret, other.port, folder="Lists"))
            steps = tried(config(tmp_path, sink.port, *boxes))
        assert [(s.state, s.way.partition(" ")[0]) for s in steps] == [
            ("fine", "imap"),
            ("fine", "imap"),
            ("fine", "smarthost"),
            ("fine", "imap"),
            ("fine", "imap"),
            ("fine", "plus"),
        ], steps
        assert steps[-2].words.startswith(f"IMAP {USER}@127.0.0.1/Lists: the copy of {LIST} came after 0 s")
        assert steps[-1].words == "plus address: the mail for mailbot+probe@example.org came in after 0 s"
        assert steps[-1].seconds is not None
        asked = [command for server in (one, other) for command in server.commands]
        assert not [c for c in asked if c.startswith(("SELECT", "UID STORE", "EXPUNGE"))], "it only looks"


def test_a_mailbox_that_gets_nothing_is_named_and_the_other_is_fine(tmp_path: Path, secret: Path) -> None:
    with FakeImap({}) as one, FakeImap({}) as other, ListServer(lands_in(one)) as sink:
        boxes = (box(secret, one.port), box(secret, other.port, folder="Lists"))
        *_, first, second, plus = tried(config(tmp_path, sink.port, *boxes), wait=0.4)
        assert first.state == "fine"
        assert second.state == "FAILED"
        assert f"Lists: nothing came within 0 s: is it subscribed to {LIST}" in second.words
        assert plus.state == "fine"


@pytest.mark.parametrize("plus", [False, None], ids=["lost", "refused"])
def test_a_mail_server_without_plus_addresses_is_told_and_the_rest_is_fine(
    tmp_path: Path, secret: Path, plus: bool | None
) -> None:
    with FakeImap({}) as server, ListServer(lands_in(server)) as sink:
        sink.plus = plus
        steps = tried(config(tmp_path, sink.port, box(secret, server.port)), wait=0.4)
    (said,) = (s for s in steps if s.state == "FAILED")
    assert (said.way, said.list) == ("plus", LIST)
    assert "mailbot+probe@example.org" in said.words
    assert "recipient_delimiter = +" in said.words
    assert "plus = false" in said.words
    assert ("nothing for" in said.words) is (plus is False)


def test_where_no_plus_address_is_given_out_none_is_tried(tmp_path: Path, secret: Path) -> None:
    with FakeImap({}) as server, ListServer(lands_in(server)) as sink:
        plain = config(tmp_path, sink.port, box(secret, server.port))
        steps = tried(replace(plain, list=replace(plain.list, plus=False)))
    assert [s.way.partition(" ")[0] for s in steps] == ["imap", "smarthost", "imap"]
    assert [got.recipients for got in sink.taken] == [(LIST,)]


def test_when_nothing_comes_the_last_line_says_what_to_look_at(tmp_path: Path, secret: Path) -> None:
    with FakeImap({}) as server, ListServer() as sink:
        steps = tried(config(tmp_path, sink.port, box(secret, server.port)), wait=0.2)
    assert [s.state for s in steps] == ["fine", "fine", "FAILED", "FAILED", "FAILED"]
    assert "is mailbot@example.org a member" in steps[-2].words
    assert steps[-1].way == "plus"


def trouble(tmp_path: Path, *boxes: Imap) -> list[str]:
    with ListServer() as sink:
        steps = tried(config(tmp_path, sink.port, *boxes), wait=0.1)
    assert all(PASSWORD not in step.words.replace(str(tmp_path), "") for step in steps)
    return [step.words for step in steps if step.state == "FAILED" and step.way.startswith("imap")]


def test_what_does_not_work_says_what_to_look_at(tmp_path: Path, secret: Path) -> None:
    nobody = free_port()
    with FakeImap({}) as plain, FakeImap({}, silent="greeting") as silent:
        words = trouble(
            tmp_path,
            box(secret, nobody),
            box(secret, plain.port, tls=True),
            box(secret, silent.port),
            box(tmp_path / "none", plain.port),
            box(secret, plain.port, host="no-such-host.invalid"),
        )
    assert len(words) == 5
    for said, wanted in zip(
        words,
        (
            f"nobody listens at 127.0.0.1:{nobody}",
            "TLS does not begin",
            "no answer from",
            "password_file",
            "is not known",
        ),
        strict=True,
    ):
        assert wanted in said, words


def test_a_mailbox_that_goes_away_while_we_wait_is_told(tmp_path: Path, secret: Path) -> None:
    with FakeImap({}) as server:

        def dies(_raw: bytes) -> None:
            server.__exit__(None, None, None)

        with ListServer(dies) as sink:
            steps = tried(config(tmp_path, sink.port, box(secret, server.port)), wait=2)
    assert any(s.state == "FAILED" and s.way.startswith("imap") for s in steps), steps
    assert [step.way for step in steps[-2:]] == ["list", "plus"]


@pytest.mark.parametrize("row", TROUBLES, ids=lambda row: row[0].__name__)
def test_each_kind_of_trouble_has_a_sentence_of_its_own(row: tuple[type[BaseException], str]) -> None:
    error = row[0](1, "broken\r\nX: y") if issubclass(row[0], OSError) else row[0]("broken\r\nX: y")
    assert isinstance(error, Exception)
    said = probing._trouble(Imap(host="mx.example.org", user="bot"), "connecting", error)
    assert "look at" in said
    assert "\n" not in said
    assert said.startswith("IMAP bot@mx.example.org/INBOX: ")


def test_the_narrower_trouble_comes_first() -> None:
    kinds = [kind for kind, _ in TROUBLES]
    for n, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) for later in kinds[n + 1 :]), kind
    assert issubclass(ssl.SSLCertVerificationError, ssl.SSLError)
    assert issubclass(socket.gaierror, OSError)


def test_two_lists_are_waited_for_together_and_a_shared_mailbox_may_hear_one_of_them(
    tmp_path: Path, secret: Path
) -> None:
    text = (
        '[smtp]\nlisten = "127.0.0.1:0"\n[store]\nfolder = "kept"\n[lists.infra]\naddress = "infra@example.org"\n'
        '[lists.web]\naddress = "web@example.org"\n'
    )
    with FakeImap({}) as shared, FakeImap({}) as webs:

        def members(raw: bytes) -> None:
            lands_in(webs if b"To: web@" in raw else shared)(raw)

        with ListServer(members) as sink:
            path = tmp_path / "mailbot.toml"
            path.write_text(
                f'{text}[smarthost]\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n', encoding="utf-8"
            )
            found, mistakes = load_config(path)
            assert found is not None, mistakes
            boxes = (box(secret, shared.port), box(secret, webs.port, folder="Web", list="web"))
            steps = tried(replace(found, imap=boxes, smtp=replace(found.smtp, listen=None)), wait=0.6)
    told = [(s.list, s.state, s.way.rpartition("/")[2]) for s in steps if s.list and s.way.startswith("imap")]
    assert told == [
        ("infra@example.org", "fine", "INBOX"),
        ("web@example.org", "silent", "INBOX"),
        ("web@example.org", "fine", "Web"),
    ], steps


@dovecot
@pytest.mark.server
def test_beside_a_daemon_a_probe_that_comes_three_times_is_seen_by_each_way_and_never_answered(
    tmp_path: Path, secret: Path
) -> None:
    with Dovecot() as server, ListServer(server.deliver) as sink:
        more = (
            f'[lmtp]\nlisten = "127.0.0.1:0"\n[[imap]]\nhost = "127.0.0.1"\nuser = "{USER}"\nport = {server.port}\n'
            f'tls = false\npassword_file = "{secret}"\nafter = "delete"\n'
        )
        path = write_config(tmp_path, sink.port, more)
        with Process(path) as process:

            def by(kind: type[smtplib.SMTP], name: str) -> Callable[[bytes], object]:
                def give(raw: bytes) -> None:
                    with kind("127.0.0.1", process.ports[name]) as peer:
                        peer.sendmail("list-bounces@example.org", [LIST], raw)

                return give

            sink.members += [by(smtplib.SMTP, "smtp"), by(smtplib.LMTP, "lmtp")]
            probed = mailbot("probe", "--config", path, "--wait", "20", "--json")
            rows = [json.loads(line) for line in probed.stdout.splitlines()]
            assert probed.returncode == 0, probed.stdout + probed.stderr
            assert {row["state"] for row in rows} == {"fine"}, rows
            came = [row["way"] for row in rows if "the copy of" in row["words"]]
            assert came == ["smtp", "lmtp", f"imap {USER}@127.0.0.1/INBOX"]
            assert rows[-1]["way"] == "plus"
            wait_for(lambda: process.said().count("threaded") == 8, "all copies are read")
            assert "incidents (0" not in process.said()
            assert mailbot("list", "--config", path, "--json").stdout.strip() in ("", "[]")
            assert process.stop() == 0
        assert [got.keys for got in sink.taken] == [("None",)] * 2, "nobody was answered"


@dovecot
@pytest.mark.server
def test_a_real_mailbox_that_refuses_the_login_or_has_no_such_folder(
    tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "DIRECT", 20.0)
    wrong = tmp_path / "wrong"
    wrong.write_text("another\n", encoding="utf-8")
    with Dovecot(QUICK) as server:
        words = trouble(tmp_path, box(wrong, server.port), box(secret, server.port, folder="None"))
        assert f"the login of {USER} is refused" in words[0]
        assert "opening the folder None: " in words[1]
        with ListServer(server.deliver) as sink:
            steps = tried(config(tmp_path, sink.port, box(secret, server.port)))
        assert [s.state for s in steps] == ["fine"] * 4, steps
        with server.person() as person:
            assert person.search(["UNSEEN"]), "it stays unread: a daemon will take it"


@dovecot
@pytest.mark.server
def test_over_tls_a_certificate_nobody_knows_is_not_believed(tmp_path: Path, secret: Path) -> None:
    with Dovecot(tls=True) as server:
        (said,) = trouble(tmp_path, box(secret, server.tls_port, tls=True))
        assert "its certificate is not believed" in said
        with ListServer(server.deliver) as sink:
            known = box(secret, server.tls_port, tls=True, ca_file=server.certificate)
            steps = tried(config(tmp_path, sink.port, known))
        assert [s.state for s in steps] == ["fine"] * 4, steps
