"""Envelope senders that say, when a bounce comes to them, which mail of ours bounced at whom (VERP).

    mailbot+b.0123456789ab.0.k3v7q2m9xa@example.org      mark of the Message-ID, number of the recipient, signature

Law: each recipient gets a sender of its own, and only what we signed is believed: Message-IDs of list mail are public, so
without a signature anybody could have anybody's mail stopped (lesson L41).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from mailbot.core.signed import mark, signature

_SHAPE = re.compile(r"b\.(?P<mark>[0-9a-f]{12})\.(?P<number>\d{1,4})\.(?P<signature>[a-z2-7]{10})")


@dataclass(frozen=True, slots=True)
class Returned:
    """What a signed address says: ``core.signed.mark`` of our Message-ID, and which of its recipients, from 0."""

    mark: str
    number: int


def sender(bot: str, message_id: str, number: int, secret: bytes) -> str:
    """The envelope sender for one recipient of a mail; ``bot``: our own address, which keeps its domain."""
    user, _, host = bot.partition("@")
    text = f"b.{mark(message_id)}.{number}"
    return f"{user}+{text}.{_signature(text, secret)}@{host}"


def returned(address: str, bot: str, secret: bytes) -> Returned | None:
    """What an address says to which a bounce came; None where it is none of ours or the signature is wrong."""
    user, _, host = bot.lower().partition("@")
    local, _, domain = address.strip().lower().partition("@")
    name, _, extension = local.partition("+")
    found = _SHAPE.fullmatch(extension)
    if found is None or (name, domain) != (user, host):
        return None
    text = extension.rpartition(".")[0]
    good = hmac.compare_digest(_signature(text, secret), found["signature"])
    return Returned(found["mark"], int(found["number"])) if good else None


def _signature(text: str, secret: bytes) -> str:
    return signature(secret, f"verp {text}", 10)
