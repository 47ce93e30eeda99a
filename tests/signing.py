"""Mails with real signatures: keys are made here from fixed seeds, records stand in a dictionary instead of the DNS."""

from __future__ import annotations

import base64
import random
from functools import cache

import dkim
from nacl.signing import SigningKey

MAIL = (
    b"From: Alice <alice@example.com>\r\nTo: incident@example.org\r\nSubject: Registry is down\r\n"
    b"Date: Wed, 18 Nov 2026 11:50:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nSince 11:40  UTC.\r\n\r\nAlice\r\n"
)
ALL = (b"from", b"to", b"subject", b"date", b"message-id")


@cache
def rsa(bits: int = 1024, seed: int = 1) -> tuple[bytes, bytes]:
    """(PEM of the private key, TXT record of the public one)."""
    source = random.Random(seed)
    p, q = _prime(source, bits // 2), _prime(source, bits // 2)
    e, d = 65537, pow(65537, -1, (p - 1) * (q - 1))
    private = _der(0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.b64encode(private) + b"\n-----END RSA PRIVATE KEY-----\n"
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(_der(p * q, e))


@cache
def odd_exponent() -> bytes:
    """A record whose exponent is as long as its modulus: slow for whoever raises to it."""
    n = random.Random(3).getrandbits(2048) | 1 << 2047 | 1
    return b"p=" + base64.b64encode(_der(n, n - 2))


@cache
def ed25519() -> tuple[bytes, bytes]:
    key = SigningKey(b"\1" * 32)
    return base64.b64encode(bytes(key)), b"v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(key.verify_key))


def sign(
    mail: bytes = MAIL,
    domain: str = "example.com",
    *,
    private: bytes = b"",
    way: bytes = b"rsa-sha256",
    covers: tuple[bytes, ...] = ALL,
    form: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    length: bool = False,
) -> bytes:
    """The mail with a signature on top; its key is ``s1._domainkey.DOMAIN``."""
    private = private or rsa()[0]
    made = dkim.DKIM(mail).sign(b"s1", domain.encode(), private, way, None, form, list(covers), length)
    return made + mail


def _prime(source: random.Random, bits: int) -> int:
    while True:
        n = source.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7)) and (n - 1) % 65537:
            return n


def _der(*numbers: int) -> bytes:
    """A SEQUENCE of INTEGERs."""
    return _tlv(0x30, b"".join(_tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers))


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(value) < 128 else bytes([0x80 | len(size)]) + size) + value
