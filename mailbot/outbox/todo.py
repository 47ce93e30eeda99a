"""Actions as a reminder or a digest prints them: how late, tracked where, and the issue that could be made of one (B13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from mailbot.core.due import Notice
from mailbot.core.due.people import named_owner
from mailbot.core.due.reminders import due_day
from mailbot.core.entries import Action
from mailbot.core.incident import Incident
from mailbot.core.report import report
from mailbot.core.tracker import Tracker

Fill = Callable[[str, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Issue:
    """A skeleton for somebody to copy, or to find filled in behind a link."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """``late``: days since its due day, 0 on it, negative before it or where it has none; ``new``: the link, "" for none."""

    label: str
    text: str
    owner: str
    due: str
    late: int
    link: str
    issue: Issue
    new: str


def to_do(action: Action, today: date, issue: Issue, tracker: Tracker) -> ToDo:
    day = due_day(action)
    late = (today - day).days if day is not None else -1
    new = "" if action.link else tracker.new_issue(issue.title, issue.body)
    link = tracker.address(action.link) or action.link
    return ToDo(action.label, action.text, action.owner, action.due if day else "", late, link, issue, new)


def words(
    notice: Notice, incident: Incident, now: datetime, tracker: Tracker, names: str, fill: Fill
) -> dict[str, Any]:
    """What the template of a reminder of actions prints. ``fill``: a template by its name."""
    view = report(incident, names=names)
    today = now.astimezone(incident.zones.get(notice.to[0], UTC)).date()
    actions = [incident.action(label) for label in notice.about]
    found = []
    for action in actions:
        skeleton = fill("mail/_issue.txt.j2", {"action": action, "incident": incident, "report": view, "names": names})
        title, _, body = skeleton.strip().partition("\n")
        found.append(to_do(action, today, Issue(title, body.strip()), tracker))
    return {"actions": found, "mine": all(named_owner(incident, a) == notice.to[0] for a in actions)}
