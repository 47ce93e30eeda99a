"""When to remind and how much mail is too much, and the values that ``due`` gives. The defaults are those of language.md 4."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbot.core.incident import Ask

LATE = timedelta(days=3)  # an answer that could not go out for so long is of no use to anybody
PRIORITY = {
    "ack": 0,
    "brief": 0,
    "draft": 0,
    "published": 1,
    "receipt": 1,
    "answer": 1,
    "digest": 1,
}  # all others are reminders, and come last


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations count from the same beginning where there are several."""

    update_outage: timedelta = timedelta(minutes=60)
    update_other: timedelta = timedelta(hours=4)
    update_tries: int = 3
    no_commander: tuple[timedelta, ...] = (timedelta(minutes=15), timedelta(hours=2))
    offer_after: timedelta = timedelta(hours=3)  # in command
    offer_hour: int = 22  # where the commander is
    still_open: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(days=3), timedelta(days=7))
    question: tuple[timedelta, ...] = (timedelta(days=1), timedelta(days=5), timedelta(days=9))
    report: tuple[timedelta, ...] = (timedelta(days=3), timedelta(days=7), timedelta(days=14))
    publish: timedelta = timedelta(days=30)  # "publish as it is?"
    unreviewed: timedelta = timedelta(days=14)  # of silence after that question
    action_link: timedelta = timedelta(days=2)  # without a tracker's issue for so long
    action_late: tuple[timedelta, ...] = (timedelta(days=14), timedelta(days=30))  # after the due day, which counts too
    anniversary: bool = True
    night: tuple[int, int] = (22, 8)  # hours in which nobody gets a reminder of their own; equal: no night
    digest_every: str = "week"  # week, day, never
    digest_day: int = 0  # Monday
    digest_hour: int = 8
    zone: str = "UTC"
    tell: tuple[str, ...] = ()  # who is told beside the list when a report is out (B19)
    incident_day: int = 6  # mails to the list about one incident in a day
    list_hour: int = 60  # mails to the list in an hour
    sender_day: int = 20  # answers to one sender in a day, receipts likewise, and reminders to one person likewise


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail that should go out. ``keys`` say what it is, for ever: a notice is written once (language.md 4, law 3)."""

    kind: str
    keys: tuple[str, ...]
    incident: str  # id, "" for a digest
    to_list: bool
    to: tuple[str, ...]  # addresses beside the list
    asks: tuple[Ask, ...] = ()
    nth: int = 1  # which reminder of its row
    about: tuple[str, ...] = ()  # labels of actions, the section of a question
    private: bool = False  # nothing of it may reach the list, answers to it neither

    @property
    def own(self) -> bool:
        """Sent of mailbot's own accord (its bounces must come back), not as an answer."""
        return self.kind not in ("receipt", "answer")


@dataclass(frozen=True, slots=True)
class Due:
    notices: tuple[Notice, ...]
    next_at: datetime | None  # when to look again, if no mail comes before
