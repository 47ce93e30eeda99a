"""Scenes of core/incident.py: the fold, whatever is said in whatever order, custody, windows of impact, UNDO, durations."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.commands import keywords
from mailbot.core.incident import Incident, Said, Sent, Status, Window, fold, needs_refold, undo_code, undone
from mailbot.core.message import Address
from mailbot.core.report import impact, in_words, opened_for
from tests.incident_scene import ALICE, BOB, CAROL, ID, LIST, NOON, ROBOT, Scene


def told(*mails: tuple[str, str] | tuple[str, str, float]) -> Incident:
    """Alice's mail at noon UTC, then these; five minutes later each, or at the minute given."""
    return scene(*mails).incident


def scene(*mails: tuple[str, str] | tuple[str, str, float]) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    for who, body, *minute in mails:
        made.mail(who, body, *minute)
    return made


# ── the fold ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a4_a_subject_is_enough() -> None:
    made = Scene()
    made.mail(ALICE, "", 0)
    incident = made.incident
    assert (incident.title, incident.status, incident.opened) == ("Registry refuses pushes", Status.OPEN, NOON)
    assert incident.commander == Address("Alice Doe", "alice@example.org")


def test_l21_thanks_never_reopens() -> None:
    incident = told((ALICE, "RESOLVED"), (BOB, "Thanks!"), (BOB, "is it resolved? reopened?"))
    assert incident.status is Status.RESOLVED


def test_a_late_mail_after_resolved_still_adds_to_the_timeline() -> None:
    incident = told((ALICE, "RESOLVED"), (BOB, "At 11:50 UTC we had restarted it already.", 600))
    assert incident.status is Status.RESOLVED
    assert [e.label for e in incident.timeline()] == ["T2", "T1"]


def test_l4_auto_replies_and_bounces_are_counted_and_change_nothing() -> None:
    made = scene()
    before = made.incident
    made.mail(BOB, "RESOLVED\nI am away until 14:00 UTC", 60, Auto_Submitted="auto-replied")
    after = made.incident
    assert (after.status, after.entries, after.last_news) == (before.status, [], NOON)
    assert (after.messages, after.unused) == (2, [("m2@example.org", "auto mail")])


def test_p41_messages_of_which_nothing_was_used_are_listed() -> None:
    incident = told((BOB, "Thanks for looking."), (BOB, "STATUS"), (BOB, "It began at 11:40 UTC."))
    assert incident.unused == [("m2@example.org", "no time, no keyword")]


def test_our_own_mails_settle_what_was_asked_for() -> None:
    made = scene((BOB, "STATUS"))
    keys = list(made.incident.asks)
    assert [k.partition(":")[0] for k in keys] == ["ack", "answer"]
    made.sent(keys[1])
    assert list(made.incident.asks) == keys[:1]
    made.sent(keys[0])
    assert made.incident.asks == {}


def test_the_first_of_ack_and_draft_tells_what_the_keywords_did_and_an_incident_can_be_one_mail() -> None:
    """P7: an incident told when it is over."""
    made = Scene()
    made.mail(ALICE, "START 11:00 UTC\nRESTORED 11:20 UTC\nRESOLVED", 0)
    ack, draft = made.incident.asks.values()
    assert (ack.kind, len(ack.outcomes), draft.kind, draft.outcomes) == ("ack", 3, "draft", ())
    assert impact(made.incident).words == "20 min"


def test_a_mail_that_hands_off_and_resolves_gets_one_mail() -> None:
    incident = told((ALICE, "HANDOFF bob@example.org\nRESOLVED"))
    assert [a.kind for a in incident.asks.values()] == ["ack", "draft"]


def test_people_are_known_by_what_they_call_themselves() -> None:
    made = scene((BOB, "hi"))
    made.mail("bob@example.org", "hi from my phone", to="incident@example.org, Zoe Moss <zoe@example.org>")
    assert made.incident.people["bob@example.org"].name == "Bob Stone"
    assert made.incident.people["zoe@example.org"].name == "Zoe Moss"
    assert "incident@example.org" not in made.incident.people


# ── UNDO ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def code(made: Scene, number: int) -> str:
    return undo_code(f"m{number}@example.org")


def test_undo_takes_back_what_a_message_did_and_its_numbers_stay_used() -> None:
    made = scene((BOB, "At 11:30 UTC it broke.\nRESTORED 11:59 UTC\nTITLE x\nACTION a"), (CAROL, "LOG b\nACTION c"))
    made.mail(BOB, f"UNDO {code(made, 2)}")
    incident = made.incident
    assert (incident.status, incident.title) == (Status.OPEN, "Registry refuses pushes")
    assert [(e.label, e.dropped) for e in incident.entries] == [("T1", "undone"), ("T2", "undone"), ("T3", "")]
    assert [(a.label, a.state) for a in incident.actions] == [("A1", "undone"), ("A2", "proposed")]
    assert "taken back" in [o.sentence for a in incident.asks.values() for o in a.outcomes][-1]


def test_undo_of_an_undo_brings_it_back() -> None:
    made = scene((BOB, "RESOLVED"))
    made.mail(ALICE, f"UNDO {code(made, 2)}")
    statuses = [made.incident.status]
    for number in (3, 4):
        made.mail(BOB, f"#mailbot undo {code(made, number)}")
        statuses.append(made.incident.status)
    assert statuses == [Status.OPEN, Status.RESOLVED, Status.OPEN]


def test_undo_of_a_message_that_is_not_there_says_so() -> None:
    made = scene((BOB, "UNDO ZZZZ"))
    assert "has the code ZZZZ" in [o.sentence for a in made.incident.asks.values() for o in a.outcomes][-1]


def test_p22_what_was_undone_before_its_draft_went_out_sends_none() -> None:
    made = scene((BOB, "RESOLVED"))
    made.settle(0)
    made.mail(BOB, f"UNDO {code(made, 2)}")
    assert "draft" not in made.kinds(10)


def test_a_command_that_was_refused_keeps_its_number_for_the_day_an_undo_allows_it() -> None:
    made = scene((ALICE, "RESOLVED"), (BOB, "START 12:08 UTC", 20), (CAROL, "LOG 12:21 UTC looked"))
    assert [(e.label, e.dropped) for e in made.incident.entries] == [("T1", ""), ("T2", "not done"), ("T3", "")]
    made.mail(BOB, f"UNDO {code(made, 2)}")
    assert [(e.what, e.dropped) for e in made.incident.entries] == [
        ("Incident concluded.", "undone"),
        ("Incident start.", ""),
        ("looked", ""),
    ]


def test_undo_reaches_back_only_and_only_people_can_undo() -> None:
    made = scene((BOB, f"UNDO {undo_code('m3@example.org')}"), (BOB, "TITLE x"))
    assert made.incident.title == "x"
    made.mail(BOB, f"UNDO {code(made, 3)}", Auto_Submitted="auto-replied")
    assert made.incident.title == "x"


def test_numbers_and_codes_are_only_what_can_be_told_apart() -> None:
    codes = [undo_code(f"{n}@x") for n in range(500)]
    assert all(len(c) == 4 and not set(c) & set("IL01O") for c in codes)
    assert len(set(codes)) > 495


# ── any order, any words ──────────────────────────────────────────────────────────────────────────────────────────────

LINES = [k.example for k in keywords() if k.word not in ("FIX", "DROP", "UNDO")] + [
    "START 11:50 UTC",
    "START 12:40 UTC",
    "RESTORED 12:20 UTC",
    "RESTORED",
    "RESOLVED",
    "HANDOFF carol@example.net",
    "HANDOFF alice@example.org",
    "FIX T2 12:01 UTC",
    "FIX T1 other words",
    "DROP T1",
    "DROP T3",
    "DONE A1",
    "QUIET",
    "It broke at 11:45 UTC.",
    "* 12:05 UTC - looked\n* 12:06 UTC - found it",
    "Thanks!",
]


def stream(seed: int, length: int = 24) -> Scene:
    """A random talk of people and machines, with UNDOs of any earlier message, and our own mails between."""
    dice, made = random.Random(seed), Scene()
    for n in range(length):
        who = dice.choice([ALICE, ALICE, BOB, CAROL, "helpdesk@example.org", ROBOT])
        body = "\n".join(dice.choice(LINES) for _ in range(dice.randint(0, 3)))
        if n and dice.random() < 0.25:
            body += f"\nUNDO {undo_code(dice.choice(made.items).message_id)}"
        auto = {"Auto_Submitted": "auto-replied"} if dice.random() < 0.05 else {}
        made.mail(who, body, made.clock + dice.choice([0, 3, 40, 150]), **auto)
        if dice.random() < 0.5:
            asked = list(made.incident.asks)
            made.sent(*dice.sample(asked, len(asked) // 2))
    return made


@pytest.mark.parametrize("seed", range(12))
def test_adding_a_mail_to_a_finished_fold_gives_what_a_full_fold_gives(seed: int) -> None:
    made = stream(seed)
    kept = fold(ID, [], LIST)
    for n, item in enumerate(made.items):
        kept = fold(ID, made.items[: n + 1], LIST) if needs_refold(item) else kept
        if not needs_refold(item):
            kept.add(item)
        assert kept == fold(ID, made.items[: n + 1], LIST), n


@pytest.mark.parametrize("seed", range(25, 35))
def test_numbers_never_change_and_nothing_is_forgotten(seed: int) -> None:
    """Entries and actions keep number, message and maker whatever comes later, also an UNDO."""
    made = stream(seed)
    before: Incident | None = None
    for n in range(len(made.items)):
        after = fold(ID, made.items[: n + 1], LIST)
        assert [e.number for e in after.entries] == list(range(1, len(after.entries) + 1))
        assert [a.number for a in after.actions] == list(range(1, len(after.actions) + 1))
        if before is not None:
            assert [(e.message_id, e.line, e.added) for e in before.entries] == [
                (e.message_id, e.line, e.added) for e in after.entries[: len(before.entries)]
            ]
            assert [(a.message_id, a.text) for a in before.actions] == [
                (a.message_id, a.text) for a in after.actions[: len(before.actions)]
            ]
        before = after


@pytest.mark.parametrize("seed", range(45, 57))
def test_a10_the_chain_of_custody_has_no_gap_and_never_two(seed: int) -> None:
    incident = stream(seed).incident
    chain = incident.custody
    assert chain[0].since == incident.opened
    for one, following in pairwise(chain):
        assert one.since <= following.since
        assert following.who is not None
        assert one.who is None or one.who.email != following.who.email
    assert all(c.who is None or incident.mailing_list.is_person(c.who) for c in chain)
    assert incident.is_open == (incident.closed_at is None) == (incident.resolved is None)
    for window in incident.windows[:-1]:
        assert window.end is not None
    for report in (impact(incident), opened_for(incident)):
        assert report


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([ALICE, BOB]), st.text(max_size=40)), max_size=6))
def test_junk_folds(mails: list[tuple[str, str]]) -> None:
    made = scene()
    for n, (who, body) in enumerate(mails):
        made.take(f"From: {who}\nMessage-ID: <j{n}@x>\n\n{body}".encode("utf-8", "surrogatepass"), NOON)
    assert impact(made.incident).words
    assert made.incident.messages == len(made.items)


def test_undone_says_the_same_as_asking_from_the_back() -> None:
    def said(number: int, *codes: int) -> Said:
        body = "\n".join(f"UNDO {undo_code(f'm{c}@example.org')}" for c in codes)
        return Scene().take(f"Message-ID: <m{number}@example.org>\nFrom: {BOB}\n\n{body}".encode(), NOON)

    items: list[Said | Sent] = [said(1), said(2, 1), said(3, 2), said(4, 1, 3), Sent("s@x", NOON, ("k",))]
    assert undone(items) == {"m1@example.org", "m3@example.org"}


# ── windows and durations (language.md 3.3) ───────────────────────────────────────────────────────────────────────────


def words(*mails: tuple[str, str] | tuple[str, str, float]) -> str:
    return impact(told(*mails)).words


def test_a21_duration_ends_when_service_is_restored() -> None:
    incident = told((ALICE, "START 11:40 UTC\nRESTORED 12:20 UTC", 30), (ALICE, "RESOLVED", 190))
    found = impact(incident)
    assert (found.words, found.basis) == ("40 min", "2026-11-21 11:40 to 12:20 UTC")
    assert opened_for(incident) == "3 h 10 min"


def test_p18_a_declaration_is_no_start() -> None:
    assert words((ALICE, "RESTORED 12:20 UTC", 30), (ALICE, "RESOLVED")) == "unknown"
    assert words((ALICE, "RESOLVED 12:20 UTC", 30)) == "unknown"


def test_without_restored_it_is_at_most_up_to_resolved() -> None:
    incident = told((ALICE, "START 11:40 UTC"), (ALICE, "RESOLVED 12:40 UTC", 60))
    assert impact(incident).words == "at most 1 h"
    assert "the declaration" in impact(incident).basis


def test_a_restored_that_comes_after_resolved_makes_it_exact() -> None:
    mails = ((ALICE, "START 11:40 UTC"), (ALICE, "RESOLVED", 60), (ALICE, "RESTORED 12:10 UTC", 70))
    assert words(*mails) == "30 min"
    assert told(*mails).status is Status.RESOLVED


def test_about_stays_about() -> None:
    assert words((ALICE, "START about 11:40 UTC\nRESTORED 12:10 UTC", 30)) == "about 30 min"
    assert words((ALICE, "START 11:40 UTC\nRESTORED ~12:10 UTC", 30)) == "about 30 min"


def test_p9_while_it_goes_on_there_is_no_figure() -> None:
    incident = told((ALICE, "START 11:40 UTC"))
    assert (impact(incident).words, impact(incident).basis) == ("not over", "since 2026-11-21 11:40 UTC")
    assert impact(told()).words == "not over"


def test_the_timelines_own_start_counts_where_nobody_wrote_start() -> None:
    assert (
        words((ALICE, "* 11:40 UTC - Incident start\n* 11:45 UTC - looked"), (ALICE, "RESTORED 12:00 UTC")) == "20 min"
    )


def test_a_second_start_after_restored_is_a_second_window_and_both_are_summed() -> None:
    mails = ((ALICE, "START 11:00 UTC\nRESTORED 11:20 UTC"), (BOB, "START 11:50 UTC"))
    incident = told(*mails)
    assert (incident.status, incident.windows) == (Status.OPEN, [Window(1, 2), Window(3, None)])
    found = impact(told(*mails, (BOB, "RESTORED 12:00 UTC", 20), (BOB, "RESOLVED")))
    assert found.words == "30 min"
    assert found.basis == "summed over 2026-11-21 11:00 to 11:20 UTC, 2026-11-21 11:50 to 12:00 UTC"


def test_p19_the_first_start_stands_and_a_later_one_is_a_correction_on_record() -> None:
    incident = told((ALICE, "START 11:40 UTC"), (BOB, "START 11:30 UTC"), (BOB, "RESTORED 12:00 UTC"))
    first, second, _ = incident.entries
    assert (first.dropped, second.was) == ("corrected by T2", ("Incident start. 2026-11-21 11:40 UTC",))
    assert impact(incident).words == "30 min"
    assert [e.label for e in incident.timeline()] == ["T2", "T3"]


def test_a_start_before_the_end_corrects_the_window_it_lies_in_not_the_last_one() -> None:
    incident = told(
        (ALICE, "START 11:00 UTC\nRESTORED 11:20 UTC\nSTART 11:40 UTC\nRESTORED 11:50 UTC"), (BOB, "START 11:05 UTC")
    )
    assert incident.windows == [Window(5, 2), Window(3, 4)]
    assert impact(incident).words == "25 min"
    assert incident.status is Status.RESTORED


def test_a_restored_within_the_first_window_corrects_that_one() -> None:
    incident = told(
        (ALICE, "START 11:00 UTC\nRESTORED 11:20 UTC\nSTART 11:40 UTC"),
        (BOB, "RESTORED 11:30 UTC"),
        (BOB, "START 11:45 UTC"),
    )
    assert incident.windows == [Window(1, 4), Window(5, None)]
    assert incident.status is Status.OPEN, "the second window goes on"


def test_after_reopen_what_was_restored_stays_and_the_new_window_is_at_least() -> None:
    mails = ((ALICE, "START 11:00 UTC\nRESTORED 11:20 UTC\nRESOLVED"), (BOB, "REOPEN: it is back", 60))
    assert words(*mails) == "not over"
    again = (*mails, (BOB, "RESTORED 13:30 UTC", 95), (BOB, "RESOLVED", 100))
    incident = told(*again)
    assert [e.what for e in incident.timeline()].count("Service restored.") == 2
    assert impact(incident).words == "at least 20 min"
    assert words(*again, (BOB, "START 12:55 UTC", 101)) == "55 min"


def test_reopen_for_the_paperwork_of_one_without_restored_goes_on_with_its_window() -> None:
    assert words((ALICE, "START 11:40 UTC\nRESOLVED"), (BOB, "REOPEN"), (BOB, "RESTORED 12:00 UTC")) == "20 min"


def test_start_after_it_was_resolved_asks_for_reopen() -> None:
    incident = told((ALICE, "START 11:40 UTC\nRESOLVED 12:00 UTC"), (BOB, "START 12:55 UTC", 60))
    (refusal,) = [o for a in incident.asks.values() for o in a.outcomes if not o.ok]
    assert "REOPEN first" in refusal.sentence
    assert len(incident.windows) == 1


def test_p10_an_end_before_the_start_is_unknown_and_says_why() -> None:
    found = impact(told((ALICE, "START 11:40 UTC\nRESTORED 11:30 UTC")))
    assert (found.span, found.words) == (None, "unknown")
    assert "the end is before the start: 2026-11-21 11:40 to 11:30 UTC" in found.basis


def test_a_dropped_start_no_longer_counts() -> None:
    assert words((ALICE, "START 11:40 UTC\nRESTORED 12:00 UTC"), (ALICE, "DROP T1")) == "unknown"


def test_fix_of_the_start_moves_the_duration() -> None:
    assert words((ALICE, "START 11:40 UTC\nRESTORED 12:00 UTC"), (ALICE, "FIX T1 11:50 UTC")) == "10 min"


def test_a11_a_false_alarm_has_no_impact() -> None:
    assert words((ALICE, "START 11:40 UTC"), (ALICE, "CANCEL")) == "none"


def test_an_end_on_another_day_shows_its_date() -> None:
    found = impact(told((ALICE, "START 11:40 UTC"), (ALICE, "RESTORED 2026-11-23 11:40 UTC", 3000)))
    assert (found.words, found.basis) == ("2 d", "2026-11-21 11:40 to 2026-11-23 11:40 UTC")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min"), (59.6, "1 h"), (60, "1 h"), (190, "3 h 10 min"), (1440, "1 d"), (3120, "2 d 4 h"), (2939, "2 d")],
)
def test_durations_in_words(minutes: float, said: str) -> None:
    assert in_words(timedelta(minutes=minutes)) == said


def test_times_of_acts_are_arrival_times_whatever_the_mail_says() -> None:
    made = scene()
    raw = f"From: {BOB}\nMessage-ID: <t@x>\nDate: Sat, 21 Nov 2026 03:00:00 +0000\n\nTAKE\n".encode()
    made.take(raw, NOON + timedelta(hours=5))
    assert made.incident.custody[-1].since == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
