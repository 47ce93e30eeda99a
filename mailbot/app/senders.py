"""Signatures of mails that arrive, checked beside the event loop: an author's server may be slow to give its key.

The law: nothing of it delays a mail for longer than PATIENCE or refuses it, and mail without a signature, or for lists that
want no check of their own, costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mailbot.app.setup import Clock
from mailbot.intake.keys import Ask, Keys
from mailbot.intake.signatures import Signature, carries, check

if TYPE_CHECKING:
    from mailbot.app.office import Office

PATIENCE = 5.0  # seconds for one mail
THREADS = 8
LATE = (Signature("", "temperror", f"not checked within {PATIENCE:.0f} seconds"),)


class Senders:
    """``ask`` is for those who play a scene; everybody else asks the DNS."""

    def __init__(self, clock: Clock, ask: Ask | None = None) -> None:
        self._clock, self._keys = clock, Keys(ask)
        self._threads: ThreadPoolExecutor | None = None

    async def signatures(self, offices: Iterable[Office], raw: bytes) -> tuple[Signature, ...]:
        if not _wanted(offices, raw):
            return ()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "signatures")
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._check, raw)
        except TimeoutError:
            return LATE

    def signatures_here(self, offices: Iterable[Office], raw: bytes) -> tuple[Signature, ...]:
        """The same in a thread that may wait."""
        return self._check(raw) if _wanted(offices, raw) else ()

    def _check(self, raw: bytes) -> tuple[Signature, ...]:
        return check(raw, self._keys.within(PATIENCE), self._clock())

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _wanted(offices: Iterable[Office], raw: bytes) -> bool:
    return any(office.config.trust.own_check for office in offices) and carries(raw)
