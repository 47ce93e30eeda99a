"""What a row of FORMATS reads: dates, clocks, stamps, "20 min ago". One function for each way of reading; none raises.

The law it keeps: a function reads the groups of one match, and looks back a few characters at most where the same figures mean
something else behind another word ("um 14.05", "version 14.05").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailbot.core import lexicon


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is written. ``swapped``: numeric month and day could be the other way round."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None  # Monday is 0
    delta: int | None = None  # days from the Date header's day: "yesterday" is -1
    told: bool = False  # ``delta`` counts from the day that the text tells of: "the next day"
    swapped: bool = False
    night: bool = False  # the night to that day: its evening hours are of the day before


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as written. ``minutes`` after midnight, 0..1440."""

    minutes: int
    seconds: float = 0.0
    half: str = ""  # am, pm; "word" for noon and midnight; "" where nothing is said
    open_half: bool = (
        False  # an hour of 1..12 with no am or pm and no leading zero: it may take one from its neighbours
    )
    zone: str = ""  # where the format itself carries it: "+02:00", "Z"
    has_seconds: bool = False
    guessed: bool = False  # am or pm taken from the sentence before


@dataclass(frozen=True, slots=True)
class Found:
    """What a row read at ``text[start:end]``: a date, a clock, both, or minutes before something ("20 min ago")."""

    start: int
    end: int
    day: Day | None = None
    clock: Clock | None = None
    ago: float | None = None  # minutes
    precision: str = "minute"
    epoch: float | None = None  # seconds since 1970
    log: bool = False  # a machine's stamp: it never moves the day the text is about
    weak: bool = False  # only a date beside a clock: 5/27, 03-26


Read = Callable[[re.Match[str]], Found | None]

_GERMAN_AT = re.compile(r"\b(?:um|gegen|ab|kl\.?|klo|ore|d?alle|om|godz\.?|o)[ ]$", re.I)
_FRENCH_AT = re.compile(
    r"(?:\b(?:à|vers|dès|jusqu'à|las|às|alle|entre|de|depuis|avant|après|pour)"
    r"|\d[ ]?h(?:[ ]?\d\d)?[ ](?:à|et)|\bentre[ ]\d\d?[ ]et)[ ]$",
    re.I,
)
_AT = re.compile(r"(?:\bat|around|about|~|by|from|until|to)[ ]?$", re.I)
_EPOCH_NAME = re.compile(r"(?:epoch|unix ?time|timestamp|time|ts|at)[\"']?[ ]?[=:]?[ ]?[\"']?$", re.I)
_COLON = re.compile(r"[ ]?[:–—-]")
_NUMBER = re.compile(r"[ \n]\d")
_NEXT_DAY = re.compile(r"[ ]\d{1,2}(?:st|nd|rd|th|[ ,])")
_SHORT_WEEKDAYS = lexicon.words("mon tue tues wed thu thur thurs fri sat sun")
_LAST_DAY = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _before(m: re.Match[str], width: int) -> str:
    return m.string[max(0, m.start() - width) : m.start()]


def clock_of(m: re.Match[str], zone: str = "") -> Clock | None:
    """The clock in the groups h, m, s, f, half, as far as the row has them; None where there is no such time."""
    g = m.groupdict()
    hour, minute = int(g["h"]), int(g.get("m") or 0)
    seconds = float(f"{g.get('s') or 0}.{g.get('f') or 0}")
    half = (g.get("half") or "").strip(" \t\u00a0").lower()[:1]
    if half:
        if half == "p" and 1 <= hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        return Clock(hour * 60 + minute, seconds, half + "m", False, zone, bool(g.get("s")))
    if hour == 24 and minute:
        return None
    return Clock(hour * 60 + minute, seconds, "", 1 <= hour <= 12 and g["h"][0] != "0", zone, bool(g.get("s")))


def day_of(year: str | None, month: int, day: str, swapped: bool = False) -> Day | None:
    """A day of a month that has so many days; a year of two digits is of this century."""
    if not (1 <= month <= 12 and 1 <= int(day) <= _LAST_DAY[month - 1]):
        return None
    return Day(int(year) + (2000 if len(year) == 2 else 0) if year else None, month, int(day), swapped=swapped)


def read_clock(m: re.Match[str]) -> Found | None:
    if m.start() > 1 and m.string[m.start() - 1] == ":" and m.string[m.start() - 2] not in " \t\n*|>":
        return None  # file.c:15:20, host:15:20, the middle of a hardware address
    if m.start() > 1 and m.string[m.start() - 1] == "-" and m.string[m.start() - 2].isalpha():
        return None  # the end of a name: node-14:05
    if m["h"] == "0" and m.groupdict().get("s") and not m.groupdict().get("half"):
        return None  # 0:01:02 is how long; of the day it would be 00:01:02
    clock = clock_of(m)
    return Found(m.start(), m.end(), clock=clock) if clock else None


def read_dotted(m: re.Match[str]) -> Found | None:
    """14.05 is a time with "Uhr" behind it or "um" in front, else a number."""
    return read_clock(m) if m["mark"] is not None or _GERMAN_AT.search(_before(m, 9)) else None


def read_hour(m: re.Match[str]) -> Found | None:
    clock = clock_of(m)
    precision = "minute" if m.groupdict().get("m") else "hour"
    return Found(m.start(), m.end(), clock=clock, precision=precision) if clock else None


def read_french_hour(m: re.Match[str]) -> Found | None:
    """15h is a time behind "à", or where it leads its line ("- 15h : retour"), else a duration."""
    before = _before(m, 12).rpartition("\n")[2]
    leads = len(before) <= 6 and not before.strip(" \t>*-•–") and _COLON.match(m.string, m.end())
    return read_hour(m) if leads or _FRENCH_AT.search(_before(m, 12)) else None


def read_military(m: re.Match[str]) -> Found | None:
    """1405Z, 0930 hrs; "1500 hours of CPU" is none."""
    year = 1990 <= int(m["h"] + m["m"]) <= 2039 and not m["z"]  # "in 2020 UTC became"
    if ((m["unit"] and m["h"][0] != "0") or year) and not _AT.search(_before(m, 10)):
        return None
    clock = clock_of(m, "Z" if m["z"] else "")
    return Found(m.start(), m.end(), clock=clock) if clock else None


def read_clock_word(m: re.Match[str]) -> Found | None:
    if m.start() and m.string[m.start() - 1] in "-\u2010":
        return None  # après-midi
    minutes = lexicon.CLOCK_WORDS[m[0].lower()]
    return Found(m.start(), m.end(), clock=Clock(minutes % 1440, half="word"))


def read_stamp(m: re.Match[str]) -> Found | None:
    """A whole stamp: date, clock, and a zone where it has one."""
    g = m.groupdict()
    month = int(g["mo"]) if g["mo"].isdigit() else (lexicon.month(g["mo"], True) or 0)
    day = day_of(g.get("y") or g.get("y2"), month, g["d"])
    clock = clock_of(m, (g.get("z") or "").strip())
    return Found(m.start(), m.end(), day=day, clock=clock, log=True) if day and clock else None


def read_epoch(m: re.Match[str]) -> Found | None:
    return Found(m.start(), m.end(), epoch=float(m["e"]), log=True)


def read_named_epoch(m: re.Match[str]) -> Found | None:
    return read_epoch(m) if _EPOCH_NAME.search(_before(m, 16)) else None


def read_day_text(m: re.Match[str]) -> Found | None:
    g = m.groupdict()
    year = g["y"] or g["y2"]
    month = lexicon.month(g["mon"], bool(year))
    if month is None:
        return None
    if g.get("dot") and not year and _NEXT_DAY.match(m.string, m.end()):
        return None  # "1. November 4th": the first entry of a list
    day = day_of(year, month, g["d"])
    return Found(m.start(), m.end(), day=day, precision="day") if day else None


def read_year_first(m: re.Match[str]) -> Found | None:
    day = day_of(m.groupdict().get("y"), int(m["a"]), m["b"])
    return Found(m.start(), m.end(), day=day, precision="day") if day else None


def read_day_first(m: re.Match[str]) -> Found | None:
    day = day_of(m.groupdict().get("y"), int(m["b"]), m["a"])
    return Found(m.start(), m.end(), day=day, precision="day", weak=day.year is None) if day else None


def read_either_first(m: re.Match[str]) -> Found | None:
    """11/21 is month first because it must be; 5/6 is day first and may be swapped by the reader."""
    a, b, year = m["a"], m["b"], m.groupdict().get("y")
    if int(b) > 12:
        day = day_of(year, int(a), b)
    else:
        day = day_of(year, int(b), a, swapped=int(a) <= 12 and a != b)
    return Found(m.start(), m.end(), day=day, precision="day", weak=year is None) if day else None


def read_month_first(m: re.Match[str]) -> Found | None:
    day = day_of(None, int(m["a"]), m["b"])
    return Found(m.start(), m.end(), day=day, precision="day", weak=True) if day else None


def read_weekday(m: re.Match[str]) -> Found | None:
    word, number = m["wd"], m["d"]
    low = word.lower()
    short = low in _SHORT_WEEKDAYS
    if word[0].islower() and (short or low in ("domingo", "sabato")) and not number:
        return None
    day = Day(day=int(number) if number else None, weekday=lexicon.WEEKDAYS[low])
    return Found(m.start(), m.end(), day=day, precision="day", weak=short and not number)


def read_day_word(m: re.Match[str]) -> Found | None:
    name = " ".join(m["name"].lower().split())
    night, told = name in lexicon.NIGHTS, name in lexicon.STEPS
    if name.endswith(" before") and _NUMBER.match(m.string, m.end()):
        return None  # "in the morning before 9:30"
    delta = 0 if night else lexicon.STEPS[name] if told else lexicon.DAYS[name]
    return Found(m.start(), m.end(), day=Day(delta=delta, told=told, night=night), precision="day")


def read_day_of_month(m: re.Match[str]) -> Found | None:
    if not 1 <= int(m["d"]) <= 31:
        return None
    return Found(m.start(), m.end(), day=Day(day=int(m["d"])), precision="day", weak=True)


def read_ago(m: re.Match[str]) -> Found | None:
    """Minutes of "2 h 30 min ago"; None for more than 45 days, which is no clock's business."""
    g = m.groupdict()
    total, coarse = 0.0, 0
    for amount, unit in ((g["n"], g["u"]), (g.get("n2"), g.get("u2"))):
        if amount and unit:
            low = " ".join(amount.lower().split())
            scale = lexicon.UNITS[unit.lower()]
            total += lexicon.AMOUNTS[low] * (scale or 1 / 60) if low in lexicon.AMOUNTS else _times(low, scale)
            coarse = max(coarse, scale)
    if total > 45 * 1440:
        return None
    if coarse >= 1440:  # a day, not a moment; "2 days ago at 14:05" is one
        return Found(m.start(), m.end(), day=Day(delta=-round(total / 1440)), precision="day", weak=True)
    precision = "hour" if coarse == 60 else "minute"
    return Found(m.start(), m.end(), ago=total, precision=precision)


def _times(number: str, scale: int) -> float:
    return float(number.replace(",", ".")) * (scale or 1 / 60)
