"""The register: which mails make which incident. Made from the archive, kept in the state, never the other way round.

Everything here can be thrown away and made again (law 2): ``rebuild`` does so and gives the same. Mails are taken in the
archive's order; imported ones count by their Date and come before what arrived live.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mailbot.app import log
from mailbot.app.desk import Taken, date_of, said, take_in, written_by_us
from mailbot.app.index import META, Index, order, placed_as, without_gc
from mailbot.app.rows import summary
from mailbot.core.commands import read_commands
from mailbot.core.incident import Incident, Said, Sent, fold, needs_refold
from mailbot.core.reply import own_spans
from mailbot.core.threads import Facts
from mailbot.core.times import Context
from mailbot.intake.imap import read_way
from mailbot.store.archive import Arrival, Place, Record
from mailbot.store.state import Doc


ZONE_LINE = re.compile(r"^\s*(?:#mailbot\s+)?ZONE\b", re.IGNORECASE | re.MULTILINE)  # a cheap first question


class Register(Index):
    """The incidents of one list. One thread uses it."""

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
        doc |= placed_as(placement)
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
            if asked := taken.message.header("x-mailbot-asked").split():
                doc["q"] = asked
        if taken.kind == "human" and (zone := self._zone_said(taken)):
            doc["z"] = [taken.trust.author.email, zone]
        return doc

    def _zone_said(self, taken: Taken) -> str:
        if not ZONE_LINE.search(taken.message.text):
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
        folded = self._folded.take(incident)
        self.touched.add(incident)
        if len(self.members[incident]) == 1:  # it opens: fold it while it is read, it would be read again
            folded = Incident(incident, self.list)
        if folded is not None and not merged:
            item = self._item(taken, doc)
            if not needs_refold(item):
                with suppress(Exception):  # a full fold will tell
                    folded.add(item)
                    self._folded.keep(incident, folded)

    def _item(self, taken: Taken, doc: Doc) -> Said | Sent:
        if doc["d"] == "out":
            return Sent(taken.facts.message_id, taken.at, tuple(doc["k"]), tuple(doc.get("q", ())), tuple(doc["t"]))
        return said(taken, self.list, self.zone_of(taken))

    def zone_of(self, taken: Taken) -> str:
        """What the sender's last ZONE said, as of this message."""
        now = order(taken.imported, taken.at.timestamp())
        said_before = [zone for since, zone in self.zones.get(taken.trust.author.email, ()) if since <= now]
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

    def items(self, incident: str) -> Iterator[Said | Sent]:
        """The mails of an incident in the order of the fold."""
        for _, doc in self.state.all("messages", self.members.get(incident, ())):
            if doc["d"] == "out":  # the document says it all
                at = datetime.fromtimestamp(doc["f"][1], UTC)
                yield Sent(doc["f"][0], at, tuple(doc["k"]), tuple(doc.get("q", ())), tuple(doc["t"]))
            else:
                yield self._item(self.taken(doc), doc)

    def taken(self, doc: Mapping[str, Any]) -> Taken:
        """The mail behind a document, read again from the archive."""
        record = self.archive.read(Place(*doc["p"]))
        facts = Facts.from_json(doc["f"])
        taken = self._read(record, datetime.fromtimestamp(facts.at, UTC))
        return replace(taken, kind=facts.kind)

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
