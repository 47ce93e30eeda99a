"""The state: one contract suite that every back end must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.store.state import MemoryState, State
from mailbot.store.tiny import TinyState

Doc = dict[str, Any]

# A back end is a way to open a state; opened again it is the same one. PostgreSQL will be a line here.
BACK_ENDS: dict[str, Callable[[Path], State]] = {
    "memory": lambda _: MemoryState(),
    "tiny": lambda folder: TinyState(folder / "state"),
}
LASTING = sorted(set(BACK_ENDS) - {"memory"})


@pytest.fixture(params=sorted(BACK_ENDS))
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    opened = BACK_ENDS[request.param](tmp_path)
    yield opened
    opened.close()


def test_a_new_state_is_empty(state: State) -> None:
    assert state.get("messages", 1) is None
    assert list(state.all("messages")) == []
    assert state.next_id("messages") == 1
    assert state.mark() == {}


def test_what_is_put_is_seen_at_once_and_after_the_commit(state: State) -> None:
    state.put("messages", 1, {"subject": "Down"})
    assert state.get("messages", 1) == {"subject": "Down"}
    assert list(state.all("messages")) == [(1, {"subject": "Down"})]
    state.commit({"in.mbox": 10})
    assert state.get("messages", 1) == {"subject": "Down"}
    assert state.mark() == {"in.mbox": 10}


def test_put_replaces_the_whole_document(state: State) -> None:
    state.put("incidents", 1, {"title": "Down", "open": True})
    state.commit({})
    state.put("incidents", 1, {"title": "Up"})
    assert state.get("incidents", 1) == {"title": "Up"}
    state.commit({})
    assert state.get("incidents", 1) == {"title": "Up"}


def test_documents_given_and_taken_are_copies(state: State) -> None:
    doc: Doc = {"names": ["Ann"]}
    state.put("incidents", 1, doc)
    doc["names"].append("Bob")
    taken = state.get("incidents", 1)
    assert taken == {"names": ["Ann"]}
    taken["names"].append("Eve")
    assert state.get("incidents", 1) == {"names": ["Ann"]}
    for _, one in state.all("incidents"):
        one["names"].append("Eve")
    state.commit({})
    assert state.get("incidents", 1) == {"names": ["Ann"]}


def test_all_goes_by_number_whatever_the_order_of_writing(state: State) -> None:
    for doc_id in (5, 1, 3):
        state.put("messages", doc_id, {"n": doc_id})
    state.commit({})
    for doc_id in (4, 2, 1):
        state.put("messages", doc_id, {"n": doc_id})
    assert [doc_id for doc_id, _ in state.all("messages")] == [1, 2, 3, 4, 5]


def test_all_may_be_read_while_the_table_changes(state: State) -> None:
    for doc_id in range(1, 7):
        state.put("messages", doc_id, {"n": doc_id})
    state.commit({})
    seen = []
    for doc_id, _ in state.all("messages"):
        seen.append(doc_id)
        state.delete("messages", doc_id + 1)
        state.put("notices", doc_id, {})
        state.commit({"in.mbox": doc_id})
    assert seen == [1, 3, 5]


def test_a_deleted_document_is_gone_and_its_number_is_not_used_again(state: State) -> None:
    state.put("messages", 1, {})
    state.put("messages", 2, {})
    state.commit({})
    state.delete("messages", 2)
    state.delete("messages", 77)  # was never there
    assert state.get("messages", 2) is None
    assert [doc_id for doc_id, _ in state.all("messages")] == [1]
    assert state.next_id("messages") == 3
    state.commit({})
    assert state.get("messages", 2) is None
    assert state.next_id("messages") == 3


def test_next_id_counts_each_table_and_waits_for_the_put(state: State) -> None:
    assert state.next_id("messages") == state.next_id("messages") == 1
    state.put("messages", state.next_id("messages"), {})
    state.put("messages", state.next_id("messages"), {})
    assert (state.next_id("messages"), state.next_id("incidents")) == (3, 1)


def test_clear_takes_everything_with_mark_numbers_and_waiting_writes(state: State) -> None:
    state.put("messages", 1, {})
    state.commit({"in.mbox": 10})
    state.put("messages", 2, {})
    state.clear()
    assert [list(state.all(table)) for table in ("messages", "incidents", "notices")] == [[], [], []]
    assert state.mark() == {}
    assert state.next_id("messages") == 1
    state.commit({"in.mbox": 5})
    assert list(state.all("messages")) == []
    assert state.mark() == {"in.mbox": 5}


def test_a_mark_is_replaced_whole_and_given_as_a_copy(state: State) -> None:
    state.commit({"in.mbox": 10, "out.mbox": 5})
    state.mark()["in.mbox"] = 99
    state.commit({"in.mbox": 12})
    assert state.mark() == {"in.mbox": 12}


@pytest.mark.parametrize("text", ["", "a\nb\r\n\x00\x1e\u2028", "Zürich 障害 🔥", "stray \udcff byte", "x" * 100_000])
def test_any_text_comes_back_as_it_was(state: State, text: str) -> None:
    state.put("messages", 1, {text: [text, None, True, 1.5, {"deep": text}]})
    state.commit({text: 1})
    assert state.get("messages", 1) == {text: [text, None, True, 1.5, {"deep": text}]}
    assert state.mark() == {text: 1}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, float("nan"), object()])
def test_what_is_not_json_is_refused_at_put_and_changes_nothing(state: State, value: object) -> None:
    state.put("messages", 1, {"ok": 1})
    with pytest.raises((TypeError, ValueError)):
        state.put("messages", 1, {"bad": value})
    assert state.get("messages", 1) == {"ok": 1}


@pytest.mark.parametrize("name", LASTING)
def test_what_was_committed_is_there_after_reopening_and_the_rest_is_not(name: str, tmp_path: Path) -> None:
    first = BACK_ENDS[name](tmp_path)
    for doc_id in (1, 2, 3):
        first.put("messages", doc_id, {"n": doc_id})
    first.commit({"in.mbox": 10, "out.mbox": 1})
    first.delete("messages", 3)
    first.put("incidents", 9, {"title": "Down"})
    first.put("notices", 7, {})
    first.delete("notices", 7)  # in the same group: the number is used all the same
    first.commit({"in.mbox": 20})
    first.put("messages", 1, {"n": "never committed"})
    first.delete("messages", 2)
    first.close()
    second = BACK_ENDS[name](tmp_path)
    assert list(second.all("messages")) == [(1, {"n": 1}), (2, {"n": 2})]
    assert list(second.all("incidents")) == [(9, {"title": "Down"})]
    assert second.mark() == {"in.mbox": 20}
    assert [second.next_id(table) for table in ("messages", "incidents", "notices")] == [4, 10, 8]
    second.clear()
    second.close()
    third = BACK_ENDS[name](tmp_path)
    assert (list(third.all("messages")), third.mark(), third.next_id("messages")) == ([], {}, 1)
    third.close()


def test_documents_come_in_the_order_asked_for(state: State) -> None:
    for doc_id in range(1, 6):
        state.put("messages", doc_id, {"n": doc_id})
    state.commit({})
    state.delete("messages", 4)
    state.put("messages", 2, {"n": "new"})
    found = list(state.all("messages", [5, 2, 4, 9, 1]))
    assert found == [(5, {"n": 5}), (2, {"n": "new"}), (1, {"n": 1})]
