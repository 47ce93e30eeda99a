"""Addresses on hold: where our mail came back, no more is sent until an operator releases it or the time is over.

The law: an act of the operator's log (``acts.log``) for each, so that a rebuild holds the same and says nothing twice. A
bounce counts only where it came to an envelope address that we signed (``outbox.verp``); the list itself and those who
get what is private are never put on hold, only told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.app import log
from mailbot.app.addressed import came_to
from mailbot.app.register import Register
from mailbot.core.message import parse
from mailbot.outbox import bounces, verp
from mailbot.outbox.post import Outcome
from mailbot.store.archive import Archive, Record

RESTS = timedelta(days=7)  # after a failure that may pass: a full mailbox, a filter, a server that is away


@dataclass(frozen=True, slots=True)
class Hold:
    """``until`` None: until it is released."""

    address: str
    since: datetime
    until: datetime | None
    words: str


class Holds:
    """Of one list. ``load`` reads what was decided; then ``take`` bounces as they come."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.archive: Archive = register.archive
        self.secret = register.secret
        self._known: set[str] = set()  # bounces that were dealt with: Message-IDs
        self._told: set[tuple[str, str]] = set()
        self._held = held(self.archive.acts(), self._known)

    def why(self, address: str, now: datetime) -> str:
        """Why nothing is sent there now, "" where it is."""
        hold = self._held.get(address)
        if hold is None or (hold.until is not None and hold.until <= now):
            return ""
        return f"on hold since {hold.since:%Y-%m-%d}: {hold.words}"

    def transactions(
        self, record: Record, message_id: str, waiting: Sequence[str]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Envelope sender and recipients, for each: what we send on our own has a sender for each recipient, answers and
        receipts have the null sender. Without plus addresses all is the bot's, and a bounce says of nobody whose it is."""
        bot, everybody = self.register.list.bot, record.arrival.recipients
        if not record.arrival.sender or not self.register.list.plus:
            yield bot if record.arrival.sender else "", tuple(waiting)
            return
        for recipient in waiting:
            yield verp.sender(bot, message_id, everybody.index(recipient), self.secret), (recipient,)

    def refused(self, outcome: Outcome, now: datetime) -> None:
        """The smarthost knew at once that there is no such address: the same as a bounce."""
        if bounces.is_gone(outcome.reply):
            self._hold(outcome.recipient, outcome.reply, "gone", "", now)

    def first_time(self, recipient: str, reply: str) -> bool:
        """Is this refusal new to the operator? The same words about the same address are told once."""
        told = (recipient, reply[:80])
        if not self._told:
            lines = (line for line in self.archive.sent_lines() if line.outcome == "refused")
            self._told = {("", "")}.union((line.recipient, line.note[:80]) for line in lines)
        new = told not in self._told
        self._told.add(told)
        return new

    def settle(self, now: datetime) -> int:
        """Looks at the bounces that the register has taken since; how many addresses are new on hold."""
        new = 0
        while self.register.bounced:
            message_id, place = self.register.bounced.pop()
            if message_id not in self._known:
                self._known.add(message_id)
                new += self._take(message_id, self.archive.read(place), now)
        return new

    def _take(self, message_id: str, record: Record, now: datetime) -> bool:
        for recipient in self._whose(record):
            bounce = bounces.read(record.raw, recipient)
            log.bounced(message_id, recipient, bounce.verdict, bounce.status, bounce.words)
            if bounce.verdict in ("gone", "failed"):
                words = f"{bounce.status} {bounce.words}".strip() or "its mail came back"
                return self._hold(recipient, words, bounce.verdict, message_id, now)
        return False

    def _whose(self, record: Record) -> Iterator[str]:
        """Who did not get our mail: by the signed address that the bounce came to."""
        bot = self.register.list.bot
        for address in came_to(record.arrival.recipients, parse(record.raw)):
            if (found := verp.returned(address, bot, self.secret)) is None:
                continue
            doc = self.register.marked(found.mark)
            if doc is not None and found.number < len(doc["t"]):
                yield doc["t"][found.number]
                return

    def _hold(self, address: str, words: str, verdict: str, bounce: str, now: datetime) -> bool:
        mailing_list = self.register.list
        if address in (mailing_list.address, *mailing_list.private):
            log.note(f"mail to {address} comes back, and is sent all the same: {words}")
            return False
        if self.why(address, now):
            return False
        until = None if verdict == "gone" else now + RESTS
        act = {"act": "hold", "address": address, "words": words[:300], "bounce": bounce}
        act |= {"until": until.isoformat()} if until else {}
        self.archive.act(act | {"at": now.isoformat()})
        self._held[address] = Hold(address, now, until, words[:300])
        log.operator("hold", address=address, until=until.date() if until else "released", why=words)
        return True

    def release(self, address: str) -> bool:
        """An operator's act. False where the address is on no hold."""
        if self._held.pop(address, None) is None:
            return False
        self.archive.act({"act": "release", "address": address})
        log.operator("release", address=address)
        return True


def held(acts: Iterable[dict[str, object]], known: set[str] | None = None) -> dict[str, Hold]:
    """What acts.log says; ``known`` gets the bounces that were dealt with."""
    found: dict[str, Hold] = {}
    for act in acts:
        address = str(act.get("address", ""))
        if act.get("act") == "release":
            found.pop(address, None)
        elif act.get("act") == "hold" and address:
            until = datetime.fromisoformat(str(act["until"])) if act.get("until") else None
            since = datetime.fromisoformat(str(act["at"]))
            found[address] = Hold(address, since, until, str(act.get("words", "")))
            if known is not None:
                known.add(str(act.get("bounce", "")))
    return found
