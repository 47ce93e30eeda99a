"""``mailbot simulate``: a scene through the whole program without sockets; the same scene gives the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.cli import main
from mailbot.config import Config
from mailbot.scene import load
from mailbot.simulate import Given, simulate

ALICE = "Alice Doe <alice@example.org>"
HEAD = f"""
echo = true
[people]
alice = "{ALICE}"
bob = "Bob Stone <bob@example.net>"
"""
OPENING = """
[[step]]
name = "call"
at = "2026-11-18T12:00:00+00:00"
from = "alice"
subject = "Logins fail"
text = "KIND outage\\nSince 11:50 UTC nobody can log in."
"""


def step(at: str, text: str = "", who: str = "alice", more: str = 'answers = "call"') -> str:
    said = f'from = "{who}"\nsubject = "Re: Logins fail"\ntext = {json.dumps(text)}\n{more}\n' if text else more
    return f'\n[[step]]\nat = "{at}"\n{said}\n'


def scene_of(folder: Path, *steps: str) -> Path:
    path = folder / "scene.toml"
    path.write_text(HEAD + "".join(steps), encoding="utf-8")
    return path


def played(folder: Path, *steps: str, config: Config | None = None) -> list[Given]:
    return simulate(load(scene_of(folder, *steps)), config or Config())[1]


def times(mails: list[Given], kind: str) -> list[str]:
    return [f"{given.at:%d %H:%M}" for given in mails if given.kind == kind]


def test_a_silence_brings_the_reminders_at_their_times_and_not_at_the_end(tmp_path: Path) -> None:
    sent = played(tmp_path, OPENING, step("2026-11-19T11:00:00+00:00", more=""))
    assert times(sent, "ack") == ["18 12:00"]
    assert times(sent, "update") == ["18 13:00", "18 15:00", "18 19:00"]


def test_while_the_daemon_is_down_mail_waits_and_what_was_missed_comes_once(tmp_path: Path) -> None:
    sent = played(
        tmp_path,
        OPENING,
        step("2026-11-18T12:30:00+00:00", more='act = "stop"'),
        step("2026-11-18T13:00:00+00:00", "START 11:48 UTC", "bob"),
        step("2026-11-20T08:00:00+00:00", more='act = "start"'),
        step("2026-11-20T08:01:00+00:00", more=""),
    )
    assert times(sent, "receipt") == ["20 08:00"]
    assert times(sent, "update") == []  # the mail that waited is news


def test_what_the_smarthost_refuses_goes_out_when_it_takes_mail_again(tmp_path: Path) -> None:
    sent = played(
        tmp_path,
        step("2026-11-18T11:00:00+00:00", more='act = "refuse"'),
        OPENING,
        step("2026-11-18T12:20:00+00:00", more='act = "take"'),
        step("2026-11-18T12:50:00+00:00", more=""),
    )
    assert times(sent, "ack") == ["18 12:23"]  # tried at 12:00, 12:01, 12:03, 12:08, 12:23


def test_a_pause_sends_nothing_until_it_is_over(tmp_path: Path) -> None:
    sent = played(
        tmp_path,
        step("2026-11-18T11:00:00+00:00", more='act = "pause"'),
        OPENING,
        step("2026-11-18T12:20:00+00:00", more='act = "resume"'),
    )
    assert times(sent, "ack") == ["18 12:20"]


def test_a_step_can_answer_a_mail_of_ours_and_name_what_is_known_only_then(tmp_path: Path) -> None:
    sent = played(
        tmp_path,
        OPENING,
        step("2026-11-18T12:05:00+00:00", "It is {id:call}.\nSTART 11:48 UTC", "bob", 'answers = "notice ack"'),
        step("2026-11-18T12:06:00+00:00", "STATUS", "bob", 'answers = "notice question"'),  # which never went out
    )
    assert [given.kind for given in sent] == ["ack", "receipt"]
    assert sent[0].incident == sent[1].incident


def test_our_own_mail_that_the_list_sends_back_is_not_answered(tmp_path: Path) -> None:
    came, sent = simulate(load(scene_of(tmp_path, OPENING, step("2026-11-18T12:30:00+00:00", more=""))), Config())
    assert len(came) == 2
    assert came[1].raw == sent[0].raw
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("", "scene.toml has no [[step]]"),
        ("[[step]\n", "scene.toml is not TOML"),
        ('[[step]]\nat = "12:00"\n', "step 1"),
        ('[[step]]\nat = "2026-11-18T12:00:00"\n', "has no offset; write +00:00 for UTC"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\nfrom = "carol"\n', "step 1: there is no 'carol'"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\ncolour = "red"\n', "'colour' is no key; these are: act, answers"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\nact = "dance"\n', "'dance' is no act; these are: stop, start"),
        ("[step]\nat = 1\n", "write [[step]] in double brackets"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\ntext = 5\n', "step 1: text is no text"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\nheaders = { X = 5 }\n', "step 1: X is no text"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\nanswers = "nope"\n', "step 1: there is no step 'nope'"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\ntext = "{id:none}"\n', "step 1: there is no step 'none'"),
        ('[[step]]\nat = "2026-11-18T12:00:00Z"\nfrom = "alice"\nsubject = "a\\nb"\n', "step 1: Header values may not"),
    ],
)
def test_what_is_no_scene_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: str, said: str
) -> None:
    assert main(["simulate", str(scene_of(tmp_path, steps))]) == 1
    assert said in capsys.readouterr().err
    assert main(["simulate", str(tmp_path / "no.toml")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")
    assert main(["simulate", str(scene_of(tmp_path, OPENING)), "--out", str(tmp_path / "letters")]) == 1
    assert "no simulation's" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_scene_gives_the_same_bytes(tmp_path: Path) -> None:
    """In two processes, whose sets have two orders."""
    for seed in ("1", "2"):
        words = [sys.executable, "-m", "mailbot", "simulate", "registry", "--out", str(tmp_path / seed)]
        done = subprocess.run(words, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    left = files(tmp_path / "1")
    assert left == files(tmp_path / "2")
    names = [name for name in left if name.startswith("out/")]
    assert len(names) > 10
    assert names[0].startswith("out/20261117T135800Z-0001-ack-INC-20261117-")
    assert len(left["index.txt"].splitlines()) >= len(names)


def test_the_index_for_scripts_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(scene_of(tmp_path, OPENING)), "--json"]) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["at"], row["kind"], row["to"]) == ("2026-11-18T12:00:00Z", "ack", "[incident]")


def test_without_a_folder_the_mails_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(scene_of(tmp_path, OPENING))]) == 0
    out = capsys.readouterr().out
    assert "Wed 2026-11-18 12:00 UTC\nTo: [incident]\nSubject: Re: Logins fail" in out
    assert "1 mail in, 1 out" in out
