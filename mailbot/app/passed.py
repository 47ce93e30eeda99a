"""Times that people wrote and the report does not use, with why (P41): plans, days that do not exist, what nobody can read.

The law: only the mail that brings a draft waits for this, and it looks at MOST mails; ports, versions and durations, of which
nobody thinks as times, are left to ``mailbot why``.
"""

from __future__ import annotations

from mailbot.app.desk import Taken, context, said
from mailbot.app.register import Register
from mailbot.core.explain import in_words, refusals
from mailbot.core.incident import Incident
from mailbot.core.reading import without

MOST = 60  # mails, the latest
SHOWN = 15
TOLD = ("planned", "later than the mail", "no such date", "no such time", "no time", "clock with pm")
_ENDS = tuple(in_words(name) for name in TOLD)


def passed_over(register: Register, incident: Incident) -> list[str]:
    """Sentences, in the order of the mails: '"18:00 UTC" is planned: no event (Bob Stone)'."""
    found: dict[str, None] = {}
    for _, doc in register.state.all("messages", register.members.get(incident.id, [])[-MOST:]):
        if doc["d"] == "in" and len(found) < SHOWN:
            for sentence in _of(register, register.taken(doc)):
                found.setdefault(sentence)
    return list(found)[:SHOWN]


def _of(register: Register, taken: Taken) -> list[str]:
    if taken.kind not in ("human", "alert"):
        return []
    zone = register.zone_of(taken)
    item = said(taken, register.list, zone)
    free = without(item.reading.own, [(c.start, c.end) for c in item.reading.commands if c.line])
    rows = refusals(taken.message.text, free, context(taken, register.list, zone), item.reading.mentions)
    return [f"{row.sentence} ({item.who})" for row in rows if row.sentence.endswith(_ENDS)]
