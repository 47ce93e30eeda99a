"""Scenes of core/subject.py: every row of the prefix tables by its example, what else is taken off, and junk."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.prefixes import COUNTED, GENERIC, MARKS, PREFIXES, STATUSES, Mark, Prefix, Status
from mailbot.core.subject import LIMIT, Subject, read_subject

SAFE = [p for p in PREFIXES if p.safe]
UNSURE = [p for p in PREFIXES if not p.safe]


@pytest.mark.parametrize("row", SAFE, ids=lambda p: p.example)
def test_l24_a_safe_prefix_is_taken_off_and_shows_a_reply(row: Prefix) -> None:
    for example in (row.example, *(f"{word}: disk full" for word in row.words)):
        read = read_subject(example)
        assert (read.key, read.reply, read.maybe) == ("disk full", True, ""), example


@pytest.mark.parametrize("row", UNSURE, ids=lambda p: p.example)
def test_an_ambiguous_prefix_stays_until_it_is_confirmed(row: Prefix) -> None:
    for example in (row.example, *(f"{word}: disk full" for word in row.words)):
        read = read_subject(example)
        assert (read.reply, read.maybe) == (False, "disk full"), example
        assert read.key.endswith("disk full"), example
        assert read.key != "disk full", example


@pytest.mark.parametrize("example", COUNTED)
def test_l24_counters_and_odd_spacing_are_part_of_the_prefix(example: str) -> None:
    assert (read_subject(example).key, read_subject(example).reply) == ("disk full", True)


@pytest.mark.parametrize("row", MARKS, ids=lambda m: m.example)
def test_marks_of_gateways_are_taken_off(row: Mark) -> None:
    assert (read_subject(row.example).key, read_subject(row.example).reply) == ("disk full", False)


@pytest.mark.parametrize("row", STATUSES, ids=lambda s: s.example)
def test_status_words_are_taken_off_and_kept(row: Status) -> None:
    read = read_subject(row.example)
    assert (read.key, read.status, read.reply) == ("disk full", row.status, False)


@pytest.mark.parametrize("title", GENERIC)
def test_generic_titles_are_no_key(title: str) -> None:
    assert read_subject(f"Re: {title.upper()}!").key == ""


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Disk full", "disk full"),
        ("  disk\t  full \n", "disk full"),
        ("Re: AW: Fwd: RE : disk full", "disk full"),
        ("Re:[ops] Re: disk full", "disk full"),
        ("[EXTERNAL] Re: [ops] [db] disk full", "disk full"),
        ("[Fwd: Re: disk full]", "disk full"),
        ("[Fwd: [ops] disk [full]]", "disk [full"),
        ("disk full (fwd)", "disk full"),
        ("disk full (was: Re: db slow)", "disk full"),
        ("disk full, was: db slow", "disk full"),
        ("disk full - RESOLVED", "disk full"),
        ("disk full [SOLVED]", "disk full"),
        ("disk full (closed)", "disk full"),
        ("disk full [INC-20261121-K7Q]", "disk full"),
        ("[UPDATE 3] [ops] disk full", "disk full"),
        ("Update #2 - disk full", "disk full"),
        ('"Disk full?!"', "disk full"),
        ("Ｄｉｓｋ　ｆｕｌｌ", "disk full"),
        ("\u200fRe: disk full", "disk full"),
        ("Re: ", ""),
        ("[ops]", ""),
        ("...", ""),
        ("", ""),
        ("(no subject)", ""),
        # Words that only look like what is taken off.
        ("Recovery of the disk", "recovery of the disk"),
        ("Update on disk full", "update on disk full"),
        ("Rewrite: disk full", "rewrite: disk full"),
        ("resolved: is it?", "is it"),
        ("disk full was wrong", "disk full was wrong"),
        ("disk (was full)", "disk (was full"),
        ("mount: wrong device", "mount: wrong device"),
    ],
)
def test_the_key_is_what_remains(text: str, key: str) -> None:
    assert read_subject(text).key == key


def test_l25_tags_are_kept_as_facts_and_are_no_part_of_the_key() -> None:
    read = read_subject("Re: [incident] [db-3] outage A")
    assert (read.key, read.tags, read.title) == ("outage a", ("incident", "db-3"), "outage A")


def test_the_title_keeps_the_writers_case() -> None:
    assert read_subject("Re: [ops] DB eu-1 is DOWN!").title == "DB eu-1 is DOWN!"


def test_the_title_of_a_mail_that_is_all_tags_is_what_was_written() -> None:
    assert read_subject("[ops]").title == "[ops]"


def test_what_it_was_before_is_read_as_a_key_of_its_own() -> None:
    assert read_subject("Storage gone (was: Re: [ops] Disk full (was: x))").was == "disk full"
    assert read_subject("Storage gone (was Re: Disk full)").was == "disk full"
    assert read_subject("Storage gone (was: help)").was == ""


def test_an_incident_id_is_found_anywhere_in_any_case() -> None:
    assert read_subject("Re: about inc-20261121-k7q please").incident_id == "INC-20261121-K7Q"
    assert read_subject("INC-2026-K7Q").incident_id == ""


def test_ambiguous_prefixes_come_off_together_with_safe_ones() -> None:
    read = read_subject("Re: R: AW: FS: disk full")
    assert (read.key, read.maybe, read.reply) == ("r: aw: fs: disk full", "disk full", True)


def test_a_mail_forwarded_in_brackets_is_a_reply_sign() -> None:
    assert read_subject("[Fwd: disk full]").reply
    assert read_subject("disk full (fwd)").reply


def test_words_are_those_of_the_key() -> None:
    assert read_subject("Re: DB eu-1 down").words == frozenset({"db", "eu", "1", "down"})


HOSTILE = [
    "Re: ",
    "[",
    "(",
    "[a",
    "[]",
    "was ",
    "(was:",
    " ",
    "-",
    " - ",
    "R: ",
    "\ufdfa",
    "İ",
    "[Fwd: ",
    "*",
    "a - resolved ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_ten_thousand_characters_are_read_in_linear_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    start = time.process_time()
    read_subject.__wrapped__(text)
    assert time.process_time() - start < 0.1


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80) | st.text("Re:FwdR[]()was -–ilt#2", max_size=60))
def test_any_text_has_a_subject_and_its_key_is_stable(text: str) -> None:
    read = read_subject(text)
    assert isinstance(read, Subject)
    assert len(read.key) <= 3 * LIMIT
    assert read.key == read.key.casefold()
    assert read_subject(f"Re: {text}").key in (read.key, read_subject(text.strip()).key)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_junk_bytes_as_subjects(raw: bytes) -> None:
    read_subject(raw.decode("utf-8", "surrogateescape"))
    read_subject(raw.decode("latin-1"))
