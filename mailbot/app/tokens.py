"""The archive's own secret, and the tokens made of it: what only the reader of one mail of ours can know.

The law: it is made once, by a writer, kept beside the mails, and never leaves the folder. Without it, old tokens and signed
addresses are not believed, and nothing else is lost.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from mailbot.store.archive import Archive
from mailbot.store.safe import replace


def secret_of(archive: Archive) -> bytes:
    path = archive.folder / "secret"
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError):
        made = secrets.token_bytes(32)
        if not archive.readonly:
            replace(path, [made.hex().encode() + b"\n"])
        return made


def token(secret: bytes, message_id: str) -> str:
    """What shows that somebody reads the mail of a message's sender: ten letters and digits."""
    digest = hmac.digest(secret, f"confirm {message_id}".encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode()[:10]
