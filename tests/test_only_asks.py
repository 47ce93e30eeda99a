"""A mail that only asks, or whose keywords name their incidents: it is answered, and opens nothing.

Whatever may be an alarm opens an incident all the same.
"""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailbot.app.unnamed import unnamed
from mailbot.core.commands import keywords
from mailbot.core.due import Policy
from mailbot.core.facts import asks, names
from mailbot.outbox.render import Letter, Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST
from tests.register_scene import Desk


def answers(desk: Desk) -> list[Letter]:
    return list(unnamed(desk.register, Renderer(LIST, Looks()), desk.clock, Policy()))


def text(letter: Letter) -> str:
    body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("", "HELP"),
        ("help", "HELP"),
        ("Question", "HELP\n"),
        ("[incident] HELP!", "HELP"),
        ("mailbot", "#mailbot help"),
        ("no subject", "SEARCH disk full"),
        ("SEARCH disk full", "SEARCH disk full"),
        ("Search", "SEARCH certificate\n\nHELP"),
        ("past incidents", "SEARCH login oauth token"),
        ("status", "STATUS"),
    ],
)
def test_keywords_that_ask_and_nothing_else_open_nothing(subject: str, own: str) -> None:
    assert asks(subject, own)


def test_each_keyword_that_is_answered_only_asks() -> None:
    words = [(keyword.word, keyword.example) for keyword in keywords() if keyword.tell == "answer"]
    assert len(words) >= 7
    assert [word for word, example in words if not (asks("", word) or asks("", example))] == []
    assert not [k.word for k in keywords() if k.tell != "answer" and (asks("", k.word) or asks("", k.example))]


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Database is down", "HELP"),  # somebody cries for it
        ("outage", "HELP"),
        ("incident", "HELP"),
        ("Registry", "SEARCH disk full"),
        ("help", ""),
        ("help", "HELP\nThe registry refuses every login."),
        ("help", "HELP with the registry"),
        ("help", "help"),
        ("Search", "SEARCH is down for everybody"),
        ("Search", "SEARCH returns nothing"),
        ("Search", "SEARCH timeouts 14:05"),
        ("Search", "SEARCH fails"),
        ("help", "HELP\nRESOLVED"),
        ("help", "TAKE"),
        ("help", "LOG 14:05 down"),
        ("status", "STATUS\n500"),
    ],
)
def test_whatever_may_be_an_alarm_is_one(subject: str, own: str) -> None:
    assert not asks(subject, own)


def test_a_fresh_help_is_answered_once_with_the_keywords_and_opens_no_incident(desk: Desk) -> None:
    said = desk.mail(CAROL, "HELP", "help")
    assert desk.of(said) == ""
    (letter,) = answers(desk)
    assert (letter.recipients, letter.sender) == (("carol@example.net",), "")
    assert "it opened no incident. If something is broken, write to incident@example.org what you see" in text(letter)
    assert "| HANDOFF person" in text(letter)
    desk.ours("Re: help", *str(message_from_bytes(letter.raw)["X-Mailbot-Notice"]).split(), re=said)
    assert answers(desk) == []


def test_a_fresh_search_finds_what_is_public_and_says_what_the_other_questions_lack(desk: Desk) -> None:
    desk.mail(ALICE, "Since 11:40 UTC the disk of web1 is full.", "Disk full")
    desk.mail(BOB, "KIND security\nThe token of the disk leaked.", "Disk token leaked")
    desk.mail(CAROL, "SEARCH disk\nSTATUS", "search")
    (letter,) = answers(desk)
    assert "Disk full" in text(letter)
    assert "leaked" not in text(letter)
    assert "| STATUS Not done. Which incident? Reply in its thread" in text(letter)


def test_a_mail_that_asks_two_things_gets_both(desk: Desk) -> None:
    desk.mail(ALICE, "Since 11:40 UTC the disk of web1 is full.", "Disk full")
    desk.mail(CAROL, "SEARCH disk\n\nHELP", "search")
    (letter,) = answers(desk)
    assert 'Incidents that fit "disk"' in text(letter)
    assert "| HANDOFF person" in text(letter)


def test_help_in_a_thread_is_the_threads_and_an_alarm_with_help_opens_one(desk: Desk) -> None:
    first = desk.mail(ALICE, "Since 11:40 UTC it fails.")
    assert desk.of(desk.mail(BOB, "HELP", "Re: Disk full", re=first)) == desk.of(first)
    assert desk.of(desk.mail(BOB, "HELP", "Mirror is down"))
    assert answers(desk) == []


def test_a_list_that_asks_for_marked_mails_answers_help_too(tmp_path: Path) -> None:
    with Desk(tmp_path, opens="marked") as desk:
        desk.mail(CAROL, "HELP", "help")
        desk.mail(CAROL, "HELP", "[INCIDENT] help")
        assert len(answers(desk)) == 1
        assert len(desk.register.incidents()) == 1


# ── one mail, several incidents ───────────────────────────────────────────────────────────────────────────────────────


def test_l18_one_mail_settles_two_incidents_that_its_keywords_name(desk: Desk) -> None:
    one = desk.of(desk.mail(ALICE, "It fails.\nACTION watch the disk", "Disk full"))
    other = desk.of(desk.mail(BOB, "It is slow.\nACTION add a mirror", "Mirror is slow"))
    said = desk.mail(CAROL, f"DONE {one} A1\nDONE {other} A1\nDONE INC-20200101-ABC A1", "Actions")
    assert desk.of(said) == ""
    assert [desk.look(name).actions[0].state for name in (one, other)] == ["done", "done"]
    assert desk.told(one, said) == ["A1 done: watch the disk"]
    assert desk.told(other, said) == ["A1 done: add a mirror"]
    (letter,) = answers(desk)
    assert "I know no INC-20200101-ABC" in text(letter)
    assert len(desk.register.incidents()) == 2


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Mirror is down", "DONE INC-20261121-K7Q A1"),
        ("Actions", "DONE INC-20261121-K7Q A1\nThe mirror refuses every login, too."),
        ("As before", "MERGE INC-20261121-K7Q"),
        ("Actions", "It is as in INC-20261121-K7Q"),
        ("Actions", "DONE A1"),
    ],
)
def test_l18_with_a_word_beside_them_it_is_news(subject: str, own: str) -> None:
    assert names("Actions", "DONE INC-20261121-K7Q A1")
    assert not names(subject, own)
