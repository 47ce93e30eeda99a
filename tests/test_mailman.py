"""mailbot as a member of a real Mailman 3 list: subject tag, footer, From rewritten, our own mail coming back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from mailbot.core.incident import Incident
from tests.daemon_scene import House, Running
from tests.mailman_server import PEOPLE, Mailman, Office, missing

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "Mailman is here"),
]

ALICE, BOB, CAROL = PEOPLE
SUBJECT = "Registry refuses pushes"
PATIENCE = 60.0  # seconds: a post passes three processes of Mailman's


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Office, Mailman]]:
    with Office() as office, Mailman(office.port, "incident plain") as mailman:
        office.lists, office.lmtp = ("incident@example.org", "plain@example.org"), mailman.lmtp
        yield office, mailman


class Post:
    """One list with its people, and mailbot among them."""

    def __init__(self, office: Office, mailman: Mailman, daemon: Running, house: House) -> None:
        self.office, self.mailman, self.daemon, self.house = office, mailman, daemon, house
        self.address = house.config.list.address
        self.written = 0

    async def writes(
        self, who: str, text: str, *, subject: str = f"Re: [Incidents] {SUBJECT}", answers: str = ""
    ) -> str:
        """A person's mail to the list; its Message-ID."""
        self.house.clock.move(minutes=3)
        self.written += 1
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"{PEOPLE[who]} <{who}>", self.address, subject
        mail["Date"] = format_datetime(self.house.clock.now)
        mail["Message-ID"] = message_id = f"<{self.address.partition('@')[0]}{self.written}@{who.partition('@')[2]}>"
        if answers:
            mail["In-Reply-To"] = mail["References"] = answers
        mail.set_content(text)
        await asyncio.to_thread(self.office.bring, mail.as_bytes(), who, self.address)
        return message_id

    async def gets(self, who: str, kind: str) -> EmailMessage:
        """The first mail of that kind which reached a person."""

        def found() -> list[EmailMessage]:
            box = self.office.boxes.get(who, [])
            keys = [str(mail["X-Mailbot-Notice"] or "").strip().partition(":")[0] for mail in box]
            return [mail for mail, key in zip(box, keys, strict=True) if key == kind]

        await self.until(lambda: bool(found()), f"{who} gets {kind}")
        return found()[0]

    async def until(self, what: Callable[[], bool], sentence: str) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < end, f"{sentence}\n{self.mailman.log()}\n{self.office.senders}"
            await asyncio.sleep(0.1)

    async def back(self, mails: int) -> None:
        """Until so many of our own mails came back to us through the list."""
        register = self.daemon.daemon.register

        def came() -> int:
            docs = [doc for _, doc in register.state.all("messages")]
            return sum(doc["d"] == "in" and doc["f"][0] in register.ours for doc in docs)

        await self.until(lambda: came() >= mails, f"{mails} of our own mails come back")

    @property
    def incident(self) -> Incident:
        (row,) = self.daemon.daemon.register.incidents()
        incident = self.daemon.daemon.register.look(row["id"])
        assert incident is not None
        return incident


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def told(post: Post) -> None:
    """One incident on a list: called, handed over, over, reported."""
    first = await post.writes(ALICE, "Pushes fail since 11:40 UTC.\n\n-- \nAlice, +1 555 0100\n", subject=SUBJECT)
    ack = await post.gets(BOB, "ack")
    assert ack["Subject"] == f"[Incidents] Re: {SUBJECT}"
    assert ack["In-Reply-To"] == first
    await post.back(1)
    await post.writes(ALICE, "HANDOFF bob@example.net", answers=first)
    await post.gets(BOB, "brief")
    await post.back(2)
    await post.writes(BOB, "ACCEPT\n\nLOG 11:50 UTC: rolled back", answers=str(ack["Message-ID"]))
    await post.gets(ALICE, "receipt")
    assert post.incident.commander is not None
    assert post.incident.commander.email == BOB
    await post.writes(BOB, "RESTORED 11:55 UTC\nRESOLVED 12:10 UTC\n\nCAUSE: a full disk", answers=first)
    draft = await post.gets(CAROL, "draft")
    assert f"## 2026-11-18 {SUBJECT}" in text(draft)
    assert "* 11:50 - rolled back" in text(draft)
    (report,) = [part for part in draft.walk() if part.get_filename()]
    assert report.get_filename() == "2026-11-18-registry-refuses-pushes.md"
    await post.back(4)


def checked(post: Post) -> None:
    """What is on record knows nothing of the list's tag, footer and From, nor of our own mails."""
    incident = post.incident
    assert incident.title == SUBJECT
    assert [c.who.email for c in incident.custody if c.who] == [ALICE, BOB]
    assert {e.who.email for e in incident.entries} == {ALICE, BOB}
    assert [note.text for note in incident.notes] == ["a full disk"]
    assert incident.messages == 4
    for email, mails in post.office.boxes.items():
        twice = [m for m, count in Counter(str(mail["Message-ID"]) for mail in mails).items() if count > 1]
        assert [".brief." in m for m in twice] == [True] * (email == BOB)  # one to him, one to the list
    # The bounces of what we send to the list are the list's: Mailman puts its own address into the envelope
    bounces = post.address.replace("@", "-bounces@")
    own = {sender for sender, to in post.office.senders if to in PEOPLE and sender not in ("", bounces)}
    assert [sender.partition(".")[0] for sender in own] == ["mailbot+b"]  # the brief to Bob himself


@pytest.mark.parametrize("name", ["incident", "plain"])
def test_l6_a_list_calls_hands_over_resolves_and_gets_its_report(
    name: str, running: tuple[Office, Mailman], tmp_path: Path
) -> None:
    """On "incident" Mailman puts the list into From ("Alice Doe via Incidents"), on "plain" it does not."""
    office, mailman = running
    house = House(tmp_path, office)  # type: ignore[arg-type]  # it wants a port only
    address = f"{name}@example.org"
    listed = replace(house.config.list, address=address, name="Incidents", id=f"{name}.example.org")
    house.config = replace(house.config, list=listed)

    async def story() -> None:
        office.boxes.clear()
        office.senders.clear()
        async with house.run() as daemon:
            office.mailbot = daemon.daemon.ports["smtp"]
            post = Post(office, mailman, daemon, house)
            try:
                await told(post)
            finally:
                office.mailbot = 0
            checked(post)

    asyncio.run(story())
    assert not house.wrong()
