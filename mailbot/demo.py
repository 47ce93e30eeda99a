"""``mailbot demo``: one incident, played through the real daemon over real SMTP, every mail shown as it comes and goes.

Only the clock is the scene's own: a week passes in seconds. Everything else is what ``mailbot run`` does: SMTP on
loopback, an archive folder, TinyDB, mails handed to a smarthost (here a sink that this module starts).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP as SinkServer
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from mailbot import simulate
from mailbot.app import log
from mailbot.app.daemon import Daemon
from mailbot.config import Config, Endpoint
from mailbot.core.incident import Incident
from mailbot.scene import Earlier, Scene, Step, load, mail

SCENE = Path(__file__).with_name("scenes") / "registry.toml"
MOST_LINES = 26  # of a mail are shown; the rest is in its file
PAUSE = 0.35  # seconds between mails, for the reader


class Clock(simulate.Clock):
    """The scene's time; each look is a millisecond later, so that nothing happens at once."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Sink:
    """Where the demo's mails go: a smarthost that keeps them in memory."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        if envelope.content not in self.mails:  # one mail may come recipient by recipient
            self.mails.append(envelope.content)
        return "250 OK"

    async def listen(self) -> tuple[asyncio.Server, int]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SinkServer(self, hostname="sink", enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        return server, int(server.sockets[0].getsockname()[1])


class Stage:
    """Shows mails on the terminal and leaves each one in a file."""

    def __init__(self, out: Path, console: Console) -> None:
        self.out, self.console, self.count = out, console, 0

    def step(self, step: Step) -> None:
        self.console.print()
        self.console.print(
            Rule(Text(f"{step.at.astimezone(UTC):%a %d %b %H:%M} UTC", style="bold"), align="left", style="dim")
        )
        if step.see:
            self.console.print(Text(step.see, style="italic"))

    def show(self, raw: bytes, incoming: bool) -> None:
        self.count += 1
        parsed = message_from_bytes(raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        kind = "in" if incoming else str(parsed["X-Mailbot-Notice"]).partition(":")[0]
        file = self.out / "mails" / f"{self.count:02}-{kind}.eml"
        file.write_bytes(raw.replace(b"\r\n", b"\n"))
        body = parsed.get_body(("plain",))
        lines = (body.get_content() if body else "").rstrip("\n").split("\n")
        shown = Text("\n".join(lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            shown.append(f"\n… {len(lines) - MOST_LINES} more lines in {file}", style="dim")
        head = Text()
        head.append(
            f"From:    {parsed['From']}\nTo:      {parsed['To']}\nSubject: {parsed['Subject']}",
            style="dim" if incoming else "cyan",
        )
        panel = Panel(
            Group(head, Text(), shown),
            title="in" if incoming else f"out: {kind}",
            title_align="left",
            border_style="white" if incoming else "cyan",
            width=76,  # a mail at 72 columns, and its frame
        )
        self.console.print(panel if incoming else Padding(panel, (0, 0, 0, 4)))

    def silent(self) -> None:
        self.console.print(Padding(Text("(nothing goes out)", style="dim"), (0, 0, 0, 4)))


def play(out: Path, *, fast: bool = False) -> int:
    """Plays the scene; mails, reports, archive and log are left in ``out``. 0, or 1 where the folder is somebody else's."""
    console = Console(width=80, highlight=False, soft_wrap=False)
    if out.exists() and not (out / "daemon.log").exists() and any(out.iterdir()):
        console.print(f"{out} has files that are not the demo's; name another folder with --out.")
        return 1
    shutil.rmtree(out, ignore_errors=True)
    (out / "mails").mkdir(parents=True)
    log.start("info", out / "daemon.log")
    asyncio.run(_play(load(SCENE), out, Stage(out, console), 0.0 if fast or not console.is_terminal else PAUSE))
    return 0


async def _play(scene: Scene, out: Path, stage: Stage, pause: float) -> None:
    sink = Sink()
    server, port = await sink.listen()
    default = Config()
    config = replace(
        default,
        smtp=replace(default.smtp, listen=Endpoint("127.0.0.1", 0)),
        store=replace(default.store, folder=out / "mailbot-data"),
        smarthost=replace(default.smarthost, port=port),
    )
    clock = Clock(scene.steps[0].at)
    ready = asyncio.Event()
    daemon = Daemon(config, clock)
    running = asyncio.create_task(daemon.run(lambda _: ready.set()))
    await asyncio.wait({running, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()  # it could not start: say why
    _welcome(stage.console, scene, config, daemon)
    try:
        await _steps(scene, daemon, clock, sink, stage, pause)
        renderer = daemon.mailroom.renderer
        _end(stage.console, daemon, out, lambda incident, name: renderer.report(incident, name, public=True))
    finally:
        daemon.stop()
        await running
        server.close()


async def _steps(scene: Scene, daemon: Daemon, clock: Clock, sink: Sink, stage: Stage, pause: float) -> None:
    earlier: dict[str, Earlier] = {}
    to = daemon.config.list.address
    for step in scene.steps:
        clock.move(step.at)
        stage.step(step)
        before = len(sink.mails)
        if step.who:
            message, message_id = mail(step, earlier, to)
            earlier[step.name] = Earlier(message_id, step.at, step.who, step.text)
            raw = message.as_bytes()
            stage.show(raw, incoming=True)
            await asyncio.to_thread(_send, daemon.ports["smtp"], raw, str(message["From"]), to)
        await daemon.settle()
        for written in sink.mails[before:]:
            await asyncio.sleep(pause)
            stage.show(written, incoming=False)
        if len(sink.mails) == before:
            stage.silent()
        await asyncio.sleep(pause)


def _send(port: int, raw: bytes, sender: str, to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="demo") as peer:
        peer.sendmail("" if "MAILER-DAEMON" in sender else sender, [to], raw)


def _welcome(console: Console, scene: Scene, config: Config, daemon: Daemon) -> None:
    console.print(Rule(Text("mailbot: incidents recorded by mail", style="bold")))
    console.print(
        f"A daemon listens on 127.0.0.1:{daemon.ports['smtp']}, behind {config.list.address}.\n"
        "People write to the list as they always did; nobody has an account.\n"
        f'The scene: "{scene.title}", played over SMTP, a week in seconds.'
    )


def _end(console: Console, daemon: Daemon, out: Path, report: Callable[[Incident, str], tuple[str, str]]) -> None:
    rows = daemon.register.incidents()
    incident = next(
        i for r in reversed(rows) if (i := daemon.register.look(r["id"])) is not None and i.status == "resolved"
    )
    console.print()
    console.print(
        Rule(Text(f"The timeline of {incident.id}, made from {incident.messages} mails, in UTC", style="bold"))
    )
    for entry in incident.timeline():
        until = f" (until {entry.until:%H:%M})" if entry.until else ""
        doubt = "" if entry.sure else " (?)"
        who = str(entry.who).split()[0]
        about = "~" if entry.about else " "
        source = f"  {entry.label}, {who}"
        line = f"{entry.utc:%d %b %H:%M} {about} {entry.what}{until}{doubt}"
        most = console.width - len(source)
        words = Text(line if len(line) <= most else line[: most - 1] + "…")
        words.append(source, style="dim")
        console.print(words)
    console.print()
    for template in ("instructlab", "debrief"):
        name, text = report(incident, template)
        file = out / "reports" / template / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        console.print(f"Report written: {file}", soft_wrap=True)
    console.print(Rule(Text("Try next", style="bold")))
    command = "mailbot" if shutil.which("mailbot") else os.path.relpath(Path(sys.executable).with_name("mailbot"))
    console.print(
        f"  cat {out}/reports/instructlab/*.md\n      the report as it would be published\n"
        f"  ls {out}/mails\n      every mail, in and out\n"
        f"  less {out}/mailbot-data/in-2026-11.mbox\n      the archive: plain mbox files\n"
        f"  {command} read YOUR.mbox\n      what it would understand of your list's old mails; keeps and sends nothing\n"
        f"  {command} run\n      your own, on 127.0.0.1:8025"
    )
