"""An SMTP server in a thread of its own, for tests that talk to it from another: a smarthost, a mail server."""

from __future__ import annotations

import asyncio
import threading
from typing import Self

from aiosmtpd.smtp import SMTP

PATIENCE = 30.0  # seconds that anything may take on a busy machine


class SmtpThread:
    """``with`` opens it on a free ``port``. The subclass is the handler of aiosmtpd: ``handle_DATA`` and so on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        def make() -> SMTP:
            return SMTP(self, hostname=f"{self.name}.example.org", enable_SMTPUTF8=True, loop=self._loop)

        self._server = await self._loop.create_server(make, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
