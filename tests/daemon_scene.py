"""The daemon inside the test, on a clock that the scene sets, over real SMTP; its smarthost is ``daemon_process.Sink``."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from mailbot.app import setup
from mailbot.app.control import ask
from mailbot.app.daemon import Daemon
from mailbot.app.rows import differences
from mailbot.config import Config, Endpoint
from mailbot.core.message import parse
from mailbot.store.archive import Archive
from mailbot.store.state import MemoryState
from tests.daemon_process import LIST, Sink, send

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
HERE = Endpoint("127.0.0.1", 0)


class Clock:
    """Stands still until it is moved; each look is a millisecond later, so that nothing happens at once."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class House:
    """A folder, a clock and a smarthost, which stay when the daemon goes."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        default = Config()
        self.sink, self.clock, self.folder = sink, Clock(), folder / "kept"
        self.config = replace(
            default,
            list=replace(default.list, address=LIST, bot="mailbot@example.org", id="incident.example.org"),
            smtp=replace(default.smtp, listen=HERE),
            store=replace(default.store, folder=self.folder),
            smarthost=replace(default.smarthost, port=sink.port, timeout=timedelta(seconds=5)),
        )

    def run(self) -> Running:
        return Running(Daemon(self.config, self.clock))

    def written(self) -> list[str]:
        """Keys of all notices in the archive, in their order."""
        with Archive(self.folder, readonly=True) as archive:
            ours = [parse(r.raw) for r in archive.records() if r.direction == "out"]
        return [key for mail in ours for key in mail.header("x-mailbot-notice").split()]

    def outcomes(self) -> list[tuple[str, str]]:
        """sent.log: what became of which kind of mail."""
        with Archive(self.folder, readonly=True) as archive:
            return [(line.message_id.split(".")[1].partition("@")[0], line.outcome) for line in archive.sent_lines()]

    def wrong(self) -> list[str]:
        """Where the kept state differs from one made new; no daemon may run."""
        kept = setup.looked_at(self.config)
        fresh = setup.register(self.config, kept.archive, MemoryState())
        fresh.rebuild()
        kept.archive.close()
        return differences(kept, fresh)


class Running:
    """``async with house.run() as daemon``: it listens; at the end it has stopped as after SIGTERM."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    async def __aenter__(self) -> Running:
        ready = asyncio.Event()
        self.task = asyncio.create_task(self.daemon.run(lambda _: ready.set()))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.task.done():
            self.task.result()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.daemon.stop()
        await self.task

    async def send(self, *mails: bytes) -> list[str]:
        return await asyncio.to_thread(send, self.daemon.ports["smtp"], *mails)

    async def settle(self) -> None:
        """All is read, all that is due is written, and each mail of ours was tried."""
        await asyncio.wait_for(self.daemon.settle(), 20)

    async def quiet(self) -> None:
        """A while in which it could do what it should not do."""
        self.daemon.wake()
        await asyncio.sleep(0.15)

    async def ask(self, **request: Any) -> dict[str, Any]:
        """As the command line asks beside a daemon; the last answer."""
        answers = await asyncio.to_thread(lambda: list(ask(self.daemon.config.store.folder, request)))
        return answers[-1]
