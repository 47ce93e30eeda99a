"""Mail out of an IMAP folder, one blocking thread a mailbox (imapclient).

Law: what is new is told by UIDVALIDITY and the highest UID taken, never by ``UNSEEN``: a person who reads the box first
hides nothing (lesson L10). ``\\Seen``, the move and the deletion come only after ``accept`` has returned, that is after
fsync (L11). Every trouble ends the session; the next one starts where the cursor stands, after a pause. What the server
does not give is told to ``keep``, which has it on disk, before the cursor passes it.

How the peer can hurt us, and what stands against it (L48): IDLE is never read with ``idle_check``, which spins when the
peer has closed (41,070 empty answers a second) and raises on a line that arrives in two pieces. We only wait until the
socket has something to say, or for a few minutes; then ``idle_done`` reads whole lines under the socket's timeout, and
NOOP and a search follow in any case, so that a notification that was lost costs minutes and no mail.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from imapclient import DELETED, SEEN, IMAPClient

from mailbot.intake.mailbox import LONGEST_IDLE, Mailbox, connect, log_in, shut, without_body

Accept = Callable[[bytes, str], None]
Keep = Callable[[str, str], None]
Cursor = tuple[int, int]
"""(UIDVALIDITY, highest UID taken)."""

PAUSES = (1, 2, 5, 10, 30, 60, 120, 300)  # seconds
LONG_ENOUGH = 60.0  # a session that lived so many seconds was a good one: the pauses start again from the first
# Seconds of the first IDLE after news; each quiet one doubles it. A notice that comes in the same packet as "+ idling"
# sits in imaplib's buffer where no poll of the socket sees it: mail that arrives between our search and IDLE (seen).
SETTLE = 2.0
WAKE = 0.5  # how often a wait looks whether it should stop
BURST = 0.1  # news come in bursts; and a chatty server cannot make us spin
UNMARKED = 500  # messages whose marks were refused are marked again at the next login: the last so many
GRACE = 1.0  # what is under way may end so long after a stop
BATCH = 100  # messages whose sizes are asked at once
GROUP = 20  # messages fetched at once, if all of them together are small
GROUP_BYTES = 1 << 20
HEADER_BYTES = 1 << 18  # kept of a mail that is over the limit
TRIES = 3  # then a message that does not come is set aside, and asked for again after AGAIN, twice that, … a day
AGAIN = 300.0
WINDOW = 50_000  # messages a search answers for: imaplib refuses lines over 1,000,000 bytes


class Unfetched(Exception):
    """The server listed a message and then did not give it."""


def backoff(attempt: int) -> float:
    """Seconds to wait after the given failure in a row (0 is the first)."""
    return float(PAUSES[min(max(attempt, 0), len(PAUSES) - 1)])


def way(folder: str, cursor: Cursor) -> str:
    """How the archive names where a message came from: "imap INBOX 123/45"."""
    return f"imap {folder} {cursor[0]}/{cursor[1]}"


def read_way(text: str) -> tuple[str, Cursor] | None:
    """Folder and cursor of what ``way`` wrote, None for any other way in."""
    found = re.fullmatch(r"imap (.+) (\d{1,10})/(\d{1,10})", text)
    return (found[1], (int(found[2]), int(found[3]))) if found else None


def in_groups(sizes: Mapping[int, int], limit: int) -> Iterator[list[int]]:
    """UIDs in order, in groups small enough to be fetched at once; what is over the limit stands alone."""
    group: list[int] = []
    total = 0
    for uid in sorted(sizes):
        weight = sizes[uid] if sizes[uid] <= limit else GROUP_BYTES + 1
        if group and (len(group) >= GROUP or total + weight > GROUP_BYTES):
            yield group
            group, total = [], 0
        group.append(uid)
        total += weight
    if group:
        yield group


def something_to_read(sock: socket.socket, seconds: float, over: Callable[[], bool]) -> bool:
    """Waits until the peer said something or has closed (True), or for that time or until it is ``over`` (False)."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while not over():
            left = until - time.monotonic()
            if left <= 0:
                return False
            if selector.select(min(left, WAKE)):
                return True
    return False


def _listed(uids: Iterable[int]) -> str:
    return ",".join(map(str, sorted(uids)))


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:500]


class ImapIntake:
    """Takes every message of one folder, in the order of their UIDs, and then what comes.

    ``accept(raw, way)`` returns after fsync; where it raises, nothing is marked, nothing behind that message is taken,
    and it is offered again after a pause. ``cursor`` is that of the last message the archive has of this mailbox, None
    for a start from nothing. ``log(fact, **fields)`` is told what happened; never the text of a mail or the password.

    ``aside``: what was set aside and did not come since. ``keep(way, words)`` is told of each that is set aside, and with no
    words of one that is gone. ``latest``: the last UIDs that were taken; those that stand where they should have been moved
    from (a crash came between) are moved at the first login.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        accept: Accept,
        cursor: Cursor | None,
        log: Callable[..., None],
        *,
        aside: Sequence[Cursor] = (),
        keep: Keep = lambda _way, _words: None,
        latest: Sequence[int] = (),
    ) -> None:
        self.mailbox = mailbox
        self.cursor: Cursor = cursor or max(((validity, 0) for validity, _ in aside), default=(0, 0))
        self._accept = accept
        self._log = log
        self._client: IMAPClient | None = None
        self._stop = threading.Event()
        self._taken = 0
        self._keep = keep
        # UID -> when to ask again (monotonic)
        self._aside = {uid: 0.0 for validity, uid in aside if validity == self.cursor[0]}
        self._tries = dict.fromkeys(self._aside, TRIES - 1)  # UIDs under suspicion are fetched alone
        self._again = threading.Event()
        # UID -> what to do with it: taken, and it does not look so. Whether a mark of \\Seen is missing or a person took
        # it away nobody can tell; and what is to be deleted stays where it is not certain that the archive has it whole.
        moves = mailbox.after.startswith("move:")
        self._unmarked = {uid: mailbox.after for uid in latest if moves and uid <= self.cursor[1]}

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set; returns within two seconds of that, whatever the server does. Never raises."""
        self._stop = stop
        worker = threading.Thread(target=self._sessions, name=f"imap {self.mailbox.user}", daemon=True)
        worker.start()
        while worker.is_alive() and not stop.wait(1.0):
            pass
        worker.join(GRACE)
        client = self._client
        if worker.is_alive() and client is not None:
            with contextlib.suppress(OSError):  # wakes a read that waits for a silent peer; close() would wait for it
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)
            worker.join(GRACE / 2)

    def again(self) -> None:
        """What was set aside is asked for soon. Of any thread."""
        self._again.set()

    def _sessions(self) -> None:
        attempt, stop = 0, self._stop
        while not stop.is_set():
            began, taken = time.monotonic(), self._taken
            words = "ended"
            try:
                self._session()
            except Exception as fault:  # imaplib's own, OSError, and on junk ValueError, IndexError, …
                words = _words(fault)
            if stop.is_set():
                return
            if self._taken != taken or time.monotonic() - began > LONG_ENOUGH:
                attempt = 0
            pause = backoff(attempt)
            attempt += 1
            with contextlib.suppress(Exception):
                self._log("imap lost", user=self.mailbox.user, problem=words, retry_in=pause)
            stop.wait(pause)

    def _session(self) -> None:
        client = self._client = connect(self.mailbox)
        try:
            log_in(client, self.mailbox)
            messages = self._select(client)
            self._mark_again(client)
            quiet = 0  # looks in a row that brought nothing
            while not self._stop.is_set():
                quiet = 0 if self._take_all(client, self._new(client, messages)) else quiet + 1
                messages = 0
                self._rest(client, quiet)
            client.logout()
        except BaseException:
            shut(client)
            raise
        finally:
            self._client = None

    def _select(self, client: IMAPClient) -> int:
        """Opens the folder and checks the cursor against it. Returns how many messages it has."""
        box = self.mailbox
        target = box.after.removeprefix("move:")
        if target != box.after and not client.folder_exists(target):
            client.create_folder(target)
        about = client.select_folder(box.folder, readonly=box.after == "leave")
        validity, messages = int(about.get(b"UIDVALIDITY", 0)), int(about.get(b"EXISTS", 0))
        told = {"user": box.user, "folder": box.folder, "messages": messages}
        if self.cursor[0] != validity or int(about.get(b"UIDNEXT", 1 << 32)) <= self.cursor[1]:
            if self.cursor != (0, 0):  # RFC 3501 2.3.1.1: all UIDs are others now; the archive knows what it has
                self._log("imap starts again", was=self.cursor, uidvalidity=validity, **told)
            for uid in list(self._aside):
                self._gone(uid)
            self._tries.clear()
            self._unmarked.clear()
            self.cursor = (validity, 0)
        self._log("imap connected", cursor=self.cursor, **told)
        return messages

    def _new(self, client: IMAPClient, messages: int) -> list[int]:
        """UIDs above the cursor, then those set aside. ``messages``: how many there are at a session's first look, then 0."""
        above = f"{self.cursor[1] + 1}:*"
        found: set[int] = set()
        # From the top down: an expunge in between moves messages down, into windows that are still to come.
        top = messages
        while top > WINDOW:
            found.update(client.search([f"{top - WINDOW + 1}:{'*' if top == messages else top}", "UID", above]))
            top -= WINDOW
        found.update(client.search(["UID", above] if top == messages else [f"1:{top}", "UID", above]))
        # "n:*" always has the last one, also if it is below n.
        waiting = {uid for uid in found if uid > self.cursor[1]}.union(self._aside)
        if self._again.is_set():
            self._again.clear()
            self._aside = dict.fromkeys(self._aside, 0.0)
        due = (uid for uid in waiting if self._aside.get(uid, 0.0) <= time.monotonic())
        return sorted(due, key=lambda uid: (uid in self._aside, uid))  # what was set aside holds up nobody

    def _take_all(self, client: IMAPClient, uids: Sequence[int]) -> bool:
        """Takes them in order; True where there was one."""
        before = self._taken
        batch: list[int] = []
        for uid in [*uids, 0]:
            alone = uid in self._tries
            if batch and (not uid or alone or len(batch) >= BATCH):
                self._take(client, batch)
                batch = []
            if alone:
                self._take(client, [uid])
            elif uid:
                batch.append(uid)
        return self._taken != before

    def _take(self, client: IMAPClient, uids: Sequence[int]) -> None:
        """Fetches, has accepted, marks. What was expunged by somebody is passed over."""
        if self._stop.is_set():
            return
        with self._blame(uids):
            told = client.fetch(uids, ["RFC822.SIZE"])
        sizes = {uid: int(told[uid][b"RFC822.SIZE"]) for uid in uids if b"RFC822.SIZE" in told.get(uid, {})}
        self._missing(client, set(uids).difference(sizes))
        small = {uid: size for uid, size in sizes.items() if size <= self.mailbox.limit}
        for group in in_groups(sizes, self.mailbox.limit):
            if self._stop.is_set():
                return
            with self._blame(group):
                mails = {uid: self._headers(client, uid, sizes[uid]) for uid in group if uid not in small}
                mails.update(self._bodies(client, [uid for uid in group if uid in small]))
            self._hand_over(client, mails, small)

    def _missing(self, client: IMAPClient, uids: set[int]) -> None:
        """These came without a size: gone, or a server passes over in silence what it cannot read. A search tells."""
        if not uids:
            return
        client.noop()  # RFC 9051 7.5.1: only now, not in the answer to a FETCH, a server may tell what was expunged
        there = uids.intersection(client.search(["UID", _listed(uids)]))
        for uid in uids - there:
            self._gone(uid)
        if there:
            with self._blame(sorted(there)):
                raise Unfetched(f"no size came for UID {min(there)}")

    @contextlib.contextmanager
    def _blame(self, uids: Sequence[int]) -> Iterator[None]:
        """What fails to come in a group is fetched alone next time; what fails alone three times is set aside (L12).

        Set aside, not given up, and the cursor stays: a server whose disk is away refuses every mail for a while.
        """
        try:
            yield
        except Exception as fault:
            for uid in uids:
                self._tries[uid] = self._tries.get(uid, 0) + (len(uids) == 1)
            uid, tries = uids[0], self._tries[uids[0]]
            if tries >= TRIES:
                pause = min(AGAIN * 2 ** min(tries - TRIES, 20), 86_400.0)
                where = way(self.mailbox.folder, (self.cursor[0], uid))
                self._keep(where, _words(fault))
                self._aside[uid] = time.monotonic() + pause
                self._taken += 1  # the others may go on at once
                self._log("imap message skipped", way=where, tries=tries, retry_in=pause, problem=_words(fault))
            raise

    def _bodies(self, client: IMAPClient, uids: Sequence[int]) -> dict[int, bytes]:
        told = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        mails = {uid: told.get(uid, {}).get(b"BODY[]") for uid in uids}
        missing = [uid for uid, raw in mails.items() if not isinstance(raw, bytes)]
        if missing:
            raise Unfetched(f"no text came for UID {missing[0]}")
        return {uid: raw for uid, raw in mails.items() if isinstance(raw, bytes)}

    def _headers(self, client: IMAPClient, uid: int, size: int) -> bytes:
        told = client.fetch([uid], [f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>"])
        headers = told.get(uid, {}).get(b"BODY[HEADER]<0>")
        if not isinstance(headers, bytes):
            raise Unfetched(f"no headers came for UID {uid}")
        where = f"folder {self.mailbox.folder}, UID {uid}"
        self._log("imap message over the limit", where=where, size=size, limit=self.mailbox.limit)
        return without_body(headers, size, self.mailbox.limit, where)

    def _hand_over(self, client: IMAPClient, mails: Mapping[int, bytes], whole: Mapping[int, int]) -> None:
        accepted: list[int] = []
        try:
            for uid in sorted(mails):
                if self._stop.is_set():
                    break
                self._accept(mails[uid], way(self.mailbox.folder, (self.cursor[0], uid)))
                self._done(uid)
                accepted.append(uid)
        finally:
            self._mark(client, [uid for uid in accepted if uid in whole], self.mailbox.after)
            # What was not kept whole is never deleted.
            cut = [uid for uid in accepted if uid not in whole]
            self._mark(client, cut, "seen" if self.mailbox.after == "delete" else self.mailbox.after)

    def _done(self, uid: int) -> None:
        self.cursor = (self.cursor[0], max(uid, self.cursor[1]))
        self._taken += 1
        self._forgive(uid)

    def _gone(self, uid: int) -> None:
        if uid in self._aside:
            self._keep(way(self.mailbox.folder, (self.cursor[0], uid)), "")
        self._forgive(uid)

    def _forgive(self, uid: int) -> None:
        self._tries.pop(uid, None)
        self._aside.pop(uid, None)

    def _mark_again(self, client: IMAPClient) -> None:
        """At a login: what was taken and stands there as if it were not."""
        there = set(client.search(["UID", _listed(self._unmarked)])) if self._unmarked else set()
        waiting, self._unmarked = self._unmarked, {}
        for after in set(waiting.values()):
            self._mark(client, sorted(uid for uid in there if waiting.get(uid) == after), after)

    def _mark(self, client: IMAPClient, uids: Sequence[int], after: str) -> None:
        """What the mailbox's owner sees of it. The mails are safe already: a refusal is told, and tried again at a login."""
        if not uids or after == "leave":
            return
        try:
            client.add_flags(uids, [SEEN], silent=True)
            target = after.removeprefix("move:")
            if target != after and client.has_capability("MOVE"):
                client.move(uids, target)
                return
            if target != after:
                client.copy(uids, target)
            if after != "seen":
                client.add_flags(uids, [DELETED], silent=True)
                if client.has_capability("UIDPLUS"):  # a plain EXPUNGE would take what other people marked
                    client.uid_expunge(uids)
        except Exception as fault:
            self._unmarked = dict([*self._unmarked.items(), *((uid, after) for uid in uids)][-UNMARKED:])
            self._log("imap mark failed", after=after, uids=list(uids), problem=_words(fault))

    def _rest(self, client: IMAPClient, quiet: int) -> None:
        """Waits for news or for the time of the next look, and shows that the peer is still there."""
        box = self.mailbox
        if client.has_capability("IDLE"):
            client.idle()
            seconds = min(box.idle, box.poll, LONGEST_IDLE, SETTLE * 2 ** min(quiet, 20))
            if something_to_read(client.socket(), seconds, lambda: self._stop.is_set() or self._again.is_set()):
                self._stop.wait(BURST)
            client.idle_done()
        else:
            self._stop.wait(box.poll)
        client.noop()
