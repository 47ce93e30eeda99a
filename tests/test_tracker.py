"""Links to trackers, and the reminder that offers them."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from urllib.parse import parse_qs, urlsplit

import pytest

from mailbot.core.due import Policy
from mailbot.core.tracker import LONGEST, Tracker
from mailbot.outbox.render import Looks
from tests.incident_scene import ALICE, BOB, Scene, letters

DAY = 24 * 60
ONLY_ACTIONS = Policy(question=(), report=())
# forge, repository, path of a new issue, names of title and text, what org/other#7 is there
FORGES = (
    ("github", "https://github.com/org/ops", "/org/ops/issues/new", "title", "body", "https://github.com/org/other/issues/7"),
    ("gitlab", "https://gitlab.example/org/ops", "/org/ops/-/issues/new", "issue[title]", "issue[description]",
     "https://gitlab.example/org/other/-/issues/7"),
    ("gitea", "https://git.example/org/ops", "/org/ops/issues/new", "title", "body", "https://git.example/org/other/issues/7"),
    ("forgejo", "https://codeberg.org/org/ops", "/org/ops/issues/new", "title", "body",
     "https://codeberg.org/org/other/issues/7"),
)  # fmt: skip


@pytest.mark.parametrize(("forge", "url", "path", "title", "body", "other"), FORGES, ids=lambda row: row)
def test_b13_b14_each_forge_has_its_prefilled_link_and_knows_other_repositories(
    forge: str, url: str, path: str, title: str, body: str, other: str
) -> None:
    tracker = Tracker(url, forge)
    link = urlsplit(tracker.new_issue("100% & more", "Erste Zeile\n\n§ zweite #1?"))
    assert link.path == path
    assert parse_qs(link.query) == {title: ["100% & more"], body: ["Erste Zeile\n\n§ zweite #1?"]}
    assert not link.fragment
    assert tracker.address("org/other#7") == other
    assert tracker.address("https://elsewhere.example/x/1") == "https://elsewhere.example/x/1"


def test_without_a_tracker_there_is_no_link_and_a_long_text_is_left_out_of_it() -> None:
    assert Tracker().new_issue("x", "y") == Tracker().address("org/other#7") == ""
    assert Tracker("https://github.com/org/ops").address("no link at all") == ""
    link = Tracker("https://github.com/org/ops").new_issue("x" * 5000, "é" * 5000)
    assert len(link) < LONGEST
    assert "body" not in link


def reminded(*actions: str, tracker: str = "") -> str:
    scene = Scene()
    scene.mail(ALICE, "It fails.", 0)
    scene.settle()
    scene.mail(BOB, "START 11:40 UTC\nRESTORED 12:10 UTC\n" + "\n".join(actions), 5)
    scene.mail(ALICE, "RESOLVED", 10)
    scene.settle()
    looks = Looks(tracker=Tracker(tracker, "github"))
    letter = letters(scene, 10 + 2 * DAY, looks, policy=ONLY_ACTIONS, only="action")["action"]
    body = message_from_bytes(letter.raw, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_b13_the_reminder_has_a_skeleton_and_a_link_that_opens_an_issue_with_it() -> None:
    body = reminded("ACTION prevent alert on old logs @bob due 2027-01-10", tracker="https://github.com/org/ops")
    (link,) = [line for line in body.split("\n") if line.startswith("https://")]
    query = parse_qs(urlsplit(link).query)
    assert query["title"] == ["alert on old logs"]
    for words in ("Registry refuses pushes", "2026-11-21", "users hit: 30 min", "Category: prevent", "Done when:"):
        assert words in query["body"][0]
        assert words in " ".join(body.split())
    assert "and it is yours:" in body
    assert "due 2027-01-10, no issue in a tracker yet" in body


def test_b13_without_a_tracker_the_skeleton_alone_and_whose_it_is() -> None:
    body = reminded("ACTION alert on old logs")
    assert "https://" not in body.replace("LINK A1 https://...", "")
    assert "A skeleton for one:" in body
    assert "you had it last, and nobody else is named:" in " ".join(body.split())


def test_an_owner_whose_address_nobody_knows_is_named_to_the_commander() -> None:
    body = " ".join(reminded("ACTION alert on old logs @octocat").split())
    assert "This is left to do from this incident; you had it last, and I know no address of @octocat:" in body


def test_l42_what_an_action_says_makes_no_other_link() -> None:
    body = reminded('ACTION x&labels=admin#y "z" <b> %0a', tracker="https://github.com/org/ops")
    (link,) = [line for line in body.split("\n") if line.startswith("https://")]
    assert set(parse_qs(urlsplit(link).query)) == {"title", "body"}
