"""How long users were hit, and how long an incident was open: in words, and on what that rests (language.md 3.3, A20, A21).

The law: from START to RESTORED, summed over windows, and never from the declaration alone; what nobody wrote is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.core.entries import Entry, Status, Window
from mailbot.core.incident import Incident

DOUBTS = ("at most", "at least", "about")
UNSAID = "nobody wrote when it began"


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
            return Impact(None, "unknown", f"the end is before the start: {stretch(start.utc, until)}")
        total += until - start.utc
        basis.append(
            stretch(start.utc, until) + ("" if end else ", the declaration; nobody wrote the end of the impact")
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


def stretch(start: datetime, end: datetime) -> str:
    return f"{moment(start)} to {moment(end, start)} UTC"


def moment(at: datetime, after: datetime | None = None) -> str:
    """14:05 where it is on the day of ``after``, else with its date."""
    return f"{at:%H:%M}" if after is not None and at.date() == after.date() else f"{at:%Y-%m-%d %H:%M}"


def opened_for(incident: Incident) -> str:
    """How long the incident was open, from the call to the declaration."""
    if incident.opened is None or incident.closed_at is None:
        return "not over"
    return in_words(incident.closed_at - incident.opened)
