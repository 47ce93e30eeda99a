"""Timeline and actions of an edited draft: lines corrected, added, taken out. The sections' paragraphs are in ``edits``.

The law: a line is anchored by its footnote, which names the message it came from; what the draft's own list of sources does not
name is newer than the draft, and is never taken out by it. Only the UTC timeline of the instructlab form is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher

from mailbot.core.draft import COMMENT, FOOTNOTE, HEADING, LINES, MOST, QUOTE, key

ROW = re.compile(r"\s*[*-]\s+(?:(?P<about>~)?(?P<clock>\d{1,2}:\d{2})\s+[-\u2013\u2014]\s+)?(?P<text>\S.*)")
DAY = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*")
TITLE = re.compile(r"\s*#{1,3}\s+(\d{4}-\d{2}-\d{2})\s+\S.*")
NOTE = re.compile(r"\[\^?(\d{1,4})\]\s*$")
SOURCE = re.compile(r"\s*\[\^?(\d{1,4})\]:? .*\d{4}-\d\d-\d\d \d\d:\d\d UTC,\s*(.*)")
OURS = re.compile(r"\s*\((?:corrected; before: .*|goes on in the mail|until [\d: -]+|time as I read it)\)")
WAS = re.compile(r"\s*\d{4}-\d\d-\d\d (?P<clock>\d\d:\d\d) UTC(?: - )?")
LABEL = re.compile(r"(?P<label>A\d{1,4})\s+(?P<text>.*)", re.S)
TAIL = re.compile(
    r"(?:\s*\(@[^()]*\))?(?:, due \d{4}-\d{2}-\d{2})?(?:, (?:https?://\S+|[\w.-]+/[\w.-]+#\d+))?(?:, done)?$"
)
CATEGORIES = ("detect", "respond", "contain", "prevent", "eliminate")
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline as it came back. ``note``: its footnote, 0 for none: then it is new."""

    at: datetime | None
    clock: str
    text: str
    note: int


@dataclass(slots=True)
class Returned:
    """``actions``: (category, label or "", text); ``sources``: footnote -> Message-ID (or where it is)."""

    rows: list[Row] = field(default_factory=list)
    actions: list[tuple[str, str, str]] = field(default_factory=list)
    sources: dict[int, str] = field(default_factory=dict)
    timeline: bool = False  # its heading was there


def read(text: str) -> Returned:
    """Never raises."""
    found = Returned()
    place, day = "", ""
    for line in _joined(COMMENT.sub("", text[:MOST]).split("\n")[:LINES]):
        if source := SOURCE.match(line):
            found.sources[int(source[1])] = source[2].strip(" `<>")
            continue
        if title := TITLE.fullmatch(line):
            day = title[1]
        heading = HEADING.fullmatch(line)
        if heading:
            place = heading[1].strip().casefold()
            found.timeline = found.timeline or place == "timeline"
        elif place == "timeline" and (dated := DAY.fullmatch(line)):
            day = dated[1]
        elif (row := ROW.fullmatch(line)) and place == "timeline" and row["clock"]:
            found.rows.append(_row(row, day))
        elif row and place in (*CATEGORIES, "action items"):
            _action(found, row["text"] if not row["clock"] else line.strip(" *-"), place)
    return found


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines without quote marks, wrapped ones whole again."""
    found: list[str] = []
    for raw in lines:
        line = QUOTE.sub("", raw, count=1) if raw.lstrip()[:1] == ">" else raw
        begins = not line.strip() or re.match(r"\s*(?:[*-]\s|#|\[\^?\d+\]:|\d{4}-\d\d-\d\d|---|_)", line)
        if begins or not found or not re.match(r"\s*(?:[*-]\s|\[\^?\d+\]:)", found[-1]):
            found.append(line)
        else:
            found[-1] = f"{found[-1].rstrip()} {line.strip()}"
    return found


def _row(row: re.Match[str], day: str) -> Row:
    note = NOTE.search(row["text"])
    text = OURS.sub("", FOOTNOTE.sub("", row["text"])).strip()
    try:
        at = datetime.fromisoformat(f"{day} {row['clock'].zfill(5)}").replace(tzinfo=UTC)
    except ValueError:
        at = None
    return Row(at, f"{row['about'] or ''}{row['clock'].zfill(5)}", text, int(note[1]) if note else 0)


def _action(found: Returned, text: str, place: str) -> None:
    words = FOOTNOTE.sub("", text).strip()
    label = LABEL.fullmatch(words)
    category = place if place in CATEGORIES else ""
    if label:
        found.actions.append((category, label["label"], TAIL.sub("", label["text"]).strip()))
    elif words and len(found.actions) < 100:
        found.actions.append((category, "", words))


@dataclass(frozen=True, slots=True)
class Printed:
    """A line as the report prints it; ``label`` is its entry's, ``before``: what it said before it was corrected."""

    label: str
    clock: str
    text: str
    message_id: str
    before: tuple[str, ...] = ()

    @property
    def marks(self) -> set[tuple[str, str]]:
        """All that it ever was: a stale draft may still have that."""
        found = {(self.clock.lstrip("~"), _words(self.text))}
        for words in self.before:
            if was := WAS.search(words):
                found.add((was["clock"], _words(words.replace(was[0], ""))))
        return found


@dataclass(frozen=True, slots=True)
class Correction:
    """``label`` "": a new line; ``row`` None: taken out."""

    label: str
    row: Row | None


def corrections(printed: Sequence[Printed], out: Sequence[Printed], returned: Returned) -> list[Correction]:
    """``printed``: the lines of the report; ``out``: those that are out of it, which a stale draft may still have."""
    if not returned.timeline:
        return []
    known = {mark for p in (*printed, *out) for mark in p.marks}
    back = {(r.clock.lstrip("~"), _words(r.text)) for r in returned.rows}
    missing = [p for p in printed if not p.marks & back]
    found: list[Correction] = []
    for row in returned.rows:
        if row.at is None or (row.clock.lstrip("~"), _words(row.text)) in known:
            continue
        was = _same(row, missing, returned)
        if was is not None:
            missing.remove(was)
            found.append(Correction(was.label, row))
        else:  # also one with a footnote that is no line of ours any more: never lost without a word
            found.append(Correction("", row))
    listed = set(returned.sources.values())
    return found + [Correction(p.label, None) for p in missing if any(p.message_id in source for source in listed)]


def _same(row: Row, missing: Sequence[Printed], returned: Returned) -> Printed | None:
    """The line that this one was before somebody edited it: of the same message, with the most in common."""
    source = returned.sources.get(row.note, "")
    near = [p for p in missing if row.note and (not source or p.message_id in source)]

    def likeness(p: Printed) -> float:
        same = SequenceMatcher(None, _words(p.text)[:500], _words(row.text)[:500], autojunk=False).ratio()
        return same + (0.5 if p.clock.lstrip("~") == row.clock.lstrip("~") else 0.0)

    best = max(near, key=likeness, default=None)
    return best if best is not None and (len(near) == 1 or likeness(best) >= ALIKE - 0.1) else None


def _words(text: str) -> str:
    return key(OURS.sub("", text)).casefold().rstrip(".")
