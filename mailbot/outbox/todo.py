"""Actions as a reminder or a digest prints them: how late, tracked where, and the issue that could be made of one (B13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailbot.core.due.reminders import due_day
from mailbot.core.entries import Action
from mailbot.core.tracker import Tracker


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
