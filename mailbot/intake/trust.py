"""Who sent a mail, judged once, at arrival; the grade and its reasons are kept with it (``written``, ``read``).

    verified   the mail server that the operator named found DMARC to pass for the From that stands there, the only one; or
               we found a signature of From's domain to be valid; or the list is proven and its server found DMARC to pass;
               or it came to the signed address that was given to its sender (``core.signed``)
    list       it came through our list: the list's signature covers that header, or a host of the list's handed it over.
               Where the operator asked for neither proof, it says so, which anybody can write
    unknown    nothing vouches for it

Law: From proves nothing (lesson L38), Reply-To less (L39). Where a list put its own address into From, the author found
elsewhere is *claimed*: good for a name in the timeline, not for an act that needs to know who it was (L40).
The list's own signature vouches for the list, never for an author, not even one of its domain. A seal (ARC) is a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING, NamedTuple

from mailbot.core.limits import head_of
from mailbot.core.message import Address, Message, parse
from mailbot.core.vouched import GRADES
from mailbot.intake.signatures import Signature

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

HOPS = 3  # Received headers that may stand above our own server's result: a filter, a local delivery
MOST = 2_000  # characters of a header that are looked at
NO_LIST = "no List-Id or List-Post of our list"


class Trust(NamedTuple):
    """What is known of a mail's sender.

    ``grade``: one of GRADES (and "ours" for what we wrote). ``author``: the person; ``email`` is
    "" where a list hid it and nothing tells. ``claimed``: the author was found outside From. ``reasons``: sentences.
    """

    grade: str
    author: Address
    claimed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a mail's way when it arrived.

    ``way``: as in Arrival, "smtp 192.0.2.1". ``hosts``: networks of the list's servers, () for anybody's. ``signatures``: what
    we found, None where we did not look. ``list_authserv``: the name in Authentication-Results of the list's own server.
    ``address``: is the signed address that it came to proof of its sender, and a sentence; "" where it came to none.
    """

    way: str = ""
    hosts: tuple[IPv4Network | IPv6Network, ...] = ()
    signatures: tuple[Signature, ...] | None = None
    list_authserv: str = ""
    address: tuple[bool, str] = (False, "")


class _Way(NamedTuple):
    """Through our list? ``by``: the header that says so, "" for none. ``seal``: the list's signature that covers it;
    ``peer``: a host of the list's handed it over; ``reason``: a sentence."""

    grade: str
    reason: str
    by: str = ""
    seal: Signature | None = None
    peer: bool = False

    def covers(self, header: str) -> bool:
        """Did the list see to it? What it hands over has its own results only (RFC 8601, section 5), and anybody's X-."""
        return (self.peer and not header.startswith("x-")) or (self.seal is not None and header in self.seal.covers)


def judge(
    message: Message,
    *,
    list_address: str,
    list_id: str,
    authserv: str = "",
    kept: str = "",
    evidence: Evidence = Evidence(),
) -> Trust:
    """``list_address``: where our list takes mail; ``list_id``: its List-Id with or without brackets; "" where none.

    ``authserv``: the name under which our own mail server writes Authentication-Results, "" believes none. ``kept``: what
    ``written`` said when it arrived, which counts then.
    """
    ours = list_address.strip().lower()
    grade, reason = read(kept) or _grade(message, ours, list_id, authserv.strip().lower(), evidence)
    if not ours or message.sender.email != ours:
        return Trust(grade, message.sender, False, (reason,))
    author, why = _author_behind(message, ours)
    return Trust(grade, author, True, (reason, why))


def written(
    raw: bytes,
    *,
    list_address: str,
    list_id: str,
    authserv: str = "",
    evidence: Evidence = Evidence(),
) -> str:
    """Grade and reasons of a mail that arrives, on one line, for its trace headers. Only its headers are read."""
    head = head_of(raw)
    low = head.lower()
    if not (evidence.signatures or evidence.address[1]) and not any(
        name in low for name in (b"list-id", b"list-post", b"authentication-results")
    ):  # nothing to judge: most mail that comes directly
        return f"unknown {NO_LIST}"
    message = parse(head + b"\n\n")
    trust = judge(message, list_address=list_address, list_id=list_id, authserv=authserv, evidence=evidence)
    return " ".join(f"{trust.grade} {trust.reasons[0]}".split())[:500]


def read(kept: str) -> tuple[str, str] | None:
    """Grade and reason as they were kept, None where none were (what was imported, older archives)."""
    grade, _, reason = kept.partition(" ")
    return (grade, reason) if reason and grade in GRADES else None


def _grade(message: Message, list_address: str, list_id: str, authserv: str, evidence: Evidence) -> tuple[str, str]:
    way = _through(message, list_address, list_id, evidence)
    result, why = _dmarc(message, authserv) if authserv else ("", "")
    if result == "pass" and message.sender.email != list_address:  # the list's own pass vouches for no author
        return "verified", why
    if proof := _signed(message, list_address, way, evidence) or _vouched(message, list_address, way, evidence):
        return "verified", proof
    given, words = evidence.address
    if given:
        return "verified", words
    reason = way.reason
    if way.grade != "list":
        reason = why or (way.reason if way.by else _unsigned(message, evidence) or way.reason)
    return way.grade, f"{reason}; {words}" if words else reason


def _signed(message: Message, list_address: str, way: _Way, evidence: Evidence) -> str:
    """The sentence, where a valid signature of From's domain stands; "" where none."""
    own = message.sender.email.rpartition("@")[2]
    if not evidence.signatures or message.sender.email == list_address or not _one_author(message):
        return ""
    for signature in evidence.signatures:
        # A list signs whatever it passes on, also what somebody wrote as a colleague of the list's domain.
        lists = way.by and _aligned(list_address.rpartition("@")[2], signature.domain)
        if signature.result == "pass" and _aligned(own, signature.domain) and not lists:
            return f"signature of {signature.domain}: valid, we checked it"
    return ""


def _vouched(message: Message, list_address: str, way: _Way, evidence: Evidence) -> str:
    """The sentence, where the proven list's own server found DMARC to pass for the author; "" where it did not.

    The author stands in From, or in X-Original-From, which the list writes; Reply-To is the author's own (L39).
    """
    server = evidence.list_authserv.strip().lower()
    if not server or way.grade != "list":
        return ""
    place, author = "x-original-from", _address(message.header("x-original-from"))
    if message.sender.email != list_address:
        place, author = "from", message.sender if _one_author(message) else Address("", "")
    if not way.covers(place):
        return ""
    for name, value in message.headers:
        if name in ("x-original-authentication-results", "authentication-results") and way.covers(name):
            found = list(_methods(value, server))
            if found:  # the topmost alone
                good = [domain for result, domain in found if result == "pass"]
                fits = len(good) == len(found) == 1 and _aligned(author.email.rpartition("@")[2], good[0])
                return f"{server}, the list's server: DMARC pass for {good[0]}" if fits else ""
    return ""


def _unsigned(message: Message, evidence: Evidence) -> str:
    """Why our own check verified nobody, "" where there was nothing to check."""
    if not evidence.signatures:
        return ""
    own = message.sender.email.rpartition("@")[2] or "nobody"
    said = [
        f"signature of {s.domain or 'somebody'}: {s.reason if s.result != 'pass' else f'valid, and From is {own}'}"
        for s in evidence.signatures
    ]
    sealed = re.search(r"\bd\s{0,9}=\s{0,9}([a-z0-9.-]{1,200})", message.header("arc-seal")[:MOST].lower())
    if sealed:
        said.append(f"sealed (ARC) by {sealed[1]}, which proves nothing")
    return "; ".join(said)


def _aligned(own: str, domain: str) -> bool:
    """Is ``own`` the domain or below it? The other way round it would be anybody's who has a name below a shared one."""
    return "." in domain and bool(own) and (own == domain or own.endswith(f".{domain}"))


def _one_author(message: Message) -> bool:
    senders = [value for name, value in message.headers if name == "from"]
    return len(senders) == 1 and len(senders[0]) <= MOST and len(getaddresses(senders)) == 1


def _dmarc(message: Message, authserv: str) -> tuple[str, str]:
    """Its result by our own server (RFC 8601, RFC 7489), and a sentence; "" and "" where there is none (L38)."""
    for result, domain in _results(message, authserv):
        if result != "pass":
            return result, f"{authserv}: DMARC {result} for {domain or 'its From'}"
        if not _one_author(message):
            return "many", "there is more than one From"
        own = message.sender.email.rpartition("@")[2]
        if not _aligned(own, domain):
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
        if _server(value) != authserv:
            return
        yield from _methods(value, authserv)


def _server(value: str) -> str:
    return " ".join(_bare_of_comments(value).partition(";")[0].split()[:1])


def _methods(value: str, authserv: str) -> Iterator[tuple[str, str]]:
    """(DMARC's result, the domain of its From) in one Authentication-Results of this server; nothing in another's."""
    if _server(value) != authserv:
        return
    for method in _bare_of_comments(value).split(";")[1:]:
        found = re.match(r"\s*dmarc\s*=\s*([a-z]{1,20})\b", method)
        about = re.search(r"\bheader\.from\s*=\s*\"?([^\s\";]{1,255})", method)
        if found:
            yield found[1], (about[1] if about else "").rpartition("@")[2].strip(".")


def _bare_of_comments(value: str) -> str:
    return re.sub(r"\([^()]{0,500}\)", " ", value[:MOST]).lower()


def _through(message: Message, list_address: str, list_id: str, evidence: Evidence) -> _Way:
    """Does it say that it came through our list, and what proves it?"""
    by, claim = _claimed(message, list_address, list_id)
    if not by:
        return _Way("unknown", NO_LIST)
    at = list_address.rpartition("@")[2]
    kind, _, peer = evidence.way.partition(" ")
    handed = kind in ("smtp", "lmtp") and _within(peer, evidence.hosts)
    for signature in evidence.signatures or ():
        if signature.result == "pass" and by in signature.covers and _aligned(at, signature.domain):
            return _Way("list", f"{claim}, and signed by {signature.domain}", by, signature, handed)
    if evidence.hosts and kind in ("smtp", "lmtp"):
        if handed:
            return _Way("list", f"{claim}, and it came from {peer}", by, peer=True)
        return _Way("unknown", f"{claim}, but it came from {peer}, which is no host of the list's", by)
    if evidence.signatures is not None:
        why = _unsigned(message, evidence)
        return _Way("unknown", f"{claim}, but no signature of {at} covers it{f' ({why})' if why else ''}", by)
    return _Way("list", claim, by)


def _within(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    if not networks:
        return False
    from ipaddress import IPv6Address, ip_address  # late: few need it

    try:
        address = ip_address(peer)
    except ValueError:  # "local": a socket that is a file
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _claimed(message: Message, list_address: str, list_id: str) -> tuple[str, str]:
    """The header that names our list, and a sentence. List-Id is RFC 2919, List-Post RFC 2369. Anyone can write them."""
    wanted = list_id.strip().strip("<>").lower()
    for name, value in message.headers:
        if name == "list-id" and wanted and (_in_brackets(value) or value.strip().lower()) == wanted:
            return name, "List-Id is our list's"
        if name == "list-post" and list_address and _in_brackets(value).partition("?")[0] == f"mailto:{list_address}":
            return name, "List-Post is our list's"
    return "", NO_LIST


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
