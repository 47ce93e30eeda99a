"""The way out of a report: a second person reads it, silence publishes it as it is, leaks and embargoes hold it, and security
incidents go the private way until then."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from mailbot.core.due import Policy, due
from mailbot.core.publication import is_private
from mailbot.outbox.render import Letter, Looks
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene, letters

DAVE = "Dave Fox <dave@example.org>"
SECRET = "security@example.org"


def over(*more: tuple[str, str], mailing_list: object = LIST) -> Scene:
    made = Scene(mailing_list)  # type: ignore[arg-type]
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, "SUMMARY: Pushes failed.\nIMPACT: all pushes", 5)
    made.mail(ALICE, "RESTORED 12:20 UTC\nRESOLVED 12:40 UTC", 41)
    made.settle()
    for who, body in more:
        made.mail(who, body)
    return made


def text(letter: Letter) -> str:
    body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def told(made: Scene) -> list[tuple[str, bool, str]]:
    """(notice, to the list, sentence) of the latest mail."""
    asks = [a for a in made.incident.asks.values() if a.message_id == made.items[-1].message_id]
    return [(a.kind, a.public, " ".join(o.sentence for o in a.outcomes)) for a in asks]


# ── REVIEWED (B17) ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_b17_a_second_person_reviews_and_it_is_published() -> None:
    made = over((CAROL, "REVIEWED: reads well"))
    assert made.incident.status.value == "published"
    assert made.incident.review is not None
    assert (made.incident.review.who.name, made.incident.review.note) == ("Carol", "reads well")  # type: ignore[union-attr]
    assert told(made) == [("published", True, "reviewed by Carol and published")]


def test_b17_the_writer_does_not_review_and_hears_who_may() -> None:
    made = over((BOB, "REVIEWED"))
    assert made.incident.status.value == "resolved"
    (notice,) = told(made)
    assert notice[:2] == ("receipt", False), "told alone"
    assert notice[2].startswith("Not yet: you wrote the last of it (2026-11-21 12:05 UTC), and a second person")
    assert "Alice Doe" in notice[2]


def test_b17_where_nobody_wrote_the_commander_is_the_writer() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(ALICE, "RESOLVED 12:40 UTC", 41)
    made.mail(ALICE, "REVIEWED", 42)
    assert "you had the incident" in told(made)[0][2]
    assert "anybody on the list" in told(made)[0][2]
    made.mail(BOB, "REVIEWED", 43)
    assert made.incident.status.value == "published"


def test_b17_who_edits_last_is_the_writer() -> None:
    made = over((CAROL, "CAUSE: no alert on disks"), (CAROL, "REVIEWED"), (BOB, "REVIEWED"))
    assert made.incident.review is not None
    assert made.incident.review.who is not None
    assert made.incident.review.who.name == "Bob Stone"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("REOPEN", "its report is read when it is over"),
        ("REOPEN\nCANCEL", "there is no report to review"),
        ("REVIEWED", "Carol reviewed it already"),
    ],
)
def test_b17_what_cannot_be_reviewed_is_told(before: str, words: str) -> None:
    made = over((CAROL, before), (DAVE, "REVIEWED"))
    assert words in told(made)[0][2]


def test_b17_a_role_address_is_no_second_person() -> None:
    made = over(("helpdesk@example.org", "REVIEWED"))
    assert made.incident.status.value == "resolved"


def test_undo_takes_a_review_back_and_reopen_too() -> None:
    made = over((CAROL, "REVIEWED"))
    code = next(c for c, m in made.incident.codes.items() if m == made.items[-1].message_id)
    made.mail(ALICE, "REOPEN")
    assert (made.incident.status.value, made.incident.review) == ("open", None)
    made.items.pop()
    made.mail(CAROL, f"UNDO {code}")
    assert (made.incident.status.value, made.incident.review) == ("resolved", None)


def test_reviewed_is_no_command_in_prose() -> None:
    made = over((CAROL, "REVIEWED by nobody yet, I fear\nReviewed: the patch"))
    assert made.incident.status.value == "resolved"


# ── the notice ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_b19_the_published_notice_goes_to_the_list_in_the_thread_and_thanks_all_who_wrote_in() -> None:
    made = over((CAROL, "REVIEWED"))
    letter = letters(made, looks=Looks(page_url="https://example.org/incidents/{file}"))["published"]
    mail = message_from_bytes(letter.raw, policy=default)
    assert (mail["To"], mail["In-Reply-To"]) == (LIST.address, "<" + made.items[-1].message_id + ">")
    found = text(letter)
    assert "Thank you, Alice Doe, Bob Stone and Carol, for writing in." in found
    assert "Carol read it over" in found
    assert max(map(len, found.split("\n"))) <= 72


def test_b19_without_a_link_the_report_is_attached_as_it_is_published() -> None:
    made = over((BOB, "CAUSE: ask ops@example.org"), (CAROL, "REVIEWED"))
    mail = message_from_bytes(letters(made)["published"].raw, policy=default)
    (file,) = mail.iter_attachments()
    page = file.get_content().replace("\r\n", "\n")
    assert "\nReviewed by: Carol, 2026-11-21\n" in page
    assert "status: published" in page
    assert "ask (held back: mail address)" in page


def test_b19_others_are_told_who_are_configured() -> None:
    made = over((CAROL, "REVIEWED"))
    (notice,) = [
        n for n in due(made.incident, made.at(60), Policy(tell=("rep@example.net",))).notices if n.kind == "published"
    ]
    assert (notice.to_list, notice.to) == (True, ("rep@example.net",))


# ── silence ───────────────────────────────────────────────────────────────────────────────────────────────────────────

DAY = 24 * 60


def asked_to_publish(*more: tuple[str, str]) -> Scene:
    """Thirty days later, "publish as it is?" has gone out."""
    made = over(*more)
    made.sent("publish:20261121T124100:1", minute=30 * DAY)
    return made


def test_p37_fourteen_days_of_silence_publish_it_as_it_is_and_it_says_so() -> None:
    made = asked_to_publish()
    assert "published" not in made.kinds(43 * DAY)
    assert "published" in made.kinds(44 * DAY + 1)
    assert "unreviewed" in text(letters(made, 44 * DAY + 1)["published"])
    made.settle(44 * DAY + 1)
    assert made.incident.status.value == "published"
    assert made.incident.review is not None
    assert made.incident.review.who is None
    made.mail(CAROL, "REVIEWED", 45 * DAY)
    assert told(made)[0][0] == "receipt", "it was told already that it is out"
    assert made.incident.review is not None
    assert made.incident.review.who is not None


@pytest.mark.parametrize("held", ["CAUSE: password=hunter22 was wrong", "EMBARGO until 2027-06-01", "KIND security"])
def test_p38_p39_silence_publishes_nothing_that_is_held(held: str) -> None:
    made = asked_to_publish((ALICE, held))
    assert "published" not in made.kinds(44 * DAY + 1)
    asked = text(letters(over((ALICE, held)), 31 * DAY, only="publish")["publish"])
    assert "means yes" not in asked, "nor does it say that it will be"
    assert "Without an answer it stays unpublished (" in asked
    made.settle(60 * DAY)
    assert made.incident.status.value == "resolved"


def test_p38_a_second_person_publishes_what_the_leak_check_found_masked_and_is_told() -> None:
    made = over((ALICE, "CAUSE: password=hunter22 was wrong"), (CAROL, "REVIEWED"))
    assert made.incident.status.value == "published"
    assert told(made)[0][2] == (
        "reviewed by Carol and published; held back from it: a secret in Root Cause;"
        " without an action yet: W1 (ACTION ... W1)"
    )


# ── EMBARGO (P39) ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_p39_under_embargo_a_review_waits_and_the_report_goes_out_on_its_day() -> None:
    made = over((CAROL, "me too"), (ALICE, "EMBARGO until 2026-12-24"), (CAROL, "REVIEWED"))
    assert made.incident.status.value == "resolved"
    assert "published when the embargo ends, 2026-12-24" in told(made)[0][2]
    made.settle()
    day = (33 * 24 - 12) * 60
    assert "published" not in made.kinds(day - 1)
    letter = letters(made, day + 1)["published"]
    assert letter.recipients == (LIST.address,)
    made.settle(day + 1)
    assert made.incident.status.value == "published"
    assert made.incident.review is not None
    assert made.incident.review.who is not None


def test_p39_nothing_of_it_goes_to_the_list_meanwhile() -> None:
    made = over((ALICE, "EMBARGO until 2026-12-24"), (BOB, "KIND degradation\nSTATUS"), (ALICE, "REOPEN"))
    made.sent("x")
    for minute in (60, 300, 3000, 20_000):
        for notice in made.due(minute).notices:
            assert not notice.to_list, notice
            assert notice.private


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("EMBARGO until 2026-11-20", "is past"),
        ("EMBARGO until 2026-13-01", "is no day"),
        ("EMBARGO until 2099-01-01", "more than ten years"),
        ("EMBARGO", "needs a day"),
        ("EMBARGO lifted", "There is no embargo"),
    ],
)
def test_p39_an_embargo_that_cannot_be_is_told(line: str, words: str) -> None:
    made = over((ALICE, line))
    assert words in told(made)[0][2]
    assert made.incident.embargo is None


def test_p39_an_embargo_is_lifted_and_what_was_reviewed_goes_out() -> None:
    made = over((CAROL, "me too"), (ALICE, "EMBARGO until 2026-12-24"), (CAROL, "REVIEWED"), (ALICE, "EMBARGO lifted"))
    assert (made.incident.embargo, made.incident.status.value) == (None, "published")
    prose = over((ALICE, "EMBARGO is a big word"))
    assert (prose.incident.embargo, told(prose)) == (None, [])


# ── the private way (A12) ─────────────────────────────────────────────────────────────────────────────────────────────

GUARDED = replace(LIST, private=(SECRET,))


def private() -> Scene:
    made = Scene(GUARDED)
    made.mail(ALICE, "Somebody was in our registry.\nKIND security", 0)
    return made


def test_a12_a_security_incident_goes_the_private_way_to_the_second_list() -> None:
    made = private()
    assert is_private(made.incident)
    letter = letters(made)["ack"]
    mail = message_from_bytes(letter.raw, policy=default)
    assert letter.recipients == (SECRET,)
    assert LIST.address not in (mail["To"], mail["Reply-To"]), "nor does an answer to it go there"
    made.settle()
    for minute in (20, 200, 2000):
        assert all(n.to == (SECRET,) or not n.to_list for n in made.due(minute).notices)
        assert not any(n.to_list for n in made.due(minute).notices)


def test_a12_without_a_second_list_those_who_wrote_in_get_it() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, "I see it too", 1)
    made.settle()
    made.mail(ALICE, "KIND security", 2)
    (notice,) = made.due(3).notices
    assert (notice.to_list, notice.to) == (False, ("alice@example.org", "bob@example.org"))


def test_a12_what_was_told_in_private_first_never_goes_to_the_list() -> None:
    made = Scene(GUARDED)
    made.mail(ALICE, "Somebody was in our registry since 11:40 UTC.", 0, to=SECRET)
    assert made.incident.opened_in_private
    assert letters(made)["ack"].recipients == (SECRET,)
    made.settle()
    made.mail(DAVE, "STATUS", 5)
    assert made.kinds(6) == [], "who was never told of it does not learn from us that there is something"


def test_the_guard_takes_nothing_of_a_private_mail_into_a_public_thread_and_says_so_alone() -> None:
    made = Scene(GUARDED)
    made.mail(ALICE, "Pushes fail.", 0)
    made.settle()
    made.mail(BOB, "SUMMARY: somebody stole the key\nAt 11:30 UTC I saw them.", 5, to=SECRET)
    assert (made.incident.notes, made.incident.entries) == ([], [])
    (notice,) = made.due(6).notices
    assert (notice.kind, notice.to_list, notice.to) == ("receipt", False, ("bob@example.org",))
    assert "KIND security" in text(letters(made)["receipt"])
    made.settle()
    made.mail(BOB, "KIND security\nSUMMARY: somebody stole the key", 7, to=SECRET)
    assert len(made.incident.notes) == 1
    assert not any(n.to_list for n in made.due(8).notices)


def test_the_guard_answers_nobody_from_the_list_about_what_is_private() -> None:
    made = private()
    made.settle()
    made.mail(DAVE, "STATUS\nRESOLVED\nCATCHUP", 5)
    assert made.incident.status.value == "open"
    ((kind, public, words),) = told(made)
    assert (kind, public) == ("receipt", False)
    assert words.endswith("goes the private way now, among those who know of it. Write to security@example.org.")
    made.settle()
    made.mail(DAVE, "what is going on?", 6)
    assert made.kinds(6) == []
    assert made.incident.unused[-1][1] == "it came to the list, and this goes the private way"
    made.mail(ALICE, "STATUS", 7)
    assert made.kinds(8) == ["answer"], "who is inside is answered, alone"


BOT = LIST.bot


def test_who_writes_to_us_alone_is_no_insider_by_that() -> None:
    made = private()
    made.settle()
    made.mail(DAVE, "REPORT\nKIND outage", 5, to=BOT)
    assert is_private(made.incident)
    ((kind, public, words),) = told(made)
    assert (kind, public) == ("receipt", False)
    assert words.endswith("goes the private way now, among those who know of it. Write to security@example.org.")
    made.settle()
    made.mail(DAVE, "REPORT", 6, to=SECRET)
    (notice,) = made.due(7).notices
    assert (notice.kind, notice.to) == ("answer", (SECRET,)), "anybody can write there, its people read the answer"
    made.settle()
    made.mail(DAVE, "REPORT", 8, to=BOT)
    assert [n.kind for n in made.due(9).notices] == ["receipt"]
    made.mail(ALICE, "REPORT", 10, to=BOT)
    assert ("answer", ("alice@example.org",)) in {(n.kind, n.to) for n in made.due(11).notices}


def test_who_is_offered_what_is_private_knows_of_it() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.\nKIND security", 0)
    made.settle()
    made.mail(ALICE, "HANDOFF dave@example.org", 1)
    made.settle()
    made.mail(DAVE, "ACCEPT", 2, to=BOT)
    assert str(made.incident.commander).startswith("Dave")


def test_a_security_report_that_was_reviewed_is_told_to_all() -> None:
    made = private()
    made.mail(ALICE, "RESTORED 12:20 UTC\nRESOLVED 12:40 UTC\nSUMMARY: a key was stolen", 41)
    made.mail(BOB, "REVIEWED", 50, to=SECRET)
    assert not is_private(made.incident)
    assert letters(made)["published"].recipients == (LIST.address,)


def test_p39_no_notice_to_the_list_shows_the_message_id_of_a_private_mail() -> None:
    made = Scene(GUARDED)
    secrets = [made.mail(ALICE, "Somebody was in our registry.", 0, to=SECRET)]
    made.settle()
    secrets += [
        made.mail(
            ALICE, "RESTORED 12:20 UTC\nRESOLVED 12:40 UTC\nSUMMARY: a key was stolen\n\nACTION new keys", 41, to=SECRET
        )
    ]
    made.settle()
    secrets += [made.mail(BOB, "REVIEWED", 50, to=SECRET)]
    letter = letters(made)["published"]
    assert letter.recipients == (LIST.address,)
    mail = message_from_bytes(letter.raw, policy=default)
    assert mail["References"] == f"<{made.incident.id}@example.org>"
    assert not any(item.message_id in f"{mail['In-Reply-To']} {mail['References']}" for item in secrets)
    made.settle()
    public = made.mail(CAROL, "Thank you all.", 60)
    later = letters(made, 367 * 24 * 60, only="anniversary")["anniversary"]
    mail = message_from_bytes(later.raw, policy=default)
    assert (later.recipients, mail["In-Reply-To"]) == ((LIST.address,), f"<{public.message_id}>")
    assert not any(item.message_id in mail["References"] for item in secrets), "nor any later one"


def test_the_private_way_offers_no_line_for_the_chat_and_says_what_it_is() -> None:
    found = text(letters(private())["ack"])
    assert "For the chat" not in found
    assert "This goes the private way: nothing of it is mailed to the list" in " ".join(found.split())


def test_a_reply_to_a_digest_reaches_nothing_private() -> None:
    made = private()
    made.settle()
    item = made.mail(DAVE, "RESOLVED", 5)
    made.items[-1] = replace(item, elsewhere=True)
    assert made.incident.status.value == "open"
    assert made.kinds(6) == []


def test_p38_p40_the_published_notice_says_no_more_than_the_page() -> None:
    made = over(
        (BOB, "SUMMARY: Bob Stone called +49 30 901820."),
        (BOB, "ACTION ask carol@example.net @alice"),
        (CAROL, "REVIEWED: ask Bob"),
    )
    found = (
        text(letters(made, looks=Looks(names="roles"))["published"])
        .partition("The report of this")[2]
        .partition("-- \n")[0]
    )
    for word in ("Bob", "Alice", "Carol", "901820", "carol@"):
        assert word not in found, word
    assert "Thank you, all 3, for writing in." in found
