"""The archive: every mail, in and out, in append-only mbox files. The truth; everything else can be made again from it.

The laws: what ``append`` acknowledges is on disk (law 1), and stays (law 2). Many mails share one fsync: a thread
takes all that wait, writes them, syncs, and then answers each (group commit). Arrivals are strictly increasing,
whatever the clock does, so that the order of the fold never changes. Form of a record: ``store.record``. The folder:

    in-2026-11.mbox  out-2026-11.mbox     by month of arrival (UTC) and direction
    in-import-NAME.mbox                   old archives, taken over in one pass
    sent.log  acts.log                    hand-overs and operators' acts: ``store.notes``
    lock                                  held by the one writer
"""

from __future__ import annotations

import errno
import fcntl
import heapq
import logging
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailbot.store.notes import Notes, SentLine, act_text, sent_text
from mailbot.store.record import (
    FILE_NAME,
    Arrival,
    Damaged,
    Draft,
    Place,
    Reader,
    Record,
    draft,
    iso,
    survey,
    tombstone,
)
from mailbot.store.safe import Tail, pieces, sync_file, sync_folder, truncate

__all__ = ["Archive", "Arrival", "Damaged", "Locked", "Place", "Record", "SentLine", "utcnow"]

MOST_WAITING = 256 << 20  # bytes not yet on disk; above it append refuses at once
_GROUP = 16 << 20  # bytes of one write
_IMPORT_GROUP = (2000, 8 << 20)  # records, bytes under one fsync
_LOG = logging.getLogger(__name__)
_LEAST = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Locked(Exception):
    """Another process writes to the archive; the sentence names it."""


@dataclass(slots=True)
class _Job:
    draft: Draft
    direction: str
    future: Future[Record]
    outcome: Record | Exception | None = None


def utcnow() -> datetime:
    return datetime.now(UTC)


class Archive:
    """The archive in ``folder``. One writer, any number of readers (``readonly``), in any number of threads.

    A writer creates the folder, takes its lock (``Locked``) and cuts what a crash left unfinished. Errors of the disk
    come as OSError, from the future or the call; what was asked for then did not happen and may be tried again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        readonly: bool = False,
        clock: Callable[[], datetime] = utcnow,
        log: Callable[[str], None] = _LOG.warning,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.folder, self.readonly = folder, readonly
        self._clock, self._log = clock, log
        self._most_waiting = most_waiting
        self._last = _LEAST
        self._tails: dict[str, Tail] = {}
        self._ends: dict[str, int] = {}  # of the tails, group by group: nobody reads past a mail that came before
        self._tails_lock = threading.Lock()
        self._queue: deque[_Job] = deque()
        self._waiting = 0
        self._wake = threading.Condition()
        self._closed = False
        self._lock = -1
        if readonly:
            if not folder.is_dir():
                raise FileNotFoundError(errno.ENOENT, "there is no archive", str(folder))
            self._open_notes()
            return
        self._take_folder()
        try:
            self._recover()
            self._open_notes()
        except BaseException:
            os.close(self._lock)
            raise
        self._thread = threading.Thread(target=self._commit_for_ever, name="archive", daemon=True)
        self._thread.start()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes what waits, then lets go of the folder."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            self._wake.notify()
        if self.readonly:
            return
        self._thread.join()
        for tail in self._tails.values():
            with tail.lock:
                tail.close()
        self._sent.close()
        self._acts.close()
        os.close(self._lock)

    def alive(self) -> bool:
        return not self._closed and (self.readonly or self._thread.is_alive())

    def _take_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise Locked(f"the archive {self.folder} is in use by process {pid}; only one may write to it") from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _recover(self) -> None:
        for leftover in self.folder.glob(".*.tmp"):
            leftover.unlink()
        for name in self._mboxes():
            path = self.folder / name
            end = survey(path)
            if end.size > end.good:
                truncate(path, end.good)
                self._log(
                    f"{name}: cut {end.size - end.good} bytes after offset {end.good}, which were never acknowledged"
                )
            sync_file(path)  # whole records may stand there that nobody had synced yet
            tail = self._tails[name] = Tail(path, end.good)
            if end.damage:
                self._log(f"{end.damage} (at the file's end; kept as it is)")
            if not end.closed:
                tail.append(b"\n\n")
            if end.last and not name.startswith("in-import-"):
                self._last = max(self._last, end.last)
        self._publish(self._tails)
        sync_folder(self.folder)

    def _open_notes(self) -> None:
        self._sent = Notes(self.folder / "sent.log", self._log, writer=not self.readonly)
        self._acts = Notes(self.folder / "acts.log", self._log, writer=not self.readonly)

    def _mboxes(self) -> list[str]:
        """Imports, then months, by name."""
        names = filter(FILE_NAME.fullmatch, os.listdir(self.folder))
        return sorted(names, key=lambda n: (not n.startswith("in-import-"), n))

    def _tail(self, name: str) -> Tail:
        with self._tails_lock:
            if name not in self._tails:
                self._tails[name] = Tail(self.folder / name, 0)
            return self._tails[name]

    def _publish(self, names: Iterable[str]) -> None:
        with self._tails_lock:
            self._ends |= {name: self._tails[name].size for name in names if name in self._tails}

    def _writable(self) -> None:
        if self.readonly or self._closed:
            raise ValueError(f"the archive {self.folder} is " + ("closed" if self._closed else "open for reading only"))

    # Writing

    def append(self, direction: str, raw: bytes, arrival: Arrival) -> Future[Record]:
        """Takes a mail; its future has the record when it is on disk, or the OSError that kept it from there.

        ``direction``: "in" or "out". ``arrival.at`` (aware) replaces the clock where it is given. BlockingIOError
        (EAGAIN) at once where too much waits already. A future that is cancelled in time leaves nothing behind.
        """
        if direction not in ("in", "out"):
            raise ValueError(f"{direction!r} is no direction; these are: in, out")
        _aware(arrival.at)
        job = _Job(draft(raw, arrival, ours=direction == "out"), direction, Future())
        with self._wake:
            self._writable()
            if self._waiting + job.draft.size > self._most_waiting:
                raise BlockingIOError(errno.EAGAIN, f"{self._waiting} bytes wait for the disk, try again later")
            self._waiting += job.draft.size
            self._queue.append(job)
            self._wake.notify()
        return job.future

    def _commit_for_ever(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closed:
                    self._wake.wait()
                group, size = [], 0
                while self._queue and size < _GROUP:
                    group.append(self._queue.popleft())
                    size += group[-1].draft.size
            if not group:
                return
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])
            with self._wake:
                self._waiting -= size

    def _commit(self, group: list[_Job]) -> None:
        """One write and one fsync a file; then the answers, in order. Never raises: the thread must go on."""
        files: dict[str, list[tuple[_Job, datetime]]] = {}
        for job in group:
            try:
                at = self._arrive(job.draft.arrival.at)
                files.setdefault(f"{job.direction}-{at:%Y-%m}.mbox", []).append((job, at))
            except Exception as error:
                job.outcome = error
        for name, jobs in files.items():
            try:
                records = self._write(name, [(job.draft, at) for job, at in jobs])
            except Exception as error:
                for job, _ in jobs:
                    job.outcome = error
            else:
                for (job, _), record in zip(jobs, records, strict=True):
                    job.outcome = record
        self._publish(files)
        for job in group:
            if isinstance(job.outcome, Record):
                job.future.set_result(job.outcome)
            else:
                job.future.set_exception(job.outcome)

    def _arrive(self, given: datetime | None) -> datetime:
        now = (given or self._clock()).astimezone(UTC)
        self._last = max(now, self._last + _TICK)
        return self._last

    def _write(self, name: str, drafts: list[tuple[Draft, datetime]], *, alone: bool = False) -> list[Record]:
        parts: list[bytes] = []
        ends = [0]
        for item, at in drafts:
            encoded = item.encode(at)
            parts += encoded
            ends.append(ends[-1] + sum(map(len, encoded)))
        begin = self._tail(name).append(b"".join(parts))
        if alone:
            self._publish([name])
        return [
            item.placed(Place(name, begin + start), begin + end, at)
            for (item, at), start, end in zip(drafts, ends, ends[1:], strict=False)
        ]

    def import_records(self, name: str, items: Iterable[tuple[bytes, Arrival]]) -> Iterator[Record]:
        """Takes over an old archive into in-import-NAME.mbox, as fast as its records are asked for.

        What is given back is on disk. ``arrival.at`` (aware) is kept as it is, in any order; None is now.
        """
        file = f"in-import-{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)[:100] or 'unnamed'}.mbox"
        self._writable()
        return self._import(file, items)

    def _import(self, file: str, items: Iterable[tuple[bytes, Arrival]]) -> Iterator[Record]:
        waiting: list[tuple[Draft, datetime]] = []
        size = 0
        for raw, arrival in items:
            self._writable()
            _aware(arrival.at)
            item = draft(raw, arrival)
            try:
                at = (arrival.at or self._clock()).astimezone(UTC)
            except OverflowError:  # the year 1 or 9999 and an offset
                at = self._clock().astimezone(UTC)
            waiting.append((item, at))
            size += item.size
            if len(waiting) >= _IMPORT_GROUP[0] or size >= _IMPORT_GROUP[1]:
                yield from self._write(file, waiting, alone=True)
                waiting, size = [], 0
        if waiting:
            yield from self._write(file, waiting, alone=True)

    def redact(self, place: Place, message_id: str = "") -> Record:
        """Puts a tombstone in the place of a record and notes the act. Offsets behind it in that file move.

        The file is replaced in one step. ``message_id``: the id as it was read, for a mail that came without one.
        """
        self._writable()
        self.read(place)
        tail = self._tail(place.file)
        with tail.lock:
            old = self.read(place)
            if old.redacted:
                return old
            at = old.arrival.at or self._clock()
            stone = tombstone(old, self._clock(), message_id)
            new = b"".join(stone.encode(at))

            def chunks() -> Iterator[bytes]:
                yield from pieces(tail.path, 0, place.offset)
                yield new
                yield from pieces(tail.path, old.end, tail.size)

            tail.replace(chunks())
        self._publish([place.file])
        self.act({"act": "redact", "file": place.file, "offset": place.offset, "arrived": iso(at)})
        return stone.placed(place, place.offset + len(new), at)

    # Reading

    def ends(self) -> dict[str, int]:
        """Durable size of each mbox file (for a reader: up to its last whole record)."""
        if self.readonly:
            return {name: survey(self.folder / name).good for name in self._mboxes()}
        with self._tails_lock:
            return dict(self._ends)

    def read(self, place: Place) -> Record:
        """Damaged where no whole record begins at ``place``."""
        limit: int | None = None
        if not self.readonly:
            limit = self._tails[place.file].size if place.file in self._tails else 0
        try:
            if not FILE_NAME.fullmatch(place.file):
                raise FileNotFoundError
            with Reader(self.folder / place.file, limit) as file:
                return file.read(place.offset)
        except FileNotFoundError:
            raise Damaged(f"{place.file}: the archive has no such file") from None

    def records(self, after: Mapping[str, int] | None = None) -> Iterator[Record]:
        """Every record that is there now, from the offsets in ``after`` on: imports file by file, then by arrival.

        Damage is skipped up to the next good record, with a log line.
        """
        after = after or {}
        ends = self.ends()
        streams: dict[str, list[str]] = {"import": [], "in": [], "out": []}
        for name in sorted(ends):
            streams["import" if name.startswith("in-import-") else name.partition("-")[0]].append(name)

        def stream(which: str) -> Iterator[Record]:
            for name in streams[which]:
                if (offset := after.get(name, 0)) < ends[name]:
                    with Reader(self.folder / name, ends[name]) as file:
                        yield from file.walk(offset, self._log)

        yield from stream("import")
        yield from heapq.merge(stream("in"), stream("out"), key=lambda record: record.arrival.at or _LEAST)

    # Notes

    def sent(self, message_id: str, recipient: str, outcome: str, note: str) -> None:
        """Notes a hand-over, on disk when this returns. ``outcome``: sent, deferred, refused, dropped."""
        self._writable()
        self._sent.add(sent_text(self._clock(), message_id, recipient, outcome, note))

    def sent_lines(self, after: int = 0) -> Iterator[SentLine]:
        """The hand-overs from offset ``after`` of sent.log on."""
        return self._sent.sent(after)

    def act(self, operator_act: Mapping[str, Any]) -> None:
        """Notes an operator's act with its time ("at", set where it is missing), on disk when this returns."""
        self._writable()
        self._acts.add(act_text(self._clock(), operator_act))

    def acts(self) -> Iterator[dict[str, Any]]:
        return self._acts.acts()


def _aware(at: datetime | None) -> None:
    if at is not None and at.utcoffset() is None:
        raise ValueError(f"{at} has no time zone")
