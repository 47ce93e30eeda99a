"""Two that are one, one that is two: MERGE, SPLIT. Where a mail belongs is threading's to know; here is what the writer reads."""

from __future__ import annotations

import re

from mailbot.core.commands.unit import Given, keyword, noted
from mailbot.core.ids import ID
from mailbot.core.incident import Act, Incident, Refused
from mailbot.core.times import Context

TARGET = re.compile(rf"\s*:?\s*(?:into\s+|with\s+)?({ID})", re.I)


def an_incident(rest: str, context: Context) -> Given | None:
    """``MERGE INC-20261121-K7Q``, ``MERGE INC-20261121-K7Q: the same disk``."""
    found = TARGET.match(rest)
    given = noted(rest[found.end() :], context) if found else None
    return Given(text=found[1].upper(), note=given.note) if found and given else None


@keyword(
    "MERGE",
    usage="MERGE INC-...",
    meaning="makes this incident one with another; the older id stays",
    example="MERGE INC-20261121-K7Q",
    shape=an_incident,
)
def merge(incident: Incident, act: Act) -> str:
    if act.said.elsewhere:
        raise Refused("MERGE works in the thread of one of the two incidents.")
    if act.said.merged:
        over = "" if incident.is_open else f". {incident.id} is {incident.status}: REOPEN if it goes on"
        return (
            f"{act.said.merged} is part of {incident.id} from now on; its lines and actions have new numbers here{over}"
        )
    if act.text == incident.id or act.text in incident.aliases:
        if any(answered in incident.references for answered in act.said.answers):
            raise Refused(
                f"{act.text} is {'this incident' if act.text == incident.id else 'part of this one'} already."
            )
        return f"this mail is part of {incident.id}"
    raise Refused(f"I know no {act.text} that could be one with {incident.id}. One MERGE a mail, please.")


@keyword(
    "SPLIT",
    usage="SPLIT[: title]",
    meaning="makes this mail an incident of its own",
    example="SPLIT: Mirror is slow",
    shape=noted,
    inverse="MERGE",
)
def split(incident: Incident, act: Act) -> str:
    if not act.said.split:
        raise Refused(
            f"This mail is not one that could leave {incident.id}; write SPLIT in the mail that is about the other."
        )
    incident.title = act.command.given.note[:200] or incident.title
    return f"an incident of its own from now on: {incident.id}"
