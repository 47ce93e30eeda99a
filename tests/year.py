"""A year on a busy list, played and checked: ``python -m tests.year OUTDIR [--days 365] [--seed 7] [--twice]``.

Leaves year.toml, and what ``mailbot simulate`` leaves of it: every mail in and out as a file, and an index to look through.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.year_check import check
from tests.year_scene import Year


def scene(days: int, seed: int) -> str:
    """A whole year has 74 incidents, a storm of 50 more and a dozen alerts; a shorter time has its share."""
    share = days / 365
    return Year(seed, days, max(round(72 * share), 16), max(round(50 * share), 10), 40 if share == 1 else 20).text()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--twice", action="store_true", help="play it again and compare every byte")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "year.toml"
    path.write_text(scene(args.days, args.seed), encoding="utf-8")
    mails = args.out / "mails"
    _play(path, mails)
    findings, told = check(mails)
    print("\n".join(told))
    print("\n".join(findings) or "No law of outgoing mail is broken.")
    if args.twice:
        _play(path, args.out / "again")
        if _files(mails) != _files(args.out / "again"):
            findings.append("The second run gave other bytes.")
            print(findings[-1])
        else:
            print(f"A second run gave the same {len(_files(mails))} files, byte for byte.")
    return 1 if findings else 0


def _play(path: Path, out: Path) -> None:
    """In a process of its own, whose sets have their own order."""
    began = time.monotonic()
    words = [sys.executable, "-m", "mailbot", "simulate", str(path), "--out", str(out)]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    print(f"played in {time.monotonic() - began:.0f} s")


def _files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main())
