"""Reminders and questions through the mailroom: what comes back as an answer belongs where it was asked, also after a year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailbot.core.due import Policy
from mailbot.core.incident import Status
from tests.incident_scene import ALICE, BOB, CAROL, NOON
from tests.mailroom_scene import Room, kind, of_kind, text


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as room:
        yield room
        assert room.wrong() == [], "a rebuild and a start give the same"


def day(n: float) -> datetime:
    return NOON + timedelta(days=n)


def over(room: Room, subject: str = "Disk full", more: str = "") -> str:
    """Alice called it and declared it over, Bob wrote in: its id."""
    first = room.mail(ALICE, "Since 11:40 UTC it fails.", subject)
    room.mail(BOB, "I look at the disk.", f"Re: {subject}", re=first)
    room.mail(ALICE, f"RESTORED\nRESOLVED\n{more}", f"Re: {subject}", re=first)
    return room.of(first)


def ident(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip("<>")


def test_a_question_goes_to_one_person_and_a_plain_reply_to_the_list_is_the_section(room: Room) -> None:
    incident = over(room)
    (question,) = of_kind(room.until(day(1.5)), "question")
    assert question["To"] == "bob@example.org"
    assert question["Reply-To"] == room.list.address
    assert "What ended it?" in text(question)
    said = room.mail(BOB, "Deleted old logs on both machines.", "Re: Disk full", re=ident(question))
    assert room.of(said) == incident
    assert [n.text for n in room.look(incident).section("RESOLUTION")] == ["Deleted old logs on both machines."]
    assert room.told(incident, said) == ['written into "Resolution"']
    (receipt,) = of_kind(room.look_now(), "receipt")
    assert receipt["To"] == "bob@example.org"
    assert "| your answer (RESOLUTION)" in text(receipt)


def test_one_question_a_person_is_open_at_a_time_whatever_incidents_they_wrote_in(room: Room) -> None:
    one, other = over(room), over(room, "Mirror is slow")
    found = of_kind(room.until(day(6.9)), "question")
    assert [m["To"] for m in found if m["To"] == "bob@example.org"] == ["bob@example.org"]
    assert {str(m["X-Mailbot-Incident"]) for m in found} == {one, other}
    assert len({(m["To"], m["X-Mailbot-Incident"]) for m in found}) == len(found)


def test_an_answer_after_a_year_belongs_to_its_incident_and_settles_the_action(room: Room) -> None:
    incident = over(room, more="ACTION prevent watch the disk o/r#7\nQUIET 300d")
    (mail,) = of_kind(room.until(day(366), timedelta(days=1)), "anniversary")
    assert mail["To"] == room.list.address
    assert "open     A1   watch the disk, o/r#7" in text(mail)
    said = room.mail(CAROL, "DONE A1", "Re: Disk full", re=ident(mail))
    assert room.of(said) == incident
    assert room.look(incident).actions[0].state == "done"


def test_l28_a_mail_to_the_list_answers_what_the_list_has_seen(room: Room) -> None:
    over(room, more="ACTION prevent watch the disk @bob")
    found = room.until(day(31))
    alone = {m["Message-ID"] for m in found if room.list.address not in str(m["To"])}
    assert len(alone) >= 4
    public = [m for m in found if room.list.address in str(m["To"]) and kind(m) != "digest"]
    assert [kind(m) for m in public] == ["ack", "draft", "report", "publish"]
    assert not [m for m in public if alone & {m["In-Reply-To"], *str(m["References"]).split()}]


def test_pause_stops_all_of_it_and_resume_sends_the_latest_of_what_was_missed(room: Room) -> None:
    over(room)
    room.mailroom.pause(True)
    assert room.until(day(40), timedelta(days=1)) == []
    room.mailroom.pause(False)
    found = [(kind(m), m["To"]) for m in room.look_now()]
    assert found == [
        ("publish", "incident@example.org, alice@example.org"),
        ("question", "bob@example.org"),
        ("digest", "incident@example.org"),
    ], "no ack and no draft after so long; one mail for all reminders, one digest"


def test_a_three_day_outage_of_the_daemon_sends_one_reminder_and_nothing_that_is_past(room: Room) -> None:
    first = room.mail(ALICE, "Since 11:40 UTC it fails.")
    room.look_now()
    room.clock = day(3.1)
    assert [kind(m) for m in room.look_now()] == ["open", "digest"]
    room.mail(ALICE, "RESOLVED", "Re: Disk full", re=first)
    assert room.look(room.of(first)).status is Status.RESOLVED
    assert [kind(m) for m in room.look_now()] == ["draft"]


def test_l2_in_a_storm_of_incidents_each_is_answered_in_its_turn_and_reminders_come_last(tmp_path: Path) -> None:
    with Room(tmp_path, policy=Policy(list_hour=12)) as room:
        for n in range(30):
            room.mail(ALICE if n % 2 else BOB, "It fails.", f"Trouble with {chr(97 + n) * 4}")
            room.clock -= timedelta(minutes=4, seconds=50)
        found = room.until(room.clock + timedelta(hours=6), timedelta(minutes=10))
    times = sorted(m["Date"].datetime for m in found if room.list.address in str(m["To"]))
    assert max(sum(t - timedelta(hours=1) < u <= t for u in times) for t in times) == 12
    acks = [m["Date"].datetime for m in of_kind(found, "ack")]
    assert len(acks) == 30
    updates = [m["Date"].datetime for m in of_kind(found, "update")]
    assert len(updates) > 10
    assert max(acks) <= min(updates), "a reminder is of no use to those who wait for an answer"
