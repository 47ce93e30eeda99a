"""A mail that breaks our code is kept and told; everything else goes on (design.md, law 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailbot.app import desk, mailroom, register
from mailbot.core.incident import Incident, MailingList
from mailbot.outbox.render import Renderer
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House

FINE = mail("1@example.org", "Logins fail", "Since 11:50 nobody can log in.")
POISON = mail("2@example.org", "Poison", "Since 11:50 nobody can log in, POISON.", sender="bob@example.org")
LATER = mail("3@example.org", "Re: Logins fail", "STATUS", answers="1@example.org")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


def poisonous(*args: Any) -> bool:
    """Is it about that mail?"""
    texts = [a.text for a in args if hasattr(a, "text")] + [a for a in args if isinstance(a, str)]
    titles = [a.title for a in args if isinstance(a, Incident)]
    return "Poison" in titles or any("POISON" in text for text in texts)


PLACES: list[tuple[Any, str]] = [
    (desk, "split"),  # taking it in
    (desk, "read"),  # its times and keywords
    (register, "fold"),  # its incident
    (mailroom, "due"),
    (Renderer, "letter"),
]


@pytest.mark.parametrize(("where", "name"), PLACES, ids=[name for _, name in PLACES])
def test_a_mail_that_breaks_our_code_is_kept_and_stops_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    real: Callable[..., Any] = getattr(where, name)

    def brittle(*args: Any, **more: Any) -> Any:
        made = real(*args, **more) if name == "fold" else None
        if poisonous(*args, made):
            raise ZeroDivisionError("poison")
        return made if name == "fold" else real(*args, **more)

    async def scene() -> None:
        monkeypatch.setattr(where, name, brittle)
        for _ in range(2):  # and at the next start
            async with house.run() as here:
                await here.send(POISON, FINE, POISON, LATER)
                await here.settle()
                await here.quiet()
                assert {"1@example.org", "2@example.org", "3@example.org"} <= {
                    doc["f"][0] for _, doc in here.daemon.register.state.all("messages")
                }
        monkeypatch.setattr(where, name, real)
        async with house.run() as here:
            await here.settle()

    asyncio.run(scene())
    assert [k for k in house.sink.kinds() if k == "answer"] == ["answer"]
    assert house.sink.kinds().count("ack") in (1, 2)
    assert len(house.written()) == len(set(house.written()))


@pytest.mark.parametrize("together", [1, 2, 100])
@pytest.mark.parametrize("broken", [None, "parse", "split", "kind", "facts"])
def test_mails_of_an_archive_are_read_together_as_each_alone(
    monkeypatch: pytest.MonkeyPatch, broken: str | None, together: int
) -> None:
    mails = [FINE, POISON, LATER, b"\xff", FINE]
    if broken:
        real: Callable[..., Any] = getattr(desk, broken)

        def brittle(*args: Any, **more: Any) -> Any:
            if poisonous(*args) or POISON in args:
                raise ZeroDivisionError("poison")
            return real(*args, **more)

        monkeypatch.setattr(desk, broken, brittle)
    monkeypatch.setattr(desk, "AHEAD", (together, 1 << 20))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    ahead = [(raw, archived(raw, now, words=words)) for raw, words in desk.read_ahead(mails)]
    assert ahead == [(raw, archived(raw, now)) for raw in mails]
    assert [bool(taken.broke) for _, taken in ahead] == [False, bool(broken), False, False, False]


def archived(raw: bytes, now: datetime, words: desk.Words | None = None) -> desk.Taken:
    ops = MailingList("incident@example.org")
    more: dict[str, Any] = {"ours": (), "envelope": None, "imported": True, "dated_to": now, "words": words}
    return desk.take_in(raw, now, mailing_list=ops, list_id="", **more)


def test_a_digest_that_cannot_be_rendered_stops_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def brittle(*_: Any) -> Any:
        raise ZeroDivisionError("poison")

    async def scene() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Renderer, "digest", brittle)
            async with house.run() as here:
                await here.send(FINE)
                await here.settle()
                house.clock.move(days=6)
                await here.settle()
                await here.send(LATER)
                await here.settle()
        assert "answer" in house.sink.kinds()
        assert "digest" not in house.sink.kinds()
        async with house.run() as here:
            await here.settle()
            await here.quiet()
        assert house.sink.kinds().count("digest") == 1

    asyncio.run(scene())


def test_status_of_an_incident_without_a_timeline_is_answered(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(mail("1@example.org", "Trouble", "STATUS"))
            await here.settle()

    asyncio.run(scene())
    assert sorted(house.sink.kinds()) == ["ack", "answer"]
