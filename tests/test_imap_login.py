"""Passwords and access tokens: asked for at each login, and in no log."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailbot.config import Imap
from tests import tokens
from tests.dovecot_server import PASSWORD, USER, Dovecot, missing
from tests.imap_taker import box, mail, shorten, taking

pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(missing()), reason=missing() or "dovecot is there")]

QUICK = "auth_failure_delay = 0\nservice anvil {\n unix_listener anvil-auth-penalty {\n  mode = 0\n }\n}\n"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    # Not pytest's folder: Dovecot works as another user
    folder = Path(tempfile.mkdtemp(prefix="tokens-"))
    with Dovecot(tokens.write_settings(folder) + QUICK) as server:
        yield server
    shutil.rmtree(folder)


def in_turn(*values: str | Exception) -> Callable[[], str]:
    """A password that is another one each time it is asked for; the last stays."""
    left = list(values)

    def ask() -> str:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return ask


def test_an_access_token_logs_in_by_xoauth2(dovecot: Dovecot) -> None:
    with taking(box(dovecot.port, password=lambda: tokens.token(USER), oauth2=True)) as taker:
        dovecot.deliver(mail("one"))
        taker.has("one")


def test_a_token_that_has_expired_is_asked_for_again_and_is_in_no_log(dovecot: Dovecot) -> None:
    old, fresh = tokens.token(USER, lives=-60), tokens.token(USER)
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port, password=in_turn(old, fresh), oauth2=True)) as taker:
        taker.has("one")
        assert len(taker.facts("imap lost")) == 1
        assert old not in repr(taker.logged)


def test_another_users_token_is_refused(dovecot: Dovecot) -> None:
    with taking(box(dovecot.port, password=lambda: tokens.token("eve@example.org"), oauth2=True)) as taker:
        taker.wait(lambda: taker.facts("imap lost"))
        assert taker.subjects == []


def test_a_password_that_cannot_be_had_is_tried_again_and_its_command_is_in_no_log(dovecot: Dovecot) -> None:
    trouble = OSError("pass show s3cret failed")
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port, password=in_turn(trouble, "", PASSWORD))) as taker:
        taker.has("one")
        problems = [fields["problem"] for fields in taker.facts("imap lost")]
        assert problems == [
            "NoPassword: the password could not be read (OSError)",
            "NoPassword: the password is empty",
        ]


def test_a_changed_password_file_is_read_at_the_next_login(dovecot: Dovecot, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the old one\n")
    configured = Imap(host="127.0.0.1", user=USER, password_file=secret)
    with taking(box(dovecot.port, password=configured.password)) as taker:
        taker.wait(lambda: taker.facts("imap lost"))
        secret.write_text(PASSWORD + "\n")
        dovecot.deliver(mail("one"))
        taker.has("one")
        assert "the old one" not in repr(taker.logged)


def test_a_command_prints_the_password() -> None:
    configured = Imap(host="127.0.0.1", user=USER, password_command="printf '%s\\nmore' 'two words'")
    assert configured.password() == "two words"
