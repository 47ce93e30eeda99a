"""Every crash point tried once: each write, fsync, rename, truncate, unlink and new file of an office from mail in to report out.

``python -m tests.fault_table`` prints the table: the point, what was lost, what was repeated. ``--once``: the short form, each
kind of point at its first and its last place, in one way; ``--only Table``, ``Again``, ``Boxes``: the way of a mail, second
crashes while a start mends, a mailbox. The story runs in a forked
child that is ended (``os._exit``) at call number N, before it is done or with half of a write done. What is there then is
looked at twice: as after kill -9 (all that was written is there) and as after a power loss (only what was synced is there:
contents as at their last fsync, names as at the last fsync of their folder). Then an office starts, the smarthost and the
mail servers try again what they were not answered for, and everything is counted.
"""

from __future__ import annotations

import asyncio
import functools
import re
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
from mailbot.app.rows import differences
from mailbot.config import Config
from mailbot.core.message import parse
from mailbot.outbox.post import Outcome, Post
from mailbot.store import journal
from mailbot.store.archive import Archive, Arrival
from mailbot.store.state import MemoryState
from tests.daemon_process import LIST, mail
from tests.fault_disk import ENDED, Disk, child, known

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
    """A fifth of a second a look."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=0.2)
        return self.now


made = setup.renderer


@functools.lru_cache(maxsize=1)
def renderer_of(config: Config) -> Any:
    """One for all lives: its templates are compiled once."""
    return made(replace(config, store=Config().store, publish=replace(config.publish, folder=None)))


class Story:
    """An office on ``home``, played from its start, or taken up again after a crash. ``disk``: where it will be ended."""

    disk: Disk | None = None

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
        assert not room.paused, "what an operator was told is lost"
        await self.settle()
        self.take(MAILS[4])
        await self.settle()
        self.once("redacted", lambda: register.redact("2@example.org"))
        await self.settle()
        self.office.close()


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
    kept, fresh = state_and_fresh(story.config)
    wrong += differences(kept, fresh)
    kept.archive.close()
    return wrong, repeated, Counter(key.partition(":")[0] for key in keys)


def state_and_fresh(config: Config) -> tuple[Any, Any]:
    """The register as it is kept, and one made anew from the same archive."""
    kept = setup.looked_at(config)
    fresh = setup.register(config, kept.archive, MemoryState())
    fresh.rebuild()
    return kept, fresh


def kind_of(point: str) -> str:
    """The same in each month."""
    return re.sub(r"\d{4}-\d\d(-\d\d[\w-]*)?", "MONTH", point)


def ways(point: str, number: int, *, whole: bool) -> list[str]:
    """How it can end there; in the short form one of them, taking turns."""
    found = ["kill", "power"] + (["kill, half written"] if point.startswith(("write", "pwrite")) else [])
    return found if whole else [found[number % len(found)]]


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
            disk = Disk(story.home, self.folder / "lost", -1)
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
        for name in ("home", "lost", "facts"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        known(self.folder / "lost").unlink(missing_ok=True)
        (self.folder / "home" / "public").mkdir(parents=True)
        (self.folder / "facts").mkdir()

    def crash(self, story: Story, play: Callable[[], None], number: int, how: str, of: str = "") -> bool:
        """Ends ``play`` at its point ``number`` (of a pattern), and leaves the folder as that way of a crash does.

        False: no such point."""
        lost = self.folder / "lost"
        shutil.rmtree(lost, ignore_errors=True)
        disk = story.disk = Disk(story.home, lost, number, how.endswith("half written"), known(lost), of)

        def ended() -> None:
            disk.watch()
            play()

        if child(ended) != ENDED:
            return False
        if how == "power":
            shutil.rmtree(story.home)
            shutil.move(lost, story.home)
            (story.home / "public").mkdir(exist_ok=True)
            known(lost).unlink()
        return True

    def taken_up(self, number: int, point: str, how: str) -> Row:
        """The last life: it plays to the end, and everything is counted."""
        again = Story(self.folder / "home", self.folder / "facts", NOON + timedelta(minutes=2))
        said: list[str] = []
        try:
            asyncio.run(again.play())
            wrong, repeated, kinds = count(again)
            if kinds != self.clean:
                said.append(f"notices: {kinds - self.clean} too many, {self.clean - kinds} too few")
        except Exception as error:
            wrong, repeated = [f"{type(error).__name__}: {error}"], []
        return Row(number, point, how, (*wrong, *said), tuple(repeated))

    def row(self, number: int, how: str, point: str = "") -> Row | None:
        """None where the story has no such point."""
        self.begin()
        story = Story(self.folder / "home", self.folder / "facts")
        ended = self.crash(story, lambda: asyncio.run(story.play()), number, how)
        return self.taken_up(number, point, how) if ended else None

    def rows(self, *, whole: bool) -> Iterator[Row]:
        """``whole``: each point in every way it can be met, else each kind at its first and last place, the ways taking turns."""
        story = self.points()
        kinds = [kind_of(point) for point in story]
        for number, point in enumerate(story, 1):
            if not whole and kinds[number - 1] in kinds[: number - 1] and kinds[number - 1] in kinds[number:]:
                continue
            for how in ways(point, number, whole=whole):
                if (found := self.row(number, how, point)) is not None:
                    yield found


def main() -> int:
    from tests.fault_imap import Boxes  # they build on this module
    from tests.fault_recovery import Again

    log.start("critical")
    whole = "--once" not in sys.argv
    tables: list[type[Table]] = [Table, Again, Boxes]
    if "--only" in sys.argv:
        tables = [table for table in tables if table.__name__ in sys.argv]
    if "--unsynced" in sys.argv:  # what if fsync did nothing? So that the table is known to see it
        Disk.sync = lambda *_: None  # type: ignore[method-assign]
        tables = [Table]
    bad = tried = 0
    print(f"{'point':76} {'how':20} {'lost':20} repeated")
    for table in tables:
        with tempfile.TemporaryDirectory(prefix="fault-table-") as folder:
            for row in table(Path(folder)).rows(whole=whole):
                tried += 1
                if bad and "--unsynced" in sys.argv:
                    break
                bad += bool(row.wrong)
                lost, repeated = "; ".join(row.wrong) or "nothing", ", ".join(row.repeated) or "nothing"
                print(f"{row.number:4} {row.point[:70]:71} {row.how:20} {lost:20} {repeated}", flush=True)
    code = int(bool(bad) or not tried)
    print(f"{tried} crashes, {bad} with something lost or doubled; exit {code}")
    return code


if __name__ == "__main__":
    from tests.fault_table import main as run  # the same module as the other two know

    sys.exit(run())
