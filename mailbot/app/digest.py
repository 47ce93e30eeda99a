"""The digest's contents: rows of how incidents stand -> its sections (language.md 4), what stands in them and how much of it.

The law: nothing is kept for it, so a late digest and one after a rebuild say the same; where no section but numbers and
thanks has anything to say, there is no digest (L45).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from mailbot.core.due import Period
from mailbot.core.report import in_words
from mailbot.store.state import Doc

TELLING = ("open", "reports", "loose", "resolved", "unfiled")  # sections that are worth a mail
BEFORE = timedelta(days=28)  # what the numbers are compared with
WITHOUT = {"asked": [], "held": "", "report": ""}  # what a document of an older mailbot may lack
QUIET_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Number:
    """One line of the numbers; ``before`` the same of the four weeks before, "" where the list is younger than they."""

    name: str
    now: str
    before: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A mail that joined no incident and declared none."""

    at: datetime
    who: str
    subject: str


def sections(docs: Sequence[Doc], period: Period, first: datetime | None) -> dict[str, list[Any]]:
    """``docs``: of all incidents; ``first``: when the list's first live mail came. Unfiled mail and thanks come beside."""
    end = period.end.timestamp()
    ours = [_row(d, period) for d in docs if d["live"] and d["opened"] < end and not d.get("private")]
    over = [d for d in ours if d["status"] in ("resolved", "published") and d["closed"] < end]
    return {
        "open": sorted((_next(d, period) for d in ours if d["status"] in ("open", "restored")), key=_age),
        "reports": sorted((d for d in over if d["status"] == "resolved"), key=lambda d: (-d["days"], d["id"])),
        "loose": sorted(_loose(over, period), key=lambda a: (-a["days"], a["id"], a["label"])),
        "resolved": sorted(_within(over, "closed", period.start, period.end), key=_age),
        "numbers": numbers(ours, period, first),
    }


def telling(found: dict[str, list[Any]]) -> bool:
    return any(found.get(name) for name in TELLING)


def _age(row: Doc) -> tuple[datetime, str]:
    return row["since"], row["id"]


def _row(doc: Doc, period: Period) -> Doc:
    """A document with its times as times and the days since it was over."""
    days = int((period.end.timestamp() - (doc["closed"] or period.end.timestamp())) // 86400)
    since = datetime.fromtimestamp(doc.get("began") or doc["opened"], UTC)
    return WITHOUT | doc | {"since": since, "news": datetime.fromtimestamp(doc["last"], UTC), "days": days}


def _next(row: Doc, period: Period) -> Doc:
    """With the one thing to do: somebody should have it, it should be declared over, or be written about."""
    if not row["commander"]:
        step = "TAKE"
    elif row["status"] == "restored" or period.end - row["news"] > QUIET_DAY:
        step = "RESOLVED"
    else:
        step = "STATUS"
    return row | {"step": f"{step} {row['id']}"}


def _loose(over: Iterable[Doc], period: Period) -> Iterable[dict[str, Any]]:
    """Actions without a link or past their day, of incidents that are over (A14)."""
    today = period.end.date()
    for doc in over:
        for label, text, owner, due, linked, at in doc.get("actions", ()):
            day = date.fromisoformat(due) if due else None
            past = (today - day).days if day is not None else 0
            if linked and past <= 0:
                continue
            yield {
                "id": doc["id"],
                "label": label,
                "text": text,
                "owner": owner,
                "due": due,
                "past": max(past, 0),
                "linked": linked,
                "days": max(0, int((period.end.timestamp() - at) // 86400)),
            }


def numbers(rows: Sequence[Doc], period: Period, first: datetime | None) -> list[Number]:
    """Of the period, against the four weeks before it."""
    known = first is not None and first <= period.start - BEFORE
    spans = round(BEFORE / (period.end - period.start))  # a week in which the clocks change is an hour off
    unit = "week" if spans == 4 else "day"
    real = [d for d in rows if d["status"] != "cancelled"]
    opened, before = (
        len(_within(real, "opened", a, b))
        for a, b in ((period.start, period.end), (period.start - BEFORE, period.start))
    )
    now, then = (
        _within([d for d in real if d["status"] in ("resolved", "published")], "closed", a, b)
        for a, b in ((period.start, period.end), (period.start - BEFORE, period.start))
    )
    found = [
        Number("incidents", str(opened), f"{before / spans:.1f} a {unit}".replace(".0 ", " ")),
        Number("time to restore, median", _restored(now), _restored(then)),
        Number("reports written", _written(now), _written(then)),
    ]
    return found if known else [Number(n.name, n.now, "") for n in found]


def _within(rows: Iterable[Doc], key: str, start: datetime, end: datetime) -> list[Doc]:
    return [d for d in rows if d[key] is not None and start.timestamp() <= d[key] < end.timestamp()]


def _restored(rows: Iterable[Doc]) -> str:
    known = [d["hit"] for d in rows if d.get("hit") is not None]
    return in_words(timedelta(minutes=median(known))) if known else "none"


def _written(rows: Sequence[Doc]) -> str:
    return f"{sum(d['status'] == 'published' or not d['missing'] for d in rows)} of {len(rows)}"
