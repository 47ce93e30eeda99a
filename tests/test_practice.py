"""Lessons P of incident platforms that no module keeps alone: what a volunteer writes, and the report that comes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailbot.core.due import Policy, due
from mailbot.core.incident import Incident, Status
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, LIST
from tests.register_scene import Desk


def report(incident: Incident, template: str = "instructlab") -> str:
    return Renderer(LIST, Looks(template=template)).report(incident, public=True)[1]


def test_p7_an_incident_of_one_line_is_a_whole_one(desk: Desk) -> None:
    first = desk.mail(ALICE, "The hub was down from 09:10 to 09:45 UTC, a restart helped.\nRESOLVED", "Hub down")
    incident = desk.look(desk.of(first))
    assert incident.status is Status.RESOLVED
    assert "* 09:10 - " in report(incident)
    assert "The hub was down" in report(incident)


def test_p9_a_duration_does_not_grow_once_it_is_over(desk: Desk) -> None:
    first = desk.mail(ALICE, "START 11:40 UTC\nRESTORED 11:58 UTC\nRESOLVED")
    before = report(desk.look(desk.of(first)))
    desk.clock += timedelta(days=30)
    assert report(desk.look(desk.of(first))) == before
    assert "18 min" in before


def test_p14_a_timeline_of_several_days_says_each_day(desk: Desk) -> None:
    lines = "2026-11-19 22:00 UTC - the queue grows\n2026-11-20 03:00 UTC - workers restarted\n2026-11-21 08:00 UTC - it is empty"
    text = report(desk.look(desk.of(desk.mail(ALICE, lines, "Queue"))))
    rows = [text.find(f"* {hour}:00 - ") for hour in ("22", "03", "08")]
    assert -1 < rows[0] < rows[1] < rows[2]
    assert rows[0] < text.find("2026-11-20", rows[0]) < rows[1]
    assert rows[1] < text.find("2026-11-21", rows[1]) < rows[2]


def test_p16_p15_a_local_time_is_taken_as_it_is_said_and_kept_as_an_instant(desk: Desk) -> None:
    first = desk.mail(ALICE, "At 13:05 CET the disk was full.\nAt 04:07 PST we removed logs.")
    known = [e.utc for e in desk.look(desk.of(first)).timeline()]
    assert datetime(2026, 11, 21, 12, 5, tzinfo=UTC) in known
    assert all(at.utcoffset() == timedelta(0) for at in known)
    assert "_All times in UTC._" in report(desk.look(desk.of(first)))


def test_p17_a_page_of_lines_pasted_afterwards_is_a_timeline(desk: Desk) -> None:
    first = desk.mail(ALICE, "It fails.", "Registry")
    page = "\n".join(f"* 11:{minute} UTC - step {minute} of the work" for minute in range(10, 50))
    desk.mail(BOB, page, "Re: Registry", re=first)
    text = report(desk.look(desk.of(first)))
    assert all(f"* 11:{minute} - step {minute} of the work" in text for minute in range(10, 50))


def test_p18_p10_opened_and_closed_are_not_start_and_end_and_what_nobody_said_is_not_made_up(desk: Desk) -> None:
    incident = desk.look(desk.of(desk.mail(ALICE, "It fails.\nRESOLVED", "Registry")))
    assert incident.start is None
    assert not [window for window in incident.windows if window.end]
    assert "unknown" in report(incident)


def test_p4_what_is_asked_afterwards_is_not_asked_during(desk: Desk) -> None:
    first = desk.mail(ALICE, "Since 11:40 UTC it fails.")
    desk.clock += timedelta(days=2)
    during = due(desk.look(desk.of(first)), desk.clock, Policy()).notices
    assert not {n.kind for n in during} & {"draft", "question", "report", "publish"}


def test_p20_a_snooze_is_in_the_record_and_ends_the_reminders(desk: Desk) -> None:
    first = desk.mail(ALICE, "Since 11:40 UTC it fails.")
    later = desk.clock + timedelta(days=40)

    def reminders() -> set[str]:
        kinds = {n.kind for n in due(desk.look(desk.of(first)), later, Policy()).notices}
        return kinds & {"update", "commander", "open", "offer"}

    assert reminders()
    said = desk.mail(ALICE, "QUIET 300d", "Re: Disk full", re=first)
    assert not reminders()
    assert desk.told(desk.of(first), said)
