"""What the debrief has and the other form has not: bodies under a heading, its own categories, items that point to actions."""

from __future__ import annotations

from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene

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


def test_a_clock_alone_below_a_paragraph_still_dates_that() -> None:
    made = told("Monitoring - a fix is out.\nNov 21, 11:55 UTC\n\nInvestigating - pushes fail.\nNov 21, 11:38 UTC\n")
    assert [e.what for e in made.incident.timeline()] == ["Investigating - pushes fail", "Monitoring - a fix is out"]
