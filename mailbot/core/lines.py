"""Timeline and actions of an edited draft: lines corrected, added, taken out. The sections' paragraphs are in ``edits``.

The law: a line is anchored by its footnote, which names the message it came from; what the draft's own list of sources does not
name is newer than the draft, and is never taken out by it. The debrief's times are in its own zone, and what stands below a
line there is that line's body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from difflib import SequenceMatcher
from zoneinfo import ZoneInfo

from mailbot.core.draft import COMMENT, FOOTNOTE, HEADING, LINES, MOST, QUOTE, key
from mailbot.core.zones import read_zone

ROW = re.compile(r"\s*[*-]\s+(?:(?P<about>~)?(?P<clock>\d{1,2}:\d{2})\s+[-\u2013\u2014]\s+)?(?P<text>\S.*)")
DAY = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*")
TITLE = re.compile(r"\s*#{1,3}\s+(\d{4}-\d{2}-\d{2})\s+(?!~?\d{1,2}:\d\d\s*$|\(no time\)\s*$)(\S.*)")
FRONT = re.compile(r'\s*title: "Debrief - (.*)"\s*')  # the debrief has its title in its front matter alone
TIMES_IN = re.compile(r"\s*All times in ([A-Za-z][\w/+-]{1,60})\b.*")
CLOCKED = re.compile(r"(?:(?P<day>\d{4}-\d{2}-\d{2})\s+)?(?:(?P<about>~)?(?P<clock>\d{1,2}:\d{2})|\(no time\))")
NOTE = re.compile(r"\[\^?(\d{1,4})\]\s*$")
SOURCE = re.compile(r"\s*\[\^?(\d{1,4})\]:? .*\d{4}-\d\d-\d\d \d\d:\d\d UTC,\s*(.*)")
OURS = re.compile(r"\s*\((?:corrected; before: .*|goes on in the mail|until [\d: -]+|time as I read it)\)")
WAS = re.compile(r"\s*(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) UTC(?: - )?")
LABEL = re.compile(r"(?P<label>A\d{1,4})\s+(?P<text>.*)", re.S)
_LINK = r"https?://\S+?|[\w.-]+/[\w.-]+#\d+"
TAIL = re.compile(
    r"(?:\s*\(@(?P<owner>[^()]*)\))?(?:, due (?P<due>\d{4}-\d{2}-\d{2}))?"
    rf"(?:, (?P<link>{_LINK})|\s*\[(?:(?P<issue>{_LINK})|no issue yet)\])?(?P<done>, done)?$"
)
NUMBERED = re.compile(r"\s*\d{1,3}\. (\S.*)")
CATEGORIES = ("detect", "respond", "contain", "prevent", "eliminate")
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the timeline as it came back. ``at`` None: without a time; ``note``: its footnote, 0 for none: then it is new."""

    at: datetime | None
    clock: str
    text: str
    note: int
    below: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """An action as it came back; ``label`` is "" in the debrief and for a new one, ``note`` its footnote."""

    place: str  # the heading it stands under
    label: str
    text: str
    note: int
    owner: str = ""
    due: str = ""
    link: str = ""
    done: bool = False
    whole: str = ""  # as it was written


@dataclass(slots=True)
class Returned:
    """``sources``: footnote -> Message-ID (or where it is); ``zone``: of its times, "" for one that is not known."""

    rows: list[Row] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    sources: dict[int, str] = field(default_factory=dict)
    timeline: bool = False  # its heading was there
    actions: bool = False  # the same
    debrief: bool = False
    zone: str = "UTC"
    date: str = ""
    title: str = ""


def read(text: str) -> Returned:
    """Never raises."""
    found = Returned()
    place, day, clock = "", "", ""
    here: list[str] = []  # the lines below a time of the debrief

    def close() -> None:
        _below(found, here, day, clock)
        here.clear()

    lines = _joined(COMMENT.sub("", text[:MOST]).split("\n")[:LINES])
    for n, line in enumerate(lines):
        if source := SOURCE.match(line):
            found.sources[int(source[1])] = source[2].strip(" `<>")
            continue
        if title := TITLE.fullmatch(line):
            day = found.date = title[1]
            found.title = " ".join([title[2], *_until_blank(lines, n + 1)])
        elif front := FRONT.fullmatch(line):
            found.title = re.sub(r'\\(["\\])', r"\1", front[1])
        heading = HEADING.fullmatch(line)
        if heading and place == "timeline" and (clocked := CLOCKED.fullmatch(heading[1].strip())):
            close()
            found.debrief = True
            day, clock = clocked["day"] or day, f"{clocked['about'] or ''}{clocked['clock'] or ''}"
        elif heading:
            close()
            place, clock = re.sub(r" \(if relevant\)$", "", heading[1].strip().casefold()), ""
            found.timeline = found.timeline or place == "timeline"
            found.actions = found.actions or place == "action items"
            found.debrief = found.debrief or place == "what went wrong"
        elif place == "timeline" and (zone := TIMES_IN.fullmatch(line)):
            known = read_zone(zone[1])
            found.zone = zone[1] if known is not None and (zone[1] == "UTC" or isinstance(known.info, ZoneInfo)) else ""
        elif place == "timeline" and found.debrief:
            here.append(line)
        elif place == "timeline" and (dated := DAY.fullmatch(line)):
            day = dated[1]
        elif place == "timeline" and (row := ROW.fullmatch(line)):
            found.rows.append(_row(row["text"], f"{row['about'] or ''}{row['clock'] or ''}", day, UTC))
        elif found.actions and (task := NUMBERED.fullmatch(line) or ROW.fullmatch(line)) and len(found.tasks) < 100:
            words = task["text"] if task.re is ROW and not task["clock"] else line.strip(" *-")
            found.tasks.append(_task(task[1] if task.re is NUMBERED else words, place))
    close()
    return found


def _until_blank(lines: Sequence[str], first: int) -> list[str]:
    """A heading that a mail program wrapped goes on below."""
    end = next((n for n in range(first, len(lines)) if not lines[n].strip() or lines[n].lstrip()[:1] in "#*-[<"), first)
    return [line.strip() for line in lines[first : min(end, first + 4)] if not line.startswith("Incident Commander:")]


def _below(found: Returned, lines: Sequence[str], day: str, clock: str) -> None:
    """The lines of one time of the debrief: a paragraph with a footnote is an entry, what goes on without one its body."""
    pieces, code = list[list[str]](), False
    for line in lines:
        fence = line.lstrip().startswith("```")
        if not code and (fence or not line.strip() or not pieces):
            pieces.append([])
        if line.strip() or code:
            pieces[-1].append(line.rstrip())
        code ^= fence
        if fence and not code:
            pieces.append([])
    place = ZoneInfo(found.zone) if found.zone not in ("", "UTC") else UTC
    rows: list[Row] = []
    for piece in filter(None, pieces):
        coded = piece[0].lstrip().startswith("```")
        text = "\n".join(piece) if coded else " ".join(line.strip() for line in piece)
        if rows and rows[-1].note and (coded or not NOTE.search(text)):
            rows[-1] = replace(rows[-1], below=f"{rows[-1].below}\n\n{text}".strip())
        else:
            rows.append(_row(text, clock, day, place))
    found.rows += rows


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


def _row(words: str, clock: str, day: str, place: tzinfo) -> Row:
    note = NOTE.search(words)
    bare = clock.lstrip("~").zfill(5) if clock else ""
    try:
        at = datetime.fromisoformat(f"{day} {bare}").replace(tzinfo=place).astimezone(UTC) if bare else None
    except (ValueError, OverflowError):
        at = None
    about = "~" if clock.startswith("~") else ""
    return Row(at, about + bare, OURS.sub("", FOOTNOTE.sub("", words)).strip(), int(note[1]) if note else 0)


def _task(words: str, place: str) -> Task:
    note = NOTE.search(words)
    bare = FOOTNOTE.sub("", words).strip()
    label = LABEL.fullmatch(bare)
    text = label["text"] if label else bare
    tail = TAIL.search(text)
    if tail is None or not (label or note):  # a new one is read as ACTION reads it
        return Task(place, label["label"] if label else "", text, int(note[1]) if note else 0, whole=bare)
    return Task(
        place,
        label["label"] if label else "",
        text[: tail.start()].strip(),
        int(note[1]) if note else 0,
        tail["owner"] or "",
        tail["due"] or "",
        tail["link"] or tail["issue"] or "",
        bool(tail["done"]),
        bare,
    )


@dataclass(frozen=True, slots=True)
class Printed:
    """A line as the report prints it; ``label`` is its entry's, ``before``: what it said before it was corrected."""

    label: str
    clock: str
    text: str
    message_id: str
    before: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()  # what stood below it, now and then
    place: tzinfo = UTC  # of its clock

    @property
    def marks(self) -> set[tuple[str, str]]:
        """All that it ever was: a stale draft may still have that."""
        found = {(self.clock.lstrip("~"), _words(self.text))}
        for words in self.before:
            if was := WAS.search(words):
                at = datetime.fromisoformat(was["at"]).replace(tzinfo=UTC).astimezone(self.place)
                found.add((f"{at:%H:%M}", _words(words.replace(was[0], ""))))
        return found


@dataclass(frozen=True, slots=True)
class Correction:
    """``label`` "": a new line; ``row`` None: taken out."""

    label: str
    row: Row | None


def corrections(printed: Sequence[Printed], out: Sequence[Printed], returned: Returned) -> Iterator[Correction]:
    """``printed``: the lines of the report; ``out``: those that are out of it, which a stale draft may still have."""
    if not returned.timeline:
        return
    marks = [(p, p.marks) for p in printed]
    first = {mark: p for p, each in reversed(marks) for mark in each}
    known = first.keys() | {mark for p in out for mark in p.marks}
    back = {(r.clock.lstrip("~"), _words(r.text)) for r in returned.rows}
    missing = [p for p, each in marks if not each & back]
    for row in returned.rows:
        mark = (row.clock.lstrip("~"), _words(row.text))
        if mark in known:
            same = first.get(mark)
            if returned.debrief and same is not None and key(row.below) not in {key(body) for body in same.bodies}:
                yield Correction(same.label, row)
            continue
        was = _same(row, missing, returned)
        if was is not None:
            missing.remove(was)
            yield Correction(was.label, row)
        else:  # also one with a footnote that is no line of ours any more: never lost without a word
            yield Correction("", row)
    listed = set(returned.sources.values())
    yield from (Correction(p.label, None) for p in missing if any(p.message_id in source for source in listed))


def _same(row: Row, missing: Sequence[Printed], returned: Returned) -> Printed | None:
    """The line that this one was before somebody edited it: of the same message, with the most in common."""
    source = returned.sources.get(row.note, "")
    near = [p for p in missing if row.note and (not source or p.message_id in source)]

    def likeness(p: Printed) -> float:
        same = SequenceMatcher(None, _words(p.text)[:500], _words(row.text)[:500], autojunk=False).ratio()
        return same + (0.5 if p.clock.lstrip("~") == row.clock.lstrip("~") else 0.0)

    best = max(near, key=likeness, default=None)
    return best if best is not None and (len(near) == 1 or likeness(best) >= ALIKE - 0.1) else None


def alike(one: str, other: str) -> bool:
    """Is one the other, reworded?"""
    return SequenceMatcher(None, _words(one)[:500], _words(other)[:500], autojunk=False).ratio() >= ALIKE


def _words(text: str) -> str:
    return key(OURS.sub("", text)).casefold().rstrip(".")
