"""``python -m bench``: every part, or those that are named; a table, or JSON; exit code 1 where a target is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from bench import accepting, growing, importing, reading, starting
from bench.options import Options
from bench.table import Row, lines

PARTS: dict[str, tuple[str, Callable[[Options], Iterator[Row]]]] = {
    "accept": ("durable acceptance against aiosmtpd and Postfix, and the backlog after it", accepting.measure),
    "import": ("importing and threading a list archive", importing.measure),
    "start": ("the daemon starts with many messages", starting.measure),
    "times": ("the times reader against dateparser, and hostile text", reading.measure),
    "grow": ("one more mail as archive and incident grow", growing.measure),
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:8} {about}" for name, (about, _) in PARTS.items()),
    )
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help="this part (may be repeated)")
    parser.add_argument(
        "--quick", action="store_true", help="small numbers, to see that it runs; the figures say little"
    )
    parser.add_argument("--mbox", type=Path, metavar="FILE", help="import this archive as well (mbox or mbox.gz)")
    parser.add_argument("--texts", type=Path, metavar="FOLDER", help="read the times of these mails too (.eml)")
    parser.add_argument("--json", action="store_true", help="one object a line instead of the table")
    args = parser.parse_args(argv)
    if args.mbox is not None and not args.mbox.is_file():
        parser.error(f"--mbox {args.mbox}: there is no such file")
    if args.texts is not None and not any(args.texts.glob("*.eml")):
        parser.error(f"--texts {args.texts}: there is no .eml file in it")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mailbot-bench-", ignore_cleanup_errors=True) as folder:
        options = Options(Path(folder), quick=args.quick, mbox=args.mbox, texts=args.texts)
        for name in args.only or PARTS:
            about, part = PARTS[name]
            _say(f"{name}: {about}")
            for row in part(options):
                rows.append(row)
                if args.json:
                    print(json.dumps(row.as_json()), flush=True)
                else:
                    _say("  " + "  ".join(lines([row])[1].split("  ")))
    if not args.json:
        print("\n".join(lines(rows)))
    return 1 if any(row.ok is False for row in rows) else 0


def _say(sentence: str) -> None:
    with suppress(BrokenPipeError):
        print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
