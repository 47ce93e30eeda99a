"""The command line. Each command is one function; what it needs is imported when it runs, so that --help answers at once.

Exit codes: 0 done; 1 it could not be done (the sentence says why); 2 wrong usage or configuration.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbot.app.register import Register
    from mailbot.config import Config

Run = Callable[[argparse.Namespace], int]


class Stop(Exception):
    """A sentence for the person at the terminal, and the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        run: Run = args.run
        return run(args)
    except Stop as stop:
        print(f"mailbot: {stop}", file=sys.stderr)
        return stop.code
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailbot",
        description="Records incidents by mail: threads, timelines in UTC, reminders, drafted reports.",
        epilog="Without --config (or $MAILBOT_CONFIG) the embedded default is used: "
        "SMTP on 127.0.0.1:8025, mails in ./mailbot-data.",
    )
    parser.add_argument("--version", action="version", version=f"mailbot {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Run, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        sub.set_defaults(run=run)
        sub.add_argument(
            "--config", type=Path, metavar="FILE", default=os.environ.get("MAILBOT_CONFIG") or None, help="a TOML file"
        )
        return sub

    command("run", run_daemon, "run the daemon until SIGTERM")
    command("check", run_check, "say everything that is wrong with the configuration")
    demo = command("demo", run_demo, "play an incident through a real daemon and show every mail")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("demo-out"),
        metavar="FOLDER",
        help="where mails and reports are left (demo-out)",
    )
    demo.add_argument("--fast", action="store_true", help="without the pauses that make it readable")

    listing = command("list", run_list, "list the incidents, the latest first")
    listing.add_argument("--all", action="store_true", help="all of them, not the latest 30")
    _json(listing)
    show = command("show", run_show, "show one incident: state, custody, timeline, actions")
    show.add_argument("id", metavar="ID")
    _json(show)
    report = command("report", run_report, "print the report of one incident as Markdown")
    report.add_argument("id", metavar="ID")
    report.add_argument(
        "--template", choices=("instructlab", "debrief"), default="", help="which of the two (default: the list's)"
    )
    why = command("why", run_why, "say how a message was read, and why")
    why.add_argument("message_id", metavar="MESSAGE-ID")
    read = command(
        "read", run_read, "read mails from files and print what would be understood; keeps and sends nothing"
    )
    read.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="mbox, mbox.gz, Maildir, .eml, or a folder of these"
    )
    _json(read)

    bring = command("import", run_import, "import old mails: mbox, mbox.gz, Maildir, .eml; never sends mail")
    bring.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    rebuild = command("rebuild", run_rebuild, "make the state again from the archive (stop the daemon first)")
    rebuild.add_argument(
        "--diff", action="store_true", help="only say where the kept state differs; exit code 1 if it does"
    )
    redact = command(
        "redact", run_redact, "take a message's words out of the archive for ever; its place in the thread stays"
    )
    redact.add_argument("message_id", metavar="MESSAGE-ID")
    for act, about in (("pause", "send nothing until resume; mail is still taken in"), ("resume", "send again")):
        command(act, run_pause, about).set_defaults(act=act)
    return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for scripts: JSON, one object a line")


def _version() -> str:
    from mailbot import __version__

    return __version__


def _config(args: argparse.Namespace) -> Config:
    from mailbot.config import load

    config, mistakes = load(Path(args.config) if args.config else None)
    if config is None:
        raise Stop(
            "\n  ".join([f"{args.config}: {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}", *map(str, mistakes)]), 2
        )
    return config


# ── the daemon ────────────────────────────────────────────────────────────────────────────────────────────────────────


def run_daemon(args: argparse.Namespace) -> int:
    import asyncio

    from mailbot.app import log
    from mailbot.app.daemon import Daemon
    from mailbot.store import archive, state

    config = _config(args)
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
    config = _config(args)
    if config.smarthost.host == "":
        print("Note: no smarthost, so nothing will be sent; mails are only written to the archive.")
    print(f"{args.config or 'embedded default'}: fine. List {config.list.address}, archive {config.store.folder}.")
    return 0


def run_demo(args: argparse.Namespace) -> int:
    from mailbot.demo import play

    return play(args.out, fast=args.fast)


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _register(args: argparse.Namespace) -> Iterator[Register]:
    from mailbot.app import log, setup
    from mailbot.store import archive

    config = _config(args)
    log.start("error")
    if not config.store.folder.is_dir():
        raise Stop(
            f"There is no archive in {config.store.folder}; run or import make one, or name your configuration with --config."
        )
    try:
        register = setup.looked_at(config)
    except (OSError, archive.Locked) as error:
        raise Stop(str(error)) from None
    try:
        yield register
    finally:
        register.archive.close()


def run_list(args: argparse.Namespace) -> int:
    with _register(args) as register:
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
                print(
                    f"{row['id']}  {row['status']:9} {row['messages']:4} mails  {row['title'][:44]:44} {hit}".rstrip()
                )
        if not args.json and len(rows) > len(shown):
            print(f"… and {len(rows) - len(shown)} earlier; --all lists them")
        if not rows and not args.json:
            print("No incidents yet.")
    return 0


def _look(register: Register, name: str) -> Any:
    incident = register.look(name)
    if incident is None:
        raise Stop(f"There is no incident {name}. mailbot list shows those that are.")
    return incident


def run_show(args: argparse.Namespace) -> int:
    from mailbot.app.showing import as_json, as_text

    with _register(args) as register:
        incident = _look(register, args.id)
        print(json.dumps(as_json(incident), ensure_ascii=False) if args.json else as_text(incident))
    return 0


def run_report(args: argparse.Namespace) -> int:
    from mailbot.app import setup

    with _register(args) as register:
        incident = _look(register, args.id)
        print(setup.renderer(_config(args)).report(incident, args.template)[1], end="")
    return 0


def run_why(args: argparse.Namespace) -> int:
    from mailbot.app.showing import why

    with _register(args) as register:
        docs = register.find(args.message_id)
        if not docs:
            raise Stop(f"The archive has no message {args.message_id}.")
        print("\n\n".join(why(register, doc) for doc in docs))
    return 0


def run_read(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from mailbot.app import setup
    from mailbot.app.reader import read_all
    from mailbot.app.showing import row_as_text
    from mailbot.intake import files

    config = _config(args)
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


# ── the operator's acts ───────────────────────────────────────────────────────────────────────────────────────────────


def _ask(
    config: Config, request: dict[str, Any], progress: Callable[[int, int], None] | None = None
) -> dict[str, Any] | None:
    """Asks the daemon that runs on this folder; None where none runs."""
    from mailbot.app.control import ask

    answer: dict[str, Any] | None = None
    try:
        for answer in ask(config.store.folder, request):
            if progress and "of" in answer:
                progress(answer["done"], answer["of"])
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except OSError as error:
        raise Stop(f"the daemon does not answer: {error}") from None
    if answer is None or "error" in answer:
        raise Stop(str((answer or {}).get("error", "the daemon hung up")))
    return answer


@contextlib.contextmanager
def _writer(config: Config) -> Iterator[Register]:
    from mailbot.app import log, setup
    from mailbot.app.daemon import finish
    from mailbot.store import archive, state

    log.start("error")
    try:
        kept, register = setup.opened(config)
    except (archive.Locked, state.Locked, OSError) as error:
        raise Stop(str(error)) from None
    try:
        yield register
    finally:
        finish(kept, register)


def run_import(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from mailbot.app.importing import bring_in

    config = _config(args)
    missing = [str(p) for p in args.paths if not p.exists()]
    if missing:
        raise Stop(f"there is no {', '.join(missing)}")
    with _bar("importing") as progress:
        request = {"do": "import", "paths": [str(p.resolve()) for p in args.paths]}
        answer = _ask(config, request, progress)
        if answer is None:
            with _writer(config) as register:
                done = bring_in(register, args.paths, datetime.now(UTC), progress)
            answer = {"new": done.new, "known": done.known, "problems": done.problems}
    for problem in answer["problems"]:
        print(f"mailbot: {problem}", file=sys.stderr)
    print(f"{answer['new']} mails imported, {answer['known']} were here already.")
    return 1 if answer["problems"] and not answer["new"] + answer["known"] else 0


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def run_rebuild(args: argparse.Namespace) -> int:
    from mailbot.app import log, setup
    from mailbot.app.rows import differences
    from mailbot.store.state import MemoryState

    config = _config(args)
    if args.diff:
        with _register(args) as kept:
            fresh = setup.register(config, kept.archive, MemoryState())
            log.start("error")
            fresh.rebuild()
            found = differences(kept, fresh)
        print("\n".join(found) or "The state says what the archive says.")
        return 1 if found else 0
    with _writer(config) as register:
        count = register.rebuild()
    print(f"The state was made again from {count} mails.")
    return 0


def run_redact(args: argparse.Namespace) -> int:
    config = _config(args)
    answer = _ask(config, {"do": "redact", "message_id": args.message_id})
    if answer is None:
        with _writer(config) as register:
            answer = {"redacted": register.redact(args.message_id)}
    if not answer["redacted"]:
        raise Stop(f"The archive has no message {args.message_id}.")
    print("Its words are gone; its Message-ID and references stay, so that the thread is whole. Backups still have it.")
    return 0


def run_pause(args: argparse.Namespace) -> int:
    config = _config(args)
    if _ask(config, {"do": args.act}) is None:
        with _writer(config) as register:
            register.archive.act({"act": args.act})
    print("Nothing is sent until: mailbot resume" if args.act == "pause" else "Mail is sent again.")
    return 0
