"""Commands of those who run the list: run, check, demo, import, rebuild, redact, pause, resume."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailbot.cli.opening import Stop, ask, chosen, config_of, looked_at, only, progress_bar, written_to

if TYPE_CHECKING:
    from mailbot.config import Config, Imap, Smarthost


def run_daemon(args: argparse.Namespace) -> int:
    import asyncio

    from mailbot.app import log
    from mailbot.app.daemon import Daemon
    from mailbot.store import archive, state

    config = config_of(args)
    log.start(config.log.level)
    runner = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        runner = uvloop.run
    try:
        runner(Daemon(config).run())
    except (archive.Locked, state.Locked) as locked:
        raise Stop(str(locked)) from None
    except OSError as error:
        raise Stop(f"cannot start: {error}") from None
    return 0


def run_check(args: argparse.Namespace) -> int:
    from mailbot.app import setup

    config = config_of(args)
    if config.smarthost.host == "":
        print("Note: no smarthost, so nothing will be sent; mails are only written to the archive.")
    for sentence in _beyond(config):
        print(f"Note: {sentence}")
    for one in config.each:
        for sentence in setup.renderer(one).broken():
            print(f"Note: {sentence}; ours is used for it.")
        print(f"{args.config or 'embedded default'}: fine. List {one.list.address}, archive {one.store.folder}.")
    return 0


def _beyond(config: Config) -> Iterator[str]:
    """What this user cannot do, and the daemon cannot either, if it runs as the same."""
    asked: list[tuple[str, Smarthost | Imap]] = [
        ("smarthost", config.smarthost),
        *((f"imap[{n}]", box) for n, box in enumerate(config.imap, 1)),
    ]
    for section, keys in asked:
        file = keys.password_file
        if file is not None and not os.access(file, os.R_OK):
            yield f"{section}.password_file {file} cannot be read by the user who asks."
    for one in config.each:
        folder = next(path for path in (one.store.folder, *one.store.folder.parents) if os.path.isdir(path))
        if not os.access(folder, os.W_OK):
            yield f"store.folder {one.store.folder} cannot be written by the user who asks."


def run_demo(args: argparse.Namespace) -> int:
    from mailbot.demo import play

    return play(args.out, fast=args.fast)


def run_import(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from mailbot.app.importing import bring_in

    config = config_of(args)
    one = only(args)
    missing = [str(p) for p in args.paths if not os.path.lexists(p)]
    if missing:
        raise Stop(f"there is no {', '.join(missing)}")
    with progress_bar("importing") as progress:
        request = {"do": "import", "list": args.list, "paths": [str(p.resolve()) for p in args.paths]}
        answer = ask(config, request, progress)
        if answer is None:
            with written_to(one, new=True) as register:
                done = bring_in(register, args.paths, datetime.now(UTC), progress)
            answer = {"new": done.new, "known": done.known, "problems": done.problems}
    for problem in answer["problems"]:
        print(f"mailbot: {problem}", file=sys.stderr)
    print(f"{answer['new']} mails imported, {answer['known']} were here already.")
    return 1 if answer["problems"] and not answer["new"] + answer["known"] else 0


def run_rebuild(args: argparse.Namespace) -> int:
    from mailbot.app import log, setup
    from mailbot.app.rows import differences
    from mailbot.store.state import MemoryState

    if args.diff:
        told: list[str] = []
        with looked_at(args) as found:
            for config, kept in found:
                fresh = setup.register(config, kept.archive, MemoryState())
                log.start("error")
                fresh.rebuild()
                told += differences(kept, fresh)
        print("\n".join(told) or "The state says what the archive says.")
        return 1 if told else 0
    count = 0
    for config in chosen(args):
        with written_to(config) as register:
            count += register.rebuild()
    print(f"The state was made again from {count} mails.")
    return 0


def run_redact(args: argparse.Namespace) -> int:
    config = config_of(args)
    answer = ask(config, {"do": "redact", "list": args.list, "message_id": args.message_id})
    if answer is None:
        answer = {"redacted": 0}
        for one in chosen(args):
            with written_to(one) as register:
                answer["redacted"] += register.redact(args.message_id)
    if not answer["redacted"]:
        raise Stop(f"The archive has no message {args.message_id}.")
    print("Its words are gone; its Message-ID and references stay, so that the thread is whole. Backups still have it,")
    print(
        "and mails of ours that quoted it: look for its words in out-*.mbox, and redact those by their own Message-IDs."
    )
    return 0


def run_pause(args: argparse.Namespace) -> int:
    config = config_of(args)
    if ask(config, {"do": args.act, "list": args.list}) is None:
        for one in chosen(args):
            with written_to(one) as register:
                register.archive.act({"act": args.act})
    print("Nothing is sent until: mailbot resume" if args.act == "pause" else "Mail is sent again.")
    return 0
