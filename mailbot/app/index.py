"""The index: what is kept in memory of the state's documents, and how it is made of them.

The law: after ``load`` the same is known as before the stop, and after ``rethread`` as after a rebuild. Documents are
read one at a time, so that a start with many needs no more memory than what is kept of them. Numbers of messages rise
with their arrival; only imported ones have another order, by Date, which the table "order" has.
"""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from sys import intern
from typing import Any, TypeAlias

from mailbot.app.decisions import Decisions
from mailbot.app.folds import Folds
from mailbot.app.mailboxes import Mailboxes
from mailbot.app.rows import unread
from mailbot.app.similar import Titles
from mailbot.app.tokens import secret_of
from mailbot.core import signed
from mailbot.core.due import Posted
from mailbot.core.hashed import Hashed
from mailbot.core.incident import MailingList
from mailbot.core.threads import NAMES_EACH, OF_MANY, ONLY_ASKS, Facts, Known, Placement, Threads
from mailbot.store.archive import Archive, Place
from mailbot.store.state import Doc, State

GIVE_UP = timedelta(days=5)  # a mail that could not be handed over for so long is dropped
META = 1
ORDERED = 10_000  # numbers in one document of the table "order"
ANSWERED = timedelta(days=7)  # so long a question counts as open
COUNTED = timedelta(days=1)  # so long a mail of ours counts against the budgets
UNPLACED = 10_000  # documents of an import wait in memory for their place (30 MB); further ones are written twice

Unplaced = dict[int, tuple[Doc, Facts]]  # by number, those that the state does not have yet
Numbers: TypeAlias = "array[int]"  # of an incident's documents: four bytes each, where a list takes forty


@dataclass(slots=True)
class Waiting:
    """A mail of ours that the smarthost has not taken yet."""

    place: Place
    message_id: str
    incident: str
    keys: tuple[str, ...]
    at: datetime
    sender: str
    recipients: list[str]
    attempt: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What was known before everything was threaded again."""

    members: dict[str, Numbers]
    joined: dict[str, list[tuple[int, str, Numbers]]]
    rows: dict[str, int]
    wake: dict[str, float]
    folded: Folds
    touched: set[str]
    decisions: Decisions


class Index:
    """One list's mails and incidents as far as they are kept in memory. One thread uses it."""

    def __init__(
        self, archive: Archive, state: State, mailing_list: MailingList, *, list_id: str = "", opens: str = "any"
    ) -> None:
        self.archive, self.state, self.list, self.list_id, self.opens = archive, state, mailing_list, list_id, opens
        self.bounced: list[tuple[str, Place]] = []  # taken and not yet looked at: Message-IDs
        self.secret = secret_of(archive)
        self.mailboxes = Mailboxes(archive)
        self._empty()

    def _empty(self) -> None:
        self.threads = Threads(opens="marked" if self.opens == "marked" else "any")
        self.mark: dict[str, int] = {}
        # incident as placed -> numbers of its documents, in the order of the fold
        self.members: dict[str, Numbers] = defaultdict(_no_numbers)
        self.rows: dict[str, int] = {}  # incident -> its document's number
        self.titles = Titles()
        self.wake: dict[str, float] = {}  # live incident -> when to look at what is due (seconds since 1970)
        self.ours, self.marks = Hashed(), Hashed()  # Message-ID of ours, what signed addresses say of it -> its number
        self.spent: set[str] = set()  # marks whose addresses somebody showed to more than us
        # incident -> what became part of it: with which message, and the numbers it had by then
        self.joined: dict[str, list[tuple[int, str, Numbers]]] = defaultdict(list)
        self.decisions = Decisions()
        self.tokens: set[str] = set()  # of CONFIRM, right or wrong
        # sender -> ZONE, from when on, by which message
        self.zones: dict[str, list[tuple[tuple[int, float], str, int]]] = defaultdict(list)
        self.written: dict[str, datetime] = {}  # keys of notices that belong to no incident: digests
        self.digests: dict[str, str] = {}  # key -> Message-ID
        self.unnamed: dict[int, float] = {}  # replies to our mails about several incidents: it may lack which they mean
        self.posted: deque[Posted] = deque()  # of the last day before the latest
        self.questioned: dict[
            str, tuple[datetime, str]
        ] = {}  # address -> its last question of ours, and of which incident
        self.unfiled: deque[int] = deque(maxlen=1000)  # numbers of people's mails that joined no incident
        self.outbox: dict[str, Waiting] = {}
        self.touched: set[str] = set()
        self.first_live: datetime | None = None
        self.messages = 0
        self.redacted = {a["message"]: a["kind"] for a in self.archive.acts() if a.get("act") == "redact kind"}
        self._folded = Folds()

    # ── start ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> None:
        """The state as it was left; what the archive has beyond it comes by ``catch_up``, then ``settle_outbox``."""
        with without_gc():
            self._load()

    def _load(self) -> None:
        self._empty()
        self.mark = self.state.mark()
        for number, doc in self.state.all("messages", self._in_order()):
            facts, placed = Known.from_json(doc["f"]), placement(doc)
            self.threads.restore(facts, placed)
            self._index(number, doc, facts, placed)
        self.decisions.settle()
        for number, doc in self.state.all("incidents"):
            self._list(number, doc)
            if doc["next"] is not None:
                self.wake[self._kept(doc["id"])] = doc["next"]
        meta = self.state.get("meta", META) or {}
        self.mailboxes.load(meta)

    def _in_order(self) -> Iterator[int]:
        """The messages' numbers in the order of the fold."""
        imported = [number for _, doc in self.state.all("order") for number in doc["n"]]
        yield from imported
        ahead = set(imported)
        yield from (n for n in range(1, self.state.next_id("messages")) if n not in ahead)

    def _kept(self, name: str) -> str:
        """The incident's id as it is kept already: each document that is read has its own copy."""
        return self.threads.current(name) or name

    def _list(self, number: int, doc: Doc) -> None:
        name = self._kept(doc["id"])
        self.rows[name] = number
        if doc["private"]:
            self.titles.drop(name)
        else:
            self.titles.keep(name, doc["title"], doc["status"], doc["last"])

    def _index(self, number: int, doc: Doc, facts: Facts | Known, placed: Placement) -> None:
        """What is kept in memory of one document, in fold order."""
        self.messages += 1
        named = self.named(doc) if facts.kind == "human" and not placed.incident and not placed.duplicate_of else []
        if placed.rule == "unfiled" and facts.kind == "human" and not (doc["m"] or named or placed.duplicate_of):
            self.unfiled.append(number)
        if doc["d"] == "out":
            self._index_ours(number, doc, facts)
        elif not doc["m"] and self.first_live is None:
            self.first_live = datetime.fromtimestamp(facts.at, UTC)
        if doc.get("z"):
            self.zones[doc["z"][0]].append((order(doc["m"], facts.at), doc["z"][1], number))
        self.decisions.keep(order(doc["m"], facts.at), number, doc)
        self.tokens.update(doc.get("c", ()))
        self.spent.update(doc.get("y", ()))
        foreign = facts.kind == "ours" and doc["d"] == "in"  # our own mail that came back: the out side has it
        if placed.incident and not placed.duplicate_of and not foreign:
            self.members[placed.incident].append(number)
        for incident in named:
            self.members[incident].append(number)
        if (
            placed.why in (OF_MANY, ONLY_ASKS, NAMES_EACH)
            and facts.kind == "human"
            and not doc["m"]
            and not placed.duplicate_of
        ):
            self.unnamed[number] = facts.at
        if placed.merged and placed.incident:
            gone = self.members.pop(placed.merged, _no_numbers())
            self.joined[placed.incident].append((number, placed.merged, gone))
            self.members[placed.incident] = self._sorted(self.members[placed.incident] + gone)
            self._forget(placed.merged)

    def named(self, doc: Mapping[str, Any]) -> list[str]:
        """The incidents that the commands of a mail name, where it belongs to none itself: a reply to a digest."""
        found = (self.threads.current(name) for name in doc.get("n", ()))
        return list(dict.fromkeys(name for name in found if name))

    def _index_ours(self, number: int, doc: Doc, facts: Facts | Known) -> None:
        at = datetime.fromtimestamp(facts.at, UTC)
        self.ours.put(facts.message_id, number)
        self.marks.put(signed.mark(facts.message_id), number)
        keys = tuple(doc["k"])
        if not doc["i"]:
            self.written.update(dict.fromkeys(keys, at))
            self.digests.update(dict.fromkeys(keys, facts.message_id))
        while self.posted and self.posted[0].at <= at - COUNTED:
            self.posted.popleft()
        kind = intern(keys[0].partition(":")[0]) if keys else ""
        to_list = doc["t"][0] == self.list.address
        to = () if to_list else tuple(map(intern, doc["t"]))  # of many for one person, one copy of the address
        self.posted.append(Posted(at, self._kept(doc["i"] or ""), to_list, to, kind))
        if kind == "question":
            self.questioned[doc["t"][0]] = at, doc["i"] or ""
        place = Place(*doc["p"])
        self.outbox[facts.message_id] = Waiting(
            place, facts.message_id, doc["i"] or "", keys, at, doc["s"], list(doc["t"])
        )

    def settle_outbox(self) -> None:
        """What sent.log knows is done is done. After all of the archive was taken: else what came last goes out again."""
        for each in self.outbox.values():
            each.attempt = 0
        for line in self.archive.sent_lines():
            if (waiting := self.outbox.get(line.message_id)) is None:
                continue
            if line.outcome == "deferred":
                waiting.attempt += 1
            elif line.recipient in waiting.recipients:
                waiting.recipients.remove(line.recipient)
            if not waiting.recipients:
                del self.outbox[line.message_id]

    def _sorted(self, numbers: Numbers) -> Numbers:
        def place(number: int) -> tuple[tuple[int, float], int]:
            doc = self.state.get("messages", number) or {}
            return order(doc["m"], doc["f"][1]), number

        return array("I", sorted(numbers, key=place))

    def _forget(self, incident: str) -> None:
        self._folded.take(incident)
        self.wake.pop(incident, None)
        self.touched.discard(incident)
        self.titles.drop(incident)
        row = self.rows.pop(incident, None)
        if row is not None:
            self.state.delete("incidents", row)

    def marked(self, mark: str) -> Doc | None:
        """Our mail of which a signed address says ``mark``."""
        return self.state.get("messages", self.marks.get(mark))

    def find(self, message_id: str) -> list[Doc]:
        """The documents of a Message-ID (several where it came more than once)."""
        wanted = message_id.strip().strip("<>")
        return [doc for _, doc in self.state.all("messages") if doc["f"][0] == wanted]

    def incidents(self) -> list[Doc]:
        """How each incident stands, the latest first; an imported one is read when it is first looked at."""
        return sorted((doc for _, doc in self.state.all("incidents")), key=lambda d: (d["last"], d["id"]), reverse=True)

    def asked_elsewhere(self, incident: str, now: datetime) -> set[str]:
        """Who has a question of ours about another incident: one at a time is enough."""
        self.questioned = {who: row for who, row in self.questioned.items() if now - row[0] < ANSWERED}
        return {who for who, (_, about) in self.questioned.items() if about != incident}

    # ── again ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def rethread(self, undone: bool = False, unplaced: Unplaced | None = None) -> None:
        """Threads every message again in its order. No mail is read for it: the state has each one's facts. ``undone``: for
        an UNDO and nothing else, which changes a few incidents only; the others need not be looked at again."""
        with without_gc():
            before = Before(self.members, self.joined, self.rows, self.wake, self._folded, self.touched, self.decisions)
            self._rethread(undone, unplaced or {})
            if undone and not before.decisions.zones_differ(self.decisions):
                self._list_changed(before)
            else:
                for number, _ in list(self.state.all("incidents")):
                    self.state.delete("incidents", number)
                self._list_again(self.members, unplaced or {})

    def _rethread(self, undone: bool, unplaced: Unplaced) -> None:
        """What stood before the first mail of which something else holds now, stands."""
        decisions, places = Decisions(), []
        new = ((number, doc) for number, (doc, _) in unplaced.items())
        for number, doc in chain(self.state.all("messages"), new):
            at = order(doc["m"], doc["f"][1])
            file = intern(doc["p"][0]) if doc["m"] else ""  # imports of one second: as a rebuild reads their files
            places.append((at, file, number))
            decisions.keep(at, number, doc)
        decisions.settle()
        places.sort()
        self._keep_order([number for (live, _), _, number in places if not live])
        moved = self.decisions.gone ^ decisions.gone
        stand = next((n for n, (*_, number) in enumerate(places) if number in moved), 0) if undone else 0
        standing = {number for *_, number in places[:stand]}
        mark = self.mark
        self._empty()
        self.mark = mark
        for number, doc, facts in self._from_both([number for *_, number in places], unplaced):
            if number in standing and "i" in doc:
                known, placed = Known.from_json(doc["f"]), placement(doc)
                self.threads.restore(known, placed)
                self._index(number, doc, known, placed)
                continue
            facts = facts or Facts.from_json(doc["f"])
            placed = self.threads.place(facts, **decisions.wish(number, doc))
            found = placed_as(placed)
            if not found.items() <= doc.items():
                doc |= found
                self.state.put("messages", number, doc)
            self._index(number, doc, facts, placed)
        self.decisions.settle()
        self.settle_outbox()

    def _from_both(self, numbers: list[int], unplaced: Unplaced) -> Iterator[tuple[int, Doc, Facts | None]]:
        stored = self.state.all("messages", (number for number in numbers if number not in unplaced))
        for number in numbers:
            yield (number, *unplaced[number]) if number in unplaced else (*next(stored), None)

    def _keep_order(self, imported: list[int]) -> None:
        for begin in range(0, len(imported), ORDERED):
            self.state.put("order", begin // ORDERED + 1, {"n": imported[begin : begin + ORDERED]})

    def _list_changed(self, before: Before) -> None:
        """Keeps what stands of the incidents that have the same mails, read in the same way."""
        moved = before.decisions.gone ^ self.decisions.gone
        self._folded, self.touched = before.folded, before.touched & self.members.keys()
        same = {
            name
            for name, numbers in self.members.items()
            if name in before.rows
            and before.members.get(name) == numbers
            and before.joined.get(name, []) == self.joined.get(name, [])
            and moved.isdisjoint(numbers)
        }
        for name in (before.members.keys() | self.members.keys()) - same:  # also those not yet written down
            self._folded.take(name)
        for name, number in before.rows.items():
            doc = self.state.get("incidents", number) if name in same else None
            if doc is None:
                self.state.delete("incidents", number)
                continue
            self._list(number, doc)
            if name in before.wake:
                self.wake[name] = before.wake[name]
        self._list_again({name: numbers for name, numbers in self.members.items() if name not in same}, {})

    def _list_again(self, members: Mapping[str, Numbers], unplaced: Unplaced) -> None:
        """Imported incidents as they stand unread; the others are to be looked at."""
        for incident, numbers in members.items():
            ends = [doc for _, doc, _ in self._from_both(list(dict.fromkeys((numbers[0], numbers[-1]))), unplaced)]
            first, last = ends[0], ends[-1]
            if not last["m"]:  # live ones come last
                self.touched.add(incident)
                continue
            doc = unread(incident, first, last, len(numbers))
            number = self.state.next_id("incidents")
            self.state.put("incidents", number, doc)
            self._list(number, doc)


def _no_numbers() -> Numbers:
    return array("I")


@contextmanager
def without_gc() -> Iterator[None]:
    """For what makes much that stays: to look through it for garbage again and again is a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def order(imported: bool, at: float) -> tuple[int, float]:
    """The order of the fold: imported messages by Date, then what arrived."""
    return (0 if imported else 1, at)


def placed_as(placement: Placement) -> Doc:
    """Part of a message's document; what is rare stands in "x" and only where there is something to say."""
    rare = [placement.opened, placement.duplicate_of, placement.flagged, list(placement.related), placement.merged]
    rare += [placement.parted] if placement.parted else []
    return {"i": placement.incident, "r": placement.rule, "w": placement.why, "x": rare if any(rare) else None}


def placement(doc: Mapping[str, Any]) -> Placement:
    if not doc["x"]:
        return Placement(doc["i"], doc["r"], doc["w"])
    opened, duplicate_of, flagged, related, merged, *parted = doc["x"]
    return Placement(doc["i"], doc["r"], doc["w"], opened, duplicate_of, flagged, tuple(related), merged, *parted)
