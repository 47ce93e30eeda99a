"""Questions, answered to the sender alone: STATUS, TIMELINE, CATCHUP, REPORT, SEARCH, WHY, HELP. They change nothing."""

from __future__ import annotations

import re
from functools import partial

from mailbot.core.commands.unit import Given, alone, keyword, words
from mailbot.core.incident import Act, Incident
from mailbot.core.times import Context

answer = partial(keyword, inverse="", tell="answer")


@answer(
    "STATUS",
    usage="STATUS",
    meaning="mails you four lines: what, since when, who has it, last news",
    example="STATUS",
    shape=alone,
)
def status(incident: Incident, act: Act) -> str:
    return "mailed to you"


@answer(
    "TIMELINE",
    usage="TIMELINE",
    meaning="mails you the timeline with its numbers",
    example="TIMELINE",
    shape=alone,
)
def timeline(incident: Incident, act: Act) -> str:
    return "mailed to you"


@answer(
    "CATCHUP",
    usage="CATCHUP",
    meaning="mails you both, and what is still open",
    example="CATCHUP",
    shape=alone,
)
def catchup(incident: Incident, act: Act) -> str:
    return "mailed to you"


def a_template(rest: str, context: Context) -> Given | None:
    name = rest.strip(" .:").casefold()
    return Given(text=name) if name in ("", "instructlab", "debrief") else None


@answer(
    "REPORT",
    usage="REPORT [instructlab|debrief]",
    meaning="mails you the draft report as it stands",
    example="REPORT debrief",
    shape=a_template,
)
def report(incident: Incident, act: Act) -> str:
    return "mailed to you"


@answer(
    "SEARCH",
    usage="SEARCH words",
    meaning="mails you the ten incidents that fit best",
    example="SEARCH disk full",
    shape=words,
    needs=True,
)
def search(incident: Incident, act: Act) -> str:
    return "mailed to you"


def maybe_entry(rest: str, context: Context) -> Given | None:
    """``WHY``, ``WHY T7``; "WHY T7 and not T8?" is prose."""
    found = re.fullmatch(r"\s*:?\s*([Tt]\d{1,5})?[\s.!]*", rest)
    return Given(text=(found[1] or "").upper()) if found else None


@answer(
    "WHY",
    usage="WHY [T7]",
    meaning="mails you how the mail you answer (or an entry) was read",
    example="WHY T7",
    shape=maybe_entry,
)
def why(incident: Incident, act: Act) -> str:
    if act.text:
        incident.entry(act.text)
    return "mailed to you"


@answer("HELP", usage="HELP", meaning="mails you these keywords", example="HELP", shape=alone)
def help_(incident: Incident, act: Act) -> str:
    return "mailed to you"
