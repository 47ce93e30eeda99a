"""What the commands share: a sentence that stops one, the configuration, the archive for looking and for writing."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbot.app.register import Register
    from mailbot.config import Config


class Stop(Exception):
    """A sentence for the person at the terminal, and the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def config_of(args: argparse.Namespace) -> Config:
    from mailbot.config import load

    config, mistakes = load(Path(args.config) if args.config else None)
    if config is None:
        raise Stop(
            "\n  ".join([f"{args.config}: {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}", *map(str, mistakes)]), 2
        )
    return config


def chosen(args: argparse.Namespace) -> tuple[Config, ...]:
    """The lists that a command is about: the one that --list names, else all."""
    config = config_of(args)
    if not args.list:
        return config.each
    found = tuple(one for one in config.lists if one.store.folder.name == args.list)
    if not found:
        names = ", ".join(one.store.folder.name for one in config.lists)
        raise Stop(
            f"There is no list {args.list}; the configuration has {names or 'one list only, without a name'}.", 2
        )
    return found


def only(args: argparse.Namespace) -> Config:
    """The list that a command is about which can be about one only."""
    found = chosen(args)
    if len(found) > 1:
        raise Stop(f"Which list? --list {' or '.join(one.store.folder.name for one in found)}", 2)
    return found[0]


@contextlib.contextmanager
def looked_at(args: argparse.Namespace) -> Iterator[list[tuple[Config, Register]]]:
    """The chosen lists that have an archive: at least one."""
    from mailbot.app import log, setup
    from mailbot.store import archive

    configs = chosen(args)
    log.start("error")
    there = [config for config in configs if os.path.isdir(config.store.folder)]
    if not there:
        raise _no_archive(configs[0])
    found: list[tuple[Config, Register]] = []
    try:
        for config in there:
            found.append((config, setup.looked_at(config)))
        yield found
    except archive.Locked as error:
        raise Stop(str(error)) from None
    finally:
        for _, register in found:
            register.archive.close()


def _no_archive(config: Config) -> Stop:
    return Stop(
        f"There is no archive in {config.store.folder}; run or import make one, or name your configuration with --config."
    )


def ask(
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
def written_to(config: Config, *, new: bool = False) -> Iterator[Register]:
    """The archive, for an act while no daemon runs; it is made only where it may be ``new``."""
    from mailbot.app import log, setup
    from mailbot.app.office import finish
    from mailbot.store import archive, state

    log.start("error")
    if not new and not os.path.isdir(config.store.folder):
        raise _no_archive(config)
    try:
        kept, register = setup.opened(config)
    except (archive.Locked, state.Locked) as error:
        raise Stop(str(error)) from None
    try:
        yield register
    finally:
        finish(kept, register)


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
