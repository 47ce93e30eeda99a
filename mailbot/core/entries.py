"""The values an incident is made of: what was said, what was sent, entries, notes, actions, custody. All frozen (law 5)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.core.ids import letters
from mailbot.core.message import Address
from mailbot.core.times import Instant
from mailbot.core.zones import MEANINGS

if TYPE_CHECKING:
    from mailbot.core.commands.unit import Command
    from mailbot.core.reading import Reading


ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){ATOM}(?:\.{ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z")


def can_be_mailed(email: str) -> bool:
    """Is it an address that every mail server takes (RFC 5321 4.1.2, dot-string, ASCII)?"""
    return ADDRESS.match(email) is not None


class Status(StrEnum):
    OPEN = "open"
    RESTORED = "restored"
    RESOLVED = "resolved"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class MailingList:
    """What the fold must know of the list: its addresses and the few settings that change what a mail does."""

    address: str = "incident@instructlab.ai"
    name: str = "incident"
    bot: str = "mailbot@instructlab.ai"
    zone: str = "UTC"
    roles: tuple[str, ...] = ()  # addresses that are no person: never commander
    private: tuple[str, ...] = ()  # who gets the mails of security incidents, the list gets none
    commander_silent: timedelta = timedelta(hours=2)
    resolve: str = "anybody"  # whose RESOLVED takes effect: "anybody", "commander"
    categories: tuple[str, ...] = ("Process improvements", "Documentation improvements", "Technical improvements")
    authserv: str = ""  # whose Authentication-Results are believed, "" for nobody's
    needs: tuple[tuple[str, str], ...] = ()  # keyword -> the grade of trust below which it waits for a CONFIRM
    plus: bool = True  # are plus addresses of the bot given out, for answers and for bounces?

    @property
    def host(self) -> str:
        return self.address.partition("@")[2]

    def is_person(self, who: Address) -> bool:
        local = who.email.partition("@")[0]
        robots = ("noreply", "no-reply", "donotreply", "mailer-daemon", "postmaster", "root", "nagios", "alerts")
        return bool(who.email) and who.email not in {self.address, self.bot, *self.roles} and local not in robots


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the incident, as far as the fold needs it. ``at``: when it counts (arrival; imported: its Date)."""

    message_id: str
    who: Address
    at: datetime
    kind: str  # human, alert, auto, bounce
    subject: str
    title: str
    live: bool  # False for imported mail: it is recorded, never answered
    reading: Reading
    recipients: tuple[Address, ...] = ()
    date: datetime | None = None  # the Date header, None where it could not be read
    answers: tuple[str, ...] = ()  # In-Reply-To
    words: str = ""  # own text of a reply that has no keywords: it may be the answer to a question of ours
    zone: tzinfo | None = None  # where the sender's clock is: their ZONE, else the offset of their Date
    private: bool = False  # it was sent to us and not to the list
    elsewhere: bool = False  # it answers a mail of ours about several incidents: only commands that name one count
    merged: str = ""  # incident that its MERGE made part of this one
    split: bool = False  # its SPLIT made it an incident of its own
    undone: bool = False  # an UNDO that stands elsewhere takes it back
    undid: tuple[str, ...] = ()  # codes of messages elsewhere that its UNDO took back
    grade: str = "unknown"  # what vouches for its sender: unknown, list, verified
    confirmed: bool = False  # a later mail had the token that was sent to its sender's address
    confirms: tuple[str, ...] = ()  # tokens in it that are those of a message here


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail of ours about the incident, from the archive: which notices it was (their keys), and when it was written."""

    message_id: str
    at: datetime
    keys: tuple[str, ...]
    asked: tuple[str, ...] = ()  # labels of the entries it asks about, in the order of its questions
    to: tuple[str, ...] = ()  # the envelope's recipients

    @property
    def kind(self) -> str:
        """Which notice it was: ack, update, question, ... (of several the first)."""
        return self.keys[0].partition(":")[0] if self.keys else ""


@dataclass(frozen=True, slots=True)
class Joined:
    """An incident that becomes part of this one here, with all its mails up to now."""

    id: str
    items: tuple[Said | Sent | Joined, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A mail of ours that asked one person for one section of the report."""

    section: str
    who: str  # address
    at: datetime
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline (language.md 1). ``number`` is its T-number and never changes; ``was`` keeps old words."""

    number: int
    what: str
    when: Instant | None  # None: the act's own time, its arrival
    utc: datetime
    until: datetime | None
    who: Address
    message_id: str
    line: int
    added: datetime
    kind: str = "read"  # read, log, start, detected, restored, resolved, custody, state
    dropped: str = ""  # why it is not in the report
    was: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"T{self.number}"

    @property
    def head(self) -> str:
        """The line of it, without what goes on below."""
        return parted(self.what)[0]

    @property
    def about(self) -> bool:
        return bool(self.when and self.when.about)

    @property
    def sure(self) -> bool:
        return self.when is None or self.when.sure

    @property
    def doubtful(self) -> bool:
        """Its date or zone is no more than inferred, or the zone's name means more than one thing."""
        return self.when is not None and (not self.when.sure or MEANINGS in self.when.why)


@dataclass(frozen=True, slots=True)
class Link:
    """Where people talk about the incident besides the mails (A7), and the message that says so."""

    url: str
    who: Address
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """Text for one section of the report, and the message it came from; ``was`` keeps the words before an edit."""

    section: str
    text: str
    who: Address
    message_id: str
    at: datetime
    was: tuple[str, ...] = ()
    number: int = 0  # of what went wrong: W2 is W2 for ever (core.wrongs)
    accepted: bool = False  # nothing will be done about it, and somebody said so

    @property
    def label(self) -> str:
        return f"W{self.number}"


@dataclass(frozen=True, slots=True)
class Review:
    """Who has read the report, as a second person (REVIEWED). ``who`` None: nobody objected in time ("unreviewed")."""

    who: Address | None
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A task to take away. ``state``: proposed, done, declined, undone; ``due`` as written (a date, ISO)."""

    number: int
    text: str
    category: str
    owner: str
    due: str
    link: str
    state: str
    who: Address
    message_id: str
    at: datetime
    covers: tuple[int, ...] = ()  # numbers of what went wrong that it is for

    @property
    def label(self) -> str:
        return f"A{self.number}"


@dataclass(frozen=True, slots=True)
class Custody:
    """Who has the incident from ``since`` on, until the next one; ``who`` None: nobody ("unclaimed")."""

    who: Address | None
    since: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of user impact; each end an entry's number, None where nobody said."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command: ``ok`` with what was understood, or why not (a sentence, law 8)."""

    ok: bool
    line: str
    sentence: str
    whole: str = ""  # the text of a long command, where those who read it have not seen the mail
    waits: bool = False  # for a CONFIRM of its sender


@dataclass(frozen=True, slots=True)
class Ask:
    """A mail that a message calls for: ack, receipt, answer, brief, draft. It waits here until the archive shows it sent."""

    kind: str
    key: str
    message_id: str
    who: Address
    at: datetime
    subject: str
    public: bool  # to the list; else to ``who`` alone
    outcomes: tuple[Outcome, ...] = ()
    words: str = ""  # the answer's keyword and its argument
    private: bool = False  # the message was sent to us alone, and what it did is told to all (L19)
    also: tuple[str, ...] = ()  # who gets it besides the list


@dataclass(frozen=True, slots=True)
class Act:
    """One command in one message: what an effect is given."""

    command: Command
    said: Said

    @property
    def who(self) -> Address:
        return self.said.who

    @property
    def at(self) -> datetime:
        return self.said.at

    @property
    def text(self) -> str:
        return self.command.text

    @property
    def instant(self) -> datetime:
        """The command's time, else the message's."""
        when = self.command.when
        return when.utc if when is not None and when.utc is not None else self.at


class Refused(Exception):
    """A command that cannot be obeyed; its text is the sentence the sender reads."""


_BREAK = re.compile(r"\n(?=[ \t]*(?:\n|```))")


def parted(words: str) -> tuple[str, str]:
    """An entry's words as the line of it, up to the first blank line or code block, and what goes on below (seed B8)."""
    if words.startswith("```"):  # code alone: its first line says which
        return next((line for line in words.split("\n")[1:] if line.strip("` \t")), "(code)"), words
    line, *below = _BREAK.split(words, maxsplit=1)
    return line, "".join(below).strip("\n")


class Unvouched(Refused):
    """A command whose sender must first show that they wrote it."""


def undo_code(message_id: str) -> str:
    """The code by which UNDO names a message: four letters and digits of its id's hash, none that look alike."""
    digest = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).digest()
    return letters(digest[:4])


def says_start(what: str) -> bool:
    """Does a timeline line call itself the start ("Incident start.", seed A; "Start of incident. ...", seed B)?"""
    line = parted(what)[0].casefold()
    if re.match(r"\W*start of (?:the )?(?:incident|outage)\b\s*(?:[.:,]|\Z)", line):
        return True
    words = line.strip(" .*_:").split()
    return (
        len(words) <= 4
        and words[:1] in (["incident"], ["outage"], ["impact"])
        and any(w[:4] in ("star", "bega", "begi") for w in words)
    )
