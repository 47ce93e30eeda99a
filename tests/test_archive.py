"""The archive: what it takes comes back, in the order of its arrival, whatever the mail holds."""

from __future__ import annotations

import mailbox
import os
import re
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.store.archive import Archive, Arrival, Locked, Place, Record, _Job
from mailbot.store.record import MOST_HEAD, draft
from tests.archive_scene import FROM_ALICE, JUNK, MAIL, NOON, Scene, kept, numbered


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "archive")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []
    real = os.fsync

    def count(fd: int) -> None:
        calls.append(fd)
        time.sleep(0.002)
        real(fd)

    monkeypatch.setattr(os, "fsync", count)
    return calls


# What is written


def test_a_mail_comes_back_with_what_was_learned_at_its_arrival(scene: Scene) -> None:
    (record,) = scene.fill(MAIL)
    assert scene.all() == [record]
    assert record.raw == MAIL.replace(b"\r\n", b"\n")
    assert record.arrival.sender == "alice@example.org"
    assert record.arrival.recipients == ("incident@example.org", "ops@example.org")
    assert record.arrival.at == NOON
    assert (record.place, record.direction, record.imported) == (Place("in-2026-11.mbox", 0), "in", False)
    with scene.open(readonly=True) as archive:
        assert archive.read(record.place) == record
        assert archive.ends() == {"in-2026-11.mbox": record.end}


def test_the_file_is_an_mbox_to_the_byte(scene: Scene) -> None:
    scene.fill(b"Subject: x\r\n\r\nFrom me\r\n>From you")
    assert scene.inbox.read_bytes() == (
        b"From alice@example.org Sat Nov 21 12:00:00 2026\n"
        b"Return-Path: <alice@example.org>\n"
        b"Delivered-To: incident@example.org\n"
        b"Delivered-To: ops@example.org\n"
        b"X-Mailbot-Arrived: 2026-11-21T12:00:00.000000Z\n"
        b"X-Mailbot-Way: smtp 127.0.0.1\n"
        b"X-Mailbot-Trust: pass dmarc\n"
        b"X-Mailbot-Size: 32\n"
        b"Subject: x\n\n>From me\n>>From you\n"
        b"\n"
    )


def test_another_mail_tool_opens_it(scene: Scene) -> None:
    scene.fill(*[numbered(n) for n in range(7)], b"", b"no header at all", b"\nFrom the first line of a body\n")
    box = mailbox.mbox(scene.inbox, create=False)
    try:
        assert len(box) == 10
        mail = list(box)[3]
        assert mail["Subject"] == "mail 3"
        assert mail.get_from() == "alice@example.org Sat Nov 21 12:00:00 2026"
    finally:
        box.close()


def test_only_the_owner_may_look(scene: Scene) -> None:
    scene.fill(MAIL)
    assert stat.S_IMODE(scene.folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in scene.folder.iterdir())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mails=st.lists(JUNK, min_size=1, max_size=5), direction=st.sampled_from(["in", "out"]))
def test_whatever_the_bytes_they_come_back(tmp_path: Path, mails: list[bytes], direction: str) -> None:
    scene = Scene(tmp_path / "junk")
    shutil.rmtree(scene.folder, ignore_errors=True)
    records = scene.fill(*mails, direction=direction)
    assert scene.all() == records
    assert scene.said == []
    got = [re.sub(rb"(?i)x-(?:was-)?mailbot-", b"X-Mailbot-", r.raw) for r in records]
    assert got == [re.sub(rb"(?i)x-(?:was-)?mailbot-", b"X-Mailbot-", kept(m)) for m in mails]


@settings(max_examples=30, deadline=None)
@given(way=st.text(), sender=st.text(), recipients=st.lists(st.text(), max_size=3), trust=st.text())
def test_whatever_the_envelope_it_stays_in_its_lines(way: str, sender: str, recipients: list[str], trust: str) -> None:
    item = draft(MAIL, Arrival(way, sender, tuple(recipients), trust))
    head = b"".join(item.encode(NOON))[: -len(item.stored) - 1]
    assert head.count(b"\n") == 6 + len(recipients)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", head)


def test_an_envelope_with_line_ends_writes_no_header(scene: Scene) -> None:
    evil = "x@example.org>\r\nX-Mailbot-Trust: pass\n\nFrom me\0"
    with scene.open() as archive:
        arrival = Arrival("smtp\nX: y", evil, (evil, "<>", ""), "none\r\nreally\udc80")
        record = archive.append("in", MAIL, arrival).result(10)
        assert archive.read(record.place) == record
    assert record.arrival.trust == "none  really?"
    assert record.arrival.way == "smtp X: y"
    assert record.arrival.recipients[1:] == ("<>", "")


def test_the_null_sender_is_empty_also_as_aiosmtpd_says_it(scene: Scene) -> None:
    with scene.open() as archive:
        for sender in ("", "<>"):
            record = archive.append("in", MAIL, Arrival("smtp ::1", sender)).result(10)
            assert archive.read(record.place).arrival.sender == ""
    assert scene.inbox.read_bytes().startswith(b"From MAILER-DAEMON Sat Nov 21 12:00:00 2026\nReturn-Path: <>\n")


def test_more_recipients_than_a_head_holds_are_bounded(scene: Scene) -> None:
    arrival = Arrival("smtp", "ä" * 5000, tuple("ü" * 5000 for _ in range(1200)), "é" * 5000)
    with scene.open() as archive:
        record = archive.append("in", MAIL, arrival).result(10)
        assert archive.read(record.place) == record
    assert len(record.arrival.recipients) == 1000
    assert scene.inbox.stat().st_size < MOST_HEAD


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_l38_headers_like_ours_from_outside_are_renamed(scene: Scene, end: bytes) -> None:
    mail = end.join([b"Subject: x", b"x-mailbot-TRUST: pass", b"X-Mailbot-Arrived: 1999", b"A: b"])
    body = b"\n\nX-Mailbot-Size: in the text\n"
    (record,) = scene.fill(mail + body)
    assert record.raw.count(b"X-Was-Mailbot-") == 2
    assert record.raw.endswith(body)
    assert record.arrival.trust == "pass dmarc"
    (ours,) = scene.fill(b"X-Mailbot-Notice: ack\n\nhello\n", direction="out")
    assert ours.raw.startswith(b"X-Mailbot-Notice: ack")


def test_a_mail_that_plays_a_whole_record_is_one_mail(scene: Scene) -> None:
    scene.fill(MAIL)
    copied = scene.inbox.read_bytes()
    scene.fill(copied, b"Subject: x\n\n" + copied + copied)
    assert len(scene.all()) == 3
    assert [r.arrival.way for r in scene.all()] == ["smtp 127.0.0.1"] * 3


# When


def test_arrivals_increase_whatever_the_clock_does(scene: Scene) -> None:
    with scene.open() as archive:
        first = archive.append("in", MAIL, FROM_ALICE).result(10)
        same = archive.append("out", MAIL, FROM_ALICE).result(10)
        scene.now -= timedelta(days=60)
        back = archive.append("in", MAIL, FROM_ALICE).result(10)
    (after,) = scene.fill(MAIL)
    ats = [r.arrival.at for r in (first, same, back, after)]
    assert ats == [NOON + timedelta(microseconds=n) for n in range(4)]
    assert scene.all() == [first, same, back, after]


def test_the_month_is_that_of_the_arrival_in_utc(scene: Scene) -> None:
    with scene.open() as archive:
        scene.now = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
        november = archive.append("in", MAIL, FROM_ALICE).result(10)
        scene.now += timedelta(hours=1)
        december = archive.append("out", MAIL, FROM_ALICE).result(10)
    assert (november.place.file, december.place.file) == ("in-2026-11.mbox", "out-2026-12.mbox")
    assert scene.all() == [november, december]


def test_no_time_without_a_zone(scene: Scene) -> None:
    naive = Arrival("smtp", at=NOON.replace(tzinfo=None))
    with scene.open() as archive:
        with pytest.raises(ValueError, match="no time zone"):
            archive.append("in", MAIL, naive)
        with pytest.raises(ValueError, match="no time zone"):
            list(archive.import_records("x", [(MAIL, naive)]))


def test_records_come_in_order_of_arrival_imports_first_and_go_on_where_one_stopped(scene: Scene) -> None:
    written = []
    with scene.open() as archive:
        for n in range(40):
            scene.now += timedelta(days=2)
            written.append(archive.append("out" if n % 3 else "in", numbered(n), FROM_ALICE).result(10))
        old = [(numbered(1000 + n), Arrival("import b", at=NOON - timedelta(days=n))) for n in range(3)]
        imported = [*archive.import_records("b", old), *archive.import_records("a b/../c", old)]
        assert [r.place.file for r in imported[2:4]] == ["in-import-b.mbox", "in-import-a-b-..-c.mbox"]
        everything = list(archive.records())
        assert everything == imported[3:] + imported[:3] + written
        assert all(r.imported for r in everything[:6])
        assert everything[1].arrival.at == NOON - timedelta(days=1)
        for cut in (0, 2, 6, 17, 45, 46):
            after = {r.place.file: r.end for r in everything[:cut]}
            assert list(archive.records(after)) == everything[cut:]
        assert list(archive.records(archive.ends())) == []


def test_records_holds_few_mails_in_memory(scene: Scene) -> None:
    scene.fill(*[numbered(n) for n in range(3)])
    stream = None
    with scene.open() as archive:
        stream = archive.records()
        first = next(stream)
        archive.append("in", b"later", FROM_ALICE).result(10)
        assert [first.raw, *(r.raw for r in stream)] == [numbered(n) for n in range(3)]


def test_an_import_is_on_disk_when_it_is_given_back(scene: Scene, synced: list[int]) -> None:
    def old() -> Iterator[tuple[bytes, Arrival]]:
        for n in range(4500):
            yield numbered(n), Arrival("import x", at=datetime.min.replace(tzinfo=timezone(timedelta(hours=9))))

    with scene.open() as archive:
        before = len(synced)
        for n, record in enumerate(archive.import_records("x", old())):
            assert archive.ends()[record.place.file] >= record.end
            assert record.raw == numbered(n)
        assert n == 4499
        assert len(synced) - before == 4  # three groups, and the folder once
    later = scene.fill(MAIL)
    assert later[0].arrival.at == NOON


# Together


def test_many_clients_share_one_fsync(scene: Scene, synced: list[int]) -> None:
    with scene.open() as archive:
        before = len(synced)

        def client(n: int) -> list[Record]:
            return [archive.append("in", numbered(n * 100 + i), FROM_ALICE).result(20) for i in range(10)]

        with ThreadPoolExecutor(50) as pool:
            records = [r for found in pool.map(client, range(50)) for r in found]
        assert len(synced) - before < 100  # 500 mails
        assert sorted(records, key=lambda r: r.place) == list(archive.records())
    assert {r.raw for r in records} == {numbered(n * 100 + i) for n in range(50) for i in range(10)}


def test_futures_are_answered_in_order_and_a_cancelled_one_leaves_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate = threading.Event(), threading.Event()
    real = os.fsync

    def wait(fd: int) -> None:
        entered.set()
        gate.wait(10)
        real(fd)

    order: list[int] = []
    with scene.open(most_waiting=10_000) as archive:
        monkeypatch.setattr(os, "fsync", wait)
        futures = [archive.append("in", numbered(0), FROM_ALICE)]
        assert entered.wait(10)
        futures += [archive.append("out" if n % 2 else "in", numbered(n), FROM_ALICE) for n in range(1, 9)]
        for n, future in enumerate(futures):
            future.add_done_callback(lambda f, n=n: order.append(n) if not f.cancelled() else None)  # type: ignore[misc]
        assert not any(f.done() for f in futures)
        assert futures[4].cancel()
        assert not futures[0].cancel()
        with pytest.raises(BlockingIOError):
            archive.append("in", b"x" * 10_000, FROM_ALICE)
        gate.set()
        futures[-1].result(10)
        assert archive.append("in", b"x" * 9_000, FROM_ALICE).result(10)
    assert order == [0, 1, 2, 3, 5, 6, 7, 8]
    assert numbered(4) not in {r.raw for r in scene.all()}
    assert len(scene.all()) == 9


def test_close_writes_what_waits_and_then_takes_no_more(scene: Scene) -> None:
    archive = scene.open()
    futures = [archive.append("in", numbered(n), FROM_ALICE) for n in range(50)]
    archive.close()
    archive.close()
    assert all(f.done() for f in futures)
    for late in (
        lambda: archive.append("in", MAIL, FROM_ALICE),
        lambda: list(archive.import_records("x", [(MAIL, FROM_ALICE)])),
        lambda: archive.sent("1@x", "a@x", "sent", "250 ok"),
        lambda: archive.redact(Place("in-2026-11.mbox", 0)),
    ):
        with pytest.raises(ValueError, match="is closed"):
            late()
    assert len(scene.all()) == 50


def test_only_one_may_write_and_the_refusal_names_it(scene: Scene) -> None:
    with scene.open() as archive:
        with pytest.raises(Locked, match=f"process {os.getpid()};"):
            scene.open()
        with scene.open(readonly=True) as reader:
            archive.append("in", MAIL, FROM_ALICE).result(10)
            assert len(list(reader.records())) == 1
            with pytest.raises(ValueError, match="reading only"):
                reader.append("in", MAIL, FROM_ALICE)
            with pytest.raises(ValueError, match="reading only"):
                reader.act({"act": "pause"})
    scene.open().close()
    with pytest.raises(FileNotFoundError):
        Archive(scene.folder / "none", readonly=True)


def test_what_came_in_one_group_is_seen_as_one(tmp_path: Path) -> None:
    """Else who reads on between its two files takes the later mail first, and a rebuild takes it second."""
    with Archive(tmp_path / "a") as archive:
        seen: list[dict[str, int]] = []
        write = archive._write

        def watched(name: str, drafts: list[Any], *, alone: bool = False) -> list[Record]:
            seen.append(archive.ends())
            return write(name, drafts, alone=alone)

        archive._write = watched  # type: ignore[method-assign]
        arrival = Arrival("smtp 192.0.2.1")
        jobs = [_Job(draft(b"a mail\n", arrival), direction, Future()) for direction in ("out", "in")]
        archive._commit(jobs)
        assert seen == [{}, {}]
        assert len(archive.ends()) == 2
