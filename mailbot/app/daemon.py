"""The daemon: ways in, reading, what is due, the way out, in one event loop. SIGTERM finishes what was accepted.

Accepting comes first: a mail is answered when it is on disk, and reading waits while mail is coming in (but never for
long). Each list has an office of its own (``app.office``); ways in and the smarthost are shared.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from mailbot.app import log, setup
from mailbot.app.control import Control
from mailbot.app.health import Health, notify
from mailbot.app.mailroom import Mailroom, apart
from mailbot.app.office import Office
from mailbot.app.register import Register
from mailbot.app.routing import route
from mailbot.app.senders import Senders
from mailbot.app.watching import Watch
from mailbot.config import Config, Imap
from mailbot.intake.imap import ImapIntake
from mailbot.intake.keys import Ask
from mailbot.intake.smtp import Intake
from mailbot.store.archive import Archive, Arrival, Record, utcnow

SHARE = 8  # of the time reading gets an eighth while mail is coming in, so that steady mail does not starve it
TICK = 15  # seconds between looks at what is due
GRACE = 10.0  # seconds that a running DATA gets at shutdown
LAST_MAIL = 3.0  # seconds that a hand-over gets then
_ID = re.compile(rb"(?im)^message-id:\s*<?([^>\r\n]{1,200})")


class Daemon:
    """``clock`` and ``ask`` (the DNS) are for those who play a scene; everybody else has the real ones."""

    def __init__(self, config: Config, clock: setup.Clock = utcnow, ask: Ask | None = None) -> None:
        self.config, self.clock = config, clock
        self.stopping = False
        self.ports: dict[str, int] = {}
        self.offices: list[Office] = []
        self._work: list[asyncio.Task[None]] = []
        self._threads: list[threading.Thread] = []
        self.boxes: list[ImapIntake] = []
        self._stop_threads = threading.Event()
        self._watchdog: asyncio.Task[None] | None = None
        self.health = Health(self)
        self.senders = Senders(clock, ask)

    @property
    def archive(self) -> Archive:
        """These three are the first list's, which most daemons have alone."""
        return self.offices[0].archive

    @property
    def register(self) -> Register:
        return self.offices[0].register

    @property
    def mailroom(self) -> Mailroom:
        return self.offices[0].mailroom

    async def run(self, ready: Callable[[Daemon], None] | None = None) -> None:
        """Until SIGTERM or SIGINT. Raises Locked or OSError where it cannot start."""
        began = time.monotonic()
        self.post = setup.post(self.config)
        self._loop = asyncio.get_running_loop()
        scheduler = AsyncIOScheduler()
        try:
            for one in self.config.each:
                self.offices.append(Office(one, self.post, self.clock))
            for name in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(name, self.stop)
            self._schedule(scheduler)
            await self._listen()
            await self._open(began)
            for office in self.offices:
                self._work += [asyncio.create_task(self._read(office)), asyncio.create_task(self._hand_over(office))]
            scheduler.start()
            notify(
                "READY=1", f"STATUS={len(self.offices)} lists, {sum(o.register.messages for o in self.offices)} mails"
            )
            self._watchdog = asyncio.create_task(self.health.watch())
            if ready is not None:
                ready(self)
            await self._until_stopped()
        finally:
            if scheduler.running:
                scheduler.shutdown(wait=False)
            await self._shut()

    async def _open(self, began: float) -> None:
        """Loads what is known. Mail is taken meanwhile, which needs the archives only."""
        for office in self.offices:
            await asyncio.to_thread(office.load)
            office.begin()
            known = office.register
            log.started(
                office.config.store.folder,
                known.messages,
                len(known.rows),
                timedelta(seconds=time.monotonic() - began),
            )
        await self.control.open()
        for box in self.config.imap:
            self._watch(box)

    async def _until_stopped(self) -> None:
        """Until reading and handing over have ended. A smarthost that hangs is left: that mail goes out after the start."""
        done, rest = await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        if rest and not any(task.exception() for task in done):
            done |= (await asyncio.wait(rest, timeout=LAST_MAIL))[0]
        for task in done:
            task.result()

    def stop(self) -> None:
        self.stopping = True
        self.wake()

    def wake(self) -> None:
        for office in self.offices:
            office.wake.set()

    async def settle(self) -> None:
        """Until all that was accepted is read, all that is due is written, and all that can be is handed over."""
        before = [office.rounds for office in self.offices]
        self.wake()
        while any(o.rounds <= n for o, n in zip(self.offices, before, strict=True)) and not self.stopping:
            await asyncio.sleep(0.005)
        while not self.stopping and any(office.busy() for office in self.offices):
            await asyncio.sleep(0.005)

    # ── ways in ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _listen(self) -> None:
        config = self.config
        self.intake = Intake(self.accept, hostname=config.smtp.hostname, limits=setup.limits(config))
        self.control = Control(config.store.folder / "control", self)
        for kind, endpoint in (("smtp", config.smtp.listen), ("lmtp", config.lmtp.listen)):
            if endpoint is not None:
                self.ports[kind] = await self.intake.listen(kind, endpoint.host, endpoint.port)  # type: ignore[arg-type]
                log.listening(kind, endpoint.host, self.ports[kind])
        if config.health.listen is not None:
            self.ports["health"] = await self.health.listen(config.health.listen.host, config.health.listen.port)
            log.listening("health", config.health.listen.host, self.ports["health"])

    async def accept(self, raw: bytes, sender: str, recipients: tuple[str, ...], way: str) -> None:
        """On disk when this returns (law 1); whatever it raises is answered with 451."""
        try:
            offices = route(self.offices, raw, recipients)
            found = await self.senders.signatures(offices, raw)
            for office in offices:
                trust = office.trust(raw, recipients, way=way, signatures=found)
                arrival = Arrival(way, sender, recipients, trust)
                record: Record = await asyncio.wrap_future(office.archive.append("in", raw, arrival))
        except OSError as error:
            log.refused(way, error.strerror or str(error))
            raise
        finally:
            self.wake()  # also where the peer went away meanwhile: the mail may be on disk all the same
        self._arrived(record, way)

    def _arrived(self, record: Record, way: str) -> None:
        found = _ID.search(record.raw, 0, 20_000)
        log.accepted(found[1].decode("ascii", "replace") if found else "none", way, len(record.raw))
        self.wake()

    def _watch(self, box: Imap) -> None:
        """One thread a mailbox; its mails go the same way."""

        def arrived(record: Record, way: str) -> None:
            self._loop.call_soon_threadsafe(self._arrived, record, way)

        watch = Watch(box, self.config.smtp.max_size, self.offices, self.senders, arrived)
        self.boxes.append(watch.intake)
        self._threads.append(watch.start(self._stop_threads))

    # ── reading and writing ───────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, office: Office) -> None:
        """Takes what was accepted; when there is nothing more, writes what is due."""
        while True:
            began = time.monotonic()
            taken = await office.round(stopping=self.stopping)
            if taken > 0:
                await self._yield(began)
            elif self.stopping:
                return
            else:
                office.rounds += 1
                await office.wake.wait()
                office.wake.clear()

    async def _yield(self, began: float) -> None:
        """Others first while mail is coming in, but not for ever. ``began``: when the slice did."""
        now = time.monotonic()
        until = now + (SHARE - 1) * (now - began)
        await asyncio.sleep(0)
        while self.intake.busy() and time.monotonic() < until and not self.stopping:
            await asyncio.sleep(0.005)

    async def _hand_over(self, office: Office) -> None:
        while not self.stopping:
            await office.mailroom.hand_over(self.clock(), lambda: self.stopping)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outgoing(office), 1.0)

    async def _outgoing(self, office: Office) -> None:
        """Until something new is in the outbox."""
        known = len(office.register.outbox)
        while len(office.register.outbox) <= known and not self.stopping:
            await asyncio.sleep(0.05)

    def _schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Poll for what is due (law 9): one interval job; cron jobs only say when a list's digest period ends."""
        always: dict[str, Any] = {"misfire_grace_time": None, "coalesce": True}
        scheduler.add_job(self.wake, IntervalTrigger(seconds=TICK), id="tick", **always)
        for n, office in enumerate(self.offices):
            policy = office.policy
            if policy.digest_every != "never":
                day = {"day_of_week": policy.digest_day} if policy.digest_every == "week" else {}
                trigger = CronTrigger(hour=policy.digest_hour, timezone=policy.zone, **day)
                scheduler.add_job(self.wake, trigger, id=f"digest {n}", **always)

    # ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _shut(self) -> None:
        self.stopping = True
        notify("STOPPING=1")
        self.health.close()
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._stop_threads.set()
        if hasattr(self, "intake"):
            await self.control.close()
            await self.intake.close(GRACE)
        self.senders.close()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 3.0)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for office in self.offices:
            office.close()
        if self.post is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(apart(self.post.close), 2.0)
