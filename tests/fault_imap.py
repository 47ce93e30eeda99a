"""Crash points between a mailbox and the archive: the commit, the cursor, ``\\Seen`` and the move. Part of ``tests.fault_table``.

Law: ``\\Seen`` and the move come after the archive's fsync (L11), and the cursor is what the archive says, so that a crash in
between loses no mail and takes none twice. What was taken and not moved is moved at the next login.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from mailbot.app.rows import differences
from mailbot.core.message import parse
from mailbot.intake import imap
from mailbot.intake.imap import ImapIntake
from mailbot.intake.mailbox import Mailbox
from mailbot.store.archive import Archive, Arrival
from tests.daemon_process import mail
from tests.fault_disk import Disk, child
from tests.fault_table import NOON, Row, Story, Table, state_and_fresh, ways

LABEL = "bot@mail.example.org/INBOX"
FIRST = tuple(
    mail(f"{n}@example.org", f"Trouble {'abc'[n - 1]}", "Since 11:50 UTC nobody can log in.") for n in (1, 2, 3)
)
LATER = tuple(
    mail(f"{n}@example.org", f"Re: Trouble {'ab'[n - 4]}", "STATUS", answers=f"{n - 3}@example.org") for n in (4, 5)
)


class Server:
    """A mailbox on another machine: what is in it survives our crashes. UIDs count from 1; ``marks``: seen, moved."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"mails": [], "seen": [], "moved": []}
        return json.loads(self.path.read_text()) if self.path.exists() else empty

    def deliver(self, *mails: bytes) -> None:
        box = self.all()
        box["mails"] += [m.decode() for m in mails if m.decode() not in box["mails"]]
        self.path.write_text(json.dumps(box))

    def mark(self, what: str, uids: Sequence[int]) -> None:
        box = self.all()
        box[what] = sorted({*box[what], *uids})
        self.path.write_text(json.dumps(box))


class Client:
    """What ``ImapIntake`` asks of imapclient. It stops the intake when there is nothing new."""

    def __init__(self, server: Server, point: Callable[[str], None], stop: threading.Event) -> None:
        self.server, self.point, self.stop = server, point, stop

    def login(self, *_: str) -> None:
        pass

    def folder_exists(self, _name: str) -> bool:
        return True

    def has_capability(self, name: str) -> bool:
        return name == "MOVE"

    def select_folder(self, _name: str, **_more: Any) -> dict[bytes, int]:
        count = len(self._there())
        return {b"UIDVALIDITY": 7, b"EXISTS": count, b"UIDNEXT": len(self.server.all()["mails"]) + 1}

    def _there(self) -> dict[int, bytes]:
        box = self.server.all()
        return {n: text.encode() for n, text in enumerate(box["mails"], 1) if n not in box["moved"]}

    def search(self, criteria: Sequence[str]) -> list[int]:
        low, colon, _ = str(criteria[-1]).partition(":")
        if not colon:
            return [uid for uid in self._there() if str(uid) in low.split(",")]
        found = [uid for uid in self._there() if uid >= int(low)]
        if not found:
            self.stop.set()
        return found

    def fetch(self, uids: Sequence[int], what: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        there = self._there()
        if what == ["RFC822.SIZE"]:
            return {uid: {b"RFC822.SIZE": len(there[uid])} for uid in uids}
        return {uid: {b"BODY[]": there[uid]} for uid in uids}

    def add_flags(self, uids: Sequence[int], _flags: Sequence[bytes], **_more: Any) -> None:
        self.point("imap +FLAGS \\Seen")
        self.server.mark("seen", uids)
        self.point("imap +FLAGS \\Seen, done")

    def move(self, uids: Sequence[int], _target: str) -> None:
        self.point("imap MOVE")
        self.server.mark("moved", uids)
        self.point("imap MOVE, done")

    def noop(self) -> None:
        pass

    logout = shutdown = noop


class Fetching(Story):
    """The same office with a mailbox as its way in. ``after`` as in the configuration."""

    after = "move:Taken"

    def __init__(self, home: Path, facts: Path, begin: Any = NOON) -> None:
        super().__init__(home, facts, begin)
        self.server = Server(facts / "mailbox")
        self.config = replace(self.config, publish=replace(self.config.publish, folder=None))

    def fetch(self) -> None:
        """A session until nothing is new; the cursor is what the register knows, as at a start."""
        stop, disk = threading.Event(), self.disk
        known = self.office.register.mailboxes.cursors.get(LABEL)
        latest = self.office.register.mailboxes.latest.get(LABEL, ())
        box = Mailbox("mail.example.org", 143, "bot", "secret", after=self.after, poll=0.01)

        def accept(raw: bytes, way: str) -> None:
            where = f"imap {LABEL} {way.rpartition(' ')[2]}"
            self.office.archive.append("in", raw, Arrival(where, trust=self.office.trust(raw))).result(20)

        client = Client(self.server, disk.point if disk else lambda _: None, stop)
        imap.connect = lambda _: client  # type: ignore[assignment, attr-defined, return-value]
        cursor = (known[0], known[1]) if known else None
        ImapIntake(box, accept, cursor, lambda *_, **__: None, latest=latest).run(stop)

    async def play(self) -> None:
        self.open()
        for mails in (FIRST, LATER):
            self.server.deliver(*mails)
            self.fetch()
            await self.settle()
        self.office.close()


class Boxes(Table):
    """``rows`` of crashes with a mailbox."""

    def points(self) -> list[str]:
        self.begin()
        story = Fetching(self.folder / "home", self.folder / "facts")

        def play() -> None:
            disk = story.disk = Disk(story.home, self.folder / "lost", -1)
            disk.watch()
            asyncio.run(story.play())
            (self.folder / "points").write_text("\n".join(disk.points))

        assert child(play) == 0
        wrong, left = self.count(story)
        assert [*wrong, *left] == []
        points = (self.folder / "points").read_text().split("\n")
        first = next(n for n, point in enumerate(points) if "in-2" in point)
        return [""] * first + points[first:]  # before the first mail it is the other table's

    def rows(self, *, whole: bool) -> Iterator[Row]:
        """``whole``: each point from the first mail on; else those between the mailbox and the archive."""
        for number, point in enumerate(self.points(), 1):
            if not whole and not ("in-2" in point or "imap" in point):
                continue
            for how in ways(point, number, whole=whole):
                if point and (row := self._row(number, point, how)) is not None:
                    yield row

    def _row(self, number: int, point: str, how: str) -> Row | None:
        self.begin()
        story = Fetching(self.folder / "home", self.folder / "facts")
        if not self.crash(story, lambda: asyncio.run(story.play()), number, how):
            return None
        again = Fetching(self.folder / "home", self.folder / "facts", NOON + timedelta(minutes=1))
        asyncio.run(again.play())
        wrong, left = self.count(again)
        return Row(number, f"mailbox: {point}", how, tuple(wrong), tuple(left))

    def count(self, story: Fetching) -> tuple[list[str], list[str]]:
        """What is wrong; and which mails went out again, or stayed in the box unmarked though they are taken."""
        wrong: list[str] = []
        with Archive(story.config.store.folder, readonly=True, log=wrong.append) as archive:
            records = list(archive.records())
        came = Counter(parse(r.raw).message_id for r in records if r.direction == "in")
        for n in range(1, len(FIRST) + len(LATER) + 1):
            if came[f"{n}@example.org"] != 1:
                wrong.append(f"{n}@example.org is there {came[f'{n}@example.org']} times")
        keys = Counter(
            k for r in records if r.direction == "out" for k in parse(r.raw).header("x-mailbot-notice").split()
        )
        wrong += [f"{key} was written {n} times" for key, n in keys.items() if n > 1]
        if len(keys) != len(FIRST) + len(LATER):
            wrong.append(f"{len(keys)} notices, not one for each mail")
        box = story.server.all()
        wrong += [f"UID {uid} was marked before it was taken" for uid in box["seen"] if not came[f"{uid}@example.org"]]
        kept, fresh = state_and_fresh(story.config)
        wrong += differences(kept, fresh)
        kept.archive.close()
        taken = Counter(story.taken.all())
        wrong += [f"{line} went out {n} times" for line, n in taken.items() if n > 2]
        again = [line.split()[0].split(".")[1] for line, n in taken.items() if n > 1]
        return wrong, again + [f"UID {n} stays" for n in range(1, len(box["mails"]) + 1) if n not in box["moved"]]
