"""Durable acceptance: mails of 4 KB, a connection each, against aiosmtpd with a handler that keeps nothing.

Ours is the real daemon: each mail is on disk before its 250, and is read and folded as well. Reading may lag behind;
how fast it then catches up is measured too. Servers take their turns in the same run, and medians are compared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bench.daemon import PATIENCE, Daemon
from bench.options import Options
from bench.table import Row, at_least, ratio_at_least
from tests import postfix_server

SIZE = 4096
SHARE, DRAIN = 0.8, 300
STOCK = "aiosmtpd"


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    recipient: str = "incident@example.org"
    rest: Callable[[], None] = lambda: None  # waits until its work is done, so that the next has the machine


def measure(options: Options) -> Iterator[Row]:
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    drains: list[float] = []
    rounds, count = (1, 100) if options.quick else (9, 1000)
    with ExitStack() as stack:
        servers = dict(_servers(options, stack, drains))
        for server in servers.values():
            _send(server, 10, min(count, 300))
            server.rest()
        drains.clear()
        for n in range(rounds):
            for clients in (10, 100):
                for name in list(servers)[:: 1 if n % 2 else -1]:
                    rates[name, clients].append(_send(servers[name], clients, count))
                    servers[name].rest()
    for clients in (10, 100):
        peer = median(rates[STOCK, clients])
        for name in servers:
            rate = median(rates[name, clients])
            if name == "mailbot":
                yield ratio_at_least(f"accept, {clients} clients", rate, "messages/s", peer, STOCK, SHARE)
            elif name != STOCK:
                yield Row(f"accept, {clients} clients: {name}", rate, "messages/s", peer, STOCK)
    if drains:
        yield at_least("backlog after it", median(drains), "messages/s", DRAIN)


def _servers(options: Options, stack: ExitStack, drains: list[float]) -> Iterator[tuple[str, Server]]:
    fast = find_spec("uvloop") is not None
    yield "mailbot", _ours(stack.enter_context(Daemon(options.config("accept", log="info"))), drains)
    yield STOCK, Server(stack.enter_context(_peer()))
    if fast:
        plain = stack.enter_context(Daemon(options.config("accept-plain", log="info"), uvloop=False))
        yield "mailbot without uvloop", _ours(plain, [])
        yield f"{STOCK} on uvloop", Server(stack.enter_context(_peer("uvloop")))
    if not postfix_server.missing() and (sink := shutil.which("smtp-sink")):
        port = postfix_server._free_port()
        stack.enter_context(_process([sink, "-u", "nobody", f"127.0.0.1:{port}", "512"]))
        postfix = stack.enter_context(postfix_server.Postfix(lmtp=port, smtp=port))
        yield "Postfix", Server(postfix.port, "smtp@example.org", lambda: _until_empty(postfix.folder / "queue"))


def _ours(daemon: Daemon, drains: list[float]) -> Server:
    def rest() -> None:
        """Until it has read everything; how fast, from the last 250 on."""
        waiting = _sent[daemon.port] - daemon.read()
        began = time.monotonic()
        while daemon.read() < _sent[daemon.port]:
            if time.monotonic() > began + PATIENCE:
                raise RuntimeError(f"the daemon does not catch up, see {daemon.log}")
            time.sleep(0.02)
        if waiting > 100:
            drains.append(waiting / (time.monotonic() - began))
        daemon.rest()

    return Server(daemon.port, rest=rest)


_sent: dict[int, int] = defaultdict(int)  # port -> mails it has accepted


def _send(server: Server, clients: int, count: int) -> float:
    """Messages for each second of the clock."""
    source = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin")
    numbers = [str(clients), str(count), str(SIZE)]
    command = [sys.executable, "-m", "bench.client", str(server.port), *numbers]
    if source:
        to = ["-f", "sender@example.net", "-t", server.recipient, f"127.0.0.1:{server.port}"]
        command = [source, "-s", numbers[0], "-m", numbers[1], "-l", numbers[2], *to]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    rate = count / (time.monotonic() - began)
    _sent[server.port] += count
    return rate


@contextmanager
def _peer(loop: str = "") -> Iterator[int]:
    command = [sys.executable, "-m", "bench.peer", *([loop] if loop else [])]
    with _process(command) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _until_empty(queue: Path) -> None:
    """Until Postfix has passed on what it accepted."""
    end = time.monotonic() + 60
    with suppress(OSError):
        while time.monotonic() < end:
            if not any(
                p.is_file() for folder in ("incoming", "active", "deferred") for p in (queue / folder).rglob("*")
            ):
                return
            time.sleep(0.1)
