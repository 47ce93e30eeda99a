"""Hostile mails through the whole of reading: a megabyte costs seconds at most, and two megabytes twice that."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from mailbot.app.desk import said, take_in
from mailbot.core.reading import Reading
from tests.incident_scene import LIST

HEAD = (
    b"Message-ID: <x@example.org>\nDate: Sat, 21 Nov 2026 12:00:00 +0100\nFrom: Alice <alice@example.org>\n"
    b"To: incident@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
)
#: Digits, colons, spaces, brackets, quote marks and table bars, each alone and mixed; and what once was slow.
JUNK = (
    "1", ":", " ", "[", ">", "|", "0123456789:[]>| \n", "1 h ",
)  # fmt: skip


def read(text: str) -> tuple[float, Reading]:
    began = time.process_time()
    taken = take_in(
        HEAD + text.encode(),
        datetime(2026, 11, 21, 12, tzinfo=UTC),
        mailing_list=LIST,
        list_id="",
        ours=(),
        envelope="alice@example.org",
        imported=True,
    )
    reading = said(taken, LIST, "").reading
    return time.process_time() - began, reading


@pytest.mark.parametrize("junk", JUNK)
def test_a_mail_of_a_megabyte_of_junk_is_read_in_two_seconds(junk: str) -> None:
    seconds, _ = read(junk * (1_000_000 // len(junk)))
    assert seconds < 4  # two on a quiet machine; an order of growth would be minutes


@pytest.mark.parametrize("junk", ["1", "0123456789:[]>| \n", "| |\n"])
def test_two_megabytes_cost_twice_what_one_costs(junk: str) -> None:
    once = min(read(junk * (150_000 // len(junk)))[0] for _ in range(2))
    twice = min(read(junk * (300_000 // len(junk)))[0] for _ in range(2))
    assert twice < 2.6 * once + 0.1


def test_a_mail_of_numbers_says_that_its_end_is_not_read() -> None:
    _, reading = read("1 h " * 101_000 + "\n14:05 back\n")
    assert reading.problems == ("too many numbers and dates: only the beginning is read for times",)
    _, reading = read("1 h " * 5_000 + "\n10:05 back\n")
    assert reading.problems == ()
    assert [m.what for m in reading.mentions] == ["back"]


@pytest.mark.parametrize("piece", ["lince 11:50 UTC nobody can ", "2026-11-21 ", "| updated 21 Nov 2026 at 11:50 "])
def test_a_line_of_200_kilobytes_full_of_times_is_not_looked_at_again_for_each_of_them(piece: str) -> None:
    """Found by tests.fuzz: over 4 s, in the square of the line's length."""
    seconds, reading = read(piece * (200_000 // len(piece)))
    assert seconds < 3  # one on a quiet machine
    assert len(reading.mentions) <= 500
