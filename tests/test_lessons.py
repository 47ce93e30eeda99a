"""Lessons that no single module keeps: each by a scene from the mail that comes in to the mail that goes out."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from mailbot.app.unnamed import unnamed
from mailbot.core.due import Policy, due
from mailbot.outbox.render import Letter, Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST
from tests.register_scene import Desk

SIGNED = "\n-- \nAlice Doe, Example Ltd\n+41 44 668 18 00\n12 Lake Street"
FOREIGN = "The whole of a stranger's advertisement, line by line, with https://spam.example/buy"


def letters(desk: Desk, incident: str) -> list[Letter]:
    """Every mail that is due for an incident."""
    return [
        desk.letter(n.kind, n.asks[0].message_id)
        for n in due(desk.look(incident), desk.clock, Policy()).notices
        if n.asks
    ]


def words(letter: Letter) -> str:
    """All text of a mail, attachments too."""
    mail = message_from_bytes(letter.raw, policy=default)
    return "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


@pytest.mark.parametrize(
    "body",
    [
        "#syz fix: mm: do not free it twice",
        "#regzbot ^introduced v6.1",
        "@bors retry\n/close\n/assign @alice",
        "@dependabot RESOLVED",
        "!log RESOLVED",
        "otherbot: RESOLVED 12:10 UTC",
        "tags 1234 RESOLVED\nthanks",
        "#otherbot RESOLVED 12:10 UTC",
    ],
)
def test_l17_what_is_said_to_another_bot_on_the_list_is_text(desk: Desk, body: str) -> None:
    first = desk.mail(ALICE, "Since 11:40 UTC it fails.")
    said = desk.mail(BOB, body, "Re: Disk full", re=first)
    assert desk.of(said) == desk.of(first)
    assert desk.look(desk.of(first)).status.value == "open"
    assert desk.told(desk.of(first), said) == []


def test_l17_another_bot_is_not_obeyed_and_not_answered(desk: Desk) -> None:
    first = desk.mail(ALICE, "Since 11:40 UTC it fails.")
    head = {"Auto_Submitted": "auto-generated"}
    said = desk.mail("otherbot@example.net", "RESOLVED 12:10 UTC\nHELP", "Re: Disk full", re=first, **head)
    incident = desk.look(desk.of(first))
    assert incident.status.value == "open"
    assert not [a for a in incident.asks.values() if a.message_id == said]


def test_l32_a_signature_is_in_the_record_and_not_in_what_is_published(desk: Desk) -> None:
    first = desk.mail(ALICE, f"Since 11:40 UTC it fails.{SIGNED}")
    last = desk.mail(
        ALICE, f"IMPACT: nobody could push; call 555-867-5309\n\nRESOLVED 12:10 UTC{SIGNED}", "Re: Disk full", re=first
    )
    incident = desk.look(desk.of(first))
    page = Renderer(LIST, Looks()).report(incident, public=True)[1]
    assert "nobody could push" in page
    for private in ("668 18 00", "Lake Street", "Example Ltd", "867-5309"):
        assert private not in page
    (doc,) = desk.register.find(last)
    assert "+41 44 668 18 00" in desk.register.taken(doc).message.text  # nothing is deleted (L30)
    inside = Renderer(LIST, Looks()).report(incident, public=False)[1]
    assert "Lake Street" not in inside  # neither does the draft print it, which goes to the list


def test_l43_what_we_answer_holds_no_body_of_the_mail_that_it_answers(desk: Desk) -> None:
    first = desk.mail(ALICE, f"Since 11:40 UTC it fails.\nHANDOFF nobody\n\n{FOREIGN}")
    for question in ("DROP T99", "STATUS", "HELP"):
        desk.mail(BOB, f"{question}\n\n{FOREIGN}", "Re: Disk full", re=first)
    found = letters(desk, desk.of(first))
    assert len(found) >= 4
    digest = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
    desk.mail(CAROL, f"DONE A1\n\n{FOREIGN}", "Re: [incident digest] 2026-W47: 1 open", re=digest)
    found += unnamed(desk.register, Renderer(LIST, Looks()), desk.clock, Policy())
    for letter in found:
        assert "spam.example" not in words(letter)
        parts = [part.get_content_type() for part in message_from_bytes(letter.raw).walk()]
        assert "message/rfc822" not in parts
