"""Scenes of core/threads.py: each rule of threading.md and each part of it, lessons L7, L8, L21 to L29, P24, and restore."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import ids, memory, votes
from mailbot.core.facts import LINES, Facts, facts, line_hashes, text_hash
from mailbot.core.message import Address, Message
from mailbot.core.reply import Kind, Part
from mailbot.core.threads import DAY, Placement, Threads

START = datetime(2026, 11, 21, 14, 0, tzinfo=UTC).timestamp()
LONG = "the primary of the eu cluster refuses to write anything"
OTHER = "we moved the certificates to the new load balancer today"
THIRD = "graphs of the last night show that queues were growing"


class Scene:
    """Mails written to one list, a minute apart; each call returns the placement of that mail."""

    def __init__(self, **settings: object) -> None:
        self.threads = Threads(**settings)  # type: ignore[arg-type]
        self.at = START
        self.numbers = count(1)

    def mail(
        self, subject: str, own: str = "", quote: str = "", *, id: str = "", re: str = "", **more: object
    ) -> Placement:
        return self.threads.place(self.facts(subject, own, quote, id=id, re=re, **more))

    def facts(
        self, subject: str, own: str = "", quote: str = "", *, id: str = "", re: str = "", **more: object
    ) -> Facts:
        number = next(self.numbers)
        self.at += 60.0
        known = Facts(
            message_id=id or f"{number}@example.org",
            at=self.at,
            references=tuple(re.split()),
            thread_index="",
            subject=subject,
            sign=False,
            outlook_subject="",
            quotes=line_hashes(quote),
            lines=line_hashes(own),
            text_hash=text_hash(own or f"text {number}"),
            kind="human",
            marked=False,
            ends=None,
            quoted=bool(quote),
        )
        return known._replace(**more)  # type: ignore[arg-type]

    def later(self, days: float) -> None:
        self.at += days * DAY


# Rule 1: the same mail again.


def test_l7_the_copy_through_the_list_is_a_duplicate_and_keeps_the_rule_of_its_original() -> None:
    scene = Scene()
    first = scene.mail("Disk full", LONG, id="a")
    second = scene.mail("[ops] Disk full", LONG, id="a")
    assert (second.incident, second.rule, second.duplicate_of) == (first.incident, "new", "a")
    assert not second.opened
    assert not second.flagged


def test_l8_the_same_message_id_with_other_text_is_read_and_flagged() -> None:
    scene = Scene()
    first = scene.mail("Parcel one", LONG, id="a")
    second = scene.mail("Parcel two", OTHER, id="a")
    assert second.flagged
    assert second.opened
    assert second.incident != first.incident
    again = scene.mail("Parcel two", OTHER, id="a")
    assert (again.duplicate_of, again.incident) == ("a", second.incident)


def test_l8_a_mail_whose_text_was_changed_on_its_way_stays_in_its_incident() -> None:
    scene = Scene()
    first = scene.mail("Disk full", LONG, id="a")
    second = scene.mail("[ops] Disk full", LONG + " [links removed]", id="a")
    assert (second.incident, second.flagged, second.opened) == (first.incident, True, False)


def test_a_reply_to_a_message_id_used_twice_finds_the_first() -> None:
    scene = Scene()
    first = scene.mail("Parcel one", LONG, id="a")
    scene.mail("Parcel two", OTHER, id="a")
    assert scene.mail("Re: Parcel one", re="a").incident == first.incident


# Rule 2: headers.


def test_a_reply_joins_by_its_headers_whatever_its_subject() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    reply = scene.mail("Re: Storage", re="a")
    assert (reply.incident, reply.rule, reply.opened) == (first.incident, "header", False)


def test_the_nearest_known_reference_wins() -> None:
    scene = Scene()
    scene.mail("Disk full", id="a")
    second = scene.mail("Login broken", id="b")
    assert scene.mail("Re: something", re="a b never-seen").incident == second.incident


def test_l23_a_late_parent_joins_the_reply_that_named_it() -> None:
    scene = Scene()
    reply = scene.mail("Re: Disk full", re="parent")
    parent = scene.mail("Storage report of the night", id="parent")
    assert (parent.incident, parent.rule) == (reply.incident, "header")


def test_l23_siblings_meet_by_a_parent_never_seen() -> None:
    scene = Scene()
    one = scene.mail("Re: alpha", re="parent")
    other = scene.mail("Re: beta", re="parent")
    assert (other.incident, other.rule) == (one.incident, "header")


def test_the_thread_index_joins_where_references_are_missing() -> None:
    scene = Scene()
    first = scene.mail("Disk full", thread_index="01" * 22)
    reply = scene.mail("RE: Other words", thread_index="01" * 22)
    assert (reply.incident, reply.rule) == (first.incident, "index")
    assert scene.mail("RE: Other words entirely", thread_index="02" * 22).incident != first.incident


def test_references_come_before_the_thread_index() -> None:
    scene = Scene()
    scene.mail("Disk full", thread_index="01" * 22)
    second = scene.mail("Login broken", id="b")
    reply = scene.mail("RE: Login broken", re="b", thread_index="01" * 22)
    assert (reply.incident, reply.rule) == (second.incident, "header")


def test_l22_an_old_mail_answered_to_start_a_new_subject_is_a_new_incident() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    second = scene.mail("Login broken for guests", re="a", id="b")
    assert (second.rule, second.opened, second.related) == ("split", True, (first.incident,))
    third = scene.mail("Re: Login broken for guests", re="a b")
    assert (third.incident, third.merged) == (second.incident, "")


@pytest.mark.parametrize(
    ("subject", "sign"),
    [
        ("Re: Login broken", False),
        ("Login broken", True),
        ("Disk full", False),
        ("Disk is full again", False),
        ("Login broken (was: Disk full)", False),
        ("", False),
        ("Update", False),
        ("R: Disk full", False),
    ],
)
def test_any_sign_that_it_belongs_there_keeps_an_answer_in_its_incident(subject: str, sign: bool) -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    assert scene.mail(subject, re="a", sign=sign).incident == first.incident


def test_what_was_split_off_does_not_take_ids_of_the_old_thread_with_it() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Login broken", re="a never-seen", id="b")
    assert scene.mail("Re: whatever", id="never-seen", re="a").incident == first.incident


def test_a_mail_that_links_two_incidents_with_one_key_merges_them_into_the_older() -> None:
    scene = Scene()
    old = scene.mail("Disk full", id="a")
    young = scene.mail("Disk full", id="b")
    link = scene.mail("Re: Disk full", re="a b")
    assert young.incident
    assert (link.incident, link.merged) == (old.incident, young.incident)
    assert scene.threads.current(young.incident) == old.incident
    assert scene.mail("Re: more", re="b").incident == old.incident


def test_l27_a_mail_that_links_two_incidents_without_a_common_key_records_a_relation_once() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    second = scene.mail("Login broken", id="b")
    link = scene.mail("Re: Login broken", re="a b")
    assert (link.incident, link.merged, link.related) == (second.incident, "", (first.incident,))
    assert scene.mail("Re: Login broken", re="a b").related == ()


def test_generic_subjects_never_merge_what_a_mail_links() -> None:
    scene = Scene()
    scene.mail("Outage", id="a")
    scene.mail("Outage", id="b")
    assert scene.mail("Re: Outage", re="a b").merged == ""


# Rule 3: an incident's id.


def test_an_incident_id_in_the_subject_joins_it() -> None:
    scene = Scene()
    first = scene.mail("Disk full")
    note = scene.mail(f"call notes, {first.incident}")
    assert (note.incident, note.rule) == (first.incident, "id")


def test_our_reply_address_joins_its_incident_before_an_id_in_the_subject() -> None:
    scene = Scene()
    first, second = scene.mail("Disk full"), scene.mail("Login broken")
    assert scene.mail(f"{second.incident}", via=first.incident).incident == first.incident


def test_the_id_of_a_merged_incident_leads_to_the_one_that_stays() -> None:
    scene = Scene()
    first, second = scene.mail("Disk full"), scene.mail("No space left")
    assert first.incident
    assert second.incident
    assert scene.threads.merge(second.incident, first.incident) == first.incident
    assert scene.mail(f"about {second.incident}").incident == first.incident


def test_an_unknown_incident_id_is_only_words() -> None:
    assert Scene().mail("INC-20200101-ABC again").opened


def test_an_answer_under_a_subject_of_its_own_that_names_an_incident_joins_that() -> None:
    scene = Scene()
    scene.mail("Disk full", id="a")
    second = scene.mail("Login broken")
    assert scene.mail(f"{second.incident} certificates", re="a").incident == second.incident


# Rule 4: it shows that it is a reply.


def test_a_late_reply_joins_the_incident_it_quotes() -> None:
    scene = Scene()
    first = scene.mail("Weekly outage", LONG)
    scene.later(3)
    scene.mail("Weekly outage", OTHER)
    reply = scene.mail("Re: Weekly outage", "thanks", LONG)
    assert (reply.incident, reply.rule) == (first.incident, "quote")


def test_most_quoted_lines_win_the_vote() -> None:
    scene = Scene()
    first = scene.mail("Weekly outage", f"{LONG}\n{THIRD}")
    scene.mail("Weekly outage", OTHER)
    assert scene.mail("Re: Weekly outage", "", f"> {OTHER}\n> {LONG}\n> {THIRD}").incident == first.incident


def test_the_vote_counts_under_the_key_it_had_before() -> None:
    scene = Scene()
    first = scene.mail("Disk full", LONG)
    scene.mail("Storage", OTHER)
    reply = scene.mail("Re: Storage is slow (was: Disk full)", "", LONG)
    assert (reply.incident, reply.rule) == (first.incident, "quote")


def test_the_vote_counts_under_the_key_in_the_outlook_block() -> None:
    scene = Scene()
    first = scene.mail("Disk full", LONG)
    reply = scene.mail("Storage is slow", "", LONG, sign=True, outlook_subject="RE: [ops] Disk full")
    assert (reply.incident, reply.rule) == (first.incident, "quote")


def test_lines_in_more_than_three_incidents_do_not_vote() -> None:
    scene = Scene()
    first = scene.mail("Outage 1", LONG)
    for number in (2, 3):
        scene.mail(f"Outage {number}", LONG)
    assert scene.mail("Re: Outage 1", "", LONG).rule == "quote"
    scene.mail("Outage 4", LONG)
    reply = scene.mail("Re: Outage 1", "", LONG)
    assert (reply.incident, reply.rule) == (first.incident, "subject")


def test_a_reply_that_quotes_nothing_joins_the_latest_active_incident_with_its_key() -> None:
    scene = Scene()
    scene.mail("Weekly outage", id="a")
    scene.later(7)
    second = scene.mail("Weekly outage")
    reply = scene.mail("Re: Weekly outage")
    assert (reply.incident, reply.rule) == (second.incident, "subject")


def test_the_latest_is_the_one_that_had_the_last_mail() -> None:
    scene = Scene()
    first = scene.mail("Weekly outage", id="a")
    scene.mail("Weekly outage")
    scene.mail("Re: Weekly outage", re="a")
    assert scene.mail("Re: Weekly outage").incident == first.incident


@pytest.mark.parametrize(("days", "joins"), [(364, True), (366, False)])
def test_p24_a_reply_joins_by_subject_within_a_year(days: int, joins: bool) -> None:
    scene = Scene()
    first = scene.mail("Disk full")
    scene.later(days)
    assert (scene.mail("Re: Disk full").incident == first.incident) is joins


@pytest.mark.parametrize(("days", "joins"), [(29, True), (31, False)])
def test_p24_a_reply_joins_a_recurring_subject_within_thirty_days(days: int, joins: bool) -> None:
    scene = Scene()
    scene.mail("Weekly outage")
    second = scene.mail("Weekly outage")
    scene.later(days)
    assert (scene.mail("Re: Weekly outage").incident == second.incident) is joins


def test_our_own_reminders_do_not_keep_an_incident_active() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.later(300)
    scene.mail("Re: Disk full", re="a", kind="ours")
    scene.later(100)
    assert scene.mail("Re: Disk full").incident != first.incident


def test_a_reply_to_a_subject_of_its_own_joins_the_incident_of_which_it_quotes_two_lines() -> None:
    scene = Scene()
    first = scene.mail("Disk full", f"{LONG}\n{OTHER}")
    assert scene.mail("Re: storage", "", LONG).rule == "new"
    reply = scene.mail("Re: tape", "", f"{LONG}\n{OTHER}")
    assert (reply.incident, reply.rule) == (first.incident, "quote-other")


def test_a_tie_among_all_incidents_joins_none() -> None:
    scene = Scene()
    scene.mail("Disk full", f"{LONG}\n{OTHER}")
    scene.mail("Login broken", f"{LONG}\n{OTHER}")
    assert scene.mail("Re: storage", "", f"{LONG}\n{OTHER}").rule == "new"


def test_a_reply_to_something_unknown_opens_an_incident_and_says_so() -> None:
    reply = Scene().mail("Re: Disk full")
    assert (reply.rule, reply.opened) == ("new", True)
    assert "reply to unknown" in reply.why


def test_generic_subjects_are_no_key_even_for_replies() -> None:
    scene = Scene()
    first = scene.mail("Outage", id="a")
    assert scene.mail("Re: Outage").incident != first.incident
    assert scene.mail("Re: Outage", re="a").incident == first.incident


def test_empty_subjects_by_the_dozen_stay_apart() -> None:
    scene = Scene()
    assert len({scene.mail("").incident for _ in range(12)} | {scene.mail("Re: ").incident for _ in range(12)}) == 24


def test_an_ambiguous_prefix_joins_the_open_incident_whose_key_remains() -> None:
    scene = Scene()
    first = scene.mail("Disk full")
    assert scene.mail("R: Disk full").incident == first.incident
    assert scene.mail("FS: no such title").opened


def test_an_ambiguous_prefix_stays_a_word_where_the_incident_has_ended() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Re: Disk full", re="a", ends=True)
    assert scene.mail("FS: Disk full").opened
    assert scene.mail("RES: Disk full", sign=True).incident == first.incident


def test_a_topic_that_looks_like_a_prefix_finds_its_own_incident_first() -> None:
    scene = Scene()
    topic = scene.mail("FS: Disk full")
    scene.mail("Disk full")
    assert scene.mail("Re: FS: Disk full").incident == topic.incident


# Rule 5: it shows no sign of a reply.


def test_l27_the_same_subject_without_a_reply_sign_is_another_incident() -> None:
    scene = Scene()
    first, second = scene.mail("Disk full"), scene.mail("Disk full")
    assert second.opened
    assert second.incident != first.incident


def test_l29_a_reply_to_a_long_silent_incident_opens_one_that_names_it() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.later(400)
    late = scene.mail("Re: Disk full")
    assert late.opened
    assert late.related == (first.incident,)
    assert f"{first.incident} had its subject, and its last mail is 400 days old" in late.why
    assert scene.mail("Re: Disk full", re="a").incident == first.incident  # its headers say more than any age


def test_l4_the_same_words_for_the_sixth_time_in_a_day_join_and_other_words_do_not() -> None:
    scene = Scene()
    opened = [scene.mail("Request received", LONG) for _ in range(5)]
    assert all(p.opened for p in opened)
    assert scene.mail("Request received", LONG).incident == opened[-1].incident
    assert scene.mail("Request received").opened
    scene.later(1.1)
    assert scene.mail("Request received", LONG).opened


def test_p24_a_stale_open_incident_does_not_swallow_new_ones() -> None:
    scene = Scene()
    scene.mail("Disk full")
    scene.later(40)
    assert scene.mail("Disk full").opened
    scene.later(40)
    assert scene.mail("[RESOLVED] Disk full").opened


@pytest.mark.parametrize("subject", ["[RESOLVED] Disk full", "Update #2: Disk full", "[ALL OK] [ops] Disk full"])
def test_a_status_word_joins_the_one_open_incident_with_its_key(subject: str) -> None:
    scene = Scene()
    first = scene.mail("Disk full")
    update = scene.mail(subject)
    assert (update.incident, update.rule) == (first.incident, "status")


def test_a_status_word_joins_none_where_two_are_open() -> None:
    scene = Scene()
    scene.mail("Disk full")
    scene.mail("Disk full")
    assert scene.mail("[RESOLVED] Disk full").rule == "new"


def test_a_status_word_joins_the_open_one_where_the_other_has_ended() -> None:
    scene = Scene()
    scene.mail("Disk full", id="a")
    second = scene.mail("Disk full")
    scene.mail("Re: Disk full", re="a", ends=True)
    assert scene.mail("[RESOLVED] Disk full").incident == second.incident


def test_l21_a_late_thanks_joins_without_opening_it_again() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Re: Disk full", re="a", ends=True)
    assert scene.mail("Re: Disk full").incident == first.incident
    assert not scene.threads._memory._incidents[0].open


def test_reopen_opens_it_again_for_the_rule() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Re: Disk full", re="a", ends=True)
    scene.mail("Re: Disk full", re="a", ends=False)
    assert scene.mail("[RESOLVED] Disk full").incident == first.incident


# Kinds, and what opens an incident.


@pytest.mark.parametrize("kind", ["bounce", "auto"])
def test_l3_bounces_and_auto_replies_open_nothing_and_join_only_by_headers(kind: str) -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    for subject in ("Disk full", "Re: Disk full", f"{first.incident}"):
        alone = scene.mail(subject, kind=kind)
        assert (alone.incident, alone.rule, alone.opened) == (None, "unfiled", False)
    assert scene.mail("Out of office", re="a", kind=kind).incident == first.incident


def test_l4_an_auto_reply_lends_its_subject_to_no_incident() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Out of office until Monday", re="a", kind="auto")
    assert scene.mail("Re: Out of office until Monday").incident != first.incident


def test_an_alert_may_open_an_incident() -> None:
    assert Scene().mail("[FIRING:1] Disk full", kind="alert").opened


@pytest.mark.parametrize(
    ("hours", "kind", "joins"), [(0.1, "alert", True), (30, "alert", False), (0.1, "human", False)]
)
def test_an_alert_that_is_said_again_is_the_same_incident_while_it_lasts(hours: float, kind: str, joins: bool) -> None:
    scene = Scene()
    first = scene.mail("** PROBLEM: Disk full **", kind="alert")
    scene.later(hours / 24)
    again = scene.mail("** PROBLEM: Disk full **", kind=kind)
    assert (again.incident == first.incident) is joins


def test_an_alert_after_the_end_is_another_incident() -> None:
    scene = Scene()
    first = scene.mail("Disk full", kind="alert")
    scene.mail("Re: Disk full", re="1@example.org", sign=True, ends=True)
    assert scene.mail("Disk full", kind="alert").incident != first.incident


def test_our_mail_joins_by_headers_or_id_and_never_opens_one() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    assert scene.mail("Draft report: Storage", re="a", kind="ours").incident == first.incident
    assert scene.mail(f"[{first.incident}] handoff", kind="ours").incident == first.incident
    assert scene.mail("[incident digest] 2026-W47", kind="ours").incident is None


def test_a_reply_to_a_digest_never_opens_an_incident() -> None:
    scene = Scene()
    scene.mail("[incident digest] 2026-W47: 1 open", id="digest", kind="ours")
    for reply in (
        scene.mail("Re: [incident digest] 2026-W47: 1 open", re="digest"),
        scene.mail("DONE", re="digest"),
        scene.mail("AW: [incident digest] 2026-W47: 1 open"),
    ):
        assert (reply.incident, reply.rule) == (None, "unfiled")


def test_a_marked_list_opens_incidents_for_declared_ones_only() -> None:
    scene = Scene(opens="marked")
    chat = scene.mail("Lunch?", id="a")
    assert (chat.incident, chat.rule) == (None, "unfiled")
    assert scene.mail("Re: Lunch?", re="a").incident is None
    first = scene.mail("[INCIDENT] Disk full", marked=True)
    assert first.opened
    assert scene.mail("Re: Disk full").incident == first.incident


# What people decide.


def test_merge_keeps_the_older_id_whichever_way_it_is_said() -> None:
    scene = Scene()
    old, young = scene.mail("Disk full", id="a"), scene.mail("No space", id="b")
    assert old.incident
    assert young.incident
    assert scene.threads.merge(old.incident, young.incident) == old.incident
    assert scene.threads.merge(old.incident, young.incident) is None
    assert scene.threads.merge(old.incident, "INC-20200101-ABC") is None
    assert scene.mail("Re: No space").incident == old.incident


def test_split_stands_above_what_later_mails_link() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    reply = scene.facts("Re: Disk full", id="b", re="a")
    assert scene.threads.place(reply).incident == first.incident
    split = scene.threads.split(reply)
    assert (split.rule, split.opened, split.related) == ("split", True, (first.incident,))
    after = scene.mail("Re: Disk full", re="a b")
    assert (after.incident, after.merged) == (split.incident, "")


# Archives whose "Re:" was removed.


def test_in_a_toneless_archive_quotes_are_a_reply_sign() -> None:
    scene = Scene(toneless=True)
    first = scene.mail("Disk full", LONG)
    scene.later(10)
    reply = scene.mail("Disk full", "yes", f"> {LONG}")
    assert (reply.incident, reply.rule) == (first.incident, "quote")
    assert scene.mail("Disk full", "yes", "> short").incident == first.incident


@pytest.mark.parametrize(("days", "joins"), [(2.9, True), (3.1, False)])
def test_in_a_toneless_archive_the_same_subject_joins_within_three_days(days: float, joins: bool) -> None:
    scene = Scene(toneless=True)
    first = scene.mail("Disk full")
    scene.later(days)
    assert (scene.mail("Disk full").incident == first.incident) is joins


def test_in_a_toneless_archive_a_key_with_three_incidents_joins_within_an_hour() -> None:
    scene = Scene(toneless=True)
    for _ in range(3):
        third = scene.mail("Disk full")
        scene.later(4)
    scene.later(-4)
    assert scene.mail("Disk full").incident == third.incident
    scene.later(0.1)
    assert scene.mail("Disk full").opened


def test_live_mail_after_a_toneless_import_is_not_joined_by_subject_alone() -> None:
    scene = Scene(toneless=True)
    scene.mail("Disk full")
    scene.threads.toneless = False
    assert scene.mail("Disk full", "yes", "> some words").opened


# Incident ids, odd clocks.


def test_the_incident_id_is_the_day_and_letters_nobody_confuses() -> None:
    name = Scene().mail("Disk full", id="a@example.org").incident
    assert name == Scene().mail("Other", id="a@example.org").incident
    assert name
    assert name.startswith("INC-20261121-")
    assert len(name) == 16
    assert set(name[13:]) <= set(ids.LETTERS)
    assert not set(ids.LETTERS) & set("0O1IL")
    assert all(re.fullmatch(ids.ID, f"INC-20261121-{3 * letter}") for letter in ids.LETTERS)


def test_an_incident_id_grows_where_two_would_be_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "LETTERS", "AB")
    scene = Scene()
    names = [scene.mail("").incident or "" for _ in range(40)]
    assert len(set(names)) == 40
    assert {len(name) for name in names} > {16, 17}


def test_l35_impossible_dates_are_stood() -> None:
    scene = Scene()
    old = scene.mail("Disk full", id="a", at=datetime(1945, 5, 8, tzinfo=UTC).timestamp())
    assert old.incident
    assert old.incident.startswith("INC-19450508-")
    for at in (6.5e12, -1e15, float("inf"), float("nan")):
        assert scene.mail("Clock", at=at).opened
        assert scene.mail("Re: Disk full", re="a", at=at).incident == old.incident


def test_a_mail_from_1945_does_not_age_the_incident_it_joins() -> None:
    scene = Scene()
    first = scene.mail("Disk full", id="a")
    scene.mail("Re: Disk full", re="a", at=-8e8)
    assert scene.mail("Re: Disk full").incident == first.incident


# Facts of a message.


def message(text: str, subject: str = "Disk full", **more: object) -> Message:
    alice = Address("Alice", "alice@example.org")
    known = Message(
        message_id="a@example.org",
        date=None,
        offset_known=False,
        sender=alice,
        reply_to=(),
        recipients=(),
        subject=subject,
        references=(),
        in_reply_to=(),
        thread_index="",
        text=text,
        from_html=False,
        headers=(),
        attachments=(),
        problems=(),
    )
    return known._replace(**more)  # type: ignore[arg-type]


def parts(*pieces: tuple[Kind, str]) -> tuple[str, tuple[Part, ...]]:
    text, found = "", []
    for kind, piece in pieces:
        found.append(Part(len(text), len(text) + len(piece), kind))
        text += piece
    return text, tuple(found)


def of(*pieces: tuple[Kind, str], subject: str = "Disk full", **more: object) -> Facts:
    text, found = parts(*pieces)
    return facts(message(text, subject, **more), found, START, "human")


def test_own_and_quoted_lines_of_the_same_words_are_the_same_line() -> None:
    own = of((Kind.OWN, f"{LONG}\nshort\n"))
    reply = of((Kind.ATTRIBUTION, "Alice wrote:\n"), (Kind.QUOTE, f">> * {LONG.upper()}\u00a0!\n"), (Kind.OWN, "yes\n"))
    assert own.lines == reply.quotes != ()
    assert (reply.sign, reply.quoted, own.sign, own.quoted) == (True, True, False, False)


def test_the_lines_kept_of_a_long_text_are_those_a_reply_keeps_of_it() -> None:
    long = "\n".join(f"{number:03} {LONG}" for number in range(200))
    assert len(line_hashes(long)) == LINES
    assert line_hashes(f"> {long.replace(chr(10), chr(10) + '> ')}") == line_hashes(long)


def test_lines_in_other_scripts_count_their_letters() -> None:
    assert len(line_hashes("первичный сервер кластера не принимает записи — «снова»")) == 1
    assert line_hashes("─" * 60) == ()
    assert line_hashes("Größe des Volumes eu-1 überschritten!") == line_hashes(
        "> GRÖSSE des Volumes eu-1   überschritten"
    )


def test_footers_and_white_space_do_not_change_the_hash_of_a_text() -> None:
    one = of((Kind.OWN, "Disk is full\nagain\n"))
    two = of((Kind.OWN, "Disk is full  again\r\n"), (Kind.FOOTER, "___\nops mailing list\n"))
    assert one.text_hash == two.text_hash != of((Kind.OWN, "Disk is fine")).text_hash


@pytest.mark.parametrize(
    ("block", "subject"),
    [
        ("-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: ops\nSubject: Disk full\n\nhelp\n", "Disk full"),
        ("Von: Bob <b@example.org>\nGesendet: Montag\nAn: ops\nBetreff: AW: Platte voll\n", "AW: Platte voll"),
        ("> *From:* Bob\n> *Date:* Monday\n> *Subject:* Disk full\n", "Disk full"),
    ],
)
def test_the_subject_of_an_outlook_block_is_read(block: str, subject: str) -> None:
    read = of((Kind.OWN, "see below\n"), (Kind.QUOTE, block))
    assert (read.sign, read.outlook_subject) == (True, subject)


def test_a_quote_without_attribution_is_no_reply_sign() -> None:
    assert not of((Kind.QUOTE, "> Subject: of a talk\n")).sign


@pytest.mark.parametrize(
    ("own", "subject", "ends"),
    [
        ("RESOLVED\n", "x", True),
        ("RESOLVED 14:05 rolled back\n", "x", True),
        ("RESOLVED: rolled back\n", "x", True),
        ("#mailbot resolved\n", "x", True),
        ("CANCEL\n", "x", True),
        ("I am declaring this incident resolved, thanks\n", "x", True),
        ("RESOLVED\nREOPEN: no\n", "x", False),
        ("RESOLVED is a big word\n", "x", None),
        ("is it RESOLVED\n", "x", None),
        ("all is well\n", "[RESOLVED] x", True),
        ("thanks!\n", "Re: [RESOLVED] x", None),
    ],
)
def test_what_ends_an_incident_is_a_command_line(own: str, subject: str, ends: bool | None) -> None:
    assert of((Kind.OWN, own), subject=subject).ends is ends


def test_a_quoted_command_ends_nothing() -> None:
    assert of((Kind.QUOTE, "RESOLVED\n")).ends is None


@pytest.mark.parametrize(
    ("own", "subject", "marked"),
    [
        ("", "[INCIDENT] db", True),
        ("", "Re: INCIDENT: db", True),
        ("Hi,\nI am declaring an incident because db is down\n", "db", True),
        ("INCIDENT db is down", "db", True),
        ("", "[incident] lunch", False),
        ("the INCIDENT_ID of this", "db", False),
        ("an incident", "db", False),
    ],
)
def test_what_declares_an_incident(own: str, subject: str, marked: bool) -> None:
    assert of((Kind.OWN, own), subject=subject).marked is marked


def test_the_incident_in_our_reply_address_is_read() -> None:
    to = Address("", "incident+inc-20261121-k7q.abcdef@example.org")
    assert of((Kind.OWN, "x"), recipients=(to,)).via == "INC-20261121-K7Q"


def test_references_are_bounded_and_keep_root_and_nearest() -> None:
    kept = of((Kind.OWN, "x"), references=tuple(map(str, range(500)))).references
    assert (len(kept), kept[0], kept[-1]) == (64, "0", "499")


def test_facts_survive_json() -> None:
    for ends in (None, True, False):
        found = of((Kind.OWN, LONG), (Kind.QUOTE, OTHER))
        one = found._replace(ends=ends, marked=True, via="INC-20261121-K7Q", references=("a",))
        assert Facts.from_json(json.loads(json.dumps(one.to_json()))) == one


@pytest.mark.parametrize("row", [[], [1] * 12, ["a"] * 12, [None] * 12])
def test_a_row_that_holds_no_facts_is_refused(row: list[object]) -> None:
    with pytest.raises(ValueError, match="no facts"):
        Facts.from_json(row)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60), st.sampled_from(list(Kind)))
def test_any_text_has_facts_and_a_place(text: str, subject: str, kind: Kind) -> None:
    read = of((kind, text), (Kind.OWN, text), subject=subject, references=(subject,), thread_index=text[:44])
    assert Threads().place(read).opened


@pytest.mark.parametrize(
    "piece",
    [">\n", " ", "\n", "* >\n", "INCIDENT", "RESOLVED ", "#mailbot ", "declaring\n", "From: \n", "é" * 30 + "\n"],
)
def test_a_megabyte_of_anything_has_its_facts_in_linear_time(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    thousand = tuple(Part(at, at + 1000, Kind.QUOTE if at % 2000 else Kind.OWN) for at in range(0, 1_000_000, 1000))
    start = time.process_time()
    facts(message(text), thousand, START, "human")
    assert time.process_time() - start < 2


# Restore.

SUBJECTS = [
    "Disk full",
    "Login",
    "R: Disk full",
    "[RESOLVED] Disk full",
    "x (was: Login)",
    "Outage",
    "",
    "INC-20261121-K7Q",
]
LINES_OF_TEXT = [LONG, OTHER, THIRD]


@st.composite
def streams(draw: st.DrawFn) -> list[Facts]:
    scene, mails = Scene(), []
    for _ in range(draw(st.integers(1, 14))):
        letters = st.lists(st.sampled_from("abcdefg"), max_size=3, unique=True)
        mail = scene.facts(
            draw(st.sampled_from(["", "Re: "])) + draw(st.sampled_from(SUBJECTS)),
            "\n".join(draw(st.lists(st.sampled_from(LINES_OF_TEXT), max_size=2))),
            "\n".join(draw(st.lists(st.sampled_from(LINES_OF_TEXT), max_size=2))),
            id=draw(st.sampled_from("abcdefghij")),
            re=" ".join(draw(letters)),
            kind=draw(st.sampled_from(["human", "human", "human", "alert", "ours", "auto"])),
            ends=draw(st.sampled_from([None, None, True, False])),
            thread_index=draw(st.sampled_from(["", "", "01" * 22])),
        )
        scene.later(draw(st.sampled_from([0, 0, 1, 40, 400])))
        mails.append(mail)
    return mails


def known(threads: Threads) -> object:
    """All that is remembered, in a form that can be compared."""
    held = {name: value for name, value in vars(threads._memory).items() if name not in ("_incidents", "_votes")}
    held["_ids"] = sorted((k, n) for k, n in zip(held["_ids"]._keys, held["_ids"]._numbers, strict=True) if n)
    lines = threads._memory._votes
    held["lines"] = [
        lines._young.size,
        *[sorted({*each.waiting, *each._pairs(), *each._order}) for each in (lines._young, lines._old)],
    ]
    return held, [[getattr(i, name) for name in memory.Incident.__slots__] for i in threads._memory._incidents]


@settings(max_examples=80, deadline=None)
@given(streams(), st.sampled_from(["any", "marked"]), st.integers(0, 14))
def test_restore_knows_what_place_knew(mails: list[Facts], opens: str, cut: int) -> None:
    placed, restored = Scene(opens=opens).threads, Scene(opens=opens).threads
    placements = [placed.place(mail) for mail in mails[:cut]]
    for mail, placement in zip(mails, placements, strict=False):
        restored.restore(Facts.from_json(mail.to_json()), placement)
    assert known(placed) == known(restored)
    assert [placed.place(m) for m in mails[cut:]] == [restored.place(m) for m in mails[cut:]]


@settings(max_examples=40, deadline=None)
@given(streams())
def test_every_mail_has_one_place_and_every_incident_one_opening(mails: list[Facts]) -> None:
    threads = Threads()
    placements = [threads.place(mail) for mail in mails]
    opened = [p.incident for p in placements if p.opened]
    assert len(opened) == len(set(opened))
    for placement in placements:
        assert placement.rule in memory.RULES
        assert (placement.incident is None) is (placement.rule == "unfiled")
        if placement.incident:
            assert threads.current(placement.incident) in opened


def test_quoted_lines_are_forgotten_in_the_order_in_which_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(votes, "KEPT", 10)
    scene = Scene()
    scene.mail("Disk full", f"{LONG}\n{OTHER}")
    for number in range(30):
        scene.mail(f"Report {number}", f"{number} {THIRD}")
    assert scene.mail("Re: storage", "", f"{LONG}\n{OTHER}").rule == "new"
    held = scene.threads._memory._votes
    assert held._young.size + held._old.size <= 20


def test_a_message_costs_the_same_in_a_large_incident_as_in_a_small_one() -> None:
    scene = Scene()
    scene.mail("Disk full", id="0")
    for number in range(3000):
        scene.mail("Re: Disk full", re="0", own=f"{number} {LONG}")
    incident = scene.threads._memory._incidents[0]
    assert incident.keys == ("disk full",)
    assert scene.threads._memory._keys["disk full"] == (1, 0)


# ── the private way ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_p39_a_thread_on_the_list_does_not_join_by_its_subject_what_was_opened_in_private() -> None:
    scene = Scene()
    secret = scene.mail("Login is broken", LONG, private=True)
    public = scene.mail("Login is broken", OTHER)
    assert (public.opened, public.incident == secret.incident) == (True, False)
    reply = scene.mail("Re: Login is broken", sign=True)
    assert reply.incident == public.incident, "a reply without headers goes to the one on the list"
    quoting = scene.mail("Re: Login is broken", "me too", LONG, sign=True)
    assert quoting.incident == public.incident, "a quotation is no header either"
    status = scene.mail("[RESOLVED] Login is broken", "it is well")
    assert status.incident == public.incident


def test_p39_headers_and_the_id_lead_into_what_was_opened_in_private_and_so_does_its_own_way() -> None:
    scene = Scene()
    secret = scene.mail("Login is broken", LONG, private=True, id="secret@example.org").incident
    assert scene.mail("Re: Login is broken", re="secret@example.org").incident == secret
    assert scene.mail(f"Re: [{secret}] Login is broken").incident == secret
    assert scene.mail("Re: Login is broken", sign=True, private=True).incident == secret


def test_p39_that_a_mail_came_in_private_is_kept() -> None:
    scene = Scene()
    known = scene.facts("Login is broken", private=True)
    assert Facts.from_json(json.loads(json.dumps(known.to_json()))).private
    first = scene.threads.place(known)
    again = Threads()
    again.restore(known, first)
    assert again.place(scene.facts("Re: Login is broken", sign=True)).opened
