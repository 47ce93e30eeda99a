"""What was missed comes once, what is no longer true does not come, and a lost state sends nothing twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from mailbot.app import setup
from mailbot.app.mailroom import Mailroom
from mailbot.app.register import Register
from mailbot.store.tiny import TinyState
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 nobody can log in.")
RESOLVED = mail("2@example.org", "Re: Logins fail", "RESOLVED 13:10 rolled back", answers="1@example.org")


class Mood:
    """What the smarthost does, until it is told otherwise."""

    now = "ok"

    def __call__(self) -> str:
        return self.now


@pytest.fixture
def mood() -> Mood:
    return Mood()


@pytest.fixture
def house(tmp_path: Path, mood: Mood) -> Iterator[House]:
    with Sink(mood) as sink:
        yield House(tmp_path, sink)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        await scene()

    asyncio.run(play())


async def opened(house: House) -> None:
    """A daemon took the opening mail, sent its ack and went down."""
    async with house.run() as here:
        assert await here.send(OPENING) == ["250"]
        await here.settle()
    assert house.sink.kinds() == ["ack"]


async def up_and_down(house: House) -> list[str]:
    """The daemon starts, does what is to do, stops: the kinds of mail that this sent."""
    before = len(house.sink.taken)
    async with house.run() as here:
        await here.settle()
        await here.quiet()
    return [copies[0].keys[0].partition(":")[0] for copies in house.sink.mails(before).values()]


def test_two_reminders_missed_come_as_one_the_latest(house: House) -> None:
    async def scene() -> None:
        await opened(house)
        house.clock.move(hours=3, minutes=5)  # due after one hour and after three
        assert sorted(await up_and_down(house)) == ["offer", "update"]  # one to the list, one to the commander
        assert any(key.startswith("update:") and key.endswith(":2") for key in house.written())
        assert await up_and_down(house) == []

    play(scene)


def test_two_digests_missed_come_as_one_the_latest(house: House) -> None:
    async def scene() -> None:
        await opened(house)
        house.clock.move(days=14)  # 2 December: the Mondays 23 and 30 November have passed
        assert sorted(await up_and_down(house)) == ["digest", "open"]  # and the update asks for nothing more
        assert [key for key in house.written() if key.startswith("digest:")] == ["digest:2026-W48"]
        assert await up_and_down(house) == []
        house.clock.move(days=6)
        assert "digest" in await up_and_down(house)

    play(scene)


def test_a_reminder_that_waits_is_dropped_when_resolved_comes(house: House, mood: Mood) -> None:
    async def scene() -> None:
        await opened(house)
        async with house.run() as here:
            mood.now = "451"
            house.clock.move(minutes=61)
            await here.settle()
            assert house.outcomes()[-1] == ("update", "deferred")
            assert await here.send(RESOLVED) == ["250"]
            await here.settle()
            mood.now = "ok"
            house.clock.move(minutes=5)
            await here.settle()
            while here.daemon.register.outbox:
                await asyncio.sleep(0.05)
        assert house.sink.kinds() == ["ack", "draft"]
        assert ("update", "dropped") in house.outcomes()
        assert "no longer true" in (house.folder / "sent.log").read_text()

    play(scene)


def test_a_mail_that_was_deferred_goes_out_after_a_restart(house: House, mood: Mood) -> None:
    async def scene() -> None:
        mood.now = "451"
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
        assert house.outcomes() == [("ack", "deferred")]
        mood.now = "ok"
        assert await up_and_down(house) == ["ack"]
        assert await up_and_down(house) == []

    play(scene)


def test_pause_holds_everything_over_a_restart_and_resume_sends_it(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:
            assert (await here.ask(do="pause"))["paused"]
            assert await here.send(OPENING) == ["250"]
            await here.quiet()
        house.clock.move(minutes=90)
        async with house.run() as here:
            await here.quiet()
            assert house.written() == []
            assert not (await here.ask(do="resume"))["paused"]
            await here.settle()
        assert house.sink.kinds() == ["ack"], "it asks for news too: the hour without any begins with it"
        house.clock.move(minutes=61)
        assert await up_and_down(house) == ["update"]

    play(scene)


def test_what_waits_when_pause_comes_goes_out_with_resume(house: House, mood: Mood) -> None:
    async def scene() -> None:
        mood.now = "451"
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
            await here.ask(do="pause")
            mood.now = "ok"
            house.clock.move(minutes=5)
            await asyncio.sleep(1.2)  # it looks at its outbox every second
            assert house.sink.taken == []
            await here.ask(do="resume")
            while here.daemon.register.outbox:
                await asyncio.sleep(0.05)
        assert house.sink.kinds() == ["ack"]

    play(scene)


def test_what_came_too_late_as_a_brief_goes_out_as_a_receipt(house: House) -> None:
    async def scene() -> None:
        await opened(house)
        async with house.run() as here:
            await here.ask(do="pause")
            handoff = mail("6@example.org", "Re: Logins fail", "HANDOFF bob@example.org", answers="1@example.org")
            decline = mail(
                "7@example.org", "Re: Logins fail", "DECLINE", sender="bob@example.org", answers="1@example.org"
            )
            assert await here.send(handoff, decline) == ["250", "250"]
            await here.quiet()
            await here.ask(do="resume")
            await here.settle()
        assert len(house.outcomes()) > 1
        assert {outcome for _, outcome in house.outcomes()} == {"sent"}
        assert "brief" not in [name for name, _ in house.outcomes()]

    play(scene)


def test_a_long_backlog_is_written_in_pieces_that_a_kill_cannot_take_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    real = Mailroom.write

    async def write(room: Mailroom, now: datetime) -> int:
        rounds.append(await real(room, now))
        return rounds[-1]

    async def scene() -> None:
        monkeypatch.setattr(Mailroom, "write", write)
        async with house.run() as here:
            await here.ask(do="pause")
            await here.send(*(mail(f"{n}@example.org", f"Trouble {n:x}{n:x}{n:x}", "It broke.") for n in range(20)))
            await here.quiet()
            await here.ask(do="resume")
            await here.settle()
        assert house.sink.kinds() == ["ack"] * 20
        assert max(rounds) == 8

    play(scene)


# ── the state is lost ─────────────────────────────────────────────────────────────────────────────────────────────────


def lost(house: House) -> None:
    (house.folder / "state.log").unlink()


def spoilt_in_the_middle(house: House) -> None:
    path = house.folder / "state.log"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(house: House) -> None:
    path = house.folder / "state.log"
    os.truncate(path, path.stat().st_size * 2 // 3)


def of_another_version(house: House) -> None:
    (house.folder / "state.log").write_bytes(b"mailbot-state 7\nwhatever that will be\n")


def of_the_future(house: House) -> None:
    """As where an older copy of the archive was put back."""
    state = TinyState(house.folder / "state.log")
    state.commit({name: end + 1000 for name, end in state.mark().items()})
    state.close()


def of_an_archive_that_was_longer(house: House) -> None:
    state = TinyState(house.folder / "state.log")
    state.commit({**state.mark(), "in-2026-12.mbox": 500})
    state.close()


def of_another_shape(house: House) -> None:
    """As an older or a newer mailbot may have left it."""
    state = TinyState(house.folder / "state.log")
    for table in ("messages", "incidents"):
        for number, _ in list(state.all(table)):
            state.put(table, number, {"shape": "of another version"})
    state.commit(state.mark())
    state.close()


DAMAGES = [
    lost,
    spoilt_in_the_middle,
    cut,
    of_another_version,
    of_another_shape,
    of_the_future,
    of_an_archive_that_was_longer,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_that_cannot_be_trusted_is_made_again_and_nothing_goes_out_twice(
    house: House, mood: Mood, damage: Callable[[House], None]
) -> None:
    async def scene() -> None:
        await opened(house)
        async with house.run() as here:
            await here.send(RESOLVED)
            await here.settle()
            mood.now = "451"
            status = mail("3@example.org", "Re: Logins fail", "STATUS", answers="1@example.org")
            await here.send(status)
            await here.settle()
        damage(house)
        written = house.written()
        mood.now = "ok"
        assert await up_and_down(house) == ["answer"]
        assert house.written() == written
        assert house.wrong() == []
        assert await up_and_down(house) == []

    play(scene)


def test_a_redaction_that_was_killed_in_the_middle_is_picked_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = (
        b"Subject: x\r\nMessage-ID: <tiny@example.org>\r\n\r\n\r\n"  # what is left of it is longer: all behind it moves
    )

    async def scene() -> None:
        async with house.run() as here:
            await here.send(tiny, OPENING, RESOLVED)
            await here.settle()
        archive, register = setup.opened(house.config, house.clock)
        with monkeypatch.context() as patch:
            patch.setattr(Register, "rebuild", lambda _: 0)  # here the process is gone
            assert register.redact("tiny@example.org") == 1
        register.state.close()
        archive.close()
        assert await up_and_down(house) == []
        assert house.wrong() == []

    play(scene)


def test_a_mail_of_ours_that_was_redacted_does_not_go_out_again(house: House) -> None:
    async def scene() -> None:
        await opened(house)
        written = house.written()
        async with house.run() as here:
            (ours,) = [doc["f"][0] for _, doc in here.daemon.register.state.all("messages") if doc["d"] == "out"]
            assert (await here.ask(do="redact", message_id=ours))["redacted"] == 1
            await here.settle()
        assert await up_and_down(house) == []
        assert house.written() == written
        assert house.sink.kinds() == ["ack"]
        assert not any(b"Thank you for writing" in path.read_bytes() for path in house.folder.glob("out-*"))

    play(scene)


def test_redacting_the_opening_mail_leaves_the_incident_and_sends_nothing(house: House) -> None:
    async def scene() -> None:
        await opened(house)
        other = mail("5@example.org", "Mirror down", "Since 12:00 the mirror is down.", sender="bob@example.org")
        async with house.run() as here:
            await here.send(RESOLVED, other)
            await here.settle()
            rows = {row["id"]: row["messages"] for row in here.daemon.register.incidents()}
            for message_id in ("1@example.org", "5@example.org"):
                assert (await here.ask(do="redact", message_id=message_id))["redacted"] == 1
            await here.settle()
            await here.quiet()
            assert {row["id"]: row["messages"] for row in here.daemon.register.incidents()} == rows
            assert len(rows) == 2
        assert sorted(house.sink.kinds()) == ["ack", "ack", "draft"]
        assert await up_and_down(house) == []
        assert house.wrong() == []
        assert not any(b"nobody can log in" in path.read_bytes() for path in house.folder.glob("in-*"))

    play(scene)
