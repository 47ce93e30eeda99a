"""kill -9, again and again, on one archive, while people write in and the smarthost misbehaves; then everything is counted.

``python -m tests.kill_rounds --rounds 200`` is the long form of ``tests/test_kill.py``. A round starts a daemon and
kills it at a random moment, now and then before it listens. After the last one the mail drains, and ``check`` tells
what was lost, doubled or left unreadable: a list of sentences, which must be empty.
"""

from __future__ import annotations

import argparse
import mailbox
import random
import re
import smtplib
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mailbot.app import setup
from mailbot.config import load
from mailbot.core.due import due
from mailbot.core.message import parse
from mailbot.store.archive import Archive
from mailbot.store.tiny import TinyState
from tests.daemon_process import Process, Sink, connected, give, mail, mailbot, wait_for, write_config

CLIENTS = 8
LOOK = 0.05  # seconds
BUDGETS = "[budget]\nincident_day = 1000\nlist_hour = 100000\nsender_day = 1000\n"
REPLIES = ("STATUS", "RESOLVED", "HANDOFF bob@example.org", "RESTORED 14:40 rolled back", "At 14:10 we saw it again.")
WORDS = ("login", "registry", "mirror", "queue", "backup", "cluster", "database", "gateway", "proxy", "storage")


@dataclass
class Told:
    """What one client was told: by Message-ID, how often 250 came, no answer came, and anything else came."""

    accepted: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Client(threading.Thread):
    """Writes in for as long as it may: new incidents, replies with and without keywords, the same mail again."""

    def __init__(self, number: int, rounds: Rounds) -> None:
        super().__init__(name=f"client {number}")
        self.number, self.rounds, self.told = number, rounds, Told()
        self.lottery = random.Random(f"{rounds.seed} {number}")
        self._opened: list[tuple[str, str, str]] = []  # Message-ID, subject, sender
        self._sent: list[tuple[str, bytes, str]] = []
        self._count = 0

    def run(self) -> None:
        while not self.rounds.over:
            port = self.rounds.port
            if port:
                self._talk(port)
            time.sleep(0.02)

    def _talk(self, port: int) -> None:
        try:
            with connected(port) as peer:
                for _ in range(self.lottery.randint(1, 20)):
                    message_id, raw, sender = self._next()
                    outcome = self._give(peer, raw, sender)
                    told = {"250": self.told.accepted, "unknown": self.told.unknown}.get(outcome, self.told.refused)
                    told[message_id] += 1
                    if outcome != "250" or self.rounds.over:
                        return
                    time.sleep(self.lottery.uniform(0.05, 0.5))
        except (OSError, smtplib.SMTPException):  # before DATA was given: certainly not accepted
            return

    def _give(self, peer: smtplib.SMTP, raw: bytes, sender: str) -> str:
        return give(peer, raw, sender)

    def _next(self) -> tuple[str, bytes, str]:
        dice = self.lottery.random()
        if dice < 0.12 and self._sent:
            return self.lottery.choice(self._sent)
        self._count += 1
        message_id = f"{self.number}.{self._count}@client.example.org"
        if dice < 0.65 and self._opened:
            about, subject, sender = self.lottery.choice(self._opened[-20:])
            text = self.lottery.choice(REPLIES)
            raw = mail(message_id, f"Re: {subject}", text, sender=sender, answers=about)
        else:
            subject = f"{' '.join(self.lottery.sample(WORDS, 3))} {self.lottery.getrandbits(40):x}"
            sender = f"p{self.number}.{self._count}@example.org"
            long = "x" * 70 + "\n" if self.lottery.random() < 0.05 else ""
            raw = mail(message_id, subject, "Nobody gets through since 13:50.\n" + long * 1000, sender=sender)
            self._opened.append((message_id, subject, sender))
        self._sent.append((message_id, raw, sender))
        return self._sent[-1]


class Rounds:
    """The whole of it in ``folder``. ``port`` is 0 while no daemon listens. ``patience``: seconds for the last two starts and
    for ``rebuild --diff``, which read everything again; ``quiet``: seconds without a line of log after which all is done."""

    patience, quiet = 300.0, 1.5

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.over, self.port, self.bad = False, 0, True
        self.kills = self.early = self.repeats = 0
        self.lottery = random.Random(seed)
        self.clients = [Client(n, self) for n in range(CLIENTS)]

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    def mood(self) -> str:
        dice = random.random() if self.bad else 1.0
        return "451" if dice < 0.04 else "drop" if dice < 0.07 else "slow" if dice < 0.12 else "ok"

    def play(self, rounds: int, say: bool = False) -> list[str]:
        """So many kills, then peace and the count; what is wrong, as sentences."""
        with Sink(self.mood) as sink:
            self.config = write_config(self.folder, sink.port, BUDGETS)
            for client in self.clients:
                client.start()
            try:
                for number in range(rounds):
                    self._round()
                    if say:
                        print(f"\r{number + 1} kills, {self.accepted} mails accepted", end="", file=sys.stderr)
            finally:
                self.over = True
                for client in self.clients:
                    client.join()
            self._drain(sink)
            wrong = Count(self, sink).check()
            return wrong + self._from_nothing(sink)

    def _round(self) -> None:
        process = Process(self.config)
        if self.lottery.random() < 0.15:  # while it starts, reads its state or catches up
            time.sleep(self.lottery.uniform(0.3, 1.3))
            self.early += 1
        else:
            self.port = process.wait().ports["smtp"]
            time.sleep(self.lottery.uniform(0.05, 0.9))
        process.kill()
        self.port = 0
        self.kills += 1

    @property
    def accepted(self) -> int:
        return sum(client.told.accepted.total() for client in self.clients)

    def _drain(self, sink: Sink) -> None:
        """The smarthost is well again, a daemon starts and nobody writes: until nothing is left to hand over."""
        self.bad = False
        with Process(self.config).wait(self.patience) as process:
            wait_for(lambda: len(sink.got) > 0, "something was handed over")
            self._until_quiet(process, sink)
            assert process.stop() == 0, process.said()

    def _until_quiet(self, process: Process, sink: Sink) -> None:
        """Until it has said, sent and done nothing for so many looks. To look once, after a while, is not enough: a disk that
        took 4 s for one notice was taken for the end of the work."""
        before, idle = -1, 0
        while idle * LOOK < self.quiet:  # the daemon looks at its outbox every second
            time.sleep(LOOK)
            now = process.log.stat().st_size + len(sink.got)
            if now != before:
                before, idle = now, 0
            elif not process.works():
                idle += 1

    def _from_nothing(self, sink: Sink) -> list[str]:
        """The state is lost: it is made again, and nothing is written or sent."""
        before, taken = self._out(), len(sink.got)
        (self.kept / "state.log").unlink()
        with Process(self.config).wait(self.patience) as process:
            self._until_quiet(process, sink)
            assert process.stop() == 0, process.said()
        wrong = ["after the loss of the state notices were written again"] if self._out() != before else []
        return wrong + (["after the loss of the state mails were sent again"] if len(sink.got) != taken else [])

    def _out(self) -> int:
        return sum(path.stat().st_size for path in self.kept.glob("out-*.mbox"))


class Count:
    """What the archive, the state, sent.log and the smarthost say, held against what the clients were told."""

    def __init__(self, rounds: Rounds, sink: Sink) -> None:
        self.rounds, self.sink, self.wrong = rounds, sink, list[str]()
        with Archive(rounds.kept, readonly=True, log=self.wrong.append) as archive:
            records = list(archive.records())
            self.lines = list(archive.sent_lines())
        self.came = [(parse(r.raw).message_id, r) for r in records if r.direction == "in"]
        self.went = [(parse(r.raw), r) for r in records if r.direction == "out"]

    def check(self) -> list[str]:
        self._accepted()
        self._readable()
        self._written()
        self._handed_over()
        self._nothing_due()
        return self.wrong

    def _accepted(self) -> None:
        copies = Counter(message_id for message_id, _ in self.came)
        known: set[str] = set()
        for client in self.rounds.clients:
            told = client.told
            for message_id in told.accepted.keys() | told.unknown.keys() | told.refused.keys():
                known.add(message_id)
                least, most = told.accepted[message_id], told.accepted[message_id] + told.unknown[message_id]
                if not least <= copies[message_id] <= most:
                    self.wrong.append(f"{message_id} is there {copies[message_id]} times, not {least} to {most}")
        self.wrong += [f"{message_id} was never sent" for message_id in copies.keys() - known]

    def _readable(self) -> None:
        for path in self.rounds.kept.glob("*.mbox"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                box = mailbox.mbox(path, create=False)
                count = len(box)
                box.close()
            ours = sum(r.place.file == path.name for _, r in [*self.came, *self.went])
            if count != ours:
                self.wrong.append(f"{path.name} has {count} mails for Python's mailbox, {ours} for us")
        TinyState(self.rounds.kept / "state.log", readonly=True).close()
        told = mailbot("rebuild", "--diff", "--config", self.rounds.config, seconds=self.rounds.patience)
        if told.returncode != 0:
            self.wrong.append(f"rebuild --diff: {told.stdout[:2000]}{told.stderr[:2000]}")

    def _written(self) -> None:
        keys = Counter(
            (m.header("x-mailbot-incident"), key) for m, _ in self.went for key in m.header("x-mailbot-notice").split()
        )
        self.wrong += [f"{key} of {incident} was written {n} times" for (incident, key), n in keys.items() if n > 1]
        names: dict[tuple[str, str], set[str]] = defaultdict(set)
        for got in self.sink.got:
            for key in got.keys:
                names[got.incident, key].add(got.message_id)
        self.wrong += [f"{key} went out as {sorted(ids)}" for key, ids in names.items() if len(ids) > 1]

    def _handed_over(self) -> None:
        done = Counter((line.message_id, line.recipient) for line in self.lines if line.outcome == "sent")
        self.wrong += [f"sent.log has {mail} {n} times" for mail, n in done.items() if n > 1]
        taken = {(got.message_id, to) for got in self.sink.taken for to in got.recipients}
        stale = {(line.message_id, line.recipient) for line in self.lines if line.outcome == "dropped"}
        for message, record in self.went:
            may_go_stale = (
                re.search(r"\.(brief|draft)\.", message.message_id) is not None
            )  # they wait, the state moves on
            for recipient in record.arrival.recipients:
                if (message.message_id, recipient) not in taken | (stale if may_go_stale else set()):
                    self.wrong.append(f"{message.message_id} never reached {recipient}")
        self.wrong += [f"sent.log says that {mail} was sent, it was not" for mail in done.keys() - taken]
        # a kill between the smarthost's 250 and our line
        copies = [(got.message_id, to) for got in self.sink.taken for to in got.recipients]
        repeats = self.rounds.repeats = len(copies) - len(set(copies))
        if repeats > self.rounds.kills:
            self.wrong.append(f"{repeats} mails went out again, with {self.rounds.kills} kills")

    def _nothing_due(self) -> None:
        config, _ = load(self.rounds.config)
        assert config is not None
        register, now = setup.looked_at(config), datetime.now(UTC)
        acked = {m.header("in-reply-to").strip("<>") for m, _ in self.went if "ack:" in m.header("x-mailbot-notice")}
        mentioned: set[str] = set()  # whose incident an answer had opened before: the mail itself was resent late
        for message_id, record in self.came:
            references = parse(record.raw).references
            if not references and message_id not in acked | mentioned:
                self.wrong.append(f"{message_id} has no ack")
            mentioned.update(references)
        for row in register.incidents():
            incident = register.look(row["id"])
            assert incident is not None
            left = due(incident, now, setup.policy(config)).notices
            self.wrong += [f"{incident.id} still waits for {notice.keys}" for notice in left]
        register.archive.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="where everything is left (default: a temporary folder)")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="kill-rounds-"))
    rounds = Rounds(folder, args.seed)
    wrong = rounds.play(args.rounds, say=sys.stderr.isatty())
    print(f"\nseed {args.seed}, {folder}: {summary(rounds)}")
    print("\n".join(wrong) or "Nothing lost, nothing doubled, everything readable.")
    return 1 if wrong else 0


def summary(rounds: Rounds) -> str:
    told = [client.told for client in rounds.clients]
    unknown, refused = sum(t.unknown.total() for t in told), sum(t.refused.total() for t in told)
    return (
        f"{rounds.kills} kills ({rounds.early} while starting), {rounds.accepted} mails accepted, "
        f"{unknown} without an answer, {refused} refused, {rounds.repeats} handed over again"
    )


if __name__ == "__main__":
    sys.exit(main())
