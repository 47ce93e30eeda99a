"""The text as it is read: its lines, the expressions on each, what it says of zones; and what follows from all of them together.

The law it keeps: what the whole text says (month or day first, am or pm carried down, one zone for all) is settled here, before a
single time is placed, so that the walk over the lines is one pass.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from itertools import pairwise

from mailbot.core.days import at, resolve
from mailbot.core.expressions import Expression, part_of, read
from mailbot.core.found import Day
from mailbot.core.looks import BUILD, not_now
from mailbot.core.page import Line, head_zone, is_lead, lines, statements, with_pastes
from mailbot.core.place import Known
from mailbot.core.scanner import Tries, scan
from mailbot.core.zones import Zone, fixed, offset_name, read_zone

MENTIONS = 500  # of one message; the rest is counted
LINES = 50_000  # of one message; the rest is not read
_CLOCK = re.compile(r"\d\d?:\d\d")
_HALF = re.compile(r"\b([ap])\.?m\b|\b(morning|afternoon|evening|night)\b", re.I)
_DATE_LABEL = re.compile(r"\b(?:date|datum|day|timeline|on|fecha|data|le|am|the|utc|gmt|updates?)\b", re.I)
_WORD = re.compile(r"[^\W_]{2,}")
_NAMED_DAY = re.compile(r"(?<!\d)(20\d\d)-(0[1-9]|1[0-2])-([0-3]\d)(?!\d)")
_SLASHED = re.compile(r"(?<![\w/.])(\d{1,2})/(\d{1,2})(?:/(?:20)?\d\d)(?![\w/])")
_ZONE_HEAD = re.compile(r"\(|\bin\b|[A-Z]{3,4}\s*$")
_SENTENCE = re.compile(r"[.!?]\s")
_POSTED = re.compile(
    r"[ \t>]{0,4}(?:Posted|Veröffentlicht|Publié)\b(?:[ ](?:about |over |almost )?\w+[ ]\w+[ ]ago\.)?", re.I
)


@dataclass(slots=True)
class Sheet:
    text: str
    known: Known
    lines: list[Line]
    on_line: list[list[Expression]]  # for each line
    said: list[tuple[int, int, Zone]]  # (start, end, zone) of "All times in PDT"
    problems: list[str]

    def is_alone(self, e: Expression, line: Line) -> bool:
        """Whether a line says this date and nothing else: the entries below are of that day."""
        if line.bullet or line.end - line.start - (e.end - e.start) >= 60:
            return False
        rest = self.text[line.body : e.start] + self.text[e.end : line.end]
        return not _WORD.search(_DATE_LABEL.sub("", rest))


def make_sheet(text: str, own: Sequence[tuple[int, int]], known: Known) -> Sheet:
    """Scans up to MENTIONS times; what comes behind them is cut off, counted and said."""
    problems: list[str] = []
    spans = with_pastes(text, own)
    if text.count("\n") > LINES:
        stop = _line_start(text, LINES)
        spans = [(first, min(last, stop)) for first, last in spans if first < stop]
        problems.append(f"only the first {LINES} lines are read for times")
    found, spans = _expressions(text, spans, known.minutes, problems)
    if not any(e.timed or (e.day is not None and e.day.month is not None) for e in found):
        return Sheet(text, known, [], [], [], problems)
    rows = lines(text, spans)
    on_line: list[list[Expression]] = [[] for _ in rows]
    starts = [line.start for line in rows]
    for e in found:
        on_line[bisect_right(starts, e.start) - 1].append(e)
    sheet = Sheet(text, known, rows, on_line, statements(text, spans, known.minutes), problems)
    _carry_halves(sheet)
    return sheet


def _line_start(text: str, number: int) -> int:
    """Where the line after the first ``number`` ones begins."""
    at = 0
    for _ in range(number):
        at = text.find("\n", at) + 1
    return at


def _expressions(
    text: str, spans: Sequence[tuple[int, int]], sender: int | None, problems: list[str]
) -> tuple[list[Expression], list[tuple[int, int]]]:
    """What is written in ``spans``, and the spans as far as they were read."""
    out: list[Expression] = []
    kept: list[tuple[int, int]] = []
    count = more = 0
    tries = Tries()
    for first, last in spans:
        if more:
            more += len(_CLOCK.findall(text, first, last))
            continue
        found, stop = read(text, first, last, sender, 4 * MENTIONS - len(out), tries)
        for e in found:
            if e.timed and count >= MENTIONS:
                stop = min(stop, e.start)
                break
            count += e.timed
            out.append(e)
        if stop < last:
            more += max(1, len(_CLOCK.findall(text, stop, last)))
            stop = text.find("\n", stop, stop + 2000) + 1 or stop
        kept.append((first, stop))
    if more and count >= MENTIONS:
        problems.append(f"at least {count + more} times were found, the first {count} are read")
    elif more:
        problems.append("too many numbers and dates: only the beginning is read for times")
    return out, kept


def _carry_halves(sheet: Sheet) -> None:
    """am and pm carried down a list, or from a heading: 1:05 PM, 1:10, 1:15; and on in a paragraph, where it is a guess."""
    clocks = [e.clock for row in sheet.on_line for e in row if e.clock is not None and not e.log]
    of_24 = any(not c.open_half and not c.half for c in clocks)
    half, last = "", 0  # of the list
    said, before = "", 0  # in the paragraph
    for line, row in zip(sheet.lines, sheet.on_line, strict=True):
        if line.heading and not any(e.clock for e in row):
            m = _HALF.search(sheet.text, line.start, line.end)
            half, last = ("", 0) if m is None else ("am" if (m[1] or m[2]).lower() in ("a", "morning") else "pm", 0)
        if line.heading or (line.blank and of_24):
            said = ""
        for e in row:
            if e.clock is None:
                part = part_of(sheet.text[e.start : e.end]) if e.day is not None else None
                if part is not None and _leads_to_clock(sheet.text, e, row, line):
                    said, before = "pm" if part == 720 else "am", part
                continue
            if e.clock.half in ("am", "pm"):
                half = said = e.clock.half
                last = before = e.clock.minutes
            elif half and e.clock.open_half and is_lead(sheet.text, e.start, e.end, line):
                minutes = e.clock.minutes % 720 + (720 if half == "pm" else 0)
                if minutes < last and half == "am":
                    minutes, half = minutes + 720, "pm"
                e.clock, last = replace(e.clock, minutes=minutes, half=half, open_half=False), minutes
            elif said and e.clock.open_half and not of_24 and not e.zone:
                morning = e.clock.minutes % 720
                minutes = next((m for m in (morning, morning + 720) if m >= before), morning + 720 * (said == "pm"))
                guessed = minutes != e.clock.minutes
                e.clock = replace(
                    e.clock, minutes=minutes, half="pm" if minutes >= 720 else "am", open_half=False, guessed=guessed
                )
            elif not e.clock.open_half and not e.clock.half:
                half = ""


def _leads_to_clock(text: str, e: Expression, row: list[Expression], line: Line) -> bool:
    """Whether a day stands in the sentence of a clock, or over a list: "Last night it failed at 9:15", "This afternoon:"."""
    clock = next((other for other in row if other.start >= e.end and other.clock is not None), None)
    return not _SENTENCE.search(text, e.end, clock.start) if clock is not None else text[line.end - 1] == ":"


def newest_first(sheet: Sheet) -> bool:
    """Whether the lists of the text go back in time, as status pages do."""
    clocks = [
        row[0].clock.minutes
        for line, row in zip(sheet.lines, sheet.on_line, strict=True)
        if row and row[0].clock is not None and not row[0].log and is_lead(sheet.text, row[0].start, row[0].end, line)
    ]
    steps = [b - a for a, b in pairwise(clocks)]  # half a day and more is a step over midnight, the other way
    down = sum(-720 < step < 0 or step >= 720 for step in steps)
    return down >= 2 and down > 2 * sum(0 < step < 720 or step <= -720 for step in steps)


def month_first(sheet: Sheet) -> tuple[bool, bool]:
    """(whether 5/6 is May here, whether something proves it): another date of the text that can be read in one way only;
    else the reading that is of the mail's own day, or near it, where only one is; else by am and pm, or the sender's side of
    the sea, unproved."""
    mail = sheet.known.mail.date()
    unsure = [e for row in sheet.on_line for e in row if e.day is not None and e.day.swapped]
    if not unsure:
        return False, True

    def farthest(swap: bool) -> int:
        found = [resolve(e.day, mail, swap) for e in unsure if e.day is not None]
        return max((mail - d).days if d is not None and d <= mail + timedelta(days=1) else 9999 for d in found)

    firsts = {_order(m[1], m[2]) for m in _SLASHED.finditer(sheet.text, 0, 100_000)} - {None}
    if len(firsts) == 1:
        return firsts.pop() is True, True
    of_mail = [any(e.day is not None and resolve(e.day, mail, swap) == mail for e in unsure) for swap in (False, True)]
    if of_mail[0] != of_mail[1]:
        return of_mail[1], True
    day_first, month_first_ = farthest(False), farthest(True)
    if (day_first > 62) != (month_first_ > 62):
        return month_first_ <= 62, True
    west = sheet.known.minutes is not None and -600 <= sheet.known.minutes <= -240
    halves = any(e.clock is not None and e.clock.half in ("am", "pm") for e in unsure)
    return west or (halves and sheet.known.minutes in (None, 0)), False


def _order(first: str, second: str) -> bool | None:
    """Whether 5/27 has its month first; None where it could be either, or is no date."""
    a, b = int(first), int(second)
    return a <= 12 if (a <= 12 < b <= 31 or b <= 12 < a <= 31) else None


def all_days(sheet: Sheet, swap: bool) -> set[date]:
    """The days that the text names, as far as they can be those of events."""
    mail = sheet.known.mail.date()
    days: set[date] = set()
    told = None
    for day in (e.day for row in sheet.on_line for e in row if e.day is not None and not e.weak):
        found = resolve(day, mail, swap and day.swapped, told)
        if found is not None and found <= mail:
            days.add(found)
            told = found
    return days


def days_said(sheet: Sheet, swap: bool, subject: str) -> tuple[date | None, date | None]:
    """(a date that stands alone, or the subject's, for clocks above any other; the day that a statement gives to all events)."""
    mail = sheet.known.mail.date()
    first = stated = None
    for line, row in zip(sheet.lines, sheet.on_line, strict=True):
        for e in row:
            if e.day is None or e.day.told or e.weak or e.clock is not None:
                continue
            found = resolve(e.day, mail, swap and e.day.swapped)
            if found is None or found > mail:
                continue
            if stated is None and any(_in_sentence(sheet.text, e, start, end) for start, end, _ in sheet.said):
                stated = found
            if first is None and (mail - found).days <= 40 and sheet.is_alone(e, line):
                first = found
    return first or _day_in_subject(subject, mail) or _day_of_a_name(sheet.text, mail), stated


def _in_sentence(text: str, e: Expression, start: int, end: int) -> bool:
    """Whether a date stands in the sentence of a statement: "All times in PST, on February 5th"."""
    if not start - 80 <= e.start <= end + 60:
        return False
    between = text[min(start, e.start) : max(end, e.end)]
    return "\n\n" not in between and not _SENTENCE.search(between)


def _day_of_a_name(text: str, mail: date) -> date | None:
    """The day that a name at the very top carries: Incidents/2026-11-19 Registry, 2026-11-19-registry.md"""
    m = _NAMED_DAY.search(text, 0, 300)
    found = resolve(Day(int(m[1]), int(m[2]), int(m[3])), mail) if m is not None else None
    return found if found is not None and timedelta(0) <= mail - found <= timedelta(days=40) else None


def _day_in_subject(subject: str, mail: date) -> date | None:
    for _, f in scan(subject, 0, min(len(subject), 300)):
        if (
            f.day is not None
            and not f.day.told
            and not f.weak
            and (found := resolve(f.day, mail)) is not None
            and found <= mail
        ):
            return found
    return None


def is_stamp(e: Expression) -> bool:
    """What a machine prints: a date, and a clock with seconds."""
    return e.day is not None and e.day.month is not None and e.clock is not None and e.clock.has_seconds


def consoles_in_utc(sheet: Sheet, slack: timedelta) -> bool:
    """Whether a console's stamp without a zone would be later than the mail in the sender's zone, and is not if it is UTC."""
    mail = sheet.known.mail
    offset = mail.utcoffset()
    if not sheet.known.minutes or offset is None or sheet.known.sender_zone:
        return False
    for row in sheet.on_line:
        for e in row:
            if e.zone or e.clock is None or e.day is None or not is_stamp(e):
                continue
            day = resolve(e.day, mail.date())
            utc = at(day, e.clock, UTC) if day is not None else None
            if utc is not None and utc <= mail + slack < utc - offset:
                return True
    return False


def local_zone(sheet: Sheet) -> Zone | None:
    """The zone of the writer's bare clocks, where "16:37 (14:37 UTC)" tells it, and always the same."""
    ahead = {e.local for row in sheet.on_line for e in row if e.local is not None}
    if len(ahead) != 1:
        return None
    info = fixed(ahead.pop())
    return Zone(offset_name(info, sheet.known.mail), info)


def zones_said(sheet: Sheet) -> tuple[Zone | None, bool, bool, int]:
    """(the zone that every time and heading with a zone says, where two at least do; whether it is no more than two; whether
    one says another offset than the mail's; how many different offsets are said)."""
    zones: dict[str, Zone] = {}
    count = 0
    for line, row in zip(sheet.lines, sheet.on_line, strict=True):
        for e in row:
            zone = read_zone(e.zone, sheet.known.minutes) if e.zone and e.clock is not None else None
            if zone is None or zone.mine:
                continue
            stamp = e.clock is not None and e.clock.has_seconds
            if not (stamp and not_now(sheet.text, e, line.start, True) == BUILD):
                zones[zone.name] = zone
                count += 1
    for line in sheet.lines if 0 < count < 3 else ():
        if count < 3 and (line.heading or line.table or line.end - line.start < 40):
            words = sheet.text[line.start : min(line.end, line.start + 200)].strip(" \t#*_=>")
            zone = head_zone(words, sheet.known.minutes) if _ZONE_HEAD.search(words) else None
            if zone is not None and not zone.mine:
                zones[zone.name] = zone
                count += 1
    mail = sheet.known.mail
    other = any(mail.astimezone(zone.info).utcoffset() != mail.utcoffset() for zone in zones.values())
    offsets = {mail.astimezone(zone.info).utcoffset() for zone in zones.values()}
    return next(iter(zones.values())) if len(zones) == 1 and count >= 2 else None, count < 3, other, len(offsets)


def posted_below(sheet: Sheet, swap: bool) -> dict[int, tuple[date, int]]:
    """For each line that stands over a status page's "Posted Mar 11, 2014 - 13:09 CET" the day and minute of that post.

    Only where the page ends with such a line: some pages put it first.
    """
    posts: list[tuple[int, date, int]] = []
    mail = sheet.known.mail.date()
    for index, (line, row) in enumerate(zip(sheet.lines, sheet.on_line, strict=True)):
        timed = next((e for e in row if e.day is not None and e.day.month is not None and e.clock is not None), None)
        if (
            timed is None
            or timed.day is None
            or timed.clock is None
            or not _POSTED.match(sheet.text, line.start, line.end)
        ):
            continue
        if (day := resolve(timed.day, mail, swap and timed.day.swapped)) is not None:
            posts.append((index, day, timed.clock.minutes))
    below = [n for n in range(posts[-1][0] + 1, len(sheet.lines)) if not sheet.lines[n].blank] if posts else []
    if not posts or len(below) > 2 or posts[0][0] < 2:
        return {}
    found: dict[int, tuple[date, int]] = {}
    first = 0
    for index, day, minutes in posts:
        names_a_day = any(e.day is not None and not e.weak for row in sheet.on_line[first:index] for e in row)
        if not names_a_day:
            found.update(dict.fromkeys(range(first, index), (day, minutes)))
        first = index + 1
    return found
