"""Keywords through the whole daemon, over SMTP: two incidents become one and two again, questions, a mail to us alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailbot.core.incident import undo_code
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House, Running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        yield House(tmp_path, sink)


async def says(house: House, daemon: Running, *mails: bytes) -> list[str]:
    """Sends; what the daemon wrote to it, each as "recipients: text", all of it handed over."""

    def written() -> list[str]:
        found = [r for r in daemon.daemon.archive.records() if r.direction == "out"]
        bodies = [message_from_bytes(r.raw, policy=default).get_body(("plain",)) for r in found]
        texts = [str(body.get_content()).replace("\r\n", "\n") if body else "" for body in bodies]
        return [f"{' '.join(r.arrival.recipients)}: {text}" for r, text in zip(found, texts, strict=True)]

    before = len(written())
    house.clock.move(minutes=5)
    await daemon.send(*mails)
    await daemon.settle()
    assert len(house.sink.got) == len(written())
    return written()[before:]


def test_two_incidents_become_one_and_two_again_and_every_answer_goes_where_it_belongs(house: House) -> None:
    async def story() -> None:
        async with house.run() as daemon:
            await says(house, daemon, mail("1@example.org", "Disk full", "Since 11:50 UTC the disk is full."))
            await says(house, daemon, mail("2@example.org", "Mirror is slow", "ACTION look at it"))
            register = daemon.daemon.register
            old, young = (d["id"] for d in sorted(register.incidents(), key=lambda d: d["opened"]))
            (receipt,) = await says(
                house, daemon, mail("3@example.org", "Re: Mirror is slow", f"MERGE {old}", answers="2@example.org")
            )
            assert receipt.startswith("incident@example.org: ")
            assert f"{young} is part of {old}" in " ".join(receipt.split())
            assert [d["id"] for d in register.incidents()] == [old]
            undo = f"UNDO {undo_code('3@example.org')}"
            (receipt,) = await says(
                house, daemon, mail("4@example.org", "Re: Disk full", undo, answers="3@example.org")
            )
            assert "Taken back" in receipt
            assert {d["id"] for d in register.incidents()} == {old, young}
            for n, (question, words) in enumerate(
                (("SEARCH mirror", young), ("WHY", "= "), ("CATCHUP", "Still open:")), start=5
            ):
                (answer,) = await says(
                    house, daemon, mail(f"{n}@example.org", "Re: Disk full", question, answers="1@example.org")
                )
                assert answer.startswith("ann@example.org: ")
                assert words in answer
            alone = mail("9@example.org", "Re: Disk full", "LOG 11:55 UTC deleted logs", answers="1@example.org")
            alone = alone.replace(b"To: incident@example.org", b"To: mailbot@example.org")
            (receipt,) = await says(house, daemon, alone)
            assert receipt.startswith("incident@example.org: ")
            assert "wrote this to me alone" in receipt

    asyncio.run(story())
    assert house.wrong() == []
