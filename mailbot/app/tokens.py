"""The archive's own secret, and the tokens made of it: what only the reader of one mail of ours can know.

The law: it is made once, by a writer, kept beside the mails, and never leaves the folder. Without it, old tokens and signed
addresses are not believed, and nothing else is lost.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from mailbot.app import log
from mailbot.core.signed import signature
from mailbot.store.archive import Archive
from mailbot.store.safe import replace

SIZE = 32


def secret_of(archive: Archive) -> bytes:
    """Where it cannot be kept (a full disk), one for this run: mail must come in all the same."""
    path = archive.folder / "secret"
    with suppress(OSError, ValueError):
        kept = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(kept) == SIZE:
            return kept
    made = secrets.token_bytes(SIZE)
    if not archive.readonly:
        try:
            replace(path, [made.hex().encode() + b"\n"])
        except OSError as error:
            log.note(
                f"the secret for tokens and signed senders cannot be kept ({error}); it is another after a restart"
            )
    return made


def token(secret: bytes, message_id: str) -> str:
    """What shows that somebody reads the mail of a message's sender: ten letters and digits."""
    return signature(secret, f"confirm {message_id}", 10).upper()
