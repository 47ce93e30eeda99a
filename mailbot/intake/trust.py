"""Who sent a mail, judged once, at arrival: the first form of the ladder, without signatures.

Law: From proves nothing (lesson L38), Reply-To less (L39). Where a list put its own address into From, the author found
elsewhere is *claimed*: good for a name in the timeline, not for an act that needs to know who it was (L40).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.message import Address, Message


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a mail's sender.

    ``grade``: "list" where the mail says it came through our list, else "unknown". ``author``: the person; ``email`` is
    "" where a list hid it and nothing tells. ``claimed``: the author was found outside From. ``reasons``: sentences.
    """

    grade: str
    author: Address
    claimed: bool
    reasons: tuple[str, ...]


def judge(message: Message, *, list_address: str, list_id: str) -> Trust:
    """``list_address``: where our list takes mail; ``list_id``: its List-Id with or without brackets; "" where none."""
    ours = list_address.strip().lower()
    grade, reason = _grade(message, ours, list_id)
    if not ours or message.sender.email != ours:
        return Trust(grade, message.sender, False, (reason,))
    author, why = _author_behind(message, ours)
    return Trust(grade, author, True, (reason, why))


def _grade(message: Message, list_address: str, list_id: str) -> tuple[str, str]:
    """List-Id is RFC 2919, List-Post RFC 2369. Anyone can write them: this grade is a way in, no proof."""
    wanted = list_id.strip().strip("<>").lower()
    for name, value in message.headers:
        if name == "list-id" and wanted and (_in_brackets(value) or value.strip().lower()) == wanted:
            return "list", "List-Id is our list's"
        if name == "list-post" and list_address and _in_brackets(value).partition("?")[0] == f"mailto:{list_address}":
            return "list", "List-Post is our list's"
    return "unknown", "no List-Id or List-Post of our list"


def _in_brackets(value: str) -> str:
    """The last <…> of a value, lower-case, "" where none."""
    end = value.rfind(">")
    start = value.rfind("<", 0, max(end, 0))
    return value[start + 1 : end].strip().lower() if start >= 0 else ""


def _author_behind(message: Message, list_address: str) -> tuple[Address, str]:
    """X-Original-From (Google Groups), else Reply-To, else the one in Cc with the same name (both Mailman)."""
    name = " ".join(message.sender.name.split())
    name = _bare(name.rpartition(" via ")[0] or name)
    found = _address(message.header("x-original-from"))
    if found.email and found.email != list_address:
        return Address(found.name or name, found.email), "the list stands in From; the author is from X-Original-From"
    for where, addresses in (("Reply-To", message.reply_to), ("Cc", message.recipients)):
        others = [a for a in dict.fromkeys(addresses) if a.email and a.email != list_address]
        named = [a for a in others if name and _bare(a.name).casefold() == name.casefold()]
        fits = named or (others if where == "Reply-To" else [])
        if len({a.email for a in fits}) == 1:
            return Address(fits[0].name or name, fits[0].email), f"the list stands in From; the author is from {where}"
    return Address(name, ""), "the list stands in From, and nothing else says who the author is"


def _address(value: str) -> Address:
    """An address as in X-Original-From; empty where it is none. Bounded and total, unlike the stdlib's (L33)."""
    email = _in_brackets(value) or value.strip().lower()
    if not re.fullmatch(r"[^\s<>@]{1,256}@[^\s<>@]{1,256}", email):
        return Address("", "")
    name = value[: value.rfind("<")] if "<" in value else ""
    return Address(_bare(name), email)


def _bare(name: str) -> str:
    return name.strip().strip("'\"").strip()
