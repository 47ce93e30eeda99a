"""Past incidents of a like title, and what a start restores."""

from __future__ import annotations

from mailbot.app.similar import MOST, Titles


def kept(*titles: str, status: str = "resolved") -> Titles:
    known = Titles()
    for n, title in enumerate(titles):
        known.keep(f"INC-{n}", title, status, float(n))
    return known


def test_titles_that_share_most_words_come_first_then_the_latest() -> None:
    known = kept("Login down", "Database down", "Login down again", "Mail queue full")
    assert known.like("INC-9", "Login is down") == ["INC-2", "INC-0", "INC-1"]


def test_a_title_shares_at_least_half_of_the_words_of_the_shorter() -> None:
    assert kept("Database on rack seven fails").like("INC-9", "Login failing since rack change") == []


def test_what_is_open_or_cancelled_teaches_nothing() -> None:
    known = kept("Login down")
    known.keep("INC-0", "Login down", "open", 5.0)
    assert known.like("INC-9", "Login down") == []
    assert kept("Login down", status="cancelled").like("INC-9", "Login down") == []


def test_a_title_that_was_changed_is_found_under_the_new_words_only() -> None:
    known = kept("Login down")
    known.keep("INC-0", "Certificate expired", "resolved", 5.0)
    assert known.like("INC-9", "Login down") == []
    assert known.like("INC-9", "certificate has EXPIRED") == ["INC-0"]


def test_an_incident_is_not_like_itself() -> None:
    assert kept("Login down").like("INC-0", "Login down") == []


def test_a_word_of_very_many_titles_knows_only_the_latest() -> None:
    known = kept(*(f"Login {n}" for n in range(MOST + 50)))
    assert len(known.like("INC-x", "Login", most=MOST * 2)) == MOST
    assert known.like("INC-x", "Login")[0] == f"INC-{MOST + 49}"
    for n in range(MOST + 50):
        known.drop(f"INC-{n}")
    assert known.like("INC-x", "Login") == []
