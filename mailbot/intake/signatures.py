"""A mail's DKIM signatures (RFC 6376), checked by ourselves: the one module that knows dkimpy.

The law: what passes is what people will read. A signature counts only where it covers the whole text, the one From,
Subject, Date and Message-ID; anything that two readers could read in two ways is refused. Total and bounded, whatever
arrives: dkimpy is slow on hostile mails and keys, so its input is limited here, and what it raises ends here.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mailbot.core.limits import HEAD

if TYPE_CHECKING:
    from dkim import DKIM

Lookup = Callable[[str], bytes | None]
"""name -> its one TXT record, None where there is none. Raises TimeoutError where nobody answers."""

LONGEST = 2_000_000  # bytes of a mail that is checked
HEADERS = 500
MOST = 3  # signatures that are looked at: author, mail provider, list
TAGS = 4_000  # bytes of one signature; dkimpy's pattern for b= takes the square of it
NAMES = 100  # headers in h=
RECORD = 2_000  # bytes of a key: RSA with 8192 bits has 1,500
SHORTEST = 1024  # bits of an RSA key (RFC 8301)
EXPONENT = 32  # bits: real ones have 17, and one of the modulus' size takes a third of a second
COVERED = (b"from", b"subject", b"date", b"message-id")  # what people read, and what tells a mail that is sent again

_DOMAIN = re.compile(r"(?=.{1,200}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_SELECTOR = re.compile(r"(?=.{1,200}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")
_TWO_WAYS = re.compile(rb"\r(?!\n)|\0|\nFrom[ \t]", re.IGNORECASE)  # dkimpy takes CR as text and skips "From "
_SILENT = logging.getLogger("mailbot.intake.dkimpy")  # it logs as errors what senders did
_SILENT.disabled = True


@dataclass(frozen=True, slots=True)
class Signature:
    """``domain``: d=, "" where none can be read. ``result``: pass, fail or temperror (the DNS was silent).

    ``reason``: words that go after "signature of DOMAIN: ". ``covers``: of a pass, the lower-case names of the headers that
    stand once in the mail and are signed.
    """

    domain: str
    result: str
    reason: str
    covers: frozenset[str] = frozenset()


class _Bad(Exception):
    """Why a signature does not count."""


def carries(raw: bytes) -> bool:
    """Is there a signature to check?"""
    return b"dkim-signature" in raw[:HEAD].lower()


def check(raw: bytes, lookup: Lookup, now: datetime) -> tuple[Signature, ...]:
    """The first MOST signatures, in their order; () where there are none. Never raises; blocks as long as ``lookup`` does."""
    try:
        return _check(raw, lookup, now)
    except Exception as error:  # dkimpy: IndexError, AssertionError, AttributeError were seen
        return (Signature("", "fail", f"cannot be checked ({type(error).__name__})"),)


def _check(raw: bytes, lookup: Lookup, now: datetime) -> tuple[Signature, ...]:
    import dkim  # late: a third of a second, and few installations need it

    end = _END.search(raw, 0, HEAD)
    if end is None or len(raw) > LONGEST:
        return (Signature("", "fail", "the mail is too long to be checked"),)
    if _TWO_WAYS.search(raw, 0, end.end()):
        return (Signature("", "fail", "the mail's headers can be read in two ways"),)
    mail = dkim.DKIM(raw, logger=_SILENT, minkey=SHORTEST)
    names = Counter(name.lower() for name, _ in mail.headers)
    if names[b"from"] != 1 or len(mail.headers) > HEADERS:
        return (Signature("", "fail", f"the mail has {names[b'from']} From in {len(mail.headers)} headers"),)
    values = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    one = _One(mail, names, lookup, now)
    return tuple(one.verify(index, value) for index, value in enumerate(values[:MOST]))


class _One:
    """One mail whose signatures are verified."""

    def __init__(self, mail: DKIM, names: Counter[bytes], lookup: Lookup, now: datetime) -> None:
        self.mail, self.names, self.lookup, self.now = mail, names, lookup, now
        self.text = mail.body

    def verify(self, index: int, value: bytes) -> Signature:
        from dkim import DKIMException

        domain = ""
        try:
            tags = _tags(value)
            domain = tags.get(b"d", b"").decode("ascii", "replace").lower()
            covered = self._covered(tags)
            # The same for "relaxed", which dkimpy finds in quadratic time: minutes for a megabyte of blanks, and no
            # other thread runs meanwhile.
            relaxed = tags.get(b"c", b"").rpartition(b"/")[2] == b"relaxed"
            self.mail.body = re.sub(rb"[\t ]+", b" ", self.text) if relaxed else self.text
            if not self.mail.verify(index, dnsfunc=lambda name, timeout=0: self._key(name, tags)):
                return Signature(domain, "fail", "the headers that it covers were changed on the way")
            return Signature(domain, "pass", "valid", covered)
        except TimeoutError:
            return Signature(domain, "temperror", "the DNS did not answer")
        except _Bad as bad:
            return Signature(domain if _DOMAIN.fullmatch(domain) else "", "fail", str(bad))
        except DKIMException as error:
            changed = str(error).startswith("body hash")
            return Signature(domain, "fail", "the text was changed on the way" if changed else "it cannot be read")

    def _covered(self, tags: dict[bytes, bytes]) -> frozenset[str]:
        """Names that stand once and are signed. Raises _Bad where the signature cannot count, whatever its key."""
        names = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
        expires = tags.get(b"x", b"")
        if not _DOMAIN.fullmatch(tags.get(b"d", b"").decode("latin-1").lower()):
            raise _Bad("d= is no domain")
        if not _SELECTOR.fullmatch(tags.get(b"s", b"").decode("latin-1")):
            raise _Bad("s= is no selector")
        if tags.get(b"a") not in (b"rsa-sha256", b"ed25519-sha256"):
            raise _Bad("made in a way that is not safe")  # rsa-sha1, RFC 8301
        if b"l" in tags:
            raise _Bad("it covers a part of the text only (l=), and anybody could have added the rest")
        if expires and not (re.fullmatch(rb"\d{1,12}", expires) and int(expires) > self.now.timestamp()):
            raise _Bad("it has expired")
        if len(names) > NAMES:
            raise _Bad("it covers too many headers")
        for name in COVERED:
            if self.names[name] and (self.names[name] > 1 or name not in names):
                raise _Bad(f"it does not cover the one {name.decode().title()}")
        return frozenset(name.decode("ascii", "replace") for name in names if self.names[name] == 1)

    def _key(self, name: bytes, tags: dict[bytes, bytes]) -> bytes:
        """The record, checked, because dkimpy takes keys of any size and of a test. Raises _Bad, and what the DNS raises."""
        record = self.lookup(name.decode("ascii").rstrip(".").lower())
        if not record:
            raise _Bad("the DNS has no key for it")
        if len(record) > RECORD:
            raise _Bad("its key is too long")
        key = _tags(record)
        kind = key.get(b"k", b"rsa")
        flags = {flag.strip() for flag in key.get(b"t", b"").split(b":")}
        same = tags.get(b"i", b"@" + tags[b"d"]).lower().rpartition(b"@")[2] == tags[b"d"].lower()
        if not key.get(b"p"):
            raise _Bad("its key was revoked")
        if b"y" in flags or (b"s" in flags and not same):
            raise _Bad("its key is not for this")
        if not tags[b"a"].startswith(kind + b"-") or b"sha256" not in key.get(b"h", b"sha256").split(b":"):
            raise _Bad("its key is for another way to sign")
        if kind == b"rsa":
            _rsa(key[b"p"])
        return record


def _tags(value: bytes) -> dict[bytes, bytes]:
    from dkim.util import InvalidTagValueList, parse_tag_value

    if len(value) > TAGS:
        raise _Bad("it is too long")
    try:
        return parse_tag_value(value)
    except InvalidTagValueList:
        raise _Bad("it cannot be read") from None


def _rsa(key: bytes) -> None:
    from dkim.crypto import UnparsableKeyError, parse_public_key

    try:
        found = parse_public_key(base64.b64decode(key))
    except (UnparsableKeyError, binascii.Error):
        raise _Bad("its key cannot be read") from None
    bits = found["modulus"].bit_length()
    if bits < SHORTEST or not 1 < found["publicExponent"] < 2**EXPONENT:
        raise _Bad(f"its key of {bits} bits is too weak")
