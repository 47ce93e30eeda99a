"""Which day, which half of the day, which zone: how people say it in words, with the instants that are right."""

from __future__ import annotations

from datetime import datetime

import pytest

from mailbot.core.times import Context, read_times

EVENING = "2026-08-06 20:00 +0200"
AFTERNOON = "2026-08-06 14:00 +0200"
BOSTON = "2026-08-05 20:00 -0400"


def utc(sent: str, text: str) -> str:
    """The instants of a mail, each with "?" where it is not sure."""
    context = Context(datetime.strptime(sent, "%Y-%m-%d %H:%M %z"))
    times = [i for m in read_times(text, ((0, len(text)),), context)[0] for i in m.times]
    return " ".join(f"{i.utc:%d %H:%M}{'' if i.sure else '?'}" for i in times if i.utc is not None)


PARTS = [
    (EVENING, "This afternoon at 3:40 the alarm went off.", "06 13:40"),
    (EVENING, "The alarm went off at 3:40 this afternoon.", "06 13:40"),
    (BOSTON, "Yesterday evening at 8:30, it failed.", "05 00:30"),
    (BOSTON, "On Monday afternoon at 2:30 it failed.", "03 18:30"),
    ("2026-08-05 09:00 -0400", "Around 9:15 last night it failed.", "05 01:15"),
    ("2026-08-05 09:00 -0400", "Last night at 2:15 it failed.", "05 06:15"),
    ("2026-08-06 21:00 +0200", "It failed at 7:40 tonight.", "06 17:40"),
    (EVENING, "Gestern Abend um 8:20 fiel es aus.", "05 18:20"),
    (EVENING, "Am Nachmittag um 3:40 Uhr fiel es aus.", "06 13:40"),
    (EVENING, "Heute Mittag um 11:50 fiel es aus, um 12:10 ging es.", "06 09:50 06 10:10"),
    ("2026-08-06 21:00 +0200", "Ce soir à 8h10 tout est tombé.", "06 18:10"),
    (EVENING, "Cet après-midi à 3h20 tout est tombé.", "06 13:20"),
    (EVENING, "Esta tarde a las 5:20 se cayó.", "06 15:20"),
    (EVENING, "Ayer por la tarde a las 5:20 se cayó.", "05 15:20"),
    (EVENING, "Más tarde a las 5:20 se cayó.", "06 03:20"),
    (EVENING, "Sonnabend um 8:30 fiel es aus.", "01 06:30"),
    (EVENING, "Yesterday evening at 8:30 it failed. This morning at 9:15 it was back, at 10:20 all was fine.",
     "05 18:30 06 07:15 06 08:20"),
    (EVENING, "This afternoon the alarm went off at 3:40.", "06 13:40?"),
    (EVENING, "This afternoon:\n\n- 3:40 alarm\n- 4:10 fixed\n", "06 13:40? 06 14:10?"),
    (EVENING, "Last night: 9:15 alert", "05 19:15"),
    (EVENING, "On the evening of August 5 at 8:30 it failed.", "05 18:30"),
    (EVENING, "Am Abend des 5. August um 8:30 fiel es aus.", "05 18:30"),
    (EVENING, "It failed at 8:30 on the evening of August 5.", "05 18:30"),
    ("2026-08-05 23:00 +0200", "It failed at 9:30 at night, and at 2:30 at night.", "05 19:30 05 00:30?"),
    (EVENING, "Good evening, at 8:30 it failed.", "06 06:30"),
    (EVENING, "Yesterday morning at 12:30 it failed.", "04 22:30?"),
    (EVENING, "We meet again this afternoon. At 9:40 it failed.", "06 07:40"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "text", "expected"), PARTS, ids=[text[:40] for _, text, _ in PARTS])
def test_the_part_of_the_day_says_which_half_a_clock_of_twelve_hours_is_of(sent: str, text: str, expected: str) -> None:
    assert utc(sent, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The day before yesterday at 09:12 it failed.", "Avant-hier à 9h12 tout est tombé.", "Anteayer a las 9:12 se cayó.",
        "Antes de ayer a las 9:12 se cayó.", "L'altro ieri alle 9:12 è caduto.", "Eergisteren om 9:12 viel het uit.",
        "Vorgestern um 9:12 fiel es aus.",
    ],
)  # fmt: skip
def test_the_day_before_yesterday_is_two_days_back(text: str) -> None:
    assert utc(AFTERNOON, text) == "04 07:12"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heute Morgen um 8:30 fiel der Proxy aus.", "06 06:30"),
        ("Am Morgen um 8:30 fiel der Proxy aus.", "06 06:30"),
        ("Wir tauschen ihn morgen um 8:30.", ""),
        ("Gestern Morgen um 8:30 fiel er aus. Heute morgen gegen 7 Uhr ging es.", "05 06:30 06 05:00"),
        ("Gestern um 17:10 fiel er aus. Heute Morgen 8:30 ging es.", "05 15:10 06 06:30"),
        ("Am Dienstag Morgen um 8:30 fiel er aus.", "04 06:30"),
        ("Am Dienstagmorgen um 8:30 fiel er aus.", "04 06:30"),
        ("Am Dienstagabend gegen 21:30 fiel er aus.", "04 19:30"),
        ("Dinsdagavond om 9:30 viel het uit.", "04 19:30"),
        ("Nächsten Dienstag um 8:30 tauschen wir ihn.", ""),
    ],
)
def test_morgen_is_the_morning_behind_a_day_and_tomorrow_alone(text: str, expected: str) -> None:
    assert utc(AFTERNOON, text) == expected


@pytest.mark.parametrize("head", ["What happened last night:\n\n", "Last night:\n", "## Last night\n", "Last night's log:\n\n",
                                  "Last night at 22:40 it failed.\n\n"])  # fmt: skip
def test_the_evening_of_a_list_of_last_night_is_before_the_mail(head: str) -> None:
    listed = "- 22:40: alert\n- 23:15: restart\n- 02:10: replaced\n\nAt 08:10 all was fine.\n"
    assert utc("2026-07-15 09:00 +0200", head + listed).endswith("14 20:40 14 21:15 15 00:10 15 06:10")


AUGUST_4 = "On August 4 at 22:30 it failed. "
STEPS = [
    (AUGUST_4 + "The next day at 23:00 it failed again.", "04 20:30 05 21:00?"),
    ("On August 4 at 22:30 it failed, a day later at 21:10 again.", "04 20:30 05 19:10?"),
    ("On August 5 at 09:12 it failed. The evening before, at 22:30, we had upgraded.", "05 07:12 04 20:30?"),
    ("On August 5 at 09:12 it failed. The night before, at 22:30, we had upgraded.", "05 07:12 04 20:30?"),
    (AUGUST_4 + "The following day we looked.\nAt 10:05 it was found, at 10:20 mended.", "04 20:30 05 08:05? 05 08:20?"),
    (AUGUST_4 + "It failed the next day as well, at 21:00 and at 21:30.", "04 20:30 05 19:00? 05 19:30?"),
    ("Le 4 août à 22h30 tout est tombé. Le lendemain matin à 8h10 c'était réparé.", "04 20:30 05 06:10?"),
    ("El 4 de agosto a las 22:30 se cayó. Al día siguiente a las 8:10 volvió.", "04 20:30 05 06:10?"),
    ("Am 4. August um 22:30 fiel es aus. Am nächsten Morgen um 7:20 Uhr ging es.", "04 20:30 05 05:20?"),
    ("Am 4. August um 22:30 fiel es aus. Am nächsten Tag um 8:10 ging es.", "04 20:30 05 06:10?"),
    ("The next morning at 8:10 it was back.", "06 06:10?"),
    ("August 4\n\n- 22:30 failed\n- 23:10 page\n- next day, 08:10: fixed\n- 09:00 closed\n",
     "04 20:30 04 21:10 05 06:10? 05 07:00?"),
    ("August 4\n\n- 22:30 failed\n\nThe next day:\n- 08:10: fixed\n- 09:00 closed\n", "04 20:30 05 06:10? 05 07:00?"),
    ("On August 5 - we had upgraded the day before - the database failed at 09:12.", "05 07:12?"),
    ("On August 5 it was slow. In the morning before 9:30 it failed.", "05 07:30"),
    ("On August 4 it failed. We will go on the next day at 08:00.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STEPS, ids=[text[-40:] for text, _ in STEPS])
def test_the_next_day_counts_from_the_day_told_of_and_is_never_sure(text: str, expected: str) -> None:
    assert utc(AFTERNOON, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Der Alarm kam um 14.05. Behoben war es gegen 15.10.", "06 12:05 06 13:10"),
        ("De storing begon om 14.05.", "06 12:05"),
        ("È caduto alle 17.20. Poi è tornato.", "06 15:20"),
        ("Ausfall von 14.05 bis 15.10 Uhr.", "06 12:05 06 13:10"),
        ("Ausfall zwischen 14.05 und 15.10 Uhr.", "06 12:05 06 13:10"),
        ("Am 21.7. um 14.05. Danach ging es.", "21 12:05"),
        ("Am 5.8. um 14:05 fiel es aus.", "05 12:05"),
        ("Wir gingen von 1.10 auf 1.12. Um 1.10.3 ging es nicht.", ""),
    ],
)
def test_a_clock_with_a_dot_may_end_its_sentence_or_begin_a_range_before_uhr(text: str, expected: str) -> None:
    assert utc(EVENING, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It failed at 2pm UK time.", "06 13:00"),
        ("It failed at 9:05am US Eastern, then came back.", "06 13:05"),
        ("It failed at 9:05am US Eastern time.", "06 13:05"),
        ("It failed at 9:05am US Pacific Standard Time.", "06 17:05"),
        ("All times are UK time.\n\n- 09:05 down\n", "06 08:05"),
    ],
)
def test_the_uk_and_the_zones_of_the_us_are_heard(text: str, expected: str) -> None:
    assert utc("2026-08-06 20:00 +0000", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Server time is UTC. The dump began at 10:05.", "06 10:05?"),
        ("The server clocks are UTC: dump 10:05.", "06 10:05?"),
        ("The server clocks are 5 minutes off UTC.\n\n- 10:05 dump\n", "06 14:05"),
        ("Note: everything here is UTC unless noted.\n\n- 10:05 dump\n", "06 10:05"),
        ("Our servers run in UTC, so do these times.\n\n- 10:05 dump\n", "06 10:05"),
        ("Our servers run in UTC.\n\n- 10:05 dump\n", "06 14:05"),
        ("Chronologie (heures en UTC)\n\n- 10:05 dump\n", "06 10:05"),
        ("Horas en UTC:\n\n- 10:05 dump\n", "06 10:05"),
    ],
)
def test_what_is_said_of_all_times_or_of_the_servers_clocks_is_heard(text: str, expected: str) -> None:
    assert utc("2026-08-06 14:00 -0400", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Window: 2026-08-06T08:40:00Z/2026-08-06T09:10:00Z", "06 08:40 06 09:10"),
        ("Window: 20260806T084000Z/20260806T091000Z", "06 08:40 06 09:10"),
        ("Window: 2026-08-06T08:40:00+02:00/2026-08-06T09:10:00+02:00 was bad", "06 06:40 06 07:10"),
        ("see logs/2026-08-06T09:10:00Z or 2026-08-06/2026-08-06T09:10:00Z", ""),
    ],
)
def test_an_interval_of_two_stamps_with_a_slash_has_an_end(text: str, expected: str) -> None:
    assert utc(AFTERNOON, text) == expected
    context = Context(datetime.strptime(AFTERNOON, "%Y-%m-%d %H:%M %z"))
    assert all(len(m.times) == 2 for m in read_times(text, ((0, len(text)),), context)[0])


def test_the_order_of_month_and_day_that_gives_the_mails_own_day_is_right() -> None:
    assert utc(EVENING, "8/6/2026 16:05 it failed, and again 7/8/2026 18:25.") == "06 14:05 08 16:25"
    assert utc("2026-06-08 20:00 +0200", "8/6/2026 16:05 it failed.") == "08 14:05"


def test_the_zone_of_a_certificates_stamps_is_not_the_writers() -> None:
    stamps = "notBefore=Aug  1 10:00:00 2026 GMT\nnotAfter=Oct  1 10:00:00 2026 GMT\n\n"
    assert utc(EVENING, stamps + "At 17:05 the certificate was refused.") == "06 15:05"


def test_a_day_by_name_is_whole_where_a_mail_program_broke_its_line() -> None:
    assert utc(AFTERNOON, "It is a long story, but the day before\nyesterday at 09:12 it failed.") == "04 07:12"
    assert utc(AFTERNOON, "It is a long story, but last\nnight at 9pm it failed.") == "05 19:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It failed on Monday night at 1:30.", "02 23:30?"),
        ("On the night of August 4 at 2:30 it failed.", "04 00:30?"),
        ("On Monday night at 23:30 it failed.", "03 21:30"),
        ("Last night at 1:30 it failed.", "05 23:30"),
        ("In der Nacht auf Dienstag um 1:30 fiel es aus.", "03 23:30"),
        ("At 1:30 on Monday it failed, the next night was quiet.", "02 23:30"),
    ],
)
def test_the_small_hours_of_a_days_night_are_not_sure(text: str, expected: str) -> None:
    assert utc(AFTERNOON, text) == expected
