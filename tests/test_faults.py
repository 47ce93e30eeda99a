"""What operators and machines do to a folder: damage, old copies, clocks, other processes. Nobody has to be called for it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from mailbot.app.daemon import Daemon
from mailbot.core.message import parse
from mailbot.store.archive import Archive, Locked
from mailbot.store.tiny import TinyState
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 UTC nobody can log in.")
REPLY = mail("2@example.org", "Re: Logins fail", "At 11:55 UTC we saw it again.", answers="1@example.org")
STATUS = mail("3@example.org", "Re: Logins fail", "STATUS", answers="1@example.org")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        await asyncio.wait_for(scene(), 60)

    asyncio.run(play())


async def told(house: House, *mails: bytes) -> None:
    """A start, these mails, a stop."""
    async with house.run() as here:
        await here.send(*mails)
        await here.settle()


def arrived(folder: Path) -> list[str]:
    with Archive(folder, readonly=True) as archive:
        return [parse(r.raw).message_id for r in archive.records() if r.direction == "in"]


def box(folder: Path) -> Path:
    (found,) = folder.glob("in-2026-11.mbox")
    return found


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "gone": lambda _: b"",
    "junk": lambda _: b"\0\xff" * 5000,
    "its head is another program's": lambda b: b"SQLite format 3\0" + b,
    "a byte in the middle is another": lambda b: b[: len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1 :],
    "cut in the middle": lambda b: b[: len(b) // 2],
    "an older one": lambda b: b[: len(b) // 3],
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_state_is_made_again_by_itself_and_no_notice_goes_out_twice(house: House, how: str) -> None:
    async def scene() -> None:
        await told(house, OPENING, REPLY)
        state, before = house.folder / "state.log", house.written()
        state.write_bytes(SPOILT[how](state.read_bytes()))
        await told(house, STATUS)
        assert house.written()[: len(before)] == before
        assert house.sink.kinds() == ["ack", "answer"]
        assert house.wrong() == []

    play(scene)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_tail_costs_the_mail_that_nobody_was_told_of_and_nothing_else(house: House, cut: int) -> None:
    async def scene() -> None:
        await told(house, OPENING, REPLY)
        whole = box(house.folder).read_bytes()
        box(house.folder).write_bytes(whole[:-cut])
        await told(house, REPLY, STATUS)  # its sender was not answered, and tries again
        assert arrived(house.folder) == ["1@example.org", "2@example.org", "3@example.org"]
        assert house.sink.kinds() == ["ack", "answer"]
        assert house.wrong() == []

    play(scene)


def test_damage_in_the_middle_of_the_archive_is_said_and_costs_the_mail_that_it_hit(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mailbot")  # whatever an earlier test left

    async def scene() -> None:
        await told(house, OPENING, REPLY)
        whole = box(house.folder).read_bytes()
        box(house.folder).write_bytes(b"\0" * 60 + whole[60:])
        (house.folder / "state.log").unlink()
        await told(house, STATUS)
        assert arrived(house.folder) == ["2@example.org", "3@example.org"]
        assert b"\0" * 60 in box(house.folder).read_bytes()  # never cut
        assert "in-2026-11.mbox offset 0: no record begins here; skipped" in caplog.text

    play(scene)


def test_two_daemons_on_one_folder_the_second_is_refused_and_harms_nothing(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(OPENING)
            with pytest.raises(Locked, match="in use by process"):
                await Daemon(house.config, house.clock).run()
            assert await here.send(REPLY) == ["250"]
            await here.settle()
        assert arrived(house.folder) == ["1@example.org", "2@example.org"]
        assert house.sink.kinds() == ["ack"]

    play(scene)


@pytest.mark.parametrize("hours", [-1, -24, -30 * 24, 30 * 24, 365 * 24])
def test_a_clock_that_jumps_changes_no_order_and_repeats_no_mail(house: House, hours: int) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
            house.clock.move(hours=hours)
            await here.send(REPLY)
            await here.settle()
            house.clock.move(hours=-hours)
            await here.send(STATUS)
            await here.settle()
        await told(house)
        assert arrived(house.folder) == ["1@example.org", "2@example.org", "3@example.org"]
        kinds = house.sink.kinds()
        assert kinds.count("ack") == kinds.count("answer") == 1
        assert len(house.written()) == len(set(house.written()))
        assert len(kinds) <= (2 if hours < 0 else 6)  # a month ahead reminds once of each kind, not for each day
        assert house.wrong() == []

    play(scene)


def test_a_copy_of_a_running_daemons_folder_is_a_backup(house: House, tmp_path: Path) -> None:
    """Files are copied one after the other while mail goes on: each is whole, and they need not fit each other."""

    async def scene() -> None:
        copies: list[Path] = []
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
            for number, backwards in enumerate((False, True)):
                copy = tmp_path / f"backup {number}"
                copy.mkdir()
                for n, file in enumerate(sorted((p for p in house.folder.iterdir() if p.is_file()), reverse=backwards)):
                    shutil.copy(file, copy / file.name)
                    text = f"At 12:{10 * number + n:02} UTC it was still so."
                    await here.send(mail(f"{number}.{n}@example.org", "Re: Logins fail", text, answers="1@example.org"))
                    await here.send(
                        mail(f"{number}.{n}.s@example.org", "Re: Logins fail", "STATUS", answers="1@example.org")
                    )
                    await here.settle()
                copies.append(copy)
        for copy in copies:
            shutil.rmtree(house.folder)
            shutil.copytree(copy, house.folder)
            had, before = arrived(house.folder), [got.message_id for got in house.sink.taken]
            await told(house, STATUS)
            assert arrived(house.folder) == [*had, "3@example.org"]
            assert had[0] == "1@example.org"
            assert house.wrong() == []
            again = [got.message_id for got in house.sink.taken][len(before) :]
            assert len(again) == len(set(again))
            fresh = set(again) - set(before)  # what goes out anew has the same Message-ID, or was not yet said
            assert {m.split(".")[1] for m in fresh} <= {"answer"}

    play(scene)


def test_an_archive_and_a_state_of_an_older_version_are_read_and_nothing_goes_out_again(house: House) -> None:
    """Such a folder has no secret, no acts, and documents of another shape in its state."""

    async def scene() -> None:
        await told(house, OPENING, REPLY)
        before = house.written()
        for name in ("state.log", "secret", "acts.log"):
            (house.folder / name).unlink(missing_ok=True)
        state = TinyState(house.folder / "state.log")
        state.put("messages", 1, {"id": "1@example.org", "incident": "INC-1"})
        state.commit({"in-2026-11.mbox": 100})
        state.close()
        await told(house, STATUS)
        assert house.written()[: len(before)] == before
        assert house.sink.kinds() == ["ack", "answer"]
        assert house.wrong() == []

    play(scene)


def test_an_archive_that_the_first_version_wrote_is_taken_over_with_its_incidents(house: House) -> None:
    """``tests/older``: written by the first version that ran as a whole (two incidents, one of them resolved). Its records and
    logs have the form of today; its state has another, and it had no secret."""

    async def scene() -> None:
        shutil.copytree(Path(__file__).parent / "older", house.folder)
        before, mails = house.written(), box(house.folder).read_bytes()
        assert len(before) == 3
        house.clock.move(minutes=10)
        await told(house, STATUS)
        assert house.written() == [*before, *house.written()[3:]]
        assert house.sink.kinds() == ["answer"]
        assert {got.incident for got in house.sink.taken} == {"INC-20261118-TV8"}
        assert box(house.folder).read_bytes().startswith(mails)
        assert house.wrong() == []

    play(scene)


@pytest.mark.parametrize("hours", [-24, 365 * 24])
def test_a_clock_that_jumps_and_stays_reminds_once_of_each_kind_and_arrivals_go_on_rising(
    house: House, hours: int
) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
            house.clock.move(hours=hours)
            for _ in range(5):
                house.clock.move(seconds=20)
                await here.settle()
            await here.send(REPLY)
            await here.settle()
        await told(house)
        with Archive(house.folder, readonly=True) as archive:
            arrivals = [r.arrival.at for r in archive.records() if r.arrival.at is not None]
        assert arrivals == sorted(set(arrivals))
        kinds = [copies[0].keys[0].partition(":")[0] for copies in house.sink.mails().values()]
        assert len(kinds) == len(set(kinds)), kinds
        assert len(kinds) <= (1 if hours < 0 else 4)
        assert len(house.written()) == len(set(house.written()))
        assert house.wrong() == []

    play(scene)
