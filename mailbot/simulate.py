"""``mailbot simulate``: a scene through the whole program, on a clock that jumps from one due time to the next.

Everything is what ``mailbot run`` does (archive, register, mailroom, hand-over, restart from what was kept), but for the
sockets: mails are put into the archive as intake does, and the smarthost keeps what it is given. The law: the same scene
and configuration give the same mails, byte for byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory

from mailbot.app.office import Office
from mailbot.app.routing import route
from mailbot.config import Config
from mailbot.core.due import period_before
from mailbot.core.incident import undo_code
from mailbot.outbox.post import Outcome, Post, Smarthost
from mailbot.scene import Earlier, Scene, Step, mail
from mailbot.store.archive import Arrival

LOOK = timedelta(hours=1)  # it looks as often as this, whatever it was told is due next
MEMORY, ENOUGH = "/dev/shm", 1 << 29  # bytes; a year on a busy list takes a tenth of it
SECRET = b"of a scene, which gives the same bytes again"
AGAIN = timedelta(seconds=15)  # after a look at which something stayed due


@dataclass(frozen=True)
class Given:
    """One mail that went in or out, as it was on the wire."""

    at: datetime  # UTC: handed over, or accepted
    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    name: str = ""  # the step it is, "" for ours
    skipped: str = ""  # why a mail of the scene could not be written

    @cached_property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(str(self.mail["X-Mailbot-Notice"] or "").split())

    @property
    def kind(self) -> str:
        """ack, receipt, digest; as its Message-ID says it, in which an answer is named after its keyword."""
        return next(p for p in str(self.mail["Message-ID"]).strip("<>").split(".") if not p.startswith("INC-"))

    @property
    def incident(self) -> str:
        return str(self.mail["X-Mailbot-Incident"] or "")


class Kept(Post):
    """A smarthost that keeps what it is given; 451 to all while it refuses."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Smarthost("nowhere", 0))
        self.clock, self.taken, self.refuses = clock, list[Given](), False

    def hand_over(self, raw: bytes, sender: str, recipients: Sequence[str]) -> list[Outcome]:
        if self.refuses:
            return [Outcome(r, "deferred", "451 4.3.0 not now") for r in recipients]
        given = Given(self.clock.now, raw, sender, tuple(recipients))
        if (
            self.taken and self.taken[-1].raw == raw and self.taken[-1].at == given.at
        ):  # one mail, recipient by recipient
            given = replace(given, recipients=(*self.taken.pop().recipients, *given.recipients))
        self.taken.append(given)
        return [Outcome(r, "sent", "250 OK") for r in recipients]

    def close(self) -> None:
        pass


class Clock:
    """Stands still until it is moved, and never goes back."""

    def __init__(self, start: datetime) -> None:
        self.now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, to: datetime) -> None:
        self.now = max(self.now, to.astimezone(UTC))


def simulate(scene: Scene, config: Config, published: Path | None = None) -> tuple[list[Given], list[Given]]:
    """(mails that went in, mails that went out), in their order. Nothing of ``config`` that stands on disk is touched:
    archives are made in a folder that is thrown away, and so are published reports where no folder is given for them.
    OSError where that cannot be."""
    with TemporaryDirectory(prefix="mailbot-simulate-", dir=_memory()) as folder:
        play = Play(scene, _elsewhere(config, Path(folder), published or Path(folder) / "published"))
        asyncio.run(play.run())
    return play.came, play.post.taken


def _memory() -> str | None:
    """A folder in memory, where a sync costs nothing: on a busy disk a year waits longer for those than for all else."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and disk_usage(MEMORY).free > ENOUGH:
            return MEMORY
    return None


def _elsewhere(config: Config, folder: Path, published: Path) -> Config:
    lists = tuple(
        _elsewhere(one, folder / one.store.folder.name, published / one.store.folder.name) for one in config.lists
    )
    publish = replace(config.publish, folder=published if config.publish.folder else None)
    return replace(config, store=replace(config.store, folder=folder), publish=publish, lists=lists)


class Play:
    def __init__(self, scene: Scene, config: Config) -> None:
        self.scene, self.config = scene, config
        self.clock = Clock(scene.steps[0].arrives or scene.steps[0].at)
        self.post = Kept(self.clock)
        self.came: list[Given] = []
        self.offices: list[Office] = []
        self._held: list[Given] = []  # while the daemon is down the list server tries again and again
        self._earlier: dict[str, Earlier] = {}
        self._opened: dict[str, str] = {}  # Message-ID of a step -> its name
        self._gaps: dict[str, str] = {}
        self._seen = 0  # of what was sent
        self._looked = self.clock.now

    async def run(self) -> None:
        self._start()
        try:
            for step in sorted(self.scene.steps, key=lambda s: s.arrives or s.at):
                await self._until(step.arrives or step.at)
                self._do(step)
                await self._settle()
        finally:
            self._stop()

    def _start(self) -> None:
        for config in self.config.each:
            office = Office(config, self.post, self.clock)
            office.secret = SECRET
            self.offices.append(office)
            office.load()
            office.begin()
        held, self._held = self._held, []
        for each in held:
            self._deliver(replace(each, at=self.clock.now))

    def _stop(self) -> None:
        for office in self.offices:
            office.close()
        self.offices = []

    # ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _until(self, at: datetime) -> None:
        while self.offices and (following := self._next()) < at:
            self.clock.move(following)
            await self._settle()
        self.clock.move(at)

    def _next(self) -> datetime:
        """When something is due next, and at the latest when it looks again anyway."""
        now = self.clock.now
        times = [self._looked + LOOK]
        for office in self.offices:
            waiting = (w.next_at for w in office.register.outbox.values() if w.next_at is not None)
            woken = (datetime.fromtimestamp(at, UTC) for at in office.register.wake.values())
            times += [at if at > now else now + AGAIN for at in (*waiting, *woken)]
            for days in (1, 2, 7, 8):  # a day may have 25 hours
                period = period_before(now + timedelta(days=days), office.policy)
                times += [period.end] if period is not None and period.end > now else []
        return min(times)

    async def _settle(self) -> None:
        """All is read, written and handed over, and what the list sends back is read too."""
        self._looked = self.clock.now
        while self.offices:
            for office in self.offices:
                while (taken := await office.round()) != 0:
                    if taken < 0:
                        raise OSError("the archive of the simulation cannot be read")
                await office.mailroom.hand_over(self.clock(), lambda: False)
            if self._seen == len(self.post.taken):
                return
            for ours in self.post.taken[self._seen :]:
                self._sent(ours)
            self._seen = len(self.post.taken)

    # ── mails ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _do(self, step: Step) -> None:
        if step.act == "start" and not self.offices:
            self._start()
        elif step.act == "stop":
            self._stop()
        elif step.act in ("pause", "resume"):
            for office in self.offices:
                office.mailroom.pause(step.act == "pause")
        elif step.act:
            self.post.refuses = step.act == "refuse"
        if step.who:
            self._deliver(self._written(step))

    def _written(self, step: Step) -> Given:
        """The mail of a step. One that answers a notice which never went out is not written, as it would not be."""
        asked = self._asked(step)
        bot = self.config.each[0].list.bot
        to = {"bot": bot, "": asked.reply_to if asked else ""}.get(step.to, step.to) or self.config.each[0].list.address
        sender = "" if "MAILER-DAEMON" in step.who else parseaddr(step.who)[1]
        try:
            earlier = self._earlier if asked is None else {step.answers: asked}
            message, message_id = mail(step, earlier, to, self._gaps)
        except KeyError as error:
            return Given(self.clock.now, b"", sender, (to,), step.name, f"there is no {error.args[0]}")
        self._earlier[step.name] = Earlier(message_id, step.at, step.who, step.text, "", str(message["Subject"]))
        self._opened[message_id] = step.name
        self._gaps[f"undo:{step.name}"] = undo_code(message_id)
        return Given(self.clock.now, message.as_bytes(), sender, (to,), step.name)

    def _asked(self, step: Step) -> Earlier | None:
        """The notice that a step answers: the latest to its writer, else to the list."""
        if not step.answers.startswith("notice "):
            return self._earlier.get(step.answers)
        own = self._earlier.get(f"{step.answers} {parseaddr(step.who)[1]}")
        return own or self._earlier.get(step.answers)

    def _deliver(self, given: Given) -> None:
        if not given.raw:
            self.came.append(given)
        elif not self.offices:
            self._held.append(given)
        else:
            self.came.append(given)
            for office in route(self.offices, given.raw, given.recipients):
                trust = office.trust(given.raw, given.recipients)
                arrival = Arrival("smtp scene", given.sender, given.recipients, trust)
                office.archive.append("in", given.raw, arrival).result()

    def _sent(self, ours: Given) -> None:
        """A mail of ours, as those who may answer it see it."""
        parsed = ours.mail
        body = parsed.get_body(("plain",))
        text = body.get_content() if body else ""
        reply_to = str(parsed["Reply-To"] or "")
        to_list = {one.list.address for one in self.config.each} & set(ours.recipients)
        known = Earlier(
            str(parsed["Message-ID"]).strip("<>"), ours.at, str(parsed["From"]), text, reply_to, str(parsed["Subject"])
        )
        root = str(parsed["References"] or "").partition(" ")[0].strip("<>")
        names = [f"notice {ours.kind}"]
        if opener := self._opened.get(root):
            names.append(f"notice {ours.kind} {opener}")
            self._gaps.setdefault(f"id:{opener}", ours.incident)
        for name in names:
            if to_list:
                self._earlier[name] = known
            self._earlier |= {f"{name} {address}": known for address in ours.recipients}
        if self.scene.echo and to_list:
            self._deliver(replace(ours, sender="list-bounces@lists.example.org", recipients=tuple(sorted(to_list))))


# ── what is left of it ────────────────────────────────────────────────────────────────────────────────────────────────


def row(given: Given, file: str, lists: Mapping[str, str]) -> dict[str, str]:
    """A line of the index. ``lists``: addresses of lists, by what they are called."""
    to = [lists.get(address, address) for address in given.recipients]
    return {
        "at": f"{given.at:%Y-%m-%dT%H:%M:%SZ}",
        "kind": given.kind,
        "incident": given.incident,
        "to": " ".join(to),
        "subject": " ".join(str(given.mail["Subject"]).split()),
        "keys": " ".join(given.keys),
        "file": file,
    }


def file_name(given: Given, number: int) -> str:
    about = f"-{given.incident}" if given.incident else ""
    return f"{given.at:%Y%m%dT%H%M%SZ}-{number:04}-{given.kind}{about}.eml"


def leave(out: Path, came: Sequence[Given], sent: Sequence[Given], rows: Sequence[Mapping[str, str]]) -> None:
    """Writes in/ (the scene's mails as they were accepted), out/ (one file a notice) and index.txt."""
    for folder in ("in", "out"):
        (out / folder).mkdir(parents=True)
    for number, given in enumerate(came, 1):
        if given.raw and given.name:  # what came back from the list is in out/ already
            path = out / "in" / f"{given.at:%Y%m%dT%H%M%SZ}-{number:04}-{given.name}.eml"
            path.write_bytes(given.raw.replace(b"\r\n", b"\n"))
    for given, line in zip(sent, rows, strict=True):
        (out / "out" / line["file"]).write_bytes(given.raw.replace(b"\r\n", b"\n"))
    lines = [f"{as_line(line)}  {line['file']}\n" for line in rows]
    lines += [
        f"{given.at:%Y-%m-%d %H:%M}  not written: {given.name}, {given.skipped}\n" for given in came if given.skipped
    ]
    (out / "index.txt").write_text("".join(lines), encoding="utf-8")


def as_line(line: Mapping[str, str]) -> str:
    at = datetime.fromisoformat(line["at"])
    return f"{at:%Y-%m-%d %H:%M}  {line['kind']:16}  {line['incident']:16}  {line['to'][:40]:24}  {line['subject']}"
