"""What should be mailed now. ``due`` remembers nothing: what was sent is in the incident, because the archive says so.

So a rebuild, a crash or a night of downtime sends nothing twice, and what was missed comes once, not one by one (P23).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailbot.core.entries import can_be_mailed
from mailbot.core.incident import Ask, Incident, Status, undo_code
from mailbot.core.message import Address
from mailbot.core.report import missing

LATE = timedelta(days=3)  # an answer that could not go out for so long is of no use to anybody
PRIORITY = {
    "ack": 0,
    "brief": 0,
    "draft": 0,
    "receipt": 1,
    "answer": 1,
    "commander": 2,
    "open": 2,
    "update": 2,
    "report": 2,
    "digest": 1,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """When to remind, and how much mail is too much. The defaults are those of language.md 4."""

    update_outage: timedelta = timedelta(minutes=60)
    update_other: timedelta = timedelta(hours=4)
    update_tries: int = 3
    no_commander: tuple[timedelta, ...] = (timedelta(minutes=15), timedelta(hours=2))
    still_open: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(days=3), timedelta(days=7))
    report: tuple[timedelta, ...] = (timedelta(days=3), timedelta(days=7), timedelta(days=14))
    digest_every: str = "week"  # week, day, never
    digest_day: int = 0  # Monday
    digest_hour: int = 8
    zone: str = "UTC"
    incident_day: int = 6  # mails to the list about one incident in a day
    list_hour: int = 60  # mails to the list in an hour
    sender_day: int = 20  # answers and receipts to one sender in a day


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail that should go out. ``keys`` say what it is, for ever: a notice is written once (language.md 4, law 3)."""

    kind: str
    keys: tuple[str, ...]
    incident: str  # id, "" for a digest
    to_list: bool
    to: tuple[str, ...]  # addresses beside the list
    asks: tuple[Ask, ...] = ()
    nth: int = 1  # which reminder of its row

    @property
    def own(self) -> bool:
        """Sent of mailbot's own accord (its bounces must come back), not as an answer."""
        return self.kind not in ("receipt", "answer")


@dataclass(frozen=True, slots=True)
class Due:
    notices: tuple[Notice, ...]
    next_at: datetime | None  # when to look again, if no mail comes before


@dataclass(slots=True)
class Row:
    """A row of reminders: at ``since`` + each delay, the latest missed one only."""

    kind: str
    since: datetime
    delays: tuple[timedelta, ...]
    to: tuple[str, ...] = ()
    to_list: bool = True
    mark: str = field(init=False)

    def __post_init__(self) -> None:
        self.mark = f"{self.kind}:{self.since:%Y%m%dT%H%M%S}"

    def due(self, incident: Incident, now: datetime) -> tuple[Notice | None, datetime | None]:
        sent = max((n for n in range(1, len(self.delays) + 1) if f"{self.mark}:{n}" in incident.sent), default=0)
        passed = sum(self.since + delay <= now for delay in self.delays)
        following = self.since + self.delays[passed] if passed < len(self.delays) else None
        if passed <= sent:
            return None, following
        return Notice(self.kind, (f"{self.mark}:{passed}",), incident.id, self.to_list, self.to, nth=passed), following


def due(incident: Incident, now: datetime, policy: Policy) -> Due:
    """The notices that one incident calls for at ``now``, the most urgent first; budgets are applied by ``within``."""
    notices = [_asked(incident, ask) for ask in incident.asks.values() if now - ask.at < LATE]
    times: list[datetime] = []
    reminders: list[Notice] = []
    for row in _rows(incident, policy) if incident.live else ():
        if incident.quiet and (incident.quiet_until is None or now < incident.quiet_until):
            if incident.quiet_until is not None:
                times.append(incident.quiet_until)
            continue
        notice, following = row.due(incident, now)
        reminders += [notice] if notice else []
        times += [following] if following else []
    notices += _as_one(reminders)
    return Due(tuple(sorted(notices, key=lambda n: PRIORITY.get(n.kind, 3))), min(times, default=None))


def _asked(incident: Incident, ask: Ask) -> Notice:
    """A draft or brief that came too late for its incident is still the receipt of its message (law 4)."""
    kind = ask.kind if fits_state(incident, ask.kind, ask.key) else "receipt"
    to: tuple[str, ...] = () if ask.public else (ask.who.email,)
    if kind == "brief" and incident.offered:
        to = (incident.offered[0].email,)
    return Notice(kind, (ask.key,), incident.id, ask.public, to, (ask,))


def fits_state(incident: Incident, kind: str, key: str) -> bool:
    """A draft is for an incident that is over, a brief for the handoff that is offered now."""
    if kind == "draft":
        return not incident.is_open
    if kind == "brief":
        return incident.offered is not None and key == f"brief:{undo_code(incident.offered[1])}"
    return True


def _as_one(reminders: list[Notice]) -> list[Notice]:
    """After downtime several reminders fall due at once: one mail, the one that asks most, has the keys of all (P23)."""
    ordered = sorted(reminders, key=lambda n: ("report", "open", "commander", "update").index(n.kind))
    if len(ordered) < 2:
        return ordered
    first = ordered[0]
    keys = tuple(k for n in ordered for k in n.keys)
    to = tuple(dict.fromkeys(a for n in ordered for a in n.to))
    return [Notice(first.kind, keys, first.incident, any(n.to_list for n in ordered), to, nth=first.nth)]


def _rows(incident: Incident, policy: Policy) -> Iterable[Row]:
    news, custody = incident.last_news, incident.custody
    if news is None or not custody:
        return
    if incident.status is Status.OPEN:
        base = policy.update_outage if incident.kind == "outage" else policy.update_other
        yield Row("update", news, tuple(base * (2**n - 1) for n in range(1, policy.update_tries + 1)))
    if incident.is_open and custody[-1].who is None:
        yield Row("commander", custody[-1].since, policy.no_commander)
    if incident.is_open:
        yield Row("open", news, policy.still_open, _mailbox(incident.commander))
    if incident.status is Status.RESOLVED and incident.closed_at is not None and missing(incident):
        writer = _mailbox(incident.commander or incident.resolved_by)
        yield Row("report", incident.closed_at, policy.report, writer, to_list=not writer)


def _mailbox(who: Address | None) -> tuple[str, ...]:
    return (who.email,) if who is not None and can_be_mailed(who.email) else ()


def fits(incident: Incident, kind: str, keys: Iterable[str], now: datetime, policy: Policy) -> bool:
    """Is a mail that still waits for its hand-over still true? It goes stale with the state (law 4, P22)."""
    keys = tuple(keys)
    if kind not in ("update", "commander", "open", "report"):
        return not keys or fits_state(incident, kind, keys[0])
    if incident.quiet and (incident.quiet_until is None or now < incident.quiet_until):
        return False
    marks = {row.mark for row in _rows(incident, policy)}
    return any(key.rpartition(":")[0] in marks for key in keys)


# ── budgets (language.md 4, law 2) ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Posted:
    """One mail of ours that counts against the budgets."""

    at: datetime
    incident: str
    to_list: bool
    to: tuple[str, ...]


def within(notice: Notice, posted: Iterable[Posted], now: datetime, policy: Policy) -> datetime | None:
    """None where the notice may go out now; else when to try again."""
    day, hour = now - timedelta(days=1), now - timedelta(hours=1)
    recent = [p for p in posted if p.at > day]
    full: list[datetime] = []

    def check(times: list[datetime], most: int, period: timedelta) -> None:
        if len(times) >= most:
            full.append(sorted(times)[len(times) - most] + period)

    if notice.to_list:
        check([p.at for p in recent if p.to_list and p.at > hour], policy.list_hour, timedelta(hours=1))
        first = notice.kind in ("ack", "brief", "draft")  # these come first: they may use what the others leave
        if notice.incident and not first:
            check(
                [p.at for p in recent if p.to_list and p.incident == notice.incident],
                policy.incident_day,
                timedelta(days=1),
            )
    else:
        for address in notice.to:
            check([p.at for p in recent if not p.to_list and address in p.to], policy.sender_day, timedelta(days=1))
    return max(full, default=None)


def joined(notices: Iterable[Notice]) -> list[Notice]:
    """Receipts of one incident to the same readers become one mail, answers stay alone."""
    merged: dict[tuple[object, ...], Notice] = {}
    for n, notice in enumerate(notices):
        same: tuple[object, ...] = (notice.kind, notice.to_list, notice.to) if notice.kind == "receipt" else (n,)
        before = merged.get(same)
        merged[same] = (
            notice
            if before is None
            else Notice(
                notice.kind,
                before.keys + notice.keys,
                notice.incident,
                notice.to_list,
                notice.to,
                before.asks + notice.asks,
            )
        )
    return list(merged.values())


# ── digests: by the key of their period, never by a job (L46) ─────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Period:
    key: str  # "2026-W47", "2026-11-21"
    start: datetime
    end: datetime  # UTC; the digest is due from here on


def period_before(now: datetime, policy: Policy) -> Period | None:
    """The latest period that has ended at ``now``; only that one is ever mailed, so downtime gives one digest, not ten."""
    if policy.digest_every == "never":
        return None
    zone = ZoneInfo(policy.zone)
    local = now.astimezone(zone)
    day = local.date() if local.hour >= policy.digest_hour else local.date() - timedelta(days=1)
    days = 1
    if policy.digest_every == "week":
        day -= timedelta(days=(day.weekday() - policy.digest_day) % 7)
        days = 7

    def at(when: date) -> datetime:
        return datetime(when.year, when.month, when.day, policy.digest_hour, tzinfo=zone)

    last = day - timedelta(days=1)
    year, week, _ = last.isocalendar()
    key = f"{year}-W{week:02d}" if days == 7 else f"{last:%Y-%m-%d}"
    utc = ZoneInfo("UTC")
    return Period(key, at(day - timedelta(days=days)).astimezone(utc), at(day).astimezone(utc))


def digest_due(now: datetime, policy: Policy, written: Mapping[str, object], first: datetime | None) -> Period | None:
    """The digest to write now; None where it was written, or where the list had no mail before its period ended."""
    period = period_before(now, policy)
    if period is None or f"digest:{period.key}" in written or first is None or first >= period.end:
        return None
    return period
