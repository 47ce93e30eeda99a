"""An incident told mail by mail, without disk or clock: shared by the tests of commands, fold, what is due, reports and mails.

A Scene takes people's words through the real way (parse, kind, reading) and keeps what the fold gets.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache

from mailbot.app.desk import said, take_in
from mailbot.core.due import Due, Policy, due
from mailbot.core.incident import Incident, MailingList, Said, Sent, fold
from mailbot.outbox.render import Letter, Looks, Renderer

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LIST = MailingList(address="incident@example.org", bot="mailbot@example.org", roles=("helpdesk@example.org",))
ID = "INC-20261121-K7Q"
ALICE, BOB, CAROL = "Alice Doe <alice@example.org>", "Bob Stone <bob@example.org>", "Carol <carol@example.net>"
ROBOT, ALERT = "Watch <nagios@example.org>", "** PROBLEM Service Alert: registry/HTTP is CRITICAL **"


class Scene:
    """``mail`` says something at so many minutes after noon UTC; ``incident`` is what all of it says."""

    def __init__(self, mailing_list: MailingList = LIST, *, live: bool = True) -> None:
        self.list, self.live = mailing_list, live
        self.items: list[Said | Sent] = []
        self.clock = 0.0

    def mail(
        self,
        who: str,
        body: str,
        minute: float | None = None,
        *,
        subject: str = "Registry refuses pushes",
        to: str = "incident@example.org",
        **headers: str,
    ) -> Said:
        if who is ROBOT:
            subject = ALERT
        self.clock = self.clock + 5 if minute is None else minute
        at = NOON + timedelta(minutes=self.clock)
        letter = EmailMessage(policy=SMTP)
        letter["Message-ID"] = f"<m{len(self.items) + 1}@example.org>"
        letter["Date"] = email.utils.format_datetime(at)
        letter["From"], letter["To"] = who, to
        letter["Subject"] = subject if not self.items or subject.startswith("[") else f"Re: {subject}"
        for name, value in headers.items():
            letter[name.replace("_", "-")] = value
        letter.set_content(body)
        return self.take(letter.as_bytes(), at)

    def take(self, raw: bytes, at: datetime) -> Said:
        taken = take_in(
            raw, at, mailing_list=self.list, list_id="", ours=(), envelope="x@example.org", imported=not self.live
        )
        item = said(taken, self.list, "")
        self.items.append(item)
        return item

    def sent(self, *keys: str, minute: float | None = None, to: tuple[str, ...] = ()) -> Sent:
        """A mail of ours comes back from the archive."""
        at = NOON + timedelta(minutes=self.clock if minute is None else minute)
        item = Sent(f"s{len(self.items) + 1}@example.org", at, keys, to=to)
        self.items.append(item)
        return item

    @property
    def incident(self) -> Incident:
        return fold(ID, self.items, self.list)

    def at(self, minute: float) -> datetime:
        return NOON + timedelta(minutes=minute)

    def due(self, minute: float, policy: Policy | None = None) -> Due:
        return due(self.incident, self.at(minute), policy or Policy())

    def kinds(self, minute: float, policy: Policy | None = None) -> list[str]:
        return [n.kind for n in self.due(minute, policy).notices]

    def settle(self, minute: float | None = None, policy: Policy | None = None) -> list[str]:
        """Everything due is mailed; which kinds that were."""
        minute = self.clock if minute is None else minute
        found = self.due(minute, policy).notices
        for notice in found:
            to = (self.list.address, *notice.to) if notice.to_list else notice.to
            self.sent(*notice.keys, minute=minute, to=to)
        return [n.kind for n in found]


WORDS: dict[str, object] = {
    "entries": [],
    "read": [],
    "near": [],
    "note": "",
    "doubtful": [],
    "similar": [],
    "next_update": None,
    "words": "",
    "found": [],
    "why": None,
    "open_questions": [],
    "doubts": (),
    "token": "K7QRSTUV2A",
}


@lru_cache(maxsize=8)
def renderer_of(mailing_list: MailingList, looks: Looks) -> Renderer:
    return Renderer(mailing_list, looks)


def letters(
    scene: Scene,
    minute: float | None = None,
    looks: Looks | None = None,
    *,
    policy: Policy | None = None,
    only: str = "",
) -> dict[str, Letter]:
    """Every mail due (``only`` of one kind), by kind (answer-status, receipt-2), with the words the mailroom would give."""
    minute = scene.clock if minute is None else minute
    renderer, incident = renderer_of(scene.list, looks or Looks()), scene.incident
    found = {}
    for notice in scene.due(minute, policy).notices:
        if only not in ("", notice.kind):
            continue
        about = {a.message_id for a in notice.asks}
        read = [e for e in incident.entries if e.message_id in about and not e.dropped]
        heard = [i.reading for i in scene.items if isinstance(i, Said) and i.message_id in about]
        words = WORDS | {
            "entries": read,
            "read": [e for e in read if e.kind == "read"],
            "near": [miss for r in heard for miss in r.near],
            "doubtful": [e for e in incident.timeline() if not e.sure],
            "note": next((c.given.note for r in heard for c in r.commands if c.given.note), ""),
            "next_update": incident.last_news + (policy or Policy()).update_outage if incident.last_news else None,
        }
        name = notice.kind
        if name == "answer":
            name += "-" + notice.asks[0].words.split()[0].lower()
        found[name if name not in found else f"{name}-2"] = renderer.letter(notice, incident, scene.at(minute), words)
    return found
