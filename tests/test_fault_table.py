"""Crash points: nothing is lost, and nothing repeated but a mail with the same Message-ID. The table: ``tests.fault_table``."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.daemon_process import ROOT


def table(*words: str) -> str:
    """In a process of its own: it forks, which one with threads must not."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.fault_table", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=False,
    )
    return told.stdout + told.stderr


def test_a_crash_at_any_point_loses_nothing_and_repeats_at_most_a_hand_over() -> None:
    said = table("--once", "--only", "Table")
    rows = re.findall(r"^ *\d+ (\w+) (\S+) +(kill|power|kill, half written) {2,}(\S.*?) {2,}(.+)$", said, re.MULTILINE)
    assert re.search(r"^(\d+) crashes, 0 with something lost or doubled; exit 0$", said, re.MULTILINE), said
    assert len(rows) > 60
    assert {lost for _, _, _, lost, _ in rows} == {"nothing"}
    assert {call for call, *_ in rows} >= {"write", "pwrite", "fsync", "rename", "replace", "open", "unlink"}
    files = {re.sub(r"\d{4}-\d\d", "MONTH", file) for _, file, *_ in rows}
    assert files >= {"kept/in-MONTH.mbox", "kept/out-MONTH.mbox", "kept/sent.log", "kept/acts.log", "kept/state.log"}
    assert files >= {"kept", "public"}  # fsync of the folder: a rename is on disk from there on
    again = [(call, file) for call, file, _, _, repeated in rows if repeated.strip() != "nothing"]
    assert {file for _, file in again} <= {"kept/sent.log", "kept"}  # between the smarthost's 250 and our note


def test_a_second_crash_while_the_start_mends_what_the_first_left_loses_nothing() -> None:
    said = table("--once", "--only", "Again")
    assert re.search(r"^(\d+) crashes, 0 with something lost or doubled; exit 0$", said, re.MULTILINE), said
    rows = re.findall(r"^ *\d+ ([^,]+), then (\w+) (\S+)", said, re.MULTILINE)
    assert len(rows) >= 25
    assert {("truncate", "kept/sent.log"), ("ftruncate", "kept/state.log")} <= {(call, file) for _, call, file in rows}
    assert {"torn tails", "a spoilt state", "the index of pages"} <= {damage for damage, *_ in rows}


def test_l11_a_crash_between_a_mailbox_and_the_archive_loses_no_mail_and_takes_none_twice() -> None:
    said = table("--once", "--only", "Boxes")
    assert re.search(r"^(\d+) crashes, 0 with something lost or doubled; exit 0$", said, re.MULTILINE), said
    assert {"imap +FLAGS \\Seen", "imap MOVE", "imap MOVE, done"} <= {
        point.strip() for point in re.findall(r"mailbox: (.*?) {2,}", said)
    }
    assert "stays" not in said  # what was taken and not moved is moved at the next login


def test_the_table_sees_what_is_not_synced() -> None:
    said = table("--once", "--unsynced")
    assert "is lost" in said
    assert not re.search(r"^\d+ crashes, 0 with", said, re.MULTILINE)
