"""The state in TinyDB: a Storage on an append-only log, and a Table that hands over only what changed.

The law: what a call costs depends on what it changes, not on how much there is. TinyDB's own Table copies every key and
its Storage gets every document on each write (1.9 s at 100,000 documents); these two are its extension points. Every
TinyDB call works on ``TinyState.db``; scans (``search`` and the like) read all documents, ``doc_id`` reads one.
Changes wait in memory, as the lines they will be in the file, and are seen by every read, until ``commit``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, cast

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Document, Table

from mailbot.store.journal import CLEAR, DROP, Change, Journal
from mailbot.store.state import Damaged, Doc, pack, unpack


class LogStorage(Storage):
    """A Journal, and over it the changes that are not yet committed. Raises as Journal does."""

    def __init__(self, path: Path, *, readonly: bool = False, fresh: bool = False) -> None:
        self.journal = Journal(path, readonly=readonly, fresh=fresh)
        self.pending: dict[str, Change] = {}

    def has(self, name: str, doc_id: int) -> bool:
        change = self.pending.get(name)
        if change is not None and change.hides(doc_id):
            return change.docs.get(doc_id) is not None
        index = self.journal.tables.get(name)
        return index is not None and doc_id in index.places

    def raw(self, name: str, doc_id: int) -> bytes | None:
        change = self.pending.get(name)
        if change is not None and change.hides(doc_id):
            return change.docs.get(doc_id)
        return self.journal.raw(name, doc_id)

    def doc(self, name: str, doc_id: int) -> Doc | None:
        """The document, the caller's own; None where there is none."""
        raw = self.raw(name, doc_id)
        return None if raw is None else self.opened(name, doc_id, raw)

    def opened(self, name: str, doc_id: int, raw: bytes) -> Doc:
        try:
            return unpack(raw)
        except ValueError as error:  # its checksum was right when the file was opened
            raise Damaged(
                f"{self.journal.path}: document {doc_id} of {name} has become unreadable; rebuild."
            ) from error

    def ids(self, name: str) -> list[int]:
        """All numbers of a table, rising."""
        index, change = self.journal.tables.get(name), self.pending.get(name)
        below: Mapping[int, int] = index.places if index is not None else {}
        return sorted(below) if change is None else ids_over(change, below)

    def count(self, name: str) -> int:
        index, change = self.journal.tables.get(name), self.pending.get(name)
        below: Mapping[int, int] = index.places if index is not None else {}
        if change is None:
            return len(below)
        if change.base:
            return sum(raw is not None for raw in change.docs.values())
        return len(below) + sum((raw is not None) - (doc_id in below) for doc_id, raw in change.docs.items())

    def next_id(self, name: str) -> int:
        index, change = self.journal.tables.get(name), self.pending.get(name)
        kept = index.top if index is not None and not (change is not None and change.base) else 0
        return max(kept, change.top if change is not None else 0) + 1

    def docs(self, name: str, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Doc]]:
        """Documents by rising number or as asked for, one at a time; those deleted meanwhile are left out."""
        for doc_id in self.ids(name) if numbers is None else numbers:
            raw = self.raw(name, doc_id)
            if raw is not None:
                yield doc_id, self.opened(name, doc_id, raw)

    def names(self) -> list[str]:
        gone = {name for name, change in self.pending.items() if change.base == DROP and not change.docs}
        return sorted((self.journal.tables.keys() | self.pending.keys()) - gone)

    def change(self, name: str, change: Change) -> None:
        """Put a change to the waiting group."""
        if self.journal.readonly:
            raise PermissionError(f"{self.journal.path} was opened for reading only")
        if change.base or change.docs:
            self.pending.setdefault(name, Change()).join(change)

    def commit(self, mark: Mapping[str, int]) -> None:
        if self.journal.readonly:
            raise PermissionError(f"{self.journal.path} was opened for reading only")
        self.journal.append(self.pending, mark)
        self.pending = {}

    def clear(self) -> None:
        if self.journal.readonly:
            raise PermissionError(f"{self.journal.path} was opened for reading only")
        self.journal.clear()
        self.pending = {}

    def read(self) -> dict[str, dict[str, Any]] | None:
        """All tables, as TinyDB asks for them: views that read a document when it is looked at. None where empty."""
        return cast("dict[str, dict[str, Any]]", {name: View(self, name) for name in self.names()}) or None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Make the tables those of ``data``: how TinyDB drops tables. Our own views in it stay as they are."""
        for name in self.names():
            if name not in data:
                self.change(name, Change(DROP))
        for name, table in data.items():
            if not isinstance(table, View):
                whole = Change(CLEAR)
                for doc_id, doc in table.items():
                    whole.put(int(doc_id), pack(doc))
                self.change(name, whole)

    def close(self) -> None:
        self.journal.close()


def ids_over(change: Change, below: Mapping[int, Any]) -> list[int]:
    """The numbers of a table with a change on top, rising."""
    ids = set() if change.base else set(below)
    ids.difference_update(doc_id for doc_id, raw in change.docs.items() if raw is None)
    ids.update(doc_id for doc_id, raw in change.docs.items() if raw is not None)
    return sorted(ids)


class View(Mapping[str, Doc]):
    """A table for reading, with TinyDB's string keys."""

    def __init__(self, log: LogStorage, name: str) -> None:
        self._log, self._name = log, name

    def __getitem__(self, key: str) -> Doc:
        try:
            doc = self._log.doc(self._name, int(key))
        except ValueError:  # get(doc_id=…) takes anything
            doc = None
        if doc is None:
            raise KeyError(key)
        return doc

    def __iter__(self) -> Iterator[str]:
        return map(str, self._log.ids(self._name))

    def __len__(self) -> int:
        return self._log.count(self._name)


class Edit(MutableMapping[int, Doc]):
    """A table for one of TinyDB's updaters, which change documents in place: ``table[doc_id].update(fields)``.

    So the document last read is compared when the next one is. An updater that raises leaves nothing behind.
    """

    def __init__(self, log: LogStorage, name: str) -> None:
        self._log, self._name = log, name
        self._change = Change()
        self._last: tuple[int, Doc, bytes] | None = None

    def done(self) -> Change:
        self._keep()
        return self._change

    def _keep(self) -> None:
        if self._last is not None:
            doc_id, doc, before = self._last
            after = pack(doc)
            if after != before:
                self._change.put(doc_id, after)
        self._last = None

    def __contains__(self, doc_id: object) -> bool:
        if not isinstance(doc_id, int):
            return False
        if self._change.hides(doc_id):
            return self._change.docs.get(doc_id) is not None
        return self._log.has(self._name, doc_id)

    def __getitem__(self, doc_id: int) -> Doc:
        if self._last is not None and self._last[0] == doc_id:
            return self._last[1]
        self._keep()
        hidden = self._change.hides(doc_id)
        raw = self._change.docs.get(doc_id) if hidden else self._log.raw(self._name, doc_id)
        if raw is None:
            raise KeyError(doc_id)
        doc = self._log.opened(self._name, doc_id, raw)
        self._last = doc_id, doc, raw
        return doc

    def __setitem__(self, doc_id: int, doc: Mapping[str, Any]) -> None:
        self._keep()
        self._change.put(doc_id, pack(doc))

    def __delitem__(self, doc_id: int) -> None:
        self._keep()
        if doc_id not in self:
            raise KeyError(doc_id)
        self._change.put(doc_id, None)

    def __iter__(self) -> Iterator[int]:
        self._keep()
        return iter(ids_over(self._change, dict.fromkeys(self._log.ids(self._name))))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        self._last = None
        self._change.reset(CLEAR)


class LogTable(Table):
    """TinyDB's Table, with its three reads and writes of everything replaced."""

    @property
    def _log(self) -> LogStorage:
        return cast(LogStorage, self._storage)

    def replace(self, doc_id: int, doc: Mapping[str, Any]) -> None:
        """Write the whole document, new or not (TinyDB's upsert would merge the fields)."""
        change = Change()
        change.put(doc_id, pack(doc))
        self._log.change(self.name, change)
        self.clear_cache()

    def __iter__(self) -> Iterator[Document]:
        for doc_id, doc in self._log.docs(self.name):
            yield self.document_class(doc, doc_id)

    def _get_next_id(self) -> int:
        doc_id = max(self._next_id or 0, self._log.next_id(self.name))
        self._next_id = doc_id + 1  # type: ignore[assignment]  # TinyDB declares it None
        return doc_id

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return cast("dict[str, Mapping[str, Any]]", View(self._log, self.name))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        edit = Edit(self._log, self.name)
        updater(cast("dict[int, Mapping[str, Any]]", edit))
        self._log.change(self.name, edit.done())
        self.clear_cache()


class LogDB(TinyDB):
    """TinyDB with that Table."""

    table_class = LogTable


class TinyState:
    """State (see ``state.State``) in TinyDB; ``db`` is the TinyDB itself, whose writes join the group of ``commit``.

    ``readonly``: what is committed now, without the lock, beside a running writer; writing raises PermissionError.
    ``fresh``: begin empty, the answer to Damaged; the old file stays as ``NAME.damaged``.
    Raises Damaged, Locked, OSError.
    """

    def __init__(self, path: Path, *, readonly: bool = False, fresh: bool = False) -> None:
        self.db = LogDB(path, storage=LogStorage, readonly=readonly, fresh=fresh)
        self._log = cast(LogStorage, self.db.storage)

    def _table(self, name: str) -> LogTable:
        return cast(LogTable, self.db.table(name))

    def get(self, table: str, doc_id: int) -> Doc | None:
        return self._table(table).get(doc_id=doc_id)

    def put(self, table: str, doc_id: int, doc: Mapping[str, Any]) -> None:
        self._table(table).replace(doc_id, doc)

    def delete(self, table: str, doc_id: int) -> None:
        self._table(table).remove(doc_ids=[doc_id])

    def next_id(self, table: str) -> int:
        return self._log.next_id(table)

    def all(self, table: str, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Doc]]:
        return self._log.docs(table, numbers)

    def mark(self) -> dict[str, int]:
        return dict(self._log.journal.mark)

    def commit(self, mark: Mapping[str, int]) -> None:
        self._log.commit(mark)

    def clear(self) -> None:
        for name in self.db.tables():
            self._table(name).clear_cache()
        self._log.clear()

    def close(self) -> None:
        self.db.close()
