"""Mail handed to us by SMTP or LMTP: aiosmtpd's ``SMTP`` with its own way to read DATA, and limits on everything.

The law it keeps (design.md, laws 1 and 10): 250 is said only after ``accept`` returned, which is after fsync; whatever
fails before that is a 4xx that shows nothing of our inside. Content is never a reason for a 5xx (lesson L49): only
size, an address that is not ours and broken syntax are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from aiosmtpd.smtp import SMTP, syntax

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["smtp", "lmtp"]
Accept: TypeAlias = Callable[[bytes, str, tuple[str, ...], str], Awaitable[None]]
"""(raw, envelope sender, recipients, way): way is "smtp 192.0.2.1" or "lmtp 127.0.0.1", the sender "" for a bounce.
Returns only after fsync. What it raises is a 451. It is cancelled when the peer goes away before the answer."""

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. Five minutes for a command are RFC 5321 4.5.3.2.7."""

    size: int = 32 * MIB
    connections: int = 500
    per_peer: int = 200  # a list server is one peer, and opens many
    recipients: int = 100  # RFC 5321 4.5.3.1.8: at least 100
    command_timeout: float = 300.0
    data_timeout: float = 600.0  # from 354 to our answer, however slowly it comes
    session_timeout: float = 1800.0  # a DATA that runs then may still end
    in_flight_bytes: int = 128 * MIB  # of all mails that are arriving now


_END = b"\r\n.\r\n"  # and nothing else: LF.LF or LF.CRLF as an end is how mails are smuggled in
_BLOCK = MIB  # more than StreamReader ever holds (2 x line_length_limit and one recv), so that one read takes all
_LARGE = 16 * 1024  # a block that counts as "busy"; a peer that drips bytes must not keep the reader of mails waiting
_BUSY = 0.05  # seconds
_GIVE_UP = 16  # times the size limit: up to there we read on to be able to say 552, then we close
_LINGER = 5.0  # seconds for the last words to go out before the socket is taken away
_COMMAND = 2048  # octets of a command line: 512 by RFC 5321, more for VERP senders and ORCPT=
_IGNORED = frozenset({"RET", "ENVID", "NOTIFY", "ORCPT"})  # DSN, RFC 3461: not offered, yet sent (then stock says 555)
_VERBS = ("EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "HELP")
_NAMES: dict[Kind, list[str]] = {
    "smtp": ["smtp_" + verb for verb in _VERBS if verb != "LHLO"],
    "lmtp": ["smtp_" + verb for verb in _VERBS if verb not in {"EHLO", "HELO"}],  # RFC 2033 4.1
}
_PLAIN = re.compile(r"<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+|)>(?: (.*))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

_TRY_LATER = "451 4.3.0 Not accepted now, please try again later"
_FULL = "452 4.3.1 Too much mail is arriving now, please try again later"
_TOO_BIG = "552 5.3.4 Message is larger than {} bytes"
_TIMEOUT = "421 4.4.2 This took too long, closing"
_CLOSING = "421 4.3.2 Shutting down, please try again later"
_CROWDED = "421 4.7.0 Too many connections, please try again later"


class _Hooks:
    """aiosmtpd's handler: decides about recipients. ``__dir__``: aiosmtpd looks for hooks on every connection."""

    def __init__(self, limit: int, wanted: Callable[[str], bool] | None) -> None:
        self.limit = limit
        self.wanted = wanted

    def __dir__(self) -> list[str]:
        return ["handle_RCPT"]

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if len(envelope.rcpt_tos) >= self.limit:
            return "452 4.5.3 Too many recipients, send the mail again for the rest"
        if not address or address == "<>" or (self.wanted is not None and not self.wanted(address)):
            return f"550 5.1.1 <{address.strip('<>')}> is not an address of this service"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Conversation(SMTP):
    """One connection. What differs from aiosmtpd: DATA in blocks, LMTP replies, deadlines, parameters, cheap set-up."""

    line_length_limit = 64 * 1024  # what StreamReader holds back; lines of content may be longer
    command_size_limit = _COMMAND
    command_size_limits = defaultdict(lambda: _COMMAND)  # noqa: RUF012  (as in stock: one for all, cleared by each)

    def __init__(self, intake: Intake, kind: Kind) -> None:
        self.intake = intake
        self.kind = kind
        self.peer = "local"
        self.admitted = False
        self.receiving = False
        self.deadline = self.session_end = 0.0
        super().__init__(
            intake.hooks,
            data_size_limit=intake.limits.size,
            enable_SMTPUTF8=True,
            hostname=intake.hostname,
            ident="mailbot",
            timeout=intake.limits.command_timeout,
            loop=asyncio.get_running_loop(),
        )

    def __dir__(self) -> list[str]:
        """The commands we speak. aiosmtpd looks for them on every connection, in each attribute: half its CPU time."""
        return _NAMES[self.kind]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        peername = transport.get_extra_info("peername")
        self.peer = str(peername[0]) if peername else "local"
        if refusal := self.intake.arrived(self):
            _hang_up(transport, refusal)
            return
        self.admitted = True
        self.session_end = self.loop.time() + self.intake.limits.session_timeout
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.admitted:
            super().connection_lost(error)
            self.intake.left(self)

    async def _handle_client(self) -> None:
        # A peer that goes away while we answer is no news; stock leaves "Task exception was never retrieved".
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()

    async def handle_exception(self, error: Exception) -> str:
        log.error("way=%s peer=%s not accepted", self.kind, self.peer, exc_info=error)
        return _TRY_LATER

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer a connection, moved when it fires; stock makes one a command."""
        now = self.loop.time()
        self.deadline = now + duration if duration else min(now + self._timeout_duration, self.session_end)
        timer = self._timeout_handle
        if timer is None or timer.when() > self.deadline:
            if timer is not None:
                timer.cancel()
            self._timeout_handle = self.loop.call_at(self.deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self.deadline:
            self._timeout_handle = self.loop.call_at(self.deadline, self._timeout_cb)
        else:
            self.hang_up(_TIMEOUT)

    def hang_up(self, reply: str) -> None:
        """Say a last word and close."""
        if self.transport is not None:
            _hang_up(cast(asyncio.Transport, self.transport), reply)

    async def push(self, status: str) -> None:  # type: ignore[override]  # replies are text
        """Stock echoes what the peer said: bare CR, which would end a line for some, and bytes that it cannot encode."""
        await super().push("\r\n".join(_CONTROL.sub("?", line) for line in status.split("\r\n")))

    async def check_helo_needed(self, helo: str = "") -> bool:
        return bool(await super().check_helo_needed(helo or ("LHLO" if self.kind == "lmtp" else "HELO")))

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, hostname: str) -> None:
        """One write; stock sends a packet a line. PIPELINING because the reader can (RFC 2920, RFC 2033 5)."""
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        await self.push(self.intake.ehlo)

    smtp_LHLO = smtp_EHLO

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """(address, rest of the line); "<>" for the null sender as aiosmtpd has it; (None, None) for a 553.

        The plain shape is read here: the parser in ``email`` takes .2 ms and raises IndexError on some junk.
        """
        if plain := _PLAIN.fullmatch(arg):
            return plain[1] or "<>", plain[2] or ""
        if _CONTROL.search(arg):  # would end as a header of the record
            return None, None
        try:
            address, rest = super()._getaddr(arg)
        except (IndexError, ValueError, AttributeError):
            return None, None
        return (None, None) if address and ">" in address else (address, rest)  # an open quote

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        return super()._getparams([p for p in params if p.partition("=")[0] not in _IGNORED])

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
        elif arg:
            await self.push("501 Syntax: DATA")
        elif self.intake.full(_declared(envelope.mail_options)):
            await self.push(_FULL)
        else:
            self.receiving = True
            try:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                self._reset_timeout(self.intake.limits.data_timeout)
                reply = await self._receive(envelope.mail_from or "", tuple(envelope.rcpt_tos))
                self._set_post_data_state()  # type: ignore[no-untyped-call]
                self._reset_timeout()
                # LMTP: one reply for every recipient that was accepted, in their order (RFC 2033 4.2; aiosmtpd#517).
                await self.push("\r\n".join([reply] * (len(envelope.rcpt_tos) if self.kind == "lmtp" else 1)))
            finally:
                self.receiving = False
            if self.intake.closing:
                self.hang_up(_CLOSING)

    async def _receive(self, sender: str, recipients: tuple[str, ...]) -> str:
        """The reply to a mail: read it, have it accepted."""
        with _Load(self.intake) as load:
            content = await self._content(load)
            if load.problem:
                return load.problem
            way = f"{self.kind} {self.peer}"
            try:
                await self.intake.accept(content, "" if sender == "<>" else sender, recipients, way)
            except Exception as error:
                return await self.handle_exception(error)
        return "250 2.0.0 OK, it is on disk"

    async def _content(self, load: _Load) -> bytes:
        """Read to the end of DATA; the content without dot-stuffing, or b"" where ``load.problem`` refuses it.

        In blocks, since one coroutine step a line costs 28 ms for 1 MB. Refused content is read on and forgotten, so
        memory stays flat and the peer hears why. Lone CR, lone LF and long lines are content (lesson L50).
        """
        data = bytearray(b"\r\n")  # the line end of the DATA command, which may be the first half of _END
        while True:
            block = await self._reader.read(_BLOCK)
            load.add(len(block))
            start = max(0, len(data) - len(_END) + 1)
            data += block
            end = data.find(_END, start)
            if end >= 0:
                break
            if load.problem:
                del data[: 1 - len(_END)]
                if load.size > _GIVE_UP * self.intake.limits.size:
                    self.hang_up(load.problem)
                    raise ConnectionResetError
        if rest := data[end + len(_END) :]:  # pipelined commands: back to the front of the reader, which is empty now
            if len(block) == _BLOCK:  # or is it? Never seen; better no answer than commands in a wrong order
                self.hang_up(_TRY_LATER)
                raise ConnectionResetError
            self._reader.feed_data(rest)
        if load.problem:
            return b""
        del data[end + 2 :]
        return bytes(memoryview(data.replace(b"\r\n.", b"\r\n"))[2:])


class _Load:
    """One mail's part of what is arriving now. A context: what it holds is given back at the end."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.size = self.held = 0
        self.problem = ""  # the reply that refuses the mail

    def __enter__(self) -> _Load:
        self.intake.touch()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.intake.in_flight -= self.held
        self.intake.touch()

    def add(self, count: int) -> None:
        """Count a block. What is refused is no longer held."""
        self.size += count
        if count >= _LARGE:
            self.intake.touch()
        if self.size > self.intake.limits.size + len(_END):
            self.problem = self.problem or _TOO_BIG.format(self.intake.limits.size)
        elif self.intake.full(count):
            self.problem = self.problem or _FULL
        change = -self.held if self.problem else count
        self.held += change
        self.intake.in_flight += change


class Intake:
    """Listens, and counts what all conversations together may take. Make it and use it inside one running loop.

    ``hostname`` is what we say in the greeting. ``recipients`` says whether an address (as the peer wrote it) is ours;
    None: all are; others get a 550.
    """

    def __init__(
        self, accept: Accept, *, hostname: str, limits: Limits, recipients: Callable[[str], bool] | None = None
    ) -> None:
        self.accept = accept
        self.hostname = hostname
        self.limits = limits
        self.hooks = _Hooks(limits.recipients, recipients)
        offers = (hostname, f"SIZE {limits.size}", "8BITMIME", "SMTPUTF8", "PIPELINING")
        self.ehlo = "".join(f"250-{offer}\r\n" for offer in offers) + "250 HELP"
        self.closing = False
        self.in_flight = 0
        self._last = float("-inf")
        self._servers: list[asyncio.Server] = []
        self._open: set[Conversation] = set()
        self._peers: Counter[str] = Counter()
        self._empty = asyncio.Event()
        stock = logging.getLogger("mail.log")  # aiosmtpd logs each command at INFO, junk as WARNING
        if stock.level == logging.NOTSET:
            stock.setLevel(logging.ERROR)

    async def listen(self, kind: Kind, host: str, port: int) -> int:
        """Start to accept; the port as it is (0 asks for a free one). OSError where it cannot be had."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Conversation(self, kind), host, port, backlog=512)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def busy(self) -> bool:
        """A mail arrives now or did in the last 50 ms: work that can wait should. A peer that drips does not count."""
        return asyncio.get_running_loop().time() - self._last < _BUSY

    async def close(self, grace: float) -> None:
        """Stop listening, tell idle peers 421, let running DATA end and be answered; after ``grace`` seconds cut."""
        self.closing = True
        for server in self._servers:
            server.close()
        for conversation in list(self._open):
            if not conversation.receiving:
                conversation.hang_up(_CLOSING)
        with contextlib.suppress(TimeoutError):
            await self._until_empty(grace)
        for conversation in list(self._open):
            if conversation.transport is not None:
                cast(asyncio.Transport, conversation.transport).abort()
        with contextlib.suppress(TimeoutError):
            await self._until_empty(_BUSY)

    async def _until_empty(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while self._open:
                self._empty.clear()
                await self._empty.wait()

    def touch(self) -> None:
        self._last = asyncio.get_running_loop().time()

    def full(self, more: int) -> bool:
        """Would that many bytes more be too many in flight?"""
        return self.in_flight + more > self.limits.in_flight_bytes

    def arrived(self, conversation: Conversation) -> str:
        """Count a new connection; "" or the reply that refuses it."""
        if self.closing:
            return _CLOSING
        peer = conversation.peer
        if len(self._open) >= self.limits.connections or self._peers[peer] >= self.limits.per_peer:
            log.warning("peer=%s open=%d refused: too many connections", peer, len(self._open))
            return _CROWDED
        self._open.add(conversation)
        self._peers[peer] += 1
        return ""

    def left(self, conversation: Conversation) -> None:
        self._open.discard(conversation)
        self._peers[conversation.peer] -= 1
        if not self._peers[conversation.peer]:
            del self._peers[conversation.peer]
        if not self._open:
            self._empty.set()


def _hang_up(transport: asyncio.Transport, reply: str) -> None:
    if not transport.is_closing():
        transport.write(reply.encode("ascii") + b"\r\n")
        transport.close()
        asyncio.get_running_loop().call_later(_LINGER, transport.abort)  # close() waits for a peer that does not read


def _declared(options: Sequence[str]) -> int:
    """Bytes of SIZE= (RFC 1870), 0 where it was not said. aiosmtpd has checked that it is a number."""
    return next((int(option[5:]) for option in options if option.startswith("SIZE=")), 0)
