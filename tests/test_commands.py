"""Scenes of core/commands: each keyword by its example, the shapes that keep prose prose, lines, subjects, headings, junk."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.commands import KEYWORDS, Command, Keyword, NearMiss, keywords, read_commands
from mailbot.core.commands.scan import MOST, NATURAL
from mailbot.core.facts import _ends
from mailbot.core.incident import Status
from mailbot.core.reading import without
from mailbot.core.times import Context
from tests.incident_scene import ALICE, BOB, Scene

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
    assert (unit.inverse.partition(" ")[0] in KEYWORDS) is (unit.tell != "answer")


@pytest.mark.parametrize(
    ("line", "utc", "note"),
    [
        ("I am declaring this incident resolved.", "", ""),
        ("I am declaring the incident as resolved as of 14:05 UTC", "14:05", ""),
        ("I am declaring this incident over, thanks to everybody", "", "thanks to everybody"),
        ("i am declaring this incident resolved because 3 of 4 nodes are back", "", "because 3 of 4 nodes are back"),
        ("I am declaring this incident resolved: rolled back", "", "rolled back"),
    ],
)
def test_a_declaration_in_a_sentence_counts_with_its_time_or_its_reason(line: str, utc: str, note: str) -> None:
    command = one(line)
    assert (command.keyword.word, command.given.note) == ("RESOLVED", note)
    assert (f"{command.when.utc:%H:%M}" if command.when and command.when.utc else "") == utc
    assert _ends(line) is True


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
    ("REOPEN: it is back", "REOPEN", "", "", "it is back"),
    ("REOPEN - it is back", "REOPEN", "", "", "it is back"),
    ("CANCEL: planned", "CANCEL", "", "", "planned"),
    ("CANCEL, it was the test host", "CANCEL", "", "", "it was the test host"),
    ("CANCEL!", "CANCEL", "", "", ""),
    ("MERGE INC-20261121-K7Q", "MERGE", "", "INC-20261121-K7Q", ""),
    ("MERGE: inc-20261121-k7q - the same disk", "MERGE", "", "INC-20261121-K7Q", "the same disk"),
    ("SPLIT: Mirror is slow", "SPLIT", "", "", "Mirror is slow"),
    ("TITLE: Registry down", "TITLE", "", "Registry down", ""),
    ("LOG 14:05 restarted it", "LOG", "13:05", "restarted it", ""),
    ("TL: 14:05 restarted it", "LOG", "13:05", "restarted it", ""),
    ("LOG restarted it", "LOG", "", "restarted it", ""),
    ("LOG 00:61:7f:aa:bb:cc is gone", "LOG", "", "00:61:7f:aa:bb:cc is gone", ""),
    ("LOG 64:61:72:6b:00:01 is gone", "LOG", "", "64:61:72:6b:00:01 is gone", ""),
    ("LOG 2026-99-77-4411 is the order", "LOG", "", "2026-99-77-4411 is the order", ""),
    ("LOG 3:1 for the new disk", "LOG", "", "3:1 for the new disk", ""),
    ("LOG 2026-11-20 the disk was full", "LOG", "", "2026-11-20 the disk was full", ""),
    ("LOG 24:00 restarted it", "LOG", "23:00", "restarted it", ""),
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
    ("DONE A1 see A2", "DONE", "", "A1", "see A2"),
    ("DONE A1, it was A2", "DONE", "", "A1", "it was A2"),
    ("DONE A1 and A2B too", "DONE", "", "A1", "and A2B too"),
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
    "CANCEL button is broken",
    "CANCEL 14:05 build",
    "REOPEN button is missing",
    "REOPEN rates are up",
    "MERGE the branches",
    "MERGE",
    "SPLIT brain in the cluster",
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


@pytest.mark.parametrize("line", [*(s[0] for s in SHAPES), *PROSE])
def test_threading_sees_the_end_and_the_reopening_where_the_reader_does(line: str) -> None:
    """core/facts.py looks with a pattern of its own, since threading must not wait for the reader."""
    expected = {"RESOLVED": True, "CANCEL": True, "REOPEN": False}.get((words(line) or [""])[0])
    for spelled in (line, f"#mailbot {line}", f"Hi,\n{line}\n-- \nme"):
        assert _ends(spelled) is expected


@pytest.mark.parametrize("unit", [k for k in keywords() if k.needs], ids=lambda k: k.word)
def test_a_keyword_that_needs_words_and_has_none_is_a_heading(unit: Keyword) -> None:
    assert all(c.problem for c in read(f"{unit.word}\n\nand went on.")[0])


REFUSED = (  # meant as a command, and something is missing: the sentence says what would be right
    ("START: a while back", "14:05"),
    ("HANDOFF", "HANDOFF bob@example.org"),
    ("KIND: disaster", "outage, degradation, security, other"),
    ("DONE A1, A2", "One at a time: A1 and A2 each need a line of their own."),
    ("DONE a1 and a2", "A1 and A2"),
    ("DONE A1, A2 and A3: merged", "A1 and A2"),
    ("DECLINED A1 & W2", "A1 and W2"),
    ("LINK A1, and A2 o/r#7", "A1 and A2"),
    ("DROP T1 and T2", "T1 and T2"),
    ("DROP T1,T2", "T1 and T2"),
    ("LOG 12:61 foo", "12:61 is no time; write it like 14:05"),
    ("LOG: 25:99 UTC foo", "25:99 is no time"),
    ("LOG at 12:61:30 foo", "12:61:30 is no time"),
    ("TL 2026-02-30 10:00 foo", "2026-02-30 is no day; write it like 2026-12-01 14:05."),
    ("LOG 2026-13-01 foo", "2026-13-01 is no day"),
    ("LOG 2026-11-21T24:30 foo", "24:30 is no time"),
    ("FIX T7 12:61", "12:61 is no time"),
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


WRAPPED = (  # text, what its keywords are given
    ("RESTORED\n14:04 UTC\n", [("14:04", "")]),
    ("RESOLVED:\n14:05 UTC rolled back\n\nBob", [("14:05", "rolled back")]),
    ("RESOLVED\n2026-11-21 14:05 UTC, rolled back to v2.3.4", [("14:05", "rolled back to v2.3.4")]),
    ("#mailbot restored\n20 min ago", [("13:40", "")]),
    ("OUTAGE ENDS\nat 14:04 UTC", [("14:04", "")]),
    ("RESTORED\n14:04 UTC\nRESOLVED\n14:10 UTC", [("14:04", ""), ("14:10", "")]),
)


@pytest.mark.parametrize(("text", "given"), WRAPPED, ids=lambda v: str(v)[:40])
def test_l16_a_keyword_that_may_have_a_time_takes_it_from_the_next_line(
    text: str, given: list[tuple[str, str]]
) -> None:
    """HTML mails put it there, and so do mail programs that wrap."""
    read_of = [(f"{c.when.utc:%H:%M}" if c.when and c.when.utc else "", c.given.note) for c in read(text)[0]]
    assert read_of == given


@pytest.mark.parametrize(
    "below",
    [
        "\n14:04 UTC",
        "thanks to all of you",
        "At 14:02 we rolled back.",
        "now we wait",
        "14:02 was the last error.",
        "20 min ago it failed again",
        "from 13:10 to 13:45 logins failed",
        "14:02 disk full\n14:05 restarted it",
        "14:02 disk full\n\n14:05 restarted it",
        "14:02 UTC\nrestarted it\n14:05 UTC\nlooked again",
        "* 14:02 disk full",
        "[14:02] <bob> disk full",
        "14:02 <bob> disk full",
        "14:02 Bob Stone: disk full",
        "14:02 - disk full",
        "14:02 | disk full",
        "2026-11-21 14:02:00 INFO ready",
    ],
)
def test_l16_prose_and_a_timeline_below_a_keyword_stay_what_they_are(below: str) -> None:
    for word in ("RESTORED", "RESOLVED"):
        command = one(f"{word}\n{below}\n")
        assert (command.when, command.given.note, command.words) == (None, "", word)


def test_l16_the_time_on_the_next_line_is_no_entry_of_its_own() -> None:
    scene = Scene()
    scene.mail(ALICE, "Pushes fail.", 0)
    item = scene.mail(BOB, "RESOLVED\n12:01 UTC rolled back\n", 10)
    assert item.reading.mentions == ()
    assert [(e.what, f"{e.utc:%H:%M}") for e in scene.incident.entries] == [
        ("Incident concluded. rolled back", "12:01")
    ]


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
