"""Handing a finished mail over to the smarthost, over one kept connection.

The law it keeps: every recipient gets an Outcome, whatever happens, and "sent" is said only after the smarthost's 250
to the content. Trouble with the connection or with our configuration is "deferred", never "refused": it says nothing of
the mail. When to try again is ``backoff``; doing it is the app's.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Where outgoing mail goes. ``user`` "" for no login; ``timeout`` in seconds for each answer; ``helo`` "" asks the
    system for our name, which may take seconds where DNS is broken.

    ``password`` may be a function, which is then asked at each login: an access token lives for an hour. ``oauth2``: it
    is such a token, for XOAUTH2. ``ca_file``: certificates to trust, "" for the system's.
    """

    host: str
    port: int
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    user: str = ""
    password: str | Callable[[], str] = ""
    timeout: float = 60.0
    helo: str = ""
    oauth2: bool = False
    ca_file: str = ""

    def __repr__(self) -> str:  # never the password: this ends in logs
        return f"Smarthost({self.host}:{self.port}, {self.tls})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient, and the server's words (one printable line) or ours where no server spoke."""

    recipient: str
    kind: Literal["sent", "deferred", "refused"]
    reply: str


_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
_WORDS = 300  # characters of a reply that are kept
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ufffd]+")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>\ud800-\udfff]")  # in an address: would end it, or the command
# 5xx about us and the smarthost, not about the mail: "authenticate first", "TLS first" (RFC 4954 6, RFC 3207 4)
_OURS = frozenset({530, 534, 535, 538})


def backoff(attempt: int) -> timedelta:
    """How long to wait after attempt number ``attempt`` (the first is 1) was deferred."""
    return _WAITS[min(max(attempt, 1), len(_WAITS)) - 1]


class Post:
    """A kept connection to the smarthost. Blocking: call it in a thread. Calls of many threads wait for each other."""

    def __init__(self, smarthost: Smarthost) -> None:
        self.smarthost = smarthost
        self._lock = threading.Lock()
        self._kept: smtplib.SMTP | None = None

    def hand_over(self, raw: bytes, sender: str, recipients: Sequence[str]) -> list[Outcome]:
        """One mail to its recipients, one Outcome for each in their order (the same address twice is one); never raises
        for what servers or networks do. A connection that dies before the last answer leaves "deferred": the mail may
        then arrive twice, with the same Message-ID, but is not lost.

        ``sender`` "" is the null sender. Any line end in ``raw`` leaves as CRLF: a lone LF or CR that a server
        downstream takes for a line end could smuggle a second mail.
        """
        content = _LINE_END.sub(b"\r\n", raw)
        with self._lock:
            return _Transfer(self, content, sender, recipients).run()

    def close(self) -> None:
        """Say QUIT and let the connection go. The next ``hand_over`` makes a new one."""
        with self._lock:
            connection, self._kept = self._kept, None
            if connection is not None:
                with suppress(OSError, smtplib.SMTPException):
                    connection.quit()
                connection.close()

    def drop(self) -> None:
        """Under the lock: let the connection go without a word, it is broken or no longer in step."""
        connection, self._kept = self._kept, None
        if connection is not None:
            connection.close()

    def connection(self) -> smtplib.SMTP:
        """Under the lock: the kept connection where it still answers RSET, else a new one. OSError, SMTPException,
        ValueError (a password outside ASCII)."""
        if self._kept is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._kept.rset()[0] == 250:
                    return self._kept
            self.drop()
        self._kept = _connect(self.smarthost)
        return self._kept


class _Transfer:
    """One mail on its way: what is known of each recipient so far."""

    def __init__(self, post: Post, content: bytes, sender: str, recipients: Sequence[str]) -> None:
        self.post = post
        self.content = content
        self.sender = sender
        self.recipients = list(dict.fromkeys(recipients))
        self.outcomes: dict[str, Outcome] = {}

    def run(self) -> list[Outcome]:
        self._check_addresses()
        if self._open():
            try:
                self._talk(self.post.connection())
            except smtplib.SMTPResponseException as error:  # greeting, EHLO, login
                self.post.drop()
                self._rest("deferred", _words(error.smtp_code, error.smtp_error))
            except (OSError, smtplib.SMTPException, ValueError) as error:
                self.post.drop()
                self._rest("deferred", _reason(self.post.smarthost, error))
        return [self.outcomes[recipient] for recipient in self.recipients]

    def _check_addresses(self) -> None:
        if _UNSAFE.search(self.sender):
            self._rest("refused", "the sender is no address; nothing was sent")
        for recipient in self._open():
            if not recipient or _UNSAFE.search(recipient):
                self._note(recipient, "refused", "this is no address; nothing was sent")

    def _talk(self, connection: smtplib.SMTP) -> None:
        if not self._begin(connection):
            return
        accepted = False
        for recipient in self._open():
            code, words = connection.rcpt(recipient)
            if _good(code):
                accepted = True
            elif _lost(code):
                self._settle(code, words)
                return
            else:
                self._note(recipient, _kind(code), _words(code, words))
        if accepted:  # else the RSET before the next mail ends this transaction
            try:
                code, words = connection.data(self.content)
            except smtplib.SMTPDataError as error:  # an answer to DATA that is not 354
                self._settle(error.smtp_code, error.smtp_error)
            else:
                self._settle(code, words)

    def _begin(self, connection: smtplib.SMTP) -> bool:
        """MAIL; False where that settles all."""
        international = not all(address.isascii() for address in (self.sender, *self._open()))
        if international and not connection.has_extn("smtputf8"):
            words = "the smarthost takes no addresses outside ASCII (no SMTPUTF8)"
            for recipient in self._open():
                if not (recipient.isascii() and self.sender.isascii()):
                    self._note(recipient, "refused", words)
            international = False
            if not self._open():
                return False
        code, reply = connection.mail(self.sender, self._options(connection, international))
        if not _good(code):
            self._settle(code, reply)
        return _good(code)

    def _options(self, connection: smtplib.SMTP, international: bool) -> list[str]:
        options = [f"SIZE={len(self.content)}"] if connection.has_extn("size") else []
        head = self.content.partition(b"\r\n\r\n")[0]
        if not self.content.isascii() and connection.has_extn("8bitmime"):
            options.append("BODY=8BITMIME")
        if international or (not head.isascii() and connection.has_extn("smtputf8")):
            options.append("SMTPUTF8")
        return options

    def _settle(self, code: int, words: bytes | str) -> None:
        """A reply that holds for all who have no outcome yet."""
        if _lost(code):
            self.post.drop()
        self._rest("sent" if _good(code) else _kind(code), _words(code, words))

    def _open(self) -> list[str]:
        return [recipient for recipient in self.recipients if recipient not in self.outcomes]

    def _note(self, recipient: str, kind: Literal["sent", "deferred", "refused"], reply: str) -> None:
        self.outcomes[recipient] = Outcome(recipient, kind, reply)

    def _rest(self, kind: Literal["sent", "deferred", "refused"], reply: str) -> None:
        for recipient in self._open():
            self._note(recipient, kind, reply)


class NoPassword(smtplib.SMTPException):
    """The password could not be had. The sentence holds nothing of it."""


def _secret(smarthost: Smarthost) -> str:
    if isinstance(smarthost.password, str):
        return smarthost.password
    try:
        secret = smarthost.password()
    except Exception as error:  # the words of an error may quote a command with the password in it
        raise NoPassword(f"the password could not be read ({type(error).__name__})") from None
    if not secret:
        raise NoPassword("the password is empty")
    return secret


def _log_in(connection: smtplib.SMTP, smarthost: Smarthost) -> None:
    secret = _secret(smarthost)
    if not smarthost.oauth2:
        connection.login(smarthost.user, secret)
        return
    connection.ehlo_or_helo_if_needed()
    token = f"user={smarthost.user}\x01auth=Bearer {secret}\x01\x01"
    # A refusal comes as a challenge, which wants an empty answer before the server says 535.
    connection.auth("XOAUTH2", lambda challenge=None: "" if challenge else token)


def _connect(smarthost: Smarthost) -> smtplib.SMTP:
    name = smarthost.helo or None
    context = ssl.create_default_context(cafile=smarthost.ca_file or None) if smarthost.tls != "none" else None
    if smarthost.tls == "implicit":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            smarthost.host, smarthost.port, name, timeout=smarthost.timeout, context=context
        )
    else:
        connection = smtplib.SMTP(smarthost.host, smarthost.port, name, timeout=smarthost.timeout)
    try:
        if smarthost.tls == "starttls":
            connection.starttls(context=context)
        if smarthost.user:
            _log_in(connection, smarthost)
        connection.ehlo_or_helo_if_needed()
    except BaseException:
        connection.close()
        raise
    return connection


def _good(code: int) -> bool:
    return 200 <= code <= 299


def _lost(code: int) -> bool:
    """The server closes (421), or what it said is no reply (smtplib's -1): then later replies are not to be trusted."""
    return code == 421 or code < 200


def _kind(code: int) -> Literal["deferred", "refused"]:
    """What a reply that is no success means (RFC 5321 4.2.1)."""
    return "refused" if 500 <= code <= 599 and code not in _OURS else "deferred"


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _line(f"{code} {text}")


def _reason(smarthost: Smarthost, error: Exception) -> str:
    # A ValueError of ours may quote the password; a TLS error is a ValueError and an OSError.
    own = isinstance(error, ValueError) and not isinstance(error, OSError)
    words = "" if own else str(error)
    return _line(f"{smarthost.host}:{smarthost.port}: {words or type(error).__name__}")


def _line(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:_WORDS]
