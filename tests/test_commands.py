"""Scenes of core/commands: each keyword by its example, the shapes that keep prose prose, what each does and undoes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.commands import KEYWORDS, Command, Keyword, NearMiss, keywords, read_commands
from mailbot.core.commands.scan import MOST, NATURAL
from mailbot.core.incident import Incident, Status
from mailbot.core.reading import without
from mailbot.core.times import Context
from tests.incident_scene import ALICE, BOB, CAROL, ROBOT, Scene

CET = Context(datetime(2026, 11, 21, 15, 0, tzinfo=timezone(timedelta(hours=1))))


def read(text: str, status: str = "") -> tuple[tuple[Command, ...], tuple[NearMiss, ...]]:
    return read_commands(text, ((0, len(text)),), CET, status)


def one(text: str) -> Command:
    commands, _ = read(text)
    assert len(commands) == 1, text
    return commands[0]


def words(text: str) -> list[str]:
    return [c.keyword.word for c in read(text)[0]]


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("unit", keywords(), ids=lambda k: k.word)
def test_each_keyword_is_read_from_its_own_example(unit: Keyword) -> None:
    command = one(unit.example)
    assert (command.keyword, command.problem, command.words) == (unit, "", unit.example)
    assert (command.start, command.end) == (0, len(unit.example))


@pytest.mark.parametrize("unit", keywords(), ids=lambda k: k.word)
def test_each_keyword_is_read_in_any_case_after_the_mark(unit: Keyword) -> None:
    word, _, rest = unit.example.partition(":" if ":" in unit.example.split()[0] else " ")
    rest = unit.example[len(word) :]
    for mark in ("#mailbot ", "#Mailbot: "):
        for spelled in (word.lower(), word.title()):
            assert one(f"{mark}{spelled}{rest}").keyword is unit


@pytest.mark.parametrize("unit", keywords(), ids=lambda k: k.word)
def test_each_keyword_is_prose_where_it_is_the_word_of_a_sentence(unit: Keyword) -> None:
    for line in (
        f"{unit.word} is a big word",
        f"{unit.word}-like things",
        f"{unit.word}ISH",
        f"the {unit.word}",
        f"{unit.word}/{unit.word}",
        f"{unit.word}@example.org",
        f"| {unit.example}",
        f"> {unit.example}",
        f"- {unit.example}",
        f'"{unit.example}"',
    ):
        assert words(line) == [], line


@pytest.mark.parametrize("unit", keywords(), ids=lambda k: k.word)
def test_l20_each_keyword_that_changes_something_names_what_takes_it_back(unit: Keyword) -> None:
    assert (unit.inverse in KEYWORDS) is (unit.tell != "answer")


@pytest.mark.parametrize(("_pattern", "word", "example"), NATURAL)
def test_natural_marks_count_like_keywords(_pattern: object, word: str, example: str) -> None:
    assert words(example) == [word]
    assert words(f"see: {example}") == []


@pytest.mark.parametrize("unit", keywords(), ids=lambda k: k.word)
def test_a_keyword_makes_one_entry_whether_it_is_refused_or_not_if_it_makes_any(unit: Keyword) -> None:
    """Else the numbers of later entries would change with an UNDO."""
    for before in ("x", "RESOLVED", "CANCEL", "HANDOFF bob@example.org\nLOG a\nACTION a"):
        scene = Scene()
        scene.mail(ALICE, before, 0)
        entries = len(scene.incident.entries)
        scene.mail(BOB, unit.example)
        assert len(scene.incident.entries) - entries == unit.enters, before


def test_all_of_the_first_set_is_there() -> None:
    wanted = """START DETECTED RESTORED RESOLVED REOPEN CANCEL HANDOFF ACCEPT DECLINE TAKE LOG TL TITLE SUMMARY IMPACT TRIGGER
        CAUSE DETECTION RESOLUTION WELL POORLY LUCKY ACTION LINK DONE STATUS TIMELINE REPORT HELP UNDO FIX DROP ZONE QUIET
        RESUME"""
    assert set(wanted.split()) <= KEYWORDS.keys()


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = (  # line, keyword, instant in UTC, text, note
    ("RESOLVED", "RESOLVED", "", "", ""),
    ("RESOLVED.", "RESOLVED", "", "", ""),
    ("RESOLVED!", "RESOLVED", "", "", ""),
    ("  RESOLVED  ", "RESOLVED", "", "", ""),
    ("RESOLVED 14:05", "RESOLVED", "13:05", "", ""),
    ("RESOLVED 14:05 rolled back", "RESOLVED", "13:05", "", "rolled back"),
    ("RESOLVED\N{NO-BREAK SPACE}14:05", "RESOLVED", "13:05", "", ""),
    ("RESOLVED: 14:05 rolled back", "RESOLVED", "13:05", "", "rolled back"),
    ("RESOLVED - 14:05: rolled back", "RESOLVED", "13:05", "", "rolled back"),
    ("RESOLVED at 14:05 CEST, rolled back", "RESOLVED", "12:05", "", "rolled back"),
    ("RESOLVED: rolled back", "RESOLVED", "", "", "rolled back"),
    ("RESOLVED — rolled back", "RESOLVED", "", "", "rolled back"),
    ("RESTORED 20 min ago", "RESTORED", "13:40", "", ""),
    ("RESTORED about 2pm UTC", "RESTORED", "14:00", "", ""),
    ("START noon", "START", "11:00", "", ""),
    ("START 13:58Z", "START", "13:58", "", ""),
    ("DETECTED 14:02: two users", "DETECTED", "13:02", "", "two users"),
    ("REOPEN it is back", "REOPEN", "", "it is back", ""),
    ("CANCEL: planned", "CANCEL", "", "planned", ""),
    ("TITLE: Registry down", "TITLE", "", "Registry down", ""),
    ("LOG 14:05 restarted it", "LOG", "13:05", "restarted it", ""),
    ("TL: 14:05 restarted it", "LOG", "13:05", "restarted it", ""),
    ("LOG restarted it", "LOG", "", "restarted it", ""),
    ("HANDOFF bob@example.org", "HANDOFF", "", "bob@example.org", ""),
    ("HANDOFF to bob@example.org: it is rolled back", "HANDOFF", "", "bob@example.org", "it is rolled back"),
    ("HANDOFF bob@example.org it is rolled back", "HANDOFF", "", "bob@example.org", "it is rolled back"),
    ("HANDOFF Bob Stone <bob@example.org>", "HANDOFF", "", "Bob Stone <bob@example.org>", ""),
    ("HANDOFF bob@example.org <mailto:bob@example.org>", "HANDOFF", "", "bob@example.org", ""),
    ("HANDOFF @bob", "HANDOFF", "", "@bob", ""),
    ("HANDOFF Zoë O’Neil-Łuk - good luck", "HANDOFF", "", "Zoë O’Neil-Łuk", "good luck"),
    ("ACCEPT: gladly", "ACCEPT", "", "", "gladly"),
    ("DECLINE, I am at the airport", "DECLINE", "", "", "I am at the airport"),
    ("QUIET 2 hours", "QUIET", "", "2 hours", ""),
    ("KIND: Security", "KIND", "", "security", ""),
    ("FIX T7 14:10", "FIX", "13:10", "T7", ""),
    ("FIX T7 restarted twice", "FIX", "", "T7", "restarted twice"),
    ("FIX T7: 14:10 restarted twice", "FIX", "13:10", "T7", "restarted twice"),
    ("DONE a1: merged", "DONE", "", "A1", "merged"),
    ("LINK A1 https://forge.example/7", "LINK", "", "A1", "https://forge.example/7"),
    ("UNDO k7qm", "UNDO", "", "K7QM", ""),
    ("ZONE +05:30", "ZONE", "", "+05:30", ""),
    ("REPORT", "REPORT", "", "", ""),
    ("REPORT Debrief", "REPORT", "", "debrief", ""),
)


@pytest.mark.parametrize(("line", "word", "utc", "text", "note"), SHAPES, ids=lambda v: v[:40])
def test_shapes_as_people_write_them(line: str, word: str, utc: str, text: str, note: str) -> None:
    command = one(line)
    clock = f"{command.when.utc:%H:%M}" if command.when and command.when.utc else ""
    assert (command.keyword.word, clock, command.text, command.given.note, command.problem) == (
        word,
        utc,
        text,
        note,
        "",
    )


PROSE = (
    "RESOLVED is a big word",
    "RESOLVED?",
    "RESTORED backups are incomplete",
    "IMPACT ON USERS",
    "ACCEPTED",
    "ACCEPT cookies",
    "DECLINE in sales",
    "TAKE care, all of you",
    "START of the outage",
    "START",
    "DETECTED anomalies",
    "CANCEL and no harm done",
    "HANDOFF was smooth today",
    "HANDOFF from the night shift went well",
    "KIND REGARDS",
    "KIND regards,",
    "QUIET please",
    "RESUME attached",
    "STATUS: we are still looking",
    "TIMELINE of the day",
    "HELP us",
    "HELP: what now?",
    "REPORT it to the vendor",
    "DONE",
    "DONE with it",
    "LINK to the page",
    "FIX this",
    "DROP table users",
    "UNDO that",
    "ZONE transfers fail",
    "SUMMARY of it",
    "WELL, it works",
    "LUCKY us",
    "LOG is empty",
)


@pytest.mark.parametrize("line", PROSE)
def test_prose_is_never_a_command(line: str) -> None:
    assert words(line) == []
    assert words(f"We wrote:\n{line}\nand went on.") == []


@pytest.mark.parametrize("unit", [k for k in keywords() if k.needs], ids=lambda k: k.word)
def test_a_keyword_that_needs_words_and_has_none_is_a_heading(unit: Keyword) -> None:
    assert all(c.problem for c in read(f"{unit.word}\n\nand went on.")[0])


REFUSED = (  # meant as a command, and something is missing: the sentence says what would be right
    ("START: a while back", "14:05"),
    ("HANDOFF", "HANDOFF bob@example.org"),
    ("KIND: disaster", "outage, degradation, security, other"),
    ("ZONE XYZ", "Europe/Zurich"),
    ("ZONE Europe/Zurch", "Europe/Zurich"),
)


@pytest.mark.parametrize(("line", "right"), REFUSED)
def test_l14_a_command_that_cannot_be_says_what_would_be_right(line: str, right: str) -> None:
    assert right in one(line).problem


def test_near_misses_say_how_they_were_read() -> None:
    _, near = read("Hello,\nResolved\nRESOLVED is a big word\nStatus\nresolved it is, at last\n")
    assert [(n.line, n.words, n.why) for n in near] == [
        (2, "Resolved", "write RESOLVED in capitals if you mean it"),
        (3, "RESOLVED is a big word", "I read it as text; the keyword is: RESOLVED [when] [note]"),
        (4, "Status", "write STATUS in capitals if you mean it"),
    ]


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_l16_a_keyword_that_stands_alone_takes_the_next_line() -> None:
    assert one("HANDOFF\nbob@example.org\nthanks").text == "bob@example.org"
    assert one("TITLE:\nRegistry down").text == "Registry down"
    assert one("LOG\n14:05 restarted").text == "restarted"
    assert one("ACTION\nprevent a test").text == "prevent a test"
    assert one("IMPACT\nlogins failed").text == "logins failed"
    assert words("TITLE\n\nRegistry down") == [], "a blank line ends it"
    assert words("HANDOFF\nSTATUS") == ["HANDOFF", "STATUS"], "the next line is a command of its own"


def test_l16_a_line_that_a_mail_program_broke_is_one_line() -> None:
    long = "LOG 14:05 CEST rolled back the registry to version forty-one, because"
    assert one(f"{long}\nthe disk was full").text.endswith("because the disk was full")
    assert one("LOG 14:05 restarted\nthe disk was full").text == "restarted"
    assert one(f"{long}\n* 14:06 more of it").text.endswith("because"), "a list goes on, not the line"


def test_a_section_goes_on_to_the_next_command_or_blank_line_and_prose_does_not_end_it() -> None:
    text = "IMPACT: logins failed\nRESTORED backups were fine\nfor everybody\nCAUSE:\nno test\n\nmore prose\n"
    commands, _ = read(text)
    assert [(c.keyword.word, c.text) for c in commands] == [
        ("IMPACT", "logins failed\nRESTORED backups were fine\nfor everybody"),
        ("CAUSE", "no test"),
    ]


PASTED = """## Summary

Pushes failed for an hour.
Pulls worked.

And nobody slept.

## Duration

An hour.

## Root Cause
No alert on full disks, since 13:00.
RESTORED 14:05

### What went well

the rollback
"""


def test_report_text_under_its_own_heading_fills_the_section_and_its_times_are_events_too() -> None:
    commands, _ = read(PASTED)
    assert [(c.keyword.word, c.text) for c in commands] == [
        ("SUMMARY", "Pushes failed for an hour.\nPulls worked.\n\nAnd nobody slept."),
        ("CAUSE", "No alert on full disks, since 13:00."),
        ("RESTORED", ""),
        ("WELL", "the rollback"),
    ]
    assert [PASTED[c.start : c.end] for c in commands] == ["", "", "RESTORED 14:05", ""]
    assert words("# Something else\n\ntext") == words("#mailbot\n\ntext") == words("## Summary\n\n## Summary") == []


def test_l5_a_draft_of_ours_that_comes_back_does_nothing_and_what_was_written_into_it_does() -> None:
    draft = "## Summary\n\nIt failed. [^1]\n\n## Root Cause\n\n_Not recorded._\n\n<!-- Root causes\n\nare -->\n\n## Detection\n"
    assert words(draft) == []
    filled = draft.replace("_Not recorded._", "No test covers it.").replace("[^1]", "[^1]\n\nFor an hour.")
    assert [(c.keyword.word, c.text) for c in read(filled)[0]] == [
        ("SUMMARY", "For an hour."),
        ("CAUSE", "No test covers it."),
    ]


def test_a_command_covers_its_lines_and_no_others() -> None:
    text = "Hi\nRESOLVED 14:05\nIMPACT: a\nb\n\nsince 13:00\n"
    commands, _ = read(text)
    assert [text[c.start : c.end] for c in commands] == ["RESOLVED 14:05", "IMPACT: a\nb"]
    assert [c.line for c in commands] == [2, 3]


def test_at_most_ten_and_the_eleventh_is_told_so() -> None:
    commands, _ = read("\n".join(f"LOG step {n}" for n in range(25)))
    assert len(commands) == MOST + 1
    assert [bool(c.problem) for c in commands] == [False] * MOST + [True]
    assert str(MOST) in commands[-1].problem


def test_only_own_text_is_read_and_lines_keep_their_numbers() -> None:
    text = "> RESOLVED\nSTATUS\nON\nHELP\n"
    commands, _ = read_commands(text, ((11, 18), (21, len(text))), CET)
    assert [(c.keyword.word, c.line) for c in commands] == [("STATUS", 2), ("HELP", 4)]


def test_a_line_read_as_a_command_is_not_read_again_for_times() -> None:
    scene = Scene()
    item = scene.mail(ALICE, "At 11:50 UTC it began.\nRESTORED 11:58 UTC\nLOG 11:55 UTC restarted\n", 0)
    assert [m.times[0].text for m in item.reading.mentions] == ["11:50 UTC"]


def test_spans_with_holes_cut_out() -> None:
    assert without([(0, 10), (20, 30)], [(2, 4), (8, 22), (29, 40)]) == [(0, 2), (4, 8), (22, 29)]
    assert without([(0, 5)], []) == [(0, 5)]
    assert without([(0, 5)], [(0, 5)]) == []


# ── the subject ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_resolved_in_the_subject_resolves() -> None:
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.")
    scene.mail(BOB, "It works again.", subject="[RESOLVED] Re: Registry refuses pushes")
    assert scene.incident.status is Status.RESOLVED
    assert "[RESOLVED] in the subject" in [o.line for a in scene.incident.asks.values() for o in a.outcomes]


def test_l21_replies_that_carry_resolved_in_their_subject_do_not_resolve_again() -> None:
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.")
    scene.mail(BOB, "It works again.", subject="[Resolved] Registry refuses pushes")
    scene.mail(ALICE, "Thanks!", subject="Re: [Resolved] Registry refuses pushes")
    scene.mail(ALICE, "REOPEN", subject="Re: [Resolved] Registry refuses pushes")
    scene.mail(BOB, "Looking again.", subject="Re: [Resolved] Registry refuses pushes")
    assert scene.incident.status is Status.OPEN
    assert [e.what for e in scene.incident.entries] == ["Incident concluded.", "Reopened."]


def test_resolved_in_subject_and_text_is_one_command_with_the_time_of_the_text() -> None:
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.")
    item = scene.mail(BOB, "RESOLVED 12:01 UTC", subject="[RESOLVED] Registry refuses pushes")
    assert [(c.keyword.word, c.line) for c in item.reading.commands] == [("RESOLVED", 1)]


def test_a_subject_that_only_speaks_of_it_is_no_command() -> None:
    scene = Scene()
    for subject in ("Resolved: what we do now", "Recovery: disks", "How to get this RESOLVED", "[UPDATE] pushes"):
        assert scene.mail(ALICE, "x", subject=subject).reading.commands == (), subject


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
    incident, sentences = told((BOB, "RESOLVED"), (ALICE, "REOPEN it is back"))
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
    assert sentence == "added 12:10 UTC for T2, 2026-11-21 11:30 UTC"
    assert incident.entries[1].added == datetime(2026, 11, 21, 12, 10, tzinfo=UTC)


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
    assert sentence == 'added to "Root Cause"'


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


def test_b13_link_done_and_declined_go_by_the_number() -> None:
    mails = ((BOB, "ACTION a"), (BOB, "ACTION b"), (CAROL, "LINK A1 o/r#7\nDONE A1\nDECLINED A2: not worth it"))
    incident, sentences = told(*mails)
    assert [(a.link, a.state) for a in incident.actions] == [("o/r#7", "done"), ("", "declined")]
    assert sentences == ["A1 is tracked at o/r#7", "A1 done: a", "A2 declined: b"]
    assert "there is A1, A2" in told(*mails, (BOB, "DONE A7"))[1][0]
    assert "LINK A1 https://" in told(*mails, (BOB, "LINK A1 soon"))[1][0]
    assert "no action" in told((BOB, "DONE A1"))[1][0]


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


def test_a5_a_role_never_has_it() -> None:
    scene = Scene()
    scene.mail("Desk <helpdesk@example.org>", "Users cannot push.", 0)
    assert holder(scene.incident) == "nobody"
    scene.mail("Desk <helpdesk@example.org>", "TAKE", 1)
    assert holder(scene.incident) == "nobody"


# ── junk ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = st.sampled_from(
    [k.word for k in keywords()]
    + [k.example for k in keywords()]
    + [
        "\n",
        "\n\n",
        " ",
        ":",
        " - ",
        "#mailbot ",
        "14:05",
        "T1",
        "A1",
        "| ",
        "> ",
        "bob@example.org",
        "\N{NO-BREAK SPACE}",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join), st.sampled_from(["", "RESOLVED", "HELP", "x"]))
def test_junk_gives_commands_in_order_within_the_text_and_never_an_error(text: str, status: str) -> None:
    text = text.replace("\r", "\n")
    commands, near = read(text, status)
    assert len([c for c in commands if c.line]) <= MOST + 1
    at = 0
    for command in (c for c in commands if c.line):
        assert at <= command.start <= command.end <= len(text)
        assert text.count("\n", 0, command.start) == command.line - 1
        at = command.end
    assert all(miss.words in text.split("\n")[miss.line - 1] for miss in near)


@pytest.mark.parametrize(
    "line",
    [
        "IMPACT: x\n",
        "LOG " + "a" * 70 + "\n",
        "HANDOFF " + "a." * 40 + "\n",
        "TITLE\n",
        "Resolved\n",
        "WELL:" + " " * 60 + "\n",
    ],
    ids=lambda v: v[:6],
)
def test_a_megabyte_of_keywords_is_read_in_a_moment(line: str) -> None:
    text = line * (1_000_000 // len(line))
    commands, _ = read(text)
    assert len(commands) <= MOST + 1
    commands, _ = read(line.strip() + " " + "x@" * 300_000)
    assert len(commands) <= 1
