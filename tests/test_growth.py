"""What one more mail costs does not grow: counted in documents read, since time says nothing on a busy machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.growing import KEYWORDS, House
from bench.mails import Thread
from bench.options import Options
from mailbot.store.state import Doc, State


class Counted:
    """A state that counts the documents it gives."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.given = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._state, name)

    def get(self, table: str, doc_id: int) -> Doc | None:
        self.given += 1
        return self._state.get(table, doc_id)

    def all(self, table: str, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Doc]]:
        for found in self._state.all(table, numbers):
            self.given += 1
            yield found


def reads(house: House, raw: bytes) -> int:
    counted = Counted(house.register.state)
    house.register.state = counted  # type: ignore[assignment]
    house.take(raw)
    house.register.state = counted._state
    return counted.given


def opening(house: House, subject: str) -> tuple[Thread, bytes]:
    thread = Thread(subject, house.now())
    return thread, house.author.writes(thread, house.now())


@pytest.mark.parametrize("count", [20, 200])
def test_a_mail_reads_a_handful_of_documents_however_many_there_are(count: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        house = House(Options(tmp_path).archive(count), stack, seed=3)
        thread, raw = opening(house, "Login down on storage7")
        assert reads(house, raw) <= 4  # three past incidents of a like title
        assert reads(house, house.author.writes(thread, house.now())) == 0
        for keyword in KEYWORDS:
            assert reads(house, house.author.writes(thread, house.now(), own=keyword)) <= 3


@pytest.mark.parametrize("length", [5, 60])
def test_a_mail_reads_a_handful_of_documents_however_long_its_incident(length: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        house = House(Options(tmp_path).config("long"), stack, seed=3)
        thread, raw = opening(house, "Login down on storage7")
        house.take(raw)
        for _ in range(length):
            house.replies(thread)
        assert reads(house, house.author.writes(thread, house.now())) == 0
        for keyword in KEYWORDS:
            assert reads(house, house.author.writes(thread, house.now(), own=keyword)) <= 3
