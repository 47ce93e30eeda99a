"""An hour of mixed traffic, as one command: ``python -m tests.soak`` (20,000 messages, 50 clients, a kill -9 every 30 s, a
smarthost that fails half of the time), and ``--no-kills`` for the memory of one daemon that lives through all of it.

Clients are those of ``kill_rounds`` with faults: they reset the connection inside DATA, write slowly, leave a connection half
open, begin and go away. After the traffic the smarthost is well, what waits goes out, and everything is counted: accepted is
archived, none twice, each notice once by its Message-ID.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import resource
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.daemon_process import LIST, Process, Sink, write_config
from tests.kill_rounds import BUDGETS, Client, Count, Rounds, summary

FAULTS = 0.2  # of the visits of a client
IDLE_LIMIT = 4  # half-open connections a client holds


class Rough(Client):
    """A client that now and then does what networks and bad programs do."""

    def __init__(self, number: int, rounds: Soak) -> None:
        super().__init__(number, rounds)
        self.faults: Counter[str] = Counter()
        self._idle: list[socket.socket] = []

    def run(self) -> None:
        super().run()
        for peer in self._idle:
            peer.close()

    def _talk(self, port: int) -> None:
        if self.lottery.random() < FAULTS:
            what = self.lottery.choice(("reset", "slow", "half open", "leave"))
            self.faults[what] += 1
            with contextlib.suppress(OSError):
                self._fault(port, what)
            return
        super()._talk(port)

    def _fault(self, port: int, what: str) -> None:
        """A mail that is never ended, so that it was certainly not accepted."""
        peer = socket.create_connection(("127.0.0.1", port), timeout=5)
        if what == "half open":
            self._idle.append(peer)
            if len(self._idle) > IDLE_LIMIT:
                self._idle.pop(0).close()
            return
        with peer:
            head = f"EHLO c\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<{LIST}>\r\nDATA\r\nSubject: never\r\n\r\n"
            peer.sendall(head.encode() if what != "leave" else head[:40].encode())
            if what == "slow":
                for _ in range(10):
                    peer.sendall(b"x")
                    time.sleep(0.2)
            if what == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Soak(Rounds):
    """``messages``: after so many that were accepted it ends; ``every``: seconds between kills, 0 for none."""

    def __init__(self, folder: Path, seed: int, *, messages: int, clients: int, every: float, fails: float) -> None:
        super().__init__(folder, seed)
        self.messages, self.every, self.fails = messages, every, fails
        self.clients = [Rough(n, self) for n in range(clients)]
        self.memory: list[tuple[float, int]] = []  # seconds, KiB resident
        self.wrong: list[str] = []

    def mood(self) -> str:
        dice = self.lottery.random() if self.bad else 1.0
        return "451" if dice < self.fails * 0.8 else "drop" if dice < self.fails else "ok"

    def play_all(self, say: bool = False) -> list[str]:
        """What is wrong, as sentences."""
        with Sink(self.mood) as sink:
            self.config = write_config(self.folder, sink.port, BUDGETS)
            began = time.monotonic()
            for client in self.clients:
                client.start()
            try:
                while self.accepted < self.messages:
                    self._daemon(began)
                    if say:
                        print(f"\r{self.kills} kills, {self.accepted} mails accepted", end="", file=sys.stderr)
            finally:
                self.over = True
                for client in self.clients:
                    client.join()
            self._drain(sink)
            return self.wrong + Count(self, sink).check() + self._from_nothing(sink)

    def _daemon(self, began: float) -> None:
        """One daemon until it is killed, or until the traffic is over."""
        process = Process(self.config)
        self.port = process.wait().ports["smtp"]
        end = time.monotonic() + (self.every or 1e9)
        while time.monotonic() < end and self.accepted < self.messages:
            time.sleep(0.25)
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{process.peer.pid}/status").read_text()
                self.memory.append((time.monotonic() - began, int((re.search(r"VmRSS:\s+(\d+)", status) or [0, 0])[1])))
            if process.peer.poll() is not None:
                self.wrong.append(f"the daemon ended by itself: {process.said()[-1000:]}")
                break
        if self.every:
            process.kill()
            self.kills += 1
        else:
            process.stop()
        self.port = 0

    def growth(self) -> float:
        """Memory at the end of the second half against its beginning: 1.0 is flat. Of the medians of tenths."""
        half = [size for _, size in self.memory[len(self.memory) // 2 :]]
        tenth = max(1, len(half) // 10)
        first, last = sorted(half[:tenth]), sorted(half[-tenth:])
        return last[len(last) // 2] / max(1, first[len(first) // 2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kill-every", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--no-kills", action="store_true", help="and say how its memory goes")
    parser.add_argument("--smarthost-fails", type=float, default=0.5, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="where everything is left (default: a temporary folder)")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="mailbot-soak-"))
    every = 0.0 if args.no_kills else args.kill_every
    soak = Soak(
        folder, args.seed, messages=args.messages, clients=args.clients, every=every, fails=args.smarthost_fails
    )
    began = time.monotonic()
    wrong = soak.play_all(say=True)
    faults: Counter[str] = sum((c.faults for c in soak.clients if isinstance(c, Rough)), Counter())
    print(f"\nseed {args.seed}, {folder}, {time.monotonic() - began:.0f} s: {summary(soak)}; faults {dict(faults)}")
    peak = max((size for _, size in soak.memory), default=0) // 1024
    print(f"memory: at most {peak} MB, second half grows by {(soak.growth() - 1) * 100:.1f} %")
    print("\n".join(wrong) or "Nothing lost, nothing doubled, everything readable.")
    print(f"our own: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
