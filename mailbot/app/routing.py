"""Which lists a mail is for, where one daemon has several.

The law: every mail has at least one, or it would be lost; the first rule that names a list decides. A list server says it
in the envelope (RCPT) or in List-Id; who answers a notice by name writes to the bot, which several lists may share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mailbot.app.addressed import signed_to
from mailbot.core.message import parse

if TYPE_CHECKING:
    from mailbot.app.office import Office


def route(offices: Sequence[Office], raw: bytes, recipients: Iterable[str]) -> list[Office]:
    """The offices that keep this mail: at least one, in their order. ``recipients``: of the envelope, () without one."""
    if len(offices) == 1:
        return list(offices)
    return next(found for rule in _rules(offices, raw, {r.lower() for r in recipients}) if (found := rule))


def _rules(offices: Sequence[Office], raw: bytes, envelope: set[str]) -> Iterator[list[Office]]:
    yield [o for o in offices if not envelope.isdisjoint(_addresses(o))]
    yield [o for o in offices if envelope.intersection(o.config.private.addresses)]
    yield [o for o in offices if _gave(o, raw, tuple(envelope))]
    message = parse(raw)
    yield [o for o in offices if f"<{o.config.list.id.lower()}>" in message.header("list-id").lower()]
    named = [o for o in offices if any(_is_bot(o, address) for address in envelope)]
    yield named if len(named) == 1 else []
    answered = {r.strip("<>") for r in (message.header("in-reply-to") + " " + message.header("references")).split()}
    yield [o for o in offices if o.ready and any(a in o.register.ours for a in answered)]
    to = {address.email for address in message.recipients}
    yield [o for o in offices if not to.isdisjoint(_addresses(o))]
    yield named[:1]
    yield list(offices[:1])


def _gave(office: Office, raw: bytes, envelope: Sequence[str]) -> bool:
    """Did it come to a signed address that this list wrote in one of its mails? Several lists may share a bot."""
    found = signed_to(raw, envelope, office.config.list.bot)[0] if office.ready else []
    return any(each.mark in office.register.marks for each in found)


def _addresses(office: Office) -> tuple[str, ...]:
    return (office.config.list.address, *office.config.private.addresses)


def _is_bot(office: Office, address: str) -> bool:
    """Its own address, or one with an extension, as our envelope senders have: bot+b.ID@host."""
    user, _, host = address.partition("@")
    return f"{user.partition('+')[0]}@{host}" == office.config.list.bot
