"""Files of mail: what parts mails and what does not, what is broken, and that nothing stops the rest."""

from __future__ import annotations

import gzip
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.intake import files
from mailbot.intake.files import Source, mails, size, walk

FROM = b"From alice@example.org Thu Jan  4 12:00:00 2007\n"
PATCH_LINE = b"From 17838aa96b3568e7295e62e717e5cba0672c1386 Mon Sep 17 00:00:00 2001\n"


def mail(subject: str, body: bytes = b"We are down.\n") -> bytes:
    return f"From: Alice <alice@example.org>\nSubject: {subject}\n\n".encode() + body


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def noisy() -> bytes:
    """400 mails that do not compress well."""
    return mbox(*(mail(str(n), os.urandom(5000).hex().encode() + b"\n") for n in range(400)))


def mbox(*contents: bytes) -> bytes:
    return b"".join(FROM + content + b"\n" for content in contents)


@pytest.mark.parametrize("line", files.SEPARATORS)
def test_a_from_line_as_mail_programs_write_it_parts_two_mails(tmp_path: Path, line: bytes) -> None:
    path = put(tmp_path / "box", line + mail("one") + b"\n" + line + mail("two") + b"\n")
    assert list(mails(path)) == [mail("one"), mail("two")]


@pytest.mark.parametrize("line", files.NO_SEPARATORS)
def test_a_sentence_that_begins_with_from_parts_nothing(tmp_path: Path, line: bytes) -> None:
    whole = mail("one", b"It broke.\n\n" + line + b"Bye\n")
    assert list(mails(put(tmp_path / "box", mbox(whole, mail("two"))))) == [whole, mail("two")]


def test_a_from_line_without_an_empty_line_before_it_parts_nothing(tmp_path: Path) -> None:
    whole = mail("one", b"He wrote:\n" + FROM + b"Subject: quoted\n")
    assert list(mails(put(tmp_path / "box", mbox(whole, mail("two"))))) == [whole, mail("two")]


def test_an_attached_git_patch_parts_nothing_but_gits_own_file_is_parted(tmp_path: Path) -> None:
    patch = PATCH_LINE + b"From: Bob <bob@example.org>\nSubject: [PATCH] fix\n\n"
    whole = mail("a patch", b"--x\nContent-Type: text/x-patch\n\n" + patch)
    assert list(mails(put(tmp_path / "box", mbox(whole)))) == [whole]
    assert len(list(mails(put(tmp_path / "series.patch", patch + b"a\n\n" + patch + b"b\n\n")))) == 2


def test_one_quoting_mark_is_taken_off_from_lines_and_from_nothing_else(tmp_path: Path) -> None:
    path = put(tmp_path / "box", mbox(mail("one", b">From here\n>>From there\n> From nowhere\n a >From b\n")))
    assert list(mails(path)) == [mail("one", b"From here\n>From there\n> From nowhere\n a >From b\n")]


def test_crlf_stays_crlf_and_the_empty_line_between_mails_is_not_theirs(tmp_path: Path) -> None:
    one, two = (mail(word, b"text\n\n").replace(b"\n", b"\r\n") for word in ("one", "two"))
    line = FROM.replace(b"\n", b"\r\n")
    path = put(tmp_path / "box", line + one + b"\r\n" + line + two + b"\r\n")
    assert list(mails(path)) == [one, two]


def test_a_last_mail_without_a_line_end_comes_whole(tmp_path: Path) -> None:
    assert list(mails(put(tmp_path / "box", mbox(mail("one")) + FROM + b"Subject: two\n\nno end"))) == [
        mail("one"),
        b"Subject: two\n\nno end",
    ]


def test_an_empty_mbox_has_no_mails_and_is_no_problem(tmp_path: Path) -> None:
    path = put(tmp_path / "box", b"")
    assert list(walk([path])) == [Source(path, "mbox")]
    assert list(mails(path)) == []
    assert list(mails(put(tmp_path / "line", FROM))) == []


def test_a_compressed_mbox_is_read_by_what_it_is_and_its_position_grows_to_its_size(tmp_path: Path) -> None:
    path = put(
        tmp_path / "2007-January.txt.gz",
        gzip.compress(noisy()),
    )
    places: list[int] = []
    assert len(list(mails(path, position=places.append))) == 400
    assert places == sorted(places)
    assert len(places) > 2
    assert places[-1] == size(path) == path.stat().st_size


def test_a_torn_gz_gives_what_it_has_and_a_sentence(tmp_path: Path) -> None:
    whole = gzip.compress(noisy())
    path = put(tmp_path / "box.gz", whole[: len(whole) // 2])
    problems: list[str] = []
    found = list(mails(path, problems.append))
    assert 190 < len(found) < 210  # the last one torn: kept all the same
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}: cannot be read to its end: ")


def test_a_folder_of_everything_is_walked_in_order_and_what_is_no_mail_is_told(tmp_path: Path) -> None:
    put(tmp_path / "b" / "one.eml", mail("eml"))
    put(tmp_path / "b" / "odd.eml", b"no header at all")
    put(tmp_path / "a.mbox", mbox(mail("mbox 1"), mail("mbox 2")))
    put(tmp_path / "c.txt.gz", gzip.compress(mbox(mail("gz"))))
    put(tmp_path / "notes.md", b"# Notes\n\nFrom here on\n")
    put(tmp_path / "picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    put(tmp_path / "broken.gz", b"\x1f\x8bnot really")
    put(tmp_path / ".hidden", mail("hidden"))
    os.mkfifo(tmp_path / "pipe")
    found = list(walk([tmp_path]))
    assert [(s.path.name, s.kind) for s in found if not s.problem] == [
        ("a.mbox", "mbox"),
        ("odd.eml", "eml"),
        ("one.eml", "eml"),
        ("c.txt.gz", "mbox"),
    ]
    assert [s.path.name for s in found if s.problem] == ["broken.gz", "notes.md", "picture.png", "pipe"]
    problems: list[str] = []
    assert len(list(mails(tmp_path, problems.append))) == 5
    assert len(problems) == 4
    assert size(tmp_path) == sum(s.path.stat().st_size for s in found if not s.problem)


def test_a_maildir_gives_cur_and_new_and_its_hidden_folders_but_not_tmp(tmp_path: Path) -> None:
    box = tmp_path / "Maildir"
    for folder in (box, box / ".Archive.2007"):
        for name in ("cur", "new", "tmp"):
            put(folder / name / f"117.{name}.host:2,S", mail(f"{folder.name} {name}"))
        put(folder / "dovecot-uidlist", b"3 V1 N2\n")
    put(box / "cur" / ".nfs0001", b"junk")
    # A mail that begins like an mbox is still one mail here.
    put(box / "new" / "118.host", mbox(mail("a"), mail("b")))
    found = list(walk([box]))
    assert [s for s in found if s.problem] == []
    assert [str(s.path.relative_to(box)) for s in found] == [
        ".Archive.2007/cur/117.cur.host:2,S",
        ".Archive.2007/new/117.new.host:2,S",
        "cur/117.cur.host:2,S",
        "new/117.new.host:2,S",
        "new/118.host",
    ]
    assert len(list(mails(box))) == 5


def test_what_is_not_there_or_not_readable_is_a_sentence(tmp_path: Path) -> None:
    assert list(walk([tmp_path / "gone"])) == [Source(tmp_path / "gone", "", f"{tmp_path}/gone: is not there")]
    problems: list[str] = []
    os.mkfifo(tmp_path / "pipe")
    assert list(mails(tmp_path / "gone", problems.append)) == []
    assert list(mails(tmp_path / "pipe", problems.append)) == []
    assert problems == [
        f"{tmp_path}/gone: cannot be read: No such file or directory",
        f"{tmp_path}/pipe: is no file",
    ]
    assert size(tmp_path / "gone") == 0


def test_a_mail_over_the_limit_is_cut_and_the_next_one_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMIT", 50_000)
    monkeypatch.setattr(files, "BLOCK", 8192)
    huge = mail("huge", b"x" * 70 + b"\n" + b"y" * 300_000 + b"\n")
    path = put(tmp_path / "box", mbox(mail("one"), huge, mail("two"), huge))
    problems: list[str] = []
    found = list(mails(path, problems.append))
    assert found == [mail("one"), huge[:50_000], mail("two"), huge[:50_000]]
    assert problems == [f"{path}: a mail has more than 50,000 bytes and was cut there"] * 2
    problems.clear()
    assert list(mails(put(tmp_path / "huge.eml", huge), problems.append)) == [huge[:50_000]]
    assert len(problems) == 1


def split(content: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The same content, read in blocks that end at ``cuts``."""
    places = [0, *sorted({min(cut, len(content)) for cut in cuts}), len(content)]

    def blocks() -> Iterator[bytes]:
        for start, end in itertools.pairwise(places[1:]):
            if end > start:
                yield content[start:end]

    return list(files._split(content[: places[1]], blocks(), lambda _: None))


body = st.lists(st.sampled_from([b"\n", b"\r\n", b"From ", FROM, b">From x\n", b"text\n", b"x" * 900, b"Subject: s\n"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(body, max_size=8), st.lists(st.integers(150, 12_000), max_size=6))
def test_where_a_block_ends_makes_no_difference(bodies: list[list[bytes]], cuts: list[int]) -> None:
    content = mbox(*(mail("x", b"".join(lines)) for lines in bodies)) or FROM
    assert split(content, [min([150, *cuts]), *cuts]) == split(content, [len(content)])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_junk_never_raises(junk: bytes) -> None:
    assert isinstance(files._kind(junk), str)
    assert all(isinstance(found, bytes) for found in split(FROM + junk, [len(FROM)]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([b"a", b"", b">", b"> From ", b"From x", b">From y"]), max_size=5), max_size=5)
)
def test_what_was_quoted_as_mboxrd_comes_back(bodies: list[list[bytes]]) -> None:
    originals = [mail("x", b"\n".join(lines) + b"\n") for lines in bodies]
    quoted = [re.sub(rb"(?m)^(>*From )", rb">\1", original) for original in originals]
    assert split(mbox(*quoted) or FROM, [10**6]) == originals
