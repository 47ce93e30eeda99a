"""One more mail: what it costs does not grow, neither with the archive nor with its incident.

CPU time of this process (on a busy machine the clock says nothing): the archive is read on, the mail threaded and
folded, what is due written, the state kept. The two that are compared take their mails in turns.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.mails import Author, Thread
from bench.options import Options, loaded, opened
from bench.table import Row, ratio_at_most
from mailbot.app import setup
from mailbot.app.mailroom import Mailroom
from mailbot.store.archive import Arrival

TARGET = 1.5
MUCH = 1_000_000  # no budget: each notice is written
KEYWORDS = (
    "LOG 10:15 UTC rolled back",
    "IMPACT: logins fail",
    "TAKE",
    "ACTION: look at the disks",
    "CAUSE: a full disk",
)


class House:
    """A register that takes mails one after the other."""

    def __init__(self, path: Path, stack: ExitStack, *, seed: int) -> None:
        config = loaded(path)
        self.archive, self.register = stack.enter_context(opened(path))
        policy = replace(setup.policy(config), list_hour=MUCH, incident_day=MUCH, sender_day=MUCH)
        self.mailroom = Mailroom(self.register, setup.renderer(config), policy, None)
        self.author = Author(seed)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def take(self, raw: bytes) -> float:
        """CPU milliseconds from the mail on disk to everything that follows from it."""
        way = Arrival("smtp 192.0.2.1", "someone@example.net", ("incident@example.org",))
        self.archive.append("in", raw, way).result()
        began = time.process_time()
        asyncio.run(self.follow())
        return (time.process_time() - began) * 1000

    async def follow(self) -> None:
        while self.register.catch_up() or await self.mailroom.write(self.now()):
            pass
        self.register.commit()

    def opens(self) -> tuple[Thread, float]:
        thread, raw = self.author.opens(self.now())
        return thread, self.take(raw)

    def replies(self, thread: Thread, keyword: str = "") -> float:
        return self.take(self.author.writes(thread, self.now(), own=keyword))


def measure(options: Options) -> Iterator[Row]:
    yield from _archives(options)
    yield from _incidents(options)


def _archives(options: Options) -> Iterator[Row]:
    rounds = 10 if options.quick else 100
    with ExitStack() as stack:
        few = House(options.archive(options.few), stack, seed=7)
        many = House(options.archive(options.many), stack, seed=7)
        costs: dict[str, tuple[list[float], list[float]]] = {}
        for n in range(rounds):
            for side, house in ((n % 2, (few, many)[n % 2]), (1 - n % 2, (few, many)[1 - n % 2])):
                thread, cost = house.opens()
                costs.setdefault("a mail that opens an incident", ([], []))[side].append(cost)
                costs.setdefault("a reply", ([], []))[side].append(house.replies(thread))
                keyword = KEYWORDS[n % len(KEYWORDS)]
                costs.setdefault("a reply with a keyword", ([], []))[side].append(house.replies(thread, keyword))
        for what, (small, large) in costs.items():
            told = f"{what}, at {options.many:,} messages"
            yield ratio_at_most(told, median(large), "ms", median(small), f"at {options.few:,}", TARGET)


def _incidents(options: Options) -> Iterator[Row]:
    short, long, rounds = (10, 100, 4) if options.quick else (30, 3_000, 15)
    with ExitStack() as stack:
        house = House(options.config("short"), stack, seed=9)
        brief = [_thread(house, short) for _ in range(rounds)]  # a short one must stay short
        far = House(options.config("long"), stack, seed=9)
        length = _thread(far, long)
        plain: list[tuple[float, float]] = []
        keyword: list[tuple[float, float]] = []
        for n, thread in enumerate(brief):
            for word in KEYWORDS[n % len(KEYWORDS) :][:2]:
                plain.append((house.replies(thread), far.replies(length)))
                keyword.append((house.replies(thread, word), far.replies(length, word)))
        for what, costs in (("a reply", plain), ("a reply with a keyword", keyword)):
            near, large = (median(side) for side in zip(*costs, strict=True))
            yield ratio_at_most(f"{what}, in an incident of {long:,}", large, "ms", near, f"in one of {short}", TARGET)


def _thread(house: House, length: int) -> Thread:
    """An incident of so many mails; they come many at a time."""
    thread, _ = house.opens()
    way = Arrival("smtp 192.0.2.1", "someone@example.net", ("incident@example.org",))
    for _ in range(length - 1):
        waiting = house.archive.append("in", house.author.writes(thread, house.now()), way)
        if len(thread.ids) % 200 == 0:
            waiting.result()
            house.register.catch_up()
            house.register.commit()
    waiting.result()
    asyncio.run(house.follow())
    return thread
