"""Incident -> what a template prints: custody, timeline by days, sections, actions, sources, and what is not used.

Nothing is invented (P10): what nobody wrote is "not recorded", and every line names the message it came from. The same
incident gives the same report, to the byte: no clock, no order but the archive's. ``public``: as it is published, with what
must not leave held back and people printed by the name policy also in others' sentences.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailbot.core.commands.actions import LINK
from mailbot.core.draft import mark
from mailbot.core.entries import parted
from mailbot.core.impact import Impact, impact, in_words, moment, opened_for
from mailbot.core.incident import Action, Entry, Incident, Note
from mailbot.core.leak import Finding, masked
from mailbot.core.message import Address
from mailbot.core.names import Names, called, names
from mailbot.core.publication import TITLES, found
from mailbot.core.wrongs import answers

__all__ = ["NEEDED", "Report", "called", "impact", "in_words", "missing", "opened_for", "report", "slug"]

NEEDED = ("SUMMARY", "IMPACT", "TRIGGER", "CAUSE", "DETECTION", "RESOLUTION")  # a report without these waits
GONE = ("declined", "undone")  # actions that are in the record and not in the report


def missing(incident: Incident) -> list[str]:
    """The keywords of the needed sections that nobody has filled."""
    return [s for s in NEEDED if not incident.section(s)]


@dataclass(frozen=True, slots=True)
class Source:
    """A message that the report rests on; ``number`` is its footnote."""

    number: int
    message_id: str
    who: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline as printed, in the report's zone."""

    day: str  # 2026-11-21
    clock: str  # 14:05, ~14:05, or "" where only the day is known
    text: str
    label: str
    source: int
    new_day: bool
    before: str = ""  # what it said before it was corrected
    below: str = ""  # the paragraphs under it: the debrief prints them, the other form keeps its one line


@dataclass(frozen=True, slots=True)
class Held:
    """Who had the incident, "unclaimed" for nobody, from when to when ("" while it is open), in UTC (A10)."""

    who: str
    since: datetime
    until: datetime | None
    words: str  # "2026-11-21 12:00 to 13:10 UTC"; the day once


@dataclass(frozen=True, slots=True)
class Report:
    incident: Incident
    date: str
    title: str
    zone: str  # "UTC", "Europe/Zurich (UTC+01:00)"
    commanders: tuple[str, ...]
    custody: tuple[Held, ...]
    impact: Impact
    opened_for: str
    lines: tuple[Line, ...]
    sources: tuple[Source, ...]
    unused: tuple[str, ...]
    names: str
    people: Names
    public: bool

    def shown(self, words: str) -> str:
        """A person's words, as they may be printed here."""
        return self.people.text(masked(words)) if self.public else words

    def section(self, name: str, *, places: bool = False) -> list[tuple[str, int]]:
        """The paragraphs of a section, each with its footnote's number, and of what went wrong with what is done about it;
        ``places``: by heading and number there, in the form that prints no A1."""
        notes = self.incident.section(name)
        return [(self.shown(n.text) + self._answer(n, places), self.source_number(n.message_id)) for n in notes]

    def _answer(self, note: Note, places: bool) -> str:
        found = [a.label for a in answers(self.incident, note)]
        if places:
            at = {a.label: f"{heading} {n}" for heading, tasks in self.groups for n, a in enumerate(tasks, 1)}
            found = [at[label] for label in found]
        told = ", ".join(found) or ("accepted" if note.accepted else "")
        return f"{chr(10) if note.text.endswith('```') else ' '}({note.label}: {told})" if told else ""

    def actions(self, *categories: str) -> list[Action]:
        """The actions of these categories, ``""`` for those that nobody put into one; without any, all."""
        every = [a for a in self.incident.actions if a.state not in GONE]
        chosen = [a for a in every if a.category in categories or not categories]
        return [replace(a, text=self.shown(a.text), link=masked(a.link)) for a in chosen] if self.public else chosen

    @property
    def groups(self) -> list[tuple[str, list[Action]]]:
        """The debrief's headings for actions, each with its own (B12). What belongs to none stands under the first; what
        prevents or detects is technical work."""
        chosen = self.actions()
        headings = self.incident.mailing_list.categories
        words = [heading.casefold().partition(" ")[0] for heading in headings]

        def place(category: str) -> int:
            if category in ("detect", "contain", "prevent", "eliminate"):
                category = "technical"
                return words.index(category) if category in words else len(words) - 1
            return words.index(category) if category in words else 0

        return [(heading, [a for a in chosen if place(a.category) == n]) for n, heading in enumerate(headings)]

    def person(self, who: Address | None) -> str:
        return self.people.person(who)

    def owner(self, action: Action) -> str:
        """Who an action is for: as written, or as the name policy prints somebody who wrote in."""
        known = next((p for e, p in self.incident.people.items() if action.owner and _is(action.owner, e, p)), None)
        if self.names != "names":
            return self.people.person(known) if known else ""
        return action.owner.partition("@")[0] if self.public else action.owner

    @property
    def draft(self) -> str:
        """The mark by which a draft that comes back edited says what it was made from."""
        return mark(self.incident.notes)

    @property
    def review(self) -> str:
        """Who read it as a second person; "unreviewed" where nobody did and it is published, "" before that."""
        review = self.incident.review
        if review is None:
            return ""
        return f"{self.person(review.who)}, {review.at:%Y-%m-%d}" if review.who else "unreviewed"

    @property
    def declared_by(self) -> str:
        """Who declared it over where that was not the commander (A23), else ""."""
        who, commander = self.incident.resolved_by, self.incident.commander
        other = self.incident.resolved is not None and who is not None and commander is not None and who != commander
        return self.person(who) if other else ""

    @property
    def front(self) -> dict[str, Any]:
        """The front matter: what a script wants to know without reading the rest (P45). Times are ISO 8601 in UTC."""
        incident, impact = self.incident, self.impact
        ends = [incident.in_report(w.end) for w in incident.windows]
        actions = self.actions()
        texts = [self.shown(n.text) for n in incident.notes] + [a.link for a in actions]
        return {
            "kind": incident.kind,
            "opened": _iso(incident.opened),
            "start": _iso(incident.start.utc if incident.start else None),
            "restored": _iso(ends[-1].utc if ends and ends[-1] else None),
            "resolved": _iso(incident.resolved),
            "impact": impact.words,
            "impact_minutes": None if impact.span is None else round(impact.span.total_seconds() / 60),
            "open": self.opened_for,
            "commanders": list(self.commanders),
            "custody": [{"who": h.who, "from": _iso(h.since), "to": _iso(h.until)} for h in self.custody],
            "review": self.review or None,
            "actions": [
                {"action": a.label, "text": a.text, "category": a.category, "owner": self.owner(a)}
                | {"due": a.due, "link": a.link, "state": a.state}
                for a in actions
            ],
            "links": list(dict.fromkeys(link for text in texts for link in LINK.findall(text))),
            "missing": [s.lower() for s in self.missing],
            "draft": self.draft,
        }

    @property
    def missing(self) -> list[str]:
        return missing(self.incident)

    @property
    def leaks(self) -> list[Finding]:
        """What the leak check holds back: for those who review, by kind and place, never the words."""
        return found(self.incident)

    def source_number(self, message_id: str) -> int:
        return next((s.number for s in self.sources if s.message_id == message_id), 0)

    @property
    def file_name(self) -> str:
        return f"{self.date}-{slug(self.title)}.md"


def _is(owner: str, email: str, who: Address) -> bool:
    wanted = owner.casefold()
    return wanted in (email, email.partition("@")[0], who.name.casefold()) or wanted in who.name.casefold().split()


def slug(title: str) -> str:
    """A title as part of a file name: small ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "incident"


def report(
    incident: Incident, *, zone: str = "UTC", names: str = "names", archive_url: str = "", public: bool = False
) -> Report:
    """All that both templates print. ``zone``: IANA name, for the debrief; ``archive_url`` has ``{message_id}`` in it."""
    place = ZoneInfo(zone) if zone != "UTC" else UTC
    entries = incident.timeline()
    first = incident.start.utc if incident.start else (incident.opened or datetime(1970, 1, 1, tzinfo=UTC))
    actions = [a for a in incident.actions if a.state not in GONE]
    people = _people(incident, names)
    sources = _sources([*entries, *incident.notes, *actions], people, archive_url)
    number = {s.message_id: s.number for s in sources}
    chain = list({c.who.email: people.person(c.who) for c in incident.custody if c.who is not None}.values())
    shown = "UTC" if place is UTC else f"{zone} ({_offsets([*(e.utc for e in entries), first], place)})"
    made = Report(
        incident,
        f"{first.astimezone(UTC):%Y-%m-%d}",
        incident.title,
        shown,
        tuple(chain),
        tuple(_custody(incident, people)),
        impact(incident),
        opened_for(incident),
        (),
        tuple(sources),
        tuple(_unused(incident, people)),
        names,
        people,
        public,
    )
    return replace(made, title=made.shown(incident.title), lines=tuple(_lines(made, entries, place, number)))


def _people(incident: Incident, policy: str) -> Names:
    commanders = [c.who for c in incident.custody if c.who is not None]
    authors = [n.who for n in incident.notes] + [e.who for e in incident.entries]
    return names(policy, commanders, [*incident.people.values(), *authors])


def _custody(incident: Incident, people: Names) -> list[Held]:
    """Intervals that touch: each ends where the next begins, the last with the incident (A10)."""
    ends = [c.since for c in incident.custody[1:]] + [incident.closed_at]
    held: list[Held] = []
    before: datetime | None = None
    for custody, until in zip(incident.custody, ends, strict=False):
        since = moment(custody.since, before)
        words = f"{since} to {moment(until, custody.since)} UTC" if until else f"since {since} UTC"
        held.append(Held(people.person(custody.who), custody.since, until, words))
        before = until
    return held


def _sources(items: Sequence[Entry | Note | Action], people: Names, archive_url: str) -> list[Source]:
    seen: dict[str, Source] = {}
    for item in sorted(items, key=lambda i: i.at if not isinstance(i, Entry) else i.added):
        if item.message_id not in seen:
            at = item.added if isinstance(item, Entry) else item.at
            url = archive_url.replace("{message_id}", quote(item.message_id, safe="@"))  # it may hold / and % (L37)
            seen[item.message_id] = Source(len(seen) + 1, item.message_id, people.person(item.who), at, url)
    return list(seen.values())


def _unused(incident: Incident, people: Names) -> list[str]:
    """Every message and every entry that is not in the report, and why (P41); never their words: they may be out for a reason."""
    mails: dict[str, list[str]] = {}
    for message_id, why in incident.unused:
        mails.setdefault(why, []).append(f"<{message_id}>")
    told = [f"{len(ids)} mail{'s' * (len(ids) != 1)}, {why}: {', '.join(ids)}" for why, ids in mails.items()]
    printed = {id(e) for e in incident.timeline()}
    for entry in incident.entries:
        if id(entry) not in printed:
            why = people.text(entry.dropped) or "the same words at the same time as another line"
            told.append(f"{entry.label}, {entry.utc:%Y-%m-%d %H:%M} UTC, {why}: <{entry.message_id}>")
    told += [
        f"words in {TITLES.get(note.section, note.section)}, {people.text(why)}: <{note.message_id}>"
        for note, why in incident.removed
    ]
    told += [f"{a.label}, {a.state}: <{a.message_id}>" for a in incident.actions if a.state in GONE]
    return told


def _lines(view: Report, entries: Sequence[Entry], place: tzinfo, number: Mapping[str, int]) -> list[Line]:
    lines, day = [], ""
    for entry in entries:
        local = entry.utc.astimezone(place)
        clock = ("~" if entry.about else "") + f"{local:%H:%M}"
        if entry.when is not None and entry.when.precision == "day":
            clock = ""
        text, below = parted(_words(view, entry))
        if entry.until is not None:
            text += f" (until {moment(entry.until.astimezone(place), local)})"
        if not entry.sure:
            text += " (time as I read it)"
        today = f"{local:%Y-%m-%d}"
        before = "; ".join(parted(view.shown(w))[0] for w in entry.was)
        lines.append(Line(today, clock, text, entry.label, number[entry.message_id], today != day, before, below))
        day = today
    return lines


def _words(view: Report, entry: Entry) -> str:
    """What a line says. "Incident start." is worded as seed A has it, and custody by the name policy."""
    incident = view.incident
    if entry.kind == "read" and entry.what.casefold().strip(" .") in ("incident start", "incident concluded"):
        return entry.what.strip(" .").capitalize() + "."
    if entry.kind != "custody" or view.names == "names":
        return view.shown(entry.what)
    n = max((n for n, c in enumerate(incident.custody) if c.message_id == entry.message_id), default=0)
    now, before = incident.custody[n].who, incident.custody[n - 1].who if n else None
    return f"{view.person(now)} took " + (f"over from {view.person(before)}." if before else "the incident.")


def _iso(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def _offsets(times: Sequence[datetime], place: tzinfo) -> str:
    """UTC+01:00, or both where the clocks changed in between (B5)."""
    signs = dict.fromkeys(f"{t.astimezone(place):%z}" for t in times)
    return " and ".join(f"UTC{s[:3]}:{s[3:5]}" for s in signs)
