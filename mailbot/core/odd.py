"""The rules of the time lint that look at one message: each a function from its page to doubts. The table of them is in ``lint``.

The law it keeps: only the plainly odd is said, each thing once, with what was taken, so that whoever reads it can correct it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailbot.core import lexicon
from mailbot.core.days import resolve
from mailbot.core.doubts import TRIED, Doubt, Page, Told, offset_in_words
from mailbot.core.durations import beside
from mailbot.core.report import in_words
from mailbot.core.scanner import scan
from mailbot.core.times import Instant
from mailbot.core.zones import read_zone

REGULAR = timedelta(minutes=2)  # delays that are equal to this are no delay but a clock
BACK = timedelta(minutes=2)  # going back less in a list is two people's clocks


# ── the season of an abbreviation ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Season:
    """``winter_all_year``: there are places that are right to write it in summer (Arizona, Queensland), so only a sender
    whose own clock shows summer is asked."""

    winter: str
    summer: str
    region: str
    winter_all_year: bool = False


SEASONS: tuple[Season, ...] = (
    Season("PST", "PDT", "America/Los_Angeles"),
    Season("MST", "MDT", "America/Denver", True),
    Season("CST", "CDT", "America/Chicago"),
    Season("EST", "EDT", "America/New_York"),
    Season("AKST", "AKDT", "America/Anchorage"),
    Season("AST", "ADT", "America/Halifax", True),
    Season("NST", "NDT", "America/St_Johns"),
    Season("GMT", "BST", "Europe/London", True),
    Season("WET", "WEST", "Europe/Lisbon"),
    Season("CET", "CEST", "Europe/Berlin"),
    Season("MEZ", "MESZ", "Europe/Berlin"),
    Season("EET", "EEST", "Europe/Bucharest"),
    Season("AEST", "AEDT", "Australia/Sydney", True),
    Season("ACST", "ACDT", "Australia/Adelaide", True),
    Season("NZST", "NZDT", "Pacific/Auckland"),
)
_SEASONS = {name: row for row in SEASONS for name in (row.winter, row.summer)}


def season(page: Page) -> Iterator[Doubt]:
    """PST in July: said once for a zone, with how many times are in it."""
    wrong: dict[str, list[tuple[Told, Instant]]] = {}
    for told in page.told:
        for time in told.times:
            if time.zone_from in ("written", "block", "message") and _is_other_season(time, page.sender):
                wrong.setdefault(time.zone, []).append((told, time))
    for name, times in wrong.items():
        (told, time), row = times[0], _SEASONS[name]
        assert time.utc is not None  # it would have no season
        zone = read_zone(name, page.sender)
        offset = _minutes(zone.info, time.utc) if zone is not None else 0
        other = row.summer if name == row.winter else row.winter
        now = _minutes(ZoneInfo(row.region), time.utc)
        would = time.utc + timedelta(minutes=offset - now)
        more = len(times) - 1
        also = f" The same holds for {more} more time{'s' * (more > 1)} of this mail." if more else ""
        which = "winter" if name == row.winter else "summer"
        sentence = (
            f'"{time.text}" is in {name}, which is {which} time ({offset_in_words(offset)}), but on {time.utc:%Y-%m-%d} clocks'
            f" there showed {other} ({offset_in_words(now)}). I took {time.utc:%H:%M} UTC; in {other} it would be"
            f" {would:%H:%M} UTC.{also}"
        )
        yield Doubt("", told.line, sentence, time, f"{_short(time)}, {name} or {other}?", f"{_short(time)} {other}")


def _is_other_season(time: Instant, sender: int | None) -> bool:
    row = _SEASONS.get(time.zone)
    zone = read_zone(time.zone, sender)
    if row is None or zone is None or time.utc is None:
        return False
    taken, now = _minutes(zone.info, time.utc), _minutes(ZoneInfo(row.region), time.utc)
    if abs(taken - now) != 60:
        return False  # right, or CST of China
    return not (row.winter_all_year and time.zone == row.winter) or sender == now


def _minutes(info: tzinfo, at: datetime) -> int:
    offset = at.astimezone(info).utcoffset()
    return round((offset or timedelta()).total_seconds() / 60)


def _short(time: Instant) -> str:
    """The time as written, without its zone, for a question."""
    words = time.text.replace(time.zone, "").strip(" ()[],")
    return words if len(words) <= 40 else words[:37] + "..."


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TWO_CLOCKS = re.compile(
    r"(?P<h>0?0|1[3-9]|2[0-3])(?:(?P<m>[:.][0-5]\d)(?:[:.][0-5]\d)?)?[ ]?(?P<half>[aApP]\.?[mM])(?!\w)"
)


def two_clocks(page: Page) -> Iterator[Doubt]:
    """14:05 pm. "00:05 am" is how some write the hour after midnight, and one thing only."""
    for m in page.numbers_like(_TWO_CLOCKS):
        hour, minute, pm = int(m["h"]), (m["m"] or ":00")[1:], m["half"][0] in "pP"
        if hour == 0 and (not pm or not m["m"]):
            continue
        line = page.line_of(m.start())
        time = next((t for told in page.told if told.line == line for t in told.times if m[0] in t.text), None)
        took = f"I took {hour:02d}:{minute}" if time is not None else "I read no time in it"
        other = f"{hour - 12:02d}:{minute}" if hour else f"12:{minute}"
        ask = "" if pm and hour else f'"{m[0]}", {hour:02d}:{minute} or {other}?'
        yield Doubt("", line, f'"{m[0]}" is the 24-hour clock with {"pm" if pm else "am"}; {took}.', time, ask)


def range_backwards(page: Page) -> Iterator[Doubt]:
    for told in page.told:
        if len(told.times) < 2 or told.times[0].utc is None or told.times[1].utc is None:
            continue
        first, second = told.times[0], told.times[1]
        if second.utc is not None and first.utc is not None and second.utc < first.utc:
            said = f'"{first.text}" to "{second.text}"'
            took = f"{first.utc:%Y-%m-%d %H:%M} and {second.utc:%Y-%m-%d %H:%M} UTC"
            yield Doubt(
                "", told.line, f"{said} ends before it starts; I took {took}.", first, f"{said}, which is wrong?"
            )


# ── the order of a list ───────────────────────────────────────────────────────────────────────────────────────────────

_HEAD = re.compile(r"[ \t>]*(?:#|={2,}|-{3,}|\*\*[^*]*\*\*[ :]*$|h[1-6]\.)|.*:[ \t]*$")


def order(page: Page) -> Iterator[Doubt]:
    """A list that goes back without a new day. A list that goes back all the way has its newest line first, and is in order."""
    for entries in _lists(page):
        pairs = [(a, b, b[1].utc - a[1].utc) for a, b in pairwise(entries) if a[1].utc and b[1].utc]
        back = [p for p in pairs if p[2] <= -BACK]
        if not back or len(back) > sum(p[2] > timedelta(0) for p in pairs):
            continue
        for (_, above), (told, time), _ in back:
            if above.about or time.about or time.date_from == "written" or above.zone != time.zone:
                continue
            sentence = (
                f'"{time.text}" stands below "{above.text}" and is earlier, with no new day between; I left it so.'
            )
            yield Doubt("", told.line, sentence, time, f"{_short(time)} stands below {_short(above)}: is that right?")


def _lists(page: Page) -> Iterator[list[tuple[Told, Instant]]]:
    """The entries of each list: lines that begin with a time, with no heading or paragraph between them."""
    entries: list[tuple[Told, Instant]] = []
    for told in page.told:
        if not told.lead or not told.placed:
            continue
        if entries and not _same_list(page.lines[entries[-1][0].line : told.line - 1]):
            yield entries
            entries = []
        entries.append((told, told.times[0]))
    yield entries


def _same_list(between: list[str]) -> bool:
    """Whether the lines between two entries belong to the upper one."""
    if len(between) > 30 or any(_HEAD.match(line[:200]) for line in between):
        return False
    blank = next((n for n, line in enumerate(between) if not line.strip(" \t>")), len(between))
    return not any(line.strip(" \t>") and not line.startswith((" ", "\t")) for line in between[blank:])


# ── dates that cannot be ──────────────────────────────────────────────────────────────────────────────────────────────

_MONTH = lexicon.alternation(lexicon.MONTHS)
_GAP = r"[ \u00a0]{1,2}"
_Y = rf"(?:,?{_GAP}(?P<y>(?:19|20)\d\d)(?!\d))?"
#: A month in front of the number is looked for where the number is found.
_NO_DATE = re.compile(
    r"(?:(?P<late>29|3[0-2])(?![\d:/]|[.,]\d|-\d)"
    r"|(?P<y3>(?:19|20)\d\d)-(?P<m3>\d\d)-(?P<d3>\d\d)(?![\w-]*[A-SU-Za-su-z]|-?\d|/)"
    r"|(?P<d4>\d\d)\.(?P<m4>\d\d)\.(?P<y4>(?:19|20)\d\d)(?![\w.])"
    r"|(?P<a5>\d\d)/(?P<b5>\d\d)/(?P<y5>(?:19|20)\d\d)(?![\w/]))"
)
_MONTH_AFTER = re.compile(rf"(?:st|nd|rd|th|\.)?{_GAP}(?:of[ ])?(?P<mon>{_MONTH})(?!\w)\.?{_Y}")
_MONTH_BEFORE = re.compile(rf"(?<!\w)(?P<mon>{_MONTH})\.?{_GAP}$")
_YEAR_AFTER = re.compile(rf"(?:st|nd|rd|th)?(?!\w){_Y}")


def no_such_date(page: Page) -> Iterator[Doubt]:
    """31 June, 2026-02-30, 29 February 2026, 2026-21-11."""
    for m in page.numbers_like(_NO_DATE):
        start, end, year, month, day = _date(page.text, m)
        if month < 0 or (1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 2024, month)[1]):
            continue  # 2024: a leap year, where no year is said
        if 1 <= month <= 12:
            last = calendar.monthrange(year or 2024, month)[1]
            why = f"{calendar.month_name[month]}{f' {year}' if year and month == 2 else ''} has {last} days"
        else:
            why = f"there is no month {month}"
        yield _of_date(page, start, end, why)


def _date(text: str, m: re.Match[str]) -> tuple[int, int, int, int, int]:
    """(start, end, year, month, day) of what may be a date; month -1 where it is none, year 0 where none is said."""
    g = m.groupdict()
    if g["a5"]:
        first, second = int(g["a5"]), int(g["b5"])
        month, day = (second, first) if second <= 12 else (first, second)
        return m.start(), m.end(), int(g["y5"]), month, day
    if g["y3"] or g["y4"]:
        return m.start(), m.end(), int(g["y3"] or g["y4"]), int(g["m3"] or g["m4"]), int(g["d3"] or g["d4"])
    start, near = m.start(), _MONTH_AFTER.match(text, m.end())
    word = near["mon"] if near is not None else ""
    if near is None:
        before = _MONTH_BEFORE.search(text[max(0, start - 14) : start])
        near = _YEAR_AFTER.match(text, m.end())
        if before is None or near is None:
            return 0, 0, 0, -1, 0
        word, start = before["mon"], start - len(before[0])
    month = lexicon.month(word, bool(near["y"])) or -1
    if int(g["late"]) > 31 and not near["y"]:
        month = -1
    return start, near.end(), int(near["y"] or 0), month, int(g["late"])


def _of_date(page: Page, start: int, end: int, why: str) -> Doubt:
    """The doubt of a date, with the time beside it and what was taken for that."""
    words = page.text[start:end].strip(" ,")
    line = page.line_of(start)
    time = page.on(line, words)
    took = f"; I took {time.utc:%Y-%m-%d %H:%M} UTC" if time is not None and time.utc is not None else ""
    return Doubt("", line, f'"{words}" cannot be: {why}{took}.', time, f'"{words}" cannot be ({why}): which day?')


_NO_YEAR = re.compile(
    r"2(?:\d{3,4}-(?:0\d|1[0-2])-[0-3]\d(?=(?P<clock>[T ]\d\d?:\d\d)?)(?![\w-]*[A-SU-Za-su-z]|\d)"
    r"|(?P<five>\d{4})(?!\w))"
)
_DAY_BEFORE = re.compile(rf"(?<!\w)(?:{_MONTH})\.?,?{_GAP}(?:\d{{1,2}}(?:st|nd|rd|th)?,?{_GAP})?$")
_VALID = re.compile(r"\b(?:expire|valid|until|not ?after|eol|end of life)", re.I)


def no_such_year(page: Page) -> Iterator[Doubt]:
    """22025-03-18, March 20226; 2062-11-21 14:05, which no event is."""
    for m in page.numbers_like(_NO_YEAR):
        year, start = m[0].partition("-")[0], m.start()
        if m["five"]:
            before = _DAY_BEFORE.search(page.text[max(0, start - 20) : start])
            if before is None:
                continue
            start -= len(before[0])
        if len(year) == 5:
            if year.startswith("20") or year[1:].startswith("20"):
                yield _of_date(page, start, m.end(), f"{year} is no year")
        elif int(year) > page.mail.year + 1 and m["clock"] and not _VALID.search(page.around(start)):
            yield _of_date(page, start, m.end(), f"it is {int(year) - page.mail.year} years after this mail")


_NAME = re.compile(r"[^\W\d_]{3,12}")
_YEAR = re.compile(r"[^\n]{0,24}?\b((?:19|20)\d\d)\b(?![-:/.]\d)")


def weekday(page: Page) -> Iterator[Doubt]:
    """A date whose weekday is another: one of the two is wrong."""
    for name in _weekdays(page):
        stop = page.text.find("\n", name.end(), name.end() + 48)
        found = list(scan(page.text, name.start(), stop if stop >= 0 else min(len(page.text), name.end() + 48)))[:2]
        date = next((f for _, f in found if f.day is not None and f.day.month is not None), None)
        if date is None or date.day is None or date.day.swapped or date.start > name.end() + 3:
            continue
        day = date.day
        if day.year is None and (year := _YEAR.match(page.text, date.end)) is not None:
            day = replace(day, year=int(year[1]))
        meant = resolve(day, page.mail.date())
        if meant is None or meant.weekday() == lexicon.WEEKDAYS[name[0].lower()]:
            continue
        line = page.line_of(name.start())
        words = " ".join(page.text[name.start() : date.end].split()).strip(" ,")
        words += ")" * (words.count("(") - words.count(")"))
        sentence = f'"{words}": {meant:%Y-%m-%d} was a {calendar.day_name[meant.weekday()]}; I went by the date.'
        ask = f'"{words}", but {meant:%Y-%m-%d} was a {calendar.day_name[meant.weekday()]}: which day?'
        yield Doubt("", line, sentence, page.on(line, page.text[date.start : date.end]), ask)


def _weekdays(page: Page) -> list[re.Match[str]]:
    """The names of weekdays right before a number, or a month's name before it."""
    found: dict[int, re.Match[str]] = {}
    for at in page.numbers:
        for name in _NAME.finditer(page.text, max(0, at - 26), at):
            if name[0].lower() in lexicon.WEEKDAYS:
                found.setdefault(name.start(), name)
    return list(found.values())[:TRIED]


# ── durations ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def duration_beside(page: Page) -> Iterator[Doubt]:
    """09:10 to 09:45 (1 h): the duration beside a range is not the range's."""
    for told in page.told:
        if len(told.times) < 2 or not told.placed:
            continue
        first, second = told.times[0], told.times[1]
        if first.utc is None or second.utc is None or second.utc < first.utc:
            continue
        found = beside(page.text, first.start, second.end)
        if found is None:
            continue
        words, span, slack = found
        real = second.utc - first.utc
        if abs(real - span) > slack * (2 if first.about or second.about else 1):
            said = f'"{first.text}" to "{second.text}"'
            sentence = f'{said} is {in_words(real)}, not "{words}".'
            yield Doubt("", told.line, sentence, first, f'{said}, or "{words}"? One of the two is wrong.')
