"""Times as people write them -> instants. FORMATS is a table: a new way to write a time is one row with its example.

The law it keeps: reading is total and linear in the text; what is no event is left out, what had to be inferred says so, and
nothing is later than the mail that tells it. The way of a time through the modules:

    scanner, formats, found   what stands there: a date, a clock, "20 min ago"
    expressions               what stands together: date + clock + zone, ranges, one time said in two zones
    page, sheet               the lines, and what the whole text says: "All times in PDT", the month first
    listings, looks           what is refused: lines of a console; durations, plans
    place, placing, walk      the day and the zone that a time does not say itself (days, zones)
    words                     what happened then
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailbot.core.expressions import read
from mailbot.core.formats import FORMATS
from mailbot.core.page import Line
from mailbot.core.place import Known, Place
from mailbot.core.placing import Placer
from mailbot.core.sheet import MENTIONS, Sheet, make_sheet
from mailbot.core.walk import Refused, walk
from mailbot.core.words import entry_words
from mailbot.core.zones import read_zone

__all__ = ["FORMATS", "MENTIONS", "Context", "Instant", "Mention", "read_times", "read_when"]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the text. ``date``: the Date header with the sender's offset (arrival where it has none)."""

    date: datetime
    offset_known: bool = True  # False: Date was -0000 or missing, its offset says nothing of the sender
    sender_zone: str = ""  # what the sender's ZONE command said: IANA name or +hh:mm
    list_zone: str = ""  # the list's zone, "" = UTC
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment in a text: ``text[start:end]`` as written, its instant, and on what that rests (language.md 3.2)."""

    start: int
    end: int
    text: str
    utc: datetime | None  # aware, UTC; None where no instant can be given
    precision: str  # minute, hour, day
    about: bool
    date_from: str  # written, heading, order, mail
    zone_from: str  # written, block, message, sender, mail, list, utc
    zone: str  # as used: "UTC", "+02:00", "Europe/Zurich", "PDT"
    sure: bool
    why: str = ""  # which row of FORMATS read it, and any doubt, for WHY


@dataclass(frozen=True, slots=True)
class Mention:
    """An event in own text: one instant, or two (a range), and what happened, in the writer's words."""

    what: str
    times: tuple[Instant, ...]
    line: int  # 1-based line of the text
    lead: bool = False  # its line begins with it: an entry of a list, a row, a chat line, a heading


def _known(context: Context) -> Known:
    sent = context.date
    if not 1970 < sent.year < 9000:  # a Date that cannot be is no reason to fail
        sent = datetime(
            1971 if sent.year <= 1970 else 8999, sent.month, min(sent.day, 28), sent.hour, sent.minute, tzinfo=UTC
        )
    return Known(sent, context.offset_known, context.sender_zone, context.list_zone)


def _instant(text: str, p: Place) -> Instant:
    e = p.e
    why = "; ".join([f"read as {e.row}", f"date {p.date_from}", f"zone {p.zone_from} ({p.zone})", *p.doubts])
    words = text[e.start : e.end]
    return Instant(
        e.start, e.end, words, p.utc, e.precision, e.about, p.date_from, p.zone_from, p.zone, p.sure, why
    )  # fmt: skip


def read_times(
    text: str, own: Sequence[tuple[int, int]], context: Context
) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    """All events in ``own`` spans (whole lines, sorted) of ``text`` in order, and problems as sentences (too many times, …).

    A chat pasted behind ">" that nobody is said to have written is read as the writer's own, also outside ``own``.
    """
    sheet = make_sheet(text, own, _known(context))
    return _mentions(sheet, walk(sheet, context.subject))[:MENTIONS], tuple(sheet.problems)


def refused(text: str, own: Sequence[tuple[int, int]], context: Context) -> list[Refused]:
    """What ``read_times`` finds there and takes for no event, with its reason: for ``why``."""
    found: list[Refused] = []
    walk(make_sheet(text, own, _known(context)), context.subject, found)
    return found


def _mentions(sheet: Sheet, places: list[list[Place]]) -> tuple[Mention, ...]:
    """Ranges as one mention of two instants, each with its words."""
    leads = {i for i, row in enumerate(places) if any(p.lead for p in row)}
    all_spans = [(p.e.start, p.e.end) for row in places for p in row]
    out: list[Mention] = []
    done = 0
    for index, row in enumerate(places):
        rest = list(row)
        while rest:
            pair = [rest.pop(0)]
            if pair[0].e.to_next and rest and rest[0].e.from_previous:
                pair.append(rest.pop(0))
            spans = [(p.e.start, p.e.end) for p in pair]
            near = all_spans[max(0, done - 4) : done + 6]
            done += len(pair)
            what = entry_words(sheet.text, sheet.lines, index, spans, pair[0].lead, leads, near)
            out.append(
                Mention(what, tuple(_instant(sheet.text, p) for p in pair), sheet.lines[index].number, pair[0].lead)
            )
    return tuple(out)


_NOW = re.compile(r"[ \t]*(now)(?!\w)", re.I)
_BEGIN = re.compile(
    r"[ \t]*(?:(?:~|≈|about|around|ca\.?|circa|approx\.?|roughly|at|since|from|on|um|seit|gegen|à|vers|a las|alle"
    r"|om)[ \t]*){0,3}",
    re.I,
)


def read_when(text: str, context: Context) -> tuple[Instant, int] | None:
    """A time at the very start of ``text`` (an argument: "14:05 CEST", "20 min ago", "yesterday 3pm"), and where it ends.

    "now" is the Date header's instant. None where ``text`` begins with no time, or with one later than the mail.
    """
    known = _known(context)
    m = _NOW.match(text)
    if m is not None:
        zone, _, rung = known.fallback()
        utc = known.mail.astimezone(UTC)
        why = "now: the Date header"
        return Instant(m.start(1), m.end(1), m[1], utc, "minute", False, "written", rung, zone, True, why), m.end()
    begin = _BEGIN.match(text)
    head = text[:300].split("\n", 1)[0]
    first = next(iter(read(head, 0, len(head), known.minutes)[0]), None)
    if first is None or not first.timed or begin is None or first.start > begin.end():
        return None
    p = Place(first, Line(1, 0, len(head), 0), True)
    Placer(known, None, None, False).place(p, read_zone(first.zone, known.minutes) if first.zone else None)
    return None if p.dropped or p.utc is None else (_instant(text, p), first.end)
