"""What the archive keeps beside mails (sent.log, acts.log), and redaction."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.store import safe
from mailbot.store.archive import Damaged, Place, Record
from tests.archive_scene import FROM_ALICE, NOON, Scene, numbered


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "archive")


# Notes


def test_hand_overs_are_noted_and_read_on_from_where_one_stopped(scene: Scene) -> None:
    note = "452 4.2.2 full\tbox\r\n\\n ä \udc80 last"
    with scene.open() as archive:
        archive.sent("1@example.org", "bob@example.org", "deferred", note)
        archive.sent("1@example.org", "bob@example.org", "sent", "250 ok")
        with pytest.raises(ValueError, match="is no outcome"):
            archive.sent("1@example.org", "bob@example.org", "done", "")
        first, second = archive.sent_lines()
        assert (first.at, first.note, first.outcome) == (NOON, note, "deferred")
        assert list(archive.sent_lines(first.end)) == [second]
        assert list(archive.sent_lines(second.end)) == []
    log = scene.folder / "sent.log"
    assert log.read_bytes().splitlines()[1] == (
        b"2026-11-21T12:00:00.000000Z\t1@example.org\tbob@example.org\tsent\t250 ok"
    )
    log.write_bytes(log.read_bytes() + b"torn")
    with scene.open(readonly=True) as reader:
        assert list(reader.sent_lines()) == [first, second]
    log.write_bytes(log.read_bytes().replace(b"\tdeferred", b" deferred"))
    with scene.open() as archive:
        assert [s.outcome for s in archive.sent_lines()] == ["sent"]
        archive.sent("2@example.org", "bob@example.org", "refused", "550 no")
        assert [s.outcome for s in archive.sent_lines()] == ["sent", "refused"]
    assert "sent.log: cut 4 bytes after" in scene.said[0]
    assert "cannot be read; skipped" in scene.said[1]


def test_operators_acts_are_noted(scene: Scene) -> None:
    with scene.open() as archive:
        archive.act({"act": "pause", "why": "drill\nat noon"})
        archive.act({"act": "resume", "at": "2026-11-21T13:00:00Z"})
        with pytest.raises(TypeError):
            archive.act({"act": object()})
        acts = list(archive.acts())
    assert acts == [
        {"at": "2026-11-21T12:00:00.000000Z", "act": "pause", "why": "drill\nat noon"},
        {"at": "2026-11-21T13:00:00Z", "act": "resume"},
    ]
    path = scene.folder / "acts.log"
    path.write_bytes(b"[]\nhello\n" + b"[" * 100_000 + b"\n" + path.read_bytes() + b'{"act": "to')
    with scene.open(readonly=True) as reader:
        assert list(reader.acts()) == acts
    assert len(scene.said) == 3


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.tuples(st.text(), st.text(), st.text(max_size=2000)))
def test_whatever_the_server_said_the_line_comes_back(tmp_path: Path, fields: tuple[str, str, str]) -> None:
    scene = Scene(tmp_path / "notes")
    shutil.rmtree(scene.folder, ignore_errors=True)
    with scene.open() as archive:
        archive.sent(fields[0], fields[1], "sent", fields[2])
        (line,) = archive.sent_lines()
    assert (line.message_id, line.recipient, line.note) == fields


# Redaction


SECRET = (
    b"Return-Path: <bob@example.org>\nFROM: Bob <bob@example.org>\nmessage-id: <2@example.org>\n"
    b"Date: Sat, 21 Nov 2026 12:00:00 +0100\nIn-Reply-To:\n <1@example.org>\nreferences: <0@example.org>\n"
    b"\t<1@example.org>\n"
    b"Subject: the password\n is hunter2\n\nDate: hunter2\nFrom here it leaks\n"
)


def test_redaction_leaves_a_tombstone_that_keeps_the_thread(scene: Scene) -> None:
    one, two, three = scene.fill(numbered(1), SECRET, numbered(3))
    with scene.open() as archive:
        stone = archive.redact(two.place)
        assert stone.raw == (
            b"Message-ID: <2@example.org>\nDate: Sat, 21 Nov 2026 12:00:00 +0100\nIn-Reply-To: <1@example.org>\n"
            b"References: <0@example.org> <1@example.org>\nSubject: [redacted]\n\n"
        )
        assert (stone.redacted, stone.arrival.at, stone.arrival.sender) == (True, two.arrival.at, "")
        assert archive.redact(two.place) == stone
        after = archive.append("in", numbered(4), FROM_ALICE).result(10)
        found = list(archive.records())
        assert found[:2] == [one, stone]
        assert [r.raw for r in found[2:]] == [three.raw, after.raw]
        (act,) = archive.acts()
        assert (act["act"], act["file"], act["offset"]) == ("redact", two.place.file, two.place.offset)
        assert act["at"] == "2026-11-21T12:00:00.000000Z"
    everywhere = b"".join(p.read_bytes() for p in scene.folder.iterdir())
    assert b"hunter2" not in everywhere
    assert b"bob@" not in everywhere
    assert scene.all() == found
    assert b"X-Mailbot-Redacted: 2026-11-21T12:00:00.000000Z\n" in everywhere


def test_l9_a_mail_without_id_keeps_the_one_it_was_read_with(scene: Scene) -> None:
    (record,) = scene.fill(b"Subject: x\n\nno id\n")
    with scene.open() as archive:
        assert archive.redact(record.place, "made@mailbot").raw.startswith(b"Message-ID: <made@mailbot>\n")


def test_nobody_can_pretend_to_be_redacted(scene: Scene) -> None:
    (record,) = scene.fill(b"X-Mailbot-Redacted: 2026\nSubject: x\n\n")
    assert not record.redacted
    assert not scene.all()[0].redacted


def test_a_redaction_that_fails_changes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = scene.fill(SECRET, numbered(2))
    with scene.open() as archive:
        with monkeypatch.context() as patch:

            def full(*_: object) -> None:
                raise OSError(28, "No space left on device")

            patch.setattr(safe, "write_all", full)
            with pytest.raises(OSError, match="No space"):
                archive.redact(one.place)
        assert list(archive.records()) == [one, two]
        assert list(archive.acts()) == []
        with pytest.raises(Damaged):
            archive.redact(Place("in-2031-01.mbox", 0))
        three = archive.append("in", numbered(3), FROM_ALICE).result(10)
    assert scene.all() == [one, two, three]
    assert not list(scene.folder.glob(".*"))


def test_redaction_while_mail_comes_in_loses_none(scene: Scene) -> None:
    records = scene.fill(*[numbered(n) for n in range(20)])
    with scene.open() as archive:
        stop = threading.Event()
        took: list[Record] = []

        def feed() -> None:
            for n in itertools.count(100):
                if stop.is_set():
                    return
                took.append(archive.append("in", numbered(n), FROM_ALICE).result(10))

        feeder = threading.Thread(target=feed)
        feeder.start()
        with contextlib.ExitStack() as stack:
            stack.callback(feeder.join)
            stack.callback(stop.set)
            for record in reversed(records):
                archive.redact(record.place)
        found = list(archive.records())
    assert sum(r.redacted for r in found) == 20
    assert [r.raw for r in found[20:]] == [r.raw for r in took]
