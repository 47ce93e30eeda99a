"""Where a short way was taken for speed, it gives what the long way gives."""

from __future__ import annotations

import email
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import message, reply
from mailbot.core.limits import bounded, head_end
from mailbot.core.structure import one_part

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


class _Long(reply._Reader):
    def _telling(self) -> Iterator[int]:
        return (n for n, line in enumerate(self.lines) if line)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*LINES, "-- "]), max_size=14))
def test_a_plain_line_is_judged_as_if_all_questions_were_asked(lines: list[str]) -> None:
    text = "\n".join(lines)
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
    pairs, short = found
    assert message._headers(pairs, []) == message._headers(list(long.raw_items()), [])
    assert not long.is_multipart()
    assert message._body(short, []) == message._body(long, [])
