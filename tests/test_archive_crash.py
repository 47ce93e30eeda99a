"""The archive when the machine stops or the disk is full: what was acknowledged is there, exactly once."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.store.archive import Archive, Arrival, Damaged, Place, Record
from mailbot.store.record import survey
from tests.archive_scene import FROM_ALICE, JUNK, MAIL, NOON, Scene, numbered

ROOT = Path(__file__).parent.parent


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "archive")


# When the machine stops


def test_a_torn_tail_is_cut_at_every_byte(scene: Scene) -> None:
    first, second, last = scene.fill(numbered(1), b"", b"Subject: x\n\nFrom a\n\nFrom b\n\n")
    whole = scene.inbox.read_bytes()
    for length in range(second.end, len(whole)):
        for waste in (b"", b"\0" * 9):
            scene.inbox.write_bytes(whole[:length] + waste)
            end = survey(scene.inbox)
            assert (end.good, end.closed, end.damage, end.last) == (second.end, True, "", second.arrival.at)
    for length in range(first.place.offset, first.end):
        scene.inbox.write_bytes(whole[:length])
        assert (survey(scene.inbox).good, survey(scene.inbox).last) == (0, None)
    scene.inbox.write_bytes(whole)
    assert survey(scene.inbox).good == last.end


def test_after_a_torn_tail_mail_goes_on(scene: Scene) -> None:
    first, last = scene.fill(numbered(1), numbered(2))
    os.truncate(scene.inbox, last.end - 3)
    (again,) = scene.fill(numbered(3))
    assert scene.said == [
        f"in-2026-11.mbox: cut {last.end - 3 - first.end} bytes after offset {first.end}, which were never acknowledged"
    ]
    assert again.place == last.place
    assert again.arrival.at == last.arrival.at  # nobody was told of the torn one
    assert scene.all() == [first, again]


def test_a_reader_beside_the_writer_sees_whole_records_only(scene: Scene) -> None:
    first, last = scene.fill(numbered(1), numbered(2))
    for length in range(first.end, last.end):
        os.truncate(scene.inbox, last.end)
        os.truncate(scene.inbox, length)
        with scene.open(readonly=True) as reader:
            assert list(reader.records()) == [first]
            assert reader.read(first.place) == first
    assert scene.said == []


def test_damage_in_the_middle_is_told_and_skipped_never_cut(scene: Scene) -> None:
    one, two, three, four = scene.fill(*[numbered(n) for n in range(4)])
    whole = scene.inbox.read_bytes()
    spoilt: list[tuple[Callable[[bytes], bytes], list[Record]]] = [
        (lambda b: b.replace(b"X-Mailbot-Size: ", b"X-Mailbot-Size: 9", 1), [two, three, four]),
        (lambda b: b.replace(b"X-Mailbot-Size: 6", b"X-Mailbot-Size: 1", 1), [two, three, four]),
        (lambda b: b[: two.place.offset + 20] + b"\0" * 90 + b[two.place.offset + 110 :], [one, three, four]),
        (
            lambda b: b[: two.place.offset] + b"\0" * (two.end - two.place.offset - 1) + b[two.end - 1 :],
            [one, three, four],
        ),
        (lambda b: b[: one.end - 1] + b[one.end :], [two, three, four]),
        (lambda b: b"hello\n\n" + b, [one, two, three, four]),
        (lambda b: b[: four.end - 2] + b"xx", [one, two, three]),
    ]
    for spoil, left in spoilt:
        scene.inbox.write_bytes(spoil(whole))
        scene.said.clear()
        (new,) = scene.fill(b"after the damage")
        assert [r.raw for r in scene.all()] == [r.raw for r in left] + [new.raw]
        assert any(re.search(r"in-2026-11.mbox offset \d+: .*; skipped \d+ bytes$", s) for s in scene.said)
        assert scene.inbox.read_bytes().startswith(spoil(whole))


def test_reading_a_place_that_is_none_says_so(scene: Scene) -> None:
    (record,) = scene.fill(MAIL)
    for readonly in (True, False):
        with scene.open(readonly=readonly) as archive:
            for offset in (-1, 1, record.end, record.end + 5):
                with pytest.raises(Damaged, match=rf"in-2026-11.mbox offset {offset}"):
                    archive.read(Place("in-2026-11.mbox", offset))
            for file in ("in-2031-01.mbox", "../in-2026-11.mbox", "lock"):
                with pytest.raises(Damaged, match="no such file"):
                    archive.read(Place(file, 0))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.lists(JUNK | st.just(b"From a\nReturn-Path: <>\nX-Mailbot-Arrived: x\n")).map(b"".join))
def test_a_file_of_junk_stops_nothing(tmp_path: Path, junk: bytes) -> None:
    scene = Scene(tmp_path / "junk")
    shutil.rmtree(scene.folder, ignore_errors=True)
    scene.folder.mkdir()
    scene.inbox.write_bytes(junk)
    (record,) = scene.fill(MAIL)
    assert scene.all() == [record]


WRITER = """
import sys
from pathlib import Path
from mailbot.store.archive import Archive, Arrival
archive, start = Archive(Path(sys.argv[1])), int(sys.argv[2])
def tell(n):
    def done(future):
        if not future.exception():
            sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    return done
n = start
while True:
    future = archive.append("in" if n % 3 else "out", b"Message-ID: <%d>\\n\\n" % n + b"From x\\n" * (n % 700),
                            Arrival("smtp", "a@example.org", ("l@example.org",)))
    future.add_done_callback(tell(n))
    n += 1
    if n % 20 == 0:
        future.result()
"""


def python(code: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
    )


def test_kill_9_loses_and_doubles_nothing_that_was_acknowledged(scene: Scene) -> None:
    told: set[int] = set()
    lottery = random.Random(9)
    for part in range(10):
        with python(WRITER, scene.folder, part * 1_000_000) as writer:
            assert writer.stdout
            first = writer.stdout.readline()
            time.sleep(lottery.uniform(0.01, 0.15))
            writer.send_signal(signal.SIGKILL)
            lines = (first + writer.stdout.read()).split("\n")[:-1]
            told.update(map(int, lines))
    scene.open().close()
    found = [int(re.findall(rb"<(\d+)>", r.raw)[0]) for r in scene.all()]
    assert len(found) == len(set(found))
    assert told <= set(found)
    assert len(told) > 100
    ats = [r.arrival.at for r in scene.all()]
    assert ats == sorted(ats, key=lambda at: at or NOON)
    assert not any("damage" in s or "skipped" in s for s in scene.said)


# When the disk is full


FULL = """
import resource, sys
from pathlib import Path
from mailbot.store.archive import Archive, Arrival
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, hard))
with Archive(Path(sys.argv[1]), log=print) as archive:
    took = failed = 0
    for n in range(20):
        try:
            archive.append("in", b"%d\\n" % n + b"x" * 5000, Arrival("smtp")).result()
            took += 1
        except OSError as error:
            failed += 1
            assert error.errno == 27, error
    assert took == 12 and failed == 8, (took, failed)
    assert (Path(sys.argv[1]) / archive.append("in", b"small", Arrival("smtp")).result().place.file).exists()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    archive.append("in", b"x" * 5000, Arrival("smtp")).result()
    assert len(list(archive.records())) == 14
print("fine")
"""


def test_a_full_disk_refuses_and_works_again_when_there_is_room(scene: Scene) -> None:
    with python(FULL, scene.folder) as writer:
        assert writer.communicate(timeout=20)[0] == "fine\n"
    assert len(scene.all()) == 14
    assert scene.said == []


@pytest.mark.parametrize("call", ["fsync", "write", "open"])
def test_an_error_of_the_disk_fails_the_group_and_leaves_no_half_record(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with scene.open() as archive:
        if call != "open":  # the file is open by then
            archive.append("in", numbered(0), FROM_ALICE).result(10)
        before = archive.ends()
        for trouble in (2, 1, 0):
            with monkeypatch.context() as patch:

                def broken(*_: object, **__: object) -> int:
                    raise OSError(5, "Input/output error")

                patch.setattr(os, call, broken)
                if trouble == 2:
                    patch.setattr(os, "ftruncate", broken)
                with pytest.raises(OSError, match="Input/output error"):
                    archive.append("in", numbered(1), FROM_ALICE).result(10)
        assert {n: s for n, s in archive.ends().items() if s} == before
        record = archive.append("in", numbered(2), FROM_ALICE).result(10)
        assert record.place.offset == before.get("in-2026-11.mbox", 0)
        assert list(archive.records())[-1] == record
    assert [r.raw for r in scene.all()] == ([] if call == "open" else [numbered(0)]) + [numbered(2)]
    assert scene.said == []


def test_a_file_that_another_program_changed_takes_no_mail(scene: Scene) -> None:
    with scene.open() as archive:
        archive.append("in", numbered(0), FROM_ALICE).result(10)
        with scene.inbox.open("ab") as file:
            file.write(b"hello")
        changed = scene.inbox.read_bytes()
        with pytest.raises(OSError, match="changed by another program"):
            archive.append("in", numbered(1), FROM_ALICE).result(10)
        assert scene.inbox.read_bytes() == changed
        os.truncate(scene.inbox, len(changed) - 5)
        archive.append("in", numbered(1), FROM_ALICE).result(10)
        scene.inbox.rename(scene.folder / "away")
        with pytest.raises(OSError):
            archive.append("in", numbered(2), FROM_ALICE).result(10)
        (scene.folder / "away").rename(scene.inbox)
        archive.append("in", numbered(2), FROM_ALICE).result(10)
    assert [r.raw for r in scene.all()] == [numbered(n) for n in range(3)]


def test_a_clock_that_breaks_does_not_stop_the_archive(scene: Scene) -> None:
    def bad() -> datetime:
        raise RuntimeError("no clock")

    with Archive(scene.folder, clock=bad, log=scene.said.append) as archive:
        with pytest.raises(RuntimeError):
            archive.append("in", MAIL, FROM_ALICE).result(10)
        given = Arrival("smtp", at=NOON)
        assert archive.append("in", MAIL, given).result(10).arrival.at == NOON
