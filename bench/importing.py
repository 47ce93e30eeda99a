"""Import and threading: messages for each second of CPU time, of this process with all its threads."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import mails
from bench.options import Options, opened
from bench.table import Row, at_least
from mailbot.app.importing import bring_in
from mailbot.intake import files

TARGET = 1_000


def measure(options: Options) -> Iterator[Row]:
    count, rounds = (300, 1) if options.quick else (3_500, 3)
    source = options.folder / "list.mbox"
    with source.open("wb") as file:
        file.writelines(mails.mbox(mails.archive(count)))
    _rate(options, source, "import-warm-up")
    yield _row(options, source, rounds, f"import of {count} mails of 4 KB")
    if options.mbox is not None:
        yield _row(options, options.mbox, rounds, f"import of {options.mbox.name}")


def _row(options: Options, source: Path, rounds: int, what: str) -> Row:
    """The peer only parses the same mails: it tells how fast the machine is at the moment."""
    ours, peer = [], []
    for n in range(rounds):
        ours.append(_rate(options, source, f"import-{source.name}-{n}"))
        peer.append(_parsed(source))
    row = at_least(what, median(ours), "messages/s of CPU", TARGET)
    return replace(row, peer=median(peer), against="only parsed by email, policy.default")


def _parsed(source: Path) -> float:
    raws = list(files.mails(source, lambda problem: None))
    began = time.process_time()
    for raw in raws:
        with suppress(Exception):  # it raises on some mails (cpython#151857)
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            body = mail.get_body(("plain", "html"))
            _ = mail["subject"], mail["from"], mail["to"], mail["date"], body.get_content() if body else ""
    return len(raws) / (time.process_time() - began)


def _rate(options: Options, source: Path, name: str) -> float:
    with opened(options.config(name)) as (_, register):
        began = time.process_time()
        done = bring_in(register, [source], datetime.now(UTC), lambda done, of: None)
        register.commit()
        return done.new / (time.process_time() - began)
