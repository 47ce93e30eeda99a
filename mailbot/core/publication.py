"""Whether a report may leave: who may review it, what holds it back, and which way its mails go (P38, P39).

The law: nothing is published by silence while the leak check has findings, an embargo holds, or it is a security incident; and
of an incident that goes the private way no mail of ours goes to the list, whatever is asked for, before its report is out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailbot.core.draft import INSTRUCTLAB
from mailbot.core.entries import Ask, MailingList, Note, Outcome, Said, Sent, Status, can_be_mailed, undo_code
from mailbot.core.leak import Finding, findings
from mailbot.core.message import Address

if TYPE_CHECKING:
    from mailbot.core.incident import Incident

_TELLING = frozenset(("action", "brief", "draft", "offer", "question", "report"))  # our mails that say what it is about
TITLES = {sections[0]: title.title() for title, sections in INSTRUCTLAB.items() if sections}


def writer(incident: Incident) -> tuple[Address | None, Note | None]:
    """Who wrote the report: the last one who wrote a section, else the commander; and what that was."""
    last = max(incident.notes, key=lambda n: n.at, default=None)
    return (last.who, last) if last is not None else (incident.commander, None)


def found(incident: Incident) -> list[Finding]:
    """What the leak check finds in what the report would print."""
    places = [(TITLES.get(n.section, n.section), n.text) for n in incident.notes]
    places += [(f"the timeline, {e.label}", e.what) for e in incident.timeline() if e.kind != "custody"]
    places += [
        (f"action {a.label}", f"{a.text} {a.link}") for a in incident.actions if a.state not in ("declined", "undone")
    ]
    return list(findings([("the title", incident.title), *places]))


def holds(incident: Incident, now: datetime) -> str:
    """Why the report is not published by itself at ``now``: a sentence; "" where nothing holds it."""
    if incident.embargo is not None and now < incident.embargo:
        return f"embargo until {incident.embargo:%Y-%m-%d}"
    if incident.kind == "security" and incident.review is None:
        return "a security incident is published by people only"
    leaks = found(incident) if incident.review is None else []
    if leaks:
        return f"to be looked at first: {', '.join(map(str, leaks[:5]))}"
    return ""


def out_at(incident: Incident) -> datetime | None:
    """When a reviewed report goes out: with the end of its embargo; None where nobody reviewed it or it is out."""
    if incident.review is None or incident.status is not Status.RESOLVED:
        return None
    return max(incident.review.at, incident.embargo or incident.review.at)


def is_private(incident: Incident) -> bool:
    """Does it go the private way? A security incident, one under embargo, and one that was opened in private."""
    if incident.status is Status.PUBLISHED:
        return False
    return incident.kind == "security" or incident.embargo is not None or incident.opened_in_private


def insiders(incident: Incident) -> tuple[str, ...]:
    """Who gets the mails of the private way: the second list or addresses of the config, else who has it and who wrote in."""
    if incident.mailing_list.private:
        return incident.mailing_list.private
    commander = [incident.commander.email] if incident.commander else []
    return tuple(dict.fromkeys(e for e in (*commander, *incident.inside) if can_be_mailed(e)))[:20]


def knows(incident: Incident, who: Address) -> bool:
    """Is it somebody who may know what is private of it?"""
    return who.email in incident.inside or who.email in insiders(incident)


def told_of(incident: Incident, sent: Sent) -> dict[str, datetime]:
    """Whom a mail of ours told what is private: they know it from then on."""
    if not is_private(incident) or _TELLING.isdisjoint(key.partition(":")[0] for key in sent.keys):
        return {}
    return {to: sent.at for to in sent.to if to not in incident.inside}


def strange(incident: Incident, ask: Ask) -> bool:
    """Was it taken from somebody who wrote to the second list and is not known to read it? What they ask is answered there."""
    return undo_code(ask.message_id) in incident.codes and not knows(incident, ask.who)


def private_way(listed: MailingList, recipients: Iterable[Address]) -> bool:
    """Was it sent to those who get what is private, and not to the list?"""
    to = {who.email for who in recipients}
    return not to.isdisjoint(listed.private) and listed.address not in to


def came_in_private(listed: MailingList, item: Said) -> bool:
    """Was it sent to those who get what is private, or to us alone, and not to the list?"""
    return item.private or private_way(listed, item.recipients)


def kept_out(incident: Incident, item: Said) -> str:
    """The guard between both ways: why nothing of a message is taken, "" where it is.

    What was said in private is never quoted on the list, and who only reads the list cannot ask what is kept from it.
    """
    inside = came_in_private(incident.mailing_list, item)
    if is_private(incident):
        if knows(incident, item.who) or private_way(incident.mailing_list, item.recipients):
            return ""
        why = "its sender does not know of this" if inside else "it came to the list"
        return f"{why}, and this goes the private way"
    makes_private = any(c.keyword.word == "EMBARGO" or c.text == "security" for c in item.reading.commands)
    told_to = {who.email for who in item.recipients} & set(incident.mailing_list.private)
    return "it came the private way, and this is on the list" if inside and told_to and not makes_private else ""


def keep_out(incident: Incident, item: Said, why: str) -> None:
    """Nothing of it is used, and its writer hears so, alone (L14); but not that there is something kept from the list."""
    incident.unused.append((item.message_id, why))
    if not item.live or not can_be_mailed(item.who.email):
        return
    if not is_private(incident):
        sentence = (
            f"Nothing of it was taken: {incident.id} is on the list, and your mail came the private way. Write to the list,"
            " or answer with KIND security: from then on all of this goes the private way."
        )
    elif not incident.opened_in_private and item.reading.commands:
        sentence = f"Nothing of it was taken: {incident.id} goes the private way now, among those who know of it."
        if incident.mailing_list.private:
            sentence += f" Write to {incident.mailing_list.private[0]}."
    else:
        return
    key = f"receipt:{undo_code(item.message_id)}"
    about = (item.message_id, item.who, item.at, item.subject)
    incident.asks[key] = Ask("receipt", key, *about, False, (Outcome(False, "your mail", sentence),))


def day(text: str) -> datetime | None:
    """The first instant of a day, UTC; None for what is no date."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
