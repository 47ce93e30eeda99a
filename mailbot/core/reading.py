"""What one message says: its commands, its events with their times, and what was only nearly a command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core import draft
from mailbot.core.commands import Command, NearMiss
from mailbot.core.commands.edited import KEYWORD as EDITED
from mailbot.core.commands.edited import commands as commands_in
from mailbot.core.commands.headings import returned
from mailbot.core.doubts import Doubt, Stated, Told
from mailbot.core.links import chat_links
from mailbot.core.lint import look
from mailbot.core.message import Message
from mailbot.core.reply import Part, own_spans
from mailbot.core.subject import read_subject
from mailbot.core.times import Context, Mention, read_times


@dataclass(frozen=True, slots=True)
class Reading:
    own: tuple[tuple[int, int], ...]
    mentions: tuple[Mention, ...]
    commands: tuple[Command, ...]
    near: tuple[NearMiss, ...]
    problems: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()  # what the lint says of this message alone
    stated: tuple[Stated, ...] = ()
    links: tuple[str, ...] = ()  # to the chat


LINES, CHARS = 10_000, 500_000  # of own text are read for commands and times: 2 MB of short lines took ten seconds
NOTHING = Reading((), (), (), (), ())


def read(message: Message, parts: Sequence[Part], context: Context) -> Reading:
    """Commands first; a line read as a command is not read again for times (language.md 3.1)."""
    own, cut = within_limits(message.text, own_spans(tuple(parts)))
    commands, near = commands_in(message, parts, own, context, subject_status(message.subject))
    drafts = [covered(message.text, c) for c in commands if c.keyword is EDITED]
    said = without(own, sorted([returned(message.text), *drafts]))  # what the sender wrote, and not we
    free = without(said, sorted(covered(message.text, c) for c in commands if c.line))
    mentions, problems = read_times(message.text, free, context)
    told = [Told(c.line, (c.when,), placed=False) for c in commands if c.when is not None and not c.problem]
    doubts, stated = look(message.text, said, context, mentions, told)
    problems += (f"own text over {LINES} lines or {CHARS} characters: the rest was not read",) if cut else ()
    return Reading(own, mentions, commands, near, problems, doubts, stated, chat_links(message.text, own))


#: A draft of ours, not a report that somebody wrote under the same headings.
_OURS = re.compile(rf"{draft.MARK.pattern}|{draft.OPENING.pattern}|Not recorded\.|_All times in UTC\._|\[\^\d{{1,4}}\]")
_ALONE = re.compile(r"[ \t]*(?:#\w+[ \t:,]+)?\w+[ \t:]*", re.I)
#: A line of a list, a row of a table, or one that a time leads.
_ENTRY = re.compile(r"\n(?=[ \t]*(?:[-*+|\u2022]|\d{1,3}[.)][ \t]|[\[(]?(?:20\d\d-\d\d-\d\d|\d{1,2}[:.h]\d\d)))")


def covered(text: str, command: Command) -> tuple[int, int]:
    """The span that is the command's alone, and not read for times.

    A section's text is its own as far as it stands on the keyword's line and goes on as prose; a keyword alone on its line is a
    heading, and covers only that. Entries of a list are events wherever they stand, and so are the times of a report that is
    not ours.
    """
    start, end = command.start, command.end
    if command.keyword is EDITED:
        return (start, end) if _OURS.search(text, start, end) else (start, start)
    if command.keyword.block:
        line_end = min(end, text.find("\n", start) if "\n" in text[start:end] else end)
        if _ALONE.fullmatch(text, start, line_end):
            return start, line_end
        entry = _ENTRY.search(text, start, end)
        end = entry.start() if entry is not None else end
    return start, end


def within_limits(text: str, own: Sequence[tuple[int, int]]) -> tuple[tuple[tuple[int, int], ...], bool]:
    """The spans up to the limits of what is read, and whether anything was cut."""
    kept: list[tuple[int, int]] = []
    lines, chars = LINES, CHARS
    for start, end in own:
        stop = at = min(end, start + chars)
        if text.count("\n", start, stop) > lines:
            at = start
            for _ in range(lines):
                at = text.index("\n", at, stop) + 1
        kept.append((start, at))
        if at < end:
            return tuple(kept), True
        lines, chars = lines - text.count("\n", start, at), chars - (at - start)
    return tuple(kept), False


def subject_status(subject: str) -> str:
    """The keyword that a subject carries: "[RESOLVED] Registry down". Not "Resolved: what to do now", and not "Re: [RESOLVED] …",
    under which people only say thanks (L21)."""
    status = read_subject(subject).status
    at = subject.upper().find(f"[{status}]")
    return status if status and at >= 0 and not read_subject(subject[:at] + "x").reply else ""


def without(spans: Sequence[tuple[int, int]], holes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """``spans`` with ``holes`` cut out; both in order, holes may overlap."""
    left: list[tuple[int, int]] = []
    for start, end in spans:
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end or hole_start == hole_end:
                continue
            if hole_start > start:
                left.append((start, hole_start))
            start = max(start, min(hole_end, end))
        if start < end:
            left.append((start, end))
    return left
