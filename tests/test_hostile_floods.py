"""Floods at the door: many connections of one peer, many questions of one sender, two machines that answer each other."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.core.threads import MANY
from tests.daemon_process import LIST, Sink, connected, mail, send
from tests.daemon_scene import House

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 UTC nobody can log in.")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


def test_one_sender_gets_no_more_answers_than_the_budget(house: House) -> None:
    most = house.config.budget.sender_day
    asked = [
        mail(f"q{n}@example.org", "Re: Logins fail", f"STATUS\nnumber {n}", answers="1@example.org")
        for n in range(most + 15)
    ]

    async def scene() -> None:
        async with house.run() as here:
            assert set(await here.send(OPENING, *asked)) == {"250"}  # never refused for what it says (L49)
            await here.settle()
            await here.send(
                mail("b@example.org", "Re: Logins fail", "STATUS", sender="bob@example.org", answers="1@example.org")
            )
            await here.settle()

    asyncio.run(scene())
    to = [got.recipients for got in house.sink.taken if got.keys[0].startswith("answer:")]
    assert 1 <= to.count(("ann@example.org",)) <= most
    assert to.count(("bob@example.org",)) == 1  # others are not punished for it


def test_two_bots_that_answer_each_other_stop(house: House) -> None:
    """The other answers all that it gets, without a header that says so, from an address of its own (lessons L3, L4)."""

    async def scene() -> None:
        async with house.run() as here:
            await here.send(
                mail("0@bot.example", "Ticket 1 received", "Thank you for your mail.", sender="desk@bot.example")
            )
            await here.settle()
            heard = 0
            for n in range(1, 40):
                fresh = house.sink.taken[heard:]
                heard = len(house.sink.taken)
                for got in fresh:
                    answer = "We got your mail.\nSTATUS\nHELP"
                    await here.send(
                        mail(
                            f"{n}.{heard}@bot.example",
                            "Re: Ticket 1 received",
                            answer,
                            sender="desk@bot.example",
                            answers=got.message_id,
                        )
                    )
                await here.settle()
                if not fresh:
                    break

    asyncio.run(scene())
    private = [got for got in house.sink.taken if "desk@bot.example" in got.recipients]
    assert len(private) <= house.config.budget.sender_day
    assert sum(LIST in got.recipients for got in house.sink.taken) <= house.config.budget.incident_day


def test_l4_a_bot_that_answers_every_mail_with_the_same_fresh_one_stops(house: House) -> None:
    """No header, no reply sign: each of its mails would open an incident, whose ack it answers with the next."""

    async def scene() -> None:
        async with house.run() as here:
            heard = -1
            for n in range(60):
                if heard == (heard := len(house.sink.taken)):
                    return
                words = "Thank you for your request. We care about it."
                await here.send(mail(f"{n}@bot.example", "Request received", words, sender="desk@bot.example"))
                await here.settle()
            raise AssertionError("it goes on")

    asyncio.run(scene())
    assert len(house.sink.taken) <= MANY


def test_one_peer_cannot_take_all_connections(house: House) -> None:
    house.config = replace(house.config, smtp=replace(house.config.smtp, max_connections=8, max_per_peer=5))

    async def scene() -> None:
        async with house.run() as here:
            port = here.daemon.ports["smtp"]

            def crowd() -> list[int]:
                peers, codes = [], []
                for _ in range(7):
                    peer = smtplib.SMTP(timeout=10)
                    codes.append(peer.connect("127.0.0.1", port)[0])
                    peers.append(peer)
                for peer in peers:
                    peer.close()
                return codes

            assert await asyncio.to_thread(crowd) == [220] * 5 + [421] * 2
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(send, port, OPENING) == ["250"]

    asyncio.run(scene())


def test_what_a_client_says_out_of_turn_breaks_nothing(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:

            def talk() -> None:
                with connected(here.daemon.ports["smtp"]) as peer:
                    for line in (
                        "DATA",
                        "RCPT TO:<x@y>",
                        "MAIL FROM:<\x01@y>",
                        "EHLO " + "x" * 5000,
                        "\x00",
                        "BDAT 1 LAST",
                        "STARTTLS",
                    ):
                        assert 400 <= peer.docmd(line)[0] < 600
                        if peer.sock is None:
                            return

            await asyncio.to_thread(talk)
            assert await here.send(OPENING) == ["250"]

    asyncio.run(scene())
