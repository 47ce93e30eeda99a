"""The draft that comes back edited counts like a keyword: it has a receipt, and UNDO takes it back.

It is no word that people write, so it stands in no table: ``commands`` makes it of what a message carries.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailbot.core import draft
from mailbot.core.commands.scan import NearMiss, read_commands
from mailbot.core.commands.sections import SECTIONS
from mailbot.core.commands.unit import Command, Given, Keyword, alone
from mailbot.core.edits import Edits, merge
from mailbot.core.incident import Act, Incident, Note, Refused
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
    return _sentence(edits)


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
