"""Mail out of a mailbox, from a server that misbehaves as real ones were seen to; and the small rules beside it."""

from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.intake import imap
from mailbot.intake.imap import backoff, in_groups, read_way, way
from mailbot.intake.mailbox import without_body
from tests.fake_imap import FakeImap
from tests.imap_taker import box, mail, shorten, taking


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


def test_l48_a_peer_that_closes_in_idle_makes_no_busy_loop() -> None:
    with FakeImap({1: mail("one")}, on_idle="close") as server, taking(box(server.port)) as taker:
        taker.has("one")
        time.sleep(0.8)
        assert 2 <= server.sessions <= 5
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
        time.sleep(0.6)
        assert len(server.commands) < 40
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
