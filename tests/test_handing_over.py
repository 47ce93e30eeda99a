"""The daemon and a smarthost that refuses: later means again with backoff, never means once, and the operator reads it once."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tests.daemon_process import LIST, mail
from tests.daemon_scene import House
from tests.test_post import Sink, running

WHO = "ann@example.org"


def warnings_of(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    return [line for line in said if line.startswith(f"{word} ")]


def test_a_451_is_tried_again_after_one_two_and_five_minutes(tmp_path: Path) -> None:
    sink = Sink({LIST: ["451 4.3.0 later"] * 3})

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await daemon.send(mail("m1@example.org", "Registry is down", "Since 11:40 UTC."))
            await daemon.settle()
            tries = [1]
            for minutes in (1, 1, 1, 4, 1):
                house.clock.move(minutes=minutes)
                await daemon.settle()
                await asyncio.sleep(1.1)  # the hand-over looks once a second
                tries.append(len(house.outcomes()))
            assert tries == [1, 2, 2, 3, 3, 4]
        assert [outcome for _, outcome in house.outcomes()] == ["deferred"] * 3 + ["sent"]
        assert len(sink.mails) == 1

    with running(sink):
        asyncio.run(story(House(tmp_path, sink)))  # type: ignore[arg-type]  # it wants a port only


def test_a_refusal_in_the_same_words_is_told_the_operator_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Sink({WHO: "554 5.7.1 not from you"})
    caplog.set_level(logging.INFO, "mailbot")

    async def ask(house: House, number: int) -> None:
        async with house.run() as daemon:
            for n in range(3):
                words = mail(f"s{number}{n}@example.org", "Re: Registry is down", "STATUS", answers="m1@example.org")
                await daemon.send(words)
                await daemon.settle()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await daemon.send(mail("m1@example.org", "Registry is down", "Since 11:40 UTC."))
            await daemon.settle()
        await ask(house, 1)
        await ask(house, 2)  # a restart forgets nothing
        assert [outcome for _, outcome in house.outcomes()].count("refused") == 6
        assert len(warnings_of(caplog, "refused")) == 1
        sink.say[WHO] = "554 5.7.1 and now in other words"
        await ask(house, 3)
        assert len(warnings_of(caplog, "refused")) == 2

    with running(sink):
        asyncio.run(story(House(tmp_path, sink)))  # type: ignore[arg-type]
