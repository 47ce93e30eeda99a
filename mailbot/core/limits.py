"""Limits on the bytes of a mail, kept before anything is parsed: the standard library is quadratic or recursive on hostile input.

Law: what is over a limit is cut and said; nothing raises.
"""

from __future__ import annotations

import re

HEADER_BYTES = 262_144  # all headers of a mail
VALUE_BYTES = 32_768  # one header
HEAD = 100_000  # bytes of them that are looked at when it arrives
NESTED = 30  # multiparts and enclosed messages in one mail
PARTS = 1_000


_BLANK = re.compile(rb"\n\r?\n")


def head_end(raw: bytes, start: int = 0) -> int:
    """Where the blank line that ends the headers begins, -1 where there is none."""
    blank = _BLANK.search(raw, start)
    end = blank.start() if blank else len(raw)
    other = raw.find(b"\r\r", start, end) if raw.find(b"\r", start, end) >= 0 else -1
    return end if blank and other < 0 else other


def head_of(raw: bytes) -> bytes:
    """The headers alone, at most HEAD bytes: for what is asked of each mail that arrives."""
    end = head_end(raw[:HEAD])
    return raw[: end if end >= 0 else HEAD]


_NESTING = re.compile(rb"^content-type:\s{0,80}(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)


def bounded(raw: bytes, problems: list[str]) -> bytes:
    """``raw`` without NULs, with its headers cut to the limit."""
    raw = raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw
    if b"\0" in raw:
        problems.append("NUL bytes were removed")
        raw = raw.replace(b"\0", b"")
    if len(raw) > HEADER_BYTES and head_end(raw[:HEADER_BYTES]) < 0:
        problems.append(f"headers over {HEADER_BYTES} bytes: the rest was not read")
        rest = head_end(raw, HEADER_BYTES)
        raw = raw[: raw.rfind(b"\n", 0, HEADER_BYTES) + 1 or HEADER_BYTES] + (raw[rest:] if rest >= 0 else b"")
    return raw


def few_parts(raw: bytes, head: int, problems: list[str]) -> bytes:
    """``raw`` without parts that are nested too deep or too many; ``head``: where its headers end."""
    low = raw.lower()
    if low.count(b"multipart/") + low.count(b"message/") > NESTED:
        raw = _without_nests(raw, problems)
    if raw.count(b"\n--") > PARTS:
        raw = _without_parts(raw, max(head, 0), problems)
    return raw


def _without_nests(raw: bytes, problems: list[str]) -> bytes:
    for nested, match in enumerate(_NESTING.finditer(raw), 1):
        if nested > NESTED:
            problems.append(f"more than {NESTED} nested parts: the rest was not read")
            return raw[: match.start()]
    return raw


_BOUNDARY = re.compile(rb'boundary\s{0,9}=\s{0,9}(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


def _without_parts(raw: bytes, start: int, problems: list[str]) -> bytes:
    """Cut behind the first PARTS boundary lines; lines that only look like one ("-- ") do not count."""
    known = {b"--" + (m[1] or m[2]).rstrip() for m in _BOUNDARY.finditer(raw)}
    count = 0
    for match in re.finditer(rb"^--[^\r\n]{1,202}", raw, re.MULTILINE):
        if match.start() >= start and match[0].rstrip() in known:
            count += 1
            if count > PARTS:
                problems.append(f"more than {PARTS} parts: the rest was not read")
                return raw[: match.start()]
    return raw
