"""The daemon starts: seconds until it takes mail, until it knows what it has, and the memory it then holds."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.daemon import Daemon
from bench.options import Options
from bench.table import Row, at_most

SECONDS, MEGABYTES = 3.0, 350.0


def measure(options: Options) -> Iterator[Row]:
    archive = options.archive(options.many)
    archive = options.config(archive.stem, log="info")  # its port is read from the log
    listened, loaded, most, now = [], [], 0.0, 0.0
    for _ in range(1 if options.quick else 3):
        with Daemon(archive) as daemon:
            listened.append(daemon.listened)
            loaded.append(daemon.loaded)
            memory = daemon.memory()
            most, now = max(most, memory.get("VmHWM", 0.0)), memory.get("VmRSS", 0.0)
    what = f"start with {options.many:,} messages"
    yield at_most(f"{what}: it listens", median(listened), "s", SECONDS)
    yield Row(f"{what}: it knows them all", median(loaded), "s")
    if most:
        yield Row(f"{what}: memory now", now, "MB")
        yield at_most(f"{what}: memory at its highest", most, "MB", MEGABYTES)
