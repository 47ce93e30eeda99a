"""A month on a busy list (a year takes ``python -m tests.year OUT``): its outgoing mails break no law of language.md 4.

The checks read the files that ``mailbot simulate`` left; so that they can fail, each is also shown a mail that breaks it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.year import scene
from tests.year_check import Post, check
from tests.year_plots import PLOTS
from tests.year_scene import Year

DAYS = 31


def play(folder: Path, text: str, seed: str = "1") -> Path:
    """Plays a scene in a process of its own, whose sets have another order."""
    path = folder / "scene.toml"
    path.write_text(text, encoding="utf-8")
    out = folder / f"mails-{seed}"
    words = [sys.executable, "-m", "mailbot", "simulate", str(path), "--out", str(out)]
    done = subprocess.run(words, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("year"), scene(DAYS, 7))


@pytest.fixture(scope="module")
def checked(month: Path) -> tuple[list[str], list[str]]:
    return check(month)


def test_no_law_of_outgoing_mail_is_broken_in_a_month(checked: tuple[list[str], list[str]]) -> None:
    findings, told = checked
    assert findings == [], "\n".join([*findings, *told])


def test_from_call_to_publication_a_list_gets_at_most_seven_mails_in_the_median(
    checked: tuple[list[str], list[str]],
) -> None:
    told = "\n".join(checked[1])
    found = re.search(r"from call to publication \((\d+) incidents published\): median ([\d.]+)", told)
    assert found is not None, told
    assert int(found[1]) >= 10
    assert float(found[2]) <= 7


def test_the_same_days_give_the_same_bytes(tmp_path: Path) -> None:
    days = Year(11, days=7, incidents=7, storm=3, tail=4).text()
    one, other = (play(tmp_path, days, seed) for seed in "12")
    left, right = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*.*")} for f in (one, other))
    assert left == right
    assert len(left) > 80


def test_a_year_has_what_issue_4_asks_for() -> None:
    year = Year()
    text = year.text()
    assert year.incidents >= 60
    assert len(re.findall(r"^from = ", text, re.M)) >= 1_500
    assert len(PLOTS) <= year.incidents
    assert 'act = "stop"' in text
    assert text == Year().text()


# ── each check can fail ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def copy(month: Path, tmp_path: Path) -> Path:
    """Its first days."""
    for folder in ("in", "out"):
        (tmp_path / "mails" / folder).mkdir(parents=True)
        for path in (month / folder).iterdir():
            if path.name < "20260118":
                shutil.copy(path, tmp_path / "mails" / folder)
    assert check(tmp_path / "mails")[0] == []
    return tmp_path / "mails"


def first(folder: Path, kind: str) -> Path:
    return next(path for path in sorted((folder / "out").iterdir()) if f"-{kind}-" in path.name)


def again(path: Path, **replaced: str) -> None:
    """The same mail once more, with some of its text replaced."""
    text = path.read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    stamp, _, rest = path.name.partition("-")
    path.with_name(f"{stamp}-9{rest}").write_text(text, encoding="utf-8")


def broken(folder: Path) -> set[str]:
    return {sentence.partition(":")[0] for sentence in check(folder)[0]}


def test_a_mail_that_goes_out_twice_is_found(copy: Path) -> None:
    again(first(copy, "ack"))
    assert "twice" in broken(copy)


def test_a_reminder_after_the_end_is_found(copy: Path) -> None:
    draft = first(copy, "draft")
    incident = draft.stem.partition("-draft-")[2]
    ack = next(path for path in (copy / "out").iterdir() if path.name.endswith(f"-ack-{incident}.eml"))
    stamp = draft.name.partition("-")[0]
    (copy / "out" / f"{stamp}-99999-update-{incident}.eml").write_bytes(ack.read_bytes())
    assert {"reasons", "twice"} <= broken(copy)


def test_a_state_that_changes_by_itself_is_found(copy: Path) -> None:
    ack = first(copy, "ack")
    again(ack, **{", open. Who has this": ", resolved. Who has this"})
    assert "states" in broken(copy)


def test_a_command_among_our_own_words_is_found(copy: Path) -> None:
    ack = first(copy, "ack")
    ack.write_text(ack.read_text(encoding="utf-8").replace("| RESOLVED\n", "RESOLVED\n"), encoding="utf-8")
    assert "words" in broken(copy)


def test_too_much_mail_to_the_list_is_found(copy: Path) -> None:
    ack = first(copy, "ack")
    for number in range(7):
        shutil.copy(ack, ack.with_name(ack.name.replace("-0001-", f"-{number + 90_000}-")))
    assert "budgets" in broken(copy)


def test_an_answer_to_a_robot_is_found(copy: Path) -> None:
    robot = next(mail for mail in Post(copy).came if mail.auto)
    ack = first(copy, "ack")
    text = ack.read_text(encoding="utf-8")
    ack.write_text(re.sub(r"(?m)^In-Reply-To: .*$", f"In-Reply-To: {robot.ids[0]}", text), encoding="utf-8")
    assert "answers" in broken(copy)


def test_a_fourth_reminder_in_a_row_is_found(copy: Path) -> None:
    update = first(copy, "update")
    for number in range(3):
        shutil.copy(update, update.with_name(re.sub(r"Z-\d+-", f"Z-{number + 90_000}-", update.name)))
    assert "in_a_row" in broken(copy)
