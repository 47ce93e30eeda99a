"""The state: an index over the archive, kept by a back end, and the memory version of it.

The law: state is derived. Deleting it costs a rebuild from the archive, nothing else. It may be behind, so it says how
far it got (its mark); it may not be wrong: what a back end gives back after a crash is what some commit left, whole.
A new back end is one class here in ``store/`` with these nine methods; ``tests/test_state.py`` is its test.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

Doc = dict[str, Any]

# ASCII only, so that a lone surrogate out of a broken mail comes back as it went in, and no byte below 0x20 is in it.
_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class Damaged(Exception):
    """The stored state cannot be trusted; the text is a sentence for the operator. The answer is a rebuild."""


class Locked(Exception):
    """Another process writes this state; the text is a sentence for the operator."""


class State(Protocol):
    """Documents by table and number, used by one thread.

    Documents are JSON objects: what cannot be one raises TypeError or ValueError at ``put``. What is given back is the
    caller's own copy. OSError from a write leaves the state usable and the group waiting: commit again.
    """

    def get(self, table: str, doc_id: int) -> Doc | None:
        """The document, with everything put so far, committed or not."""

    def put(self, table: str, doc_id: int, doc: Mapping[str, Any]) -> None:
        """Write the whole document (nothing is merged). Seen at once, kept by ``commit``."""

    def delete(self, table: str, doc_id: int) -> None:
        """Take the document out; one that is not there is no error. Seen at once, kept by ``commit``."""

    def next_id(self, table: str) -> int:
        """One more than the highest number ever put, 1 at first. The same answer until something is put."""

    def all(self, table: str, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Doc]]:
        """Every document by rising number, or those of ``numbers`` in that order without those that are not there; one
        at a time. Writing meanwhile is allowed; what is new may be left out."""

    def mark(self) -> dict[str, int]:
        """How far into the archive the last commit reaches: file name -> offset in bytes."""

    def commit(self, mark: Mapping[str, int]) -> None:
        """Keep everything put and deleted since the last commit, together with the mark: all of it or nothing."""

    def clear(self) -> None:
        """Empty everything at once, uncommitted writes and the mark too; numbers begin at 1 again. Needs no commit."""

    def close(self) -> None:
        """Let go of files and locks. What was not committed is gone."""


def pack(doc: Mapping[str, Any]) -> bytes:
    """One line of ASCII, with its newline. TypeError or ValueError where the document is not JSON."""
    return _encode(dict(doc)).encode("ascii") + b"\n"


def unpack(raw: bytes) -> Doc:
    """The document of ``pack``; ValueError on anything that is not an object."""
    doc, end = _decode(raw.decode("ascii"))  # json.loads guesses encodings and strips space: half of the time
    if not isinstance(doc, dict) or end != len(raw) - 1:
        raise ValueError("not a JSON object on a line")
    return doc


class MemoryState:
    """State without a disk, for tests and for trying out. It keeps packed lines, so copies and types are as on disk."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[int, bytes]] = {}
        self._tops: dict[str, int] = {}
        self._mark: dict[str, int] = {}

    def get(self, table: str, doc_id: int) -> Doc | None:
        raw = self._tables.get(table, {}).get(doc_id)
        return None if raw is None else unpack(raw)

    def put(self, table: str, doc_id: int, doc: Mapping[str, Any]) -> None:
        self._tables.setdefault(table, {})[doc_id] = pack(doc)
        self._tops[table] = max(doc_id, self._tops.get(table, 0))

    def delete(self, table: str, doc_id: int) -> None:
        self._tables.get(table, {}).pop(doc_id, None)

    def next_id(self, table: str) -> int:
        return self._tops.get(table, 0) + 1

    def all(self, table: str, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Doc]]:
        for doc_id in sorted(self._tables.get(table, {})) if numbers is None else numbers:
            doc = self.get(table, doc_id)
            if doc is not None:
                yield doc_id, doc

    def mark(self) -> dict[str, int]:
        return dict(self._mark)

    def commit(self, mark: Mapping[str, int]) -> None:
        self._mark = dict(mark)

    def clear(self) -> None:
        self._tables, self._tops, self._mark = {}, {}, {}

    def close(self) -> None:
        pass
