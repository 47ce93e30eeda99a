"""Scenes of the command line: help, exit codes, looking at an archive, and the rows of ``read --json`` that scripts rely on."""

from __future__ import annotations

import gzip
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot import __version__
from mailbot.app.reader import read_all
from mailbot.cli import main
from mailbot.core.incident import MailingList
from tests.incident_scene import NOON

COMMANDS = (
    "run",
    "check",
    "demo",
    "list",
    "show",
    "report",
    "why",
    "read",
    "import",
    "rebuild",
    "redact",
    "pause",
    "resume",
    "problems",
    "release",
)

CALL = b"""From: Alice Doe <alice@example.org>
To: incident@example.org
Subject: [incident] Registry refuses pushes
Message-ID: <call@example.org>
Date: Sat, 21 Nov 2026 13:00:00 +0100

Hi,

at 12:40 the first push failed. Took 01:23.

> At 12:30 nothing was wrong.

START 12:38
RESOLVED is a big word
ZONE XYZ
"""
REPLY = b"""From: Bob <bob@example.org>
Subject: Re: [incident] Registry refuses pushes
Message-ID: <reply@example.org>
In-Reply-To: <call@example.org>
Date: Sat, 21 Nov 2026 12:30:00 +0000

RESTORED 12:20 UTC
RESOLVED
"""
AWAY = b"""From: Carol <carol@example.net>
Subject: Automatic reply: Registry refuses pushes
Message-ID: <away@example.net>
Auto-Submitted: auto-replied
In-Reply-To: <call@example.org>

I am away until 14:00.
"""


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """The commands start the operator's log; a later test has its own."""
    log = logging.getLogger("mailbot")
    before = (log.handlers[:], log.level, log.propagate)
    yield
    log.handlers[:], log.level, log.propagate = before


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "old.mbox"
    path.write_bytes(
        b"".join(b"From x Sat Nov 21 12:00:00 2026\n" + mail + b"\n" for mail in (CALL, REPLY, AWAY, REPLY))
    )
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mailbot.toml"
    path.write_text('[store]\nfolder = "data"\n[smarthost]\nhost = ""\n', encoding="utf-8")
    return path


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# ── help and wrong usage ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: mailbot {command}")
    assert "--config FILE" in said


def test_the_help_names_every_command_and_the_default_without_a_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert [c for c in COMMANDS if f"\n    {c} " not in said] == []
    assert "127.0.0.1:8025" in said


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"mailbot {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["fly"],
        ["show"],
        ["read"],
        ["report", "X", "--template", "none"],
        ["list", "--jsn"],
        ["import", ""],
        ["check", "--list", "x"],
    ],
)
def test_wrong_usage_is_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2


@pytest.mark.parametrize("argv", [["check"], ["list"], ["show", "X"], ["read", "x"], ["rebuild"], ["pause"]])
def test_a_wrong_configuration_is_2_and_every_mistake_is_told(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('[lst]\n[digest]\nevery = "month"\n', encoding="utf-8")
    assert main([*argv, "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"mailbot: {path}: 2 mistakes\n")
    assert main([*argv, "--config", str(tmp_path / "nothing.toml")]) == 2


def test_the_configuration_may_come_from_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILBOT_CONFIG", str(config))
    assert main(["check"]) == 0
    assert f"{config}: fine." in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    """Under a tenth of a second, because nothing that a command needs is imported before it runs."""
    heavy = (
        "jinja2",
        "tinydb",
        "apscheduler",
        "aiosmtpd",
        "imapclient",
        "mailparser",
        "bs4",
        "rich",
        "asyncio",
        "tomllib",
        "zoneinfo",
    )
    code = (
        "import sys; from mailbot.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    best = 9.0
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - began)
        assert done.stderr == "[]\n"
    assert best < 1.0, "a loaded machine is slow; an import of everything is slower"


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_an_archive_the_sentence_says_what_makes_one(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["list"], ["show", "INC-1"], ["report", "INC-1"], ["why", "x"]):
        assert main([*argv, "--config", str(config)]) == 1
        assert "There is no archive in" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["pause"], ["resume"], ["rebuild"], ["redact", "x"], ["retry"]])
def test_no_act_makes_an_archive(argv: list[str], config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*argv, "--config", str(config)]) == 1
    assert "There is no archive in" in capsys.readouterr().err
    assert not (config.parent / "data").exists()


def test_two_imports_of_one_second_give_what_a_rebuild_gives(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    date = "Date: Sat, 21 Nov 2026 13:00:00 +0100"
    for name, mail in (
        ("z", f"Subject: Pump down\nMessage-ID: <1@example.org>\n{date}\n\nThe pump is down.\n"),
        (
            "b",
            f"Subject: Re: Pump down\nMessage-ID: <2@example.org>\nIn-Reply-To: <1@example.org>\n{date}\n\nHere too.\n",
        ),
    ):
        path = config.with_name(f"{name}.mbox")
        path.write_text(f"From x Sat Nov 21 12:00:00 2026\n{mail}\n")
        assert main(["import", str(path), "--config", str(config)]) == 0
    assert main(["rebuild", "--diff", "--config", str(config)]) == 0
    assert "The state says what the archive says." in capsys.readouterr().out


def test_what_was_redacted_is_not_imported_again(box: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["import", str(box)], ["redact", "call@example.org"], ["import", str(box)]):
        assert main([*argv, "--config", str(config)]) == 0
    assert "0 mails imported, 4 were here already." in capsys.readouterr().out
    assert b"the first push failed" not in b"".join(p.read_bytes() for p in (config.parent / "data").glob("*.mbox"))


def test_an_imported_list_can_be_looked_at(box: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*argv: str) -> str:
        assert main([*argv, "--config", str(config)]) == 0
        return capsys.readouterr().out

    assert "3 mails imported, 1 were here already." in run("import", str(box))
    listed = run("list")
    name = listed.split()[0]
    assert "Registry refuses pushes" in listed
    assert "users hit 42 min" in listed
    (row,) = map(json.loads, run("list", "--json").splitlines())
    assert (row["id"], row["status"], row["messages"], row["live"]) == (name, "resolved", 3, False)
    shown = run("show", name.lower())
    assert "Alice Doe" in shown
    assert "2026-11-21 11:38" in shown
    whole = json.loads(run("show", name, "--json"))
    assert whole["id"] == name
    assert [e["utc"] for e in whole["timeline"]] == sorted(e["utc"] for e in whole["timeline"])
    assert run("report", name).endswith("_All times in UTC._\n")
    assert "# Summary" in run("report", name, "--template", "debrief")
    assert run("report", name, "--public").endswith("_All times in UTC._\n")
    assert "START: obeyed as written" in run("why", "<call@example.org>")
    assert run("rebuild").startswith("The state was made again from ")
    assert run("rebuild", "--diff") == "The state says what the archive says.\n"


def test_what_is_not_there_is_1_and_a_sentence(box: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(box), "--config", str(config)]) == 0
    for argv, said in (
        (["show", "INC-19990101-XXX"], "There is no incident INC-19990101-XXX. mailbot list shows those that are."),
        (["report", "INC-19990101-XXX"], "There is no incident"),
        (["why", "nobody@x"], "The archive has no message nobody@x."),
        (["release", "nobody@x"], "nobody@x is not on hold."),
        (["redact", "nobody@x"], "The archive has no message nobody@x."),
        (["import", str(box.parent / "nothing")], "there is no "),
    ):
        capsys.readouterr()
        assert main([*argv, "--config", str(config)]) == 1
        assert f"mailbot: {said}" in capsys.readouterr().err


# ── read --json: an interface ─────────────────────────────────────────────────────────────────────────────────────────

ROW = {
    "message_id": str,
    "date": str | None,
    "kind": str,
    "subject_key": str,
    "incident": str | None,
    "rule": str,
    "own": list,
    "entries": list,
    "commands": list,
    "problems": list,
}
TIME = {
    "start": int,
    "end": int,
    "text": str,
    "utc": str | None,
    "precision": str,
    "about": bool,
    "date_from": str,
    "zone_from": str,
    "zone": str,
    "sure": bool,
}
COMMAND = {"line": int, "keyword": str, "ok": bool, "problem": str | None}


def has_shape(row: dict[str, Any]) -> None:
    """Exactly these keys, with values of these kinds."""
    shapes: list[tuple[dict[str, Any], dict[str, Any]]] = [(row, ROW)]
    shapes += [(t, TIME) for entry in row["entries"] for t in entry["times"]]
    shapes += [(command, COMMAND) for command in row["commands"]]
    for value, shape in shapes:
        assert list(value) == list(shape)
        assert [k for k, kind in shape.items() if not isinstance(value[k], kind)] == []
    assert row["kind"] in ("human", "alert", "auto", "bounce", "duplicate", "ours")
    for entry in row["entries"]:
        assert list(entry) == ["what", "times"]
        assert len(entry["times"]) in (1, 2)


def test_read_prints_a_row_a_mail_in_the_order_of_the_file(
    box: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", "--json", str(box), "--config", str(config)]) == 0
    found = rows(capsys)
    for row in found:
        has_shape(row)
    call, reply = found[:2]
    assert [r["message_id"] for r in found] == [
        "call@example.org",
        "reply@example.org",
        "away@example.net",
        "reply@example.org",
    ]
    assert [r["kind"] for r in found] == ["human", "human", "auto", "duplicate"]
    assert [r["date"] for r in found] == ["2026-11-21T12:00:00Z", "2026-11-21T12:30:00Z", None, "2026-11-21T12:30:00Z"]
    assert {r["incident"] for r in found} == {call["incident"]}
    assert call["incident"].startswith("INC-20261121-")
    assert (call["rule"], reply["rule"]) == ("new", "header")
    assert call["subject_key"] == "registry refuses pushes"
    assert call["commands"] == [
        {"line": 7, "keyword": "START", "ok": True, "problem": None},
        {"line": 9, "keyword": "ZONE", "ok": False, "problem": call["commands"][1]["problem"]},
    ]
    assert "I know no zone" in call["commands"][1]["problem"]
    assert not (config.parent / "data").exists(), "read keeps nothing"


def test_offsets_are_characters_of_the_decoded_text_and_own_text_is_without_quotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "Grüße 🌍\r\num 12:40 UTC fiel es aus\r\n\r\n> At 12:30 UTC nothing\r\n\r\nThanks\r\n"
    head = "From: a@example.org\r\nDate: Sat, 21 Nov 2026 13:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    for name, text in (("crlf.eml", head + body), ("lf.eml", (head + body).replace("\r\n", "\n"))):
        path = tmp_path / name
        path.write_bytes(text.encode())
        assert main(["read", "--json", str(path)]) == 0
        (row,) = rows(capsys)
        decoded = body.replace("\r\n", "\n")
        (entry,) = row["entries"]
        (time,) = entry["times"]
        assert decoded[time["start"] : time["end"]] == time["text"] == "12:40 UTC"
        assert (time["utc"], time["sure"], time["precision"]) == ("2026-11-21T12:40:00Z", True, "minute")
        own = "".join(decoded[a:b] for a, b in row["own"])
        assert "Thanks" in own
        assert "nothing" not in own


def test_read_takes_gz_folders_and_single_mails_and_says_what_it_cannot_read(
    box: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.mbox.gz").write_bytes(gzip.compress(box.read_bytes()))
    (tmp_path / "one.eml").write_bytes(CALL)
    maildir = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    (maildir / "cur" / "1:2,S").write_bytes(REPLY)
    for path, count in ((box, 4), (tmp_path / "old.mbox.gz", 4), (tmp_path / "one.eml", 1), (maildir, 1)):
        assert main(["read", "--json", str(path)]) == 0
        assert len(rows(capsys)) == count, path
    assert main(["read", "--json", str(tmp_path / "nothing")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing" in said.err
    assert main(["read", "--json", str(box), str(tmp_path / "nothing")]) == 0, "what can be read is read"
    assert len(rows(capsys)) == 4


def test_read_for_people_is_short(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(box)]) == 0
    said = capsys.readouterr().out
    assert "<call@example.org> human, INC-20261121-" in said
    assert "START (line 7)" in said


def test_a_reader_that_hangs_up_is_no_error(box: Path) -> None:
    many = box.with_name("many.mbox")
    many.write_bytes(box.read_bytes() * 100)
    run = subprocess.Popen(
        [sys.executable, "-m", "mailbot", "read", "--json", str(many)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.readline()
    run.stdout.close()
    assert run.stderr.read() == b""
    run.stderr.close()
    assert run.wait(30) == 0


def test_an_output_that_fails_is_1_and_a_sentence(box: Path) -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run([sys.executable, "-m", "mailbot", "read", str(box)], stdout=full, stderr=subprocess.PIPE)
    assert (run.returncode, run.stderr) == (1, b"mailbot: [Errno 28] No space left on device\n")


def test_a_terminal_that_does_not_know_a_letter_gets_it_in_another_form(box: Path) -> None:
    box.write_bytes(b"Subject: Ausfall\nMessage-ID: <\xc3\xbc@example.org>\n\nSeit 14:05 Uhr st\xc3\xb6rt es.\n")
    run = subprocess.run(
        [sys.executable, "-m", "mailbot", "read", str(box)],
        capture_output=True,
        env={"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"st\\xf6rt" in run.stdout


def read_rows(*mails: bytes, opens: str = "any") -> list[dict[str, Any]]:
    return list(read_all(mails, MailingList(), list_id="", opens=opens, now=NOON))


def test_zone_counts_for_later_mails_of_its_sender_in_the_order_of_their_dates() -> None:
    def mail(n: int, hour: int, body: str) -> bytes:
        date = f"Sat, 21 Nov 2026 {hour:02}:00:00 -0000"
        return f"From: a@x.org\nMessage-ID: <{n}@x>\nSubject: s\nDate: {date}\n\n{body}\n".encode()

    late, zone, early = mail(3, 11, "at 10:30 it broke"), mail(2, 10, "ZONE +02:00"), mail(1, 9, "at 08:30 it broke")
    found = read_rows(late, zone, early)
    assert [r["entries"][0]["times"][0]["utc"] for r in (found[0], found[2])] == [
        "2026-11-21T08:30:00Z",
        "2026-11-21T08:30:00Z",
    ]
    assert found[0]["entries"][0]["times"][0]["zone_from"] == "sender"


def test_same_id_with_other_text_is_read_and_flagged() -> None:
    first, second = read_rows(CALL, CALL.replace(b"the first push", b"another push"))
    assert (first["kind"], second["kind"]) == ("human", "human")
    assert any("Message-ID" in p for p in second["problems"])


def test_a_list_that_opens_by_mark_leaves_the_rest_unfiled() -> None:
    plain, marked = read_rows(
        b"From: a@x.org\nMessage-ID: <1@x>\nSubject: hello there\n\nx\n",
        b"From: a@x.org\nMessage-ID: <2@x>\nSubject: [INCIDENT] disk\n\nx\n",
        opens="marked",
    )
    assert plain["incident"] is None
    assert marked["incident"] is not None
    has_shape(plain)


ODD = (
    b"",
    b"\n",
    b"\0" * 100,
    b"Date: Mon, 1 Jan 0001 00:00:00 +1400\n\nx",
    b"Date: Fri, 31 Dec 9999 23:59:59 -1400\n\nat 14:05",
    b"Date: Sat, 21 Nov 207777 12:00:00 +0000\n\nat 14:05",
    b"Content-Type: text/plain; charset=unicode-escape\n\n\\ud800 at 14:05\n",
    b"Subject: =?utf-16?b?2AA=?=\n\nRESOLVED\n",
    b"Subject: \xff\xfe\xed\xa0\x80\n\n\xed\xa0\x80 at 14:05 RESOLVED\n",
    b"Content-Type: text/plain; charset=utf-7\n\n+2AA- at 14:05\n",
)


@pytest.mark.parametrize("mail", ODD, ids=range(len(ODD)))
def test_l12_l35_an_odd_mail_is_a_row_and_stops_no_other(mail: bytes) -> None:
    found = read_rows(mail, CALL)
    assert len(found) == 2
    for row in found:
        has_shape(row)
        json.dumps(row, ensure_ascii=False).encode()


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(st.lists(st.binary(max_size=200) | st.sampled_from([CALL, REPLY, AWAY]), max_size=5))
def test_junk_gives_rows_of_the_same_shape(mails: list[bytes]) -> None:
    found = read_rows(*mails)
    assert len(found) == len(mails)
    for row in found:
        has_shape(row)
        json.dumps(row, ensure_ascii=False).encode()
