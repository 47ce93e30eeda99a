"""Times as people write them -> instants. FORMATS is a table: a new way to write a time is one row with its example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the text. ``date``: the Date header with the sender's offset (arrival where it has none)."""

    date: datetime
    offset_known: bool = True  # False: Date was -0000 or missing, its offset says nothing of the sender
    sender_zone: str = ""  # what the sender's ZONE command said: IANA name or +hh:mm
    list_zone: str = ""  # the list's zone, "" = UTC
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment in a text: ``text[start:end]`` as written, its instant, and on what that rests (language.md 3.2)."""

    start: int
    end: int
    text: str
    utc: datetime | None  # aware, UTC; None where no instant can be given
    precision: str  # minute, hour, day
    about: bool
    date_from: str  # written, heading, order, mail
    zone_from: str  # written, block, message, sender, mail, list, utc
    zone: str  # as used: "UTC", "+02:00", "Europe/Zurich", "PDT"
    sure: bool
    why: str = ""  # which row of FORMATS read it, and any doubt, for WHY


@dataclass(frozen=True, slots=True)
class Mention:
    """An event in own text: one instant, or two (a range), and what happened, in the writer's words."""

    what: str
    times: tuple[Instant, ...]
    line: int  # 1-based line of the text


def read_times(text: str, own: Sequence[tuple[int, int]], context: Context) -> tuple[tuple[Mention, ...], tuple[str, ...]]:
    """All events in ``own`` spans of ``text`` in order, and problems as sentences (too many times, …)."""
    raise NotImplementedError


def read_when(text: str, context: Context) -> tuple[Instant, int] | None:
    """A time at the very start of ``text`` (a command's argument: "14:05 CEST", "20 min ago", "yesterday 3pm"), and where it ends."""
    raise NotImplementedError
