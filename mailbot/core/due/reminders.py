"""The rows of reminders: since when each counts, when it comes, to whom, and while what is so (language.md 4).

The law: a row that does not hold any more gives nothing, so a reminder is never sent after its reason is gone; of the
moments that have passed only the latest counts. While users are hit no row asks for paperwork (A14).
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mailbot.core.due.people import (
    awake,
    clock_of,
    evening,
    free_from,
    mailbox,
    next_question,
    owner_of,
    questions_asked,
    writer_of,
)
from mailbot.core.due.policy import Notice, Policy
from mailbot.core.entries import Action
from mailbot.core.incident import Incident, Status
from mailbot.core.publication import holds, out_at
from mailbot.core.report import missing

SETTLING = timedelta(hours=1)  # who took it so lately is not asked to hand it off
CALM = timedelta(minutes=5)  # so long a monitoring system must say nothing new before its "all is well" is passed on
MISSED = timedelta(days=30)  # an anniversary later than this is none
UNSETTLED = ("proposed", "agreed")  # actions that somebody still has to do something about


@dataclass(frozen=True, slots=True)
class Row:
    """Reminders of one kind. ``mark``: what it is about, for ever; ``moments``: when they come, rising; ``to``: one person.

    ``listed``: from which reminder on it goes to the list (1: always, 0: never), ``first``: the number of the first.
    """

    kind: str
    mark: str
    moments: tuple[datetime, ...]
    to: str = ""
    listed: int = 1
    first: int = 1
    about: tuple[str, ...] = ()

    def due(self, incident: Incident, now: datetime) -> tuple[Notice | None, datetime | None]:
        numbers = range(self.first, self.first + len(self.moments))
        sent = max((n for n in numbers if f"{self.mark}:{n}" in incident.sent), default=self.first - 1)
        passed = self.first - 1 + sum(moment <= now for moment in self.moments)
        at = max(passed, sent) - self.first + 1
        following = self.moments[at] if at < len(self.moments) else None
        if passed <= sent:
            return None, following
        to_list = 0 < self.listed <= passed or not self.to
        to = (self.to,) if self.to else ()
        notice = Notice(self.kind, (f"{self.mark}:{passed}",), incident.id, to_list, to, nth=passed, about=self.about)
        return notice, following


def rows(incident: Incident, policy: Policy, busy: Container[str] = ()) -> Iterator[Row]:
    """``busy``: people who have an open question of another incident."""
    if incident.last_news is None or not incident.custody:
        return
    if incident.is_open:
        yield from _while_open(incident, policy, incident.last_news)
    else:
        yield from _paperwork(incident, policy, incident.last_news, busy)
        yield from _actions(incident, policy)
        yield from _anniversary(incident, policy)


def _after(since: datetime, delays: tuple[timedelta, ...]) -> tuple[datetime, ...]:
    return tuple(since + delay for delay in delays)


def _named(kind: str, since: datetime) -> str:
    return f"{kind}:{since:%Y%m%dT%H%M%S}"


# ── while it is open: how is it, who has it, is it over? ──────────────────────────────────────────────────────────────


def _while_open(incident: Incident, policy: Policy, news: datetime) -> Iterator[Row]:
    custody = incident.custody[-1]
    commander = mailbox(incident.commander)
    told = next((at for key, at in incident.sent.items() if key.startswith("ack:")), news)  # it may have waited
    if incident.status is Status.OPEN:
        base = policy.update_outage if incident.kind == "outage" else policy.update_other
        delays = tuple(base * (2**n - 1) for n in range(1, policy.update_tries + 1))
        if incident.well is not None:  # a monitoring system resolves nothing; people are asked
            since = incident.well[0]
            yield Row("update", _named("well", since), (max(since, told) + CALM,))
        yield Row("update", _named("update", news), _after(max(news, told), delays))
    if custody.who is None:
        moments = _after(max(custody.since, told), policy.no_commander)
        yield Row("commander", _named("commander", custody.since), moments)
    elif commander and incident.status is Status.OPEN and incident.offered is None:
        moments = _offers(custody.since, clock_of(incident, commander, policy), policy)
        yield Row("offer", _named("offer", custody.since), moments, commander, listed=0)
    yield Row("open", _named("open", news), _after(news, policy.still_open), commander)


def _offers(since: datetime, where: tzinfo, policy: Policy) -> tuple[datetime, ...]:
    """After three hours, and at ten in the evening; where both are near to each other, the first of them (A9)."""
    both = sorted((since + policy.offer_after, evening(since + SETTLING, where, policy.offer_hour)))
    return tuple(both if both[1] - both[0] > 2 * SETTLING else both[:1])


# ── when it is over: the report ───────────────────────────────────────────────────────────────────────────────────────


def _paperwork(incident: Incident, policy: Policy, news: datetime, busy: Container[str]) -> Iterator[Row]:
    closed = incident.closed_at
    if incident.status is not Status.RESOLVED or closed is None:
        return
    out = out_at(incident)
    if out is not None:  # it was read, and waits for the end of its embargo
        yield Row("published", _named("published", out), (out,))
        return
    writer = writer_of(incident)
    where = clock_of(incident, writer, policy)

    def morning(moments: tuple[datetime, ...]) -> tuple[datetime, ...]:
        return tuple(awake(max(m, free_from(incident, writer)), where, policy) for m in moments) if writer else moments

    if missing(incident):
        moments = morning(_after(closed, policy.report))
        yield Row("report", _named("report", closed), moments, writer, listed=max(2, len(moments)))
        yield from _question(incident, policy, closed, busy)
    else:  # complete: a second pair of eyes is all it needs, and that can be anybody's (B17)
        yield Row("report", _named("report", closed), _after(closed, policy.report[:1]))
    asked = asked_to_publish(incident)
    if asked is not None and news <= asked:
        if not holds(incident, asked + policy.unreviewed):  # else it waits in the digest
            yield Row("published", _named("published", asked), (asked + policy.unreviewed,))
    else:
        since = closed if asked is None else news
        yield Row("publish", _named("publish", since), morning((since + policy.publish,)), writer)


def asked_to_publish(incident: Incident) -> datetime | None:
    """When "publish as it is?" was last asked since it was over."""
    closed = incident.closed_at
    times = [at for key, at in incident.sent.items() if key.startswith("publish:")]
    return max((at for at in times if closed is not None and at >= closed), default=None)


def _question(incident: Incident, policy: Policy, closed: datetime, busy: Container[str]) -> Iterator[Row]:
    """One missing section, one person; a row of one, made anew for each question."""
    before = questions_asked(incident)
    found = next_question(incident, busy)
    if found is None or len(before) >= len(policy.question):
        return
    section, who = found
    n = len(before)
    at = closed + policy.question[n]
    if n:  # what was missed in a downtime does not come all at once
        at = max(at, before[-1] + policy.question[n] - policy.question[n - 1])
    at = awake(max(at, free_from(incident, who)), clock_of(incident, who, policy), policy)
    yield Row("question", f"{_named('question', closed)}:{section}", (at,), who, 0, n + 1, (section,))


def all_busy(incident: Incident, policy: Policy, busy: Container[str]) -> bool:
    """Is there something to ask, and everybody has a question of another incident?"""
    if incident.status is not Status.RESOLVED or len(questions_asked(incident)) >= len(policy.question):
        return False
    return next_question(incident, ()) is not None and next_question(incident, busy) is None


# ── what is left to do ────────────────────────────────────────────────────────────────────────────────────────────────


def due_day(action: Action) -> date | None:
    try:
        return date.fromisoformat(action.due)
    except ValueError:  # "2026-13-01" looks like one
        return None


def _actions(incident: Incident, policy: Policy) -> Iterator[Row]:
    closed = incident.closed_at
    for action in incident.actions:
        owner = owner_of(incident, action)
        if action.state not in UNSETTLED or not owner or closed is None:
            continue
        where = clock_of(incident, owner, policy)
        known = max(action.at, closed)

        def calm(at: datetime, to: str = owner, where: tzinfo = where, since: datetime = known) -> datetime:
            return awake(max(at, since + timedelta(days=1), free_from(incident, to)), where, policy)

        day = due_day(action)
        if day is not None:
            dawn = datetime(day.year, day.month, day.day, policy.night[1], tzinfo=where).astimezone(UTC)
            moments = tuple(calm(dawn + late) for late in (timedelta(), *policy.action_late))
            yield Row("action", f"action:{action.label}:{day}", moments, owner, listed=0, about=(action.label,))
        if not action.link:
            moments = (calm(known + policy.action_link),)
            yield Row("action", f"action:{action.label}:link", moments, owner, listed=0, about=(action.label,))


def _anniversary(incident: Incident, policy: Policy) -> Iterator[Row]:
    """A year after, where there is something to tell: what became of its actions."""
    if not policy.anniversary or incident.opened is None or incident.status is Status.CANCELLED:
        return
    if any(a.state != "undone" for a in incident.actions):
        when = awake(a_year_after(incident.opened), ZoneInfo(policy.zone), policy)
        yield Row("anniversary", _named("anniversary", incident.opened), (when,))


def a_year_after(at: datetime) -> datetime:
    try:
        return at.replace(year=at.year + 1)
    except ValueError:  # 29 February
        return at.replace(year=at.year + 1, day=28)
