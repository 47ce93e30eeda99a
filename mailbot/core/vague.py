"""When something happened, in words that say no day: "over the Easter holidays", "a few days" (lesson P30). A rule of the lint.

The law it keeps: only what tells of the past and has no date or time beside it is asked for one; a row carries its example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.core.doubts import MOST, Doubt, Page
from mailbot.core.scanner import scan


@dataclass(frozen=True, slots=True)
class Vague:
    pattern: str
    example: str


_FEW = r"(?:a[ ]few|several|some|a[ ]couple(?:[ ]of)?|a[ ]number[ ]of)"
_PART = r"(?:days|weeks|months)"
_FEAST = r"(?:easter|christmas|xmas|thanksgiving|new[ ]year'?s?)"
VAGUES: tuple[Vague, ...] = (
    Vague(
        rf"(?:over|during|since|before|after|around|in)[ ](?:the[ ])?(?:(?:{_FEAST}[ ]|(?:bank|summer|winter|spring|autumn|fall"
        rf"|long|past|last)[ ])?(?:holidays?|vacations?|weekend)|{_FEAST}(?:[ ]break)?)",
        "over the Easter holidays",
    ),
    Vague(rf"{_FEW}[ ]{_PART}(?:[ ](?:ago|back|earlier|before))?", "a few days"),
    Vague(
        rf"(?:over|in|during|within|for)[ ]the[ ](?:last|past)[ ](?:few[ ]|couple[ ]of[ ])?{_PART}",
        "over the last few days",
    ),
    Vague(r"(?:earlier[ ]this|late[ ]last|early[ ]last|last|sometime[ ]last)[ ](?:week|month)", "last week"),
    Vague(
        r"the[ ]other[ ]day|a[ ]while[ ](?:ago|back)|some[ ]time[ ]ago|for[ ](?:quite[ ])?some[ ]time[ ]now",
        "the other day",
    ),
    Vague(
        r"(?:über|während|seit|vor|nach|an)[ ](?:den[ ]|die[ ])?(?:ostern|osterfeiertagen?|feiertagen?|weihnachten|pfingsten"
        r"|wochenende)|neulich|(?:vor|seit)[ ](?:ein[ ]paar|einigen)[ ](?:tagen|wochen)|letzte[ ]woche",
        "vor ein paar Tagen",
    ),
    Vague(
        r"(?:il[ ]y[ ]a|depuis)[ ]quelques[ ](?:jours|semaines)|la[ ]semaine[ ](?:dernière|passée)|l'autre[ ]jour",
        "il y a quelques jours",
    ),
)
#: Without one of these none of the rows fits.
_CUES = (
    "holiday", "vacation", " break", "weekend", "easter", "christmas", "xmas", "thanksgiving", "new year", " days", " weeks",
    " months", " week", " month", "other day", "a while", "some time", "ostern", "feiertag", "weihnacht", "pfingst", "wochen",
    "neulich", "tagen", "quelques", "semaine", "autre jour",
)  # fmt: skip
_VAGUE = re.compile(rf"(?<!\w)(?:{'|'.join(v.pattern for v in VAGUES)})(?!\w|['’]s)", re.I)
#: It tells what will be, what always is, or how long something takes: no time is missing.
_NOT_PAST = re.compile(
    r"\b(?:will|shall|would|could|may|might|should|must|can|next|plan(?:s|ned|ning)?|going to|take|takes|took|need|needs"
    r"|until|within|every|each|usually|werden|wird|können|nächste|jede)\b|'ll\b",
    re.I,
)


def vague(page: Page) -> Iterator[Doubt]:
    """Each phrase once. Where the line has a date or a time beside it, that says it."""
    seen: set[str] = set()
    for number, line in page.own_lines():
        low = line.lower()
        if not any(cue in low for cue in _CUES):
            continue
        for m in _VAGUE.finditer(line):
            words = m[0].lower()
            if words in seen or _NOT_PAST.search(line, 0, m.start()) or page.on(number) is not None or _has_day(line):
                continue
            seen.add(words)
            yield Doubt("", number, f'"{m[0]}" says no day: name the dates, if you know them.')
            if len(seen) == MOST:
                return


def _has_day(line: str) -> bool:
    days = (f.day for _, f in scan(line, 0, len(line)))
    return any(d is not None and (d.day is not None or d.delta is not None) for d in days)
