"""What a mail decides beyond its own fold: ZONE, MERGE, SPLIT, and which of these an UNDO takes back.

The law: it follows from the mails in the order of the fold and from nothing else, so a rebuild decides the same. It is
kept in each mail's document, because most mails decide nothing and need not be read again for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from mailbot.app.desk import Taken
from mailbot.core.commands import read_commands
from mailbot.core.entries import undo_code
from mailbot.core.reply import own_spans
from mailbot.core.times import Context
from mailbot.store.state import Doc

_ID = re.compile(r"-\d{8}-")  # of an incident, whatever its letters: INC-20260506-KTR
# A line that may be a command that decides something.
_BEGINS = re.compile(r"\n[^\S\n]*(?:ZONE|MERGE|SPLIT|UNDO|CONFIRM|#(?i:mailbot))")
KEYS = frozenset(("z", "a", "u"))
# place, number, code, decides something, a zone, UNDO of which codes
_Row = tuple[tuple[int, float], int, str, bool, bool, tuple[str, ...]]


class Wish(TypedDict):
    """What threading is asked for: arguments of ``Threads.place``."""

    merge: str
    split: bool
    parted: str


def decided(taken: Taken) -> Doc:
    """Part of a mail's document: "z" [who, zone], "a" [MERGE or SPLIT, its argument], "u" [codes], "c" [tokens], "n"
    [incidents that commands name]; only what there is."""
    text = taken.message.text if taken.kind == "human" else ""
    if _ID.search(text) is None and _BEGINS.search(f"\n{text}") is None:  # cheap questions first
        return {}
    commands, _ = read_commands(text, own_spans(taken.parts), Context(taken.message.date or taken.at), "")
    doc: Doc = {}
    for command in commands:
        word, text = command.keyword.word, command.text
        if command.problem:
            continue
        if command.incident:
            doc.setdefault("n", []).append(command.incident)
        if word == "ZONE":
            doc.setdefault("z", [taken.trust.author.email, text])
        elif word in ("MERGE", "SPLIT"):
            doc.setdefault("a", [word, text])
        elif word == "CONFIRM":
            doc.setdefault("c", []).append(text)
        elif word == "UNDO":
            doc.setdefault("u", []).append(text)
    return doc


class Decisions:
    """Which of the mails' decisions stand."""

    def __init__(self) -> None:
        self._known: list[_Row] = []
        self.gone: frozenset[int] = frozenset()  # numbers of mails that are taken back

    def keep(self, place: tuple[int, float], number: int, doc: Mapping[str, Any]) -> None:
        """A mail's document; ``place``: its order in the fold. What stands is known again after ``settle``."""
        if not KEYS.isdisjoint(doc):
            acts = "z" in doc or "a" in doc
            self._known.append((place, number, undo_code(doc["f"][0]), acts, "z" in doc, tuple(doc.get("u", ()))))

    def settle(self) -> None:
        self.gone = self._gone(self._known)

    def take_back(self, place: tuple[int, float], number: int, doc: Mapping[str, Any]) -> bool:
        """Does a mail, the latest of all, take back what one decided? Then all must be threaded again."""
        codes = tuple(doc.get("u", ()))
        return bool(codes) and self._gone([*self._known, (place, number, "", False, False, codes)]) != self.gone

    def _gone(self, known: list[_Row]) -> frozenset[int]:
        """From the last to the first, so that an UNDO can be undone."""
        gone: set[int] = set()
        known = sorted(known)
        for n in range(len(known) - 1, -1, -1):
            if known[n][5] and known[n][1] not in gone:
                gone.update(row[1] for row in known[:n] if row[2] in known[n][5])
        return frozenset(gone)

    def zones_differ(self, other: Decisions) -> bool:
        """Does a ZONE stand in one and not in the other? Then mails anywhere may be read otherwise."""
        moved = self.gone ^ other.gone
        return any(row[1] in moved and row[4] for row in other._known)

    def undid(self, codes: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the codes that name a mail which decided something."""
        return tuple(c for c in codes if any(row[2] == c and row[3] for row in self._known)) if codes else ()

    def wish(self, number: int, doc: Mapping[str, Any]) -> Wish:
        word, text = doc.get("a", ("", ""))
        stands = number not in self.gone
        merge = text if word == "MERGE" else ""
        return Wish(merge=merge if stands else "", split=stands and word == "SPLIT", parted="" if stands else merge)
