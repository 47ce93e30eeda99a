"""Scenes of core/due: offers to the commander, the report, questions, actions, "publish as it is?", a year later."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.app import setup
from mailbot.config import Config
from mailbot.core.due import Notice, Policy, Posted, due, fits, joined, within
from mailbot.core.due.people import awake, evening
from mailbot.core.incident import Status
from mailbot.core.message import Address
from mailbot.core.report import NEEDED, missing
from tests.incident_scene import ALICE, BOB, CAROL, LIST, NOON, ROBOT, Scene

POLICY = Policy()
HOUR, DAY = 60, 24 * 60
ALL = "\n\n".join(f"{name}: x" for name in NEEDED)
REPORT_ONLY = Policy(question=(), action_late=())


def opened(who: str = ALICE, body: str = "Pushes fail.", **headers: str) -> Scene:
    scene = Scene()
    scene.mail(who, body, 0, **headers)
    scene.settle()
    return scene


def resolved(*more: str) -> Scene:
    """Over at noon; Alice had it, Bob and Carol wrote in. Its draft is out."""
    scene = opened()
    scene.mail(BOB, "I look at the disk.", 0)
    scene.mail(CAROL, "Me too.", 0)
    scene.mail(ALICE, "\n".join(("RESOLVED", *more)), 0)
    assert "draft" in scene.settle()
    return scene


def played(scene: Scene, until: float, step: float = 6 * HOUR, policy: Policy = POLICY) -> list[tuple[float, Notice]]:
    """What goes out from where the scene stands, each mail in the archive as soon as it is due."""
    found, minute = [], scene.clock
    while minute <= until:
        notices = scene.due(minute, policy).notices
        found += [(minute, n) for n in notices]
        for n in notices:
            scene.sent(*n.keys, minute=minute, to=(LIST.address, *n.to) if n.to_list else n.to)
        minute += step
    return found


def said(found: list[tuple[float, Notice]], kind: str) -> list[tuple[int, Notice]]:
    return [(round(minute / DAY), n) for minute, n in found if n.kind == kind]


# ── a commander may be relieved (A9) ──────────────────────────────────────────────────────────────────────────────────


def test_a9_after_three_hours_the_commander_alone_is_offered_to_hand_it_off_once() -> None:
    scene = opened()
    found = [(m, n) for m, n in played(scene, 9 * HOUR, 10) if n.kind == "offer"]
    assert [(m, n.to_list, n.to) for m, n in found] == [(3 * HOUR, False, ("alice@example.org",))]


@pytest.mark.parametrize(
    ("date", "minute"),
    [
        ("Sat, 21 Nov 2026 16:00:00 +0400", 6 * HOUR),  # 22:00 there is 18:00 UTC
        ("Sat, 21 Nov 2026 12:00:00 -0000", 10 * HOUR),  # says nothing of her zone: the list's, UTC
        ("Sat, 21 Nov 2026 02:00:00 -1000", 20 * HOUR),
        ("Sat, 21 Nov 2026 18:30:00 +0630", 3 * HOUR),  # half an hour after the three hours: once is enough
    ],
)
def test_a9_at_ten_in_the_evening_where_the_commander_is(date: str, minute: int) -> None:
    scene = Scene()
    scene.take(f"From: {ALICE}\nDate: {date}\nMessage-ID: <a@x>\nSubject: x\n\nIt fails.\n".encode(), NOON)
    scene.settle()
    offers = [m for m, n in played(scene, 23 * HOUR, 10) if n.kind == "offer"]
    assert offers == sorted({3 * HOUR, minute})


def test_a9_no_offer_while_one_is_made_to_nobody_and_when_users_are_served_again() -> None:
    for words in ("HANDOFF bob@example.org", "RESTORED", "QUIET"):
        scene = opened()
        scene.mail(ALICE, words, 5)
        scene.settle()
        assert "offer" not in {n.kind for _, n in played(scene, 12 * HOUR, 30)}, words
    assert "offer" not in {n.kind for _, n in played(opened(ROBOT), 12 * HOUR, 30)}


def test_a9_who_takes_it_over_has_three_hours_of_their_own_and_what_waits_for_the_other_is_dropped() -> None:
    scene = opened()
    (offer,) = [n for n in scene.due(3 * HOUR).notices if n.kind == "offer"]
    scene.settle(3 * HOUR - 1)
    scene.mail(ALICE, "HANDOFF bob@example.org", 3 * HOUR)
    assert not fits(scene.incident, "offer", offer.keys, scene.at(3 * HOUR), POLICY)
    scene.mail(BOB, "ACCEPT", 3 * HOUR + 5)
    scene.settle()
    found = [(m, n.to) for m, n in played(scene, 8 * HOUR, 5) if n.kind == "offer"]
    assert found == [(6 * HOUR + 5, ("bob@example.org",))]


# ── the report ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_report_is_asked_for_after_three_days_and_a_week_of_the_commander_and_after_two_of_the_list() -> None:
    found = said(played(resolved(), 29 * DAY, policy=REPORT_ONLY), "report")
    assert [(day, n.to_list, n.to) for day, n in found] == [
        (3, False, ("alice@example.org",)),
        (7, False, ("alice@example.org",)),
        (14, True, ("alice@example.org",)),
    ]


def test_b17_a_complete_report_asks_the_list_once_for_a_second_pair_of_eyes() -> None:
    scene = resolved()
    scene.mail(BOB, ALL, 10)
    scene.settle()
    found = said(played(scene, 29 * DAY), "report")
    assert [(day, n.to_list, n.to) for day, n in found] == [(3, True, ())]


def test_p22_a_report_reminder_that_waits_is_dropped_when_it_is_open_again() -> None:
    scene = resolved()
    (reminder,) = scene.due(3 * DAY, REPORT_ONLY).notices
    assert fits(scene.incident, "report", reminder.keys, scene.at(3 * DAY), REPORT_ONLY)
    scene.mail(BOB, "REOPEN", 3 * DAY)
    assert not fits(scene.incident, "report", reminder.keys, scene.at(3 * DAY), REPORT_ONLY)


def test_publish_as_it_is_is_asked_after_thirty_days_and_silence_for_fourteen_publishes() -> None:
    found = played(resolved(), 60 * DAY, policy=REPORT_ONLY)
    assert [day for day, n in said(found, "publish") if n.to_list] == [30]
    assert [day for day, n in said(found, "published") if n.to_list] == [44]


def test_publish_asked_waits_for_its_hand_over_until_somebody_answers() -> None:
    scene = resolved()
    (asks,) = [n for _, n in played(scene, 31 * DAY) if n.kind == "publish"]
    assert fits(scene.incident, "publish", asks.keys, scene.at(31 * DAY), POLICY)
    scene.mail(BOB, "Wait.", 31 * DAY)
    assert not fits(scene.incident, "publish", asks.keys, scene.at(31 * DAY), POLICY)


def test_p38_what_the_leak_check_holds_back_is_asked_about_once_and_never_published_by_silence() -> None:
    scene = resolved()
    scene.mail(BOB, "CAUSE: the password is hunter2secret, call +41 44 123 45 67", 5 * DAY)
    scene.settle()
    found = played(scene, 120 * DAY)
    assert [day for day, _ in said(found, "publish")] == [30]
    assert said(found, "published") == []


def test_publish_an_answer_keeps_it_from_being_published_and_it_is_asked_again_after_thirty_days() -> None:
    scene = resolved()
    played(scene, 31 * DAY)
    scene.mail(BOB, "Wait, I write the cause next week.", 32 * DAY)
    scene.settle()
    found = played(scene, 80 * DAY)
    assert [day for day, _ in said(found, "publish")] == [62]
    assert [day for day, _ in said(found, "published")] == [76]


def test_a_resolved_incident_is_published_by_no_row_after_reopen_or_when_it_is_quiet() -> None:
    for words in ("REOPEN", "QUIET"):
        scene = resolved()
        played(scene, 31 * DAY)
        scene.mail(BOB, words, 32 * DAY)
        scene.settle()
        assert said(played(scene, 60 * DAY), "published") == []


def test_l44_quiet_stops_hints_and_what_they_told_is_a_receipt() -> None:
    scene = resolved()
    scene.mail(BOB, "CAUSE: Carol forgot to rotate the logs", 5)
    assert scene.kinds(5, REPORT_ONLY) == ["hint"]
    scene.mail(ALICE, "QUIET", 6)
    assert scene.kinds(6, REPORT_ONLY) == ["receipt", "receipt"]


# ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_p6_one_section_one_mail_one_person_in_turns_three_an_incident() -> None:
    found = said(played(resolved(), 40 * DAY), "question")
    assert len(found) == 3
    assert [n.about for _, n in found] == [("RESOLUTION",), ("IMPACT",), ("CAUSE",)]
    assert [n.to for _, n in found] == [("bob@example.org",), ("carol@example.net",), ("alice@example.org",)]
    assert [day for day, _ in found] == [1, 5, 9]
    assert not any(n.to_list for _, n in found)


def test_a14_no_question_while_it_is_open_and_none_for_what_is_written() -> None:
    scene = opened()
    assert "question" not in {n.kind for _, n in played(scene, 9 * DAY)}
    scene = resolved()
    scene.mail(BOB, ALL, 5)
    scene.settle()
    assert said(played(scene, 20 * DAY), "question") == []


def asked() -> tuple[Scene, str]:
    """Bob was asked for the resolution; the Message-ID of that mail."""
    scene = resolved()
    assert [n.to for n in scene.due(DAY).notices if n.kind == "question"] == [("bob@example.org",)]
    scene.settle(DAY)
    return scene, scene.items[-1].message_id


def test_b13_a_plain_reply_to_a_question_is_the_section_and_has_a_receipt_that_takes_it_back() -> None:
    scene, question = asked()
    reply = "Rolled back to v41.\n\nThen we restarted both machines.\n\n> What ended it?\n"
    scene.mail(BOB, reply, DAY + 60, In_Reply_To=f"<{question}>")
    assert [n.text for n in scene.incident.section("RESOLUTION")] == [
        "Rolled back to v41.",
        "Then we restarted both machines.",
    ]
    (receipt,) = scene.due(DAY + 60).notices
    assert (receipt.kind, receipt.to_list, receipt.to) == ("receipt", False, ("bob@example.org",))
    code = next(code for code, m in scene.incident.codes.items() if m == scene.items[-1].message_id)
    scene.mail(BOB, f"UNDO {code}", DAY + 90)
    assert scene.incident.section("RESOLUTION") == []


@pytest.mark.parametrize("words", ["I don't know.", "No idea", "Dunno!", "> What ended it?"])
def test_who_does_not_know_fills_nothing_and_is_not_answered(words: str) -> None:
    scene, question = asked()
    scene.mail(BOB, words, DAY + 60, In_Reply_To=f"<{question}>")
    assert "RESOLUTION" in missing(scene.incident)
    assert scene.kinds(DAY + 60) == []


def test_a_reply_to_another_mail_or_with_a_keyword_fills_no_section_by_itself() -> None:
    scene, question = asked()
    scene.mail(BOB, "Rolled back to v41.", DAY + 60, In_Reply_To="<m1@example.org>")
    assert "RESOLUTION" in missing(scene.incident)
    scene.mail(BOB, "IMPACT: pushes failed\n\nThat is all I know.", DAY + 61, In_Reply_To=f"<{question}>")
    assert "RESOLUTION" in missing(scene.incident)
    assert [n.text for n in scene.incident.section("IMPACT")] == ["pushes failed"]


def test_l4_an_out_of_office_reply_to_a_question_is_no_answer() -> None:
    scene, question = asked()
    scene.mail(BOB, "I am away until Monday.", DAY + 1, In_Reply_To=f"<{question}>", Auto_Submitted="auto-replied")
    assert "RESOLUTION" in missing(scene.incident)


def test_one_open_question_a_person_also_across_incidents() -> None:
    scene = opened()
    scene.mail(ALICE, "RESOLVED", 0)
    scene.settle()
    found = said(played(scene, 30 * DAY), "question")
    assert [n.to for _, n in found] == [("alice@example.org",)], "she did not answer, and nobody else was there"
    incident = resolved().incident
    busy = {"bob@example.org"}
    at = NOON + timedelta(days=1)
    assert [n.to for n in due(incident, at, POLICY, busy).notices] == [("carol@example.net",)]
    everybody = {"alice@example.org", "bob@example.org", "carol@example.net"}
    result = due(incident, at, POLICY, everybody)
    assert (result.notices, result.next_at) == ((), at + timedelta(days=1))


def test_p22_a_question_that_waits_is_dropped_when_somebody_wrote_the_section() -> None:
    scene = resolved()
    (question,) = scene.due(DAY).notices
    scene.sent(*question.keys, minute=DAY, to=question.to)
    assert fits(scene.incident, "question", question.keys, scene.at(DAY), POLICY)
    scene.mail(CAROL, "RESOLUTION: rolled back", DAY + 1)
    assert not fits(scene.incident, "question", question.keys, scene.at(DAY + 1), POLICY)


# ── actions ───────────────────────────────────────────────────────────────────────────────────────────────────────────

DUE = "ACTION prevent alert on old logs @bob due 2026-12-10"
NO_REPORT = Policy(question=(), report=(), publish=timedelta(days=999))


def test_b13_an_action_without_an_issue_is_offered_one_once_and_its_owner_is_reminded_of_its_day() -> None:
    found = said(played(resolved(DUE), 120 * DAY, policy=NO_REPORT), "action")
    assert [(day, n.to, n.to_list, n.about) for day, n in found] == [
        (day, ("bob@example.org",), False, ("A1",)) for day in (2, 19, 33, 49)
    ]
    assert [n.keys[0].split(":")[2] for _, n in found] == ["link", "2026-12-10", "2026-12-10", "2026-12-10"]


def test_b13_what_has_an_issue_a_done_one_and_one_let_go_are_not_nagged_about() -> None:
    for words in ("LINK A1 https://forge.example/ops/issues/7", "DONE A1", "DECLINED A1: not worth it"):
        scene = resolved("ACTION prevent alert on old logs @bob")
        scene.mail(BOB, words, 5)
        scene.settle()
        assert said(played(scene, 120 * DAY, policy=NO_REPORT), "action") == [], words


def test_p22_an_action_reminder_that_waits_is_dropped_when_the_action_is_done() -> None:
    scene = resolved(DUE)
    (reminder,) = scene.due(2 * DAY, NO_REPORT).notices
    assert fits(scene.incident, "action", reminder.keys, scene.at(2 * DAY), NO_REPORT)
    scene.mail(BOB, "DONE A1", 2 * DAY)
    assert not fits(scene.incident, "action", reminder.keys, scene.at(2 * DAY), NO_REPORT)


def test_an_action_of_nobody_or_of_a_name_on_some_forge_is_the_commanders() -> None:
    for owner in ("", "@octocat"):
        scene = resolved(f"ACTION prevent alert on old logs {owner}")
        assert [n.to for _, n in said(played(scene, 5 * DAY, policy=NO_REPORT), "action")] == [("alice@example.org",)]


def test_two_actions_of_one_person_are_one_mail_and_of_two_people_two() -> None:
    scene = resolved("ACTION one @bob", "ACTION two @bob", "ACTION three @carol")
    assert [n.about for n in scene.due(3 * DAY, NO_REPORT).notices] == [("A1", "A2"), ("A3",)]


def test_a14_actions_wait_until_it_is_over() -> None:
    scene = opened()
    scene.mail(BOB, "ACTION prevent alert on old logs due 2026-11-22", 5)
    scene.settle()
    assert "action" not in {n.kind for _, n in played(scene, 9 * DAY)}
    scene.mail(ALICE, "RESOLVED", 9 * DAY)
    scene.settle()
    assert [day for day, _ in said(played(scene, 15 * DAY, policy=NO_REPORT), "action")] == [10, 11, 15]


def test_an_impossible_due_day_is_none() -> None:
    scene = resolved("ACTION prevent alert on old logs due 2026-13-45 https://forge.example/7")
    assert said(played(scene, 120 * DAY, policy=NO_REPORT), "action") == []


def test_nobody_gets_two_mails_of_their_own_about_one_incident_within_twenty_hours() -> None:
    scene = resolved("ACTION one", "ACTION two due 2026-11-24", "ACTION three due 2026-11-28")
    found = [(m, n) for m, n in played(scene, 60 * DAY, 30) if "alice@example.org" in n.to]
    times = [m for m, _ in found]
    assert {n.kind for _, n in found} >= {"report", "action", "question"}
    assert [b - a for a, b in pairwise(times) if b - a < 20 * HOUR] == []


# ── a year later ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_p36_a_year_later_the_list_hears_once_what_became_of_the_actions() -> None:
    scene = resolved("ACTION one", "ACTION two")
    scene.mail(BOB, "DONE A1", 5)
    scene.settle()
    found = said(played(scene, 800 * DAY, DAY, NO_REPORT), "anniversary")
    assert [(day, n.to_list, n.to) for day, n in found] == [(365, True, ())]


def test_no_anniversary_without_actions_of_a_false_alarm_or_when_nobody_wants_any() -> None:
    assert said(played(resolved(), 400 * DAY, DAY, NO_REPORT), "anniversary") == []
    never = replace(NO_REPORT, anniversary=False)
    assert said(played(resolved("ACTION one"), 400 * DAY, DAY, never), "anniversary") == []
    scene = opened()
    scene.mail(ALICE, "ACTION one\nCANCEL", 5)
    scene.settle()
    assert said(played(scene, 400 * DAY, DAY, NO_REPORT), "anniversary") == []


def test_an_anniversary_missed_by_a_month_is_none() -> None:
    scene = resolved("ACTION one https://forge.example/7")
    assert scene.kinds(394 * DAY, NO_REPORT) == ["anniversary"]
    assert scene.kinds(396 * DAY, NO_REPORT) == []


# ── nights ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ZONES = ["UTC", "Europe/Zurich", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3 * 365 * 24 * 4), st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 23))
def test_nobody_is_woken_and_nobody_waits_longer_than_a_night(quarter: int, zone: str, begins: int, ends: int) -> None:
    policy, where = Policy(night=(begins, ends)), ZoneInfo(zone)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    morning = awake(at, where, policy)
    assert at <= morning <= at + timedelta(hours=25)
    if begins != ends:
        assert (morning.astimezone(where).hour - begins) % 24 >= (ends - begins) % 24 or morning == at
    assert awake(morning, where, policy) == morning
    tonight = evening(at, where, begins)
    assert timedelta(0) <= tonight - at <= timedelta(hours=25)


def test_a_persons_reminders_wait_for_their_morning_and_the_lists_do_not() -> None:
    scene = resolved()
    scene.items[-2:] = []  # Alice closes it again, at 3 in her night
    date = "Sun, 22 Nov 2026 03:00:00 +0900"
    scene.take(
        f"From: {ALICE}\nDate: {date}\nMessage-ID: <z@x>\nSubject: Re: x\n\nRESOLVED\n".encode(), scene.at(6 * HOUR)
    )
    scene.settle(6 * HOUR)
    found = [(m, n) for m, n in played(scene, 20 * DAY, 60, REPORT_ONLY) if n.kind == "report"]
    assert [((m / HOUR + 12 + 9) % 24, n.to_list) for m, n in found] == [(8, False), (8, False), (8, True)]


# ── whatever happens ──────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = [
    "Still looking.", "START 11:50 UTC", "RESTORED", "RESOLVED", "REOPEN", "CANCEL", "HANDOFF bob@example.org", "ACCEPT",
    "TAKE", "QUIET 2d", "RESUME", "KIND degradation", DUE, "ACTION one @carol", "DONE A1", "DECLINED A1",
    "SUMMARY: it broke", "CAUSE: a disk", "STATUS", ALL, "QUIET",
]  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from([ALICE, BOB, CAROL, ROBOT]), st.sampled_from(WORDS), st.integers(1, 6 * DAY)), max_size=12
)
SMALL = Policy(incident_day=3, list_hour=2, sender_day=2)


@settings(max_examples=50, deadline=None)
@given(STEPS, st.sampled_from([7, 61, 25 * HOUR]), st.sampled_from([POLICY, SMALL]))
def test_p22_p23_p25_no_key_twice_none_after_its_reason_and_no_budget_broken(
    steps: list[tuple[str, str, int]], tick: int, policy: Policy
) -> None:
    """Random scenes and ticks, from a daemon that looks every few minutes to one that is down for a day at a time."""
    scene, keys, posted = opened(ROBOT if tick == 61 else ALICE), set[str](), list[Posted]()
    minute = 0.0
    for who, words, later in [*steps, (ALICE, "", 50 * DAY)]:
        until = minute + later
        looks = 0
        while minute < until and looks < 30:
            looks += 1
            _look(scene, minute, policy, keys, posted)
            next_at = scene.due(minute, policy).next_at
            wake = (next_at - NOON) / timedelta(minutes=1) if next_at else until
            minute = min(until, max(minute + tick, wake))
        minute = until
        if words:
            scene.mail(who, words, minute)


def _look(scene: Scene, minute: float, policy: Policy, keys: set[str], posted: list[Posted]) -> None:
    now, incident = scene.at(minute), scene.incident
    before = (incident.status, incident.commander, len(incident.entries), incident.last_news)
    for n in joined(due(incident, now, policy).notices):
        if within(n, posted, now, policy) is not None:
            continue
        assert not keys.intersection(n.keys)
        assert n.kind == "published" or fits(incident, n.kind, n.keys, now, policy), "what is written now is true now"
        if n.kind in ("update", "open", "commander", "offer"):
            assert incident.is_open
        if n.kind in ("report", "publish", "question", "published"):
            assert incident.status is Status.RESOLVED
        if n.kind == "question":
            assert n.about[0] in missing(incident)
        if n.kind == "action":
            assert {incident.action(label).state for label in n.about} <= {"proposed", "agreed"}
        if not n.asks:
            assert not (incident.quiet and (incident.quiet_until is None or now < incident.quiet_until))
        keys.update(n.keys)
        to = (LIST.address, *n.to) if n.to_list else n.to
        scene.sent(*n.keys, minute=minute, to=to)
        assert fits(scene.incident, n.kind, n.keys, now, policy), "written and not yet handed over, it is still true"
        posted.append(Posted(now, incident.id, n.to_list, to, n.kind))
    listed = [p for p in posted if p.to_list]
    assert sum(p.at > now - timedelta(days=1) for p in listed) <= policy.incident_day
    assert sum(p.at > now - timedelta(hours=1) for p in listed) <= policy.list_hour
    for kind in ("answer", "receipt"):
        mine = [p for p in posted if p.kind == kind and not p.to_list and p.at > now - timedelta(days=1)]
        assert all(sum(a in p.to for p in mine) <= policy.sender_day for a in {p.to[0] for p in mine})
    after = scene.incident
    assert (after.status, after.commander, len(after.entries), after.last_news) == before or any(
        k.startswith("published:") for k in keys
    )


def test_an_unknown_owner_never_gets_mail_by_chance() -> None:
    scene = resolved("ACTION one @incident@example.org", "ACTION two @mailbot@example.org")
    assert {n.to for n in scene.due(3 * DAY, NO_REPORT).notices} == {("alice@example.org",)}
    assert Address("", "incident@example.org") not in scene.incident.people.values()


def test_every_row_of_the_policy_is_a_setting() -> None:
    config = Config()
    other = replace(
        config,
        list=replace(config.list, zone="Europe/Zurich"),
        reminders=replace(
            config.reminders,
            update_outage=timedelta(minutes=7),
            update_other=timedelta(minutes=8),
            update_tries=9,
            no_commander=(),
            offer_after=timedelta(hours=1),
            offer_hour=20,
            still_open=(),
            question=(),
            report=(),
            publish=timedelta(days=2),
            unreviewed=timedelta(days=3),
            anniversary=False,
            night=(0, 0),
        ),
        actions=replace(config.actions, link=timedelta(days=9), late=()),
        digest=replace(config.digest, every="day", day="friday", hour=9),
        publish=replace(config.publish, tell=("board@example.org",)),
        budget=replace(config.budget, incident_day=1, list_hour=2, sender_day=3),
    )
    default, changed = setup.policy(config), setup.policy(other)
    assert default == POLICY, "the defaults of the configuration are those of the core"
    assert [f.name for f in fields(Policy) if getattr(default, f.name) == getattr(changed, f.name)] == []
