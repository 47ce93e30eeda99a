"""What looks like no event and is one, and what stays none: mails of our own words with the instants they give."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from mailbot.core.times import Context, Instant, read_times

MAIL = "Thu, 06 Aug 2026 11:00:00 +0000"
EVENING = "Thu, 06 Aug 2026 20:00:00 +0000"


def instants(text: str, sent: str = MAIL) -> list[Instant]:
    found = read_times(text, ((0, len(text)),), Context(parsedate_to_datetime(sent)))[0]
    return [i for m in found for i in m.times]


def clocks(text: str, sent: str = MAIL) -> str:
    """The instants of the mail's day as clocks, others with their day."""
    out = [f"{i.utc:%d %H:%M}" for i in instants(text, sent) if i.utc is not None]
    return ", ".join(one.removeprefix("06 ") for one in out)


HAPPENED = [
    # What leads its line has behind it what happened then
    ("- 08:40 DB down", "08:40"), ("- 08:45 More alerts come in", "08:45"), ("- 08:47 Total outage of the hub", "08:47"),
    ("- 08:50 Split brain detected", "08:50"), ("- 08:42 MS Teams bridge opened", "08:42"), ("- 08:52 Left the bridge", "08:52"),
    ("- 08:57 Later on it came back", "08:57"), ("- 09:15 Min Lee takes over", "09:15"), ("- 09:20 B side up", "09:20"),
    ("- 9:20 long queue, bit by bit", "09:20"), ("08:40-Bob restarts", "08:40"), ("- 08:41 left bridge, DB is fine", "08:41"),
    ("At 08:40 DB connections ran out, at 08:50 more of them. 08:55 total loss.", "08:40, 08:50, 08:55"),
    # Up and left are what somebody or something did then
    ("Down: 08:40\nUp: 09:15", "08:40, 09:15"), ("- link up (09:15)", "09:15"),
    ("It came back up 09:15, Bob left 09:20.", "09:15, 09:20"),
    # Somebody was paged, said so, was called
    ("Alert: 08:30\nPage: 08:31\nAck: 08:35", "08:30, 08:31, 08:35"),
    ("alert 08:30, page 08:31, ack 08:35", "08:30, 08:31, 08:35"),
    ("then a phone call 08:45", "08:45"), ("Bob was told by phone 08:45", "08:45"),
    # Since when something is so
    ("Die Anfragen werden seit 08:40 abgelehnt", "08:40"), ("der Dienst wird seit 09:15 Uhr neu aufgebaut", "09:15"),
    ("It seems to be down since 08:30", "08:30"), ("Scrape target down since ~08:30", "08:30"),
    ("Every request fails since 08:30, it should be fine since 08:50", "08:30, 08:50"),
    # Each of many things, once; and what is done every day, on the day it failed
    ("Every request failed at 08:40, each node was dead by 08:50", "08:40, 08:50"),
    ("Jede Anfrage schlug ab 08:40 fehl", "08:40"), ("Chaque requête échouait dès 8h40", "08:40"),
    ("The nightly backup hung from 03:40 to 08:15", "03:40, 08:15"), ("A cron job deleted the index at 03:40", "03:40"),
    ("Each of the three nodes lost its disk: 08:40 node1", "08:40"), ("As always Bob found it first, at 08:40", "08:40"),
    ("During business hours, at 08:40, the database locked up", "08:40"),
    ("It hit us outside office hours (05:30), nobody looked until 08:30", "05:30, 08:30"),
    # Words of plans in what is told of the past
    ("Load was higher than expected at 08:40", "08:40"), ("Bob proposed a rollback at 08:40", "08:40"),
    ("Start (estimated): 08:30", "08:30"), ("Estimated start of impact: 08:28", "08:28"),
    ("I got a call at 08:40 from Bob, and we had a meeting at 09:15", "08:40, 09:15"), ("I tried to call at 08:40", "08:40"),
    ("Errors started coming at 08:30, the node was coming up at 08:40", "08:30, 08:40"),
    ("Traffic for the upcoming release doubled at 08:40", "08:40"), ("Can you please look at the logs from 08:40?", "08:40"),
    ("Let's see: alert 08:30, page 08:33, fix 08:50", "08:30, 08:33, 08:50"),
    ("During the maintenance window (Aug 5, 22:00 - 23:30) a cable was cut at 22:48", "05 22:00, 05 23:30, 05 22:48"),
    # What somebody changed, and what was released, is no stamp of a page or of a build
    ("Somebody edited the firewall rules at 08:40", "08:40"),
    ("Alice commented out the check at 08:40 and committed it at 08:45", "08:40, 08:45"),
    ("A DNS record was last updated at 08:40, and that broke it. The host was last seen at 08:50.", "08:40, 08:50"),
    ("Version 2.3 was released at 08:40, errors since 08:45", "08:40, 08:45"),
    # Hours and minutes that are clocks
    ("- 8:40 h Neustart\n- 8h50 retour\n- 0:15 again", "08:40, 08:50, 00:15"), ("Alerte : 8h40, retour (9h15)", "08:40, 09:15"),
    ("Panne de 8h40 à 9h15, depuis 9h20 tout va bien", "08:40, 09:15, 09:20"), ("back at about 8:40 hrs", "08:40"),
    ("gegen 0:15 kam es zurück, um 8:40 h war alles gut", "00:15, 08:40"), ("A disk was lost at 08:40.", "08:40"),
    # A verb in the past speaks of the time behind it alone
    ("It came back at 08:40. Office hours are 9:00-10:00.", "08:40"),
    ("We noticed at 08:40, the backup runs daily at 09:00.", "08:40"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HAPPENED)
def test_what_happened_is_read_whatever_word_stands_beside_its_time(text: str, expected: str) -> None:
    assert clocks(text) == expected


NO_EVENT = [
    "- 01:23 min of silence", "- 00:20 total downtime",
    "Silence of 01:30 more than before", "01:30 total, 00:40 left", "a beat of 10:20 MHz",
    "rebooted, up 0:05", "time left: 12:30", "call +41 44 123 14:05", "phone: 14:05",
    "journalctl --since 10:05",
    "The backup runs every night at 03:05", "Each job starts at 03:00", "Jeden Montag um 08:00 Uhr", "Tous les jours à 8h30",
    "We always meet at 09:00", "Every 2 hours, from 08:00", "cada lunes a las 9:00",
    "Backups are started nightly at 03:00",
    "10.0.0.2  4  64512  1021  998  0  0  0 01:12:33  5  3 N/A", "  8812  batch  train1  alice  R 1-02:12:33  4 n[01-04]",
    "#SBATCH -t 12:30:00", "The job hit its time limit of 01:00:00",
    "Received: from a by b\n        for <ops@example.org>; Thu, 06 Aug 2026 11:05:06 +0200 (CEST)",
    "After 2:30 hours, we gave up", "Ausfallzeit: 2:30 h", "Nach 0:45 h ging es", "We spent 1:30 h on it", "Logged 0:45h for it",
    "Verzögerung 1:10 h", "Rund 2:30 Stunden Ausfall", "It was down 1h15", "La panne a duré 1h15", "Temps d'arrêt : 2h30",
    "Retard de 1h05", "1h45 de coupure", "2h30 d'indisponibilité", "We waited 1h30 for a lock", "Duration (hh:mm): 01:15",
    "Downtime - 01:15", "Response time - 00:04", "Time lost: 1:15", "Reaktionszeit 00:12", "RTO 4:00, RPO 0:15",
    "The failover needed 0:42 and 0:20 to fix it", "It came back in 0:45 instead of 0:05",
    "Shop hours: Mon-Fri 8:00-18:00, Sat 9:00-13:00", "Öffnungszeiten: Mo-Fr 08:00-17:00 Uhr, Sa 9-12 Uhr",
    "Helpdesk opening times: 08:00-12:00", "We sit in Bern. Telefon: 9-12 Uhr.", "Horaires d'ouverture : 9h-12h et 14h-17h",
    "Du lundi au vendredi de 9h à 17h", "Horario de atención: 9:00 a 14:00", "Lunes a viernes de 9:00 a 17:00",
    "alice committed 2 hours ago", "This page was last edited on 3 March 2026, at 14:05",
    "Version 2.3, released 2026-03-02 14:05",
    "Please note the office closes at 20:15", "Resolution (estimated): 21:00", "Estimated: 21:00",
    "We propose 10:30", "Proposed: 10:30", "Proposed time is 10:30", "Estimated time of repair: 10:30", "Expected at 10:30",
    "The planned call at 10:30", "Let's meet at 10:30", "Please check back at 10:30", "The upcoming window is 10:30-11:00",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_EVENT)
def test_what_is_no_event_stays_none(text: str) -> None:
    assert clocks(text, EVENING) == ""


def test_opening_hours_are_no_events_and_move_no_day() -> None:
    text = "Our support is open Monday to Friday 9:00-17:00 and Saturday 10:00-14:00. The outage began at 07:45."
    assert clocks(text) == "07:45"
    assert clocks("It was down from Friday 22:00 to Monday 06:00.") == "31 22:00, 03 06:00"


def test_a_column_of_durations_holds_no_events() -> None:
    text = (
        "| Started | Recovered | Downtime |\n|---|---|---|\n| 2026-08-04 10:05 | 2026-08-04 10:25 | 00:20 |\n\n"
        "| Uhrzeit | Ereignis | Dauer |\n|---|---|---|\n| 11:05 | Neustart | 0:35 |\n\n"
        "| Time (UTC) | Elapsed | Event |\n|---|---|---|\n| 12:05 | 1:10 | up |\n\n"
        "| Time | Event | At |\n| 13:00 | down | 13:05 |\n"
    )
    assert clocks(text, EVENING) == "04 10:05, 04 10:25, 04 11:05, 04 12:05, 04 13:00, 04 13:05"


def test_a_meeting_a_little_later_than_the_mail_is_planned_and_one_before_it_was_held() -> None:
    for text in (
        "Join the bridge at 20:25.",
        "War room: 20:20",
        "The target was moved to 20:25.",
        "Bob proposed 20:15",
        "Nachbesprechung um 20:30, Telko ab 20:15",
    ):
        assert clocks(text, EVENING) == ""
    assert (
        clocks("We joined the bridge at 19:30, Telko um 19:45. Alice joined the call at 20:02.", EVENING)
        == "19:30, 19:45, 20:02"
    )
    assert clocks("- 20:05 war room opened", EVENING) == "20:05"
    assert clocks("The job should have run at 03:00, but only started at 05:10", EVENING) == "05:10"
