"""Access tokens for tests: JWTs that a real Dovecot checks by itself, with a key in a folder (its local validation)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

KEY = b"not a secret: a key for tests only"
DOVECOT = """
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""


def _piece(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(user: str, lives: float = 3600) -> str:
    """``lives``: seconds from now; below 0 it has expired."""
    now = int(time.time())
    claims = {"sub": user, "username": user, "iat": now - 10_000, "exp": now + int(lives)}
    head = {"alg": "HS256", "typ": "JWT"}
    body = ".".join(_piece(json.dumps(part).encode()) for part in (head, claims))
    return f"{body}.{_piece(hmac.digest(KEY, body.encode(), hashlib.sha256))}"


def write_settings(folder: Path) -> str:
    """Key and settings in ``folder``; lines for Dovecot's configuration."""
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(KEY))
    (folder / "oauth2.conf").write_text(
        "introspection_mode = local\nusername_attribute = username\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
    )
    folder.chmod(0o755)
    return DOVECOT.format(folder=folder)
