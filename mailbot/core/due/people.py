"""Whom a reminder is for: the commander, an action's owner, who is asked for a section; and where their clock is.

The law: a person is written to alone at most once in SPACE about one incident, never in their night, and is asked one thing.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mailbot.core.due.policy import Policy
from mailbot.core.entries import Action, Refused, can_be_mailed
from mailbot.core.incident import Incident
from mailbot.core.message import Address
from mailbot.core.report import missing

SPACE = timedelta(hours=20)
ASKED_FIRST = ("RESOLUTION", "IMPACT", "CAUSE", "TRIGGER", "DETECTION", "SUMMARY")  # what people know best comes first


def mailbox(who: Address | None) -> str:
    return who.email if who is not None and can_be_mailed(who.email) else ""


def writer_of(incident: Incident) -> str:
    """Who is to write the report: the last commander, else who declared it over."""
    return mailbox(incident.commander) or mailbox(incident.resolved_by)


def named_owner(incident: Incident, action: Action) -> str:
    """An action's owner, where that is somebody whose address we know, else ""."""
    try:
        who = incident.person(action.owner) if action.owner else None
    except Refused:  # a name on some forge
        who = None
    return mailbox(who) if who is not None and incident.mailing_list.is_person(who) else ""


def owner_of(incident: Incident, action: Action) -> str:
    """Who an action's reminder goes to: its owner, else the commander."""
    return named_owner(incident, action) or writer_of(incident)


def clock_of(incident: Incident, email: str, policy: Policy) -> tzinfo:
    return incident.zones.get(email) or ZoneInfo(policy.zone)


def awake(at: datetime, where: tzinfo, policy: Policy) -> datetime:
    """``at``, or the morning after where that is in the night there."""
    begins, ends = policy.night
    local = at.astimezone(where)
    into = (local.hour - begins) % 24
    if into >= (ends - begins) % 24:
        return at
    morning = local.replace(hour=ends, minute=0, second=0, microsecond=0)
    if morning <= local:
        morning += timedelta(days=1)
    return morning.astimezone(UTC)


def evening(at: datetime, where: tzinfo, hour: int) -> datetime:
    """The next time at or after ``at`` that the clock there shows ``hour``."""
    local = at.astimezone(where)
    tonight = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if tonight < local:
        tonight += timedelta(days=1)
    return tonight.astimezone(UTC)


def free_from(incident: Incident, email: str) -> datetime:
    """From when on somebody may be written to alone again."""
    last = incident.mailed.get(email)
    return last + SPACE if last is not None else datetime.min.replace(tzinfo=UTC)


def questions_asked(incident: Incident) -> list[datetime]:
    """When questions went out since it was over, in order."""
    closed = incident.closed_at
    return sorted(q.at for q in incident.questions.values() if closed is not None and q.at >= closed)


def next_question(incident: Incident, busy: Container[str]) -> tuple[str, str] | None:
    """(section, address): what nobody was asked yet, and whose turn it is; None where there is none.

    Turns go round among those who wrote in; the last commander, who is reminded of the whole report, comes last.
    """
    asked = list(incident.questions.values())
    open_ones = {q.who for q in asked if not q.answered}
    gone = {q.section for q in asked}
    section = next((s for s in ASKED_FIRST if s in missing(incident) and s not in gone), None)
    turns = [q.who for q in asked]
    last = writer_of(incident)
    people = [e for e in incident.spoke if incident.mailing_list.is_person(Address("", e)) and can_be_mailed(e)]
    free = [e for e in people if e not in open_ones and e not in busy]
    order = sorted(free, key=lambda e: (turns.count(e), e == last))
    return (section, order[0]) if section and order else None
