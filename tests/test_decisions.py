"""Scenes of app/decisions.py: MERGE, SPLIT, ZONE and their UNDO, replies to digests; each time a rebuild gives the same."""

from __future__ import annotations

import random
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailbot.app.unnamed import unnamed
from mailbot.core.due import Policy
from mailbot.core.impact import impact
from mailbot.core.incident import Status, undo_code
from mailbot.core.publication import is_private
from mailbot.outbox.render import Looks, Renderer
from mailbot.store.archive import Arrival, Place
from tests.incident_scene import ALICE, BOB, CAROL, LIST
from tests.register_scene import Desk

# ── MERGE ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def two(desk: Desk) -> tuple[str, str]:
    """Alice's incident with T1 and A1, then Bob's with T1 to T3 and A1; the ids of both."""
    first = desk.mail(ALICE, "LOG 11:40 UTC disk full\nACTION a")
    second = desk.mail(BOB, "LOG 11:50 UTC mirror slow\nLOG 11:51 UTC looked\nACTION b", "Mirror is slow")
    desk.mail(BOB, "FIX T1 11:49 UTC\nDROP T2\nDONE A1\nSTART 11:30 UTC", "Re: Mirror is slow", re=second)
    return desk.of(first), desk.of(second)


@pytest.mark.parametrize("from_the_younger", [True, False])
def test_merge_keeps_the_older_id_and_the_other_becomes_its_alias(desk: Desk, from_the_younger: bool) -> None:
    old, young = two(desk)
    if from_the_younger:
        said = desk.mail(CAROL, f"MERGE {old}", "Re: Mirror is slow", re="m2@example.org")
    else:
        said = desk.mail(CAROL, f"MERGE {young}", "Re: Disk full", re="m1@example.org")
    assert {desk.of(f"m{n}@example.org") for n in (1, 2, 3, 4)} == {old}
    assert desk.look(young).id == old
    assert desk.look(old).aliases == [young]
    assert [d["id"] for d in desk.register.incidents()] == [old]
    assert desk.told(old, said)[0].startswith(f"{young} is part of {old} from now on")
    assert desk.of(desk.mail(BOB, "more", "Re: Mirror is slow", re="m3@example.org")) == old


def test_l20_numbers_of_the_older_one_never_change_with_a_merge_and_commands_said_before_it_mean_what_they_meant(
    desk: Desk,
) -> None:
    old, young = two(desk)
    desk.mail(ALICE, "LOG 11:41 UTC second line", "Re: Disk full", re="m1@example.org")
    desk.mail(CAROL, f"MERGE {young}", "Re: Disk full", re="m1@example.org")
    desk.mail(CAROL, "LOG 12:01 UTC after it", "Re: Disk full", re="m1@example.org")
    incident = desk.look(old)
    assert [(e.label, e.what, bool(e.dropped), f"{e.utc:%H:%M}") for e in incident.entries] == [
        ("T1", "disk full", False, "11:40"),
        ("T2", "second line", False, "11:41"),
        ("T3", "mirror slow", False, "11:49"),
        ("T4", "looked", True, "11:51"),
        ("T5", "Incident start.", False, "11:30"),
        ("T6", "after it", False, "12:01"),
    ]
    assert [(a.label, a.text, a.state) for a in incident.actions] == [("A1", "a", "proposed"), ("A2", "b", "done")]
    assert incident.start is not None
    assert incident.start.label == "T5"
    assert incident.commander is not None
    assert incident.commander.name == "Alice Doe"
    assert incident.messages == 6


def test_a_merge_that_was_undone_leaves_two_and_no_later_mail_makes_them_one(desk: Desk) -> None:
    old = desk.of(desk.mail(ALICE, "x", "Disk full"))
    young = desk.of(desk.mail(BOB, "x", "Disk full"))
    assert old != young
    merge = desk.mail(CAROL, f"MERGE {old}", "Re: Disk full", re="m2@example.org")
    receipt = desk.ours("Re: Disk full", "receipt:x", re=f"m1@example.org {merge}", incident=old)
    undo = desk.mail(CAROL, f"UNDO {undo_code(merge)}", "Re: Disk full", re=f"m1@example.org {merge} {receipt}")
    assert (desk.of("m1@example.org"), desk.of("m2@example.org"), desk.of(merge)) == (old, young, young)
    assert desk.told(desk.of(undo), undo) == [f"taken back: what message {undo_code(merge)} did"]
    desk.mail(BOB, "both", "Re: Disk full", re=f"m1@example.org m2@example.org {receipt}")
    assert desk.of("m1@example.org") != desk.of("m2@example.org")
    desk.undo(CAROL, undo)
    assert desk.of("m1@example.org") == desk.of("m2@example.org") == old, "an UNDO can be undone"


def test_l14_a_merge_with_what_is_not_there_says_so(desk: Desk) -> None:
    said = desk.mail(ALICE, "MERGE INC-20200101-ABC")
    assert "I know no INC-20200101-ABC" in desk.told(desk.of(said), said)[0]


def test_a_merge_of_an_incident_with_itself_is_refused(desk: Desk) -> None:
    old, young = two(desk)
    itself = desk.mail(CAROL, f"MERGE {old}", "Re: Disk full", re="m1@example.org")
    assert desk.told(old, itself) == [f"{old} is this incident already."]
    desk.mail(CAROL, f"MERGE {old}", "Re: Mirror is slow", re="m2@example.org")
    again = desk.mail(BOB, f"MERGE {young}", "Re: Disk full", re="m1@example.org")
    assert desk.told(old, again) == [f"{young} is part of this one already."]


def test_a_first_mail_that_says_merge_opens_nothing(desk: Desk) -> None:
    old = desk.of(desk.mail(ALICE, "x"))
    said = desk.mail(BOB, f"MERGE {old}\nIt is slow since 11:55 UTC.", "Mirror is slow")
    assert desk.of(said) == old
    assert desk.told(old, said) == [f"this mail is part of {old}"]
    assert len(desk.register.incidents()) == 1


def test_p22_two_merged_by_their_headers_keep_the_older_ones_numbers_too(desk: Desk) -> None:
    old = desk.of(desk.mail(ALICE, "LOG a"))
    desk.mail(BOB, "LOG b")
    desk.mail(ALICE, "LOG c", "Re: Disk full", re="m1@example.org")
    desk.mail(CAROL, "LOG d", "Re: Disk full", re="m1@example.org m2@example.org")
    assert [e.what for e in desk.look(old).entries] == ["a", "c", "b", "d"]


# ── SPLIT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_split_makes_a_mail_an_incident_of_its_own_and_its_replies_follow_it(desk: Desk) -> None:
    old = desk.of(desk.mail(ALICE, "x"))
    said = desk.mail(BOB, "SPLIT: Mirror is slow\nsince 11:55 UTC", "Re: Disk full", re="m1@example.org")
    new = desk.of(said)
    assert new not in ("", old)
    incident = desk.look(new)
    assert (incident.title, incident.commander and incident.commander.name) == ("Mirror is slow", "Bob Stone")
    assert desk.told(new, said) == [f"an incident of its own from now on: {new}"]
    assert desk.of(desk.mail(CAROL, "y", "Re: Disk full", re=f"m1@example.org {said}")) == new
    assert desk.of(desk.mail(CAROL, "z", "Re: Disk full", re="m1@example.org")) == old
    assert desk.look(old).messages == 2


def test_a_split_is_taken_back_by_undo_and_by_merge(desk: Desk) -> None:
    old = desk.of(desk.mail(ALICE, "x"))
    said = desk.mail(BOB, "SPLIT", "Re: Disk full", re="m1@example.org")
    reply = desk.mail(CAROL, "LOG y", "Re: Disk full", re=f"m1@example.org {said}")
    undo = desk.undo(BOB, said)
    assert desk.of(said) == desk.of(reply) == old
    assert desk.told(old, undo)[0].startswith("taken back")
    desk.undo(BOB, undo)
    new = desk.of(said)
    assert new != old
    desk.mail(BOB, f"MERGE {old}", "Re: Disk full", re=said)
    assert desk.of(said) == desk.of(reply) == old


def test_split_of_the_mail_that_opened_it_is_told(desk: Desk) -> None:
    said = desk.mail(ALICE, "SPLIT")
    assert "could leave" in desk.told(desk.of(said), said)[0]


# ── ZONE ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words", ["ZONE America/Denver", " \t#MailBot zone America/Denver", "#mailbot, Zone America/Denver"]
)
def test_l20_a_zone_is_taken_back_by_undo(desk: Desk, words: str) -> None:
    said = desk.mail(ALICE, words)
    desk.mail(ALICE, "At 04:30 it broke.", "Re: Disk full", re=said)
    incident = desk.of(said)
    assert f"{desk.look(incident).entries[0].utc:%H:%M}" == "11:30"
    desk.undo(ALICE, said)
    assert f"{desk.look(incident).entries[0].utc:%H:%M}" == "04:30"


# ── replies to digests ────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_a_reply_to_a_digest_a_command_names_its_incident_and_nothing_opens_one(desk: Desk) -> None:
    first = desk.of(desk.mail(ALICE, "ACTION a\nACTION b"))
    second = desk.of(desk.mail(BOB, "ACTION c", "Mirror is slow"))
    digest = desk.ours("[incident digest] 2026-W47: 2 open", "digest:2026-W47")
    body = f"DONE {first} A1 https://forge.example/7\nLINK {second} A1: o/r#3\nDECLINED {first.lower()} A2\nDONE A1\nRESOLVED"
    said = desk.mail(CAROL, f"Hello,\nat 12:01 UTC\n{body}", "Re: [incident digest] 2026-W47: 2 open", re=digest)
    assert desk.of(said) == ""
    assert len(desk.register.incidents()) == 2
    one, other = desk.look(first), desk.look(second)
    assert [(a.label, a.state, a.link) for a in one.actions] == [
        ("A1", "done", "https://forge.example/7"),
        ("A2", "declined", ""),
    ]
    assert [(a.state, a.link) for a in other.actions] == [("proposed", "o/r#3")]
    assert (one.status, one.entries, one.messages) == (Status.OPEN, [], 1)
    assert [len(desk.told(i, said)) for i in (first, second)] == [2, 1]
    desk.mail(CAROL, f"UNDO {undo_code(said)}", "Re: Disk full", re="m1@example.org")
    assert [a.state for a in desk.look(first).actions] == ["proposed", "proposed"]


def test_state_commands_of_a_digest_reply_go_to_the_list_under_the_incidents_own_subject(desk: Desk) -> None:
    first = desk.of(desk.mail(ALICE, "x"))
    desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
    desk.mail(ALICE, f"RESOLVED {first} 12:05 UTC fixed\nSTATUS {first}", "Re: [incident digest] 2026-W47: 1 open")
    incident = desk.look(first)
    assert incident.status is Status.RESOLVED
    asks = [(a.kind, a.public, a.subject) for a in incident.asks.values() if a.kind != "ack"]
    assert asks == [("answer", False, "Disk full"), ("draft", True, "Disk full")]


def test_a_command_that_names_another_incident_is_told_where_it_belongs(desk: Desk) -> None:
    first = desk.of(desk.mail(ALICE, "ACTION a"))
    said = desk.mail(BOB, f"DONE {first} A1", "Mirror is slow")
    assert desk.look(first).actions[0].state == "proposed"
    (sentence,) = desk.told(desk.of(said), said)
    assert f"That names {first}" in sentence
    own = desk.mail(BOB, f"DONE {first} A1", "Re: Disk full", re="m1@example.org")
    assert desk.told(first, own) == ["A1 done: a"]


def test_a_command_that_names_an_id_merged_away_is_told_the_new_one_and_one_said_before_holds(desk: Desk) -> None:
    old, young = two(desk)
    digest = desk.ours("[incident digest] 2026-W47: 2 open", "digest:2026-W47")
    subject = "Re: [incident digest] 2026-W47: 2 open"
    desk.mail(CAROL, f"LINK {young} A1 o/r#9\nLINK {old} A1 o/r#8", subject, re=digest)
    desk.mail(CAROL, f"MERGE {young}", "Re: Disk full", re="m1@example.org")
    late = desk.mail(CAROL, f"LINK {young} A1 o/r#1", subject, re=digest)
    assert [a.link for a in desk.look(old).actions] == ["o/r#8", "o/r#9"]
    assert desk.told(old, late) == [f"{young} is part of {old} now, with new numbers. Write LINK {old} ..."]


def test_l14_a_digest_reply_that_names_no_incident_is_told_what_would_be_right_once(desk: Desk) -> None:
    first = desk.of(desk.mail(ALICE, "ACTION a"))
    digest = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
    subject = "Re: [incident digest] 2026-W47: 1 open"
    desk.mail(
        CAROL, f"DONE A1 https://forge.example/7\nLINK INC-20200101-ABC A1 o/r#7\nDONE {first} A1", subject, re=digest
    )
    desk.mail(CAROL, "Thank you, that was a good week.", subject, re=digest)
    renderer = Renderer(LIST, Looks())
    (letter,) = unnamed(desk.register, renderer, desk.clock, Policy())
    mail = message_from_bytes(letter.raw, policy=default)
    assert (letter.recipients, letter.sender) == (("carol@example.net",), "")
    assert (mail["Subject"], mail["In-Reply-To"]) == (subject, "<m3@example.org>")
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(str(body.get_content()).split())
    assert "| DONE A1 https://forge.example/7 Not done. Which incident? Write DONE INC-... A1 [link or note]" in text
    assert "| LINK INC-20200101-ABC A1 o/r#7 Not done. I know no INC-20200101-ABC" in text
    assert f"DONE {first}" not in text
    desk.ours(subject, *mail["X-Mailbot-Notice"].split(), re="m3@example.org")
    assert list(unnamed(desk.register, renderer, desk.clock, Policy())) == []
    assert desk.register.unnamed == {}


SUBJECTS = ("Disk full", "Mirror is slow", "Disk full", "Token expired")
WORDS = (
    "LOG 11:40 UTC a",
    "ACTION b",
    "FIX T1 11:41 UTC",
    "DONE A1",
    "START 11:30 UTC\nRESTORED 11:50 UTC",
    "RESOLVED",
    "REOPEN",
    "HANDOFF bob@example.org",
    "TAKE",
    "ZONE America/Denver",
    "At 04:30 it broke.",
    "SPLIT: of its own\nLOG c",
    "SPLIT",
    "Thanks!",
    "KIND security",
    "KIND outage",
)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_merged_split_and_undone_a_rebuild_gives_the_same_and_nothing_is_lost(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    with Desk(tmp_path) as desk:
        said = [desk.mail(ALICE, "LOG 11:35 UTC it began\nACTION a", SUBJECTS[0])]
        digest = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
        for _ in range(30):
            who, subject = dice.choice([ALICE, BOB, CAROL]), dice.choice(SUBJECTS)
            known = [d["id"] for d in desk.register.incidents()]
            body = "\n".join(dice.choice(WORDS) for _ in range(dice.randint(0, 2)))
            roll = dice.random()
            if roll < 0.2:
                body += f"\nMERGE {dice.choice(known)}"
            elif roll < 0.4:
                body += f"\nUNDO {undo_code(dice.choice(said[-8:]))}"
            if dice.random() < 0.15:
                named = "\n".join(f"LINK {dice.choice(known)} A1 o/r#{n}" for n in range(3))
                said.append(desk.mail(who, named, "Re: [incident digest] 2026-W47: 1 open", re=digest))
            elif dice.random() < 0.25:
                said.append(desk.mail(who, body, subject))
            else:
                references = " ".join(dice.sample(said, min(len(said), dice.choice([1, 1, 1, 2]))))
                said.append(desk.mail(who, body, f"Re: {subject}", re=references))
        assert desk.wrong() == []
        told = [e.message_id for d in desk.register.incidents() for e in desk.look(d["id"]).entries]
        docs = dict(desk.register.state.all("messages"))
        once = {d["f"][0] for d in docs.values() if d["i"]}
        members = [n for d in desk.register.incidents() for n in desk.register.members[d["id"]] if docs[n]["i"]]
        assert sorted(members) == sorted(n for n, d in docs.items() if d["i"]), "each mail is in one incident"
        assert set(told) <= once
        for d in desk.register.incidents():
            incident = desk.look(d["id"])
            assert [e.number for e in incident.entries] == list(range(1, len(incident.entries) + 1))
            assert [a.number for a in incident.actions] == list(range(1, len(incident.actions) + 1))
            for chain in zip(incident.custody, incident.custody[1:], strict=False):
                assert chain[0].since <= chain[1].since
            assert impact(incident).words


def test_after_an_undo_only_the_incidents_that_it_changed_are_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, young = two(desk)
    for n in range(5):
        desk.mail(ALICE, "x", f"Something else {n}")
    merge = desk.mail(CAROL, f"MERGE {old}\nLOG d", "Re: Mirror is slow", re="m2@example.org")
    looked: list[str] = []
    note = desk.register.note
    monkeypatch.setattr(desk.register, "note", lambda i, at: looked.append(i.id) or note(i, at))  # type: ignore[func-returns-value]
    desk.undo(CAROL, merge)
    assert set(looked) == {old, young}
    assert [e.dropped for e in desk.look(young).entries][-1] == "undone", "the rest of that mail is taken back too"


def test_l7_a_digest_reply_that_comes_twice_does_what_it_says_once_and_is_no_unfiled_mail(desk: Desk) -> None:
    first = desk.of(desk.mail(ALICE, "x"))
    digest = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
    subject = "Re: [incident digest] 2026-W47: 1 open"
    said = desk.mail(CAROL, f"ACTION {first} a\nHANDOFF {first} bob@example.org: good luck", subject, re=digest)
    (doc,) = desk.register.find(said)
    again = desk.archive.read(Place(*doc["p"])).raw
    desk.archive.append("in", again, Arrival("smtp 127.0.0.1", "list@example.org", (LIST.address,), "")).result(10)
    desk.register.catch_up()
    desk.register.commit()
    desk.mail(CAROL, "Thank you!", subject, re=digest)
    incident = desk.look(first)
    assert [a.text for a in incident.actions] == ["a"]
    assert incident.offered is not None
    assert len(desk.register.unfiled) == 1, "only the thanks"


# ── what goes the private way ─────────────────────────────────────────────────────────────────────────────────────────


def test_p38_nobody_from_outside_reads_a_secret_by_merging_it_or_by_naming_it_in_a_reply_to_a_digest(
    desk: Desk,
) -> None:
    secret = desk.mail(ALICE, "KIND security\nLOG 11:40 UTC the key leaked", "Token leaked")
    hidden = desk.of(secret)
    own = desk.mail(CAROL, "x", "Mirror is slow")
    merge = desk.mail(CAROL, f"MERGE {hidden}", "Re: Mirror is slow", re=own)
    assert desk.of(merge) == desk.of(own) != hidden
    assert f"I know no {hidden}" in desk.told(desk.of(own), merge)[0]
    digest = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
    for to in ("incident@example.org", "mailbot@example.org"):
        said = desk.mail(
            CAROL, f"TIMELINE {hidden}\nREPORT {hidden}", "Re: [incident digest] 2026-W47", re=digest, to=to
        )
        assert [a for a in desk.look(hidden).asks.values() if a.message_id == said] == []


def test_who_knows_the_secret_merges_it_and_the_readers_of_the_list_do_not_come_to_know_it(desk: Desk) -> None:
    own = desk.mail(CAROL, "x", "Mirror is slow")
    secret = desk.mail(ALICE, "KIND security", "Token leaked")
    desk.mail(ALICE, "looking", "Re: Mirror is slow", re=own)
    desk.mail(ALICE, f"MERGE {desk.of(own)}", "Re: Token leaked", re=secret)
    incident = desk.look(desk.of(own))
    assert incident.id == desk.of(secret)
    assert is_private(incident)
    assert set(incident.inside) == {"alice@example.org"}
