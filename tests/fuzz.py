"""Mutated mails through all that is total, and mutated SMTP dialogues: ``python -m tests.fuzz --minutes 30 --dialogues 100000``.

No coverage is measured; a mail that is read in a way not seen before (its kind, rule, problems, what was found in it) joins
the seeds. ``--folder`` keeps seeds and finds: ``seeds/*.eml`` are read at the start and added to, ``finds/*.eml`` are what raised,
was set aside as broken, or took over 2 s, each with a ``.txt`` that says why. The same ``--seed`` plays the same mails.
"""
# ruff: noqa: E501  (rows of tokens and seeds)

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import logging
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from mailbot.app.reader import read_all
from mailbot.intake.smtp import Intake, Limits
from tests.incident_scene import ALICE, LIST, NOON, Scene, letters

T = TypeVar("T")
SECONDS, MEGABYTES = 2.0, 200
BRED = 20_000  # and of a seed, or all of the time goes into large ones
MOST = 200_000  # bytes of a mail: larger ones are the attacks' (tests.test_hostile)
FIXTURES = Path(__file__).parent / "mail"
HEAD = "From: Ann <ann@example.org>\r\nTo: incident@example.org\r\nMessage-ID: <1@example.org>\r\n"
SEEDS = (
    "Subject: Logins fail\r\nDate: Sat, 21 Nov 2026 12:00:00 +0100\r\n\r\nSince 11:50 UTC nobody can log in.\r\n",
    "Subject: Re: Logins fail\r\nIn-Reply-To: <0@example.org>\r\n\r\nRESTORED 14:36Z old logs deleted\r\nRESOLVED\r\n> START\r\n",
    "Subject: ** PROBLEM Service Alert: web1/HTTP is CRITICAL **\r\n\r\nAt 2pm PDT it broke.\r\n",
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<blockquote>x=C3=A4</blockquote><p>RESOLVED</p>\r\n--b--\r\n",
    "Subject: =?utf-8?b?w6RiYw==?= =?iso-8859-1?q?=E4?=\r\nReceived: from a by b; Sat, 21 Nov 2026 12:00:00 +0000\r\n\r\n"
    "SUMMARY: words\r\nACTION prevent it @bob due 2026-12-01\r\nHANDOFF bob@example.org\r\nLOG 20 min ago it broke\r\n",
    "Subject: x\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=c\r\n\r\n--c\r\n\r\nno such user\r\n--c--\r\n",
    "Subject: log\r\n\r\n[14:33] <bob> deleted the logs\r\n[2026-11-21T14:35:01+01:00] carol: done\r\n-- \r\nAnn\r\n"
    "On Fri, 20 Nov 2026, Bob wrote:\r\n> at 9:30 yesterday\r\n",
)
TOKENS = (
    "\r\n", "\n", "\r", "\0", "\r\n\r\n", " ", "\t", ":", ";", "=", "<", ">", "(", ")", '"', "\\", "@", ",", "--b", "--b--",
    "=?utf-8?q?", "=?utf-8?b?", "?=", "=3D", "=\r\n", "> ", ">>>", "-- \r\n", "RESOLVED", "START", "UNDO", "T1", "DROP T1",
    "MERGE INC-20261121-K7Q", "SPLIT", "EMBARGO until 2026-12-01", "#mailbot ", "14:05", "24:00", "2pm PDT", "UTC", "+9999", "CEST",
    "20 min ago", "yesterday", "2026-02-30", "1970-01-01", "9999-12-31 23:59", "<blockquote>", "</p>", "<table><tr><td>", "&#x0;",
    "&nbsp;", "https://meet.example.org/x", "[RESOLVED]", "[FIRING:2]", "Re: ", "AW: Fwd: ", "(was: x)", "\u202e", "\ud7ff", "ä", "日", "🔥",
    "Content-Type: ", "charset=", "utf-7", "iso-2022-jp", "boundary=", "Content-Transfer-Encoding: base64\r\n", "Auto-Submitted: ",
    "In-Reply-To: ", "References: ", "Date: ", "Received: ", "X-Mailbot-Incident: ", "From ", "0", "-1", "99999999999999999999", "1e9",
)  # fmt: skip


class TooSlow(BaseException):
    """Raised by the alarm; no ``except Exception`` may swallow it."""


class Fuzz:
    """One run; ``finds`` counts what is wrong."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.lottery = folder, random.Random(seed)
        self.finds = self.tried = 0
        self.slowest = 0.0
        (folder / "seeds").mkdir(parents=True, exist_ok=True)
        (folder / "finds").mkdir(exist_ok=True)
        self.seeds = [(HEAD + text).encode() for text in SEEDS]
        self.seeds += [
            p.read_bytes()[:BRED] for place in (FIXTURES, folder / "seeds") for p in sorted(place.rglob("*.eml"))
        ]
        self.seen: set[str] = set()

    def mails(self, until: float) -> None:
        """Until that moment (monotonic seconds). A line a minute says how it goes."""
        told = time.monotonic()
        with alarm():
            while time.monotonic() < until:
                self.one(self.mutated())
                if time.monotonic() > told + 60:
                    told = time.monotonic()
                    print(f"{(until - told) / 60:.0f} minutes to go: {self.said()}", file=sys.stderr, flush=True)

    def said(self) -> str:
        return f"{self.tried} mails, {self.finds} finds, the slowest step {self.slowest:.2f} s, {len(self.seeds)} seeds"

    def one(self, raw: bytes) -> None:
        self.tried += 1
        try:
            if self.tried % 10 == 0:
                self.whole(raw)
            row = self.timed(lambda: only(raw))
        except (Exception, TooSlow):
            self.keep("finds", raw, traceback.format_exc())
            return
        if broke := [p for p in row["problems"] if "broke mailbot" in p]:
            self.keep("finds", raw, "\n".join(broke))
        if (sign := signature(row)) not in self.seen:
            self.seen.add(sign)
            if self.tried > len(self.seeds) and len(raw) <= BRED:
                self.seeds.append(raw)
                self.keep("seeds", raw, "")

    def timed(self, step: Callable[[], T]) -> T:
        began = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            return step()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self.slowest = max(self.slowest, time.process_time() - began)

    def whole(self, raw: bytes) -> None:
        """With what follows, each in its time: the fold, every letter, an end."""
        scene = Scene()
        scene.mail(ALICE, "Since 11:50 UTC nobody can push.", 0)
        scene.settle()
        self.timed(lambda: scene.take(raw, scene.at(5)))
        self.timed(lambda: letters(scene, 6))
        self.timed(lambda: scene.settle(6))
        self.timed(lambda: scene.mail(ALICE, "RESOLVED\nSTATUS\nTIMELINE", 30))
        self.timed(lambda: letters(scene, 31))

    def keep(self, where: str, raw: bytes, why: str) -> None:
        path = self.folder / where / f"{hashlib.sha256(raw).hexdigest()[:16]}.eml"
        path.write_bytes(raw)
        if why:
            self.finds += 1
            path.with_suffix(".txt").write_text(why)
            print(f"FOUND {path}: {why.strip().splitlines()[-1]}", file=sys.stderr)

    def mutated(self) -> bytes:
        raw = bytearray(self.lottery.choice(self.seeds))
        for _ in range(self.lottery.choice((1, 1, 2, 3, 5, 12))):
            raw = self.changed(raw)[:MOST]
        return bytes(raw)

    def changed(self, raw: bytearray) -> bytearray:
        roll, size = self.lottery, len(raw)
        a, b = sorted((roll.randint(0, size), min(size, roll.randint(0, size))))
        b = min(b, a + roll.choice((1, 4, 30, 400)))
        match roll.randrange(8):
            case 0:
                raw[a:b] = b""
            case 1:
                raw[a:a] = raw[a:b] * roll.choice((1, 2, 20, 300))
            case 2 | 3:
                raw[a:a] = roll.choice(TOKENS).encode() * roll.choice((1, 1, 1, 2, 50))
            case 4:
                raw[a:b] = roll.randbytes(b - a)
            case 5:
                other = roll.choice(self.seeds)
                at = roll.randint(0, len(other))
                raw[a:b] = other[at : at + roll.choice((10, 100, 2000))]
            case 6:
                lines = raw.split(b"\n")
                roll.shuffle(lines)
                raw = bytearray(b"\n".join(lines))
            case _:
                raw = raw.replace(b"\r\n", roll.choice((b"\n", b"\r", b"\r\r\n", b"\n\r")))
        return raw


def only(raw: bytes) -> dict[str, Any]:
    (row,) = read_all([raw], LIST, list_id="", opens="any", now=NOON)
    json.dumps(row)
    return row


def signature(row: dict[str, Any]) -> str:
    problems = sorted({re.sub(r"\d+|'[^']*'", "", p)[:40] for p in row["problems"]})
    found = [len(row["entries"]).bit_length(), sorted({c["keyword"] + str(c["ok"]) for c in row["commands"]})]
    times = sorted({f"{t['date_from']} {t['zone_from']} {t['precision']}" for e in row["entries"] for t in e["times"]})
    return json.dumps([row["kind"], row["rule"], problems, found, times])


@contextlib.contextmanager
def alarm() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TooSlow(f"over {SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, late)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# ── dialogues ─────────────────────────────────────────────────────────────────────────────────────────────────────────

LINES: tuple[Callable[[random.Random], bytes], ...] = (
    lambda roll: b"EHLO " + word(roll),
    lambda roll: b"LHLO " + word(roll),
    lambda roll: b"HELO " + word(roll),
    lambda _: b"EHLO client.example.org",
    lambda _: b"MAIL FROM:<ann@example.org>",
    lambda _: b"MAIL FROM:<> SIZE=100 BODY=8BITMIME",
    lambda roll: b"MAIL FROM:" + word(roll),
    lambda _: b"RCPT TO:<incident@example.org>",
    lambda roll: b"RCPT TO:" + word(roll),
    lambda _: b"DATA",
    lambda roll: b"DATA " + word(roll),
    lambda roll: word(roll),
    lambda _: b"RSET",
    lambda _: b"NOOP",
    lambda _: b"QUIT",
    lambda roll: b"VRFY " + word(roll),
    lambda roll: b"HELP " + word(roll),
    lambda roll: b"Subject: x\r\n\r\n" + word(roll) + b"\r\n.",
    lambda _: b".",
)
SOUND = (
    b"EHLO c",
    b"MAIL FROM:<a@example.org>",
    b"RCPT TO:<incident@example.org>",
    b"DATA",
    b"Subject: x\r\n\r\nx\r\n.",
)
REPLY = re.compile(rb"(?:\d{3}-[^\r\n]*\r\n)*(?:\d{3}(?: [^\r\n]*)?\r\n)")


def word(roll: random.Random) -> bytes:
    pieces = [roll.choice(TOKENS).encode("utf-8", "replace") for _ in range(roll.choice((0, 1, 2, 5)))]
    return b"".join(pieces) + roll.randbytes(roll.choice((0, 0, 3, 40))) + b"a" * roll.choice((0, 0, 0, 3000))


class Dialogues:
    """Conversations with a real listener; ``wrong`` says what should not have been answered or logged."""

    def __init__(self, seed: int) -> None:
        self.lottery = random.Random(seed)
        self.held = self.taken = 0
        self.wrong: list[str] = []

    async def run(self, count: int) -> None:
        logger, heard = logging.getLogger("mailbot.intake.smtp"), self.wrong

        class Ear(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                heard.append(f"logged: {record.getMessage()} {record.exc_info}")

        ear = Ear(logging.ERROR)
        logger.addHandler(ear)
        quiet = logging.getLogger("asyncio")  # "socket.send() raised exception": the peer that hung up was ours
        before = quiet.level
        quiet.setLevel(logging.ERROR)
        intake = Intake(self.accept, hostname="mx.example.org", limits=Limits(size=100_000, connections=100))
        ports = [await intake.listen("smtp", "127.0.0.1", 0), await intake.listen("lmtp", "127.0.0.1", 0)]
        waiting = iter(range(count))

        async def client() -> None:
            for _ in waiting:
                await asyncio.wait_for(self.talk(self.lottery.choice(ports)), 30)

        try:
            await asyncio.gather(*(client() for _ in range(10)))
        finally:
            await intake.close(1.0)
            logger.removeHandler(ear)
            quiet.setLevel(before)

    async def accept(self, *_: object) -> None:
        self.taken += 1

    async def talk(self, port: int) -> None:
        self.held += 1
        roll = self.lottery
        said = [roll.choice(LINES)(roll) for _ in range(roll.randint(1, 12))]
        if roll.random() < 0.5:
            at = roll.randint(0, len(said))
            said[at:at] = SOUND
        data = b"".join(line + roll.choice((*[b"\r\n"] * 20, b"\n", b"\r", b"")) for line in said)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heard = b""
        with contextlib.suppress(ConnectionError):
            while data:
                size = roll.choice((1, 20, 1000, len(data)))
                writer.write(data[:size])
                data = data[size:]
                await asyncio.sleep(0)
            if roll.random() < 0.9:
                writer.write(b"\r\n.\r\nQUIT\r\n")
                writer.write_eof()
                heard = await reader.read(1_000_000)
            else:
                writer.transport.abort()
        writer.close()
        if heard and REPLY.sub(b"", heard):
            self.wrong.append(f"no reply: {heard[:300]!r}")
        if b"Traceback" in heard or b".py" in heard:
            self.wrong.append(f"shows our inside: {heard[:300]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of mutated mails")
    parser.add_argument("--dialogues", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where seeds and finds are kept (default: a temporary folder)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="mailbot-fuzz-"))
    fuzz, talks = Fuzz(folder, args.seed), Dialogues(args.seed)
    fuzz.mails(time.monotonic() + 60 * args.minutes)
    asyncio.run(talks.run(args.dialogues))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"seed {args.seed}, {folder}: {fuzz.said()}")
    print(f"{talks.held} dialogues, {talks.taken} mails taken, {len(talks.wrong)} wrong; at most {peak} MB")
    print("\n".join(talks.wrong[:20]))
    bad = bool(fuzz.finds or talks.wrong or peak > MEGABYTES)
    print(
        "Something is wrong, see above." if bad else "Nothing raised, nothing took long, every dialogue was answered."
    )
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
