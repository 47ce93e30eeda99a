"""Who sent a mail, as far as it says so itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.message import Address, Message
from mailbot.intake.trust import Trust, _address, judge

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


def test_l38_from_is_taken_as_it_is_and_reply_to_does_not_replace_it() -> None:
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
