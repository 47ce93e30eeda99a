"""CONFIRM: the answer to the mail that asks whether its reader wrote what came in their name."""

from __future__ import annotations

import re

from mailbot.core.commands.unit import Given, keyword
from mailbot.core.incident import Act, Incident, Refused
from mailbot.core.times import Context

TOKEN = re.compile(r"[A-Za-z2-7]{10}")


def token(rest: str, context: Context) -> Given | None:
    """``CONFIRM K7QMA2BCDE``; "CONFIRM the numbers" is prose."""
    text = rest.strip(" .:")
    return Given(text=text.upper()) if TOKEN.fullmatch(text) else None


@keyword(
    "CONFIRM",
    usage="CONFIRM token",
    meaning="yes, I wrote that: the answer when a mail asks you",
    example="CONFIRM K7QMA2BCDE",
    shape=token,
    tell="sender",
)
def confirm(incident: Incident, act: Act) -> str:
    if act.text not in act.said.confirms:
        raise Refused("No message here waits for that token. It stands in the mail that asked you.")
    return ""  # the receipt of what is done now says it all
