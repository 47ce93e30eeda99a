"""Why what looks like a time is none: a port, a duration, a plan. For ``mailbot why``; the reading itself never waits for it.

The law it keeps: whatever looks like a clock in own text is either a time that was read or stands here with a reason, the most
exact that is known; at most MOST of a message. A row of TOKENS carries its example, which is its test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.formats import LOOKS
from mailbot.core.listings import LINES
from mailbot.core.times import Context, Mention, refused

MOST = 50
LONG = 1000  # characters of a line that are looked at


@dataclass(frozen=True, slots=True)
class Refusal:
    """``text[start:end]`` is no event; ``sentence`` says why: "8080 is a port"."""

    line: int
    start: int
    end: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Token:
    """``pattern`` has a group ``t``: the part that could be taken for a time."""

    name: str
    pattern: str
    example: str


TOKENS: tuple[Token, ...] = (
    *(
        Token(look.name, rf"(?<![\w.:/-])(?P<t>{look.pattern})", look.example)
        for look in LOOKS
        if look.name not in ("path of numbers", "identifier")  # they look like no time
    ),
    Token("place in a file", r"\.[a-z]{1,4}:(?P<t>\d{1,6}:\d{1,4})(?!\d)", "core.py:14:05"),
    Token("port", r"(?:\bports?[ =:#]{1,2}|(?<=[a-z\]]):)(?P<t>\d{2,5})(?![\w:.]\d)", "host.example.org:8080"),
    Token("clock with pm", r"(?<![\w:.])(?P<t>(?:1[3-9]|2\d)[ ]?[ap]\.?m)\b", "14 pm"),
    Token("number", r"(?<![\w.,:])(?P<t>\d{1,2}\.\d\d)(?![\w:]|[.,]\d)", "load 14.05"),
    Token("no time", r"(?<![\w.:])(?P<t>\d{1,3}[:h]\d{2}(?::\d{2})?)(?!\w)", "25:61"),
)
_TOKENS = tuple((t.name, re.compile(t.pattern)) for t in TOKENS)
_CANDIDATE = re.compile(r"\d[:.h]\d|\d[ ]?[ap]\.?m\b|\bports?[ =:#]|[a-z\]]:\d")

_ARTICLE = {
    "address": "is part of an address", "ip address": "is an IP address", "hardware address": "is a hardware address",
    "pci slot": "is a PCI slot", "identifier": "is an identifier", "offset from UTC": "is an offset from UTC",
    "hours of something": "is a duration", "port map": "is a port", "phone": "is part of a phone number",
    "clock with pm": "is no clock of twelve hours", "number": 'is a number (a time with a dot needs "Uhr" or "um")',
    "no time": "is no time that I can read", "name": "is part of a name", "planned": "is planned: no event",
    "every day": "happens every day: no event", "opening hours": "is of opening hours: no event",
    "numbered build": "is the stamp of a build",
    "build stamp": "is the stamp of a build",
    "later than the mail": "is later than the mail that tells of it: no event", "no such date": "is on a day that does not exist",
    "no such time": "is no time that exists", "unit": "is an amount of something",
    "the stamp above, in another zone": "is the stamp above, in another zone",
}  # fmt: skip
_LINES = frozenset(row.name for row in LINES)


def in_words(name: str) -> str:
    """The end of the sentence for the name of a row or a reason."""
    if name in _LINES:
        return f"stands in what looks like: {name}"
    return _ARTICLE.get(name) or f"is a {name}"


def refusals(
    text: str, own: Sequence[tuple[int, int]], context: Context, mentions: Sequence[Mention]
) -> tuple[Refusal, ...]:
    """What in ``own`` (the spans that ``mentions`` were read in) looks like a time and is no event, in order."""
    found = [
        Refusal(line, start, end, _said(text, start, end, why)) for line, start, end, why in refused(text, own, context)
    ]
    taken = [(t.start, t.end) for m in mentions for t in m.times] + [(r.start, r.end) for r in found]
    for start, end in own:
        number = text.count("\n", 0, start) + 1
        at = start
        for line in text[start:end].split("\n"):
            if len(found) < MOST and _CANDIDATE.search(line[:LONG]):
                found += _in_line(text, number, at, at + min(len(line), LONG), taken)
            at, number = at + len(line) + 1, number + 1
    return tuple(sorted(found, key=lambda r: r.start)[:MOST])


def _in_line(text: str, number: int, first: int, last: int, taken: list[tuple[int, int]]) -> list[Refusal]:
    out: list[Refusal] = []
    for name, pattern in _TOKENS:
        for m in pattern.finditer(text, first, last):
            start, end = m.span("t")
            if start < end and not any(start < e and s < end for s, e in taken) and re.search(r"\d", m["t"]):
                taken.append((start, end))
                out.append(Refusal(number, start, end, _said(text, start, end, name)))
    return out


def _said(text: str, start: int, end: int, why: str) -> str:
    words = " ".join(text[start:end].split())
    return f'"{words if len(words) <= 60 else words[:57] + "..."}" {in_words(why)}'
