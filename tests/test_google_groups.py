"""A list that is a Google group: the forms in which its mails arrive, written after what such groups send.

A group rewrites From where the author's domain has a strict DMARC policy ("'Alice Doe' via Incidents <the group>"), names
the author in X-Original-From and Reply-To, puts its own DKIM signature and List headers, a footer and often a tag.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailbot.core.message import parse
from mailbot.core.reply import own_spans, split
from mailbot.intake.trust import judge
from tests.daemon_process import LIST, Sink
from tests.daemon_scene import House

ALICE, BOB = "Alice Doe <alice@example.com>", "Bob Stone <bob@example.net>"
FOOTER = """
--\x20
You received this message because you are subscribed to the Google Groups "Incidents" group.
To unsubscribe from this group and stop receiving emails from it, send an email to incident+unsubscribe@example.org.
To view this discussion visit https://groups.google.com/a/example.org/d/msgid/incident/{id}.
"""


def through(
    who: str,
    message_id: str,
    subject: str,
    text: str,
    *,
    munged: bool = True,
    answers: str = "",
    tag: str = "[incident] ",
) -> bytes:
    """A person's mail as the group sends it on."""
    name, _, address = who.rstrip(">").partition(" <")
    sender = f"'{name}' via Incidents <{LIST}>" if munged else who
    lines = [
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example-org.20230601.gappssmtp.com; s=20230601; b=Zm9v",
        "X-Google-DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=1e100.net; s=20230601; b=YmFy",
        "X-BeenThere: incident@example.org",
        f"Received: by 2002:a05:6512:31c8 with SMTP id {message_id[:12]}; Wed, 18 Nov 2026 04:00:02 -0800 (PST)",
        "ARC-Authentication-Results: i=2; mx.google.com; dkim=pass; spf=pass; dmarc=pass (p=REJECT) header.from=example.com",
        "MIME-Version: 1.0",
        "Date: Wed, 18 Nov 2026 11:58:00 +0000",
        f"Message-ID: <{message_id}>",
        f"Subject: {tag}{subject}" if not subject.startswith("Re: ") else f"Subject: Re: {tag}{subject[4:]}",
        f"From: {sender}",
        f"To: {LIST}",
        *([f"In-Reply-To: <{answers}>", f"References: <{answers}>"] if answers else []),
        *([f"X-Original-From: {who}", f"Reply-To: {who}"] if munged else []),
        f"X-Original-Sender: {address}",
        "Precedence: list",
        "Mailing-list: list incident@example.org; contact incident+owners@example.org",
        "List-ID: <incident.example.org>",
        "X-Google-Group-Id: 123456789012",
        "List-Post: <https://groups.google.com/a/example.org/group/incident/post>, <mailto:incident@example.org>",
        "List-Unsubscribe: <mailto:googlegroups-manage+123456789012+unsubscribe@googlegroups.com>",
        'Content-Type: text/plain; charset="UTF-8"',
        "",
        *(text + FOOTER.format(id=message_id.replace("@", "%40"))).split("\n"),
    ]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("munged", [True, False])
@pytest.mark.parametrize("tag", ["[incident] ", ""])
def test_l6_an_incident_told_through_a_group_that_sends_our_own_mail_back(
    munged: bool, tag: str, tmp_path: Path
) -> None:
    def mail(who: str, number: int, subject: str, text: str, answers: str = "") -> bytes:
        return through(who, f"CAF{number}xyz@mail.gmail.com", subject, text, munged=munged, answers=answers, tag=tag)

    async def story(house: House, sink: Sink) -> None:
        async with house.run() as daemon:
            register = daemon.daemon.register
            first = "CAF1xyz@mail.gmail.com"
            await daemon.send(mail(ALICE, 1, "Registry is down", "Since 11:40 UTC."))
            await daemon.settle()
            ack = next(doc["f"][0] for _, doc in register.state.all("messages") if ".ack." in doc["f"][0])
            # Our own ack comes back from the group, under its rewritten From, with tag and footer
            back = through(
                f"incident bot <{house.config.list.bot}>", ack, "Re: Registry is down", "I have it. RESOLVED"
            )
            await daemon.send(back)
            await daemon.send(mail(ALICE, 2, "Re: Registry is down", "HANDOFF bob@example.net", first))
            await daemon.send(mail(BOB, 3, "Re: Registry is down", "ACCEPT", first))
            await daemon.send(mail(BOB, 4, "Re: Registry is down", "RESOLVED 11:55 UTC", ack))
            await daemon.settle()
            (row,) = register.incidents()
            incident = register.look(row["id"])
            assert incident is not None
            assert incident.title == "Registry is down"
            assert [c.who.email for c in incident.custody if c.who] == ["alice@example.com", "bob@example.net"]
            assert str(incident.custody[0].who) == "Alice Doe"
            assert incident.status == "resolved"
            assert incident.messages == 4
            assert [key.partition(":")[0] for got in sink.taken for key in got.keys].count("draft") == 1

    with Sink() as sink:
        house = House(tmp_path, sink)
        asyncio.run(story(house, sink))
    assert not house.wrong()


def test_l40_the_author_behind_the_group_is_known_and_no_more_trusted_than_the_group() -> None:
    raw = through(ALICE, "CAF1xyz@mail.gmail.com", "Registry is down", "x")
    trust = judge(parse(raw), list_address=LIST, list_id="incident.example.org")
    assert (trust.author.name, trust.author.email, trust.claimed) == ("Alice Doe", "alice@example.com", True)
    assert trust.grade == "list"


@pytest.mark.parametrize(
    ("sender", "subject", "head"),
    [
        ("incident+noreply@googlegroups.com", "Your message to incident@example.org has been held", ""),
        ("incident+msgappr@googlegroups.com", "Google Groups: Message Pending [{INDWlAEQ8F}]", ""),
        ("noreply@googlegroups.com", "Posting to incident: Message not accepted", ""),
        ("incident+noreply@googlegroups.com", "Moderator's spam report for incident@example.org", "Precedence: bulk\n"),
        ("incident-owner@example.org", "Your message to incident@example.org awaits moderator approval", ""),
        ("incident-bounces@example.org", "Ihre Nachricht wartet", "Precedence: bulk\n"),
        ("incident-bounces@example.org", "1 request waiting", "X-List-Administrivia: yes\n"),
    ],
)
def test_l3_a_notice_that_our_own_mail_is_held_opens_nothing_and_is_not_answered(
    sender: str, subject: str, head: str, tmp_path: Path
) -> None:
    """Answered, the answer would be held in its turn, and so on."""
    raw = f"From: {sender}\nTo: {LIST}\nSubject: {subject}\nMessage-ID: <held@example.org>\n{head}\nIt is held.\n"

    async def story(house: House, sink: Sink) -> None:
        async with house.run() as daemon:
            await daemon.send(raw.replace("\n", "\r\n").encode())
            await daemon.settle()
            assert list(daemon.daemon.register.incidents()) == []
            assert sink.taken == []

    with Sink() as sink:
        house = House(tmp_path, sink)
        asyncio.run(story(house, sink))
    assert not house.wrong()


def test_a_mail_that_was_held_and_let_through_late_joins_in_whatever_order_it_comes(tmp_path: Path) -> None:
    first, reply = "CAF1xyz@mail.gmail.com", "CAF2xyz@mail.gmail.com"

    async def story(house: House, sink: Sink) -> None:
        async with house.run() as daemon:
            await daemon.send(through(BOB, reply, "Re: Registry is down", "It is the disk. HANDOFF", answers=first))
            await daemon.send(through(ALICE, first, "Registry is down", "Since 11:40 UTC."))  # its moderator slept
            await daemon.settle()
            register = daemon.daemon.register
            (row,) = register.incidents()
            incident = register.look(row["id"])
            assert incident is not None
            assert incident.messages == 2

    with Sink() as sink:
        house = House(tmp_path, sink)
        asyncio.run(story(house, sink))
    assert not house.wrong()


def test_the_groups_footer_is_no_text_and_says_no_keyword() -> None:
    message = parse(through(ALICE, "CAF1xyz@mail.gmail.com", "Registry is down", "Since 11:40 UTC."))
    own = "".join(message.text[start:end] for start, end in own_spans(split(message.text)))
    assert own.strip() == "Since 11:40 UTC."
