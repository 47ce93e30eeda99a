"""The short form of ``tests.fuzz``: mutated mails and dialogues for some seconds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.fuzz import Dialogues, Fuzz


def test_no_mutated_mail_raises_breaks_or_takes_long(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path, seed=5)
    fuzz.mails(time.monotonic() + 6)
    assert [p.read_text() for p in (tmp_path / "finds").glob("*.txt")] == []
    assert fuzz.tried > 50


def test_no_dialogue_brings_the_listener_out_of_step() -> None:
    talks = Dialogues(seed=5)
    asyncio.run(talks.run(300))
    assert talks.wrong == []
    assert talks.held == 300
    assert talks.taken > 10
