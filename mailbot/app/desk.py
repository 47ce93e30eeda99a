"""One mail on the desk: what it is, before it is known where it belongs. No disk, no clock; the same mail gives the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import NamedTuple

from mailbot.core.facts import Facts, facts
from mailbot.core.ids import ID
from mailbot.core.incident import MailingList, Said
from mailbot.core.kinds import kind
from mailbot.core.message import Message, parse
from mailbot.core.publication import private_way
from mailbot.core.reading import NOTHING, Reading, read
from mailbot.core.reply import Part, own_spans, split
from mailbot.core.subject import read_subject
from mailbot.core.times import Context
from mailbot.core.zones import read_zone
from mailbot.intake.trust import Trust, judge

NONE: Mapping[str, str] = MappingProxyType({})
_ID_LINE = re.compile(rb"(?im)^message-id:[^\r\n]{1,500}")
_OUR_ID = re.compile(rf"({ID})\.")  # so our Message-IDs about one incident begin
AHEAD = 256, 4 << 20  # mails, bytes: so many are read together, step by step
OLDEST = datetime(1971, 1, 1, tzinfo=UTC)  # a Date before mail of this kind is no date (seen: 1945)


class Taken(NamedTuple):
    """A mail with all that can be said of it alone. ``at`` orders it: arrival, or Date where it was imported."""

    message: Message
    parts: tuple[Part, ...]
    kind: str  # ours, bounce, auto, alert, human (duplicate is found by threading)
    reason: str
    trust: Trust
    facts: Facts
    at: datetime
    imported: bool
    broke: str = ""  # why it could not be read


class Words(NamedTuple):
    """What a mail says by its words alone."""

    message: Message
    parts: tuple[Part, ...]
    reason: str  # of its kind
    facts: Facts  # with no time yet, and whether it is private is not known


def read_ahead(mails: Iterable[bytes]) -> Iterator[tuple[bytes, Words | None]]:
    """Each mail of an old archive with what ``take_in`` asks of it; None where one near it breaks our code (law 4).

    A step is taken for many mails before the next one: its code stays in the processor's cache, which is a sixth of the
    time of an import.
    """
    batch: list[bytes] = []
    size = 0
    for raw in mails:
        batch.append(raw)
        size += len(raw)
        if len(batch) >= AHEAD[0] or size >= AHEAD[1]:
            yield from _together(batch)
            batch, size = [], 0
    yield from _together(batch)


def _together(batch: list[bytes]) -> Iterable[tuple[bytes, Words | None]]:
    try:
        return list(zip(batch, _words(batch), strict=True))
    except Exception:  # each by itself, then
        return [(raw, None) for raw in batch]


def _words(mails: Sequence[bytes], envelope: str | None = None, answers: tuple[str, ...] = ()) -> list[Words]:
    messages = [_answering(parse(raw), answers) for raw in mails]
    parts = [split(message.text) for message in messages]
    kinds = [kind(message, envelope) for message in messages]
    each = zip(messages, parts, kinds, strict=True)
    return [Words(message, own, why, facts(message, own, 0.0, what)) for message, own, (what, why) in each]


def take_in(
    raw: bytes,
    at: datetime,
    *,
    mailing_list: MailingList,
    list_id: str,
    ours: Container[str],
    envelope: str | None,
    imported: bool,
    redacted: Mapping[str, str] = NONE,
    dated_to: datetime | None = None,
    kept: str = "",
    answers: tuple[str, ...] = (),
    words: Words | None = None,
) -> Taken:
    """``kept``: what was found of its sender when it arrived. ``answers``: the mails of ours with whose signed addresses it
    came. ``redacted``: what redacted mails were, by Message-ID, where this is one of them.

    With a mail of an old archive: ``dated_to``, the present: its Date counts, and ``at`` only where it has none; ``words``:
    what ``read_ahead`` found.
    """
    try:
        message, parts, reason, known = words or _words([raw], envelope, answers)[0]
        what = known.kind
        at = (date_of(message, dated_to) if dated_to else None) or at
        if message.message_id in redacted:
            what, reason = redacted[message.message_id], "it was so before its words were taken out"
        elif message.message_id in ours:
            what, reason = "ours", "the archive says that we wrote it"
        if what != known.kind:
            known = facts(message, parts, 0.0, what)
        via = next((found[1] for each in answers if (found := _OUR_ID.match(each))), known.via)
        private = private_way(mailing_list, message.recipients)
        known = known._replace(at=at.timestamp(), private=private, via=via)
        trust = judge(
            message, list_address=mailing_list.address, list_id=list_id, authserv=mailing_list.authserv, kept=kept
        )
        return Taken(message, parts, what, reason, trust, known, at, imported)
    except Exception as error:  # a mail that breaks our code stops nothing else (law 4); nobody knows yet which it is
        return _set_aside(raw, at, imported, f"it broke mailbot: {type(error).__name__}: {error}")


def _answering(message: Message, answers: tuple[str, ...]) -> Message:
    """As if its headers said what it answers: mail programs drop them, the address that they write to stays."""
    if not answers:
        return message
    replied = tuple(dict.fromkeys((*message.in_reply_to, *answers)))
    return message._replace(in_reply_to=replied, references=tuple(dict.fromkeys((*message.references, *answers))))


def _set_aside(raw: bytes, at: datetime, imported: bool, why: str) -> Taken:
    """Such a mail by its Message-ID alone: it opens nothing and is not answered."""
    named = _ID_LINE.search(raw, 0, 20_000)
    known = (named[0] if named else b"") + b"\nX-Hash: " + hashlib.sha256(raw).hexdigest().encode() + b"\n\n"
    message = parse(known.lstrip())
    message = message._replace(problems=(*message.problems, why))
    trust = Trust("unknown", message.sender, False, ())
    return Taken(message, (), "auto", why, trust, facts(message, (), at.timestamp(), "auto"), at, imported, why)


def written_by_us(raw: bytes, at: datetime) -> Taken:
    """A mail of ours, from the out side of the archive: its incident and its notices stand in its headers."""
    message = parse(raw)
    parts = split(message.text)
    known = facts(message, parts, at.timestamp(), "ours")._replace(via=message.header("x-mailbot-incident"))
    return Taken(message, parts, "ours", "", Trust("ours", message.sender, False, ()), known, at, False)


def date_of(message: Message, now: datetime) -> datetime | None:
    """The Date header as an imported mail's time, None where it cannot be."""
    try:
        at = message.date.astimezone(UTC) if message.date is not None else None
    except OverflowError:  # the first and the last day of the calendar
        return None
    return at if at is not None and OLDEST <= at <= now + timedelta(days=2) else None


def context(taken: Taken, mailing_list: MailingList, sender_zone: str) -> Context:
    """What the reader of times must know beside the text."""
    date = taken.message.date or taken.at
    known = taken.message.offset_known and taken.message.date is not None
    return Context(date, known, sender_zone, mailing_list.zone, taken.message.subject)


def said(taken: Taken, mailing_list: MailingList, sender_zone: str) -> Said:
    """The message as the fold wants it, with its times and commands read."""
    reading: Reading = NOTHING
    if taken.kind in ("human", "alert"):
        try:
            reading = read(taken.message, taken.parts, context(taken, mailing_list, sender_zone))
        except Exception as error:  # as above
            problem = f"its times and keywords broke mailbot: {type(error).__name__}: {error}"
            reading = replace(NOTHING, problems=(problem,))
    message = taken.message
    who = taken.trust.author if taken.trust.author.email else message.sender
    return Said(
        message.message_id,
        who,
        taken.at,
        taken.kind,
        message.subject,
        read_subject(message.subject).title,
        not taken.imported,
        reading,
        message.recipients,
        message.date,
        message.in_reply_to,
        _plain(taken, reading),
        _clock(message, sender_zone),
        _alone(taken, mailing_list),
        grade=taken.trust.grade,
    )


def _alone(taken: Taken, mailing_list: MailingList) -> bool:
    """Was it sent to us and not to the list, nor to those who get what is private?"""
    others = {a.email for a in taken.message.recipients} & {mailing_list.address, *mailing_list.private}
    return not (taken.imported or others or taken.trust.grade == "list")


def _plain(taken: Taken, reading: Reading) -> str:
    """The own text of a reply in which no keyword was read, "" for other mails."""
    if taken.kind != "human" or reading.commands or not taken.message.in_reply_to:
        return ""
    return "".join(taken.message.text[start:end] for start, end in own_spans(taken.parts)).strip()


def _clock(message: Message, sender_zone: str) -> tzinfo | None:
    """Where the sender's clock is, None where they say nothing of it (-0000)."""
    zone = read_zone(sender_zone) if sender_zone else None
    if zone is not None:
        return zone.info
    return message.date.tzinfo if message.date is not None and message.offset_known else None
