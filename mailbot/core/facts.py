"""Facts: what threading needs of one message, small enough to be kept for each, so that re-threading needs no mail.

Law: pure, total, bounded. A line of text is known by a 32-bit hash of its letters and digits, so that quote marks,
white space and character sets do not change it; of a long text both sides keep the smallest hashes, hence the same.
"""

from __future__ import annotations

import hashlib
import re
import struct
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple
from zlib import crc32

from mailbot.core.alerts import plain_subject
from mailbot.core.ids import ID
from mailbot.core.message import Message
from mailbot.core.reply import Kind, Part
from mailbot.core.subject import read_subject

LETTERS = 24  # letters and digits that a line needs to tell something
LINES = 40  # hashes kept of a message
READ_CHARS = 262_144  # of a text are looked at for lines
COMMANDS = 10  # of one message are read (language.md 3.1)
REFERENCES = 64  # ids kept: the root and the nearest

MessageKind = Literal["human", "alert", "bounce", "auto", "ours"]

# ASCII that is neither letter nor digit, but for the line end.
_DROP = bytes(c for c in range(128) if not chr(c).isalnum() and c != 10)
_LOWER = bytes(range(256)).lower()
_WHITE = bytes(c for c in range(128) if chr(c).isspace())
_WIDE_WHITE = [chr(c) for c in range(128, 0x3001) if chr(c).isspace()]
_DROP_WIDE = re.compile(r"\W+")
_OUTLOOK = re.compile(
    r"[> \t*]*(?:Subject|Betreff|Objet|Oggetto|Asunto|Assunto|Onderwerp|Ämne|Emne|Aihe|Temat|Předmět|Predmet|Tárgy|Konu"
    r"|Тема|Θέμα|主题|主旨|件名|제목)[* \t]{0,3}[:：][* \t]{0,3}(\S.*)$",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"[> \t*-]*(?:From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|Feladó|Kimden|От|Από|发件人|寄件者|差出人|보낸 사람)"
    r"\s?[*:：]",
    re.IGNORECASE,
)
_DECLARED = re.compile(r"\[INCIDENT\]|(?<![\w\[-])INCIDENT(?![\w\]-])|\b[Ii] am declaring an incident\b")
_COMMAND = re.compile(
    r"^[ \t]*(?:#mailbot[ \t:,]+)?(?:(RESOLVED|CANCEL)|(REOPEN))"
    r"(?=[ \t.!]*$|[ \t]*(?:[:–—]|--?\s|,\s)"
    r"|(?<=RESOLVED)[ \t\xa0]+(?:~|at |about |ca\.? |around |now\b|yesterday\b|noon\b|midnight\b|\d))",
    re.MULTILINE,
)
_CASELESS = re.compile(r"^([ \t]*#mailbot[ \t:,]+)(resolved|cancel|reopen)\b", re.IGNORECASE | re.MULTILINE)
_OVER = re.compile(
    r"^[ \t]*i am declaring (?:this|the) incident (?:as )?(?:resolved|over)\b", re.IGNORECASE | re.MULTILINE
)
_ASKING = re.compile(
    r"(?:HELP|STATUS|TIMELINE|CATCHUP|WHY|REPORT(?: (?:instructlab|debrief))?|SEARCH:?(?: [^\W_][\w.'-]{0,40}){1,6})[.!?]?"
    r"|(?i:#mailbot[ \t:,]{1,3}(?:help|status|timeline|catchup|why|report|search(?: [^\W_][\w.'-]{0,40}){1,6})[.!?]?)"
)
_NAMING = re.compile(rf"[ \t]*(?:#mailbot[ \t:,]{{1,3}})?(?!(?i:merge))[A-Za-z]{{2,12}}:?[ \t]{{1,3}}{ID}\b")
_NO_TITLE = re.compile(
    r"\W{0,9}(?:(?:mailbot|bot|please|hello|hi|test|question|help|keywords?|commands?|status|timeline|search|report|why"
    r"|catchup|no subject|(?:past|old) incidents)\W{0,9}){0,3}",
    re.IGNORECASE,
)
_BROKEN = (
    r"down|out|outage|broken|breaks|dead|gone|slow|stuck|lost|fail\w*|error\w*|critical|unavailable|unreachable|offline"
    r"|timeout\w*|crash\w*|hang\w*"
)
_ALARM = re.compile(rf"\b(?:{_BROKEN})\b", re.IGNORECASE)
_TROUBLE = re.compile(
    r"\d[:h]\d|\b(?:is|are|was|has|have|does|since|for|all|every\w*|nobody|nothing|no|not|cannot|can.t|up"
    rf"|{_BROKEN})\b",
    re.IGNORECASE,
)
_OUR_ID = re.compile(rf"\b{ID}", re.IGNORECASE)


class Facts(NamedTuple):
    """What threading needs of one message.

    ``at``: the time that orders it, seconds since 1970 in UTC (arrival; Date where the message was imported).
    ``references``: References, then In-Reply-To, nearest last. ``thread_index``: 22 bytes as hex, "".
    """

    message_id: str
    at: float
    references: tuple[str, ...]
    thread_index: str
    subject: str  # decoded; of an alert: what it is about (core.alerts)
    sign: bool  # the body shows a reply: attribution line, Outlook block (a prefix is the Subject's)
    outlook_subject: str  # Subject: of an embedded Outlook block, ""
    quotes: tuple[int, ...]  # hashes of quoted lines
    lines: tuple[int, ...]  # hashes of own lines, which others might quote
    text_hash: str  # of the own text, white space and list footer off: 16 hex digits
    kind: str  # a MessageKind
    marked: bool  # subject or own text declares an incident
    ends: bool | None  # own text ends the incident (True), reopens it (False), says nothing of it (None)
    via: str = ""  # incident id in our reply address
    quoted: bool = False  # there is quoted text, of whatever length
    private: bool = False  # it came the private way, and not by the list
    asks: bool = False  # it answers nothing, and holds keywords that ask and not a word beside them
    names: bool = False  # it answers nothing, and each line is a keyword with the id of its incident (L18)

    def to_json(self) -> list[Any]:
        """A compact list for the state; ``from_json`` reads it."""
        flags = self.sign | self.marked << 1 | self.quoted << 2 | (self.ends is not None) << 3 | bool(self.ends) << 4
        flags |= self.private << 5 | self.asks << 6 | self.names << 7
        return [
            self.message_id,
            self.at,
            list(self.references),
            self.thread_index,
            self.subject,
            flags,
            self.outlook_subject,
            _pack(self.quotes),
            _pack(self.lines),
            self.text_hash,
            self.kind,
            self.via,
        ]

    @classmethod
    def from_json(cls, row: Sequence[Any]) -> Facts:
        """Raises ValueError where ``row`` was not made by ``to_json``."""
        try:
            message_id, at, references, index, subject, flags, outlook, quotes, lines, text_hash, kind, via = row
            ends = bool(flags & 16) if flags & 8 else None
            return cls(
                message_id=message_id,
                at=at,
                references=tuple(references),
                thread_index=index,
                subject=subject,
                sign=bool(flags & 1),
                outlook_subject=outlook,
                quotes=_unpack(quotes),
                lines=_unpack(lines),
                text_hash=text_hash,
                kind=kind,
                marked=bool(flags & 2),
                ends=ends,
                via=via,
                quoted=bool(flags & 4),
                private=bool(flags & 32),
                asks=bool(flags & 64),
                names=bool(flags & 128),
            )
        except (TypeError, ValueError, Base64Error, struct.error) as error:
            raise ValueError(f"these are no facts of a message: {error}") from error


class Known(NamedTuple):
    """What is remembered of a message once its place is known: as in Facts, at a quarter of what making one costs."""

    message_id: str
    at: float
    references: tuple[str, ...]
    thread_index: str
    subject: str
    sign: bool
    lines: tuple[int, ...]
    text_hash: str
    kind: str
    ends: bool | None
    quoted: bool
    private: bool = False

    @classmethod
    def from_json(cls, row: Sequence[Any]) -> Known:
        """Raises ValueError where ``row`` was not made by ``Facts.to_json``."""
        try:
            message_id, at, references, index, subject, flags, _, _, lines, text_hash, kind, _ = row
            sign, quoted, ends = flags & 1 > 0, flags & 4 > 0, flags & 16 > 0 if flags & 8 else None
            heard = _unpack(lines) if lines else ()
            refs, private = tuple(references), flags & 32 > 0
            return cls(message_id, at, refs, index, subject, sign, heard, text_hash, kind, ends, quoted, private)
        except (TypeError, ValueError, Base64Error, struct.error) as error:
            raise ValueError(f"these are no facts of a message: {error}") from error


def facts(message: Message, parts: tuple[Part, ...], at: float, kind: str) -> Facts:
    """The Facts of a message, ``parts`` being those of ``reply.split(message.text)``."""
    text = message.text
    own = "".join([text[p.start : p.end] for p in parts if p.kind is Kind.OWN])
    quoted = "".join([text[p.start : p.end] for p in parts if p.kind is Kind.QUOTE or p.kind is Kind.FORWARD])
    block = _outlook(text, parts)
    named = plain_subject(message.subject, machine=kind == "alert")
    subject = read_subject(named)
    ends = _ends(own)
    if ends is None and subject.status == "RESOLVED" and not subject.reply:
        ends = True
    return Facts(
        message_id=message.message_id,
        at=at,
        references=_bounded(message.references),
        thread_index=message.thread_index,
        subject=named,
        sign=block is not None or any(p.kind is Kind.ATTRIBUTION for p in parts),
        outlook_subject=block or "",
        quotes=line_hashes(quoted),
        lines=line_hashes(own),
        text_hash=text_hash(own),
        kind=kind,
        marked=_marked(message.subject) or _marked(own),
        ends=ends,
        via=_via(message),
        quoted=bool(quoted),
        asks=not message.references and asks(message.subject, own),
        names=not message.references and _OUR_ID.search(own, 0, 100) is not None and names(message.subject, own),
    )


def names(subject: str, own: str) -> bool:
    """Keywords with the id of their incident, one a line, and nothing else: they belong there. What a subject calls is new."""
    if _ALARM.search(subject):
        return False
    lines = [line for line in own.split("\n") if line.strip()]
    return 0 < len(lines) <= COMMANDS and all(_NAMING.match(line) for line in lines)


def asks(subject: str, own: str) -> bool:
    """Keywords that ask, and nothing else: a subject with a word of its own, a time, or a word of trouble may be an alarm."""
    own = own.strip()
    lines = [line.strip() for line in own.split("\n") if line.strip()] if len(own) <= 500 else []
    if not lines or not all(_ASKING.fullmatch(line) for line in lines):
        return False
    title = read_subject(subject).title
    return (title in lines or _NO_TITLE.fullmatch(title) is not None) and _TROUBLE.search(own) is None


def line_hashes(text: str) -> tuple[int, ...]:
    """Hashes of the lines that have at least LETTERS letters and digits: the LINES smallest, in order."""
    lines = text[:READ_CHARS].encode("utf-8", "replace").translate(_LOWER, _DROP).split(b"\n")
    long = [x for x in lines if len(x) >= LETTERS]
    if not text.isascii():
        long = [x for x in map(_letters, long) if len(x) >= LETTERS]
    return tuple(sorted(set(map(crc32, long)))[:LINES])


def _letters(line: bytes) -> bytes:
    if line.isascii():
        return line
    text = line.decode().casefold()
    return (text if text.isalnum() else _DROP_WIDE.sub("", text)).encode()


def text_hash(own: str) -> str:
    """Of the own text whatever its white space, which gateways and lists change."""
    for white in () if own.isascii() else _WIDE_WHITE:
        if white in own:
            own = own.replace(white, "")
    return hashlib.blake2b(own.encode("utf-8", "replace").translate(None, _WHITE), digest_size=8).hexdigest()


def _outlook(text: str, parts: Iterable[Part]) -> str | None:
    """The Subject of the first block of From, Sent, To and Subject lines, None without such a block."""
    for part in parts:
        if part.kind in (Kind.ATTRIBUTION, Kind.QUOTE, Kind.FORWARD):
            head = text[part.start : min(part.end, part.start + 2000)].lstrip().split("\n\n", 1)[0]
            if ":" not in head and "：" not in head:
                continue
            fields = [line for line in head.split("\n") if ":" in line or "：" in line]
            if len(fields) < 2:
                continue
            found = next((match for line in fields if (match := _OUTLOOK.match(line))), None)
            if found and any(_BLOCK.match(line) for line in fields):
                return found[1].strip()[:500]
    return None


def _marked(text: str) -> bool:
    return ("INCIDENT" in text or "declaring" in text) and _DECLARED.search(text) is not None


def _ends(own: str) -> bool | None:
    if "#mailbot" in own:
        own = _CASELESS.sub(lambda m: m[1] + m[2].upper(), own)
    found = None
    if "RESOLVED" in own or "CANCEL" in own or "REOPEN" in own:
        for step in _COMMAND.finditer(own):
            found = step[1] is not None
    if found is None and "declaring" in own and _OVER.search(own):
        return True
    return found


def _via(message: Message) -> str:
    for address in message.recipients:
        if "inc-" in address.email and (found := _OUR_ID.search(address.email)):
            return found.group().upper()
    return ""


def _bounded(references: tuple[str, ...]) -> tuple[str, ...]:
    if len(references) <= REFERENCES:
        return references
    return references[:1] + references[1 - REFERENCES :]


def _pack(hashes: tuple[int, ...]) -> str:
    return b64encode(struct.pack(f"<{len(hashes)}I", *hashes)).decode()


def _unpack(packed: str) -> tuple[int, ...]:
    raw = a2b_base64(packed)
    return struct.unpack(f"<{len(raw) // 4}I", raw)
