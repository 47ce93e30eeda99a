"""Which incidents the quoted lines of a reply come from.

Law: what is known depends on the order of the messages alone. It is bounded by generations: the lines of the latest
messages, ``KEPT`` to twice as many, are known; older ones are forgotten together. Lines are put in order only when
somebody asks, so that a start with many messages sorts no line that is forgotten before the first question.
"""

from __future__ import annotations

from collections.abc import Iterable

KEPT = 250_000  # lines in a generation
VOTERS = 3  # a line in more incidents than this says nothing


class Votes:
    """Lines are hashes (``facts.line_hashes``), incidents their numbers."""

    def __init__(self) -> None:
        self._young = _Generation()
        self._old = _Generation()

    def learn(self, lines: tuple[int, ...], number: int) -> None:
        """Own lines of a message of that incident."""
        if lines:
            self._young.waiting.append((lines, number))
            self._young.size += len(lines)
            if self._young.size >= KEPT:
                self._young, self._old = _Generation(), self._young

    def of(self, lines: Iterable[int]) -> list[tuple[int, ...]]:
        """For each line known: the numbers of its incidents, where they are few enough to say something."""
        young, old = self._young.voters(), self._old.voters()
        found = []
        for line in lines:
            if line in young or line in old:
                voters = _joined(young.get(line, ()), old.get(line, ()))
                if 0 < len(voters) <= VOTERS:
                    found.append(voters)
        return found


class _Generation:
    __slots__ = ("_voters", "size", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[tuple[int, ...], int]] = []
        self.size = 0
        self._voters: dict[int, int | tuple[int, ...]] = {}  # one number, or up to VOTERS + 1 of them

    def voters(self) -> dict[int, int | tuple[int, ...]]:
        known = self._voters
        for lines, number in self.waiting:
            fresh = set(lines).difference(known)
            if len(fresh) < len(lines):
                for line in lines:
                    if line not in fresh:
                        known[line] = _joined(known[line], number)[: VOTERS + 1]
            known.update(dict.fromkeys(fresh, number))
        self.waiting.clear()
        return known


def _joined(some: int | tuple[int, ...], more: int | tuple[int, ...]) -> tuple[int, ...]:
    left = (some,) if isinstance(some, int) else some
    right = (more,) if isinstance(more, int) else more
    return (*left, *[number for number in right if number not in left])
