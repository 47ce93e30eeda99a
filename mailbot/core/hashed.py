"""A table of strings that are only asked for: hash of 64 bits -> number of 64 bits, in two arrays.

Law: it is a dict of which nobody asks the keys, at a quarter of the memory (an archive has an entry for each of its mails
and never forgets one). Two of a million strings have the same hash once in thirty million archives; nobody can make them
so, because Python's ``hash`` of a string begins with a secret of the process.
"""

from __future__ import annotations

from array import array

_EMPTY = array("Q", bytes(8 * 64))
_ALL = (1 << 64) - 1


class Hashed:
    """Numbers are above 0. Open addressing: an entry stands at its hash or behind it, up to the next free place."""

    __slots__ = ("_keys", "_numbers", "_used")

    def __init__(self) -> None:
        self._keys, self._numbers, self._used = _EMPTY[:], _EMPTY[:], 0

    def get(self, text: str) -> int:
        """0 for none."""
        keys = self._keys
        key = hash(text) & _ALL or 1
        at = key & len(keys) - 1
        return self._numbers[at if keys[at] in (0, key) else self._place(key)]  # nearly always it stands there

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self.get(text) > 0

    def put(self, text: str, number: int) -> None:
        key = hash(text) & _ALL or 1
        at = self._place(key)
        if not self._keys[at]:
            if 3 * self._used > 2 * len(self._keys):
                self._grow()
                at = self._place(key)
            self._keys[at] = key
            self._used += 1
        self._numbers[at] = number

    def drop(self, text: str) -> None:
        self._numbers[self._place(hash(text) & _ALL or 1)] = 0  # its key stays, so that others behind it are found

    def _place(self, key: int) -> int:
        """Where the key is, or where it would be."""
        keys = self._keys
        last = len(keys) - 1
        at = key & last
        while (found := keys[at]) and found != key:
            at = at + 1 & last
        return at

    def _grow(self) -> None:
        before = zip(self._keys, self._numbers, strict=True)
        self._keys = array("Q", bytes(16 * len(self._keys)))
        self._numbers = self._keys[:]
        for key, number in before:
            if key:
                at = self._place(key)
                self._keys[at], self._numbers[at] = key, number
