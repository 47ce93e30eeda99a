"""What the debrief has and the other form has not: bodies under a heading, its own categories, items that point to actions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.config.values import Wrong, headings
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene, letters

RENDERER = Renderer(LIST, Looks(template="debrief"))
BODIES = """Timeline of it.

### 2026-11-21 11:38 UTC

Start of incident. Pushes fail with 500.
First noticed by a user.

It looked like this:

```
$ docker push
denied
```

### 11:50

Investigation starts.

More details, in a second paragraph.

11:55 UTC

The disk of the registry is full.

Old logs, mostly.

12:05 UTC - deleted the logs
"""


def told(body: str = BODIES) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, body, 30)
    return made


def page(made: Scene, template: str = "debrief") -> str:
    return RENDERER.report(made.incident, template)[1]


# ── bodies of entries ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_b8_an_entry_under_a_time_heading_keeps_its_paragraphs_and_its_code() -> None:
    text = page(told())
    start = text.index("### 2026-11-21 11:38")
    assert text[start : text.index("## What went wrong")] == (
        "### 2026-11-21 11:38\n\n"
        "Start of incident. Pushes fail with 500. First noticed by a user. [^1]\n\n"
        "It looked like this:\n\n```\n$ docker push\ndenied\n```\n\n"
        "### 11:50\n\nInvestigation starts. [^1]\n\nMore details, in a second paragraph.\n\n"
        "### 11:55\n\nThe disk of the registry is full. [^1]\n\nOld logs, mostly.\n\n"
        "### 12:05\n\ndeleted the logs [^1]\n\n"
    )


def test_a25_the_other_form_keeps_one_line_and_says_that_there_is_more() -> None:
    text = page(told(), "instructlab")
    assert "* 11:50 - Investigation starts. (goes on in the mail) [^1]\n* 11:55 - The disk" in text
    assert "* 12:05 - deleted the logs [^1]\n" in text
    assert "docker push" not in text


def test_b8_a_body_that_is_code_alone_has_its_first_line_as_its_line() -> None:
    made = told("### 2026-11-21 11:38 UTC\n\n```\ndf -h\n/dev/sda1 100%\n```\n")
    assert "### 2026-11-21 11:38\n\ndf -h [^1]\n\n```\ndf -h\n/dev/sda1 100%\n```\n" in page(made).replace(
        "[^2]", "[^1]"
    ) or ("* 11:38 - df -h (goes on in the mail)" in page(made, "instructlab"))


def test_b8_correcting_the_line_in_a_draft_keeps_what_stands_below_it() -> None:
    made = told()
    text = page(made, "instructlab")
    made.mail(CAROL, text)
    before = made.incident.entries
    assert before == told().incident.entries, "as it was is no edit"
    made.mail(CAROL, text.replace("* 11:50 - Investigation starts.", "* 11:51 - Carol looks into it."), 60)
    assert made.incident.entry("T2").what == "Carol looks into it.\n\nMore details, in a second paragraph."


def test_b7_the_debriefs_start_of_incident_is_the_start_and_its_line_alone_is_mailed() -> None:
    made = told()
    assert made.incident.start == made.incident.entry("T1")
    made.settle()
    made.mail(CAROL, "TIMELINE", 40)
    raw = letters(made)["answer-timeline"].raw.decode()
    assert "T2   2026-11-21 11:50   Investigation starts.\nT3 " in raw.replace("\r", "")
    assert "docker push" not in raw


def test_a_clock_alone_below_a_paragraph_still_dates_that() -> None:
    made = told("Monitoring - a fix is out.\nNov 21, 11:55 UTC\n\nInvestigating - pushes fail.\nNov 21, 11:38 UTC\n")
    assert [e.what for e in made.incident.timeline()] == ["Investigating - pushes fail", "Monitoring - a fix is out"]


# ── its own categories of actions ─────────────────────────────────────────────────────────────────────────────────────

TRAINING = replace(LIST, categories=("Training of new people", "Technical improvements"))
ACTIONS = "ACTION training show the dashboard\nACTION prevent a quota\nACTION tidy up\nACTION process a rota"


def headed(text: str) -> list[str]:
    return [line for line in text.partition("## Action items")[2].split("\n") if line[:1] in "#123456789" and line]


def test_b12_the_headings_of_actions_are_the_seeds_where_nobody_says_others() -> None:
    made = told(ACTIONS)
    assert headed(page(made)) == [
        "### Process improvements",
        "1. training show the dashboard [no issue yet] [^1]",
        "2. tidy up [no issue yet] [^1]",
        "3. a rota [no issue yet] [^1]",
        "### Documentation improvements",
        "### Technical improvements",
        "1. a quota [no issue yet] [^1]",
    ]


def test_b12_a_list_names_its_own_and_action_takes_their_first_words() -> None:
    made = Scene(TRAINING)
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, ACTIONS, 30)
    assert [a.category for a in made.incident.actions] == ["training", "prevent", "", "process"]
    assert [line.partition(" [no issue")[0] for line in headed(page(made))] == [
        "### Training of new people",
        "1. show the dashboard",
        "2. tidy up",
        "3. a rota",
        "### Technical improvements",
        "1. a quota",
    ]
    other = page(made, "instructlab")
    assert all(f"* A{n} " in other for n in (1, 2, 3, 4)), "the other form prints every action too"
    assert other.index("* A1 show") < other.index("### Detect") < other.index("* A2 a quota")


@pytest.mark.parametrize("wrong", [[], "Process", ["Process", "process two"], ["# Process"], [1], [""]])
def test_b12_headings_that_cannot_be_are_told(wrong: object) -> None:
    with pytest.raises(Wrong, match="list of headings"):
        headings(wrong)


# ── it comes back edited ──────────────────────────────────────────────────────────────────────────────────────────────

LINES = (
    BODIES
    + "\nDETECTION: a user wrote\n\nACTION process a rota for nights @bob due 2026-12-01\nACTION prevent a quota\n"
)


def edited(made: Scene, text: str) -> str:
    """What the sender of the edited draft is told."""
    made.mail(CAROL, text)
    asks = [a for a in made.incident.asks.values() if a.message_id == made.items[-1].message_id]
    return "\n".join(o.sentence for a in asks for o in a.outcomes)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich"])
def test_the_debrief_that_comes_back_as_it_was_is_no_edit(zone: str) -> None:
    made = told(LINES)
    before = (made.incident.entries, made.incident.actions, made.incident.title)
    text = Renderer(LIST, Looks(template="debrief", zone=zone)).report(made.incident)[1]
    assert edited(made, text) == ""
    assert (made.incident.entries, made.incident.actions, made.incident.title) == before


def test_the_debriefs_timeline_is_corrected_added_to_and_taken_out_in_its_own_zone() -> None:
    made = told(LINES)
    text = Renderer(LIST, Looks(template="debrief", zone="Europe/Zurich")).report(made.incident)[1]
    text = text.replace("### 12:50\n\nInvestigation starts.", "### 12:52\n\nInvestigation starts with Carol.")
    text = text.replace("Old logs, mostly.", "Old logs of registry-2.\n\n```\ndu -sh\n```")
    text = text.replace("### 13:05\n\ndeleted the logs [^1]\n", "### 13:10\n\nBob went home.\n").replace("[^2]", "[^1]")
    told_ = edited(made, text)
    lines = [f"{e.utc:%H:%M} {e.what}" for e in made.incident.timeline()]
    assert lines[1:] == [
        "11:52 Investigation starts with Carol.\n\nMore details, in a second paragraph.",
        "11:55 The disk of the registry is full.\n\nOld logs of registry-2.\n\n```\ndu -sh\n```",
        "12:10 Bob went home.",
    ]
    assert told_ == (
        "merged: T2 corrected, T3 corrected, T5 added to the timeline (13:10 Bob went home.), T4 taken out of the timeline."
    )
    assert edited(made, page(made)) == "", "and again it is no edit"


def test_the_debriefs_actions_are_reworded_moved_linked_and_added() -> None:
    made = told(LINES)
    text = page(made).replace(
        "a rota for nights (@bob) [no issue yet]", "a rota for nights and days (@bob) [https://forge.example/issues/7]"
    )
    text = text.replace("1. a quota [no issue yet] [^1]\n", "")
    text = text.replace("### Documentation improvements\n", "### Documentation improvements\n\n1. a runbook @carol\n")
    assert edited(made, text) == (
        "merged: A1 changed, A3 noted, A2 is not in your draft and stays (DECLINED A2 lets it go)."
    )
    found = [(a.category, a.text, a.owner, a.due, a.link) for a in made.incident.actions]
    assert found[0] == ("process", "a rota for nights and days", "bob", "2026-12-01", "https://forge.example/issues/7")
    assert found[2] == ("documentation", "a runbook", "carol", "", "")


def test_an_action_moved_below_another_heading_of_the_debrief_changes_its_category() -> None:
    made = told(LINES)
    text = page(made)
    line = next(line for line in text.split("\n") if line.startswith("1. a quota"))
    text = text.replace(line + "\n", "").replace(
        "### Documentation improvements\n", f"### Documentation improvements\n\n{line}\n"
    )
    assert edited(made, text) == "merged: A2 changed."
    assert made.incident.actions[1].category == "documentation"


def test_what_cannot_be_merged_of_a_timeline_is_told_and_never_silent() -> None:
    made = told(LINES)
    text = page(made)
    assert "I do not know its time zone" in edited(made, text.replace("All times in UTC", "All times in Mordor"))
    assert "Write DETECTION: and the text" in edited(made, text.replace("a user wrote", "two users wrote"))
    other = page(made, "instructlab").replace("## Proximate Trigger", "* a line without time\n\n## Proximate Trigger")
    assert '"a line without time" has no time. Write LOG' in edited(made, other)


# ── its title ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("template", ["debrief", "instructlab"])
def test_an_edited_title_in_a_draft_renames_the_incident(template: str) -> None:
    made = told(LINES)
    text = page(made, template)
    assert edited(made, text.replace("Registry refuses pushes", "Registry was full at night")) == (
        'merged: title changed to "Registry was full at night".'
    )
    assert made.incident.title == "Registry was full at night"
    made.mail(BOB, "TITLE The registry was full")
    assert edited(made, text) == "", "a stale draft brings no old title back"
    assert made.incident.title == "The registry was full"


# ── what is done about what went wrong ────────────────────────────────────────────────────────────────────────────────

WRONG = """CAUSE: nobody is told when a disk fills

POORLY: nobody knew who had the password

CAUSE: one disk for everything

ACTION prevent an alert on disks W1
ACTION process a rota with passwords (for W1, W2)
"""


def under(text: str, heading: str) -> str:
    return text.partition(f"{heading}\n\n")[2].partition("\n\n## ")[0].strip()


def test_b9_each_item_of_what_went_wrong_points_to_its_actions_or_says_that_it_is_accepted() -> None:
    made = told(WRONG)
    assert [(a.text, a.covers) for a in made.incident.actions] == [
        ("an alert on disks", (1,)),
        ("a rota with passwords", (1, 2)),
    ]
    made.mail(CAROL, "DECLINED W3: it is cheap")
    assert under(page(made).replace("[^2]", "[^1]"), "## What went wrong") == (
        "1. nobody is told when a disk fills (W1: Technical improvements 1, Process improvements 1) [^1]\n"
        "2. one disk for everything (W3: accepted) [^1]\n"
        "3. nobody knew who had the password (W2: Process improvements 1) [^1]"
    )


def test_a32_each_root_cause_points_to_its_actions_or_says_that_it_is_accepted() -> None:
    made = told(WRONG)
    made.mail(CAROL, "LINK A1 W3")
    text = page(made, "instructlab")
    assert "nobody is told when a disk fills (W1: A1, A2) [^1]\n\none disk for everything (W3: A1) [^1]" in text
    made.mail(CAROL, "DECLINED A1\nDECLINED W9")
    assert "one disk for everything [^1]" in page(made, "instructlab"), "an action that was let go is none"


def test_b9_the_numbers_stay_when_a_draft_is_edited_and_the_pointers_are_no_edit() -> None:
    made = told(WRONG)
    for template in ("instructlab", "debrief"):
        assert edited(made, page(made, template)) == ""
    text = page(made, "instructlab").replace("one disk for everything", "one disk for all lists")
    assert edited(made, text) == "merged: Root Cause changed."
    text = page(made, "instructlab").replace("nobody is told when a disk fills (W1: A1, A2) [^1]\n\n", "")
    assert edited(made, text) == "merged: Root Cause shortened."
    made.mail(BOB, "CAUSE: no quota")
    assert {n.label: n.text for n in made.incident.notes} == {
        "W2": "nobody knew who had the password",
        "W3": "one disk for all lists",
        "W4": "no quota",
    }


def test_b9_undo_of_an_item_leaves_the_numbers_of_the_others() -> None:
    made = told("CAUSE: one")
    code = next(c for c, m in made.incident.codes.items() if m == made.items[-1].message_id)
    made.mail(CAROL, "CAUSE: two\n\nACTION add a test W2")
    made.mail(CAROL, f"UNDO {code}")
    assert [(n.label, n.text) for n in made.incident.notes] == [("W2", "two")]
    assert made.incident.actions[0].covers == (2,)


def test_b9_who_reviews_is_told_what_no_action_names() -> None:
    made = told(WRONG + "\nRESTORED 12:20 UTC\nRESOLVED 12:30 UTC")
    made.mail(CAROL, "REVIEWED")
    outcomes = [o.sentence for a in made.incident.asks.values() for o in a.outcomes if "reviewed" in o.sentence]
    assert outcomes == ["reviewed by Carol and published; without an action yet: W3 (ACTION ... W3)"]


def test_a_w_that_is_none_stays_text() -> None:
    made = told("CAUSE: no test\n\nACTION look at W7 and at the W1 line\n")
    assert (made.incident.actions[0].text, made.incident.actions[0].covers) == ("look at W7 and at the line", (1,))
