"""What a keyword is: its words, its shape, what it means, what undoes it, and what it does. One function, one decorator.

A new keyword is one function under ``@keyword(...)`` in a module of this folder; the help text, the README's table and the
reader are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from mailbot.core.incident import Act, Incident
from mailbot.core.times import Context, Instant, read_when

Tell = Literal["list", "sender", "answer"]


@dataclass(frozen=True, slots=True)
class Given:
    """What stands behind a keyword, as its shape read it. ``problem``: the sentence that says what would be right."""

    when: Instant | None = None
    text: str = ""  # free text, or the words the shape asks for (person, T7, zone, …)
    note: str = ""
    problem: str = ""


Shape = Callable[
    [str, Context], Given | None
]  # the rest of the line -> what was given; None: this is prose, no command


@dataclass(frozen=True, slots=True)
class Keyword:
    words: tuple[str, ...]
    usage: str  # "LOG [when] text"
    meaning: str
    example: str
    inverse: str
    shape: Shape
    tell: Tell  # receipt to the list (state), to the sender (corrections), or an answer to the sender
    mails: str  # "draft" or "brief": the notice that takes the receipt's place
    block: bool  # its text goes on to the next keyword or blank line (sections)
    enters: bool  # its effect makes one timeline entry
    needs: bool  # needs an argument: standing alone it takes the next line (mail programs wrap, L16)
    effect: Callable[[Incident, Act], str] = field(repr=False)

    @property
    def word(self) -> str:
        return self.words[0]


@dataclass(frozen=True, slots=True)
class Command:
    """One command as found: it covers ``text[start:end]`` of the message's text (nothing in a subject or under a heading)."""

    keyword: Keyword
    words: str  # as written, on one line
    line: int  # 1-based; 0: in the subject
    start: int
    end: int
    given: Given
    incident: str = ""  # the incident that it names before anything else: DONE INC-20261121-K7Q A1

    @property
    def when(self) -> Instant | None:
        return self.given.when

    @property
    def text(self) -> str:
        return self.given.text

    @property
    def problem(self) -> str:
        return self.given.problem


KEYWORDS: dict[str, Keyword] = {}  # every word, aliases too, in the order of the help text


def keyword(
    *words: str,
    usage: str,
    meaning: str,
    example: str,
    shape: Shape,
    inverse: str = "UNDO",
    tell: Tell = "list",
    mails: str = "",
    block: bool = False,
    enters: bool = False,
    needs: bool = False,
) -> Callable[[Callable[[Incident, Act], str]], Callable[[Incident, Act], str]]:
    """Registers the function below it as the effect of a keyword. The effect returns the receipt's sentence."""

    def register(effect: Callable[[Incident, Act], str]) -> Callable[[Incident, Act], str]:
        unit = Keyword(words, usage, meaning, example, inverse, shape, tell, mails, block, enters, needs, effect)
        KEYWORDS.update(dict.fromkeys(words, unit))
        return effect

    return register


# ── shapes: strict, so that prose is never a command (language.md 3.1) ────────────────────────────────────────────────

NOTE = re.compile(r"\s*(?::|—|–|--?(?=\s))\s*|\s*,\s+")
BEFORE_WHEN = re.compile(r"\A\s*(?::|—|–|--?(?=\s)|at\b)?\s*", re.I)  # RESOLVED: 14:05, RESOLVED at 14:05
# "LOG is empty", "CANCEL and REOPEN": the keyword is a word of a sentence.
SENTENCE = re.compile(r"\s+(?:is|was|are|were|be|has|had|will|would|can|could|should|means?|of|and|or)\b", re.I)


def alone(rest: str, context: Context) -> Given | None:
    """Nothing else on the line."""
    return Given() if not rest.strip(" .!") else None


def _note(rest: str) -> str | None:
    """Free text after a colon or a dash; "" for nothing; None where it is neither."""
    if not rest.strip(" .!"):
        return ""
    mark = NOTE.match(rest)
    return rest[mark.end() :].strip() if mark else None


def noted(rest: str, context: Context) -> Given | None:
    """``ACCEPT``, ``ACCEPT: gladly``: alone, or a note after a colon or dash."""
    note = _note(rest)
    return None if note is None else Given(note=note)


def when_noted(rest: str, context: Context) -> Given | None:
    """``RESOLVED``, ``RESOLVED 14:05 rolled back``, ``RESOLVED: rolled back``; "RESOLVED is a big word" is prose."""
    body = BEFORE_WHEN.sub("", rest, count=1)
    read = read_when(body, context) if body else None
    if read is not None:
        when, end = read
        mark = NOTE.match(body, end)
        return Given(when=when, note=body[mark.end() if mark else end :].strip(" ."))
    return noted(rest, context)


def when_only(rest: str, context: Context) -> Given | None:
    """``START 13:58``: a time must be there; alone on its line it is a heading."""
    given = when_noted(rest, context)
    if given is None or given.when is not None:
        return given
    words = rest.strip(" :")
    problem = f'I read no time in "{words}"; write it like 14:05, 14:05 CEST or 20 min ago.'
    return Given(note=given.note, problem=problem) if given.note else None


DAY_CLOCK = re.compile(
    r"(?:at\s+)?(\d{4}-\d\d-\d\d(?=T\d|[^\w-]|$))?[T ,]*(?:((\d{1,2}):(\d\d)(?::\d\d)?)(?![:\w]|\.\d))?"
)


def cannot_be(text: str) -> str:
    """What is wrong with the day or the clock that ``text`` begins with ("12:61", "2026-02-30"), "" where nothing is."""
    found = DAY_CLOCK.match(text)
    day, clock, hour, minute = found.groups() if found else ("", "", "", "")
    try:
        date.fromisoformat(day or "2026-12-01")
    except ValueError:
        return f"{day} is no day; write it like 2026-12-01 14:05."
    if clock and (int(minute) > 59 or (int(hour), int(minute)) > (24, 0)):
        return f"{clock} is no time; write it like 14:05, 14:05 CEST or 20 min ago."
    return ""


def logged(rest: str, context: Context) -> Given | None:
    """``LOG 14:05 CEST restarted the registry``, ``LOG: restarted``: text, perhaps with a time before it."""
    body = BEFORE_WHEN.sub("", rest, count=1)
    if not body or SENTENCE.match(rest):
        return None
    read = read_when(body, context)
    if read is None:
        wrong = cannot_be(body)
        return Given(problem=wrong) if wrong else Given(text=body)
    when, end = read
    text = re.sub(r"^\s*[:,—–-]*\s*", "", body[end:])
    return Given(when=when, text=text) if text else Given(problem="LOG needs some words after the time.")


def text_after_colon(rest: str, context: Context) -> Given | None:
    """``IMPACT: logins failed``; "IMPACT ON USERS" is prose."""
    if not rest.lstrip().startswith(":"):
        return None
    text = rest.lstrip()[1:].strip()
    return Given(text=text) if text else None


def words(rest: str, context: Context) -> Given | None:
    """``TITLE Registry down``, ``TITLE: Registry down``."""
    text = rest.strip().removeprefix(":").strip()
    return Given(text=text) if text and not SENTENCE.match(rest) else None


SPEC = r"[^\s,:;<>()]+@[^\s,:;<>()]+"
PERSON = re.compile(
    rf"(?:to\s+)?(?P<person>(?:[^<>@:;]{{0,80}}\s)?<{SPEC}>|{SPEC}|@?\w[\w.'’-]*(?:\s+(?!-)[\w.'’-]+){{0,2}})"
    r"(?:\s*<mailto:[^<>\s]*>)?(?P<rest>.*)",  # Outlook writes an address twice
    re.S | re.I,
)
NO_NAME = re.compile(r"(?:went|from|in|on|at|for|the|this|that|not)\b", re.I)


def person_noted(rest: str, context: Context) -> Given | None:
    """``HANDOFF bob@example.org``, ``HANDOFF Bob Smith: it is rolled back``; "HANDOFF was smooth" is prose."""
    body = rest.strip().removeprefix(":").strip()
    if not body:
        return Given(problem="Write who it is, an address or a name: HANDOFF bob@example.org.")
    found = PERSON.fullmatch(body)
    note = _note(found["rest"]) if found else None
    if (
        found is None
        or SENTENCE.match(rest)
        or (note is None and "@" not in found["person"])
        or NO_NAME.match(found["person"])
    ):
        return None
    return Given(text=found["person"], note=found["rest"].strip() if note is None else note)


ANOTHER = r"\s*(?:,|&|\band\b)\s*(?:(?:and\b|&)\s*)?([{letters}]\d{{1,5}})\b"


def one_at_a_time(label: str, rest: str, letters: str) -> Given | None:
    """``DONE A1, A2``, ``DROP T1 and T2``: half of it done in silence would be worse than none; ``DONE A1 see A2`` is a note."""
    more = re.match(ANOTHER.format(letters=letters), rest)
    if more is None:
        return None
    return Given(problem=f"One at a time: {label.upper()} and {more[1].upper()} each need a line of their own.")
