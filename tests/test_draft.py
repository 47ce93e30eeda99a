"""A draft report that comes back edited: top-posted, quoted, attached; added, changed, taken out, stale, in conflict."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import draft
from mailbot.core.entries import Said
from mailbot.core.reply import split
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, ID, LIST, Scene, letters

RENDERER = Renderer(LIST, Looks())
SECTIONS = """SUMMARY: Pushes to the registry failed for an hour because a disk was full, and nobody looked at the dashboard that
shows it. Pulls worked.
IMPACT: every push ended in a 500
CAUSE: nobody is told when a disk fills
WELL: the rollback took a minute
WELL: people kept calm
"""


def drafted(sections: str = SECTIONS) -> Scene:
    """An incident that is over, its draft mailed."""
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, "START 11:38 UTC\n\n" + sections, 5)
    made.mail(ALICE, "RESTORED 12:20 UTC old logs deleted\nRESOLVED 12:40 UTC", 41)
    return made


def mailed(made: Scene) -> str:
    """The text of the draft's mail; it counts as sent."""
    body = message_from_bytes(letters(made)["draft"].raw, policy=default).get_body(("plain",))
    assert body is not None
    made.settle()
    return str(body.get_content()).replace("\r\n", "\n")


def page(text: str) -> str:
    """The draft alone, as people copy it from the mail: from the ruled line with its mark."""
    return text[text.index("---- draft ") :].split("\n-- \n")[0]


def said(made: Scene) -> str:
    """What the latest mail's sender is told."""
    asks = [a for a in made.incident.asks.values() if a.message_id == made.items[-1].message_id]
    return "\n".join(o.sentence for a in asks for o in a.outcomes)


def texts(made: Scene, section: str) -> list[str]:
    return [" ".join(n.text.split()) for n in made.incident.section(section)]


def quote(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.split("\n"))


# ── unchanged is no edit ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("template", ["instructlab", "debrief"])
def test_a_draft_that_comes_back_as_it_was_is_no_edit_in_any_form(template: str) -> None:
    made = drafted()
    text = mailed(made)
    file = RENDERER.report(made.incident, template)[1]
    before = made.incident.notes
    rewrapped = "\n".join(line.replace(" a ", "\na ") for line in page(text).split("\n"))
    curly = page(text).replace("'", "\u2019").replace(" is ", "\u00a0is ")
    for body in (
        page(text),
        file,
        "Looks good.\n\n" + quote(text),
        quote(file),
        rewrapped,
        curly,
        f"Thanks!\n\n{page(text)}",
    ):
        made.mail(CAROL, body)
        assert made.incident.notes == before, body
        assert said(made) == ""
    made.take(attached(CAROL, file, "Nothing to add."), made.at(99))
    assert made.incident.notes == before
    assert said(made) == ""


def attached(who: str, file: str, words: str = "", disposition: str = "attachment") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = who, LIST.address, "Re: Registry refuses pushes"
    mail["Message-ID"] = f"<{abs(hash((who, file))) % 10**9}@example.org>"
    mail.set_content(words or "See the file.")
    mail.add_attachment(file, subtype="markdown", filename="2026-11-21-registry.md", disposition=disposition)
    return mail.as_bytes()


# ── each form ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CAUSE = "nobody is told when a disk fills"


def edited(text: str) -> str:
    """One section changed, one filled, one taken out, one paragraph added, one of two taken out."""
    assert CAUSE in text
    text = text.replace(CAUSE, "no alert looks at the disks of the registry")
    text = text.replace("every push ended in a 500 [^1]", "_Not recorded._")
    text = text.replace("people kept calm [^1]\n", "")
    text = text.replace("## Where We Got Lucky?\n\n_Not recorded._", "## Where We Got Lucky?\n\nAlice was awake.")
    return text.replace("the rollback took a minute [^1]\n", "the rollback took a minute [^1]\n\nthe forum helped\n")


def check(made: Scene) -> None:
    assert texts(made, "CAUSE") == ["no alert looks at the disks of the registry"]
    assert texts(made, "IMPACT") == []
    assert texts(made, "WELL") == ["the rollback took a minute", "the forum helped"]
    assert texts(made, "LUCKY") == ["Alice was awake."]
    assert len(texts(made, "SUMMARY")) == 1
    told = said(made)
    for words in ("User Impact taken out", "Root Cause changed", "Where We Got Lucky? added to", "What Went Well?"):
        assert words in told
    assert "Summary" not in told
    assert made.incident.section("CAUSE")[0].was == (CAUSE,)
    assert [n.text for n, _ in made.incident.removed] == ["every push ended in a 500"]


def test_a_draft_edited_and_top_posted_is_merged_section_by_section() -> None:
    made = drafted()
    text = mailed(made)
    made.mail(CAROL, f"Here is my version, better at 12:50 UTC.\n\n{edited(page(text))}\n\nCarol\n")
    check(made)
    assert [e.what for e in made.incident.timeline() if e.who.name == "Carol"], "words around it are read as ever"


def test_a_draft_edited_above_the_original_that_is_quoted_below_is_merged() -> None:
    made = drafted()
    text = mailed(made)
    made.mail(CAROL, f"{edited(page(text))}\n\nOn Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n{quote(text)}")
    check(made)


@pytest.mark.parametrize("disposition", ["attachment", "inline"])
def test_a_draft_edited_and_attached_is_merged(disposition: str) -> None:
    made = drafted()
    mailed(made)
    file = edited(RENDERER.report(made.incident)[1])
    made.take(attached(CAROL, file, disposition=disposition), made.at(60))
    check(made)


def test_a_draft_edited_within_quote_marks_is_merged_and_what_was_left_out_stays() -> None:
    """People cut quotations; what is missing in one was not taken out."""
    made = drafted()
    text = page(mailed(made)).replace(CAUSE, "nobody is told when a disk of the registry fills")
    text = text.replace("every push ended in a 500 [^1]\n", "")
    made.mail(CAROL, f"On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n{quote(text)}")
    assert texts(made, "CAUSE") == ["nobody is told when a disk of the registry fills"]
    assert texts(made, "IMPACT") == ["every push ended in a 500"]
    assert said(made) == "merged: Root Cause changed."


def test_a_draft_edited_in_a_quotation_without_marks_as_outlook_makes_them_is_merged() -> None:
    made = drafted()
    text = mailed(made)
    head = "Thanks.\n\n-----Original Message-----\nFrom: incident bot <mailbot@example.org>\n"
    head += "Sent: Saturday, November 21, 2026 12:41 PM\n"
    head += "To: incident@example.org\nSubject: Re: Registry refuses pushes\n\n"
    made.mail(CAROL, head + text)
    assert said(made) == ""
    made.mail(CAROL, head + text.replace(CAUSE, CAUSE + " at night"))
    assert texts(made, "CAUSE") == [CAUSE + " at night"]
    assert said(made) == "merged: Root Cause changed."


@pytest.mark.parametrize("width", [40, 60, 66])
def test_a_quotation_that_a_mail_program_wrapped_anew_is_no_edit(width: int) -> None:
    made = drafted()
    text = page(mailed(made))
    whole = [f"> {part}" for line in text.split("\n") for part in (textwrap.wrap(line, width) or [""])]
    broken = [
        ("> " + line)[:width] + ("\n" + ("> " + line)[width:] if len(line) > width - 2 else "")
        for line in text.split("\n")
    ]
    for lines in (whole, broken):
        made.mail(CAROL, "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n" + "\n".join(lines) + "\n\nLooks good!")
        assert said(made) == ""


def test_lines_written_between_quoted_ones_fill_the_section_they_stand_in() -> None:
    made = drafted()
    lines = quote(page(mailed(made))).split("\n")
    at = lines.index("> ## Resolution")
    lines[at + 3 : at + 3] = ["", "Old logs were deleted, with", "find -delete.", ""]
    made.mail(CAROL, "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n" + "\n".join(lines))
    assert texts(made, "RESOLUTION") == ["Old logs were deleted, with find -delete."]
    assert said(made) == "merged: Resolution added to."


def test_a_question_and_a_keyword_between_quoted_lines_are_no_paragraphs() -> None:
    made = drafted()
    lines = quote(page(mailed(made))).split("\n")
    at = lines.index("> ## Resolution")
    lines[at + 3 : at + 3] = ["", "Was that all?", "", "RESOLUTION: old logs were deleted", ""]
    made.mail(CAROL, "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n" + "\n".join(lines))
    assert texts(made, "RESOLUTION") == ["old logs were deleted"]


def test_a_quotation_that_lost_its_marks_on_the_way_through_html_is_found() -> None:
    """Web mail quotes the HTML beside the text: headings without #, footnotes as [1]."""
    made = drafted()
    html = page(mailed(made)).replace("## ", "").replace("[^", "[").replace("_Not recorded._", "Not recorded.")
    made.mail(CAROL, "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n" + quote(html.replace(CAUSE, CAUSE + " up")))
    assert texts(made, "CAUSE") == [CAUSE + " up"]
    assert said(made) == "merged: Root Cause changed."


# ── add, change, delete ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_section_whose_heading_is_gone_was_taken_out() -> None:
    made = drafted()
    text = page(mailed(made)).replace(f"## Root Cause\n\n{CAUSE} [^1]\n\n", "")
    made.mail(CAROL, text)
    assert texts(made, "CAUSE") == []
    assert said(made) == "merged: Root Cause taken out."
    assert (
        f"words in Root Cause, taken out by Carol: `<{made.items[1].message_id}>`" in RENDERER.report(made.incident)[1]
    )


def test_two_sections_sent_back_alone_take_nothing_out() -> None:
    made = drafted()
    mailed(made)
    made.mail(CAROL, "## Resolution\n\nold logs deleted\n\n## Detection\n\na user wrote\n")
    assert (texts(made, "RESOLUTION"), texts(made, "DETECTION")) == (["old logs deleted"], ["a user wrote"])
    assert texts(made, "CAUSE") == [CAUSE]


def test_an_edited_paragraph_has_its_new_writer_as_source_and_keeps_the_old_words() -> None:
    made = drafted()
    made.mail(CAROL, edited(page(mailed(made))))
    (cause,) = made.incident.section("CAUSE")
    assert (cause.who.name, cause.message_id, cause.was) == ("Carol", made.items[-1].message_id, (CAUSE,))


def test_the_debrief_edited_goes_into_the_sections_it_shows() -> None:
    made = drafted("SUMMARY: It failed.\nCAUSE: no alert\nPOORLY: nobody knew\nDETECTION: a user\nWELL: calm\n")
    mailed(made)
    file = RENDERER.report(made.incident, "debrief")[1]
    file = file.replace("no alert [^1]", "no alert on disks [^1]").replace(
        "2. nobody knew [^1]", "2. nobody knew [^1]\n3. no runbook"
    )
    made.mail(CAROL, file)
    assert texts(made, "CAUSE") == ["no alert on disks"]
    assert texts(made, "POORLY") == ["nobody knew", "no runbook"]
    assert (texts(made, "DETECTION"), texts(made, "WELL")) == (["a user"], ["calm"]), "what it does not show stays"


# ── text without a draft's mark says nothing of the state it was made from ────────────────────────────────────────────

PASTED = "## Root Cause\n\nNo quota for logs\n\n## Detection\n\nA user wrote\n\n## What Went Well?\n\nQuick fix\n"


@pytest.mark.parametrize("below", ["", "\nRegards\nCarol\n", "\n-- \nCarol of the long and winding signature\n"])
def test_sections_pasted_without_a_mark_are_added_and_the_last_one_is_not_lost(below: str) -> None:
    made = drafted()
    mailed(made)
    made.mail(CAROL, PASTED + below, 60)
    assert texts(made, "CAUSE") == [CAUSE, "No quota for logs"]
    assert texts(made, "DETECTION") == ["A user wrote"]
    assert texts(made, "WELL") == ["the rollback took a minute", "people kept calm", "Quick fix"]
    assert said(made) == "merged: Root Cause added to, Detection added to, What Went Well? added to."
    assert made.incident.removed == []


def test_the_last_section_goes_on_over_paragraphs_up_to_a_keyword() -> None:
    made = drafted()
    mailed(made)
    more = "\nThe whole team was awake and at hand.\n\nLOG 12:10 UTC we asked who else had seen it\n"
    made.mail(CAROL, PASTED + more, 60)
    assert texts(made, "WELL")[2:] == ["Quick fix", "The whole team was awake and at hand."]
    assert "12:10 we asked who else had seen it" in lines_of(made)


def test_what_is_there_already_is_not_doubled_by_text_without_a_mark() -> None:
    made = drafted()
    mailed(made)
    made.mail(BOB, "DETECTION: No", 50)
    pasted = PASTED.replace("No quota for logs", f"{CAUSE.capitalize()}, as there is no quota for logs.")
    made.mail(CAROL, pasted.replace("A user", "Nobody").replace("Quick fix", "The rollback\ntook a minute."), 60)
    assert texts(made, "CAUSE") == ["Nobody is told when a disk fills, as there is no quota for logs."]
    assert made.incident.section("CAUSE")[0].was == (CAUSE,)
    assert texts(made, "DETECTION") == ["No", "Nobody wrote"]
    assert texts(made, "WELL") == ["the rollback took a minute", "people kept calm"]


def test_a_whole_draft_without_its_mark_takes_nothing_out_and_a_closing_below_is_no_section() -> None:
    made = drafted()
    text = mailed(made)
    text = text[text.index("## 2026-11-21") :].split("\n-- \n")[0].replace(f"## Root Cause\n\n{CAUSE} [^1]\n\n", "")
    made.mail(
        CAROL, text.replace("people kept calm [^1]", "all slept [^1]") + "\n\nBest regards and see you,\nCarol", 60
    )
    assert texts(made, "CAUSE") == [CAUSE]
    assert texts(made, "WELL") == ["the rollback took a minute", "people kept calm", "all slept"]
    assert said(made) == "merged: What Went Well? added to."


def test_a_draft_that_was_cut_below_a_section_keeps_that_section() -> None:
    made = drafted("SUMMARY: It failed.\nCAUSE: no alert\n\nCAUSE: no quota\n")
    text = page(mailed(made)).partition("## Detection")[0]
    made.mail(CAROL, text.replace("no alert", "no alert on disks") + "\nCarol\n", 60)
    assert texts(made, "CAUSE") == ["no alert on disks", "no quota"]


def test_a_quotation_without_a_mark_brings_no_old_words_back_and_an_edit_in_it_is_asked() -> None:
    made = drafted()
    text = page(mailed(made))
    lower = "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n" + quote(text[text.index("## Proximate Trigger") :])
    made.mail(BOB, text.replace(CAUSE, CAUSE + " at night"), 50)
    made.mail(CAROL, "Looks good.\n\n" + lower, 60)
    assert (texts(made, "CAUSE"), said(made)) == ([CAUSE + " at night"], "")
    made.mail(CAROL, lower.replace(CAUSE, "nobody is told when a log fills"), 61)
    assert texts(made, "CAUSE") == [CAUSE + " at night"]
    assert "Root Cause: your text names no draft that I know, so what is there stays." in said(made)


def test_what_a_reply_to_a_digest_wrote_is_in_a_draft_that_is_known() -> None:
    made = drafted()
    mailed(made)
    made.items[-1] = replace(made.mail(BOB, f"RESOLUTION {ID}: old logs were deleted", 50), elsewhere=True)
    made.mail(CAROL, RENDERER.report(made.incident)[1].replace("old logs were deleted", "a quota was set"), 60)
    assert texts(made, "RESOLUTION") == ["a quota was set"]


# ── stale drafts and conflicts ────────────────────────────────────────────────────────────────────────────────────────


def test_a_stale_draft_takes_back_nothing_that_others_wrote_since() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(BOB, "RESOLUTION: old logs were deleted\nIMPACT: and the nightly build", 50)
    made.mail(CAROL, text.replace(CAUSE, "no alert on disks"), 60)
    assert texts(made, "RESOLUTION") == ["old logs were deleted"]
    assert texts(made, "IMPACT") == ["every push ended in a 500", "and the nightly build"]
    assert texts(made, "CAUSE") == ["no alert on disks"]
    assert said(made) == "merged: Root Cause changed."


def test_two_who_change_the_same_paragraph_are_asked_and_the_first_stays() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(BOB, text.replace(CAUSE, "no alert on disks"), 50)
    made.mail(CAROL, text.replace(CAUSE, "no quota for logs").replace("people kept calm", "all kept calm"), 60)
    assert texts(made, "CAUSE") == ["no alert on disks"]
    assert texts(made, "WELL")[-1] == "all kept calm", "what is no conflict is merged"
    told = said(made)
    assert 'Root Cause: Bob Stone changed the same words 2026-11-21 12:50 UTC, to "no alert on disks"' in told
    assert 'You wrote: "no quota for logs"' in told
    assert "REPORT mails you the draft" in told


def test_a_conflict_alone_changes_nothing_and_is_not_done() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(BOB, text.replace(CAUSE, "no alert on disks"), 50)
    before = made.incident.notes
    made.mail(CAROL, text.replace(CAUSE, "no quota for logs"), 60)
    assert made.incident.notes == before
    (ask,) = [a for a in made.incident.asks.values() if a.message_id == made.items[-1].message_id]
    assert (ask.kind, ask.public, [o.ok for o in ask.outcomes]) == ("receipt", False, [False])


def test_the_answer_to_a_conflict_is_the_new_draft_with_the_right_words() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(BOB, text.replace(CAUSE, "no alert on disks"), 50)
    made.mail(CAROL, text.replace(CAUSE, "no quota for logs"), 60)
    file = RENDERER.report(made.incident)[1].replace("no alert on disks", "no alert, and no quota for logs")
    made.mail(CAROL, file, 70)
    assert texts(made, "CAUSE") == ["no alert, and no quota for logs"]


def test_the_same_edit_twice_is_one() -> None:
    made = drafted()
    text = page(mailed(made)).replace(CAUSE, "no alert on disks")
    made.mail(BOB, text, 50)
    made.mail(CAROL, text, 60)
    assert texts(made, "CAUSE") == ["no alert on disks"]
    assert said(made) == ""


def test_a_second_thought_of_the_same_person_wins_over_the_first() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(CAROL, text.replace(CAUSE, "no alert on disks"), 50)
    made.mail(CAROL, text.replace(CAUSE, "no alert on any disk"), 60)
    assert texts(made, "CAUSE") == ["no alert on any disk"]
    assert made.incident.section("CAUSE")[0].was == (CAUSE, "no alert on disks")


def test_taking_out_what_another_changed_is_asked() -> None:
    made = drafted()
    text = page(mailed(made))
    made.mail(BOB, text.replace(CAUSE, "no alert on disks"), 50)
    made.mail(CAROL, text.replace(f"{CAUSE} [^1]", "_Not recorded._"), 60)
    assert texts(made, "CAUSE") == ["no alert on disks"]
    assert "You took it out." in said(made)


# ── part of the fold ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_undo_takes_an_edited_draft_back_and_undo_of_that_brings_it_again() -> None:
    made = drafted()
    before = made.incident.notes
    made.mail(CAROL, edited(page(mailed(made))), 60)
    code = next(c for c, m in made.incident.codes.items() if m == made.items[-1].message_id)
    made.mail(CAROL, f"UNDO {code}", 61)
    assert made.incident.notes == before
    assert made.incident.removed == []
    again = next(c for c, m in made.incident.codes.items() if m == made.items[-1].message_id)
    made.mail(CAROL, f"UNDO {again}", 62)
    assert texts(made, "CAUSE") == ["no alert looks at the disks of the registry"]


def test_l5_keywords_and_times_inside_a_draft_that_comes_back_are_not_obeyed() -> None:
    made = drafted()
    text = page(mailed(made)).replace("_Not recorded._", "CANCEL\nAt 11:59 UTC it broke.", 1)
    entries = len(made.incident.entries)
    made.mail(CAROL, text, 60)
    assert made.incident.status.value == "resolved"
    assert len(made.incident.entries) == entries


def test_the_draft_of_another_incident_is_refused() -> None:
    made = drafted()
    text = page(mailed(made)).replace(ID, "INC-20250101-XYZ").replace(CAUSE, "another cause")
    made.mail(CAROL, text, 60)
    assert texts(made, "CAUSE") == [CAUSE]
    assert "That is the draft of INC-20250101-XYZ" in said(made)
    made.mail(CAROL, f"See there:\n\n{quote(text)}", 61)
    assert (texts(made, "CAUSE"), said(made)) == ([CAUSE], "")


def test_a_published_page_that_comes_back_does_not_bring_its_masks() -> None:
    made = drafted("SUMMARY: It failed.\nRESOLUTION: asked ops@example.org\nCAUSE: no alert\n")
    mailed(made)
    page_ = RENDERER.report(made.incident, public=True)[1]
    assert "(held back: mail address)" in page_
    made.mail(CAROL, page_.replace("no alert", "no alert on disks"), 60)
    assert texts(made, "RESOLUTION") == ["asked ops@example.org"]
    assert texts(made, "CAUSE") == ["no alert on disks"]


def test_a_receipt_for_an_edited_draft_goes_to_its_sender_alone() -> None:
    made = drafted()
    made.mail(CAROL, edited(page(mailed(made))), 60)
    receipt = letters(made)["receipt"]
    assert receipt.recipients == ("carol@example.net",)
    body = message_from_bytes(receipt.raw, policy=default).get_content()
    assert "| the draft that you sent back" in body
    assert max(map(len, body.split("\n"))) <= 72


# ── reading is total ──────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(
    ["## Summary", "> ## Root Cause", "Root Cause", "## Timeline", "# Summary", "## What went wrong", "x [^1]", "> y", "<!--",
     "-->", "```", "1. z", "", "---", "id: INC-20261121-K7Q", "_Not recorded._", "---- draft ABCDEF ----", "## Action Items"]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=30)), max_size=40))
def test_reading_a_draft_never_raises_and_covers_only_its_place(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = draft.find(text, split(text))
    assert found is None or text[found.start : found.end] == found.text
    for quoted in (False, True):
        assert draft.read(text, quoted=quoted).quoted is quoted
    made = drafted()
    made.mail(CAROL, text.encode("utf-8", "replace").decode(), 60)
    assert made.incident.id == ID


def test_reading_is_linear() -> None:
    text = "## Summary\nx\n" * 30_000
    found = draft.find(text, ())
    assert found is None or len(found.text) <= draft.MOST
    assert len(draft.read(text).sections) == 1


# ── timeline and actions ──────────────────────────────────────────────────────────────────────────────────────────────

LINES = """CAUSE: no alert

LOG 11:50 UTC disk is full
LOG 11:55 UTC asked Carol
ACTION prevent add a test @bob due 2026-12-01
"""


def lines_of(made: Scene) -> list[str]:
    return [f"{e.utc:%H:%M} {e.what}" for e in made.incident.timeline()]


def test_lines_of_the_timeline_are_corrected_added_and_taken_out() -> None:
    made = drafted(LINES)
    text = page(mailed(made))
    text = text.replace("* 11:50 - disk is full", "* 11:48 - disk of registry-2 is full")
    text = text.replace("* 11:55 - asked Carol [^1]\n", "* 11:52 - Carol looked too\n")
    made.mail(CAROL, text, 60)
    assert lines_of(made) == [
        "11:38 Incident start.",
        "11:48 disk of registry-2 is full",
        "11:52 Carol looked too",
        "12:20 Service restored: old logs deleted",
        "12:40 Incident concluded.",
    ]
    assert said(made) == (
        "merged: T2 corrected, T6 added to the timeline (11:52 Carol looked too), T3 taken out of the timeline."
    )
    assert made.incident.entry("T2").was == ("2026-11-21 11:50 UTC - disk is full",)
    assert "(corrected; before: 2026-11-21 11:50 UTC - disk is full)" in RENDERER.report(made.incident)[1]
    made.mail(CAROL, page("---- draft " + RENDERER.report(made.incident)[1]), 70)
    assert said(made) == "", "and again it is no edit"


def test_a_corrected_end_of_the_impact_corrects_the_duration() -> None:
    made = drafted(LINES)
    made.mail(CAROL, page(mailed(made)).replace("* 12:20 - Service restored", "* 12:30 - Service restored"), 60)
    assert "\n52 min (2026-11-21 11:38 to 12:30 UTC)" in RENDERER.report(made.incident)[1]


def test_a_stale_draft_takes_no_newer_line_out_and_brings_no_old_one_back() -> None:
    made = drafted(LINES)
    text = page(mailed(made))
    made.mail(BOB, "LOG 12:00 UTC deleted old logs\nFIX T2 11:47\nDROP T3", 50)
    before = lines_of(made)
    made.mail(CAROL, text.replace("no alert", "no alert on disks"), 60)
    assert lines_of(made) == before
    assert said(made) == "merged: Root Cause changed."


def test_actions_are_reworded_moved_and_added_below_their_heading() -> None:
    made = drafted(LINES)
    text = page(mailed(made))
    assert "* A1 add a test (@bob), due 2026-12-01 [^1]" in text
    text = text.replace("add a test (@bob)", "add a test for a full disk (@bob)")
    text = text.replace("### Detect\n", "### Detect\n\n* alert on disks @carol due 2026-12-24\n")
    made.mail(CAROL, text, 60)
    found = [(a.label, a.category, a.text, a.owner, a.due) for a in made.incident.actions]
    assert found == [
        ("A1", "prevent", "add a test for a full disk", "bob", "2026-12-01"),
        ("A2", "detect", "alert on disks", "carol", "2026-12-24"),
    ]
    assert said(made) == "merged: A2 noted, A1 changed."


def test_undo_of_an_edited_timeline_keeps_the_numbers() -> None:
    made = drafted(LINES)
    before = lines_of(made)
    made.mail(CAROL, page(mailed(made)).replace("* 11:55 - asked", "* 11:52 - looked too\n* 11:55 - asked"), 60)
    code = next(c for c, m in made.incident.codes.items() if m == made.items[-1].message_id)
    made.mail(BOB, f"UNDO {code}\nLOG 11:53 UTC later", 61)
    assert lines_of(made) == sorted([*before, "11:53 later"])
    assert made.incident.entry("T7").what == "later", "T6 was the line that was taken back"


HEAD = "On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("* 11:50 - disk is full", "* 11:48 - disk is full"),
        ("* 11:55 - asked Carol", "* 11:55 - asked Carol and the forum"),
        ("* 11:55 - asked", "* 11:52 - Carol looked too\n* 11:55 - asked"),
        ("### Detect\n", "### Detect\n\n* alert on disks @carol\n"),
        ("A1 add a test", "A1 add a test for a full disk"),
    ],
)
def test_a_timeline_or_an_action_changed_in_a_quotation_is_told_and_never_silent(old: str, new: str) -> None:
    made = drafted(LINES)
    text = page(mailed(made))
    before = lines_of(made), made.incident.actions
    assert old in text
    made.mail(CAROL, HEAD + quote(text.replace(old, new)), 60)
    told = said(made)
    assert told.startswith("The timeline and the actions: I do not read them in a quotation. Write FIX, LOG or ACTION")
    assert "Which is right?" not in told
    made.mail(CAROL, HEAD + quote(text.replace(old, new).replace("no alert", "no alert on disks")), 61)
    assert said(made) == f"merged: Root Cause changed.\nNot merged: {told}"
    assert (lines_of(made), made.incident.actions) == before


def test_a_quotation_that_is_cut_older_or_commented_has_nothing_to_tell_of_its_timeline() -> None:
    made = drafted(LINES)
    text = page(mailed(made))
    made.mail(BOB, "LOG 12:00 UTC deleted old logs\nFIX T2 11:47\nDROP T3\nDONE A1", 50)
    left_out = text.replace("* 11:50 - disk is full [^1]\n", "").replace(
        "* A1 add a test (@bob), due 2026-12-01 [^1]\n", ""
    )
    told_below = quote(text).replace("> * 11:55 - asked", "that was me\n\n* and Carol\n> * 11:55 - asked")
    for body in (quote(text), quote(left_out), told_below, quote(text.partition("## Action")[0])):
        made.mail(CAROL, HEAD + body)
        assert said(made) == "", body


def as_html(made: Scene, words: str) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = CAROL, LIST.address, "Re: Registry refuses pushes"
    mail["Message-ID"] = f"<html{len(made.items)}@example.net>"
    mail.set_content(words, subtype="html")
    made.take(mail.as_bytes(), made.at(60 + len(made.items)))


def test_l5_the_whole_mail_that_brought_the_draft_pasted_and_edited_gives_the_edit_and_nothing_else() -> None:
    made = drafted("SUMMARY: It failed.\nCAUSE: " + CAUSE + "\n\nLOG 11:20 UTC deployed v41\n")
    letter = message_from_bytes(letters(made)["draft"].raw, policy=default)
    plain, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    made.settle()
    entries, status = made.incident.entries, made.incident.status
    made.mail(CAROL, "My version:\n\n" + plain.get_content().replace("\r\n", "\n").replace(CAUSE, CAUSE + " up"))
    assert said(made) == "merged: Root Cause changed."
    made.settle()
    as_html(
        made,
        "<p>And mine:</p>" + html.get_content().replace(CAUSE, CAUSE + " up at night").replace("draft W", "draft V"),
    )
    assert texts(made, "CAUSE")[-1] == CAUSE + " up at night"
    assert (made.incident.entries, made.incident.status) == (entries, status)
    assert [c.keyword.word for i in made.items[-2:] if isinstance(i, Said) for c in i.reading.commands] == [
        "the edited draft"
    ]


def test_web_mail_that_quotes_the_html_is_read_like_the_text() -> None:
    made = drafted()
    html = message_from_bytes(letters(made)["draft"].raw, policy=default).get_body(("html",))
    assert html is not None
    made.settle()
    body = html.get_content().partition("<body")[2].partition(">")[2].partition("</body>")[0]
    as_html(made, f"<div>Good.</div><div>On Sat, 21 Nov 2026, incident bot wrote:<blockquote>{body}</blockquote></div>")
    assert said(made) == ""
    changed = body.replace(CAUSE, CAUSE + " at night")
    as_html(
        made, f"<div>Good.</div><div>On Sat, 21 Nov 2026, incident bot wrote:<blockquote>{changed}</blockquote></div>"
    )
    assert texts(made, "CAUSE") == [CAUSE + " at night"]
    assert said(made) == "merged: Root Cause changed."
