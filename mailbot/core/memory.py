"""What threading remembers of all messages so far: ids, subject keys, quoted lines, incidents.

Law: it decides nothing. What it knows follows from what was remembered and in which order, and from nothing else (no
look-up changes it). Every step costs what the message's own size is, and what is kept of a message is bounded.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from mailbot.core.facts import Facts, Known
from mailbot.core.hashed import Hashed
from mailbot.core.ids import letters
from mailbot.core.subject import Subject
from mailbot.core.votes import Votes

RULES = (
    "header",
    "index",
    "id",
    "quote",
    "subject",
    "quote-other",
    "status",
    "split",
    "new",
    "unfiled",
    "merge",
    "alert",
    "storm",
)
_RULE_CODES = {rule: place << 2 for place, rule in enumerate(RULES)}
KEYS = 16  # of an incident
RECENT = 8  # incidents known under one key; how many there were is counted
RELATED = 16  # incidents related to one
OUR_KEYS = 500  # of our digests

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY, _OURS = -1, -2  # in the place of an incident's number: unfiled mail, unfiled mail of ours (digests)
_TEXT = 38  # where the hash of the text begins in a code
_SEEN, _AWAITED, _NAMED = 0, 1, 2  # a message was here; a reply named its id; a message without reply sign did


@dataclass(slots=True, eq=False)
class Incident:
    """An incident as far as threading needs it. ``number`` counts them in the order in which they opened."""

    number: int
    id: str
    last: float  # time of its latest message, seconds in UTC
    touched: int  # how many messages there had been then: the order that bad clocks cannot disturb
    keys: tuple[str, ...] = ()
    open: bool = True
    alias: int = -1  # number of the incident it was merged into
    related: tuple[str, ...] = ()
    private: bool = False  # it was opened in private: what comes by the list joins it by headers or id only
    apart: tuple[str, ...] = ()  # what it was split from: no later mail merges them


class Seen(NamedTuple):
    """A message with that id was here."""

    incident: str | None
    rule: str
    same_text: bool


class Memory:
    def __init__(self) -> None:
        self._incidents: list[Incident] = []
        self._numbers: dict[str, int] = {}  # incident id -> number
        self._ids = Hashed()  # message id -> number, rule, flag and some bits of its own text's hash in one int: _code
        self._others: dict[tuple[str, str], int] = {}  # id and text of mails under the id of another -> the same
        self._indexes: dict[str, int] = {}  # Thread-Index -> number
        self._keys: dict[str, tuple[int, ...]] = {}  # key -> how many incidents it has had, numbers of the latest
        self._votes = Votes()
        self._our_keys: dict[str, None] = {}  # of mails of ours that belong to no single incident (digests)
        self._touches = 0

    # Looking up.

    def by_id(self, name: str) -> Incident | None:
        number = self._numbers.get(name)
        return None if number is None else self._current(number)

    def by_index(self, index: str) -> Incident | None:
        number = self._indexes.get(index) if index else None
        return None if number is None else self._current(number)

    def find(self, message_id: str) -> str | None:
        """The incident of a message that was here."""
        code = self._ids.get(message_id)
        return self._name(code) if code and code & 3 == _SEEN else None

    def seen(self, message_id: str, text_hash: str) -> Seen | None:
        code = self._ids.get(message_id)
        if not code or code & 3 != _SEEN:
            return None
        same = code >> _TEXT == _bits(text_hash)
        if not same and (other := self._others.get((message_id, text_hash))) is not None:
            code, same = other, True
        return Seen(self._name(code), RULES[code >> 2 & 15], same)

    def linked(self, facts: Facts) -> list[Incident]:
        """Incidents named by the headers: nearest reference first, then the one that awaits this very message."""
        found: list[Incident] = []
        for message_id in (*reversed(facts.references), facts.message_id):
            code = self._ids.get(message_id)
            if not code or (number := _number(code)) < 0:
                continue
            if message_id == facts.message_id and code & 3 == _SEEN:
                continue
            incident = self._current(number)
            if incident not in found:
                found.append(incident)
        return found

    def awaited(self, message_id: str) -> Incident | None:
        """The incident one of whose replies named this id before the message came."""
        code = self._ids.get(message_id)
        return self._current(_number(code)) if code and code & 3 == _AWAITED else None

    def answers_ours(self, references: Iterable[str], key: str) -> bool:
        """A mail of ours that belongs to no single incident (a digest) is among ``references``, or has this key."""
        codes = map(self._ids.get, references)
        return key in self._our_keys or any(code and _number(code) == _OURS for code in codes)

    def one_event(self, one: Incident, other: Incident) -> bool:
        """They share a key, and neither was split from the other."""
        if any(self.by_id(name) is other for name in one.apart) or any(self.by_id(name) is one for name in other.apart):
            return False
        return any(key in other.keys and key in self._keys for key in one.keys)

    def incidents_with(self, key: str) -> int:
        """How many incidents ``key`` has had."""
        known = self._keys.get(key)
        return known[0] if known else 0

    def under(self, key: str) -> list[Incident]:
        """The latest incidents with ``key``, the one touched last first."""
        known = self._keys.get(key)
        if known is None:
            return []
        found = dict.fromkeys(self._current(number) for number in known[1:])
        return sorted(found, key=lambda i: -i.touched)

    def votes(self, quotes: Iterable[int]) -> Counter[Incident]:
        """How many of the quoted lines come from which incident."""
        found: Counter[Incident] = Counter()
        for voters in self._votes.of(quotes):
            for incident in dict.fromkeys(self._current(number) for number in voters):
                found[incident] += 1
        return found

    def new_id(self, facts: Facts) -> str:
        """``INC-``, the UTC date, and as many letters of the message id's hash as it takes to be the only one."""
        try:
            day = _EPOCH + timedelta(seconds=facts.at)
        except (OverflowError, ValueError):
            day = _EPOCH
        head = f"INC-{day.year:04}{day.month:02}{day.day:02}-"
        digest = hashlib.sha256(facts.message_id.encode("utf-8", "replace")).digest()
        for length in range(3, len(digest) + 1):
            name = head + letters(digest[:length])
            if name not in self._numbers:
                return name
        return next(longer for n in count(2) if (longer := name + str(n)) not in self._numbers)

    # Remembering.

    def remember(
        self,
        facts: Facts | Known,
        subject: Subject,
        name: str | None,
        *,
        rule: str,
        merged: str,
        related: tuple[str, ...],
        parted: str = "",
    ) -> None:
        """A message has been placed in the incident called ``name``, which opens with it where it is not known."""
        self._touches += 1
        incident = None if name is None else self.by_id(name) or self._create(name, facts)
        if incident is None:
            self._record(facts, _OURS if facts.kind == "ours" else _NOBODY, rule)
            if facts.kind == "ours" and subject.key:
                self._our_keys = dict.fromkeys((*self._our_keys, subject.key)[-OUR_KEYS:])
            return
        if merged and (young := self.by_id(merged)) is not None and young is not incident:
            self.merge(incident, young)
        incident.related = _added(incident.related, related, RELATED)
        if parted:
            incident.apart = _added(incident.apart, (parted,), RELATED)
        self._record(facts, incident.number, rule)
        if rule == "split":
            incident.apart = _added(incident.apart, related, RELATED)
        home = incident if rule != "split" else self.by_id(related[0]) if related else None
        self._await(facts, home, _AWAITED if subject.reply or facts.sign or facts.quoted else _NAMED)
        if facts.kind in ("bounce", "auto"):
            return
        self._register(incident, subject)
        self._votes.learn(facts.lines, incident.number)
        if facts.kind == "ours":
            return
        incident.last = max(incident.last, facts.at)
        incident.touched = self._touches
        if facts.kind == "human" and facts.ends is not None:
            incident.open = not facts.ends

    def forget(self, message_id: str) -> None:
        """A message is about to be placed anew."""
        self._ids.drop(message_id)

    def merge(self, old: Incident, young: Incident) -> None:
        """``young`` ends and becomes an alias of ``old``."""
        young.alias = old.number
        for key in young.keys:
            known = self._keys.get(key)
            if known is None:
                continue
            shared = key in old.keys
            latest = dict.fromkeys(old.number if n == young.number else n for n in known[1:])
            self._keys[key] = (known[0] - shared, *latest)
        old.keys = _added(old.keys, young.keys, KEYS)
        old.related = _added(old.related, young.related, RELATED)
        old.apart = _added(old.apart, young.apart, RELATED)
        old.last = max(old.last, young.last)
        old.touched = max(old.touched, young.touched)
        old.open = old.open or young.open

    def _create(self, name: str, facts: Facts | Known) -> Incident:
        incident = Incident(len(self._incidents), name, facts.at, self._touches, private=facts.private)
        self._incidents.append(incident)
        self._numbers[name] = incident.number
        return incident

    def _record(self, facts: Facts | Known, number: int, rule: str) -> None:
        code = _code(number, rule, _SEEN, facts.text_hash)
        before = self._ids.get(facts.message_id)
        if before and before & 3 == _SEEN:
            self._others[facts.message_id, facts.text_hash] = code
        else:
            self._ids.put(facts.message_id, code)

    def _await(self, facts: Facts | Known, home: Incident | None, flag: int) -> None:
        """Ids never seen, so that a late parent and siblings meet (lesson L23); likewise the Thread-Index."""
        if home is None:
            return
        code = _code(home.number, "header", flag)
        for message_id in facts.references:
            if not self._ids.get(message_id):
                self._ids.put(message_id, code)
        if facts.thread_index:
            self._indexes.setdefault(facts.thread_index, home.number)

    def _register(self, incident: Incident, subject: Subject) -> None:
        key = subject.key
        if not key:
            if not incident.keys and subject.words:  # no key, but words to compare with
                incident.keys = (subject.title.casefold(),)
            return
        if subject.maybe in incident.keys and subject.maybe:
            key = subject.maybe
        known = self._keys.get(key)
        if key not in incident.keys:
            if len(incident.keys) >= KEYS:
                return
            incident.keys += (key,)
            self._keys[key] = (1, incident.number) if known is None else (known[0] + 1, *self._latest(known, incident))
        elif known is not None and incident.number not in known[1:]:
            self._keys[key] = (known[0], *self._latest(known, incident))

    def _latest(self, known: tuple[int, ...], incident: Incident) -> tuple[int, ...]:
        latest = known[1:]
        if len(latest) >= RECENT:
            stale = min(latest, key=lambda n: self._current(n).touched)
            latest = tuple(n for n in latest if n != stale)
        return (*latest, incident.number)

    def _current(self, number: int) -> Incident:
        incident = self._incidents[number]
        while incident.alias >= 0:
            incident = self._incidents[incident.alias]
        return incident

    def _name(self, code: int) -> str | None:
        number = _number(code)
        return self._current(number).id if number >= 0 else None


def _code(number: int, rule: str, flag: int, text_hash: str = "") -> int:
    """Bits from the lowest: 2 flag, 4 rule, 32 number, 26 of the text; never 0."""
    return _bits(text_hash) << _TEXT | (number - _OURS + 1) << 6 | _RULE_CODES[rule] | flag


def _number(code: int) -> int:
    return (code >> 6 & 0xFFFFFFFF) + _OURS - 1


def _bits(text_hash: str) -> int:
    """Enough to tell two mails under one id apart."""
    return hash(text_hash) & 0x3FFFFFF


def _added(to: tuple[str, ...], more: tuple[str, ...], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(to + more))[:limit] if more else to
