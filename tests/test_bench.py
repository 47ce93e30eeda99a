"""The bench runs and reports; what it measures says nothing on a machine that also runs tests."""

from __future__ import annotations

import asyncio
import email
import json
from pathlib import Path

import pytest

from bench import client, mails
from bench.__main__ import PARTS, main
from bench.table import Row, at_least, lines, ratio_at_most
from mailbot.intake import files


@pytest.mark.parametrize(("part", "rows"), [("import", 1), ("times", 3), ("start", 2), ("grow", 5)])
def test_a_part_runs_alone_and_reports(part: str, rows: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--json", "--only", part]) in (0, 1)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) >= rows
    assert all(row["ours"] > 0 for row in found)


def test_a_missed_target_is_said_and_ends_in_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = ratio_at_most("a mail", 3.0, "ms", 1.0, "at 10", 1.5)
    monkeypatch.setitem(PARTS, "grow", ("", lambda options: iter([slow])))
    assert main(["--only", "grow"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        "a", "mail", "3", "ms", "1", "at", "10", "3.00", "<=", "1.5", "x", "MISSED",
    ]  # fmt: skip


@pytest.mark.parametrize("option", ["--mbox", "--texts"])
def test_what_is_not_there_is_said_before_anything_is_measured(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "times", option, str(tmp_path)])
    assert f"{option} {tmp_path}: there is no" in capsys.readouterr().err


def test_the_table_stands_in_columns() -> None:
    found = lines([at_least("rate", 1234.0, "messages/s", 1000), Row("memory", 47.9, "MB")])
    assert found[1:] == ["rate    1,234 messages/s               >= 1000 messages/s  ok", "memory  47.9 MB"]


def test_the_same_numbers_give_the_same_mails() -> None:
    assert list(mails.archive(50)) == list(mails.archive(50))
    assert list(mails.archive(50)) != list(mails.archive(50, seed=2))


def test_an_archive_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = list(mails.archive(60))
    path = tmp_path / "list.mbox"
    path.write_bytes(b"".join(mails.mbox(iter(made))))
    problems: list[str] = []
    read = list(files.mails(path, problems.append))
    assert [m.rstrip() for m in read] == [m.rstrip() for m in made]
    assert problems == []


def test_the_mails_are_threads_of_replies_with_quotes() -> None:
    made = [email.message_from_bytes(raw) for raw in mails.archive(300)]
    ids = {m["Message-ID"] for m in made}
    replies = [m for m in made if m["In-Reply-To"]]
    assert len(ids) == 300
    assert 180 < len(replies) < 290
    assert all(m["In-Reply-To"] in ids and "\n> " in m.get_payload() for m in replies)
    assert 3600 < sum(len(raw) for raw in mails.archive(300)) / 300 < 4500


def test_our_own_client_sends_each_mail_over_a_connection_of_its_own() -> None:
    async def scene() -> tuple[bool, list[bytes]]:
        heard: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            said = []
            writer.write(b"220 here\r\n")
            while line := await reader.readline():
                said.append(line)
                if line == b"DATA\r\n":
                    writer.write(b"354 go on\r\n")
                    said.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250-yes\r\n250 yes\r\n" if line.startswith(b"EHLO") else b"250 yes\r\n")
            heard.append(b"".join(said))
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            accepted = await client.send(server.sockets[0].getsockname()[1], 3, 7, 1000)
            await asyncio.sleep(0.05)
        return accepted, heard

    accepted, heard = asyncio.run(scene())
    assert accepted
    assert len(heard) == 7
    assert all(900 < len(talk) < 1300 and talk.endswith(b"QUIT\r\n") for talk in heard)
