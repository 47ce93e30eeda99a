"""Mails in the hardest styles that people write, and the entries that are right for them by language.md 3.2.

``MAILBOT_REWRITE=1`` writes the expected files anew from what is read: look at the difference.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbot.app.desk import said, take_in
from mailbot.core.times import Instant, Mention
from tests.incident_scene import LIST

GALLERY = Path(__file__).parent / "gallery"
MAILS = sorted(GALLERY.glob("*.eml"))


def read(raw: bytes) -> str:
    taken = take_in(
        raw,
        datetime(2026, 12, 1, tzinfo=UTC),
        mailing_list=LIST,
        list_id="",
        ours=(),
        envelope="alice@example.org",
        imported=True,
    )
    assert not taken.message.problems
    return "".join(_line(m) for m in said(taken, LIST, "").reading.mentions) or "nothing\n"


def _line(mention: Mention) -> str:
    first = mention.times[0]
    when = " to ".join(_minute(t) for t in mention.times)
    about = "about " if first.about else ""
    sure = "sure" if all(t.sure for t in mention.times) else "not sure"
    what = mention.what.replace("\n", "\\n")
    return f"{when} | {about}date {first.date_from} | zone {first.zone_from} | {sure} | {what}\n"


def _minute(time: Instant) -> str:
    return f"{time.utc:%Y-%m-%d %H:%M}" if time.utc is not None else "no instant"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_every_event_is_where_it_belongs(path: Path, ends: bytes) -> None:
    target = path.with_suffix(".expected")
    found = read(path.read_bytes().replace(b"\n", ends))
    if os.environ.get("MAILBOT_REWRITE") == "1":
        target.write_text(found, "utf-8")
    assert found == target.read_text("utf-8")


def test_every_mail_of_the_gallery_says_what_is_right_and_is_written_with_bare_line_ends() -> None:
    assert len(MAILS) >= 20
    assert {p.stem for p in MAILS} == {p.stem for p in GALLERY.glob("*.expected")}
    assert not [p.name for p in MAILS if b"\r" in p.read_bytes()]
