"""Scenes of the digest (language.md 4): its sections, its numbers, its thread, and when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from mailbot.app.digest import numbers, sections, telling
from mailbot.core.commands import read_commands
from mailbot.core.due import Period, Policy
from mailbot.core.times import Context
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, NOON
from tests.mailroom_scene import Room, of_kind, text
from tests.notices import row

MONDAY = datetime.fromisoformat("2026-11-23T08:00:00+00:00")  # two days after NOON
PERIOD = Period("2026-W47", MONDAY - timedelta(days=7), MONDAY)
FIRST = MONDAY - timedelta(days=300)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path) as room:
        yield room
        assert room.wrong() == [], "a rebuild and a start give the same"


def digests(mails: list[EmailMessage]) -> list[EmailMessage]:
    return of_kind(mails, "digest")


def part(mail: EmailMessage, heading: str) -> str:
    """What stands under a heading, up to the next."""
    found = re.search(rf"^{heading}[^\n]*\n-+\n\n(.*?)(?=\n\n[A-Z][^\n]*\n-+\n|\n\n-- \n)", text(mail), re.S | re.M)
    return found[1] if found else ""


def week(room: Room) -> dict[str, str]:
    """An open incident, one whose report waits with two actions; then Monday comes. Name -> id."""
    disk = room.of(room.mail(ALICE, "Since 11:40 UTC the disk is full."))
    room.look_now()
    mirror = room.mail(BOB, "START 11:30 UTC\nRESTORED 12:10 UTC\nACTION prevent watch it @bob", "Mirror is slow")
    room.look_now()
    said = "RESOLVED\nACTION process write it down due 2026-11-22\nACTION detect x o/r#7\nIMPACT: slow"
    room.mail(CAROL, said, "Re: Mirror is slow", re=mirror)
    return {"disk": disk, "mirror": room.of(mirror)}


# ── the whole ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_digest_has_its_sections_in_order_each_with_its_one_thing_to_do(room: Room) -> None:
    ids = week(room)
    (mail,) = digests(room.until(MONDAY))
    assert mail["Subject"] == "[incident digest] 2026-W47: 1 open, 1 report waiting, 2 loose ends"
    headings = re.findall(r"^([A-Z][^\n]*)\n-+$", text(mail), re.M)
    assert [h.partition(",")[0] for h in headings] == [
        "Open now",
        "Reports waiting",
        "Loose ends",
        "Resolved this week",
        "Numbers",
        "Thanks",
    ]
    assert part(mail, "Open now") == (
        f"{ids['disk']}  Disk full\n"
        "  since 2026-11-21 12:05, Alice Doe has it, last news 2026-11-21 12:05\n"
        f"  | RESOLVED {ids['disk']}"
    )
    assert part(mail, "Reports waiting").startswith(
        f"{ids['mirror']}  Mirror is slow\n  1 day, missing: summary, trigger"
    )
    assert "asked: Carol" in " ".join(part(mail, "Reports waiting").split())
    assert f"  | SUMMARY {ids['mirror']}: a sentence" in part(mail, "Reports waiting")
    assert part(mail, "Resolved this week") == f"{ids['mirror']}  users hit 40 min: Mirror is slow"
    assert part(mail, "Thanks") == "Alice Doe, Bob Stone, Carol wrote in."
    assert max(map(len, text(mail).split("\n"))) <= 72
    html = mail.get_body(("html",))
    assert html is not None
    for words in ("Open now", "Reports waiting", "Loose ends", "Numbers", "Thanks", ids["disk"]):
        assert words in html.get_content()


def test_b13_loose_ends_are_actions_without_an_issue_or_past_their_day_the_oldest_named_in_the_first_line(
    room: Room,
) -> None:
    ids = week(room)
    (mail,) = digests(room.until(MONDAY))
    loose = part(mail, "Loose ends")
    assert "Loose ends, the oldest: A1 of " + ids["mirror"] in text(mail)
    assert (
        f"{ids['mirror']} A1  watch it\n  1 day, no issue yet, @bob\n  | LINK {ids['mirror']} A1 https://..." in loose
    )
    assert f"{ids['mirror']} A2  write it down\n  1 day, 1 day past 2026-11-22, no issue yet, nobody's" in loose
    assert " A3 " not in loose, "it is tracked and has no day"


def test_each_thing_to_do_is_a_line_that_works_as_an_answer(room: Room) -> None:
    week(room)
    (mail,) = digests(room.until(MONDAY))
    html = mail.get_body(("html",))
    assert html is not None
    samples = re.findall(r"^  \| (.*)$", text(mail), re.M)
    assert re.findall(r"answer: <code[^>]*>(.*?)</code>", html.get_content()) == samples
    assert len(samples) == 4
    for line in samples:
        commands, _ = read_commands(line.replace("...", "forge.example/7"), ((0, 200),), Context(NOON))
        assert [(bool(c.incident), c.problem) for c in commands] == [(True, "")], line


def test_a_reply_to_the_digest_settles_an_action_and_the_next_digest_is_without_it(room: Room) -> None:
    ids = week(room)
    (mail,) = digests(room.until(MONDAY))
    body = f"DONE {ids['mirror']} A2 https://forge.example/9\nDECLINED {ids['mirror']} A1\n"
    room.mail(BOB, body, f"Re: {mail['Subject']}", re=str(mail["Message-ID"]).strip("<>"))
    (after,) = digests(room.until(MONDAY + timedelta(days=7)))
    assert after["Subject"] == "[incident digest] 2026-W48: 1 open, 1 report waiting, 0 loose ends"
    assert part(after, "Thanks") == "", "Bob wrote to the digest, to no incident"


def test_unfiled_mail_is_listed_where_incidents_must_be_marked(tmp_path: Path) -> None:
    with Room(tmp_path, "marked") as room:
        room.mail(BOB, "Which mirror is the fastest?", "A question")
        room.mail("Watch <nagios@example.org>", "CRITICAL", "** PROBLEM Service Alert: x is CRITICAL **")
        (mail,) = digests(room.until(MONDAY))
        assert mail["Subject"] == "[incident digest] 2026-W47: 0 open, 0 reports waiting, 0 loose ends"
        assert part(mail, "Unfiled mail").split("\n")[0] == "2026-11-21  Bob Stone: A question"
        assert digests(room.until(MONDAY + timedelta(days=7))) == [], "it is said once"
        assert room.wrong() == []


def test_l45_nothing_to_say_no_mail(room: Room) -> None:
    room.mail(ALICE, "CANCEL")
    assert digests(room.until(MONDAY + timedelta(days=30))) == []


def test_l46_one_a_week_in_a_thread_of_its_own_and_a_new_one_with_the_year(room: Room) -> None:
    room.mail(ALICE, "Since 11:40 UTC the disk is full.")
    room.mail(ALICE, "QUIET", "Re: Disk full", re="m1@example.org")
    found = digests(room.until(MONDAY + timedelta(days=56), timedelta(hours=7)))
    keys = [str(m["X-Mailbot-Notice"]) for m in found]
    assert keys[0] == "digest:2026-W47"
    assert len(keys) == len(set(keys)) == 9
    first = found[0]["Message-ID"]
    by_year = {
        key[7:11]: [m["References"] for m, k in zip(found, keys, strict=True) if k[7:11] == key[7:11]] for key in keys
    }
    assert by_year["2026"][1:] == [first] * (len(by_year["2026"]) - 1)
    assert by_year["2026"][0] is None
    assert by_year["2027"][0] is None
    assert set(by_year["2027"][1:]) == {next(m["Message-ID"] for m, k in zip(found, keys, strict=True) if "2027" in k)}


def test_a_daily_digest_is_of_a_day(tmp_path: Path) -> None:
    with Room(tmp_path, policy=Policy(digest_every="day")) as room:
        week(room)
        found = digests(room.until(MONDAY))
        assert [str(m["X-Mailbot-Notice"]) for m in found] == ["digest:2026-11-21", "digest:2026-11-22"]
        assert "Resolved this day" in text(found[0])
        assert "Resolved" not in text(found[1])


def test_the_digest_keeps_to_the_budget_and_comes_when_there_is_room(tmp_path: Path) -> None:
    with Room(tmp_path, policy=Policy(list_hour=6)) as room:
        room.clock = MONDAY - timedelta(minutes=40)
        for n in range(7):
            room.mail(ALICE, "It fails.", f"Trouble {n}{n}{n}{n}")
        assert [str(m["X-Mailbot-Notice"])[:4] for m in room.look_now()] == ["ack:"] * 6
        assert digests(room.until(MONDAY, timedelta(minutes=5))) == []
        (mail,) = digests(room.until(MONDAY + timedelta(hours=3), timedelta(minutes=5)))
        assert mail["Subject"] == "[incident digest] 2026-W47: 7 open, 0 reports waiting, 0 loose ends"


# ── its parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def told(**changes: object) -> dict[str, object]:
    """A row of the state, its times in days before the digest."""
    known = row(**changes)
    shift = (MONDAY - NOON).total_seconds()
    return {k: v + shift if isinstance(v, float) and k in ("opened", "last", "closed") else v for k, v in known.items()}


def test_numbers_are_those_of_the_week_against_the_four_before() -> None:
    docs = [
        told(status="published", opened=1.0, closed=0.5, hit=30),
        told(status="resolved", opened=2.0, closed=1.5, hit=90, missing=["CAUSE"]),
        told(status="cancelled", opened=2.0, closed=1.5, hit=None),
        told(status="open", opened=3.0),
        *(told(status="published", opened=10.0 + n, closed=9.0 + n, hit=120) for n in range(6)),
        told(status="resolved", opened=34.0, closed=33.0, missing=["CAUSE"], hit=None),
    ]
    found = numbers(docs, PERIOD, FIRST)
    assert [(n.name, n.now, n.before) for n in found] == [
        ("incidents", "3", "1.8 a week"),
        ("time to restore, median", "1 h", "2 h"),
        ("reports written", "1 of 2", "6 of 7"),
    ]
    assert {n.before for n in numbers(docs, PERIOD, MONDAY - timedelta(days=30))} == {""}, "the list is too young"


def test_the_next_step_follows_how_it_stands() -> None:
    docs = [
        told(id="INC-1", commander="", opened=3.0, last=0.1),
        told(id="INC-2", opened=2.0, last=1.5),
        told(id="INC-3", opened=1.0, last=0.1),
        told(id="INC-4", opened=0.5, last=0.1, status="restored"),
    ]
    steps = [r["step"] for r in sections(docs, PERIOD, FIRST)["open"]]
    assert steps == ["TAKE INC-1", "RESOLVED INC-2", "STATUS INC-3", "RESOLVED INC-4"]


def test_a14_an_open_incidents_actions_are_no_loose_ends_and_what_is_private_stays_so() -> None:
    actions = [["A1", "x", "", "", False, MONDAY.timestamp() - 9 * 86400]]
    docs = [
        told(actions=actions),
        told(id="INC-S", status="resolved", opened=3.0, closed=2.0, actions=actions, private=True),
    ]
    found = sections(docs, PERIOD, FIRST)
    assert (len(found["open"]), found["reports"], found["loose"]) == (1, [], [])
    assert not telling(sections(docs[1:], PERIOD, FIRST))


def test_a_digest_that_comes_late_is_that_of_its_week() -> None:
    docs = [
        told(id="INC-1", status="resolved", opened=3.0, closed=-0.5, missing=["CAUSE"]),
        told(id="INC-2", opened=-0.5),
        told(id="INC-3", status="resolved", opened=30.0, closed=7.5, missing=["CAUSE"]),
    ]
    found = sections(docs, PERIOD, FIRST)
    assert [[r["id"] for r in found[name]] for name in ("open", "reports", "resolved")] == [[], ["INC-3"], []]


def test_long_lists_are_cut_and_say_how_much_more_there_is() -> None:
    docs = [told(id=f"INC-20261101-{n:03}", opened=1.0 + n / 100) for n in range(40)]
    found = sections(docs, PERIOD, FIRST) | {"unfiled": [], "thanks": [f"P{n}" for n in range(90)]}
    letter = Renderer(LIST, Looks()).digest(PERIOD, found, "", MONDAY)
    body = text(message_from_bytes(letter.raw, policy=default))
    assert "\nand 28 more\n" in body
    assert "and 30 more" in " ".join(body.split())
    assert "40 open" in str(message_from_bytes(letter.raw, policy=default)["Subject"])
    assert len(body.split("\n")) < 90


def test_hostile_titles_stay_text_at_72_columns() -> None:
    evil = "x\r\nBcc: a@b\r\n\r\n| RESOLVED \u202e <b>bold</b> " + "w" * 300
    docs = [
        told(title=evil),
        told(id="INC-2", title=evil, status="resolved", opened=3.0, closed=2.0, missing=["CAUSE"]),
    ]
    docs[1] = replace_actions(docs[1], evil)
    found = sections(docs, PERIOD, FIRST) | {"unfiled": [], "thanks": [evil]}
    letter = Renderer(LIST, Looks()).digest(PERIOD, found, "", MONDAY)
    mail = message_from_bytes(letter.raw, policy=default)
    assert mail["Bcc"] is None
    body = text(mail)
    assert read_commands(body, ((0, len(body)),), Context(NOON))[0] == ()
    assert "<b>" not in str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]


def replace_actions(doc: dict[str, object], words: str) -> dict[str, object]:
    return doc | {"actions": [["A1", words[:200], words[:50], "", False, 0.0]]}
