"""Requirements that no other file shows, or not wholly, each by its number: M1 to M8, and what A and B ask for beside.

The rest: test_process (A4 to A16, A23), test_report and test_suggest (A17 to A45, B1 to B18), test_care (A27 to A29),
test_review (A12, B17, B19), test_publish (A2, A43), test_tracker (B13, B14).
"""

from __future__ import annotations

import ast
import re
import tomllib
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from functools import cache
from pathlib import Path

import pytest

from mailbot.config import Config
from mailbot.core.entries import Status
from mailbot.core.impact import impact
from mailbot.outbox.render import Letter, Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene, letters, renderer_of
from tests.mailroom_scene import Room, of_kind
from tests.mailroom_scene import text as text_of
from tests.register_scene import Desk
from tests.test_walkthrough import SUBJECT, Story, tell
from tests.test_walkthrough import text as words_of

ROOT = Path(__file__).parent.parent


def scene(*mails: tuple[str, str]) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    for who, body in mails:
        made.mail(who, body)
    return made


def plain(letter: Letter) -> str:
    body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def page(made: Scene, template: str = "instructlab", looks: Looks | None = None) -> str:
    return renderer_of(LIST, looks or Looks()).report(made.incident, template)[1]


def under(text: str, heading: str) -> str:
    return re.split(r"^#", text.partition(f"{heading}\n")[2], maxsplit=1, flags=re.M)[0].strip()


# ── M: the product ────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def imported(folder: Path) -> set[str]:
    trees = [ast.parse(path.read_text("utf-8")) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", ["aiosmtpd", "imapclient", "mailparser", "jinja2", "tinydb", "apscheduler"])
def test_m1_the_packages_are_really_used_and_asked_for(package: str) -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert package in imported(ROOT / "mailbot")
    assert package in {re.split(r"[<>=!]", each)[0].lower().replace("-", "") for each in asked}
    assert "pytest" in imported(ROOT / "tests")


def test_m2_the_top_level_is_what_everybody_expects() -> None:
    for name in (
        "pyproject.toml",
        "README.md",
        "config.example.toml",
        "Dockerfile",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
    ):
        assert (ROOT / name).is_file(), name
    for name in ("mailbot", "templates", "tests", "bench"):
        assert (ROOT / name).is_dir(), name


def test_m3_m4_m5_a_daemon_listens_to_the_list_threads_by_subject_and_makes_one_timeline(tmp_path: Path) -> None:
    assert Config().list.address == "incident@instructlab.ai"

    async def story(s: Story) -> None:
        await s.writes(ALICE, "Pushes fail since 13:40 UTC.\n", subject=SUBJECT)
        for who, body, subject in (
            (BOB, "At 14:45 CET the disk was full.\n", f"AW: {SUBJECT}"),
            (CAROL, "At 13:50 UTC I deleted old logs.\n", f"[incident] Re: {SUBJECT}"),
        ):
            assert await s.writes(who, body, subject=subject) == [], "nobody is answered for writing"
        assert s.incident.messages == 3
        assert [(f"{e.utc:%H:%M}", e.who.email.partition("@")[0]) for e in s.incident.timeline()] == [
            ("13:40", "alice"),
            ("13:45", "bob"),
            ("13:50", "carol"),
        ]

    tell(tmp_path / "data", story)


def test_m6_m7_m8_reminders_the_draft_and_the_digest_come_by_mail_to_people_without_an_account(tmp_path: Path) -> None:
    async def story(s: Story) -> None:
        await s.writes(ALICE, "Pushes fail.\n", subject=SUBJECT)
        (reminder,) = await s.at("14:59")
        assert "No news of this" in words_of(reminder)
        (brief,) = await s.writes(ALICE, f"HANDOFF {BOB.partition('<')[2].rstrip('>')}\n")
        assert "ACCEPT or DECLINE" in words_of(brief)
        (draft,) = await s.writes("Dan <dan@example.com>", "RESOLVED\n")  # who never wrote before
        assert "drafted report" in words_of(draft)
        assert [part.get_content_type() for part in draft.iter_attachments()] == ["text/markdown"]
        (digest,) = [m for m in await s.at("08:01", day=23) if "digest" in m["Subject"]]
        assert s.incident.id in words_of(digest)

    tell(tmp_path / "data", story)


# ── A: the InstructLab proposal ───────────────────────────────────────────────────────────────────────────────────────


def test_a3_the_ack_of_a_new_incident_names_those_that_were_like_it(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        old = room.of(room.mail(ALICE, "CAUSE: nobody rotates the logs\nRESTORED\nRESOLVED", "Login down"))
        room.look_now()
        room.mail(BOB, "It is.", "Login is down again")
        room.mail(CAROL, "It is.", "Forum is slow")
        acks = {mail["Subject"]: text_of(mail) for mail in of_kind(room.look_now(), "ack")}
        assert f"Seen before:\n  {old}  Login down\n" in acks["Re: Login is down again"]
        assert "Seen before" not in acks["Re: Forum is slow"]


def test_a4_five_states_and_only_people_lead_from_one_to_the_next() -> None:
    assert [s.value for s in Status] == ["open", "restored", "resolved", "published", "cancelled"]
    made = scene()
    for who, words, state in (
        (BOB, "RESTORED", "restored"),
        (BOB, "RESOLVED", "resolved"),
        (BOB, "thanks, all!", "resolved"),
        (ALICE, "REOPEN", "open"),
        (ALICE, "RESTORED\nRESOLVED", "resolved"),
        (CAROL, "REVIEWED", "published"),
    ):
        made.mail(who, words)
        assert made.incident.status == state, words
    made = scene((BOB, "CANCEL"))
    assert made.incident.status == "cancelled"
    made.mail(BOB, "REOPEN")
    assert made.incident.status == "open"


@pytest.mark.parametrize(
    "subject", ["Disk full", "Re: AW: Fwd: Disk full", "[incident] Disk full", "Disk full (was: Nightly build)"]
)
def test_a17_the_title_is_the_cleaned_subject(tmp_path: Path, subject: str) -> None:
    with Desk(tmp_path) as desk:
        assert desk.look(desk.of(desk.mail(ALICE, "START 12:01 UTC", subject))).title == "Disk full"


def test_a17_title_renames_and_the_thread_stays_whole(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        first = desk.of(desk.mail(ALICE, "START 2026-11-20 23:50 UTC", "Disk full"))
        desk.mail(BOB, "TITLE Logs are not rotated", "Re: Disk full", re="m1@example.org")
        late = desk.mail(CAROL, "LOG 12:01 UTC looked", "Re: Disk full")  # a phone, without thread headers
        assert desk.of(late) == first
        incident = desk.look(first)
        assert incident.subject.endswith("Disk full"), "what we mail stays in the thread that people have"
        found = Renderer(LIST, Looks()).report(incident)[1]
        assert "\n## 2026-11-20 Logs are not rotated\n" in found
        assert "looked" in found


@pytest.mark.parametrize(
    ("mails", "said"),
    [
        (["START 11:00 UTC\nRESTORED 11:30 UTC", "RESOLVED"], "30 min"),
        (["START about 11:00 UTC\nRESTORED 11:30 UTC", "RESOLVED"], "About 30 min"),
        (["START 11:00 UTC", "RESOLVED 12:05 UTC"], "At most 1 h 5 min"),
        (["START 11:00 UTC\nRESTORED 11:10 UTC", "START 11:20 UTC\nRESTORED 11:40 UTC", "RESOLVED"], "30 min (summed"),
        (["RESOLVED"], "Unknown"),
    ],
    ids=["both", "about", "declared", "summed", "unsaid"],
)
def test_a20_duration_is_from_the_start_of_the_impact_to_the_end_of_it(mails: list[str], said: str) -> None:
    made = scene(*((ALICE, body) for body in mails))
    assert under(page(made), "## Duration").startswith(said)


def test_a24_every_time_is_converted_its_words_are_kept_and_a_guess_is_asked_about() -> None:
    made = scene(
        (BOB, "* 13:40 CEST - disk full\n* 3:45 AM PST - deleted old logs"), (CAROL, "At 06:50 IST it was back.")
    )
    lines = {e.what: e for e in made.incident.timeline()}
    assert f"{lines['deleted old logs'].utc:%H:%M}" == "11:45"
    assert f"{lines['disk full'].utc:%H:%M}" == "11:40"
    when = lines["disk full"].when
    assert when is not None
    assert when.text == "13:40 CEST"
    assert "* 11:40 - disk full" in page(made)
    made.mail(ALICE, "RESOLVED", 120)
    assert "Times that I am not sure of." in plain(letters(made)["draft"])


@pytest.mark.parametrize("words", ["It was human error", "Bob was careless", "Carol should have checked it first"])
def test_a29_human_error_is_no_root_cause_and_the_hint_asks_what_made_it_easy(words: str) -> None:
    made = scene((ALICE, "RESOLVED 12:04 UTC"))
    made.settle()
    made.mail(BOB, f"CAUSE: {words}.")
    hint = letters(made)["hint"]
    assert hint.recipients == ("bob@example.org",)
    assert "easy" in plain(hint).partition("Root Cause:")[2].partition("\n\n")[0]


# The help of the seed's form, in its words, by heading: what stands there while nobody wrote anything.
HELP = {
    "## Summary": "A quick one or two sentence description of the issue from a high-level view.",
    "## User Impact": "Describe the impact to end users, such as which features or services were unavailable.",
    "## Detection": "How was this problem noticed? User reports, automated alerts, etc.",
    "## What Went Well?": "Any notes about things that went well in our process during the handling of the incident.",
    "### Detect": "Ways to improve the detection of problems.",
    "### Respond": "Ways to get eyeballs on the incident faster.",
    "### Contain": "Ways to limit the damage of incidents.",
    "### Prevent": "Ways to reduce the chances of the proximate triggers of this incident.",
    "### Eliminate": "Ways to solve the root causes of this incident so as to make it structurally impossible.",
}


def test_a39_a45_the_help_of_the_form_is_a_comment_until_the_section_is_filled() -> None:
    empty = page(scene())
    filled = page(
        scene(
            (BOB, "SUMMARY: x\nIMPACT: x\nDETECTION: x\nWELL: x"),
            (BOB, "\n".join(f"ACTION {name} x" for name in ("detect", "respond", "contain", "prevent", "eliminate"))),
        )
    )
    for heading, words in HELP.items():
        assert f"<!-- {words} -->" in under(empty, heading), heading
        assert words not in filled, heading
    assert "[Describe" not in empty, "no brackets"


def through(list_head: dict[str, str], who: str, body: str, subject: str = "Pushes fail") -> bytes:
    """A mail as a list hands it on."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = who, LIST.address, subject
    mail["Message-ID"], mail["Date"] = "<one@example.org>", "Sat, 21 Nov 2026 12:00:00 +0000"
    mail["List-Id"], mail["Precedence"] = "Incidents <incident.example.org>", "list"
    for name, value in list_head.items():
        mail[name] = value
    mail.set_content(body)
    return mail.as_bytes()


FOOTER = """
_______________________________________________
Incidents mailing list -- incident@example.org, since 03:14 UTC
To unsubscribe send an email to incident-leave@example.org
"""
GOOGLE = """
--
You received this message because you are subscribed to the Google Groups "Incidents" group.
To unsubscribe from this group and stop receiving emails from it, send an email to incident+unsubscribe@example.org.
"""


@pytest.mark.parametrize(
    ("head", "footer"),
    [
        ({"Reply-To": "Alice Doe <alice@example.org>, incident@example.org"}, FOOTER),
        ({"X-Original-From": "Alice Doe <alice@example.org>"}, GOOGLE),
    ],
    ids=["Mailman", "Google Groups"],
)
def test_a42_behind_a_list_the_author_is_found_and_its_tag_and_footer_are_not_read(
    head: dict[str, str], footer: str
) -> None:
    made = Scene()
    body = f"At 11:40 UTC the disk was full.\n{footer}"
    made.take(
        through(head, '"Alice Doe via Incidents" <incident@example.org>', body, "[Incidents] Pushes fail"), made.at(0)
    )
    incident = made.incident
    assert incident.commander is not None
    assert (incident.commander.name, incident.commander.email) == ("Alice Doe", "alice@example.org")
    assert incident.title == "Pushes fail"
    assert [f"{e.utc:%H:%M}" for e in incident.timeline()] == ["11:40"]


def test_a42_an_answer_to_the_lists_own_digest_joins_the_incident_it_quotes(tmp_path: Path) -> None:
    said = "every push to the registry ends in an error\nand the mirror of it has been empty since this morning"
    with Desk(tmp_path) as desk:
        first = desk.mail(ALICE, said, "Pushes fail")
        desk.mail(BOB, "The wiki loses what people write into it, every second page.", "Wiki loses pages")
        quoted = "".join(f"> {line}\n" for line in said.split("\n"))
        answer = desk.mail(CAROL, f"I see that too.\n\n{quoted}", "Re: Incidents Digest, Vol 7, Issue 12")
        assert desk.of(answer) == desk.of(first)


# ── B: the debrief ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_b1_a_list_that_debriefs_gets_that_form_and_one_incident_can_ask_for_the_other() -> None:
    made = scene((BOB, "START 11:38 UTC"), (ALICE, "RESOLVED 12:40 UTC"), (CAROL, "REPORT instructlab"))
    found = letters(made, looks=Looks(template="debrief"))
    draft, asked = (message_from_bytes(found[name].raw, policy=default) for name in ("draft", "answer-report"))
    (file,) = draft.iter_attachments()
    assert "labels: post-mortem" in file.get_content()
    (file,) = asked.iter_attachments()
    assert "\n## Proximate Trigger" in file.get_content().replace("\r\n", "\n")


def test_b1_what_was_no_incident_can_be_debriefed_too() -> None:
    made = scene(
        (BOB, "CANCEL: the drill went well"), (BOB, "SUMMARY: We drilled a failover."), (CAROL, "REPORT debrief")
    )
    assert "We drilled a failover." in plain(letters(made)["answer-report"])


@pytest.mark.parametrize("quoted", [False, True], ids=["pasted", "quoted"])
def test_b1_a_debrief_that_comes_back_edited_as_the_text_of_the_mail_is_merged(quoted: bool) -> None:
    made = scene((BOB, "START 11:38 UTC\nLOG 11:50 UTC disk full"))
    made.settle()
    made.mail(CAROL, "REPORT debrief")
    body = plain(letters(made)["answer-report"])
    made.settle()
    assert "\n# Summary\n" in body, "our own heading is no sample"
    edited = body[body.index("---- draft") :].replace("_Not recorded._", "Nobody could push.", 1)
    made.mail(BOB, re.sub("^", "> ", edited, flags=re.M).replace("> Nobody", "Nobody") if quoted else edited)
    assert [n.text for n in made.incident.section("SUMMARY")] == ["Nobody could push."]


def test_b5_mixed_company_reads_utc_unless_the_list_names_a_zone() -> None:
    mails = ((BOB, "START 11:38 UTC\nLOG 11:50 UTC disk full"), (CAROL, "ZONE Asia/Tokyo"))
    assert "\nAll times in UTC.\n" in page(scene(*mails), "debrief")
    assert "Asia/Tokyo (UTC+09:00)" in page(scene(*mails), "debrief", Looks(zone="Asia/Tokyo"))


def test_b14_any_link_is_an_issue_wherever_it_is() -> None:
    links = ("https://forge.example/a/b/issues/1", "https://bugs.example/show?id=7", "other-org/other-repo#12")
    made = scene((BOB, "\n".join("ACTION x" for _ in links)))
    made.mail(CAROL, "\n".join(f"LINK A{n} {link}" for n, link in enumerate(links, 1)))
    assert [a.link for a in made.incident.actions] == list(links)


def test_b16_what_is_empty_is_hidden_while_it_lasts_and_listed_when_it_is_over() -> None:
    made = scene((BOB, "STATUS\nCATCHUP"))
    for letter in letters(made).values():
        assert "ot recorded" not in plain(letter)
    made.settle()
    made.mail(ALICE, "RESOLVED 12:40 UTC", 41)
    draft = plain(letters(made)["draft"])
    assert "Nobody has written yet: summary, impact, trigger, cause, detection," in draft
    made.settle()
    made.mail(BOB, "ACTION watch the disk")
    assert "action" in {kind for day in range(1, 8) for kind in made.settle(day * 24 * 60)}, "and what has no issue"


def test_b18_a_best_guess_of_the_start_is_a_start_and_stays_a_guess() -> None:
    made = scene((BOB, "START about 11:00 UTC\nRESTORED 11:30 UTC"), (ALICE, "RESOLVED"))
    assert made.incident.start is not None
    assert made.incident.opened is not None
    assert made.incident.start.utc < made.incident.opened, "not when the report came in"
    assert impact(made.incident).words == "about 30 min"
    assert "* ~11:00 - Incident start." in page(made)
    assert "### 2026-11-21 ~11:00" in page(made, "debrief")
