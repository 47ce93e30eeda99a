"""How a mail came: Received hops with times and delays, defects, attachments. mail-parser reads them; asked for by ``why``.

Law: mail-parser raises on some junk (132 of 20,000 mutated mails), so this is the one place that calls it, and it is given
bounded input only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailbot.core.date import read_date
from mailbot.core.encoded import header_text
from mailbot.core.limits import bounded, few_parts, head_end

HEAD = 65_536
HOPS = 50


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received header. ``date`` is aware, None where unreadable; ``delay``: seconds since the hop before it."""

    by: str
    came_from: str
    protocol: str
    date: datetime | None
    delay: float


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    type: str
    size: int  # characters as sent, before decoding


@dataclass(frozen=True, slots=True)
class Trace:
    """``hops`` oldest first. Anybody can write Received lines: only those of our own server are proof."""

    hops: tuple[Hop, ...]
    defects: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    problems: tuple[str, ...]


def trace(raw: bytes) -> Trace:
    """The trace of one mail. Never raises."""
    problems: list[str] = []
    raw = bounded(raw, problems)
    end = head_end(raw)
    raw = few_parts(raw, end, problems)
    if end > HEAD or (end < 0 and len(raw) > HEAD):
        problems.append(f"headers over {HEAD} bytes: the rest was not traced")
        raw = raw[: raw.rfind(b"\n", 0, HEAD) + 1] + (raw[end:] if end > 0 else b"")
    try:
        import mailparser  # late: only ``why`` and the clock check need it

        parsed = mailparser.parse_from_bytes(raw)
        hops = tuple(_hop(row) for row in parsed.received[:HOPS])
        defects = tuple(dict.fromkeys(str(text) for row in parsed.defects for texts in row.values() for text in texts))
        attachments = tuple(_attachment(row) for row in parsed.attachments)
    except Exception as error:  # see the law above: whatever it is, the mail itself was read elsewhere
        problems.append(f"mail-parser could not read it ({type(error).__name__})")
        return Trace((), (), (), tuple(problems))
    return Trace(hops, defects, attachments, tuple(problems))


def _hop(row: dict[str, object]) -> Hop:
    date, _ = read_date(str(row.get("date") or ""), [])
    delay = row.get("delay")
    return Hop(
        by=_text(row.get("by")),
        came_from=_text(row.get("from")),
        protocol=_text(row.get("with")),
        date=date,
        delay=float(delay) if isinstance(delay, int | float) else 0.0,
    )


def _attachment(row: dict[str, object]) -> Attachment:
    return Attachment(
        _text(row.get("filename")), _text(row.get("mail_content_type")), len(str(row.get("payload") or ""))
    )


def _text(value: object) -> str:
    return header_text(str(value or "")[:1000])
