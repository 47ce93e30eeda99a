"""The entry's words: what happened, in the writer's words, from the line or the sentence around its time.

The law it keeps: words are taken, never made. Out go the time itself with the words that lead to it ("at about", "um"), bullets,
bold marks, the marks around a nick, and what hangs over at the ends; lines under a heading or a chat line come whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core import lexicon
from mailbot.core.listings import DAY_CHANGED, line_look
from mailbot.core.page import Line

LIMIT = 2000  # characters of one entry
LONG = 4000  # characters around a time that may be its sentence: a line of 100 KB is not cleaned for each time in it
Spans = Sequence[tuple[int, int]]

_PREPOSITIONS = (
    r"at|around|about|approx(?:imately)?\.?|roughly|circa|ca\.?|since|from|by|between|on(?: the)?|starting|until|just|um|gegen"
    r"|etwa|ab|seit|von|am|zwischen|à|vers|de|dès|depuis|entre|a las|sobre|desde|alle(?: ore)?|verso|dalle|às|om|rond|vanaf|o"
    r"|około|od|kl\.?|le|el|il|em|op"
)
_LEADS_TO = re.compile(
    rf"(?:(?<!\w)(?:{_PREPOSITIONS})[ \t\n*_`(\[]+){{0,2}}(?:(?<!\w)(?:{_PREPOSITIONS})(?!\w)|[~≈@])[ \t\n*_`(\[]*$",
    re.I,
)
_EDGE = " \t\r\n\u00a0,;:|*~>\u2013\u2014-=/_"
_SENTENCE_END = re.compile(
    r"[.!?](?=[\s\"')\]*_]|$)(?<!\b[A-Z]\.)(?<!\bca\.)(?<!approx\.)(?<!e\.g\.)(?<!i\.e\.)(?<!a\.m\.)(?<!p\.m\.)"
)
_NICK_MARKS = re.compile(r"(?:[<\[(][ ]?([@+%&~]?[\w.\\`^{}|-]{1,30})[ ]?[>\])]+|([@+%&~]?[\w.|-]{1,30})>)[ :]*")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_PROSE_TIME = re.compile(rf"(?:{lexicon.alternation((*lexicon.DAYS, *lexicon.NIGHTS))})(?!\w)")
_RANGE_WORD = re.compile(
    r"[\s*_,]*(?:to|until|till|and|through|thru|bis|und|et|y|e|en|a las|à|hasta|tot)?(?:\s+again)?[\s*_~,]*", re.I
)
_AND = "and|but|then|while|und|et|y|aber|mais|pero"
_JOINT = re.compile(rf"(?:[,;]|\s[\u2013\u2014-])\s+(?:(?:{_AND})\s+)?|\s(?:{_AND})\s")
_TELLS = re.compile(rf"(?<![^\W\d_])(?!(?:{_PREPOSITIONS}|again|the|and)\b)[^\W\d_]{{3,}}", re.I)
_EMPTY_PAIRS = re.compile(
    r"[\[(][^\W\d_]{2,16}[ \t]*[\u2013\u2014:@-][ \t]*[\])]"  # [Update - ]
    r"|\([ \t]*\)|\[[ \t]*\]|\*\*|__|``(?!`)|\{\{[<%]?[ \t]*\w{0,16}[ \t]*(?:\"[ \t]*\"|'[ \t]*')?[ \t]*[>%]?\}\}"
)
_SPACES = re.compile(r"[ \t\u00a0]{2,}")
_NAME_LINE = re.compile(
    r"[ \t>]*(?:[A-Z][\w.'\u00c0-\u017f-]{0,20}(?:[ ][A-Z][\w.'\u00c0-\u017f-]{0,20}){0,2}|[a-z0-9_.-]{2,24})[ \t]*$"
)
_BOLD_LABEL = re.compile(r"[ \t>]*(?:\*\*|__)\w")
_BULLET_BELOW = re.compile(r"^[ \t]*[-*+\u2022]", re.M)


def entry_words(
    text: str, lines: list[Line], index: int, spans: Spans, lead: bool, leads: set[int], near: Spans = ()
) -> str:
    """What happened at the time in ``spans`` (one, or the two of a range) on line ``index``. "" where nothing is said.

    ``lead``: its line begins with it; ``leads``: the indexes of all lines that begin with a time; ``near``: this time and
    those around it, for sentences that tell of several.
    """
    line = lines[index]
    if line.end - line.start > LIMIT:  # a line without end: what stands near its time
        piece = Line(line.number, line.start, min(line.end, spans[-1][1] + 600), max(line.body, spans[0][0] - 300))
        return _sentence(text, [piece], 0, spans, near)
    if line.heading:
        rest = _clean(_cut(text, _begin(text, line, spans), line.end, spans).rstrip("# "))
        body = _rows(text, lines, index + 1, _under(text, lines, index, leads))
        return f"{rest}\n{body}".strip("\n")[:LIMIT]
    if line.table:
        cells = (_clean(cell) for cell in _cut(text, line.body, line.end, spans).split("|"))
        return " - ".join(cell for cell in cells if cell)[:LIMIT]
    if lead and (line.bullet or not _begins_sentence(text, line, spans[0])):
        return _entry(text, lines, index, spans, leads)
    return _sentence(text, lines, index, spans, near)


def _entry(text: str, lines: list[Line], index: int, spans: Spans, leads: set[int]) -> str:
    """A list entry or a chat line, with the lines that go on below it."""
    line = lines[index]
    rest = _cut(text, _begin(text, line, spans), max(line.end, spans[-1][1]), spans).strip().lstrip("*_ \t)]")
    rest = rest.removeprefix("!-").lstrip()  # of irssi's "-!-"
    rest = _clean(_NICK_MARKS.sub(lambda m: f"{m[1] or m[2]}: ", rest, count=1) if _NICK_MARKS.match(rest) else rest)
    body = _rows(text, lines, index + 1, _under(text, lines, index, leads))
    if not rest and _names_above(text, lines, index):
        above = lines[index - 1]
        rest = text[above.body : above.end].strip()
    if not rest and (index == 0 or lines[index - 1].blank):  # a time alone between blank lines is a heading
        return _rows(text, lines, index + 1, _section_end(lines, index, leads))
    if not body:
        return rest or _above(text, lines, index, leads)
    if not line.bullet and len(rest) <= 40 and spans[-1][1] >= line.end - 3:
        return (f"{rest}: {body}" if rest else body)[:LIMIT]  # nick and time, the words below
    if _BULLET_BELOW.search(body):
        return f"{rest}\n{body}".strip()[:LIMIT]
    return " ".join([rest, *(row.strip() for row in body.split("\n"))]).strip()[:LIMIT]


def _begin(text: str, line: Line, spans: Spans) -> int:
    """Where the words begin: with the bracket or quote mark in front of them, where that is not the time's own."""
    at = line.body
    while at > line.start and text[at - 1] in "[(<\"'`" and spans[0][0] > line.body:
        at -= 1
    return at


def _cut(text: str, start: int, end: int, spans: Spans) -> str:
    """``text[start:end]`` without the times in ``spans`` and the words that lead to them."""
    at, pieces = start, []
    for first, last in spans:
        before = text[at : max(at, first)]
        lead = _LEADS_TO.search(before, max(0, len(before) - 30))
        pieces.append(before[: lead.start()] if lead is not None else before)
        at = max(at, last)
    left, right = pieces[0].rstrip(), text[at:end].lstrip()
    middle = " ".join(x.strip() for x in pieces[1:] if re.search(r"\w{3}", x) and not _RANGE_WORD.fullmatch(x))
    if not left and not middle:
        return right.lstrip(_EDGE + ".")
    return f"{left} {middle}".rstrip() + ("" if right[:1] in ",.;:" else " ") + right


def _clean(words: str) -> str:
    words = _SPACES.sub(" ", _EMPTY_PAIRS.sub("", words)).strip(_EDGE)
    if words.endswith(".") and ". " not in words and not words.endswith(".."):
        words = words[:-1]
    if words.count("(") < words.count(")"):
        words = words.rstrip(")")
    if words.count("`") == 1:
        words = words.replace("`", "")
    if words[:1] in ")]}" or (
        words[:1] in "([" and words.count("[") + words.count("(") > words.count("]") + words.count(")")
    ):
        words = words[1:]
    return words.strip(_EDGE)[:LIMIT]


def _rows(text: str, lines: list[Line], first: int, stop: int) -> str:
    """Lines whole, without quote marks and without blank lines at the ends."""
    rows = []
    for n in lines[first:stop]:
        row = text[n.start : min(n.end, n.start + LIMIT)]
        m = _QUOTE.match(row)
        rows.append((row[m.end() :] if m else row).rstrip())
    return "\n".join(rows).strip("\n").rstrip()[:LIMIT]


def _under(text: str, lines: list[Line], index: int, leads: set[int]) -> int:
    """Index after the last line that belongs to the entry beginning at ``index``."""
    first, stop = lines[index], index + 1
    while stop < len(lines) and stop - index < 200 and stop not in leads:
        line = lines[stop]
        if first.heading:
            if line.heading and (line.heading <= first.heading or line.heading == 7):
                break
        elif (
            line.blank
            or line.heading
            or line.table
            or (line.bullet and line.indent <= first.indent)
            or _BOLD_LABEL.match(text, line.start, line.end)
            or (text[line.start] in "-*" and line_look(text[line.start : line.end]) == DAY_CHANGED)
        ):
            break
        stop += 1
    if stop in leads and stop - 1 > index and _names_above(text, lines, stop):
        stop -= 1  # the name over the next time
    return stop


def _section_end(lines: list[Line], index: int, leads: set[int]) -> int:
    """Index after the last line below a time that stands alone like a heading."""
    stop = index + 1
    while stop < len(lines) and stop - index < 200 and stop not in leads and not lines[stop].heading:
        stop += 1
    return stop


def _names_above(text: str, lines: list[Line], index: int) -> bool:
    """Whether the line above a time that stands alone is the name of who speaks."""
    above, line = lines[index - 1] if index else None, lines[index]
    if above is None or above.blank or above.heading or line.bullet or line.heading or line.end - line.body > 24:
        return False
    return above.end + 1 == line.start and _NAME_LINE.match(text, above.start, above.end) is not None


def _above(text: str, lines: list[Line], index: int, leads: set[int]) -> str:
    """Where a line is nothing but its time and nothing is below: the paragraph it ends (status pages)."""
    first = index
    while first > 0 and index - first < 8 and not lines[first - 1].blank and first - 1 not in leads:
        first -= 1
    return _clean(_rows(text, lines, first, index).replace("\n", " "))


def _begins_sentence(text: str, line: Line, span: tuple[int, int]) -> bool:
    """Whether a line that begins with a time is prose: "At 14:05 we …", "Yesterday at 14:05 we …"."""
    before = text[line.body : span[0]]
    if before[:1].isalpha() and _LEADS_TO.match(before) is not None:
        return True
    return _PROSE_TIME.match(text, *span) is not None and text[span[1] : span[1] + 2].lstrip()[:1].isalpha()


def _tells(text: str, start: int, stop: int, times: Spans) -> bool:
    """Whether ``text[start:stop]`` says something beside its times."""
    at = start
    for first, last in times:
        if first >= stop:
            break
        if first >= at and _TELLS.search(text, at, first):
            return True
        at = max(at, last)
    return at < stop and _TELLS.search(text, at, stop) is not None


def _group(text: str, spans: Spans, times: Spans) -> list[tuple[int, int]]:
    """``spans`` with the times that are told together with them: at 14:05, 14:15 and again at 16:10."""
    group = list(spans)
    for first, last in times:
        if (
            first >= group[-1][1]
            and not _tells(text, group[-1][1], first, ())
            and "\n\n" not in text[group[-1][1] : first]
        ):
            group.append((first, last))
    for first, last in reversed(times):
        if last <= group[0][0] and not _tells(text, last, group[0][0], ()) and "\n\n" not in text[last : group[0][0]]:
            group.insert(0, (first, last))
    return group


def _clause(text: str, start: int, stop: int, spans: Spans, times: Spans) -> tuple[int, int]:
    """Of a sentence that tells of several times the part around this one, cut where a comma or an "and" stands between."""
    first, last = spans[0][0], spans[-1][1]
    left = max((end for _, end in times if start < end <= first), default=None)
    right = min((begin for begin, _ in times if last <= begin < stop), default=None)
    cut = next(iter(reversed(list(_JOINT.finditer(text, left, first)))), None) if left is not None else None
    if cut is not None and _tells(text, start, cut.start(), times) and _tells(text, cut.end(), stop, times):
        start = cut.end()
    cut = next(iter(reversed(list(_JOINT.finditer(text, last, right)))), None) if right is not None else None
    if cut is not None and _tells(text, start, cut.start(), times) and _tells(text, cut.end(), stop, times):
        stop = cut.start()
    return start, stop


def _sentence(text: str, lines: list[Line], index: int, spans: Spans, near: Spans) -> str:
    first = last = index
    while first > 0 and index - first < 12 and not lines[first].bullet and _joins(lines[first - 1], lines[first]):
        first -= 1
    while (
        last + 1 < len(lines)
        and last - index < 12
        and not lines[last + 1].bullet
        and _joins(lines[last], lines[last + 1])
    ):
        last += 1
    start, end = max(_begin(text, lines[first], spans), spans[0][0] - LONG), min(lines[last].end, spans[-1][1] + LONG)
    for m in _SENTENCE_END.finditer(text, start, spans[0][0]):
        start = m.end()
    stop = _SENTENCE_END.search(text, spans[-1][1], end)
    end = max(stop.end() if stop is not None else end, spans[-1][1])
    start, end = _clause(text, min(start, spans[0][0]), end, spans, near)
    group = [s for s in _group(text, spans, near) if s in spans or (start <= s[0] and s[1] <= end)]
    words = _cut(text, start, end, group)
    if ">" in words:
        words = "\n".join(_QUOTE.sub("", row, count=1) if _QUOTE.match(row) else row for row in words.split("\n"))
    return _clean(" ".join(row.strip() for row in words.split("\n")))


def _joins(above: Line, below: Line) -> bool:
    if above.blank or below.blank or above.heading or below.heading or above.table or below.table:
        return False
    return above.end + 1 == below.start
