"""Document -> place in a file, eight bytes each.

The law: it is a dict of small numbers. A document's number is its place in an array, because numbers rise one by one; what
is far above all others, or too large for eight bytes, stands in a dict beside it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, MutableMapping

GAP = 1 << 16  # numbers that may be left out before one stands apart: half a megabyte
LARGEST = (1 << 64) - 1


class Places(MutableMapping[int, int]):
    """Places are above 0."""

    __slots__ = ("_apart", "_count", "_row")

    def __init__(self) -> None:
        self._row = array("Q")  # 0: none, or it stands apart
        self._apart: dict[int, int] = {}
        self._count = 0

    def find(self, number: int) -> int:
        """The place, 0 for none."""
        place = self._row[number] if 0 <= number < len(self._row) else 0
        return place or self._apart.get(number, 0)

    def __getitem__(self, number: int) -> int:
        if place := self.find(number):
            return place
        raise KeyError(number)

    def __setitem__(self, number: int, place: int) -> None:
        row = self._row
        if number == len(row) and place <= LARGEST and not self._apart:  # nearly always
            row.append(place)
            self._count += 1
            return
        if self.find(number):
            del self[number]
        self._count += 1
        if not 0 <= number < len(row) + GAP or place > LARGEST:
            self._apart[number] = place
            return
        if number >= len(row):
            row.frombytes(bytes(8 * (number + 1 - len(row))))
        row[number] = place

    def __delitem__(self, number: int) -> None:
        if not self.find(number):
            raise KeyError(number)
        self._count -= 1
        if self._apart.pop(number, 0) == 0:
            self._row[number] = 0

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.find(number) > 0

    def __iter__(self) -> Iterator[int]:
        """In no order that counts."""
        yield from (number for number, place in enumerate(self._row) if place)
        yield from self._apart

    def __len__(self) -> int:
        return self._count
