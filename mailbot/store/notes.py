"""sent.log and acts.log: what the archive knows beside mails, one line a fact.

The law: a line that was written is on disk, and a line that cannot be read costs only itself. sent.log: a line for each
hand-over: time, Message-ID, recipient, outcome, the server's reply; tab separated, escaped as in Python strings
(``unicode_escape``, so ASCII only). acts.log has one JSON object for each act of an operator.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mailbot.store.record import Reader, iso
from mailbot.store.safe import Tail, sync_file, truncate

OUTCOMES = ("sent", "deferred", "refused", "dropped")
MOST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class SentLine:
    """One hand-over of a mail to one recipient."""

    at: datetime
    message_id: str
    recipient: str
    outcome: str  # sent, deferred, refused, dropped
    note: str  # the server's reply
    end: int  # offset in sent.log after the line


class Notes:
    """One such file. A writer cuts a last line without its end: it was never acknowledged."""

    def __init__(self, path: Path, log: Callable[[str], None], *, writer: bool) -> None:
        self.path, self._log = path, log
        good = self._good()
        self._tail = Tail(path, good) if writer else None
        if writer and path.exists():
            if cut := path.stat().st_size - good:
                truncate(path, good)
                log(f"{path.name}: cut {cut} bytes after offset {good}, which were never acknowledged")
            sync_file(path)

    def add(self, line: str) -> None:
        """On disk when this returns; OSError where it is not."""
        assert self._tail, "only a writer adds"
        self._tail.append(line.encode() + b"\n")

    def close(self) -> None:
        if self._tail:
            with self._tail.lock:
                self._tail.close()

    def _good(self) -> int:
        if not self.path.exists():
            return 0
        with Reader(self.path) as file:
            return file.last(b"\n", file.limit) + 1

    def _lines(self, offset: int = 0) -> Iterator[tuple[bytes, int]]:
        """Whole lines, each with the offset after it."""
        limit = self._tail.size if self._tail else self._good()
        if offset >= limit:
            return
        with self.path.open("rb") as file:
            file.seek(offset)
            while offset < limit and (line := file.readline()):
                offset += len(line)
                yield line.rstrip(b"\n"), offset

    def _skipped(self, end: int) -> None:
        self._log(f"{self.path.name}: the line that ends at offset {end} cannot be read; skipped")

    def sent(self, after: int) -> Iterator[SentLine]:
        for line, end in self._lines(after):
            try:
                at, message_id, recipient, outcome, note = (f.decode("unicode_escape") for f in line.split(b"\t"))
                found = SentLine(datetime.fromisoformat(at), message_id, recipient, outcome, note, end)
            except ValueError:
                self._skipped(end)
            else:
                yield found

    def acts(self) -> Iterator[dict[str, Any]]:
        for line, end in self._lines():
            try:
                act = json.loads(line)
            except (ValueError, RecursionError):
                act = None
            if isinstance(act, dict):
                yield act
            else:
                self._skipped(end)


def sent_text(at: datetime, message_id: str, recipient: str, outcome: str, note: str) -> str:
    """A line of sent.log. ValueError for an outcome that is none."""
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is no outcome; these are: {', '.join(OUTCOMES)}")
    fields = (iso(at), message_id, recipient, outcome, note[:MOST_NOTE])
    return "\t".join(field.encode("unicode_escape").decode("ascii") for field in fields)


def act_text(at: datetime, act: Mapping[str, Any]) -> str:
    """A line of acts.log; "at" is set where it is missing. TypeError for what JSON cannot say."""
    return json.dumps({"at": iso(at), **act})
