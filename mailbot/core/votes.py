"""Which incidents the quoted lines of a reply come from.

Law: what is known depends on the order of the messages alone. It is bounded by generations: the lines of the latest
messages, ``KEPT`` to twice as many, are known; older ones are forgotten together. A line takes eight bytes; only the
latest that somebody asked for take a hundred, so that asking again costs nothing. Lines are put in order only when
somebody asks, so that a start with many messages sorts no line that is forgotten before the first question.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby

KEPT = 250_000  # lines in a generation
RECENT = 25_000  # of them are not in order yet, at most: to put all in order takes 30 ms
VOTERS = 3  # a line in more incidents than this says nothing

_NUMBER = (1 << 32) - 1


class Votes:
    """Lines are hashes of 32 bits (``facts.line_hashes``), incidents their numbers."""

    def __init__(self) -> None:
        self._young = _Generation()
        self._old = _Generation()

    def learn(self, lines: tuple[int, ...], number: int) -> None:
        """Own lines of a message of that incident."""
        self._young.waiting.extend([line << 32 | number for line in lines])
        self._young.size += len(lines)
        if self._young.size >= KEPT:
            self._young, self._old = _Generation(), self._young

    def of(self, lines: Iterable[int]) -> list[tuple[int, ...]]:
        """For each line known: the numbers of its incidents, where they are few enough to say something."""
        generations = [each for each in (self._young, self._old) if each.size]
        for each in generations:
            each.settle()
        found = [{number for each in generations for number in each.voters(line)} for line in lines]
        return [tuple(voters) for voters in found if 0 < len(voters) <= VOTERS]


class _Generation:
    """``line << 32 | number`` in three places: as they came, the latest by their lines, and in order."""

    __slots__ = ("_order", "_recent", "size", "waiting")

    def __init__(self) -> None:
        self.waiting = array("Q")
        self.size = 0
        self._recent: dict[int, int | tuple[int, ...]] = {}  # one number, or up to VOTERS + 1 of them
        self._order = array("Q")

    def settle(self) -> None:
        """Makes known what waits."""
        if len(self.waiting) + len(self._recent) > RECENT:
            every = sorted((*self._order, *self.waiting, *self._pairs()))
            self._order = array("Q", (pair for pair, _ in groupby(every)))
            self._recent = {}
        else:
            for pair in self.waiting:
                line, number = pair >> 32, pair & _NUMBER
                known = self._recent.setdefault(line, number)
                if known != number:
                    self._recent[line] = _joined(known, number)
        del self.waiting[:]

    def voters(self, line: int) -> tuple[int, ...]:
        found = self._recent.get(line, ())
        known = (found,) if isinstance(found, int) else found
        if not self._order:
            return known
        begin = bisect_left(self._order, line << 32)
        pairs = self._order[begin : begin + VOTERS + 1]
        return (*known, *[pair & _NUMBER for pair in pairs if pair >> 32 == line])

    def _pairs(self) -> Iterator[int]:
        for line, known in self._recent.items():
            for number in (known,) if isinstance(known, int) else known:
                yield line << 32 | number


def _joined(some: int | tuple[int, ...], more: int) -> tuple[int, ...]:
    left = (some,) if isinstance(some, int) else some
    return left if more in left or len(left) > VOTERS else (*left, more)
