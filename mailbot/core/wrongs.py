"""What went wrong, item by item: its number, and what is done about it (A32, B9).

The law: an item leads to an action, or somebody says that it is accepted. Numbers follow the order in which items were
written and never change, so that W2 is W2 for ever; an action names the items that it is for, and nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.core.entries import Action, Note, Refused

if TYPE_CHECKING:
    from mailbot.core.incident import Incident

SECTIONS = ("CAUSE", "POORLY")
GONE = ("declined", "undone")
ITEM = re.compile(r"\s*(?:\(\s*)?(?:\bfor\s+)?\bW(\d{1,4})\b(?:\s*\))?[,;]?")
ACCEPTED = re.compile(r"\baccepted\b", re.I)


def number(incident: Incident) -> None:
    """Gives those a number that have none yet."""
    for n, note in enumerate(incident.notes):
        if note.section in SECTIONS and not note.number:
            incident.items += 1
            incident.notes[n] = replace(note, number=incident.items)


def items(incident: Incident) -> list[Note]:
    return sorted((n for n in incident.notes if n.number), key=lambda n: n.number)


def item(incident: Incident, label: str) -> Note:
    """Raises Refused where there is no such item."""
    found = next((n for n in items(incident) if n.label == label.upper()), None)
    if found is None:
        known = ", ".join(n.label for n in items(incident)[-10:])
        raise Refused(
            f"There is no {label.upper()} in {incident.id}{f'; there is {known}' if known else ': no CAUSE or POORLY'}."
        )
    return found


def accept(incident: Incident, note: Note) -> None:
    incident.notes[incident.notes.index(note)] = replace(note, accepted=True)


def taken_from(incident: Incident, text: str) -> tuple[str, tuple[int, ...]]:
    """An action's words without the items that they name, and which these are; a W7 that there is not stays text."""
    known = {n.number for n in items(incident)}
    found = [m for m in ITEM.finditer(text) if int(m[1]) in known]
    for mark in reversed(found):
        text = f"{text[: mark.start()]} {text[mark.end() :]}"
    return " ".join(text.split()) if found else text, tuple(dict.fromkeys(int(m[1]) for m in found))


def answers(incident: Incident, note: Note) -> list[Action]:
    """The actions that name an item."""
    return [a for a in incident.actions if note.number in a.covers and a.state not in GONE] if note.number else []


def is_accepted(note: Note) -> bool:
    return note.accepted or ACCEPTED.search(note.text) is not None


def uncovered(incident: Incident) -> list[Note]:
    """Items that no action names and nobody accepted. Where there is one item alone, any action is for it."""
    every = items(incident)
    if len(every) == 1 and any(a.state not in GONE for a in incident.actions):
        return []
    return [n for n in every if not is_accepted(n) and not answers(incident, n)]
