"""``mailbot simulate``: an operator tries a policy or a wording with a scene. Nothing that is kept is touched."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.cli.opening import Stop, config_of

if TYPE_CHECKING:
    from mailbot.scene import Scene
    from mailbot.simulate import Given


def run_simulate(args: argparse.Namespace) -> int:
    from mailbot import simulate
    from mailbot.app import log

    config = config_of(args)
    scene = _scene(args.scene)
    if args.out is not None:
        _clear(args.out)
    log.start("error")
    came, sent = simulate.simulate(scene, config, args.out / "published" if args.out else None)
    lists = {one.list.address: f"[{one.list.name}]" for one in config.each}
    rows = [simulate.row(given, simulate.file_name(given, n), lists) for n, given in enumerate(sent, 1)]
    if args.out is not None:
        simulate.leave(args.out, came, sent, rows)
    for given, row in zip(sent, rows, strict=True):
        if args.json:
            print(json.dumps(row, ensure_ascii=False))
        elif args.out is not None:
            print(simulate.as_line(row))
        else:
            print(_shown(given, row["to"]))
    if not args.json:
        mails = sum(bool(given.name and given.raw) for given in came)
        print(
            f"{scene.title}: {mails} mail{'s' * (mails != 1)} in, {len(sent)} out{f', left in {args.out}' if args.out else ''}."
        )
    return 0


def _scene(path: Path) -> Scene:
    from mailbot.scene import load

    shipped = Path(__file__).parent.parent / "scenes" / f"{path.name}.toml"
    try:
        return load(path if path.exists() or not shipped.exists() else shipped)
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise Stop(str(error)) from None


def _clear(out: Path) -> None:
    """Takes away what an earlier run left, and nothing else."""
    if os.path.exists(out):
        if any(out.iterdir()) and not (out / "index.txt").exists():
            raise Stop(f"{out} has files that are no simulation's; name another folder with --out.")
        for folder in ("in", "out", "published"):
            shutil.rmtree(out / folder, ignore_errors=True)


def _shown(given: Given, to: str) -> str:
    body = given.mail.get_body(("plain",))
    text = body.get_content().rstrip() if body else ""
    subject = " ".join(str(given.mail["Subject"]).split())
    return f"{given.at:%a %Y-%m-%d %H:%M} UTC\nTo: {to}\nSubject: {subject}\n\n{text}\n\n{'=' * 72}\n"
