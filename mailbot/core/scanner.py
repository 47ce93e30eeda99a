"""The scanner: FORMATS and LOOKS as two compiled alternations, one for places that begin with a digit and one for words.

The law it keeps: linear in the text. Every word is looked at once; only where one can begin a row is anything matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailbot.core import lexicon
from mailbot.core.formats import FORMATS, LOOKS, Row
from mailbot.core.found import Found

_PHRASES: dict[str, list[str]] = {}  # its longest word -> what may begin a row
for _phrase in (
    *lexicon.MONTHS, *lexicon.WEEKDAYS, *(day + part for day in lexicon.WEEKDAYS for part in lexicon.GLUED),
    *lexicon.DAYS, *lexicon.NIGHTS, *lexicon.STEPS, *lexicon.CLOCK_WORDS, "vor", "il y a", "hace", "há",
    "http:", "https:", "ftp:", "ws:", "wss:", "file:", "s3:", "gs:", "ssh:", "git:", "mailto:", "slack:", "tel:",
):  # fmt: skip
    _PHRASES.setdefault(max(re.findall(r"[^\W_]+", _phrase), key=len), []).append(_phrase)
_WORDS_OF_TEXT = re.compile(r"[^\W_]+")
_AGO = re.compile(r"\b(?:ago|fa|geleden|temu|atrás)\b")
_AMOUNTS = frozenset(w.split()[0] for w in lexicon.AMOUNTS)
#: A digit that begins a word, or ends letters that a row begins with (Nov21, E1121); and what must follow for a row to fit
#: at all, which spares most plain numbers the alternation.
_BEGINS = re.compile(
    r"[0-9](?<!\d[0-9])(?=\d{0,13}(?!\d)(?:[:：/.–—][^\W_]|-(?:[^\W\d_]|\d{1,2}(?!\d))|[ ][–—-]|[^\W\d_]|[º°]"
    r"|\.?[ \t\u00a0\n]{1,16}[^\W\d_]|[ ]\d\d:|(?:(?<=\d{10})|(?<=\d{8})[_-]|(?<=\d{8})[ ]+\d\d|(?<=\d{13})|(?<=\bat[ ]0\d{3})))"
    r"|\d?\.\d{1,2}\.)"
)
_GLUED = re.compile(r"(?:(?<!\w)|(?<=_))(?:[IWEF]|[A-Za-z]{3,9})\Z")
#: Read even where a page was copied without its gaps.
_WHOLE = re.compile(r"(?:20\d\d-\d\d-\d\d|\d\d[/.]\d\d[/.]20\d\d)[ T]\d\d:\d\d")
_NUMERALS = frozenset("0123456789")
_CLOCK_NEXT = re.compile(r"[ T_]\d\d:\d\d")
_DATE = re.compile(r"20\d\d-\d\d-\d\d")
_STAMP = re.compile(r"20\d\d-?\d\d-?\d\dT\d\d:?\d\d\S{0,16}/\Z")
_BAD_BEFORE = frozenset("/\\#$@%&+?=")


def _piece(name: str, pattern: str) -> str:
    """A row inside the alternation: its inner names dropped; ``sep``, which is referred back to, made its own."""
    inner = re.sub(r"\(\?P<(?!sep>)\w+>", "(?:", pattern)
    return f"(?P<{name}>{inner})".replace("?P<sep>", f"?P<sep_{name}>").replace("?P=sep", f"?P=sep_{name}")


def _of(row: Row, starts: str) -> str:
    return row.digits if starts == "digit" and row.digits else row.pattern


def _compile(starts: str) -> tuple[re.Pattern[str], dict[str, tuple[Row, re.Pattern[str]]]]:
    def fits(kind: str) -> bool:
        return kind in (starts, "both")

    rows = {f"r{i}": (row, re.compile(_of(row, starts))) for i, row in enumerate(FORMATS) if fits(row.starts)}
    early = [_piece(f"n{i}", look.pattern) for i, look in enumerate(LOOKS) if fits(look.starts) and not look.late]
    late = [_piece(f"n{i}", look.pattern) for i, look in enumerate(LOOKS) if fits(look.starts) and look.late]
    return re.compile("|".join([*early, *(_piece(k, _of(r, starts)) for k, (r, _) in rows.items()), *late])), rows


_DIGITS, _DIGIT_ROWS = _compile("digit")
_WORDS, _WORD_ROWS = _compile("word")


def _starts_of_words(text: str, start: int, end: int) -> list[int]:
    """Where a word stands that may begin a row, in order."""
    low = text[start:end].replace("\u0130", "I").replace("\n", " ").lower()
    found = []
    for word in _PHRASES.keys() & set(_WORDS_OF_TEXT.findall(low)):
        for phrase in _PHRASES[word]:
            at = low.find(phrase)
            while at >= 0:
                if not at or not low[at - 1].isalnum():
                    found.append(start + at)
                at = low.find(phrase, at + 1)
    for ago in _AGO.finditer(text, start, end):  # "two hours ago"
        first = max(start, ago.start() - 44)
        near = _WORDS_OF_TEXT.finditer(text, first, ago.start())
        found.extend(w.start() for w in near if w[0].lower() in _AMOUNTS)
    return sorted(set(found))


def _start_of_digits(text: str, at: int) -> int:
    """Where a row may begin that has a digit at ``at``: there, or where the letters glued to it begin; -1 where none can."""
    before = text[at - 1] if at else " "
    if before == "." and at > 1:
        return at if text[max(0, at - 3) : at] == "..." or text[at - 2] in " \t\n" else -1
    if before == "_":
        return at if not text[:at][-12:].rstrip("_")[-1:].isalnum() else -1
    if before.isalpha() and before < "\u2e80":  # Chinese and Japanese have no gaps
        if _WHOLE.match(text, at):
            return at
        letters = _GLUED.search(text[max(0, at - 11) : at])
        if letters is None or (len(letters[0]) > 1 and letters[0].lower() not in lexicon.MONTHS):
            return -1
        return at - len(letters[0])
    return at


@dataclass(slots=True)
class Tries:
    """How many places of a message are still looked at; ``stopped``: where they came to an end, -1 while some are left."""

    left: int = 100_000
    stopped: int = -1


def scan(text: str, start: int, end: int, tries: Tries | None = None) -> Iterator[tuple[str, Found]]:
    """(name of the row, what it reads) for everything in ``text[start:end]``, in order, without overlaps."""
    position = start
    for at, digit in _places(text, start, end):
        if at < position or (digit and (at := _start_of_digits(text, at)) < position):
            continue
        if tries is not None:
            if tries.left == 0:
                tries.stopped = at
                return
            tries.left -= 1
        name, found, position = _match(text, at, end, digit and text[at] in _NUMERALS)
        if found is not None:
            yield name, found


def _places(text: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
    """Where a row may begin, in order, and whether that is at a digit."""
    coming = iter([*_starts_of_words(text, start, end), end])
    word = next(coming)
    for digit in _BEGINS.finditer(text, start, end):
        while word < digit.start():
            yield word, False
            word = next(coming)
        yield digit.start(), True
    while word < end:
        yield word, False
        word = next(coming)


def _ends_date(text: str, end: int) -> bool:
    """Whether 2026-11-21 stands there, and not as a part of a path."""
    return _DATE.fullmatch(text, end - 10, end) is not None and text[max(0, end - 11) : end - 10] not in _BAD_BEFORE


def _is_part(text: str, at: int, found: Found) -> bool:
    """Behind such a sign it is part of a path, a number, a name; a clock may stand behind 14:00/, @ and =, a stamp behind one."""
    before, sign = text[max(0, at - 4) : at - 1], text[at - 1]
    if sign == "=":
        dated = found.day is not None and (found.clock is not None or _CLOCK_NEXT.match(text, found.end) is not None)
        return found.epoch is None and not dated
    if found.clock is None or found.day is not None:
        return found.epoch is None and not (found.log and sign == "/" and _STAMP.search(text[max(0, at - 40) : at]))
    return not (
        (sign == "/" and before[1:].isdigit() and (before[:1] == ":" or _ends_date(text, at - 1)))
        or (sign == "@" and not before[-1:].isalnum())
    )


def _match(text: str, at: int, end: int, digit: bool) -> tuple[str, Found | None, int]:
    """(row, what it reads at ``at``, where to go on)."""
    scanner, rows = (_DIGITS, _DIGIT_ROWS) if digit else (_WORDS, _WORD_ROWS)
    match = scanner.match(text, at, end)
    if match is None or match.lastgroup is None or match.end() == at:
        return "", None, at + 1
    if match.lastgroup[0] == "n":
        return "", None, max(match.end(), at + 1)
    row, pattern = rows[match.lastgroup]
    exact = pattern.match(text, at, end)
    found = row.read(exact) if exact is not None else None
    if found is None or (at > 0 and text[at - 1] in _BAD_BEFORE and _is_part(text, at, found)):
        return "", None, at + 1
    return row.name, found, found.end
