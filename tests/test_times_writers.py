"""What the texts of other writers taught the times reader: each rule as a mail of our own words, with the instants it gives."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest

from mailbot.core.times import Context, Instant, Mention, read_times
from tests.incident_scene import BOB, Scene

TUESDAY = "Tue, 03 Mar 2026 20:00:00 +0000"
BERLIN = "Tue, 03 Mar 2026 20:00:00 +0100"
BOSTON = "Tue, 03 Mar 2026 20:00:00 -0500"


def mentions(text: str, sent: str = TUESDAY) -> tuple[Mention, ...]:
    return read_times(text, ((0, len(text)),), Context(parsedate_to_datetime(sent)))[0]


def instants(text: str, sent: str = TUESDAY) -> list[Instant]:
    return [i for m in mentions(text, sent) for i in m.times]


def utc(text: str, sent: str = TUESDAY) -> list[str]:
    return [f"{i.utc.astimezone(UTC):%d %H:%M}" for i in instants(text, sent) if i.utc is not None]


PLACED = [
    ("last night is the night to the mail's day", BERLIN, "Last night at 11pm the switch died, I had it swapped by 1:30am.\n",
     "02 22:00, 03 00:30"),
    ("a night between two days", BERLIN,
     "In der Nacht von Montag auf Dienstag fiel ab 23:45 Uhr alles aus, seit 2:15 Uhr geht es.\n",
     "02 22:45, 03 01:15"),
    ("a range takes the day of its end", TUESDAY, "Logins failed from 13:05 UTC until 14:20 UTC on Monday.\n",
     "02 13:05, 02 14:20"),
    ("times told together share day and zone", TUESDAY, "At 08:05, 08:15 and 09:40 EST the queue was full.\n",
     "03 13:05, 03 13:15, 03 14:40"),
    ("and again yesterday", TUESDAY, "It failed at 14:05 and again at 16:10 yesterday.\n", "02 14:05, 02 16:10"),
    ("between a date and its range", TUESDAY, "On 2026-03-02 between 12:17 and 12:30 EST nobody could log in.\n",
     "02 17:17, 02 17:30"),
    ("a short line of its own with a date heads what is below", TUESDAY,
     "Report of the outage of 27 February 2026\n\n13:30: links lost\n\n"
     "Report of the outage of 28 February 2026\n\n23:46: alerts\n\n00:30: call\n",
     "27 13:30, 28 23:46, 01 00:30"),
    ("2/28 alone on its line heads the list", BOSTON, "2/28\n9:40pm - alarm\n11:55pm - ack\n3/1\n8:00am - review\n",
     "01 02:40, 01 04:55, 01 13:00"),
    ("a bullet with only a date", TUESDAY, "* 2026-03-01\n** 14:05 alarm\n* 2026-03-02\n** 09:00 review\n", "01 14:05, 02 09:00"),
    ("a list that goes back in time", TUESDAY, "9:05 AM fixed\n3:10 AM still down\n11:40 PM investigating\n10:00 PM alarm\n",
     "03 09:05, 03 03:10, 02 23:40, 02 22:00"),
    ("newest first under a date stays on that date", TUESDAY, "March 2\n\n22:05 - resolved\n14:10 - still down\n06:00 - alarm\n",
     "02 22:05, 02 14:10, 02 06:00"),
    ("until a clock that is earlier is until the next day", TUESDAY,
     "On March 1 reads failed from 9:16 PM to 11:16 PM UTC. Writes were slow until 1:30 AM UTC.\n",
     "01 21:16, 01 23:16, 02 01:30"),
    ("it resumed after midnight", TUESDAY,
     "On 2026-03-01 at 19:34 UTC the chain stopped. Normal operation resumed at about 08:00 UTC.\n", "01 19:34, 02 08:00"),
    ("a day named in passing moves nothing", TUESDAY,
     "On Saturday, February 28, the network was down from 11 a.m. UTC.\n"
     "She asked that all deadlines be moved to Sunday, March 1, for all."
     "\nMail was sent at 6:59 p.m.\n", "28 11:00, 28 18:59"),
    ("the name of a report at the top", TUESDAY,
     "Incidents/2026-03-01 feeds\n\nTimeline (UTC)\n\n* 11:01 - restart\n* 12:08 - fixed\n",
     "01 11:01, 01 12:08"),
    ("weekday and part of the day", BERLIN, "La panne a eu lieu lundi après-midi à 15h11.\n", "02 14:11"),
    ("hours in French", BERLIN, "Hier entre 14h30 et 16h tout était arrêté, retour vers 16 h 15.\n",
     "02 13:30, 02 15:00, 02 15:15"),
    ("hours in Spanish", BERLIN, "Ayer a las 3 de la tarde cayó todo, entre las 19 y las 20 horas hubo cortes.\n",
     "02 14:00, 02 18:00, 02 19:00"),
    ("hours in Dutch", BERLIN, "Vanmorgen rond 11 uur viel de stroom uit.\n\n14.23u:\n- de test faalt\n", "03 10:00, 03 13:23"),
    ("Swedish and Russian days", BERLIN, "Den 2 mars kl. 18.30 gick den ner.\n\n2 марта в 19:15 восстановили.\n",
     "02 17:30, 02 18:15"),
    ("Japanese", "Tue, 03 Mar 2026 20:00:00 +0900", "3月2日 18:30頃より障害、2026年3月2日 19時15分に復旧\n",
     "02 09:30, 02 10:15"),
    ("a zone glued to its clock", TUESDAY, "On March 2nd 16:47UTC replication broke.\n", "02 16:47"),
    ("an offset before a colon", TUESDAY, "Mon, 2 Mar 2026 20:00:03 -0700: merged\n", "03 03:00"),
    ("a date in one", TUESDAY, "20260302 13:05:01 ERROR x\n2026-03-02_13:06:02 ERROR y\n", "02 13:05, 02 13:06"),
    ("a key and its stamp", TUESDAY, "ts=2026-03-02T13:05:06Z level=error\n", "02 13:05"),
    ("start time and end time", TUESDAY, "Start time: 14:05\nEnd time: 15:20\n", "03 14:05, 03 15:20"),
    ("pm is carried on in a paragraph", BOSTON, "It began around 2 PM yesterday and lasted until 3:30.\n", "02 19:00, 02 20:30"),
    ("two days ago with a clock", TUESDAY, "It broke 2 days ago at 14:05.\n", "01 14:05"),
    ("CST from a -0500 sender", "Mon, 06 Jul 2026 20:00:00 -0500", "Down since 10:00 CST.\n", "06 16:00"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "text", "expected"), [row[1:] for row in PLACED], ids=[row[0] for row in PLACED])
def test_the_day_and_the_zone_of_what_other_writers_wrote(sent: str, text: str, expected: str) -> None:
    assert ", ".join(utc(text, sent)) == expected


NO_EVENT = [
    "The meeting is tomorrow on Wednesday March 4 at 19:00.\n\n19:00 - 19:15 -- Opening\n19:15 - 20:45 -- Radios\n",
    "  ctime: 0x6916c804:00000000 -- Mon Mar  2 01:11:16 2026\n crtime: 0x6924883d:00000000 -- Mon Mar  2 11:30:53 2026\n",
    "6ce6a4efc2 (Alice Example         2026-03-02 17:54:46 -0700\n241) int seq;\n",
    "blktests\t3be7849 (Tue, 3 Mar 2026 12:22:17 -0700)\nfio\t\tfio-3.29 (Mon, 2 Mar 2026 07:09:32 -0700)\n",
    "    --- tests/ext4/059.out\t2026-03-02 20:40:03.000000000 +0000\n    +++ x.bad\t2026-03-03 07:19:58.463397800 +0000\n",
    "First error time:         Mon Mar  2 11:30:13 2026\nLast error time:          Mon Mar  2 11:30:13 2026\n",
    "--- linux.orig/md.h\t2026-03-03\n09:14:07.096442083 +0100\n",
    "Sent from my mobile. Pardon the brevity.On 01/03/2026 11:48 Alice Example wrote:\n",
    "I've made a reservation for 17:30 (5:30 PM) tomorrow.\n",
    "We prepare for the upgrade (coming at 19:00).\n",
    "I'm hoping to get it done 8am to 12pm US central time.\n",
    "On Tue, 3 Mar 2026 07:46:11 -0500, Alice Example said:\n",
    "-- Journal begins at Mon 2026-02-21 14:57:58 BST, ends at Tue 2026-03-03\n19:21:36 GMT. --\n",
    "  0B resilvered, 0.01% done, 35 days 15:39:43 to go\n  scan: resilvered 5.65T in 3 days 19:15:21 with 0 errors\n",
    "The move of the lists to their new home is scheduled to start on the 5th of next month\n17:00 UTC time (10:00am PST)\n",
    "  827 ?        S      0:39 /sbin/cleanerd\n 1170 pts/1    S+     0:00 grep cleanerd\n",
    "    443574  2026-03-02 16:41:44   cp    -    652100924     421961\n",
    "[test 5d6cd85] count the workers\n Author: Alice <alice@example.org>\n Date: Mon Mar 2 11:10:54 2026 +0800\n",
    "Site Admin\nPosts: 325\nJoined: Thu Apr 09, 2009 11:44 am\n",
    "Latest commit 2 days ago\nupdated 7 days ago\n* 3f2a9d1 2 days ago fix (Alice)\n",
    "Last updated 3 hours ago\n",
    "We will reboot at 22:00 tonight. The window is 22:00 to 23:00.\n",
    "On Tuesday, March 10, there will be an outage of some servers. Shutdown begins at 6:00 am, services are back by 5:00 pm.\n",
    "During this time (approximately 10am to noon), batch jobs will go on.\n",
    "I'm free at 21:00 or 22:30 today. Call me at 21:05.\n",
    "The call is set for 21:30.\n",
    "100  1348    0  1348    0     0     22      0 --:--:--  0:01:00 --:--:--     0\n",
    "Filesystem created:\u00a0\u00a0\u00a0 Sat Jan 14 10:11:12 2017\nLast write time:          Mon Mar  2 23:15:01 2026\n",
    "are available up to the commit below:\n\n  core: count the workers (2026-03-01 14:51:19 -0800)\n",
    "From 72a8dda0cb490fdb7fbcd0be2c19dbb3e2973b23 Mon Sep 17 00:00:00 2001\n",
    "USER     TTY      FROM       LOGIN@   IDLE\nalice    pts/0    10.1.2.3   16:58    0.00s  0.04s  0.00s w\n",
    "12:10:01 AM     5   567   0.06   0.04   0.11\n12:20:01 AM   all   1.2   0.0   3.4   95.4\n",
    "notBefore=Feb 20 11:00:00 2026 GMT\nnotAfter=May 21 11:00:00 2026 GMT\n",
    "journalctl --since 2026-03-02 13:05 --until '2026-03-02 13:30'\n",
    "listening on ::1:22 and 10.0.0.1:8080\n",
    "0f3a9b2c1d4e   hub:1   \"/start\"   2 hours ago   Up 2 hours\n",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_EVENT)
def test_what_is_no_event_in_the_texts_of_other_writers(text: str) -> None:
    assert [i.text for i in instants(text)] == []


SURE = [
    ("03/04/2026 can be March or April", "Tue, 05 May 2026 09:00:00 +0000", "03/04/2026 14:05 restart\n", [False]),
    ("another date of the text proves the order", "Tue, 05 May 2026 09:00:00 +0000",
     "03/04/2026 14:05 restart\n25/04/2026 10:00 review\n", [True, True]),
    ("a weekday that does not fit", TUESDAY, "Friday 2026-03-02 14:05 restart\n", [False]),
    ("a console that may be UTC", "Tue, 03 Mar 2026 20:00:00 -0500", "2026-03-04 00:58:11 ERROR x\n", [False]),
    ("a console whose times were later than the mail in the sender's zone", BOSTON, "Mar  4 00:10:12 hub kernel: x\n", [False]),
    ("only two times say a zone", BOSTON,
     "On March 3 they asked at 11:52. He was asked again at 12:30 UTC.\n\nTimeline\n\n(UTC)\n\n11:52 - asked\n",
     [False, True, True]),
    ("a trace that may be UTC", BOSTON, "Below is a trace.\n\n00:58:31 accept(7) = 21\n", [False]),
    ("a console of the sender's zone", "Tue, 03 Mar 2026 20:00:00 -0500", "2026-03-03 19:58:11 ERROR x\n", [True]),
    ("am or pm that is not said", BOSTON, "It began around 2 PM yesterday and lasted until 3:30.\n", [True, False]),
    ("a bare time among zones", BERLIN, "At 13:05 EST it began. At 10:10 PST we saw it. At 10:40 it was over.\n",
     [True, True, False]),
    ("a day and its weekday", TUESDAY, "Monday 2026-03-02 14:05 restart\n", [True]),
    ("a clock of one of two days", TUESDAY,
     "On March 1 at 13:00 it broke.\n\nOn March 2 we met at 10:00.\n\nThe cause was found at 17:00.\n", [True, True, False]),
    ("a report that names no day", TUESDAY, "Post-mortem of the login outage\n\n- 13:05 alarm\n- 13:20 fixed\n", [False, False]),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "text", "sure"), [row[1:] for row in SURE], ids=[row[0] for row in SURE])
def test_what_conflicts_is_not_sure(sent: str, text: str, sure: list[bool]) -> None:
    assert [i.sure for i in instants(text, sent)] == sure, [i.why for i in instants(text, sent)]


WORDS = [
    ("Our push at 8:41am still went through, the one at 8:44am did not.\n", ["Our push still went through", "the one did not"]),
    ("We were paged at 13:07, and had a fix by 13:50.\n", ["We were paged", "had a fix"]),
    ("The queue grew from 14:05, peaked at 14:20 and drained by 14:40.\n", ["The queue grew", "peaked", "drained"]),
    ("We saw errors at 09:05, 09:15 and 10:40.\n", ["We saw errors", "We saw errors", "We saw errors"]),
    ("On 2026-03-02 between 12:17 and 12:30 UTC all downloads were broken.\n", ["all downloads were broken"]),
    ("At 14:05 we restarted the hub and the proxy.\n", ["we restarted the hub and the proxy"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_each_time_of_a_sentence_has_its_own_clause(text: str, words: list[str]) -> None:
    assert [m.what for m in mentions(text)] == words


# What a keyword covers, and what is read for times all the same.
COVERED = [
    ("a keyword alone heads what is below", "SUMMARY\nAt 11:38 UTC pushes failed.\n* 11:40 - alarm\n", "11:38, 11:40"),
    ("a section's own words", "SUMMARY: Pushes failed from 11:38 to 11:50 UTC\nand nobody could log in at 11:45 UTC.\n", ""),
    ("a list in a section", "SUMMARY: Pushes failed.\n* 11:40 - alarm\n11:45 restart\n", "11:40, 11:45"),
    ("a command with its time", "RESTORED 11:50 UTC it works, last error 11:49 UTC\n", ""),
    ("a report of somebody else",
     "## Summary\n\nx\n\n## Root Cause\n\ny\n\n## Timeline (UTC)\n\n* 11:40 - alarm\n\n## Action Items\n", "11:40"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in COVERED], ids=[row[0] for row in COVERED])
def test_a_line_read_as_a_command_is_not_read_again_for_times(text: str, expected: str) -> None:
    said = Scene().mail(BOB, text, 30)
    assert ", ".join(f"{t.utc:%H:%M}" for m in said.reading.mentions for t in m.times) == expected
