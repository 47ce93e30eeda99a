"""UNDO, for the whole table of keywords: each that changes something is taken back to what was before (L20)."""

from __future__ import annotations

from typing import Any

import pytest

from mailbot.core.commands import Keyword, keywords
from mailbot.core.incident import Incident, undo_code
from tests.incident_scene import ALICE, BOB, ROBOT, Scene

# What must have been said for a keyword to work: (who opens, what they say, what Alice says then).
BEFORE: dict[str, tuple[str, str, str]] = {
    "RESTORED": (ALICE, "x", "START 11:40 UTC"),
    "REOPEN": (ALICE, "x", "RESOLVED"),
    "ACCEPT": (ALICE, "x", "HANDOFF bob@example.org"),
    "DECLINE": (ALICE, "x", "HANDOFF bob@example.org"),
    "TAKE": (ROBOT, "PROBLEM", "looking"),
    "RESUME": (ALICE, "x", "QUIET"),
    "FIX": (ALICE, "x", "LOG 11:40 UTC a\nLOG b\nLOG c\nLOG d\nLOG e\nLOG f\nLOG g"),
    "DROP": (ALICE, "x", "LOG 11:40 UTC a\nLOG b\nLOG c\nLOG d\nLOG e\nLOG f\nLOG g"),
    "LINK": (ALICE, "x", "ACTION a"),
    "DONE": (ALICE, "x", "ACTION a"),
    "DECLINED": (ALICE, "x", "ACTION a\nACTION b"),
    "REVIEWED": (ALICE, "x", "START 11:40 UTC\nRESOLVED"),
    "START": (ALICE, "x", "START 11:40 UTC"),
}
SAYS = {
    "TITLE": "TITLE Registry down",
    "HANDOFF": "HANDOFF zoe@example.org",
    "START": "START 11:30 UTC",
    "EMBARGO": "EMBARGO until 2026-12-24",
}
# test_decisions.py; test_incident.py for UNDO itself; test_confirm.py
BY_THREADING = ("MERGE", "SPLIT", "ZONE", "UNDO", "CONFIRM")
# What counts mails, and what a mail says of its sender by being there.
OF_MAILS = (
    "asks",
    "codes",
    "heard",
    "inside",
    "last_news",
    "made",
    "messages",
    "people",
    "references",
    "spoke",
    "taken_back",
    "unused",
    "versions",
    "zones",
)


def state(incident: Incident) -> dict[str, Any]:
    """All that keywords may change: what a report, a reminder or an answer could show."""
    found = {name: getattr(incident, name) for name in Incident.__dataclass_fields__ if name not in OF_MAILS}
    found["entries"] = [e for e in incident.entries if e.dropped != "undone"]
    found["actions"] = [a for a in incident.actions if a.state != "undone"]
    del found["items"]  # a counter: W2 is W2 for ever, as T7 is T7
    found["starts"] = [n for n in incident.starts if incident.entries[n - 1].dropped != "undone"]
    found["unsure"] = {n for n in incident.unsure if incident.entries[n - 1].dropped != "undone"}
    return found


CHANGING = [k for k in keywords() if k.tell != "answer" and k.word not in BY_THREADING]


@pytest.mark.parametrize("unit", CHANGING, ids=lambda k: k.word)
def test_l20_undo_takes_back_every_keyword_that_changes_something(unit: Keyword) -> None:
    opener, first, then = BEFORE.get(unit.word, (ALICE, "x", "looking"))
    scene = Scene()
    scene.mail(opener, first, 0)
    scene.mail(ALICE, then, 5)
    before = state(scene.incident)
    said = scene.mail(BOB, SAYS.get(unit.word, unit.example), 10)
    outcomes = [o for a in scene.incident.asks.values() if a.message_id == said.message_id for o in a.outcomes]
    assert [o.ok for o in outcomes] == [True], outcomes
    assert state(scene.incident) != before, "it changed nothing: then this shows nothing"
    scene.mail(ALICE, f"UNDO {undo_code(said.message_id)}", 15)
    assert state(scene.incident) == before


@pytest.mark.parametrize("unit", CHANGING, ids=lambda k: k.word)
def test_l20_undo_can_be_undone(unit: Keyword) -> None:
    opener, first, then = BEFORE.get(unit.word, (ALICE, "x", "looking"))
    scene = Scene()
    scene.mail(opener, first, 0)
    scene.mail(ALICE, then, 5)
    said = scene.mail(BOB, SAYS.get(unit.word, unit.example), 10)
    done = state(scene.incident)
    undo = scene.mail(ALICE, f"UNDO {undo_code(said.message_id)}", 15)
    scene.mail(ALICE, f"UNDO {undo_code(undo.message_id)}", 20)
    assert state(scene.incident) == done


def test_a_second_undo_of_the_same_is_refused_to_its_sender_until_the_first_is_undone() -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0)
    title = undo_code(scene.mail(BOB, "TITLE Registry down").message_id)

    def outcomes() -> list[tuple[bool, str]]:
        last = scene.items[-1].message_id
        asks = [a for a in scene.incident.asks.values() if a.message_id == last]
        return [(a.public, o.sentence) for a in asks for o in a.outcomes]

    first = scene.mail(ALICE, f"UNDO {title}")
    assert outcomes() == [(True, f"taken back: what message {title} did")]
    scene.mail(BOB, f"UNDO {title}")
    assert outcomes() == [(False, f"What message {title} did is taken back already.")]
    scene.items.pop()
    scene.mail(BOB, f"UNDO {undo_code(first.message_id)}")
    assert scene.incident.title == "Registry down"
    scene.mail(BOB, f"UNDO {title}")
    assert outcomes() == [(True, f"taken back: what message {title} did")]
    assert scene.incident.title != "Registry down"


def test_every_keyword_that_changes_something_is_taken_back_somewhere() -> None:
    assert {k.word for k in keywords() if k.tell != "answer"} == {k.word for k in CHANGING} | set(BY_THREADING)
