"""Reply addresses that show who answers: each is given to one person, with one mail, and is good for thirty days.

    mailbot+r.0123456789ab.261222.k3v7q2m9xabc@example.org      mark of the Message-ID, last day (UTC), signature

The law: the signature is over mark, day and the person's address, so an address proves something only of mail whose From is
that person (L38), and only to who has the secret: Message-IDs of list mail are public (L41). Wherever it came from, it
says which mail is answered; that is a way in like In-Reply-To, and no proof. It is never printed: ``plain`` takes it out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.core.entries import MailingList

LIVES = timedelta(days=30)  # a report's last reminder comes after so long; who answers later is asked for a CONFIRM
MOST = 64  # octets of a local part (RFC 5321 4.5.3.1.1)
_TAIL = r"\+r\.([0-9a-f]{12})\.(\d{6})\.([a-z2-7]{12})"
_SHAPE = re.compile(rf"(?P<user>[^@\s]{{1,64}}){_TAIL}", re.IGNORECASE)
_PRINTED = re.compile(_TAIL, re.IGNORECASE)
_MAY_BE = re.compile(r"\+[rR]\.")  # a cheap first question: each letter is compared with one, and rarely with a second


@dataclass(frozen=True, slots=True)
class Signed:
    """What an address says, each in lower case."""

    mark: str
    day: str
    signature: str

    @property
    def until(self) -> date | None:
        """The last day on which it is good, in UTC; None where that is no day."""
        try:
            return datetime.strptime(f"20{self.day}+0000", "%Y%m%d%z").date()
        except ValueError:
            return None


def mark(message_id: str) -> str:
    """What an address says of the mail that it came with: twelve hex digits."""
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:12]


def given(bot: str, message_id: str, to: str, now: datetime, secret: bytes) -> str:
    """The address for answers of ``to``; the same for the same mail. ``bot`` itself where it is too long for one."""
    user, _, host = bot.partition("@")
    day = f"{(now.astimezone(UTC) + LIVES):%y%m%d}"
    text = f"{mark(message_id)}.{day}"
    local = f"{user}+r.{text}.{_signature(text, to, secret)}"
    return f"{local}@{host}" if len(local) <= MOST else bot


def reply_to(
    listed: MailingList, private: bool, to: Sequence[str], message_id: str, now: datetime, secret: bytes
) -> str:
    """Where answers to a mail of ours go: to a signed address where one person alone gets it, there is a secret, and
    the mail server takes plus addresses; else to the list, or the bot where it is private."""
    groups = {listed.address, *listed.roles, *listed.private}
    if secret and listed.plus and len(to) == 1 and to[0] not in groups:
        return given(listed.bot, message_id, to[0], now, secret)
    return listed.bot if private else listed.address


def read(address: str, bot: str) -> Signed | None:
    """What an address of ours says; None for every other. Whether it is true, ``proof`` says."""
    local, _, host = address.strip().strip("<>").rpartition("@")
    user, _, home = bot.lower().partition("@")
    found = _SHAPE.fullmatch(local) if len(local) <= MOST and host.lower() == home else None
    if found is None or found["user"].lower() != user:
        return None
    return Signed(found[2].lower(), found[3], found[4].lower())


def proof(signed: Signed, sender: str, now: datetime, secret: bytes) -> tuple[bool, str]:
    """Does a mail of ``sender`` (its only From) that came to the address show that they wrote it? And a sentence."""
    text = f"{signed.mark}.{signed.day}"
    if not sender or not hmac.compare_digest(_signature(text, sender, secret), signed.signature):
        return False, f"the signed address that it came to was not given to {sender or 'its sender'}"
    if signed.until is None or now.astimezone(UTC).date() > signed.until:
        return False, f"the signed address that it came to was good until {signed.until}"
    return True, f"it came to the address that was given to {sender} only"


def of_ours(addresses: Iterable[str], bot: str) -> list[Signed]:
    """Those among them that are signed addresses of ``bot``, each once."""
    return list(dict.fromkeys(found for each in addresses if (found := read(each, bot)) is not None))


def plain(text: str) -> str:
    """The text with the bare address of the bot in the place of each signed one."""
    return _PRINTED.sub("", text) if _MAY_BE.search(text) else text


def signature(secret: bytes, words: str, length: int) -> str:
    """Letters and digits (base32) that only who has the secret can make. The first of ``words`` says what it is for."""
    digest = hmac.digest(secret, words.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode().lower()[:length]


def _signature(text: str, to: str, secret: bytes) -> str:
    return signature(secret, f"reply {text} {to.strip().lower()}", 12)
