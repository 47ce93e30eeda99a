"""What must not leave the list with a report: secrets, mail addresses, phone numbers, addresses inside a network (P38, L32).

The law: whatever a row finds is never printed in what is published, and never quoted by us either: it is named by its kind
and where it stands. Better one mask too many. Rules are rows; each carries its example, which is its test.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONG = 20_000  # characters of one text that are looked at; what is longer is cut by those who print it


@dataclass(frozen=True, slots=True)
class Row:
    """``pattern``: what is masked is its group ``x``, or all of it where it has none."""

    kind: str  # as it is printed: (held back: password)
    pattern: str
    example: str
    innocent: str  # looks like it and is none


ROWS: tuple[Row, ...] = (
    Row(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----.{0,8000}?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----",
    ),
    Row("access key", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b", "AKIAIOSFODNN7EXAMPLE", "AKIAH is a name"),
    Row(
        "token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{30,255}|glpat-[\w-]{16,64}|xox[abeoprs]-[\w-]{10,200}"
        r"|sk-[A-Za-z0-9_-]{20,200}|sk_live_\w{16,99}|pypi-[\w-]{50,300}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,60}"
        r"|AIza[\w-]{35}|dckr_pat_[\w-]{20,60}|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,2000})",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "sk-learn and hf_hub",
    ),
    Row(
        "password",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>]{0,80}:(?P<x>[^\s/@<>]{1,200})@",
        "postgres://app:hunter2@db.example.org/x",
        "https://example.org:8443/@alice",
    ),
    Row(
        "secret",
        r"(?i)\b(?:authorization:\s{0,3}(?:bearer|basic|token)|bearer)\s{1,3}(?P<x>[\w.~+/=-]{12,2000})",
        "Authorization: Bearer abcdef0123456789",
        "the bearer of news",
    ),
    Row(
        "secret",
        r"(?i)(?<![\w-])[\w-]{0,30}(?:passw(?:or)?d|passphrase|secret|api[_-]?key|access[_-]?key|auth[_-]?token|private[_-]?key)"
        r"[\"']?\s{0,3}(?:[:=]|\bis\b)\s{0,3}[\"']?(?P<x>(?!reset\b|changed\b|expired\b|wrong\b|not\b|the\b|in\b|\(held)"
        r"[^\s\"',;<>]{4,200})",
        "DB_PASSWORD=hunter22",
        "the password is reset",
    ),
    Row(
        "mail address",
        r"(?<![\w.+@/:-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w@-])",
        "write to alice.doe@example.org.",
        "git@v2 and @alice",
    ),
    Row(
        "phone number",
        r"(?<![\w.+:/#-])(?:\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d(?:[ ./-]?\d){5,12}"
        r"|\(0?\d{2,5}\)[ .-]?\d{3,4}[ .-]\d{3,5}|\d{3}[ .-]\d{3}[ -]\d{4}"
        r"|0\d{1,4}[ /-]\d{3}[ -]?\d{2}[ -]?\d{2})(?![\w:/-]|\.\d)",
        "call +41 44 668 18 00 or 555-867-5309",
        "2026-11-21 14:05, 10 000 000 rows, +02:00",
    ),
    Row(
        "network address",
        r"(?<![\w.:-])(?P<x>\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\d)",
        "10.0.3.17:8080",
        "8.8.8.8 and v1.2.3.4",
    ),
    Row(
        "network address",
        r"(?i)(?<![\w.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:internal|corp|lan|intranet)(?![\w-]|\.[a-z])",
        "db1.eu.corp and cache.internal",
        "internal error of the corp",
    ),
)
_ROWS = tuple((row.kind, re.compile(row.pattern, re.S)) for row in ROWS)


@dataclass(frozen=True, slots=True)
class Leak:
    """``text[start:end]`` is to be held back; never printed itself."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What was held back, for those who review: "a password in Root Cause"."""

    kind: str
    where: str

    def __str__(self) -> str:
        return f"{'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind} in {self.where}"


def leaks(text: str) -> list[Leak]:
    """In the order of the text, none inside another: the row above wins."""
    found: list[Leak] = []
    if not any(mark in text for mark in "@:=_-.+(0123456789") and " is " not in text:
        return found
    for kind, pattern in _ROWS:
        for match in pattern.finditer(text[:LONG]):
            start, end = match.span("x") if "x" in pattern.groupindex else match.span()
            if kind == "network address" and not _is_inside(text[start:end]):
                continue
            if all(end <= other.start or start >= other.end for other in found):
                found.append(Leak(kind, start, end))
    return sorted(found, key=lambda leak: leak.start)


def _is_inside(words: str) -> bool:
    """An address that means something inside a network only: a private one (RFC 1918, RFC 6598), or a name of its own."""
    if not words[0].isdigit():
        return True
    try:
        address = ipaddress.IPv4Address(words)
    except ValueError:
        return False
    return address in ipaddress.IPv4Network("100.64.0.0/10") or (
        address.is_private and not address.is_loopback and not address.is_unspecified
    )


def masked(text: str) -> str:
    """The text as it may be published."""
    parts, at = [], 0
    for leak in leaks(text):
        parts += [text[at : leak.start], f"(held back: {leak.kind})"]
        at = leak.end
    return "".join([*parts, text[at:]])


def findings(places: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """``places``: (where, text), such as ("Root Cause", "…"). Each kind once for each place."""
    seen: set[Finding] = set()
    for where, text in places:
        for leak in leaks(text):
            finding = Finding(leak.kind, where)
            if finding not in seen:
                seen.add(finding)
                yield finding
