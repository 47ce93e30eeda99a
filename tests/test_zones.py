"""Zone words: literal abbreviations, generic names that follow the season, cities, offsets, and what they mean for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import zones
from mailbot.core.zones import ABBREVIATIONS, GENERIC, PLACES, iana, offset_name, read_zone

SUMMER = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
WINTER = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)


def offset(words: str, at: datetime = SUMMER, sender: int | None = None) -> str:
    zone = read_zone(words, sender)
    return "" if zone is None else offset_name(zone.info, at)


@pytest.mark.parametrize(
    ("words", "summer", "winter"),
    [
        ("UTC", "UTC", "UTC"),
        ("utc", "UTC", "UTC"),
        ("Z", "UTC", "UTC"),
        ("CEST", "+02:00", "+02:00"),
        ("MEZ", "+01:00", "+01:00"),
        ("PST", "-08:00", "-08:00"),  # literal, in July too: the lint asks
        ("Pacific", "-07:00", "-08:00"),
        ("Pacific time", "-07:00", "-08:00"),
        ("Pacific Standard Time", "-08:00", "-08:00"),
        ("Central European Summer Time", "+02:00", "+02:00"),
        ("ET", "-04:00", "-05:00"),
        ("Zurich time", "+02:00", "+01:00"),
        ("in Bucharest", "+03:00", "+02:00"),
        ("heure de Paris", "+02:00", "+01:00"),
        ("San Francisco time", "-07:00", "-08:00"),
        ("Europe/Zurich", "+02:00", "+01:00"),
        ("US/Pacific", "-07:00", "-08:00"),
        ("GMT+2", "+02:00", "+02:00"),
        ("UTC-05:00", "-05:00", "-05:00"),
        ("+0530", "+05:30", "+05:30"),
        ("(UTC+1)", "+01:00", "+01:00"),
    ],
)
def test_zone_words_give_their_offset_in_summer_and_winter(words: str, summer: str, winter: str) -> None:
    assert (offset(words, SUMMER), offset(words, WINTER)) == (summer, winter)


@pytest.mark.parametrize(
    "words", ["", "foo", "+99:00", "+14:60", "../etc/passwd", "Europe/Nowhere", "Apache", "the", "x" * 5000]
)
def test_what_is_no_zone_is_none(words: str) -> None:
    assert read_zone(words) is None


def test_an_ambiguous_abbreviation_follows_the_senders_offset() -> None:
    assert offset("CST", sender=-360) == "-06:00"
    assert offset("CST", sender=-300) == "-05:00" or offset("CST", sender=-300) == "-06:00"
    assert offset("CST", sender=480) == "+08:00"
    assert offset("IST", sender=60) == "+01:00"
    assert offset("IST", sender=330) == "+05:30"
    assert offset("BST", sender=360) == "+06:00"


def test_an_ambiguous_abbreviation_from_an_unknown_place_is_doubted() -> None:
    zone = read_zone("IST", sender=-480)
    assert zone is not None
    assert zone.doubt
    assert offset("IST") == "+05:30"


def test_my_time_and_local_time_are_the_senders() -> None:
    for words in ("my time", "local time", "our local time", "Ortszeit"):
        zone = read_zone(words)
        assert zone is not None
        assert zone.mine


@pytest.mark.parametrize("name", sorted({*GENERIC.values(), *PLACES.values()}))
def test_every_zone_of_the_tables_exists(name: str) -> None:
    assert iana(name) is not None


@pytest.mark.parametrize("word", sorted(ABBREVIATIONS))
def test_every_abbreviation_is_within_fourteen_hours(word: str) -> None:
    assert all(abs(minutes) <= 14 * 60 for minutes in ABBREVIATIONS[word])
    zone = read_zone(word)
    assert zone is not None
    assert abs(zone.info.utcoffset(SUMMER) or timedelta()) <= timedelta(hours=14)


@given(st.text(max_size=60), st.one_of(st.none(), st.integers(-840, 840)))
@settings(max_examples=150, deadline=None)
def test_reading_a_zone_never_raises(words: str, sender: int | None) -> None:
    read_zone(words, sender)
    zones.read_offset(words)
    zones.place(words)
