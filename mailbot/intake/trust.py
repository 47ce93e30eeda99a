"""Who sent a mail, judged once, at arrival; the grade and its reasons are kept with it (``written``, ``read``).

    verified   the mail server that the operator named found DMARC to pass for the From that stands there, the only one
    list       it says that it came through our list
    unknown    nothing vouches for it

Law: From proves nothing (lesson L38), Reply-To less (L39). Where a list put its own address into From, the author found
elsewhere is *claimed*: good for a name in the timeline, not for an act that needs to know who it was (L40).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import getaddresses

from mailbot.core.limits import head_end
from mailbot.core.message import Address, Message, parse

GRADES = ("unknown", "list", "verified")  # the higher, the more is vouched for
HOPS = 3  # Received headers that may stand above our own server's result: a filter, a local delivery
MOST = 2_000  # characters of a header that are looked at
NO_LIST = "no List-Id or List-Post of our list"
HEAD = 100_000  # bytes of headers that are looked at when a mail arrives


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a mail's sender.

    ``grade``: one of GRADES (and "ours" for what we wrote). ``author``: the person; ``email`` is
    "" where a list hid it and nothing tells. ``claimed``: the author was found outside From. ``reasons``: sentences.
    """

    grade: str
    author: Address
    claimed: bool
    reasons: tuple[str, ...]


def judge(message: Message, *, list_address: str, list_id: str, authserv: str = "", kept: str = "") -> Trust:
    """``list_address``: where our list takes mail; ``list_id``: its List-Id with or without brackets; "" where none.

    ``authserv``: the name under which our own mail server writes Authentication-Results, "" believes none. ``kept``: what
    ``written`` said when it arrived, which counts then.
    """
    ours = list_address.strip().lower()
    grade, reason = read(kept) or _grade(message, ours, list_id, authserv.strip().lower())
    if not ours or message.sender.email != ours:
        return Trust(grade, message.sender, False, (reason,))
    author, why = _author_behind(message, ours)
    return Trust(grade, author, True, (reason, why))


def written(raw: bytes, *, list_address: str, list_id: str, authserv: str = "") -> str:
    """Grade and reasons of a mail that arrives, on one line, for its trace headers. Only its headers are read."""
    end = head_end(raw[:HEAD])
    head = raw[: end if end >= 0 else HEAD]
    low = head.lower()
    if not any(
        name in low for name in (b"list-id", b"list-post", b"authentication-results")
    ):  # nothing to judge: most mail that comes directly
        return f"unknown {NO_LIST}"
    message = parse(head + b"\n\n")
    trust = judge(message, list_address=list_address, list_id=list_id, authserv=authserv)
    return " ".join(f"{trust.grade} {trust.reasons[0]}".split())[:500]


def read(kept: str) -> tuple[str, str] | None:
    """Grade and reason as they were kept, None where none were (what was imported, older archives)."""
    grade, _, reason = kept.partition(" ")
    return (grade, reason) if reason and grade in GRADES else None


def _grade(message: Message, list_address: str, list_id: str, authserv: str) -> tuple[str, str]:
    grade, reason = _through(message, list_address, list_id)
    if not authserv:
        return grade, reason
    result, why = _dmarc(message, authserv)
    if result == "pass" and message.sender.email != list_address:  # the list's own pass vouches for no author
        return "verified", why
    return grade, reason if grade == "list" or not why else why


def _dmarc(message: Message, authserv: str) -> tuple[str, str]:
    """Its result by our own server (RFC 8601, RFC 7489), and a sentence; "" and "" where there is none (L38)."""
    senders = [value for name, value in message.headers if name == "from"]
    for result, domain in _results(message, authserv):
        if result != "pass":
            return result, f"{authserv}: DMARC {result} for {domain or 'its From'}"
        if len(senders) != 1 or len(senders[0]) > MOST or len(getaddresses(senders)) != 1:
            return "many", "there is more than one From"
        own = message.sender.email.rpartition("@")[2]
        if not own or not (own == domain or own.endswith(f".{domain}")) or "." not in domain:
            return "other", f"{authserv}: DMARC pass for {domain or 'nobody'}, and From is {own or 'nobody'}"
        return "pass", f"{authserv}: DMARC pass for {domain}"
    return "", ""


def _results(message: Message, authserv: str) -> Iterator[tuple[str, str]]:
    """DMARC results, each with the domain of its From, of the topmost Authentication-Results as long as they are our
    server's: below another's, and below older hops, the sender could have written them."""
    hops = 0
    for name, value in message.headers:
        hops += name == "received"
        if hops > HOPS:
            return
        if name != "authentication-results":
            continue
        first, *methods = re.sub(r"\([^()]{0,500}\)", " ", value[:MOST]).lower().split(";")
        if first.split()[:1] != [authserv]:
            return
        for method in methods:
            found = re.match(r"\s*dmarc\s*=\s*([a-z]{1,20})\b", method)
            about = re.search(r"\bheader\.from\s*=\s*\"?([^\s\";]{1,255})", method)
            if found:
                yield found[1], (about[1] if about else "").rpartition("@")[2].strip(".")


def _through(message: Message, list_address: str, list_id: str) -> tuple[str, str]:
    """List-Id is RFC 2919, List-Post RFC 2369. Anyone can write them: this grade is a way in, no proof."""
    wanted = list_id.strip().strip("<>").lower()
    for name, value in message.headers:
        if name == "list-id" and wanted and (_in_brackets(value) or value.strip().lower()) == wanted:
            return "list", "List-Id is our list's"
        if name == "list-post" and list_address and _in_brackets(value).partition("?")[0] == f"mailto:{list_address}":
            return "list", "List-Post is our list's"
    return "unknown", NO_LIST


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
