"""Mail out of a mailbox, with a real Dovecot."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from imapclient import DELETED, SEEN

from mailbot.intake import imap, mailbox
from mailbot.intake.imap import read_way
from tests.dovecot_server import Dovecot, missing
from tests.imap_taker import box, mail, shorten, taking

real = [pytest.mark.server, pytest.mark.skipif(bool(missing()), reason=missing() or "dovecot is there")]


def server_test(test: Callable[..., None]) -> Callable[..., None]:
    for mark in real:
        test = mark(test)
    return test


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


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
def test_what_a_crash_left_unmoved_is_moved_at_the_next_start_and_nothing_else(dovecot: Dovecot) -> None:
    for subject in ("one", "two", "three"):
        dovecot.deliver(mail(subject))
    with taking(box(dovecot.port, after="leave")) as first:
        first.has("one", "two", "three")
    validity = first.intake.cursor[0]
    with taking(box(dovecot.port, after="move:Taken mail"), (validity, 2), latest=[2, 3]) as second:
        second.has("three")
        second.wait(lambda: flags(dovecot) == {1: False})
        assert flags(dovecot, "Taken mail") == {1: True, 2: True}
        assert second.facts("imap mark failed") == []


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
            monkeypatch.setattr(mailbox, "STARTTLS", port)
        with taking(box(port, tls=True, ca_file=str(server.certificate))) as taker:
            server.deliver(mail("one"))
            taker.has("one")
            time.sleep(0.5)
            server.deliver(mail("two"))
            taker.has("one", "two")
        with taking(box(port, tls=True)) as stranger:
            stranger.wait(lambda: stranger.facts("imap lost"))
            assert "CERTIFICATE_VERIFY_FAILED" in stranger.facts("imap lost")[0]["problem"]
