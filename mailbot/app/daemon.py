"""The daemon: ways in, reading, what is due, the way out, in one event loop. SIGTERM finishes what was accepted.

Accepting comes first: a mail is answered when it is on disk, and reading waits while mail is coming in (but never for
long). Notices are written only when the register has caught up with the archive, so none is ever written twice.
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
from mailbot.app.mailroom import Mailroom, apart
from mailbot.app.register import Register
from mailbot.config import Config, Imap
from mailbot.core.due import Policy
from mailbot.intake.imap import ImapIntake, Mailbox
from mailbot.intake.smtp import Intake
from mailbot.store.archive import Archive, Arrival, Record, utcnow

SLICE = 8  # records read before others get their turn,
SPELL = 0.05  # or fewer where they are long: seconds
SHARE = 4  # of the time reading gets a fourth while mail is coming in, so that steady mail does not starve it
TICK = 15  # seconds between looks at what is due
GRACE = 10.0  # seconds that a running DATA gets at shutdown
LAST_MAIL = 3.0  # seconds that a hand-over gets then
COMMIT = 200  # records between commits of the state while catching up
_ID = re.compile(rb"(?im)^message-id:\s*<?([^>\r\n]{1,200})")


class Daemon:
    """``clock`` is for those who play a scene; everybody else has the real one."""

    def __init__(self, config: Config, clock: setup.Clock = utcnow) -> None:
        self.config, self.clock = config, clock
        self.stopping = False
        self.ports: dict[str, int] = {}
        self.reading = asyncio.Lock()  # who holds it has the register
        self._wake = asyncio.Event()
        self._rounds = 0  # how often everything was read and written
        self._uncommitted = 1  # what the start found; the first commit keeps it
        self._work: list[asyncio.Task[None]] = []
        self._threads: list[threading.Thread] = []
        self._stop_threads = threading.Event()

    async def run(self, ready: Callable[[Daemon], None] | None = None) -> None:
        """Until SIGTERM or SIGINT. Raises Locked or OSError where it cannot start."""
        began = time.monotonic()
        self.archive = setup.open_archive(self.config, clock=self.clock)
        self.post = setup.post(self.config)
        policy = setup.policy(self.config)
        self._loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(name, self.stop)
        scheduler = self._schedule(policy)
        try:
            await self._listen()
            await self._open(policy)
            log.started(
                self.config.store.folder,
                self.register.messages,
                len(self.register.rows),
                timedelta(seconds=time.monotonic() - began),
            )
            self._work = [asyncio.create_task(self._read()), asyncio.create_task(self._hand_over())]
            scheduler.start()
            if ready is not None:
                ready(self)
            await self._until_stopped()
        finally:
            if scheduler.running:
                scheduler.shutdown(wait=False)
            await self._shut()

    async def _open(self, policy: Policy) -> None:
        """Loads what is known. Mail is taken meanwhile, which needs the archive only: with 100,000 messages this takes
        seconds, and minutes where the state must be made again."""
        self.register = await asyncio.to_thread(setup.open_register, self.config, self.archive)
        self._commit()
        self.mailroom = Mailroom(self.register, setup.renderer(self.config), policy, self.post)
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
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    async def settle(self) -> None:
        """Until all that was accepted is read, all that is due is written, and all that can be is handed over."""
        before = self._rounds
        self._wake.set()
        while self._rounds <= before and not self.stopping:
            await asyncio.sleep(0.005)
        while not self.stopping and any(w.next_at is None for w in self.register.outbox.values()):
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

    async def accept(self, raw: bytes, sender: str, recipients: tuple[str, ...], way: str) -> None:
        """On disk when this returns (law 1); whatever it raises is answered with 451."""
        try:
            record: Record = await asyncio.wrap_future(self.archive.append("in", raw, Arrival(way, sender, recipients)))
        except OSError as error:
            log.refused(way, error.strerror or str(error))
            raise
        finally:
            self._wake.set()  # also where the peer went away meanwhile: the mail may be on disk all the same
        self._arrived(record, way)

    def _arrived(self, record: Record, way: str) -> None:
        found = _ID.search(record.raw, 0, 20_000)
        log.accepted(found[1].decode("ascii", "replace") if found else "none", way, len(record.raw))
        self._wake.set()

    def _watch(self, box: Imap) -> None:
        """One thread a mailbox; its mails go the same way."""
        label = f"{box.user}@{box.host}/{box.folder}"

        def accept(raw: bytes, way: str) -> None:
            place = way.rpartition(" ")[2]
            full = f"imap {label} {place}"
            record = self.archive.append("in", raw, Arrival(full)).result()
            self._loop.call_soon_threadsafe(self._arrived, record, full)

        cursor = self.register.cursors.get(label)
        mailbox = Mailbox(
            box.host,
            box.port,
            box.user,
            box.password(),
            box.tls,
            box.folder,
            str(box.ca_file or ""),
            box.poll.total_seconds(),
            after=box.after,
            limit=self.config.smtp.max_size,
        )
        intake = ImapIntake(mailbox, accept, (cursor[0], cursor[1]) if cursor else None, _imap_log)
        thread = threading.Thread(target=intake.run, args=(self._stop_threads,), name=f"imap {label}", daemon=True)
        thread.start()
        self._threads.append(thread)

    # ── reading and writing ───────────────────────────────────────────────────────────────────────────────────────

    async def _read(self) -> None:
        """Takes what was accepted; when there is nothing more, writes what is due."""
        while True:
            began = time.monotonic()
            async with self.reading:
                taken = self._slice()
                if taken == 0 and not self.stopping:
                    taken = await self._write()
                if taken <= 0 or self._uncommitted >= COMMIT:
                    self._commit()
            if taken > 0:
                await self._yield(began)
            elif self.stopping:
                return
            else:
                self._rounds += 1
                await self._wake.wait()
                self._wake.clear()

    def _slice(self) -> int:
        """How many records were taken; -1 where the archive cannot be read: then nothing may be written either."""
        try:
            taken = self.register.catch_up(SLICE, time.monotonic() + SPELL)
        except OSError as error:
            log.broke("", "reading the archive", error)
            return -1
        self._uncommitted += taken
        return taken

    async def _write(self) -> int:
        try:
            return await self.mailroom.write(self.clock())
        except OSError as error:
            log.broke("", "writing notices", error)
            return 0

    def _commit(self) -> None:
        if not self._uncommitted and not self.register.touched:
            return
        try:
            self.register.commit()
            self._uncommitted = 0
        except OSError as error:  # the state is only an index; it stays waiting
            log.broke("", "writing the state", error)

    async def _yield(self, began: float) -> None:
        """Others first while mail is coming in, but not for ever. ``began``: when the slice did."""
        now = time.monotonic()
        until = now + (SHARE - 1) * (now - began)
        await asyncio.sleep(0)
        while self.intake.busy() and time.monotonic() < until and not self.stopping:
            await asyncio.sleep(0.005)

    async def _hand_over(self) -> None:
        while not self.stopping:
            await self.mailroom.hand_over(self.clock(), lambda: self.stopping)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outgoing(), 1.0)

    async def _outgoing(self) -> None:
        """Until something new is in the outbox."""
        known = len(self.register.outbox)
        while len(self.register.outbox) <= known and not self.stopping:
            await asyncio.sleep(0.05)

    def _schedule(self, policy: Policy) -> AsyncIOScheduler:
        """Poll for what is due (law 9): one interval job; a cron job only says when a digest's period ends."""
        scheduler = AsyncIOScheduler(timezone=policy.zone)
        always: dict[str, Any] = {"misfire_grace_time": None, "coalesce": True}
        scheduler.add_job(self.wake, IntervalTrigger(seconds=TICK), id="tick", **always)
        if policy.digest_every != "never":
            day = {"day_of_week": policy.digest_day} if policy.digest_every == "week" else {}
            scheduler.add_job(
                self.wake, CronTrigger(hour=policy.digest_hour, timezone=policy.zone, **day), id="digest", **always
            )
        return scheduler

    # ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _shut(self) -> None:
        self.stopping = True
        self._stop_threads.set()
        if hasattr(self, "intake"):
            await self.control.close()
            await self.intake.close(GRACE)
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 3.0)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if hasattr(self, "register"):
            finish(self.archive, self.register)
            log.stopped(self.register.messages)
        else:
            self.archive.close()
        if self.post is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(apart(self.post.close), 2.0)


def finish(archive: Archive, register: Register) -> None:
    """Takes what is still unread, keeps the state, lets go of the folder."""
    try:
        register.catch_up()
        register.commit()
    except OSError as error:
        log.broke("", "the last commit", error)
    register.state.close()
    archive.close()


def _imap_log(fact: str, **fields: object) -> None:
    log.mailbox(fact, **fields)
