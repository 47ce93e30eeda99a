"""Finding commands: lines of own text that begin with a keyword in capitals and have its shape (language.md 3.1).

Prose is never a command: what begins like one but has not its shape is a near miss, and a receipt that goes out anyway says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailbot.core.commands import headings
from mailbot.core.commands.unit import KEYWORDS, SENTENCE, Command, Given, Keyword, when_noted
from mailbot.core.ids import ID
from mailbot.core.times import Context, read_when

MOST = 10  # commands a message
LOOKS = 300  # lines that begin with a keyword and are looked at, in a message; the rest is text
LONG = 200  # lines of one command
WRAP = 72  # a line that could not have held the next word is a wrapped one
LINE = re.compile(r"\s*(?P<mark>(?i:#mailbot)[ \t:,]+)?(?P<word>[A-Za-z]{2,12})(?P<rest>(?![\w/@+-]|\.\w).*)", re.S)

GAPS = re.compile(r"\s{9,}")

NAMED = re.compile(rf"(\s*:?)\s*({ID})", re.I)

# A line that says when, with words behind it: it begins with a clock or a date, and they are no sentence about that time ("10:04
# was the last error") nor those of a timeline, a chat or a log ("10:04 - restarted", "10:04 bob: up again", "10:04 INFO ready").
CLOCK = re.compile(r"\d{1,2}[:.h]\d\d|\d{4}-\d\d-\d\d")
NO_NOTE = re.compile(rf"\s*(?:--?\s|[–—|:<>\[]|(?:\S+\s)?\S+:\s|[A-Z]{{4,}}\b)|\t|{SENTENCE.pattern}")

REASON = re.compile(r"[\s,]+((?:because|as|since|and|now|after|thanks?|thank|until|by|with)\b.*)", re.S | re.I)

# Natural marks count like commands; the receipt shows how they were read.
NATURAL: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"\s*OUTAGE BEGINS\b(.*)", re.S), "START", "OUTAGE BEGINS 13:58"),
    (re.compile(r"\s*OUTAGE ENDS\b(.*)", re.S), "RESTORED", "OUTAGE ENDS 14:40"),
    (
        re.compile(
            r"\s*I am declaring (?:this|the) incident (?:as )?(?:resolved|over)\b(?:\s+(?:as of|since|from)\b)?(.*)",
            re.S | re.I,
        ),
        "RESOLVED",
        "I am declaring this incident resolved because the disk is replaced.",
    ),
)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A line that begins like a command and is none; ``why`` is the sentence for the receipt."""

    line: int
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    end: int  # without the line end
    text: str
    follows: bool  # the line right before it is own text too


def _lines(text: str, own: Sequence[tuple[int, int]]) -> Iterator[_Line]:
    number, at = 1, 0
    for start, end in own:
        number += text.count("\n", at, start)
        at, follows = start, False
        while at < end:
            stop = text.find("\n", at, end)
            stop = end if stop < 0 else stop
            yield _Line(number, at, stop, text[at:stop], follows)
            follows = True
            if stop < end:
                number += 1
            at = stop + 1
        at = end


def _begins(line: str) -> tuple[Keyword, str, str] | None:
    """(keyword, its word as written, the rest) where a line begins with one; natural marks too."""
    if len(line) > 1000:  # shapes are quadratic in white space: 600,000 blanks behind a keyword took an hour
        line = GAPS.sub("        ", line)
    found = LINE.fullmatch(line)
    unit = KEYWORDS.get(found["word"].upper()) if found else None
    if found and unit:
        return unit, found["word"].upper() if found["mark"] else found["word"], found["rest"]
    if "OUTAGE" in line or "declaring" in line:
        for pattern, word, _ in NATURAL:
            if mark := pattern.fullmatch(line):
                reason = REASON.match(mark[1])  # nobody says so by chance: what follows is a note without a colon too
                return KEYWORDS[word], word, f": {reason[1]}" if reason else mark[1]
    return None


def _joined(lines: list[_Line], n: int, unit: Keyword, rest: str, context: Context) -> tuple[str, int]:
    """The rest of a command's line with the lines that belong to it, and the index of its last line."""
    last = n
    bare = not rest.strip(" :")
    if bare and unit.shape is when_noted and _says_when(lines, n + 1, context):
        return f"{rest.rstrip()} {lines[n + 1].text.strip()}", n + 1
    if bare and unit.needs and _goes_on(lines, n + 1, context):
        last = n + 1
        rest = f"{':' if unit.block else rest.rstrip()} {lines[last].text.strip()}"
    more: list[str] = []
    while len(more) < LONG and _goes_on(lines, last + 1, context):
        if not unit.block and not _wrapped(lines[last].text, lines[last + 1].text):
            break
        last += 1
        more.append(lines[last].text.strip())
    return ("\n" if unit.block else " ").join([rest, *more]), last


def _says_when(lines: list[_Line], n: int, context: Context) -> bool:
    """The line is the time of the keyword that stands alone above it, and not prose or a timeline: nothing goes on below it."""
    if not _goes_on(lines, n, context) or _goes_on(lines, n + 1, context):
        return False
    line = lines[n].text.strip()
    read = read_when(line, context)
    if read is None or not line[read[1] :].strip(" .!"):
        return read is not None
    below = next((other.text.strip() for other in lines[n + 1 :] if other.text.strip()), "")
    return bool(CLOCK.match(line) and not NO_NOTE.match(line, read[1]) and read_when(below, context) is None)


def _goes_on(lines: list[_Line], n: int, context: Context) -> bool:
    """The line is there, is not blank and is no command of its own."""
    if n >= len(lines) or not lines[n].follows or not lines[n].text.strip():
        return False
    begins = _begins(lines[n].text)
    if begins is None or not begins[1].isupper():
        return True
    unit, _, rest = begins
    return not (unit.needs and not rest.strip(" :")) and _shaped(unit, rest, context)[1] is None


def _shaped(unit: Keyword, rest: str, context: Context) -> tuple[str, Given | None]:
    """The incident that the command names first ("" for none), and what its shape reads in the rest."""
    found = NAMED.match(rest)
    given = unit.shape(found[1] + rest[found.end() :], context) if found else None
    if found and given is not None and not given.problem:
        return found[2].upper(), given
    return "", unit.shape(rest, context)


def _pasted(lines: list[_Line], n: int, context: Context) -> Command | None:
    """A section under its heading, up to the next heading or command. It covers nothing: its times are events too."""
    unit = headings.section(lines[n].text)
    if unit is None:
        return None
    last = n
    while last + 1 < len(lines) and last - n < LONG and lines[last + 1].follows:
        follows = lines[last + 1].text
        if headings.is_heading(follows) or (follows.strip() and not _goes_on(lines, last + 1, context)):
            break
        last += 1
    text = headings.theirs(line.text for line in lines[n + 1 : last + 1])
    line = lines[n]
    return Command(unit, line.text.strip(), line.number, line.start, line.start, Given(text=text)) if text else None


def _wrapped(line: str, following: str) -> bool:
    """A mail program broke this line: the next word would not have fitted."""
    return (
        len(line) >= WRAP // 2
        and len(line.rstrip()) + 1 + len(following.split()[0]) > WRAP
        and not re.match(r"\s*(?:[-*+|>#]|\d+[.):]\d*)\s*", following)
    )


def read_commands(
    text: str, own: Sequence[tuple[int, int]], context: Context, status: str = ""
) -> tuple[tuple[Command, ...], tuple[NearMiss, ...]]:
    """Commands in the own text and (``status``) in the subject, at most MOST, and what only looked like one."""
    commands: list[Command] = []
    near: list[NearMiss] = []
    lines = list(_lines(text, own))
    n = looks = 0
    while n < len(lines) and looks < LOOKS and len(commands) <= MOST:
        line, here = lines[n], n
        n += 1
        if pasted := _pasted(lines, here, context):
            commands.append(pasted)
            continue
        begins = _begins(line.text)
        if begins is None:
            continue
        looks += 1
        unit, word, rest = begins
        if not word.isupper():
            meant = unit.shape(rest, context)
            if meant is not None and (len(line.text.split()) <= 3 or meant.when is not None):
                near.append(NearMiss(line.number, line.text.strip(), f"write {unit.word} in capitals if you mean it"))
            continue
        joined, last = _joined(lines, here, unit, rest, context)
        named, given = _shaped(unit, joined, context)
        if given is None:
            near.append(
                NearMiss(line.number, line.text.strip()[:120], f"I read it as text; the keyword is: {unit.usage}")
            )
            continue
        n = last + 1
        if len(commands) == MOST:
            given = Given(problem=f"Not done: at most {MOST} keywords a mail.")
        words = " ".join(text[line.start : lines[last].end].split())
        commands.append(Command(unit, words[:200], line.number, line.start, lines[last].end, given, named))
    unit_of_status = KEYWORDS.get(status)
    if unit_of_status and unit_of_status.tell == "list" and not any(c.keyword is unit_of_status for c in commands):
        given = unit_of_status.shape("", context)
        if given is not None and not given.problem:
            commands.append(Command(unit_of_status, f"[{status}] in the subject", 0, 0, 0, given))
    return tuple(commands), tuple(near)
