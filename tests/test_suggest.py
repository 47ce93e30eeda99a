"""What the record offers for a report, by requirement; and what the two seeds ask for that is shown in the report's text."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from mailbot.core.commands import KEYWORDS
from mailbot.core.suggest import GUESSES, MOST, Guess, guessed, offers
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, ROBOT, Scene, letters

RENDERER = Renderer(LIST, Looks())
TEMPLATES = Path(__file__).parent.parent / "templates" / "report"


def scene(*mails: tuple[str, str], opener: str = ALICE) -> Scene:
    made = Scene()
    made.mail(opener, "Pushes fail.", 0)
    for who, body in mails:
        made.mail(who, body)
    return made


def offered(*mails: tuple[str, str], opener: str = ALICE) -> list[str]:
    return [o.answer or o.words for o in offers(scene(*mails, opener=opener).incident)]


def draft(made: Scene) -> str:
    body = message_from_bytes(letters(made)["draft"].raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a19_a_summary_of_more_than_two_sentences_is_remarked_and_two_are_not() -> None:
    assert any("has 3 sentences" in words for words in offered((BOB, "SUMMARY: It broke. We looked. It is back.")))
    assert not any("sentences" in words for words in offered((BOB, "SUMMARY: It broke at 3.5 GB. It is back.")))


@pytest.mark.parametrize(
    "words",
    [
        "It died with `kubectl rollout restart deploy/registry`.",
        "registry.Push: OSError: no space left on /var/lib/registry/docker/blobs",
        "Commit 0123456789abcdef0123456789abcdef01234567 broke it.",
    ],
)
def test_a19_a_summary_that_a_machine_printed_is_remarked(words: str) -> None:
    assert any("what a machine printed" in o for o in offered((BOB, f"SUMMARY: {words}")))
    assert not any(
        "machine" in o for o in offered((BOB, "SUMMARY: Pushes failed (see /status), 3 of 10 users saw it."))
    )


@pytest.mark.parametrize("guess", GUESSES, ids=lambda g: g.heading)
def test_a39_an_action_without_a_category_is_guessed_and_shown_as_a_guess(guess: Guess) -> None:
    assert guessed(guess.example) == guess.heading
    made = scene((BOB, f"ACTION {guess.example}"), (ALICE, "RESOLVED 12:40 UTC"))
    head, _, report = draft(made).partition("---- draft")
    assert f"A1 may be for {guess.heading}: a guess." in " ".join(head.split())
    assert f"## Action Items\n\n* A1 {guess.example}" in report, "nobody moves it but people"
    assert made.incident.actions[0].category == ""
    said = scene((BOB, "ACTION contain a test"))
    assert not any("guess" in o.words for o in offers(said.incident)), "what somebody said is no guess"


def test_a39_no_guess_for_what_nothing_speaks_for_and_none_in_the_other_form() -> None:
    assert [guessed(t) for t in ("write to the vendor", "buy a bigger disk", "thank Bob")] == ["", "", ""]
    made = scene((BOB, "ACTION alert on old logs"))
    assert not any("guess" in o.words for o in offers(made.incident, "debrief"))


def test_a26_a_change_just_before_the_impact_is_asked_about_and_never_claimed() -> None:
    made = scene((BOB, "START 11:38 UTC\nLOG 11:20 UTC deployed v41"), (ALICE, "RESOLVED 12:40 UTC"))
    head, _, report = draft(made).partition("---- draft")
    assert 'T2, "deployed v41", 18 min before it began. Did that set it off?\n| TRIGGER: deployed v41\n' in head
    assert made.incident.section("TRIGGER") == []
    assert report.count("deployed v41") == 1, "in the timeline alone"


@pytest.mark.parametrize(
    "line", ["LOG 06:00 UTC deployed v41", "LOG 12:10 UTC deployed v41", "LOG 11:20 UTC had tea", "TRIGGER: the deploy"]
)
def test_a26_nothing_is_asked_where_no_change_was_near_or_the_trigger_is_known(line: str) -> None:
    assert not any(o.startswith("TRIGGER") for o in offered((BOB, f"START 11:38 UTC\n{line}")))


def test_a32_a_root_cause_without_an_action_is_remarked_unless_it_is_accepted() -> None:
    assert "ACTION prevent ... W1" in offered((BOB, "CAUSE: no test"))
    assert "ACTION prevent ... W1" not in offered((BOB, "CAUSE: no test\nACTION prevent add one"))
    assert "ACTION prevent ... W1" not in offered((BOB, "CAUSE: one machine only, accepted"))


def test_b9_what_went_wrong_without_an_action_is_listed() -> None:
    assert "ACTION prevent ... W1" in offered((BOB, "POORLY: nobody knew who had the password"))
    some = "POORLY: nobody knew who had the password\n\nCAUSE: no test\n\nCAUSE: one disk\n\nACTION a rota W1"
    assert "ACTION prevent ... W2" in offered((BOB, some))
    assert not any("ACTION prevent" in o for o in offered((BOB, some + "\nDECLINED W3\nACTION add a test (W2)")))


def test_a33_detection_is_offered_from_the_first_mail_person_or_robot() -> None:
    assert "DETECTION: a person noticed and wrote to the list, 22 min after it began" in offered(
        (BOB, "START 11:38 UTC")
    )
    assert "DETECTION: an automated alert" in offered(opener=ROBOT)
    assert not any(o.startswith("DETECTION") for o in offered((BOB, "DETECTED 11:40: the forum")))


def test_a34_what_ended_it_is_offered_with_its_link_or_its_command() -> None:
    said = (BOB, "START 11:38 UTC\nLOG 12:00 UTC merged https://forge.example/pr/7\nRESTORED 12:20 UTC rolled back")
    assert "RESOLUTION: rolled back (https://forge.example/pr/7)" in offered(said)
    assert "RESOLUTION: ran `rm -r /var/log/old`" in offered(
        (BOB, "START 11:38 UTC\nLOG 12:00 UTC ran `rm -r /var/log/old`")
    )
    note = "rolled back to the release of last week, see https://forge.example/a/long/way/to/pull/12"
    assert f"RESOLUTION: {note}" in offered((BOB, f"START 11:38 UTC\nRESOLVED 12:30 UTC {note}")), (
        "whole, without our words"
    )
    assert not any(o.startswith("RESOLUTION") for o in offered((BOB, "RESOLUTION: x\nRESTORED 12:20 UTC rolled back")))


def test_a36_what_went_poorly_is_about_the_handling() -> None:
    same = "pushes failed for everybody with a 500"
    assert any("repeats the outage" in o for o in offered((BOB, f"IMPACT: {same}\nPOORLY: {same}\nACTION x")))
    other = (BOB, f"IMPACT: {same}\nPOORLY: nobody knew who had the password\nACTION x")
    assert not any("repeats the outage" in o for o in offered(other))


def test_a37_luck_is_offered_where_a_person_saw_it_before_any_alert() -> None:
    made = scene((ROBOT, "CRITICAL since 12:05 UTC"))
    assert "LUCKY: a person noticed before any alert" in [o.answer for o in offers(made.incident)]


def test_b11_luck_is_offered_where_one_person_did_it_all() -> None:
    one = (ALICE, "LOG 12:01 UTC a\nLOG 12:02 UTC b\nLOG 12:03 UTC c\nLOG 12:04 UTC d")
    assert "LUCKY: the one person who knew how to fix it was there" in offered(one)
    assert not any(o.startswith("LUCKY") for o in offered(one, (BOB, "LOG 12:05 UTC e")))


def test_offers_are_few_are_keywords_and_are_never_in_the_report() -> None:
    made = scene(
        (
            BOB,
            "START 11:38 UTC\nLOG 11:20 UTC deployed v41\nSUMMARY: A. B. C.\nCAUSE: x\nRESTORED 12:20 UTC rolled back",
        ),
        (ALICE, "RESOLVED 12:40 UTC"),
    )
    found = offers(made.incident)
    assert len(found) <= MOST
    assert {o.answer.partition(":")[0].split()[0] for o in found if o.answer} <= KEYWORDS.keys()
    assert "Is it so?" not in RENDERER.report(made.incident)[1]


# ── what the seeds ask for, in the report's own text ──────────────────────────────────────────────────────────────────


def page(*mails: tuple[str, str], template: str = "instructlab", names: str = "names") -> str:
    return Renderer(LIST, Looks(names=names)).report(scene(*mails).incident, template)[1]


def test_a1_the_attribution_of_the_form_stands_in_the_template() -> None:
    assert "coderanger's gist" in (TEMPLATES / "instructlab" / "report.md.j2").read_text()
    assert "2i2c" in (TEMPLATES / "debrief" / "report.md.j2").read_text()


def test_a10_the_chain_of_custody_touches_and_shows_who_had_it_when_also_nobody() -> None:
    made = scene((BOB, "TAKE"), (BOB, "RESOLVED 12:40 UTC"), opener="helpdesk@example.org")
    assert (
        "Incident Commander: unclaimed (2026-11-21 12:00 to 12:05 UTC), Bob Stone (12:05 to 12:10 UTC)\n"
        in (RENDERER.report(made.incident)[1])
    )


def test_a13_a14_while_it_is_open_no_mail_holds_a_template() -> None:
    made = scene((BOB, "START 11:38 UTC"), (BOB, "HANDOFF alice@example.org"))
    for minute in (15, 70, 300, 1500):
        for letter in letters(made, minute).values():
            assert b"Not recorded" not in letter.raw
            assert b"## Root Cause" not in letter.raw
    made.mail(ALICE, "RESOLVED 12:40 UTC")
    assert "draft" in letters(made)


@pytest.mark.parametrize(
    ("keyword", "heading"),
    [
        ("IMPACT", "User Impact"),
        ("WELL", "What Went Well?"),
        ("POORLY", "What Went Poorly?"),
        ("LUCKY", "Where We Got Lucky?"),
    ],
)
def test_a22_a35_a36_a37_what_people_say_stands_under_its_heading_as_they_said_it(keyword: str, heading: str) -> None:
    assert f"\n## {heading}\n\n12 of 40 users, logins & pushes [^1]\n" in page(
        (BOB, f"{keyword}: 12 of 40 users, logins & pushes")
    )


def test_a30_a31_the_prompts_give_examples_and_ask_for_no_endless_chain_of_whys() -> None:
    found = page()
    assert "missing static analysis tooling in CI" in found
    assert "13 billion years ago" in found
    assert "whys" not in found.casefold()


def test_a38_an_action_is_text_category_owner_due_and_link_in_one_line() -> None:
    found = page((BOB, "ACTION prevent add a test @carol due 2026-12-01 https://f.example/7"))
    assert "### Prevent\n\n* A1 add a test (@carol), due 2026-12-01, https://f.example/7 [^1]\n" in found


def test_a40_an_empty_category_is_a_comment_and_nobody_is_nagged_for_it() -> None:
    made = scene((BOB, "START 11:38 UTC"), (ALICE, "RESOLVED 12:40 UTC"))
    assert "### Contain\n\n<!-- Ways to limit the damage of incidents. -->\n" in RENDERER.report(made.incident)[1]
    head = draft(made).partition("---- draft")[0].casefold()
    assert not any(word in head for word in ("contain", "eliminate", "respond"))


def test_b3_the_debriefs_summary_has_what_was_hit_how_long_and_how_it_was_fixed() -> None:
    found = page(
        (BOB, "START 11:38 UTC\nRESTORED 12:20 UTC\nSUMMARY: It failed.\nIMPACT: all pushes\nRESOLUTION: rolled back"),
        template="debrief",
    )
    summary = found.partition("# Summary\n")[2].partition("\n## ")[0]
    for words in ("It failed.", "all pushes", "Users were hit for: 42 min", "rolled back"):
        assert words in summary


def test_b6_a_full_date_stands_on_the_first_line_and_on_each_new_day_and_one_minute_has_one_heading() -> None:
    found = page(
        (
            BOB,
            "LOG 2026-11-20 23:50 UTC a\nLOG 2026-11-20 23:50 UTC b\nLOG 2026-11-21 00:10 UTC c\nLOG 2026-11-21 00:20 UTC d",
        ),
        template="debrief",
    )
    headings = [line for line in found.split("\n") if line.startswith(("### 2", "### 0"))]
    assert headings == ["### 2026-11-20 23:50", "### 2026-11-21 00:10", "### 00:20"]
    assert "### 2026-11-20 23:50\n\na [^1]\n\nb [^1]\n" in found


def test_b7_the_first_line_of_the_debrief_carries_how_it_was_noticed() -> None:
    found = page((BOB, "START 11:38 UTC\nDETECTED 11:46 UTC: users on the forum"), template="debrief")
    assert "### 2026-11-21 11:38\n\nIncident start. [^1]\n\nusers on the forum [^1]\n\n### 11:46" in found


def test_b8_changes_of_state_and_of_command_are_lines() -> None:
    made = scene(
        (BOB, "START 11:38 UTC"), (ALICE, "HANDOFF bob@example.org"), (BOB, "ACCEPT"), (BOB, "RESTORED 12:20 UTC")
    )
    found = RENDERER.report(made.incident, "debrief")[1]
    assert "Bob Stone took over from Alice Doe." in found
    assert "Service restored." in found


def test_b10_the_example_fits_the_kind() -> None:
    assert "needs better logging" in page(template="debrief")
    assert "number of hub spawn errors" in page((BOB, "KIND degradation"), template="debrief")
    assert "documentation was misleading" in page((BOB, "KIND other"), template="debrief")


def test_b16_every_line_of_the_timeline_leads_to_its_message() -> None:
    made = scene((BOB, "START 11:38 UTC"), (CAROL, "LOG 11:50 UTC looked"))
    renderer = Renderer(LIST, Looks(archive_url="https://lists.example.org/{message_id}"))
    for template in ("instructlab", "debrief"):
        found = renderer.report(made.incident, template)[1]
        assert ", https://lists.example.org/m2@example.org\n" in found
        assert "looked [^2]" in found


def test_p41_messages_and_lines_that_are_not_used_are_named_with_why_and_without_their_words() -> None:
    made = scene(
        (BOB, "LOG 11:50 UTC looked\nLOG 11:55 UTC the key is under the mat"),
        (CAROL, "good luck!"),
        (BOB, "DROP T2\nFIX T1 11:51"),
    )
    made.mail(CAROL, "I am away.", Auto_Submitted="auto-replied")
    found = RENDERER.report(made.incident)[1].partition("Not used in this report, and why:\n")[2]
    assert "- 1 mail, no time, no keyword: `<m3@example.org>`\n" in found
    assert "- 1 mail, auto mail: `<m5@example.org>`\n" in found
    assert "- T2, 2026-11-21 11:55 UTC, dropped by Bob Stone: `<m2@example.org>`\n" in found
    assert "under the mat" not in found
    assert (
        "* 11:51 - looked (corrected; before: 2026-11-21 11:50 UTC - looked) [^1]\n"
        in RENDERER.report(made.incident)[1]
    )
