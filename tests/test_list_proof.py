"""What proves that a mail came through the list, and who wrote it, where mailbot checks for itself (trust.own_check)."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.app.daemon import Daemon
from mailbot.app.senders import Senders
from mailbot.config import Trust, values
from mailbot.core.message import parse
from mailbot.intake.signatures import check
from mailbot.intake.trust import Evidence, judge, written
from tests.daemon_scene import House, Running
from tests.signing import ALL, MAIL, rsa, sign
from tests.test_post import Sink, running

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LIST, ID = "incident@example.org", "incident.example.org"
HOSTS = (ip_network("192.0.2.0/24"), ip_network("2001:db8::25"))
KEYS = {f"s1._domainkey.{d}": rsa()[1] for d in ("example.com", "example.org", "example.net", "lists.example.org")}
LIST_ID = b"List-Id: Incidents <incident.example.org>\r\n"
FORGED = LIST_ID + MAIL
MUNGED = LIST_ID + MAIL.replace(b"From: Alice <alice@example.com>", b"From: Alice via incident <incident@example.org>")
GOOGLE = (
    b"X-Original-Authentication-Results: mx.lists.example; dmarc=pass header.from=example.com\r\n"
    b"X-Original-From: Alice <alice@example.com>\r\n" + MUNGED
)
LISTS = (*ALL, b"list-id")  # what a list's signature covers
GOOGLES = (*LISTS, b"x-original-from", b"x-original-authentication-results")


def grade(
    raw: bytes, *, own: bool = True, way: str = "smtp 203.0.113.5", hosts: bool = False, server: str = ""
) -> tuple[str, str]:
    found = check(raw, KEYS.get, NOW) if own else None
    evidence = Evidence(way, HOSTS if hosts else (), found, server)
    word, _, reason = written(raw, list_address=LIST, list_id=ID, evidence=evidence).partition(" ")
    return word, reason


def test_l38_a_valid_signature_of_froms_domain_verifies_the_author() -> None:
    assert grade(sign()) == ("verified", "signature of example.com: valid, we checked it")
    below = MAIL.replace(b"alice@example.com", b"alice@mail.example.com")
    assert grade(sign(below))[0] == "verified"
    assert grade(sign(), own=False) == ("unknown", "no List-Id or List-Post of our list")
    assert grade(MAIL) == ("unknown", "no List-Id or List-Post of our list")


def test_l38_a_signature_of_another_domain_verifies_nobody() -> None:
    assert grade(sign(MAIL, "example.net")) == (
        "unknown",
        "signature of example.net: valid, and From is example.com",
    )
    above = MAIL.replace(b"alice@example.com", b"alice@com")
    assert grade(sign(above))[0] == "unknown"  # whoever has a name below .com is not .com
    assert grade(sign(MAIL.replace(b"@example.com>\r\nTo", b"@badexample.com>\r\nTo")))[0] == "unknown"
    two = MAIL.replace(b"From: Alice <alice@example.com>", b"From: alice@example.com, eve@example.net")
    assert grade(sign(two))[0] == "unknown"


def test_l38_why_nobody_is_verified_is_kept() -> None:
    assert grade(sign() + b"RESOLVED\r\n") == ("unknown", "signature of example.com: the text was changed on the way")
    silent = "signature of example.com: the DNS did not answer"

    def nobody(name: str) -> bytes:
        raise TimeoutError

    evidence = Evidence(signatures=check(sign(), nobody, NOW))
    assert written(sign(), list_address=LIST, list_id=ID, evidence=evidence) == f"unknown {silent}"


def test_a_seal_is_a_hint_and_never_enough() -> None:
    sealed = b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=google.com; s=x; b=AAAA\r\n" + sign() + b"footer\r\n"
    word, reason = grade(sealed)
    assert word == "unknown"
    assert reason.endswith("; sealed (ARC) by google.com, which proves nothing")


def test_l38_a_forged_list_id_is_no_proof_where_mailbot_checks_for_itself() -> None:
    assert grade(FORGED, own=False) == ("list", "List-Id is our list's")
    assert grade(FORGED) == ("unknown", "List-Id is our list's, but no signature of example.org covers it")
    assert grade(LIST_ID + sign(MAIL, "example.org"))[0] == "unknown"  # put above what a colleague signed
    assert grade(sign(FORGED, "example.net", covers=LISTS))[0] == "unknown"
    assert grade(LIST_ID + sign(FORGED, "example.org", covers=LISTS))[0] == "unknown"  # two of them: which is signed?
    assert grade(LIST_ID + sign())[0] == "verified"  # she wrote it, whatever its way


def test_l40_the_lists_own_signature_proves_the_list_and_no_author() -> None:
    for raw in (FORGED, MUNGED):
        assert grade(sign(raw, "example.org", covers=LISTS)) == (
            "list",
            "List-Id is our list's, and signed by example.org",
        )
    colleague = FORGED.replace(b"alice@example.com", b"ann@example.org")  # who may have been anybody
    assert grade(sign(colleague, "example.org", covers=LISTS))[0] == "list"
    both = sign(LIST_ID + sign(), "example.org", covers=LISTS)
    assert grade(both) == ("verified", "signature of example.com: valid, we checked it")
    claimed = MUNGED.replace(b"Subject:", b"Reply-To: Alice <alice@example.com>\r\nSubject:")
    trust = judge(parse(claimed), list_address=LIST, list_id=ID, kept="list x")
    assert (trust.grade, trust.author.email, trust.claimed) == ("list", "alice@example.com", True)


def test_l40_a_proven_list_whose_server_found_dmarc_to_pass_verifies_the_author() -> None:
    server = "mx.lists.example"
    raw = sign(GOOGLE, "example.org", covers=GOOGLES)
    assert grade(raw, server=server) == ("verified", "mx.lists.example, the list's server: DMARC pass for example.com")
    assert grade(raw)[0] == "list"  # nobody said whose results count
    assert grade(raw, server="mx.example.net")[0] == "list"
    assert grade(GOOGLE, server=server)[0] == "unknown"
    assert grade(GOOGLE, server=server, hosts=True, way="smtp 192.0.2.9")[0] == "list"  # anybody may write an X-
    for missing in GOOGLES[-2:]:
        covers = tuple(name for name in GOOGLES if name != missing)
        assert grade(sign(GOOGLE, "example.org", covers=covers), server=server)[0] == "list"
    other = GOOGLE.replace(b"header.from=example.com", b"header.from=example.net")
    assert grade(sign(other, "example.org", covers=GOOGLES), server=server)[0] == "list"
    failed = GOOGLE.replace(b"dmarc=pass", b"dmarc=fail")
    assert grade(sign(failed, "example.org", covers=GOOGLES), server=server)[0] == "list"


def test_the_results_of_a_list_that_hands_over_count_for_a_from_it_left_alone() -> None:
    found = b"Authentication-Results: lists.example.org; dmarc=pass header.from=example.com\r\n"
    way, server = "lmtp 192.0.2.9", "lists.example.org"
    assert grade(found + FORGED, own=False, way=way, hosts=True, server=server)[0] == "verified"
    assert grade(found + FORGED, own=False, hosts=True, server=server)[0] == "unknown"
    failed = found.replace(b"pass", b"fail")
    assert grade(failed + found + FORGED, own=False, way=way, hosts=True, server=server)[0] == "list"  # the topmost
    replied = MUNGED.replace(b"Subject:", b"Reply-To: Alice <alice@example.com>\r\nSubject:")
    assert grade(found + replied, own=False, way=way, hosts=True, server=server)[0] == "list"  # L39


@pytest.mark.parametrize("own", [False, True])
def test_l38_mail_with_our_list_id_from_a_host_that_is_not_the_lists_is_unknown(own: bool) -> None:
    for way in ("smtp 192.0.2.9", "lmtp 192.0.2.255", "smtp 2001:db8::25", "smtp ::ffff:192.0.2.9"):
        peer = way.partition(" ")[2]
        assert grade(FORGED, own=own, way=way, hosts=True) == (
            "list",
            f"List-Id is our list's, and it came from {peer}",
        )
    for way in ("smtp 203.0.113.5", "lmtp 127.0.0.1", "smtp 2001:db8::26", "lmtp local"):
        peer = way.partition(" ")[2]
        assert grade(FORGED, own=own, way=way, hosts=True) == (
            "unknown",
            f"List-Id is our list's, but it came from {peer}, which is no host of the list's",
        )
    assert grade(MAIL, own=own, way="smtp 192.0.2.9", hosts=True)[0] == "unknown"  # the host proves no list
    assert grade(FORGED, own=own, way="imap a@b/INBOX 1.2", hosts=True)[0] == ("unknown" if own else "list")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120), st.text(max_size=60), st.text(max_size=20))
def test_junk_is_judged_and_proves_nothing(junk: bytes, result: str, way: str) -> None:
    head = b"X-Original-Authentication-Results: mx; " + result.encode("utf-8", "replace") + b"\r\nARC-Seal: " + junk
    word, reason = grade(head + b"\r\n" + FORGED, way=way, hosts=True, server="mx")
    assert word == "unknown"
    assert "\n" not in reason


# ── settings, and the daemon ──────────────────────────────────────────────────────────────────────────────────────────


def test_networks_are_read_and_what_is_none_is_told() -> None:
    assert values.networks(["192.0.2.0/24", "2001:db8::25"]) == HOSTS
    assert values.networks([]) == Trust().list_hosts == ()
    for wrong in ("192.0.2.0/24", [1], ["192.0.2.1/24"], ["lists.example.org"], [""]):
        with pytest.raises(values.Wrong, match=r"192\.0\.2\.0/24"):
            values.networks(wrong)


def test_a_mail_is_graded_when_it_arrives_and_a_silent_dns_refuses_nothing(tmp_path: Path) -> None:
    sink = Sink()
    asked: list[str] = []

    def ask(name: str, seconds: float) -> tuple[bytes | None, float]:
        asked.append(name)
        if name not in KEYS:
            raise TimeoutError
        return KEYS[name], 300.0

    async def story(house: House) -> None:
        async with Running(Daemon(house.config, house.clock, ask)) as running:
            plain = [FORGED.replace(b"<1@", b"<%d@" % number) for number in range(2, 5)]
            await running.send(sign(), sign(plain[0], "example.org", covers=LISTS), plain[1], sign(plain[2]) + b"x")
            await running.send(sign(MAIL.replace(b"<1@", b"<5@"), "silent.example"), sign())
            await running.settle()
            records = [r for r in running.daemon.archive.records() if r.direction == "in"]
            assert [r.arrival.trust for r in records] == [
                "verified signature of example.com: valid, we checked it",
                "list List-Id is our list's, and signed by example.org",
                "unknown List-Id is our list's, but no signature of example.org covers it",
                "unknown List-Id is our list's, but no signature of example.org covers it "
                "(signature of example.com: the text was changed on the way)",
                "unknown signature of silent.example: the DNS did not answer",
                "verified signature of example.com: valid, we checked it",
            ]
        assert sorted(asked) == sorted({f"s1._domainkey.{d}" for d in ("example.com", "example.org", "silent.example")})

    with running(sink):
        house = House(tmp_path, sink)  # type: ignore[arg-type]  # it wants a port only
        house.config = replace(house.config, trust=Trust(own_check=True))
        asyncio.run(story(house))
    assert not house.wrong()


def test_without_the_setting_nobody_is_asked(tmp_path: Path) -> None:
    sink = Sink()

    def ask(name: str, seconds: float) -> tuple[bytes | None, float]:
        raise AssertionError(name)

    async def story(house: House) -> None:
        async with Running(Daemon(house.config, house.clock, ask)) as running:
            await running.send(sign(FORGED, "example.org", covers=LISTS))
            (record,) = [r for r in running.daemon.archive.records() if r.direction == "in"]
            assert record.arrival.trust == "list List-Id is our list's"

    with running(sink):
        asyncio.run(story(House(tmp_path, sink)))  # type: ignore[arg-type]


def test_a_dns_that_hangs_keeps_a_mail_no_longer_than_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbot.app.senders.PATIENCE", 0.05)
    over = threading.Event()

    def ask(name: str, seconds: float) -> tuple[bytes | None, float]:
        over.wait(5)
        return None, 1.0

    office: Any = SimpleNamespace(config=SimpleNamespace(trust=Trust(own_check=True)))

    async def story() -> None:
        senders = Senders(lambda: NOW, ask)
        (found,) = await senders.signatures([office], sign())
        assert (found.result, found.domain) == ("temperror", "")
        over.set()
        assert [s.reason for s in senders.signatures_here([office], sign())] == ["the DNS has no key for it"]
        assert senders.signatures_here([office], MAIL) == ()
        senders.close()

    asyncio.run(story())
