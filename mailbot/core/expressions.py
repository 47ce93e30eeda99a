"""Dates, clocks and zones that stand together -> one expression: ``Sat, Dec 17th at about **12:43 UTC**``, ``14:05 (12:05 UTC)``.

The law it keeps: only what is written side by side is joined here; whatever is missing is for ``placing`` to find.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from mailbot.core import lexicon
from mailbot.core.found import Clock, Day
from mailbot.core.scanner import Tries, scan
from mailbot.core.zones import PLACE, SHORT, WORDS, read_zone


@dataclass(slots=True)
class Expression:
    """A time as it stands in the text; ``day`` or ``clock`` may be missing. ``to_next``: the next one is where its range ends."""

    start: int
    end: int
    row: str
    day: Day | None = None
    clock: Clock | None = None
    ago: float | None = None
    epoch: float | None = None
    zone: str = ""  # the words as written
    about: bool = False
    precision: str = "minute"
    log: bool = False
    weak: bool = False
    to_next: bool = False
    from_previous: bool = False
    local: int | None = None  # minutes that the writer's clock is ahead of UTC: "16:37 (14:37 UTC)"

    @property
    def timed(self) -> bool:
        """Says a time, not only a date."""
        return self.clock is not None or self.epoch is not None or self.ago is not None


_OFFSET_TAIL = r"[+\u2212](?:1[0-4]|0\d):?(?:00|15|30|45)?(?!\d|[:.]\d)|-(?:1[0-4]|0\d)(?:00|15|30|45)(?!\d|[:.]\d)"
_TAIL = re.compile(
    rf"(?P<z>Z)(?!\w)|(?:[ \t\u00a0]{{0,2}}(?:,[ ]|[\[(]|in[ ]|\*\*[ ]?[(]?)?(?P<short>{SHORT}"
    rf"|{_OFFSET_TAIL})(?:[ ]time(?!\w))?[\])]?"
    rf"|[ \t\u00a0]{{1,2}}[\[(]?(?P<words>{WORDS}|{PLACE})[\])]?"
    rf"|[ \t]?\n[ \t]{{0,12}}(?P<next>UTC|GMT|[A-Z]{{2,3}}T)(?![\w/])|[ ](?P<city>[A-Z][a-zü]{{3,15}})(?=[.,;)]|[ ]?$|\n| - ))"
)
_SECONDS_TAIL = re.compile(r"[ ]?(?P<short>-(?:1[0-4]|0\d):(?:00|15|30|45))(?![\d:.])")
_BEFORE = re.compile(r"(?P<zone>(?:UTC|GMT|[A-Z]{3,4}T?))[)\]]?:?[ ]{1,2}$")
_HALF = re.compile(
    r"[ ](?:(?P<night>(?:at|in the|that) night)|(?:(?:in the|on the|that|de la|de l['’]|du|da|del|di|o'clock in the)[ ]?)?"
    r"(?:(?P<am>morning|mañana|madrugada|matin|manhã|mattina|morgens|früh|vormittags|'s ochtends|'s nachts)"
    r"|(?P<pm>afternoon|evening|tarde|noche|après-midi|soir|noite|pomeriggio|sera|nachmittags|abends|'s middags"
    r"|'s avonds)))(?!\w)"
)
_PART = re.compile(
    r"(?<![Mm]ás )(?<![Mm]ais )(?<![Ss]onn)(?<![Gg]ood )(?<![Gg]uten )(?<![Bb]uona )"  # later, Saturday, a greeting
    rf"(?P<part>\b(?:{lexicon.alternation(lexicon.PARTS)})|{lexicon.alternation(lexicon.GLUED)})"
    r"(?:,?[ \n](?:(?:at|um|gegen|à|vers|a las|a la|alle|às|om|o|around|about|ca\.?|circa|from|between|since|ab|von|seit|de"
    r"|desde|of|del|des|du|vom|van)[ ]){0,2}~?)?$"
)
_YEAR = re.compile(r"[ ](?P<y>(?:19|20)\d\d)(?![\d:])")
_ABOUT = lexicon.words(
    "about around approx approximately roughly circa ca gegen etwa ungefähr vers environ hacia sobre verso rond około"
    " omstreeks nearly almost"
)
_ISH = re.compile(r"[ -]?ish\b|[ ]or so\b|\?(?=[ \n)])")

_FILL = (
    r"(?:[ \t\u00a0,;|*_`\[\]()@:\u2013\u2014~/·-]|T(?=\d)|\n(?=[ \t]{0,12}\S)"
    r"|\b(?:at|around|about|roughly|approx(?:imately)?\.?|ca\.?|circa|from|between|since|by|um|gegen|etwa|von|ab|seit|zwischen"
    r"|à|vers|de|dès"
    r"|a[ ]las|a[ ]la|sobre|hacia|desde|alle|ore|alle[ ]ore|verso|dalle|às|as|om|rond|van|o|około|kl\.?|the|local[ ]time"
    r"|starting|starts?|just[ ](?:after|before))\b)"
)
_DATE_THEN_CLOCK = re.compile(rf"{_FILL}{{0,9}}")
_TIGHT = re.compile(
    r"(?:[ \t\u00a0]{0,2}[,|@T]?[ \t\u00a0]{0,2}(?:(?:at|um|gegen|à|vers|alle|om|o|ca\.?|circa|about|around|kl\.?)"
    r"[ ]|a las ){0,2}|[ ][\u2013\u2014-][ ])"
)
_CLOCK_THEN_DATE = re.compile(
    r"[ \t\u00a0*_)\]]{0,3}(?:[,|(\[\u2013\u2014/-]|[ \t\n])?[ \t\n]{0,3}(?:(?:on|am|le|el|il|op|em|of|the|del|du"
    r"|vom)[ \n]){0,2}(?:the[ ])?"
)
_RANGE = re.compile(
    r"[ \t\u00a0*_`)\]]{0,4}(?:[-\u2010-\u2015\u2212]{1,2}>?|→|\bto\b|\buntil\b|\btill\b|\bthrough\b|\bthru\b|\bbis\b"
    r"|\bbis um\b|à|\bau\b"
    r"|\bjusqu'à\b|\bhasta(?: las)?\b|\ba las\b|\ba\b|\balle\b|\bàs\b|\bao\b|\baté\b|\btot\b|\bdo\b"
    r"|/)[ \t\u00a0\n*_`(\[~]{0,6}(?:(?:about|around|ca\.?|approx\.?|roughly|etwa|um)[ ])?"
)
_AND = re.compile(r"[ \t\u00a0*_`]{0,3}\b(?:and|und|et|y|e|en|i)\b[ \t\u00a0\n*_`~]{1,4}")
_AND_AGAIN = re.compile(
    r"[ \t]*(?:,|,?[ \n](?:and|or|und|et|y|e|en|&))[ \n](?:(?:then|again|um|at|à|a las)[ \n]){0,2}[~*]{0,3}"
)
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre|tra|fra|tussen|między|pomiędzy)\b[^.\n]{0,40}$", re.I)


def read(
    text: str, start: int, end: int, sender: int | None, limit: int = 5000, tries: Tries | None = None
) -> tuple[list[Expression], int]:
    """(the expressions in ``text[start:end]`` in order, where reading ended): at most ``limit``, so that junk costs little."""
    items: list[Expression] = []
    stop = end
    for row, f in scan(text, start, end, tries):
        zone = f.clock.zone if f.clock is not None else ""
        e = Expression(f.start, f.end, row, f.day, f.clock, f.ago, f.epoch, zone, False, f.precision, f.log, f.weak)
        items.append(_with_tail(text, _with_half(text, e, end), end))
        if len(items) >= limit:
            stop = e.end
            break
    if tries is not None and tries.stopped >= 0:
        stop = min(stop, tries.stopped)
    items = _join_equals(text, _clock_before_date(text, _join_dates(text, items, end)), sender)
    _share_back(text, items)
    _link_ranges(text, items)
    for e in items:
        e.about = e.about or _is_about(text[max(start, e.start - 22) : e.start]) or bool(_ISH.match(text, e.end))
    return items, stop


def _is_about(before: str) -> bool:
    """Whether the word (or the sign) right before a time says that it is not exact."""
    before = before.rstrip(" \t\n*_`([")
    if before[-1:] in ("~", "≈"):
        return True
    words = before.rsplit(None, 1)
    return bool(words) and words[-1].lower().rstrip(".") in _ABOUT


def _with_half(text: str, e: Expression, limit: int) -> Expression:
    """With "in the afternoon", "de la tarde", "du matin" behind an hour of 1..12, or "this afternoon at" in front of it."""
    c = e.clock
    if c is None or c.half or c.minutes > 779:
        return e
    m = _HALF.match(text, e.end, limit) if text[e.end : e.end + 1] == " " else None
    if m is not None and m["night"]:
        e.clock, e.end = _in_part(c, "night"), m.end()
    elif m is not None:
        late = m["pm"] is not None and c.minutes < 720
        early = m["am"] is not None and c.minutes >= 720
        e.clock = replace(c, minutes=c.minutes + 720 * (late - early), half="pm" if m["pm"] else "am", open_half=False)
        e.end = m.end()
    elif c.open_half:
        e.clock = _in_part(c, text[max(0, e.start - 32) : e.start])
    return e


def part_of(words: str) -> int | None:
    """The minute from which the hours of the part of the day count that ``words`` end with; None where they end with none."""
    m = _PART.search(words)
    return lexicon.PARTS[" ".join(m["part"].lower().split())] if m is not None else None


def _in_part(clock: Clock, words: str) -> Clock:
    """The clock in the part of the day that ``words`` end with: 8:30 with "yesterday evening" is 20:30."""
    begins = part_of(words) if clock.open_half else None
    if begins is None:
        return clock
    morning = clock.minutes % 720
    minutes = next((n for n in (morning, morning + 720) if n >= begins), morning)
    half, noon = "pm" if minutes >= 720 else "am", begins == 0 and clock.minutes >= 720
    return replace(clock, minutes=minutes, half=half, open_half=False, guessed=noon)  # 12:30 of a morning may be either


def _with_tail(text: str, e: Expression, limit: int) -> Expression:
    """With the zone that stands right after (or before) its clock."""
    if e.clock is None or e.zone:
        return e
    m = _TAIL.match(text, e.end, limit)
    if m is None and e.clock.has_seconds:
        m = _SECONDS_TAIL.match(text, e.end, limit)
    if m is not None:
        group = m.groupdict()
        words = group["short"] or group.get("z") or group.get("words") or group.get("next") or group.get("city") or ""
        if read_zone(words) is not None:
            e.zone, e.end = words, m.end()
            if text[e.end - 1] in ")]" and not re.search(r"[\[(]", m[0]):
                e.end -= 1  # the bracket was opened before the clock
            return e
    m = _BEFORE.search(text[max(0, e.start - 9) : e.start])
    if m is not None and read_zone(m["zone"]) is not None and m["zone"] not in ("UT", "EAT", "CAT"):
        e.zone = m["zone"]
    return e


def _join_dates(text: str, items: list[Expression], limit: int) -> list[Expression]:
    out: list[Expression] = []
    for e in items:
        last = out[-1] if out else None
        if last is not None and last.day is not None and last.clock is None and e.start - last.end <= 40:
            gap = text[last.end : e.start]
            if e.clock is not None and e.day is None and _gap_fits(last, gap):
                e.clock = _in_part(e.clock, text[max(0, last.start - 24) : last.start])
                e.clock = _in_part(e.clock, text[last.start : last.end])
                _absorb(last, e, _is_about(gap))
                _year_tail(text, last, limit)
                continue
            if (
                e.day is not None
                and e.clock is None
                and last.day.month is None
                and re.fullmatch(r"[ ,(]{1,3}(?:the )?", gap)
            ):
                e.start, e.day = (
                    last.start,
                    replace(e.day, weekday=last.day.weekday),
                )  # "Today, Nov 21", "Saturday (2026-11-21)"
                out[-1] = e
                continue
        out.append(e)
    return out


def _gap_fits(date: Expression, gap: str) -> bool:
    if date.weak:
        return bool(_TIGHT.fullmatch(gap))
    return (
        bool(_DATE_THEN_CLOCK.fullmatch(gap))
        and gap.count("\n") <= 1
        and not ("\n" in gap and re.search(r"\n[ \t]*[-*|]|[.:][ ]?\n|\n[ \t]*\n", gap))
    )


def _absorb(date: Expression, clock: Expression, about: bool) -> None:
    date.end, date.clock, date.zone, date.precision, date.weak = (
        clock.end,
        clock.clock,
        clock.zone,
        clock.precision,
        False,
    )
    date.row = f"{date.row} + {clock.row}"
    date.about = date.about or clock.about or about


def _year_tail(text: str, e: Expression, limit: int) -> None:
    """``Nov 21 14:05:06 UTC 2026``: the year at the end, as `date` and ctime print it."""
    if e.day is not None and e.day.year is None and e.day.month is not None and e.clock is not None:
        m = _YEAR.match(text, e.end, limit)
        if m is not None:
            e.day, e.end = replace(e.day, year=int(m["y"])), m.end()
            _with_tail(text, e, limit)


def _clock_before_date(text: str, items: list[Expression]) -> list[Expression]:
    """``14:05 on 21 Nov``: a date that no clock took belongs to the clock in front of it."""
    out: list[Expression] = []
    for e in items:
        last = out[-1] if out else None
        if (
            last is not None and last.clock is not None and last.day is None and e.day is not None and e.clock is None
            and e.start - last.end <= 16 and e.day != Day()
        ):  # fmt: skip
            gap = text[last.end : e.start]
            if (
                _CLOCK_THEN_DATE.fullmatch(gap)
                and not (e.weak and gap.strip() not in ("", ",", "on", "on the", "of the"))
                and not re.search(r"\n[ \t]*\n|[\n]", gap.replace("on\n", ""))
            ):
                last.day, last.end, last.row = e.day, e.end, f"{last.row} + {e.row}"
                last.clock = _in_part(last.clock, text[e.start : e.end])
                last.log = last.log or e.log
                tail = _with_tail(text, last, len(text)) if not last.zone else last
                out[-1] = tail
                continue
        out.append(e)
    return out


def _join_equals(text: str, items: list[Expression], sender: int | None) -> list[Expression]:
    """``16:37 CEST (14:37 UTC)`` is one time: the second is the first said in another zone."""
    out: list[Expression] = []
    for e in items:
        last = out[-1] if out else None
        if (
            last is not None
            and last.clock is not None
            and e.clock is not None
            and e.zone
            and e.start - last.end <= 14
            and last.end <= e.start
        ):
            gap = text[last.end : e.start].strip().lower()
            if gap in (
                "(",
                "/",
                "=",
                "[",
                ",",
                "aka",
                "or",
                "i.e.",
                "(i.e.",
                "(=",
                "/ (",
                "(that's",
                "(i.e. ",
            ) and _same(last, e, sender):
                if not last.zone:
                    last.local = _ahead(last.clock, e, sender)
                    last.clock, last.zone, last.day = e.clock, e.zone, e.day if e.day is not None else last.day
                last.end = e.end + (1 if "(" in gap and text[e.end : e.end + 1] == ")" else 0)
                continue
        out.append(e)
    return out


def _same(a: Expression, b: Expression, sender: int | None) -> bool:
    """Whether two clocks can be one moment: their difference is that of their zones, or of some zone where one is not said."""
    if a.clock is None or b.clock is None:
        return False
    apart = (a.clock.minutes - b.clock.minutes) % 1440
    za, zb = read_zone(a.zone, sender) if a.zone else None, read_zone(b.zone, sender)
    if zb is None or (za is not None and za.name == zb.name):
        return False
    return apart % 15 == 0


def _ahead(clock: Clock, other: Expression, sender: int | None) -> int | None:
    """Minutes that ``clock`` is ahead of UTC when the same moment is ``other`` in its zone; None where that is no offset."""
    zone = read_zone(other.zone, sender)
    offset = zone.info.utcoffset(None) if zone is not None and not zone.mine else None
    if offset is None or other.clock is None:
        return None
    ahead = (clock.minutes - other.clock.minutes + round(offset.total_seconds() / 60) + 720) % 1440 - 720
    return ahead if abs(ahead) <= 720 else None


def _share_back(text: str, items: list[Expression]) -> None:
    """10:05, 10:15 and 10:40 UTC; at 14:05 and again at 16:10 yesterday: what the last says holds for all."""
    for b, a in pairwise(reversed(items)):
        if a.clock is None or b.clock is None or b.start - a.end > 20 or not _AND_AGAIN.fullmatch(text, a.end, b.start):
            continue
        if b.zone and not a.zone:
            a.zone = b.zone
        if b.day is not None and a.day is None and a.clock.minutes <= b.clock.minutes:
            a.day = b.day


def _link_ranges(text: str, items: list[Expression]) -> None:
    for a, b in pairwise(items):
        if (
            not (a.clock is not None and b.clock is not None)
            or a.from_previous
            or b.start - a.end > 24
            or b.start < a.end
        ):
            continue
        gap = text[a.end : b.start]
        if (a.day is None or b.day is None) and (gap == "/" or (gap.strip() == "/" and a.zone and b.zone)):
            continue
        if _RANGE.fullmatch(gap) or (_AND.fullmatch(gap) and _BETWEEN.search(text[max(0, a.start - 48) : a.end])):
            if "\n" in gap and re.search(r"\n[ \t]*[-*]", gap):
                continue
            a.to_next, b.from_previous = True, True
            _share(a, b)


def _share(a: Expression, b: Expression) -> None:
    """A range shares day, zone, and am or pm: ``2:00 - 3:30 PM``, ``21:45 to 23:28 UTC``."""
    if a.clock is None or b.clock is None:
        return
    if b.day is not None and a.day is None and a.clock.minutes <= b.clock.minutes:
        a.day = b.day  # from 13:05 to 14:20 on Monday
    if b.zone and not a.zone:
        a.zone = b.zone
    elif a.zone and not b.zone:
        b.zone = a.zone
    first, second = a.clock, b.clock
    if first.open_half and second.half in ("am", "pm"):
        hour = first.minutes % 720
        later = hour + 720
        if second.half == "pm":
            a.clock = replace(first, minutes=later if later <= second.minutes else hour, half="pm", open_half=False)
        else:
            a.clock = replace(first, minutes=hour, half="am", open_half=False)
    elif second.open_half and first.half in ("am", "pm"):
        hour = second.minutes % 720
        after = hour if hour >= first.minutes else hour + 720
        b.clock = replace(second, minutes=after, half=first.half, open_half=False)
