"""The process of seed A by mail, sentence by sentence: A5 to A16 and A23, each with its number."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from mailbot.core.incident import Incident, Status
from mailbot.core.links import CHATS, Chat
from mailbot.core.report import report
from mailbot.outbox.render import Letter, Looks
from tests.incident_scene import ALICE, BOB, CAROL, LIST, ROBOT, Scene, letters, renderer_of

HOUR = 60


def opened(who: str = ALICE, body: str = "Pushes fail.") -> Scene:
    scene = Scene()
    scene.mail(who, body, 0)
    return scene


def text(letter: Letter) -> str:
    body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def flat(letter: Letter) -> str:
    return " ".join(text(letter).split())


def told(scene: Scene) -> list[str]:
    """What the receipts say to the last mail."""
    last = scene.items[-1].message_id
    return [o.sentence for a in scene.incident.asks.values() if a.message_id == last for o in a.outcomes]


def holder(scene: Scene) -> str:
    return scene.incident.commander.name if scene.incident.commander else "nobody"


def status(scene: Scene) -> Status:
    return scene.incident.status


def custody(incident: Incident) -> list[tuple[str, str]]:
    return [(c.who.name if c.who else "unclaimed", f"{c.since:%H:%M}") for c in incident.custody]


# ── A5: who calls it has it ───────────────────────────────────────────────────────────────────────────────────────────


def test_a5_who_calls_for_it_is_the_first_commander_from_that_moment_and_the_ack_says_how_to_pass_it_on() -> None:
    scene = opened()
    assert custody(scene.incident) == [("Alice Doe", "12:00")]
    ack = flat(letters(scene)["ack"])
    assert "Who has this: Alice Doe, who wrote first, until somebody else takes it (HANDOFF, then their name)" in ack


@pytest.mark.parametrize(
    "who",
    [
        ROBOT,
        "Desk <helpdesk@example.org>",
        "incident <incident@example.org>",
        "noreply@example.org",
        "Watch <alerts@example.org>",
        "root@web1.example.org",
    ],
)
def test_a5_a_robot_or_an_alias_never_has_it_and_a_volunteer_is_asked_for(who: str) -> None:
    scene = opened(who, "PROBLEM")
    assert custody(scene.incident) == [("unclaimed", "12:00")]
    ack = text(letters(scene)["ack"])
    assert "Nobody has this yet. Who can look?" in ack
    assert "\n| TAKE\n" in ack
    scene.settle()
    assert scene.kinds(15) == ["commander"]
    scene.mail(who, "TAKE\nHANDOFF helpdesk@example.org", 16)
    assert holder(scene) == "nobody"


# ── A6: the hub of the information ────────────────────────────────────────────────────────────────────────────────────


def test_a6_every_mail_about_an_incident_says_who_has_it_and_how_to_reach_them() -> None:
    scene = opened()
    found = letters(scene)
    scene.settle()
    scene.mail(
        BOB, "STATUS\nTIMELINE\nCATCHUP\nREPORT\nSEARCH disk\nWHY\nHELP\nTITLE x\nLOG a\nHANDOFF carol@example.net"
    )
    found |= letters(scene)
    scene.settle()
    for minute in (HOUR + 10, 8 * HOUR, 30 * HOUR):
        found |= letters(scene, minute)
    assert {"ack", "answer-status", "answer-catchup", "answer-why", "answer-search", "brief", "update"} <= found.keys()
    for kind, letter in found.items():
        assert "Who has this: Alice Doe <alice@example.org>" in flat(letter), kind


def test_a6_status_is_four_lines_from_the_record() -> None:
    scene = opened(
        body="START 11:40 UTC\nLOG 11:50 UTC disk is full\nWe talk in https://x.slack.com/archives/C1/p2 now."
    )
    scene.mail(BOB, "STATUS")
    answer = text(letters(scene)["answer-status"])
    assert answer.startswith(
        "What:     Registry refuses pushes\n"
        "Since:    2026-11-21 11:40 UTC, open, users are still hit\n"
        "Who:      Alice Doe <alice@example.org>\n"
        "Chat:     https://x.slack.com/archives/C1/p2\n"
        "Last:     2026-11-21 11:50 UTC disk is full\n"
    )


# ── A7: the chat ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chat", CHATS, ids=lambda c: c.name)
def test_a7_a_link_to_the_chat_in_any_mail_becomes_a_link_of_the_incident(chat: Chat) -> None:
    scene = opened()
    scene.mail(BOB, f"We talk about it here: {chat.example}.\nMore soon, see {chat.example}")
    scene.mail(CAROL, f"> {chat.example}x\nand https://example.org/archives/C1 is not one", 10)
    assert [(link.url, link.who.name) for link in scene.incident.links] == [(chat.example, "Bob Stone")]
    assert scene.incident.unused == [("m3@example.org", "no time, no keyword")]


def test_a7_the_ack_has_a_line_to_paste_into_the_chat() -> None:
    ack = text(letters(opened())["ack"])
    assert "For the chat:\n  INC-20261121-K7Q Registry refuses pushes. Who has this: Alice Doe." in ack


def test_a7_a_pasted_chat_excerpt_is_read_into_the_timeline() -> None:
    scene = opened(
        body="From the channel (all times UTC):\n\n[11:41] <bob> disk is full\n[11:44] <zoe> deleting logs\n"
    )
    lines = [(f"{e.utc:%H:%M}", e.what) for e in scene.incident.timeline()]
    assert [clock for clock, _ in lines] == ["11:41", "11:44"]
    assert "disk is full" in lines[0][1]


def test_a7_a_link_goes_with_the_mail_that_was_undone() -> None:
    scene = opened()
    scene.mail(BOB, "TITLE x\nhttps://matrix.to/#/#ops:example.org")
    code = next(code for code, m in scene.incident.codes.items() if m == "m2@example.org")
    scene.mail(BOB, f"UNDO {code}")
    assert scene.incident.links == []


# ── A8: the shared timeline ───────────────────────────────────────────────────────────────────────────────────────────


def test_a8_the_timeline_is_mailed_on_request_and_edited_by_reply_with_its_history() -> None:
    scene = opened(body="* 11:40 UTC - disk full\n* 11:45 UTC - looked\n")
    scene.mail(BOB, "FIX T1 11:41 UTC disk was full\nDROP T2\nLOG 11:50 UTC deleted old logs")
    scene.mail(CAROL, "TIMELINE")
    answer = text(letters(scene)["answer-timeline"])
    assert re.findall(r"^T\d.*$", answer, re.M) == [
        "T1   2026-11-21 11:41   disk was full",
        "T3   2026-11-21 11:50   deleted old logs (added 12:05)",
    ]
    assert scene.incident.entries[0].was == ("2026-11-21 11:40 UTC - disk full",)


# ── A9, A10: handing it on ────────────────────────────────────────────────────────────────────────────────────────────


def test_a9_a_handoff_is_two_steps_with_a_brief_for_the_one_who_is_asked() -> None:
    scene = opened(body="START 11:40 UTC\nIMPACT: every push fails")
    scene.settle()
    scene.mail(BOB, "I can help.", 5)
    scene.mail(ALICE, "HANDOFF Bob: I must sleep", 10)
    brief = letters(scene)["brief"]
    assert brief.recipients == ("incident@example.org", "bob@example.org")
    words = flat(brief)
    assert "Alice Doe asks Bob Stone to take over INC-20261121-K7Q." in words
    assert "answer with one line: ACCEPT or DECLINE. Until then Alice Doe has it." in words
    assert "Impact: every push fails" in words
    assert "Incident start." in words
    assert holder(scene) == "Alice Doe"
    scene.mail(BOB, "ACCEPT", 20)
    assert custody(scene.incident) == [("Alice Doe", "12:00"), ("Bob Stone", "12:20")]


def test_a9_a_handoff_is_always_allowed_and_can_be_declined() -> None:
    scene = opened()
    scene.mail(ALICE, "HANDOFF bob@example.org", 1)
    scene.mail(BOB, "DECLINE: at the airport", 2)
    assert (holder(scene), scene.incident.offered) == ("Alice Doe", None)
    scene.mail(ALICE, "HANDOFF carol@example.net", 3)
    scene.mail(CAROL, "ACCEPT", 4)
    assert holder(scene) == "Carol"


def test_l27_a_handoff_to_a_name_that_fits_two_is_asked_back_and_nothing_is_offered() -> None:
    scene = opened()
    scene.mail(BOB, "hi")
    scene.mail("Bob Moss <bmoss@example.org>", "hi")
    scene.mail(ALICE, "HANDOFF Bob")
    assert told(scene) == ['"Bob" could be bob@example.org or bmoss@example.org; write the address.']
    assert scene.incident.offered is None


def test_a10_the_chain_has_no_end_no_gap_and_an_unclaimed_stretch_is_shown_as_such() -> None:
    scene = opened(ROBOT, "PROBLEM")
    scene.mail(ALICE, "TAKE", 20)
    people = [BOB, CAROL, ALICE, BOB, CAROL]
    for n, who in enumerate(people):
        scene.mail(ALICE, f"HANDOFF {who.partition('<')[2].rstrip('>')}", 30 + 10 * n)
        scene.mail(who, "ACCEPT", 35 + 10 * n)
    scene.mail(CAROL, "RESOLVED", 100)
    held = report(scene.incident).custody
    assert [(h.who, f"{h.since:%H:%M}", f"{h.until:%H:%M}") for h in held if h.until] == [
        ("unclaimed", "12:00", "12:20"),
        ("Alice Doe", "12:20", "12:35"),
        ("Bob Stone", "12:35", "12:45"),
        ("Carol", "12:45", "12:55"),
        ("Alice Doe", "12:55", "13:05"),
        ("Bob Stone", "13:05", "13:15"),
        ("Carol", "13:15", "13:40"),
    ]


def test_a10_take_is_for_what_nobody_has_or_a_commander_silent_for_the_configured_time() -> None:
    patient = dataclasses.replace(LIST, commander_silent=timedelta(hours=5))
    for mailing_list, minute, takes in (
        (LIST, 119, False),
        (LIST, 121, True),
        (patient, 121, False),
        (patient, 301, True),
    ):
        scene = Scene(mailing_list)
        scene.mail(ALICE, "x", 0)
        scene.mail(BOB, "TAKE", minute)
        assert (holder(scene) == "Bob Stone") is takes, (minute, told(scene))
    assert "TAKE it from 17:00 UTC on" not in told(scene)[0]


def test_a10_who_is_refused_is_told_from_when_on_they_may_take_it() -> None:
    scene = opened()
    scene.mail(BOB, "TAKE", 30)
    (sentence,) = told(scene)
    assert "ask for HANDOFF bob@example.org, or TAKE it from 14:00 UTC on" in sentence


def test_nobody_takes_or_is_offered_what_is_over() -> None:
    scene = opened()
    scene.mail(ALICE, "HANDOFF bob@example.org", 1)
    scene.mail(ALICE, "RESOLVED", 2)
    for who, word in ((BOB, "ACCEPT"), (CAROL, "TAKE")):
        scene.mail(who, word, 500)
        assert holder(scene) == "Alice Doe"
    assert "is resolved" in told(scene)[0]


# ── A11, A12: what an incident is ─────────────────────────────────────────────────────────────────────────────────────


def test_a11_the_ack_says_what_an_incident_is_and_cancel_closes_it_without_shame() -> None:
    scene = opened()
    ack = flat(letters(scene)["ack"])
    assert (
        "An incident is anything that the community sees and suffers from. Was it none after all? CANCEL, and no harm done."
        in ack
    )
    scene.settle()
    scene.mail(BOB, "CANCEL: it was the test registry")
    assert status(scene) is Status.CANCELLED
    assert scene.incident.entries[-1].what == "Not an incident: it was the test registry"
    assert "Closed as false alarm; thank you for looking" in flat(letters(scene)["receipt"])
    scene.settle()
    assert [k for day in range(1, 60) for k in scene.kinds(day * 24 * HOUR) if k != "anniversary"] == [], (
        "and nobody asks for a report"
    )


def test_a11_prose_that_begins_with_cancel_cancels_nothing() -> None:
    scene = opened()
    scene.mail(BOB, "CANCEL button is broken too\nCANCEL 14:05 build")
    assert status(scene) is Status.OPEN


@pytest.mark.parametrize("kind", ["outage", "degradation", "security", "other"])
def test_a12_there_are_four_kinds_and_the_kind_sets_how_often_news_are_asked_for(kind: str) -> None:
    scene = opened()
    scene.settle()
    scene.mail(ALICE, f"KIND {kind}", 0)
    scene.settle()
    assert scene.incident.kind == kind
    first = next(m for m in range(1, 10 * HOUR) if "update" in scene.kinds(m))
    assert first == (60 if kind == "outage" else 240)


def test_a12_kind_regards_is_no_kind() -> None:
    scene = opened()
    scene.mail(ALICE, "KIND REGARDS\nKIND: disaster")
    assert scene.incident.kind == "outage"
    assert told(scene) == ["KIND is one of: outage, degradation, security, other."]


# ── A13 to A16: the paperwork comes after, and finds everything ───────────────────────────────────────────────────────


def test_a13_the_draft_is_mailed_on_resolved_and_not_before_but_on_request() -> None:
    scene = opened()
    scene.settle()
    scene.mail(ALICE, "RESTORED 12:01 UTC", 2)
    assert "draft" not in letters(scene)
    scene.mail(BOB, "REPORT", 3)
    assert "answer-report" in letters(scene)
    scene.settle()
    scene.mail(ALICE, "RESOLVED", 4)
    draft = letters(scene)["draft"]
    assert draft.recipients == ("incident@example.org",)
    assert [p.get_filename() for p in message_from_bytes(draft.raw, policy=default).iter_attachments()] == [
        "2026-11-21-registry-refuses-pushes.md"
    ]


def test_a14_no_mail_while_it_is_open_names_a_section_or_the_report() -> None:
    scene = opened()
    found = letters(scene)
    scene.settle()
    scene.mail(BOB, "LOG a\nRESTORED\nCATCHUP", 5)
    for minute in (5, 5 + 26 * HOUR, 5 + 8 * 24 * HOUR):
        found |= letters(scene, minute)
        scene.settle(minute)
    for kind, letter in found.items():
        assert not re.search(r"\b(?:SUMMARY|IMPACT|TRIGGER|CAUSE|DETECTION)\b|[Nn]ot written", text(letter)), kind


def test_a15_anybody_records_what_was_said_elsewhere_backdated_and_at_the_end_one_question_asks_for_it() -> None:
    scene = opened()
    scene.mail("Zoe <zoe@example.com>", "TL: about 11:50 CET we restarted it over the phone", 300)
    (entry,) = scene.incident.timeline()
    assert (f"{entry.utc:%H:%M}", entry.about, entry.who.name) == ("10:50", True, "Zoe")
    assert told(scene) == ["added 17:00 UTC for about 2026-11-21 10:50 UTC (T1)"]
    scene.settle()
    scene.mail(ALICE, "RESOLVED", 310)
    assert flat(letters(scene)["draft"]).count("Anything from calls or direct messages that is missing here?") == 1


def test_a16_what_was_written_on_the_way_stands_in_the_draft_with_its_message() -> None:
    scene = opened(body="* 11:40 UTC - disk full\nIMPACT: every push failed")
    scene.mail(BOB, "ACTION detect watch the disk\nCAUSE: nobody rotates the logs")
    scene.mail(ALICE, "RESOLVED 12:20 UTC", 30)
    draft = renderer_of(LIST, Looks()).report(scene.incident)[1]
    for words, message in (
        ("11:40 - disk full", "m1"),
        ("every push failed", "m1"),
        ("nobody rotates the logs", "m2"),
        ("Incident concluded.", "m3"),
    ):
        (line,) = [x for x in draft.split("\n") if words in x]
        number = re.findall(r"\[\^(\d+)\]", line)[-1]
        assert f"{message}@example.org" in next(x for x in draft.split("\n") if x.startswith(f"[^{number}]:")), words
    assert "watch the disk" in draft


def test_the_receipt_of_a_cancel_offers_no_end_of_reminders_that_never_come() -> None:
    scene = opened()
    scene.settle()
    scene.mail(BOB, "CANCEL: staging", 10)
    text = flat(letters(scene)["receipt"])
    assert "cancelled. Who has this" in text
    assert "QUIET" not in text
    assert "REOPEN opens it again. More: HELP." in text
    scene.settle()
    assert scene.kinds(14 * 24 * 60) == []
    scene.mail(BOB, "REOPEN", 14 * 24 * 60)
    assert status(scene) is Status.OPEN


# ── A23: the declaration ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a23_the_timeline_goes_from_before_the_call_to_the_declaration() -> None:
    scene = opened(body="It was slow since 11:20 UTC already.")
    scene.mail(ALICE, "RESOLVED", 60)
    lines = scene.incident.timeline()
    assert lines[0].utc < scene.at(0)
    assert lines[-1].what == "Incident concluded."


def test_a23_a_resolved_by_another_takes_effect_is_recorded_and_the_commander_is_told() -> None:
    scene = opened()
    scene.settle()
    scene.mail(BOB, "RESOLVED", 10)
    assert status(scene) is Status.RESOLVED
    draft = letters(scene)["draft"]
    assert draft.recipients == ("incident@example.org", "alice@example.org")
    assert "by Bob Stone, who is not the commander; Alice Doe can REOPEN" in flat(draft)
    assert report(scene.incident).declared_by == "Bob Stone"
    scene.mail(ALICE, "REOPEN: not yet", 12)
    assert status(scene) is Status.OPEN


def test_a23_the_commanders_own_resolved_is_told_to_the_list_alone() -> None:
    scene = opened()
    scene.mail(ALICE, "RESOLVED", 10)
    assert letters(scene)["draft"].recipients == ("incident@example.org",)


def test_a23_a_list_may_leave_it_to_the_commander_alone() -> None:
    scene = Scene(dataclasses.replace(LIST, resolve="commander"))
    scene.mail(ALICE, "x", 0)
    scene.mail(BOB, "RESOLVED", 10)
    assert status(scene) is Status.OPEN
    assert "whoever has it declares it over: Alice Doe" in told(scene)[0]
    scene.mail(ALICE, "RESOLVED", 11)
    assert status(scene) is Status.RESOLVED


# ── L19: said to us alone ─────────────────────────────────────────────────────────────────────────────────────────────


def test_l19_what_was_sent_to_us_alone_and_changed_something_is_told_to_the_list_with_its_words() -> None:
    scene = opened()
    scene.settle()
    long = "CAUSE: " + "nobody rotates the logs of the second machine, " * 6 + "and so they grow"
    scene.mail(BOB, f"LOG 11:50 UTC restarted it\n{long}", 5, to="mailbot@example.org")
    receipt = letters(scene)["receipt"]
    assert receipt.recipients == ("incident@example.org",)
    words = flat(receipt)
    assert "Bob Stone wrote this to me alone. What it did belongs to the record:" in words
    assert "| LOG 11:50 UTC restarted it" in words
    assert "| CAUSE: nobody rotates the logs" in words
    assert "and so they grow" in words
    assert max(map(len, text(receipt).split("\n"))) <= 72


def test_l19_questions_and_what_also_went_to_the_list_stay_as_they_are() -> None:
    for to, body, public in (
        ("mailbot@example.org", "STATUS", []),
        ("mailbot@example.org", "DROP T9", [False]),
        ("mailbot@example.org, incident@example.org", "LOG a", [False]),
        ("incident@example.org", "LOG a", [False]),
        ("mailbot@example.org", "LOG a", [True]),
    ):
        scene = opened()
        scene.mail(BOB, body, 5, to=to)
        assert [a.public for a in scene.incident.asks.values() if a.kind == "receipt"] == public, (to, body)


# ── near misses ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_l13_l14_a_near_miss_is_told_in_a_receipt_that_goes_out_anyway_and_never_alone() -> None:
    scene = opened()
    scene.settle()
    scene.mail(BOB, "resolved\nCANCEL button is broken\nrestored 12:01 UTC by turning it off and on again", 5)
    assert scene.kinds(5) == []
    assert status(scene) is Status.OPEN
    scene.mail(BOB, "resolved\nCANCEL button is broken\nrestored 12:01 UTC by turning it off and on again\nLOG a", 6)
    words = flat(letters(scene)["receipt"])
    assert "| resolved Write RESOLVED in capitals if you mean it" in words.replace(" write", " Write")
    assert "| CANCEL button is broken I read it as text; the keyword is: CANCEL[: reason]" in words
    assert "| restored 12:01 UTC by turning it off and on again" in words


def test_the_first_of_ack_and_brief_tells_of_near_misses_too_where_it_is_a_receipt() -> None:
    scene = opened(body="START 11:40 UTC\nKIND of slow\nkind outage")
    assert "| KIND of slow I read it as text; the keyword is: KIND outage" in flat(letters(scene)["ack"])
    assert "Read as text" not in flat(letters(opened(body="Resolved\nit is not"))["ack"])
    scene.settle()
    scene.mail(ALICE, "HANDOFF bob@example.org\nAccept\n")
    assert "| Accept write ACCEPT in capitals if you mean it" in flat(letters(scene)["brief"])
