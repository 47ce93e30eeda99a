"""The disk is full, gone or read-only: mail is refused with 451, nothing that was accepted is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailbot.app.register import Register
from mailbot.core.message import parse
from mailbot.store.archive import Archive
from tests.daemon_process import Process, Sink, mail, send, wait_for, write_config
from tests.daemon_scene import House


def letter(number: int, size: int = 3000) -> bytes:
    text = "Nobody gets through since 11:50.\n" + ("y" * 60 + "\n") * (size // 61)
    return mail(f"{number}@example.org", f"Trouble number {number:x}", text, sender=f"p{number}@example.org")


def ids(kept: Path) -> list[str]:
    with Archive(kept, readonly=True) as archive:
        return [parse(r.raw).message_id for r in archive.records() if r.direction == "in"]


class Office:
    """A daemon as a process, and people who write until it says no and again when it says yes."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.sink = sink
        self.process = Process(write_config(folder, sink.port), log=folder.parent / "daemon.log").wait()
        self.kept, self.port = folder / "kept", self.process.ports["smtp"]
        self.accepted: list[str] = []
        self._number = 0

    def write(self) -> str:
        self._number += 1
        (outcome,) = send(self.port, letter(self._number))
        if outcome == "250":
            self.accepted.append(f"{self._number}@example.org")
        return outcome

    def until_refused(self) -> None:
        outcomes = [self.write()]
        while outcomes[-1] == "250":
            assert len(outcomes) < 200
            outcomes.append(self.write())
        assert outcomes[-1] == "451"
        assert {self.write(), self.write()} == {"451"}
        assert self.process.peer.poll() is None

    def goes_on(self) -> None:
        """There is room again: mail is accepted, and all that was accepted is there and has its ack."""
        assert [self.write(), self.write()] == ["250", "250"]
        wait_for(lambda: len(set(self.sink.taken)) >= len(self.accepted), "each mail has its ack")
        assert self.process.stop() == 0
        assert ids(self.kept) == self.accepted
        assert self.sink.kinds() == ["ack"] * len(self.accepted)
        assert len({got.incident for got in self.sink.taken}) == len(self.accepted)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def office(tmp_path: Path, sink: Sink) -> Iterator[Office]:
    office = Office(tmp_path / "home", sink)
    try:
        yield office
    finally:
        office.process.__exit__()


def test_files_that_may_not_grow_refuse_mail_until_they_may(office: Office) -> None:
    pid, limits = office.process.peer.pid, resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in (20_000, 47_000):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, limits[1]))
        office.until_refused()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    office.goes_on()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no mounting here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_refuses_mail_until_there_is_room(small_disk: Path, sink: Sink) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"z" * 100_000)
    office = Office(small_disk / "home", sink)
    try:
        office.until_refused()
        filler.unlink()
        office.goes_on()
    finally:
        office.process.__exit__()


def test_an_archive_that_cannot_be_written_refuses_mail_until_it_can(office: Office) -> None:
    assert office.write() == "250"
    wait_for(lambda: len(office.sink.taken) == 1, "its ack")
    (box,) = office.kept.glob("in-*.mbox")
    box.rename(box.with_suffix(".away"))
    box.mkdir()
    office.until_refused()
    box.rmdir()
    box.with_suffix(".away").rename(box)
    office.goes_on()


def test_an_archive_whose_folder_is_gone_refuses_mail(office: Office) -> None:
    assert office.write() == "250"
    shutil.move(office.kept, office.kept.with_name("elsewhere"))
    office.until_refused()
    shutil.move(office.kept.with_name("elsewhere"), office.kept)
    office.goes_on()


# ── one file of it, in the daemon inside the test ─────────────────────────────────────────────────────────────────────


class Broken:
    """Makes a method raise ENOSPC for the calls that ``when`` picks, while ``on``."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: Any, name: str, when: Callable[..., bool]) -> None:
        self.on, self.calls = True, 0
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            if self.on and when(*args):
                self.calls += 1
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **more)

        patch.setattr(owner, name, call)


@pytest.fixture
def house(tmp_path: Path, sink: Sink) -> House:
    return House(tmp_path, sink)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        await asyncio.wait_for(scene(), 30)

    asyncio.run(play())


async def until(what: Callable[[], bool]) -> None:
    while not what():
        await asyncio.sleep(0.02)


def test_a_state_that_cannot_be_written_is_no_reason_to_refuse_mail(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        broken = Broken(monkeypatch, os, "pwrite", lambda *_: broken_now())
        broken.on = False
        async with house.run() as here:
            broken.on = True
            assert await here.send(*(letter(n) for n in range(5))) == ["250"] * 5
            await until(lambda: len(house.sink.taken) == 5)
            await until(lambda: broken.calls > 0)
        broken.on = False
        async with house.run() as here:  # the state knows nothing of it; the archive does
            await here.settle()
            await here.quiet()
        assert len(house.sink.taken) == 5
        assert house.wrong() == []

    def broken_now() -> bool:
        return True

    play(scene)


def test_a_state_that_cannot_be_opened_is_kept_in_memory(house: House) -> None:
    async def scene() -> None:
        (house.folder / "state.log").mkdir(parents=True)
        for number in (1, 2):
            async with house.run() as here:
                assert await here.send(letter(number)) == ["250"]
                await here.settle()
        assert house.sink.kinds() == ["ack", "ack"]

    play(scene)


def test_a_notice_that_cannot_be_written_stays_due(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        broken = Broken(monkeypatch, Archive, "_write", lambda _, name, __: name.startswith("out-"))
        async with house.run() as here:
            assert await here.send(letter(1), letter(2)) == ["250", "250"]
            await until(lambda: broken.calls > 0)
            await here.quiet()
            broken.on = False
            await here.quiet()
            await here.settle()
        assert house.sink.kinds() == ["ack", "ack"]

    play(scene)


def test_a_notice_that_cannot_be_written_is_due_after_a_restart(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        broken = Broken(monkeypatch, Archive, "_write", lambda _, name, __: name.startswith("out-"))
        async with house.run() as here:
            await here.send(letter(1))
            await until(lambda: broken.calls > 0)
        broken.on = False
        async with house.run() as here:
            await here.settle()
        assert house.sink.kinds() == ["ack"]

    play(scene)


def test_a_notice_too_many_for_the_disk_leaves_the_others_written_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        broken = Broken(monkeypatch, Archive, "append", lambda _, side, raw, __: side == "out" and b"number 2" in raw)
        async with house.run() as here:
            await here.send(*(letter(n) for n in (1, 2, 3)))
            await until(lambda: broken.calls > 0)
            await until(lambda: len(house.sink.taken) == 2)
            broken.on = False
            await here.settle()
            await until(lambda: len(house.sink.taken) == 3)
        assert len(house.written()) == len(set(house.written())) == 3

    play(scene)


def test_a_mail_goes_out_once_though_sent_log_cannot_be_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        broken = Broken(monkeypatch, Archive, "sent", lambda *_: True)
        async with house.run() as here:
            await here.send(letter(1), letter(2))
            await until(lambda: broken.calls > 2)  # it asks every second
            assert house.sink.kinds() == ["ack"]
            broken.on = False
            await until(lambda: len(house.sink.taken) == 2)
        assert house.sink.kinds() == ["ack", "ack"]
        assert house.outcomes() == [("ack", "sent")] * 2

    play(scene)


def test_nothing_is_written_while_the_archive_cannot_be_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(letter(1))
            await here.settle()
            broken = Broken(monkeypatch, Register, "catch_up", lambda *_: True)
            house.clock.move(hours=2)  # a reminder would be due
            await here.send(letter(2))
            await until(lambda: broken.calls > 0)
            await here.quiet()
            assert house.sink.kinds() == ["ack"]
            broken.on = False
            await here.settle()
        assert sorted(house.sink.kinds()) == ["ack", "ack", "update"]

    play(scene)
