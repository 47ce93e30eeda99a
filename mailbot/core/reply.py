"""Own new text | quoted | attribution | signature | footer | forwarded. Nothing is deleted: every character is in one part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    OWN = "own"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    FOOTER = "footer"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines ``text[start:end]`` of one kind; the parts of a text cover it without gaps."""

    start: int
    end: int
    kind: Kind


def split(text: str) -> tuple[Part, ...]:
    raise NotImplementedError


def own_spans(parts: tuple[Part, ...]) -> tuple[tuple[int, int], ...]:
    """The [start, end) spans of own text."""
    return tuple((p.start, p.end) for p in parts if p.kind is Kind.OWN)
