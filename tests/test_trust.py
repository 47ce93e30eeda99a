"""Who sent a mail, as far as it says so itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.message import Address, Message
from mailbot.intake.trust import Trust, _address, judge, read, written

LIST = Address("Incidents", "incident@example.org")
ALICE = Address("Alice", "alice@example.com")
BOB = Address("Bob", "bob@example.net")


def message(
    sender: Address,
    reply_to: tuple[Address, ...] = (),
    recipients: tuple[Address, ...] = (LIST,),
    **headers: str,
) -> Message:
    return Message(
        message_id="1@example.com",
        date=None,
        offset_known=False,
        sender=sender,
        reply_to=reply_to,
        recipients=recipients,
        subject="down",
        references=(),
        in_reply_to=(),
        thread_index="",
        text="",
        from_html=False,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        attachments=(),
        problems=(),
    )


def judged(mail: Message) -> Trust:
    return judge(mail, list_address="Incident@Example.org", list_id="<incident.example.org>")


def via(name: str) -> Address:
    return Address(f"{name} via incident", LIST.email)


def test_a_mail_with_our_list_id_came_through_the_list() -> None:
    trust = judged(message(ALICE, list_id="Incidents of us <Incident.example.org>"))
    assert trust == Trust("list", ALICE, False, ("List-Id is our list's",))
    assert judged(message(ALICE, list_id="incident.example.org")).grade == "list"


def test_a_mail_with_our_list_post_came_through_the_list() -> None:
    assert judged(message(ALICE, list_post="<mailto:incident@example.org>")).grade == "list"
    assert judged(message(ALICE, list_post="<mailto:incident@example.org?subject=x>")).grade == "list"


def test_another_list_and_no_list_are_unknown() -> None:
    others = (
        message(ALICE),
        message(ALICE, list_id="<other.example.org>"),
        message(ALICE, list_post="<mailto:other@example.org>"),
        message(ALICE, list_post="NO"),
    )
    for mail in others:
        trust = judged(mail)
        assert trust.grade == "unknown"
        assert trust.author == ALICE
        assert trust.reasons


def test_an_empty_setting_fits_nothing() -> None:
    trust = judge(message(Address("", ""), list_id="<>", list_post="<mailto:>"), list_address="", list_id="")
    assert (trust.grade, trust.claimed) == ("unknown", False)


def test_l38_l39_from_is_taken_as_it_is_and_reply_to_does_not_replace_it() -> None:
    trust = judged(message(ALICE, reply_to=(BOB,)))
    assert (trust.author, trust.claimed) == (ALICE, False)


def test_l40_google_groups_keeps_the_author_in_x_original_from() -> None:
    mail = message(Address("'Alice' via Incidents", LIST.email), (BOB,), x_original_from='"Alice" <Alice@Example.com>')
    trust = judged(mail)
    assert (trust.author, trust.claimed) == (ALICE, True)
    assert "X-Original-From" in trust.reasons[1]


def test_l40_mailman_keeps_the_author_in_reply_to_beside_the_list() -> None:
    trust = judged(message(via("Alice"), (ALICE, LIST)))
    assert (trust.author, trust.claimed) == (ALICE, True)
    assert judged(message(via("Alice"), (Address("", ALICE.email),))).author == ALICE


def test_l40_of_two_in_reply_to_the_name_decides_and_without_a_name_nobody_is_guessed() -> None:
    assert judged(message(via("Alice"), (BOB, ALICE))).author == ALICE
    trust = judged(message(via("Carol"), (BOB, ALICE)))
    assert (trust.author, trust.claimed) == (Address("Carol", ""), True)


def test_l40_mailman_may_keep_the_author_in_cc() -> None:
    trust = judged(message(via("Alice"), (LIST,), (LIST, BOB, ALICE)))
    assert (trust.author, trust.claimed) == (ALICE, True)
    assert judged(message(via("Carol"), (), (LIST, BOB))).author == Address("Carol", "")


def test_a_name_with_via_in_it_loses_only_what_the_list_added() -> None:
    assert judged(message(via("Ada via Beta"))).author.name == "Ada via Beta"
    assert judged(message(LIST)).author == Address("Incidents", "")


def test_x_original_from_that_names_the_list_itself_says_nothing() -> None:
    assert judged(message(via("Alice"), (ALICE,), x_original_from="<incident@example.org>")).author == ALICE


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(alphabet="<>@ \"'via,a.\u0130", max_size=40))
def test_junk_never_raises(name: str, value: str) -> None:
    mail = message(Address(name, LIST.email), (), (LIST,), x_original_from=value, list_id=value, list_post=value)
    assert judged(mail).claimed
    assert _address(value).email.count("@") <= 1


# ── what our own mail server found ────────────────────────────────────────────────────────────────────────────────────

PASS = "mx.example.org; spf=pass smtp.mailfrom=example.com; dmarc=pass (p=REJECT sp=none) header.from=example.com"


def with_results(
    *results: str, sender: Address = ALICE, senders: tuple[str, ...] = ("Alice <alice@example.com>",)
) -> Trust:
    headers = tuple(("from", value) for value in senders)
    headers = (*(("authentication-results", result) for result in results), *headers)
    mail = message(sender)._replace(headers=headers)
    return judge(mail, list_address="incident@example.org", list_id="incident.example.org", authserv="MX.example.org")


def test_l38_a_dmarc_pass_of_our_own_server_verifies_the_author() -> None:
    assert with_results(PASS) == Trust("verified", ALICE, False, ("mx.example.org: DMARC pass for example.com",))
    assert with_results("mx.example.org; spf=pass", PASS).grade == "verified"  # each filter writes a header of its own
    assert with_results('mx.example.org 1; dmarc=pass header.from="example.com"').grade == "verified"
    sub = Address("Alice", "alice@mail.example.com")
    assert with_results(PASS, sender=sub, senders=("alice@mail.example.com",)).grade == "verified"


def test_l38_nobody_elses_results_count() -> None:
    for results in (
        ("mx.example.net; dmarc=pass header.from=example.com",),
        ("mx.example.net; spf=pass", PASS),  # below another server's: the sender may have written it
        ("mx.example.org.evil.example; dmarc=pass header.from=example.com",),
        ("mx.example.org (dmarc=pass header.from=example.com); spf=pass",),
        ("mx.example.org; dmarc=pass header.from=example.net",),
        ("mx.example.org; dmarc=pass header.from=com",),
        ("mx.example.org; dmarc=pass",),
        ("mx.example.org; xdmarc=pass header.from=example.com",),
        ("",),
        (),
    ):
        assert with_results(*results).grade == "unknown", results
    failed = with_results("mx.example.org; dmarc=fail header.from=example.com", PASS)
    assert (failed.grade, failed.reasons) == ("unknown", ("mx.example.org: DMARC fail for example.com",))


def test_l38_two_authors_are_none() -> None:
    assert with_results(PASS, senders=("alice@example.com", "bob@example.net")).grade == "unknown"
    assert with_results(PASS, senders=("alice@example.com, bob@example.net",)).grade == "unknown"


def test_without_a_server_that_is_named_no_result_is_believed() -> None:
    mail = message(ALICE, authentication_results=PASS)
    assert judged(mail).grade == "unknown"


def test_l40_the_lists_own_pass_does_not_verify_the_author_behind_it() -> None:
    lists = "mx.example.org; dmarc=pass header.from=example.org"
    headers = (
        ("authentication-results", lists),
        ("list-id", "<incident.example.org>"),
        ("from", "x <incident@example.org>"),
    )
    mail = message(via("Alice"), (ALICE,))._replace(headers=headers)
    trust = judge(mail, list_address="incident@example.org", list_id="incident.example.org", authserv="mx.example.org")
    assert (trust.grade, trust.claimed, trust.author) == ("list", True, ALICE)


def test_a_result_below_many_hops_is_the_senders() -> None:
    hops = (("received", "by x"),) * 4
    headers = (*hops, ("authentication-results", PASS), ("from", "alice@example.com"))
    mail = message(ALICE)._replace(headers=headers)
    assert judge(mail, list_address="", list_id="", authserv="mx.example.org").grade == "unknown"
    mail = mail._replace(headers=headers[2:])
    assert judge(mail, list_address="", list_id="", authserv="mx.example.org").grade == "verified"


def test_what_was_found_at_arrival_counts_whatever_is_configured_later() -> None:
    raw = f"Authentication-Results: {PASS}\r\nFrom: alice@example.com\r\nSubject: x\r\n\r\ntext".encode()
    kept = written(raw, list_address="incident@example.org", list_id="", authserv="mx.example.org")
    assert kept == "verified mx.example.org: DMARC pass for example.com"
    again = judge(message(ALICE), list_address="", list_id="", kept=kept)
    assert (again.grade, again.reasons) == ("verified", ("mx.example.org: DMARC pass for example.com",))
    assert read("unknown") is read("") is read("god said so") is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=100))
def test_junk_is_judged_and_kept_on_one_line(junk: bytes, result: str) -> None:
    kept = written(junk, list_address="a@b.c", list_id="x", authserv="mx.example.org")
    assert kept.startswith(("unknown ", "list "))
    assert "\n" not in kept
    assert with_results("mx.example.org;" + result).grade in ("unknown", "verified")
