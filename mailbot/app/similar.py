"""Which past incidents have a title like this one's (A3), and which fit the words of a SEARCH (A2).

The law: a new incident asks the same however many there were. So titles are known by their words, and under a word only
the latest count; a word that many titles have tells little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

MOST = 200  # incidents under one word
_TELLING = re.compile(r"[^\W_]{4,}")  # a word with fewer letters tells nothing
OTHER = ("open", "cancelled")  # incidents nobody can learn from: not over, or none


class Titles:
    """Titles of incidents that are over."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[str, ...], float]] = {}  # incident -> words, last message
        self._under: dict[str, dict[str, None]] = {}  # word -> incidents, the one kept last at the end

    def keep(self, incident: str, title: str, status: str, last: float) -> None:
        """The title as it is now; ``last``: seconds since 1970."""
        if status in OTHER:
            self.drop(incident)
            return
        words = telling(title)
        if self._known.get(incident, ((), 0.0))[0] != words:
            self.drop(incident)
            for word in words:
                under = self._under.setdefault(word, {})
                under[incident] = None
                if len(under) > MOST:
                    del under[next(iter(under))]
        self._known[incident] = words, last

    def drop(self, incident: str) -> None:
        for word in self._known.pop(incident, ((), 0.0))[0]:
            self._under.get(word, {}).pop(incident, None)

    def like(self, incident: str, title: str, most: int = 3) -> list[str]:
        """Others with at least half of the words of the shorter title; those that share most first, then the latest."""
        words = telling(title)
        shared: dict[str, int] = {}
        for word in words:
            for other in self._under.get(word, ()):
                shared[other] = shared.get(other, 0) + 1
        rated = [
            (-count, -self._known[other][1], other)
            for other, count in shared.items()
            if other != incident and count * 2 >= min(len(words), len(self._known[other][0]))
        ]
        return [other for _, _, other in sorted(rated)[:most]]


TITLE, TOLD, BEGINS = 3.0, 1.0, 0.5  # a word of the title, of summary and causes; one that only begins with it
ASKED = 12  # words of a search that are looked at


def search(docs: Iterable[Mapping[str, Any]], asked: str, most: int = 10) -> list[Mapping[str, Any]]:
    """The incidents with most of the words: rare words count more, and those of titles; then the latest."""
    wanted = list(dict.fromkeys(re.findall(r"\w+", asked.casefold())))[:ASKED]
    found: list[tuple[Mapping[str, Any], dict[str, float]]] = []
    having: Counter[str] = Counter()
    count = 0
    for doc in docs:
        count += 1
        title, told = _words(doc["title"]) | _words(doc["id"]), _words(doc.get("told", ""))
        weights = {word: max(TITLE * _fit(word, title), TOLD * _fit(word, told)) for word in wanted}
        if any(weights.values()):
            found.append((doc, weights))
            having.update(word for word, weight in weights.items() if weight)

    def rank(row: tuple[Mapping[str, Any], dict[str, float]]) -> tuple[float, float, str]:
        score = sum(weight * math.log(1 + count / having[word]) for word, weight in row[1].items() if weight)
        return -score, -row[0]["last"], row[0]["id"]

    return [doc for doc, _ in sorted(found, key=rank)[:most]]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _fit(word: str, words: set[str]) -> float:
    if word in words:
        return 1.0
    return BEGINS if len(word) > 2 and any(w.startswith(word) for w in words) else 0.0


def telling(title: str) -> tuple[str, ...]:
    """The words of a title that tell something, each once."""
    return tuple(dict.fromkeys(_TELLING.findall(title.casefold())))
