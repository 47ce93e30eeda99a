"""Quoted lines: who is known to have written them, for how long, in how much memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import votes
from mailbot.core.votes import VOTERS, Votes


class Plain:
    """The same with nothing but sets."""

    def __init__(self) -> None:
        self.young: dict[int, set[int]] = {}
        self.old: dict[int, set[int]] = {}
        self.size = 0

    def learn(self, lines: tuple[int, ...], number: int) -> None:
        for line in lines:
            self.young.setdefault(line, set()).add(number)
        self.size += len(lines)
        if self.size >= votes.KEPT:
            self.young, self.old, self.size = {}, self.young, 0

    def of(self, lines: tuple[int, ...]) -> list[set[int]]:
        found = (self.young.get(line, set()) | self.old.get(line, set()) for line in lines)
        return [voters for voters in found if 0 < len(voters) <= VOTERS]


LINES = st.lists(st.integers(0, 30) | st.sampled_from([2**31, 2**32 - 1]), max_size=6).map(tuple)
STEPS = st.lists(st.tuples(st.booleans(), LINES, st.integers(0, 8) | st.just(2**32 - 1)), max_size=60)


@settings(max_examples=200, deadline=None)
@given(STEPS, st.sampled_from([0, 3, 10]), st.sampled_from([20, 1000]))
def test_asking_in_between_changes_nothing_of_what_is_known(
    steps: list[tuple[bool, tuple[int, ...], int]], recent: int, kept: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(votes, "RECENT", recent)
        patch.setattr(votes, "KEPT", kept)
        ours, plain = Votes(), Plain()
        for asks, lines, number in steps:
            if asks:
                assert [set(voters) for voters in ours.of(lines)] == plain.of(lines)
            else:
                ours.learn(lines, number)
                plain.learn(lines, number)
        every = (*range(31), 2**31, 2**32 - 1)
        assert [set(voters) for voters in ours.of(every)] == plain.of(every)


def test_a_line_that_waits_takes_eight_bytes_and_one_that_was_asked_for_is_put_in_order() -> None:
    tracemalloc.start()
    try:
        known = Votes()
        for number in range(10_000):
            known.learn(tuple(range(number * 20, number * 20 + 20)), number)
        assert tracemalloc.get_traced_memory()[0] < 200_000 * 12
        assert known.of((0, 199_999, 200_000)) == [(0,), (9_999,)]
        assert tracemalloc.get_traced_memory()[0] < 200_000 * 12
    finally:
        tracemalloc.stop()
