"""Is it well, and does the set-up work: status, probe."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from mailbot.cli.opening import Stop, ask, chosen, config_of


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
    """Each way that must work, tried with a mail that opens nothing and that nobody answers."""
    config, lists = config_of(args), chosen(args)
    answer = ask(config, {"do": "status", "list": ""})
    if answer is None and not config.imap:
        raise Stop(f"No daemon runs on {config.store.folder}; start it first.")
    from mailbot.app import probing

    bad = 0
    for step in probing.probe(config, lists, answer["ports"] if answer is not None else None, args.wait):
        print(json.dumps(asdict(step)) if args.json else f"{step.state}: {step.words}", flush=True)
        bad += step.state == "FAILED"
    return 1 if bad else 0
