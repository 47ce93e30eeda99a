"""The short form of ``tests.soak``: clients with faults, a kill every three seconds, a smarthost that fails half of the time."""

from __future__ import annotations

from pathlib import Path

from tests.kill_rounds import Rounds, summary
from tests.soak import Soak


def test_rough_traffic_with_kills_loses_and_doubles_nothing(tmp_path: Path) -> None:
    soak = Soak(tmp_path, 5, messages=250, clients=20, every=3.0, fails=0.5)
    soak.quiet = Rounds.quiet  # the long form's is for 20,000 mails
    assert soak.play_all() == [], summary(soak)
    assert soak.accepted >= 250
    assert soak.kills >= 2
