"""Bytes -> the stdlib's tree of parts, with a short way for the mails that have one part.

Law: the tree is what ``email.message_from_bytes`` makes of the bytes, whichever way it was made
(tests/test_short_ways.py); where that raises, headers and bare text are left. The stdlib goes through headers and text
line by line, in ten steps each: that was half of what an import costs.
"""

from __future__ import annotations

import email
import re
from email.message import Message as Mime
from email.parser import BytesHeaderParser

_NESTS = re.compile(r"multipart|message/", re.IGNORECASE)
_BLANK = re.compile(rb"\n\r?\n")
_FIELD = re.compile(r"([!-9;-~]+):([^\n]*\n(?:[ \t][^\n]*\n)*)")  # RFC 5322 2.2; a blank before the colon is none


def structure(raw: bytes, head: int, problems: list[str]) -> Mime:
    """``head``: where the blank line after the headers begins, -1 where there is none."""
    blank = _BLANK.match(raw, head) if head >= 0 else None
    mime = _one_part(raw, blank.end()) if blank else None
    if mime is not None:
        return mime
    try:
        return email.message_from_bytes(raw)
    except Exception as error:  # the stdlib raises on some parameters (cpython#151857): headers and bare text are left
        problems.append(f"the parts could not be read ({type(error).__name__}): taken as one text")
        return BytesHeaderParser().parsebytes(raw)


def _one_part(raw: bytes, end: int) -> Mime | None:
    """The mail, its headers up to ``end``; None where it may have more parts or a header is not as it should be."""
    head = raw[:end].decode("ascii", "surrogateescape")
    if head.count("\r") != head.count("\r\n") or _NESTS.search(head):
        return None
    mime, at = Mime(), 0
    while field := _FIELD.match(head, at):
        mime.set_raw(field[1], field[2].lstrip(" \t").rstrip("\r\n"))
        at = field.end()
    if head[at:] not in ("\n", "\r\n"):
        return None
    mime.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    return mime
