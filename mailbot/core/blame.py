"""Words that blame a person, in what people write for the report: also themselves (A27 to A29).

The law: it never changes or refuses a word. What it finds is a hint to the author alone, with a question that leads from the
person to what made it easy. Rules are rows; each carries its example, which is its test, and words that are innocent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.core.incident import Incident

LONG = 5000  # characters of a text that are looked at

_PERSON = (
    r"(?:admin\w*|dev\w*|engineer\w*|operator\w*|user|intern|on-?call\w*|maintainer\w*|person|someone|volunteer\w*"
    r"|commander|team)"
)
_WE = (
    r"(?:I|we|We|you|You|he|He|she|She|they|They|somebody|Somebody|someone|Someone"
    rf"|(?:[Tt]he|[Oo]ur|[Aa]n?|[Ss]ome) (?:[\w-]+ )?{_PERSON})"
)
_NAME = r"(?P<name>[A-Z][\w'’-]{1,30}(?: [A-Z][\w'’-]{1,30})?)"
_HOW = r"(?:just |simply |had |have |has |must have |apparently )?"
_FAULT = r"(?:forg[eo]t(?:ten)?|screwed up|messed up|neglected|overlooked|botched|fat-?fingered)"
_MAYBE = r"(?:broke|failed to|missed)"  # what machines do too


@dataclass(frozen=True, slots=True)
class Row:
    pattern: str
    ask: str  # the question that leads on
    example: str
    innocent: str


EASY = "What made that easy to do?"
ROWS: tuple[Row, ...] = (
    Row(
        r"(?i)\b(?:human|operator|user|pilot|pebkac)[ -]?(?:error|mistake|failure)s?\b|\bPEBKAC\b|\boperator[ -]error\b",
        "What made that easy to do? A human error is where the question begins.",
        "It was a human error.",
        "an error of the operator pattern",
    ),
    Row(
        r"(?i)\b(?:careless(?:ly|ness)?|negligen(?:t|ce|tly)|sloppy|sloppily|stupid(?:ly|ity)?|incompeten(?:t|ce)"
        r"|laz(?:y|iness) (?!load|eval|init|import)"
        r"|inattenti(?:ve|on)|dumb mistake|idiot\w*|clueless|unprofessional(?:ly)?)\b",
        EASY,
        "A careless change",
        "lazy loading",
    ),
    Row(rf"\b(?:{_WE}|{_NAME}) {_HOW}{_FAULT}\b", EASY, "Bob forgot to renew it", "The disk was forgotten"),
    Row(rf"\b{_WE} {_HOW}{_MAYBE}\b", EASY, "the on-call engineer missed it", "The disk failed to mount"),
    Row(
        rf"\b(?:{_WE}|{_NAME}) (?:really )?(?:should(?:n['’]t| not)? have|ought to have"
        r"|could have (?:easily |just )?(?:checked|tested|noticed|known))\b",
        "What would have made the right thing the easy one?",
        "Alice should have tested it",
        "The alert should have fired",
    ),
    Row(
        r"(?i)\b(?:my|his|her|their|your|our|[a-z]+['’]s) (?:own )?(?:fault|mistake|blunder|bad)\b(?! ?(?:toleran|domain|line))",
        EASY,
        "Sorry, my fault",
        "the fault domain",
    ),
    Row(
        r"(?i)\b(?:was|is|am|are|were) to blame\b|\bblame (?:is|lies) (?:on|with)\b"
        r"|\b(?:caused|broken|triggered) by (?:a |an )?(?:mistake|carelessness) (?:of|by)\b",
        EASY,
        "Carol is to blame",
        "git blame shows the line",
    ),
    Row(
        r"(?i)\b(?:not|n['’]t) (?:paying attention|careful enough|bother(?:ed)? to)\b"
        r"|\bdid(?:n['’]t| not) (?:even )?bother\b",
        EASY,
        "Nobody was paying attention: he was not paying attention",
        "pay attention to the order",
    ),
)
_ROWS = tuple((re.compile(row.pattern), row.ask) for row in ROWS)
# What stands where a name could, at the start of a sentence with a capital: things that are not people.
_THINGS = frozenset(
    re.findall(
        r"\w+",
        "it this that the a an there nothing something everything nobody which backup backups disk cron cache nginx postgres"
        " redis kubernetes docker server service registry deploy deployment rollout rollback certificate monitoring alert alerts"
        " alerting script pipeline job node host upgrade update release config database dns push pushes build builds tests",
    )
)


@dataclass(frozen=True, slots=True)
class Hint:
    """``words`` as written; ``ask`` leads on."""

    where: str  # heading of the section
    words: str
    ask: str


def blame(text: str) -> Iterator[tuple[str, str]]:
    """(words, question), at most one a row."""
    text = " ".join(text[:LONG].split())
    for pattern, ask in _ROWS:
        for match in pattern.finditer(text):
            name = match["name"] if "name" in pattern.groupindex else None
            if name and name.casefold().split()[-1] in _THINGS:
                continue
            yield _around(text, match.start(), match.end()), ask
            break


def _around(text: str, start: int, end: int) -> str:
    """The words with a little of their sentence, on one line."""
    first = max(text.rfind(mark, max(0, start - 60), start) for mark in ".!?;:") + 1
    first = max(first, start - 40)
    stop = min((at for at in (text.find(mark, end) for mark in ".!?;") if at >= 0), default=len(text))
    words = text[first : min(stop, end + 40)]
    if first and not text[first - 1].isspace() and text[first - 1] not in ".!?;:":
        words = words.partition(" ")[2]
    if end + 40 < stop:
        words = words.rpartition(" ")[0] + " ..."
    return words.strip()


def hints(places: Iterable[tuple[str, str]]) -> list[Hint]:
    """``places``: (heading, text). Each words once."""
    found: dict[str, Hint] = {}
    for where, text in places:
        for words, ask in blame(text):
            found.setdefault(words.casefold(), Hint(where, words, ask))
    return list(found.values())[:5]


def hinted(incident: Incident, message_id: str) -> list[Hint]:
    """What the author of a message should hear of it: of what it wrote into the report, once the incident is over.

    While users are hit nobody is taught how to write (A14)."""
    if incident.is_open or incident.quiet:
        return []
    notes = [(n.section, n.text) for n in incident.notes if n.message_id == message_id]
    return hints(notes)
