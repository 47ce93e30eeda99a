"""The folder of published reports and its index: what the record says is published stands there, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.app.pages import Pages
from mailbot.outbox.render import Looks, Renderer
from mailbot.publish.folder import BEGIN, END, Folder, front_matter, table
from mailbot.store import safe
from tests.daemon_process import LIST as ADDRESS
from tests.daemon_process import Sink
from tests.daemon_scene import House
from tests.incident_scene import ALICE, BOB, CAROL, LIST, Scene


def over(*more: tuple[str, str]) -> Scene:
    made = Scene()
    made.mail(ALICE, "Pushes fail.", 0)
    made.mail(BOB, "START 11:38 UTC\nSUMMARY: Pushes failed.\nACTION prevent a test", 5)
    made.mail(ALICE, "RESTORED 12:20 UTC\nRESOLVED 12:40 UTC", 41)
    for who, body in more:
        made.mail(who, body)
    return made


def pages(folder: Path) -> Pages:
    return Pages(Renderer(LIST, Looks()), folder)


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


NAME = "2026-11-21-registry-refuses-pushes.md"


def test_a43_a_published_report_is_a_file_named_by_date_and_title_and_a_row_of_the_index(tmp_path: Path) -> None:
    made, folder = over((CAROL, "REVIEWED")), tmp_path / "incidents"
    pages(folder).settle(made.incident)
    assert files(folder) == [NAME, "README.md"]
    text = (folder / NAME).read_text()
    assert text == Renderer(LIST, Looks()).report(made.incident, public=True)[1]
    assert "\nReviewed by: Carol, 2026-11-21\n" in text
    row = f"| 2026-11-21 | [Registry refuses pushes]({NAME}) | outage | 42 min | reviewed | 1 |"
    assert row in (folder / "README.md").read_text().split("\n")
    assert (folder / NAME).stat().st_mode & 0o777 == 0o644, "a web server can read it"


def test_a2_the_index_has_the_latest_first_and_says_what_is_unreviewed(tmp_path: Path) -> None:
    folder = Folder(tmp_path, safe)
    for n, (day, review) in enumerate((("2026-01-02", '"Bob, 2026-01-05"'), ("2026-03-01", '"unreviewed"'))):
        folder.put(
            f"INC-{n}",
            f"{day}-x.md",
            f'---\nid: INC-{n}\ntitle: "A | [b] \\u003cc>"\ndate: {day}\nreview: {review}\n---\n',
        )
    rows = [line for line in (tmp_path / "README.md").read_text().split("\n") if line.startswith("| 2026")]
    assert [r[2:12] for r in rows] == ["2026-03-01", "2026-01-02"]
    assert "| unreviewed |" in rows[0]
    assert r"[A \| \[b\] \<c>](2026-03-01-x.md)" in rows[0]


def test_what_is_not_published_is_not_there_and_what_is_not_any_more_goes(tmp_path: Path) -> None:
    made = over()
    pages(tmp_path).settle(made.incident)
    assert files(tmp_path) == []
    made.mail(CAROL, "REVIEWED")
    kept = pages(tmp_path)
    kept.settle(made.incident)
    assert NAME in files(tmp_path)
    made.mail(ALICE, "REOPEN")
    kept.settle(made.incident)
    assert files(tmp_path) == ["README.md"]
    assert NAME not in (tmp_path / "README.md").read_text()


def test_writing_the_same_again_changes_no_file(tmp_path: Path) -> None:
    made = over((CAROL, "REVIEWED"))
    pages(tmp_path).settle(made.incident)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    pages(tmp_path).settle(made.incident)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before


def test_a_correction_is_published_under_the_same_name(tmp_path: Path) -> None:
    made = over((CAROL, "REVIEWED"))
    pages(tmp_path).settle(made.incident)
    made.mail(BOB, "TITLE The registry refused pushes\nCAUSE: no alert on disks")
    pages(tmp_path).settle(made.incident)
    assert files(tmp_path) == [NAME, "README.md"], "people link to it"
    assert "no alert on disks" in (tmp_path / NAME).read_text()
    assert "[The registry refused pushes]" in (tmp_path / "README.md").read_text()


def test_two_incidents_of_a_day_and_a_title_are_two_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path, safe)
    for name in ("INC-20261121-AAA", "INC-20261121-BBB"):
        folder.put(name, NAME, f"---\nid: {name}\n---\n")
    assert files(tmp_path) == [NAME.replace(".md", "-bbb.md"), NAME, "README.md"]
    again = Folder(tmp_path, safe)
    assert {k: p.name for k, p in again.pages.items()} == {k: p.name for k, p in folder.pages.items()}


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Our incidents\n\nWelcome.\n")
    (tmp_path / NAME).write_text("Somebody's own file.\n")
    folder = Folder(tmp_path, safe)
    folder.put("INC-20261121-AAA", NAME, "---\nid: INC-20261121-AAA\n---\n")
    assert (tmp_path / NAME).read_text() == "Somebody's own file.\n"
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# Our incidents\n\nWelcome.\n\n" + BEGIN)
    (tmp_path / "README.md").write_text(text + "\nThe end.\n")
    folder.withdraw("INC-20261121-AAA")
    text = (tmp_path / "README.md").read_text()
    assert text.endswith(END + "\n\nThe end.\n")
    assert table({}) in text


def test_a_full_disk_leaves_the_old_page_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path, safe)
    folder.put("INC-1", "2026-01-01-x.md", "---\nid: INC-1\n---\nold\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        folder.put("INC-1", "2026-01-01-x.md", "---\nid: INC-1\n---\nnew\n")
    assert (tmp_path / "2026-01-01-x.md").read_text().endswith("old\n")
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".tmp"]


@pytest.mark.parametrize(
    "text", ["", "x", "---\n", "---\n---\n", "---\nid: [\n---\n", "---\na\n\n---\n", "---\n: x\n---\n"]
)
def test_front_matter_of_anything_is_read_without_a_fault(text: str) -> None:
    assert isinstance(front_matter(text), dict)


# ── through the daemon ────────────────────────────────────────────────────────────────────────────────────────────────


PLAN = "We will change the disk at 18:00 UTC tomorrow; port 8080 stays."


def mail(number: int, who: str, body: str) -> bytes:
    subject = "Registry refuses pushes" if number == 1 else "Re: Registry refuses pushes"
    head = f"From: {who}\nTo: {ADDRESS}\nSubject: {subject}\nMessage-ID: <m{number}@example.org>\n"
    head += "In-Reply-To: <m1@example.org>\n" if number > 1 else ""
    return (head + "Date: Wed, 18 Nov 2026 12:00:00 +0000\n\n" + body + "\n").replace("\n", "\r\n").encode()


def test_a43_p41_reviewed_by_mail_the_page_appears_and_the_list_is_told_where(tmp_path: Path) -> None:
    async def scene() -> None:
        with Sink() as sink:
            house = House(tmp_path, sink)
            folder = tmp_path / "incidents"
            publish = replace(
                house.config.publish, folder=folder, url="https://example.org/i/{file}", tell=("rep@example.net",)
            )
            house.config = replace(house.config, publish=publish)
            async with house.run() as daemon:
                await daemon.send(mail(1, ALICE, "Pushes fail."))
                await daemon.send(mail(2, BOB, "START 11:38 UTC\nRESTORED 11:50 UTC\nRESOLVED 11:55 UTC\n\n" + PLAN))
                await daemon.send(mail(3, BOB, "SUMMARY: pushes failed"))
                await daemon.settle()
                assert files(folder) == []
                await daemon.send(mail(4, ALICE, "REVIEWED"))
                await daemon.settle()
                name = "2026-11-18-registry-refuses-pushes.md"
                assert files(folder) == ["2026-11-18-registry-refuses-pushes.md", "README.md"]
                (told,) = [copies for copies in sink.mails().values() if copies[0].keys[0].startswith("published:")]
                kept = b"".join(p.read_bytes() for p in house.folder.glob("out-*.mbox"))
                assert f"https://example.org/i/{name}".encode() in kept
                assert b'"18:00 UTC tomorrow" is planned: no event (Bob Stone)' in b" ".join(kept.split()), "P41"
                assert b"8080" not in kept
                assert {to for got in told for to in got.recipients} == {ADDRESS, "rep@example.net"}
                await daemon.send(mail(5, BOB, "CAUSE: no alert on disks"))
                await daemon.settle()
                assert "no alert on disks" in (folder / name).read_text()
            assert house.wrong() == []

    asyncio.run(scene())


def test_a_page_that_cannot_be_written_is_told_until_it_is(tmp_path: Path) -> None:
    async def scene() -> None:
        with Sink() as sink:
            house = House(tmp_path, sink)
            folder = tmp_path / "incidents"
            folder.write_text("in the way")
            house.config = replace(house.config, publish=replace(house.config.publish, folder=folder))
            async with house.run() as daemon:
                for number, (who, body) in enumerate(
                    ((ALICE, "Pushes fail."), (ALICE, "RESOLVED"), (BOB, "REVIEWED")), 1
                ):
                    await daemon.send(mail(number, who, body))
                    await daemon.settle()
                (told,) = daemon.daemon.health.ill()
                assert "cannot be published: FileExistsError" in told
                folder.unlink()
                await daemon.send(mail(4, BOB, "thank you"))
                await daemon.settle()
                assert daemon.daemon.health.ill() == []
                assert "README.md" in files(folder)

    asyncio.run(scene())
