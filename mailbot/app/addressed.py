"""To which of our own addresses a mail came, and what a signed one among them shows (``core.signed``).

The law: whoever knows a signed address and is the person to whom it was given has read the mail that it came with, and that
is proof enough, through every list; without either the mail is read as ever. ``intake.trust`` makes the grade of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime

from mailbot.core import signed
from mailbot.core.limits import head_of
from mailbot.core.message import Message, addresses, parse
from mailbot.core.signed import Signed

SPENT = (False, "the signed address that it came to was shown to others before")
WHERE = ("delivered-to", "x-original-to", "to", "cc")


def came_to(recipients: Sequence[str], message: Message) -> Iterator[str]:
    """Of the envelope, and what the headers say; from a mailbox there is no envelope."""
    yield from recipients
    for name, value in message.headers:
        if name in WHERE:
            yield from (each.email for each in addresses(value))


def signed_to(raw: bytes, recipients: Sequence[str], bot: str) -> tuple[list[Signed], Message | None]:
    """The signed addresses that a mail came to, and its headers; nothing is parsed for mail that came to none."""
    head = head_of(raw)
    if b"+r." not in head and b"+R." not in head and not any("+r." in each.lower() for each in recipients):
        return [], None
    message = parse(head + b"\n\n")
    return signed.of_ours(came_to(recipients, message), bot), message


def signed_among(recipients: Sequence[str], message: Message, bot: str) -> list[Signed]:
    """The same of a mail that is read already."""
    values = (*recipients, *(value for name, value in message.headers if name in WHERE))
    return signed.of_ours(came_to(recipients, message), bot) if "+r." in " ".join(values).lower() else []


def proven(
    raw: bytes,
    recipients: Sequence[str],
    *,
    bot: str,
    secret: bytes,
    clock: Callable[[], datetime],
    spent: Container[str] = (),
) -> tuple[bool, str]:
    """Is the signed address that a mail came to proof of its sender, and a sentence; "" where it came to none.

    ``spent``: marks whose addresses others have seen, since somebody answered to them too.
    """
    found, message = signed_to(raw, recipients, bot)
    if not found or message is None:
        return False, ""
    senders = [each for name, value in message.headers if name == "from" for each in addresses(value)]
    sender = senders[0].email if len(senders) == 1 else ""
    shown = [SPENT if each.mark in spent else signed.proof(each, sender, clock(), secret) for each in found]
    return next((each for each in shown if each[0]), shown[0])
