"""An office: all that one list has of its own in the daemon. Archive, register, mailroom, and the order in which they work.

The law: notices are written only when the register has caught up with the archive, so none is ever written twice; and
what one office cannot read or write stops no other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from mailbot.app import log, setup
from mailbot.app.addressed import proven
from mailbot.app.mailroom import Mailroom
from mailbot.app.register import Register
from mailbot.app.tokens import secret_of
from mailbot.config import Config
from mailbot.intake.signatures import Signature
from mailbot.intake.trust import Evidence, written
from mailbot.outbox.post import Post
from mailbot.store.archive import Archive, utcnow

SLICE = 8  # records read before others get their turn,
SPELL = 0.05  # or fewer where they are long: seconds
COMMIT = 200  # records between commits of the state while catching up


class Office:
    """``config`` is the list's own, see ``Config.each``. Raises store.archive.Locked and OSError where it cannot open."""

    def __init__(self, config: Config, post: Post | None, clock: setup.Clock = utcnow) -> None:
        self.config, self.post, self.clock = config, post, clock
        self.name = config.store.folder.name  # as in [lists.NAME]
        self.policy = setup.policy(config)
        self.archive: Archive = setup.open_archive(config, clock=clock)
        self.secret = secret_of(self.archive)
        self.wake = asyncio.Event()
        self.ready = False  # register and mailroom are there
        self.rounds = 0  # how often everything was read and written
        self.reading = asyncio.Lock()  # who holds it has the register
        self._uncommitted = 1  # what the start found; the first commit keeps it

    def trust(
        self, raw: bytes, recipients: Sequence[str] = (), *, way: str = "", signatures: tuple[Signature, ...] = ()
    ) -> str:
        """What vouches for the sender of a mail that arrives, to be kept with it; never a reason to refuse it.

        ``signatures``: what ``app.senders`` found.
        """
        listed, wants = self.config.list, self.config.trust
        checked = signatures if wants.own_check else None
        spent = self.register.spent if self.ready else ()
        try:
            given = proven(raw, recipients, bot=listed.bot, secret=self.secret, clock=self.clock, spent=spent)
            seen = Evidence(way, wants.list_hosts, checked, wants.list_authserv_id, given)
            server = wants.authserv_id
            return written(raw, list_address=listed.address, list_id=listed.id, authserv=server, evidence=seen)
        except Exception as error:
            log.broke("", "judging a sender", error)
            return "unknown its headers could not be judged"

    def load(self) -> None:
        """What is known. Takes seconds with 100,000 messages, and minutes where the state must be made again."""
        self.register: Register = setup.open_register(self.config, self.archive)
        self.register.secret = self.secret  # the same also where it could not be kept

    def begin(self) -> None:
        """To be called when it is loaded."""
        self.commit()
        folder = self.config.publish.folder
        renderer = setup.renderer(self.config)
        renderer.secret = self.secret
        for sentence in renderer.broken():
            log.note(f"{sentence}; ours is used for it")
        self.mailroom = Mailroom(self.register, renderer, self.policy, self.post, folder)
        self._settle_bounces()
        self.ready = True

    async def round(self, *, stopping: bool = False) -> int:
        """Reads a slice of what was accepted; when there is nothing more, writes what is due (not where it is ``stopping``).
        How many mails that were; 0 when all is done, -1 where the archive cannot be read."""
        async with self.reading:
            taken = self._slice()
            if taken == 0 and not stopping:
                taken = await self._write()
            if taken <= 0 or self._uncommitted >= COMMIT:
                self.commit()
        return taken

    def _slice(self) -> int:
        """How many records were taken; -1 where the archive cannot be read: then nothing may be written either."""
        try:
            taken = self.register.catch_up(SLICE, time.monotonic() + SPELL)
        except OSError as error:
            log.broke("", "reading the archive", error)
            return -1
        self._uncommitted += taken
        self._settle_bounces()
        return taken

    def _settle_bounces(self) -> None:
        """Before the state is committed, or a bounce would be forgotten by a crash in between."""
        try:
            self.mailroom.holds.settle(self.clock())
        except OSError as error:
            log.broke("", "reading bounces", error)

    async def _write(self) -> int:
        try:
            return await self.mailroom.write(self.clock())
        except OSError as error:
            log.broke("", "writing notices", error)
            return 0

    def commit(self) -> None:
        if not self._uncommitted and not self.register.touched:
            return
        try:
            self.register.commit()
            self._uncommitted = 0
        except OSError as error:  # the state is only an index; it stays waiting
            log.broke("", "writing the state", error)

    def busy(self) -> bool:
        """Is a mail in the outbox that was not yet tried?"""
        return any(waiting.next_at is None for waiting in self.register.outbox.values())

    def close(self) -> None:
        """Takes what is still unread, keeps the state, lets go of the folder."""
        if hasattr(self, "register"):
            finish(self.archive, self.register)
            log.stopped(self.register.messages)
        else:
            self.archive.close()


def finish(archive: Archive, register: Register) -> None:
    try:
        register.catch_up()
        register.commit()
    except OSError as error:
        log.broke("", "the last commit", error)
    register.state.close()
    archive.close()
