"""Readers: one value as it stands in the file -> the value the program uses.

The law: a reader gives the value or raises ``Wrong`` with a sentence that says what would be right, and nothing else,
whatever TOML put in its place. None of them looks at other keys or touches the disk; that is done once all is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
SIZES = {"KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|(?=[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]{2,45}")


class Wrong(Exception):
    """A reader refuses a value; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 500:
        raise Wrong("write text in double quotes, on one line")
    return value.strip()


def tag(value: object) -> str:
    if "[" in (name := text(value)) or "]" in name:
        raise Wrong('write the words between the brackets only, such as "incident"')
    return name


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("write true or false, without quotes")
    return value


def host(value: object) -> str:
    if (name := text(value)) and not _HOST.fullmatch(name):
        raise Wrong('write a host name or address alone, such as "mail.example.org"')
    return name.lower()


def named_host(value: object) -> str:
    if not (name := host(value)):
        raise Wrong('write the name of the server, such as "imap.example.org"')
    return name


def filled(value: object) -> str:
    if not (words := text(value)):
        raise Wrong("write something between the quotes")
    return words


def address(value: object) -> str:
    if not _ADDRESS.fullmatch(text(value)):
        raise Wrong('write one mail address without a name, such as "incident@example.org"')
    return text(value).lower()


def address_or_none(value: object) -> str:
    return address(value) if value != "" else ""


def addresses(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong('write a list of addresses, such as ["oncall@example.org"]')
    return tuple(address(item) for item in value)


def headings(value: object) -> tuple[str, ...]:
    rows = [row if isinstance(row, str) else "" for row in value] if isinstance(value, list) else []
    words = {row.casefold().partition(" ")[0] for row in rows}
    if (
        not rows
        or len(words) != len(rows)
        or not all(re.fullmatch(r"[^\W\d_][^#<>\[\]()\n]{0,59}", row) for row in rows)
    ):
        raise Wrong('write a list of headings with different first words, such as ["Process improvements", "Training"]')
    return tuple(rows)


def link(value: object) -> str:
    if (url := text(value)) and not (re.match(r"https?://[^\s/]", url) and "{message_id}" in url):
        raise Wrong('write a link with {message_id} in it, such as "https://lists.example.org/{message_id}"')
    return url


def page(value: object) -> str:
    if (url := text(value)) and not (re.match(r"https?://[^\s/]", url) and "{file}" in url):
        raise Wrong('write a link with {file} in it, such as "https://example.org/incidents/{file}"')
    return url


def web(value: object) -> str:
    if (url := text(value)) and not re.fullmatch(r"https?://[^\s/?#]+/[^\s?#]+", url):
        raise Wrong('write the address of a repository, such as "https://github.com/org/repo", or "" for none')
    return url.rstrip("/")


def night(value: object) -> tuple[int, int]:
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])", text(value) or "0-0")
    if not found:
        raise Wrong('write two hours of the day, such as "22-8", or "" for none')
    return int(found[1]), int(found[2])


def zone(value: object) -> str:
    name = text(value)
    if (
        name == "UTC" or name in available_timezones()
    ):  # the list is read from disk at every call, the default needs none
        return name
    hint = near(name, available_timezones()) if len(name) > 4 else ""  # "PST" is near to "MST", and that is no help
    raise Wrong(f'write an IANA zone name such as "UTC" or "Europe/Zurich"{hint}')


def endpoint(value: object) -> Endpoint | None:
    where = text(value)
    name, colon, port = where.rpartition(":")
    name = name.removeprefix("[").removesuffix("]")
    if not where:
        return None
    if not colon or not _HOST.fullmatch(name) or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise Wrong('write "address:port", such as "127.0.0.1:8025" or "[::1]:8025", or "" for none')
    return Endpoint(name.lower(), int(port))


def path(value: object) -> Path:
    try:
        return Path(filled(value)).expanduser()
    except RuntimeError:
        raise Wrong("write the path of the home folder in full; there is no such user") from None


def path_or_none(value: object) -> Path | None:
    return path(value) if value != "" else None


def after(value: object) -> str:
    what = text(value)
    if what not in ("leave", "seen", "delete") and not re.fullmatch(r"move:\S.*", what):
        raise Wrong('write "leave", "seen", "delete" or "move:FOLDER"')
    return what


WAITS = ("START", "RESTORED", "RESOLVED", "REOPEN", "CANCEL", "HANDOFF", "ACCEPT", "DECLINE", "TAKE", "KIND", "TITLE",
         "FIX", "DROP", "REVIEWED", "EMBARGO", "QUIET", "RESUME", "DONE", "DECLINED", "LINK")  # fmt: skip


def needs(value: object) -> tuple[tuple[str, str], ...]:
    """``["CANCEL list", "REVIEWED verified"]``. What decides about threads or takes back cannot wait."""
    rows = [str(row).split() for row in value] if isinstance(value, list) else [[]]
    if not all(len(row) == 2 and row[0] in WAITS and row[1] in ("list", "verified") for row in rows):
        right = 'write a list such as ["CANCEL list", "REVIEWED verified"]'
        raise Wrong(f"{right}; these can wait: {', '.join(WAITS)}")
    return tuple((row[0], row[1]) for row in rows)


def networks(value: object) -> tuple[IPv4Network | IPv6Network, ...]:
    """``["192.0.2.0/24", "2001:db8::25"]``: networks and single addresses."""
    from ipaddress import ip_network  # late: by default there is none

    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Wrong('write a list of networks, such as ["192.0.2.0/24", "2001:db8::25"]')
    try:
        return tuple(ip_network(item.strip()) for item in value)
    except ValueError as error:  # it says which, and what is wrong
        raise Wrong(f'write networks such as "192.0.2.0/24" or "2001:db8::25"; {error}') from None


def choice(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            raise Wrong(f"write one of {', '.join(json.dumps(word) for word in words)}")
        return value

    return read


def number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Wrong(f"write a whole number from {low} to {high}, without quotes")
        return value

    return read


def _units(low: str, high: str, units: Mapping[str, int], pattern: str, example: str) -> Callable[[object], int]:
    def amount(value: object) -> int:
        found = re.fullmatch(pattern, value.strip()) if isinstance(value, str) else None
        return int(found[1]) * units[found[2]] if found else -1

    def read(value: object) -> int:
        if not amount(low) <= amount(value) <= amount(high):
            raise Wrong(f"write {example}, from {low} to {high}")
        return amount(value)

    return read


def size(low: str, high: str) -> Callable[[object], int]:
    return _units(low, high, SIZES, r"([0-9]{1,9}) ?(KB|MB|GB)", 'a size such as "500KB" or "32MB"')


def duration(low: str, high: str) -> Callable[[object], timedelta]:
    read = _units(low, high, UNITS, r"([0-9]{1,7}) ?([smhdw])", 'a duration such as "30s", "15m", "4h" or "3d"')
    return lambda value: timedelta(seconds=read(value))


def durations(low: str, high: str) -> Callable[[object], tuple[timedelta, ...]]:
    one = duration(low, high)

    def read(value: object) -> tuple[timedelta, ...]:
        if not isinstance(value, list) or len(value) > 10:
            raise Wrong('write a list of at most ten durations, such as ["15m", "2h"]; [] for none')
        times = tuple(one(item) for item in value)
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise Wrong("write the durations in rising order; each counts from the same beginning")
        return times

    return read


def near(word: str, known: Iterable[str]) -> str:
    """``; did you mean "smtp"?`` or, where nothing is near, ""."""
    import difflib  # late: only a mistake needs it

    words = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), words, n=1)
    return f"; did you mean {json.dumps(words[found[0]])}?" if found else ""
