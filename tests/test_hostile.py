"""Attacks: each is a row with the mail that makes it, and fails here, in other tests, or in both (``ELSEWHERE``).

A row's mail goes the whole way: reading, threading, fold, every letter to be mailed, both reports, the published folder. The
law: no exception leaves anything, nothing takes over 2 s, all of them together stay under 200 MB (``python -m
tests.test_hostile`` says what each takes).
"""
# ruff: noqa: E501  (a row is a line)

from __future__ import annotations

import base64
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from importlib import import_module
from pathlib import Path

import pytest

from mailbot.app.reader import read_all
from mailbot.core.incident import Incident
from mailbot.outbox.render import Looks, Renderer
from mailbot.publish.folder import Folder, front_matter
from mailbot.store import safe
from tests.daemon_process import ROOT
from tests.incident_scene import ALICE, BOB, LIST, NOON, Scene, letters

SECONDS, MEGABYTES = 2.0, 200
HEAD = b"Message-ID: <evil@example.org>\nFrom: Eve <eve@example.org>\nTo: incident@example.org\n"
RENDERER = Renderer(LIST, Looks())


@dataclass
class Outcome:
    """What became of a mail."""

    row: dict[str, object]
    incident: Incident
    mails: dict[str, bytes]
    reports: list[str]
    files: dict[str, str] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that people read of it in mails, decoded."""
        found = []
        for raw in self.mails.values():
            found += [
                str(p.get_content()) for p in message_from_bytes(raw, policy=default).walk() if not p.is_multipart()
            ]
        return "\n".join(found)


def swallow(raw: bytes) -> Outcome:
    """The whole way of one mail that opens an incident, until its report is published."""
    (row,) = read_all([raw], LIST, list_id="", opens="any", now=NOON)
    json.dumps(row)
    scene = Scene()
    scene.take(raw, NOON)
    mails = dict(letters(scene))
    scene.settle()
    for minute, text in ((20, "STATUS\nTIMELINE\nCATCHUP\nWHY"), (30, "RESOLVED"), (40, "REVIEWED")):
        scene.mail(ALICE if minute < 40 else BOB, text, minute)
        mails |= {f"{kind} {minute}": letter for kind, letter in letters(scene).items()}
        scene.settle()
    incident = scene.incident
    pages = [RENDERER.report(incident, name, public=p) for name in ("instructlab", "debrief") for p in (False, True)]
    with tempfile.TemporaryDirectory() as place:
        here = Path(place) / "in" / "public"
        here.mkdir(parents=True)
        folder = Folder(here, safe)
        folder.put(incident.id, *pages[1])
        files = {str(f.relative_to(here)): f.read_text() for f in here.rglob("*") if f.is_file()}
        outside = [str(f) for f in Path(place).rglob("*") if f.is_file() and here not in f.parents]
    return Outcome(row, incident, {k: letter.raw for k, letter in mails.items()}, [p[1] for p in pages], files, outside)


# ── what must hold ────────────────────────────────────────────────────────────────────────────────────────────────────


def is_fine(_: Outcome) -> None:
    """Nothing beside the law."""


def is_said(*words: str) -> Callable[[Outcome], None]:
    def check(found: Outcome) -> None:
        for word in words:
            assert word in str(found.row["problems"]), found.row["problems"]

    return check


def writes_no_header(found: Outcome) -> None:
    for raw in found.mails.values():
        mail = message_from_bytes(raw, policy=default)
        assert not {"bcc", "x-evil", "x-mailbot-evil"} & {name.lower() for name in mail}
        assert len(mail.get_all("To", [])) < 2
        assert len(mail.get_all("Subject", [])) == 1
        assert b"\r" not in raw.replace(b"\r\n", b"")


def is_inert(found: Outcome) -> None:
    """No page of ours has HTML, links or front matter that somebody else wrote."""
    for page in [*found.reports, *found.files.values()]:
        body = re.sub(r"\A---\n.*?\n---\n", "", page, flags=re.S)
        bare = re.sub(r"<!--.*?-->|\\<|`[^`\n]*`|\\\[[^\]]*\]", "", body, flags=re.S)
        assert not re.search(r"<(?:script|img|iframe|a|svg|style)\b", bare, re.IGNORECASE)
        assert not re.search(r"(?<!\\)\]\((?:javascript|data|https?)", bare)
        assert not re.search(r"^(?:# evil|=====|\[\^9\]:)", bare, re.M)
    for page in found.reports:
        front = front_matter(page)
        assert front["id"] == found.incident.id
        assert "evil" not in front
        assert front["status"] == found.incident.status.value
    for raw in found.mails.values():
        for part in message_from_bytes(raw, policy=default).walk():
            if part.get_content_type() == "text/html":
                assert not re.search(r"<(?:script|img|iframe|svg)\b", str(part.get_content()), re.IGNORECASE)


def is_no_template(found: Outcome) -> None:
    everything = "\n".join([*found.reports, found.text, *found.files.values()])
    assert "1787569" not in everything  # 1337 * 1337
    assert "<class" not in everything


def stays_inside(found: Outcome) -> None:
    assert not found.outside
    assert all(re.fullmatch(r"README\.md|[\w.-]+\.md", name) and ".." not in name for name in found.files)


def holds_little(found: Outcome) -> None:
    assert len(json.dumps(found.row)) < 3_000_000
    assert max(map(len, found.mails.values())) < 1_500_000


# ── the mails ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(body: str, subject: str = "Logins fail", more: str = "") -> bytes:
    return HEAD + f"Subject: {subject}\n{more}\n{body}\n".encode()


def headers(*lines: bytes) -> bytes:
    return HEAD + b"\n".join(lines) + b"\n\nSince 11:50 UTC nobody can log in.\n"


def nested(kind: bytes, depth: int) -> bytes:
    if kind == b"message":
        return HEAD + b"Content-Type: message/rfc822\n\n" * depth + b"x\n"
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(depth))
    return HEAD + parts + b"Content-Type: text/plain\n\nx\n"


def many_parts(count: int) -> bytes:
    one = b"--b\nContent-Type: text/plain\n\nAt 11:50 UTC it broke.\n"
    return HEAD + b"Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n" + one * count + b"--b--\n"


def attached(name: str, data: bytes, kind: str = "application/zip", encoding: str = "") -> bytes:
    body = base64.encodebytes(data).decode()
    return text(
        f'--b\nContent-Type: text/plain\n\nSee the file.\n--b\nContent-Type: {kind}; name="{name}"\n{encoding}'
        f'Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="{name}"\n\n{body}--b--',
        more="MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
    )


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", b"\0" * 20_000_000)
    return attached("logs.zip", packed.getvalue())


def compressed() -> bytes:
    packed = zlib.compress(b"RESOLVED\n" * 2_000_000)
    body = base64.encodebytes(packed).decode()
    more = 'Content-Type: text/plain; charset="zlib"\nContent-Encoding: deflate\nContent-Transfer-Encoding: base64\n'
    return text(body, more=more)


def lying(charset: str, data: bytes) -> bytes:
    return HEAD + f'Subject: x\nContent-Type: text/plain; charset="{charset}"\n\n'.encode() + data


def titled(subject: str, name: str = "Eve", body: str = "Since 11:50 UTC nobody can log in.") -> bytes:
    words = base64.b64encode(subject.encode("utf-8", "surrogatepass")).decode()
    who = base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()
    return (
        f"Message-ID: <evil@example.org>\nFrom: =?utf-8?b?{who}?= <eve@example.org>\nTo: incident@example.org\n"
        f"Subject: =?utf-8?b?{words}?=\n\n{body}\n"
    ).encode()


SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LINK = "[click](javascript:alert(1)) ![x](https://evil.example/x.png) <https://evil.example>"
FRONT = "x\n---\nevil: true\nstatus: published\n---\n# evil"
SECTIONS = "\n\n".join(
    f"{name}: {SCRIPT} {LINK}\n\\# evil\n[^9]: evil" for name in ("SUMMARY", "CAUSE", "IMPACT", "WELL")
)
TEMPLATE = "{{ 1337 * 1337 }} {% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %} {# x #}"


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    make: Callable[[], bytes]
    holds: Callable[[Outcome], None] = is_fine


ATTACKS = (
    Attack("MIME nesting: 5,000 multiparts", lambda: nested(b"multipart", 5000), is_said("nested parts")),
    Attack("MIME nesting: 5,000 messages in messages", lambda: nested(b"message", 5000), is_said("nested parts")),
    Attack("10,000 parts", lambda: many_parts(10_000), is_said("more than 1000 parts")),
    Attack("a part without an end", lambda: many_parts(3)[:-7]),
    Attack("boundaries that contain each other", lambda: many_parts(50).replace(b"--b\n", b"--b\n--bb\n--b--b\n")),
    Attack("1 MB of one header", lambda: headers(b"X-Long: " + b"a" * 1_000_000), is_said("headers over")),
    Attack("1 MB of Subject", lambda: headers(b"Subject: " + b"down " * 200_000), is_said("headers over")),
    Attack("1 MB of From", lambda: headers(b"From: " + b'a,"<(' * 200_000)),
    Attack("100,000 headers", lambda: headers(*[b"X-A: b"] * 100_000)),
    Attack("20,000 Received", lambda: headers(*[b"Received: from a by b; Sat, 21 Nov 2026 12:00:00 +0000"] * 20_000)),
    Attack("eight To of 32,000 quotes", lambda: headers(*[b"To: " + b'"' * 32_000] * 8)),
    Attack("1 MB of References", lambda: headers(b"References: " + b"<a@b> " * 150_000)),
    Attack("100,000 recipients", lambda: headers(b"Cc: " + b"a@example.org, " * 100_000)),
    Attack("a header line of 200,000 letters and no colon", lambda: headers(b"Subject: x", b"a" * 200_000)),
    Attack("a folded header of 100,000 lines", lambda: headers(b"Subject: x" + b"\n y" * 100_000)),
    Attack("encoded words: 70,000", lambda: headers(b"Subject: " + b"=?utf-8?q?a?= " * 70_000)),
    Attack("encoded words that never end", lambda: headers(b"Subject: " + b"=?utf-8?q?" * 20_000)),
    Attack("an encoded word in an encoded word", lambda: headers(b"Subject: =?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=")),
    Attack("charset: a codec that unpacks", compressed, is_said("zlib")),
    Attack("charset: UTF-7 that hides markup", lambda: lying("utf-7", b"+ADw-script+AD4- RESOLVED"), is_inert),
    Attack("charset: punycode, which is quadratic", lambda: lying("punycode", b"a-" * 200_000)),
    Attack("charset: unicode_escape", lambda: lying("unicode_escape", b"\\u003cscript\\u003e \\N{SPACE}"), is_inert),
    Attack("charset: says UTF-16, is ASCII", lambda: lying("utf-16", b"Since 11:50 UTC it is down\n")),
    Attack("charset: a path", lambda: lying("../../../etc/passwd", b"x"), is_said("charset")),
    Attack("charset: ISO-2022-JP that never ends", lambda: lying("iso-2022-jp", b"\x1b$B" * 100_000)),
    Attack("base64 that is none", lambda: text("!!!" * 100_000, more="Content-Transfer-Encoding: base64\n")),
    Attack("quoted-printable that is none", lambda: text("=" * 300_000, more="Content-Transfer-Encoding: quoted-printable\n")),
    Attack("a zip bomb", zip_bomb, holds_little),
    Attack("an attachment of 7 MB", lambda: attached("core", b"x" * 7_000_000), holds_little),
    Attack("NULs in headers and text", lambda: titled("a\0b\0", "E\0ve", "RESOLVED\0\nBcc: x\0"), writes_no_header),
    Attack("bare CR", lambda: headers(b"Subject: x\rBcc: all@example.org\rX-Evil: 1").replace(b"log", b"lo\rg"), writes_no_header),
    Attack("bare LF and CRLF mixed", lambda: headers(b"Subject: x\r\n Bcc: all@example.org\n\r\nX-Evil: 1"), writes_no_header),
    Attack("header injection by the subject", lambda: titled("x\r\nBcc: all@example.org\r\nX-Evil: 1\r\n\r\nbody"), writes_no_header),
    Attack("header injection by the name", lambda: titled("x", "Eve\r\nBcc: all@example.org\r\nX-Evil: 1"), writes_no_header),
    Attack("header injection by line ends of Unicode", lambda: titled("x\u2028Bcc: a@b\x85X-Evil: 1\x0bX-Evil: 2", "E\u2029ve"), writes_no_header),
    Attack("header injection by the Message-ID", lambda: headers(b"References: <a@b\x0bX-Evil:1> <c\x00d@e>"), writes_no_header),
    Attack("HTML into reports, by title and name", lambda: titled(SCRIPT, SCRIPT), is_inert),
    Attack("HTML and Markdown into reports, by text", lambda: text(SECTIONS + f"\nLOG 11:55Z {SCRIPT} {LINK}"), is_inert),
    Attack("HTML mail with scripts", lambda: text(SCRIPT * 100, more="Content-Type: text/html\n"), is_inert),
    Attack("Markdown into reports, by title", lambda: titled(f"{LINK} | a | b", "[Eve](https://evil.example)"), is_inert),
    Attack("YAML into reports, by title", lambda: titled(FRONT, '"\nevil: true'), is_inert),
    Attack("YAML into reports, by actions", lambda: text(f"ACTION prevent {FRONT}\nACTION prevent !!python/object:os.system"), is_inert),
    Attack("a comment that swallows the report", lambda: titled("<!-- x", "--> <!--", "SUMMARY: <!-- --> --> <!--"), is_inert),
    Attack("template injection by title and name", lambda: titled(TEMPLATE, TEMPLATE), is_no_template),
    Attack("template injection by text", lambda: text(f"SUMMARY: {TEMPLATE}\nLOG 11:55Z {TEMPLATE}\nTITLE {TEMPLATE}"), is_no_template),
    Attack("path tricks in the Message-ID", lambda: text("RESOLVED").replace(b"evil@", b"../../../../tmp/evil%00/@"), stays_inside),
    Attack("path tricks in the title", lambda: titled("../../../../etc/cron.d/evil"), stays_inside),
    Attack("path tricks: a device, a dot, a slash", lambda: titled("../.. /dev/stdin ~root .. . \\\\evil\\c$"), stays_inside),
    Attack("path tricks in the attachment's name", lambda: attached("../../../../tmp/evil", b"x"), stays_inside),
    Attack("path tricks in the address", lambda: text("HANDOFF ../../evil@example.org\nACTION prevent x @../../evil"), stays_inside),
    Attack("our own headers, forged", lambda: text("x", more="X-Mailbot-Incident: INC-1\nX-Mailbot-Evil: 1\nX-Mailbot-Notice: ack:1\n"), writes_no_header),
    Attack("10,000 commands", lambda: text("LOG 11:50Z it broke\n" * 10_000), holds_little),
    Attack("10,000 times", lambda: text("at 11:50 UTC, 12:50 CEST and 2pm PDT; " * 3_000), holds_little),
    Attack("one line of 2 MB", lambda: text("11:50 UTC " * 200_000), holds_little),
    Attack("digits without end", lambda: text("1" * 500_000 + "\n" + "1:" * 200_000)),
    Attack("white space without end", lambda: text("RESOLVED" + " \t" * 300_000 + "x\n" + "\n" * 300_000)),
    Attack("a million short lines", lambda: text("at 11:50 x\n" * 1_000_000), is_said("the rest was not read")),
    Attack("a million blank lines", lambda: text("\n" * 1_000_000)),
    Attack("quotes 5,000 deep", lambda: text("\n".join(">" * n + " RESOLVED" for n in range(0, 5000, 5)))),
    Attack("500,000 quote marks on a line", lambda: text(">" * 500_000)),
    Attack("attribution lines that never end", lambda: text("On Mon, wrote wrote wrote " * 20_000 + ":")),
    Attack("links without end", lambda: text("https://" + "a/" * 300_000 + " " + "https://meet.example.org/x " * 20_000)),
    Attack("200,000 open tags", lambda: text("<div><p><b>" * 70_000, more="Content-Type: text/html\n")),
    Attack("Unicode: marks that turn the text, half letters, piles", lambda: titled("\u202e\u2066x\ud800" + "a\u0301" * 5000, "\u202eevE")),
    Attack("a date in the year 207777", lambda: headers(b"Date: Sat, 21 Nov 207777 12:00:00 +9999")),
    Attack("nothing at all", lambda: b""),
    Attack("nothing but zeros", lambda: b"\0" * 1_000_000),
    Attack("a program", lambda: Path(sys.executable).read_bytes()[:2_000_000]),
)  # fmt: skip

ELSEWHERE = {  # attacks on a conversation, the archive or the budgets: the tests that show each fail
    "SMTP smuggling": ("test_smtp.test_l50_only_crlf_dot_crlf_ends_a_mail_and_all_else_is_content",
                       "test_post.test_content_leaves_with_crlf_and_dots_arrive_as_they_were"),
    "a mail that plays a record of the archive": ("test_archive.test_a_mail_that_plays_a_whole_record_is_one_mail",),
    "an envelope with line ends": ("test_archive.test_an_envelope_with_line_ends_writes_no_header",),
    "forged trace headers": ("test_archive.test_l38_headers_like_ours_from_outside_are_renamed",),
    "addresses that end a command": ("test_post.test_what_is_no_address_is_refused_without_a_word_to_the_server",
                                     "test_smtp.test_a_broken_address_is_553_and_nothing_worse"),
    "junk instead of SMTP": ("test_smtp.test_junk_is_answered_with_replies_and_breaks_nothing",),
    "mail that never ends": ("test_smtp.test_data_has_a_deadline",
                             "test_smtp.test_a_session_ends_however_busy_but_not_inside_a_mail"),
    "our own words as commands": ("test_render.test_l5_no_line_of_ours_is_a_command_when_it_comes_back_without_quote_marks",),
    "a storm of alerts": ("test_hostile_robots.test_ten_thousand_alerts_in_ten_minutes_become_five_incidents",),
    "bots that answer each other": ("test_hostile_floods.test_two_bots_that_answer_each_other_stop",),
    "a flood of questions from one sender": ("test_hostile_floods.test_one_sender_gets_no_more_answers_than_the_budget",),
    "too many connections": ("test_hostile_floods.test_one_peer_cannot_take_all_connections",),
    "a mail that breaks our code": ("test_survival.test_a_mail_that_breaks_our_code_is_kept_and_stops_nothing_else",),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_fails(attack: Attack) -> None:
    raw = attack.make()
    began = time.process_time()
    list(read_all([raw], LIST, list_id="", opens="any", now=NOON))
    assert time.process_time() - began < SECONDS
    began = time.process_time()
    found = swallow(raw)
    assert time.process_time() - began < 3 * SECONDS  # it is read again, three more mails come, a dozen go out
    assert found.row["message_id"]
    attack.holds(found)


@pytest.mark.parametrize("attack", ELSEWHERE)
def test_what_shows_an_attack_fail_is_there(attack: str) -> None:
    for name in ELSEWHERE[attack]:
        module, _, test = name.rpartition(".")
        assert callable(getattr(import_module(f"tests.{module}"), test))


def test_all_attacks_together_stay_under_200_megabytes() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.test_hostile"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    found = re.search(r"^(\d+) attacks, at most ([\d.]+) s and (\d+) MB", told.stdout, re.M)
    assert found, told.stdout + told.stderr
    assert int(found[3]) < MEGABYTES, told.stdout


def peak_memory() -> int:
    """Megabytes of this process. Not ``ru_maxrss``: a child begins with what its parent had when it forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) // 1024


def main(attacks: Iterable[Attack] = ATTACKS) -> None:
    most, peak = 0.0, 0
    done = list(attacks)
    for attack in done:
        raw = attack.make()
        began = time.process_time()
        list(read_all([raw], LIST, list_id="", opens="any", now=NOON))
        took = time.process_time() - began
        swallow(raw)
        most = max(most, took)
        peak = peak_memory()
        print(f"{took:6.2f} s  {peak:4} MB  {len(raw) / 1e6:5.1f} MB  {attack.name}", flush=True)
    print(f"{len(done)} attacks, at most {most:.1f} s and {peak} MB")


if __name__ == "__main__":
    main()
