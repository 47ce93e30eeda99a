"""Bytes of a mail -> text: header words (RFC 2047), raw 8-bit headers, bodies in the charset they claim or another.

Law: a charset is a claim. The declared one is tried, then UTF-8, then cp1252 with replacement; what cannot be decoded
stays as it was written. Every pattern here is linear.
"""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from email.message import Message as Mime
from functools import lru_cache

BROKEN_CHARSETS = frozenset(
    # Not charsets of mail: UTF-7 hides markup and commands from filters, the others execute escapes or are quadratic.
    ["utf_7", "unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "mbcs", "oem"]
)
CHARSETS = {  # what mail programs write -> what they mean (the last by the WHATWG Encoding Standard)
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
}
MANY_BYTES = frozenset(["utf-8", "gb18030", "big5", "cp949", "cp932", "euc_jp", "iso2022_jp_ext"])


@lru_cache(maxsize=256)
def codec(charset: str) -> str:
    """The Python codec for a declared charset, "" where there is none that mail may use."""
    wanted = charset.strip(" '\"<>").lower()
    wanted = CHARSETS.get(wanted, wanted)
    try:
        found = codecs.lookup(wanted)
    except (LookupError, ValueError):
        return ""
    name = found.name.replace("-", "_")
    if name in BROKEN_CHARSETS or not getattr(found, "_is_text_encoding", True):
        return ""
    return found.name


def decode(data: bytes, charset: str = "") -> tuple[str, str]:
    """``data`` as text, and a problem ("" where there was none)."""
    declared = codec(charset) if charset else "utf-8"
    for name in (declared, "utf-8"):
        if name:
            try:
                return data.decode(name), "" if declared else f"charset {charset[:40]!r} is unknown or refused"
            except (UnicodeError, ValueError):
                pass
    problem = f"not {charset[:40] or 'utf-8'}: read as far as it goes"
    for name in dict.fromkeys((declared, "utf-8")):
        # A body cut inside a character is still UTF-8: no reason to turn all its other letters into two.
        if name in MANY_BYTES:
            text = data.decode(name, "replace")
            bad = text.count("\ufffd")
            if bad < sum(c > "\x7f" for c in text) - bad:
                return text, problem
    return data.decode("cp1252", "replace"), problem


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLD = re.compile(r"[\r\n\t\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def header_text(value: str) -> str:
    """A header's value as the stdlib gives it (raw bytes as surrogates): unfolded, decoded, without control characters."""
    if value.isascii() and value.isprintable():
        return value.strip()
    if not value.isascii():
        value = decode(value.encode("ascii", "surrogateescape") if _escaped(value) else value.encode())[0]
    if not value.isprintable():
        value = value.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ")
    return _clean(value)


def _clean(value: str) -> str:
    return (value if value.isprintable() else _CONTROL.sub("", _FOLD.sub(" ", value))).strip()


def _escaped(value: str) -> bool:
    return all(c < "\x80" or "\udc80" <= c <= "\udcff" for c in value)


# RFC 2047, leniently: a space inside, a "?" at the end of the text, a language tag.
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?]{0,2000}\??)\?=")


def decode_words(value: str) -> str:
    """``value`` with its encoded words decoded; broken ones stay as they are. Adjacent words are joined as bytes."""
    if "=?" not in value:
        return value
    out: list[str] = []
    held: list[bytes] = []
    charset = ""
    at = 0
    for match in _WORD.finditer(value):
        data = _word(match[2], match[3])
        gap = value[at : match.start()]
        if data is None:
            continue
        if gap.strip() or not held or match[1].lower() != charset:
            out += [decode(b"".join(held), charset)[0], gap if gap.strip() or not held else ""]
            held = []
        charset = match[1].lower()
        held.append(data)
        at = match.end()
    out += [decode(b"".join(held), charset)[0] if held else "", value[at:]]
    return _clean("".join(out))


def _word(encoding: str, text: str) -> bytes | None:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(data.replace(b" ", b"=20"), header=True)
    data = data.strip().rstrip(b"=")
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None


_CHARSET = re.compile(r"charset\*?\s{0,9}=\s{0,9}\"?'?(?:[\w-]{0,40}''?)?([^\s;\"']{1,60})", re.IGNORECASE)


def body_text(part: Mime, problems: list[str]) -> str:
    """The decoded text of a leaf part, line ends as ``\\n``, without NULs and byte-order marks."""
    payload = part.get_payload(decode=True)
    return plain_text(payload, str(part.get("content-type", "")), problems) if isinstance(payload, bytes) else ""


def plain_text(data: bytes, content_type: str, problems: list[str]) -> str:
    """The same of bytes, with the Content-Type that says their charset."""
    match = _CHARSET.search(header_text(content_type)[:2000])
    text, problem = decode(data, match[1] if match else "")
    if problem:
        problems.append(f"body: {problem}")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.lstrip("\ufeff")
    if "\0" in text:
        problems.append("NUL bytes were removed")
        text = text.replace("\0", "")
    return text
