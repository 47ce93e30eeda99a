"""Incident -> what a template prints: durations and what they rest on, custody, timeline by days, sections, actions, sources.

Nothing is invented (P10): what nobody wrote is "not recorded", and every line names the message it came from. The same
incident gives the same report, to the byte: no clock, no order but the archive's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailbot.core.commands.actions import CATEGORIES, LINK
from mailbot.core.incident import Action, Entry, Incident, Note, Status, Window
from mailbot.core.message import Address

NEEDED = ("SUMMARY", "IMPACT", "TRIGGER", "CAUSE", "DETECTION", "RESOLUTION")  # a report without these waits


def missing(incident: Incident) -> list[str]:
    """The keywords of the needed sections that nobody has filled."""
    return [s for s in NEEDED if not incident.section(s)]


GONE = ("declined", "undone")  # actions that are in the record and not in the report
DOUBTS = ("at most", "at least", "about")
UNSAID = "nobody wrote when it began"

# ── durations (language.md 3.3) ───────────────────────────────────────────────────────────────────────────────────────


def in_words(span: timedelta) -> str:
    """40 min, 3 h 10 min, 2 d 4 h: never seconds, nobody's clock is that good."""
    minutes = round(span.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"


@dataclass(frozen=True, slots=True)
class Impact:
    """How long users were hit: in words, and on what that rests. ``span`` None: unknown."""

    span: timedelta | None
    words: str
    basis: str


def impact(incident: Incident) -> Impact:
    """Restored minus start, summed over windows; never from the declaration alone."""
    if incident.status is Status.CANCELLED:
        return Impact(None, "none", "it was no incident")
    total, doubts, basis = timedelta(), set[str](), list[str]()
    for n, window in enumerate(incident.windows or [Window(None, None)]):
        start, end = _began(incident, n), incident.in_report(window.end)
        if end is None and incident.is_open:
            return Impact(None, "not over", f"since {start.utc:%Y-%m-%d %H:%M} UTC" if start else UNSAID)
        until = end.utc if end else incident.resolved
        if start is None or until is None:
            doubts.add("at least")
            continue
        if until < start.utc:
            return Impact(None, "unknown", f"the end is before the start: {_stretch(start.utc, until)}")
        total += until - start.utc
        basis.append(
            _stretch(start.utc, until) + ("" if end else ", the declaration; nobody wrote the end of the impact")
        )
        if end is None:
            doubts.add("at most")
        if _is_about(start) or (end is not None and _is_about(end)):
            doubts.add("about")
    if not basis:
        return Impact(None, "unknown", UNSAID)
    if "at least" in doubts:
        basis.append("and a time of which nobody wrote the start")
    doubt = "about" if doubts >= {"at most", "at least"} else next((d for d in DOUBTS if d in doubts), "")
    words = ("summed over " if len(basis) > 1 else "") + ", ".join(basis)
    return Impact(total, f"{doubt} {in_words(total)}".strip(), words)


def _began(incident: Incident, n: int) -> Entry | None:
    """The start of a window; of the first one also what the timeline calls the start, where that is before its end."""
    window = incident.windows[n] if incident.windows else Window(None, None)
    start, end = incident.in_report(window.start), incident.in_report(window.end)
    if start is None and n == 0 and incident.start is not None and (end is None or incident.start.utc <= end.utc):
        return incident.start
    return start


def _is_about(entry: Entry) -> bool:
    return entry.about or (entry.when is not None and entry.when.precision != "minute")


def _stretch(start: datetime, end: datetime) -> str:
    return f"{_moment(start)} to {_moment(end, start)} UTC"


def _moment(at: datetime, after: datetime | None = None) -> str:
    """14:05 where it is on the day of ``after``, else with its date."""
    return f"{at:%H:%M}" if after is not None and at.date() == after.date() else f"{at:%Y-%m-%d %H:%M}"


def opened_for(incident: Incident) -> str:
    """How long the incident was open, from the call to the declaration."""
    if incident.opened is None or incident.closed_at is None:
        return "not over"
    return in_words(incident.closed_at - incident.opened)


# ── what a template gets ──────────────────────────────────────────────────────────────────────────────────────────────


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


@dataclass(frozen=True, slots=True)
class Report:
    incident: Incident
    date: str
    title: str
    zone: str  # "UTC", "Europe/Zurich (UTC+01:00)"
    commanders: tuple[str, ...]
    impact: Impact
    opened_for: str
    lines: tuple[Line, ...]
    sources: tuple[Source, ...]
    names: str

    def section(self, name: str) -> list[tuple[str, int]]:
        """The paragraphs of a section, each with its footnote's number."""
        return [(n.text, self.source_number(n.message_id)) for n in self.incident.section(name)]

    def actions(self, *categories: str) -> list[Action]:
        """The actions of these categories; ``""`` is for those that nobody put into one."""
        return [a for a in self.incident.actions if a.category in categories and a.state not in GONE]

    def person(self, who: Address | None) -> str:
        return called(who, self.names)

    def owner(self, action: Action) -> str:
        """Who an action is for, where the name policy prints names."""
        return action.owner if self.names == "names" else ""

    @property
    def declared_by(self) -> str:
        """Who declared it over where that was not the commander (A23), else ""."""
        who, commander = self.incident.resolved_by, self.incident.commander
        other = self.incident.resolved is not None and who is not None and commander is not None and who != commander
        return called(who, self.names) if other else ""

    @property
    def front(self) -> dict[str, Any]:
        """The front matter: what a script wants to know without reading the rest (P45). Times are ISO 8601 in UTC."""
        incident, impact = self.incident, self.impact
        ends = [incident.in_report(w.end) for w in incident.windows]
        actions = self.actions("", *CATEGORIES)
        texts = [n.text for n in incident.notes] + [a.link for a in actions]
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
            "actions": [
                {"action": a.label, "text": a.text, "category": a.category, "owner": self.owner(a)}
                | {"due": a.due, "link": a.link, "state": a.state}
                for a in actions
            ],
            "links": list(dict.fromkeys(found for text in texts for found in LINK.findall(text))),
            "missing": [s.lower() for s in self.missing],
        }

    @property
    def missing(self) -> list[str]:
        return missing(self.incident)

    def source_number(self, message_id: str) -> int:
        return next((s.number for s in self.sources if s.message_id == message_id), 0)

    @property
    def file_name(self) -> str:
        return f"{self.date}-{slug(self.title)}.md"


def called(who: Address | None, names: str = "names") -> str:
    """A person as the name policy prints them (P40): by name, by initials, or by role."""
    if who is None:
        return "unclaimed"
    full = who.name or who.email.partition("@")[0]
    if names == "initials":
        return "".join(w[0].upper() + "." for w in re.findall(r"\w+", full)) or "N. N."
    return "responder" if names == "roles" else full


def slug(title: str) -> str:
    """A title as part of a file name: small ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "incident"


def report(incident: Incident, *, zone: str = "UTC", names: str = "names", archive_url: str = "") -> Report:
    """All that both templates print. ``zone``: IANA name, for the debrief; ``archive_url`` has ``{message_id}`` in it."""
    place = ZoneInfo(zone) if zone != "UTC" else UTC
    entries = incident.timeline()
    first = incident.start.utc if incident.start else (incident.opened or datetime(1970, 1, 1, tzinfo=UTC))
    actions = [a for a in incident.actions if a.state not in GONE]
    sources = _sources([*entries, *incident.notes, *actions], names, archive_url)
    number = {s.message_id: s.number for s in sources}
    chain = list({c.who.email: called(c.who, names) for c in incident.custody if c.who is not None}.values())
    shown = "UTC" if place is UTC else f"{zone} ({_offsets([*(e.utc for e in entries), first], place)})"
    return Report(
        incident,
        f"{first.astimezone(UTC):%Y-%m-%d}",
        incident.title,
        shown,
        tuple(dict.fromkeys(chain) if names == "roles" else chain),
        impact(incident),
        opened_for(incident),
        tuple(_lines(incident, entries, place, number, names)),
        tuple(sources),
        names,
    )


def _sources(items: Sequence[Entry | Note | Action], names: str, archive_url: str) -> list[Source]:
    seen: dict[str, Source] = {}
    for item in sorted(items, key=lambda i: i.at if not isinstance(i, Entry) else i.added):
        if item.message_id not in seen:
            at = item.added if isinstance(item, Entry) else item.at
            url = archive_url.replace("{message_id}", quote(item.message_id, safe="@"))  # it may hold / and % (L37)
            seen[item.message_id] = Source(len(seen) + 1, item.message_id, called(item.who, names), at, url)
    return list(seen.values())


def _lines(
    incident: Incident, entries: Sequence[Entry], place: tzinfo, number: dict[str, int], names: str
) -> list[Line]:
    lines, day = [], ""
    for entry in entries:
        local = entry.utc.astimezone(place)
        clock = ("~" if entry.about else "") + f"{local:%H:%M}"
        if entry.when is not None and entry.when.precision == "day":
            clock = ""
        text = _words(incident, entry, names)
        if entry.until is not None:
            text += f" (until {_moment(entry.until.astimezone(place), local)})"
        if not entry.sure:
            text += " (time as I read it)"
        today = f"{local:%Y-%m-%d}"
        lines.append(Line(today, clock, text, entry.label, number[entry.message_id], today != day))
        day = today
    return lines


def _words(incident: Incident, entry: Entry, names: str) -> str:
    """What a line says. "Incident start." is worded as seed A has it, and custody by the name policy."""
    if entry.kind == "read" and entry.what.casefold().strip(" .") in ("incident start", "incident concluded"):
        return entry.what.strip(" .").capitalize() + "."
    if entry.kind != "custody" or names == "names":
        return entry.what
    n = max(n for n, c in enumerate(incident.custody) if c.message_id == entry.message_id)
    now, before = incident.custody[n].who, incident.custody[n - 1].who if n else None
    return f"{called(now, names)} took " + (f"over from {called(before, names)}." if before else "the incident.")


def _iso(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def _offsets(times: Sequence[datetime], place: tzinfo) -> str:
    """UTC+01:00, or both where the clocks changed in between (B5)."""
    signs = dict.fromkeys(f"{t.astimezone(place):%z}" for t in times)
    return " and ".join(f"UTC{s[:3]}:{s[3:5]}" for s in signs)
