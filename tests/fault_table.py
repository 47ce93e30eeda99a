"""Every crash point tried once: each write, fsync, rename, truncate, unlink and new file of an office from mail in to report out.

``python -m tests.fault_table`` prints the table (``--once``: each point in one way only): the point, what was lost, what was
repeated. The story runs in a forked
child that is ended (``os._exit``) at call number N, before it is done or with half of a write done. What is there then is
looked at twice: as after kill -9 (all that was written is there) and as after a power loss (only what was synced is there:
contents as at their last fsync, names as at the last fsync of their folder). Then an office starts, the smarthost and the
mail servers try again what they were not answered for, and everything is counted.
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from mailbot.app import log, setup
from mailbot.app.importing import bring_in
from mailbot.app.office import Office
from mailbot.config import Config
from mailbot.core.message import parse
from mailbot.outbox.post import Outcome, Post
from mailbot.store import journal
from mailbot.store.archive import Archive, Arrival
from mailbot.store.state import MemoryState
from tests.daemon_process import LIST, mail

NOON = datetime(2026, 11, 30, 23, 59, 55, tzinfo=UTC)  # the month changes on the way
SECRET = b"correct horse battery staple"
OLD = mail(
    "old@example.org",
    "An outage of last year",
    "It began at 11:50 UTC.",
    more="Date: Mon, 1 Sep 2025 12:00:00 +0000\r\n",
)
MAILS = (
    mail("1@example.org", "Logins fail", "Since 11:50 UTC nobody can log in."),
    mail("2@example.org", "Re: Logins fail", f"HANDOFF bob@example.org\n{SECRET.decode()}", answers="1@example.org"),
    mail("3@example.org", "Mirror is slow", "Since 11:55 UTC all mirrors are slow.", sender="bob@example.org"),
    mail("4@example.org", "Re: Logins fail", "RESTORED 12:10Z\nRESOLVED", answers="1@example.org"),
    mail("5@example.org", "Re: Logins fail", "REVIEWED", sender="carol@example.org", answers="1@example.org"),
)


class Line:
    """Facts of others (who was told 250, what the smarthost took): not on our disk, so they survive every crash."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, fact: str) -> None:
        with self.path.open("a") as file:
            file.write(fact + "\n")

    def all(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


class Smarthost:
    """Takes everything, and remembers it."""

    def __init__(self, taken: Line) -> None:
        self.taken = taken

    def hand_over(self, raw: bytes, _sender: str, recipients: Sequence[str]) -> list[Outcome]:
        message_id = parse(raw).message_id
        for recipient in recipients:
            self.taken.add(f"{message_id} {recipient}")
        return [Outcome(recipient, "sent", "250 OK") for recipient in recipients]

    def close(self) -> None:
        pass


class Clock:
    """A second a look."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=0.2)
        return self.now


@functools.lru_cache(maxsize=1)
def renderer_of(config: Config) -> Any:
    return setup_renderer(replace(config, store=Config().store, publish=replace(config.publish, folder=None)))


setup_renderer = setup.renderer


class Story:
    """An office on ``home``, played from its start, or taken up again after a crash."""

    def __init__(self, home: Path, facts: Path, begin: datetime = NOON) -> None:
        default = Config()
        self.home = home
        self.told, self.taken = Line(facts / "told"), Line(facts / "taken")
        self.config = replace(
            default,
            list=replace(default.list, address=LIST, bot="mailbot@example.org", id="incident.example.org"),
            store=replace(default.store, folder=home / "kept"),
            publish=replace(default.publish, folder=home / "public"),
            budget=replace(default.budget, incident_day=1000, list_hour=1000, sender_day=1000),
        )
        self.clock = Clock(begin)

    def open(self) -> None:
        self.office = Office(self.config, cast(Post, Smarthost(self.taken)), self.clock)
        self.office.load()
        self.office.begin()

    async def settle(self) -> None:
        while await self.office.round() != 0:
            pass
        await self.office.mailroom.hand_over(self.clock(), lambda: False)
        while await self.office.round() != 0:
            pass

    def take(self, *mails: bytes) -> None:
        """They come in over several connections; who gets no answer tries again, as mail servers do."""
        waiting = [m for m in mails if parse(m).message_id not in self.told.all()]
        futures = [
            self.office.archive.append("in", m, Arrival("smtp 127.0.0.1", "ann@example.org", (LIST,))) for m in waiting
        ]
        for future, raw in zip(futures, waiting, strict=True):
            future.result(20)
            self.told.add(parse(raw).message_id)

    def once(self, fact: str, do: Callable[[], object]) -> None:
        """An operator's act: repeated until it said that it is done."""
        if fact not in self.told.all():
            do()
            self.told.add(fact)

    async def play(self) -> None:
        self.open()
        old = self.home.parent / "old.eml"
        register, room = self.office.register, self.office.mailroom

        def bring() -> None:
            bring_in(register, [old], self.clock(), lambda *_: None)
            register.commit()

        self.once("imported", bring)
        await self.settle()
        self.take(MAILS[0])
        await self.settle()
        self.take(MAILS[1], MAILS[2])
        await self.settle()
        self.once("pause", lambda: room.pause(True))
        self.take(MAILS[3])
        await self.settle()
        self.once("resume", lambda: room.pause(False))
        room.pause(False) if room.paused else None
        await self.settle()
        self.take(MAILS[4])
        await self.settle()
        self.once("redacted", lambda: register.redact("2@example.org"))
        await self.settle()
        self.office.close()


# ── the disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Disk:
    """Counts the calls that change ``home``; at call ``stop`` the process ends. What a power loss would leave is kept."""

    def __init__(self, home: Path, lost: Path, stop: int, torn: bool) -> None:
        self.home, self.lost, self.stop, self.torn = home, lost, stop, torn
        self.points: list[str] = []
        self.contents: dict[int, bytes] = {}  # inode -> content at its last fsync
        self.names: dict[int, dict[str, tuple[int, bool]]] = {}  # folder's inode -> its names at its last fsync
        self.kept: list[int] = []  # an open descriptor each, so that no inode's number is used again
        self.real: dict[str, Any] = {}
        self.names[home.stat().st_ino] = {}

    def watch(self) -> None:
        for name in (
            "write",
            "pwrite",
            "fsync",
            "fdatasync",
            "ftruncate",
            "truncate",
            "rename",
            "replace",
            "unlink",
            "mkdir",
            "open",
        ):
            self.real[name] = getattr(os, name)
            setattr(os, name, functools.partial(self.call, name))

    def call(self, name: str, *args: Any, **more: Any) -> Any:
        path = self.path(args[0])
        new = name != "open" or (args[1] & os.O_CREAT and not os.path.exists(args[0]))
        if path is not None and new and path.suffix != ".tmp" * (name == "unlink"):
            self.point(name, path, args)
        if path is None or name not in ("fsync", "fdatasync", "mkdir", "open"):
            return self.real[name](*args, **more)
        if name in ("fsync", "fdatasync"):
            self.sync(args[0])
            return None
        made = self.real[name](*args, **more)
        if name == "open":
            self.kept.append(os.dup(made))
        return made

    def path(self, what: Any) -> Path | None:
        """The file, where it lies in ``home``."""
        try:
            path = Path(os.readlink(f"/proc/self/fd/{what}")) if isinstance(what, int) else Path(what)
        except OSError:
            return None
        return path if self.home in (path, *path.parents) else None

    def point(self, name: str, path: Path, args: tuple[Any, ...]) -> None:
        self.points.append(f"{name} {path.relative_to(self.home)}")
        if len(self.points) != self.stop:
            return
        if self.torn and name in ("write", "pwrite"):
            half = bytes(args[1])[: len(args[1]) // 2]
            self.real[name](args[0], half, *args[2:])
        self.leave()
        os._exit(9)

    def sync(self, fd: int) -> None:
        status = os.fstat(fd)
        link = f"/proc/self/fd/{fd}"
        if os.path.isdir(link):
            found = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(os.readlink(link))}
            self.names[status.st_ino] = found
        else:
            copy = self.real["open"](link, os.O_RDONLY)
            self.contents[status.st_ino] = os.pread(copy, status.st_size, 0)
            os.close(copy)

    def leave(self) -> None:
        """Writes what a power loss leaves into ``lost``."""
        for name in self.real:
            setattr(os, name, self.real[name])
        self._leave(self.home.stat().st_ino, self.lost)

    def _leave(self, folder: int, to: Path) -> None:
        to.mkdir(parents=True, exist_ok=True)
        for name, (inode, is_folder) in self.names.get(folder, {}).items():
            if is_folder:
                self._leave(inode, to / name)
            else:
                (to / name).write_bytes(self.contents.get(inode, b""))


# ── counting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Row:
    """One point, tried once: ``wrong`` is what was lost or doubled, ``repeated`` mails handed over twice under one id."""

    number: int
    point: str
    how: str  # "kill", "kill, half written", "power"
    wrong: tuple[str, ...]
    repeated: tuple[str, ...]


def count(story: Story) -> tuple[list[str], list[str], Counter[str]]:
    """What is wrong, what was repeated, and the notices by kind."""
    wrong: list[str] = []
    with Archive(story.config.store.folder, readonly=True, log=wrong.append) as archive:
        records = list(archive.records())
        done = Counter((line.message_id, line.recipient) for line in archive.sent_lines() if line.outcome == "sent")
    came = Counter(parse(r.raw).message_id for r in records if r.direction == "in")
    for message_id in (
        "1@example.org",
        "2@example.org",
        "3@example.org",
        "4@example.org",
        "5@example.org",
        "old@example.org",
    ):
        if not came[message_id]:
            wrong.append(f"{message_id} is lost")
    went = [parse(r.raw) for r in records if r.direction == "out"]
    keys = Counter(key for m in went for key in m.header("x-mailbot-notice").split())
    wrong += [f"{key} was written {n} times" for key, n in keys.items() if n > 1]
    taken = Counter(story.taken.all())
    repeated = [mail.split()[0].partition(".")[2].partition(".")[0] for mail, n in taken.items() if n > 1]
    wrong += [f"{mail} went out {n} times" for mail, n in taken.items() if n > 2]
    wrong += [f"{m.message_id} never went out" for m in went if not any(t.startswith(m.message_id) for t in taken)]
    wrong += [f"sent.log has {mail} {n} times" for mail, n in done.items() if n > 1]
    for path in story.home.rglob("*"):
        if path.is_file() and SECRET in path.read_bytes():
            wrong.append(f"{path.name} has what was redacted")
    if len(list((story.home / "public").glob("2*.md"))) != 1:
        wrong.append("the published report is not there")
    kept = setup.looked_at(story.config)
    fresh = setup.register(story.config, kept.archive, MemoryState())
    fresh.rebuild()
    wrong += setup_differences(kept, fresh)
    kept.archive.close()
    return wrong, repeated, Counter(key.partition(":")[0] for key in keys)


def setup_differences(kept: Any, fresh: Any) -> list[str]:
    from mailbot.app.rows import differences

    return differences(kept, fresh)


def child(work: Callable[[], None]) -> int:
    """Runs it in a forked process; its exit code (9: it was ended at its point)."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Table:
    """All points, one after the other, below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "old.eml").write_bytes(OLD)
        setup.renderer = renderer_of
        journal.SMALL = 4000  # so that it compacts within the story
        self.clean: Counter[str] = Counter()

    def points(self) -> list[str]:
        """The calls of the story that nothing disturbs."""
        self.begin()
        story = Story(self.folder / "home", self.folder / "facts")

        def play() -> None:
            disk = Disk(story.home, self.folder / "lost", -1, False)
            disk.watch()
            asyncio.run(story.play())
            disk.leave()
            (self.folder / "points").write_text("\n".join(disk.points))

        assert child(play) == 0
        wrong, repeated, self.clean = count(story)
        assert not wrong, wrong
        assert not repeated, repeated
        return (self.folder / "points").read_text().split("\n")

    def begin(self) -> None:
        for name in ("home", "lost", "facts", "lost-facts"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "home" / "public").mkdir(parents=True)
        (self.folder / "facts").mkdir()

    def row(self, number: int, how: str) -> Row | None:
        """None where the story has no such point."""
        self.begin()
        story = Story(self.folder / "home", self.folder / "facts")
        disk = Disk(story.home, self.folder / "lost", number, how.endswith("half written"))
        point = ""

        def play() -> None:
            disk.watch()
            asyncio.run(story.play())

        if child(play) != 9:
            return None
        if how == "power":
            shutil.rmtree(story.home)
            shutil.move(self.folder / "lost", story.home)
            (story.home / "public").mkdir(exist_ok=True)
        again = Story(story.home, self.folder / "facts", NOON + timedelta(minutes=1))
        said: list[str] = []
        try:
            asyncio.run(again.play())
            wrong, repeated, kinds = count(again)
            if kinds != self.clean:
                said.append(f"notices: {kinds - self.clean} too many, {self.clean - kinds} too few")
        except Exception as error:
            wrong, repeated = [f"{type(error).__name__}: {error}"], []
        return Row(number, point, how, (*wrong, *said), tuple(repeated))

    def rows(self, *, whole: bool) -> Iterator[Row]:
        """``whole``: each point in every way it can be met, else each once, the ways taking turns."""
        for number, point in enumerate(self.points(), 1):
            ways = ["kill", "power"] + (["kill, half written"] if point.startswith(("write", "pwrite")) else [])
            for how in ways if whole else [ways[number % len(ways)]]:
                if (found := self.row(number, how)) is not None:
                    yield replace(found, point=point)


def main() -> int:
    log.start("critical")
    whole = "--once" not in sys.argv
    if "--unsynced" in sys.argv:  # what if fsync did nothing? So that the table is known to see it
        Disk.sync = lambda *_: None  # type: ignore[method-assign]
    bad = tried = 0
    with tempfile.TemporaryDirectory(prefix="fault-table-") as folder:
        print(f"{'point':56} {'how':20} {'lost':20} repeated")
        for row in Table(Path(folder)).rows(whole=whole):
            tried += 1
            if bad and "--unsynced" in sys.argv:
                break
            bad += bool(row.wrong)
            lost = "; ".join(row.wrong) or "nothing"
            print(
                f"{row.number:4} {row.point[:50]:51} {row.how:20} {lost:20} {', '.join(row.repeated) or 'nothing'}",
                flush=True,
            )
    print(f"{tried} crashes, {bad} with something lost or doubled")
    return 1 if bad or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
