"""An incident is the fold of its mails: every message, in and out, in the archive's order, and nothing else.

``fold`` gives the whole; ``Incident.add`` takes one more and gives what a full fold would give (law 5). ``Incident`` is the
fold's accumulator and only the fold and the keywords' effects write to it; everything it holds is a frozen value.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from mailbot.core.alerts import read_alert
from mailbot.core.answers import answered, keep_question
from mailbot.core.asks import ask
from mailbot.core.blame import hinted
from mailbot.core.doubts import SKEW, Heard
from mailbot.core.draft import mark
from mailbot.core.entries import (
    Act,
    Action,
    Ask,
    Custody,
    Entry,
    Joined,
    Link,
    MailingList,
    Note,
    Outcome,
    Question,
    Refused,
    Review,
    Said,
    Sent,
    Status,
    Unvouched,
    Window,
    says_start,
    undo_code,
)
from mailbot.core.joining import absorb
from mailbot.core.message import Address
from mailbot.core.people import meant
from mailbot.core.publication import is_private, keep_out, kept_out, knows, private_way, told_of
from mailbot.core.undo import needs_refold, undone
from mailbot.core.vouched import vouched

if TYPE_CHECKING:
    from mailbot.core.commands.unit import Command

__all__ = [
    "Act",
    "Action",
    "Ask",
    "Custody",
    "Entry",
    "Incident",
    "Joined",
    "Link",
    "MailingList",
    "Note",
    "Outcome",
    "Question",
    "Refused",
    "Said",
    "Sent",
    "Status",
    "Window",
    "fold",
    "needs_refold",
    "undo_code",
    "undone",
]

MOST_ALARMS = 200  # of which a recovery is waited for


@dataclass(slots=True)
class Incident:
    """All that the mails of one incident say. Lists are in order of arrival; numbers are positions and never change."""

    id: str
    mailing_list: MailingList = field(default_factory=MailingList)
    title: str = ""
    titles: list[str] = field(default_factory=list)  # every one it had: a stale draft may still say an old one
    status: Status = Status.OPEN
    kind: str = "outage"
    opened: datetime | None = None
    opener: Address | None = None
    opened_by: str = ""  # Message-ID
    subject: str = ""
    last_news: datetime | None = None
    resolved: datetime | None = None
    resolved_by: Address | None = None
    closed_at: datetime | None = None  # when the mail that ended it came
    live: bool = False
    custody: list[Custody] = field(default_factory=list)
    offered: tuple[Address, str] | None = None  # to whom, by which message
    entries: list[Entry] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)  # numbers of those that call themselves the start
    unsure: set[int] = field(default_factory=set)  # numbers of those that were doubtful once
    made: dict[str, range] = field(default_factory=dict)  # Message-ID -> numbers of its entries
    windows: list[Window] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    items: int = 0  # of what went wrong have a number
    removed: list[tuple[Note, str]] = field(default_factory=list)  # taken out by an edited draft, and by whom
    versions: dict[str, tuple[Note, ...]] = field(default_factory=dict)  # what each draft said, by its mark
    review: Review | None = None
    embargo: datetime | None = None  # nothing leaves the private way before
    opened_in_private: bool = False  # its first mail went to the private way, and not to the list
    inside: dict[str, datetime] = field(default_factory=dict)  # address -> since when they may know what is private
    actions: list[Action] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # to the chat, each once
    quiet: bool = False
    quiet_until: datetime | None = None
    people: dict[str, Address] = field(default_factory=dict)  # address -> as they write themselves
    spoke: dict[str, datetime] = field(default_factory=dict)  # address -> last message
    references: list[str] = field(default_factory=list)  # Message-IDs, for threading what we mail
    secret: set[str] = field(default_factory=set)  # those of them that the list has not seen
    codes: dict[str, str] = field(default_factory=dict)  # UNDO code -> Message-ID
    taken_back: set[str] = field(default_factory=set)  # codes that an UNDO which stands has named
    asks: dict[str, Ask] = field(default_factory=dict)
    sent: dict[str, datetime] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)  # Message-ID -> what it asked whom
    mailed: dict[str, datetime] = field(default_factory=dict)  # address -> our last mail of our own accord to it alone
    zones: dict[str, tzinfo] = field(default_factory=dict)  # address -> where its clock is
    asked: set[str] = field(default_factory=set)  # labels of entries that a mail of ours has asked about
    heard: list[Heard] = field(default_factory=list)  # what the lint says of single messages
    unused: list[tuple[str, str]] = field(default_factory=list)  # (Message-ID, why nothing of it is in the report)
    messages: int = 0
    alarms: set[str] = field(default_factory=set)  # what a monitoring system says is broken, and not well again
    well: tuple[datetime, str] | None = None  # since when it says that all is well, and of what it said so last
    aliases: list[str] = field(default_factory=list)  # ids of incidents that are part of it now

    # ── taking in ─────────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, item: Said | Sent, undone: bool = False) -> None:
        """One more mail, in archive order. ``undone``: a later UNDO takes its commands back."""
        if isinstance(item, Sent):
            for key in item.keys:
                self.sent[key] = item.at
                self.asks.pop(key, None)
            self.asked.update(item.asked)
            self.inside |= told_of(self, item)
            if self.status is Status.RESOLVED and any(key.startswith("published:") for key in item.keys):
                self.status, self.review = Status.PUBLISHED, self.review or Review(None, item.at)
            if not item.to or self.mailing_list.address in item.to:  # what one person got, others cannot answer
                self.references.append(item.message_id)
            keep_question(self, item)
            return
        if item.elsewhere:
            self._hear(item, undone or item.undone)
            return
        item = answered(self, item)
        undone = undone or item.undone
        self.messages += 1
        self.references.append(item.message_id)
        if private_way(self.mailing_list, item.recipients) or (item.private and is_private(self)):
            self.secret.add(item.message_id)
        if item.kind not in ("human", "alert"):
            self.unused.append((item.message_id, f"{item.kind} mail"))
            return
        first = self.opened is None
        if first:
            self._open(item)
        elif item.kind == "human" and (why := kept_out(self, item)):
            keep_out(self, item, why)
            return
        if first or not is_private(self):  # anybody can write to the second list
            self.inside.setdefault(item.who.email, item.at)
        self.live = self.live or item.live
        self.last_news = item.at
        if item.kind == "alert" and (alert := read_alert(item.subject, machine=True)) is not None:
            (self.alarms.discard if alert.over or len(self.alarms) >= MOST_ALARMS else self.alarms.add)(alert.what)
            self.well = (item.at, alert.what) if alert.over and not self.alarms else None
        if item.kind == "human":
            self._meet(item)
            self._listen(item)
        used = self._read(item, undone) or bool(item.reading.links)
        pairs = self._obey(item, undone) if item.kind == "human" else []
        if not used and not pairs and not first:
            self.unused.append((item.message_id, "no time, no keyword"))
        if item.live:
            ask(self, item, pairs, first=first, undone=undone, hinted=bool(hinted(self, item.message_id)))

    def _hear(self, item: Said, undone: bool) -> None:
        """A mail that belongs to no incident, and whose commands name this one: a reply to a digest. It is no news."""
        if self.opened is None or kept_out(self, item) or (is_private(self) and not knows(self, item.who)):
            return
        self._meet(item)
        pairs = self._obey(item, undone)
        if any(o.ok and c.keyword.tell == "list" for c, o in pairs):
            self.last_news = item.at
        if item.live:
            ask(self, replace(item, subject=self.subject), pairs, first=False, undone=undone, hinted=False)

    def _open(self, item: Said) -> None:
        self.opened, self.opener, self.opened_by = item.at, item.who, item.message_id
        self.rename(item.title or "(no subject)")
        self.subject = item.subject
        to = {who.email for who in item.recipients}
        private = not to.isdisjoint(self.mailing_list.private) or item.split  # what it left may be private
        self.opened_in_private = private and self.mailing_list.address not in to
        commander = item.who if item.kind == "human" and self.mailing_list.is_person(item.who) else None
        self.custody.append(Custody(commander, item.at, item.message_id))

    def _meet(self, item: Said) -> None:
        for who in (*item.recipients, item.who):
            if who.email and self.mailing_list.is_person(who) and (who.name or who.email not in self.people):
                self.people[who.email] = who
        self.spoke[item.who.email] = item.at
        if item.zone is not None:
            self.zones[item.who.email] = item.zone
        self.codes[undo_code(item.message_id)] = item.message_id

    def _listen(self, item: Said) -> None:
        """Keeps what is odd about a message, for the lint."""
        skew = item.date - item.at if item.live and item.date is not None else None
        if skew is not None and abs(skew) <= SKEW:
            skew = None
        if skew is not None or item.reading.doubts or item.reading.stated:
            self.heard.append(Heard(item.message_id, item.who.email, item.reading.doubts, item.reading.stated, skew))

    def _read(self, item: Said, undone: bool) -> bool:
        known = {link.url for link in self.links}
        fresh = [url for url in item.reading.links if url not in known and not undone]
        self.links += [Link(url, item.who, item.message_id, item.at) for url in fresh]
        for mention in item.reading.mentions:
            first = mention.times[0]
            if first.utc is None:
                continue
            last = mention.times[-1].utc if len(mention.times) > 1 else None
            number, words, dropped = len(self.entries) + 1, mention.what or "(no words)", "undone" if undone else ""
            made_by = item.who, item.message_id, mention.line, item.at
            self._append(Entry(number, words, first, first.utc, last, *made_by, dropped=dropped))
        return bool(item.reading.mentions)

    def _obey(self, item: Said, undone: bool) -> list[tuple[Command, Outcome]]:
        pairs = []
        target = self.trial() if undone else self
        for command in item.reading.commands:
            try:
                self._is_meant(command)
                vouched(self.mailing_list, item, command.keyword.word)
                sentence = command.problem or command.keyword.effect(target, Act(command, item))
                if sentence:  # a draft that came back as it was says nothing
                    long = item.private and len(command.words) >= 200
                    whole = f"{command.keyword.word}: {command.text or command.given.note}" if long else ""
                    pairs.append((command, Outcome(not command.problem, command.words, sentence, whole)))
            except Refused as refusal:
                waits = isinstance(refusal, Unvouched)
                pairs.append((command, Outcome(False, command.words, str(refusal), waits=waits)))
                if command.keyword.enters:  # an UNDO may allow it one day, and T7 is T7 for ever
                    target.change_entry(target.enter(Act(command, item), command.words), dropped="not done")
        if undone:  # what it made keeps its numbers, so that T7 is T7 for ever
            self.items = target.items
            for entry in target.entries[len(self.entries) :]:
                self._append(replace(entry, dropped="undone"))
            self.actions += [replace(a, state="undone") for a in target.actions[len(self.actions) :]]
        if pairs:
            self.versions.setdefault(mark(self.notes), tuple(self.notes))
        return pairs

    def _is_meant(self, command: Command) -> None:
        """The one rule for commands that name an incident: it is this one (``Said.elsewhere``: or they are not here at all)."""
        named = command.incident
        if named in self.aliases:
            raise Refused(
                f"{named} is part of {self.id} now, with new numbers. Write {command.keyword.word} {self.id} ..."
            )
        if named not in ("", self.id):
            raise Refused(
                f"That names {named}; this is {self.id}. Write it in the thread of {named}, or answer the digest."
            )

    def trial(self) -> Incident:
        """A copy on which commands can be tried without touching this one."""
        copies = {f.name: copy(getattr(self, f.name)) for f in fields(self)}
        return Incident(**copies)

    # ── what the keywords' effects use ────────────────────────────────────────────────────────────────────────────

    def enter(self, act: Act, what: str, kind: str = "log") -> Entry:
        """A timeline entry for what a command says, at the instant it says."""
        number, when, mail = len(self.entries) + 1, act.command.when, act.said.message_id
        entry = Entry(number, what, when, act.instant, None, act.who, mail, act.command.line, act.at, kind)
        self._append(entry)
        return entry

    def _append(self, entry: Entry) -> None:
        self.entries.append(entry)
        first = self.made.get(entry.message_id, range(entry.number, 0)).start
        self.made[entry.message_id] = range(first, entry.number + 1)
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        """So that nothing that is asked at each mail need look through all entries."""
        if says_start(entry.what) and entry.number not in self.starts:
            self.starts.append(entry.number)
        if entry.doubtful:
            self.unsure.add(entry.number)

    def entry(self, label: str) -> Entry:
        number = int(label.lstrip("Tt") or 0)
        if not 1 <= number <= len(self.entries):
            raise Refused(f"There is no {label.upper()} in {self.id}. TIMELINE mails you the lines with their numbers.")
        return self.entries[number - 1]

    def entries_of(self, *message_ids: str) -> list[Entry]:
        """What messages made, by number; also what was corrected or dropped since."""
        wanted = set(message_ids)
        numbers = {n for message_id in wanted for n in self.made.get(message_id, ())}
        return [e for n in sorted(numbers) if (e := self.entries[n - 1]).message_id in wanted]

    def change_entry(self, entry: Entry, **changes: object) -> Entry:
        changed = replace(entry, **changes)  # type: ignore[arg-type]  # names are checked by dataclasses
        self.entries[entry.number - 1] = changed
        self._note(changed)
        return changed

    def action(self, label: str) -> Action:
        number = int(label.lstrip("Aa") or 0)
        if not 1 <= number <= len(self.actions):
            known = ", ".join(a.label for a in self.actions[-10:])
            raise Refused(f"There is no action {label.upper()} in {self.id}{f'; there is {known}' if known else ''}.")
        return self.actions[number - 1]

    def change_action(self, action: Action, **changes: object) -> Action:
        changed = replace(action, **changes)  # type: ignore[arg-type]  # names are checked by dataclasses
        self.actions[action.number - 1] = changed
        return changed

    def rename(self, title: str) -> None:
        self.title = title[:200]
        self.titles.append(self.title)

    def person(self, words: str) -> Address:
        return meant(self.people, words)

    # ── what others read ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def commander(self) -> Address | None:
        return self.custody[-1].who if self.custody else None

    @property
    def is_open(self) -> bool:
        return self.status in (Status.OPEN, Status.RESTORED)

    @property
    def start(self) -> Entry | None:
        """When users began to be hit: the first START, else the first line that says so, else the start of a later window."""
        starts = [self.in_report(w.start) for w in self.windows]
        said = [e for e in map(self.in_report, self.starts) if e and e.kind in ("read", "log") and says_start(e.what)]
        read = min(said, key=lambda e: (e.utc, e.number), default=None)
        return (starts[0] if starts else None) or read or next((e for e in starts if e), None)

    def was_sent(self, kind: str) -> bool:
        return any(key.startswith(f"{kind}:") for key in self.sent)

    def in_report(self, number: int | None) -> Entry | None:
        """The entry of that number, None where nobody said it or somebody dropped it."""
        entry = self.entries[number - 1] if number else None
        return None if entry is None or entry.dropped else entry

    def timeline(self) -> list[Entry]:
        """The entries of the report in the order of their instants; the same words at the same instant once."""
        seen: set[tuple[datetime, str]] = set()
        lines = []
        for entry in sorted((e for e in self.entries if not e.dropped), key=lambda e: (e.utc, e.number)):
            mark = (entry.utc, entry.what.casefold().strip(" ."))
            if mark not in seen:
                seen.add(mark)
                lines.append(entry)
        return lines

    def section(self, name: str) -> list[Note]:
        return [n for n in self.notes if n.section == name]


def fold(
    incident_id: str,
    items: Iterable[Said | Sent | Joined],
    mailing_list: MailingList,
    gone: frozenset[str] | None = None,
) -> Incident:
    """The incident that its mails tell of, in archive order. ``gone``: what is taken back, where that is known already."""
    every = list(items)
    gone = undone(every) if gone is None else gone
    incident = Incident(incident_id, mailing_list)
    for item in every:
        if isinstance(item, Joined):
            absorb(incident, fold(item.id, item.items, mailing_list, gone))
        else:
            incident.add(item, item.message_id in gone)
    return incident
