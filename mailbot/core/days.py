"""The calendar: which date the words of a date mean, seen from the day of the mail, and which instant a clock is on it.

The law it keeps: what is written is never changed; only a missing year, month or day is taken from the mail's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mailbot.core.found import Clock, Day


def resolve(day: Day, mail: date, swap: bool = False, told: date | None = None) -> date | None:
    """The date that ``day`` means, seen from ``mail``; None where there is none (31 February, year 1).

    ``told``: the day that the text tells of, for "the next day"; where nothing says it, the mail is of that next day.
    """
    try:
        if day.told and day.delta is not None:
            return told + timedelta(days=day.delta) if told is not None else mail + timedelta(days=min(day.delta, 0))
        if day.delta is not None:
            return mail + timedelta(days=day.delta)
        if day.month is not None and day.day is not None:
            month, number = (day.day, day.month) if swap else (day.month, day.day)
            if day.year is not None:
                return date(day.year, month, number) if day.year >= 1970 else None
            this = date(mail.year, month, number) if not (month == 2 and number == 29) else _leap(mail.year)
            if this > mail + timedelta(days=45):
                return this.replace(year=mail.year - 1)
            if this < mail - timedelta(days=330):
                return this.replace(year=mail.year + 1)
            return this
        if day.day is not None:
            return _nearest(day, mail)
        if day.weekday is not None:
            return mail - timedelta(days=(mail.weekday() - day.weekday) % 7)
    except (ValueError, OverflowError):
        return None
    return None


def _leap(year: int) -> date:
    while year % 4 or (year % 100 == 0 and year % 400):
        year -= 1
    return date(year, 2, 29)


def _nearest(day: Day, mail: date) -> date | None:
    """The 14th, Monday the 14th: the nearest such day, back first."""
    for back in range(62):
        for candidate in (mail - timedelta(days=back), mail + timedelta(days=back)):
            if (
                candidate.day == day.day
                and (day.weekday is None or candidate.weekday() == day.weekday)
                and (back <= 7 or candidate <= mail)
            ):
                return candidate
    return None


def at(day: date, clock: Clock, info: tzinfo) -> datetime | None:
    """The instant of ``clock`` on ``day`` in ``info``, UTC; None beyond the calendar. 24:00 is midnight at the day's end."""
    try:
        local = datetime.combine(day, time(0), info) + timedelta(minutes=clock.minutes, seconds=clock.seconds)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
