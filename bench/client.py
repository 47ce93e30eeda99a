"""Mails over SMTP, one connection each, many at a time: ``python -m bench.client PORT SESSIONS MESSAGES SIZE``.

In place of Postfix's ``smtp-source`` where that is not installed. Raw sockets on asyncio protocols: a client library
would cost more than the server. Exit code 1 where a mail was not accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from typing import cast

STEPS = (
    b"EHLO client.example.net\r\n",
    b"MAIL FROM:<sender@example.net>\r\n",
    b"RCPT TO:<incident@example.org>\r\n",
    b"DATA\r\n",
)


def mail(number: int, size: int) -> bytes:
    head = (
        f"From: sender@example.net\r\nTo: incident@example.org\r\nSubject: message {number}\r\n"
        f"Message-ID: <{number}@client.example.net>\r\n\r\n"
    )
    line = "X" * 70 + "\r\n"
    return (head + line * max(1, (size - len(head)) // len(line))).encode() + b".\r\n"


class Conversation(asyncio.Protocol):
    """One mail. ``done``: whether it was accepted."""

    def __init__(self, content: bytes) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._to_say = iter((*STEPS, content, b"QUIT\r\n"))
        self._said = b""
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        *lines, self._heard = self._heard.split(b"\r\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:1] not in (b"2", b"3"):
                self._end(False)
            elif self._said == b"QUIT\r\n":
                self._end(True)
            else:
                self._said = next(self._to_say)
                self._transport.write(self._said)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(False)

    def _end(self, accepted: bool) -> None:
        if not self.done.done():
            self.done.set_result(accepted)
        self._transport.close()


async def send(port: int, sessions: int, messages: int, size: int) -> bool:
    numbers = iter(range(messages))
    loop = asyncio.get_running_loop()

    async def session() -> bool:
        good = True
        for number in numbers:
            talk = partial(Conversation, mail(number, size))
            _, conversation = await loop.create_connection(talk, "127.0.0.1", port)
            good = await conversation.done and good
        return good

    return all(await asyncio.gather(*(session() for _ in range(sessions))))


if __name__ == "__main__":
    run = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        run = uvloop.run
    port, sessions, messages, size = map(int, sys.argv[1:])
    sys.exit(not run(send(port, sessions, messages, size)))
