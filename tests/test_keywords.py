"""Scenes of what keywords do to an incident, what takes it back, what is refused, and who has it."""

from __future__ import annotations

from datetime import UTC, datetime

from mailbot.core.incident import Incident, Status
from tests.incident_scene import ALICE, BOB, CAROL, ROBOT, Scene

# ── what keywords do, and what takes it back ──────────────────────────────────────────────────────────────────────────


def told(*mails: tuple[str, str]) -> tuple[Incident, list[str]]:
    """The incident, and the receipts' sentences for the last mail."""
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.", 0)
    for who, body in mails:
        scene.mail(who, body)
    incident = scene.incident
    last = scene.items[-1].message_id
    return incident, [o.sentence for a in incident.asks.values() if a.message_id == last for o in a.outcomes]


def test_title_renames_and_undo_takes_it_back() -> None:
    incident, (sentence,) = told((BOB, "TITLE Registry down"))
    assert (incident.title, incident.subject) == ("Registry down", "Registry refuses pushes")
    assert "Registry down" in sentence


def test_kind_changes_the_kind() -> None:
    assert told((BOB, "KIND security"))[0].kind == "security"


def test_detected_fills_detection_and_the_timeline() -> None:
    incident, (sentence,) = told((BOB, "DETECTED 11:50 UTC: two users"))
    assert [n.text for n in incident.section("DETECTION")] == ["two users"]
    assert [e.what for e in incident.timeline()] == ["Detected: two users"]
    assert "T1, 2026-11-21 11:50 UTC" in sentence


def test_cancel_is_taken_back_by_reopen_and_by_nothing_else() -> None:
    assert told((BOB, "CANCEL: planned"))[0].status is Status.CANCELLED
    incident, (sentence,) = told((BOB, "CANCEL: planned"), (ALICE, "RESOLVED"))
    assert incident.status is Status.CANCELLED
    assert "REOPEN" in sentence
    assert told((BOB, "CANCEL: planned"), (ALICE, "REOPEN"))[0].status is Status.OPEN


def test_reopen_keeps_its_reason_in_the_record() -> None:
    incident, sentences = told((BOB, "RESOLVED"), (ALICE, "REOPEN: it is back"))
    assert (incident.status, incident.resolved, sentences) == (Status.OPEN, None, ["open again"])
    assert incident.entries[-1].what == "Reopened: it is back"
    assert "is open" in told((ALICE, "REOPEN"))[1][0]


def test_l15_resolved_twice_is_told_and_changes_nothing() -> None:
    incident, (sentence,) = told((BOB, "RESOLVED 12:01 UTC"), (CAROL, "RESOLVED 12:09 UTC"))
    assert f"{incident.resolved:%H:%M}" == "12:01"
    assert "REOPEN" in sentence


def test_a23_resolved_by_another_than_the_commander_takes_effect_and_is_recorded_as_such() -> None:
    incident, (sentence,) = told((BOB, "RESOLVED"))
    assert incident.status is Status.RESOLVED
    assert incident.resolved_by is not None
    assert incident.resolved_by.name == "Bob Stone"
    assert "not the commander" in sentence
    assert "Alice Doe can REOPEN" in sentence
    assert "not the commander" not in told((ALICE, "RESOLVED"))[1][0]


def test_p13_a_backdated_line_stands_where_its_time_puts_it_and_says_when_it_was_added() -> None:
    incident, (sentence,) = told((BOB, "LOG 11:40 UTC rebooted"), (BOB, "LOG 11:30 UTC looked"))
    assert [e.label for e in incident.timeline()] == ["T2", "T1"]
    assert sentence == "added 12:10 UTC for 2026-11-21 11:30 UTC (T2)"
    assert incident.entries[1].added == datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


def test_p12_fix_with_a_clock_alone_keeps_the_day_however_late_it_comes() -> None:
    scene = Scene()
    scene.mail(ALICE, "LOG 11:40 UTC disk full", 0)
    scene.mail(BOB, "FIX T1 11:10 UTC", 3 * 24 * 60)
    assert scene.incident.entries[0].utc == datetime(2026, 11, 21, 11, 10, tzinfo=UTC)


def test_p12_fix_corrects_words_and_time_and_keeps_the_old() -> None:
    incident, (sentence,) = told((BOB, "LOG 11:40 UTC rebooted"), (CAROL, "FIX T1 11:45 UTC rebooted twice"))
    entry = incident.entries[0]
    assert (entry.what, f"{entry.utc:%H:%M}", entry.was) == (
        "rebooted twice",
        "11:45",
        ("2026-11-21 11:40 UTC - rebooted",),
    )
    assert "before: 2026-11-21 11:40 UTC - rebooted" in sentence
    assert told((BOB, "LOG 11:40 UTC a"), (BOB, "FIX T1 11:41 UTC"))[0].entries[0].what == "a"
    assert told((BOB, "LOG 11:40 UTC a"), (BOB, "FIX T1 b"))[0].entries[0].utc.minute == 40


def test_fix_of_what_is_not_there_or_says_nothing_is_refused_with_what_would_be_right() -> None:
    assert "TIMELINE" in told((BOB, "FIX T9 14:00"))[1][0]
    assert "FIX T1 14:10" in told((BOB, "LOG a"), (BOB, "FIX T1"))[1][0]


def test_fix_of_a_line_that_is_out_of_the_report_says_so() -> None:
    incident, (sentence,) = told((BOB, "LOG 11:40 UTC a"), (CAROL, "DROP T1"), (BOB, "FIX T1 11:45 UTC"))
    assert sentence.startswith("T1 is out of the report (dropped by Carol). LOG adds it anew")
    assert (f"{incident.entries[0].utc:%H:%M}", incident.timeline()) == ("11:40", [])
    _, (sentence,) = told((BOB, "START 11:40 UTC"), (BOB, "START 11:50 UTC"), (BOB, "FIX T1 11:45 UTC"))
    assert sentence.startswith("T1 is out of the report (corrected by T2).")


def test_fix_of_the_declaration_moves_the_end_of_the_incident() -> None:
    incident, _ = told((ALICE, "RESOLVED 12:30 UTC"), (ALICE, "FIX T1 12:10 UTC"))
    assert f"{incident.resolved:%H:%M}" == "12:10"


def test_drop_takes_a_line_out_of_the_report_and_the_record_keeps_it() -> None:
    incident, (sentence,) = told((BOB, "LOG a"), (CAROL, "DROP T1"))
    assert incident.timeline() == []
    assert (incident.entries[0].what, incident.entries[0].dropped) == ("a", "dropped by Carol")
    assert "the record keeps it" in sentence


def test_sections_add_up_and_say_where_they_went() -> None:
    incident, (sentence,) = told((BOB, "CAUSE: no test"), (CAROL, "CAUSE: no review"))
    assert [(n.text, n.who.name) for n in incident.section("CAUSE")] == [
        ("no test", "Bob Stone"),
        ("no review", "Carol"),
    ]
    assert sentence == 'added to "Root Cause" (W2)'


def test_a38_an_action_has_category_owner_due_date_and_link() -> None:
    incident, (sentence,) = told(
        (BOB, "ACTION [prevent] add a test @carol due 2026-12-01 https://forge.example/o/r/issues/7.")
    )
    (action,) = incident.actions
    assert (action.category, action.text, action.owner, action.due) == ("prevent", "add a test", "carol", "2026-12-01")
    assert (action.link, action.state) == ("https://forge.example/o/r/issues/7", "proposed")
    assert sentence.startswith("A1 noted")


def test_an_action_may_be_words_alone_and_its_first_word_is_no_category_then() -> None:
    incident, _ = told((BOB, "ACTION write to the vendor"), (BOB, "ACTION detect"))
    assert [(a.category, a.text) for a in incident.actions] == [("", "write to the vendor"), ("", "detect")]


def test_an_action_that_has_a_day_that_cannot_be_or_no_words_is_refused_and_takes_no_number() -> None:
    for line, right in (
        ("ACTION: buy cert due 2026-13-45", "2026-13-45 is no day; write due 2026-12-01."),
        ("ACTION prevent rotate due: 2026-02-30 @carol", "2026-02-30 is no day; write due 2026-12-01."),
        ("ACTION due 2026-12-24", "A task needs words: ACTION add a test"),
        ("ACTION @carol, due 2026-12-24 https://forge.example/o/r/issues/7", "A task needs words"),
        ("ACTION W1", "A task needs words"),
    ):
        incident, (sentence,) = told((BOB, "CAUSE: no test"), (BOB, line))
        assert sentence.startswith(right), line
        assert incident.actions == [], line
    for body in ("ACTION prevent due 2026-12-24", "ACTION prevent W1"):
        (action,) = told((BOB, "CAUSE: no test"), (BOB, body))[0].actions
        assert (action.text, action.category) == ("prevent", ""), "a word, if one that is a category elsewhere"


def test_b13_link_done_and_declined_go_by_the_number() -> None:
    mails = ((BOB, "ACTION a"), (BOB, "ACTION b"), (CAROL, "LINK A1 o/r#7\nDONE A1\nDECLINED A2: not worth it"))
    incident, sentences = told(*mails)
    assert [(a.link, a.state) for a in incident.actions] == [("o/r#7", "done"), ("", "declined")]
    assert sentences == ["A1 is tracked at o/r#7", "A1 done: a", "A2 declined: b"]
    assert "there is A1, A2" in told(*mails, (BOB, "DONE A7"))[1][0]
    assert "LINK A1 https://" in told(*mails, (BOB, "LINK A1 soon"))[1][0]
    assert "no action" in told((BOB, "DONE A1"))[1][0]


def test_of_two_numbers_on_one_line_neither_is_done_and_the_sender_is_told() -> None:
    incident, sentences = told((BOB, "LOG a\nLOG b\nACTION a\nACTION b"), (BOB, "DONE A1, A2\nDROP T1 and T2"))
    assert [a.state for a in incident.actions] == ["proposed", "proposed"]
    assert len(incident.timeline()) == 2
    assert [s.partition(":")[0] for s in sentences] == ["One at a time", "One at a time"]


def test_zone_is_answered_and_changes_nothing_here() -> None:
    incident, (sentence,) = told((BOB, "ZONE Europe/Zurich"))
    assert "Europe/Zurich" in sentence
    assert incident.entries == []


def test_questions_change_nothing_and_are_answered_to_the_sender() -> None:
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.", 0)
    before = scene.incident
    scene.mail(BOB, "STATUS\nTIMELINE\nREPORT debrief\nREPORT\nHELP")
    after = scene.incident
    assert (before.status, before.entries, before.custody) == (after.status, after.entries, after.custody)
    answers = [a for a in after.asks.values() if a.kind == "answer"]
    assert [a.words for a in answers] == ["STATUS", "TIMELINE", "REPORT debrief", "REPORT", "HELP"]
    assert all((not a.public, a.who.email) == (True, "bob@example.org") for a in answers)
    assert not any(a.kind == "receipt" for a in after.asks.values())


def test_state_changes_are_told_to_the_list_and_corrections_to_the_sender() -> None:
    for body, public in (("RESTORED", True), ("LOG a", False), ("LOG a\nRESTORED", True), ("DROP T9", False)):
        scene = Scene()
        scene.mail(ALICE, "Pushes fail.", 0)
        scene.mail(BOB, body)
        (receipt,) = [a for a in scene.incident.asks.values() if a.kind == "receipt"]
        assert receipt.public is public, body


def test_an_alert_commands_nothing_and_opens_an_incident_that_nobody_has() -> None:
    scene = Scene()
    scene.mail(ROBOT, "RESOLVED\nPROBLEM since 11:50 UTC", 0)
    assert scene.incident.status is Status.OPEN
    assert scene.incident.commander is None


# ── who has it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def holder(incident: Incident) -> str:
    return incident.commander.name if incident.commander else "nobody"


def test_a5_who_calls_the_incident_has_it() -> None:
    assert holder(told((BOB, "me too"))[0]) == "Alice Doe"


def test_a9_the_commander_keeps_it_until_the_other_accepts() -> None:
    offer = (ALICE, "HANDOFF bob@example.org: it is rolled back")
    incident, (sentence,) = told(offer)
    assert holder(incident) == "Alice Doe"
    assert "Alice Doe keeps it" in sentence
    incident, (sentence,) = told(offer, (BOB, "ACCEPT"))
    assert (holder(incident), sentence) == ("Bob Stone", "Bob Stone has it now, before: Alice Doe")
    incident, (sentence,) = told(offer, (BOB, "DECLINE"))
    assert (holder(incident), sentence) == ("Alice Doe", "declined; Alice Doe has it")
    assert told(offer, (BOB, "DECLINE"), (BOB, "ACCEPT"))[0].commander == incident.commander


def test_only_who_was_asked_can_accept() -> None:
    incident, (sentence,) = told((ALICE, "HANDOFF bob@example.org"), (CAROL, "ACCEPT"))
    assert holder(incident) == "Alice Doe"
    assert "offered to bob@example.org" in sentence
    assert "TAKE" in told((CAROL, "ACCEPT"))[1][0]


def test_l27_a_name_that_fits_two_people_is_asked_back() -> None:
    bobs = ((BOB, "hi"), ("Bob Moss <bmoss@example.org>", "hi"))
    _, (sentence,) = told(*bobs, (ALICE, "HANDOFF Bob"))
    assert "bob@example.org or bmoss@example.org" in sentence
    assert told(*bobs, (ALICE, "HANDOFF bob moss"))[0].offered is not None
    assert "address" in told(*bobs, (ALICE, "HANDOFF Zoe"))[1][0]


def test_handoff_to_a_role_to_oneself_to_no_address_or_after_the_end_is_refused() -> None:
    for person, words_in in (
        ("helpdesk@example.org", "not the address of a person"),
        ("incident@example.org", "not the address of a person"),
        ("bob@@example.org", "not the address of a person"),
        ("alice@example.org", "has it already"),
    ):
        incident, (sentence,) = told((ALICE, f"HANDOFF {person}"))
        assert words_in in sentence
        assert incident.offered is None
    assert "is resolved" in told((ALICE, "RESOLVED"), (ALICE, "HANDOFF bob@example.org"))[1][0]


def test_take_is_for_what_nobody_has_or_a_silent_commander() -> None:
    scene = Scene()
    scene.mail(ROBOT, "PROBLEM", 0)
    scene.mail(BOB, "TAKE", 5)
    scene.mail(CAROL, "TAKE", 60)
    assert holder(scene.incident) == "Bob Stone"
    scene.mail(BOB, "Still on it.", 100)
    scene.mail(CAROL, "TAKE", 125)
    assert holder(scene.incident) == "Bob Stone", "he wrote 25 minutes ago"
    scene.mail(CAROL, "TAKE", 220)
    assert holder(scene.incident) == "Carol"
    assert [c.who and c.who.email for c in scene.incident.custody] == [None, "bob@example.org", "carol@example.net"]


def test_take_by_the_one_it_is_offered_to_is_as_good_as_accept() -> None:
    offer = (ALICE, "HANDOFF bob@example.org")
    incident, (sentence,) = told(offer, (BOB, "TAKE"))
    assert (holder(incident), sentence) == ("Bob Stone", "Bob Stone has it now, before: Alice Doe")
    assert incident.offered is None
    assert "wrote" in told(offer, (CAROL, "TAKE"))[1][0], "it is not offered to her"


def test_take_of_what_is_over_says_so_at_once_and_sends_nobody_to_wait() -> None:
    for word, status in (("RESOLVED", "resolved"), ("CANCEL", "cancelled")):
        _, (sentence,) = told((ALICE, word), (BOB, "TAKE"))
        assert sentence.endswith(f"is {status}; nobody needs to have it.")


def test_a5_a_role_never_has_it() -> None:
    scene = Scene()
    scene.mail("Desk <helpdesk@example.org>", "Users cannot push.", 0)
    assert holder(scene.incident) == "nobody"
    scene.mail("Desk <helpdesk@example.org>", "TAKE", 1)
    assert holder(scene.incident) == "nobody"
