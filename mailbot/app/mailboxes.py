"""What the archive has of each mailbox that is read by IMAP, and what it lacks: the cursors, and the mails that were set aside.

The law: nothing is lost. A mail that its server does not give holds up no other, so the cursor passes it; it stands in
``acts.log`` from then on, and is open until a record with its way is in the archive, or it is gone from the mailbox. So a
restart, and a rebuild too, ask for it again. Ways are written as in "imap LABEL 123/45".
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailbot.intake.imap import GROUP, Cursor, read_way
from mailbot.store.archive import Archive
from mailbot.store.state import Doc

ASIDE, GONE = "imap aside", "imap gone"  # acts, each with its way


@dataclass(frozen=True, slots=True)
class Aside:
    """A mail that its mailbox did not give. ``words``: what the server said."""

    way: str
    since: datetime
    words: str


class Mailboxes:
    """Of one list. The register tells it what was taken, the threads of the mailboxes what was not."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._lock = threading.Lock()  # an act and what is known of it change together
        self._empty()

    def _empty(self) -> None:
        self.cursors: dict[str, list[int]] = {}  # label -> UIDVALIDITY and highest UID
        self.latest: dict[str, list[int]] = {}  # label -> the last UIDs, as many as are fetched at once
        self._came: dict[str, str] = {}  # ways that were set aside, and since when
        self._open: dict[str, Aside] = {}

    def load(self, doc: Doc) -> None:
        """``doc``: what ``kept`` gave; {} where the archive is read from its beginning."""
        with self._lock:
            self._empty()
            self.cursors, self.latest = dict(doc.get("cursors", {})), dict(doc.get("latest", {}))
            aside = still_aside(self.archive.acts())
            self._came = {way: since for way, since in doc.get("came", {}).items() if way in aside}
            self._open = {way: a for way, a in aside.items() if self._came.get(way) != a.since.isoformat()}

    def kept(self) -> Doc:
        return {"cursors": self.cursors, "latest": self.latest, "came": self._came}

    def took(self, way: str, at: datetime) -> bool:
        """The archive has a mail of this way. False where it is no mailbox's.

        A mailbox that was put back from a copy may have used a way before: what came before that does not count.
        """
        found = read_way(way)
        if found is None:
            return False
        label, place = found[0], list(found[1])
        before = self.cursors.get(label, [0, 0])
        if place[0] != before[0]:
            self.latest[label] = []
        self.latest[label] = [*self.latest.get(label, []), place[1]][-GROUP:]
        # A message set aside comes late, with a lower UID.
        self.cursors[label] = max(place, before) if place[0] == before[0] else place
        with self._lock:
            if way in self._open and at >= self._open[way].since:
                self._came[way] = self._open.pop(way).since.isoformat()
        return True

    def taken(self, label: str) -> list[Cursor]:
        """The last ones."""
        return [(self.cursors[label][0], uid) for uid in self.latest.get(label, ()) if label in self.cursors]

    def came(self, way: str) -> bool:
        """Was it set aside, and then it came?"""
        return way in self._came

    def waits(self, way: str) -> bool:
        return way in self._open

    def set_aside(self, way: str, words: str) -> bool:
        """On disk when this returns (OSError where not), before the cursor may pass it. False where it was known."""
        with self._lock:
            if way in self._open:
                return False
            self.archive.act({"act": ASIDE, "way": way, "words": words[:300]})
            self._came.pop(way, None)
            self._open[way] = still_aside(self.archive.acts())[way]
            return True

    def gone(self, way: str) -> None:
        """It is in the mailbox no more, or was taken for another list."""
        with self._lock:
            if way in self._open:
                self.archive.act({"act": GONE, "way": way})
                del self._open[way]

    def open(self) -> list[Aside]:
        with self._lock:
            return list(self._open.values())

    def wanted(self, label: str) -> list[Cursor]:
        """What is to be asked for again in this mailbox."""
        found = (read_way(each.way) for each in self.open())
        return [each[1] for each in found if each is not None and each[0] == label]


def still_aside(acts: Iterable[Doc]) -> dict[str, Aside]:
    """What acts.log says, by way: also what came since, which only the mails themselves say."""
    found: dict[str, Aside] = {}
    for act in acts:
        way = str(act.get("way", ""))
        if act.get("act") == ASIDE:
            found[way] = Aside(way, datetime.fromisoformat(str(act["at"])), str(act.get("words", "")))
        elif act.get("act") == GONE:
            found.pop(way, None)
    return found
