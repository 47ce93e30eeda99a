"""Digests: by the key of their period, never by a job (L46). Only the latest period that has ended is ever mailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailbot.core.due.policy import Policy


@dataclass(frozen=True, slots=True)
class Period:
    key: str  # "2026-W47", "2026-11-21"
    start: datetime
    end: datetime  # UTC; the digest is due from here on


def period_before(now: datetime, policy: Policy) -> Period | None:
    """The latest period that has ended at ``now``; only that one is ever mailed, so downtime gives one digest, not ten."""
    if policy.digest_every == "never":
        return None
    zone = ZoneInfo(policy.zone)
    local = now.astimezone(zone)
    day = local.date() if local.hour >= policy.digest_hour else local.date() - timedelta(days=1)
    days = 1
    if policy.digest_every == "week":
        day -= timedelta(days=(day.weekday() - policy.digest_day) % 7)
        days = 7

    def at(when: date) -> datetime:
        return datetime(when.year, when.month, when.day, policy.digest_hour, tzinfo=zone)

    last = day - timedelta(days=1)
    year, week, _ = last.isocalendar()
    key = f"{year}-W{week:02d}" if days == 7 else f"{last:%Y-%m-%d}"
    utc = ZoneInfo("UTC")
    return Period(key, at(day - timedelta(days=days)).astimezone(utc), at(day).astimezone(utc))


def digest_due(now: datetime, policy: Policy, written: Mapping[str, object], first: datetime | None) -> Period | None:
    """The digest to write now; None where it was written, or where the list had no mail before its period ended."""
    period = period_before(now, policy)
    if period is None or f"digest:{period.key}" in written or first is None or first >= period.end:
        return None
    return period
