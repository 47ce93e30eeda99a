"""Durations as people state them: "45 min", "1h 20m", "about an hour", "Duration: 1h"; and how exactly they are meant.

The law it keeps: a duration is only compared with times that it is plainly about: the range beside it, or START and RESTORED
where it calls itself the incident's.
"""

from __future__ import annotations

import re
from datetime import timedelta

_ABOUT = (
    r"(?:about|around|approx(?:imately)?\.?|roughly|nearly|almost|over|under|less[ ]than|more[ ]than|ca\.?|circa|etwa|rund"
    r"|environ|~|≈)"
)
_H = r"(?:h|hrs?|hours?|stunden?|std\.?|heures?)"
_M = r"(?:m|mins?|minutes?|minuten|mn)"
#: A duration. Groups: about, days, hours, minutes, mixed (1:20 hours), word (an hour).
SPAN = (
    rf"(?P<about>{_ABOUT}[ ]?)?(?:"
    rf"(?P<mixed>\d{{1,2}}:[0-5]\d)(?=[ ]?(?:{_H}|hh:mm|h:mm)(?!\w))[ ]?[a-zA-Z:]+"
    rf"|(?P<word>(?:half[ ]an|an|one|two|three|four|five|six|eine|zwei|une|deux)[ ](?:and[ ]a[ ]half[ ])?"
    r"(?:hours?|stunden?|heures?)(?:[ ]and[ ]a[ ]half)?)(?!\w)"
    rf"|(?:(?P<days>\d{{1,3}})[ ]?(?:d|days?|tage?n?|jours?)(?!\w)(?:[ ,]{{0,2}}(?:and[ ]|und[ ]|et[ ])?))?"
    rf"(?:(?P<hours>\d{{1,3}}(?:[.,]\d)?)[ -]?{_H}(?![a-z])(?:[ ,]{{0,2}}(?:and[ ]|und[ ]|et[ ])?))?"
    rf"(?:(?P<minutes>\d{{1,4}})[ -]?{_M}(?!\w))?"
    r")"
)
_WORDS = {
    "half an": 0.5, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eine": 1, "zwei": 2, "une": 1,
    "deux": 2,
}  # fmt: skip
_NOT_OF_IT = r"(?![ ]?(?:\w|later|after|before|ago|each|per|every|into|apart|timeout|interval|window|intervals))"

_OUTAGE = r"(?:outage|incident|downtime|interruption|disruption|impact|degradation|störung|ausfall|panne)"
#: Where a duration says that it is the incident's: (pattern, example). Looked for line by line.
OF_ALL: tuple[tuple[str, str], ...] = (
    (rf"^[ \t>*_#|-]{{0,8}}(?:(?:total|overall|outage|incident|impact)[ ])?(?:duration|downtime|dauer|durée)[ *_|]{{0,4}}[:=|]"
     rf"[ *_|]{{0,4}}{SPAN}", "Duration: 1h"),
    (rf"\b{_OUTAGE}\b[^.\n\d]{{0,40}}?\b(?:lasted|lasting|took|of|for|dauerte|duré)[ ](?:for[ ]|in[ ]total[ ])?{SPAN}",
     "The outage lasted 45 min"),
)  # fmt: skip
#: The same in words that say so only in the line of RESTORED, RESOLVED, IMPACT or SUMMARY.
OF_COMMAND: tuple[tuple[str, str], ...] = (
    (rf"\b(?:took|lasted|after|for|in)[ ](?:a[ ]total[ ]of[ ])?{SPAN}", "RESTORED 14:40, took 45 min"),
)
COMMANDS = re.compile(r"\s*(?:RESTORED|RESOLVED|IMPACT|SUMMARY)\b")
#: Without one of these no row fits.
_CUES = (
    "duration", "downtime", "dauer", "durée", "outage", "incident", "interruption", "disruption", "impact", "degradation",
    "störung", "ausfall", "panne", "restored", "resolved", "summary",
)  # fmt: skip
_SPAN = re.compile(SPAN, re.I)
_OF_ALL = tuple(re.compile(p + _NOT_OF_IT, re.I) for p, _ in OF_ALL)
_OF_COMMAND = tuple(re.compile(p + _NOT_OF_IT, re.I) for p, _ in OF_COMMAND)

_BETWEEN = (
    r"[ \t)\]*_`,;.:=(\u2013\u2014-]{0,6}(?:(?:i\.e\.|that[ ]is|so|for|lasting|lasted|took|taking|in[ ]total|total(?:[ ]of)?"
    r"|a[ ]total[ ]of|it|this|which|we[ ]were[ ]down|dauer|duration|durée)[ :(]{1,2}){0,4}"
)
_AFTER = re.compile(_BETWEEN + SPAN + _NOT_OF_IT, re.I)
_BEFORE = re.compile(
    SPAN
    + r"[ \t]{0,2}(?:(?:outage|downtime|long|in[ ]total)[ \t]?)?[ \t,(:\u2013\u2014-]{0,4}(?:(?:from|between|von|de)[ ])?"
    r"[*_`~(]{0,3}$",
    re.I,
)


def read_span(m: re.Match[str]) -> tuple[timedelta, timedelta] | None:
    """(how long, how far off that may be meant) from the groups of SPAN; None where nothing is said."""
    g = m.groupdict()
    exact = timedelta(minutes=5)
    if g["mixed"]:
        hours, _, minutes = g["mixed"].partition(":")
        span = timedelta(hours=int(hours), minutes=int(minutes))
    elif g["word"]:
        amount = re.split(r" (?:and|hour|stunde|heure)", g["word"].lower())[0]
        span = timedelta(hours=_WORDS[amount] + (0.5 if " and a half" in g["word"].lower() else 0.0))
        exact = timedelta(minutes=15)
    elif g["days"] or g["hours"] or g["minutes"]:
        hours = float((g["hours"] or "0").replace(",", "."))
        span = timedelta(days=int(g["days"] or 0), hours=hours, minutes=int(g["minutes"] or 0))
        if not g["minutes"]:
            exact = timedelta(minutes=15) if g["hours"] else timedelta(hours=12)
    else:
        return None
    slack = max(exact, span / 10)
    return span, slack * 2 if g["about"] else slack


def of_all(line: str) -> tuple[str, timedelta, timedelta] | None:
    """(words, how long, how exactly) where a line states how long the whole incident was."""
    low = line.lower()
    if not any(cue in low for cue in _CUES):
        return None
    rows = (*_OF_ALL, *_OF_COMMAND) if COMMANDS.match(line) else _OF_ALL
    for pattern in rows:
        m = pattern.search(line[:400])
        read = read_span(m) if m is not None else None
        if m is not None and read is not None:
            return " ".join(re.sub(r"[*_`#>|-]+", " ", m[0]).split()), *read
    return None


def beside(text: str, start: int, end: int) -> tuple[str, timedelta, timedelta] | None:
    """The duration that stands right behind the range ``text[start:end]``, or right before it, on its line."""
    stop = text.find("\n", end, end + 80)
    m = _AFTER.match(text[end : stop if stop >= 0 else end + 80])
    read = read_span(m) if m is not None else None
    if m is None or read is None:
        first = text.rfind("\n", max(0, start - 80), start) + 1
        before = text[max(first, start - 80) : start]
        for m in _BEFORE.finditer(before):
            read = read_span(m)
            if read is not None:
                return _words(m), *read
        return None
    return _words(m), *read


def _words(m: re.Match[str]) -> str:
    """The duration alone, as written."""
    first = min(m.start(name) for name, said in m.groupdict().items() if said)
    alone = _SPAN.match(m.string, first)
    return alone[0].strip(" ,") if alone is not None else m[0]
