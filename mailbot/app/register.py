"""The register: which mails make which incident. Made from the archive, kept in the state, never the other way round.

Everything here can be thrown away and made again (law 2): ``rebuild`` does so and gives the same. Mails are taken in the
archive's order; imported ones count by their Date and come before what arrived live.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mailbot.app import log
from mailbot.app.addressed import signed_among, signed_to
from mailbot.app.decisions import decided
from mailbot.app.desk import Taken, read_ahead, said, take_in, written_by_us
from mailbot.app.index import META, UNPLACED, Index, Unplaced, order, placed_as, placement, without_gc
from mailbot.app.rows import summary
from mailbot.app.tokens import token
from mailbot.core.incident import Incident, Joined, Said, Sent, fold, needs_refold
from mailbot.core.publication import is_private, knows
from mailbot.core.threads import Facts
from mailbot.store.archive import Arrival, Place, Record
from mailbot.store.state import Doc


class Register(Index):
    """The incidents of one list. One thread uses it."""

    # ── taking mails from the archive ─────────────────────────────────────────────────────────────────────────────

    def catch_up(self, most: int | None = None, until: float = math.inf) -> int:
        """Takes what the archive has beyond the mark: at most ``most`` records, no further one after ``until`` (monotonic
        seconds); how many it took. No mail is sent here."""
        taken = 0
        again: set[str] = set()
        for record in self.archive.records(self.mark):
            again.add(self._take(record, again))
            taken += 1
            if (most is not None and taken >= most) or time.monotonic() > until:
                break
        if again - {""}:
            self.rethread(undone="import" not in again)
        return taken

    def _take(self, record: Record, again: set[str]) -> str:
        """One record. Why all must be threaded again, "" where not: "import", which comes by its Date, or "undo" of what was
        decided about threads or zones. ``again``: the same of the records before, where it is still to be done."""
        number = self.state.next_id("messages")
        arrived = record.arrival.at or datetime(1970, 1, 1, tzinfo=UTC)
        taken = self._read(record, arrived)
        if taken.broke:
            log.broke(taken.message.message_id, "reading a mail", taken.broke)
        doc = self._doc(record, taken)
        self.mark[record.place.file] = record.end
        if record.direction == "in" and not record.imported:
            if self.mailboxes.took(record.arrival.way, arrived):
                self.state.put("meta", META, self.mailboxes.kept())
            if taken.kind == "bounce":
                self.bounced.append((taken.message.message_id, record.place))
        if again - {""} and "a" in doc and not record.imported:  # what may be merged must be known as after a rebuild
            self.rethread(undone="import" not in again)
            again.clear()
        if doc.get("a", ("",))[0] == "MERGE" and not record.imported and not self._may_merge(taken, doc["a"][1]):
            del doc["a"]
        if record.imported or self.decisions.take_back(order(doc["m"], doc["f"][1]), number, doc):
            self.state.put("messages", number, doc)
            return "import" if record.imported else "undo"
        placed = self.threads.place(taken.facts, **self.decisions.wish(number, doc))
        doc |= placed_as(placed)
        self.state.put("messages", number, doc)
        self._index(number, doc, taken.facts, placed)
        rule = "duplicate" if placed.duplicate_of else placed.rule
        log.threaded(taken.facts.message_id, placed.incident, rule, taken.kind)
        current = self._current(placed.incident)
        for incident in [current] if current else self.named(doc) if not placed.duplicate_of else []:
            if number in self.members[incident][-1:]:
                self._fold_in(incident, number, taken, doc, bool(placed.merged))
        return ""

    def _may_merge(self, taken: Taken, name: str) -> bool:
        """Of what goes the private way only those who know it decide: who merges a secret with something of theirs reads it."""
        item = said(taken, self.list, "")
        both = (self.look(i) for i in (name, self.threads.preview(taken.facts)) if i)
        return all(i is None or not is_private(i) or knows(i, item.who) for i in both)

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
            kept=record.arrival.trust,
            answers=self._answered(record),
        )

    def _answered(self, record: Record) -> tuple[str, ...]:
        """The mails of ours with whose signed addresses it came: their ids, also where its headers name none."""
        found = signed_to(record.raw, record.arrival.recipients, self.list.bot)[0]
        return tuple(doc["f"][0] for each in found if (doc := self.marked(each.mark)) is not None)

    def _shown(self, record: Record, taken: Taken) -> list[str]:
        """The marks of signed addresses that a mail shows to others: whoever reads it could use them, as its sender."""
        found = signed_among(record.arrival.recipients, taken.message, self.list.bot)
        others = {who.email for who in taken.message.recipients} - {self.list.bot, taken.message.sender.email}
        return [each.mark for each in found] if others or taken.trust.grade == "list" else []

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
            if asked := taken.message.header("x-mailbot-asked").split():
                doc["q"] = asked
        elif shown := self._shown(record, taken):
            doc["y"] = shown
        if taken.broke:
            doc["e"] = taken.broke[:300]
        return doc | decided(taken)

    def _fold_in(self, incident: str, number: int, taken: Taken, doc: Doc, merged: bool) -> None:
        folded = self._folded.take(incident)
        self.touched.add(incident)
        if len(self.members[incident]) == 1:  # it opens: fold it while it is read, it would be read again
            folded = Incident(incident, self.list)
        if folded is not None and not merged:
            item = self._item(taken, doc, incident, number)
            if not needs_refold(item):
                with suppress(Exception):  # a full fold will tell
                    folded.add(item)
                    self._folded.keep(incident, folded)

    def _item(self, taken: Taken, doc: Doc, incident: str = "", number: int = 0) -> Said | Sent:
        """A mail as the fold of ``incident`` wants it."""
        if doc["d"] == "out":
            return Sent(taken.facts.message_id, taken.at, tuple(doc["k"]), tuple(doc.get("q", ())), tuple(doc["t"]))
        item = self._vouched(said(taken, self.list, self.zone_of(taken)), doc)
        if not any(key in doc for key in ("a", "n", "u", "z")):
            return item
        placed = placement(doc)
        word = doc.get("a", ("",))[0]
        item = replace(
            item,
            merged=placed.merged if word == "MERGE" else "",
            split=word == "SPLIT" and placed.rule == "split",
            undone=number in self.decisions.gone,
            undid=self.decisions.undid(tuple(doc.get("u", ()))),
        )
        if placed.incident:
            return item
        names = self._names(incident)
        meant = tuple(c for c in item.reading.commands if c.incident in names)
        return replace(item, elsewhere=True, reading=replace(item.reading, commands=meant, mentions=(), near=()))

    def _vouched(self, item: Said, doc: Doc) -> Said:
        """With what its tokens confirm, and whether a token confirms it."""
        if not self.tokens:
            return item
        item = replace(item, confirmed=token(self.secret, item.message_id) in self.tokens)
        if doc.get("c"):
            numbers = self.members.get(doc["i"] or "", ())
            known = {token(self.secret, other["f"][0]) for _, other in self.state.all("messages", numbers)}
            item = replace(item, confirms=tuple(c for c in doc["c"] if c in known))
        return item

    def _names(self, incident: str) -> set[str]:
        """Its id and those of all that became part of it."""
        return {incident}.union(*(self._names(young) for _, young, _ in self.joined.get(incident, ())))

    def zone_of(self, taken: Taken) -> str:
        """What the sender's last ZONE said, as of this message."""
        now = order(taken.imported, taken.at.timestamp())
        gone = self.decisions.gone
        told = self.zones.get(taken.trust.author.email, ())
        said_before = [zone for since, zone, number in told if since <= now and number not in gone]
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
            self._folded.keep(current, folded)
        return folded

    def items(self, incident: str) -> Iterator[Said | Sent | Joined]:
        """The mails of an incident in the order of the fold."""
        yield from self._told(incident, self.members.get(incident, ()))

    def _told(self, incident: str, numbers: Iterable[int]) -> Iterator[Said | Sent | Joined]:
        """What became part of it stands, whole, before the message with which it did."""
        joined = self.joined.get(incident, [])
        inside = Counter(number for _, _, gone in joined for number in gone)
        own = []
        for number in numbers:
            if inside[number]:  # a reply to a digest may have named both
                inside[number] -= 1
            else:
                own.append(number)
        for number, doc in self.state.all("messages", own):
            for with_, young, gone in joined:
                if with_ == number:
                    yield Joined(young, tuple(self._told(young, gone)))
            if doc["d"] == "out":  # the document says it all
                at = datetime.fromtimestamp(doc["f"][1], UTC)
                yield Sent(doc["f"][0], at, tuple(doc["k"]), tuple(doc.get("q", ())), tuple(doc["t"]))
            else:
                yield self._item(self.taken(doc), doc, incident, number)

    def taken(self, doc: Mapping[str, Any]) -> Taken:
        """The mail behind a document, read again from the archive."""
        record = self.archive.read(Place(*doc["p"]))
        facts = Facts.from_json(doc["f"])
        taken = self._read(record, datetime.fromtimestamp(facts.at, UTC))
        return taken._replace(kind=facts.kind)

    def note(self, incident: Incident, next_at: datetime | None) -> None:
        """Writes down how an incident stands, for lists and digests, and when to look at it again."""
        number = self.rows.get(incident.id) or self.state.next_id("incidents")
        when = next_at.timestamp() if next_at and incident.live else None
        doc = summary(incident) | {"next": when}
        self.state.put("incidents", number, doc)
        self._list(number, doc)
        if when is None:
            self.wake.pop(incident.id, None)
        else:
            self.wake[incident.id] = when

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
        with without_gc():
            return self._bring_in(name, mails, now)

    def _bring_in(self, name: str, mails: Iterable[bytes], now: datetime) -> tuple[int, int]:
        known = {(doc["f"][0], doc["f"][9]) for _, doc in self.state.all("messages")}
        new = old = 0
        last = now

        def fresh() -> Iterator[tuple[bytes, Arrival]]:
            nonlocal new, old, last
            for raw, words in read_ahead(mails):
                taken = take_in(
                    raw,
                    last,
                    mailing_list=self.list,
                    list_id=self.list_id,
                    ours=self.ours,
                    envelope=None,
                    imported=True,
                    dated_to=now,
                    words=words,
                )
                mark = (taken.facts.message_id, taken.facts.text_hash)
                is_new = mark not in known and mark[0] not in self.redacted  # its words are out, for ever
                known.add(mark)
                new, old = new + is_new, old + (not is_new)
                if is_new:
                    last = taken.at
                    waiting.append(taken)
                    yield raw, Arrival(f"import {name}", at=last)

        waiting: deque[Taken] = deque()
        unplaced: Unplaced = {}
        first = self.state.next_id("messages")
        for number, record in enumerate(self.archive.import_records(name, fresh()), first):
            taken = waiting.popleft()
            doc = self._doc(record, taken)
            if len(unplaced) < UNPLACED:
                unplaced[number] = doc, taken.facts
            else:
                self.state.put("messages", number, doc)
            self.mark[record.place.file] = record.end
        if new:
            self.rethread(unplaced=unplaced)
        return new, old

    def rebuild(self) -> int:
        """Throws the state away and makes it again from the archive; how many records that took."""
        self.state.clear()
        self._empty()
        self.mailboxes.load({})
        self.bounced.clear()
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
