"""kill -9 at random moments: what was accepted is there once, every notice is written once and reaches its readers.

``MAILBOT_KILL_ROUNDS`` sets how often; ``python -m tests.kill_rounds`` is the long form, and says more.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.kill_rounds import Rounds, summary

ROUNDS = int(os.environ.get("MAILBOT_KILL_ROUNDS", "12"))


def test_kill_9_loses_no_mail_and_doubles_no_notice(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path, seed=ROUNDS)
    assert rounds.play(ROUNDS) == [], summary(rounds)
    assert rounds.accepted > 2 * ROUNDS, summary(rounds)
