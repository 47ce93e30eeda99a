"""Mails that a mailbox does not give: nothing is lost, whatever comes between. The daemon, and a server that misbehaves."""

from __future__ import annotations

import asyncio
import errno
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from mailbot.app import log, setup
from mailbot.app.mailboxes import Mailboxes
from mailbot.cli import troubles
from mailbot.config import Config, Imap, load
from mailbot.store.archive import Archive, Arrival, Record, utcnow
from tests.daemon_process import Sink
from tests.daemon_scene import House, Running
from tests.fake_imap import FakeImap
from tests.imap_taker import box, mail, shorten, taking

LABEL = "bot@127.0.0.1/INBOX"
TWO = '[lists.infra]\naddress = "infra@example.org"\n[lists.web]\naddress = "web@example.org"\n'


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap({uid: text(uid) for uid in (1, 2, 3)}) as fake:
        fake.refused = {2}
        yield fake


def text(uid: int, to: str = "incident@example.org") -> bytes:
    return mail(f"Trouble {uid}").replace(b"\r\n", f"\r\nMessage-ID: <{uid}@example.org>\r\nTo: {to}\r\n".encode(), 1)


def watching(house: House, server: FakeImap, **changes: object) -> House:
    secret = house.folder.parent / "secret"
    secret.write_text("secret\n")
    watched = Imap(host="127.0.0.1", user="bot", port=server.port, tls=False, password_file=secret)
    house.config = replace(house.config, imap=(replace(watched, poll=timedelta(seconds=0.2), **changes),))  # type: ignore[arg-type]
    return house


def subjects(folder: Path) -> list[str]:
    with Archive(folder, readonly=True) as archive:
        return [message_from_bytes(r.raw)["Subject"] for r in archive.records() if r.direction == "in"]


def aside(config: Config) -> list[str]:
    register = setup.looked_at(config)
    register.archive.close()
    return [each.way for each in register.mailboxes.open()]


def texts(server: FakeImap, word: str = "BODY") -> int:
    """How often the server was asked for texts (or for ``word``)."""
    return sum(word in command for command in server.commands)


async def until(done: Callable[[], object]) -> None:
    for _ in range(400):
        if done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


def day(house: House, scene: Callable[[Running], Awaitable[None]]) -> None:
    """A life of the daemon."""

    async def run() -> None:
        async with house.run() as here:
            await scene(here)
            await here.settle()

    asyncio.run(run())


async def others_came(here: Running) -> None:
    """Three tries, and then what came later."""
    await until(lambda: here.daemon.register.mailboxes.cursors.get(LABEL) == [7, 3])


async def second_came(here: Running) -> None:
    await until(lambda: not here.daemon.register.mailboxes.open())


@pytest.fixture
def house(tmp_path: Path, server: FakeImap) -> Iterator[House]:
    with Sink() as sink:
        yield watching(House(tmp_path, sink), server)


@pytest.mark.parametrize("between", ["a restart", "a rebuild", "a lost state"])
def test_a_mail_that_was_not_given_comes_once_after(
    between: str, house: House, server: FakeImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log, "note", told.append)
    day(house, others_came)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3"]
    assert aside(house.config) == [f"imap {LABEL} 7/2"]
    if between == "a rebuild":
        _, register = setup.opened(house.config)
        register.rebuild()
        register.state.close()
        register.archive.close()
    elif between == "a lost state":
        for file in house.folder.glob("state*"):
            file.unlink()

    asked = texts(server)

    async def still_refused(_here: Running) -> None:
        await until(lambda: texts(server) > asked)

    day(house, still_refused)
    assert sum("a mailbox does not give a mail" in said for said in told) == 1
    server.refused = set()
    day(house, second_came)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3", "Trouble 2"]
    for _ in range(2):  # the kept state, and one made new
        assert aside(house.config) == []
        for file in house.folder.glob("state*"):
            file.unlink()
    asked, looks = texts(server), texts(server, "SEARCH")

    async def a_look(_here: Running) -> None:
        await until(lambda: texts(server, "SEARCH") > looks)

    day(house, a_look)
    assert texts(server) == asked
    assert len(subjects(house.folder)) == 3


def test_problems_lists_it_and_retry_asks_for_it(house: House, server: FakeImap) -> None:
    day(house, others_came)
    register = setup.looked_at(house.config)
    register.archive.close()
    (row,) = troubles.problems(register)
    assert (row["what"], row["about"]) == ("missing", f"imap {LABEL} 7/2")
    assert "not now" in row["words"]
    asked = texts(server)

    async def scene(here: Running) -> None:
        await until(lambda: texts(server) > asked)  # again not given, and due in five minutes
        server.refused = set()
        assert (await here.ask(do="retry"))["asked"] == 1
        await second_came(here)
        assert (await here.ask(do="retry"))["asked"] == 0

    day(house, scene)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3", "Trouble 2"]


def test_other_uids_mean_that_all_come_again_and_none_is_missing(house: House, server: FakeImap) -> None:
    day(house, others_came)
    server.validity, server.refused = 8, set()

    async def all_again(here: Running) -> None:
        await until(lambda: here.daemon.register.mailboxes.cursors[LABEL] == [8, 3])

    day(house, all_again)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3", "Trouble 1", "Trouble 2", "Trouble 3"]
    assert aside(house.config) == []


def test_one_that_somebody_took_out_of_the_mailbox_is_waited_for_no_more(house: House, server: FakeImap) -> None:
    day(house, others_came)
    del server.mails[2]
    day(house, second_came)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3"]
    assert aside(house.config) == []


def test_a_mail_of_which_the_server_says_nothing_is_not_passed_over(house: House, server: FakeImap) -> None:
    server.refused, server.hidden = set(), {2}
    day(house, others_came)
    assert aside(house.config) == [f"imap {LABEL} 7/2"]
    server.hidden = set()
    day(house, second_came)
    assert subjects(house.folder) == ["Trouble 1", "Trouble 3", "Trouble 2"]


def test_what_cannot_be_noted_is_not_passed_by_the_cursor() -> None:
    def full(_way: str, _words: str) -> None:
        raise OSError("No space left on device")

    with FakeImap({1: mail("one"), 2: mail("two")}) as server:
        server.refused = {1}
        with taking(box(server.port)) as taker:
            taker.intake._keep = full
            taker.wait(lambda: len(taker.facts("imap lost")) > 5)
            assert taker.subjects == []
            server.refused = set()
            taker.has("one", "two")


@pytest.mark.parametrize("how", ["a full disk", "a crash", "a crash, and it was late"])
def test_a_mailbox_of_two_lists_gives_each_its_copy_once(
    how: str, tmp_path: Path, house: House, server: FakeImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each list has a disk of its own here: that of the second is full when the mail comes."""
    (tmp_path / "mailbot.toml").write_text(TWO, encoding="utf-8")
    config, _ = load(tmp_path / "mailbot.toml")
    assert config is not None
    house.config = replace(config, smtp=house.config.smtp, smarthost=house.config.smarthost)
    watching(house, server)
    server.mails = {uid: text(uid, "infra@example.org, web@example.org") for uid in (1, 2, 3)}
    infra, web = (house.config.store.folder / name for name in ("infra", "web"))
    real, full = Archive.append, threading.Event()
    if "late" not in how:
        server.refused = set()
        server.mails = {1: server.mails[1], 2: server.mails[2]}

    def append(self: Archive, direction: str, raw: bytes, arrival: Arrival) -> Future[Record]:
        if direction == "in" and full.is_set() and self.folder == web:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, direction, raw, arrival)

    monkeypatch.setattr(Archive, "append", append)

    async def half(here: Running) -> None:
        if "late" in how:
            await until(lambda: len(subjects(web)) == 2)
            full.set()
            server.refused = set()
            await here.ask(do="retry")
            await until(lambda: len(subjects(infra)) == 3)
        else:
            full.set()
            await until(lambda: len(subjects(infra)) == 1)
        if "crash" not in how:
            full.clear()
            await until(lambda: len(subjects(web)) == 2)

    async def other_half(_here: Running) -> None:
        await until(lambda: len(subjects(web)) == len(server.mails))

    day(house, half)
    full.clear()
    day(house, other_half)
    for folder in (infra, web):
        assert sorted(subjects(folder)) == [f"Trouble {uid}" for uid in sorted(server.mails)]


def test_a_mark_that_was_refused_is_made_at_the_next_login() -> None:
    with FakeImap({1: mail("one")}, on_idle="close") as server:
        server.unwilling = "STORE"
        with taking(box(server.port, after="seen")) as taker:
            taker.wait(lambda: len(taker.facts("imap mark failed")) > 1)
            server.unwilling = ""
            stores = texts(server, "STORE 1")
            taker.wait(lambda: texts(server, "STORE 1") > stores)
            sessions = server.sessions
            taker.wait(lambda: server.sessions > sessions + 1)
            assert texts(server, "STORE 1") == stores + 1
            assert taker.subjects == ["one"]


def test_an_act_is_read_back_and_another_mailbox_does_not_matter(tmp_path: Path) -> None:
    with Archive(tmp_path / "kept") as archive:
        boxes = Mailboxes(archive)
        assert boxes.set_aside("imap a/INBOX 7/2", "NO")
        assert not boxes.set_aside("imap a/INBOX 7/2", "NO")
        boxes.set_aside("imap b/INBOX 7/3", "NO")
        now = utcnow()
        assert boxes.took("imap b/INBOX 7/4", now)
        assert not boxes.took("smtp 127.0.0.1", now)
        again = Mailboxes(archive)
        again.load(json.loads(json.dumps(boxes.kept())))
        assert (again.wanted("a/INBOX"), again.wanted("b/INBOX")) == ([(7, 2)], [(7, 3)])
        again.took("imap a/INBOX 7/2", now)  # in its order: nothing else came yet
        assert (again.wanted("a/INBOX"), again.wanted("b/INBOX")) == ([], [(7, 3)])
        assert again.cursors == {"a/INBOX": [7, 2], "b/INBOX": [7, 4]}
        again.gone("imap b/INBOX 7/3")
        again.load({})
        assert again.wanted("b/INBOX") == []
        assert again.wanted("a/INBOX") == [(7, 2)]  # its mail is not in this archive
