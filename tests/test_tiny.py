"""The TinyDB state: TinyDB's own calls on it, a killed writer, a full disk, and what a write costs."""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import Query, where
from tinydb.operations import increment
from tinydb.table import Document

from mailbot.store import journal
from mailbot.store.state import MemoryState, State
from mailbot.store.tiny import TinyState

ROOT = Path(__file__).parent.parent
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


@pytest.fixture(params=["waiting", "committed"])
def mails(request: pytest.FixtureRequest, tiny: TinyState) -> Any:
    """A TinyDB table of three documents; the calls must give the same before and after the commit."""
    table = tiny.db.table("messages")
    assert table.insert_multiple([{"from": "ann", "n": 1}, {"from": "bob", "n": 2}, {"from": "ann", "n": 3}]) == [
        1,
        2,
        3,
    ]
    if request.param == "committed":
        tiny.commit({})
    return table


def test_tinydb_search_get_count_and_contains_find_documents(mails: Any) -> None:
    mail = Query()
    assert [doc.doc_id for doc in mails.search((mail["from"] == "ann") & (mail.n > 1))] == [3]
    assert mails.get(where("n") == 2).doc_id == 2
    assert mails.get(doc_id=3) == {"from": "ann", "n": 3}
    assert mails.get(doc_ids=[1, 3, 9]) == [{"from": "ann", "n": 1}, {"from": "ann", "n": 3}]
    assert mails.get(doc_id=9) is None
    assert mails.get(doc_id="junk") is None
    assert mails.count(where("from") == "ann") == 2
    assert mails.contains(where("n") == 3)
    assert not mails.contains(doc_id=4)
    assert len(mails) == 3
    assert [doc.doc_id for doc in mails] == [doc.doc_id for doc in mails.all()] == [1, 2, 3]


def test_tinydb_insert_takes_the_next_number_or_that_of_a_document(mails: Any) -> None:
    assert mails.insert({"n": 4}) == 4
    assert mails.insert(Document({"n": 40}, doc_id=40)) == 40
    assert mails.insert({"n": 41}) == 41
    with pytest.raises(ValueError, match="already exists"):
        mails.insert(Document({}, doc_id=2))
    with pytest.raises(ValueError, match="not a Mapping"):
        mails.insert([1])
    assert mails.get(doc_id=2) == {"from": "bob", "n": 2}


def test_tinydb_update_changes_by_query_by_number_and_by_function(mails: Any) -> None:
    assert mails.update({"seen": True}, where("from") == "ann") == [1, 3]
    assert mails.update(increment("n"), doc_ids=[2, 99]) == [2]
    assert mails.update_multiple([({"x": 1}, where("n") == 1), (increment("n"), where("x") == 1)]) == [1, 1]
    assert mails.all() == [
        {"from": "ann", "n": 2, "seen": True, "x": 1},
        {"from": "bob", "n": 3},
        {"from": "ann", "n": 3, "seen": True},
    ]
    assert mails.search(where("n") == 3) == [{"from": "bob", "n": 3}, {"from": "ann", "n": 3, "seen": True}]
    assert mails.update({"y": 0}) == [1, 2, 3]


def test_tinydb_update_that_fails_midway_leaves_nothing_behind(mails: Any) -> None:
    def twice_only(doc: Doc) -> None:
        doc["touched"] = True
        if doc["n"] == 3:
            raise RuntimeError("third")

    with pytest.raises(RuntimeError, match="third"):
        mails.update(twice_only)
    assert not mails.contains(where("touched").exists())


def test_tinydb_upsert_merges_or_inserts(mails: Any) -> None:
    assert mails.upsert({"seen": 1}, where("from") == "bob") == [2]
    assert mails.get(doc_id=2) == {"from": "bob", "n": 2, "seen": 1}
    assert mails.upsert({"from": "eve"}, where("from") == "eve") == [4]
    assert mails.upsert(Document({"n": 7}, doc_id=7)) == [7]


def test_tinydb_remove_and_truncate_take_documents_out(mails: Any) -> None:
    assert mails.remove(where("from") == "ann") == [1, 3]
    assert mails.remove(doc_ids=[2, 99]) == [2]
    assert mails.all() == []
    assert mails.insert({}) == 4
    mails.truncate()
    assert (len(mails), mails.insert({})) == (0, 1)


def test_tinydb_search_is_not_stale_after_the_state_writes(tiny: TinyState) -> None:
    table = tiny.db.table("messages")
    assert table.search(where("n") == 1) == []
    tiny.put("messages", 1, {"n": 1})
    assert table.search(where("n") == 1) == [{"n": 1}]
    tiny.clear()
    assert table.search(where("n") == 1) == []


def test_tinydb_lists_and_drops_tables(tiny: TinyState, tmp_path: Path) -> None:
    tiny.db.table("messages").insert({})
    tiny.db.table("notices", persist_empty=True)
    tiny.db.insert({"in": "the default table"})
    tiny.commit({})
    assert tiny.db.tables() == {"messages", "notices", "_default"}
    tiny.db.drop_table("messages")
    assert tiny.db.tables() == {"notices", "_default"}
    assert list(tiny.all("messages")) == []
    tiny.commit({})
    tiny.close()
    again = TinyState(tmp_path / "state")
    assert again.db.tables() == {"notices", "_default"}
    again.db.drop_tables()
    assert again.db.tables() == set()
    again.close()


def test_tinydb_storage_takes_whole_tables_as_its_protocol_says(tiny: TinyState) -> None:
    tiny.put("messages", 1, {"old": 1})
    data = tiny.db.storage.read()
    assert data is not None
    tiny.db.storage.write({**data, "notices": {"3": {"new": 1}}})
    assert contents(tiny) == {"messages": {1: {"old": 1}}, "incidents": {}, "notices": {3: {"new": 1}}}


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(["messages", "incidents"]), st.integers(1, 9), st.text(max_size=40)),
        st.tuples(st.just("delete"), st.sampled_from(["messages", "incidents"]), st.integers(1, 9)),
        st.tuples(st.just("commit"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["reopen", "clear", "table dropped", "table emptied"])),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_tiny_does_what_memory_does_through_compaction_and_reopening(
    acts: list[tuple[Any, ...]], small_log: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    del small_log
    path = tmp_path_factory.mktemp("acts") / "state"
    model, tiny = MemoryState(), TinyState(path)
    for act in [*acts, ("commit", 1), ("reopen",)]:
        match act:
            case ("put", table, doc_id, text):
                for state in (model, tiny):
                    state.put(table, doc_id, {"text": text})
            case ("delete", table, doc_id):
                for state in (model, tiny):
                    state.delete(table, doc_id)
            case ("commit", offset):
                for state in (model, tiny):
                    state.commit({f"{offset % 3}.mbox": offset})
            case ("clear",):
                for state in (model, tiny):
                    state.clear()
            case ("reopen",):
                tiny.commit(model.mark())
                tiny.close()
                tiny = TinyState(path)
            case (what,):
                if what == "table dropped":
                    tiny.db.drop_table("messages")
                else:
                    tiny.db.table("messages").truncate()
                model._tables.pop("messages", None)
                model._tops.pop("messages", None)
        assert contents(tiny) == contents(model)
        assert tiny.mark() == model.mark()
        for table in ("messages", "incidents"):
            assert tiny.next_id(table) == model.next_id(table)
            assert len(tiny.db.table(table)) == len(list(model.all(table)))
    tiny.close()


WRITER = """
import sys
from pathlib import Path
from mailbot.store import journal
from mailbot.store.tiny import TinyState
journal.SMALL, journal.SLICE = 20_000, 3_000
state = TinyState(Path(sys.argv[1]))
group = state.mark().get("in.mbox", 0)
while True:
    group += 1
    for doc_id in range(3 * group - 2, 3 * group + 1):
        state.put("messages", doc_id, {"group": group, "text": "x" * (group % 200)})
    state.put("incidents", group % 7 + 1, {"group": group, "text": "y" * 500})
    state.delete("messages", 3 * group - 100)
    state.commit({"in.mbox": group, "out.mbox": group // 2})
    print(group, flush=True)
"""


def written(group: int) -> Contents:
    """What the writer above has committed after so many groups."""
    gone = {3 * g - 100 for g in range(1, group + 1)}
    messages = {i: (i + 2) // 3 for i in range(1, 3 * group + 1) if i not in gone}
    return {
        "messages": {i: {"group": g, "text": "x" * (g % 200)} for i, g in messages.items()},
        "incidents": {g % 7 + 1: {"group": g, "text": "y" * 500} for g in range(max(1, group - 6), group + 1)},
        "notices": {},
    }


def test_a_writer_killed_twenty_times_leaves_a_committed_prefix_each_time(tmp_path: Path) -> None:
    path, chance, last = tmp_path / "state", random.Random(1), 0
    for _ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        told = int(writer.stdout.readline())
        assert told == last + 1
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        told = max([told, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
        writer.stdout.close()
        writer.wait()
        mark, held = look(path)
        last = mark["in.mbox"]
        assert told <= last <= told + 1
        assert mark == {"in.mbox": last, "out.mbox": last // 2}
        assert held == written(last)


def test_a_reader_beside_a_running_writer_sees_a_committed_prefix(tmp_path: Path) -> None:
    path = tmp_path / "state"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        for _ in range(20):
            told = int(writer.stdout.readline())
            mark, held = look(path)
            assert told <= mark["in.mbox"]
            assert held == written(mark["in.mbox"])
    finally:
        writer.kill()
        writer.stdout.close()
        writer.wait()


def test_a_full_disk_fails_the_commit_and_the_group_waits_for_the_next(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from mailbot.store.tiny import TinyState
state = TinyState(Path(sys.argv[1]))
state.put("messages", 1, {"text": "x" * 100})
state.commit({"in.mbox": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
state.put("messages", 2, {"text": "y" * 5000})
for _ in range(2):
    try:
        state.commit({"in.mbox": 2})
    except OSError:
        size = Path(sys.argv[1]).stat().st_size
        print("refused", state.mark()["in.mbox"], len(state.get("messages", 2)["text"]), size < 300)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
state.commit({"in.mbox": 2})
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "state")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("refused 1 5000 True\n" * 2, "")
    mark, held = look(tmp_path / "state")
    assert mark == {"in.mbox": 2}
    assert held["messages"] == {1: {"text": "x" * 100}, 2: {"text": "y" * 5000}}


def filled(path: Path, count: int) -> TinyState:
    state = TinyState(path)
    for doc_id in range(1, count + 1):
        state.put("messages", doc_id, {"text": "x" * 550})
        if doc_id % 500 == 0:
            state.commit({"in.mbox": doc_id})
    return state


def test_an_insert_at_twenty_thousand_costs_what_it_costs_at_one_thousand(tmp_path: Path) -> None:
    few, many = filled(tmp_path / "few", 1_000), filled(tmp_path / "many", 20_000)
    costs: Mapping[int, list[float]] = {id(few): [], id(many): []}
    for turn in range(300):
        for state in (few, many):
            begin = time.perf_counter()
            doc_id = state.db.table("messages").insert({"text": "x" * 550})
            state.db.table("messages").update({"seen": True}, doc_ids=[doc_id - 500])
            state.commit({"in.mbox": 100_000 + turn})
            costs[id(state)].append(time.perf_counter() - begin)
    few.close()
    many.close()
    assert statistics.median(costs[id(many)]) <= 2 * statistics.median(costs[id(few)])


def test_all_streams_and_keeps_no_document(tmp_path: Path) -> None:
    state = filled(tmp_path / "state", 4_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in state.all("messages")) == 4_000
        assert tracemalloc.get_traced_memory()[1] < 200_000  # the documents are 2.3 MB
    finally:
        tracemalloc.stop()
        state.close()
