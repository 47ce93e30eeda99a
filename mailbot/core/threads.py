"""Which incident a message belongs to, and by which rule: threading.md, the whole of it, in its order and numbers.

Law: deterministic over the messages in archive order. ``place`` decides and remembers; ``restore`` remembers what was
decided; after either, the same is known. A message costs what its own size is, however large incident and archive are.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Literal, NamedTuple

from mailbot.core.facts import Facts, Known, facts
from mailbot.core.memory import Incident, Memory
from mailbot.core.subject import Subject, read_subject, words

__all__ = ["Facts", "Known", "Placement", "Threads", "facts"]

DAY = 86_400.0
ACTIVE = 365 * DAY  # an incident whose last mail is older is not joined by its subject
ACTIVE_SHARED = 30 * DAY  # the same, once its key has had more than one incident
REPEATED = DAY  # monitoring systems say the same again while it lasts
STORM, MANY = 600.0, 5  # so many incidents opened by alerts within so many seconds are one event: what follows joins
CALLS = 1_000  # words that opened incidents: who says the same for the sixth time in a day is a machine that answers us (L4)
TONELESS = 3 * DAY  # archives whose "Re:" was removed: a message without reply sign joins
TONELESS_SHARED = 3_600.0  # the same, once its key has had three
FIFTH = 0.2
OPENING = ("human", "alert")
WELL = ("RESTORED", "RESOLVED", "ALL OK", "FIXED", "CLOSED")  # what a monitoring system says at the end
ONLY_ASKS = "it only asks, and tells nothing that could be an incident"
NAMES_EACH = "each of its keywords names an incident, and it says nothing else"
OF_MANY = "it answers a mail of ours that belongs to no single incident"


class Placement(NamedTuple):
    """Where a message belongs. ``rule`` is one of ``memory.RULES``."""

    incident: str | None
    rule: str
    why: str  # a sentence, for WHY
    opened: bool = False  # it opened ``incident``
    duplicate_of: str = ""  # message id: the same mail was here, whose incident and rule these are
    flagged: bool = False  # same Message-ID as another mail with other text
    related: tuple[str, ...] = ()  # incidents it was split from, or links without a common key
    merged: str = ""  # incident that ends here: from now on an alias of ``incident``
    parted: str = ""  # incident that no later mail merges with this one: a MERGE of the two was taken back


class _View(NamedTuple):
    """A message as the rules see it."""

    facts: Facts
    subject: Subject
    key: str  # with ambiguous prefixes off where that is confirmed
    sign: bool  # subject, body or a confirmed ambiguous prefix shows a reply


class Threads:
    """All messages so far, and where the next one belongs.

    ``opens``: "any" message that joins no incident opens one, or "marked" ones only (language.md 3). ``toneless`` is
    for archives whose "Re:" was removed: set while such an archive is imported, never for live mail.
    """

    def __init__(self, *, opens: Literal["any", "marked"] = "any", toneless: bool = False) -> None:
        self.opens = opens
        self.toneless = toneless
        self._memory = Memory()
        self._alarms: deque[tuple[float, str]] = deque(maxlen=MANY)  # incidents that alerts opened
        self._calls: dict[tuple[str, str], tuple[float, int, str]] = {}  # what opened: since when, how often, the last
        self._storm = (float("-inf"), "")  # the incident that the last storm's alerts join, and when one last did

    def place(self, facts: Facts, *, merge: str = "", split: bool = False, parted: str = "") -> Placement:
        """Decide where ``facts`` belongs, and remember it. What its writer decides stands above the rules: ``merge``, the
        incident that its MERGE names; ``split``, it says SPLIT; ``parted``, what its MERGE named before it was taken back."""
        placement = self._decide(facts)
        if placement.incident and not placement.duplicate_of:
            if split and not placement.opened:
                placement = self._apart(facts, placement.incident)
            elif merge and not placement.merged:
                placement = self._joined(placement, merge)
            elif parted and self.current(parted) not in (None, placement.incident):
                placement = placement._replace(parted=parted)
        self.restore(facts, placement)
        return placement

    def preview(self, facts: Facts) -> str | None:
        """The incident that ``facts`` would be placed in if its writer decided nothing; nothing is remembered."""
        return self._decide(facts).incident

    def restore(self, facts: Facts | Known, placement: Placement) -> None:
        """Remember what was decided earlier; in the order in which it was."""
        if placement.duplicate_of:
            return
        if facts.kind == "alert" and placement.incident and (placement.opened or placement.rule == "storm"):
            if placement.opened:
                self._alarms.append((facts.at, placement.incident))
            else:
                self._storm = facts.at, placement.incident
        subject = read_subject(facts.subject)
        if facts.kind == "human" and placement.opened and placement.incident and subject.key:
            self._called((subject.key, facts.text_hash), facts.at, placement.incident)
        self._memory.remember(
            facts,
            subject,
            placement.incident,
            rule=placement.rule,
            merged=placement.merged,
            related=placement.related,
            parted=placement.parted,
        )

    def current(self, incident: str) -> str | None:
        """The id under which ``incident`` goes now: itself, the one it was merged into, None where it is unknown."""
        found = self._memory.by_id(incident)
        return found.id if found else None

    def merge(self, one: str, other: str) -> str | None:
        """What MERGE says: the younger becomes an alias of the older, whose id is returned; None: nothing to do.

        To be repeated after a restore, at its place in the order of messages; so is ``split``.
        """
        a, b = self._memory.by_id(one), self._memory.by_id(other)
        if a is None or b is None or a is b:
            return None
        old, young = sorted((a, b), key=lambda i: i.number)
        self._memory.merge(old, young)
        return old.id

    def split(self, facts: Facts) -> Placement:
        """What SPLIT says: a message gets an incident of its own, which no later mail merges back."""
        placement = self._apart(facts, self._memory.find(facts.message_id))
        self._memory.forget(facts.message_id)
        self.restore(facts, placement)
        return placement

    def _apart(self, facts: Facts, origin: str | None) -> Placement:
        why = "SPLIT makes it an incident of its own"
        related = (origin,) if origin else ()
        return Placement(self._memory.new_id(facts), "split", why, opened=True, related=related)

    def _joined(self, placement: Placement, name: str) -> Placement:
        """The younger of the two becomes part of the older; a message that would have opened one joins instead."""
        here, there = self._memory.by_id(placement.incident or ""), self._memory.by_id(name)
        if there is None or there is here:
            return placement
        if here is None:
            return Placement(there.id, "merge", f"its MERGE names {name}")
        old, young = sorted((here, there), key=lambda i: i.number)
        why = f"{placement.why}, and its MERGE makes {young.id} part of {old.id}"
        return placement._replace(incident=old.id, merged=young.id, why=why)

    # Rule 1: the same mail again.

    def _decide(self, facts: Facts) -> Placement:
        before = self._memory.seen(facts.message_id, facts.text_hash)
        if before is not None and before.same_text:
            why = "the same Message-ID and the same own text were here before"
            return Placement(before.incident, before.rule, why, duplicate_of=facts.message_id)
        subject = read_subject(facts.subject)
        view = self._view(facts, subject)
        placement = self._headers(view) or self._named(view)
        if placement is None:
            if facts.kind not in OPENING:
                placement = Placement(None, "unfiled", f"mail of kind {facts.kind} opens no incident")
            elif self._memory.answers_ours(facts.references, view.key if view.sign else ""):
                placement = Placement(None, "unfiled", OF_MANY)
            elif facts.names and facts.kind == "human" and not view.sign:
                placement = Placement(None, "unfiled", NAMES_EACH)
            elif facts.asks and facts.kind == "human" and not (view.sign or facts.marked):
                placement = Placement(None, "unfiled", ONLY_ASKS)
            else:
                placement = self._reply(view) if view.sign else self._first(view)
        return placement._replace(flagged=True) if before is not None else placement

    def _view(self, facts: Facts, subject: Subject) -> _View:
        sign = subject.reply or facts.sign or (self.toneless and facts.quoted)
        if subject.maybe and not self._active(subject.key, facts):
            candidates = self._active(subject.maybe, facts)
            if any(i.open for i in candidates) or (sign and candidates):
                return _View(facts, subject, subject.maybe, True)
        return _View(facts, subject, subject.key, sign)

    # Rule 2: headers.

    def _headers(self, view: _View) -> Placement | None:
        rule, linked = "header", self._memory.linked(view.facts)
        if not linked and view.key and (again := self._memory.find(view.facts.message_id)):
            found = self._memory.by_id(again)  # the same Message-ID with other text: one mail, changed on its way
            linked = [found] if found and view.key in found.keys else []
        if not linked:
            rule, found = "index", self._memory.by_index(view.facts.thread_index)
            if found is None:
                return None
            linked = [found]
        target = linked[0]
        if self._splits(view, target):
            if named := self._named(view):
                return named
            why = f"it answers {target.id} under a subject of its own and shows no sign of a reply"
            return self._open(view.facts, "split", why, (target.id,))
        why = "its Thread-Index is that of {}" if rule == "index" else "its References or In-Reply-To name a mail of {}"
        return self._link(target, linked[1:], rule, why)

    def _splits(self, view: _View, target: Incident) -> bool:
        """Somebody answered an old mail to start a new subject (lesson L22)."""
        subject = view.subject
        if view.facts.kind not in OPENING or view.sign or subject.was or not view.key:
            return False
        if self._memory.awaited(view.facts.message_id) is target:
            return False
        if view.key in target.keys or subject.maybe in target.keys:
            return False
        return all(_shared(subject.words, words(key)) < FIFTH for key in target.keys)

    def _link(self, target: Incident, others: Iterable[Incident], rule: str, why: str) -> Placement:
        """Join ``target``. What else it links is merged where a key is shared, else related."""
        merged, related = "", []
        why = why.format(target.id)
        for other in others:
            if not merged and self._memory.one_event(target, other):
                old, young = sorted((target, other), key=lambda i: i.number)
                target, merged = old, young.id
                why += f", and it links {young.id} to {old.id}, which has the same subject"
            elif other.id not in target.related:
                related.append(other.id)
        return Placement(target.id, rule, why, related=tuple(related), merged=merged)

    # Rule 3: an incident's id.

    def _named(self, view: _View) -> Placement | None:
        if view.facts.kind in ("bounce", "auto"):
            return None
        for name, place in ((view.facts.via, "the address it was sent to"), (view.subject.incident_id, "its subject")):
            if name and (found := self._memory.by_id(name)):
                return Placement(found.id, "id", f"{place} names {name}")
        return None

    # Rule 4: it shows that it is a reply.

    def _reply(self, view: _View) -> Placement:
        subject = view.subject
        outlook = read_subject(view.facts.outlook_subject).key if view.facts.outlook_subject else ""
        keys = [key for key in dict.fromkeys((view.key, subject.was, outlook)) if key]
        votes = Counter({i: n for i, n in self._memory.votes(view.facts.quotes).items() if _may(view.facts, i)})
        if votes and keys:
            among = {i: n for i, n in votes.items() if any(key in i.keys for key in keys)}
            if among:
                best = max(among, key=lambda i: (among[i], i.touched))
                return Placement(best.id, "quote", f"it quotes {_lines(among[best])} of {best.id} under its subject")
        for key in keys:
            if active := self._active(key, view.facts):
                return Placement(active[0].id, "subject", f'it is a reply, and {active[0].id} is the latest "{key}"')
        if votes:
            (best, most), *rest = votes.most_common(2)
            if most >= 2 and (not rest or rest[0][1] < most):
                return Placement(
                    best.id, "quote-other", f"it quotes {_lines(most)} of {best.id}, under another subject"
                )
        if old := [i for key in keys for i in self._memory.under(key) if _may(view.facts, i)]:  # long silent (L29)
            days = (view.facts.at - old[0].last) / DAY
            why = f"reply to unknown: {old[0].id} had its subject, and its last mail is {days:.0f} days old"
            return self._open(view.facts, "new", why, (old[0].id,))
        return self._open(view.facts, "new", "reply to unknown: what it answers is not here")

    # Rule 5: it shows no sign of a reply.

    def _first(self, view: _View) -> Placement:
        at, status = view.facts.at, view.subject.status
        active = self._active(view.key, view.facts)
        if status and len(current := [i for i in active if i.open]) == 1:
            return Placement(current[0].id, "status", f'"{status}" says how the one open "{view.key}" goes')
        since, often, name = self._calls.get((view.key, view.facts.text_hash), (at, 0, ""))
        if often >= MANY and at - since <= REPEATED and any(i.id == name and i.open for i in active):
            return Placement(
                name, "subject", f"the same words under the same subject opened {often} incidents within a day"
            )
        if view.facts.kind == "alert" and (known := self._alarm(view, [i for i in active if at - i.last <= REPEATED])):
            return known
        if self.toneless and active:
            span = TONELESS_SHARED if self._memory.incidents_with(view.key) >= 3 else TONELESS
            if at - active[0].last <= span:
                return Placement(active[0].id, "subject", f'"{view.key}" again, in an archive whose "Re:" was removed')
        return self._open(view.facts, "new", "no sign of a reply")

    def _called(self, words: tuple[str, str], at: float, incident: str) -> None:
        since, often, _ = self._calls.pop(words, (at, 0, ""))
        self._calls[words] = (since, often + 1, incident) if at - since <= REPEATED else (at, 1, incident)
        if len(self._calls) > CALLS:
            del self._calls[next(iter(self._calls))]

    def _alarm(self, view: _View, recent: list[Incident]) -> Placement | None:
        """Where an alert goes that opens nothing. ``recent``: incidents under its key that had mail within a day."""
        at, over = view.facts.at, view.subject.status in WELL
        if current := [i for i in recent if i.open]:
            return Placement(current[0].id, "alert", f'the monitoring system says "{view.key}" again')
        if over and recent:
            return Placement(recent[0].id, "alert", f'the monitoring system says that "{view.key}" is well again')
        since, name = self._storm
        stormy = [name] if at - since <= STORM else []
        if len(self._alarms) == MANY and at - self._alarms[0][0] <= STORM:
            stormy += [name for _, name in self._alarms]
        for name in stormy:
            if (found := self._memory.by_id(name)) is not None and found.open:
                why = f"{MANY} incidents were opened by alerts within {STORM / 60:.0f} minutes: this is taken for the same event"
                return Placement(found.id, "storm", why)
        if over:
            return Placement(
                None, "unfiled", f'the monitoring system says that "{view.key}" is well, and nothing of it is here'
            )
        return None

    def _open(self, facts: Facts, rule: str, why: str, related: tuple[str, ...] = ()) -> Placement:
        if self.opens == "marked" and not facts.marked:
            return Placement(None, "unfiled", f"{why}; it declares no incident, as this list asks")
        return Placement(self._memory.new_id(facts), rule, why, opened=True, related=related)

    def _active(self, key: str, facts: Facts) -> list[Incident]:
        """Incidents under ``key`` that ``facts`` may join by it: whose last mail is not too old, the one touched last first."""
        found = self._memory.under(key)
        span = ACTIVE_SHARED if self._memory.incidents_with(key) > 1 else ACTIVE
        return [i for i in found if facts.at - i.last <= span and _may(facts, i)]


def _may(facts: Facts, incident: Incident) -> bool:
    """What was opened in private and what is said on the list meet by headers or id only: one subject is no proof (P39)."""
    return facts.private or not incident.private


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _lines(count: int) -> str:
    return "a line" if count == 1 else f"{count} lines"
