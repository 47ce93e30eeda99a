"""Scenes of core/report.py and both report templates: headings, order, sources, what is not recorded, and hostile words."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.message import Address
from mailbot.core.report import called, missing, report, slug
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene

# The headings of the two seeds, in their order and words.
INSTRUCTLAB = (
    "## 2026-11-21 Registry refuses pushes",
    "## Summary",
    "## Duration",
    "## User Impact",
    "## Timeline",
    "## Proximate Trigger",
    "## Root Cause",
    "## Detection",
    "## Resolution",
    "## What Went Well?",
    "## What Went Poorly?",
    "## Where We Got Lucky?",
    "## Action Items",
    "### Detect",
    "### Respond",
    "### Contain",
    "### Prevent",
    "### Eliminate",
)
DEBRIEF = (
    "# Summary",
    "## Timeline (if relevant)",
    "### 2026-11-21 11:38",
    "### 11:50",
    "## What went wrong",
    "## Where we got lucky",
    "## Action items",
    "### Process improvements",
    "### Documentation improvements",
    "### Technical improvements",
)
SECTIONS = ("SUMMARY", "IMPACT", "TRIGGER", "CAUSE", "DETECTION", "RESOLUTION", "WELL", "POORLY", "LUCKY")

TITLES = [INSTRUCTLAB[n] for n in (1, 3, 5, 6, 7, 8, 9, 10, 11)]  # in the order of SECTIONS


def scene(*mails: tuple[str, str] | tuple[str, str, float]) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    for who, body, *minute in mails:
        made.mail(who, body, *minute)
    return made


RENDERER = Renderer(LIST, Looks())


def text(made: Scene, template: str = "instructlab", **looks: Any) -> str:
    renderer = Renderer(LIST, Looks(**looks)) if looks else RENDERER
    return renderer.report(made.incident, template)[1]


def headings(markdown: str) -> tuple[str, ...]:
    return tuple(line for line in markdown.split("\n") if re.match("#+ ", line))


def fixed(markdown: str) -> list[str]:
    """The headings without title and times."""
    return [h for h in headings(markdown) if not re.match(r"#+ (\d{4}-\d\d-\d\d|\d\d:\d\d|\(no)", h)]


def under(markdown: str, heading: str) -> str:
    """What stands under a heading, up to the next or the sources."""
    return re.split(r"^(?:#+ .*|\[\^1\]: .*)$", markdown.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.M)[
        0
    ].strip()


def front(markdown: str) -> dict[str, Any]:
    """The front matter; each value is JSON or a bare word, both of which YAML reads as they are meant."""
    found: dict[str, Any] = {}
    head = markdown.removeprefix("---\n").split("\n---\n", 1)[0]
    for line in head.split("\n"):
        name, _, value = line.partition(": ")
        assert re.fullmatch("[a-z_]+", name), line
        bare = re.fullmatch(r"[A-Za-z0-9][\w-]*", value) and value not in ("null", "true", "false")
        found[name] = value if bare and not value.isdigit() else json.loads(value)
    return found


PLAIN = ((BOB, "START 11:38 UTC"), (BOB, "LOG 11:50 UTC disk is full"))
WHOLE = (*PLAIN, (ALICE, "RESTORED 12:20 UTC old logs deleted", 30), (ALICE, "RESOLVED 12:40 UTC", 41))


def test_a45_all_headings_of_the_seed_stand_in_its_order_and_words() -> None:
    assert headings(text(scene())) == INSTRUCTLAB
    assert headings(text(scene(*WHOLE, *((CAROL, f"{s}: x") for s in SECTIONS)))) == INSTRUCTLAB


def test_b1_the_debrief_has_the_headings_of_its_seed() -> None:
    assert headings(text(scene(*PLAIN), "debrief")) == DEBRIEF


def test_a25_start_and_end_are_worded_as_in_the_seed() -> None:
    lines = under(text(scene(*WHOLE)), "## Timeline").split("\n")
    assert lines == [
        "* 11:38 - Incident start. [^1]",
        "* 11:50 - disk is full [^2]",
        "* 12:20 - Service restored: old logs deleted [^3]",
        "* 12:40 - Incident concluded. [^4]",
    ]
    read = scene((BOB, "* 11:40 UTC - incident start\n* 11:50 UTC - looked"))
    assert "* 11:40 - Incident start. [^1]" in text(read)


def test_a25_a_date_line_stands_where_the_utc_day_changes() -> None:
    made = scene((BOB, "START 23:58 UTC", 719), (BOB, "LOG 00:05 UTC looked", 730), (BOB, "LOG 11:59 UTC done", 1440))
    assert under(text(made), "## Timeline").split("\n") == [
        "* 23:58 - Incident start. [^1]",
        "",
        "2026-11-22",
        "",
        "* 00:05 - looked [^2]",
        "* 11:59 - done [^3]",
    ]


def test_a17_a_first_line_on_an_earlier_day_than_the_impact_shows_its_date() -> None:
    made = scene((BOB, "LOG 2026-11-20 23:00 UTC deployed v41\nSTART 11:38 UTC"))
    found = text(made)
    assert "## 2026-11-21 Registry refuses pushes" in found
    assert under(found, "## Timeline").startswith("2026-11-20\n\n* 23:00 - deployed v41 [^1]\n\n2026-11-21\n\n* 11:38")


def test_a41_it_ends_with_the_seeds_last_line() -> None:
    assert text(scene(*WHOLE)).endswith("\n\n_All times in UTC._\n")


def test_a18_all_commanders_are_named_in_order() -> None:
    assert "\nIncident Commander: Alice Doe\n" in text(scene())
    made = scene(
        (ALICE, "HANDOFF bob@example.org"), (BOB, "ACCEPT"), (BOB, "HANDOFF alice@example.org"), (ALICE, "ACCEPT")
    )
    assert (
        "\nIncident Commander: Alice Doe (2026-11-21 12:00 to 12:10 UTC), Bob Stone (12:10 to 12:20 UTC),"
        " Alice Doe (since 12:20 UTC)\n" in text(made)
    )
    desk = Scene()
    desk.mail("helpdesk@example.org", "x", 0)
    assert "\nIncident Commander: unclaimed\n" in text(desk)


def test_a20_a21_duration_names_its_windows_and_both_figures() -> None:
    assert under(text(scene(*WHOLE)), "## Duration") == (
        "42 min (2026-11-21 11:38 to 12:20 UTC). The incident was open for 41 min."
    )
    assert under(text(scene()), "## Duration").startswith("Not over (nobody wrote when it began)")


def test_a23_who_declared_it_over_is_recorded_where_it_was_not_the_commander() -> None:
    assert "declared over by Bob Stone, who did not have it" in text(scene((BOB, "RESOLVED")))
    assert "declared over" not in text(scene((ALICE, "RESOLVED")))


@pytest.mark.parametrize(("keyword", "heading"), [*zip(SECTIONS, TITLES, strict=True)])
def test_a_filled_section_drops_its_help_and_names_its_source_and_an_empty_one_is_not_recorded(
    keyword: str, heading: str
) -> None:
    empty = under(text(scene()), heading)
    assert re.fullmatch(r"_Not recorded\._\n\n<!-- [^\n]+ -->", empty)
    assert under(text(scene((BOB, f"{keyword}: because\nof this"))), heading) == "because\nof this [^1]"
    two = scene((BOB, f"{keyword}: one"), (CAROL, f"{keyword}: two"))
    assert under(text(two), heading) == "one [^1]\n\ntwo [^2]"


def test_a39_actions_stand_under_their_category_and_the_rest_before_them() -> None:
    made = scene(
        (BOB, "ACTION prevent add a test @carol due 2026-12-01 https://f.example/7\nACTION write to the vendor"),
        (BOB, "ACTION detect alert on it\nDONE A1\nACTION contain nothing\nDECLINED A4"),
    )
    found = text(made)
    assert under(found, "## Action Items") == "* A2 write to the vendor [^1]"
    assert under(found, "### Prevent") == "* A1 add a test (@carol), due 2026-12-01, https://f.example/7, done [^1]"
    assert under(found, "### Detect") == "* A3 alert on it [^2]"
    assert under(found, "### Contain") == "<!-- Ways to limit the damage of incidents. -->"


def test_b15_debrief_tasks_are_a_numbered_list_with_their_issue() -> None:
    found = text(
        scene((BOB, "ACTION technical add a test https://f.example/7\nACTION documentation write it down")), "debrief"
    )
    assert under(found, "### Technical improvements") == "1. add a test [https://f.example/7] [^1]"
    assert under(found, "### Documentation improvements") == "1. write it down [no issue yet] [^1]"
    assert under(found, "### Process improvements") == "<!-- 1. summary [link to github issue] -->"


def test_b4_a_timeline_of_fewer_than_two_lines_is_left_out_of_the_debrief() -> None:
    assert "## Timeline" not in text(scene((BOB, "START 11:38 UTC")), "debrief")


def test_b5_the_debrief_has_one_zone_and_prints_its_offset_both_where_the_clocks_changed() -> None:
    found = text(scene(*PLAIN), "debrief", zone="Europe/Zurich")
    assert "All times in Europe/Zurich (UTC+01:00)." in found
    assert "### 2026-11-21 12:38" in found
    summer = scene((BOB, "LOG 2026-10-24 10:00 UTC before\nLOG 2026-11-20 10:00 UTC after"))
    assert "Europe/Zurich (UTC+02:00 and UTC+01:00)" in text(summer, "debrief", zone="Europe/Zurich")
    assert "* 11:38 - Incident start." in text(scene(*PLAIN), zone="Europe/Zurich"), "the other one stays in UTC"


def test_b9_what_went_wrong_is_numbered_over_trigger_cause_and_process() -> None:
    made = scene((BOB, "CAUSE: no test\nsecond line\nTRIGGER: the deploy"), (CAROL, "POORLY: nobody knew"))
    assert under(text(made, "debrief"), "## What went wrong") == (
        "1. the deploy [^1]\n2. no test\n   second line [^1]\n3. nobody knew [^2]"
    )


def test_b18_about_keeps_its_tilde_a_day_has_no_clock_and_a_range_has_its_end() -> None:
    made = scene((BOB, "LOG about 11:40 UTC looked\nfrom 11:50 to 11:55 UTC the disk was full\n"))
    lines = under(text(made), "## Timeline")
    assert "* ~11:40 - looked [^1]" in lines
    assert "(until 11:55)" in lines


def test_a24_what_is_not_sure_says_so() -> None:
    made = Scene()
    made.take(b"From: a@example.org\nDate: Sat, 21 Nov 2026 12:00:00 -0000\n\nAt 11:40 it broke.\n", made.at(0))
    assert "(time as I read it)" in text(made)


# ── sources ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_line_and_section_names_its_message_and_every_footnote_is_used() -> None:
    made = scene(*WHOLE, (CAROL, "IMPACT: all pushes\nACTION prevent a test"), (BOB, "ACTION x"), (BOB, "DECLINED A2"))
    for template in ("instructlab", "debrief"):
        found = text(made, template)
        used = set(re.findall(r" \[\^(\d+)\]$", found, re.M))
        defined = dict(re.findall(r"^\[\^(\d+)\]: (.*)$", found, re.M))
        assert used == defined.keys()
        assert defined["1"] == "Bob Stone, 2026-11-21 12:05 UTC, `<m2@example.org>`"
        assert all(re.search(r" \[\^\d+\]$", line) for line in found.split("\n") if line.startswith("* "))


def test_l37_a_message_id_with_slash_and_percent_is_escaped_in_the_archive_link() -> None:
    made = scene()
    made.take(b"From: b@example.org\nMessage-ID: <a/b%c?d@x>\n\nLOG y\n", made.at(5))
    found = text(made, archive_url="https://lists.example.org/a/{message_id}/")
    assert "https://lists.example.org/a/a%2Fb%25c%3Fd@x/" in found


# ── the same record, the same bytes ───────────────────────────────────────────────────────────────────────────────────


def test_a45_a_report_is_stable_to_the_byte() -> None:
    first, again = (text(scene(*WHOLE, (CAROL, "IMPACT: x")), t) for t in ("instructlab", "instructlab"))
    assert first == again
    made = scene(*WHOLE)
    before = text(made)
    made.sent("draft:X", "receipt:Y", minute=9999)
    made.mail(BOB, "Thanks!\nSTATUS", 10_000)
    assert text(made) == before, "what changes nothing changes nothing"


def test_p45_the_front_matter_says_what_a_script_wants_to_know() -> None:
    made = scene(*WHOLE, (CAROL, "RESOLUTION: see https://f.example/pr/9\nACTION prevent a test @bob o/r#7"))
    assert front(text(made)) == {
        "id": "INC-20261121-K7Q",
        "title": "Registry refuses pushes",
        "date": "2026-11-21",
        "status": "resolved",
        "kind": "outage",
        "opened": "2026-11-21T12:00:00Z",
        "start": "2026-11-21T11:38:00Z",
        "restored": "2026-11-21T12:20:00Z",
        "resolved": "2026-11-21T12:40:00Z",
        "impact": "42 min",
        "impact_minutes": 42,
        "open": "41 min",
        "commanders": ["Alice Doe"],
        "custody": [{"who": "Alice Doe", "from": "2026-11-21T12:00:00Z", "to": "2026-11-21T12:41:00Z"}],
        "review": None,
        "actions": [
            {
                "action": "A1",
                "text": "a test",
                "category": "prevent",
                "owner": "bob",
                "due": "",
                "link": "o/r#7",
                "state": "proposed",
            }
        ],
        "links": ["https://f.example/pr/9", "o/r#7"],
        "missing": ["summary", "impact", "trigger", "cause", "detection"],
        "draft": "D9KY26",
    }


def test_b2_the_debrief_is_ready_to_be_an_issue() -> None:
    found = front(text(scene(), "debrief"))
    assert (found["title"], found["labels"], found["assignees"]) == (
        "Debrief - Registry refuses pushes",
        "post-mortem",
        "Alice Doe",
    )


def test_p10_of_an_empty_record_nothing_is_invented() -> None:
    found = front(text(scene()))
    assert [found[k] for k in ("start", "restored", "resolved", "impact_minutes")] == [None] * 4
    assert text(scene()).count("_Not recorded._") == 10
    assert missing(scene().incident) == list(SECTIONS[:6])


# ── hostile words ─────────────────────────────────────────────────────────────────────────────────────────────────────

EVIL = (
    "## Fake heading",
    "# Fake",
    "<script>alert(1)</script>",
    "<!-- hidden",
    "--> shown",
    "![x](https://evil.example/t.png)",
    "[x](javascript:alert(1))",
    "[^1]: not mine",
    "---",
    "===",
    "> quoted",
    "```",
    "~~~",
    "a \u202e b \u2028 c \x0b d",
    "title: other\n---\n## X",
)


@pytest.mark.parametrize("words", EVIL)
@pytest.mark.parametrize("template", ["instructlab", "debrief"])
def test_peoples_words_cannot_change_the_structure_of_a_report(words: str, template: str) -> None:
    flat = words.replace("\n", " ")
    made = Scene()
    made.mail(f'"{re.sub("[^ -~]", "", flat)}" <eve@example.org>', "x", 0)
    made.take(
        f"From: {BOB}\n\nTITLE {flat}\nSTART 11:38 UTC\nLOG 11:50 UTC {flat}\nSUMMARY: x\n{words}\nACTION detect {flat}".encode(),
        made.at(1),
    )
    made.mail(CAROL, f"CAUSE: {words}\nRESOLVED: {flat}")
    found = text(made, template)
    assert not re.search(
        r"(?<!\\)<script|(?<!\\)!?\[x\]\(|[\u2028\u202e\x0b]|\n(---|===)\n(?!\n|name|id)", found.split("\n---\n", 1)[1]
    )
    calm = Scene()
    calm.mail("Eve <eve@example.org>", "x", 0)
    calm.mail(BOB, "TITLE x\nSTART 11:38 UTC\nLOG 11:50 UTC x\nSUMMARY: x\nACTION detect x", 1)
    calm.mail(CAROL, "CAUSE: x\nRESOLVED: x")
    assert fixed(found) == fixed(text(calm, template))
    assert found.count("<!--") == text(calm, template).count("<!--") + found.count("\\<!--")
    assert front(found).keys() == front(text(calm, template)).keys()


def test_a_report_that_was_filled_in_and_sent_back_is_filled_and_sent_back_again_changes_nothing() -> None:
    made = scene((BOB, "SUMMARY: It failed."))
    filled = text(made).replace("_Not recorded._", "We do not know.\n\nNobody does.", 1).partition("---\n\n")[2]
    made.mail(CAROL, filled)
    found = text(made)
    assert under(found, "## Summary") == "It failed. [^1]"
    assert under(found, "## User Impact") == "We do not know. [^2]\n\nNobody does. [^2]"
    for returned in (found, found.partition("---\n\n")[2], text(made, "debrief")):
        made.mail(CAROL, f"Here it is again, I read it at 12:20 UTC.\n\n{returned}\n\nDone.")
    again = text(made)
    assert [line[2:7] for line in again.split("\n") if line.startswith("* ")] == ["12:20"]
    assert under(again, "## User Impact") == "We do not know. [^2]\n\nNobody does. [^2]"


@pytest.mark.parametrize("left_out", ["nothing", "[^1]:"])
def test_our_own_duration_in_a_report_that_comes_back_is_nobodys_word(left_out: str) -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.\nSTART 11:38 UTC", 0)
    made.mail(ALICE, "RESTORED 12:02 UTC\nRESOLVED 12:03 UTC", 4)
    assert "The incident was open for 4 min." in text(made)
    made.mail(BOB, f"Looks good.\n\n{text(made).split(left_out)[0]}")
    assert not any(heard.stated for heard in made.incident.heard)


def test_a_closed_code_block_stays_code_and_an_open_one_does_not_swallow_the_report() -> None:
    found = text(scene((BOB, "RESOLUTION: ran\n```\nrm -rf <logs>\n# done\n```")))
    assert "\nran\n```\nrm -rf <logs>\n# done\n```\n [^1]\n\n## What Went Well?" in found
    opened = under(text(scene((BOB, "RESOLUTION: ran\n```\nrm <logs>"))), "## Resolution")
    assert opened == "ran\n\\```\nrm \\<logs> [^1]"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.sampled_from(SECTIONS))
def test_junk_in_any_section_leaves_the_headings_as_they_are(words: str, keyword: str) -> None:
    made = scene()
    made.take(f"From: {BOB}\nMessage-ID: <j@x>\n\n{keyword}: {words}\nTITLE {words}\n".encode(), made.at(1))
    for template, want in (("instructlab", list(INSTRUCTLAB[1:])), ("debrief", [h for h in DEBRIEF if "1" not in h])):
        found = text(made, template)
        assert [h for h in fixed(found) if "Timeline" not in h] == [h for h in want if "Timeline" not in h]
        assert front(found)["id"] == "INC-20261121-K7Q"


# ── names and file names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_p40_names_are_printed_as_names_initials_or_roles_everywhere() -> None:
    made = scene(
        (ALICE, "HANDOFF bob@example.org"), (BOB, "ACCEPT\nACTION x @carol"), (CAROL, "IMPACT: y"), (CAROL, "RESOLVED")
    )
    full = text(made)
    assert "* 12:10 - Bob Stone took over from Alice Doe. [^1]" in full
    for policy in ("initials", "roles"):
        found = text(made, names=policy)
        assert not re.search("Alice|Bob|Carol|Doe|Stone", found, re.I), policy
    assert "Incident Commander: A.D. (2026-11-21 12:00 to 12:10 UTC), B.S. (12:10 to 12:20 UTC)\n" in text(
        made, names="initials"
    )
    assert "B.S. took over from A.D." in text(made, names="initials")
    roles = text(made, names="roles")
    assert (
        "Incident Commander: commander 1 (2026-11-21 12:00 to 12:10 UTC), commander 2 (12:10 to 12:20 UTC)\n" in roles
    )
    assert "commander 2 took over from commander 1." in roles


def test_names_of_people_who_have_none() -> None:
    who = Address("", "bob.stone@example.org")
    assert (called(who), called(who, "initials"), called(who, "roles"), called(None)) == (
        "bob.stone",
        "B.S.",
        "responder",
        "unclaimed",
    )
    assert called(Address("!!", "x@y"), "initials") == "N. N."


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Registry refuses pushes", "registry-refuses-pushes"),
        ("  ../../etc/passwd ", "etc-passwd"),
        ("Zürich: Überlast & Ausfall!", "zurich-uberlast-ausfall"),
        ("Регистр", "incident"),
        ("", "incident"),
        ("a" * 200, "a" * 60),
        ("CON\x00.md\n", "con-md"),
    ],
)
def test_a_file_name_is_small_ascii_whatever_the_title(title: str, name: str) -> None:
    assert slug(title) == name


def test_a43_the_file_is_named_by_date_and_title() -> None:
    made = scene((BOB, "TITLE Disk full\nSTART 2026-11-20 23:59 UTC"))
    assert Renderer(LIST, Looks()).report(made.incident)[0] == "2026-11-20-disk-full.md"


def test_a_report_of_an_incident_that_nobody_opened_is_a_report() -> None:
    """Only an auto-reply came, say."""
    made = Scene()
    made.mail(BOB, "away", 0, Auto_Submitted="auto-replied")
    view = report(made.incident)
    assert (view.date, view.lines, view.sources) == ("1970-01-01", (), ())
    assert view.impact.span is None or view.impact.span > timedelta()
