"""Rows: how each incident stands, as a bounded document for lists, digests and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailbot.core.due.people import writer_of
from mailbot.core.due.reminders import UNSETTLED, due_day
from mailbot.core.incident import Incident, Status
from mailbot.core.publication import holds, is_private
from mailbot.core.report import impact, missing, opened_for, report
from mailbot.core.subject import read_subject
from mailbot.store.state import Doc

SEARCHED = ("SUMMARY", "CAUSE", "TRIGGER")  # sections whose words SEARCH looks at, beside the title

if TYPE_CHECKING:
    from mailbot.app.register import Register

HELD = "something in it must not be published; REPORT shows what"  # the thing itself is not for a digest
MOST_ASKED, MOST_ACTIONS = 5, 20  # of one incident in its document


def summary(incident: Incident) -> Doc:
    """How an incident stands: a bounded document for lists and digests."""
    opened = incident.opened or datetime(1970, 1, 1, tzinfo=UTC)
    hit = impact(incident)
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
        "impact": hit.words,
        "hit": None if hit.span is None else round(hit.span.total_seconds() / 60),
        "began": incident.start.utc.timestamp() if incident.start else None,
        "open_for": opened_for(incident),
        "missing": missing(incident),
        "asked": asked_for_report(incident),
        "file": report(incident, public=True).file_name if incident.status is Status.PUBLISHED else "",
        "held": HELD if incident.status is Status.RESOLVED and holds(incident, opened) else "",
        "actions": unsettled(incident),
        "private": is_private(incident),
        "told": " ".join(n.text for n in incident.notes if n.section in SEARCHED)[:1000],
    }


def asked_for_report(incident: Incident) -> list[str]:
    """Who was asked to complete the report: by a reminder, by a question."""
    reminded = [writer_of(incident)] if any(key.startswith("report:") for key in incident.sent) else []
    asked = dict.fromkeys([*reminded, *(q.who for q in incident.questions.values())])
    return [str(incident.people.get(email, email)) for email in asked if email][:MOST_ASKED]


def unsettled(incident: Incident) -> list[list[Any]]:
    """Its actions that nobody has finished or let go: label, text, owner, due day, whether it is linked, since when."""
    since = incident.closed_at or incident.opened
    return [
        [
            a.label,
            a.text[:200],
            a.owner,
            a.due if due_day(a) else "",
            bool(a.link),
            max(a.at, since or a.at).timestamp(),
        ]
        for a in incident.actions
        if a.state in UNSETTLED
    ][:MOST_ACTIONS]


def unread(incident: str, first: Doc, last: Doc, messages: int) -> Doc:
    """The same for an imported incident whose times nobody has looked at yet, by its first and last mail's documents."""
    subject, opened = first["f"][4], first["f"][1]  # as in Facts.to_json
    return {
        "id": incident,
        "title": read_subject(subject).title[:200] or "(no subject)",
        "status": "recorded",
        "kind": "",
        "opened": opened,
        "last": last["f"][1],
        "messages": messages,
        "closed": None,
        "live": False,
        "commander": "",
        "impact": "",
        "unread": True,
        "private": False,
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
