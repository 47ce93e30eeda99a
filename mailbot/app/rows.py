"""Rows: how each incident stands, as a bounded document for lists, digests and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailbot.core.due import Period
from mailbot.core.facts import Facts
from mailbot.core.incident import Incident
from mailbot.core.report import impact, missing, opened_for
from mailbot.core.subject import read_subject
from mailbot.store.state import Doc

if TYPE_CHECKING:
    from mailbot.app.register import Register


def summary(incident: Incident) -> Doc:
    """How an incident stands: a bounded document for lists and digests."""
    opened = incident.opened or datetime(1970, 1, 1, tzinfo=UTC)
    return {
        "id": incident.id,
        "title": incident.title[:200],
        "status": incident.status.value if incident.live or not incident.is_open else "recorded",
        "kind": incident.kind,
        "opened": opened.timestamp(),
        "last": (incident.last_news or opened).timestamp(),
        "messages": incident.messages,
        "closed": incident.closed_at.timestamp() if incident.closed_at else None,
        "live": incident.live,
        "commander": str(incident.commander or ""),
        "impact": impact(incident).words,
        "open_for": opened_for(incident),
        "missing": missing(incident),
    }


def unread(incident: str, first: Facts, last: Facts, messages: int) -> Doc:
    """The same for an imported incident whose times nobody has looked at yet."""
    return {
        "id": incident,
        "title": read_subject(first.subject).title[:200] or "(no subject)",
        "status": "recorded",
        "kind": "",
        "opened": first.at,
        "last": last.at,
        "messages": messages,
        "closed": None,
        "live": False,
        "commander": "",
        "impact": "",
        "unread": True,
        "open_for": "",
        "missing": [],
        "next": None,
    }


def differences(one: Register, other: Register) -> list[str]:
    """Where two registers of one archive tell different things, as sentences; none after a rebuild."""

    def told(register: Register) -> dict[str, Doc]:
        docs = {f"{d['p'][0]} at {d['p'][1]}": d for _, d in register.state.all("messages")}
        rows = {d["id"]: {k: v for k, v in d.items() if k != "next"} for d in register.incidents()}
        return docs | rows

    left, right = told(one), told(other)
    found = []
    for name in sorted(left.keys() | right.keys()):
        a, b = left.get(name), right.get(name)
        if a != b:
            keys = sorted(k for k in (a or {}).keys() | (b or {}).keys() if (a or {}).get(k) != (b or {}).get(k))
            found.append(
                f"{name}: {', '.join(keys)} differ" if a and b else f"{name}: only {'kept' if a else 'in the archive'}"
            )
    return found


def digest_sections(docs: list[Doc], period: Period) -> dict[str, list[Doc]]:
    """What the digest of a period says; rows of what stood at its end, so that a late digest says the same."""
    start, end = period.start.timestamp(), period.end.timestamp()

    def row(doc: Doc) -> Doc:
        when = {k: datetime.fromtimestamp(doc[k], UTC) for k in ("opened", "last") if doc[k] is not None}
        return doc | when | {"days": int((end - (doc["closed"] or end)) // 86400)}

    ours = [row(d) for d in reversed(docs) if d["live"] and d["opened"] < end]
    return {
        "open": [d for d in ours if d["status"] in ("open", "restored")],
        "reports": [d for d in ours if d["status"] == "resolved" and d["missing"] and d["closed"] < end],
        "resolved": [d for d in ours if d["status"] in ("resolved", "published") and start <= (d["closed"] or 0) < end],
    }
