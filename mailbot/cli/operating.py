"""Commands of those who run the list: run, check, demo, import, rebuild, redact, pause, resume."""

from __future__ import annotations

import argparse
import contextlib
import sys

from mailbot.cli.opening import Stop, ask, chosen, config_of, looked_at, only, progress_bar, written_to


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
    for one in config.each:
        for sentence in setup.renderer(one).broken():
            print(f"Note: {sentence}; ours is used for it.")
        print(f"{args.config or 'embedded default'}: fine. List {one.list.address}, archive {one.store.folder}.")
    return 0


def run_demo(args: argparse.Namespace) -> int:
    from mailbot.demo import play

    return play(args.out, fast=args.fast)


def run_import(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from mailbot.app.importing import bring_in

    config = config_of(args)
    one = only(args)
    missing = [str(p) for p in args.paths if not p.exists()]
    if missing:
        raise Stop(f"there is no {', '.join(missing)}")
    with progress_bar("importing") as progress:
        request = {"do": "import", "list": args.list, "paths": [str(p.resolve()) for p in args.paths]}
        answer = ask(config, request, progress)
        if answer is None:
            with written_to(one) as register:
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
    print("Its words are gone; its Message-ID and references stay, so that the thread is whole. Backups still have it.")
    return 0


def run_pause(args: argparse.Namespace) -> int:
    config = config_of(args)
    if ask(config, {"do": args.act, "list": args.list}) is None:
        for one in chosen(args):
            with written_to(one) as register:
                register.archive.act({"act": args.act})
    print("Nothing is sent until: mailbot resume" if args.act == "pause" else "Mail is sent again.")
    return 0
