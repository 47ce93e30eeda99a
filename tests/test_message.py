"""Raw bytes to Message: what real mail programs write, what hostile ones do, and HTML as text that reads like a mail."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import date, reply
from mailbot.core.html import to_text
from mailbot.core.message import Address, Message, addresses, parse
from mailbot.core.trace import trace

HEAD = "From: Alice <alice@example.org>\nDate: Tue, 7 May 2024 10:00:00 +0200\nSubject: down\nMessage-ID: <1@example.org>\n"


def mail(more: str = "", text: str = "hello\n") -> Message:
    return parse(f"{HEAD}{more}\n{text}".encode())


def own(text: str) -> str:
    return "".join(text[start:end] for start, end in reply.own_spans(reply.split(text)))


# ---- identity and threads


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_plain_mail_is_read_whatever_its_line_ends(ending: str) -> None:
    message = parse(f"{HEAD}To: Ops <ops@example.org>, bob@example.org\n\nline\nline\n".replace("\n", ending).encode())
    assert message.message_id == "1@example.org"
    assert message.sender == Address("Alice", "alice@example.org")
    assert message.recipients == (Address("Ops", "ops@example.org"), Address("", "bob@example.org"))
    assert (message.subject, message.text, message.problems) == ("down", "line\nline\n", ())


def test_l9_a_missing_message_id_is_made_from_the_content_and_stays_the_same() -> None:
    one, same, other = (parse(f"From: a@example.org\nSubject: x\n\n{text}".encode()) for text in ("a", "a", "b"))
    assert one.message_id == same.message_id != other.message_id
    assert any("Message-ID" in problem for problem in one.problems)


def test_l33_outlook_ids_in_square_brackets_are_ids() -> None:
    message = parse(b"Message-ID: <[7f3a@microsoft.com]>\nReferences: <[0@microsoft.com]>\n\nx")
    assert (message.message_id, message.references) == ("[7f3a@microsoft.com]", ("[0@microsoft.com]",))


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<0@example.org>", ("0@example.org",)),
        ('<0@example.org> (Alice\'s message of "Mon, 6 May")', ("0@example.org",)),
        ("Message from Alice <alice@x.org> of Mon, 6 May <0@example.org>", ("0@example.org",)),
        ("<0@example.org> <a@example.org>", ("0@example.org", "a@example.org")),
        ("0@example.org", ("0@example.org",)),
        ("your mail of Monday to alice@x.org", ()),
        ("<0@exa\n mple.org>", ("0@example.org",)),
    ],
)
def test_l26_in_reply_to_is_read_in_all_its_forms(value: str, ids: tuple[str, ...]) -> None:
    message = mail(f"In-Reply-To: {value}\n")
    assert message.in_reply_to == ids
    assert message.references == ids


def test_references_come_before_in_reply_to_and_never_name_the_mail_itself() -> None:
    message = mail("References: <a@x> <b@x>\n <1@example.org>\nIn-Reply-To: <b@x> <c@x>\n")
    assert message.references == ("a@x", "b@x", "c@x")


def test_the_thread_index_of_outlook_is_its_first_22_bytes() -> None:
    index = base64.b64encode(bytes(range(32))).decode()
    assert mail(f"Thread-Index: {index}\n").thread_index == bytes(range(22)).hex()
    assert mail("Thread-Index: nonsense!\n").thread_index == ""


# ---- headers


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        (b"=?utf-8?Q?d=C3=B6wn?=", "döwn"),
        (b"=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"),
        (b"=?utf-8?B?w?= broken", "=?utf-8?B?w?= broken"),
        (b"=?utf-8?Q?d=C3?=\n =?utf-8?Q?=B6wn?=", "döwn"),
        (b"Re: =?iso-8859-1?Q?d=F6wn?= again", "Re: döwn again"),
        (b"=?gb2312?B?ztLDxw==?=", "我们"),
        (b"=?utf-8?Q?Really??=", "Really?"),
        (b"=?utf-7?Q?+AGEAYg-?=", "+AGEAYg-"),
        ("döwn".encode(), "döwn"),
        (b"d\xf6wn", "döwn"),
        (b"=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
    ],
)
def test_a_subject_is_decoded_leniently(value: bytes, subject: str) -> None:
    assert parse(b"Subject: " + value + b"\n\nx").subject == subject


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"Smith, Alice" <Alice@Example.org>', [Address("Smith, Alice", "alice@example.org")]),
        ("alice@example.org (Alice Smith)", [Address("Alice Smith", "alice@example.org")]),
        ("alice at example.org (Alice Smith)", [Address("Alice Smith", "alice@example.org")]),
        ("team: a@x.org, b@x.org;", [Address("", "a@x.org"), Address("", "b@x.org")]),
        ("undisclosed-recipients:;", []),
        ("a@x.org,, b@x.org,", [Address("", "a@x.org"), Address("", "b@x.org")]),
        ("Mail System <>", [Address("Mail System", "")]),
        ("=?utf-8?Q?J=C3=BCrg?= <j@x.org>", [Address("Jürg", "j@x.org")]),
        ("(c):;", []),
    ],
)
def test_l12_addresses_are_read_leniently(value: str, found: list[Address]) -> None:
    assert list(addresses(value)) == found


def test_two_from_headers_are_said() -> None:
    message = parse(b"From: a@x.org\nFrom: b@x.org\n\nx")
    assert message.sender.email == "a@x.org"
    assert any("more than one From" in problem for problem in message.problems)


# ---- the Date


def dated(value: str) -> tuple[datetime | None, bool]:
    message = parse(f"Date: {value}\n\nx".encode())
    return message.date, message.offset_known


def test_l34_date_minus_zero_zero_is_utc_and_says_nothing_of_the_sender() -> None:
    assert dated("Tue, 7 May 2024 10:00:00 -0000") == (datetime(2024, 5, 7, 10, tzinfo=UTC), False)
    assert dated("Tue, 7 May 2024 10:00:00 +0000") == (datetime(2024, 5, 7, 10, tzinfo=UTC), True)


@pytest.mark.parametrize("example", [example for _, example in date.FORMS])
def test_the_example_of_a_date_form_is_read(example: str) -> None:
    found, _ = dated(example)
    assert found is not None
    assert (found.year, found.month, found.day, found.hour) == (2024, 5, 7, 10)


@pytest.mark.parametrize(
    ("value", "hours", "known"),
    [
        ("7 May 24 10:00 EDT", -4, True),
        ("Tue, 7 May 2024 10:00:00 +0200 (CEST)", 2, True),
        ("Tue, 7 May 2024 10:00:00 GMT", 0, True),
        ("Tue, 7 May 2024 10:00:00", 0, False),
        ("Tue, 7 May 2024 10:00:00 IST", 0, False),
        ("Tue, 7 May 2024 10:00:00 A", 0, False),
        ("Tue, 7 May 2024 10:00:00 +9999", 0, False),
        ("Di, 07 Mai 2024 10.00.00 +0200", 2, True),
        ("Tue,7 May 2024 10:00:00 +02:00", 2, True),
    ],
)
def test_l35_odd_dates_keep_their_offset_where_it_says_something(value: str, hours: int, known: bool) -> None:
    assert dated(value) == (datetime(2024, 5, 7, 10, tzinfo=timezone(timedelta(hours=hours))), known)


@pytest.mark.parametrize(
    "value", ["Tue, 7 May 207777 10:00:00 +0200", "Tue, 35 May 2024 10:00:00 +0200", "yesterday", ""]
)
def test_l35_a_date_that_cannot_be_is_none_and_a_problem(value: str) -> None:
    message = parse(f"Date: {value}\n\nx".encode())
    assert (message.date, message.offset_known) == (None, False)
    assert any("Date" in problem for problem in message.problems)


# ---- the body

FORMS = "MIME-Version: 1.0\nContent-Type: multipart/{0}; boundary=b\n"
PLAIN = "--b\nContent-Type: text/plain\n\nplain\n"
HTML = "--b\nContent-Type: text/html\n\n<p>html</p>\n"
LOG = "--b\nContent-Type: text/plain; name=app.log\nContent-Disposition: attachment; filename=app.log\n\nlog\n"


def test_plain_text_is_preferred_and_attachments_are_named_only() -> None:
    message = mail(FORMS.format("alternative"), f"{PLAIN}{HTML}--b--\n")
    assert (message.text, message.from_html) == ("plain", False)
    message = mail(FORMS.format("mixed"), f"{PLAIN}{LOG}--b--\n")
    assert (message.text, message.attachments) == ("plain", ("app.log",))


def test_several_inline_texts_are_joined_so_that_a_footer_of_a_list_does_not_hide_the_mail() -> None:
    message = mail(
        FORMS.format("mixed"), f"{HTML}--b\nContent-Type: text/plain\n\n____________________\nfooter\n--b--\n"
    )
    assert message.text.split() == ["html", "____________________", "footer"]
    assert message.from_html


def test_html_is_read_where_the_plain_form_is_empty() -> None:
    message = mail(FORMS.format("alternative"), f"--b\nContent-Type: text/plain\n\n \n{HTML}--b--\n")
    assert (message.text.strip(), message.from_html) == ("html", True)


def test_an_enclosed_message_is_not_read() -> None:
    message = mail(
        FORMS.format("mixed"), f"{PLAIN}--b\nContent-Type: message/rfc822\n\nSubject: other\n\nRESOLVED\n--b--\n"
    )
    assert message.text == "plain"
    assert message.attachments == ("message/rfc822",)


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-1", b"d\xf6wn \x80", "döwn €"),
        ("utf-8", b"d\xf6wn", "döwn"),
        ("us-ascii", "döwn".encode(), "döwn"),
        ("x-unknown", "döwn".encode(), "döwn"),
        ("utf-8", "äöüäöü".encode()[:-1], "äöüäö\ufffd"),
        ("iso-2022-jp", "障害".encode("iso-2022-jp"), "障害"),
        ("gb2312", "故障".encode("gb18030"), "故障"),
        ("utf-7", b"+AFIARQBTAE8ATABWAEUARA-", "+AFIARQBTAE8ATABWAEUARA-"),
        ("utf-8", b"a\x00b\r\nc\rd", "ab\nc\nd"),
    ],
)
def test_a_charset_is_a_claim(charset: str, data: bytes, text: str) -> None:
    raw = f"{HEAD}Content-Type: text/plain; charset={charset}\n\n".encode()
    assert parse(raw + data).text == text


def test_a_broken_structure_leaves_headers_and_text() -> None:
    message = mail("Content-Type: multipart/mixed; boundary*0*=a; boundary*=b\n", "RESOLVED 14:05\n")
    assert (message.subject, message.text) == ("down", "RESOLVED 14:05\n")
    assert any("could not be read" in problem for problem in message.problems)


# ---- HTML


def test_quotes_of_html_mails_come_out_as_marks_and_attributions() -> None:
    gmail = (
        "<div>RESOLVED 14:05 a_b * c</div><div class=gmail_quote><div class=gmail_attr>On Mon, May 6, 2024 at 9:15 AM "
        "Alice &lt;<a href=mailto:a@x.org>a@x.org</a>&gt; wrote:<br></div><blockquote>old</blockquote><div>and below</div></div>"
    )
    outlook = (
        "<div>RESOLVED 14:05 a_b * c<br>and below</div><hr><div id=divRplyFwdMsg><b>From:</b> Alice &lt;a@x.org&gt;<br>"
        "<b>Sent:</b> Monday, May 6, 2024<br><b>Subject:</b> db</div><div>old</div>"
    )
    cite = "<p>RESOLVED 14:05 a_b * c</p><div class=moz-cite-prefix>On 06/05/2024 09:15, Alice wrote:<br></div>"
    thunderbird = f"{cite}<blockquote type=cite><pre>old</pre></blockquote><p>and below</p>"
    yahoo = "<p>RESOLVED 14:05 a_b * c<br>and below</p><div class=yahoo_quoted><p>On Monday Alice wrote:</p>old</div>"
    for html in (gmail, outlook, thunderbird, yahoo):
        assert own(to_text(html, [])).replace("---", "").split() == [
            "RESOLVED",
            "14:05",
            "a_b",
            "*",
            "c",
            "and",
            "below",
        ]


def test_tables_links_lists_and_headings_come_out_as_people_type_them() -> None:
    html = (
        "<h2>Root Cause</h2><ul><li>one<li>two</ul><table>"
        "<tr><th>Time</th><th>What</th></tr><tr><td>10:45a</td><td>down</td></tr></table>"
        '<a href="https://x.org/">x.org</a> <a href="https://x.org/report">report</a><pre>09:10 a\n  09:11 b</pre>'
    )
    lines = to_text(html, []).split("\n")
    for line in ("## Root Cause", "* one", "* two", "| Time | What |", "| 10:45a | down |", "09:10 a", "  09:11 b"):
        assert line in lines
    assert "x.org report <https://x.org/report>" in lines


def test_what_is_hidden_from_the_eye_is_dropped() -> None:
    hidden = "<div style='display: none; max-height:0'>RESOLVED</div><p hidden>y</p><!-- c -->"
    html = f"<style>p{{}}</style><script>x</script>{hidden}<p>seen</p>"
    assert to_text(html, []).split() == ["seen"]


def test_tables_that_only_place_things_are_no_tables() -> None:
    assert to_text("<table><tr><td><p>one</p></td></tr><tr><td>two</td></tr></table>", []).split() == ["one", "two"]


def test_a_signature_of_html_mail_is_marked() -> None:
    assert own(to_text("<p>Fixed.</p><div class=gmail_signature>Alice<br>+41 44 123</div>", [])).split() == ["Fixed."]


def test_html_over_the_limits_keeps_its_words_and_its_quote_marks() -> None:
    problems: list[str] = []
    text = to_text("<p>mine</p>" + "<blockquote>" * 300 + "RESOLVED 14:05", problems)
    assert own(text).split() == ["mine"]
    assert "RESOLVED 14:05" in text
    assert problems


# ---- bounds

NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(5000))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(NESTED, id="5,000 nested parts"),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 5000, id="5,000 nested messages"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 10_000, id="10,000 parts"),
        pytest.param(b"From: " + b'a,"<(' * 200_000 + b"\n\nx", id="1 MB of From"),
        pytest.param(b"From: " + b'"\\' * 500_000 + b"\n\nx", id="1 MB of quotes in From"),
        pytest.param(b"From: " + b"(" * 1_000_000 + b"\n\nx", id="1 MB of brackets in From"),
        pytest.param(b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\n\nx", id="1 MB of encoded words"),
        pytest.param(b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\n\nx", id="1 MB of broken encoded words"),
        pytest.param(b"X-A: b\n" * 100_000 + b"\nx", id="100,000 headers"),
        pytest.param(b"References: " + b"<a@b> " * 150_000 + b"\n\nx", id="1 MB of References"),
        pytest.param(b"\n" + b"\r" * 1_000_000, id="1 MB of carriage returns"),
        pytest.param(b"Content-Type: text/html\n\n" + b"<div>" * 200_000, id="200,000 open tags"),
        pytest.param(b"Content-Type: text/html\n\n" + b"&" * 500_000, id="500,000 ampersands"),
        pytest.param(b"Content-Type: text/html\n\n" + b"<a " + b"b " * 250_000, id="a tag that never ends"),
    ],
)
def test_hostile_mails_take_less_than_a_second(raw: bytes) -> None:
    start = time.process_time()
    message = parse(raw)
    assert time.process_time() - start < 1
    assert len(message.headers) <= 500


def test_the_text_after_headers_that_are_too_long_is_still_read() -> None:
    message = parse(b"X-A: " + b"b" * 1_000_000 + b"\n\nRESOLVED 14:05\n")
    assert message.text.strip() == "RESOLVED 14:05"
    assert any("headers over" in problem for problem in message.problems)


JUNK = st.lists(
    st.sampled_from(
        [b"From: ", b"Content-Type: ", b"multipart/mixed; boundary=a", b"\n", b"\r\n", b"--a\n", b"=?utf-8?q?=ff?=", b"Date: ",
         b"\xff", b"text/html", b"<blockquote>", b"<td>", b"charset*=''", b"boundary*0*=a;", b"<", b'"', b"\0",
         b"Content-Transfer-Encoding: base64",
         b"Message-ID: <a@b>", b"name*=x", "é：".encode(), b"Received: from a by b; "]
    )
    | st.binary(max_size=20),
    max_size=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JUNK)
def test_parsing_is_total(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    message = parse(raw)
    assert message.message_id
    assert message == parse(raw)
    assert all("\n" not in value and "\0" not in value for _, value in message.headers)
    assert message.date is None or message.date.tzinfo is not None


@settings(max_examples=50, deadline=None)
@given(JUNK)
def test_l36_the_trace_is_total_though_mail_parser_is_not(pieces: list[bytes]) -> None:
    trace(b"".join(pieces))


def test_the_trace_has_hops_with_times_and_delays() -> None:
    received = (
        "Received: from mx by list.example.org with ESMTP id 2; Tue, 7 May 2024 10:00:10 +0200\n"
        "Received: from laptop by mx with ESMTPSA id 1; Tue, 7 May 2024 10:00:00 +0200\n"
    )
    found = trace(f"{received}{HEAD}{FORMS.format('mixed')}\n{PLAIN}{LOG}--b--\n".encode())
    assert [(hop.by, hop.delay) for hop in found.hops] == [("mx", 0.0), ("list.example.org", 10.0)]
    assert [a.name for a in found.attachments] == ["app.log"]
