"""The scanner: FORMATS and LOOKS as two compiled alternations, one for places that begin with a digit and one for words.

The law it keeps: linear in the text. Every word is looked at once; only where one can begin a row is anything matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailbot.core import lexicon
from mailbot.core.formats import FORMATS, LOOKS, Row
from mailbot.core.found import Found

_TOKEN = re.compile(r"\w+")
_TRIGGERS = frozenset(
    w.split()[0].split("-")[0].split("'")[0].split("’")[0]
    for table in (lexicon.MONTHS, lexicon.WEEKDAYS, lexicon.DAYS, lexicon.NIGHTS, lexicon.CLOCK_WORDS)
    for w in table
) | lexicon.words("vor il hace há http https ftp ws wss file s3 gs ssh git mailto slack tel")
_AMOUNTS = frozenset(w.split()[0] for w in lexicon.AMOUNTS) - _TRIGGERS
_FIRST = _TRIGGERS | _AMOUNTS
_NUMERALS = frozenset("0123456789")
_AGO_NEAR = re.compile(r"\b(?:ago|fa|geleden|temu|atrás)\b")
_GLUED = re.compile(r"(?:[IWEF]\d{4}|[A-Za-z]{3,9}\d{1,2})\Z")
#: What must follow the digits for a row to fit at all; spares most plain numbers the alternation.
_PLAUSIBLE = re.compile(
    r"\d{1,14}(?!\d)(?:[:：/.–—-][^\W_]|[ ][–—-]|[^\W\d_]|[º°]|\.?[ \t\u00a0\n]{1,16}[^\W\d_]|[ ]\d\d:)|\d{10}(?!\d)"
    r"|\d{13}(?!\d)|\d{1,2}\.\d{1,2}\."
)
_CLOCK_NEXT = re.compile(r"[ T_]\d\d:\d\d")
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


def _word_may_start(text: str, at: int, word: str) -> bool:
    """An amount ("a", "two") only where an "ago" is near."""
    return word.lower() not in _AMOUNTS or _AGO_NEAR.search(text, at, at + 44) is not None


def _digit_may_start(text: str, at: int) -> bool:
    """Not a plain number, not the middle of 1.2.3."""
    if _PLAUSIBLE.match(text, at) is None:
        return False
    if at and text[at - 1] == ".":
        return text[max(0, at - 3) : at] == "..." or at == 1 or text[at - 2] in " \t\n"
    return True


def scan(text: str, start: int, end: int) -> Iterator[tuple[str, Found]]:
    """(name of the row, what it reads) for everything in ``text[start:end]``, in order, without overlaps."""
    position = start
    for token in _TOKEN.finditer(text, start, end):
        word = token[0]
        if word[0] == "_":
            word = word.lstrip("_")  # _14:05_
        digit = word[:1] in _NUMERALS
        if not digit and word.lower() not in _FIRST and not (word[-1:] in _NUMERALS and _GLUED.match(word)):
            continue
        at = token.end() - len(word)
        if at < position or not word or not (_digit_may_start(text, at) if digit else _word_may_start(text, at, word)):
            continue
        name, found, position = _match(text, at, end, digit, token.end())
        if found is not None:
            yield name, found


def _is_part(text: str, at: int, found: Found) -> bool:
    """Behind such a sign it is part of a path, a number, a name; a clock may stand behind 14:00/, @ and =."""
    before, sign = text[max(0, at - 4) : at - 1], text[at - 1]
    if sign == "=":
        dated = found.day is not None and (found.clock is not None or _CLOCK_NEXT.match(text, found.end) is not None)
        return found.epoch is None and not dated
    if found.clock is None or found.day is not None:
        return found.epoch is None
    return not (
        (sign == "/" and before[:1] == ":" and before[1:].isdigit()) or (sign == "@" and not before[-1:].isalnum())
    )


def _match(text: str, at: int, end: int, digit: bool, word_end: int) -> tuple[str, Found | None, int]:
    """(row, what it reads at ``at``, where to go on)."""
    scanner, rows = (_DIGITS, _DIGIT_ROWS) if digit else (_WORDS, _WORD_ROWS)
    match = scanner.match(text, at, end)
    if match is None or match.lastgroup is None or match.end() == at:
        return "", None, word_end
    if match.lastgroup[0] == "n":
        return "", None, max(match.end(), at + 1)
    row, pattern = rows[match.lastgroup]
    exact = pattern.match(text, at, end)
    found = row.read(exact) if exact is not None else None
    if found is None or (at > 0 and text[at - 1] in _BAD_BEFORE and _is_part(text, at, found)):
        return "", None, word_end
    return row.name, found, found.end
