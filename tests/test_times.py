"""Times in own text: every row of every table by its example, and mails in the hardest styles with their entries."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import listings, looks
from mailbot.core.formats import FORMATS, LOOKS, Row
from mailbot.core.found import Found
from mailbot.core.page import STATEMENTS, statements
from mailbot.core.scanner import scan
from mailbot.core.times import Context, Instant, Mention, read_times, read_when

SATURDAY = "Sat, 21 Nov 2026 15:00:00 +0100"


def context(sent: str = SATURDAY, **more: str) -> Context:
    date = parsedate_to_datetime(sent)
    known = date.tzinfo is not None
    return Context(date if known else date.replace(tzinfo=UTC), known, **more)


def mentions(text: str, sent: str = SATURDAY, **more: str) -> tuple[Mention, ...]:
    return read_times(text, ((0, len(text)),), context(sent, **more))[0]


def instants(text: str, sent: str = SATURDAY, **more: str) -> list[Instant]:
    return [i for m in mentions(text, sent, **more) for i in m.times]


def utc(text: str, sent: str = SATURDAY, **more: str) -> list[str]:
    return [f"{i.utc:%m-%d %H:%M}" for i in instants(text, sent, **more) if i.utc is not None]


def words(text: str, sent: str = SATURDAY) -> list[str]:
    return [m.what for m in mentions(text, sent)]


# The tables: every row carries its example, which is its test


def said(found: Found) -> str:
    """What a row read, in the words of its ``means``."""
    if found.epoch is not None:
        return f"epoch {found.epoch:.0f}"
    if found.ago is not None:
        return f"{found.ago:.0f} minutes ago"
    out = []
    if (day := found.day) is not None:
        weekday = (
            ""
            if day.weekday is None
            else ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")[day.weekday] + "day"
        )
        if day.delta is not None:
            out.append(f"{day.delta} day")
        elif day.month is None:
            out.append(", ".join(filter(None, [weekday, f"the {day.day}"])))
        else:
            out.append("-".join(filter(None, [str(day.year or ""), f"{day.month:02d}", f"{day.day:02d}"])))
    if (clock := found.clock) is not None:
        out.append(f"{clock.minutes // 60:02d}:{clock.minutes % 60:02d}")
        out.append(clock.zone)
    return " ".join(filter(None, out))


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_every_row_of_formats_reads_its_example(row: Row) -> None:
    name, found = next(iter(scan(row.example, 0, len(row.example))))
    assert (name, said(found)) == (row.name, row.means)


@pytest.mark.parametrize(("example"), [look.example for look in LOOKS], ids=[look.name for look in LOOKS])
def test_every_look_alike_is_consumed_whole(example: str) -> None:
    assert list(scan(example, 0, len(example))) == []


REFUSALS = [
    row
    for table in (
        listings.LINES, looks.LEFT, looks.RIGHT, looks.RIGHT_OF_PROSE, looks.WITH, looks.WITH_OF_PROSE, looks.RANGES,
        looks.NOT_NOW, looks.NOT_NOW_AFTER,
    )
    for row in table
]  # fmt: skip


@pytest.mark.parametrize("look", REFUSALS, ids=lambda look: look.name)
def test_every_refusal_refuses_its_example(look: listings.Look) -> None:
    assert instants(f"So it was, {look.example}" if look in looks.NOT_NOW_AFTER else look.example) == []


@pytest.mark.parametrize("example", [e for _, _, e in STATEMENTS])
def test_every_statement_of_a_zone_is_heard(example: str) -> None:
    assert len(statements(example, ((0, len(example)),), 0)) == 1


# The ways people write one time


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20 14:05 UTC", "2026-11-20T14:05:06Z", "2026-11-20T15:05+01:00", "2026/11/20 14:05 GMT", "20.11.2026 14:05 UTC",
        "20/11/2026 14:05 UTC", "11/20/2026 2:05 PM UTC", "20 Nov 2026 14:05 UTC", "Nov 20, 2026 at 2:05pm UTC",
        "Friday, November 20th, 2026 at roughly 14:05 UTC", "Nov 20th **14:05 UTC**", "20th of November 14:05 UTC",
        "Fri Nov 20 14:05:06 UTC 2026", "Fri, 20 Nov 2026 09:05:06 -0500", "20/Nov/2026:14:05:06 +0000", "14:05 UTC on Nov 20",
        "14:05 UTC, 20 November 2026",
        "20. November 2026, 15.05 Uhr MEZ", "20 novembre 2026 à 15h05", "20 de noviembre de 2026 a las 15:05",
        "20 listopada 2026 o 15:05",
        "20 novembre 2026 alle 15:05", "20 november 2026 om 15.05 uur", "20 de novembro de 2026 às 15h05",
        "yesterday at 3:05pm", "yesterday 15:05 my time", "gestern um 15:05", "hier à 15h05", "Friday 15:05", "1405Z on 20 Nov",
        "Nov 20, 6:05 AM Pacific", "20 Nov 16:05 Bucharest time", "20 Nov 15:05 GMT+1", "Nov 20 09:05 US/Eastern",
        "20 Nov 15:05 CET (14:05 UTC)", "<t:1795183500:f>",
    ],
)  # fmt: skip
def test_one_moment_in_all_the_ways_people_write_it(written: str) -> None:
    assert utc(f"The database failed: {written}, and came back.") == ["11-20 14:05"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("at 9:05 it", "08:05"), ("at 0930Z it", "09:30"), ("um 14.05 Uhr ist", "13:05"), ("vers 14h50 le", "13:50"),
        ("at 10:45a it", "09:45"), ("by 12:29p it", "11:29"), ("at 1pm it", "12:00"), ("since noon it", "11:00"),
        ("at midnight it", "23:00"), ("at 12 am it", "23:00"), ("at 12:10 a.m. it", "23:10"), ("at 9 o'clock it", "08:00"),
        ("um 14 Uhr ging", "13:00"),
        ("about 20 min ago it", "13:40"), ("half an hour ago it", "13:30"), ("2 hours ago it", "12:00"),
        ("1h30m ago it", "12:30"), ("vor 20 Minuten ging",
            "13:40"), ("il y a 20 minutes le", "13:40"), ("hace 20 minutos se", "13:40"),
    ],
)  # fmt: skip
def test_bare_times_are_of_the_mails_day_and_offset(written: str, expected: str) -> None:
    assert [x[6:] for x in utc(f"We saw that {written} was broken.")] == [expected]


def test_approximations_are_kept() -> None:
    found = instants("~13:05 errors, ca. 13:10 a page, around 13:20 a fix, 13:30ish all good, 13:40 closed")
    assert [i.about for i in found] == [True, True, True, True, False]


def test_a_range_is_one_entry_of_two_instants_that_share_zone_date_and_half() -> None:
    found = mentions("The API was down from 9:10 to 9:45 AM PST on Nov 20.\n\nCache: 2-3pm, 23:50-00:10 UTC.")
    assert [[f"{i.utc:%d %H:%M}" for i in m.times if i.utc] for m in found[:1]] == [["20 17:10", "20 17:45"]]
    assert all(len(m.times) == 2 for m in found)
    assert found[2].times[1].utc is not None
    assert found[2].times[0].utc is not None
    assert found[2].times[1].utc - found[2].times[0].utc == timedelta(minutes=20)


# What is no event


@pytest.mark.parametrize(
    "text",
    [
        "ping 10.0.14.05:8080",
        "version 2.10.14 shipped", "docker run -p 22:22 -p 80:80", "a ratio of 3:10", "foo.c:12:34: error",
        "mac 00:1b:44:11:3a:b7", "fe80:12:34:56::1", "0000:03:00.0 Ethernet", "it took 01:23", "the restart lasted 0:45",
        "uptime 12:10", "elapsed: 00:12:30",
        "14:05 minutes later", "https://example.org/2026/11/21/14:05", "/var/log/2026-11-21/14:05",
        "Call +41 44 123 14 05", "Tel: 14:05", "id 134a959a-14:05", "commit 12:34ab", "$12:30", "k8s:10:30", "100% of 12:5",
        "On Sat, 20 Nov 2026 at 14:05, Dana wrote:", "Sent: Friday, November 20, 2026 2:05 PM", "Mk 14:05",
        "Started: Mon, 01 Jan 0001 00:00:00 +0000", "It may 5 times fail, we march 3 times", "at 25:10 and 12:75",
        "The backup runs daily at 03:00.", "Our support hours are 09:00-17:00.", "We plan to fail over at 14:30.",
        "It will be rebooted tomorrow at 09:00.",
        "Next update at 14:30 UTC.", "Please log out before 05:45.", "on Monday 30 November at 10:00",
        "Python 3.11.7 (main, Oct  2 2026, 20:02:00) [GCC]", "Linux 5.4 #1 SMP Tue Nov 17 14:05:06 UTC 2026 x86_64",
        "now we wait", "at 14 nodes", "we have 3 of 5", "404s since the deploy", "5 hours of work and 3 days of rest",
    ],
)  # fmt: skip
def test_what_looks_like_a_time_and_is_none_gives_no_entry(text: str) -> None:
    assert instants(text) == []


def test_scheduled_maintenance_that_started_is_an_event_and_a_planned_one_is_none() -> None:
    assert utc("Scheduled maintenance started at 06:00 UTC.") == ["11-21 06:00"]
    assert utc("Maintenance is scheduled for 13:30 UTC.") == []


def test_nothing_outside_own_text_is_read() -> None:
    text = "> it broke at 13:00\nback at 13:30\n"
    assert [i.text for i in (m.times[0] for m in read_times(text, ((20, len(text)),), context())[0])] == ["13:30"]


# The two ladders


def test_l34_date_minus_zero_zero_says_nothing_of_the_sender() -> None:
    (found,) = instants("down at 13:05", "Sat, 21 Nov 2026 15:00:00 -0000")
    assert (found.zone_from, found.zone, found.sure) == ("utc", "UTC", False)
    (found,) = instants("down at 13:05", "Sat, 21 Nov 2026 15:00:00 -0000", list_zone="Europe/Zurich")
    assert (found.zone_from, found.zone, found.sure) == ("list", "Europe/Zurich", False)
    assert found.utc == datetime(2026, 11, 21, 12, 5, tzinfo=UTC)


def test_the_ladder_of_zones_beside_block_message_sender_mail() -> None:
    by = {"sender_zone": "Asia/Tokyo"}
    assert [i.zone_from for i in instants("down at 13:05 CET", **by)] == ["written"]
    assert [i.zone_from for i in instants("- 13:05 CET down\n- 13:10 up", **by)] == ["written", "block"]
    assert [i.zone_from for i in instants("## Timeline (UTC)\n- 13:05 down", **by)] == ["block"]
    assert [i.zone_from for i in instants("All times are in PST.\n\n- 03:05 down", **by)] == ["message"]
    assert [(i.zone_from, i.zone) for i in instants("down at 13:05", **by)] == [("sender", "Asia/Tokyo")]
    assert [(i.zone_from, i.zone) for i in instants("down at 13:05")] == [("mail", "+01:00")]


def test_an_abbreviation_is_literal_and_a_generic_name_follows_the_season() -> None:
    july = "Tue, 14 Jul 2026 23:00:00 +0000"
    assert utc("at 13:05 PST it broke", july) == ["07-14 21:05"]
    assert utc("at 13:05 Pacific it broke", july) == ["07-14 20:05"]


def test_p34_a_full_stamp_is_never_dated_again() -> None:
    (found,) = instants("down 2024-02-29 23:59:58 UTC")
    assert found.utc == datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
    assert (found.date_from, found.zone_from, found.sure) == ("written", "written", True)


def test_nothing_is_later_than_the_mail_unless_its_date_is_written() -> None:
    (found,) = instants("down at 23:10")
    assert (f"{found.utc:%m-%d %H:%M}", found.date_from, found.sure) == ("11-20 22:10", "order", False)


def test_the_days_date_comes_from_the_subject_where_the_text_has_none() -> None:
    assert utc("- 13:05 down\n- 13:10 up", subject="Outage on 2026-11-18") == ["11-18 12:05", "11-18 12:10"]


def test_every_entry_says_which_row_and_which_evidence() -> None:
    (found,) = instants("down at 13:05 CET")
    assert found.why == "read as clock; date mail; zone written (CET)"


# A gallery of mails


def test_a_heading_time_pacific_over_a_table() -> None:
    text = "Time (Pacific) | What\n---|---\n9:05 AM | pager\n9:20 | ack\n12:29p | clear\n"
    assert utc(text, "Tue, 14 Jul 2026 18:00:00 -0400") == ["07-14 16:05", "07-14 16:20", "07-14 19:29"]
    assert words(text, "Tue, 14 Jul 2026 18:00:00 -0400") == ["pager", "ack", "clear"]


def test_am_and_pm_are_carried_from_a_heading() -> None:
    assert utc("## Afternoon, pm\n\n- 1:05 alert\n- 1:10 page\n- 2:30 fixed\n") == [
        "11-21 12:05",
        "11-21 12:10",
        "11-21 13:30",
    ]


def test_past_midnight_twice() -> None:
    text = "Timeline of 2026-11-18:\n\n* 22:50 disk\n* 00:15 lag\n* 06:30 rebuilt\n* 23:59 again\n* 00:20 done\n"
    assert utc(text) == ["11-18 21:50", "11-18 23:15", "11-19 05:30", "11-19 22:59", "11-19 23:20"]


def test_past_midnight_with_no_date_but_the_mails() -> None:
    sent = "Sat, 21 Nov 2026 09:00:00 +0000"
    assert utc("- 20:10 start\n- 01:15 fix\n- 08:00 clear\n", sent) == ["11-20 20:10", "11-21 01:15", "11-21 08:00"]
    assert utc("- 08:30 start\n- 12:30 page\n- 23:15 fix\n", sent) == ["11-20 08:30", "11-20 12:30", "11-20 23:15"]


def test_a_report_written_three_days_later() -> None:
    text = (
        "On Friday July 17 we had an outage.\n\nTimeline (all times CEST):\n 09:10 - deploy\n 09:25 - errors\n\n"
        "We met at 14:00 on Monday to review.\n"
    )
    assert utc(text, "Mon, 20 Jul 2026 18:00:00 +0200") == ["07-17 07:10", "07-17 07:25", "07-20 12:00"]


def test_two_zones_in_one_mail() -> None:
    text = "At 14:05 PDT (23:05 CEST) on July 13 the database failed over. By 15:30 PDT all was well."
    assert utc(text, "Tue, 14 Jul 2026 18:00:00 +0200") == ["07-13 21:05", "07-13 22:30"]


def test_a_table_with_a_column_for_each_zone() -> None:
    text = "| Local (PST) | UTC | Event |\n|---|---|---|\n| 00:05 | 08:05 | start |\n"
    assert utc(text) == ["11-21 08:05", "11-21 08:05"]


def test_a_slack_paste_of_two_days() -> None:
    text = (
        "Thursday, November 19th\n\nDana Smith\n  2:05 PM\ndb is down\nreally\n\nLee\n  2:07 PM\non it\n\n"
        "Friday, November 20th\n\nDana Smith\n  9:15 AM\nstill fine\n"
    )
    assert utc(text) == ["11-19 13:05", "11-19 13:07", "11-20 08:15"]


def test_a_chat_pasted_as_a_quote_is_the_writers_own_unless_somebody_is_said_to_have_written_it() -> None:
    text = "The chat:\n\n>dana [1:26 PM]\n>is it down?\n>\n>lee [1:27 PM]\n>since 2 hours ago\n"
    found = read_times(text, ((0, 11),), context())[0]
    assert [f"{m.times[0].utc:%H:%M}" for m in found] == ["12:26", "12:27", "10:27"]
    assert found[0].what == "dana: is it down?"
    quoted = "On Friday Dana wrote:\n" + text[11:]
    assert read_times(quoted, ((0, 22),), context())[0] == ()


@pytest.mark.parametrize(
    "text",
    [
        "[14:05] <dana> is it down?", "14:05 < dana> is it down?", "14:05:06 <@dana> is it down?", "[14:05:06] dana: is it down?",
        "2026-11-21 14:05:06\tdana\tis it down?", "(02:05:06 PM) dana: is it down?", "[11/21 2:05 PM] dana: is it down?",
        "[21/11/2026, 14:05:06] dana: is it down?", "[21.11.26 14:05] dana: is it down?", "dana — Today at 2:05 PM\nis it down?",
        "dana, [21.11.2026 14:05]\nis it down?", "dana 2:05 PM\nis it down?",
    ],
)  # fmt: skip
def test_chat_lines_of_all_programs(text: str) -> None:
    (found,) = mentions(text)
    assert f"{found.times[0].utc:%m-%d %H:%M}" == "11-21 13:05"
    assert "is it down" in found.what
    assert "dana" in found.what
    assert not set("<>[]|") & set(found.what)


def test_irc_logs_change_their_day() -> None:
    text = "--- Log opened Thu Nov 19 22:00:01 2026\n22:10 < a> x\n--- Day changed Fri Nov 20 2026\n00:05 < a> y\n"
    assert utc(text) == ["11-19 21:10", "11-19 23:05"]


def test_planned_for_nine_tomorrow() -> None:
    assert utc("Planned for 09:00 tomorrow: swap the disk. The outage began at 08:12 and ended 08:40.") == [
        "11-21 07:12",
        "11-21 07:40",
    ]


def test_a_german_mail() -> None:
    text = (
        "Störungsbericht vom 17.11.2026\n\n08:15 Uhr: erste Meldungen\n08.40 Uhr – Neustart\n9 Uhr: Dienst läuft\nDauer: 0:45 h\n"
        "Die nächste Wartung ist für 22.11. um 6 Uhr geplant.\n"
    )
    assert utc(text, "Wed, 18 Nov 2026 10:00:00 +0100") == ["11-17 07:15", "11-17 07:40", "11-17 08:00"]
    assert words(text, "Wed, 18 Nov 2026 10:00:00 +0100")[:2] == ["erste Meldungen", "Neustart"]


def test_a_french_mail() -> None:
    text = (
        "Incident du mardi 17 novembre 2026\n\n- 9h05 : alerte\n- 9h20 : bascule (durée 15 min)\n- 10h : retour à la normale\n\n"
        "Toutes les heures sont en heure de Paris.\n"
    )
    assert utc(text, "Wed, 18 Nov 2026 10:00:00 +0000") == ["11-17 08:05", "11-17 08:20", "11-17 09:00"]


def test_key_times_with_dates_then_a_list_of_bare_clocks() -> None:
    text = (
        "- First detected 2026-11-19 15:35\n- Resolved 2026-11-20 12:34\n\nContext:\n\n"
        "15:35 - pushed\n\n20:45 - over\n\n20/11/26\n\n12:34 - gone\n"
    )
    assert utc(text) == ["11-19 14:35", "11-20 11:34", "11-19 14:35", "11-19 19:45", "11-20 11:34"]


def test_headings_with_a_time_take_the_lines_under_them_whole() -> None:
    text = (
        "All times in CEST\n\n### 2026-07-08 12:35\n\nUpgrade is deployed.\n\n- tests pass\n\n### ~13:30-13:45\n\nLaunches"
        " drop.\n\n"
        "### 9. July, 11:00\n\nFix.\n\n### 11:07\n\nDone.\n"
    )
    found = mentions(text, "Fri, 10 Jul 2026 14:30:00 +0200")
    assert [m.what for m in found] == ["Upgrade is deployed.\n\n- tests pass", "Launches drop.", "Fix.", "Done."]
    assert [f"{i.utc:%d %H:%M}" for m in found for i in m.times] == [
        "08 10:35",
        "08 11:30",
        "08 11:45",
        "09 09:00",
        "09 09:07",
    ]


def test_a_list_of_dates_without_clocks_is_precise_to_the_day() -> None:
    found = mentions(
        "- 2026-11-18: disk replaced\n- 2026-11-19 - array rebuilt\n- 2026-12-24: holidays\n- since 2026-11-01"
        " all is well\n"
    )
    assert [(m.what, m.times[0].precision) for m in found] == [("disk replaced", "day"), ("array rebuilt", "day")]
    assert found[0].times[0].utc == datetime(2026, 11, 17, 23, 0, tzinfo=UTC)


def test_a_sentence_gives_its_own_words() -> None:
    assert words("First this. At 13:05 CET we rolled back the deploy. Then that.") == ["we rolled back the deploy"]
    assert words("* 13:05 - Incident start.\n* **13:10 UTC**: page\n") == ["Incident start", "page"]


def test_a_status_page_and_a_monitor() -> None:
    assert utc("Resolved - fine.\nNov 20, 14:05 UTC\n\nDate/Time: Fri Nov 20 16:05:06 UTC 2026\n") == [
        "11-20 14:05",
        "11-20 16:05",
    ]


def test_logs_in_their_own_stamps() -> None:
    text = (
        "2026-11-20 23:38:38-0700 [-] Log opened.\n[E 261121 13:32:35 web:1] 500\nE1121 13:32:37.123456 7 main.go:12] x\n"
        "[Sat Nov 21 13:33:05 2026] usb 1-1: reset\n[    1.234567] pci 0000:03:00.0: BAR\n"
    )
    assert utc(text) == ["11-21 06:38", "11-21 12:32", "11-21 12:32", "11-21 12:33"]


def test_a_day_that_comes_twice_a_year_in_the_hour_of_the_clock_change() -> None:
    text = (
        "All times Pacific.\n\nSaturday March 7\n* 11:30pm - alert\nSunday March 8\n* 1:30am - page\n* 3:30am - fixed"
    )
    assert utc(text, "Mon, 9 Mar 2026 12:00:00 -0700") == ["03-08 07:30", "03-08 09:30", "03-08 10:30"]


# Commands


@pytest.mark.parametrize(
    ("text", "expected", "rest"),
    [
        ("14:05", "11-21 13:05", ""), ("14:05 CEST we rolled back", "11-21 12:05", " we rolled back"), ("2pm", "11-21 13:00", ""),
        ("yesterday at 3pm", "11-20 14:00", ""), ("20 min ago", "11-21 13:40", ""), ("2026-11-21 13:05Z", "11-21 13:05", ""),
        ("now rolled back",
            "11-21 14:00", " rolled back"), ("about 14:05 CET x", "11-21 13:05", " x"), ("at noon", "11-21 11:00", ""),
    ],
)  # fmt: skip
def test_a_commands_time(text: str, expected: str, rest: str) -> None:
    result = read_when(text, context())
    assert result is not None
    found, end = result
    assert (f"{found.utc:%m-%d %H:%M}", text[end:]) == (expected, rest)
    assert text[found.start : found.end] == found.text


@pytest.mark.parametrize(
    "text", ["", "rolled back", "rolled back 14:05", "tomorrow 09:00", ": 14:05", "nowhere", "1.2.3", "2026-11-20"]
)
def test_what_is_no_commands_time(text: str) -> None:
    assert read_when(text, context()) is None


# Bounds


def test_at_most_five_hundred_times_are_read_and_the_rest_is_counted() -> None:
    text = "* 13:05 x\n" * 1200
    found, problems = read_times(text, ((0, len(text)),), context())
    assert len(found) == 500
    assert problems == ("at least 1200 times were found, the first 500 are read",)


@pytest.mark.parametrize(
    "junk",
    [
        "1",
        ":",
        " ",
        "[",
        ">",
        "|",
        "12:34 ",
        "1:",
        "1/1/",
        "| 12:34 |",
        "between 12:34 and ",
        "all times ",
        "0123456789:[]>| \n",
    ],
)
def test_a_megabyte_of_junk_is_read_in_two_seconds(junk: str) -> None:
    text = junk * (1_000_000 // len(junk))
    start = time.process_time()
    read_times(text, ((0, len(text)),), context())
    assert time.process_time() - start < 4  # two seconds on a quiet machine


PIECES = st.sampled_from(
    (
        *(
            "12:34 ",
            "25:61",
            "2026-11-21",
            "Nov ",
            "21st ",
            "UTC ",
            "(",
            ")",
            "|",
            "\n",
            "# ",
            "- ",
            "> ",
            "pm ",
            "ago ",
            "[",
            "]",
            "**",
            "Z",
        ),
        *(
            "an hour ",
            "from ",
            "to ",
            "All times in ",
            "yesterday ",
            "99999999 ",
            "00:00:00.1",
            "Feb 30 ",
            "31/31/31 ",
            "+14:00 ",
            "at ",
        ),
        *(
            "0001-01-01 ",
            "9999-12-31 23:59 -14:00 ",
            "Pacific ",
            "…",
            "١٢:٣٤ ",
            "²:³⁴ ",
            "①",
            "<t:1999999999",
            "1h",
            " h ",
            "29 Feb ",
        ),
    )
)


@given(
    st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join)),
    st.datetimes(),
    st.integers(-840, 840),
    st.booleans(),
)
@settings(max_examples=250, deadline=None)
def test_reading_never_raises_and_spans_are_what_they_say(text: str, date: datetime, minutes: int, known: bool) -> None:
    where = Context(date.replace(tzinfo=timezone(timedelta(minutes=minutes))), known, "Nowhere/Land", "x", text)
    for mention in read_times(text, ((0, len(text)),), where)[0]:
        for instant in mention.times:
            assert text[instant.start : instant.end] == instant.text
            assert instant.utc is not None
            assert instant.utc.utcoffset() == timedelta(0)
    read_when(text, where)
