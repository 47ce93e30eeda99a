"""One record of the archive: a mail with what was learned when it arrived, as bytes of an mbox file and back.

The law: what is read is what was written, whatever the mail holds. A record is

    From SENDER Sat Nov 21 21:20:00 2026          asctime, UTC; MAILER-DAEMON for the null sender
    Return-Path: <SENDER>
    Delivered-To: RECIPIENT                       one line each
    X-Mailbot-Arrived: 2026-11-21T21:20:00.123456Z
    X-Mailbot-Way: smtp 127.0.0.1
    X-Mailbot-Trust: GRADE REASONS
    X-Mailbot-Redacted: 2026-11-22T08:00:00Z      tombstones only
    X-Mailbot-Size: 1234                          bytes from here to the end of the mail, as stored
    the mail, line ends LF, mboxrd quoting, a last newline
    (an empty line)

Trace headers are read by their place on top, so nothing inside a mail can pass for one (lesson L38). mboxrd: a line
``>*From `` gets one more ``>``, so that a line that begins with ``From `` is always the start of a record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

BLOCK = 1 << 18
MOST_HEAD = 1 << 20  # bytes: 1,000 recipients of 998
MOST_RECIPIENTS = 1000
MOST_VALUE = 998

FILE_NAME = re.compile(r"(?P<direction>in|out)-(?:(?P<month>\d{4}-\d\d)|import-[\w.-]+)\.mbox", re.ASCII)
_START = b"From "
# How a first line begins, and any other, that is perhaps to be quoted ("From ", ">From ") or renamed ("X-Mailbot-"): nearly
# all mails have none. One search for both, because each costs a look at every line.
_AT_FIRST = (_START, b">", b"X-", b"x-")
_UNSAFE = re.compile(rb"\n[>FXx](?:>*From |(?<=F)rom |-[Mm][Aa][Ii][Ll][Bb][Oo][Tt]-)")
# Look-arounds, not groups: 4 million such lines in 32 MB took 4.9 s of CPU, now 1.4.
_QUOTE = re.compile(rb"^(?=>*From )", re.MULTILINE)
_UNQUOTE = re.compile(rb"^>(?=>*From )", re.MULTILINE)
# A lone CR ends a line for Python's email package.
_OURS = re.compile(rb"(?<![^\r\n])X-Mailbot-", re.IGNORECASE)
_KEPT = re.compile(
    rb"^(Message-ID|In-Reply-To|References|Date):([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE | re.IGNORECASE
)
# Also what a mail of ours was: without that it would be written, and go out, once more.
_KEPT_OF_OURS = re.compile(_KEPT.pattern.replace(b"Date", b"Date|X-Mailbot-(?:Incident|Notice|Asked)"), _KEPT.flags)
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029], " ")
_HEAD = re.compile(
    rb"From [^\n]*\n"
    rb"Return-Path: <(?P<sender>[^\n]*)>\n"
    rb"(?P<recipients>(?:Delivered-To: [^\n]*\n)*)"
    rb"X-Mailbot-Arrived: (?P<at>[^\n]*)\n"
    rb"X-Mailbot-Way: (?P<way>[^\n]*)\n"
    rb"X-Mailbot-Trust: (?P<trust>[^\n]*)\n"
    rb"(?P<redacted>X-Mailbot-Redacted: [^\n]*\n)?"
    rb"X-Mailbot-Size: (?P<size>[0-9]{1,15})\n"
)


class Damaged(Exception):
    """A record is not as it was written. The sentence names file and offset."""


class Torn(Damaged):
    """The file ends before the record does: at the end of a file, a write that was never acknowledged."""


class Arrival(NamedTuple):
    """What the mail itself does not carry; the trace headers of its record.

    Values are kept as one line without control characters, of at most 998 bytes; at most 1,000 recipients.
    """

    way: str  # "smtp 127.0.0.1", "imap INBOX 123/45" (UIDVALIDITY/UID), "import NAME", "outbox"
    sender: str = ""  # envelope sender, "" for the null sender
    recipients: tuple[str, ...] = ()
    trust: str = "unknown"  # grade, then its reasons
    at: datetime | None = None  # None: the archive gives it at commit (normal). Imports may give the message's Date


class Place(NamedTuple):
    """Where a record begins."""

    file: str  # "in-2026-11.mbox"
    offset: int


class Record(NamedTuple):
    place: Place
    end: int  # offset after the record
    direction: str  # "in" | "out"
    imported: bool  # from an in-import-*.mbox
    arrival: Arrival  # .at set
    raw: bytes  # the mail as it arrived (LF line ends; mboxrd quoting undone)
    redacted: bool = False


def line(value: str) -> str:
    """One line without control characters, at most 998 bytes, always encodable as UTF-8."""
    if len(value) <= MOST_VALUE and value.isascii() and value.isprintable():  # nearly all
        return value.strip()
    return value.translate(_CONTROLS).encode("utf-8", "replace")[:MOST_VALUE].decode("utf-8", "ignore").strip()


class Draft(NamedTuple):
    """A record that has no place and time yet: everything that can be made ready before the commit."""

    arrival: Arrival  # its values cleaned
    raw: bytes
    stored: bytes  # raw, quoted
    before: bytes  # trace headers up to the time
    after: bytes  # and from there
    redacted: bool

    @property
    def size(self) -> int:
        """Bytes it takes, nearly (the From line is not counted)."""
        return len(self.stored) + len(self.before) + len(self.after)

    def encode(self, at: datetime) -> tuple[bytes, bytes, bytes]:
        """The record as bytes in three pieces; ``at`` is in UTC."""
        sender = self.arrival.sender.replace(" ", "_") or "MAILER-DAEMON"
        first = f"From {sender} {at.ctime()}\n".encode()  # ctime of datetime knows no locale
        return first + self.before + iso(at).encode() + self.after, self.stored, b"\n"

    def placed(self, place: Place, end: int, at: datetime) -> Record:
        arrival = self.arrival if self.arrival.at is at else self.arrival._replace(at=at)
        direction, imported = kind(place.file)
        return Record(place, end, direction, imported, arrival, self.raw, self.redacted)


def draft(raw: bytes, arrival: Arrival, *, ours: bool = False, redacted: str = "") -> Draft:
    """``ours``: a mail of mailbot's own, which keeps its X-Mailbot- headers; ``redacted``: when, for a tombstone."""
    raw = bytes(raw)
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    if not raw.endswith(b"\n"):
        raw += b"\n"
    stored = raw
    if b"\r" in raw or raw.startswith(_AT_FIRST) or _UNSAFE.search(raw):
        raw = raw if ours else _disown(raw)
        stored = _QUOTE.sub(b">", raw)
    sender = "" if arrival.sender == "<>" else line(arrival.sender)  # aiosmtpd says "<>" for the null sender
    recipients = tuple(line(r) for r in arrival.recipients[:MOST_RECIPIENTS])
    clean = Arrival(line(arrival.way), sender, recipients, line(arrival.trust), arrival.at)
    to = "".join(f"Delivered-To: {r}\n" for r in recipients)
    before = f"Return-Path: <{sender}>\n{to}X-Mailbot-Arrived: ".encode()
    mark = f"X-Mailbot-Redacted: {redacted}\n" if redacted else ""
    after = (
        f"\nX-Mailbot-Way: {clean.way}\nX-Mailbot-Trust: {clean.trust}\n{mark}X-Mailbot-Size: {len(stored)}\n".encode()
    )
    return Draft(clean, raw, stored, before, after, bool(redacted))


def _disown(raw: bytes) -> bytes:
    """Renames X-Mailbot- headers of a mail from outside to X-Was-Mailbot-."""
    header = _header(raw)
    if b"x-mailbot-" not in header.lower():
        return raw
    return _OURS.sub(b"X-Was-Mailbot-", header) + raw[len(header) :]


def _header(raw: bytes) -> bytes:
    end = 0 if raw.startswith(b"\n") else raw.find(b"\n\n")
    return raw[:end] if end >= 0 else raw


def tombstone(record: Record, now: datetime, message_id: str = "") -> Draft:
    """What stays of a redacted mail: what threads need, nothing of what it said or who sent it.

    ``message_id``: the id that was made for a mail that came without one; from what is left it could not be made again.
    """
    pattern = _KEPT_OF_OURS if record.direction == "out" else _KEPT
    kept = [(name.title(), b" ".join(value.split())) for name, value in pattern.findall(_header(record.raw))]
    if message_id and all(name != b"Message-Id" for name, _ in kept):
        kept.append((b"Message-ID", f"<{line(message_id)}>".encode()))
    kept.append((b"Subject", b"[redacted]"))
    raw = b"".join(name.replace(b"-Id", b"-ID") + b": " + value + b"\n" for name, value in kept) + b"\n"
    old = record.arrival
    grade = (old.trust.split() or ["unknown"])[0]  # its reasons may name the sender
    arrival = Arrival(old.way, "", old.recipients, grade, old.at)
    return draft(raw, arrival, ours=True, redacted=iso(now))


def iso(at: datetime) -> str:
    """ "2026-11-21T21:20:00.123456Z"."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def kind(file: str) -> tuple[str, bool]:
    """Direction, and whether it was imported."""
    return ("out" if file.startswith("out-") else "in"), file.startswith("in-import-")


class Reader:
    """Records of one file up to ``limit``, by offset. Reads in blocks; memory is bounded by the largest record."""

    def __init__(self, path: Path, limit: int | None = None) -> None:
        self.name = path.name
        self._fd = os.open(path, os.O_RDONLY)
        self.limit = os.fstat(self._fd).st_size if limit is None else limit
        self._base = 0
        self._block = b""

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def stop_at(self, limit: int) -> None:
        """Reads as if the file ended there."""
        self.limit, self._block = limit, b""

    def bytes_at(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes; fewer where the file ends."""
        start = self._need(offset, length)
        return self._block[start : start + length]

    def _need(self, offset: int, length: int) -> int:
        """Loads [offset, offset + length) where it is not loaded; gives its start in the block."""
        length = min(length, self.limit - offset)
        if offset < self._base or offset + length > self._base + len(self._block):
            self._block = self._pread(offset, min(max(length, BLOCK), self.limit - offset))
            self._base = offset
        return offset - self._base

    def _pread(self, offset: int, length: int) -> bytes:
        data = os.pread(self._fd, max(length, 0), offset)
        while 0 < len(data) < length and (more := os.pread(self._fd, length - len(data), offset + len(data))):
            data += more
        return data

    def _head(self, offset: int) -> re.Match[bytes]:
        for length in (4096, MOST_HEAD):
            start = self._need(offset, length)
            if found := _HEAD.match(self._block, start):
                return found
            seen = self._block[start : start + length]
            if b"\n\n" in seen or len(seen) < length:
                break  # a head has no empty line, so more bytes would not help
        if b"\n\n" not in seen and offset + len(seen) >= self.limit and _START.startswith(seen[:5]):
            raise Torn(f"{self.name} offset {offset}: ends within the head of a record")
        raise Damaged(f"{self.name} offset {offset}: no record begins here")

    def read(self, offset: int) -> Record:
        """The record that begins at ``offset``. Damaged where there is none, or where its size is not what is there."""
        if not 0 <= offset < self.limit:
            raise Damaged(f"{self.name} offset {offset}: the file has {self.limit} bytes")
        head = self._head(offset)
        try:
            at = datetime.fromisoformat(head["at"].decode()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Damaged(f"{self.name} offset {offset}: X-Mailbot-Arrived is no time") from None
        begin, size = self._base + head.end(), int(head["size"])
        end = begin + size + 1
        if end > self.limit:
            raise Torn(f"{self.name} offset {offset}: {size} bytes were promised, {self.limit - begin} are there")
        stored = self.bytes_at(begin, size)
        follows = self.bytes_at(end - 2, 7)
        # NULs: space that a crash left unwritten. What stands before it was acknowledged and is whole.
        if follows[:2] != b"\n\n" or not (_START.startswith(follows[2:]) or follows[2:3] == b"\0"):
            raise Damaged(f"{self.name} offset {offset}: no record follows after the {size} bytes it says it has")
        raw = _UNQUOTE.sub(b"", stored) if b">From " in stored else stored
        recipients = tuple(_text(r[14:]) for r in head["recipients"].split(b"\n") if r)
        arrival = Arrival(_text(head["way"]), _text(head["sender"]), recipients, _text(head["trust"]), at)
        direction, imported = kind(self.name)
        return Record(Place(self.name, offset), end, direction, imported, arrival, raw, head["redacted"] is not None)

    def walk(self, offset: int, log: Callable[[str], None]) -> Iterator[Record]:
        """All records from ``offset`` on. Damage is skipped up to the next good record, with one line to ``log``."""
        damage, since = "", offset
        while offset < self.limit:
            try:
                record = self.read(offset)
            except Damaged as error:
                damage, since = (damage, since) if damage else (str(error), offset)
                offset = self.next_start(offset + 1)
            else:
                if damage:
                    log(f"{damage}; skipped {offset - since} bytes")
                    damage = ""
                yield record
                offset = record.end
        if damage:
            log(f"{damage}; skipped {self.limit - since} bytes")

    def next_start(self, offset: int) -> int:
        """Where the first record at or after ``offset`` (> 0) begins; the limit where there is none.

        Only after a line end: behind anything else (NULs of a crash) a mail's own text could pass for a record.
        """
        offset -= 1
        while offset < self.limit:
            data = self.bytes_at(offset, BLOCK)
            if (found := data.find(b"\n" + _START)) >= 0:
                return offset + found + 1
            if not data or offset + len(data) >= self.limit:
                break
            offset += len(data) - 5
        return self.limit

    def last(self, needle: bytes, end: int) -> int:
        """Where ``needle`` is found last in [0, end); -1 where it is not."""
        while end > 0:
            start = max(0, end - BLOCK)
            if (found := self._pread(start, end - start).rfind(needle)) >= 0:
                return start + found
            end = start + len(needle) - 1 if start else 0
        return -1

    def last_start(self, end: int) -> int:
        """Where the last record that begins before ``end`` begins; -1 where none does."""
        found = self.last(b"\n" + _START, end)
        if found >= 0:
            return found + 1
        return 0 if self.bytes_at(0, 5) == _START and end > 0 else -1


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class End:
    """How a file ends."""

    size: int  # bytes that are there
    good: int  # bytes to be kept
    closed: bool  # the next record may begin here: an empty line stands before
    damage: str  # a sentence, "" where there is none
    last: datetime | None  # arrival of the last good record


def survey(path: Path) -> End:
    """Finds the end of a file of records, looking at its end only.

    What a crash leaves is to be cut: a record that the file's end interrupts, and NULs (space given, never written; no
    record ends so). Anything else at the end may be an acknowledged mail that was damaged later: it is kept.
    """
    with Reader(path) as file:
        size, damage, last = file.limit, "", None
        file.stop_at(_without_nuls(file))
        start = file.last_start(file.limit)
        if start < 0 and _START.startswith(file.bytes_at(0, 5)):
            file.stop_at(0)
        elif start < 0:
            damage = f"{file.name}: holds no record"
        else:
            try:
                record = file.read(start)
                file.stop_at(record.end)  # behind it may stand the beginning of the word From
                last = record.arrival.at
            except Torn:
                file.stop_at(start)
            except Damaged as error:
                damage = str(error)
        closed = file.limit == 0 or file.bytes_at(max(0, file.limit - 2), 2) == b"\n\n"
        return End(size, file.limit, closed, damage, last or _last_arrival(file, start))


def _last_arrival(file: Reader, end: int) -> datetime | None:
    while (end := file.last_start(end)) >= 0:
        with suppress(Damaged):
            return file.read(end).arrival.at
    return None


def _without_nuls(file: Reader) -> int:
    end = file.limit
    while end > 0:
        start = max(0, end - BLOCK)
        data = file.bytes_at(start, end - start).rstrip(b"\0")
        if data:
            return start + len(data)
        end = start
    return 0
