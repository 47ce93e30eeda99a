"""The file under the TinyDB state: an append-only log of groups, with document -> place in memory.

The law: one group is one record with one checksum, so a crash leaves whole groups. A file is ``mailbot-state 1`` and
then records; a record is a line ``\\x1e crc32 bytes-of-head bytes-of-body`` (as in RFC 7464, 0x1e begins a record; JSON
in ASCII never holds it), a head ``{"mark": …, "tables": {name: [base, ids, sizes]}}``, and the documents, one a line.

A bad record with no other behind it is a torn tail and is cut: the mark is cut with it. With others behind it, it is
damage, and nothing is cut. A record without a mark is part of a compaction, so a log that ends in one is damaged as
well. Nothing is fsynced on append: what the kernel had not written before a power loss is read from the archive again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mailbot.store.places import Places
from mailbot.store.state import Damaged, Locked, pack

MAGIC = b"mailbot-state 1\n"
HEADER = re.compile(rb"\x1e([0-9a-f]{8}) (\d{1,10}) (\d{1,13})\n")
HEADER_SIZE = 40  # the longest header, in bytes
BLOCK = 1 << 20  # bytes read at a time
SMALL = 4 << 20  # a log below this many bytes is not worth compacting
SLICE = 1 << 20  # bytes of old log looked at in one commit while compacting: a few milliseconds
OVERHEAD = 24  # bytes that a document's number and size take in a head, at most
SHIFT = 40  # a place is size << 40 | offset: one int a document

CLEAR, DROP = "clear", "drop"  # the table is emptied (and is there); the table goes


@dataclass(slots=True)
class Change:
    """What happens to one table: ``base`` first ("", clear, drop), then ``docs``, None for a deleted one."""

    base: str = ""
    docs: dict[int, bytes | None] = field(default_factory=dict)
    top: int = 0  # the highest number in docs

    def put(self, doc_id: int, raw: bytes | None) -> None:
        self.docs[doc_id] = raw
        self.top = max(self.top, doc_id)

    def reset(self, base: str) -> None:
        self.base, self.docs, self.top = base, {}, 0

    def join(self, later: Change) -> None:
        if later.base:
            self.reset(later.base)
        self.docs.update(later.docs)
        self.top = max(self.top, later.top)

    def hides(self, doc_id: int) -> bool:
        """Whether ``docs`` decides about this number, and not the table below."""
        return bool(self.base) or doc_id in self.docs


@dataclass(slots=True)
class Index:
    """One table: where its live documents are, the highest number ever put, and the bytes of the live documents."""

    places: Places = field(default_factory=Places)
    top: int = 0
    live: int = 0


class Group(NamedTuple):
    """One good record: its head, and the offsets where its documents begin and where it ends."""

    head: dict[str, Any]
    body: int
    end: int

    def entries(self) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
        """Each table: name, base, and (number, place) of its documents; place 0 is a deleted one."""
        offset = self.body
        for name, (base, ids, sizes) in self.head["tables"].items():
            rows = []
            for doc_id, size in zip(ids, sizes, strict=True):
                rows.append((doc_id, size << SHIFT | offset if size else 0))
                offset += size
            yield name, base, rows


class Reader:
    """Groups of an open file, read in blocks: a record of one document must not cost three system calls."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._start = 0
        self._block = b""

    def take(self, at: int, size: int) -> bytes:
        begin = at - self._start
        if begin < 0 or begin + size > len(self._block):
            self._start, self._block, begin = at, os.pread(self.fd, max(size, BLOCK), at), 0
        return self._block[begin : begin + size]

    def forget(self) -> None:
        self._block = b""

    def group(self, at: int, size: int) -> Group | None:
        """The record at ``at`` in a file of ``size`` bytes, or None where there is no whole and right one."""
        header = HEADER.match(self.take(at, min(HEADER_SIZE, size - at)))
        if header is None:
            return None
        begin = at + header.end()
        body, end = begin + int(header[2]), begin + int(header[2]) + int(header[3])
        if end > size:
            return None
        top = self.take(begin, body - begin)
        crc = zlib.crc32(top)
        for place in range(body, end, BLOCK):
            crc = zlib.crc32(self.take(place, min(BLOCK, end - place)), crc)
        return Group(json.loads(top), body, end) if crc == int(header[1], 16) else None

    def another(self, at: int, size: int) -> bool:
        """Whether a record begins behind the bad one at ``at``."""
        return any(b"\x1e" in self.take(place, min(BLOCK, size - place)) for place in range(at + 1, size, BLOCK))


def record(changes: Mapping[str, Change], rest: Mapping[str, Any]) -> tuple[bytes, int, dict[str, Any]]:
    """A record's bytes, where in them the documents begin, and its head."""
    docs = [raw for change in changes.values() for raw in change.docs.values() if raw is not None]
    rows = {
        name: [change.base, list(change.docs), [len(raw) if raw is not None else 0 for raw in change.docs.values()]]
        for name, change in changes.items()
    }
    head = {**rest, "tables": rows}
    top, body = pack(head), b"".join(docs)
    header = b"\x1e%08x %d %d\n" % (zlib.crc32(body, zlib.crc32(top)), len(top), len(body))
    return b"".join((header, top, body)), len(header) + len(top), head


class Journal:
    """The open file. ``tables`` and ``mark`` are what is committed; ``raw`` reads one document.

    Raises Locked, Damaged, OSError (``readonly`` and no such file: FileNotFoundError). ``fresh`` begins an empty file
    and keeps the old one beside it as ``NAME.damaged``: a path that was mistyped must not cost anybody a file.
    """

    def __init__(self, path: Path, *, readonly: bool = False, fresh: bool = False) -> None:
        self.path, self.readonly = path, readonly
        self.tables: dict[str, Index] = {}
        self.mark: dict[str, int] = {}
        self.end = 0
        self._part = False  # the last record was part of a compaction
        self._compaction: Compaction | None = None
        self._not_below = 0  # after a failed compaction: the size at which it is tried again
        self._fd = os.open(path, os.O_RDONLY) if readonly else lock(path)
        if fresh and not readonly and os.fstat(self._fd).st_size:
            os.replace(path, f"{path}.damaged")
            os.close(self._fd)
            self._fd = lock(path)
        self.reader = Reader(self._fd)
        try:
            self._load()
        except BaseException:
            os.close(self._fd)
            raise

    def raw(self, table: str, doc_id: int) -> bytes | None:
        """A committed document's line, read from the file; None where there is none."""
        index = self.tables.get(table)
        place = index.places.find(doc_id) if index else 0
        if not place:
            return None
        size = place >> SHIFT
        data = os.pread(self._fd, size, place & (1 << SHIFT) - 1)
        if len(data) != size:
            raise Damaged(f"{self.path}: the file was cut while it was in use; the state must be rebuilt.")
        return data

    def append(self, changes: Mapping[str, Change], mark: Mapping[str, int]) -> None:
        """One group; on OSError nothing of it is there. Then a slice of compaction where more than half is garbage."""
        moved: dict[str, int | None] = {name: at for name, at in mark.items() if self.mark.get(name) != at}
        moved.update(dict.fromkeys(self.mark.keys() - mark.keys()))
        if not changes and not moved:
            return
        before = self.end
        self._write(changes, {"mark": moved})
        self._compact(self.end - before)

    def clear(self) -> None:
        """Begin an empty file in place of this one, at once and whatever the size."""
        self._abandon()
        with contextlib.ExitStack() as undo:
            new = self._second(undo)
            self._adopt(new)
            undo.pop_all()
        self.mark = {}

    def close(self) -> None:
        self._abandon()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _load(self) -> None:
        size = os.fstat(self._fd).st_size
        start = self.reader.take(0, min(len(MAGIC), size))
        if start != MAGIC and not MAGIC.startswith(start):
            raise Damaged(
                f"{self.path} is not a state file of this version ({MAGIC.decode().strip()}); rebuild the state."
            )
        if not self.readonly:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.path}.new")  # a compaction that was killed
        if start != MAGIC:  # killed while the file was made
            if not self.readonly:
                self._write_at(MAGIC, 0)
            self.end = len(MAGIC)
            return
        self.end = len(MAGIC)
        self._scan(size)
        if self._part:
            raise Damaged(f"{self.path}: the compacted part is not whole; the state must be rebuilt.")
        if self.end < size and not self.readonly:
            os.ftruncate(self._fd, self.end)
        self.reader.forget()

    def _scan(self, size: int) -> None:
        try:
            while self.end < size and (group := self.reader.group(self.end, size)) is not None:
                self._apply(group)
                self.end = group.end
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Damaged(f"{self.path}: the record at byte {self.end} cannot be read; rebuild the state.") from error
        if self.end < size and self.reader.another(self.end, size):
            raise Damaged(
                f"{self.path}: the record at byte {self.end} is damaged and others follow; rebuild the state."
            )

    def _apply(self, group: Group) -> None:
        for name, base, rows in group.entries():
            if base:
                self.tables.pop(name, None)
                if base == DROP and not rows:
                    continue
            index = self.tables.setdefault(name, Index())
            for doc_id, place in rows:
                old = index.places.find(doc_id)
                if place:
                    index.places[doc_id] = place
                elif old:
                    del index.places[doc_id]
                index.live += (place >> SHIFT) - (old >> SHIFT)
                index.top = max(index.top, doc_id)
        for name, top in group.head.get("tops", {}).items():
            self.tables.setdefault(name, Index()).top = top
        moved = group.head.get("mark")
        self._part = moved is None
        for name, at in (moved or {}).items():
            if at is None:
                self.mark.pop(name, None)
            else:
                self.mark[name] = at

    def _write(self, changes: Mapping[str, Change], rest: Mapping[str, Any]) -> None:
        data, body, head = record(changes, rest)
        try:
            self._write_at(data, self.end)
        except OSError:
            with contextlib.suppress(OSError):  # the next record is written over it, and a torn tail is cut at start
                os.ftruncate(self._fd, self.end)
            raise
        self._apply(Group(head, self.end + body, self.end + len(data)))
        self.end += len(data)

    def _write_at(self, data: bytes, at: int) -> None:
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, at)
            view, at = view[done:], at + done

    def _live(self) -> int:
        return sum(index.live + OVERHEAD * len(index.places) for index in self.tables.values())

    def _compact(self, grown: int) -> None:
        """A slice, larger than what was just written, so that it comes to an end."""
        if self._compaction is None and not (self.end > max(SMALL, self._not_below) and 2 * self._live() < self.end):
            return
        try:
            if self._compaction is None:
                with contextlib.ExitStack() as undo:
                    self._compaction = Compaction(self._second(undo))
                    undo.pop_all()
            if self._compaction.step(self, max(SLICE, 2 * grown)):
                self._adopt(self._compaction.new)
                self._not_below = 0
        except OSError:  # the group is written and this file is whole: only room is lost, so try again much later
            self._abandon()
            self._not_below = 2 * self.end

    def _second(self, undo: contextlib.ExitStack) -> Journal:
        path = Path(f"{self.path}.new")
        path.unlink(missing_ok=True)
        new = Journal(path)
        undo.callback(path.unlink, missing_ok=True)
        undo.callback(new.close)
        return new

    def _abandon(self) -> None:
        if self._compaction is not None:
            self._compaction.new.close()
            with contextlib.suppress(OSError):
                self._compaction.new.path.unlink()
        self._compaction = None

    def _adopt(self, new: Journal) -> None:
        """Put the second file in this one's place. It is locked before it has the name, so nobody comes between."""
        os.fsync(new._fd)
        os.replace(new.path, self.path)
        old, self._compaction = self._fd, None
        self._fd, self.reader, self.tables, self.end = new._fd, new.reader, new.tables, new.end
        new._fd = -1  # it is ours now
        try:  # the last close frees the blocks of the old file, 35 ms for 120 MB: nobody waits for that
            threading.Thread(target=os.close, args=(old,), name="state-close").start()
        except RuntimeError:  # no thread to be had
            os.close(old)
        with contextlib.suppress(OSError):  # the file is in place; without this a power loss may bring the old one back
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class Compaction:
    """One pass over the old log, a slice at each commit, that copies what is live into a second file.

    Groups appended meanwhile are simply the end of the pass, so the old file is whole until the new one takes its name.
    """

    def __init__(self, new: Journal) -> None:
        self.new = new
        self._at = len(MAGIC)

    def step(self, old: Journal, budget: int) -> bool:
        """Look at ``budget`` bytes (and the group they end in); True when the new file is complete."""
        stop = min(old.end, self._at + budget)
        changes: dict[str, Change] = {}
        while self._at < stop:
            group = old.reader.group(self._at, old.end)
            if group is None:
                raise Damaged(f"{old.path}: the record at byte {self._at} has become unreadable; rebuild the state.")
            for name, base, rows in group.entries():
                self._copy(old, changes.setdefault(name, Change()), name, base, rows)
            self._at = group.end
        old.reader.forget()
        changes = {name: change for name, change in changes.items() if change.base or change.docs}
        if changes:
            self.new._write(changes, {})
        os.fdatasync(self.new._fd)  # so that the last one is no long pause
        if self._at < old.end:
            return False
        self.new._write({}, {"mark": old.mark, "tops": {name: index.top for name, index in old.tables.items()}})
        return True

    def _copy(self, old: Journal, change: Change, name: str, base: str, rows: list[tuple[int, int]]) -> None:
        if base:
            change.reset(base)
        now, copied = old.tables.get(name, Index()).places, self.new.tables.get(name, Index()).places
        for doc_id, place in rows:
            if place and now.find(doc_id) == place:
                change.put(doc_id, old.reader.take(place & (1 << SHIFT) - 1, place >> SHIFT))
            elif not place and (doc_id in change.docs or doc_id in copied):
                change.put(doc_id, None)


def lock(path: Path) -> int:
    """Open for writing, made where missing, with an exclusive lock. A file that lost its name meanwhile is let go."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        except BlockingIOError:
            os.close(fd)
            raise Locked(f"{path} is written by another process; only one mailbot may write a state.") from None
        except FileNotFoundError:
            pass
        os.close(fd)
