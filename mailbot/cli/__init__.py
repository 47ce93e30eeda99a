"""The command line. Each command is one function; what it needs is imported when it runs, so that --help answers at once.

Exit codes: 0 done; 1 it could not be done (the sentence says why); 2 wrong usage or configuration.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mailbot.cli import looking, operating, simulating, tending, troubles
from mailbot.cli.opening import Stop

Run = Callable[[argparse.Namespace], int]


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a title may have letters that the terminal has not
            stream.reconfigure(errors="backslashreplace")
    try:
        run: Run = args.run
        code = run(args)
        sys.stdout.flush()
        return code
    except Stop as stop:
        print(f"mailbot: {stop}", file=sys.stderr)
        return stop.code
    except OSError as error:
        with contextlib.suppress(OSError):  # Python flushes once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read has enough
            return 0
        print(f"mailbot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _path(text: str) -> Path:
    """An unset variable of a shell is no folder, and not this one."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailbot",
        description="Records incidents by mail: threads, timelines in UTC, reminders, drafted reports.",
        epilog="Without --config (or $MAILBOT_CONFIG) the embedded default is used: "
        "SMTP on 127.0.0.1:8025, mails in ./mailbot-data.",
    )
    parser.add_argument("--version", action="version", version=f"mailbot {_version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Run, about: str, of_all: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        sub.set_defaults(run=run)
        sub.add_argument(
            "--config", type=Path, metavar="FILE", default=os.environ.get("MAILBOT_CONFIG") or None, help="a TOML file"
        )
        if not of_all:
            sub.add_argument(
                "--list", metavar="NAME", default="", help="where there are several: the NAME of [lists.NAME]"
            )
        return sub

    command("run", operating.run_daemon, "run the daemon until SIGTERM", of_all=True)
    command("check", operating.run_check, "say everything that is wrong with the configuration", of_all=True)
    demo = command(
        "demo", operating.run_demo, "play an incident through a real daemon and show every mail", of_all=True
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("demo-out"),
        metavar="FOLDER",
        help="where mails and reports are left (demo-out)",
    )
    demo.add_argument("--fast", action="store_true", help="without the pauses that make it readable")

    play = command(
        "simulate", simulating.run_simulate, "play a scene and show every notice that would have gone out", of_all=True
    )
    play.add_argument("scene", type=Path, metavar="SCENE", help="a TOML file like scenes/registry.toml, or registry")
    play.add_argument("--out", type=Path, metavar="FOLDER", help="write the mails there, one file each, and an index")
    _json(play)

    listing = command("list", looking.run_list, "list the incidents, the latest first")
    listing.add_argument("--all", action="store_true", help="all of them, not the latest 30")
    _json(listing)
    show = command("show", looking.run_show, "show one incident: state, custody, timeline, actions")
    show.add_argument("id", metavar="ID")
    _json(show)
    report = command("report", looking.run_report, "print the report of one incident as Markdown")
    report.add_argument("id", metavar="ID")
    report.add_argument(
        "--template", choices=("instructlab", "debrief"), default="", help="which of the two (default: the list's)"
    )
    report.add_argument("--public", action="store_true", help="as it is published: with what must not leave held back")
    why = command("why", looking.run_why, "say how a message was read, and why")
    why.add_argument("message_id", metavar="MESSAGE-ID")
    read = command(
        "read", looking.run_read, "read mails from files and print what would be understood; keeps and sends nothing"
    )
    read.add_argument(
        "paths", nargs="+", type=_path, metavar="PATH", help="mbox, mbox.gz, Maildir, .eml, or a folder of these"
    )
    _json(read)

    bring = command("import", operating.run_import, "import old mails: mbox, mbox.gz, Maildir, .eml; never sends mail")
    bring.add_argument("paths", nargs="+", type=_path, metavar="PATH")
    rebuild = command("rebuild", operating.run_rebuild, "make the state again from the archive (stop the daemon first)")
    rebuild.add_argument(
        "--diff", action="store_true", help="only say where the kept state differs; exit code 1 if it does"
    )
    redact = command(
        "redact",
        operating.run_redact,
        "take a message's words out of the archive for ever; its place in the thread stays",
    )
    redact.add_argument("message_id", metavar="MESSAGE-ID")
    for act, about in (("pause", "send nothing until resume; mail is still taken in"), ("resume", "send again")):
        command(act, operating.run_pause, about).set_defaults(act=act)
    _json(command("problems", troubles.run_problems, "list addresses on hold, and mails that were not taken"))
    command("retry", troubles.run_retry, "read again what was set aside because it broke mailbot")
    _json(command("status", tending.run_status, "say how the daemon is; exit code 1 where it is not well"))
    probe = command(
        "probe", tending.run_probe, "send a probe through every way in, to the list and to a plus address, and wait"
    )
    probe.add_argument("--wait", type=float, default=300.0, metavar="SECONDS", help="for what was sent (300)")
    _json(probe)
    release = command("release", troubles.run_release, "send to an address again that is on hold")
    release.add_argument("address", metavar="ADDRESS")
    return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for scripts: JSON, one object a line")


def _version() -> str:
    from mailbot import __version__

    return __version__
