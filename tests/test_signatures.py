"""Signatures of mails, checked by ourselves: what counts, what does not, and that nothing hostile is slow or raises."""

from __future__ import annotations

import re
import socketserver
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import ClassVar

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.intake import keys
from mailbot.intake.keys import Keys, ask_dns
from mailbot.intake.signatures import LONGEST, MOST, Signature, carries, check
from tests.signing import ALL, MAIL, ed25519, odd_exponent, rsa, sign

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
RECORDS = {"s1._domainkey.example.com": rsa()[1]}


def found(raw: bytes, records: dict[str, bytes] = RECORDS) -> list[tuple[str, str, str]]:
    return [(s.domain, s.result, s.reason) for s in check(raw, records.get, NOW)]


def reason(raw: bytes, record: bytes = rsa()[1]) -> str:
    ((_, result, why),) = found(raw, {"s1._domainkey.example.com": record})
    assert result == ("pass" if why == "valid" else "fail")
    return why


@pytest.mark.parametrize("form", [(b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple")])
def test_a_signature_of_the_whole_mail_passes_and_says_what_it_covers(form: tuple[bytes, bytes]) -> None:
    (signature,) = check(sign(form=form), RECORDS.get, NOW)
    names = frozenset(name.decode() for name in ALL)
    assert signature == Signature("example.com", "pass", "valid", names)
    lines = sign(form=form).replace(b"\r\n", b"\n")  # as a program may have stored it
    assert [s.result for s in check(lines, RECORDS.get, NOW)] == ["pass"]


def test_ed25519_passes_with_its_own_key_and_not_with_another() -> None:
    private, record = ed25519()
    raw = sign(private=private, way=b"ed25519-sha256")
    assert reason(raw, record) == "valid"
    assert reason(raw) == "its key is for another way to sign"
    assert reason(sign(), record) == "its key is for another way to sign"


def test_a_mail_without_a_signature_is_not_looked_at() -> None:
    assert not carries(MAIL)
    assert carries(sign())
    assert check(MAIL, RECORDS.get, NOW) == ()


def test_l38_what_was_changed_on_the_way_passes_no_more() -> None:
    raw = sign()
    assert reason(raw.replace(b"Since", b"After")) == "the text was changed on the way"
    assert reason(raw + b"-- \r\nincident mailing list\r\n") == "the text was changed on the way"
    assert (
        reason(raw.replace(b"Registry", b"[incident] Registry")) == "the headers that it covers were changed on the way"
    )
    assert reason(raw.replace(b"alice@", b"bob@")) == "the headers that it covers were changed on the way"
    assert reason(sign(private=rsa(seed=2)[0])) == "the headers that it covers were changed on the way"


@pytest.mark.parametrize(
    "more",
    [
        b"From: Eve <eve@example.com>\r\n",
        b"fRoM : Eve <eve@example.com>\r\n",
        b"X-A: b\rFrom: eve@example.com\r\n",
        b"X-A: b\r\nFrom x\r\n",
        b"X-A: \0\r\n",
    ],
)
def test_l38_what_could_be_another_from_spoils_it(more: bytes) -> None:
    for raw in (more + sign(), sign().replace(b"\r\nTo:", b"\r\n" + more + b"To:")):
        assert "pass" not in {result for _, result, _ in found(raw)}


def test_l38_another_subject_or_date_spoils_it() -> None:
    assert reason(b"Subject: RESOLVED\r\n" + sign()) == "it does not cover the one Subject"
    assert reason(b"Date: x\r\n" + sign()) == "it does not cover the one Date"
    assert reason(sign(covers=(b"from", b"date"))) == "it does not cover the one Subject"
    again = sign(covers=(b"from", b"to", b"subject", b"date"))  # could be sent again as a new mail
    assert reason(again) == "it does not cover the one Message-Id"


def test_l38_the_length_trick_does_not_count_nor_does_an_unsigned_from() -> None:
    assert "l=" in reason(sign(length=True) + b"RESOLVED 12:00\r\n")
    assert "l=" in reason(sign(length=True))
    assert (
        "0 From"
        in found(sign().replace(b"\r\nFrom: Alice <alice@example.com>", b"").replace(b"From: ", b"X-F: "))[0][2]
    )
    assert reason(sign().replace(b"from : ", b"")) == "it does not cover the one From"


def test_an_old_signature_and_an_unsafe_one_do_not_count() -> None:
    past, later = b"%d" % (NOW.timestamp() - 1), b"4000000000"
    raw = sign()
    assert reason(raw.replace(b"; t=", b"; x=" + past + b"; t=")) == "it has expired"
    assert "changed" in reason(raw.replace(b"; t=", b"; x=" + later + b"; t="))
    assert reason(raw.replace(b"; t=", b"; x=soon; t=")) == "it has expired"
    assert reason(sign(way=b"rsa-sha1")) == "made in a way that is not safe"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"", "the DNS has no key for it"),
        (b"v=DKIM1; p=", "its key was revoked"),
        (b"v=DKIM1; p=AAAA", "its key cannot be read"),
        (b"v=DKIM1; p=A", "its key cannot be read"),
        (b"v=DKIM2; " + rsa()[1].partition(b"; ")[2], "the headers that it covers were changed on the way"),
        (rsa()[1] + b"; t=y", "its key is not for this"),
        (rsa()[1] + b"; h=sha1", "its key is for another way to sign"),
        (rsa()[1] + b"; n=" + b"x" * 2_000, "its key is too long"),
        (rsa(512)[1], "its key of 512 bits is too weak"),
        (odd_exponent(), "its key of 2048 bits is too weak"),
    ],
)
def test_a_key_that_is_none_opens_nothing(record: bytes, why: str) -> None:
    assert reason(sign(), record) == why


def test_a_domain_without_a_dot_and_names_that_are_none_are_not_asked_for() -> None:
    def never(name: str) -> bytes:
        raise AssertionError(name)

    for domain in ("com", "exa mple.com", "a..b", "x" * 64 + ".com", "ex\u00e4mple.com"):
        raw = sign().replace(b"d=example.com", b"d=" + domain.encode())
        assert [s.reason for s in check(raw, never, NOW)] == ["d= is no domain"]
    assert [s.reason for s in check(sign().replace(b"s=s1", b"s=a/b"), never, NOW)] == ["s= is no selector"]


def test_a_silent_dns_is_no_answer() -> None:
    def silent(name: str) -> bytes:
        raise TimeoutError

    assert check(sign(), silent, NOW) == (Signature("example.com", "temperror", "the DNS did not answer"),)


def test_the_first_three_are_looked_at_each_by_itself() -> None:
    raw = sign(sign(), "lists.example.org", covers=(*ALL, b"to"))
    records = RECORDS | {"s1._domainkey.lists.example.org": rsa()[1]}
    assert [(d, r) for d, r, _ in found(raw, records)] == [("lists.example.org", "pass"), ("example.com", "pass")]
    for _ in range(5):
        raw = sign(raw, "example.net")
    assert len(found(raw)) == MOST


def test_no_mail_is_slow_to_check() -> None:
    blanks = b" " * 700_000 + b"x" + b"\t " * 200_000
    folds = b"X-A: b\r\n" + b" \r\n" * 30_000
    headers = b"".join(b"X-%d: y\r\n" % n for n in range(450))
    names = b":".join(b"x-%d" % n for n in range(600))
    mails = (
        sign() + blanks + b"\r\n",
        sign() + b"\r\n" * 500_000 + b"x",
        folds + sign(),
        headers + sign().replace(b"; h=", b"; h=" + names[:2_000] + b":"),
        sign().replace(b"; t=", b"; b" + b"\r\n \r\n" * 600 + b"; t="),
        sign(MAIL + b"x" * LONGEST),
    )
    for number, raw in enumerate(mails):
        began = time.process_time()
        assert found(raw), number
        assert time.process_time() - began < 2.0, number
    few = sign(MAIL + b" x ")  # relaxed: the same, and dkimpy signs no more than it verifies
    assert found(few[:-3] + blanks) == [("example.com", "pass", "valid")]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 900), st.integers(0, 40))
def test_junk_never_raises_and_never_passes(junk: bytes, record: bytes, at: int, size: int) -> None:
    raw = sign()
    assert not any(s.result == "pass" for s in check(b"DKIM-Signature: " + junk + b"\r\n" + MAIL, RECORDS.get, NOW))
    assert not any(s.result == "pass" for s in check(raw, lambda _: record, NOW))
    changed = raw[:at] + junk + raw[at + size :]
    assert all(isinstance(s, Signature) for s in check(changed, RECORDS.get, NOW))
    check(junk, RECORDS.get, NOW)


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Dns:
    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[tuple[str, float]] = []
        self.answers: dict[str, tuple[bytes | None, float]] = {}

    def clock(self) -> float:
        return self.now

    def ask(self, name: str, seconds: float) -> tuple[bytes | None, float]:
        self.asked.append((name, seconds))
        if name not in self.answers:
            self.now += seconds
            raise TimeoutError
        return self.answers[name]


def test_a_key_is_asked_for_once_until_its_time_is_over() -> None:
    dns = Dns()
    dns.answers = {"a": (b"p=1", 300.0), "none": (None, 1e9)}
    known = Keys(dns.ask, dns.clock)
    for _ in range(3):
        assert known.within(5)("a") == b"p=1"
        assert known.within(5)("none") is None
    assert len(dns.asked) == 2
    dns.now += 301
    assert known.within(5)("a") == b"p=1"
    assert len(dns.asked) == 3
    dns.now += 3600
    assert known.within(5)("none") is None  # an hour at most, whatever the TTL
    assert len(dns.asked) == 4


def test_a_name_that_does_not_answer_is_left_alone_for_a_while_and_all_together_wait_five_seconds() -> None:
    dns = Dns()
    known = Keys(dns.ask, dns.clock)
    lookup = known.within(5)
    for name in ("a", "b", "c", "d", "a"):
        with pytest.raises(TimeoutError):
            lookup(name)
    assert dns.asked == [("a", 2.0), ("b", 2.0), ("c", 1.0)]
    with pytest.raises(TimeoutError):
        known.within(5)("b")
    assert len(dns.asked) == 3
    dns.now += keys.SILENT
    dns.answers["b"] = (b"p=2", 1.0)
    assert known.within(5)("b") == b"p=2"


def test_what_is_remembered_is_bounded() -> None:
    dns = Dns()
    dns.answers = {str(n): (None, 60.0) for n in range(keys.MOST + 100)}
    known = Keys(dns.ask, dns.clock)
    for name in dns.answers:
        known.within(5)(name)
    assert len(known._known) == keys.MOST


class Server(socketserver.BaseRequestHandler):
    """A name server: what stands in ``ZONE``; silent about ``silent``, SERVFAIL for ``broken``."""

    ZONE: ClassVar[dict[str, list[str]]] = {
        "one.example.": ['"v=DKIM1; p=ab" "cd"', '"v=spf1 -all"'],
        "two.example.": ['"p=a"', '"p=b"'],
        "other.example.": ['"v=spf1 -all"'],
    }

    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        answer = dns.message.make_response(query)
        if name in self.ZONE:
            answer.answer.append(dns.rrset.from_text(name, 600, "IN", "TXT", *self.ZONE[name]))
        else:
            answer.set_rcode(dns.rcode.SERVFAIL if name.startswith("broken") else dns.rcode.NXDOMAIN)
        if not name.startswith("silent"):
            socket.sendto(answer.to_wire(), self.client_address)


def test_what_the_dns_says_is_a_key_none_or_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        assert ask_dns("one.example", 2) == (b"v=DKIM1; p=abcd", 600.0)
        for name in ("two.example", "other.example", "nobody.example", "x" * 64 + ".example", "a..b"):
            assert ask_dns(name, 2)[0] is None, name
        for name in ("silent.example", "broken.example"):
            with pytest.raises(TimeoutError):
                ask_dns(name, 0.3)
        resolver.nameservers = []
        with pytest.raises(TimeoutError):
            ask_dns("one.example", 0.3)
        server.shutdown()


def test_the_command_line_imports_neither_dkimpy_nor_the_resolver() -> None:
    code = "import sys, mailbot.cli, mailbot.app.daemon; print(sorted({'dkim', 'dns', 'nacl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\]\s*", done.stdout)
