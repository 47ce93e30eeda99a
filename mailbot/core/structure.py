"""Bytes -> headers and the stdlib's tree of parts, with a short way for the mails that have one part.

Law: both are what ``email.message_from_bytes`` makes of the bytes, whichever way they were made
(tests/test_short_ways.py); where that raises, headers and bare text are left. The stdlib goes through headers and text
line by line, in ten steps each: that was half of what an import costs.
"""

from __future__ import annotations

import email
import re
from email.message import Message as Mime
from email.parser import BytesHeaderParser

Pairs = list[tuple[str, str]]  # (name, value), bytes that are not ASCII as surrogates, encoded words still encoded

_BLANK = re.compile(rb"\n\r?\n")
_FIELD = re.compile(r"([!-9;-~]+):([^\n]*)\n")  # RFC 5322 2.2; a blank before the colon is none


def many_parts(raw: bytes, problems: list[str]) -> tuple[Pairs, Mime]:
    """The headers of the mail, and its parts."""
    try:
        mime = email.message_from_bytes(raw)
    except Exception as error:  # the stdlib raises on some parameters (cpython#151857): headers and bare text are left
        problems.append(f"the parts could not be read ({type(error).__name__}): taken as one text")
        mime = BytesHeaderParser().parsebytes(raw)
    return list(mime.raw_items()), mime


def one_part(raw: bytes, head: int) -> tuple[Pairs, Mime] | None:
    """The same the short way; None where it may have more parts or a header is not as it should be.

    ``head``: where the blank line behind the headers begins, -1: nowhere.
    The part has only the headers that say how its text is to be read.
    """
    blank = _BLANK.match(raw, head) if head >= 0 else None
    if blank is None:
        return None
    end = blank.end()
    text = raw[:end].decode("ascii", "surrogateescape").replace("\r\n", "\n")
    low = text.lower()
    if "\r" in text or "multipart" in low or "message/" in low:
        return None
    text = text.replace("\n ", " ").replace("\n\t", " ")
    pairs: Pairs = _FIELD.findall(text)
    if sum(map(len, map("".join, pairs))) + 2 * len(pairs) + 1 != len(text):  # something is no header
        return None
    mime = Mime()
    for name, value in pairs:
        if name[:8].lower() == "content-":
            mime.set_raw(name, value.lstrip(" \t"))
    mime.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    return pairs, mime
