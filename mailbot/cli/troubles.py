"""What did not get through, and letting an address go again: problems, retry, release."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from mailbot.cli.opening import Stop, ask, chosen, config_of, looked_at, written_to

if TYPE_CHECKING:
    from mailbot.app.register import Register

MOST = 30  # refusals that are listed, the latest


def run_problems(args: argparse.Namespace) -> int:
    with looked_at(args) as found:
        rows = [row for _, register in found for row in problems(register)]
    for row in rows:
        print(json.dumps(row, ensure_ascii=False) if args.json else f"{row['at']}  {row['what']:8} {row['about']}")
        if not args.json:
            print(f"{'':18}{row['words']}")
    if not rows and not args.json:
        print("No problems.")
    return 0


def problems(register: Register) -> list[dict[str, str]]:
    """Addresses on hold, mails that wait for the smarthost, what it refused for good, what a mailbox did not give."""
    from datetime import UTC, datetime

    from mailbot.app.holds import held

    def row(at: datetime, what: str, about: str, words: str) -> dict[str, str]:
        return {"at": f"{at.astimezone(UTC):%Y-%m-%d %H:%M}", "what": what, "about": about, "words": words}

    now = datetime.now(UTC)
    rows = []
    for hold in held(register.archive.acts()).values():
        if hold.until is None or hold.until > now:
            end = f"until {hold.until:%Y-%m-%d}" if hold.until else f"mailbot release {hold.address} lets it go"
            rows.append(row(hold.since, "on hold", hold.address, f"{hold.words} ({end})"))
    last: dict[tuple[str, str], str] = {}
    refused: list[dict[str, str]] = []
    for line in register.archive.sent_lines():
        if line.outcome == "deferred":
            last[line.message_id, line.recipient] = line.note
        elif line.outcome == "refused":
            refused = [*refused[-MOST + 1 :], row(line.at, "refused", line.recipient, line.note)]
    for waiting in register.outbox.values():
        for recipient in waiting.recipients:
            if note := last.get((waiting.message_id, recipient)):
                rows.append(row(waiting.at, "waiting", f"{recipient} <{waiting.message_id}>", note))
    for _, doc in register.state.all("messages"):
        if "e" in doc:  # kept, and read by nobody
            at = datetime.fromtimestamp(doc["f"][1], UTC)
            rows.append(row(at, "broke", f"<{doc['f'][0]}>", f"{doc['e']} (mailbot retry reads it again)"))
    for aside in register.mailboxes.open():
        rows.append(
            row(aside.since, "missing", aside.way, f"{aside.words} (asked for again; mailbot retry does it now)")
        )
    return rows + refused


def run_retry(args: argparse.Namespace) -> int:
    """The state is made again, which reads every mail anew: after an upgrade, those that were set aside too."""
    config = config_of(args)
    answer = ask(config, {"do": "retry", "list": args.list})
    if answer is None:
        answer = {"before": 0, "after": 0, "asked": 0}
        for one in chosen(args):
            with written_to(one) as register:
                answer["before"] += _set_aside(register)
                register.rebuild()
                answer["after"] += _set_aside(register)
    print(f"{answer['before']} mails were set aside, {answer['after']} are now.")
    if answer["asked"]:
        print(f"Mails that a mailbox did not give are asked for again: {answer['asked']}. mailbot problems lists them.")
    return 1 if answer["after"] else 0


def _set_aside(register: Register) -> int:
    return sum("e" in doc for _, doc in register.state.all("messages"))


def run_release(args: argparse.Namespace) -> int:
    from mailbot.app.holds import Holds

    config, address = config_of(args), args.address.strip().lower()
    answer = ask(config, {"do": "release", "list": args.list, "address": address})
    if answer is None:
        answer = {"released": False}
        for one in chosen(args):
            with written_to(one) as register:
                answer["released"] |= Holds(register).release(address)
    if not answer["released"]:
        raise Stop(f"{address} is not on hold. mailbot problems lists those that are.")
    print(f"{address} gets mail again.")
    return 0
