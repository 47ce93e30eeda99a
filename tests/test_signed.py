"""Signed reply addresses: who answers with one has read the mail that it came with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given as of
from hypothesis import settings
from hypothesis import strategies as st

from mailbot.app.addressed import proven
from mailbot.config import Trust
from mailbot.core import signed
from mailbot.core.entries import MailingList, Status
from mailbot.core.incident import Incident
from mailbot.core.message import parse
from mailbot.intake.trust import Evidence, written
from mailbot.store.archive import Archive
from tests.daemon_process import LIST, connected, give
from tests.daemon_scene import House, Running
from tests.incident_scene import ALICE, BOB
from tests.mailroom_scene import Room
from tests.test_post import Sink, running

BOT, ANN, EVE = "mailbot@example.org", "ann@example.org", "eve@example.net"
NOW, SECRET = datetime(2026, 11, 22, 12, 0, tzinfo=UTC), b"k" * 32
ADDRESS = signed.given(BOT, "INC-20261118-ABC.question.0123@example.org", ANN, NOW, SECRET)
PEOPLE = st.from_regex(r"[a-z0-9.+-]{1,40}@[a-z0-9-]{1,30}\.[a-z]{2,6}", fullmatch=True)


def known(address: str) -> signed.Signed:
    found = signed.read(address, BOT)
    assert found is not None, address
    return found


# ── the address ───────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@of(
    st.text(max_size=60),
    PEOPLE,
    PEOPLE,
    st.integers(0, 20_000),
)
def test_l41_an_address_is_proof_for_one_person_and_thirty_days(name: str, who: str, other: str, days: int) -> None:
    now = NOW + timedelta(days=days, hours=days % 24)
    address = signed.given(BOT, name, who, now, SECRET)
    assert address == signed.given(BOT, name, who.upper(), now, SECRET)
    assert len(address.partition("@")[0]) <= signed.MOST
    for changed in (address, address.upper(), f" <{address}> "):
        found = known(changed)
        assert found.mark == signed.mark(name)
        assert signed.proof(found, who, now + signed.LIVES, SECRET)[0]
    assert not signed.proof(found, who, now + signed.LIVES + timedelta(days=1), SECRET)[0]
    assert not signed.proof(found, who, now, b"x" * 32)[0]
    assert not signed.proof(found, "", now, SECRET)[0]
    if other != who:
        assert not signed.proof(found, other, now, SECRET)[0]
    assert signed.plain(f"To: {address}, {address}!") == f"To: {BOT}, {BOT}!"


@settings(max_examples=150, deadline=None)
@of(
    st.one_of(
        st.text(max_size=90), st.from_regex(r"mailbot\+[rb]\.[0-9a-f]{0,13}\.\d{0,7}\.[a-z2-7]{0,13}@example\.org")
    )
)
def test_junk_is_no_address_and_breaks_nothing(junk: str) -> None:
    found = signed.read(junk, BOT)
    if found is not None:
        assert not signed.proof(found, ANN, NOW, SECRET)[0]
    assert len(signed.plain(junk)) <= len(junk)
    raw = f"From: {ANN}\r\nTo: {junk}\r\n\r\n".encode("utf-8", "replace")
    assert not proven(raw, (junk,), bot=BOT, secret=SECRET, clock=lambda: NOW)[0]


@pytest.mark.parametrize("at", [-1, len("mailbot+r.0"), len("mailbot+r.0123456789ab.2")])
def test_l41_a_changed_character_makes_it_worthless(at: int) -> None:
    local, _, host = ADDRESS.partition("@")
    other = {"a": "b", "2": "3"}.get(local[at], "2" if at < 0 or local[at] != "2" else "3")
    found = known(f"{local[:at]}{other}{local[at:][1:] if at != -1 else ''}@{host}")
    assert not signed.proof(found, ANN, NOW, SECRET)[0]


@pytest.mark.parametrize(
    "address",
    [BOT, "mailbot+r.1.2.3@example.org", ADDRESS.replace("example", "other"), ADDRESS.replace("mail", "fail"), ""],
)
def test_another_address_is_none_of_ours(address: str) -> None:
    assert signed.read(address, BOT) is None


def test_a_bot_with_a_name_too_long_for_it_signs_nothing() -> None:
    long = f"{'m' * 40}@example.org"
    assert signed.given(long, "1@example.org", ANN, NOW, SECRET) == long
    plus = "mail+bot@example.org"
    assert signed.read(signed.given(plus, "1@example.org", ANN, NOW, SECRET), plus) is not None


# ── what it proves at arrival ─────────────────────────────────────────────────────────────────────────────────────────


def grade(head: str, *envelope: str, days: float = 0) -> str:
    raw = ("List-Id: <incident.example.org>\r\n" + head + "\r\n\r\nACCEPT\r\n").encode()
    clock = NOW + timedelta(days=days)
    evidence = Evidence(address=proven(raw, envelope, bot=BOT, secret=SECRET, clock=lambda: clock))
    return written(raw, list_address=LIST, list_id="incident.example.org", authserv="mx.example.org", evidence=evidence)


GIVEN = f"it came to the address that was given to {ANN} only"


@pytest.mark.parametrize(
    "head",
    [
        f"To: incident@example.org\r\nCc: Bot <{ADDRESS}>",
        f"To: {ADDRESS.upper()}",
        f"Delivered-To: {ADDRESS}\r\nTo: undisclosed-recipients:;",
        f"X-Original-To: {ADDRESS}",
    ],
)
def test_l38_from_a_mailbox_its_headers_say_where_it_came_to(head: str) -> None:
    assert grade(f"From: Ann <{ANN}>\r\n{head}") == f"verified {GIVEN}"


def test_l38_by_smtp_the_envelope_says_it() -> None:
    assert grade(f"From: {ANN}\r\nTo: {BOT}", "other@example.org", ADDRESS) == f"verified {GIVEN}"
    assert grade(f"From: {ANN.upper()}", ADDRESS, days=30) == f"verified {GIVEN}"


def test_what_was_verified_already_keeps_its_reason() -> None:
    passed = f"Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\nFrom: {ANN}"
    assert grade(passed, ADDRESS) == "verified mx.example.org: DMARC pass for example.org"


def test_an_address_alone_verifies_where_nothing_else_is_to_be_judged() -> None:
    raw = f"From: {ANN}\r\n\r\nACCEPT\r\n".encode()
    evidence = Evidence(address=proven(raw, (ADDRESS,), bot=BOT, secret=SECRET, clock=lambda: NOW))
    assert written(raw, list_address=LIST, list_id="", evidence=evidence) == f"verified {GIVEN}"


@pytest.mark.parametrize(
    ("head", "days", "why"),
    [
        (f"From: {EVE}", 0, f"the signed address that it came to was not given to {EVE}"),
        (f"From: {ANN}\r\nFrom: {EVE}", 0, "the signed address that it came to was not given to its sender"),
        (f"From: {ANN}, {EVE}", 0, "the signed address that it came to was not given to its sender"),
        (f"From: {EVE}\r\nReply-To: {ANN}", 0, f"the signed address that it came to was not given to {EVE}"),
        (f"From: {ANN} <{EVE}>", 0, f"the signed address that it came to was not given to {EVE}"),
        ("Subject: nobody", 0, "the signed address that it came to was not given to its sender"),
        (f"From: {ANN}", 31, "the signed address that it came to was good until 2026-12-22"),
    ],
)
def test_l39_a_forward_a_replay_and_what_is_too_late_prove_nothing_and_say_so(head: str, days: float, why: str) -> None:
    assert grade(head, ADDRESS, days=days) == f"list List-Id is our list's; {why}"


# ── what is printed ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_text_subject_or_recipient_of_a_mail_keeps_the_signature() -> None:
    raw = (
        f"From: {ANN}\r\nTo: Bot <{ADDRESS}>, {EVE}\r\nSubject: Fwd: {ADDRESS}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        f"14:05 UTC I wrote to {ADDRESS[:30]}=\r\n{ADDRESS[30:]}\r\n> Reply-To: <{ADDRESS}>\r\n"
    )
    message = parse(raw.encode())
    for words in (message.text, message.subject, *(a.email for a in message.recipients)):
        assert "+r." not in words
    assert BOT in message.text
    assert [a.email for a in message.recipients] == [BOT, EVE]


def test_each_mail_to_one_person_has_its_own_address_and_none_to_more_has_any(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.mailroom.renderer.secret = room.register.secret
        first = room.mail(ALICE, "Since 11:40 UTC it fails.")
        room.mail(BOB, "STATUS\nLOG 11:50 UTC: I look", "Re: Disk full", re=first)
        room.mail(ALICE, "RESTORED\nRESOLVED\nACTION prevent watch the disk @bob", "Re: Disk full", re=first)
        mails = room.until(room.clock + timedelta(days=40), timedelta(hours=6))
        kinds = set()
        for each in mails:
            to = [a.addr_spec for a in each["To"].addresses]
            (answers,) = (a.addr_spec for a in each["Reply-To"].addresses)
            found = signed.read(answers, room.list.bot)
            assert (found is not None) == (to != [room.list.address] and len(to) == 1), (to, answers)
            if found is not None:
                assert found.mark == signed.mark(str(each["Message-ID"]).strip("<>"))
                assert signed.proof(found, to[0], each["Date"].datetime, room.register.secret)[0]
                kinds.add(str(each["X-Mailbot-Notice"]).partition(":")[0])
        assert {"answer", "question", "action"} <= kinds
        assert room.wrong() == []


def test_without_plus_addresses_answers_go_where_they_went_before() -> None:
    plain = MailingList(LIST, bot=BOT, plus=False)
    for private, where in ((False, LIST), (True, BOT)):
        assert signed.reply_to(plain, private, (ANN,), "1@example.org", NOW, SECRET) == where
        assert signed.reply_to(replace(plain, plus=True), private, (ANN,), "1@example.org", NOW, SECRET) not in (
            LIST,
            BOT,
        )


# ── a story over SMTP ─────────────────────────────────────────────────────────────────────────────────────────────────


class Story:
    """A list on which HANDOFF needs a sender who is verified; its people answer notices as mail programs do."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.sink, self.house = sink, House(folder, sink)  # type: ignore[arg-type]  # it wants a port only
        self.house.config = replace(self.house.config, trust=Trust(needs=(("HANDOFF", "verified"),)))
        self.sent = 0

    async def writes(
        self, daemon: Running, who: str, text: str, subject: str, *, to: str = LIST, answers: str = "", cc: str = ""
    ) -> str:
        self.sent += 1
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = who, to, subject
        letter["Message-ID"] = f"<m{self.sent}@example.org>"
        if cc:
            letter["Cc"] = cc
        if answers:
            letter["In-Reply-To"] = f"<{answers}>"
        letter.set_content(text)

        def handed_in() -> str:
            with connected(daemon.daemon.ports["smtp"]) as peer:
                return give(peer, letter.as_bytes(), who, (to,))

        assert await asyncio.to_thread(handed_in) == "250"
        await daemon.settle()
        return f"m{self.sent}@example.org"

    def mails(self, kind: str) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=default) for _, _, raw, _ in self.sink.mails]
        return [m for m in found if str(m["X-Mailbot-Notice"]).strip().startswith(f"{kind}:")]

    def incident(self, daemon: Running) -> Incident:
        (row,) = daemon.daemon.register.incidents()  # nothing that was answered opened another
        found = daemon.daemon.register.look(row["id"])
        assert found is not None
        return found

    def trusts(self) -> list[str]:
        with Archive(self.house.folder, readonly=True) as archive:
            return [r.arrival.trust for r in archive.records() if r.direction == "in"]


def play(folder: Path, scenes: Callable[[Story, Running], Awaitable[None]]) -> Story:
    async def run(story: Story) -> None:
        async with story.house.run() as daemon:
            await scenes(story, daemon)

    sink = Sink()
    with running(sink):
        story = Story(folder, sink)
        asyncio.run(run(story))
    assert not story.house.wrong(), "a rebuild gives the same"
    for _, to, raw, _ in sink.mails:
        assert b"+r." not in raw.partition(b"\r\n\r\n")[2]  # in no text of any mail
        assert LIST not in to or not re.search(rb"\+r\.[0-9a-f]{12}\.", raw)  # and nowhere in one to the list
    return story


def test_l41_an_address_that_was_shown_to_the_list_proves_nothing_from_then_on(tmp_path: Path) -> None:
    async def scenes(story: Story, daemon: Running) -> None:
        answers = await called(story, daemon)
        await story.writes(daemon, ANN, "LOG 11:50 UTC: I look", "one", to=answers)
        await story.writes(daemon, ANN, "LOG 11:55 UTC: and all see it", "two", to=answers, cc=LIST)
        await story.writes(daemon, ANN, f"HANDOFF {EVE}", "three", to=answers)  # a reader of the list, as Ann
        assert story.incident(daemon).offered is None
        assert len(story.mails("confirm")) == 1

    story = play(tmp_path, scenes)
    *_, one, two, three = story.trusts()
    assert one == two == f"verified {GIVEN}"
    assert three.endswith("; the signed address that it came to was shown to others before")


async def called(story: Story, daemon: Running) -> str:
    """Ann called it, Eve writes in too; Ann asks how it is: the signed address that she got."""
    first = await story.writes(daemon, ANN, "Since 11:40 UTC.", "Registry is down")
    await story.writes(daemon, EVE, "I see it too.", "Re: Registry is down", answers=first)
    await story.writes(daemon, ANN, "STATUS", "Re: Registry is down", answers=first)
    return str(story.mails("answer")[-1]["Reply-To"])


def test_l38_a_handoff_to_the_signed_address_is_done_at_once_and_to_the_list_waits(tmp_path: Path) -> None:
    async def scenes(story: Story, daemon: Running) -> None:
        answers = await called(story, daemon)
        await story.writes(daemon, ANN, f"HANDOFF {EVE}", "Re: Registry is down", answers="m1@example.org")
        assert story.incident(daemon).offered is None
        assert len(story.mails("confirm")) == 1
        await story.writes(daemon, ANN, f"HANDOFF {EVE}", "please", to=answers)  # no In-Reply-To, another subject
        offered = story.incident(daemon).offered
        assert offered is not None
        assert offered[0].email == EVE
        assert len(story.mails("confirm")) == 1

    story = play(tmp_path, scenes)
    assert story.trusts()[-1] == f"verified {GIVEN}"
    assert {LIST, EVE} <= {a.addr_spec for a in story.mails("brief")[-1]["To"].addresses}, "what is done is public"


def test_l39_l41_who_got_it_forwarded_or_sends_it_again_is_asked_for_a_confirm(tmp_path: Path) -> None:
    async def scenes(story: Story, daemon: Running) -> None:
        answers = await called(story, daemon)
        await story.writes(daemon, EVE, "14:05 UTC seen.\nHANDOFF eve@example.net", "Fwd: please", to=answers)
        assert story.incident(daemon).offered is None
        assert [str(m["To"]) for m in story.mails("confirm")] == [EVE]
        story.house.clock.move(days=31)
        await story.writes(daemon, ANN, f"HANDOFF {EVE}", "late", to=answers)
        assert story.incident(daemon).offered is None

    story = play(tmp_path, scenes)
    assert story.trusts()[-2].endswith(f"; the signed address that it came to was not given to {EVE}")
    assert story.trusts()[-1].endswith("; the signed address that it came to was good until 2026-12-18")


def test_a_question_is_answered_by_its_signed_address_alone_and_the_list_is_told(tmp_path: Path) -> None:
    async def scenes(story: Story, daemon: Running) -> None:
        await called(story, daemon)
        await story.writes(daemon, ANN, "RESTORED\nRESOLVED", "Re: Registry is down", answers="m1@example.org")
        for _ in range(30):
            story.house.clock.move(hours=2)
            await daemon.settle()
        (question,) = (m for m in story.mails("question") if EVE in str(m["To"]))
        said = f"Old logs were deleted.\n\n{question['From']} (Reply-To: {question['Reply-To']}) wrote:\n> Who knows?"
        await story.writes(daemon, EVE, said, "my answer", to=str(question["Reply-To"]))
        incident = story.incident(daemon)
        assert incident.status is Status.RESOLVED
        section = re.search(r'into the report as "([^"]+)"', " ".join(body(question).split()))
        assert section is not None
        assert "Old logs were deleted." in [n.text.split("\n")[0] for n in incident.notes]
        (receipt,) = (m for m in story.mails("receipt") if section[1] in body(m))
        assert LIST in str(receipt["To"]), "what was said to mailbot alone is told to the list"
        for public in (False, True):
            assert "+r." not in daemon.daemon.mailroom.renderer.report(incident, public=public)[1]

    play(tmp_path, scenes)


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
