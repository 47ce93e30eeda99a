"""Scenes of outbox/render.py and the mail templates: the laws of outgoing mail 5 to 8, hostile names, broken templates."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.commands import keywords, read_commands
from mailbot.core.due import Notice
from mailbot.core.incident import Ask, Incident, undo_code
from mailbot.core.message import Address, parse
from mailbot.core.times import Context
from mailbot.outbox.render import MOST_REFERENCES, Letter, Looks, Renderer
from tests import notices
from tests.incident_scene import ALICE, BOB, CAROL, ID, LIST, NOON, WORDS, Scene, letters

EXAMPLES = notices.examples()
KINDS = sorted(EXAMPLES)


def opened(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.raw, policy=default)


def text(letter: Letter) -> str:
    body = opened(letter).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# ── every mail ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_notice_has_an_example() -> None:
    folder = Path(__file__).parent.parent / "templates" / "mail"
    templates = {p.name.removesuffix(".txt.j2") for p in folder.glob("*.txt.j2") if not p.name.startswith("_")}
    assert {t for t in templates if t not in EXAMPLES | notices.replies()} <= {"question", "lint"}


@pytest.mark.parametrize("kind", KINDS)
def test_law_7_plain_text_at_72_columns(kind: str) -> None:
    wide = [line for line in text(EXAMPLES[kind]).split("\n") if len(line) > 72 and "://" not in line]
    assert wide == []


@pytest.mark.parametrize("kind", KINDS)
def test_mails_are_tidy(kind: str) -> None:
    body = text(EXAMPLES[kind])
    assert body == body.strip() + "\n"
    assert "\n\n\n" not in body
    assert not [line for line in body.split("\n") if line != line.rstrip() and line != "-- "]
    assert not re.search(r"[—–]|\bNone\b|\{\{|\}\}|Undefined", body)
    assert body.count("\n-- \n") == 1, "one foot"


@pytest.mark.parametrize("kind", KINDS)
def test_l44_law_8_every_notice_says_how_to_stop_its_kind_and_who_has_it(kind: str) -> None:
    foot = text(EXAMPLES[kind]).split("\n-- \n")[1]
    if kind == "digest":
        assert 'every = "never"' in foot
        return
    assert foot.startswith(f"{ID}, ")
    assert "Who has this: " in foot
    assert re.search("QUIET|Sent because you wrote", foot)


@pytest.mark.parametrize("kind", KINDS)
def test_law_6_headers(kind: str) -> None:
    letter, mail = EXAMPLES[kind], opened(EXAMPLES[kind])
    assert mail["Auto-Submitted"] in ("auto-replied", "auto-generated")
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["List-Id"] == "<incident.example.org>"
    assert mail["Reply-To"] == ("mailbot@example.org" if kind == "confirm" else "incident@example.org")
    assert mail["Message-ID"] == f"<{letter.message_id}>"
    assert mail["X-Mailbot-Notice"]
    assert tuple(a.addr_spec for a in mail["To"].addresses) == letter.recipients != ()
    if kind != "digest":
        references = mail["References"].split()
        assert references[:2] == ["<m1@example.org>", f"<{ID}@example.org>"]
        assert mail["In-Reply-To"] in references
        assert mail["X-Mailbot-Incident"] == ID
        assert mail["Subject"].startswith("Re: ")


@pytest.mark.parametrize("kind", KINDS)
def test_law_6_the_envelope_sender_is_empty_for_answers_and_receipts_and_a_verp_address_else(kind: str) -> None:
    letter = EXAMPLES[kind]
    if kind.startswith(("answer", "receipt")):
        assert letter.sender == ""
    else:
        assert re.fullmatch(r"mailbot\+b\.[\w.-]{1,40}@example\.org", letter.sender)
        assert letter.message_id.partition("@")[0][-12:] in letter.sender, "its bounce can be told from others"


@pytest.mark.parametrize("kind", KINDS)
def test_l5_no_line_of_ours_is_a_command_when_it_comes_back_without_quote_marks(kind: str) -> None:
    body = text(EXAMPLES[kind])
    for pasted in (body, "\n".join(f"  {line}" for line in body.split("\n"))):
        assert read_commands(pasted, ((0, len(pasted)),), Context(NOON))[0] == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_l5_a_mail_of_ours_that_is_quoted_does_nothing(kind: str, ending: str) -> None:
    quoted = "\n".join(f"> {line}" for line in text(EXAMPLES[kind]).split("\n"))
    for body in (f"On Sat, 21 Nov 2026 at 12:00, incident bot wrote:\n{quoted}\n\nThanks!\n", f"Thanks!\n\n{quoted}"):
        scene = Scene()
        scene.mail(ALICE, "Pushes fail.", 0)
        raw = f"From: {BOB}\nMessage-ID: <q@x>\nSubject: Re: Registry\n\n{body}".replace("\n", ending)
        said = scene.take(raw.encode(), scene.at(1))
        assert [c.keyword.word for c in said.reading.commands] in ([], ["the edited draft"])
        assert (scene.incident.notes, [a.kind for a in scene.incident.asks.values()]) == ([], ["ack"])
        assert said.reading.mentions == () or kind == "digest", "times in marks without attribution may be a pasted log"


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_parser_reads_what_we_write(kind: str) -> None:
    message = parse(EXAMPLES[kind].raw)
    assert message.problems == ()
    assert message.message_id == EXAMPLES[kind].message_id
    assert message.text.rstrip("\n") == text(EXAMPLES[kind]).rstrip("\n")
    assert message.header("auto-submitted").startswith("auto-")


def test_law_3_the_same_notice_gives_the_same_bytes_and_another_one_another_id() -> None:
    again = notices.examples()
    assert {k: v.raw for k, v in again.items()} == {k: v.raw for k, v in EXAMPLES.items()}
    ids = [letter.message_id for letter in EXAMPLES.values() if ".ack." not in letter.message_id]
    assert len(ids) == len(set(ids))


def test_lines_are_at_most_998_octets_whatever_people_write() -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0, subject="É" * 400)
    scene.mail(BOB, f"SUMMARY: {'é' * 3000}\nRESOLVED: {'y' * 3000}\nTITLE {'z' * 300}\nLOG {'w' * 2000}")
    for letter in letters(scene).values():
        assert max(map(len, letter.raw.split(b"\r\n"))) <= 998
    assert opened(letters(scene)["ack"])["Subject"] == "Re: " + "É" * 400


# ── particular mails ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_draft_has_the_receipt_as_its_head_and_the_report_as_a_file() -> None:
    body = text(EXAMPLES["draft"])
    assert body.startswith("| RESTORED 13:36 UTC old logs deleted\n")
    assert body.index("| RESOLVED\n") < body.index("Well done, everybody.") < body.index("## 2026-11-21 Registry")
    assert "<!--" not in body
    assert not body.partition("-" * 72)[2].lstrip().startswith("---")
    (file,) = opened(EXAMPLES["draft"]).iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("2026-11-21-registry-refuses-pushes.md", "text/markdown")
    assert str(file.get_content()).startswith("---\r\nid: INC-")


def test_a21_the_draft_asks_one_question_for_what_the_duration_lacks() -> None:
    assert "| START 13:58 CEST\n" in text(EXAMPLES["draft-that-asks"])
    assert "One question" not in text(EXAMPLES["draft"])
    scene = Scene()
    scene.mail(ALICE, "x", 0)
    scene.mail(ALICE, "START 11:40 UTC\nRESOLVED")
    body = text(letters(scene)["draft"])
    assert "when were users served again?" in body
    assert "| RESTORED 14:40 CEST\n" in body
    assert body.count("One question") == 1


def test_a_receipt_tells_each_command_what_was_text_and_the_code_that_takes_it_back() -> None:
    scene = notices.worked()
    body = text(letters(scene)["receipt"])
    code = undo_code("m3@example.org")
    assert "| START 11:38 UTC\n  Impact began (T2, 2026-11-21 11:38 UTC)\n" in body or "| START 11:38 UTC\n" in body
    assert "| ZONE XYZ\n  Not done. I know no zone" in body
    assert "Read as text:\n| Resolved\n  write RESOLVED in capitals if you mean it\n" in body
    assert f"UNDO {code} takes it back." in body


def test_receipts_that_were_joined_say_whose_each_is_and_how_to_undo_each() -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0)
    scene.settle()
    scene.mail(BOB, "RESTORED")
    scene.mail(CAROL, "TITLE y")
    asks = tuple(scene.incident.asks.values())
    notice = Notice("receipt", tuple(a.key for a in asks), ID, True, (), asks)
    body = text(Renderer(LIST, Looks()).letter(notice, scene.incident, NOON, WORDS))
    assert body.index("Bob Stone, 2026-11-21 12:05 UTC:") < body.index("| RESTORED") < body.index("Carol, 2026")
    assert [f"UNDO {undo_code(a.message_id)}" in body for a in asks] == [True, True]


def test_a_pasted_log_of_hundreds_of_lines_does_not_make_an_ack_of_hundreds() -> None:
    scene = Scene()
    log = "\n".join(f"* {9 + n // 60:02}:{n % 60:02} UTC - step {n}" for n in range(150))
    scene.mail(ALICE, log, 0)
    body = text(letters(scene)["ack"])
    assert len(body.split("\n")) < 60
    assert "135 more; TIMELINE mails you all of them." in body


def test_the_ack_of_what_is_over_asks_for_nothing_that_was_said() -> None:
    scene = Scene()
    scene.mail(ALICE, "It was down since 13:50.\nRESOLVED 11:58 UTC", 0)
    ack = text(letters(scene)["ack"])
    assert "Two words are needed" not in ack
    assert "CANCEL" not in ack
    assert "Not over? REOPEN." in ack
    assert "(?) means that I am not sure of the date or the zone." in ack
    assert "(?)" not in text(EXAMPLES["ack"])


def test_the_help_names_every_keyword_as_a_sample() -> None:
    body = text(EXAMPLES["answer-help"])
    assert [u.usage for u in keywords() if f"\n| {u.usage}\n" not in body] == []


def test_p43_status_is_four_lines() -> None:
    lines = text(EXAMPLES["answer-status"]).split("\n\n-- \n")[0].split("\n")
    assert [line.split(":")[0] for line in lines] == ["What", "Since", "Who", "Last"]


def test_the_brief_goes_to_both_and_says_what_to_answer() -> None:
    letter = EXAMPLES["brief"]
    assert letter.recipients == ("incident@example.org", "carol@example.net")
    assert "ACCEPT or DECLINE" in text(letter)
    assert "Impact:" not in text(letter)


def test_the_third_update_is_said_to_be_the_last() -> None:
    assert "last time I ask" in text(EXAMPLES["update-the-last"])
    assert "last time I ask" not in text(EXAMPLES["update"])


def test_an_alert_is_not_thanked_and_a_volunteer_is_asked_for() -> None:
    body = text(EXAMPLES["ack-of-an-alert"])
    assert "Thank you" not in body
    assert "\n| TAKE\n" in body
    assert EXAMPLES["ack-of-an-alert"].recipients == ("incident@example.org",), "never to the alert's sender (law 1)"


def test_the_digest_is_a_thread_of_its_own() -> None:
    mail = opened(EXAMPLES["digest"])
    assert mail["Subject"] == "[incident digest] 2026-W47: 2 open, 2 reports waiting, 2 loose ends"
    assert mail["References"] == mail["In-Reply-To"] == "<d1@example.org>"
    assert "X-Mailbot-Incident" not in mail


def test_p13_a_backdated_line_says_when_it_was_added() -> None:
    assert "(added 12:12)" in " ".join(text(EXAMPLES["answer-timeline"]).split())


# ── headers and hostile words ─────────────────────────────────────────────────────────────────────────────────────────

INJECTIONS = (
    "x\r\nBcc: all@example.org\r\n\r\nbody",
    "x\nX-Mailbot-Notice: digest:2026-W01",
    "x\u2028Bcc: all@example.org",
    "x\x0bBcc: a@b\x85Cc: d@e\x1cTo: f@g",
    "x\x00\x07\ud800",
    "=?utf-8?q?x=0ABcc:_a=40b?=",
    "\u202edesrever",
    '"; filename="evil.exe',
)


@pytest.mark.parametrize("words", INJECTIONS)
def test_l42_no_title_name_or_text_makes_a_header(words: str) -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0)
    scene.mail(BOB, "HANDOFF carol@example.net\nRESTORED")
    evil = Address(words, "eve@example.org")
    incident = scene.incident
    incident.title = incident.subject = words
    incident.custody = [replace(incident.custody[0], who=evil)]
    incident.asks = {k: replace(a, subject=words, who=evil) for k, a in incident.asks.items()}
    renderer = Renderer(LIST, Looks())
    asks = [
        Ask("answer", f"answer:{n}", "m1@example.org", evil, NOON, words, False, (), n) for n in ("STATUS", "REPORT")
    ]
    plain = opened(EXAMPLES["ack"]).keys()
    for ask in [*incident.asks.values(), *asks]:
        notice = Notice(ask.kind, (ask.key,), ID, ask.public, () if ask.public else (ask.who.email,), (ask,))
        letter = renderer.letter(notice, incident, NOON, WORDS)
        mail = opened(letter)
        assert set(mail.keys()) <= {*plain, "Content-Transfer-Encoding", "MIME-Version", "Content-Type"}
        assert len(mail.keys()) == len(set(mail.keys()))
        assert letter.recipients in (
            ("incident@example.org",),
            ("eve@example.org",),
            ("incident@example.org", "carol@example.net"),
        )
        assert not re.search("[\0-\x08\x0b-\x0c\x0e-\x1f\u2028\u202e]", text(letter))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80), st.text(max_size=30), st.text(max_size=60))
def test_whatever_people_are_called_and_write_each_mail_can_be_written(subject: str, name: str, body: str) -> None:
    scene = Scene()
    head = f'From: "{name}" <alice@example.org>\nMessage-ID: <m1@example.org>\nSubject: {subject}\n\n'.encode(
        "utf-8", "replace"
    )
    scene.take(head + b"It began at 11:40 UTC.\n", NOON)
    scene.take(
        head.replace(b"<m1@", b"<m2@")
        + f"TITLE {body}\nLOG {body}\nSTATUS\nTIMELINE\nREPORT\nRESOLVED: {body}".encode("utf-8", "replace"),
        NOON,
    )
    for letter in letters(scene).values():
        written = text(letter)
        assert written.strip()
        assert read_commands(written, ((0, len(written)),), Context(NOON))[0] == ()


def test_l28_references_are_at_most_ten_with_root_and_pseudo_id_and_the_latest() -> None:
    scene = Scene()
    for n in range(40):
        scene.mail(ALICE if n % 2 else BOB, "more" if n < 39 else "STATUS")
    references = opened(letters(scene)["answer-status"])["References"].split()
    assert len(references) == MOST_REFERENCES
    assert references[:2] == ["<m1@example.org>", f"<{ID}@example.org>"]
    assert references[-1] == "<m40@example.org>"


def test_l33_long_and_odd_message_ids_stay_as_they_are_and_impossible_ones_are_left_out() -> None:
    long = "CAF=_x%/[" + "a" * 200 + "]@mail.example.org"
    scene = Scene()
    scene.take(f"From: {ALICE}\nMessage-ID: <{long}>\nSubject: x\n\nx".encode(), NOON)
    letter = letters(scene)["ack"]
    assert f"In-Reply-To: <{long}>\r\n".encode() in letter.raw
    assert f"References: <{long}>\r\n <{ID}@example.org>\r\n".encode() in letter.raw
    for impossible in ("a" * 2000 + "@x", "a b@x", "ä@x", "a\r\nBcc: x@y", ""):
        incident = Incident(ID, LIST, opened_by="m1@x", references=[impossible, "m1@x"], opened=NOON, last_news=NOON)
        mail = opened(Renderer(LIST, Looks()).letter(Notice("open", ("open:1",), ID, True, ()), incident, NOON))
        assert mail["References"].split() == ["<m1@x>", f"<{ID}@example.org>"]


def test_an_address_that_no_server_takes_is_left_out_of_the_recipients() -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0)
    notice = Notice("open", ("open:1",), ID, True, ("a b@x", "jürg@example.org", "@", "bob@example.org", ""))
    assert Renderer(LIST, Looks()).letter(notice, scene.incident, NOON).recipients == (
        "incident@example.org",
        "bob@example.org",
    )


@pytest.mark.parametrize(
    "subject",
    ["Registry down", "Re: Registry down", "RE: re: Registry down", "Re:Registry down", "  Re: Registry down"],
)
def test_the_subject_is_that_of_the_thread_with_one_re(subject: str) -> None:
    scene = Scene()
    scene.mail(ALICE, "x", 0, subject=subject)
    assert opened(letters(scene)["ack"])["Subject"] == "Re: Registry down"


# ── templates of the list's own ───────────────────────────────────────────────────────────────────────────────────────


def test_a_template_of_the_lists_own_is_used(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "ack.txt.j2").write_text("Moin. {{ incident.id }}", encoding="utf-8")
    assert text(letters(notices.opened(), looks=Looks(folder=str(tmp_path)))["ack"]) == f"Moin. {ID}\n"


BROKEN = (
    "{% if %}",
    "{{ nobody.knows.this }}",
    "{{ 1 / 0 }}",
    "{% include 'mail/missing.txt.j2' %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ incident | no_such_filter }}",
)


@pytest.mark.parametrize("source", BROKEN)
def test_a_broken_template_of_the_lists_own_is_told_and_stops_nothing(tmp_path: Path, source: str) -> None:
    for name in ("mail/ack.txt.j2", "report/instructlab/report.md.j2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    scene, told = notices.opened(), list[str]()
    renderer = Renderer(LIST, Looks(folder=str(tmp_path)), told.append)
    (notice,) = scene.due(0).notices
    words = WORDS | {"entries": scene.incident.entries}
    assert text(renderer.letter(notice, scene.incident, NOON, words)) == text(EXAMPLES["ack"])
    assert "## Root Cause" in renderer.report(scene.incident)[1]
    assert [re.search(r"^/\S+\.j2.*; ours is used$", t) is not None for t in told] == [True, True]


def test_a_folder_that_is_not_there_or_not_text_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "ack.txt.j2").write_bytes(b"\xff\xfe\x00")
    for folder in (tmp_path, tmp_path / "nothing"):
        renderer = Renderer(LIST, Looks(folder=str(folder)), lambda sentence: None)
        scene = notices.opened()
        (notice,) = scene.due(0).notices
        words = WORDS | {"entries": scene.incident.entries}
        assert text(renderer.letter(notice, scene.incident, NOON, words)) == text(EXAMPLES["ack"])


def test_an_incident_of_which_nothing_is_known_can_be_asked_about() -> None:
    scene = Scene()
    scene.mail(ALICE, "", 0)
    scene.settle()
    scene.mail(BOB, "STATUS\nTIMELINE\nREPORT\nREPORT debrief\nHELP\nHANDOFF carol@example.net")
    found = letters(scene)
    assert [name for name in found if name.startswith("answer")] == [
        "answer-status",
        "answer-timeline",
        "answer-report",
        "answer-report-2",
        "answer-help",
    ]
    assert "Last:     mail of 2026-11-21 12:05 UTC" in text(found["answer-status"])
    assert "Nothing yet." in text(found["answer-timeline"])
    assert "nothing yet" in text(found["brief"])
