"""The draft that comes back edited counts like a keyword: it has a receipt, and UNDO takes it back.

It is no word that people write, so it stands in no table: ``commands`` makes it of what a message carries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailbot.core import draft, lines
from mailbot.core.commands.scan import NearMiss, read_commands
from mailbot.core.commands.sections import SECTIONS
from mailbot.core.commands.unit import KEYWORDS, Command, Given, Keyword, alone
from mailbot.core.draft import key
from mailbot.core.edits import Edits, merge
from mailbot.core.entries import parted
from mailbot.core.incident import Act, Entry, Incident, Note, Refused
from mailbot.core.message import Message
from mailbot.core.reply import Part
from mailbot.core.times import Context

TITLES = {name: row[0] for name, row in SECTIONS.items()}
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
    incident.removed += [(note, f"taken out by {act.who}") for note in edits.removed]
    if not quoted:
        edits.done += [*_timeline(incident, act), *_actions(incident, act)]
    return _sentence(edits)


def _timeline(incident: Incident, act: Act) -> Iterator[str]:
    """Lines of the timeline that were corrected, added or taken out, as FIX, LOG and DROP would."""
    from mailbot.core.report import report  # late: it prints what keywords made

    view = report(incident)
    ids = {s.number: s.message_id for s in view.sources}
    entries = {e.label: e for e in incident.entries}
    was = {label: tuple(parted(w)[0] for w in e.was) for label, e in entries.items()}
    printed = [lines.Printed(n.label, n.clock, n.text, ids[n.source], was[n.label]) for n in view.lines]
    shown = {p.label for p in printed}
    out = [
        lines.Printed(e.label, f"{e.utc:%H:%M}", parted(e.what)[0], "", was[e.label])
        for e in incident.entries
        if e.label not in shown
    ]
    for correction in lines.corrections(printed, out, lines.read(act.text)):
        row, label = correction.row, correction.label
        if row is None:
            incident.change_entry(entries[label], dropped=f"dropped by {act.who}")
            yield f"{label} taken out of the timeline"
        elif not label:
            added = incident.enter(act, row.text)
            incident.change_entry(added, utc=row.at or added.utc)
            yield f"{added.label} added to the timeline ({row.clock} {row.text[:40]})"
        else:
            _fix(incident, entries[label], row)
            yield f"{label} corrected"


def _fix(incident: Incident, entry: Entry, row: lines.Row) -> None:
    at = row.at or entry.utc
    moved = f"{at:%Y-%m-%d %H:%M}" != f"{entry.utc:%Y-%m-%d %H:%M}" or entry.about != row.clock.startswith("~")
    changes: dict[str, object] = {
        "was": (*entry.was, f"{entry.utc:%Y-%m-%d %H:%M} UTC - {entry.what}"),
        "what": "\n\n".join(filter(None, (row.text, parted(entry.what)[1]))),
    }
    if moved:
        changes |= {"utc": at, "until": None}
        if entry.when is not None:
            changes["when"] = replace(entry.when, utc=at, about=row.clock.startswith("~"), sure=True)
        if entry.kind == "resolved" and entry.utc == incident.resolved:
            incident.resolved = at
    incident.change_entry(entry, **changes)


def _actions(incident: Incident, act: Act) -> Iterator[str]:
    """Actions that were reworded, put under another heading, or added below one."""
    known = {key(a.text) for a in incident.actions}
    for category, label, text in lines.read(act.text).actions:
        if label:
            old = next((a for a in incident.actions if a.label == label), None)
            if old is not None and text and (key(old.text) != key(text) or (category and old.category != category)):
                incident.change_action(old, text=text, category=category or old.category)
                yield f"{label} changed"
        elif key(text) not in known:
            given = Given(text=f"{category} {text}".strip())
            new = Act(replace(act.command, keyword=KEYWORDS["ACTION"], given=given), act.said)
            KEYWORDS["ACTION"].effect(incident, new)
            yield f"{incident.actions[-1].label} noted"


def _sentence(edits: Edits) -> str:
    done = f"merged: {', '.join(edits.done)}." if edits.done else ""
    asked = "\n".join([*edits.asked, AGAIN]) if edits.asked else ""
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
    found = None if beside else draft.find(text, parts)
    if found is None or found.quoted:
        keywords, near = read_commands(text, own, context, status)
    else:
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
