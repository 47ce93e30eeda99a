"""A table of strings that are only asked for."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.hashed import Hashed

STEPS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3) | st.just(2**64 - 1)), max_size=500)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_it_is_a_dict(steps: list[tuple[int, int]]) -> None:
    ours, plain = Hashed(), dict[str, int]()
    for name, number in steps:
        if number:
            ours.put(f"{name}@example.org", number)
            plain[f"{name}@example.org"] = number
        else:
            ours.drop(f"{name}@example.org")
            plain.pop(f"{name}@example.org", None)
    for name in range(400):
        assert ours.get(f"{name}@example.org") == plain.get(f"{name}@example.org", 0)


def test_an_entry_takes_about_forty_bytes_and_none_is_lost_while_it_grows() -> None:
    tracemalloc.start()
    try:
        known = Hashed()
        for number in range(1, 20_001):
            known.put(str(number), number)
        assert tracemalloc.get_traced_memory()[0] < 20_000 * 60
    finally:
        tracemalloc.stop()
    assert all(known.get(str(number)) == number for number in range(1, 20_001))
    assert not any(known.get(f"{number}x") for number in range(20_000))
