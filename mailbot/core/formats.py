"""FORMATS: every way to write a date or a time that is understood. A new way is one row with its example, which is its test.

The law it keeps: one compiled scanner, every piece of it bounded, so that the scan is linear in the text. A row reads what stands
there and nothing around it; dates and clocks are joined, and placed on the line of time, by ``expressions`` and ``placing``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from . import lexicon as words
from .zones import SHORT


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is written. ``swapped``: numeric month and day could be the other way round."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None  # Monday is 0
    delta: int | None = None  # days from the Date header's day: "yesterday" is -1
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as written. ``minutes`` after midnight, 0..1440; ``half`` am, pm or "" where none is said."""

    minutes: int
    seconds: float = 0.0
    half: str = ""
    open_half: bool = (
        False  # an hour of 1..12 without am/pm and without a leading zero: may take one from its neighbours
    )
    zone: str = ""  # where the format itself carries it: "+02:00", "UTC"
    has_seconds: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a row read at ``text[start:end]``: a date, a clock, both, or minutes before something ("20 min ago")."""

    start: int
    end: int
    row: str
    day: Day | None = None
    clock: Clock | None = None
    ago: float | None = None  # minutes
    precision: str = "minute"
    epoch: float | None = None  # seconds since 1970
    log: bool = False  # a machine's stamp: it never moves the day the text is about
    weak: bool = False  # only a date beside a clock: 5/27, 03-26
    about: bool = False


Read = Callable[[re.Match[str]], "Found | None"]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    pattern: str
    read: Read
    example: str
    means: str  # what the example is, as `canonical` prints it


def _alt(*tables: object) -> str:
    return words.alternation([w for t in tables for w in t])  # type: ignore[attr-defined]


_S = r"(?:[ \t\u00a0]{1,3}|[ \t]{0,3}\n[ \t]{0,12})"  # a gap; mail programs wrap lines anywhere
_MON = rf"(?i:{_alt(words.MONTHS)})"
_WD = rf"(?i:(?:{_alt(words.WEEKDAYS, words.WEEKDAY_PREFIXES)})(?:[.,]{{0,2}}[ \t]{{1,2}}|[.,]{{0,2}}{_S})(?:(?:the|den|dem|le|el|il|op|o|am)[ ])?)?"
_Y = r"(?:19|20)\d\d"
_H = r"(?:2[0-4]|[01]?\d)"
_HH = r"(?:2[0-3]|[01]\d)"
_M = r"[0-5]\d"
_HALF = r"(?:[ \t\u00a0]?(?:[aApP][mM]|[aApP]\.[ ]?[mM]\.?)(?!\w)|[aApP](?!\w))"
_AFTER = r"(?!\d|:[\da-fA-F]{1,4}(?![\w.])|[.,]\d|%)"


def _make_clock(m: re.Match[str], zone: str = "") -> Clock | None:
    """The clock in the groups h, m, s, f, half, as far as the row has them; None where there is no such time."""
    g = m.groupdict()
    hour, minute = int(g["h"]), int(g.get("m") or 0)
    seconds = float(f"{g.get('s') or 0}.{g.get('f') or 0}")
    half = (g.get("half") or "").strip(" \t\u00a0").lower().replace(".", "").replace(" ", "")[:1]
    if half:
        if half == "p" and 1 <= hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        return Clock(hour * 60 + minute, seconds, half + "m", False, zone, bool(g.get("s")))
    if hour == 24 and minute:
        return None
    return Clock(hour * 60 + minute, seconds, "", 1 <= hour <= 12 and g["h"][0] != "0", zone, bool(g.get("s")))


def _found(m: re.Match[str], **more: object) -> Found:
    return Found(m.start(), m.end(), "", **more)  # type: ignore[arg-type]


def _make_day(year: str | None, month: int, day: str, weekday: int | None = None, swapped: bool = False) -> Day | None:
    full = None
    if year:
        full = int(year) + (2000 if len(year) == 2 else 0)
    if not (1 <= month <= 12 and 1 <= int(day) <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)):
        return None
    return Day(full, month, int(day), weekday, None, swapped)


def _clock(m: re.Match[str]) -> Found | None:
    if m.start() > 1 and m.string[m.start() - 1] == ":" and m.string[m.start() - 2] not in " \t\n*:|>":
        return None  # file.c:15:20, host:15:20, the middle of a MAC
    clock = _make_clock(m)
    return _found(m, clock=clock) if clock else None


def _clock_dotted(m: re.Match[str]) -> Found | None:
    before = m.string[max(0, m.start() - 9) : m.start()]
    if not m["mark"] and not re.search(r"\b(?:um|gegen|ab|kl\.?|klo|ore|alle|om|godz\.?|o)[ ]$", before, re.I):
        return None
    return _clock(m)


def _hour_after_word(m: re.Match[str]) -> Found | None:
    before = m.string[max(0, m.start() - 12) : m.start()]
    if not re.search(
        r"(?:\b(?:à|vers|dès|jusqu'à|las|às|alle|entre|depuis|avant|après|pour)|\d[ ]?h[ ](?:à|et))[ ]$", before, re.I
    ):
        return None
    clock = _make_clock(m)
    return _found(m, clock=clock, precision="hour") if clock else None


def _clock_hour(m: re.Match[str]) -> Found | None:
    clock = _make_clock(m)
    return _found(m, clock=clock, precision="minute" if m.groupdict().get("m") else "hour") if clock else None


def _military(m: re.Match[str]) -> Found | None:
    before = m.string[max(0, m.start() - 10) : m.start()]
    unit = m["unit"]
    if (
        unit
        and unit.lower() in ("hours", "hrs", "hr", "h")
        and m["h"][0] != "0"
        and not re.search(r"(?:\bat|around|about|~|by|from|until|to)[ ]?$", before, re.I)
    ):
        return None  # 1500 hours of CPU
    clock = _make_clock(m, "UTC" if m["z"] else "")
    return _found(m, clock=clock) if clock else None


def _clock_word(m: re.Match[str]) -> Found | None:
    return _found(
        m,
        clock=Clock(
            words.CLOCK_WORDS[m[0].lower()] % 1440, half="24" if words.CLOCK_WORDS[m[0].lower()] == 1440 else "word"
        ),
    )


def _stamp(m: re.Match[str]) -> Found | None:
    """A whole stamp: date, clock, and a zone where it has one."""
    g = m.groupdict()
    month = int(g["mo"]) if g["mo"].isdigit() else (words.month(g["mo"], True) or 0)
    year = g.get("y") or ("20" + g["y2"] if g.get("y2") else None)
    day = _make_day(year, month, g["d"])
    clock = _make_clock(m, (g.get("z") or "").strip())
    if day is None or clock is None:
        return None
    return _found(m, day=day, clock=clock, log=True)


def _epoch(m: re.Match[str]) -> Found | None:
    return _found(m, epoch=float(m["e"]), log=True)


def _day_text(m: re.Match[str]) -> Found | None:
    g = m.groupdict()
    year = g["y"] or g["y2"]
    month = words.month(g["mon"], bool(year))
    if month is None:
        return None
    day = _make_day(year, month, g["d"])
    return _found(m, day=day, precision="day") if day else None


def _day_numbers(order: str) -> Read:
    """Year, month and day in the order said; ``dm`` and ``md`` give way to each other where only one can be."""

    def read(m: re.Match[str]) -> Found | None:
        g = m.groupdict()
        a, b, year = g["a"], g["b"], g.get("y")
        if order == "ymd":
            day = _make_day(year, int(a), b)
        elif order == "dots":
            day = _make_day(year, int(b), a)
        else:
            day = (
                _make_day(year, int(a), b)
                if int(b) > 12
                else _make_day(year, int(b), a, swapped=int(a) <= 12 and a != b)
            )
        return _found(m, day=day, precision="day", weak=year is None) if day else None

    return read


def _weekday(m: re.Match[str]) -> Found | None:
    word, after = m["wd"], m["d"]
    short = len(word) <= 5 and word.lower() in (
        "mon",
        "tue",
        "tues",
        "wed",
        "thu",
        "thur",
        "thurs",
        "fri",
        "sat",
        "sun",
    )
    if word[0].islower() and (short or word.lower() in ("mars", "domingo")) and not after:
        return None
    number = words.WEEKDAYS[word.lower()]
    if after:
        return _found(m, day=Day(day=int(after), weekday=number), precision="day")
    return _found(m, day=Day(weekday=number), precision="day", weak=short)


def _day_word(m: re.Match[str]) -> Found | None:
    return _found(m, day=Day(delta=words.DAYS[m[0].lower()]), precision="day")


def _day_of_month(m: re.Match[str]) -> Found | None:
    return _found(m, day=Day(day=int(m["d"])), precision="day", weak=True) if 1 <= int(m["d"]) <= 31 else None


def _ago(m: re.Match[str]) -> Found | None:
    g = m.groupdict()
    total, coarse = 0.0, 0
    for n, unit in ((g["n"], g["u"]), (g.get("n2"), g.get("u2"))):
        if n and unit:
            low = " ".join(n.lower().split())
            scale = words.UNITS.get(unit.lower())
            if scale is None:
                return None
            total += (words.AMOUNTS[low] if low in words.AMOUNTS else float(low.replace(",", "."))) * (scale or 1 / 60)
            coarse = max(coarse, scale)
    if total > 45 * 1440:
        return None
    return _found(
        m,
        ago=total,
        precision="day" if coarse >= 1440 else "hour" if coarse == 60 else "minute",
        about=bool(g.get("about")),
    )


_MARK = r"(?:[ ]?(?:Uhr|uur|hrs?|h)(?![\w-])\.?)"
_N = rf"(?:\d{{1,3}}(?:[.,]\d)?|{_alt(words.AMOUNTS)})"
_U = rf"(?:{_alt(words.UNITS)})"
_CLF_MON = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_OFF = r"[+-]\d\d:?\d\d"

FORMATS: tuple[Row, ...] = (
    # Whole stamps
    Row("iso 8601", rf"(?P<y>{_Y})-(?P<mo>\d\d)-(?P<d>\d\d)[Tt](?P<h>{_HH}):(?P<m>{_M})(?::(?P<s>[0-5]\d|60)(?:[.,](?P<f>\d{{1,9}}))?)?(?P<z>[Zz]|{_OFF}|[+-]\d\d(?!\d))?(?![\w:])",
        _stamp, "2026-11-21T14:05:06.123+01:00", "2026-11-21 14:05 +01:00"),
    Row("iso 8601 basic", rf"(?P<y>{_Y})(?P<mo>\d\d)(?P<d>\d\d)T(?P<h>{_HH})(?P<m>{_M})(?P<s>[0-5]\d)?(?P<z>Z|[+-]\d{{4}})?(?!\w)",
        _stamp, "20261121T140506Z", "2026-11-21 14:05 Z"),
    Row("apache log", rf"(?P<d>\d\d)/(?P<mo>{_CLF_MON})/(?P<y>{_Y}):(?P<h>{_HH}):(?P<m>{_M}):(?P<s>[0-5]\d)(?:[ ](?P<z>[+-]\d{{4}}))?",
        _stamp, "21/Nov/2026:14:05:06 +0100", "2026-11-21 14:05 +0100"),
    Row("klog", rf"[IWEF](?P<mo>0[1-9]|1[0-2])(?P<d>[0-3]\d)[ ](?P<h>{_HH}):(?P<m>{_M}):(?P<s>[0-5]\d)\.(?P<f>\d{{1,6}})",
        _stamp, "E1121 14:05:06.123456", "11-21 14:05"),
    Row("tornado log", rf"(?<=\[[DIWEC][ ])(?P<y2>\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>[0-3]\d)[ ](?P<h>{_HH}):(?P<m>{_M}):(?P<s>[0-5]\d)",
        _stamp, "[E 261121 14:05:06 web:1]", "2026-11-21 14:05"),
    Row("epoch in a chat", r"(?:(?<=<t:)|(?<=<!date\^))(?P<e>1\d{9})(?!\d)", _epoch, "<t:1795269906:f>", "epoch 1795269906"),
    Row("epoch with its name", r"(?i:epoch|unix ?time|timestamp|time|ts|at)[\"']?[ ]?[=:]?[ ]?[\"']?(?P<e>1[4-9]\d{8})(?:\.(?P<f>\d{1,9})|\d{3}(?!\d))?(?![\d-])",
        _epoch, "ts=1795269906", "epoch 1795269906"),
    Row("nagios log", r"(?<=\[)(?P<e>1[4-9]\d{8})(?=\] [A-Z])", _epoch, "[1795269906] SERVICE ALERT", "epoch 1795269906"),
    # Dates
    Row("date, year first", rf"(?P<y>{_Y})(?P<sep>[-/.])(?P<a>\d{{1,2}})(?P=sep)(?P<b>\d{{1,2}})(?![\w/]|[-.:]\d|-[A-Za-z_])", _day_numbers("ymd"), "2026-11-21", "2026-11-21"),
    Row("date with dots", rf"(?P<a>\d{{1,2}})\.(?P<b>\d{{1,2}})\.(?P<y>{_Y}|(?<=\d\d\.\d\d\.)\d\d)(?![\w]|\.\d)", _day_numbers("dots"), "21.11.2026", "2026-11-21"),
    Row("date with slashes", rf"(?P<a>\d{{1,2}})(?P<sep>[/-])(?P<b>\d{{1,2}})(?P=sep)(?P<y>{_Y}|\d\d)(?![\w/]|[-.]\d)", _day_numbers("numbers"), "11/21/2026", "2026-11-21"),
    Row("date, day first", rf"{_WD}(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?(?:{_S}|-|/|)(?:(?:of|de|di|day of)[ ])?(?P<mon>{_MON})(?![^\W\d_]|-[a-z])\.?(?:(?:,|[ ]of|[ ]del?)?(?:{_S}|-|/)(?P<y>{_Y})(?![\d:])|[ -]'?(?P<y2>\d\d)(?![\d:.\w]))?",
        _day_text, "Sat, 21 Nov 2026", "2026-11-21"),
    Row("date, month first", rf"{_WD}(?P<mon>{_MON})\.?(?:{_S}|-|)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:\w]|[.,]\d|[ ]?[ap]m)(?:,?{_S}(?P<y>{_Y})(?![\d:])|,?[ ]'(?P<y2>\d\d)(?![\d:.\w]))?",
        _day_text, "Saturday, November 21st, 2026", "2026-11-21"),
    Row("weekday", rf"(?P<wd>(?i:{_alt(words.WEEKDAYS)}))(?![^\W\d_]|-\w|'s)(?:,?[ ](?:(?:the|den)[ ])?(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)(?!\w))?", _weekday, "Saturday 21st", "21, Saturday"),
    Row("day by name", rf"(?i:{_alt(words.DAYS)})(?![\w'’])", _day_word, "yesterday", "-1 days"),
    Row("day of the month", r"(?<=[Tt]he[ ])(?P<d>\d{1,2})(?:st|nd|rd|th)(?!\w)", _day_of_month, "the 21st", "21"),
    # Before something
    Row("ago", rf"(?i:(?P<n>{_N}){_S}?(?P<u>{_U})(?:(?:,|[ ]and)?{_S}?(?P<n2>{_N}){_S}?(?P<u2>{_U}))?{_S}(?:ago|fa|geleden|temu|atrás))(?!\w)", _ago, "20 min ago", "20 minutes ago"),
    Row("vor, il y a, hace", rf"(?i:(?:vor(?:{_S}etwa|{_S}ca\.)?|il y a(?: environ)?|hace(?: unos)?|há(?: cerca de)?){_S}(?P<n>{_N}){_S}(?P<u>{_U})(?P<n2>)(?P<u2>))(?!\w)", _ago, "vor 20 Minuten", "20 minutes ago"),
    # Clocks
    Row("clock", rf"(?P<h>{_H})[:：](?P<m>{_M})(?:[:：](?P<s>[0-5]\d|60)(?:[.,](?P<f>\d{{1,9}}))?)?{_AFTER}(?:(?P<half>{_HALF})|[ ]?(?:Uhr|uur|hrs|hours|h)(?![\w-]))?(?![^\W\dTZ]|_)",
        _clock, "14:05:06", "14:05"),
    Row("range of hours", r"(?P<h>1[0-2]|0?[1-9])(?=[ ]?(?:-|–|—|to)[ ]?(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?(?P<half>[ ]?(?:[aApP]\.?[mM])(?!\w)))", _clock_hour, "2-3pm", "14:00"),
    Row("hour with am or pm", rf"(?P<h>1[0-2]|0?[1-9])(?:[.](?P<m>{_M}))?(?P<half>[ \t\u00a0]?(?:[aApP][mM]|[aApP]\.[ ]?[mM]\.?))(?!\w)", _clock_hour, "3pm", "15:00"),
    Row("o'clock", r"(?P<h>1[0-2]|[1-9])[ ]o['’]?clock(?!\w)", _clock_hour, "3 o'clock", "03:00"),
    Row("clock with a dot", rf"(?P<h>{_H})\.(?P<m>{_M})(?![\d.]|[ ]?%)(?P<mark>{_MARK})?", _clock_dotted, "14.05 Uhr", "14:05"),
    Row("Uhr", rf"(?P<h>{_H})[ ]?Uhr(?:[ ](?P<m>{_M}))?(?!\w)", _clock_hour, "14 Uhr 05", "14:05"),
    Row("h between", rf"(?P<h>{_H})[ ]?(?:[hHu]|heures?)[ ]?(?P<m>{_M})(?![\w:.]|[ ]?(?:m|min|mn)(?!\w))", _clock_hour, "15h50", "15:50"),
    Row("hour with h", rf"(?P<h>{_H})[ ]?(?:[hH]|heures?)(?!\w)", _hour_after_word, "à 15h", "15:00"),
    Row("four digits", rf"(?P<h>{_HH})(?P<m>{_M})(?:(?P<z>Z)|(?P<unit>[ ]?(?:hrs?|hours|h))|(?=[ ]?(?:{SHORT})))(?![\w-])", _military, "1405Z", "14:05 UTC"),
    Row("clock in words", rf"(?i:{_alt(words.CLOCK_WORDS)})(?!\w)", _clock_word, "noon", "12:00"),
    Row("date without year", r"(?P<a>\d{1,2})(?P<sep>[/-])(?P<b>\d{1,2})(?![\w/]|[-.]\d)", _day_numbers("numbers"), "11/21", "11-21"),
    Row("date without year, dots", r"(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?!\d)", _day_numbers("dots"), "21.11.", "11-21"),
)  # fmt: skip

#: What looks like a time and is none, consumed whole so that no part of it is read.
LOOKS: tuple[tuple[str, str, str], ...] = (
    ("address", r"(?:https?|ftp|wss?|file|s3|gs|ssh|git|mailto|slack|tel):(?://)?[^\s|)>\]]{1,2000}", "https://example.org/2026/11/21/14:05"),
    ("ip address", r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\w.])", "10.0.14.05:8080"),
    ("hardware address", r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){3,15}(?![\w:])", "14:05:06:07:08:09"),
    ("pci slot", r"(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?![\w.])", "0000:03:00.0"),
    ("version", r"\d{1,5}(?:\.\d{1,6}){2,8}(?:[-+~][\w.+~-]{1,40})?(?![\w])", "5.4.19-1"),
    ("identifier", r"\d{1,14}[A-Za-z_]{0,4}(?:-\d{0,8}[A-Za-z]{1,12}\d{1,12}|_)[\w-]{0,60}", "134a959a-n2sk"),
    ("long number", r"\d{7,40}(?![\d:T])", "11297456601"),
)  # fmt: skip

_ROWS = {f"r{i}": (row, re.compile(row.pattern)) for i, row in enumerate(FORMATS)}
_LATE = ("version", "identifier", "long number")  # dates are tried before these


def _piece(name: str, pattern: str) -> str:
    return f"(?P<{name}>{re.sub(r'[(][?]P<(?!sep)[a-z0-9]+>', '(?:', pattern)})"


def _scanner() -> re.Pattern[str]:
    """All rows as one alternation, the first that fits wins; inner names are dropped, ``sep`` made unique for its back reference."""
    pieces = [_piece(f"n{i}", p) for i, (name, p, _) in enumerate(LOOKS) if name not in _LATE]
    for i, row in enumerate(FORMATS):
        pieces.append(_piece(f"r{i}", row.pattern).replace("?P<sep>", f"?P<sep{i}>").replace("?P=sep", f"?P=sep{i}"))
    pieces += [_piece(f"n{i}", p) for i, (name, p, _) in enumerate(LOOKS) if name in _LATE]
    return re.compile("|".join(pieces))


_SCANNER = _scanner()
_FIRST = _alt(
    {w[:3] for t in (words.MONTHS, words.WEEKDAYS, words.DAYS, words.CLOCK_WORDS) for w in t},
    {w[:2] for w in words.WEEKDAY_PREFIXES}, {a.split()[0] + " " for a in words.AMOUNTS},
    ("vor ", "il y a", "hace", "há ", "http", "ftp:", "ws:", "wss:", "file:", "s3:", "gs:", "ssh:", "git:", "mailto:", "slack:", "tel:",
     "epoch", "unix", "time", "ts", "at "),
)  # fmt: skip
#: Where a row may begin: a number or one of the words, not inside another word. Klog's letter is a case of its own.
START = re.compile(rf"(?<![\w.])(?:\d|[IWEF]\d{{4}}[ ]|(?i:{_FIRST}))|(?<=\.\.\.)\d|(?<=[ \t\n]\.)\d(?=\d:)")
_BAD_BEFORE = frozenset("/\\#$@%&+?")


def scan(text: str, start: int, end: int) -> Iterator[Found]:
    """Everything in ``text[start:end]`` that a row reads, in order, without overlaps. Linear in the length."""
    position = start
    while (first := START.search(text, position, end)) is not None:
        at = first.start()
        match = _SCANNER.match(text, at, end)
        if match is None or match.lastgroup is None or match.end() == at:
            # Step over the rest of a number, so that 1111…1 costs one step.
            position = at + 1
            if text[at].isdigit():
                position = _DIGITS.match(text, at, end).end()  # type: ignore[union-attr]
            continue
        name = match.lastgroup
        if name.startswith("n"):
            position = match.end()
            continue
        row, pattern = _ROWS[name]
        exact = pattern.match(text, at, end)
        found = row.read(exact) if exact is not None else None
        if found is None or (at > 0 and text[at - 1] in _BAD_BEFORE and found.row != "clock"):
            position = max(at + 1, _WORD.match(text, at, end).end())  # type: ignore[union-attr]
            continue
        yield replace(found, row=row.name)
        position = found.end


_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w*")
