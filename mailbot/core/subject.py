"""Base subject: what remains of a subject when reply prefixes, tags and status words are taken off (threading.md, "Key")."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    key: str  # "" where generic or empty: then it is no key
    title: str  # the same in the writer's case, for people to read
    reply: bool  # a safe reply or forward prefix was there
    status: str  # RESOLVED, UPDATE, … or ""
    tags: tuple[str, ...]
    incident_id: str  # INC-… or ""
    was: str  # key of the "(was: …)" part, ""
    maybe: str  # key with ambiguous prefixes off as well, "" where there was none
    words: frozenset[str]


def read_subject(text: str) -> Subject:
    raise NotImplementedError
