"""A year on a busy list, played and checked: ``python -m tests.year OUTDIR [--days 365] [--seed 7]``.

Leaves year.toml, and what ``mailbot simulate`` leaves of it: every mail in and out as a file, and an index to look through.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from mailbot.cli import main as mailbot
from tests.year_check import check
from tests.year_scene import Year


def scene(days: int, seed: int) -> str:
    """A whole year has 74 incidents and a storm of 36 more; a shorter time has its share."""
    share = days / 365
    return Year(seed, days, max(round(72 * share), 16), max(round(36 * share), 10), 40 if share == 1 else 20).text()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "year.toml"
    path.write_text(scene(args.days, args.seed), encoding="utf-8")
    began = time.monotonic()
    code = mailbot(["simulate", str(path), "--out", str(args.out / "mails")])
    print(f"played in {time.monotonic() - began:.0f} s")
    if code:
        return code
    findings, told = check(args.out / "mails")
    print("\n".join(told))
    print("\n".join(findings) or "No law of outgoing mail is broken.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
