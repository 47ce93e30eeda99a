"""Bounces: whose mail came back, what that means for the address, and that nobody can make one up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.app.holds import held
from mailbot.cli import main
from mailbot.core.signed import mark
from mailbot.outbox import verp
from mailbot.outbox.bounces import Bounce, is_gone, read
from mailbot.store.archive import Archive
from tests.daemon_process import LIST, connected, give, mail, write_config
from tests.daemon_scene import House, Running
from tests.test_post import Sink, running

BOT, SECRET = "mailbot@example.org", b"k" * 32
ID = "INC-20261118-K7Q.question.0123456789ab@example.org"


def report(
    to: str, *, action: str = "failed", status: str = "5.1.1", who: str = "ann@example.org", why: str = ""
) -> bytes:
    """A delivery report (RFC 3464) as Postfix writes it."""
    return (
        f"From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: {to}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b1@mx.example.net>\r\nAuto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=XX\r\n\r\n"
        "--XX\r\n\r\nThis is the mail system at host mx.example.net.\r\n\r\n"
        "--XX\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Wed, 18 Nov 2026 12:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; {who}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {why or f'550 {status} no such user'}\r\n\r\n"
        "Final-Recipient: rfc822; other@example.net\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n"
        "--XX\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\n\r\n--XX--\r\n"
    ).encode()


# ── reading one ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("action", "status", "why", "verdict"),
    [
        ("failed", "5.1.1", "", "gone"),
        ("failed", "5.2.1", "550 5.2.1 disabled", "gone"),
        ("Failed (bad address)", "5.0.0", "550 5.1.10 RecipientNotFound", "gone"),
        ("failed", "5.0.0", "550 No such user here", "gone"),
        ("failed", "5.2.2", "552 5.2.2 mailbox full", "failed"),
        ("failed", "5.7.1", "554 5.7.1 looks like spam", "failed"),
        ("failed", "4.4.7", "message expired", "failed"),
        ("delayed", "4.4.1", "connection refused", "delayed"),
        ("delivered", "2.0.0", "ok", "delivered"),
        ("relayed", "2.0.0", "ok", "delivered"),
    ],
)
def test_a_report_says_whether_the_address_is_gone_or_the_mail_failed(
    action: str, status: str, why: str, verdict: str
) -> None:
    assert read(report(BOT, action=action, status=status, why=why), "ann@example.org").verdict == verdict


def test_of_several_recipients_the_one_that_is_asked_for_counts() -> None:
    assert read(report(BOT), "other@example.net").verdict == "delayed"
    assert read(report(BOT), "Ann@Example.org") == Bounce("gone", "5.1.1", "550 5.1.1 no such user")
    assert read(report(BOT), "alias@example.org").verdict == "gone"  # the report names where the alias leads


@pytest.mark.parametrize(
    ("text", "verdict", "status"),
    [
        ("<ann@example.org>:\n550 5.1.1 no such user\n", "gone", "5.1.1"),
        ("This is the qmail-send program.\n<ann@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)", "gone", "5.1.1"),
        ("host mx said: 550 User unknown (in reply to RCPT)", "gone", "550"),
        ("552 Quota violation for ann@example.org", "failed", "552"),
        ("This message has not yet been delivered. It will be retried for 4 days.", "delayed", ""),
        ("The mail could not be delivered.", "failed", ""),
        ("Exim version 4.96.2 at 480-624-2500: something went wrong", "failed", ""),
    ],
)  # fmt: skip
def test_an_old_servers_bounce_is_read_by_its_first_code(text: str, verdict: str, status: str) -> None:
    raw = f"From: MAILER-DAEMON@example.net\nSubject: failure notice\n\n{text}\n".encode()
    assert (read(raw).verdict, read(raw).status) == (verdict, status)


def test_a_reply_at_the_hand_over_says_the_same() -> None:
    assert is_gone("550 5.1.1 <x@example.org>: Recipient address rejected: User unknown in relay recipient table")
    assert not is_gone("550 5.7.1 relaying denied")
    assert not is_gone("554 5.7.1 no")


@given(st.binary(max_size=2000), st.text(max_size=10))
@settings(max_examples=100, deadline=None)
def test_junk_is_read_to_its_end(junk: bytes, who: str) -> None:
    assert read(junk, who).verdict in ("gone", "failed", "delayed", "delivered")
    assert read(report(BOT).replace(b"Status: 5.1.1", b"Status: " + junk), who)


def test_a_nest_of_reports_costs_little() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(3000))
    assert read(deep).verdict == "failed"
    assert read(report(BOT).replace(b"--XX--", b"Final-Recipient: x\n\n" * 50_000))


# ── whose it is ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_signed_sender_is_read_back_and_fits_a_mail_address() -> None:
    address = verp.sender(BOT, ID, 3, SECRET)
    assert address.startswith(f"mailbot+b.{mark(ID)}.3.")
    assert len(address.partition("@")[0]) <= 64  # RFC 5321 4.5.3.1.1
    assert verp.returned(address.upper(), BOT, SECRET) == verp.Returned(mark(ID), 3)


def test_l41_what_we_did_not_sign_is_nobodys() -> None:
    address = verp.sender(BOT, ID, 0, SECRET)
    for forged in (
        verp.sender(BOT, ID, 0, b"another" * 5),
        address.replace(".0.", ".1."),
        address.replace(mark(ID), "0123456789ac"),
        address.replace("mailbot+", "other+"),
        address.replace("example.org", "example.net"),
        BOT,
        "",
    ):
        assert verp.returned(forged, BOT, SECRET) is None


@given(st.text(max_size=80))
def test_junk_addresses_are_nobodys(junk: str) -> None:
    assert verp.returned(junk, BOT, SECRET) is None
    assert verp.returned(f"mailbot+b.{junk}@example.org", BOT, SECRET) is None


# ── the daemon ────────────────────────────────────────────────────────────────────────────────────────────────────────


def senders(sink: Sink) -> dict[str, str]:
    """Recipient -> envelope sender of the last mail to it."""
    return {to: sender for sender, recipients, _, _ in sink.mails for to in recipients}


async def bounce(daemon: Running, raw: bytes, to: str) -> None:
    def work() -> str:
        with connected(daemon.daemon.ports["smtp"]) as peer:
            return give(peer, raw, "", (to,))

    assert await asyncio.to_thread(work) == "250"
    await daemon.settle()


async def asked(house: House, daemon: Running) -> None:
    """An incident that is over, and so late that Ann is reminded of its report by a mail of our own to her."""
    await daemon.send(mail("m1@example.org", "Registry is down", "Since 11:40 UTC."))
    await daemon.settle()
    await daemon.send(mail("m2@example.org", "Re: Registry is down", "RESOLVED 11:50", answers="m1@example.org"))
    await daemon.settle()
    for _ in range(4):
        house.clock.move(days=1)
        await daemon.settle()


def acts(house: House) -> list[tuple[str, str]]:
    with Archive(house.folder, readonly=True) as archive:
        return [(act["act"], act["address"]) for act in archive.acts()]


def test_what_comes_back_puts_the_address_on_hold_and_answers_still_go(tmp_path: Path) -> None:
    sink = Sink()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await asked(house, daemon)
            assert senders(sink)[LIST].startswith("mailbot+b.")
            own = senders(sink)["ann@example.org"]
            assert own.startswith("mailbot+b.")
            await bounce(daemon, report(own), own)
            await bounce(daemon, report(own), own)  # again: nothing new
            held_now = daemon.daemon.mailroom.holds.why("ann@example.org", house.clock())
            assert held_now == "on hold since 2026-11-22: 5.1.1 550 5.1.1 no such user"
            before = len(sink.mails)
            for _ in range(12):
                house.clock.move(days=1)
                await daemon.settle()
            assert "ann@example.org" not in {to for _, rcpts, _, _ in sink.mails[before:] for to in rcpts}
            assert "dropped" in {outcome for _, outcome in house.outcomes()}
            await daemon.send(mail("m3@example.org", "Re: Registry is down", "STATUS", answers="m1@example.org"))
            await daemon.settle()
            assert (sink.mails[-1][0], sink.mails[-1][1]) == ("<>", ["ann@example.org"])
        async with house.run() as daemon:  # from acts.log
            assert daemon.daemon.mailroom.holds.why("ann@example.org", house.clock())
            assert daemon.daemon.mailroom.holds.release("ann@example.org")
            assert daemon.daemon.mailroom.holds.why("ann@example.org", house.clock()) == ""

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]  # it wants a port only
        asyncio.run(story(house))
    assert acts(house) == [("hold", "ann@example.org"), ("release", "ann@example.org")]
    assert not house.wrong()


def test_without_plus_addresses_none_is_given_out_and_one_that_was_is_still_read(tmp_path: Path) -> None:
    sink = Sink()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await asked(house, daemon)
            own = senders(sink)["ann@example.org"]
        house.config = replace(house.config, list=replace(house.config.list, plus=False))
        before = len(sink.mails)
        async with house.run() as daemon:
            await daemon.send(mail("m9@example.org", "Registry is down again", "Since 15:40 UTC."))
            await daemon.send(mail("m10@example.org", "Re: Registry is down again", "STATUS", answers="m9@example.org"))
            await daemon.settle()
            fresh = sink.mails[before:]
            assert {sender for sender, _, _, _ in fresh} == {"<>", BOT}
            assert not [raw for _, _, raw, _ in fresh if b"mailbot+" in raw]
            await bounce(daemon, report(own), own)
            assert daemon.daemon.mailroom.holds.why("ann@example.org", house.clock())

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]
        asyncio.run(story(house))
    assert not house.wrong()


def test_l41_a_bounce_that_nobody_signed_holds_nobody_and_opens_nothing(tmp_path: Path) -> None:
    sink = Sink()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await asked(house, daemon)
            own = senders(sink)["ann@example.org"]
            rows, mails = len(daemon.daemon.register.rows), len(sink.mails)
            for forged in (LIST, BOT, own.replace(".0.", ".1."), own[:-14] + "aa@example.org"):
                await bounce(daemon, report(forged).replace(b"<b1@", f"<{forged}.".encode()), forged)
            assert (len(daemon.daemon.register.rows), len(sink.mails)) == (rows, mails)
            await bounce(daemon, report(own, action="delayed", status="4.4.1").replace(b"<b1@", b"<b2@"), own)
            assert daemon.daemon.mailroom.holds.why("ann@example.org", house.clock()) == ""
            await bounce(daemon, report(senders(sink)[LIST], who=LIST), senders(sink)[LIST])
            assert daemon.daemon.mailroom.holds.why(LIST, house.clock()) == ""

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]
        asyncio.run(story(house))
    assert acts(house) == []


def test_a_full_mailbox_is_tried_again_after_a_week_and_a_refused_address_is_held_at_once(tmp_path: Path) -> None:
    sink = Sink()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            await asked(house, daemon)
            own = senders(sink)["ann@example.org"]
            await bounce(daemon, report(own, status="5.2.2"), own)
            holds = daemon.daemon.mailroom.holds
            assert holds.why("ann@example.org", house.clock() + timedelta(days=6))
            assert holds.why("ann@example.org", house.clock() + timedelta(days=8)) == ""
            sink.say["ann@example.org"] = "550 5.1.1 no such user"
            house.clock.move(days=8)
            await daemon.settle()
            assert "550 5.1.1" in holds.why("ann@example.org", house.clock() + timedelta(days=300))

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]
        asyncio.run(story(house))
    with Archive(house.folder, readonly=True) as archive:
        assert held(archive.acts())["ann@example.org"].until is None


def test_the_operator_lists_what_did_not_get_through_and_lets_an_address_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, 25)
    with Archive(tmp_path / "kept") as archive:
        act = {"act": "hold", "address": "ann@example.org", "words": "5.1.1 no such user", "bounce": "b1"}
        archive.act(act)
        archive.act({**act, "address": "bob@example.org", "until": "2026-01-01T00:00:00+00:00"})  # that is over
        archive.sent(ID, "carol@example.org", "refused", "554 5.7.1 no")
    assert main(["problems", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    assert "on hold  ann@example.org" in said
    assert "5.1.1 no such user (mailbot release ann@example.org lets it go)" in said
    assert "bob@example.org" not in said
    assert "refused  carol@example.org" in said
    assert main(["release", "Ann@example.org", "--config", str(config)]) == 0
    assert main(["problems", "--json", "--config", str(config)]) == 0
    assert "ann@example.org" not in capsys.readouterr().out.partition("\n")[2]


HOSTILE = (
    b"",
    b"\r\n",
    b"no headers at all\r\n",
    b"From: \r\nFrom: two@example.org\r\nSubject: =?utf-8?q?=ff=fe?=\r\n\r\n\x00\xff\r\n",
    b"Subject: RESOLVED\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
    b"Content-Type: text/plain; charset=nothing\r\nContent-Transfer-Encoding: base64\r\n\r\n====\r\n",
    b"From: a@example.org\r\nX-Mailbot-Trust: verified by myself\r\nX-Mailbot-Incident: INC-20261118-AAA\r\n\r\nCANCEL\r\n",
)


def test_l49_no_mail_of_the_list_is_refused_for_what_is_in_it(tmp_path: Path) -> None:
    """A 5xx counts as a bounce there, and at a score of five Mailman stops sending to us."""
    sink = Sink()

    async def story(house: House) -> None:
        async with house.run() as daemon:
            assert set(await daemon.send(*HOSTILE)) == {"250"}
            await daemon.settle()
            trusts = [r.arrival.trust for r in daemon.daemon.archive.records() if r.direction == "in"]
            assert len(trusts) == len(HOSTILE)
            assert all(trust.startswith("unknown no List-Id") for trust in trusts)
            assert await daemon.send(mail("m1@example.org", "Registry is down", "Since 11:40 UTC.")) == ["250"]

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]
        asyncio.run(story(house))
    assert not house.wrong()
