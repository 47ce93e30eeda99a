"""A register on a folder, told mail by mail: what people write, what mailbot says to it, and the same made anew."""

from __future__ import annotations

import email.utils
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import TracebackType
from typing import Self

from mailbot.app.register import Register
from mailbot.app.replies import answer
from mailbot.app.rows import differences
from mailbot.core.due import Policy, due
from mailbot.core.incident import Incident, MailingList, undo_code
from mailbot.outbox.render import Letter, Looks, Renderer
from mailbot.store.archive import Archive, Arrival
from mailbot.store.state import MemoryState
from tests.incident_scene import LIST, NOON

BOT = Arrival("outbox", "", (LIST.address,), "ours")


class Desk:
    """``with Desk(folder) as desk``: every mail is in the archive and taken when ``mail`` returns its Message-ID."""

    def __init__(self, folder: Path, mailing_list: MailingList = LIST, opens: str = "any") -> None:
        self.clock, self.count, self.list, self.opens = NOON, 0, mailing_list, opens
        self.archive = Archive(folder, clock=lambda: self.clock)
        self.register = self.new()
        self.register.rebuild()

    def new(self) -> Register:
        return Register(self.archive, MemoryState(), self.list, opens=self.opens)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _at: TracebackType | None) -> None:
        self.archive.close()

    def mail(self, who: str, body: str, subject: str = "Disk full", *, re: str = "", to: str = "", **head: str) -> str:
        self.count += 1
        name = f"m{self.count}@example.org"
        letter = self._letter(name, who, to or LIST.address, subject, re, body, head)
        return self._take("in", letter, Arrival("smtp 127.0.0.1", "x@example.org", (LIST.address,), ""))

    def ours(self, subject: str, *keys: str, re: str = "", incident: str = "", body: str = "x") -> str:
        self.count += 1
        head = {"X-Mailbot-Notice": " ".join(keys)} | ({"X-Mailbot-Incident": incident} if incident else {})
        letter = self._letter(f"o{self.count}@example.org", LIST.bot, LIST.address, subject, re, body, head)
        return self._take("out", letter, BOT)

    def _letter(self, name: str, who: str, to: str, subject: str, re: str, body: str, head: dict[str, str]) -> bytes:
        self.clock += timedelta(minutes=5)
        letter = EmailMessage(policy=SMTP)
        letter["Message-ID"], letter["Date"] = f"<{name}>", email.utils.format_datetime(self.clock)
        letter["From"], letter["To"], letter["Subject"] = who, to, subject
        if re:
            letter["In-Reply-To"] = letter["References"] = " ".join(f"<{r}>" for r in re.split())
            letter.replace_header("In-Reply-To", f"<{re.split()[-1]}>")
        for key, value in head.items():
            letter[key.replace("_", "-")] = value
        letter.set_content(body)
        return letter.as_bytes()

    def _take(self, direction: str, raw: bytes, arrival: Arrival) -> str:
        record = self.archive.append(direction, raw, arrival).result(10)
        self.register.catch_up()
        self.register.commit()
        del record
        return raw.split(b"<", 1)[1].split(b">", 1)[0].decode()

    def of(self, message_id: str) -> str:
        """The incident that a message belongs to."""
        (doc,) = self.register.find(message_id)
        return self.register.threads.current(doc["i"]) or "" if doc["i"] else ""

    def look(self, incident: str) -> Incident:
        found = self.register.look(incident)
        assert found is not None
        return found

    def told(self, incident: str, message_id: str) -> list[str]:
        """What the receipts say to the commands of a message."""
        asks = self.look(incident).asks.values()
        return [o.sentence for a in asks if a.message_id == message_id for o in a.outcomes]

    def letter(self, kind: str, message_id: str) -> Letter:
        """The mail of that kind that a message calls for, as the mailroom would write it."""
        incident = self.look(self.of(message_id))
        notices = due(incident, self.clock, Policy()).notices
        (notice,) = [n for n in notices if n.kind == kind and n.asks and n.asks[0].message_id == message_id]
        words = {
            "policy": Policy(),
            "note": "",
            "next_update": None,
            "read": [],
            "near": [],
            "entries": [],
            "similar": [],
        }
        more = words | answer(self.register, notice, incident, self.clock)
        return Renderer(self.list, Looks()).letter(notice, incident, self.clock, more)

    def undo(self, who: str, message_id: str) -> str:
        return self.mail(who, f"UNDO {undo_code(message_id)}", "Re: Disk full", re=message_id)

    def wrong(self) -> list[str]:
        """Where what is kept differs from what a rebuild, and from what a start makes of it."""
        fresh = self.new()
        fresh.rebuild()
        found = differences(self.register, fresh)
        again = Register(self.archive, self.register.state, self.list, opens=self.opens)
        again.load()
        for name in {d["id"] for d in self.register.incidents()}:
            if not (self.register.look(name) == fresh.look(name) == again.look(name)):
                found.append(f"{name} folds otherwise")
            if not (self.register.members[name] == fresh.members[name] == again.members[name]):
                found.append(f"{name} has other members")
        return found
