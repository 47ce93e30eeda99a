"""Where documents are: a dict, and eight bytes for each."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.store import places
from mailbot.store.places import LARGEST, Places

NUMBERS = st.integers(0, 30) | st.integers(-3, 10**6) | st.just(10**15)
PLACES = st.integers(1, 50) | st.sampled_from([LARGEST, LARGEST + 1])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NUMBERS, PLACES | st.none()), max_size=60), st.sampled_from([1, 5, 1 << 16]))
def test_it_is_a_dict(steps: list[tuple[int, int | None]], gap: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "GAP", gap)
        ours, plain = Places(), dict[int, int]()
        for number, place in steps:
            if place is None:
                assert ours.pop(number, None) == plain.pop(number, None)
            else:
                ours[number] = plain[number] = place
            assert (len(ours), number in ours, ours.find(number)) == (len(plain), number in plain, plain.get(number, 0))
        assert dict(ours) == plain
        assert sorted(ours) == sorted(plain)


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(KeyError):
        Places()[1]
    with pytest.raises(KeyError):
        del Places()[1]


def test_a_number_far_above_the_others_costs_no_room_between() -> None:
    tracemalloc.start()
    try:
        known = Places()
        for number in (*range(1, 100_001), 10**12):
            known[number] = number
        assert tracemalloc.get_traced_memory()[0] < 100_000 * 10
    finally:
        tracemalloc.stop()
