"""Where a short way was taken for speed, it gives what the long way gives."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message as Mime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.app.decisions import decided
from mailbot.app.desk import take_in
from mailbot.core import facts, message, reply
from mailbot.core.entries import Joined, Said, undo_code
from mailbot.core.incident import MailingList, fold
from mailbot.core.limits import bounded, head_end
from mailbot.core.structure import many_parts, one_part
from mailbot.store import record
from tests.incident_scene import ALICE, ID, LIST, Scene

LINES = """
the node is down
at 14:05 it came back
> the node is down
On Mon, May 6, 2024 Alice <a@example.org> wrote:
From: Alice <a@example.org>
Sent: 6 May 2024
To: ops
Subject: down
--
Alice
_____
X:
Sent from my iPhone
2024-05-06 Alice <a@example.org>
wrote:
On 6 May 2024 alice at
example.org wrote this
at noon:
On 6 May 2024
case X:
<at> example.org>:
:
je:
On 6 May 2024 Alice napisao
<a@example.org>
sent:
-----Original Message-----
* item
| x
""".splitlines()
RULES = """
-
---
-----
======
#####
~~~~~
—
-=-=-=-=-=-
__._,_.___
__._,_.___:
---------- Forwarded message ---------
-----End forwarded message-----
Begin forwarded message:
Ops mailing list
ops@example.org
To unsubscribe from this group, send mail to ops
Quoting Alice:
* Alice [240502 09:15]:
>>> Alice <alice@example.org> 5/6/2024 9:15 AM >>>
Gesendet von meinem iPhone
Тема: x
Betreff：x
On 6 May 2024 Alice <x> sent:
Bobwrote:
On 6 May 2024 at 3 PM, Bobwrote:
iPhoneから送信
@@ -1,2 +3,4 @@ case X:
""".splitlines()
HEADERS = """
Subject: down
Content-Type: text/plain
Content-Type: multipart/mixed; boundary=x
 folded
no header
Content-Type: message/rfc822
X: multipart
From x
--x
caf\xe9: x
Content-Transfer-Encoding: base64
Content-Transfer-Encoding: 8bit
Content-Type: text/plain; charset=latin-1
Content-Type:text/html
Content-Disposition: attachment; filename=a.txt
Content-Type: text
""".splitlines()
PARTS = """
--b
--b--
--bb
--c
--c--
-- b
--b --
Content-Type: text/html
Content-Type: multipart/alternative; boundary=c
Content-Type: multipart/alternative;
Content-Type: multipart/mixed; boundary=
Content-Type: multipart/digest; boundary=c
Content-Type: message/rfc822
Content-Disposition: attachment; filename=café
 boundary="bb"
\tb
no header
From x
""".splitlines()


class _Long(reply._Reader):
    def _telling(self) -> Iterator[int]:
        return (n for n, line in enumerate(self.lines) if line)


MARKS = ["", "", "", "", "> ", "> > ", "- ", "-- ", "* ", "_", "| ", "#", "~", "\xa0"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MARKS), st.sampled_from([*LINES, *RULES, "-- "])), max_size=14))
def test_a_plain_line_is_judged_as_if_all_questions_were_asked(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(map("".join, lines))
    reader = _Long(text)
    reader.read()
    assert reply.split(text) == (tuple(reader.parts()) if text else ())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_plain_mail_takes_the_short_way(end: str) -> None:
    raw = end.join(["Subject: down", "X-Folded: a", "\tb", "Content-Transfer-Encoding: base64", "", "aGk="]).encode()
    assert one_part(raw, head_end(raw)) is not None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*HEADERS, "\r"]), max_size=10),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.binary(max_size=60),
)
def test_a_single_part_is_what_the_stdlib_makes_of_it(lines: list[str], end: str, junk: bytes) -> None:
    raw = bounded(end.join(lines).encode("latin-1") + junk, [])
    long = email.message_from_bytes(raw)
    found = one_part(raw, head_end(raw))
    if found is None:
        return
    pairs, short, printed = found
    assert message._headers(pairs, printed, []) == message._headers(list(long.raw_items()), False, [])
    assert not long.is_multipart()
    assert message._body(short, []) == message._body(long, [])


def _tree(part: Mime) -> object:
    """All of it that is read."""
    inner = part.get_payload() if part.is_multipart() else part._payload  # type: ignore[attr-defined]
    below = [_tree(each) for each in inner if isinstance(each, Mime)] if isinstance(inner, list) else inner
    return list(part.raw_items()), part.get_content_type(), below


SOUND = (
    ["", "text", ""],
    ["Content-Type: text/html", "X: a", "\tb", "", "text", "-- ", "Alice"],
    ["Content-Type: multipart/mixed; boundary=c", "", "--c", "", "text", "--c--", ""],
)
piece = (
    st.sampled_from(SOUND * 2)
    | st.sampled_from(SOUND)
    | st.lists(st.sampled_from(["--b ", "--c", "", "", *PARTS, *LINES[:3]]), max_size=6)
)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(piece, max_size=4), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["b", '"b"', "b; x=\xe9", ""])
)
def test_many_parts_are_what_the_stdlib_makes_of_them(pieces: list[list[str]], end: str, boundary: str) -> None:
    head = ["Subject: a", f"Content-Type: multipart/mixed; boundary={boundary}", ""]
    body = [line for each in pieces for line in ("--b", *each)]
    raw = bounded(end.join([*head, *body, "--b--", "-- ", ""]).encode("latin-1"), [])
    long = email.message_from_bytes(raw)
    pairs, short, _ = many_parts(raw, [])
    assert pairs == list(long.raw_items())
    assert _tree(short) == _tree(long)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sound_mail_of_many_parts_takes_the_short_way(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = ["Content-Type: multipart/alternative;", ' boundary="c 2"', "", "--c 2", "", "hi", "--c 2--", ""]
    head = ["Subject: a", "Content-Type: multipart/mixed; boundary=b", ""]
    raw = end.join([*head, "preamble", "--b ", *inner, "--b", "Subject: c", "", "x", "-- ", "y", "--b--"]).encode()
    long = email.message_from_bytes(raw)
    monkeypatch.setattr(email, "message_from_bytes", None)
    assert _tree(many_parts(raw, [])[1]) == _tree(long)


@pytest.mark.parametrize("head", ["a" * 100_000, "a:" + "b:" * 50_000, "a:" + "\n b" * 50_000, "\n".join("a" * 50_000)])
def test_headers_that_are_none_cost_no_more(head: str) -> None:
    raw = head.encode() + b"\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + head.encode() + b"\n\n--b--\n"
    before = process_time()
    one_part(raw, head_end(raw))
    many_parts(raw, [])
    assert process_time() - before < 3  # with a search that begins anew at each letter, 100 s


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from([
            "Alice", "B.", " ", "  ", ",", ", ", ";", "<", ">", "<a@Example.org>", "a@example.org", ".", "@", '"', ":",
            "(c)", " at ", "=?utf-8?q?=C3=A9?=", "é", "\u212a", "\t", "<.a@b.>",
        ]),
        max_size=12,
    )
)  # fmt: skip
def test_a_list_of_simple_addresses_is_read_as_any_other(pieces: list[str]) -> None:
    value = "".join(pieces)
    assert message._mailboxes(value) == message._any_mailboxes(value)


def test_of_very_many_simple_addresses_as_many_are_kept_as_of_others() -> None:
    value = ", ".join(["a@example.org"] * (message.ADDRESSES + 9))
    assert len(message._mailboxes(value)) == len(message._any_mailboxes(value)) == message.ADDRESSES


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from([chr(c) for c in range(0x3001) if chr(c).isspace()]))
def test_a_text_is_known_whatever_white_space_is_in_it(text: str, white: str) -> None:
    assert facts.text_hash(white.join(text)) == facts.text_hash("".join(text.split()))


BEGINNINGS = [
    b"From ",
    b">From ",
    b">>From",
    b"F",
    b"X-Mailbot-Way: x",
    b"x-MAILBOT-",
    b"X-",
    b">",
    b"a",
    b" From ",
    b"",
]
ENDS = [b"\n", b"\n\n", b"\r\n", b"\r", b" "]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(BEGINNINGS), st.sampled_from(ENDS)), max_size=8))
def test_a_mail_is_made_safe_for_the_archive_whatever_its_lines(lines: list[tuple[bytes, bytes]]) -> None:
    mail = b"".join(line + end for line, end in lines)
    began = process_time()
    found = record.draft(mail, record.Arrival("smtp"))
    assert process_time() - began < 0.2, (
        "hypothesis' own deadline, in CPU time: a machine that pauses is no fault of it"
    )
    raw = mail.replace(b"\r\n", b"\n")
    raw += b"" if raw.endswith(b"\n") else b"\n"
    header = b"" if raw.startswith(b"\n") else raw.partition(b"\n\n")[0]
    renamed = re.sub(rb"(?i)(\A|[\r\n])X-Mailbot-", rb"\1X-Was-Mailbot-", header) + raw[len(header) :]
    assert found.raw == renamed
    assert found.stored == re.sub(rb"(?m)^(>*From )", rb">\1", renamed)


@pytest.mark.parametrize("name", ["INC-20261121-K7Q", "inc-20261121-k7q", "Inc-20261121-k7Q"])
def test_a_keyword_names_its_incident_in_any_letters(name: str) -> None:
    mail = f"From: alice@example.org\nSubject: Re: digest\n\nDONE {name} A1\n".encode()
    ops = MailingList("incident@example.org")
    taken = take_in(
        mail, datetime(2026, 11, 21, tzinfo=UTC), mailing_list=ops, list_id="", ours=(), envelope=None, imported=False
    )
    assert decided(taken)["n"] == ["INC-20261121-K7Q"]


SAID = """
Since 14:05 it is down.
START 11:20
RESTORED 10:50 UTC rolled back
At 14:05 IST it broke.
2026-07-10 14:05 PST the registry went down
* 10:05 down, and at 10:20 again
05/06/2026 10:00 it broke
FIX T1 14:07 CEST
FIX T2 14:05 IST
DROP T1
LOG 10:15 rolled back
TITLE Registry
UNDO the last
""".strip().splitlines()


def told(mails: list[list[str]], name: str) -> list[Said]:
    scene, items = Scene(), list[Said]()
    for n, lines in enumerate(mails):
        text = "\n".join(lines).replace("the last", undo_code(f"{name}{n - 1}@example.org"))
        items.append(replace(scene.mail(ALICE, text), message_id=f"{name}{n}@example.org"))
    return items


MAILS = st.lists(st.lists(st.sampled_from(SAID), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(MAILS, MAILS, st.integers(1, 6))
def test_what_a_message_made_and_what_is_doubtful_is_found_without_a_look_at_all_entries(
    mails: list[list[str]], others: list[list[str]], at: int
) -> None:
    items: list[Said | Joined] = [*told(mails, "m")]
    items.insert(at, Joined("INC-20261121-ABC", tuple(told(others, "o"))))
    incident = fold(ID, items, LIST)
    ids = {e.message_id for e in incident.entries}
    assert incident.made.keys() == ids
    for chosen in (ids, *({message_id} for message_id in ids)):
        assert incident.entries_of(*chosen) == [e for e in incident.entries if e.message_id in chosen]
    assert incident.unsure >= {e.number for e in incident.entries if e.doubtful}
