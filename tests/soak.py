"""Mixed traffic, as one command: ``python -m tests.soak`` (20,000 messages in 12 minutes, 50 clients, a kill -9 every 30 s,
a smarthost that fails half of the time), and ``--no-kills`` for the memory of one daemon that lives through all of it.

Clients are those of ``kill_rounds`` with faults: they reset the connection inside DATA, write slowly, leave a connection half
open, begin and go away. The mails are spread over ``--minutes``. After the traffic the smarthost is well, what waits goes out,
and everything is counted: accepted is archived, none twice, each notice once by its Message-ID. A stall is a fault and is
said: a mail that is answered after ``STALL`` seconds, or so long none accepted though clients write.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import resource
import smtplib
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.daemon_process import LIST, Process, Sink, write_config
from tests.kill_rounds import BUDGETS, Client, Count, Rounds, summary

FAULTS = 0.2  # of the visits of a client
IDLE_LIMIT = 4  # half-open connections a client holds
STALL = 20.0  # seconds; a start with all mails is among them
GIVE_UP = 120.0  # seconds of stall after which it ends
#: KiB that a mail and our answers to it may leave in memory: who wrote what when, for threads and lists. More would be a leak.
#: Folded incidents are kept as well, up to a number of mails (``mailbot.app.folds.MOST``): a short run only sees that fill up.
A_MAIL = 1.0


class Sample(NamedTuple):
    seconds: float
    resident: int  # KiB
    mails: int  # accepted by then


class Rough(Client):
    """A client that now and then does what networks and bad programs do."""

    def __init__(self, number: int, rounds: Soak) -> None:
        super().__init__(number, rounds)
        self.soak = rounds
        self.faults: Counter[str] = Counter()
        self.slowest = 0.0  # seconds until a mail was answered
        self._idle: list[socket.socket] = []

    def run(self) -> None:
        super().run()
        for peer in self._idle:
            peer.close()

    def _talk(self, port: int) -> None:
        if self.soak.ahead:
            return
        if self.lottery.random() < FAULTS:
            what = self.lottery.choice(("reset", "slow", "half open", "leave"))
            self.faults[what] += 1
            with contextlib.suppress(OSError):
                self._fault(port, what)
            return
        super()._talk(port)

    def _give(self, peer: smtplib.SMTP, raw: bytes, sender: str) -> str:
        began = time.monotonic()
        try:
            return super()._give(peer, raw, sender)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

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
    """``messages``: after so many that were accepted it ends; ``every``: seconds between kills, 0 for none; ``minutes``: of
    traffic, 0 for as fast as it goes."""

    patience, quiet = 900.0, 4.0  # 2 ms for each of 40,000 mails, on a machine that has other things to do

    def __init__(
        self, folder: Path, seed: int, *, messages: int, clients: int, every: float, fails: float, minutes: float = 0.0
    ) -> None:
        super().__init__(folder, seed)
        self.messages, self.every, self.fails, self.minutes = messages, every, fails, minutes
        self.rough = [Rough(n, self) for n in range(clients)]
        self.clients = list(self.rough)
        self.ahead = False  # of the pace: clients wait
        self.memory: list[Sample] = []
        self.wrong: list[str] = []
        self.longest = 0.0  # seconds without a mail accepted
        self._began = self._moved = 0.0  # monotonic
        self._seen = 0

    def mood(self) -> str:
        dice = self.lottery.random() if self.bad else 1.0
        return "451" if dice < self.fails * 0.8 else "drop" if dice < self.fails else "ok"

    def play_all(self, say: bool = False) -> list[str]:
        """What is wrong, as sentences."""
        with Sink(self.mood) as sink:
            self.config = write_config(self.folder, sink.port, BUDGETS)
            self._began = self._moved = time.monotonic()
            for client in self.clients:
                client.start()
            try:
                while self._seen < self.messages and not self._stuck():
                    self._daemon(say)
            finally:
                self.over = True
                for client in self.clients:
                    client.join()
            self._drain(sink)
            if say:
                print(f"\n{self.passed():.0f} s: all is handed over; counting", file=sys.stderr)
            return self.wrong + self._stalls() + Count(self, sink).check() + self._from_nothing(sink)

    def passed(self) -> float:
        return time.monotonic() - self._began

    def _daemon(self, say: bool) -> None:
        """One daemon until it is killed, or until the traffic is over."""
        process = Process(self.config)
        self.port = process.wait(GIVE_UP).ports["smtp"]
        end = time.monotonic() + (self.every or 1e9)
        while time.monotonic() < end and self._seen < self.messages and not self._stuck():
            time.sleep(0.25)
            self._look(process.peer.pid)
            if process.peer.poll() is not None:
                self.wrong.append(f"the daemon ended by itself: {process.said()[-1000:]}")
                break
            if say:
                print(
                    f"\r{self.passed():.0f} s: {self.kills} kills, {self._seen} mails accepted", end="", file=sys.stderr
                )
        if self.every:
            process.kill()
            self.kills += 1
        else:
            code = process.stop()
            self.wrong += [f"the daemon ended with {code}"] if code else []
        self.port = 0

    def _look(self, pid: int) -> None:
        """Its memory, whether mail comes in, and how far the traffic should be by now."""
        now, accepted = time.monotonic(), self.accepted
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            resident = int((re.search(r"VmRSS:\s+(\d+)", status) or [0, 0])[1])
            self.memory.append(Sample(now - self._began, resident, accepted))
        if accepted > self._seen or self.ahead:
            self._moved = now
        self.longest = max(self.longest, now - self._moved)
        self._seen = accepted
        self.ahead = accepted > self.messages * (now - self._began) / (60 * self.minutes) if self.minutes else False

    def _stuck(self) -> bool:
        return time.monotonic() - self._moved > GIVE_UP

    def _stalls(self) -> list[str]:
        slowest = max(client.slowest for client in self.rough)
        wrong = [f"no mail was accepted for {self.longest:.0f} s"] if self.longest > STALL else []
        return wrong + ([f"a mail was answered after {slowest:.0f} s"] if slowest > STALL else [])

    def growth(self) -> tuple[float, float]:
        """Of the second half, medians of twentieths: how much its highest is above its first, in percent, and in KiB for each
        mail that came meanwhile."""
        half = self.memory[len(self.memory) // 2 :]
        some = max(1, len(half) // 10)
        levels = [median(s.resident for s in half[at : at + some]) for at in range(0, len(half), some)]
        if not levels or not levels[0]:
            return 0.0, 0.0
        grown = max(levels) - levels[0]
        return 100 * grown / levels[0], grown / max(1, half[-1].mails - half[0].mails)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=12.0, help="of traffic; 0: as fast as it goes")
    parser.add_argument("--kill-every", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--no-kills", action="store_true", help="and say how its memory goes")
    parser.add_argument("--smarthost-fails", type=float, default=0.5, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="where everything is left (default: a temporary folder)")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="mailbot-soak-"))
    every = 0.0 if args.no_kills else args.kill_every
    fails = args.smarthost_fails
    soak = Soak(
        folder, args.seed, messages=args.messages, clients=args.clients, every=every, fails=fails, minutes=args.minutes
    )
    wrong = soak.play_all(say=sys.stderr.isatty())
    faults: Counter[str] = sum((client.faults for client in soak.rough), Counter())
    print(f"seed {args.seed}, {folder}, {soak.passed():.0f} s: {summary(soak)}; faults {dict(faults)}")
    slowest = max(client.slowest for client in soak.rough)
    print(f"The slowest answer took {slowest:.1f} s; at most {soak.longest:.1f} s passed without a mail accepted.")
    if args.no_kills:
        wrong += memory(soak)
    print("\n".join(wrong) or "Nothing lost, nothing doubled, everything readable.")
    print(
        f"exit {int(bool(wrong))}; this test itself took {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )
    return int(bool(wrong))


def memory(soak: Soak) -> list[str]:
    """Says how it went; what is wrong with it. An index of who wrote what grows with the mails, and with nothing else."""
    percent, each = soak.growth()
    peak = max((s.resident for s in soak.memory), default=0) // 1024
    verdict = f"flat but for the index of mails (at most {A_MAIL:.2f})" if each <= A_MAIL else "IT GROWS"
    print(f"Memory: at most {peak} MB; second half: at most {percent:.1f} % more, {each:.2f} KiB a mail: {verdict}")
    return [] if each <= A_MAIL else [f"memory grows by {each:.1f} KiB a mail, more than {A_MAIL}"]


if __name__ == "__main__":
    sys.exit(main())
