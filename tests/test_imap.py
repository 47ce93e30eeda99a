"""Mail out of a mailbox: with a real Dovecot, and with a server that misbehaves as real ones were seen to."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imapclient import DELETED, SEEN

from mailbot.intake import imap
from mailbot.intake.imap import ImapIntake, Mailbox, backoff, in_groups, read_way, way, without_body
from tests.dovecot_server import PASSWORD, USER, Dovecot, missing
from tests.fake_imap import FakeImap

real = [pytest.mark.server, pytest.mark.skipif(bool(missing()), reason=missing() or "dovecot is there")]


def server_test(test: Callable[..., None]) -> Callable[..., None]:
    for mark in real:
        test = mark(test)
    return test


def mail(subject: str, size: int = 0) -> bytes:
    return f"From: alice@example.com\r\nSubject: {subject}\r\n\r\nWe are down.\r\n{'x' * 70}".encode() + b"\r\ny" * (
        size // 3
    )


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "PAUSES", (0.2, 0.2, 0.4))
    monkeypatch.setattr(imap, "SETTLE", 0.2)
    monkeypatch.setattr(imap, "WAKE", 0.05)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


class Taker:
    """What the archive and the operator's log would have seen of one intake, running in a thread."""

    def __init__(self, box: Mailbox, cursor: tuple[int, int] | None = None) -> None:
        self.subjects: list[str] = []
        self.mails: list[bytes] = []
        self.ways: list[str] = []
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.failures = 0
        self.intake = ImapIntake(box, self.accept, cursor, lambda fact, **fields: self.logged.append((fact, fields)))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.intake.run, args=(self.stop,))

    def accept(self, raw: bytes, way: str) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("No space left on device")
        self.mails.append(raw)
        self.ways.append(way)
        self.subjects.append(raw.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode())

    def facts(self, fact: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.logged if name == fact]

    def wait(self, done: Callable[[], object], seconds: float = 5) -> None:
        until = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < until, (self.subjects, self.logged)
            time.sleep(0.01)

    def has(self, *subjects: str) -> None:
        self.wait(lambda: len(self.subjects) >= len(subjects))
        assert self.subjects == list(subjects)

    def end(self) -> float:
        began = time.monotonic()
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@contextlib.contextmanager
def taking(box: Mailbox, cursor: tuple[int, int] | None = None, failures: int = 0) -> Iterator[Taker]:
    taker = Taker(box, cursor)
    taker.failures = failures
    taker.thread.start()
    try:
        yield taker
    finally:
        taker.end()


def box(port: int, **changes: Any) -> Mailbox:
    return replace(Mailbox("127.0.0.1", port, USER, PASSWORD, tls=False, timeout=10), **changes)


def flags(server: Dovecot, folder: str = "INBOX") -> dict[int, bool]:
    """UID -> whether it is marked as seen."""
    with server.person(folder) as person:
        found = person.get_flags(person.search("ALL"))
        return {uid: SEEN in marks for uid, marks in found.items()}


@server_test
def test_new_mail_comes_by_idle_within_two_seconds(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("before"))
    with taking(box(dovecot.port)) as taker:
        taker.has("before")
        time.sleep(0.7)  # the long IDLE has begun
        began = time.monotonic()
        dovecot.deliver(mail("after"))
        taker.has("before", "after")
        assert time.monotonic() - began < 2
        taker.wait(lambda: flags(dovecot) == {1: True, 2: True})
        assert read_way(taker.ways[1]) == ("INBOX", taker.intake.cursor)
        assert taker.intake.cursor[1] == 2
        assert taker.facts("imap lost") == []


@server_test
def test_l10_a_person_who_reads_the_box_first_hides_nothing(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("one"))
    with dovecot.person() as person:
        person.add_flags(person.search("ALL"), [SEEN])
    with taking(box(dovecot.port)) as taker:
        taker.has("one")


@server_test
def test_a_start_with_a_cursor_takes_only_what_came_since(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port)) as first:
        first.has("one")
    with taking(box(dovecot.port), first.intake.cursor) as second:
        second.wait(lambda: second.facts("imap connected"))
        time.sleep(0.3)
        assert second.subjects == []
        dovecot.deliver(mail("two"))
        second.has("two")


@server_test
def test_the_server_dies_and_comes_back_and_nothing_is_lost_or_taken_twice(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port)) as taker:
        taker.has("one")
        dovecot.stop()
        taker.wait(lambda: len(taker.facts("imap lost")) >= 2)
        dovecot.start()
        dovecot.deliver(mail("two"))
        taker.has("one", "two")


@server_test
def test_a_new_uidvalidity_means_all_again_and_is_told(dovecot: Dovecot) -> None:
    with dovecot.person("Incidents") as person:
        person.append("Incidents", mail("one"))
        with taking(box(dovecot.port, folder="Incidents")) as first:
            first.has("one")
    with dovecot.person() as person:
        person.delete_folder("Incidents")
        person.create_folder("Incidents")
        for subject in ("one", "two"):
            person.append("Incidents", mail(subject))
    with taking(box(dovecot.port, folder="Incidents"), first.intake.cursor) as second:
        second.has("one", "two")
        assert second.facts("imap starts again")[0]["was"] == first.intake.cursor
        assert second.intake.cursor[0] != first.intake.cursor[0]


@server_test
def test_a_folder_put_back_from_an_old_copy_means_all_again(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port)) as first:
        first.has("one")
    with taking(box(dovecot.port), (first.intake.cursor[0], 99)) as second:
        second.has("one")
        assert second.facts("imap starts again")


@server_test
def test_l11_what_was_not_accepted_is_not_seen_and_is_offered_again(dovecot: Dovecot) -> None:
    for subject in ("one", "two"):
        dovecot.deliver(mail(subject))
    with taking(box(dovecot.port), failures=2) as taker:
        taker.wait(lambda: taker.facts("imap lost"))
        assert flags(dovecot) == {1: False, 2: False}
        taker.has("one", "two")
        taker.wait(lambda: flags(dovecot) == {1: True, 2: True})
        assert len(taker.facts("imap lost")) == 2


@server_test
def test_taken_mail_is_moved_into_a_folder_that_is_made_where_it_is_not_there(dovecot: Dovecot) -> None:
    dovecot.deliver(mail("one"))
    with taking(box(dovecot.port, after="move:Taken mail")) as taker:
        taker.has("one")
        taker.wait(lambda: not flags(dovecot))
        dovecot.deliver(mail("two"))
        taker.has("one", "two")
        taker.wait(lambda: flags(dovecot, "Taken mail") == {1: True, 2: True})


@server_test
def test_delete_takes_out_our_mails_and_not_what_others_marked(dovecot: Dovecot) -> None:
    with taking(box(dovecot.port, after="leave")) as reader:
        dovecot.deliver(mail("one"))
        reader.has("one")
    assert flags(dovecot) == {1: False}
    with dovecot.person() as person:
        person.add_flags([1], [DELETED])
    dovecot.deliver(mail("two"))
    with taking(box(dovecot.port, after="delete"), reader.intake.cursor) as taker:
        taker.has("two")
        taker.wait(lambda: list(flags(dovecot)) == [1])


@server_test
def test_a_mail_over_the_limit_leaves_its_headers_and_is_never_deleted(dovecot: Dovecot) -> None:
    for subject, size in (("small", 0), ("huge", 50_000), ("last", 0)):
        dovecot.deliver(mail(subject, size).replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n", 1))
    with taking(box(dovecot.port, limit=20_000, after="delete")) as taker:
        taker.has("small", "huge", "last")
        assert b"yyy" not in taker.mails[1]
        assert b"\r\nX-Original-Content-Type: text/plain\r\n" in taker.mails[1]
        assert b"the limit is 20,000; its text was left in the mailbox, folder INBOX, UID 2]" in taker.mails[1]
        taker.wait(lambda: flags(dovecot) == {2: True})
        assert taker.facts("imap message over the limit")


@server_test
def test_a_full_mailbox_comes_in_order_and_each_mail_once(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WINDOW", 7), ("BATCH", 5), ("GROUP", 3)):
        monkeypatch.setattr(imap, name, value)
    with dovecot.person() as person:
        for number in range(30):
            person.append("INBOX", mail(str(number)))
    with taking(box(dovecot.port)) as taker:
        taker.has(*(str(number) for number in range(30)))
        assert [read_way(way) for way in taker.ways] == [("INBOX", (taker.intake.cursor[0], n + 1)) for n in range(30)]


@server_test
def test_a_server_without_idle_is_polled() -> None:
    with Dovecot("imap_capability = IMAP4rev1 SASL-IR LITERAL+") as server:
        server.deliver(mail("one"))
        with taking(box(server.port, poll=0.2)) as taker:
            taker.has("one")
            server.deliver(mail("two"))
            taker.has("one", "two")
            assert taker.end() < 2


@server_test
def test_a_stop_in_idle_is_quick(dovecot: Dovecot) -> None:
    with taking(box(dovecot.port)) as taker:
        taker.wait(lambda: taker.facts("imap connected"))
        time.sleep(0.3)
        assert taker.end() < 1


@server_test
def test_a_refused_login_is_told_without_the_password() -> None:
    with Dovecot("auth_failure_delay = 0") as server, taking(box(server.port, password="not this one")) as taker:
        taker.wait(lambda: taker.facts("imap lost"))
        assert "LoginError" in taker.facts("imap lost")[0]["problem"]
        assert "not this one" not in repr(taker.logged) + repr(taker.intake.mailbox)


@server_test
@pytest.mark.parametrize("starttls", [False, True])
def test_tls_is_checked_against_the_ca_file(starttls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    with Dovecot(tls=True) as server:
        port = server.port if starttls else server.tls_port
        if starttls:
            monkeypatch.setattr(imap, "STARTTLS", port)
        with taking(box(port, tls=True, ca_file=str(server.certificate))) as taker:
            server.deliver(mail("one"))
            taker.has("one")
            time.sleep(0.5)
            server.deliver(mail("two"))
            taker.has("one", "two")
        with taking(box(port, tls=True)) as stranger:
            stranger.wait(lambda: stranger.facts("imap lost"))
            assert "CERTIFICATE_VERIFY_FAILED" in stranger.facts("imap lost")[0]["problem"]


def test_l48_a_peer_that_closes_in_idle_makes_no_busy_loop() -> None:
    with FakeImap({1: mail("one")}, on_idle="close") as server, taking(box(server.port)) as taker:
        taker.has("one")
        time.sleep(1)
        assert 2 <= server.sessions <= 6
        assert len(server.commands) < 60
        assert taker.subjects == ["one"]


def test_l48_a_notice_that_comes_in_two_pieces_breaks_nothing() -> None:
    with FakeImap({1: mail("one")}, on_idle="split") as server, taking(box(server.port)) as taker:
        taker.has("one")
        server.mails[2] = mail("two")
        taker.has("one", "two")
        assert taker.facts("imap lost") == []


def test_l48_a_peer_that_falls_silent_is_noticed_by_the_timeout() -> None:
    with FakeImap({}, on_idle="silent") as server, taking(box(server.port, timeout=0.4, idle=0.2)) as taker:
        taker.wait(lambda: taker.facts("imap lost"))
        assert "Timeout" in taker.facts("imap lost")[0]["problem"]


def test_a_chatty_peer_cannot_make_us_spin() -> None:
    with FakeImap({}, on_idle="chat") as server, taking(box(server.port)) as taker:
        time.sleep(1)
        assert len(server.commands) < 60
        assert taker.facts("imap lost") == []


def test_l12_a_message_that_cannot_be_fetched_holds_up_nobody_and_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "AGAIN", 0.6)
    with FakeImap({1: mail("one"), 2: mail("two"), 3: mail("three")}) as server:
        server.refused = {2}
        with taking(box(server.port, poll=0.1)) as taker:
            taker.has("one", "three")
            assert taker.facts("imap message skipped")[0]["way"] == "imap INBOX 7/2"
            assert taker.intake.cursor == (7, 3)
            server.refused = set()
            taker.has("one", "three", "two")
            assert taker.intake.cursor == (7, 3)
            time.sleep(0.3)
            assert len(taker.subjects) == 3


def test_a_server_that_refuses_every_text_for_a_while_loses_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "AGAIN", 0.5)
    monkeypatch.setattr(imap, "PAUSES", (0.01,))
    with FakeImap({1: mail("one"), 2: mail("two")}) as server:
        server.refused = {1, 2}
        with taking(box(server.port, poll=0.2)) as taker:
            taker.wait(lambda: len(taker.facts("imap message skipped")) >= 2)
            assert taker.intake.cursor == (7, 0)
            server.refused = set()
            taker.wait(lambda: sorted(taker.subjects) == ["one", "two"])


def test_a_message_that_was_expunged_meanwhile_is_passed_over() -> None:
    with FakeImap({1: mail("one"), 2: mail("two")}) as server:
        server.ghosts = {1}
        with taking(box(server.port)) as taker:
            taker.has("two")
            assert taker.facts("imap lost") == []


@pytest.mark.parametrize("silent", ["greeting", "FETCH"])
def test_a_stop_is_quick_also_when_the_peer_says_nothing(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert imap.GRACE * 1.5 < 2
    monkeypatch.setattr(imap, "GRACE", 0.3)
    with FakeImap({1: mail("one")}, silent=silent) as server, taking(box(server.port, timeout=60)) as taker:
        taker.wait(lambda: silent == "greeting" or any(silent in command for command in server.commands))
        time.sleep(0.1)
        assert taker.end() < 1


def test_a_port_where_nobody_listens_is_tried_again_until_the_stop() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with taking(box(unused.getsockname()[1])) as taker:
            taker.wait(lambda: len(taker.facts("imap lost")) >= 2)
            assert taker.end() < 2


def test_the_pauses_grow_to_five_minutes_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [backoff(attempt) for attempt in (-1, 0, 1, 2, 7, 8, 99)] == [1, 1, 2, 5, 300, 300, 300]


def test_the_way_in_is_read_back_also_with_a_folder_of_two_words() -> None:
    assert read_way(way("Sent Items", (12, 34))) == ("Sent Items", (12, 34))
    for other in ("smtp 127.0.0.1", "imap INBOX", "imap INBOX 1", "import list", ""):
        assert read_way(other) is None


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, 500), st.integers(0, 1 << 21), max_size=80))
def test_groups_keep_the_order_and_are_small_or_alone(sizes: dict[int, int]) -> None:
    groups = list(in_groups(sizes, limit=1 << 20))
    assert [uid for group in groups for uid in group] == sorted(sizes)
    for group in groups:
        assert len(group) <= imap.GROUP
        assert len(group) == 1 or sum(sizes[uid] for uid in group) <= imap.GROUP_BYTES


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_a_mail_without_its_body_has_one_empty_line_from_us_at_least(headers: bytes) -> None:
    kept = without_body(headers, 99, 9, "folder INBOX, UID 1")
    head, _, text = kept.rpartition(b"\r\n\r\n")
    assert head == headers.rstrip(b"\r\n") or b"X-Original-" in head
    note = b"[mailbot: this mail has 99 bytes, the limit is 9; its text was left in the mailbox, folder INBOX, UID 1]"
    assert text == note + b"\r\n"
