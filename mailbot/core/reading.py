"""What one message says: its commands, its events with their times, and what was only nearly a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailbot.core.commands import Command, NearMiss
from mailbot.core.commands.edited import commands as commands_in
from mailbot.core.commands.headings import returned
from mailbot.core.doubts import Doubt, Stated, Told
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


NOTHING = Reading((), (), (), (), ())


def read(message: Message, parts: Sequence[Part], context: Context) -> Reading:
    """Commands first; a line read as a command is not read again for times (language.md 3.1)."""
    own = own_spans(tuple(parts))
    commands, near = commands_in(message, parts, own, context, subject_status(message.subject))
    free = without(own, sorted([returned(message.text), *((c.start, c.end) for c in commands if c.line)]))
    mentions, problems = read_times(message.text, free, context)
    told = [Told(c.line, (c.when,), placed=False) for c in commands if c.when is not None and not c.problem]
    doubts, stated = look(message.text, own, context, mentions, told)
    return Reading(own, mentions, commands, near, problems, doubts, stated)


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
