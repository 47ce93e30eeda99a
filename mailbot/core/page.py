"""The own text as a page: lines with their marks (heading, bullet, table row), and what it says of zones for all of it.

The law it keeps: marks are looked at line by line, each within a bounded prefix. A chat pasted behind ">" is the writer's own
when nobody is said to have written it; every other quote stays a quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailbot.core.zones import PLACE, SHORT, WORDS, Zone, read_zone


@dataclass(slots=True)
class Line:
    """``text[start:end]`` without its line end. ``body``: where its words begin, behind quote marks, bullets and table bars."""

    number: int
    start: int
    end: int
    body: int
    heading: int = 0  # 1..6; 7 for a line in bold or underlined
    bullet: bool = False
    table: bool = False
    blank: bool = False
    indent: int = 0


_MARKS = re.compile(
    r"(?P<quote>(?:[ \t]{0,3}>){0,4})(?P<indent>[ \t\u00a0]{0,40})(?:(?P<hash>#{1,6})(?![#\w]|!)[ \t]*|(?P<equals>={2,6})[ \t]"
    r"|(?P<h>h[1-6]\.)[ ]"
    r"|(?P<bullet>(?:[-*+\u2022\u00b7\u2013\u2014\u25e6\u25aa\u25cf]|\d{1,3}[.)](?!\d))(?=[ \t]|\d\d?:"
    r"|\[)(?:[ \t]+\[[ xX]\])?)[ \t]*|(?P<bar>\|)[ \t]*)?[*_`~\[(<\"']{0,4}"
)
_BOLD = re.compile(r"[ \t]*(?:\*\*|__)[^*_\n]{1,90}(?:\*\*|__)[: \t]*$")
_UNDER = re.compile(r"[ \t]*(?:={3,}|-{3,})[ \t]*$")
_BLANK_LINES = re.compile(r"(?:[ \t\u00a0>]*\n)+")
_EMPTY = re.compile(r"[ \t\u00a0>]*$")


def lines(text: str, spans: Sequence[tuple[int, int]]) -> list[Line]:
    """The lines of ``spans`` (sorted, whole lines), in order; blank lines in a row are one."""
    out: list[Line] = []
    number, counted = 1, 0
    for first, last in spans:
        at = first
        number += text.count("\n", counted, at)
        while at < last:
            end = text.find("\n", at, last)
            if end < 0:
                end = last
            line = _line(text, number, at, end)
            out.append(line)
            blank = _BLANK_LINES.match(text, at, last) if line.blank else None
            if blank is not None:
                number += text.count("\n", at, blank.end())
                at = blank.end()
                continue
            if text[at] in "=- " and len(out) > 1 and _UNDER.match(text, at, min(end, at + 120)):
                _underline(out[-2], at)
            number += 1
            at = end + 1
        counted = at = min(at, len(text))
    return out


def _underline(above: Line, start: int) -> None:
    """A line of = or - makes a heading of the line above it."""
    plain = not (above.blank or above.table or above.bullet or above.heading)
    if plain and above.end + 1 == start and above.end - above.start < 100:
        above.heading = 7


def _line(text: str, number: int, start: int, end: int) -> Line:
    if text[start : start + 2].isalpha():  # most lines are prose
        return Line(number, start, end, start, table=_has_bars(text, start, end))
    m = _MARKS.match(text, start, end)
    if m is None:  # cannot be: every piece may be empty
        return Line(number, start, end, start)
    line = Line(number, start, end, m.end(), indent=len(m["indent"].expandtabs(4)))
    if m.end() == end and _EMPTY.match(text, start, end):
        line.blank = True
    elif m["hash"] or m["equals"] or m["h"]:
        line.heading = len(m["hash"] or m["equals"] or m["h"][1] * int(m["h"][1]))
    elif m["bar"] or _has_bars(text, start, end):
        line.table = True
    elif m["bullet"]:
        line.bullet = True
    elif end - start < 120 and _BOLD.match(text, start, end):
        line.heading = 7
    return line


def _has_bars(text: str, start: int, end: int) -> bool:
    return text.count("|", start, end) >= 2 and end - start < 2000


_NICK = re.compile(
    r"(?:[\w.@`*_~'\u00c0-\u017f-]{1,48}(?:[ ][\w.@`*_~'\u00c0-\u017f-]{1,24}){0,4}[ ]?)?"
    r"(?:[:(\[|<\u2013\u2014-]|[ ]{2}|\*\*|\t)[ \t*_`~\[(<]*$"
)
_LEADING = re.compile(
    r"(?:about|around|ca\.?|circa|approx\.?|at|from|since|um|ab|gegen|à|[IWEFD])?[ ~\u2248*_`\[(]*$", re.I
)
_NAME = re.compile(r"@?[\w.'\u00c0-\u017f-]{2,24}(?:[ ][A-Z][\w.'\u00c0-\u017f-]{0,24}){0,2}[ ]")


def is_lead(text: str, start: int, end: int, line: Line) -> bool:
    """Whether ``line`` begins with ``text[start:end]``: nothing before it, or a nick, a label, a lone name."""
    before = text[line.body : start].lstrip("*_`~[(<\"' \t") if start > line.body else ""
    if len(before) > 56:
        return False
    if not before or _NICK.fullmatch(before):
        return True
    bare = _LEADING.sub("", before)
    if not bare or _NICK.fullmatch(bare):
        return True
    return not line.bullet and not text[end : line.end].strip(" \t])") and bool(_NAME.fullmatch(before))


# A chat pasted behind ">"
_CHAT_LINE = re.compile(
    r"[ \t]{0,3}>[ \t]?(?:[\w.@' \u00c0-\u017f-]{1,40}?[ \t]{1,4}"
    r"\[?(?:[A-Z][a-z]+ at )?\d{1,2}:\d\d(?::\d\d)?(?:[ ]?[AaPp]\.?[Mm]\.?)?\]?[ \t]*$"
    r"|\[?\d{1,2}:\d\d(?::\d\d)?(?:[ ]?[AP]M)?\]?[ \t]+(?:<[^>\n]{1,30}>|[\w.-]{1,30}:|\*|-!-))"
)
_SAID_BY = re.compile(
    r"(?:wrote|writes|said|schrieb|écrit|escribió|scritto|escreveu|schreef|napisał|skrev|napsal|kirjoitti|写道"
    r"|[<(\[][\w.+-]+@[\w.-]+[>)\]])[^\n]{0,40}:?[ \t]*$|^[ \t]*-{3,}[ ]?(?:Original|Forwarded|Begin|Weiter|Urspr)|^\*?(?:From"
    r"|To|Subject|Sent|Date):",
    re.I,
)


def with_pastes(text: str, own: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """``own`` and the chats pasted behind ">" between: blocks with two chat lines at least, that no attribution line precedes."""
    if ">" not in text:
        return list(own)
    pastes: list[tuple[int, int]] = []
    seen = 0
    for start, end in _gaps(len(text), own):
        rows = text[start:end].split("\n")
        count = sum(1 for r in rows[:400] if _CHAT_LINE.match(r[:160]))
        if not count or any(
            _SAID_BY.search(r[:200]) for r in rows if r.strip() and not r.lstrip(" \t").startswith(">")
        ):
            continue
        before = next((r for r in reversed(text[max(0, start - 400) : start].split("\n")) if r.strip()), "")
        if not _SAID_BY.search(before[:300]):
            pastes.append((start, end))
            seen += count
    return sorted([*own, *pastes]) if seen >= 2 else list(own)


def _gaps(length: int, own: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in own:
        if start > at:
            yield at, start
        at = max(at, end)
    if at < length:
        yield at, length


# What is said of all times
_ZONE = rf"(?P<zone>{SHORT}|{WORDS}|{PLACE})"
_FILLER = r"(?:[^.\n|]|\n(?![ \t]*\n)){0,50}?"
STATEMENTS: tuple[tuple[str, str, str], ...] = (
    ("all times", rf"(?i:\ball[ ](?:the[ ])?(?:times?|timestamps?|time[ ]stamps|dates?|events|entries|hours"
                  rf"|clock times)\b){_FILLER}\b{_ZONE}", "All times are in PDT"),
    ("server time", rf"(?i:\b(?:server|system|cluster|log|host)[ ](?:time|clocks?)[ ](?:is|are)[ ](?:in[ ]|on[ ]|set to[ ])?)"
                    rf"{_ZONE}", "Server time is UTC"),
    ("times are", rf"(?i:\b(?:times|timestamps|time[ ]stamps|clocks|dates and times)(?:[ ]\w{{2,9}}){{0,3}}[ ](?:are|is|were"
                  rf"|in|given|shown|listed)(?:[ ]\w{{2,10}}){{0,4}}?[ ]?[(\[]?){_ZONE}", "times below are in Pacific"),
    ("times zone", rf"(?i:\b(?:times|timestamps)[ ]?[:(\[][ ]?(?:in[ ])?){_ZONE}", "Times: UTC"),
    ("time zone", rf"(?i:\b(?:time[ -]?zone|TZ|zeitzone|fuseau horaire|zona horaria|fuso orario|tijdzone)(?:[ ](?:is|used"
                  rf"|for all times|=))*[ ]?[:=]?[ *_]{{0,4}}){_ZONE}", "Timezone: Europe/Zurich"),
    ("everything in",
        rf"(?i:\b(?:everything|timeline|chronology)[ ](?:(?:is|are|below|here)[ ]){{0,2}}in[ ]){_ZONE}", "Timeline in UTC"),
    ("everything is", rf"(?i:\beverything[ ](?:(?:below|here)[ ])?is[ ]){_ZONE}", "Everything here is UTC"),
    ("servers run in", rf"(?i:\b(?:servers|systems|machines|hosts)[ ](?:all[ ])?(?:run|are)[ ](?:in|on)[ ]){_ZONE}"
                       r"(?=[^.\n]{1,20}\b(?:times|timestamps)\b)", "Our servers run in UTC, so do these times"),
    ("heures en", rf"(?i:\b(?:heures|horas|hor[aá]rios|orari|godziny)[ ](?:en|em|in|w)[ ]){_ZONE}", "Heures en UTC"),
    ("zone times", rf"^[ \t>*_(-]{{0,6}}{_ZONE}(?i:[ ](?:times?|timestamps)(?:[ ](?:throughout|below|everywhere"
                   rf"|used))?)[ \t.:)*_]*$", "UTC times throughout"),
    ("alle Zeiten", rf"(?i:\b(?:alle[ ](?:zeiten|zeitangaben|uhrzeiten|tijden|tijdstippen)|zeiten|zeitangaben"
                    rf"|toutes[ ]les[ ](?:heures|dates)|(?:les[ ])?heures[ ]sont|todas[ ]las[ ]horas|todos[ ]os[ ]hor[aá]rios"
                    rf"|tutti[ ]gli[ ]orari|wszystkie[ ](?:czasy|godziny))\b)"
        rf"{_FILLER}(?<![\w]){_ZONE}", "Alle Zeiten in MESZ"),
)  # fmt: skip
_STATEMENTS = tuple((name, re.compile(p, re.M)) for name, p, _ in STATEMENTS)
SERVERS = "said of the servers' clocks alone"
_CUE = re.compile(
    r"\b(?i:all|times?|timestamps?|clocks?|TZ|timezone|zone|everything|timeline|chronology|alle|zeiten|zeitangaben|zeitzone"
    r"|toutes|heures|horas|horários|horarios|orari|godziny|todas|todos|tutti|wszystkie|tijden|tijdzone|fuseau|zona|fuso)\b"
)
_HINT = re.compile(
    r"\b(?:UTC|GMT|utc|gmt|[A-Z]{2,4}T|MESZ?|MEZ|cest|cet|[PMCE]T|Pacific|Eastern|Central|Mountain|[A-Z][a-z]+/[A-Z][a-z_]+)\b"
    r"|[ ](?:[Tt]ime|[Ll]ocal|Paris|Ortszeit)\b"
)
_CLOCK_BEFORE = re.compile(
    r"(?:\d[:.h]\d[\d:.]*|(?<!\d)(?!(?:19|20)\d\d)\d{4}|\d[ ]?[ap]\.?m\.?|\d[ ]?(?:Uhr|hrs?|h))[ ]?[(]?$", re.I
)
_IN_HEAD = re.compile(rf"(?:[(\[,/]|[-\u2013:][ ]|\bin[ ]|\btimes?[ ]|^[ \t|#*]*){_ZONE}(?=[ ]*(?:[)\],|:*/]|time|$))")


def statements(text: str, spans: Sequence[tuple[int, int]], sender: int | None) -> list[tuple[int, int, Zone]]:
    """(start, end, zone) of every "All times in PDT" in ``spans``. Rows are only tried around a zone with no clock beside it."""
    out: list[tuple[int, int, Zone]] = []
    tried = 0
    for first, last in spans:
        done = first
        for hint in _HINT.finditer(text, first, last):
            if hint.start() < done or _beside_clock(text, hint.start()):
                continue
            at = max(first, done, hint.start() - 110)
            window = text[at : min(last, hint.end() + 60)]
            if not _CUE.search(window):
                continue
            tried += 1
            if tried > 200:
                return out
            found = _statement(window, sender)
            if found is not None:
                out.append((at + found[0], at + found[1], found[2]))
                done = at + found[1]
    return out


def _statement(window: str, sender: int | None) -> tuple[int, int, Zone] | None:
    for name, pattern in _STATEMENTS:
        m = pattern.search(window)
        if m is not None and not _beside_clock(window, m.start("zone")):
            zone = read_zone(m["zone"], sender)
            if zone is not None:
                return m.start(), m.end(), replace(zone, doubt=SERVERS) if name == "server time" else zone
    return None


def _beside_clock(window: str, at: int) -> bool:
    return bool(_CLOCK_BEFORE.search(window[max(0, at - 8) : at]))


def head_zone(words: str, sender: int | None) -> Zone | None:
    """The zone that a heading, a table's head or a line of its own names: ``Timeline (UTC)``, ``| Time (Pacific) |``."""
    for m in _IN_HEAD.finditer(words[:200]):
        zone = read_zone(m["zone"], sender)
        if zone is not None and not _beside_clock(words, m.start("zone")):
            return zone
    return None
