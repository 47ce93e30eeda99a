"""Commands that only look: list, show, report, why, read. They work beside a running daemon and write nothing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailbot.cli.opening import Stop, chosen, looked_at

if TYPE_CHECKING:
    from mailbot.app.register import Register
    from mailbot.config import Config
    from mailbot.core.incident import Incident


def run_list(args: argparse.Namespace) -> int:
    with looked_at(args) as found:
        for config, register in found:
            if len(found) > 1 and not args.json:
                print(f"{config.list.name} <{config.list.address}>")
            _list(register, args)
        if not args.json and not any(register.rows for _, register in found):
            print("No incidents yet.")
    return 0


def _list(register: Register, args: argparse.Namespace) -> None:
    rows = register.incidents()
    shown = rows if args.all else rows[:30]
    for row in shown:
        if row.get("unread") and (folded := register.look(row["id"])) is not None:
            register.note(folded, None)
    fresh = {row["id"]: row for row in register.incidents()}
    for row in (fresh[r["id"]] for r in shown):
        if args.json:
            print(json.dumps({k: v for k, v in row.items() if k not in ("next", "unread")}, ensure_ascii=False))
        else:
            hit = f"users hit {row['impact']}" if row["impact"] not in ("", "none", "unknown", "not over") else ""
            print(f"{row['id']}  {row['status']:9} {row['messages']:4} mails  {row['title'][:44]:44} {hit}".rstrip())
    if not args.json and len(rows) > len(shown):
        print(f"… and {len(rows) - len(shown)} earlier; --all lists them")


def _look(found: list[tuple[Config, Register]], name: str) -> tuple[Config, Incident]:
    for config, register in found:
        if (incident := register.look(name)) is not None:
            return config, incident
    raise Stop(f"There is no incident {name}. mailbot list shows those that are.")


def run_show(args: argparse.Namespace) -> int:
    from mailbot.app.showing import as_json, as_text

    with looked_at(args) as found:
        _, incident = _look(found, args.id)
        print(json.dumps(as_json(incident), ensure_ascii=False) if args.json else as_text(incident))
    return 0


def run_report(args: argparse.Namespace) -> int:
    from mailbot.app import setup

    with looked_at(args) as found:
        config, incident = _look(found, args.id)
        print(setup.renderer(config).report(incident, args.template, public=args.public)[1], end="")
    return 0


def run_why(args: argparse.Namespace) -> int:
    from mailbot.app.showing import why

    with looked_at(args) as found:
        told = [why(register, doc) for _, register in found for doc in register.find(args.message_id)]
    if not told:
        raise Stop(f"The archive has no message {args.message_id}.")
    print("\n\n".join(told))
    return 0


def run_read(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from mailbot.app import setup
    from mailbot.app.reader import read_all
    from mailbot.app.showing import row_as_text
    from mailbot.intake import files

    config = chosen(args)[0]
    problems: list[str] = []

    def mails() -> Iterator[bytes]:
        for source in files.walk(args.paths):
            if source.problem:
                problems.append(source.problem)
            else:
                yield from files.mails(source.path, problems.append)

    rows = read_all(
        mails(), setup.mailing_list(config), list_id=config.list.id, opens=config.list.opens, now=datetime.now(UTC)
    )
    count = 0
    for row in rows:
        count += 1
        print(json.dumps(row, ensure_ascii=False) if args.json else row_as_text(row))
    for problem in problems:
        print(f"mailbot: {problem}", file=sys.stderr)
    return 1 if problems and not count else 0
