"""The draft that comes back edited counts like a keyword: it has a receipt, and UNDO takes it back.

It is no word that people write, so it stands in no table: ``commands`` makes it of what a message carries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailbot.core import draft, lines
from mailbot.core.commands.scan import NearMiss, read_commands
from mailbot.core.commands.sections import SECTIONS
from mailbot.core.commands.unit import KEYWORDS, Command, Given, Keyword, alone
from mailbot.core.draft import key, unescaped
from mailbot.core.edits import Edits, merge
from mailbot.core.entries import parted
from mailbot.core.incident import Act, Action, Entry, Incident, Note, Refused
from mailbot.core.message import Message
from mailbot.core.reply import Part
from mailbot.core.times import Context
from mailbot.core.wrongs import number

if TYPE_CHECKING:
    from mailbot.core.report import Report

TITLES = {name: row[0] for name, row in SECTIONS.items()}
POLICIES = ("names", "roles", "initials")
UNREAD = (
    "The timeline and the actions: I do not read them in a quotation. "
    "Write FIX, LOG or ACTION, or send the draft unquoted."
)
AGAIN = "Which is right? REPORT mails you the draft as it is now; send that back with the right words."


def effect(incident: Incident, act: Act) -> str:
    """The receipt's sentence, "" where nothing in it was edited."""
    quoted = act.command.given.note == "quoted"
    returned = draft.read(act.text, quoted=quoted)
    if returned.incident and returned.incident not in (incident.id, *incident.aliases):
        if quoted:
            return ""
        raise Refused(
            f"That is the draft of {returned.incident}, and this is {incident.id}. Send it in its own thread."
        )
    base = () if returned.mark == draft.mark(()) else incident.versions.get(returned.mark)

    def write(section: str, text: str, was: tuple[str, ...]) -> Note:
        return Note(section, text, act.who, act.said.message_id, act.at, was)

    edits = merge(base, incident.notes, returned, TITLES, write)
    incident.notes[:] = edits.notes
    number(incident)
    incident.removed += [(note, f"taken out by {act.who}") for note in edits.removed]
    if not quoted:
        back = lines.read(act.text)
        edits.done += [
            *_title(incident, back),
            *_timeline(incident, act, back, edits.asked),
            *_actions(incident, act, back),
        ]
    ours = quoted and returned.mark in incident.versions  # else it may be the draft of another incident
    unread = ours and all(_differs(incident, act, text) for text in (act.text, draft.marked(act.text)))
    return _sentence(edits, UNREAD if unread else "")


def _differs(incident: Incident, act: Act, text: str) -> bool:
    """Has a quoted draft lines of the timeline or actions that ours has not? Without its list of sources a line that is
    missing is none that was taken out: people cut quotations."""
    trial, back, asked = incident.trial(), lines.read(text), list[str]()
    back.sources.clear()
    return any(_timeline(trial, act, back, asked)) or any(_actions(trial, act, back)) or bool(asked)  # one is enough


def _title(incident: Incident, back: lines.Returned) -> Iterator[str]:
    """An edited title is one; that of a stale draft and that of a published page are none."""
    from mailbot.core.report import report

    known = {key(title) for title in incident.titles}
    if not back.title or key(back.title) in known or "(held back: " in back.title:
        return
    shown = (report(incident, names=names, public=True).title for names in POLICIES)
    if key(back.title) not in map(key, shown):
        incident.rename(unescaped(back.title))
        yield f'title changed to "{incident.title}"'


def _timeline(incident: Incident, act: Act, back: lines.Returned, asked: list[str]) -> Iterator[str]:
    """Lines of the timeline that were corrected, added or taken out, as FIX, LOG and DROP would."""
    from mailbot.core.report import report  # late: it prints what keywords made

    if not back.zone:
        asked.append(
            "The timeline: I do not know its time zone, and read nothing of it. Write FIX, LOG or DROP instead."
        )
        return
    view = report(incident, zone=back.zone)
    place = ZoneInfo(back.zone) if back.zone != "UTC" else UTC
    ids = {s.number: s.message_id for s in view.sources}
    entries = {e.label: e for e in incident.entries}

    def printed(entry: Entry, clock: str, text: str, source: str) -> lines.Printed:
        split = [parted(words) for words in entry.was]
        bodies = (parted(entry.what)[1], *(below for _, below in split))
        return lines.Printed(entry.label, clock, text, source, tuple(line for line, _ in split), bodies, place)

    shown = [printed(entries[n.label], n.clock, n.text, ids[n.source]) for n in view.lines]
    labels = {p.label for p in shown}
    out = [
        printed(e, f"{e.utc.astimezone(place):%H:%M}", parted(e.what)[0], "")
        for e in incident.entries
        if e.label not in labels
    ]
    if back.debrief:
        back.rows = _without_detection(incident, back.rows, asked)
    for correction in lines.corrections(shown, out, back):
        row, label = correction.row, correction.label
        if row is None:
            incident.change_entry(entries[label], dropped=f"dropped by {act.who}")
            yield f"{label} taken out of the timeline"
        elif not label and row.at is None:
            asked.append(
                f'The timeline: "{row.text[:60]}" has no time. Write LOG and the time, or send the line with one.'
            )
        elif not label:
            added = incident.enter(act, "\n\n".join(filter(None, (row.text, row.below))))
            incident.change_entry(added, utc=row.at or added.utc)
            yield f"{added.label} added to the timeline ({row.clock} {row.text[:40]})"
        else:
            _fix(incident, entries[label], row, row.below if back.debrief else parted(entries[label].what)[1])
            yield f"{label} corrected"


def _without_detection(incident: Incident, rows: Sequence[lines.Row], asked: list[str]) -> list[lines.Row]:
    """The debrief prints how it was noticed below its first time: that is a section, and no line."""
    kept, notes = [], incident.section("DETECTION")
    for row in rows:
        if any(key(words) == key(row.text) for n in notes for words in (n.text, *n.was)):
            continue
        ids = {n.message_id for n in notes if lines.alike(n.text, row.text)}
        if row.note and ids:
            asked.append("Detection: I did not read what you changed there. Write DETECTION: and the text.")
        else:
            kept.append(row)
    return kept


def _fix(incident: Incident, entry: Entry, row: lines.Row, below: str) -> None:
    at = row.at or entry.utc
    moved = f"{at:%Y-%m-%d %H:%M}" != f"{entry.utc:%Y-%m-%d %H:%M}" or entry.about != row.clock.startswith("~")
    changes: dict[str, object] = {
        "was": (*entry.was, f"{entry.utc:%Y-%m-%d %H:%M} UTC - {entry.what}"),
        "what": "\n\n".join(filter(None, (row.text, below))),
    }
    if moved:
        changes |= {"utc": at, "until": None}
        if entry.when is not None:
            changes["when"] = replace(entry.when, utc=at, about=row.clock.startswith("~"), sure=True)
        if entry.kind == "resolved" and entry.utc == incident.resolved:
            incident.resolved = at
    incident.change_entry(entry, **changes)


def _actions(incident: Incident, act: Act, back: lines.Returned) -> Iterator[str]:
    """Actions that were reworded, put under another heading, linked, or added below one."""
    from mailbot.core.report import report

    view = report(incident)
    listed = set(back.sources.values())
    open_ = [a for a in incident.actions if a.state not in ("declined", "undone")]
    missing = {a.label: a for a in open_ if any(a.message_id in source for source in listed)}
    by_text = {key(a.text): a for a in incident.actions}
    for task in back.tasks:
        near = [a for a in missing.values() if task.note and a.message_id in back.sources.get(task.note, a.message_id)]
        old = next((a for a in incident.actions if a.label == task.label), None) or by_text.get(key(task.text))
        old = old or next((a for a in near if lines.alike(a.text, task.text) or len(near) == 1), None)
        if old is not None:
            missing.pop(old.label, None)
            if _change(incident, old, task, view, debrief=back.debrief):
                yield f"{old.label} changed"
        elif task.whole:
            category = task.place.partition(" ")[0] if task.place != "action items" else ""
            given = Given(text=f"{category} {task.whole}".strip())
            new = Act(replace(act.command, keyword=KEYWORDS["ACTION"], given=given), act.said)
            KEYWORDS["ACTION"].effect(incident, new)
            yield f"{incident.actions[-1].label} noted"
    for label in missing if back.actions else ():
        yield f"{label} is not in your draft and stays (DECLINED {label} lets it go)"


def _change(incident: Incident, old: Action, task: lines.Task, view: Report, *, debrief: bool) -> bool:
    """Takes over what the edited line says of an action; whether that was anything new."""
    changes: dict[str, object] = {}
    if task.text and key(task.text) != key(old.text):
        changes["text"] = unescaped(task.text)
    category = task.place.partition(" ")[0]
    stands = next((h for h, tasks in view.groups if any(a.label == old.label for a in tasks)), "")
    if (task.place != stands.casefold()) if debrief else (category in lines.CATEGORIES and category != old.category):
        changes["category"] = category
    if task.due and task.due != old.due:
        changes["due"] = task.due
    if task.link and task.link != old.link:
        changes["link"] = task.link
    if task.done and old.state == "proposed":
        changes["state"] = "done"
    if task.owner and task.owner not in (old.owner, *(replace(view, names=n).owner(old) for n in POLICIES)):
        changes["owner"] = task.owner
    if changes:
        incident.change_action(old, **changes)
    return bool(changes)


def _sentence(edits: Edits, unread: str) -> str:
    done = f"merged: {', '.join(edits.done)}." if edits.done else ""
    asked = "\n".join([*edits.asked, *([AGAIN] if edits.asked else []), *([unread] if unread else [])])
    if asked and not done:
        raise Refused(asked)
    return "\n".join(s for s in (done, f"Not merged: {asked}" if asked else "") if s)


KEYWORD = Keyword(
    words=("the edited draft",),
    usage="",
    meaning="a draft report that comes back edited",
    example="",
    inverse="UNDO",
    shape=alone,
    tell="sender",
    mails="",
    block=False,
    enters=False,
    needs=False,
    effect=effect,
)


def commands(
    message: Message, parts: Sequence[Part], own: Sequence[tuple[int, int]], context: Context, status: str
) -> tuple[tuple[Command, ...], tuple[NearMiss, ...]]:
    """The keywords in a message's own text, and the draft that came back in it or beside it. A draft's text holds no keywords,
    or our own words would be obeyed (L5)."""
    text = message.text
    beside = next((t for t in message.reports if draft.find(t, ()) is not None), "")
    keywords, near = read_commands(text, own, context, status)
    found = None if beside else draft.find(text, parts, {c.start for c in keywords if c.line})
    if found is not None and not found.quoted:
        keywords, near = read_commands(text, _outside(own, found.start, found.end), context, status)
    if beside:
        return (*keywords, Command(KEYWORD, "the draft that you attached", 0, 0, 0, Given(text=beside))), near
    if found is None:
        return keywords, near
    line = text.count("\n", 0, found.start) + 1
    if not found.quoted:
        sent = Command(KEYWORD, "the draft that you sent back", line, found.start, found.end, Given(text=found.text))
        return (*keywords, sent), near
    words = _blanked(found.text, [(c.start - found.start, c.end - found.start) for c in keywords if c.line])
    given = Given(text=words, note="quoted")
    return (
        *keywords,
        Command(KEYWORD, "what you wrote into the quoted draft", line, found.start, found.start, given),
    ), near


def _outside(own: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    halves = [half for a, b in own for half in ((a, min(b, start)), (max(a, end), b))]
    return [(a, b) for a, b in halves if a < b]


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with the spans as blank lines: a keyword between quoted lines is no paragraph of the draft."""
    for start, end in spans:
        if 0 <= start < end <= len(text):
            text = text[:start] + "".join("\n" if c == "\n" else " " for c in text[start:end]) + text[end:]
    return text
