"""A mailbox that the daemon watches: what comes out of it goes into the archive of each list that it is for.

The law: a mailbox without a list of its own may hold mails for several. What it does not give is known to all of them, and
what came before a crash to some is given to the others at the start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mailbot.app import log, setup
from mailbot.app.routing import route
from mailbot.config import Imap
from mailbot.intake.imap import ImapIntake, way
from mailbot.store.archive import Arrival, Record

if TYPE_CHECKING:
    from mailbot.app.office import Office
    from mailbot.app.senders import Senders


class Watch:
    """Of one mailbox. ``arrived(record, way)`` is called in the mailbox's thread."""

    def __init__(
        self, box: Imap, most: int, offices: Sequence[Office], senders: Senders, arrived: Callable[[Record, str], None]
    ) -> None:
        self.box, self.senders, self.arrived = box, senders, arrived
        self.label = f"{box.user}@{box.host}/{box.folder}"
        self.offices = [office for office in offices if office.name == box.list] or list(offices)
        self._given: tuple[str, list[Office]] = ("", [])  # the way of the last mail, and who has it
        self.intake = self._intake(most)

    def start(self, stop: threading.Event) -> threading.Thread:
        thread = threading.Thread(target=self.intake.run, args=(stop,), name=f"imap {self.label}", daemon=True)
        thread.start()
        return thread

    def _intake(self, most: int) -> ImapIntake:
        known = [o.register.mailboxes for o in self.offices]
        cursor = max(((*each.cursors[self.label],) for each in known if self.label in each.cursors), default=(0, 0))
        latest = {uid for each in known for validity, uid in each.taken(self.label) if validity == cursor[0]}
        if cursor[1] and len(known) > 1:  # a crash may have come before all of its lists had the last one
            have = [o for o in self.offices if o.register.mailboxes.cursors.get(self.label) == [*cursor]]
            self._given = (way(self.label, (cursor[0], cursor[1])), have)
            cursor = (cursor[0], cursor[1] - 1)
        return ImapIntake(
            setup.mailbox(self.box, most),
            self.accept,
            (cursor[0], cursor[1]) if cursor != (0, 0) else None,
            log.mailbox,
            aside=sorted({place for each in known for place in each.wanted(self.label)}),
            keep=self.keep,
            latest=sorted(latest),
        )

    def _full(self, short: str) -> str:
        """The way with the mailbox's name, from that with the folder's."""
        return f"imap {self.label} {short.rpartition(' ')[2]}"

    def accept(self, raw: bytes, short: str) -> None:
        """On disk when this returns (law 1)."""
        full = self._full(short)
        wanted = (self.box.list and self.offices) or list(route(self.offices, raw, ()))
        if self._given[0] != full:
            self._given = (full, self._late(full))
        have = self._given[1]
        found = self.senders.signatures_here(wanted, raw)
        for office in wanted:
            if office not in have:
                arrival = Arrival(full, trust=office.trust(raw, way=full, signatures=found))
                self.arrived(office.archive.append("in", raw, arrival).result(), full)
                have.append(office)
        for office in self.offices:
            if office not in wanted:
                office.register.mailboxes.gone(full)

    def _late(self, full: str) -> list[Office]:
        """Who has a mail already that waited for others too."""
        known = [office.register.mailboxes for office in self.offices]
        late = any(each.waits(full) for each in known)
        return [o for o, each in zip(self.offices, known, strict=True) if late and each.came(full)]

    def keep(self, short: str, words: str) -> None:
        """A mail that does not come, or (no words) is there no more."""
        full = self._full(short)
        known = [office.register.mailboxes for office in self.offices]
        if not words:
            for each in known:
                each.gone(full)
            return
        new = [each.set_aside(full, words) for each in known]  # all of them, then
        if any(new):
            log.note(f"a mailbox does not give a mail ({full}): {words}; it is asked for again, see mailbot problems")
