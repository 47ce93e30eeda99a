"""What is handed down the page: a time in its place, and what is known beside the text.

The law it keeps: a doubt makes a time unsure and says why; what is known is the message's alone (language.md 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from mailbot.core.expressions import Expression
from mailbot.core.page import Line
from mailbot.core.zones import fixed, iana, offset_name, read_offset

# Doubts of a day: what has its day from such a one is as unsure
SWAPPED = "month and day could be the other way round"
WEEKDAY = "the weekday is not that date's"
BEFORE = "the day before the mail, by the order"
COUNTED = "the day is counted from another of the text"
DAY_DOUBTS = (SWAPPED, WEEKDAY, BEFORE, COUNTED)


@dataclass(slots=True)
class Place:
    """Where an expression stands and what it became."""

    e: Expression
    line: Line
    lead: bool  # its line begins with it: a list entry, a table row, a chat line, a heading
    utc: datetime | None = None
    date_from: str = "mail"
    zone_from: str = "mail"
    zone: str = ""
    info: tzinfo = UTC
    sure: bool = True
    doubts: list[str] = field(default_factory=list)
    dropped: str = ""  # why it is no event
    column: int = 0  # of a table, from 1
    plans: bool = False  # its paragraph speaks of what is to come
    until: bool = False  # "until", "by" stands in front of it
    ended: bool = False  # its sentence tells of an end

    def doubt(self, why: str) -> None:
        self.sure = False
        if why not in self.doubts:
            self.doubts.append(why)


@dataclass(slots=True)
class Known:
    """What the ladders fall back on."""

    mail: datetime  # the Date header, aware
    offset_known: bool
    sender_zone: str
    list_zone: str

    minutes: int | None = field(init=False)  # of the mail's offset, None where it says nothing

    def __post_init__(self) -> None:
        offset = self.mail.utcoffset() if self.offset_known else None
        self.minutes = None if offset is None else round(offset.total_seconds() / 60)

    def fallback(self) -> tuple[str, tzinfo, str]:
        """(zone as used, its tzinfo, which rung) for times that say nothing and of which nothing is said."""
        for words, rung in ((self.sender_zone, "sender"), ("", "mail"), (self.list_zone, "list")):
            if rung == "mail" and self.minutes is not None:
                offset = fixed(self.minutes)
                return offset_name(offset, self.mail), offset, "mail"
            info = (iana(words) or read_offset(words)) if words else None
            if info is not None:
                return words, info, rung
        return "UTC", UTC, "utc"
