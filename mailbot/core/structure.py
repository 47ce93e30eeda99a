"""Bytes -> headers and the stdlib's tree of parts, with a short way for the mails that have one part.

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

Pairs = list[tuple[str, str]]  # (name, value), bytes that are not ASCII as surrogates, encoded words still encoded

_BLANK = re.compile(rb"\n\r?\n")
_FIELD = re.compile(r"([!-9;-~]+):([^\n]*)\n")  # RFC 5322 2.2, unfolded; a blank before the colon is none
_MANY = re.compile(r"multipart|message/", re.IGNORECASE)
_PLAIN = re.compile(r"\s*text/plain\s*(?:;|$)", re.IGNORECASE)
_READ = ("", "7bit", "8bit", "binary", "quoted-printable")


class Text(NamedTuple):
    """The only part of a mail, where it is plain text; ``data`` is decoded."""

    data: bytes
    content_type: str


def many_parts(raw: bytes, problems: list[str]) -> tuple[Pairs, Mime]:
    """The headers of the mail, and its parts."""
    try:
        mime = email.message_from_bytes(raw)
    except Exception as error:  # the stdlib raises on some parameters (cpython#151857): headers and bare text are left
        problems.append(f"the parts could not be read ({type(error).__name__}): taken as one text")
        mime = BytesHeaderParser().parsebytes(raw)
    return list(mime.raw_items()), mime


def one_part(raw: bytes, head: int) -> tuple[Pairs, Mime | Text] | None:
    """The same the short way; None where it may have more parts or a header is not as it should be.

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
    text = text.replace("\n ", " ").replace("\n\t", " ")
    pairs: Pairs = _FIELD.findall(text)
    if sum(map(len, map("".join, pairs))) + 2 * len(pairs) + 1 != len(text):  # something is no header
        return None
    about = [(name, value.lstrip(" \t")) for name, value in pairs if name[:8].lower() == "content-"]
    found = {name.lower(): value for name, value in reversed(about)}  # of two the first counts
    if _MANY.search(found.get("content-type", "")):
        return None
    kind, encoding = found.get("content-type", ""), found.get("content-transfer-encoding", "").lower()
    attached = found.get("content-disposition", "").lower().startswith("attachment")
    if encoding in _READ and not attached and kind.isascii() and (not kind or _PLAIN.match(kind)):
        data = raw[end:]
        return pairs, Text(quopri.decodestring(data) if encoding == "quoted-printable" else data, kind)
    mime = Mime()
    for name, value in about:
        mime.set_raw(name, value)
    mime.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    return pairs, mime
