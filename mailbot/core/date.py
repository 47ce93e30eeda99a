"""The Date header -> an aware datetime with the sender's offset. Lenient (lessons L33 to L35), linear, never raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

# RFC 5322 4.3, and what is seen beside it and means one thing only. BST, IST and the military letters say nothing.
ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan gen ene", "feb fév fev", "mar mär mrt", "apr avr abr", "may mai mei mag maj", "jun juin giu", "jul juil lug",
         "aug aoû ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic des"),
        1,
    )
    for name in names.split()
}  # fmt: skip
_ZONE = r"(?:\s*(?P<zone>[+-]\s?\d{1,2}:?\d{0,2}(?!\d)|[A-Za-z]{1,5}\b(?:[+-]\d{1,4})?))?"
_CLOCK = r"(?P<hour>\d{1,2})\s?[:.]\s?(?P<minute>\d{1,2})"
_CLOCK += r"(?:\s?[:.]\s?(?P<second>\d{1,2}))?(?:[.,]\d{1,9})?\s*(?P<half>[AaPp][Mm]\b)?"
FORMS = tuple(  # (pattern, example)
    (re.compile(pattern), example)
    for pattern, example in (
        (r"^(?:[A-Z][a-z]{2}, )?(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4})"
         r" (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) (?P<zone>[+-]\d{4})(?P<half>)\s*$",
         "Tue, 7 May 2024 10:00:00 +0200"),
        (rf"(?P<day>\d{{1,2}})[\s-]+(?P<month>[^\W\d]{{3,12}})\.?,?[\s-]+(?P<year>\d{{2,9}}),?[\sT]+{_CLOCK}{_ZONE}",
         "7-May-24 10:00 am"),
        (rf"(?P<month>[^\W\d]{{3,12}})\.?\s+(?P<day>\d{{1,2}}),?\s+{_CLOCK}(?:\s+(?P<zone>[A-Z]{{1,5}}|[+-]\d{{4}}))?\s+(?P<year>\d{{4,9}})",
         "Tue May  7 10:00:00 CEST 2024"),
        (rf"(?P<month>[^\W\d]{{3,12}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4,9}}),?(?:\s+at)?\s+{_CLOCK}{_ZONE}",
         "May 7, 2024 10:00 AM"),
        (rf"(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})[\sT]+{_CLOCK}{_ZONE}", "2024-05-07T10:00:00+02:00"),
    )
)  # fmt: skip


def read_date(value: str, problems: list[str]) -> tuple[datetime | None, bool]:
    """The instant with its offset, and whether the offset says anything of the sender (``-0000`` does not)."""
    value = value[:200].strip()
    if "(" in value:
        value = re.sub(r"\([^()]{0,100}\)", " ", value).strip()
    if not value:
        problems.append("no Date")
        return None, False
    for pattern, _ in FORMS:
        match = pattern.search(value)
        if match:
            return _instant(match, value, problems)
    problems.append(f"Date could not be read: {value[:60]!r}")
    return None, False


def _instant(part: re.Match[str], value: str, problems: list[str]) -> tuple[datetime | None, bool]:
    month = part["month"] or ""
    number = int(month) if month.isdigit() else MONTHS.get(month[:4].lower()) or MONTHS.get(month[:3].lower(), 0)
    year, hour = int(part["year"] or 0), int(part["hour"] or 0)
    if year < 100:
        year += 2000 if year < 50 else 1900  # RFC 5322 4.3
    elif year < 1000:
        year += 1900
    if part["half"]:
        hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
    zone, known = _offset(part["zone"] or "")
    try:
        if not 1970 <= year <= 2200:
            raise ValueError
        second = min(int(part["second"] or 0), 59)
        return datetime(year, number, int(part["day"] or 0), hour, int(part["minute"] or 0), second, tzinfo=zone), known
    except ValueError:
        problems.append(f"Date cannot be: {value[:60]!r}")
        return None, False


@lru_cache(maxsize=256)
def _offset(zone: str) -> tuple[timezone, bool]:
    name = zone.replace(" ", "").replace(":", "").upper()
    sign = max(name.find("+"), name.find("-"))
    if sign < 0:
        hours = ZONES.get(name)
        return (UTC, False) if hours is None else (timezone(timedelta(hours=hours)), True)
    digits = name[sign + 1 :].ljust(4, "0") if len(name) - sign > 3 else name[sign + 1 :].zfill(2) + "00"
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    if int(digits[2:4]) > 59 or minutes > 15 * 60:
        return UTC, False
    if name[sign] == "-":
        return timezone(timedelta(minutes=-minutes)), minutes != 0
    return timezone(timedelta(minutes=minutes)), True
