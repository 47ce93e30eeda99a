"""Questions, answered to the sender alone: STATUS, TIMELINE, REPORT, HELP. They change nothing."""

from __future__ import annotations

from mailbot.core.commands.unit import Given, alone, keyword
from mailbot.core.incident import Act, Incident
from mailbot.core.times import Context


@keyword(
    "STATUS",
    usage="STATUS",
    meaning="mails you four lines: what, since when, who has it, last news",
    example="STATUS",
    shape=alone,
    inverse="",
    tell="answer",
)
def status(incident: Incident, act: Act) -> str:
    return "mailed to you"


@keyword(
    "TIMELINE",
    usage="TIMELINE",
    meaning="mails you the timeline with its numbers",
    example="TIMELINE",
    shape=alone,
    inverse="",
    tell="answer",
)
def timeline(incident: Incident, act: Act) -> str:
    return "mailed to you"


def a_template(rest: str, context: Context) -> Given | None:
    name = rest.strip(" .:").casefold()
    return Given(text=name) if name in ("", "instructlab", "debrief") else None


@keyword(
    "REPORT",
    usage="REPORT [instructlab|debrief]",
    meaning="mails you the draft report as it stands",
    example="REPORT debrief",
    shape=a_template,
    inverse="",
    tell="answer",
)
def report(incident: Incident, act: Act) -> str:
    return "mailed to you"


@keyword(
    "HELP", usage="HELP", meaning="mails you these keywords", example="HELP", shape=alone, inverse="", tell="answer"
)
def help_(incident: Incident, act: Act) -> str:
    return "mailed to you"
