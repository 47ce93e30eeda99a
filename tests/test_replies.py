"""Scenes of app/replies.py: SEARCH, WHY and CATCHUP, from what people wrote to the mail they get."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from mailbot.app.similar import search
from mailbot.core.commands import read_commands
from mailbot.core.times import Context
from tests.incident_scene import ALICE, BOB, CAROL, NOON
from tests.notices import replies
from tests.register_scene import Desk


def answered(desk: Desk, who: str, body: str, re: str, subject: str = "Re: Disk full") -> str:
    """The text of the answer that a question gets, and it goes to who asked alone."""
    said = desk.mail(who, body, subject, re=re)
    letter = desk.letter("answer", said)
    assert letter.recipients == (who.partition("<")[2].rstrip(">"),)
    body_part = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body_part is not None
    text = str(body_part.get_content()).replace("\r\n", "\n")
    assert max(map(len, text.split("\n"))) <= 72, text
    return text


# ── SEARCH ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a2_search_mails_the_incidents_that_fit_best_by_title_summary_and_cause(desk: Desk) -> None:
    first = desk.mail(
        ALICE, "CAUSE: nobody rotates the logs\nSTART 11:40 UTC\nRESTORED 11:55 UTC\nRESOLVED", "Disk full"
    )
    second = desk.mail(BOB, "x", "Logs are not rotated")
    desk.mail(BOB, "x", "Mirror is slow")
    text = answered(desk, CAROL, "SEARCH rotated logs", first)
    assert [line.split()[0] for line in text.split("\n") if line.startswith("INC-")][:2] == [
        desk.of(second),
        desk.of(first),
    ]
    assert "Mirror" not in text
    assert f"{desk.of(first)} Disk full\n    2026-11-21, resolved, users hit: 15 min\n" in text
    assert "No incident here has these words: kubernetes" in " ".join(
        answered(desk, CAROL, "SEARCH kubernetes", first).split()
    )


def test_a2_search_gives_ten_and_rare_words_and_titles_count_more() -> None:
    docs = [{"id": f"INC-{n}", "title": "registry down", "told": "", "last": n} for n in range(30)]
    docs += [{"id": "INC-A", "title": "registry and mirror", "told": "", "last": 0}]
    docs += [{"id": "INC-B", "title": "x", "told": "the mirror", "last": 50}]
    found = [d["id"] for d in search(docs, "Mirror registry")]
    assert found[:3] == ["INC-A", "INC-B", "INC-29"]
    assert len(found) == 10
    assert search(docs, "") == search(docs, "!!") == []
    assert [d["id"] for d in search(docs, "mirr")] == ["INC-A", "INC-B"], "the beginning of a word is enough"


def test_p38_search_does_not_find_what_is_kept_private_but_from_within(desk: Desk) -> None:
    secret = desk.mail(ALICE, "KIND security", "Token leaked")
    other = desk.mail(BOB, "x", "Disk full")
    assert "Token" not in answered(desk, CAROL, "SEARCH leaked token", other).replace("SEARCH", "")
    assert "Token leaked" in answered(desk, ALICE, "SEARCH leaked token", secret, "Re: Token leaked")


# ── WHY ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

BODY = """At 11:40 UTC the disk was full.
RESTORED 11:50 UTC
resolved
It listens on port 8080 and took 01:23 to start.

> what is it?
"""


def test_p41_why_tells_how_the_mail_one_answers_was_read_and_what_was_not_used(desk: Desk) -> None:
    first = desk.mail(ALICE, "hello")
    desk.mail(CAROL, "Thanks for looking, all of you.", "Re: Disk full", re=first)
    said = desk.mail(BOB, BODY, "Re: Disk full", re=first)
    text = answered(desk, CAROL, "WHY", f"{first} {said}")
    assert text.startswith("From:    Bob Stone, 2026-11-21 12:15 UTC\nSubject: Re: Disk full\nHere:    Its References")
    assert "(rule: header)" in text
    flat = " ".join(text.split())
    assert '"11:40 UTC" is 2026-11-21 11:40 UTC, sure' in flat
    assert "| RESTORED 11:50 UTC = the keyword RESTORED" in flat
    assert "| resolved = text: write RESOLVED in capitals if you mean it" in flat
    assert 'no event: "01:23" is a duration' in flat
    assert "| > what is it? = not read: quote" in flat
    assert (
        "Mails of this incident of which nothing is in the report: 2026-11-21 12:10 UTC, Carol: no time, no keyword"
        in flat
    )


def test_why_in_answer_to_a_receipt_is_about_the_mail_that_the_receipt_is_about(desk: Desk) -> None:
    first = desk.mail(ALICE, "hello")
    said = desk.mail(BOB, "LOG 11:40 UTC disk full", "Re: Disk full", re=first)
    receipt = desk.ours("Re: Disk full", "receipt:x", re=f"{first} {said}", incident=desk.of(first))
    assert answered(desk, BOB, "WHY", f"{first} {said} {receipt}").startswith(
        "From:    Bob Stone, 2026-11-21 12:10 UTC"
    )


def test_why_of_an_entry_tells_what_its_time_rests_on_and_what_it_was_before(desk: Desk) -> None:
    first = desk.mail(ALICE, "* 11:40 - disk full")
    desk.mail(BOB, "FIX T1 11:45 UTC disk was full", "Re: Disk full", re=first)
    text = answered(desk, BOB, "WHY T1", first)
    flat = " ".join(text.split())
    assert "From: Alice Doe" in flat
    assert "| T1 disk was full" in flat
    assert "before: 2026-11-21 11:40 UTC - disk full" in flat
    desk.mail(BOB, "DROP T1", "Re: Disk full", re=first)
    assert "not in the report: dropped by Bob Stone" in " ".join(answered(desk, BOB, "WHY T1", first).split())


def test_l14_why_of_an_entry_that_is_not_there_is_told(desk: Desk) -> None:
    first = desk.mail(ALICE, "x")
    said = desk.mail(BOB, "WHY T9", "Re: Disk full", re=first)
    assert "There is no T9" in desk.told(desk.of(first), said)[0]


# ── CATCHUP ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_catchup_is_the_four_lines_the_timeline_and_what_is_still_open(desk: Desk) -> None:
    first = desk.mail(ALICE, "* 11:40 CST - disk full\nHANDOFF carol@example.net")
    text = answered(desk, BOB, "CATCHUP", first)
    assert text.startswith(
        "What:     Disk full\nSince:    2026-11-21 12:05 UTC (first mail), open, users are still hit\n"
    )
    assert "disk full" in text
    assert "- carol@example.net was asked to take it and has not answered yet.\n" in text
    assert "- When did it begin? START and the time.\n" in text
    assert "T1" in text.partition("Still open:")[2], "its zone has more than one meaning"
    assert "Not written" not in text, "A14"
    desk.mail(ALICE, "ACTION a\nRESOLVED", "Re: Disk full", re=first)
    over = " ".join(answered(desk, BOB, "CATCHUP", first).split())
    assert "- When were users served again? RESTORED and the time." in over
    assert "- Not written yet: summary, impact, trigger, cause, detection, resolution." in over
    assert "- Who does A1?" in over


def test_catchup_of_one_with_nothing_open_says_so(desk: Desk) -> None:
    first = desk.mail(ALICE, "START 11:40 UTC")
    assert "- nothing that I know of" in answered(desk, BOB, "CATCHUP", first)


def test_law_7_all_of_these_mails_are_plain_text_at_72_columns_and_carry_out_nothing_when_they_come_back() -> None:
    for name, letter in replies().items():
        body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
        assert body is not None
        text = str(body.get_content()).replace("\r\n", "\n")
        assert [line for line in text.split("\n") if len(line) > 72] == [], name
        assert read_commands(text, ((0, len(text)),), Context(NOON))[0] == (), name
