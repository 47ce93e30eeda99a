"""Is it well, and does the set-up work: status, probe."""

from __future__ import annotations

import argparse
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot.cli.opening import Stop, ask, chosen, config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config import Config

DIRECT = 20.0  # seconds that our own door may take


def run_status(args: argparse.Namespace) -> int:
    config = config_of(args)
    answer = ask(config, {"do": "status", "list": args.list})
    if answer is None:
        raise Stop(f"No daemon runs on {config.store.folder}.")
    if args.json:
        print(json.dumps({"lists": answer["lists"], "ill": answer["ill"], "ports": answer["ports"]}))
        return 1 if answer["ill"] else 0
    for row in answer["lists"]:
        print(f"{row['list']}: {_words(row)}")
    print("; ".join(f"{name} on port {port}" for name, port in answer["ports"].items()) or "no port is open")
    for sentence in answer["ill"]:
        print(f"Not well: {sentence}")
    return 1 if answer["ill"] else 0


def _words(row: dict[str, Any]) -> str:
    parts = [
        f"{row['messages']} mails, {row['incidents']} incidents ({row['incidents_open']} open)",
        f"{row['archive_bytes'] / 1e6:.1f} MB",
        f"up {timedelta(seconds=row['uptime_seconds'])}",
    ]
    if row["outbox"]:
        parts.append(
            f"{row['outbox']} mails wait for the smarthost, the oldest {timedelta(seconds=row['outbox_oldest_seconds'])}"
        )
    if row["on_hold"]:
        parts.append(f"{row['on_hold']} addresses on hold (mailbot problems)")
    if row["paused"]:
        parts.append("PAUSED, nothing is sent (mailbot resume)")
    if row["unread_seconds"]:
        parts.append(f"mail waits to be read since {row['unread_seconds']} s")
    return ", ".join(parts)


def run_probe(args: argparse.Namespace) -> int:
    """Each way that must work, tried with a mail that opens nothing and that nobody answers: it says that a machine wrote it."""
    config = config_of(args)
    answer = ask(config, {"do": "status", "list": ""})
    if answer is None:
        raise Stop(f"No daemon runs on {config.store.folder}; start it first.")
    bad = 0
    for one in chosen(args):
        for fine, sentence in _steps(one, config, answer["ports"], args.wait):
            print(f"{'fine' if fine else 'FAILED'}: {sentence}", flush=True)
            bad += not fine
    return 1 if bad else 0


def _steps(one: Config, config: Config, ports: dict[str, int], wait: float) -> Iterator[tuple[bool, str]]:
    for kind, door in (("smtp", config.smtp.listen), ("lmtp", config.lmtp.listen)):
        if door is not None:
            name, raw = _probe(one, kind)
            where = f"{kind.upper()} {door.host}:{ports.get(kind, door.port)}"
            began = time.monotonic()
            trouble = _hand_in(kind, door.host, ports.get(kind, door.port), one, raw)
            if trouble:
                yield False, f"{where} did not take a mail: {trouble}"
                continue
            way = _arrived(one, name, DIRECT)
            took = time.monotonic() - began
            yield (
                bool(way),
                f"{where}: a mail is in the archive after {took:.1f} s"
                if way
                else f"{where} took a mail, and it is not in the archive",
            )
    yield from _round_trip(one, wait)


def _round_trip(one: Config, wait: float) -> Iterator[tuple[bool, str]]:
    """Out by the smarthost, through the list, and back."""
    from mailbot.app import setup

    post = setup.post(one)
    if post is None:
        yield False, "no smarthost is configured: nothing can be sent"
        return
    name, raw = _probe(one, "list")
    began = time.monotonic()
    outcome = post.hand_over(raw, one.list.bot, [one.list.address])[0]
    post.close()
    yield outcome.kind == "sent", f"{post.smarthost} said to a mail for {one.list.address}: {outcome.reply}"
    if outcome.kind == "sent":
        way = _arrived(one, name, wait)
        took = time.monotonic() - began
        yield (
            bool(way),
            f"it came back from the list after {took:.0f} s, by {way}"
            if way
            else f"it did not come back within {wait:.0f} s: is {one.list.bot} a member of {one.list.address} that gets each "
            "mail, its own too, and may it post there unmoderated? Does its mail end at one of the ways in?",
        )


def _probe(one: Config, kind: str) -> tuple[str, bytes]:
    """A mail's id and bytes. Auto-Submitted makes it what it is: no person's mail."""
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime, make_msgid

    from mailbot.store.archive import utcnow

    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = make_msgid(f"probe-{kind}", one.list.bot.rpartition("@")[2])
    mail["Date"] = format_datetime(utcnow())
    mail["From"], mail["To"] = one.list.bot, one.list.address
    mail["Subject"] = "mailbot probe: please ignore"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("The operator of mailbot tests whether mail to the list reaches it. Nothing is to be done.\n")
    return str(mail["Message-ID"]).strip("<>"), mail.as_bytes()


def _hand_in(kind: str, host: str, port: int, one: Config, raw: bytes) -> str:
    """What went wrong, "" where nothing did."""
    import smtplib

    try:
        with smtplib.LMTP(host, port) if kind == "lmtp" else smtplib.SMTP(host, port, timeout=DIRECT) as peer:
            peer.sendmail(one.list.bot, [one.list.bot], raw)
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return ""


def _arrived(one: Config, name: str, wait: float) -> str:
    """By which way the mail of that id came, "" where it did not within ``wait`` seconds."""
    from mailbot.app import setup

    wanted, end = f"<{name}>".encode(), time.monotonic() + wait
    with setup.open_archive(one, readonly=True) as archive:
        sizes = archive.ends()
        mark = {file: max(0, size - 1_000_000) for file, size in sizes.items()}
    while True:
        with setup.open_archive(one, readonly=True) as archive:
            for file, size in archive.ends().items():
                tail = _tail(one, file, mark.get(file, 0), size) if file.startswith("in-2") else b""
                at = tail.find(wanted)
                if at >= 0:
                    head = tail[: at + 1].rpartition(b"\nX-Mailbot-Way: ")[2]
                    return head.partition(b"\n")[0].decode("ascii", "replace")
        if time.monotonic() > end:
            return ""
        time.sleep(0.3)


def _tail(one: Config, file: str, begin: int, end: int) -> bytes:
    with (one.store.folder / file).open("rb") as opened:
        opened.seek(begin)
        return opened.read(end - begin)
