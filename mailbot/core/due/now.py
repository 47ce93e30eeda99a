"""What is due now for one incident, the most urgent first; and whether a mail that waits is still true."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from mailbot.core.due.policy import LATE, PRIORITY, Due, Notice, Policy
from mailbot.core.due.reminders import MISSED, Row, all_busy, asked_to_publish, rows
from mailbot.core.entries import Status
from mailbot.core.incident import Ask, Incident, undo_code
from mailbot.core.publication import insiders, is_private, strange

# Which of several that fall due together stands for all: the one that asks most.
MOST = ("published", "publish", "report", "open", "commander", "update", "anniversary")
ALONE = ("offer", "action", "report", "question")
AGAIN = timedelta(days=1)


def due(incident: Incident, now: datetime, policy: Policy, busy: Container[str] = ()) -> Due:
    """The notices that one incident calls for at ``now``; budgets are applied by ``within``.

    ``busy``: people with an open question of another incident, who are not asked here (one open question a person).
    """
    quiet = _is_quiet(incident, now)
    asks = [ask for ask in incident.asks.values() if now - ask.at < LATE]
    unread = any(ask.kind == "ack" for ask in asks)
    notices = [_asked(incident, ask, quiet) for ask in asks if ask.outcomes or ask.kind != "hint" or not quiet]
    times: list[datetime] = []
    reminders: list[Notice] = []
    if incident.live and quiet:
        times += [incident.quiet_until] if incident.quiet_until is not None else []
    elif incident.live:
        for row in rows(incident, policy, busy):
            notice, following = row.due(incident, now)
            waits = unread and row.kind in ("update", "commander")  # the ack asks for the same
            reminders += [notice] if notice and not waits and not _is_past(row, now) else []
            times += [following] if following else []
        if busy and all_busy(incident, policy, busy):
            times.append(now + AGAIN)
    notices += _as_one(reminders)
    notices = [replace(n, to=(*n.to, *policy.tell)) if n.kind == "published" else n for n in notices]
    if is_private(incident):
        notices = [_private(incident, notice) for notice in notices]
    return Due(tuple(sorted(notices, key=lambda n: PRIORITY.get(n.kind, 3))), min(times, default=None))


def _private(incident: Incident, notice: Notice) -> Notice:
    """The same to those who may know. A report that goes out is for all: it ends the private way."""
    if notice.kind == "published":
        return notice
    asked_there = notice.kind in ("answer", "receipt") and any(strange(incident, ask) for ask in notice.asks)
    to = (*insiders(incident), *notice.to) if notice.to_list else insiders(incident) if asked_there else notice.to
    return replace(notice, to_list=False, to=tuple(dict.fromkeys(to)), private=True)


def _is_quiet(incident: Incident, now: datetime) -> bool:
    return incident.quiet and (incident.quiet_until is None or now < incident.quiet_until)


def _is_past(row: Row, now: datetime) -> bool:
    return row.kind == "anniversary" and now - row.moments[-1] > MISSED


def _asked(incident: Incident, ask: Ask, quiet: bool) -> Notice:
    """A draft or brief that came too late for its incident is still the receipt of its message (law 4); so is an unwanted
    hint."""
    kind = ask.kind if fits_state(incident, ask.kind, ask.key) and not (quiet and ask.kind == "hint") else "receipt"
    to: tuple[str, ...] = ask.also if ask.public else (ask.who.email,)
    if kind == "brief" and incident.offered:
        to = (incident.offered[0].email,)
    alone = kind == "confirm"  # a "that was not me" to the list would show it the token
    return Notice(kind, (ask.key,), incident.id, ask.public, to, (ask,), private=alone)


def fits_state(incident: Incident, kind: str, key: str) -> bool:
    """A draft is for an incident that is over, a brief for the handoff that is offered now."""
    if kind == "draft":
        return not incident.is_open
    if kind == "published":
        return incident.status is Status.PUBLISHED
    if kind == "brief":
        return incident.offered is not None and key == f"brief:{undo_code(incident.offered[1])}"
    return True


def _as_one(reminders: list[Notice]) -> list[Notice]:
    """What falls due together (after downtime: much) is one mail to the list, with the keys of all (P23), and one to a person."""
    public = sorted((n for n in reminders if n.to_list), key=lambda n: MOST.index(n.kind))
    alone = sorted((n for n in reminders if not n.to_list), key=lambda n: ALONE.index(n.kind))
    found: dict[tuple[str, ...], Notice] = {}
    if public:
        first = public[0]
        to = tuple(dict.fromkeys(a for n in public for a in n.to))
        covered = [n for n in alone if n.kind == "offer" and set(n.to) <= set(to)]
        keys = tuple(k for n in (*public, *covered) for k in n.keys)
        found[()] = replace(first, keys=keys, to=to)
        alone = [n for n in alone if not set(n.to) & set(to)]  # the others wait: they have a mail today
    for notice in alone:
        before = found.get(notice.to)
        if before is None:
            found[notice.to] = notice
        elif before.kind == notice.kind == "action":
            about = tuple(dict.fromkeys(before.about + notice.about))
            found[notice.to] = replace(before, keys=before.keys + notice.keys, about=about)
    return list(found.values())


def fits(incident: Incident, kind: str, keys: Iterable[str], now: datetime, policy: Policy) -> bool:
    """Is a mail that still waits for its hand-over still true? It goes stale with the state (law 4, P22)."""
    keys = tuple(keys)
    if kind not in {*MOST, *ALONE} - {"published"}:  # that one is a fact as soon as it is written
        return not keys or fits_state(incident, kind, keys[0])
    if _is_quiet(incident, now):
        return False
    if kind == "question":
        return any(_still_asked(incident, key) for key in keys)
    if kind == "publish":  # its own mail ends its row: it waits for an answer then
        asked = asked_to_publish(incident)
        unanswered = asked is not None and incident.last_news is not None and incident.last_news <= asked
        if unanswered and incident.status is Status.RESOLVED:
            return True
    marks = {row.mark for row in rows(incident, policy)}
    return any(key.rpartition(":")[0] in marks for key in keys)


def _still_asked(incident: Incident, key: str) -> bool:
    """A question's own mail changes whose turn it is: what counts is that the section is still empty."""
    section = key.split(":")[2]
    closed = incident.closed_at
    same = closed is not None and key.startswith(f"question:{closed:%Y%m%dT%H%M%S}:")
    return same and incident.status is Status.RESOLVED and not incident.section(section)
