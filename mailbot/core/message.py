"""Raw bytes -> Message. Total: whatever arrives, a Message comes out, with its problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: decoded display name ("" where none) and addr-spec, lower-case ("" where unreadable)."""

    name: str
    email: str

    def __str__(self) -> str:
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Message:
    """One mail as read; header values decoded, unfolded, without control characters.

    ``date`` is aware and keeps the sender's offset (UTC for ``-0000``, which says nothing of the sender: ``offset_known``
    is False then); None where the Date header is missing or unreadable.
    ``message_id`` has no angle brackets; where the mail had none it is made from its content (lesson L9).
    ``references``: ids of References then In-Reply-To, oldest first, unique, without its own.
    ``text``: the decoded text/plain body, line ends as ``\\n``; for HTML-only mail the text made from it.
    """

    message_id: str
    date: datetime | None
    offset_known: bool
    sender: Address
    reply_to: tuple[Address, ...]
    recipients: tuple[Address, ...]  # To and Cc
    subject: str
    references: tuple[str, ...]
    in_reply_to: tuple[str, ...]
    thread_index: str  # Outlook's Thread-Index, its first 22 bytes as hex, "" where none
    text: str
    from_html: bool
    headers: tuple[tuple[str, str], ...]  # (lower-case name, value) in order, bounded
    attachments: tuple[str, ...]  # file names or types of parts that are not read
    problems: tuple[str, ...]

    def header(self, name: str) -> str:
        """The first header of that name (lower-case), or ""."""
        return next((v for n, v in self.headers if n == name), "")


def parse(raw: bytes) -> Message:
    raise NotImplementedError
