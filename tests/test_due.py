"""Scenes of core/due: what is mailed to the list when, how often, and what is not; budgets and digests' periods."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.due import (
    LATE,
    Notice,
    Period,
    Policy,
    Posted,
    digest_due,
    due,
    fits,
    joined,
    period_before,
    within,
)
from mailbot.core.incident import Ask, Incident
from mailbot.core.message import Address
from tests.incident_scene import ALICE, BOB, CAROL, ID, NOON, ROBOT, Scene

POLICY = Policy()
HOUR, DAY = 60, 24 * 60


def opened(who: str = ALICE, body: str = "Pushes fail.") -> Scene:
    """An incident whose ack is out."""
    scene = Scene()
    scene.mail(who, body, 0)
    assert scene.settle() == ["ack"]
    return scene


# ── reminders ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_news_of_an_outage_an_update_is_asked_for_after_an_hour_then_two_then_four_and_no_more() -> None:
    scene = opened()
    asked = [m for m in range(0, 20 * HOUR, 10) if "update" in scene.settle(m)]
    assert asked == [HOUR, 3 * HOUR, 7 * HOUR]


def test_an_ack_that_waited_asks_for_news_itself_so_the_hour_begins_with_it() -> None:
    for who in (ALICE, ROBOT):
        scene = Scene()
        scene.mail(who, "Pushes fail.", 0)
        assert scene.kinds(2 * HOUR) == ["ack"]
        scene.settle(2 * HOUR)
        first = next((m, k) for m in range(2 * HOUR, 9 * HOUR, 5) for k in scene.kinds(m) if k != "offer")
        assert first == ((3 * HOUR, "update") if who is ALICE else (2 * HOUR + 15, "commander"))


def test_any_news_starts_the_hour_again_and_gives_three_new_reminders() -> None:
    scene = opened()
    assert scene.settle(HOUR) == ["update"]
    scene.mail(BOB, "Still looking.", 70)
    assert scene.kinds(70 + 59) == []
    assert [m for m in range(71, 20 * HOUR) if scene.settle(m) == ["update"]] == [70 + HOUR, 70 + 180, 70 + 420]


def test_a_degradation_waits_four_hours() -> None:
    scene = opened(body="KIND degradation")
    assert [m for m in range(0, 22 * HOUR, 10) if scene.settle(m) == ["update"]] == [4 * HOUR, 12 * HOUR]


def test_a14_while_it_is_open_nobody_is_asked_for_paperwork() -> None:
    scene = opened()
    kinds = {k for m in range(0, 10 * DAY, 30) for k in scene.settle(m)}
    assert kinds == {"update", "open", "offer"}


def test_service_restored_stops_asking_for_updates_but_an_incident_left_open_is_asked_about() -> None:
    scene = opened()
    scene.mail(ALICE, "RESTORED", 5)
    scene.settle()
    assert [(m, k) for m in range(5, 9 * DAY, 5) for k in scene.settle(m)] == [
        (DAY + 5, "open"),
        (3 * DAY + 5, "open"),
        (7 * DAY + 5, "open"),
    ]


def test_nobody_has_it_is_said_after_a_quarter_of_an_hour_and_two_hours_until_somebody_takes_it() -> None:
    scene = opened(ROBOT)
    assert [(m, k) for m in range(55) for k in scene.settle(m)] == [(15, "commander")]
    assert scene.incident.commander is None
    scene.mail(BOB, "TAKE", 56)
    scene.settle()
    assert [k for m in range(57, 300) for k in scene.settle(m)] == ["update", "update", "offer"]


def test_quiet_means_no_reminder_and_resume_means_reminders() -> None:
    scene = opened()
    scene.mail(ALICE, "QUIET", 5)
    scene.settle()
    assert [k for m in range(5, 5 * DAY, 60) for k in scene.settle(m)] == []
    scene.mail(ALICE, "RESUME", 5 * DAY)
    scene.settle()
    assert scene.kinds(5 * DAY + HOUR) == ["update"]


def test_quiet_for_two_hours_ends_after_two_hours_and_is_looked_at_then() -> None:
    scene = opened()
    scene.mail(ALICE, "QUIET 2h", 0)
    scene.settle()
    assert scene.due(HOUR).next_at == scene.at(2 * HOUR)
    assert scene.kinds(2 * HOUR - 1) == []
    assert scene.kinds(2 * HOUR) == ["update"]


def test_p23_after_downtime_missed_reminders_are_one_mail() -> None:
    scene = opened(ROBOT)
    (notice,) = scene.due(2 * DAY).notices
    assert (notice.kind, notice.to_list) == ("open", True)
    assert {k.partition(":")[0] for k in notice.keys} == {"open", "commander", "update"}
    assert scene.settle(2 * DAY) == ["open"]
    assert scene.kinds(2 * DAY + 1) == []
    assert scene.kinds(3 * DAY) == ["open"], "the next one is not lost"


def test_p22_a_reminder_that_still_waits_is_dropped_when_the_state_changes() -> None:
    for words in ("It looks better.", "RESTORED", "RESOLVED", "CANCEL", "QUIET"):
        scene = opened()
        (reminder,) = scene.due(HOUR).notices
        assert fits(scene.incident, reminder.kind, reminder.keys, scene.at(HOUR), POLICY)
        scene.mail(BOB, words, HOUR + 1)
        assert not fits(scene.incident, reminder.kind, reminder.keys, scene.at(HOUR + 1), POLICY), words


def test_p22_a_draft_that_was_overtaken_by_reopen_is_a_receipt_and_one_that_waits_is_dropped() -> None:
    scene = opened()
    scene.mail(ALICE, "RESOLVED", 5)
    (draft,) = scene.due(5).notices
    assert fits(scene.incident, draft.kind, draft.keys, scene.at(5), POLICY)
    scene.mail(BOB, "REOPEN", 6)
    assert scene.kinds(6) == ["receipt", "receipt"]
    assert not fits(scene.incident, draft.kind, draft.keys, scene.at(6), POLICY)


def test_a_brief_goes_to_whom_it_is_offered_and_is_a_receipt_once_that_is_over() -> None:
    scene = opened()
    scene.mail(ALICE, "HANDOFF bob@example.org", 5)
    (brief,) = scene.due(5).notices
    assert (brief.kind, brief.to_list, brief.to) == ("brief", True, ("bob@example.org",))
    scene.mail(BOB, "ACCEPT", 6)
    assert scene.kinds(6) == ["receipt", "receipt"]
    assert not fits(scene.incident, "brief", brief.keys, scene.at(6), POLICY)


def test_p25_reminders_change_no_state() -> None:
    scene = opened()
    before = scene.incident.status
    for minute in range(0, 9 * DAY, 30):
        scene.settle(minute)
    after = scene.incident
    assert (after.status, after.last_news, after.entries) == (before, NOON, [])


def test_imported_mail_is_never_answered_and_never_reminds() -> None:
    scene = Scene(live=False)
    scene.mail(ALICE, "STATUS\nRESTORED\nHANDOFF bob@example.org", 0)
    found = scene.due(10 * DAY)
    assert (found.notices, found.next_at) == ((), None)


def test_l1_a_mail_without_a_keyword_is_not_answered() -> None:
    scene = opened()
    scene.mail(BOB, "I look at it. At 12:03 UTC I restarted it. Resolved soon.", 5)
    assert scene.kinds(5) == []


def test_an_answer_that_could_not_go_out_for_three_days_is_no_longer_sent() -> None:
    scene = opened()
    scene.mail(BOB, "STATUS", 0)
    assert scene.kinds(0) == ["answer"]
    assert "answer" not in scene.kinds(LATE / timedelta(minutes=1))


def test_a_sender_without_a_usable_address_is_not_written_to() -> None:
    scene = opened()
    for sender in (
        b"Bob",
        b"<bob@@example.org>",
        "Jürg <jürg@example.org>".encode(),
        b"x@y.z\x00",
        b'"a b"@example.org',
    ):
        scene.take(b"From: " + sender + b"\nSubject: Re: x\n\nSTATUS\nDROP T9\n", scene.at(5))
    assert len(scene.items) == 7
    assert [n.to for n in scene.due(5).notices if n.to not in ((), ("x@y.z",))] == []


def test_what_is_asked_for_comes_before_reminders() -> None:
    scene = opened()
    scene.mail(BOB, "STATUS", 10)
    scene.mail(ALICE, "HANDOFF bob@example.org", 20)
    assert scene.kinds(80) == ["brief", "answer", "update"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=12).map(sorted), st.booleans())
def test_next_at_never_sleeps_through_a_reminder(looks: list[int], robot: bool) -> None:
    """Between a look and its next_at nothing falls due."""
    scene = opened(ROBOT if robot else ALICE)
    for minute in looks:
        scene.settle(minute)
        next_at = scene.due(minute).next_at
        until = (next_at - NOON) / timedelta(minutes=1) if next_at else 30_000.0
        assert scene.kinds(until - 0.1) == []
        if next_at:
            assert scene.kinds(until) != []


# ── budgets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def notice(kind: str, incident: str = ID, to: tuple[str, ...] = ()) -> Notice:
    return Notice(kind, (f"{kind}:X",), incident, not to, to)


def posted(
    n: int, minutes_ago: float, incident: str = ID, to: tuple[str, ...] = (), kind: str = "update"
) -> list[Posted]:
    return [Posted(NOON - timedelta(minutes=minutes_ago), incident, not to, to, kind)] * n


def test_six_mails_a_day_about_one_incident_and_the_seventh_waits_until_the_first_is_a_day_old() -> None:
    assert within(notice("draft"), posted(5, 100), NOON, POLICY) is None
    assert within(notice("draft"), posted(6, 100), NOON, POLICY) == NOON + timedelta(days=1, minutes=-100)
    assert within(notice("draft", "INC-OTHER"), posted(6, 100), NOON, POLICY) is None
    assert within(notice("draft"), posted(6, DAY), NOON, POLICY) is None


@pytest.mark.parametrize(("kind", "most"), [("ack", 6), ("brief", 6), ("draft", 6), ("receipt", 5), ("update", 4)])
def test_ack_brief_and_draft_come_first_and_reminders_last(kind: str, most: int) -> None:
    assert within(notice(kind), posted(most - 1, 100), NOON, POLICY) is None
    assert within(notice(kind), posted(most, 100), NOON, POLICY) is not None
    hour = most * 10
    assert within(notice(kind), posted(hour - 1, 20, "INC-OTHER"), NOON, POLICY) is None
    assert within(notice(kind), posted(hour, 20, "INC-OTHER"), NOON, POLICY) == NOON + timedelta(minutes=40)


def test_a_budget_of_one_is_one_for_all() -> None:
    one = replace(POLICY, incident_day=1, list_hour=1)
    for kind in ("ack", "receipt", "update"):
        assert within(notice(kind), [], NOON, one) is None
        assert within(notice(kind), posted(1, 100), NOON, one) is not None


def test_l2_sixty_mails_an_hour_in_all_whatever_they_are() -> None:
    full = posted(60, 20, "INC-OTHER")
    assert within(notice("ack"), full, NOON, POLICY) == NOON + timedelta(minutes=40)
    assert within(notice("digest", ""), full, NOON, POLICY) == NOON + timedelta(minutes=40)
    assert within(notice("ack"), full[1:], NOON, POLICY) is None


def test_l2_twenty_answers_a_day_to_one_sender_and_another_sender_has_his_own() -> None:
    full = posted(20, 60, to=("bob@example.org",), kind="answer")
    assert within(notice("answer", to=("bob@example.org",)), full, NOON, POLICY) == NOON + timedelta(hours=23)
    assert within(notice("answer", to=("carol@example.net",)), full, NOON, POLICY) is None
    assert within(notice("receipt", to=("bob@example.org",)), full, NOON, POLICY) is None, "receipts have their own"
    assert within(notice("action", to=("bob@example.org",)), full, NOON, POLICY) is None, "so have reminders"
    assert within(notice("receipt"), full, NOON, POLICY) is None, "the list has its own"


def test_receipts_that_waited_are_joined_and_answers_are_not() -> None:
    ask = Ask("receipt", "receipt:A", "a@x", Address("", "bob@example.org"), NOON, "s", True)
    many = [
        Notice("receipt", ("receipt:A",), ID, True, (), (ask,)),
        Notice("answer", ("answer:B:status",), ID, False, ("bob@example.org",)),
        Notice("receipt", ("receipt:C",), ID, False, ("bob@example.org",), (ask,)),
        Notice("receipt", ("receipt:D",), ID, True, (), (replace(ask, key="receipt:D"),)),
        Notice("answer", ("answer:E:help",), ID, False, ("bob@example.org",)),
    ]
    assert [n.keys for n in joined(many)] == [
        ("receipt:A", "receipt:D"),
        ("answer:B:status",),
        ("receipt:C",),
        ("answer:E:help",),
    ]


def test_who_asks_thrice_before_the_answer_goes_out_has_one_answer_to_the_last() -> None:
    scene = opened()
    for n in range(3):
        scene.mail(BOB, "STATUS\nWHY\nREPORT debrief", n)
    scene.mail(CAROL, "STATUS", 3)
    answers = [n for n in joined(scene.due(3).notices) if n.kind == "answer"]
    told = [(n.asks[0].words.strip(), n.to[0][:3], n.asks[0].message_id[:2], len(n.keys), len(n.asks)) for n in answers]
    assert sorted(told) == [
        ("REPORT debrief", "bob", "m5", 3, 1),
        ("STATUS", "bob", "m5", 3, 1),
        ("STATUS", "car", "m6", 1, 1),
        ("WHY", "bob", "m3", 1, 1),
        ("WHY", "bob", "m4", 1, 1),
        ("WHY", "bob", "m5", 1, 1),
    ]


# ── digests ───────────────────────────────────────────────────────────────────────────────────────────────────────────

ZURICH = ZoneInfo("Europe/Zurich")


def at(text: str, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)


WEEKS = (  # (now in UTC, key, start, end)
    ("2026-11-23 08:00", "2026-W47", "2026-11-16 08:00", "2026-11-23 08:00"),
    ("2026-11-23 07:59", "2026-W46", "2026-11-09 08:00", "2026-11-16 08:00"),
    ("2026-11-29 23:00", "2026-W47", "2026-11-16 08:00", "2026-11-23 08:00"),
    ("2027-01-04 09:00", "2026-W53", "2026-12-28 08:00", "2027-01-04 08:00"),
    ("2027-01-11 09:00", "2027-W01", "2027-01-04 08:00", "2027-01-11 08:00"),
    ("2025-01-06 09:00", "2025-W01", "2024-12-30 08:00", "2025-01-06 08:00"),
    ("2025-12-29 09:00", "2025-W52", "2025-12-22 08:00", "2025-12-29 08:00"),
)


@pytest.mark.parametrize(("now", "key", "start", "end"), WEEKS)
def test_a_digest_is_that_of_the_last_week_that_ended_also_where_the_year_ends(
    now: str, key: str, start: str, end: str
) -> None:
    assert period_before(at(now), POLICY) == Period(key, at(start), at(end))


def test_a_week_in_which_the_clocks_change_begins_and_ends_at_eight_as_people_see_it() -> None:
    policy = replace(POLICY, zone="Europe/Zurich")
    period = period_before(at("2026-10-26 09:00"), policy)
    assert period is not None
    assert (period.start.isoformat(), period.end.isoformat()) == (
        "2026-10-19T06:00:00+00:00",
        "2026-10-26T07:00:00+00:00",
    )
    assert period.end - period.start == timedelta(days=7, hours=1)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 12 * 365 * 24 * 60).map(lambda m: at("2020-01-01 00:00") + timedelta(minutes=m)),
    st.sampled_from(["week", "day"]),
    st.integers(0, 6),
    st.sampled_from([0, 1, 4, 8, 23]),
    st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]),
)
def test_l46_periods_follow_each_other_without_gap_and_each_key_is_one_period(
    now: datetime, every: str, day: int, hour: int, zone: str
) -> None:
    policy = Policy(digest_every=every, digest_day=day, digest_hour=hour, zone=zone)
    period = period_before(now, policy)
    assert period is not None
    assert period.end <= now
    before, same = period_before(period.start, policy), period_before(period.end, policy)
    after = period_before(period.end + (timedelta(days=8) if every == "week" else timedelta(hours=26)), policy)
    assert same == period
    assert before is not None
    assert before.end == period.start
    assert after is not None
    assert (after.start, len({before.key, period.key, after.key})) == (period.end, 3)


def test_l46_a_digest_is_written_once_and_ten_weeks_of_downtime_give_one() -> None:
    now, first = at("2026-11-23 10:00"), at("2026-08-01 00:00")
    period = digest_due(now, POLICY, {}, first)
    assert period is not None
    assert period.key == "2026-W47"
    assert digest_due(now, POLICY, {"digest:2026-W47": now}, first) is None
    assert digest_due(now + timedelta(days=6), POLICY, {"digest:2026-W47": now}, first) is None


def test_l45_a_list_that_had_no_mail_gets_no_digest_and_never_means_never() -> None:
    now = at("2026-11-23 10:00")
    assert digest_due(now, POLICY, {}, None) is None
    assert digest_due(now, POLICY, {}, at("2026-11-23 09:00")) is None
    assert digest_due(now, replace(POLICY, digest_every="never"), {}, at("2026-01-01 00:00")) is None


def test_an_incident_nobody_wrote_about_is_not_due_for_anything() -> None:
    assert due(Incident(ID), NOON, POLICY).notices == ()
    assert due(Incident(ID, live=True), NOON, POLICY).notices == ()


def test_carol_who_only_reads_gets_no_mail_of_her_own() -> None:
    scene = opened()
    scene.mail(CAROL, "Thanks for looking at it!", 5)
    assert scene.kinds(5) == []
