"""Import and threading: messages for each second of CPU time, of this process with all its threads.

The peer is the stdlib's ``policy.default`` reading a plain mail of 4 KB, before and after each import in the same process:
it says how fast the machine is at the moment. Where the packages were measured it took 1.58 ms, 633 mails a second.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import mails
from bench.options import Options, opened
from bench.table import Row, at_least
from mailbot.app.importing import bring_in

TARGET = 1_000
PLAIN = (
    b"From: Alice Example <alice@example.org>\r\nTo: incident@example.org\r\nCc: bob@example.org\r\n"
    b"Subject: Disk full on web1\r\nDate: Mon, 06 May 2024 09:15:00 +0200\r\nMessage-ID: <abc@example.org>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + b"The disk of a node is full again since 14:05, nobody can log in there now.\r\n"
    * 50
)


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
    ours, peer = [], []
    for n in range(rounds):
        before = _read_plain()
        ours.append(_rate(options, source, f"import-{source.name}-{n}"))
        peer.append((before + _read_plain()) / 2)
    middle = sorted(range(rounds), key=lambda n: ours[n] / peer[n])[rounds // 2]
    against = "plain mails of 4 KB only read by email, policy.default"
    return replace(at_least(what, ours[middle], "messages/s of CPU", TARGET), peer=peer[middle], against=against)


def _read_plain() -> float:
    """How many such mails the stdlib reads in a second of CPU."""
    count = 600
    began = time.process_time()
    for _ in range(count):
        mail = email.message_from_bytes(PLAIN, policy=email.policy.default)
        body = mail.get_body(("plain", "html"))
        _ = (
            mail["subject"],
            mail["from"],
            mail["to"],
            mail["date"],
            mail["message-id"],
            body.get_content() if body else "",
        )
    return count / (time.process_time() - began)


def _rate(options: Options, source: Path, name: str) -> float:
    with opened(options.config(name)) as (_, register):
        began = time.process_time()
        done = bring_in(register, [source], datetime.now(UTC), lambda done, of: None)
        register.commit()
        return done.new / (time.process_time() - began)
