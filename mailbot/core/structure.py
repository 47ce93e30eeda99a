"""Bytes -> headers and the stdlib's tree of parts, with short ways for mails of one part and for sound ones of many.

Law: both are what ``email.message_from_bytes`` makes of the bytes, whichever way they were made
(tests/test_short_ways.py); where that raises, headers and bare text are left. The stdlib goes through headers and text
line by line, in ten steps each: that was half of what an import costs.
"""

from __future__ import annotations

import email
import quopri
import re
from email.message import Message as Mime
from email.parser import BytesHeaderParser
from typing import NamedTuple

from mailbot.core.limits import VALUE_BYTES

Pairs = list[tuple[str, str]]
"""(name, value): the name printed ASCII; bytes of the value that are not ASCII as surrogates, encoded words still encoded."""

_PRINTED = bytes(range(32, 127))
_BLANK = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\n[ \t]")
_FIELD = re.compile(r"\n([!-9;-~]+):([^\n]*)")  # RFC 5322 2.2, unfolded; a blank before the colon is none
_FOLDED = re.compile(r"\n([!-9;-~]+):([^\n]*(?:\n[ \t][^\n]*)*)")
_MANY = re.compile(r"multipart|message/", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n\r?\n")
_OPENED = re.compile(r"[ \t]*\r?(?=\n)")  # what stands behind a boundary in its line
_CLOSED = re.compile(r"--[ \t]*(?:\r?\n|\Z)")
_PLAIN = re.compile(r"\s*text/plain\s*(?:;|$)", re.IGNORECASE)
_READ = ("", "7bit", "8bit", "binary", "quoted-printable")


class Text(NamedTuple):
    """The only part of a mail, where it is plain text; ``data`` is decoded."""

    data: bytes
    content_type: str


def many_parts(raw: bytes, problems: list[str]) -> tuple[Pairs, Mime, bool]:
    """The headers of the mail, its parts, and False: more is to be asked of the headers."""
    try:
        mime = _sound(raw)
        if mime is None:
            mime = email.message_from_bytes(raw)
    except Exception as error:  # the stdlib raises on some parameters (cpython#151857): headers and bare text are left
        problems.append(f"the parts could not be read ({type(error).__name__}): taken as one text")
        mime = BytesHeaderParser().parsebytes(raw)
    return list(mime.raw_items()), mime, False


def _sound(raw: bytes) -> Mime | None:
    """The parts the short way; None where anything is not as it should be."""
    text = "\n" + raw.decode("ascii", "surrogateescape")
    return None if "\r" in text and text.count("\r") != text.count("\r\n") else _part(text)


def _part(text: str) -> Mime | None:
    """The same of one part. ``text`` begins with the line end before it; what stands around its own parts is left out."""
    blank = _BLANK_LINE.search(text)
    if blank is None:
        return None
    head = text[: blank.start()]
    pairs: Pairs = _FOLDED.findall(head)
    if sum(map(len, map("".join, pairs))) + 2 * len(pairs) != len(head):  # something is no header
        return None
    part = Mime()
    for name, value in pairs:
        part.set_raw(name, value.lstrip(" \t").rstrip("\r\n"))
    kind = part.get_content_type()
    if not kind.startswith("multipart/"):
        part.set_payload(text[blank.end() :])
        return None if kind.startswith("message/") else part
    boundary = part.get_boundary()
    if not boundary or "\n" in boundary or kind == "multipart/digest":  # whose parts are mails
        return None
    pieces = text[blank.end() - 1 :].split("\n--" + boundary)
    if len(pieces) < 3 or not _CLOSED.match(pieces[-1]):
        return None
    for piece in pieces[1:-1]:
        opened = _OPENED.match(piece)
        child = _part(piece[opened.end() :].removesuffix("\r")) if opened else None
        if child is None:
            return None
        part.attach(child)
    return part


def one_part(raw: bytes, head: int) -> tuple[Pairs, Mime | Text, bool] | None:
    """The same the short way; None where it may have more parts or a header is not as it should be.

    The third: are the headers short, and nothing but printed ASCII? Then nothing more is asked of each.
    ``head``: where the blank line behind the headers begins, -1: nowhere.
    The part has only the headers that say how its text is to be read.
    """
    blank = _BLANK.match(raw, head) if head >= 0 else None
    if blank is None:
        return None
    end = blank.end()
    text = raw[:end].decode("ascii", "surrogateescape")
    if "\r" in text and "\r" in (text := text.replace("\r\n", "\n")):
        return None
    text = "\n" + _FOLD.sub(" ", text[:-2])
    pairs: Pairs = _FIELD.findall(text)
    printed = end <= VALUE_BYTES and text.isascii() and text.encode().translate(None, _PRINTED) == b"\n" * len(pairs)
    if not printed and len(pairs) != text.count("\n"):  # a line is no header
        return None
    about = [(name, value.lstrip(" \t")) for name, value in pairs if name[0] in "cC" and name[:8].lower() == "content-"]
    found = {name.lower(): value for name, value in reversed(about)}  # of two the first counts
    if _MANY.search(found.get("content-type", "")):
        return None
    kind, encoding = found.get("content-type", ""), found.get("content-transfer-encoding", "").lower()
    attached = found.get("content-disposition", "").lower().startswith("attachment")
    if encoding in _READ and not attached and kind.isascii() and (not kind or _PLAIN.match(kind)):
        data = raw[end:]
        return pairs, Text(quopri.decodestring(data) if encoding == "quoted-printable" else data, kind), printed
    mime = Mime()
    for name, value in about:
        mime.set_raw(name, value)
    mime.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    return pairs, mime, printed
