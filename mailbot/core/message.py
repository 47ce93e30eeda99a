"""Raw bytes -> Message. Total and bounded: whatever arrives, a Message comes out, with its problems.

Law: limits on header bytes, number of headers, parts and depth are kept before anything is parsed, because the
standard library is quadratic or recursive on hostile input. Nothing here raises, and nothing is read from the clock.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mime
from functools import lru_cache
from typing import NamedTuple

from mailbot.core.date import read_date
from mailbot.core.encoded import body_text, decode_words, header_text, plain_text
from mailbot.core.limits import PARTS, VALUE_BYTES, bounded, few_parts, head_end
from mailbot.core.signed import plain
from mailbot.core.structure import Pairs, Text, many_parts, one_part

HEADERS = 500
TEXT_CHARS = 2_097_152
ADDRESSES = 500
REFERENCES = 200


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: decoded display name ("" where none) and addr-spec, lower-case ("" where unreadable)."""

    name: str
    email: str

    def __str__(self) -> str:
        return self.name or self.email


NOBODY = Address("", "")


class Message(NamedTuple):
    """One mail as read; header values decoded, unfolded, without control characters.

    ``date`` is aware and keeps the sender's offset (UTC for ``-0000``, which says nothing of the sender: ``offset_known``
    is False then); None where the Date header is missing or unreadable.
    ``message_id`` has no angle brackets; where the mail had none it is made from its content (lesson L9).
    ``references``: ids of References then In-Reply-To, oldest first, unique, without its own.
    ``text``: the decoded text/plain body, line ends as ``\\n``; for HTML-only mail the text made from it.
    A signed reply address of ours stands in ``headers`` only, elsewhere without its signature: texts are quoted and printed.
    """

    message_id: str
    date: datetime | None
    offset_known: bool
    sender: Address
    reply_to: tuple[Address, ...]
    recipients: tuple[Address, ...]  # To and Cc
    subject: str
    references: tuple[str, ...]
    in_reply_to: tuple[str, ...]
    thread_index: str  # Outlook's Thread-Index, its first 22 bytes as hex, "" where none
    text: str
    from_html: bool
    headers: tuple[tuple[str, str], ...]  # (lower-case name, value) in order, bounded
    attachments: tuple[str, ...]  # file names or types of parts that are not read
    problems: tuple[str, ...]
    reports: tuple[str, ...] = ()  # texts of attached Markdown files: a draft report may come back so

    def header(self, name: str) -> str:
        """The first header of that name (lower-case), or ""."""
        return next((v for n, v in self.headers if n == name), "")


def parse(raw: bytes) -> Message:
    """One mail, with or without an mbox ``From `` line. Never raises; time is linear in ``len(raw)``."""
    problems: list[str] = []
    raw = bounded(raw, problems)
    head = head_end(raw)
    pairs, mime, printed = one_part(raw, head) or many_parts(few_parts(raw, head, problems), problems)
    headers = _headers(pairs, printed, problems)
    first = dict(reversed(headers))
    found: dict[str, list[str]] = {name: [] for name in ("from", "to", "cc", "references")}
    for name, value in headers:
        if name in found:
            found[name].append(value)
    text, from_html, attachments, reports = _body(mime, problems)
    date, offset_known = read_date(first.get("date", ""), problems)
    senders = addresses(first.get("from", ""))
    if len(found["from"]) > 1 or len(senders) > 1:
        problems.append("more than one From: the first was taken")
    people = addresses(plain(", ".join([*found["to"], *found["cc"]])))
    replied = _ids(first.get("in-reply-to", ""), people)
    known = _ids(" ".join(found["references"]), ())
    message_id = _own_id(first, text, problems)
    references = tuple(dict.fromkeys([i for i in (*known, *replied) if i != message_id]))
    if len(references) > REFERENCES:
        references = (references[0], *references[1 - REFERENCES :])
    return Message(
        message_id=message_id,
        date=date,
        offset_known=offset_known,
        sender=senders[0] if senders else NOBODY,
        reply_to=addresses(first.get("reply-to", "")),
        recipients=people,
        subject=plain(decode_words(first.get("subject", ""))),
        references=references,
        in_reply_to=tuple([i for i in replied if i != message_id]),
        thread_index=_thread_index(first.get("thread-index", "")),
        text=text,
        from_html=from_html,
        headers=_decoded(headers) if b"?" in raw[:head] else headers,  # -1 is right too: no word ends with its "?"
        attachments=attachments,
        problems=tuple(dict.fromkeys(problems)),
        reports=reports,
    )


def _headers(pairs: Pairs, printed: bool, problems: list[str]) -> tuple[tuple[str, str], ...]:
    """(lower-case name, value), unfolded and without raw 8-bit characters, encoded words still encoded."""
    if len(pairs) > HEADERS:
        problems.append(f"more than {HEADERS} headers: the rest was not read")
        del pairs[HEADERS:]
    if printed:
        return tuple([(name.lower(), value.strip()) for name, value in pairs])
    if any(len(value) > VALUE_BYTES for _, value in pairs):
        problems.append(f"a header over {VALUE_BYTES} bytes was cut")
        pairs = [(name, value[:VALUE_BYTES]) for name, value in pairs]
    return tuple([(name.lower(), header_text(value)) for name, value in pairs])


def _decoded(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, decode_words(value) if "=?" in value else value) for name, value in headers])


# ---- ids and addresses

_ID = re.compile(r"<([^<>]{1,500})>|\([^()]{0,500}\)|([^\s<>(),;\"]{1,500})")
_LISTED = re.compile(r"(?: {0,9}<[!-;=?-~]{1,500}>)+")  # ids and nothing else
_FROM_BEFORE = re.compile(r"\b(?:from|by)\b[^<>]{0,80}$", re.IGNORECASE)


def _ids(value: str, people: tuple[Address, ...]) -> tuple[str, ...]:
    """Message ids of a References or In-Reply-To value (RFC 5322 3.6.4, leniently: comments, bare ids; lesson L26).

    Old programs write ``Message from Alice <alice@x> of Monday <id@x>``: a person's address is no id.
    """
    if not value:
        return ()
    emails = {a.email for a in people}
    if _LISTED.fullmatch(value):  # nearly all
        ids = dict.fromkeys(value.replace("<", " ").replace(">", " ").split())
        return tuple([i for i in ids if i.lower() not in emails] if emails else ids)
    framed: list[str] = []
    bare: list[str] = []
    for match in _ID.finditer(value):
        if match[1]:
            name = "".join(match[1].split())
            before = value[max(0, match.start() - 90) : match.start()].rstrip()
            told = before and before[-1] != ">" and _FROM_BEFORE.search(before)
            if name.lower() not in emails and not told:
                framed.append(name)
        elif match[2]:
            bare.append(match[2])
    if not framed and bare and all("@" in b.strip("@") for b in bare):
        framed = [b for b in bare if b.lower() not in emails]
    return tuple(dict.fromkeys(i for i in framed if i))


def _own_id(first: dict[str, str], text: str, problems: list[str]) -> str:
    found = _ids(first.get("message-id", ""), ())
    if found:
        return found[0]
    problems.append("no Message-ID: one was made from the content")
    content = "\0".join((first.get("date", ""), first.get("from", ""), first.get("subject", ""), text))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:40] + "@no-message-id.invalid"


def _thread_index(value: str) -> str:
    try:
        data = base64.b64decode("".join(value.split()).encode("ascii", "ignore"))
    except (binascii.Error, ValueError):
        return ""
    return data[:22].hex() if len(data) >= 22 else ""


# Bounded repeats: without them a row of unclosed quotes or brackets is quadratic.
_ADDRESS = re.compile(
    r'"(?P<quoted>(?:\\.|[^"\\]){0,200})"|<(?P<angle>[^<>]{0,500})>|\((?P<comment>[^()]{0,500})\)|(?P<end>[,;])'
    r"|(?P<group>:)|(?P<atom>[^\s\"<>(),;:]{1,500})|(?P<other>.)"
)
_AT = re.compile(r" at ", re.IGNORECASE)
_SIMPLE = re.compile(r"(?:([\w.-]+(?: [\w.-]+)*) )?<([\w.+=-]+@[\w.-]+)>|([\w.+=-]+@[\w.-]+)", re.ASCII)  # nearly all


def addresses(value: str) -> tuple[Address, ...]:
    """The mailboxes of an address header, names decoded; groups opened, at most ADDRESSES. Linear, never raises."""
    return _short(value) if len(value) < 200 else _mailboxes(value)


@lru_cache(maxsize=2048)  # on a list, the same few people write to the same few
def _short(value: str) -> tuple[Address, ...]:
    return _mailboxes(value)


def _mailboxes(value: str) -> tuple[Address, ...]:
    simple = [_SIMPLE.fullmatch(each.strip()) for each in value.split(",", ADDRESSES)[:ADDRESSES]]
    if all(simple):
        return tuple([Address(m[1] or "", (m[2] or m[3]).strip(".").lower()) for m in simple if m])
    return _any_mailboxes(value)


def _any_mailboxes(value: str) -> tuple[Address, ...]:
    found: list[Address] = []
    phrase: list[str] = []
    angle = comment = ""
    for match in _ADDRESS.finditer(value + ","):
        kind = match.lastgroup
        if kind == "end":
            _mailbox(phrase, angle, comment, found)
            phrase, angle, comment = [], "", ""
            if len(found) >= ADDRESSES:
                break
        elif kind == "angle":
            angle = match["angle"] if "@" in match["angle"] or not angle else angle
        elif kind == "quoted":
            phrase.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        elif kind == "comment":
            comment = comment or match["comment"]
        elif kind == "group":
            phrase = []
        elif kind == "atom":
            phrase.append(match["atom"])
    return tuple(found)


def _mailbox(phrase: list[str], angle: str, comment: str, found: list[Address]) -> None:
    name = " ".join(phrase)
    spec = "".join(angle.split()).rpartition(":")[2]
    if not spec and name:  # no brackets: the words are the address; pipermail archives write "alice at example.org"
        flat = _AT.sub("@", " ".join(name.split())) if "@" not in name else name
        spec = next((w for w in flat.split() if "@" in w.strip("@")), "")
        if spec:
            name = comment
    elif not name and spec:
        name = comment
    if spec and "@" not in spec:
        name, spec = name or spec, ""
    if name or spec:
        found.append(Address(decode_words(name).strip(" '\""), decode_words(spec).strip(".'\"").lower()))


# ---- the body


def _body(mime: Mime | Text, problems: list[str]) -> tuple[str, bool, tuple[str, ...], tuple[str, ...]]:
    reader = _Reader(problems)
    try:
        pieces = [plain_text(*mime, problems)] if isinstance(mime, Text) else reader.read(mime)
    except Exception as error:  # a decoder of the stdlib: the mail stays, without its text
        problems.append(f"the body could not be read ({type(error).__name__})")
        pieces = []
    text = "\n".join(pieces)
    if len(text) > TEXT_CHARS:
        problems.append(f"text over {TEXT_CHARS} characters: the rest was not read")
        text = text[:TEXT_CHARS]
    return plain(text), reader.from_html, tuple(reader.attachments[:PARTS]), tuple(map(plain, reader.reports[:1]))


class _Reader:
    """Chooses what of a mail is its text: structure first, because a list's footer is often a text part of its own."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        self.attachments: list[str] = []
        self.reports: list[str] = []
        self.from_html = False

    def read(self, part: Mime) -> list[str]:
        """The inline texts below ``part``, in order."""
        kind = part.get_content_type()
        children = part.get_payload() if part.is_multipart() else ""  # of a text it decodes all, for nothing
        if isinstance(children, list) and not kind.startswith("message/"):
            if kind == "multipart/alternative":
                return self._alternative([c for c in children if isinstance(c, Mime)])
            return self._mixed([c for c in children if isinstance(c, Mime)])
        name = _file_name(part)
        inline = kind.startswith("text/") and kind not in ("text/calendar", "text/x-vcard", "text/rtf")
        if kind.startswith("multipart/"):  # a boundary that never came: the stdlib leaves the text as it was
            inline = True
        if not inline or part.get("content-disposition", "").strip().lower().startswith("attachment"):
            self._attached(part, name or kind)
            return []
        text = body_text(part, self.problems)
        if kind != "text/html":
            return [text]
        from mailbot.core.html import to_text  # late: the HTML library is a third of the import time of everything

        self.from_html = True
        return [to_text(text, self.problems)]

    def _attached(self, part: Mime, name: str) -> None:
        self.attachments.append(name)
        if part.get_content_maintype() != "multipart" and name.lower().endswith((".md", ".markdown", "/markdown")):
            self.reports.append(body_text(part, self.problems)[:TEXT_CHARS])

    def _mixed(self, children: list[Mime]) -> list[str]:
        pieces: list[str] = []
        for child in children:
            if pieces and _file_name(child) and child.get_content_maintype() == "text":
                self._attached(child, _file_name(child))
                continue
            pieces += self.read(child)
        return pieces

    def _alternative(self, children: list[Mime]) -> list[str]:
        """Plain text where it says anything, else the last form that has text (RFC 2046 5.1.4)."""
        plain = [c for c in children if c.get_content_type() == "text/plain"]
        others = [c for c in children if c.get_content_type() != "text/plain"]
        for child in (*plain, *reversed(others)):
            before = self.from_html
            pieces = self.read(child)
            if any(p.strip() for p in pieces):
                return pieces
            self.from_html = before
        return []


_NAME = re.compile(r"(?:file)?name\*?0?\*?\s{0,9}=\s{0,9}(?:\"([^\"]{1,300})\"|([^\s;]{1,300}))", re.IGNORECASE)


def _file_name(part: Mime) -> str:
    # Not part.get_filename(): it raises on some "name*" parameters (lesson L33).
    for header in ("content-disposition", "content-type"):
        match = _NAME.search(header_text(str(part.get(header, "")))[:2000])
        if match:
            return decode_words(match[1] or match[2]).strip()
    return ""
