"""A connection to an IMAP mailbox: TLS, login, keepalive (imapclient).

Law: a password is asked for at each login, kept nowhere, and in no error's words.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from imapclient import IMAPClient, SocketTimeout

STARTTLS = 143  # at this port TLS begins with the command, at any other with the first byte
CONNECT = 20.0  # seconds; also for TLS and the greeting
LONGEST_IDLE = 540.0  # NAT boxes forget a silent connection after ten minutes or more (L48)


class NoPassword(Exception):
    """The password could not be had. The sentence holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where to look. Times in seconds, ``limit`` in bytes.

    ``tls`` at port 143 means STARTTLS (required), at any other port TLS from the first byte. ``after``: what is done
    with a message that was taken: "leave", "seen", "move:FOLDER" or "delete". ``password`` may be a function, which is
    then asked at each login (an access token lives for an hour); ``oauth2``: it is such a token, for XOAUTH2.
    """

    host: str
    port: int
    user: str
    password: str | Callable[[], str] = field(repr=False)
    tls: bool = True
    folder: str = "INBOX"
    ca_file: str = ""
    poll: float = 300
    idle: float = LONGEST_IDLE
    after: str = "seen"
    timeout: float = 60
    limit: int = 32 << 20
    oauth2: bool = False


def connect(box: Mailbox) -> IMAPClient:
    """A connection, not yet logged in. Raises what sockets, TLS and imaplib raise."""
    context = ssl.create_default_context(cafile=box.ca_file or None) if box.tls else None
    limits = SocketTimeout(connect=min(CONNECT, box.timeout), read=box.timeout)
    direct = box.tls and box.port != STARTTLS
    client = IMAPClient(box.host, box.port, ssl=direct, ssl_context=context, timeout=limits)
    try:
        client.normalise_times = False
        if box.tls and not direct:
            client.starttls(context)
        keep_alive(client.socket())
    except BaseException:
        shut(client)
        raise
    return client


def shut(client: IMAPClient) -> None:
    """Closes without a logout, which would wait for a peer that may be silent."""
    with contextlib.suppress(Exception):
        client.shutdown()


def log_in(client: IMAPClient, box: Mailbox) -> None:
    """Raises NoPassword, and what imaplib raises where the server refuses."""
    try:
        secret = box.password if isinstance(box.password, str) else box.password()
    except Exception as fault:  # its words may quote a command with the password in it
        raise NoPassword(f"the password could not be read ({type(fault).__name__})") from None
    if not secret:
        raise NoPassword("the password is empty")
    if box.oauth2:
        client.oauth2_login(box.user, secret)
    else:
        client.login(box.user, secret)


def keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):  # not on every system
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def without_body(headers: bytes, size: int, limit: int, where: str) -> bytes:
    """A mail over the limit as it is kept: its headers, and a sentence as its text.

    The headers that describe the missing body are renamed, or the sentence would be read as a broken multipart.
    """
    head = re.sub(rb"(?im)^(content-|mime-version:)", rb"X-Original-\1", headers.rstrip(b"\r\n"))
    note = f"[mailbot: this mail has {size:,} bytes, the limit is {limit:,}; its text was left in the mailbox, {where}]"
    return head + b"\r\n\r\n" + note.encode("utf-8", "replace") + b"\r\n"
