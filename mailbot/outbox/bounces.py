"""What a bounce says: did the mail fail for good, for now, or not at all, and in whose words (RFC 3464, RFC 3463).

Law: total and bounded. Whose mail failed is not read here: only a signed envelope address tells that (``verp``). Without a
delivery-status part, as old servers write, the first code in the text counts.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mime
from typing import Literal

from mailbot.core.limits import bounded, few_parts, head_end

MOST = 500_000  # bytes that are looked at: the report stands before the mail that is sent back
TEXT = 20_000  # characters of text that are searched for a code
GROUPS = 200  # recipients in one report
Verdict = Literal["gone", "failed", "delayed", "delivered"]
# An address that is not there: bad mailbox, system or syntax, moved without a new address, null MX; mailbox disabled
_GONE = re.compile(r"5\.1\.(?:1|2|3|6|10)|5\.2\.1")
_STATUS = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\.[0-7]\.\d{1,3}|[45][0-5]\d(?=[ -](?!\d)))(?![\d.])")
_UNKNOWN = re.compile(
    r"(?:user|mailbox|recipient|address|account)(?: address)?(?: is)? (?:unknown|rejected: user unknown|not found|"
    r"unavailable|disabled|does(?:n't| not) exist|inactive)|(?:no such|unknown|invalid) (?:user|recipient|mailbox|address)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"delay|not yet been delivered|will (?:keep trying|be retried|retry)|warning message only", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """``gone``: there is no such address; ``failed``: given up for another reason; the others did no harm.

    ``status``: an enhanced code or a reply code, "" where none is said; ``words``: the server's, on one line.
    """

    verdict: Verdict
    status: str
    words: str


def read(raw: bytes, recipient: str = "") -> Bounce:
    """``recipient``: whose report is wanted where one mail reports of several."""
    problems: list[str] = []
    cut = bounded(raw[:MOST], problems)
    cut = few_parts(cut, head_end(cut), problems)
    try:
        mime = email.message_from_bytes(cut)
        groups = list(_groups(mime))
        text = "" if groups else _text(mime)
    except Exception:  # the standard library on hostile input; what it cannot read says nothing
        groups, text = [], cut[:TEXT].decode("utf-8", "replace")
    if groups:
        return _reported(_best(groups, recipient.casefold()))
    return _told(text)


def is_gone(reply: str) -> bool:
    """Does a server's reply at the hand-over say that there is no such address?"""
    return _told(reply).verdict == "gone"


def _groups(mime: Mime) -> Iterator[dict[str, str]]:
    """The fields of each recipient, lower-case names: the parser makes one small message of each group."""
    count = 0
    for part in mime.walk():
        payload = part.get_payload()
        if part.get_content_type() != "message/delivery-status" or not isinstance(payload, list):
            continue
        for group in (each for each in payload if isinstance(each, Mime)):
            fields = {name.lower(): " ".join(str(value).split())[:1000] for name, value in group.items()}
            if "action" in fields or "status" in fields:
                count += 1
                yield fields
            if count >= GROUPS:
                return


def _best(groups: list[dict[str, str]], recipient: str) -> dict[str, str]:
    """The recipient's own; else (an alias stands there) the first that failed, else the first."""

    def named(group: dict[str, str]) -> bool:
        said = f"{group.get('final-recipient', '')} {group.get('original-recipient', '')}".casefold()
        return bool(recipient) and recipient in re.split(r"[\s;<>]+", said)

    own = [group for group in groups if named(group)]
    failed = [group for group in groups if group.get("action", "").casefold().startswith("failed")]
    return (own or failed or groups)[0]


def _reported(group: dict[str, str]) -> Bounce:
    found = _STATUS.search(group.get("status", ""))
    diagnostic = group.get("diagnostic-code", "").partition(";")
    words = (diagnostic[2] or diagnostic[0]).strip()
    status = found[1] if found else ""
    # "5.0.0" and "5.1.0" say little; the server's own words often say more
    inner = _STATUS.search(words)
    if inner and inner[1][0] == "5" and (not status or status.endswith(".0")):
        status = inner[1]
    action = group.get("action", "").casefold().partition(" ")[0].strip(";,.")
    if action in ("delivered", "relayed", "expanded") or (not action and status.startswith("2")):
        return Bounce("delivered", status, words)
    if action == "delayed":
        return Bounce("delayed", status, words)
    return Bounce(_kind(status, words), status, words)


def _told(text: str) -> Bounce:
    found = _CODE.search(text)
    status = found[1] if found else ""
    line = text[max(0, text.rfind("\n", 0, found.start())) :] if found else text
    words = " ".join(line[:200].split())
    if not status.startswith("5") and _LATER.search(text):
        return Bounce("delayed", status, words)
    return Bounce(_kind(status, text), status, words)


def _kind(status: str, words: str) -> Verdict:
    if _GONE.fullmatch(status):
        return "gone"
    vague = not status or status in ("550", "551", "553") or re.fullmatch(r"5\.[013]\.0", status)
    return "gone" if vague and _UNKNOWN.search(words[:TEXT]) else "failed"


def _text(mime: Mime) -> str:
    """The first text; what is enclosed (the mail that came back) does not count."""
    part = mime
    for _ in range(30):
        payload = part.get_payload()
        if not part.is_multipart() or not isinstance(payload, list) or not payload:
            break
        if part.get_content_maintype() == "message":
            return ""
        first = payload[0]
        part = first if isinstance(first, Mime) else part
    body = part.get_payload(decode=True)
    return body[:TEXT].decode("utf-8", "replace") if isinstance(body, bytes) else ""
