"""Base subject: what remains of a subject when reply prefixes, tags and status words are taken off.

The rule is threading.md, "Key". Total and linear: any text has a Subject, and at most ``LIMIT`` characters of it are
read. What is taken off is kept as facts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mailbot.core.ids import ID
from mailbot.core.prefixes import COUNTER, GENERIC, MARKS, PREFIXES, STATUSES

LIMIT = 2000

_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f]")
_ID = re.compile(rf"\b{ID}", re.IGNORECASE)
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_GENERIC = frozenset(GENERIC)


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


_SAFE = _any(unicodedata.normalize("NFKC", w) for p in PREFIXES if p.safe for w in p.words)
_UNSURE = _any(unicodedata.normalize("NFKC", w) for p in PREFIXES if not p.safe for w in p.words)
_STATUS = "|".join(s.pattern for s in STATUSES)
_STATUS_OF = tuple((re.compile(s.pattern, re.IGNORECASE), s.status) for s in STATUSES)
_DASH = r"(?:-{1,2}|[–—])"

# One step from the front; the order of the alternatives is the order in which they are tried.
_FRONT = re.compile(
    rf"\s*(?:(?P<reply>(?:{_SAFE}){COUNTER}\s?:|\[\s?(?:{_SAFE}){COUNTER}\s?\]\s?:?)"
    rf"|(?P<forward>\[\s?(?:fwd?|wg)\s?:)"
    rf"|(?P<mark>{'|'.join(m.pattern for m in MARKS)})"
    rf"|(?:\[\s?(?P<boxed>{_STATUS})\s?\]\s?(?::|{_DASH}\s)?|(?P<said>{_STATUS})\s?(?::|\s{_DASH}\s))"
    rf"|(?P<tag>\[[^\[\]]{{0,100}}\])\s?:?)",
    re.IGNORECASE,
)
_MAYBE = re.compile(rf"\s*(?:{_UNSURE}){COUNTER}\s?:", re.IGNORECASE)
_END = re.compile(
    rf"(?:(?P<forward>\(fwd?\))|\[\s?(?P<boxed>{_STATUS})\s?\]|\(\s?(?P<round>{_STATUS})\s?\)|\s{_DASH}\s?(?P<said>{_STATUS})"
    rf"|[\[(]\s?{ID}\s?[\])])\s*$",
    re.IGNORECASE,
)
_WAS = re.compile(
    rf"[\[(]\s?was\s?(?::|(?=\s(?:{_SAFE}){COUNTER}\s?:)|(?=\s\[))|(?<=[\s,;(\[–—-])was\s?:(?=\s)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Subject:
    key: str  # "" where generic or empty: then it is no key
    title: str  # the same in the writer's case, for people to read
    reply: bool  # a safe reply or forward prefix was there
    status: str  # RESOLVED, UPDATE, … or ""
    tags: tuple[str, ...]
    incident_id: str  # INC-… or ""
    was: str  # key of the "(was: …)" part, ""
    maybe: str  # key with ambiguous prefixes off as well, "" where there was none

    @property
    def words(self) -> frozenset[str]:
        return words(self.key or self.title.casefold())


class _Front(NamedTuple):
    at: int  # where the title begins
    reply: bool
    status: str
    tags: tuple[str, ...]
    opened: int  # "[Fwd:" brackets that were opened


@lru_cache(maxsize=4096)  # of an import each is asked for three times: read, placed, listed
def read_subject(text: str) -> Subject:
    """The Subject of a decoded header value. Pure; never raises."""
    text = _clean(text)
    found = _ID.search(text) if "-" in text else None
    text, was = _cut_was(text)
    front = _front(text, 0)
    title, forward, end_status = _end(text[front.at :], front.opened)
    key = _key(title)
    return Subject(
        key="" if key in _GENERIC else key,
        title=title or text.strip(),
        reply=front.reply or front.opened > 0 or forward,
        status=front.status or end_status,
        tags=front.tags,
        incident_id=found.group().upper() if found else "",
        was=was,
        maybe=_maybe(text, front.at),
    )


def words(key: str) -> frozenset[str]:
    """The words of a key, to be compared with another's."""
    return frozenset(_WORD.findall(key))


def _clean(text: str) -> str:
    text = text[:LIMIT]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:LIMIT]
    if not (text.isascii() and text.isprintable()):
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def _front(text: str, at: int) -> _Front:
    reply, status, opened = False, "", 0
    tags: list[str] = []
    while step := _FRONT.match(text, at):
        at = step.end()
        kind = step.lastgroup
        if kind == "reply":
            reply = True
        elif kind == "forward":
            opened += 1
        elif kind == "tag":
            tags.append(step["tag"][1:-1].strip())
        elif kind != "mark" and not status:
            status = _status(step["boxed"] or step["said"])
    return _Front(at, reply, status, tuple(tags), opened)


def _end(title: str, opened: int) -> tuple[str, bool, str]:
    """The title without what stands behind it, whether "(fwd)" stood there, and the status word found there."""
    forward, status = False, ""
    for _ in range(8):
        title = title.strip()
        # Most titles have nothing behind them: a cheap look spares them the long pattern.
        looks = title.endswith((")", "]")) or " -" in title or "–" in title or "—" in title
        step = _END.search(title, max(0, len(title) - 40)) if looks else None
        if step is not None and step.start() > 0:
            word = step["boxed"] or step["round"] or step["said"]
            forward = forward or step["forward"] is not None
            status = status or (_status(word) if word else "")
            title = title[: step.start()]
        elif opened and title.endswith("]"):
            title, opened = title[:-1], opened - 1
        else:
            break
    return title.strip(), forward, status


def _cut_was(text: str) -> tuple[str, str]:
    step = _WAS.search(text, 1) if "was" in text.lower() else None
    if step is None:
        return text, ""
    old = text[step.end() :]
    if inner := _WAS.search(old):
        old = old[: inner.start()]
    front = _front(old, 0)
    key = _key(_end(old[front.at :].rstrip(" )]"), 0)[0])
    return text[: step.start()].rstrip(" ,;-–—"), "" if key in _GENERIC else key


def _maybe(text: str, at: int) -> str:
    if ":" not in text[at : at + 40] or _MAYBE.match(text, at) is None:
        return ""
    opened = 0
    while True:
        if step := _MAYBE.match(text, at):
            at = step.end()
        front = _front(text, at)
        opened += front.opened
        if front.at == at and step is None:
            break
        at = front.at
    key = _key(_end(text[at:], opened)[0])
    return "" if key in _GENERIC else key


def _key(title: str) -> str:
    key = title.casefold()
    if key and key[0].isalnum() and key[-1].isalnum():
        return key
    return _EDGES.sub("", key)


def _status(word: str) -> str:
    return next((status for pattern, status in _STATUS_OF if pattern.fullmatch(word)), "")
