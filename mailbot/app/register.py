"""The register: which mails make which incident. Made from the archive, kept in the state, never the other way round.

Everything here can be thrown away and made again (law 2): ``rebuild`` does so and gives the same. Mails are taken in the
archive's order; imported ones count by their Date and come before what arrived live.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailbot.app import log
from mailbot.app.desk import Taken, date_of, said, take_in, written_by_us
from mailbot.app.rows import summary, unread
from mailbot.core.commands import read_commands
from mailbot.core.due import Posted
from mailbot.core.incident import Incident, MailingList, Said, Sent, fold, needs_refold
from mailbot.core.reply import own_spans
from mailbot.core.threads import Facts, Placement, Threads
from mailbot.core.times import Context
from mailbot.intake.imap import read_way
from mailbot.store.archive import Archive, Arrival, Place, Record
from mailbot.store.state import Doc, State

MOST_FOLDED = 200  # incidents kept folded in memory
GIVE_UP = timedelta(days=5)  # a mail that could not be handed over for so long is dropped
META = 1


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


class Register:
    """The incidents of one list. One thread uses it."""

    def __init__(
        self, archive: Archive, state: State, mailing_list: MailingList, *, list_id: str = "", opens: str = "any"
    ) -> None:
        self.archive, self.state, self.list, self.list_id, self.opens = archive, state, mailing_list, list_id, opens
        self._empty()

    def _empty(self) -> None:
        self.threads = Threads(opens="marked" if self.opens == "marked" else "any")
        self.mark: dict[str, int] = {}
        self.members: dict[str, list[int]] = defaultdict(
            list
        )  # incident as placed -> documents, in the order of the fold
        self.rows: dict[str, int] = {}  # incident -> its document's number
        self.wake: dict[str, float] = {}  # live incident -> when to look at what is due (seconds since 1970)
        self.ours: set[str] = set()
        self.zones: dict[str, list[tuple[tuple[int, float], str]]] = defaultdict(list)  # sender -> ZONE, from when on
        self.written: dict[str, datetime] = {}  # keys of notices that belong to no incident: digests
        self.digests: dict[str, str] = {}  # key -> Message-ID
        self.posted: list[Posted] = []
        self.outbox: dict[str, Waiting] = {}
        self.cursors: dict[str, list[int]] = {}
        self.touched: set[str] = set()
        self.first_live: datetime | None = None
        self.messages = 0
        self.redacted = {a["message"]: a["kind"] for a in self.archive.acts() if a.get("act") == "redact kind"}
        self._folded: OrderedDict[str, Incident] = OrderedDict()

    # ── start ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> None:
        """The state as it was left; what the archive has beyond it comes by ``catch_up``, then ``settle_outbox``."""
        self._empty()
        self.mark = self.state.mark()
        order = []
        for number, doc in self.state.all("messages"):
            facts = Facts.from_json(doc["f"])
            order.append((_order(doc["m"], facts.at), number, facts, doc))
        order.sort(key=lambda row: row[:2])
        for _, number, facts, doc in order:
            placement = _placement(doc)
            self.threads.restore(facts, placement)
            self._index(number, doc, facts, placement)
        for number, doc in self.state.all("incidents"):
            self.rows[doc["id"]] = number
            if doc["next"] is not None:
                self.wake[doc["id"]] = doc["next"]
        meta = self.state.get("meta", META) or {}
        self.cursors = dict(meta.get("cursors", {}))

    def _index(self, number: int, doc: Doc, facts: Facts, placement: Placement) -> None:
        """What is kept in memory of one document, in fold order."""
        self.messages += 1
        if doc["d"] == "out":
            self._index_ours(doc, facts)
        elif not doc["m"] and self.first_live is None:
            self.first_live = datetime.fromtimestamp(facts.at, UTC)
        if doc.get("z"):
            self.zones[doc["z"][0]].append((_order(doc["m"], facts.at), doc["z"][1]))
        foreign = facts.kind == "ours" and doc["d"] == "in"  # our own mail that came back: the out side has it
        if placement.incident and not placement.duplicate_of and not foreign:
            self.members[placement.incident].append(number)
        if placement.merged and placement.incident:
            gone = self.members.pop(placement.merged, [])
            self.members[placement.incident] = self._sorted(self.members[placement.incident] + gone)
            self._forget(placement.merged)

    def _index_ours(self, doc: Doc, facts: Facts) -> None:
        at = datetime.fromtimestamp(facts.at, UTC)
        self.ours.add(facts.message_id)
        keys = tuple(doc["k"])
        if not doc["i"]:
            self.written.update(dict.fromkeys(keys, at))
            self.digests.update(dict.fromkeys(keys, facts.message_id))
        self.posted.append(Posted(at, doc["i"] or "", doc["t"][0] == self.list.address, tuple(doc["t"])))
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

    def _sorted(self, numbers: list[int]) -> list[int]:
        def order(number: int) -> tuple[tuple[int, float], int]:
            doc = self.state.get("messages", number) or {}
            return _order(doc["m"], doc["f"][1]), number

        return sorted(numbers, key=order)

    def _forget(self, incident: str) -> None:
        self._folded.pop(incident, None)
        self.wake.pop(incident, None)
        self.touched.discard(incident)
        row = self.rows.pop(incident, None)
        if row is not None:
            self.state.delete("incidents", row)

    # ── taking mails from the archive ─────────────────────────────────────────────────────────────────────────────

    def catch_up(self, most: int | None = None, until: float = math.inf) -> int:
        """Takes what the archive has beyond the mark: at most ``most`` records, no further one after ``until`` (monotonic
        seconds); how many it took. No mail is sent here."""
        taken = 0
        late = False
        for record in self.archive.records(self.mark):
            late = self._take(record) or late
            taken += 1
            if (most is not None and taken >= most) or time.monotonic() > until:
                break
        if late:
            self.rethread()
        return taken

    def _take(self, record: Record) -> bool:
        """One record. True where it is an imported one: then all must be threaded again, in order of Date."""
        number = self.state.next_id("messages")
        arrived = record.arrival.at or datetime(1970, 1, 1, tzinfo=UTC)
        taken = self._read(record, arrived)
        if taken.broke:
            log.broke(taken.message.message_id, "reading a mail", taken.broke)
        doc = self._doc(record, taken)
        self.mark[record.place.file] = record.end
        if record.imported:
            self.state.put("messages", number, doc)
            return True
        placement = self.threads.place(taken.facts)
        doc |= _placed(placement)
        self.state.put("messages", number, doc)
        self._index(number, doc, taken.facts, placement)
        log.threaded(
            taken.facts.message_id,
            placement.incident,
            "duplicate" if placement.duplicate_of else placement.rule,
            taken.kind,
        )
        if record.direction == "in":
            self._cursor(record.arrival.way)
        incident = self._current(placement.incident)
        if incident is not None and number in self.members[incident][-1:]:
            self._fold_in(incident, taken, doc, bool(placement.merged))
        return False

    def _read(self, record: Record, at: datetime) -> Taken:
        if record.direction == "out":
            return written_by_us(record.raw, at)
        return take_in(
            record.raw,
            at,
            mailing_list=self.list,
            list_id=self.list_id,
            ours=self.ours,
            envelope=_envelope(record),
            imported=record.imported,
            redacted=self.redacted if record.redacted else {},
        )

    def _doc(self, record: Record, taken: Taken) -> Doc:
        place = record.place
        doc: Doc = {
            "p": [place.file, place.offset],
            "d": record.direction,
            "m": record.imported,
            "f": taken.facts.to_json(),
        }
        if record.direction == "out":
            doc |= {
                "k": taken.message.header("x-mailbot-notice").split(),
                "t": list(record.arrival.recipients),
                "s": record.arrival.sender,
            }
        if taken.kind == "human" and (zone := self._zone_said(taken)):
            doc["z"] = [taken.trust.author.email, zone]
        return doc

    def _zone_said(self, taken: Taken) -> str:
        if "ZONE" not in taken.message.text.upper():
            return ""
        spans = own_spans(taken.parts)
        commands, _ = read_commands(taken.message.text, spans, Context(taken.message.date or taken.at))
        return next((c.text for c in commands if c.keyword.word == "ZONE" and not c.problem), "")

    def _cursor(self, way: str) -> None:
        found = read_way(way)
        if found:
            label, place = found[0], list(found[1])
            before = self.cursors.get(label, [0, 0])
            if place[0] == before[0]:  # a message set aside comes late, with a lower UID
                place = max(place, before)
            self.cursors[label] = place
            self.state.put("meta", META, {"cursors": self.cursors})

    def _fold_in(self, incident: str, taken: Taken, doc: Doc, merged: bool) -> None:
        folded = self._folded.pop(incident, None)
        self.touched.add(incident)
        if folded is not None and not merged:
            item = self._item(taken, doc)
            if not needs_refold(item):
                with suppress(Exception):  # a full fold will tell
                    folded.add(item)
                    self._folded[incident] = folded

    def _item(self, taken: Taken, doc: Doc) -> Said | Sent:
        if doc["d"] == "out":
            return Sent(taken.facts.message_id, taken.at, tuple(doc["k"]))
        return said(taken, self.list, self.zone_of(taken))

    def zone_of(self, taken: Taken) -> str:
        """What the sender's last ZONE said, as of this message."""
        now = _order(taken.imported, taken.at.timestamp())
        said_before = [zone for order, zone in self.zones.get(taken.trust.author.email, ()) if order <= now]
        return said_before[-1] if said_before else ""

    def _current(self, incident: str | None) -> str | None:
        return self.threads.current(incident) if incident else None

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, incident: str) -> Incident | None:
        """The incident, folded; None where there is none of that id or it cannot be folded.

        An alias gives the incident it was merged into.
        """
        current = self._current(incident.upper())
        if current is None or not self.members.get(current):
            return None
        folded = self._folded.get(current)
        if folded is None:
            try:
                folded = fold(current, self.items(current), self.list)
            except OSError:
                raise
            except Exception as error:  # one incident that breaks our code stops no other (law 4)
                log.broke(current, "folding", error)
                return None
            self._folded[current] = folded
            if len(self._folded) > MOST_FOLDED:
                self._folded.popitem(last=False)
        self._folded.move_to_end(current)
        return folded

    def items(self, incident: str) -> Iterator[Said | Sent]:
        """The mails of an incident in the order of the fold."""
        for number in self.members.get(incident, ()):
            doc = self.state.get("messages", number)
            if doc is not None:
                yield self._item(self.taken(doc), doc)

    def taken(self, doc: Mapping[str, Any]) -> Taken:
        """The mail behind a document, read again from the archive."""
        record = self.archive.read(Place(*doc["p"]))
        facts = Facts.from_json(doc["f"])
        taken = self._read(record, datetime.fromtimestamp(facts.at, UTC))
        return replace(taken, kind=facts.kind)

    def find(self, message_id: str) -> list[Doc]:
        """The documents of a Message-ID (several where it came more than once)."""
        wanted = message_id.strip().strip("<>")
        return [doc for _, doc in self.state.all("messages") if doc["f"][0] == wanted]

    def note(self, incident: Incident, next_at: datetime | None) -> None:
        """Writes down how an incident stands, for lists and digests, and when to look at it again."""
        row = self.rows.setdefault(incident.id, self.state.next_id("incidents"))
        when = next_at.timestamp() if next_at and incident.live else None
        self.state.put("incidents", row, summary(incident) | {"next": when})
        if when is None:
            self.wake.pop(incident.id, None)
        else:
            self.wake[incident.id] = when

    def incidents(self) -> list[Doc]:
        """How each incident stands, the latest first; an imported one is read when it is first looked at."""
        return sorted((doc for _, doc in self.state.all("incidents")), key=lambda d: (d["last"], d["id"]), reverse=True)

    def commit(self) -> None:
        """Keeps what was taken. Incidents touched since and not yet looked at are marked to be looked at at once."""
        for incident in self.touched:
            folded = self.look(incident)
            if folded is not None:
                self.note(folded, datetime.fromtimestamp(0, UTC))
        self.touched.clear()
        self.state.commit(self.mark)

    # ── imports and rebuilds ──────────────────────────────────────────────────────────────────────────────────────

    def bring_in(self, name: str, mails: Iterable[bytes], now: datetime) -> tuple[int, int]:
        """Imports mails into the archive: (new, known already). Nothing is ever mailed for them."""
        known = {(doc["f"][0], doc["f"][9]) for _, doc in self.state.all("messages")}
        new = old = 0
        last = now

        def fresh() -> Iterator[tuple[bytes, Arrival]]:
            nonlocal new, old, last
            for raw in mails:
                taken = take_in(
                    raw, now, mailing_list=self.list, list_id=self.list_id, ours=self.ours, envelope=None, imported=True
                )
                mark = (taken.facts.message_id, taken.facts.text_hash)
                is_new = mark not in known
                known.add(mark)
                new, old = new + is_new, old + (not is_new)
                if is_new:
                    last = date_of(taken.message, now) or last
                    waiting.append(replace(taken, at=last, facts=replace(taken.facts, at=last.timestamp())))
                    yield raw, Arrival(f"import {name}", at=last)

        waiting: deque[Taken] = deque()
        for record in self.archive.import_records(name, fresh()):
            doc = self._doc(record, waiting.popleft())
            self.state.put("messages", self.state.next_id("messages"), doc)
            self.mark[record.place.file] = record.end
        if new:
            self.rethread()
        return new, old

    def rethread(self) -> None:
        """Threads every message again in its order. No mail is read for it: the state has each one's facts."""
        rows = []
        for number, doc in self.state.all("messages"):
            facts = Facts.from_json(doc["f"])
            rows.append((_order(doc["m"], facts.at), number, facts, doc))
        rows.sort(key=lambda row: row[:2])
        mark, cursors = self.mark, self.cursors
        for number, _ in list(self.state.all("incidents")):
            self.state.delete("incidents", number)
        self._empty()
        self.mark, self.cursors = mark, cursors
        for _, number, facts, doc in rows:
            placement = self.threads.place(facts)
            placed = _placed(placement)
            if any(doc.get(name) != value for name, value in placed.items()):
                doc |= placed
                self.state.put("messages", number, doc)
            self._index(number, doc, facts, placement)
        self.settle_outbox()
        self._list_again(rows)

    def _list_again(self, rows: list[tuple[tuple[int, float], int, Facts, Doc]]) -> None:
        facts_of = {number: (facts, doc["m"]) for _, number, facts, doc in rows}
        for incident, numbers in self.members.items():
            if any(not facts_of[n][1] for n in numbers):
                self.touched.add(incident)
                continue
            first, last = facts_of[numbers[0]][0], facts_of[numbers[-1]][0]
            row = self.rows[incident] = self.state.next_id("incidents")
            self.state.put("incidents", row, unread(incident, first, last, len(numbers)))

    def rebuild(self) -> int:
        """Throws the state away and makes it again from the archive; how many records that took."""
        self.state.clear()
        self._empty()
        taken = self.catch_up()
        self.settle_outbox()
        self.commit()
        return taken

    def redact(self, message_id: str) -> int:
        """Takes a message's words out of the archive, for ever; how many copies there were."""
        docs = self.find(message_id)
        if not docs:
            return 0
        self.state.clear()  # first: its places are wrong from the next step on, and we may be killed there
        try:
            for doc in sorted(docs, key=lambda d: -d["p"][1]):  # from the back: offsets behind a redacted record move
                known = Facts.from_json(doc["f"])
                # a tombstone has no sender and no words, and would be taken for a robot's mail that opens nothing
                self.archive.act({"act": "redact kind", "message": known.message_id, "kind": known.kind})
                self.archive.redact(Place(*doc["p"]), known.message_id)
        finally:
            self.rebuild()
        return len(docs)


def _envelope(record: Record) -> str | None:
    """The envelope sender, "" for the null sender, None where the way in has no envelope (a mailbox, an old archive)."""
    return record.arrival.sender if record.arrival.way.startswith(("smtp ", "lmtp ")) else None


def _order(imported: bool, at: float) -> tuple[int, float]:
    """The order of the fold: imported messages by Date, then what arrived."""
    return (0 if imported else 1, at)


def _placed(placement: Placement) -> Doc:
    return {
        "i": placement.incident,
        "r": placement.rule,
        "w": placement.why,
        "o": placement.opened,
        "u": placement.duplicate_of,
        "g": placement.flagged,
        "l": list(placement.related),
        "e": placement.merged,
    }


def _placement(doc: Mapping[str, Any]) -> Placement:
    return Placement(doc["i"], doc["r"], doc["w"], doc["o"], doc["u"], doc["g"], tuple(doc["l"]), doc["e"])
