"""The way out of a report: REVIEWED by a second person, EMBARGO until a day (B17, P39)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from mailbot.core import publication
from mailbot.core.commands.unit import Given, keyword, noted
from mailbot.core.entries import Review
from mailbot.core.incident import Act, Incident, Refused, Status
from mailbot.core.times import Context
from mailbot.core.wrongs import uncovered


@keyword(
    "REVIEWED",
    usage="REVIEWED[: note]",
    meaning="you did not write the report, and read it: it is published",
    example="REVIEWED: reads well",
    shape=noted,
    mails="published",
)
def reviewed(incident: Incident, act: Act) -> str:
    if incident.is_open:
        raise Refused(f"{incident.id} is {incident.status}; its report is read when it is over. RESOLVED says so.")
    if incident.status is Status.CANCELLED:
        raise Refused(f"{incident.id} was no incident; there is no report to review.")
    if incident.review is not None and incident.review.who is not None:
        raise Refused(f"{incident.review.who} reviewed it already, {incident.review.at:%Y-%m-%d %H:%M} UTC.")
    if not incident.mailing_list.is_person(act.who):
        raise Refused(
            f"{act.who} is an address of a role; write from your own, so that the report can say who read it."
        )
    _second_person(incident, act)
    again = incident.status is Status.PUBLISHED
    incident.review = Review(act.who, act.at, act.command.given.note)
    held = "".join(
        f"; held back from it: {', '.join(map(str, leaks))}" for leaks in [publication.found(incident)] if leaks
    )
    left = ", ".join(n.label for n in uncovered(incident))
    held += f"; without an action yet: {left} (ACTION ... {left.partition(',')[0]})" if left else ""
    if incident.embargo is not None and act.at < incident.embargo:
        return f"reviewed by {act.who}; it is published when the embargo ends, {incident.embargo:%Y-%m-%d}{held}"
    incident.status = Status.PUBLISHED
    return f"reviewed by {act.who}" + (", and no longer marked as unreviewed" if again else " and published") + held


def _second_person(incident: Incident, act: Act) -> None:
    """A second pair of eyes is somebody else's (B17)."""
    author, last = publication.writer(incident)
    if author is None or author.email != act.who.email:
        return
    others = [str(p) for e, p in incident.people.items() if e in incident.spoke and e != act.who.email]
    who = f"{' or '.join(others[:3])}, say" if others else "anybody on the list"
    wrote = f"you wrote the last of it ({last.at:%Y-%m-%d %H:%M} UTC)" if last else "you had the incident"
    raise Refused(f"Not yet: {wrote}, and a second person is to read it: {who}. One line is enough: REVIEWED.")


UNTIL = re.compile(r"\s*:?\s*(?:until|till|to)?\s*:?\s*(\d{4}-\d{2}-\d{2})\b[\s.,:—–-]*(.*)", re.I | re.S)
LIFTED = re.compile(r"\s*:?\s*(?:off|lifted|over|ends?|ended|none)\b[\s.,:—–-]*(.*)", re.I | re.S)


def a_day(rest: str, context: Context) -> Given | None:
    """``EMBARGO until 2026-12-24``, ``EMBARGO lifted``; "EMBARGO is a hard word" is prose."""
    found = UNTIL.fullmatch(rest)
    if found:
        if publication.day(found[1]) is None:
            return Given(problem=f"{found[1]} is no day; write it like EMBARGO until 2026-12-24.")
        return Given(text=found[1], note=found[2].strip())
    if lifted := LIFTED.fullmatch(rest):
        return Given(note=lifted[1].strip())
    meant = rest.lstrip().startswith(":") or re.match(r"\s*until\b", rest, re.I) or not rest.strip(" .!")
    return Given(problem="EMBARGO needs a day: EMBARGO until 2026-12-24, or EMBARGO lifted.") if meant else None


@keyword(
    "EMBARGO",
    usage="EMBARGO until DATE",
    meaning="nothing of it goes to the list or is published before that day",
    example="EMBARGO until 2026-12-24",
    shape=a_day,
    inverse="EMBARGO lifted",
)
def embargo(incident: Incident, act: Act) -> str:
    if incident.status is Status.PUBLISHED:
        raise Refused("Its report is public already; REOPEN takes it back from the folder, not from those who read it.")
    if not act.text:
        if incident.embargo is None:
            raise Refused("There is no embargo.")
        incident.embargo = None
        if incident.review is not None:
            incident.status = Status.PUBLISHED
        return "the embargo is lifted" + (" and the report published" if incident.review is not None else "")
    until = publication.day(act.text) or datetime.max.replace(tzinfo=UTC)
    if until <= act.at:
        raise Refused(f"{act.text} is past; an embargo needs a day to come.")
    if until - act.at > timedelta(days=3660):
        raise Refused(f"{act.text} is more than ten years away; write a nearer day, it can be moved.")
    incident.embargo = until
    return f"nothing of this goes to the list or is published before {until:%Y-%m-%d} (UTC)"
