"""Times as people write them -> instants. FORMATS is a table: a new way to write a time is one row with its example.

The law it keeps: reading is total and linear in the text; what is no event is left out, what had to be inferred says so, and
nothing is later than the mail that tells it. The way: ``formats`` scans, ``expressions`` joins, ``looks`` refuses, ``page`` and
``placing`` know the document around a time, ``words`` says what happened.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mailbot.core.expressions import Expression, read
from mailbot.core.formats import FORMATS
from mailbot.core.scanner import scan
from mailbot.core.looks import clock_look, line_look, not_now
from mailbot.core.page import Line, head_zone, lines, statements, with_pastes
from mailbot.core.placing import SLACK, Known, Place, Placer, is_lead, resolve
from mailbot.core.words import entry_words
from mailbot.core.zones import Zone, read_zone

__all__ = ["FORMATS", "Context", "Instant", "Mention", "read_times", "read_when"]

MENTIONS = 500  # of one message; the rest is counted
_CLOCK = re.compile(r"\d\d?:\d\d")


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


def _known(context: Context) -> Known:
    return Known(context.date, context.offset_known, context.sender_zone, context.list_zone)


def _instant(text: str, p: Place) -> Instant:
    e = p.e
    why = "; ".join([f"read as {e.row}", f"date {p.date_from}", f"zone {p.zone_from} ({p.zone})", *p.doubts])
    return Instant(
        e.start,
        e.end,
        text[e.start : e.end],
        p.utc,
        e.precision,
        e.about,
        p.date_from,
        p.zone_from,
        p.zone,
        p.sure,
        why,
    )


def read_times(
    text: str, own: Sequence[tuple[int, int]], context: Context
) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    """All events in ``own`` spans of ``text`` in order, and problems as sentences (too many times, …)."""
    reader = _Reader(text, own, context)
    return reader.mentions(), tuple(reader.problems)


class _Reader:
    """One message being read; thrown away afterwards."""

    def __init__(self, text: str, own: Sequence[tuple[int, int]], context: Context) -> None:
        self.text = text
        self.known = _known(context)
        self.problems: list[str] = []
        self.spans = with_pastes(text, own)
        found = self._expressions()
        self.lines = lines(text, self.spans) if any(e.timed for e in found) else []
        self.on_line: list[list[Expression]] = [[] for _ in self.lines]
        starts = [n.start for n in self.lines]
        for e in found if self.lines else ():
            self.on_line[bisect_right(starts, e.start) - 1].append(e)
        self.said = statements(text, self.spans, self.known.minutes) if self.lines else []
        self.subject_day = self._day_in_subject(context.subject)

    def _expressions(self) -> list[Expression]:
        """What is written, up to MENTIONS times; the spans are cut where reading ended."""
        out: list[Expression] = []
        spans: list[tuple[int, int]] = []
        count = more = 0
        for first, last in self.spans:
            if count >= MENTIONS:
                more += len(_CLOCK.findall(self.text, first, last))
                continue
            found, stop = read(self.text, first, last, self.known.minutes, 4 * MENTIONS - len(out))
            for e in found:
                if e.timed and count >= MENTIONS:
                    stop = min(stop, e.start)
                    break
                count += e.timed
                out.append(e)
            if stop < last:
                more += max(1, len(_CLOCK.findall(self.text, stop, last)))
            spans.append((first, stop if stop == last else (self.text.find("\n", stop, stop + 2000) + 1 or stop)))
        self.spans = spans
        if more:
            self.problems.append(f"at least {count + more} times were found, the first {count} are read")
        return out

    def _day_in_subject(self, subject: str) -> date | None:
        mail = self.known.mail.date()
        for _, f in scan(subject, 0, min(len(subject), 300)):
            if f.day is not None and not f.weak and (found := resolve(f.day, mail)) is not None and found <= mail:
                return found
        return None

    # What the whole text says

    def _swap(self) -> bool:
        """Whether numeric dates are month first here: said by the others, else by nearness to the mail, else by the sender's side of the sea."""
        mail = self.known.mail.date()
        days = [
            e.day
            for row in self.on_line
            for e in row
            if e.day is not None and e.day.month is not None and "slash" in e.row or "without year" in e.row and e.day
        ]
        unsure = [d for d in days if d is not None and d.swapped]
        if not unsure:
            return False
        near = [
            [
                abs((mail - found).days)
                if (found := resolve(d, mail, swap)) is not None and found <= mail + timedelta(days=1)
                else 9999
                for d in unsure
            ]
            for swap in (False, True)
        ]
        if min(near[0]) > 62 >= max(near[1]) or min(near[1]) > 62 >= max(near[0]):
            return max(near[1]) <= 62
        return self.known.minutes is not None and -600 <= self.known.minutes <= -240

    def _days(self, swap: bool) -> tuple[date | None, date | None]:
        """(a date that stands alone, or the subject's, for clocks above any other; the day that a statement gives to all events)."""
        mail = self.known.mail.date()
        first = stated = None
        for line, row in zip(self.lines, self.on_line, strict=True):
            for e in row:
                if e.day is None or e.weak or e.clock is not None:
                    continue
                found = resolve(e.day, mail, swap and e.day.swapped)
                if found is None or found > mail:
                    continue
                if any(self._near(e, start, end) for start, end, _ in self.said):
                    stated = stated or found
                if first is None and (mail - found).days <= 40 and self._is_alone(e, line):
                    first = found
        return first or self.subject_day, stated

    def _near(self, e: Expression, start: int, end: int) -> bool:
        """In the sentence of a statement: "All times in PST, on February 5th"."""
        between = self.text[min(start, e.start) : max(end, e.end)]
        return start - 80 <= e.start <= end + 60 and "\n\n" not in between and not re.search(r"[.!?]\s", between)

    # The walk

    def mentions(self) -> tuple[Mention, ...]:
        swap = self._swap()
        first, stated = self._days(swap)
        placer = Placer(self.known, first, stated, swap)
        if self.said:
            placer.message_zone = self.said[0][2]
        self._zones(placer)
        self._halves()
        places: list[list[Place]] = []
        coming = list(self.said)
        table = chat = False
        for index, line in enumerate(self.lines):
            while coming and coming[0][0] <= line.end:
                placer.message_zone = coming.pop(0)[2]
            if table and not line.table and not line.blank:
                placer.heading(9, None, None) if placer.block_level == 8 else None
            table = line.table
            if line.blank:
                places.append([])
                chat = chat and line.start != line.end
                continue
            row, chat = self._walk_line(placer, index, line, chat)
            places.append(row)
        return self._gather(places)

    def _zones(self, placer: Placer) -> None:
        """Where every time that says its zone says the same one, it is the message's."""
        names: dict[str, Zone] = {}
        count = 0
        for row in self.on_line:
            for e in row:
                if (
                    e.zone
                    and e.clock is not None
                    and (zone := read_zone(e.zone, self.known.minutes)) is not None
                    and not zone.mine
                ):
                    names[zone.name] = zone
                    count += 1
        if len(names) == 1 and count >= 3:
            placer.all_one = next(iter(names.values()))

    def _halves(self) -> None:
        """am and pm carried down a list, or from a heading: 1:05 PM, 1:10, 1:15."""
        half, last = "", 0
        for line, row in zip(self.lines, self.on_line, strict=True):
            if line.heading and not any(e.clock for e in row):
                m = re.search(
                    r"\b([ap])\.?m\b|\b(morning|afternoon|evening|night)\b", self.text[line.start : line.end], re.I
                )
                half, last = ("", 0) if m is None else ("am" if (m[1] or m[2]).lower() in ("a", "morning") else "pm", 0)
            for e in row:
                if e.clock is None:
                    continue
                if e.clock.half in ("am", "pm"):
                    half, last = e.clock.half, e.clock.minutes
                elif half and e.clock.open_half and is_lead(self.text, e, line):
                    minutes = e.clock.minutes % 720 + (720 if half == "pm" else 0)
                    if minutes < last and half == "am":
                        minutes, half = minutes + 720, "pm"
                    e.clock, last = replace(e.clock, minutes=minutes, half=half, open_half=False), minutes
                elif not e.clock.open_half and e.clock.half == "":
                    half = ""

    def _walk_line(self, placer: Placer, index: int, line: Line, chat: bool) -> tuple[list[Place], bool]:
        row = self.on_line[index]
        out: list[Place] = []
        words = (
            self.text[line.start : line.end] if row or line.heading or line.table or line.end - line.start < 80 else ""
        )
        if row and line_look(words):
            return out, chat
        timed = [e for e in row if e.timed]
        if not timed:
            self._no_times(placer, line, words, row)
            return out, chat
        clause = line.start
        previous: Place | None = None
        for number, e in enumerate(row):
            if not e.timed:
                self._mention(placer, e, line, clause)
                continue
            p = Place(e, line, is_lead(self.text, e, line) and not any(x.timed for x in row[:number]))
            if line.table and not p.lead and number == 0 and self.text[line.body : e.start].count("|") <= 2:
                p.lead = True
            p.dropped = clock_look(self.text, e, line.start, line.end)
            if not p.dropped and not (p.lead and not line.bullet and False):
                start = self._clause(e.start, line, index)
                reason = not_now(self.text, e, start)
                if reason and not (p.lead and reason != "build stamp"):
                    p.dropped = reason
            zone = read_zone(e.zone, self.known.minutes) if e.zone else None
            if not p.dropped:
                if e.from_previous and previous is not None and e.day is None:
                    placer.range_end(previous, p, zone)
                else:
                    base = placer.lead_at if chat and e.ago is not None else None
                    placer.place(p, zone)
                    if base is not None and e.ago is not None:
                        p.utc = base - timedelta(minutes=e.ago)
            if (
                not p.dropped
                and p.utc is not None
                and p.utc > self.known.mail.astimezone(UTC) + SLACK
                and p.sure
                and p.date_from == "written"
            ):
                p.dropped = "later than the mail"
            if p.utc is not None and not p.dropped:
                out.append(p)
                if p.lead:
                    chat = e.end >= line.end - 3 and e.start > line.body + 1 and not line.heading
            previous = p
            clause = e.end
        return out, chat

    def _clause(self, at: int, line: Line, index: int) -> int:
        """Where the sentence before ``at`` may begin: this line, or the one above where it runs on."""
        if index and not (line.bullet or line.table or line.heading) and self.lines[index - 1].end + 1 == line.start:
            above = self.lines[index - 1]
            if not (above.blank or above.heading or above.table):
                return above.body
        return line.start

    def _no_times(self, placer: Placer, line: Line, words: str, row: list[Expression]) -> None:
        """A line without clocks: a heading, a table's head, a date of its own, or prose that names a day."""
        zone = None
        if line.heading or line.table or (words and len(words) < 80 and not words.rstrip().endswith(".")):
            zone = head_zone(words.strip(" \t#*_=>"), self.known.minutes)
        days = [(e, found) for e in row if not e.weak and (found := self._day(placer, e)) is not None]
        if line.heading:
            placer.heading(line.heading, zone, days[0][1] if days else None)
            return
        if zone is not None:
            placer.block_zone, placer.block_level = zone, 8 if line.table else 7
            placer.list_zone = None
        alone = [(e, d) for e, d in days if self._is_alone(e, line)]
        if alone:
            placer.day_line(alone[0][1])
            return
        for e in row:
            self._mention(placer, e, line, line.start)

    def _is_alone(self, e: Expression, line: Line) -> bool:
        rest = self.text[line.body : e.start] + self.text[e.end : line.end]
        return (
            len(rest) < 60
            and not re.search(
                r"[^\W_]{2,}",
                re.sub(
                    r"\b(?:date|datum|day|timeline|on|fecha|data|le|am|the|utc|gmt|updates?)\b", "", rest, flags=re.I
                ),
            )
            and not line.bullet
        )

    def _day(self, placer: Placer, e: Expression) -> date | None:
        if e.day is None:
            return None
        found = resolve(e.day, self.known.mail.date(), placer.swap and e.day.swapped)
        return found if found is not None and found <= self.known.mail.date() + timedelta(days=1) else None

    def _mention(self, placer: Placer, e: Expression, line: Line, clause: int) -> None:
        found = self._day(placer, e)
        if found is None or e.weak or not_now(self.text, e, clause):
            return
        aside = self.text.rfind("(", line.start, e.start) > self.text.rfind(")", line.start, e.start)
        if placer.stated is None and not aside:
            placer.mention(found, line)
        else:
            placer.line_day = (line.number, found)

    # What happened

    def _gather(self, places: list[list[Place]]) -> tuple[Mention, ...]:
        leads = {i for i, row in enumerate(places) if any(p.lead for p in row)}
        out: list[Mention] = []
        for index, row in enumerate(places):
            skip = False
            for number, p in enumerate(row):
                if skip:
                    skip = False
                    continue
                pair = [p]
                if p.e.to_next and number + 1 < len(row) and row[number + 1].e.from_previous:
                    pair.append(row[number + 1])
                    skip = True
                spans = [(x.e.start, x.e.end) for x in pair]
                what = entry_words(self.text, self.lines, index, spans, p.lead, leads)
                out.append(Mention(what, tuple(_instant(self.text, x) for x in pair), self.lines[index].number))
        return tuple(out)


_BEGIN = re.compile(
    r"[ \t]*(?:(?:~|≈|about|around|ca\.?|circa|approx\.?|roughly|at|since|from|on|um|seit|gegen|à|vers|a las|alle|om|now\b)[ \t]*){0,3}",
    re.I,
)


def read_when(text: str, context: Context) -> tuple[Instant, int] | None:
    """A time at the very start of ``text`` (a command's argument: "14:05 CEST", "20 min ago", "yesterday 3pm"), and where it ends."""
    known = _known(context)
    m = re.match(r"[ \t]*now(?!\w)", text, re.I)
    if m is not None:
        start = m.end() - 3
        zone, _, rung = known.fallback()
        return Instant(
            start,
            m.end(),
            text[start : m.end()],
            known.mail.astimezone(UTC),
            "minute",
            False,
            "written",
            rung,
            zone,
            True,
            "now: the Date header",
        ), m.end()
    begin = _BEGIN.match(text)
    head = text[:300].split("\n", 1)[0]
    for e in read(head, 0, len(head), known.minutes)[0]:
        if begin is None or e.start > begin.end() or not e.timed:
            return None
        p = Place(e, Line(1, 0, len(head), 0), True)
        placer = Placer(known, None, None, False)
        zone_words = read_zone(e.zone, known.minutes) if e.zone else None
        placer.place(p, zone_words)
        if p.dropped or p.utc is None:
            return None
        return _instant(text, p), e.end
    return None
