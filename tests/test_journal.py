"""The log under the TinyDB state: cuts, bad bytes, locks, and compaction stopped at any step."""

from __future__ import annotations

import fcntl
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbot.store import journal
from mailbot.store.state import Damaged, Locked, State, pack
from mailbot.store.tiny import TinyState

Doc = dict[str, Any]
Contents = dict[str, dict[int, Doc]]


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[TinyState]:
    opened = TinyState(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def small_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compaction begins at once and goes in tiny slices."""
    monkeypatch.setattr(journal, "SMALL", 200)
    monkeypatch.setattr(journal, "SLICE", 100)


def contents(state: State, *tables: str) -> Contents:
    return {name: dict(state.all(name)) for name in tables or ("messages", "incidents", "notices")}


def look(path: Path) -> tuple[dict[str, int], Contents]:
    """What a state file holds, and the same by number, so that both ways of reading agree."""
    state = TinyState(path, readonly=True)
    try:
        held = contents(state)
        for name, docs in held.items():
            assert {i: state.get(name, i) for i in docs} == docs
        return state.mark(), held
    finally:
        state.close()


def three_groups(path: Path) -> list[tuple[int, dict[str, int], Contents]]:
    """Writes groups with a new, a changed and a deleted document; after each: size of the file, mark, contents."""
    state, steps = TinyState(path), []
    for number in (1, 2, 3):
        state.put("messages", number, {"subject": f"mail {number}\n\x1e é"})
        state.put("incidents", 1, {"mails": number})
        state.delete("messages", number - 2)
        state.commit({"in.mbox": number * 100})
        steps.append((path.stat().st_size, state.mark(), contents(state)))
    state.close()
    return steps


def test_a_log_cut_at_any_byte_of_its_last_group_is_the_state_before_it(tmp_path: Path) -> None:
    steps = three_groups(tmp_path / "state")
    whole = (tmp_path / "state").read_bytes()
    for size in range(steps[1][0], steps[2][0]):
        path = tmp_path / "cut"
        path.write_bytes(whole[:size])
        assert look(path) == steps[1][1:]
        assert path.stat().st_size == size  # a reader cuts nothing
        state = TinyState(path)
        assert path.stat().st_size == steps[1][0]
        state.put("messages", 3, {"again": True})
        state.commit({"in.mbox": 300})
        state.close()
        assert look(path)[0] == {"in.mbox": 300}


def test_a_log_cut_anywhere_is_a_committed_prefix(tmp_path: Path) -> None:
    steps = three_groups(tmp_path / "state")
    whole = (tmp_path / "state").read_bytes()
    empty: tuple[int, dict[str, int], Contents] = 0, {}, {"messages": {}, "incidents": {}, "notices": {}}
    for size in range(len(whole) + 1):
        (tmp_path / "cut").write_bytes(whole[:size])
        assert look(tmp_path / "cut") == max((s for s in [empty, *steps] if s[0] <= size), key=lambda s: s[0])[1:]


def test_a_bad_byte_before_the_last_group_is_damage_and_nothing_is_cut(tmp_path: Path) -> None:
    steps = three_groups(tmp_path / "state")
    whole = (tmp_path / "state").read_bytes()
    for at in range(steps[1][0]):
        bad = bytearray(whole)
        bad[at] ^= 1 << at % 8
        (tmp_path / "bad").write_bytes(bad)
        for readonly in (True, False):
            with pytest.raises(Damaged, match="rebuil"):
                TinyState(tmp_path / "bad", readonly=readonly)
        assert (tmp_path / "bad").read_bytes() == bad


def test_a_bad_byte_in_the_last_group_is_damage_or_the_state_before_it(tmp_path: Path) -> None:
    steps = three_groups(tmp_path / "state")
    whole = (tmp_path / "state").read_bytes()
    for at in range(steps[1][0], len(whole)):
        for flip in (1, 0x80, 0xFF):
            bad = bytearray(whole)
            bad[at] ^= flip
            (tmp_path / "bad").write_bytes(bad)
            try:
                assert look(tmp_path / "bad") == steps[1][1:]
            except Damaged:
                continue


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200), own=st.booleans())
def test_junk_is_damage_or_a_torn_tail_and_never_another_error(junk: bytes, own: bool, tmp_path: Path) -> None:
    path = tmp_path / "junk"
    path.write_bytes((journal.MAGIC if own else b"") + junk)
    try:
        assert look(path)[0] == {}
    except Damaged:
        assert path.read_bytes().endswith(junk)


def test_a_right_checksum_over_a_wrong_head_is_damage(tmp_path: Path) -> None:
    heads: list[Doc] = [{}, {"tables": []}, {"tables": {"m": [1, 2]}}, {"tables": {"m": ["", [1], []]}, "mark": {}}]
    for head in heads:
        top = pack(head)
        data = b"\x1e%08x %d 0\n" % (zlib.crc32(top), len(top)) + top
        (tmp_path / "state").write_bytes(journal.MAGIC + data)
        with pytest.raises(Damaged):
            TinyState(tmp_path / "state")


@pytest.mark.parametrize("start", [b"mailbot-state 2\n", b"From someone@example.org\n", b"{}", b"\x00" * 50])
def test_another_version_or_another_file_is_damage_and_fresh_keeps_it_aside(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(start)
    with pytest.raises(Damaged):
        TinyState(path)
    state = TinyState(path, fresh=True)
    state.put("messages", 1, {})
    state.commit({"in.mbox": 1})
    state.close()
    assert look(path)[0] == {"in.mbox": 1}
    assert (tmp_path / "state.damaged").read_bytes() == start


@pytest.mark.usefixtures("small_log")
def test_a_log_of_changes_to_few_documents_stays_small(tiny: TinyState, tmp_path: Path) -> None:
    for group in range(1, 150):
        tiny.put("incidents", group % 5 + 1, {"group": group})
        tiny.commit({"in.mbox": group})
    assert (tmp_path / "state").stat().st_size < 3000
    assert contents(tiny)["incidents"] == {g % 5 + 1: {"group": g} for g in range(145, 150)}
    assert look(tmp_path / "state") == (tiny.mark(), contents(tiny))


@pytest.mark.usefixtures("small_log")
def test_a_number_is_not_used_again_after_compaction_and_reopening(tiny: TinyState, tmp_path: Path) -> None:
    tiny.put("messages", 50, {"text": "x" * 500})
    tiny.commit({})
    tiny.delete("messages", 50)
    for group in range(20):
        tiny.put("incidents", 1, {"group": group, "text": "y" * 50})
        tiny.commit({"in.mbox": group})
    assert b"xxx" not in (tmp_path / "state").read_bytes()
    assert tiny.next_id("messages") == 51
    tiny.close()
    assert TinyState(tmp_path / "state", readonly=True).next_id("messages") == 51


@pytest.mark.usefixtures("small_log")
@pytest.mark.parametrize("how", ["delete", "truncate", "drop"])
def test_what_goes_while_a_compaction_runs_does_not_come_back(how: str, tiny: TinyState, tmp_path: Path) -> None:
    for doc_id in range(1, 41):
        tiny.put("messages", doc_id, {"text": "x" * 60})
        tiny.put("incidents", 1, {"text": "y" * 500})
        tiny.commit({"in.mbox": doc_id})
        if (tmp_path / "state.new").exists() and b"xxx" in (tmp_path / "state.new").read_bytes():
            break
    assert doc_id > 1
    if how == "delete":
        for gone in range(1, doc_id + 1):
            tiny.delete("messages", gone)
    elif how == "truncate":
        tiny.db.table("messages").truncate()
    else:
        tiny.db.drop_table("messages")
    tiny.commit({})
    while (tmp_path / "state.new").exists():
        tiny.put("incidents", 2, {})
        tiny.commit({"in.mbox": tiny.mark().get("in.mbox", 0) + 1})
    assert contents(tiny)["messages"] == {}
    assert look(tmp_path / "state") == (tiny.mark(), contents(tiny))
    assert tiny.next_id("messages") == (doc_id + 1 if how == "delete" else 1)


class Crash(BaseException):
    """The machine stops here."""


def crash_after(patch: pytest.MonkeyPatch, count: int) -> None:
    """Let so many calls that change the disk pass, and stop at the next, and at every one after it."""
    left = iter(range(count))

    def stopping(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            if next(left, None) is None:
                raise Crash
            return real(*args)

        return call

    for name in ("pwrite", "fsync", "fdatasync", "replace", "unlink", "ftruncate"):
        patch.setattr(os, name, stopping(getattr(os, name)))


@pytest.mark.usefixtures("small_log")
def test_a_crash_at_any_step_of_a_compaction_leaves_a_committed_prefix(tmp_path: Path) -> None:
    for count in range(1, 200):
        path, copy, group = tmp_path / str(count) / "state", tmp_path / f"{count}-after", 0
        path.parent.mkdir()
        state = TinyState(path)
        with pytest.MonkeyPatch.context() as patch:
            crash_after(patch, count)
            try:
                for group in range(1, 13):
                    state.put("incidents", group % 2 + 1, {"group": group, "text": "x" * 60})
                    state.commit({"in.mbox": group})
                break
            except Crash:
                pass
        shutil.copytree(path.parent, copy)
        state.close()
        after = TinyState(copy / "state")
        mark = after.mark().get("in.mbox", 0)
        assert group - 1 <= mark <= group
        texts = {g % 2 + 1: {"group": g, "text": "x" * 60} for g in range(max(1, mark - 1), mark + 1)}
        assert contents(after)["incidents"] == texts
        assert not (copy / "state.new").exists()
        after.close()
    assert 30 < count < 199


@pytest.mark.usefixtures("small_log")
def test_a_compaction_that_fails_loses_nothing_and_does_not_fail_the_commit(
    tiny: TinyState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    for group in range(1, 40):
        tiny.put("incidents", 1, {"group": group, "text": "x" * 60})
        tiny.commit({"in.mbox": group})
    assert look(tmp_path / "state") == ({"in.mbox": 39}, contents(tiny))
    assert sorted(os.listdir(tmp_path)) == ["state"]


@pytest.mark.usefixtures("small_log")
def test_a_compacted_file_that_lost_its_end_is_damage_not_an_older_state(tiny: TinyState, tmp_path: Path) -> None:
    for group in range(1, 30):
        tiny.put("incidents", group % 3 + 1, {"group": group, "text": "x" * 60})
        tiny.commit({"in.mbox": group})
        whole = (tmp_path / "state").read_bytes() if group == 29 else b""
        for size in range(len(whole)):
            (tmp_path / "cut").write_bytes(whole[:size])
            try:
                mark, held = look(tmp_path / "cut")
            except Damaged:
                continue
            at = mark.get("in.mbox", 0)
            texts = {g % 3 + 1: {"group": g, "text": "x" * 60} for g in range(max(1, at - 2), at + 1)}
            assert held["incidents"] == texts


def test_a_second_writer_is_refused_and_a_reader_may_not_write(tiny: TinyState, tmp_path: Path) -> None:
    tiny.put("messages", 1, {"n": 1})
    tiny.commit({})
    with pytest.raises(Locked, match="only one"):
        TinyState(tmp_path / "state")
    reader = TinyState(tmp_path / "state", readonly=True)
    tiny.put("messages", 1, {"n": 2})
    tiny.clear()
    assert reader.get("messages", 1) == {"n": 1}  # what was there when it was opened
    acts: list[Callable[[], object]] = [
        lambda: reader.put("messages", 2, {}),
        lambda: reader.delete("messages", 1),
        lambda: reader.commit({}),
        reader.clear,
    ]
    for act in acts:
        with pytest.raises(PermissionError, match="reading only"):
            act()
    reader.close()
    with pytest.raises(Locked):
        TinyState(tmp_path / "state")  # the lock went along with the new file


def test_a_file_that_loses_its_name_before_it_is_locked_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = fcntl.flock, tmp_path / "state"

    def late(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        os.replace(path, tmp_path / "old")  # as the compaction of a writer that has just ended
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    state = TinyState(path)
    state.put("messages", 1, {})
    state.commit({"in.mbox": 1})
    state.close()
    assert look(path)[0] == {"in.mbox": 1}
    assert (tmp_path / "old").read_bytes() == b""


def test_reading_where_nothing_was_written_is_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TinyState(tmp_path / "state", readonly=True)
