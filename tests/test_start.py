"""Much at once. A start with much to load: mail is taken meanwhile, and read when the rest is known. Mail that never
stops: it is read all the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.app import setup
from mailbot.app.daemon import Daemon
from mailbot.app.office import SLICE
from mailbot.app.register import Register
from mailbot.config import Config
from mailbot.store.archive import Archive
from tests.daemon_process import Sink, mail, send
from tests.daemon_scene import House

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 nobody can log in.")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The register is not loaded before it is set."""
    gate, load = threading.Event(), setup.open_register

    def slowly(config: Config, archive: Archive) -> Register:
        assert gate.wait(20)
        return load(config, archive)

    monkeypatch.setattr(setup, "open_register", slowly)
    return gate


async def listening(daemon: Daemon) -> None:
    while "smtp" not in daemon.ports:
        await asyncio.sleep(0.005)


def test_mail_that_comes_while_the_state_is_loaded_is_accepted_and_then_read(
    house: House, gate: threading.Event
) -> None:
    async def scene() -> None:
        daemon = Daemon(house.config, house.clock)
        running = asyncio.create_task(daemon.run())
        await listening(daemon)
        await asyncio.to_thread(send, daemon.ports["smtp"], OPENING)
        assert not hasattr(daemon, "register")
        gate.set()
        while not hasattr(daemon, "mailroom"):
            await asyncio.sleep(0.005)
        await daemon.settle()
        assert len(daemon.register.members) == 1
        daemon.stop()
        await running

    asyncio.run(scene())
    assert [key.partition(":")[0] for key in house.written()] == ["ack"]


def test_a_stop_while_the_state_is_loaded_loses_no_mail(house: House, gate: threading.Event) -> None:
    async def scene() -> None:
        daemon = Daemon(house.config, house.clock)
        running = asyncio.create_task(daemon.run())
        await listening(daemon)
        await asyncio.to_thread(send, daemon.ports["smtp"], OPENING)
        daemon.stop()
        gate.set()
        await running

    asyncio.run(scene())
    with Archive(house.folder, readonly=True) as archive:
        assert [record.direction for record in archive.records()] == ["in"]
    assert house.wrong() == []


def test_a_register_that_cannot_be_loaded_lets_go_of_the_archive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: Config, archive: Archive) -> Register:
        raise OSError("the disk is on fire")

    monkeypatch.setattr(setup, "open_register", broken)
    with pytest.raises(OSError, match="fire"):
        asyncio.run(Daemon(house.config, house.clock).run())
    Archive(house.folder).close()


def test_mail_that_never_stops_does_not_keep_reading_from_its_share(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slices of reading, and somebody is always sending."""

    async def scene() -> None:
        async with house.run() as running:
            assert running.daemon.intake.busy() is False
            monkeypatch.setattr(running.daemon.intake, "busy", lambda: True)
            await running.send(*(mail(f"{n}@example.org", f"Disk {n}00 full", "It is full.") for n in range(3 * SLICE)))
            await running.settle()
            assert len(running.daemon.offices[0].register.members) == 3 * SLICE

    asyncio.run(scene())
