"""Budgets of outgoing mail (language.md 4, law 2): what is above them waits and is joined.

The law: none is ever passed, by nothing. So that ack, brief and draft still find room, the others leave some of it free:
receipts and the digest a sixth, reminders a third.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailbot.core.due.policy import PRIORITY, Notice, Policy

KEPT_FREE = {0: 0, 1: 6}  # priority -> one part in so many; 0: nothing
FREE_OF_REMINDERS = 3
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Posted:
    """One mail of ours that counts against the budgets. ``to``: who got it, where it did not go to the list; ``kind``: what
    its first key says."""

    at: datetime
    incident: str
    to_list: bool
    to: tuple[str, ...]
    kind: str = ""


def within(notice: Notice, posted: Iterable[Posted], now: datetime, policy: Policy) -> datetime | None:
    """None where the notice may go out now; else when to try again."""
    recent = [p for p in posted if p.at > now - DAY]
    full: list[datetime] = []

    def check(times: list[datetime], most: int, period: timedelta) -> None:
        if len(times) >= most:
            full.append(sorted(times)[len(times) - most] + period)

    if notice.to_list:
        listed = [p for p in recent if p.to_list]
        check([p.at for p in listed if p.at > now - HOUR], _share(notice, policy.list_hour), HOUR)
        if notice.incident:
            own = [p.at for p in listed if p.incident == notice.incident]
            check(own, _share(notice, policy.incident_day), DAY)
    else:
        for address in notice.to:
            same = [p.at for p in recent if not p.to_list and address in p.to and _purse(p.kind) == _purse(notice.kind)]
            check(same, policy.sender_day, DAY)
    return max(full, default=None)


def _share(notice: Notice, budget: int) -> int:
    """How much of a budget this notice may see used: the urgent all of it."""
    part = KEPT_FREE.get(PRIORITY.get(notice.kind, 2), FREE_OF_REMINDERS)
    return budget - budget // part if part else budget


def _purse(kind: str) -> str:
    """Answers, receipts and what we send one person of our own accord have a budget each."""
    return kind if kind in ("answer", "receipt") else "own"


def joined(notices: Iterable[Notice]) -> list[Notice]:
    """Receipts of one incident to the same readers become one mail, the list's a part of the draft where one goes out.

    Of the same question of the same person the latest is answered; WHY is about its own message.
    """
    merged: dict[tuple[object, ...], Notice] = {}
    for n, notice in enumerate(notices):
        same: tuple[object, ...] = (n,)
        if notice.kind == "receipt":
            same = ("receipt", notice.to_list, notice.to)
        elif notice.kind == "draft":
            same = ("draft",)
        elif notice.kind == "answer" and notice.asks and notice.asks[0].words != "WHY":
            same = ("answer", notice.to, notice.asks[0].words)
        merged[same] = _with(merged[same], notice) if same in merged else notice
    public = next((key for key, n in merged.items() if n.kind == "receipt" and n.to_list), None)
    if ("draft",) in merged and public is not None:
        merged["draft",] = _with(merged.pop(public), merged["draft",])
    return list(merged.values())


def _with(before: Notice, after: Notice) -> Notice:
    """Both in one, in the order in which their messages came; the later one's kind."""
    asks = tuple(sorted(before.asks + after.asks, key=lambda a: a.at))
    if after.kind == "answer":
        asks = asks[-1:]
    return replace(after, keys=before.keys + after.keys, asks=asks)
