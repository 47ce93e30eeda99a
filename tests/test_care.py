"""Care: words that blame a person, what must not leave, names by the list's policy. Each row of the tables is a test."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import blame, leak
from mailbot.core.message import Address
from mailbot.core.names import names
from tests.incident_scene import ALICE, BOB, CAROL, Scene, letters

# ── blame (A27 to A29) ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", blame.ROWS, ids=lambda row: row.example[:30])
def test_a27_a_row_finds_its_example_and_leaves_what_is_innocent(row: blame.Row) -> None:
    assert [ask for _, ask in blame.blame(row.example)] == [row.ask]
    assert list(blame.blame(row.innocent)) == []


@pytest.mark.parametrize(
    "words",
    [
        "I forgot to renew it",
        "We should have tested this",
        "this was my mistake",
        "It was plain human error",
        "an engineer missed the warning",
        "Carol Smith should have asked",
    ],
)
def test_a28_a_personal_callout_is_seen_even_of_oneself(words: str) -> None:
    assert list(blame.blame(f"The disk filled. {words}, so it took long."))


@pytest.mark.parametrize(
    "words",
    [
        "The alert should have fired",
        "The backup failed to run",
        "Nginx missed the deadline",
        "the default should not have been 30 s",
        "users could not log in",
        "Kafka broke the pipe",
        "We missing static analysis tooling in CI",
        "the review guidelines do not ask for it",
        "It was not thinking time but I/O",
    ],
)
def test_a29_what_tools_and_rules_did_is_no_blame(words: str) -> None:
    assert list(blame.blame(words)) == []


def over(*more: tuple[str, str]) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(ALICE, "RESTORED 12:20 UTC\nRESOLVED 12:40 UTC", 41)
    made.settle()
    for who, body in more:
        made.mail(who, body)
    return made


def text(made: Scene, kind: str) -> str:
    body = message_from_bytes(letters(made)[kind].raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a28_the_hint_goes_to_the_author_alone_is_the_receipt_too_and_changes_nothing() -> None:
    made = over((BOB, "CAUSE: Alice forgot to renew the certificate."))
    hint = letters(made)["hint"]
    assert hint.recipients == ("bob@example.org",)
    assert list(letters(made)) == ["hint"], "one mail, not two"
    found = text(made, "hint")
    assert 'Written into "Root Cause"' in found
    assert '"Alice forgot to renew the certificate"' in found
    assert "What made that easy to do?" in found
    assert max(map(len, found.split("\n"))) <= 72
    assert made.incident.section("CAUSE")[0].text == "Alice forgot to renew the certificate."
    made.settle()
    assert made.kinds(made.clock) == []


def test_a28_a_hint_is_never_in_a_mail_to_the_list() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.settle()
    made.mail(ALICE, "CAUSE: Bob forgot to renew it\nRESOLVED 12:40 UTC", 41)
    found = letters(made)
    assert set(found) == {"draft", "hint"}
    assert found["hint"].recipients == ("alice@example.org",)
    assert "easy to do" not in text(made, "draft")


def test_a14_nobody_is_taught_how_to_write_while_users_are_hit() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.settle()
    made.mail(BOB, "CAUSE: I forgot to renew it", 5)
    assert [k for k in letters(made) if k == "hint"] == []


def test_words_without_blame_bring_no_hint() -> None:
    made = over((BOB, "CAUSE: nothing tells when a certificate ends"))
    assert list(letters(made)) == ["receipt"]


# ── what must not leave (P38, L32) ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", leak.ROWS, ids=lambda row: f"{row.kind} {row.example[:20]}")
def test_p38_a_row_finds_its_example_and_leaves_what_is_innocent(row: leak.Row) -> None:
    assert {found.kind for found in leak.leaks(row.example)} == {row.kind}
    assert leak.leaks(row.innocent) == []
    assert f"(held back: {row.kind})" in leak.masked(row.example)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("see https://user:hunter2@host.example/x", "see https://user:(held back: password)@host.example/x"),
        ("export API_KEY=abcd1234efgh now", "export API_KEY=(held back: secret) now"),
        ("the password is hunter22, sorry", "the password is (held back: secret), sorry"),
        ("call +49 30 901820", "call (held back: phone number)"),
        ("from 192.168.17.4 to 8.8.8.8", "from (held back: network address) to 8.8.8.8"),
        ("ask a.b@example.org or carol@example.net", "ask (held back: mail address) or (held back: mail address)"),
        ("AKIAIOSFODNN7EXAMPLE", "(held back: access key)"),
    ],
)
def test_p38_what_must_not_leave_is_masked_and_the_rest_stays(words: str, left: str) -> None:
    assert leak.masked(words) == left
    assert leak.leaks(left) == [], "a mask is no leak"


@pytest.mark.parametrize(
    "words",
    [
        "2026-11-21 14:05:10 UTC, 10 000 000 rows in 3.11.2.1",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "https://forge.example/org/repo/issues/4711#issuecomment-123456789",
        "port 5432, 1,234,567 requests, +02:00, v1.2.3.4",
        "127.0.0.1:8080 and 0.0.0.0",
        "the secret was rotated; the password reset mail",
        "UTC+01:00 from 11:38 to 12:20, 42 min",
        "call me at 14:05",
        "pull/12345 and 2026-11-21",
        "exit code 137, pid 4153, uid 1000, 555 1234 requests",
    ],
)
def test_p38_what_reports_are_full_of_is_no_leak(words: str) -> None:
    assert leak.leaks(words) == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_masking_never_raises_and_is_done_after_once(words: str) -> None:
    once = leak.masked(words)
    assert leak.masked(once) == once or "held back" in once


def test_masking_is_linear() -> None:
    for piece in ("a@b ", "+49 30 ", "password=", "1.2.3.", "://u:p", "-----BEGIN PRIVATE KEY-----"):
        assert isinstance(leak.masked(piece * 20_000), str)
        assert isinstance(list(blame.blame("We should " + piece * 20_000)), list)


# ── names (P40) ───────────────────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = [
    Address("Alice Doe", "alice@example.org"),
    Address("Bob Stone", "bob@example.org"),
    Address("Will Grace", "w@x.org"),
]


def test_p40_with_roles_nobody_is_named_in_anybodys_sentence() -> None:
    found = names("roles", PEOPLE[:1], PEOPLE)
    said = "Alice asked Bob Stone (bob@example.org); bob will look, and Alice's laptop too. Alicent is no name."
    assert found.text(said) == (
        "commander asked responder 1 (responder 1); responder 1 will look, and commander's laptop too. Alicent is no name."
    )
    assert found.text("that will do, with grace") == "that will do, with grace", "names that are words stay words"
    assert found.text("Will Grace looked") == "responder 2 looked"


def test_p40_initials_and_names() -> None:
    assert names("initials", PEOPLE[:1], PEOPLE).text("Alice Doe asked Bob") == "A.D. asked B.S."
    assert names("names", PEOPLE[:1], PEOPLE).text("Alice Doe asked Bob") == "Alice Doe asked Bob"


def test_p40_the_published_page_keeps_to_the_policy_and_to_the_leak_check() -> None:
    from mailbot.outbox.render import Looks, Renderer
    from tests.incident_scene import LIST

    made = over(
        (BOB, "SUMMARY: Alice Doe told carol@example.net the password: hunter22"), (CAROL, "ACTION ask Bob @bob")
    )
    page = Renderer(LIST, Looks(names="roles")).report(made.incident, public=True)[1]
    for word in ("Alice", "Bob", "Carol", "hunter22", "carol@"):
        assert word not in page, word
    assert "commander told (held back: mail address) the password: (held back: secret)" in page
    draft = Renderer(LIST, Looks()).report(made.incident)[1]
    assert "hunter22" in draft, "the draft goes to those who wrote it"


def test_p38_the_draft_lists_what_will_be_held_back_without_saying_it() -> None:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.settle()
    made.mail(BOB, "RESOLUTION: login with password=hunter22", 5)
    made.mail(ALICE, "RESOLVED 12:40 UTC", 41)
    head = text(made, "draft").partition("---- draft")[0]
    assert "a secret in Resolution" in head
    assert "hunter22" not in head
