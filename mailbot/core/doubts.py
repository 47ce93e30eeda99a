"""What is odd about the times of one message: the values of the time lint, and the page that its rules look at.

The law it keeps: nothing is changed by a doubt. It is one sentence about one line, found in one pass, and at most MOST of a kind
are told of one message. Only own text is looked at, and of that the first LOOKED characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from mailbot.core.times import Context, Instant

LOOKED = 100_000
TRIED = 500  # matches of one pattern

MOST = 5
SKEW = timedelta(minutes=10)  # a Date so far from arrival is looked at


_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a rule says of one message. ``when``: the time it is about; ``ask``: what to ask of it, "" for nothing; ``fix``:
    what is more likely right."""

    rule: str
    line: int  # 1-based line of the message's text
    sentence: str
    when: Instant | None = None
    ask: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A duration of the whole incident as a message states it: "Duration: 1h"."""

    line: int
    words: str
    span: timedelta
    slack: timedelta  # how far off it may be, as exactly as it is said


@dataclass(frozen=True, slots=True)
class Told:
    """One event or command of a message with its times. ``placed``: the times' offsets are of the text, not of an argument."""

    line: int
    times: tuple[Instant, ...]
    lead: bool = False
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What the lint keeps of one message of an incident. ``skew``: Date header less arrival, where that is odd."""

    message_id: str
    email: str
    doubts: tuple[Doubt, ...] = ()
    stated: tuple[Stated, ...] = ()
    skew: timedelta | None = None


@dataclass(frozen=True)
class Page:
    """The own text of one message with what was read in it."""

    text: str
    own: Sequence[tuple[int, int]]
    context: Context
    told: Sequence[Told]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """The own spans as far as they are looked at."""
        out, left = [], LOOKED
        for start, end in self.own:
            if left <= 0:
                break
            out.append((start, min(end, start + left)))
            left -= end - start
        return out

    @property
    def sender(self) -> int | None:
        """The Date header's offset in minutes, None where it says nothing."""
        offset = self.context.date.utcoffset() if self.context.offset_known else None
        return None if offset is None else round(offset.total_seconds() / 60)

    @property
    def mail(self) -> datetime:
        return self.context.date

    @cached_property
    def numbers(self) -> list[int]:
        """Where a number begins that is no part of a word, a path or another number."""
        text = self.text
        found = (m.start() for start, end in self.spans for m in _NUMBER.finditer(text, start, end))
        return [at for at in found if not at or not (text[at - 1] in "_.:/-" or text[at - 1].isalnum())]

    def numbers_like(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        matches = (m for at in self.numbers if (m := pattern.match(self.text, at)) is not None)
        return islice(matches, TRIED)

    def own_lines(self) -> Iterator[tuple[int, str]]:
        """(number, its first 400 characters) of each line."""
        for start, end in self.spans:
            first = self.line_of(start)
            for number, line in enumerate(self.text[start:end].split("\n"), first):
                if line:
                    yield number, line[:400]

    def line_of(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def around(self, at: int) -> str:
        """The line that ``at`` stands on, as far as it is near."""
        first = max(self.text.rfind("\n", max(0, at - 200), at) + 1, at - 200)
        last = self.text.find("\n", at, at + 200)
        return self.text[first : last if last >= 0 else at + 200]

    def on(self, line: int, words: str = "") -> Instant | None:
        """The first time that was read on a line: the one that has ``words`` in it, if any has."""
        times = [t for told in self.told if told.line == line for t in told.times]
        return next((t for t in times if words and words in t.text), times[0] if times else None)


def offset_in_words(minutes: int) -> str:
    """``UTC-8``, ``UTC+5:30``, ``UTC``."""
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def clock_in(time: Instant) -> str:
    """The clock of a time as it was written, without its day: "14:05"; the instant in UTC where it has none."""
    found = re.search(r"\d{1,2}[:.h]\d\d(?::\d\d)?(?:[ ]?[ap]\.?m\.?)?|\d{1,2}[ ]?[ap]\.?m\.?", time.text, re.I)
    return found[0] if found else time.text[:30] if time.utc is None else f"{time.utc:%H:%M} UTC"
