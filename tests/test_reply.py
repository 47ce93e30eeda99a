"""Own text of a reply: the tables by their examples, scenes of real styles, and junk."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import quotes, reply
from mailbot.core.reply import Kind


def own(text: str) -> str:
    return "".join(text[start:end] for start, end in reply.own_spans(reply.split(text)))


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(part.kind, text[part.start : part.end].strip()) for part in reply.split(text)]


# ---- tables


@pytest.mark.parametrize("example", [example for _, example in quotes.WROTE])
def test_an_attribution_of_this_language_is_seen_above_marks_and_without_them(example: str) -> None:
    assert own(f"My answer.\n\n{example}\n> quoted\n\nAnd more.\n").split() == ["My", "answer.", "And", "more."]
    assert own(f"My answer.\n\n{example}\n\nquoted without marks\n").split() == ["My", "answer."]


@pytest.mark.parametrize("row", quotes.FIELDS, ids=lambda row: row[0])
@pytest.mark.parametrize("colon", [":", " :", "："])
def test_a_header_block_of_this_language_starts_a_quote(row: tuple[str, str, str, str], colon: str) -> None:
    sender, sent, to, subject = (words.split("|")[0] for words in row)
    block = f"{sender}{colon} Alice <alice@example.org>\n{sent}{colon} 6.5.2024 09:15\n{to}{colon} Ops\n{subject}{colon} db\n"
    assert own(f"My answer.\n\n{block}\nold text\n").split() == ["My", "answer."]


@pytest.mark.parametrize("words", quotes.ORIGINAL)
def test_a_separator_of_this_language_starts_a_quote(words: str) -> None:
    assert own(f"My answer.\n\n-----{words}-----\n\nold text\n").split() == ["My", "answer."]


@pytest.mark.parametrize("words", quotes.FORWARDED)
def test_a_forwarded_message_of_this_language_is_marked_as_such(words: str) -> None:
    assert [kind for kind, _ in kinds(f"FYI\n\n---------- {words} ----------\nold\n")] == [Kind.OWN, Kind.FORWARD]
    assert [kind for kind, _ in kinds(f"FYI\n\n{words}:\n\n> old\n\nSo what?\n")] == [Kind.OWN, Kind.FORWARD, Kind.OWN]


@pytest.mark.parametrize("example", [example for _, example in quotes.MOBILE])
def test_the_line_of_a_telephone_is_a_signature_where_own_text_ends(example: str) -> None:
    assert kinds(f"We are back.\n\n{example}\n") == [(Kind.OWN, "We are back."), (Kind.SIGNATURE, example)]
    assert kinds(f"We are back.\n\n{example}\n\n> On 6 May Alice wrote:\n> old\n")[1] == (Kind.SIGNATURE, example)
    assert own(f"{example}\nis what it said\n") == f"{example}\nis what it said\n"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my phone", "SENT FROM MY IPHONE", "Get Outlook for iOS", "Von meinem iPhone gesendet",
        "Gesendet von meinem Handy", "Diese Nachricht wurde von meinem Handy gesendet", "Enviado do meu iPhone",
        "Inviato da iPhone", "Sendt fra min iPhone", "Verstuurd vanaf mijn iPhone", "Verzonden vanaf mijn iPhone",
        "Poslano z iPhone",
    ],
)  # fmt: skip
def test_the_cheap_first_question_lets_no_line_of_a_telephone_pass(line: str) -> None:
    assert quotes.MOBILE_LINE.match(line)
    assert quotes.is_mobile(line)


@pytest.mark.parametrize("example", [example for _, example in quotes.FOOTERS])
def test_the_footer_of_a_list_is_no_own_text(example: str) -> None:
    assert kinds(f"We are back.\n\n_______________________\n{example}\n")[1][0] is Kind.FOOTER


# ---- scenes


def test_answers_between_quoted_lines_are_kept() -> None:
    head = "On Mon, 6 May 2024 at 09:15, Alice <alice@example.org> wrote:"
    text = f"{head}\n> is it the database?\nyes\n> since when?\n\n09:10\n"
    assert own(text).split() == ["yes", "09:10"]


@pytest.mark.parametrize(
    "attribution",
    [
        'On Mon, 3 Mar 2003 18:17:48 +0000\n"Alice Smith" <alice at example.org> wrote:',
        "On Fri, May 6, 2024 at 6:03 PM, Alice from the Network Team\n<alice@example.org> wrote:",
        "On Nov 30, 2024, at 12:47 PM, Somebody <\nalice@example.org>\nwrote:",
        "Op 12 december 2024 19:05 schreef Alice Smith <\nalice@example.org>:",
        "On Dec 16, 2024, at 12:47 PM, Alice Smith wrote:\n<alice@example.org>\nwrote:",
    ],
)
def test_l31_an_attribution_may_go_over_several_lines(attribution: str) -> None:
    assert own(f"My answer.\n\n{attribution}\n\n> old\n").split() == ["My", "answer."]


@pytest.mark.parametrize(
    "attribution",
    [
        "Alice Smith wrote:",
        "* Alice Smith [240502 09:15]:",
        "Quoting Alice <alice@example.org>:",
        "alice@example.org writes:",
        "On 02:38 am, alice at example.org wrote:",
        "---- Alice Smith wrote ----",
        "2024/5/6 Alice <alice@example.org>",
    ],
)
def test_a_short_attribution_counts_where_a_quote_follows(attribution: str) -> None:
    assert own(f"My answer.\n\n{attribution}\n\n> old\n").split() == ["My", "answer."]


@pytest.mark.parametrize(
    "text",
    [
        "Start\nFrom: 14:05\nTo: 14:32\nSubject: the database\n",
        "From: 2024-05-07 14:05\nTo: 2024-05-07 14:32\nSubject: outage\n",
        "We saw this.\n\nOn 2024-05-06 at 09:15 UTC the alert from ops@example.org said:\n\ncritical\n\n09:20 we looked\n",
        "Timeline\n\n2024-05-06 09:15 UTC - paged, see ops@example.org:\n\n09:20 done\n",
        "Story.\n\nOn 7 May 2024 at 09:15 Alice wrote:\n\nthe uplink is down\n\n14:05 fixed\n",
        "- 09:10 it began\n- 09:20 we looked\n-- not sure about this\n--- end\n",
        "Summary\n-------\n\nIt was the database.\n\n---\n\nMore below.\n",
        "| time | what |\n| --- | --- |\n| 09:10 | down |\n",
        "RESOLVED 14:05\n--\nrolled back, all is well\n",
        "Sent from my desk, which is easier than my phone.\n",
        ">>> look here <<<\n",
        "-- \nAlice\n",
        "2024-05-07 14:05 alice: database down\n2024-05-07 14:10 bob: looking\n",
    ],
)
def test_l30_what_only_looks_like_a_quote_or_signature_is_own_text(text: str) -> None:
    assert own(text) == text


def test_a_header_block_below_own_text_ends_it_and_one_above_does_not() -> None:
    block = "____________\nFrom: Alice <alice@example.org>\nSent: Monday, May 6, 2024 9:15 AM\nTo: ops\nSubject: db\n"
    assert kinds(f"Fixed.\n{block}\nIs it back?\n") == [
        (Kind.OWN, "Fixed."),
        (Kind.ATTRIBUTION, block.strip()),
        (Kind.QUOTE, "Is it back?"),
    ]
    assert own(f"{block}\nThis is all I have.\n").strip() == "This is all I have."


def test_answers_between_marks_below_a_header_block_are_kept() -> None:
    block = "----- Original Message -----\nFrom: Alice <alice@example.org>\nSent: 6 May 2024 09:15\nSubject: down\n\n"
    text = "See below.\n\n" + block + "> is it down?\n\nSince 14:05.\n\n> and now?\n\nBack at 14:30.\n"
    assert own(text).strip().split("\n\n") == ["See below.", "Since 14:05.", "Back at 14:30."]
    theirs = block + "On Monday Bob <bob@example.org> wrote:\n> is it down?\n\nSince 14:05.\n"
    assert own("Thanks!\n\n" + theirs).strip() == "Thanks!"


def test_a_signature_ends_where_the_quote_below_it_begins() -> None:
    head = "On Mon, 6 May 2024 at 09:15, Bob <bob@example.org> wrote:"
    text = f"Fixed.\n\n-- \nAlice\n+41 44 123 45 67\n\n{head}\n> when?\n\nAt 10:00.\n"
    assert [kind for kind, _ in kinds(text)] == [Kind.OWN, Kind.SIGNATURE, Kind.ATTRIBUTION, Kind.QUOTE, Kind.OWN]


def test_two_dashes_without_their_space_need_an_address_or_number_below_them() -> None:
    assert own("Fixed.\n\n--\nAlice\nalice@example.org\n").strip() == "Fixed."
    assert own("Fixed.\n\n--\nAlice\n") == "Fixed.\n\n--\nAlice\n"


def test_a_footer_of_google_groups_is_a_footer_and_not_a_signature() -> None:
    footer = 'You received this message because you are subscribed to the Google Groups "ops" group.\nTo unsubscribe …'
    text = f"Fixed.\n\n-- \n{footer}\n"
    assert [kind for kind, _ in kinds(text)] == [Kind.OWN, Kind.FOOTER]


def test_an_attribution_that_lost_its_line_break_begins_inside_its_line() -> None:
    text = "thanks On Wed, May 8, 2024 at 3:59 PM, alice@example.org wrote:\n> old\n"
    assert kinds(text) == [
        (Kind.OWN, "thanks"),
        (Kind.ATTRIBUTION, "On Wed, May 8, 2024 at 3:59 PM, alice@example.org wrote:"),
        (Kind.QUOTE, "> old"),
    ]


def test_marks_of_older_programs_count_after_an_attribution_only() -> None:
    assert own("Alice Smith <alice@example.org> wrote:\n\n| old\n| text\n\nmine\n").strip() == "mine"
    assert own("| STATUS\n") == "| STATUS\n"


def test_a_forwarded_message_ends_at_its_end_mark() -> None:
    head = "----- Forwarded message from Alice <alice@example.org> -----"
    text = f"FYI\n\n{head}\n\nold\n\n----- End forwarded message -----\n\nBob\n"
    assert own(text).split() == ["FYI", "Bob"]


def test_l5_a_reply_that_is_only_a_quote_has_no_own_text() -> None:
    assert own("On Mon, 6 May 2024 at 09:15, Alice <alice@example.org> wrote:\n> RESOLVED 14:05\n") == ""


# ---- bounds


PIECES = [
    "> a", "On 6 May 2024, a@b.cc wrote:", "-- ", "--", "From: a <a@b.cc>", "Sent: 6 May 2024", "To: b", "Subject: c", "", "text",
    "---- Original Message ----", "_____", "Begin forwarded message:", "Sent from my iPhone", "x On 6 May 2024, a@b.cc wrote:",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=30))
def test_the_parts_cover_every_text_without_gaps(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = reply.split(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(part.end > part.start for part in parts)
    assert all(a.end == b.start for a, b in pairwise(parts))


@pytest.mark.parametrize(
    "unit", ["1", ":", " ", ">", "|", "[", "-", "\n", "1:", "-\n", ":\n", "> \n", "1 May 2024:\n", "From: a\n", "-- \n"]
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    start = time.process_time()
    reply.split(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 2


def test_a_text_of_very_many_lines_is_judged_by_its_marks_in_the_end() -> None:
    text = "mine\n" * reply.LINES + "> yours\nmine\n"
    assert kinds(text)[1:] == [(Kind.QUOTE, "> yours"), (Kind.OWN, "mine")]
