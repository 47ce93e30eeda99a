"""Scenes of the time lint: every sentence in a mail where it is said, and in one near it in which it is not; the questions."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import odd
from mailbot.core.durations import OF_ALL, OF_COMMAND, of_all
from mailbot.core.explain import refusals
from mailbot.core.incident import Sent
from mailbot.core.lint import AT_ONCE, RULES, Rule, look, questions, remarks
from mailbot.core.times import Context, read_times
from mailbot.core.vague import VAGUES
from mailbot.outbox.render import Letter
from mailbot.store.archive import Archive
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House
from tests.incident_scene import ALICE, BOB, NOON, Scene, letters

SATURDAY = "Sat, 21 Nov 2026 12:00:00 +0000"


def told(*bodies: str) -> Scene:
    """Alice's mails, five minutes apart; a body may begin with its own Date header."""
    scene = Scene()
    for n, body in enumerate(bodies):
        at = NOON + timedelta(minutes=5 * n)
        date, _, text = (
            body.partition("\n\n") if body.startswith("Date: ") else (f"Date: {at:%a, %d %b %Y %T %z}", "", body)
        )
        head = (
            f"Message-ID: <m{n}@example.org>\n{date}\nFrom: {ALICE}\nTo: incident@example.org\nSubject: Registry down\n"
        )
        scene.take(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode(), at)
    return scene


def said(*bodies: str) -> list[str]:
    return [r.sentence for r in remarks(told(*bodies).incident)]


def rules(*bodies: str) -> list[str]:
    return [r.rule for r in remarks(told(*bodies).incident)]


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_of_its_example_and_is_silent_of_the_one_near_it(rule: Rule) -> None:
    assert rules(*rule.said) == [rule.name]
    assert rules(*rule.not_said) == []


def test_a_remark_names_the_mail_the_line_and_the_entry() -> None:
    (remark,) = remarks(told("It began like this:\n\n2026-07-10 14:04 PDT slow\n2026-07-10 14:05 PST down").incident)
    assert (remark.message_id, remark.line, remark.label) == ("m0@example.org", 4, "T2")


def test_nothing_is_changed_by_the_lint() -> None:
    incident = told("Down from 11:45 to 11:20, PST.\n\nSTART 11:20", "RESTORED 10:50").incident
    before = list(incident.entries)
    assert remarks(incident) == remarks(incident)
    assert questions(incident, NOON)
    assert incident.entries == before


# ── winter in summer ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_p31_winter_time_in_summer_says_what_was_taken_and_what_else_it_could_be() -> None:
    assert said("2026-07-10 14:05 PST down") == [
        '"2026-07-10 14:05 PST" is in PST, which is winter time (UTC-8), but on 2026-07-10 clocks there showed PDT (UTC-7).'
        " I took 22:05 UTC; in PDT it would be 21:05 UTC."
    ]
    assert said("2026-01-10 14:05 CEST down")[0].endswith("I took 12:05 UTC; in CET it would be 13:05 UTC.")


def test_a_zone_of_a_whole_list_is_questioned_once() -> None:
    (sentence,) = said("All times in PST.\n\n* 2026-07-10 14:05 down\n* 14:15 up\n* 14:20 all well")
    assert sentence.endswith("The same holds for 2 more times of this mail.")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("2026-07-10 14:05 MST down in Phoenix", 0),
        ("Date: Fri, 10 Jul 2026 14:30:00 -0600\n\nIt broke at 13:05 MST.", 1),
        ("2026-07-10 14:05 GMT down", 0),
        ("Date: Fri, 10 Jul 2026 14:30:00 +0100\n\nIt broke at 13:05 GMT.", 1),
        ("Date: Fri, 10 Jul 2026 14:30:00 +0800\n\nIt broke at 13:05 CST.", 0),
        ("2026-07-10 14:05 EST down", 1),
        ("2026-07-10 14:05 Pacific time down", 0),
        ("2026-07-10 14:05 CET down", 1),
        ("2026-01-10 14:05 AEST down in Brisbane", 0),
        ("Date: Sat, 10 Jan 2026 14:30:00 +1100\n\nIt broke at 13:05 AEST.", 1),
        ("START 2026-07-10 14:05 PST", 1),
    ],
)
def test_places_that_keep_winter_time_all_year_are_believed_unless_the_sender_lives_elsewhere(
    body: str, count: int
) -> None:
    assert rules(body).count("season") == count


@pytest.mark.parametrize("row", odd.SEASONS, ids=lambda row: row.winter)
def test_each_season_of_the_table_is_an_hour_from_the_other(row: odd.Season) -> None:
    july, january = datetime(2026, 7, 10, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)
    offsets = {at.astimezone(ZoneInfo(row.region)).utcoffset() for at in (july, january)}
    low, high = sorted(o for o in offsets if o is not None)
    assert high - low == timedelta(hours=1)


# ── clocks, ranges, order ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("Yesterday at 14:05 pm it broke.", '"14:05 pm" is the 24-hour clock with pm; I took 14:05.'),
        ("Yesterday at 14:05 am it broke.", '"14:05 am" is the 24-hour clock with am; I took 14:05.'),
        ("It broke at 14 pm.", '"14 pm" is the 24-hour clock with pm; I read no time in it.'),
        ("It broke at 2:05 am.", ""),
        ("It broke at 00:05 am.", ""),
        ("We run version 1.14 pm-utils.", ""),
    ],
)
def test_a_24_hour_clock_with_pm_is_said(body: str, sentence: str) -> None:
    assert said(body) == ([sentence] if sentence else [])


def test_a_range_that_ends_before_it_starts_is_said_with_what_was_taken() -> None:
    assert said("Down from 11:45 to 11:20.") == [
        '"11:45" to "11:20" ends before it starts; I took 2026-11-21 11:45 and 2026-11-21 11:20 UTC.'
    ]
    assert said("On 2026-11-20 it was down from 23:40 to 00:25.") == []


def test_restored_before_start_is_said_until_one_of_them_is_corrected() -> None:
    assert said("START 11:20", "RESTORED 10:50") == [
        "The end of the impact (T2, 2026-11-21 10:50 UTC) is before its start (T1, 2026-11-21 11:20 UTC)."
    ]
    assert said("START 11:20", "RESTORED 10:50", "FIX T1 10:20") == []


def test_a_list_that_goes_back_without_a_new_day_is_said_at_the_line_that_goes_back() -> None:
    bodies = ("* 10:05 down\n* 10:30 alarm\n* 10:20 looked at it\n* 10:50 up",)
    (remark,) = remarks(told(*bodies).incident)
    assert (remark.line, remark.label) == (3, "T3")
    assert remark.sentence == '"10:20" stands below "10:30" and is earlier, with no new day between; I left it so.'


@pytest.mark.parametrize(
    "body",
    [
        "* 10:50 up\n* 10:30 alarm\n* 10:05 down",  # newest first
        "* 10:05 down\n* 10:30 alarm\n* ~10:20 looked at it\n* 10:50 up",
        "* 10:05 down\n* 10:30 alarm\n\n## The other host\n\n* 10:20 looked at it\n* 10:50 up",
        "* 10:05 down\n* 10:30 alarm\n\nOn the other host it went like this.\n\n* 10:20 looked at it\n* 10:50 up",
        "Friday, 20 November 2026\n\n* 22:05 down\n* 23:30 alarm\n* 00:20 looked at it\n* 00:50 up",
    ],
)
def test_newest_first_another_list_a_guess_and_midnight_are_in_order(body: str) -> None:
    assert rules(body) == []


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("On 31 June at 10:00 it broke", '"31 June" cannot be: June has 30 days'),
        ("On 30 Feb 2026 at 10:00 it broke", '"30 Feb 2026" cannot be: February 2026 has 28 days'),
        ("June 31st 2026, 10:00: it broke", '"June 31st 2026" cannot be: June has 30 days'),
        ("2026-02-29 10:00 it broke", '"2026-02-29" cannot be: February 2026 has 28 days'),
        ("2026-13-01 10:00 it broke", '"2026-13-01" cannot be: there is no month 13'),
        ("Am 31.06.2026 um 10:00 Uhr ging nichts", '"31.06.2026" cannot be: June has 30 days'),
        ("13/25/2026 10:00 it broke", '"13/25/2026" cannot be: there is no month 13'),
        ("22025-11-20 14:05 it broke", '"22025-11-20" cannot be: 22025 is no year'),
        ("On March 18, 20226 at 10:00 it broke.", '"March 18, 20226" cannot be: 20226 is no year'),
        ("2062-11-20 14:05 it broke", '"2062-11-20" cannot be: it is 36 years after this mail'),
        ("Wed Nov 10 10:00:05 UTC 2026 it broke", '"Wed Nov 10": 2026-11-10 was a Tuesday; I went by the date.'),
        ("On Sunday (2026-11-15 was it) at 10:00", ""),
        ("Am Dienstag, 11. November 2026 um 10:00", '"Dienstag, 11. November 2026": 2026-11-11 was a Wednesday'),
    ],
)
def test_a_date_that_cannot_be_is_said(body: str, words: str) -> None:
    found = said(body)
    assert len(found) == bool(words)
    assert all(s.startswith(words) for s in found)


@pytest.mark.parametrize(
    "body",
    [
        "On 30 June at 10:00 it broke, on 29 Feb 2024 too",
        "35 mai tais, 30 set pieces, 129 June bugs, 31 nodes",
        "The certificate is valid until 2062-11-20 14:05.",
        "Ticket 22025-123, phone 2026-99-12-34, build 2026-13-01-rc",
        "Tue Nov 10 10:00:05 UTC 2026 it broke",
        "Fri Nov 21 10:00:05 UTC 2025 it broke",
        "On Friday 5/6/2026 at 10:00 it broke",
        "Since Monday 3 machines are down",
    ],
)
def test_a_date_that_can_be_is_not_said(body: str) -> None:
    assert said(body) == []


# ── durations ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Down from 10:05 to 10:40 (1 h).", "1 h"),
        ("Down for 2 hours, from 10:05 to 10:40.", "2 hours"),
        ("10:05 - 10:40, it took 55 min", "55 min"),
        ("Von 10:05 bis 10:40 Uhr, Dauer: 2 Stunden", "2 Stunden"),
    ],
)
def test_a_duration_that_its_range_does_not_give_is_said(body: str, words: str) -> None:
    assert said(body) == [f'"10:05" to "10:40{" Uhr" if "Uhr" in body else ""}" is 35 min, not "{words}".']


@pytest.mark.parametrize(
    "body",
    [
        "Down from 10:05 to 10:40 (35 min).",
        "Down from 10:05 to 10:40, about 45 min.",
        "10:05-10:40 for 5 min each node restarted",
        "10:05 - 10:40: rebooted 30 nodes, each took 5 min",
        "From 10:05 to 10:40 pushes failed, and 5 min later all was well",
    ],
)
def test_a_duration_of_something_else_is_not_compared_with_the_range(body: str) -> None:
    assert said(body) == []


def test_a_stated_duration_that_start_and_end_do_not_give_is_said() -> None:
    assert said("START 10:05", "RESTORED 10:40, took 1 h") == [
        '"took 1 h" is not what start and end give: 35 min (2026-11-21 10:05 to 10:40 UTC).'
    ]
    assert said("START 10:05", "RESTORED 10:40", "SUMMARY: pushes failed for 35 minutes") == []
    assert said("START 10:05", "RESTORED 10:40", "The restart took 3 h") == []
    assert said("START 10:05", "RESOLVED 10:40", "Duration: 3 h") == []  # at most: nobody said when it ended
    assert said("START ~10:05", "RESTORED 10:40", "Duration: 45 min") == []


def test_a_duration_over_two_windows_is_compared_with_their_sum() -> None:
    windows = ("START 08:00", "RESTORED 08:30", "START 10:00", "RESTORED 10:30")
    assert said(*windows, "Duration: 1h") == []
    assert len(said(*windows, "Duration: 2h")) == 1


@pytest.mark.parametrize(("pattern", "example"), [*OF_ALL, *OF_COMMAND], ids=lambda x: x[:20])
def test_each_way_to_state_a_duration_reads_its_example(pattern: str, example: str) -> None:
    assert re.search(pattern, example, re.I)
    assert of_all(example) is not None


@pytest.mark.parametrize(
    ("line", "minutes"),
    [
        ("**Duration**: 1 h 20 min", 80),
        ("Total downtime: 1:20 hours", 80),
        ("| Duration | 45 min |", 45),
        ("The outage lasted about an hour and a half.", 90),
        ("Dauer: 45 Minuten", 45),
        ("Duration: 2 days 3 h", 51 * 60),
        ("The incident call is every 2 h", None),
        ("The rollback took 45 min", None),
        ("Duration: unknown", None),
    ],
)
def test_durations_as_people_state_them(line: str, minutes: int | None) -> None:
    found = of_all(line)
    assert (found[1] if found else None) == (timedelta(minutes=minutes) if minutes else None)


# ── the sender's clock ────────────────────────────────────────────────────────────────────────────────────────────────


def test_l35_a_date_after_arrival_is_a_clock_that_is_off() -> None:
    (sentence,) = said("Date: Sat, 21 Nov 2026 12:40:00 +0000\n\nIt is down.")
    assert sentence.startswith(
        "The clock of alice@example.org seems to be off: its mail is dated 40 min after it came."
    )


def test_a_mail_that_was_long_on_its_way_is_no_clock_that_is_off_but_one_always_so_late_is() -> None:
    late = [f"Date: Sat, 21 Nov 2026 {t}:00 +0000\n\nx" for t in ("11:30", "11:58", "11:40")]
    assert said(*late) == ["The clock of alice@example.org seems to be off: again and again its mails are dated 30 min before"
                           ' they came. "20 min ago" is read by that clock.']  # fmt: skip
    assert said(late[0], "Date: Sat, 21 Nov 2026 11:15:00 +0000\n\nx") == []


def test_l34_a_date_that_says_nothing_of_the_zone_says_as_much_of_the_clock() -> None:
    assert said("Date: Sat, 21 Nov 2026 12:00:10 -0000\n\nIt is down.") == []


def test_imported_mail_has_no_arrival_and_so_no_clock_to_compare() -> None:
    scene = Scene(live=False)
    item = scene.mail(ALICE, "It is down.", 0)
    scene.items = [replace(item, date=NOON + timedelta(hours=3))]
    assert remarks(scene.incident) == ()


# ── vague times ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("example", [v.example for v in VAGUES])
def test_p30_a_vague_time_is_asked_for_its_date(example: str) -> None:
    (sentence,) = said(f"Pushes failed {example}.")
    assert sentence.endswith("says no day: name the dates, if you know them.")


@pytest.mark.parametrize(
    "body",
    [
        "It will take a few days.",
        "We need several weeks for this.",
        "It broke over the weekend of 14 November.",
        "It broke over the weekend, on 14 November.",
        "Next week we look at it.",
        "The deploy was last week's.",
        "After Christmas, on 2026-01-03, it broke.",
    ],
)
def test_what_is_to_come_and_what_has_its_date_is_not_vague(body: str) -> None:
    assert said(body) == []


# ── the whole ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_person_corrected_or_dropped_is_no_longer_said() -> None:
    assert said("2026-07-10 14:05 PST down", "FIX T1 2026-07-10 14:05 PDT") == []
    assert said("2026-07-10 14:05 PST down", "DROP T1") == []


CONTEXT = Context(datetime(2026, 11, 21, 19, tzinfo=timezone(timedelta(hours=1))))
PIECES = st.sampled_from(
    [
        *(
            "14:05",
            " pm",
            "31 June",
            "22025-11-21",
            "a few days",
            "Duration: 1h",
            "from 10:05 to 9:00 ",
            "\n* ",
            "PST ",
        ),
        *("Friday ", "2026-02-30", "\n", " 1 h", "\x00", "é"),
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
@settings(max_examples=60, deadline=None)
def test_junk_is_never_an_error(text: str) -> None:
    whole = [(0, len(text))]
    mentions, _ = read_times(text, whole, CONTEXT)
    doubts, stated = look(text, whole, CONTEXT, mentions, ())
    lines = text.count("\n") + 1
    assert all(1 <= d.line <= lines and d.sentence for d in doubts)
    assert all(s.span >= timedelta(0) for s in stated)
    for refusal in refusals(text, whole, CONTEXT, mentions):
        assert text[refusal.start : refusal.end]


@pytest.mark.parametrize(
    "unit", ["1", ":", "14:05 ", "31 June ", "a few days ", "Duration: 1h\n", "Mon 1 ", "14:05 to 13:00 about 5 "]
)
def test_a_megabyte_of_anything_is_linted_at_once(unit: str) -> None:
    text = (unit * (1_000_000 // len(unit)))[:1_000_000]
    began = time.process_time()
    doubts, _ = look(text, [(0, len(text))], CONTEXT, (), ())
    assert time.process_time() - began < 1
    assert len(doubts) <= 5 * len(RULES)


# ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NOWHERE = "Date: Sat, 21 Nov 2026 12:00:00 -0000\n\n* 10:05 down\n* 10:30 alarm\n* 10:50 up"


def plain(letter: Letter) -> tuple[str, str]:
    """(what it asks by its header, its text)."""
    found = message_from_bytes(letter.raw, policy=policy.default)
    body = found.get_body(("plain",))
    assert body is not None
    return str(found["X-Mailbot-Asked"] or ""), body.get_content().replace("\r\n", "\n")


def test_entries_that_are_not_sure_are_asked_by_number_with_the_zone_that_others_use() -> None:
    scene = told(NOWHERE, "At 12:02 CET it came back.\n\nKIND degradation")
    asked = questions(scene.incident, NOON)
    assert [q.words for q in asked] == ["T1 10:05, CET or UTC?", "T2 10:30, CET or UTC?", "T3 10:50, CET or UTC?"]
    assert asked[0].answer == "FIX T1 10:05 CET"


def test_the_question_stands_in_the_receipt_that_goes_out_anyway_with_its_header() -> None:
    scene = told(NOWHERE)
    assert plain(letters(scene)["ack"])[0] == ""
    scene.settle()
    scene.mail(BOB, "KIND degradation")
    header, text = plain(letters(scene)["receipt"])
    assert header == "T1 T2 T3"
    assert "1: T1 10:05, in which zone? I took UTC.\n| FIX T1 10:05 UTC\n" in text


def test_a_mail_that_does_not_go_out_anyway_asks_nothing() -> None:
    scene = told(NOWHERE)
    scene.settle()
    assert scene.kinds(1) == []


def test_what_stands_in_a_mail_of_ours_is_not_asked_again() -> None:
    scene = told(NOWHERE)
    scene.items.append(Sent("s@example.org", NOON, ("receipt:ABCD",), ("T1", "T3")))
    assert [q.label for q in questions(scene.incident, NOON)] == ["T2"]


def test_at_most_five_are_asked_at_once_and_those_first_on_which_the_duration_rests() -> None:
    many = "Date: Sat, 21 Nov 2026 12:00:00 -0000\n\n" + "\n".join(f"* 09:{m} step {m}" for m in range(10, 20))
    scene = told(many, "START 11:20", "RESTORED 10:50")
    labels = [q.label for q in questions(scene.incident, NOON)]
    assert labels == ["T12", "T1", "T2", "T3", "T4"]
    assert len(labels) == AT_ONCE


def test_a_sender_alone_is_asked_only_of_what_he_wrote() -> None:
    scene = told(NOWHERE)
    scene.settle()
    scene.mail(BOB, "LOG 11:50 looked at it")
    header, text = plain(letters(scene)["receipt"])
    assert header == ""
    assert "not sure" not in text


def test_the_answer_as_printed_settles_the_question_also_days_later() -> None:
    scene = told("Date: Sat, 21 Nov 2026 12:00:00 -0000\n\n* 10:05 down", "At 12:02 CET it came back.")
    later = NOON + timedelta(days=3)
    (asked,) = questions(scene.incident, later)
    assert asked.answer == "FIX T1 2026-11-21 10:05 CET"
    scene.mail(ALICE, asked.answer, 3 * 1440)
    incident = scene.incident
    assert f"{incident.entries[0].utc:%Y-%m-%d %H:%M}" == "2026-11-21 09:05"
    assert questions(incident, later) == ()


def test_a_doubted_season_is_asked_with_the_other_season_as_the_answer() -> None:
    scene = told("2026-07-10 14:05 PST down")
    (asked,) = questions(scene.incident, NOON)
    assert (asked.words, asked.answer) == ("T1 2026-07-10 14:05, PST or PDT?", "FIX T1 2026-07-10 14:05 PDT")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "Date: Sat, 21 Nov 2026 12:00:00 +0400\n\nIt broke at 03:05 IST.",
            "T1 03:05, is IST UTC+5:30 or UTC+1 or UTC+2?",
        ),
        ("On 5/6 at 10:00 it broke.", 'T1 "5/6 at 10:00", is 5 June right, or the other way round?'),
    ],
)
def test_what_the_reader_doubts_is_asked_in_its_own_words(body: str, words: str) -> None:
    assert [q.words for q in questions(told(body).incident, NOON)] == [words]


NEAR = "Date: Sat, 21 Nov 2026 {}\n\n{}"
ASKED = [  # a mail, the last question of it, and one near it of which nothing is asked
    (NEAR.format("12:00:00 -0000", "It broke at 10:05."), "T1 10:05, in which zone? I took UTC.", "It broke at 10:05."),
    ("At 10:05 UTC it broke. At 10:30 CET we saw it. It was over by 10:40.", "T3 10:40, in which zone? I took CET.",
     "At 10:05 UTC it broke. At 10:30 UTC we saw it. It was over by 10:40."),
    (NEAR.format("07:00:00 -0500", "2026-11-21 11:58:11 ERROR it broke"), "T1 11:58:11, in which zone? I took UTC.",
     NEAR.format("07:00:00 -0500", "2026-11-21 06:58:11 ERROR it broke")),
    (NEAR.format("12:00:00 +0400", "It broke at 03:05 IST."), "T1 03:05, is IST UTC+5:30 or UTC+1 or UTC+2?",
     NEAR.format("12:00:00 +0530", "It broke at 03:05 IST.")),
    ("On 5/6 at 10:00 it broke.", 'T1 "5/6 at 10:00", is 5 June right, or the other way round?', "On 25/6 at 10:00 it broke."),
    ("* 23:50 it broke", "T1 23:50, on which day? I took 2026-11-20 23:50 UTC.", "* 10:50 it broke"),
    ("On 19 November it broke at 10:05.\n\nOn 20 November we met at 11:00.\n\nThe cause was found at 14:05.",
     "T3 14:05, on which day? I took 2026-11-20 14:05 UTC.",
     "On 19 November it broke at 10:05.\n\nThe cause was found at 14:05."),
    ("Friday 2026-11-19 10:05 it broke", 'T1 "Friday 2026-11-19", but 2026-11-19 was a Thursday: which day?',
     "Thursday 2026-11-19 10:05 it broke"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words", "near"), ASKED, ids=[words for _, words, _ in ASKED])
def test_each_question_is_asked_of_its_mail_and_not_of_the_one_near_it(body: str, words: str, near: str) -> None:
    assert [q.words for q in questions(told(body).incident, NOON)][-1:] == [words]
    assert questions(told(near).incident, NOON) == ()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


OPENING = mail(
    "1@example.org",
    "Logins fail",
    "* 09:50 nobody can log in\n* 10:05 alarm",
    more="Date: Wed, 18 Nov 2026 12:00:00 -0000\r\n",
)
KIND = mail("2@example.org", "Re: Logins fail", "KIND degradation", answers="1@example.org")
TITLE = mail("3@example.org", "Re: Logins fail", "TITLE Logins are down", answers="1@example.org")


def test_what_was_asked_is_known_from_the_archive_alone(house: House) -> None:
    async def scene() -> None:
        async with house.run() as daemon:
            await daemon.send(OPENING, KIND)
            await daemon.settle()
            await daemon.send(TITLE)
            await daemon.settle()

    asyncio.run(scene())
    with Archive(house.folder, readonly=True) as archive:
        ours = [message_from_bytes(r.raw) for r in archive.records() if r.direction == "out"]
    asked = [m["X-Mailbot-Asked"] for m in ours if m["X-Mailbot-Asked"]]
    assert asked == ["T1 T2"]
    assert house.wrong() == []
