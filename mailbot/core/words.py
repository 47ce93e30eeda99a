"""The entry's words: what happened, in the writer's words, from the line or the sentence around its time.

The law it keeps: words are taken, never made. Out go the time itself with the word that leads to it ("at", "um"), bullets,
marks of emphasis, the marks around a nick, and what hangs over at the ends; lines under a heading or a chat line come whole.
"""

from __future__ import annotations

import re

from mailbot.core.page import Line

LIMIT = 2000  # characters of one entry

_LEADS_TO = re.compile(
    r"(?:(?<![\w])(?:at|around|about|approx(?:imately)?\.?|roughly|circa|ca\.?|since|from|by|between|on|starting|um|gegen|etwa"
    r"|ab|seit|von|am"
    r"|zwischen|à|vers|de|dès|entre|a las|sobre|desde|alle(?: ore)?|verso|dalle|às|desde|om|rond|vanaf|o|około|od|kl\.?|le|el"
    r"|il|em|op)|[~≈@])[ \t\n*_`(\[]*$",
    re.I,
)
_EDGE = " \t\r\n\u00a0,;:|*_`~>\u2013\u2014-=/"
_SENTENCE_END = re.compile(
    r"[.!?](?=[\s\"')\]*_]|$)(?<!\b[A-Z]\.)(?<!\bca\.)(?<!approx\.)(?<!e\.g\.)(?<!i\.e\.)(?<!a\.m\.)(?<!p\.m\.)"
)
_NICK_MARKS = re.compile(r"^[<\[(]?[ ]?([@+%&~]?[\w.\[\]\\`^{}|-]{1,30})[>\])]+[ :]*")
_OPEN_NICK = re.compile(r"^<[ ]([\w.|\[\]-]{1,30})>[ ]*")
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+")
_EMPTY_PAIRS = re.compile(r"\([ \t]*\)|\[[ \t]*\]|\*\*[ \t]*\*\*|``|__[ \t]*__")


def _clean(words: str) -> str:
    words = _EMPTY_PAIRS.sub(" ", words)
    words = re.sub(r"[ \t\u00a0]{2,}", " ", words).strip(_EDGE)
    if words.endswith(".") and words.count(".") == 1:
        words = words[:-1]
    if words.count("(") < words.count(")"):
        words = words.rstrip(")")
    if words[:1] in ")]}" or (words[:1] == "(" and words.count("(") > words.count(")")):
        words = words[1:]
    return words.strip(_EDGE)[:LIMIT]


def _cut(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> str:
    """``text[start:end]`` without the time in ``spans`` and the words that lead to it."""
    at, pieces = start, []
    for first, last in spans:
        before = text[at : max(at, first)]
        lead = _LEADS_TO.search(before, max(0, len(before) - 24))
        pieces.append(before[: lead.start()] if lead is not None else before)
        at = max(at, last)
    pieces.append(text[at:end])
    left, right = pieces[0].rstrip(), pieces[-1].lstrip()
    middle = " ".join(x.strip() for x in pieces[1:-1] if re.search(r"\w{3}", x))
    joint = "" if right[:1] in ",.;:" and left else " "
    return f"{left} {middle}".rstrip() + joint + right if left or middle else right.lstrip(_EDGE + ".")


def _body_lines(text: str, lines: list[Line], after: int, stop: int) -> str:
    rows = [_QUOTE.sub("", text[n.start : n.end]).rstrip() for n in lines[after + 1 : stop]]
    while rows and not rows[0].strip():
        rows.pop(0)
    while rows and not rows[-1].strip():
        rows.pop()
    return "\n".join(rows)[:LIMIT]


def _under(lines: list[Line], index: int, leads: set[int]) -> int:
    """Index after the last line that belongs to the entry beginning at ``index``."""
    first = lines[index]
    stop = index + 1
    while stop < len(lines) and stop - index < 200:
        line = lines[stop]
        if stop in leads or (
            line.heading and (not first.heading or line.heading <= first.heading or line.heading == 7)
        ):
            break
        if not first.heading:
            if line.blank or line.heading or line.table:
                break
            if line.bullet and line.indent <= first.indent:
                break
        stop += 1
    return stop


def _begins_sentence(before: str) -> bool:
    """ "At 14:05 we …": prose, though its line begins with a time."""
    return before[:1].isalpha() and _LEADS_TO.match(before) is not None


def entry_words(
    text: str, lines: list[Line], index: int, spans: list[tuple[int, int]], lead: bool, leads: set[int]
) -> str:
    """What happened at the time in ``spans`` (one, or the two of a range) on line ``index``. "" where nothing is said."""
    line = lines[index]
    if line.end - line.start > LIMIT:  # a line without end: what stands near its time
        near = Line(line.number, line.start, min(line.end, spans[-1][1] + 600), max(line.body, spans[0][0] - 300))
        return _sentence(text, [near], 0, spans)
    if line.heading:
        rest = _clean(_cut(text, line.body, line.end, spans).rstrip("# "))
        body = _body_lines(text, lines, index, _under(lines, index, leads))
        return f"{rest}\n{body}".strip("\n")[:LIMIT] if body else rest
    if line.table:
        row = _cut(text, line.body, line.end, spans)
        cells = [_clean(c) for c in row.split("|")]
        return " - ".join(c for c in cells if c)[:LIMIT]
    if lead and (line.bullet or not _begins_sentence(text[line.body : spans[0][0]])):
        stop = _under(lines, index, leads)
        rest = _cut(text, line.body, max(line.end, spans[-1][1]), spans).strip()
        rest = rest.lstrip("*_` \t)]")
        rest = _OPEN_NICK.sub(r"\1: ", rest)
        rest = _clean(_NICK_MARKS.sub(r"\1: ", rest))
        body = _body_lines(text, lines, index, stop)
        if not body:
            return rest
        if not line.bullet and len(rest) <= 40 and spans[-1][1] >= line.end - 3:
            return (f"{rest}: {body}" if rest else body)[:LIMIT]  # nick and time, the words below
        joint = "\n" if re.search(r"(?m)^[ \t]*[-*+\u2022]", body) else " "
        body = body if joint == "\n" else " ".join(x.strip() for x in body.split("\n"))
        return f"{rest}{joint}{body}".strip()[:LIMIT]
    return _sentence(text, lines, index, spans)


def _sentence(text: str, lines: list[Line], index: int, spans: list[tuple[int, int]]) -> str:
    first = last = index
    while first > 0 and index - first < 12 and not lines[first].bullet and _joins(lines[first - 1], lines[first]):
        first -= 1
    while (
        last + 1 < len(lines)
        and last - index < 12
        and _joins(lines[last], lines[last + 1])
        and not lines[last + 1].bullet
    ):
        last += 1
    start, end = lines[first].body, lines[last].end
    for m in _SENTENCE_END.finditer(text, start, spans[0][0]):
        start = m.end()
    m2 = _SENTENCE_END.search(text, spans[-1][1], end)
    if m2 is not None:
        end = m2.end()
    words = _cut(text, min(start, spans[0][0]), max(end, spans[-1][1]), spans)
    words = " ".join(_QUOTE.sub("", r).strip() for r in words.split("\n"))
    return _clean(words)


def _joins(above: Line, below: Line) -> bool:
    return above.end + 1 == below.start and not (
        above.blank or below.blank or above.heading or below.heading or above.table or below.table
    )
