"""Who has the incident: HANDOFF, ACCEPT, DECLINE, TAKE. Never two commanders, never a silent gap (A9, A10)."""

from __future__ import annotations

from mailbot.core.commands.unit import keyword, noted, person_noted
from mailbot.core.entries import can_be_mailed
from mailbot.core.incident import Act, Custody, Incident, Refused


def _needs_somebody(incident: Incident) -> None:
    if not incident.is_open:
        raise Refused(f"{incident.id} is {incident.status}; nobody needs to have it.")


def _is_offered_to(incident: Incident, act: Act) -> bool:
    return incident.offered is not None and incident.offered[0].email == act.who.email


def _take(incident: Incident, act: Act) -> str:
    _needs_somebody(incident)
    before = incident.commander
    incident.custody.append(Custody(act.who, act.at, act.said.message_id))
    incident.offered = None
    incident.enter(act, f"{act.who} took over from {before}." if before else f"{act.who} took the incident.", "custody")
    return f"{act.who} has it now" + (f", before: {before}" if before else "")


@keyword(
    "HANDOFF",
    usage="HANDOFF person [note]",
    meaning="offers command; you keep it until they ACCEPT",
    example="HANDOFF bob@example.org",
    shape=person_noted,
    mails="brief",
    needs=True,
)
def handoff(incident: Incident, act: Act) -> str:
    _needs_somebody(incident)
    person = incident.person(act.text)
    if not incident.mailing_list.is_person(person) or not can_be_mailed(person.email):
        raise Refused(f"{person} is not the address of a person who could have it.")
    if incident.commander is not None and person.email == incident.commander.email:
        raise Refused(f"{person} has it already.")
    incident.offered = (person, act.said.message_id)
    keeps = f"{incident.commander} keeps it until then" if incident.commander else "nobody has it until then"
    return f"offered to {person}, who answers ACCEPT or DECLINE; {keeps}"


@keyword(
    "ACCEPT",
    usage="ACCEPT[: note]",
    meaning="you take what was offered to you",
    example="ACCEPT",
    shape=noted,
    inverse="HANDOFF",
    enters=True,
)
def accept(incident: Incident, act: Act) -> str:
    if not _is_offered_to(incident, act):
        to = f"it was offered to {incident.offered[0]}" if incident.offered else "nothing was offered"
        raise Refused(f"Not changed: {to}. TAKE takes an incident that nobody has.")
    return _take(incident, act)


@keyword(
    "DECLINE",
    usage="DECLINE[: note]",
    meaning="you leave it where it is",
    example="DECLINE: at the airport",
    shape=noted,
    inverse="HANDOFF",
)
def decline(incident: Incident, act: Act) -> str:
    if not _is_offered_to(incident, act):
        raise Refused("Not changed: nothing was offered to you.")
    incident.offered = None
    return f"declined; {incident.commander or 'nobody'} has it"


@keyword(
    "TAKE",
    usage="TAKE[: note]",
    meaning="you take it, when nobody has it or the commander is silent",
    example="TAKE",
    shape=noted,
    inverse="HANDOFF",
    enters=True,
)
def take(incident: Incident, act: Act) -> str:
    _needs_somebody(incident)  # before the wait: it would be waited for in vain
    holder = incident.commander
    if not incident.mailing_list.is_person(act.who):
        raise Refused(f"{act.who} is an address of a role; write from your own.")
    if holder is not None and holder.email == act.who.email:
        raise Refused("You have it already.")
    if holder is not None and not _is_offered_to(incident, act):
        since = max(incident.spoke.get(holder.email, incident.custody[-1].since), incident.custody[-1].since)
        silent = incident.mailing_list.commander_silent
        if act.at - since < silent:
            raise Refused(
                f"{holder} has it and wrote {since:%H:%M} UTC; ask for HANDOFF {act.who.email}, "
                f"or TAKE it from {since + silent:%H:%M} UTC on if nothing is heard until then."
            )
    return _take(incident, act)
