"""What the mails about a report print beside it: hints about wording, offers for empty sections, where it is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from mailbot.core.blame import Hint, hinted
from mailbot.core.due import Notice
from mailbot.core.entries import Review, Status
from mailbot.core.incident import Incident
from mailbot.core.publication import TITLES
from mailbot.core.report import report
from mailbot.core.suggest import offers

MOST = 12  # people who are thanked by name


def words(
    notice: Notice, incident: Incident, now: datetime, file_url: str, names: str, template: str
) -> dict[str, Any]:
    """``file_url``: where the published page is, "" where nobody said; ``names``: the list's policy; ``template``: its form."""
    if notice.kind == "hint":
        return {"hints": [_titled(h) for ask in notice.asks for h in hinted(incident, ask.message_id)]}
    if notice.kind == "draft":
        return {"offered": offers(incident, template)}
    if notice.kind == "published":
        view = report(as_published(incident, now), names=names, public=True)
        todo = [a for a in view.actions() if a.state != "done"]
        thanked = thanks(incident) if names == "names" else f"all {len(incident.spoke)}"
        return {"where": file_url, "thanks": thanked, "todo": todo, "report": view}
    return {}


def _titled(hint: Hint) -> Hint:
    return replace(hint, where=TITLES.get(hint.where, hint.where))


def thanks(incident: Incident) -> str:
    """All who wrote in, in order; "" for nobody."""
    people = [str(incident.people[email]) for email in incident.spoke if email in incident.people]
    shown = people[:MOST]
    if len(people) > MOST:
        shown = [*shown, f"{len(people) - MOST} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def as_published(incident: Incident, now: datetime) -> Incident:
    """The incident as it is once the notice is written that says so."""
    return replace(incident, status=Status.PUBLISHED, review=incident.review or Review(None, now))
