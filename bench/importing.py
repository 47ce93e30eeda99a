"""Import and threading: messages for each second of CPU time, of this process with all its threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import mails
from bench.options import Options, opened
from bench.table import Row, at_least
from mailbot.app.importing import bring_in

TARGET = 1_000


def measure(options: Options) -> Iterator[Row]:
    count, rounds = (300, 1) if options.quick else (3_500, 3)
    source = options.folder / "list.mbox"
    with source.open("wb") as file:
        file.writelines(mails.mbox(mails.archive(count)))
    _rate(options, source, "import-warm-up")
    rate = median(_rate(options, source, f"import-{n}") for n in range(rounds))
    yield at_least(f"import of {count} mails of 4 KB", rate, "messages/s of CPU", TARGET)
    if options.mbox is not None:
        rate = median(_rate(options, options.mbox, f"import-mbox-{n}") for n in range(rounds))
        yield at_least(f"import of {options.mbox.name}", rate, "messages/s of CPU", TARGET)


def _rate(options: Options, source: Path, name: str) -> float:
    with opened(options.config(name)) as (_, register):
        began = time.process_time()
        done = bring_in(register, [source], datetime.now(UTC), lambda done, of: None)
        register.commit()
        return done.new / (time.process_time() - began)
