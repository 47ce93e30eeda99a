"""Mail from files: mbox (also .gz, also a Mailman archive's), Maildir, .eml, folders of these. For import and ``read``.

Law: nothing in a file stops the rest. What cannot be read is told in a sentence and passed over; a mail over ``LIMIT``
bytes is cut, so that memory stays bounded. What a file is, its first bytes say, not its name.

An mbox has no grammar (RFC 4155 describes a default, mail programs differ), so a separator is a line that begins with
``From ``, ends like a date, stands at the start or after an empty line, and has a header field or an empty line next.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LIMIT = 64 << 20  # bytes of one mail
BLOCK = 1 << 20  # bytes read at once
SEEN_BEHIND = 2048  # bytes that must stand behind a candidate before it is judged
GZIP = b"\x1f\x8b"

SEPARATOR = re.compile(
    rb"From (?:\"[^\"\r\n]{0,100}\"\S{0,320}|\S{1,320}(?: at \S{1,255})?)?[ \t]{1,8}"
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]{1,4}"
    rb"(?:[A-Z][a-z]{2}[ \t]{1,4}\d{1,2}|\d{1,2}[ \t]{1,4}[A-Z][a-z]{2}[ \t]{1,4}\d{4}),?[ \t]{1,4}"
    rb"\d{1,2}:\d\d(?::\d\d)?[^\r\n]{0,80}\r?\n"
    rb"(?=\r?\n|[!-9;-~]{1,80}[ \t]*:|>*From |\Z)"
)
"""A line that begins a mail, and a look at the next. Bounded on every side. Its examples stand below."""

SEPARATORS = (
    b"From alice@example.org Thu Jan  4 12:00:00 2007\n",  # asctime, RFC 4155
    b"From - Thu Jan 04 12:00:00 2007\r\n",  # Thunderbird
    b"From MAILER-DAEMON Thu Jan  4 12:00:00 2007\n",  # the null sender
    b"From  Thu Jan  4 12:00:00 2007\n",  # nobody at all
    b"From alice at example.org  Thu Jan  4 12:00:00 2007\n",  # pipermail
    b"From 1588221331463@xxx Thu Jan 04 12:00:00 +0000 2007\n",  # Gmail's export
    b"From alice@example.org Thu, 4 Jan 2007 12:00:00 +0100\n",  # as in Date
    b"From alice Thu Jan  4 12:00 MET 2007 remote from example\n",  # UUCP
    b'From "a b"@example.org Thu Jan  4 12:00:00 2007\n',
)
NO_SEPARATORS = (
    b"From here on it was quiet.\n",
    b"From Monday on Thu Jan  4 12:00:00 2007\n",
    b"From alice@example.org yesterday\n",
    b"From alice@example.org Thu Jan  4 12:00:00 2007\nshe wrote\n",  # neither a header nor an empty line next
)

PATCH = re.compile(rb"From [0-9a-f]{40}(?:[0-9a-f]{24})? Mon Sep 17 00:00:00 2001")
"""What git format-patch writes. In a mail's body it is an attached patch; it parts mails only in git's own files."""

HEADER = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
QUOTED = re.compile(rb"^>(>*From )", re.M)
LOOKED_FOR = re.compile(rb"From (?<=[\n>]From )")  # its first letter is rare, a line end or a ">" is not

FAULTS = (OSError, EOFError, zlib.error)
"""What reading a file raises, compressed or not."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read. ``kind``: mbox, eml, or "" where ``problem`` says in a sentence why it cannot be read."""

    path: Path
    kind: str
    problem: str = ""


def _nobody(_: object) -> None:
    """For those who do not want to be told."""


def walk(paths: Sequence[Path]) -> Iterator[Source]:
    """The mail files at and below these paths, in the order given, each folder sorted by name.

    Hidden files and folders are passed over, except inside a Maildir, whose sub-folders are hidden (Maildir++). Links
    to folders are followed only where they are named in ``paths``.
    """
    for path in paths:
        if os.path.isdir(path):
            yield from _folder(path, hidden=False)
        else:
            yield _file(path)


def mails(path: Path, problem: Tell = _nobody, position: Callable[[int], None] = _nobody) -> Iterator[bytes]:
    """The raw mails of one file (or of all files below a folder), line ends as they are, mbox quoting taken off.

    ``problem`` is told what could not be read, ``position`` how many bytes of the file being read are done (of a .gz:
    compressed bytes; ``size`` is its whole).
    """
    if os.path.isdir(path):
        for source in walk([path]):
            if source.problem:
                problem(source.problem)
            else:
                yield from mails(source.path, problem, position)
        return

    def tell(words: str) -> None:
        problem(f"{path}: {words}")

    if os.path.exists(path) and not os.path.isfile(path):
        tell("is no file")  # a pipe or a device would hang us
        return
    try:
        with path.open("rb") as file:
            blocks = _until_fault(_blocks(file, position, BLOCK), tell)
            first = next(blocks, b"")
            if _kind(first) == "mbox" and not _in_maildir(path):
                yield from _split(first, blocks, tell)
            elif first:
                yield _whole(first, blocks, tell)
    except OSError as fault:
        tell(f"cannot be read: {_words(fault)}")


def size(path: Path) -> int:
    """Bytes of a file on disk (of a .gz: compressed), or of all mail files of a folder; 0 where it cannot be asked."""
    try:
        if os.path.isdir(path):
            return sum(size(source.path) for source in walk([path]) if not source.problem)
        return path.stat().st_size
    except OSError:
        return 0


def _folder(folder: Path, *, hidden: bool) -> Iterator[Source]:
    """``hidden``: whether hidden entries count, which they do below a Maildir."""
    maildir = os.path.isdir(folder / "cur") and os.path.isdir(folder / "new")
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as fault:
        yield Source(folder, "", f"{folder}: the folder cannot be read: {_words(fault)}")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") and not (hidden or maildir):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not (maildir and entry.name == "tmp"):
                yield from _folder(path, hidden=hidden or maildir)
        elif _in_maildir(path):
            if not entry.name.startswith(".") and entry.is_file():
                yield Source(path, "eml")
        elif not hidden and not maildir and not os.path.isdir(path):  # a Maildir has other files beside its mails
            yield _file(path)


def _in_maildir(path: Path) -> bool:
    return path.parent.name in ("cur", "new") and all(
        os.path.isdir(path.parent.parent / name) for name in ("cur", "new")
    )


def _file(path: Path) -> Source:
    try:
        if not path.is_file():
            return Source(path, "", f"{path}: {'is no file' if path.exists() else 'is not there'}")
        with path.open("rb") as file:
            start = next(_blocks(file, _nobody, 4096), b"")
    except FAULTS as fault:
        return Source(path, "", f"{path}: cannot be read: {_words(fault)}")
    kind = _kind(start)
    if not kind and path.suffix.lower() != ".eml":
        return Source(path, "", f"{path}: is no mail file that mailbot knows (mbox, mbox.gz, Maildir, .eml)")
    return Source(path, kind or "eml")


def _kind(start: bytes) -> str:
    """What a file is by its first bytes; an empty one is an mbox without mails. "" where it is neither."""
    begin = start[:4096].lstrip(b"\r\n")
    if not begin or SEPARATOR.match(begin):
        return "mbox"
    return "eml" if HEADER.match(begin.removeprefix(b"\xef\xbb\xbf")) else ""


def _blocks(file: BinaryIO, position: Callable[[int], None], length: int) -> Iterator[bytes]:
    start = file.read(2)
    file.seek(0)
    # read1, because read forgets what it has when the file turns out to be torn
    read = gzip.GzipFile(fileobj=file).read1 if start == GZIP else file.read
    while block := read(length):
        position(file.tell())
        yield block


def _until_fault(blocks: Iterator[bytes], problem: Tell) -> Iterator[bytes]:
    try:
        yield from blocks
    except FAULTS as fault:
        problem(f"cannot be read to its end: {_words(fault)}")


def _whole(first: bytes, blocks: Iterable[bytes], problem: Tell) -> bytes:
    mail = bytearray(first)
    for block in blocks:
        mail += block
        if len(mail) > LIMIT:
            break
    return bytes(_cut(mail, problem))


def _cut(mail: bytearray, problem: Tell) -> bytearray:
    if len(mail) <= LIMIT:
        return mail
    problem(f"a mail has more than {LIMIT:,} bytes and was cut there")
    return mail[:LIMIT]


def _split(first: bytes, blocks: Iterator[bytes], problem: Tell) -> Iterator[bytes]:
    """An mbox -> its mails. ``buffer`` begins where the mail being read does; ``seen`` bytes hold no separator."""
    buffer = bytearray(first.lstrip(b"\r\n"))
    patches = PATCH.match(buffer) is not None
    begin = SEPARATOR.match(buffer)
    del buffer[: begin.end() if begin else 0]
    seen, cut, end = 0, False, False
    while not end:
        more = next(blocks, b"")
        buffer += more
        end = not more
        start = 0
        for at, after, quoted in _separators(buffer, seen, end, patches):
            if at > start and not cut:
                mail = _cut(buffer[start:at], problem)
                yield _unquoted(mail) if quoted else bytes(mail)
            start, cut = after, False
        del buffer[:start]
        seen = max(0, len(buffer) - SEEN_BEHIND)
        if cut:
            del buffer[:seen]
            seen = 0
        elif len(buffer) > LIMIT:
            yield _unquoted(_cut(buffer, problem))
            del buffer[:seen]
            seen, cut = 0, True
    if buffer and not cut:
        yield _unquoted(_without_last_empty_line(buffer))


def _separators(buffer: bytearray, start: int, end: bool, patches: bool) -> Iterator[tuple[int, int, bool]]:
    """(where a mail ends, where the next begins, may the first have quoted lines?) for every separator at or behind ``start``.

    Those in the last ``SEEN_BEHIND`` bytes wait until there is more behind them, or ``end``.
    """
    last = len(buffer) if end else len(buffer) - SEEN_BEHIND
    quoted = True  # nobody looks before ``start``
    line = LOOKED_FOR.search(buffer, start + 1)
    while line and (at := line.start() - 1) < last:
        empty = at - 1 if buffer[at - 1 : at] == b"\r" else at  # where the line that ends here begins, if it is empty
        if buffer[at] == ord(">"):
            quoted = True
        elif empty == 0 or buffer[empty - 1 : empty] == b"\n":
            found = SEPARATOR.match(buffer, at + 1)
            if found and (patches or not PATCH.match(buffer, at + 1)):
                yield empty, found.end(), quoted
                quoted = False
        line = LOOKED_FOR.search(buffer, line.end())


def _without_last_empty_line(mail: bytearray) -> bytearray:
    for ending, one in ((b"\r\n\r\n", 2), (b"\n\n", 1)):
        if mail.endswith(ending):
            return mail[:-one]
    return mail


def _unquoted(mail: bytearray) -> bytes:
    """mboxrd undone, one ">" of ">From " and of ">>From "; in mboxo, which quotes only "From ", the same is right."""
    return QUOTED.sub(rb"\1", mail)


def _words(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
