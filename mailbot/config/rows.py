# ruff: noqa: RUF009 - key() is a dataclasses.field(), which ruff cannot see
"""The rows: every key with its type, default, bounds and reason, and the dataclasses they make.

The law: a row is the only place a key is written. The loader, ``config.example.toml`` and the tests are made from them.
A new key is one new row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mailbot.config import values as v
from mailbot.config.values import Endpoint

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

T = TypeVar("T")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def key(raw: object, read: Callable[[object], T], why: str, *, required: bool = False) -> T:
    """One row. ``raw`` is the default as the file would say it (for a required key: the example that is printed)."""
    row: dict[str, Any] = {"metadata": {"raw": raw, "read": read, "why": why, "required": required}}
    return cast(T, field(**row) if required else field(default=read(raw), **row))


@dataclass(frozen=True, slots=True)
class MailList:
    """The list whose incidents are recorded."""

    address: str = key("incident@instructlab.ai", v.address, "the list's own address: what goes to all goes here")
    name: str = key("incident", v.tag, "the tag the list puts into subjects, without its brackets")
    id: str = key("", v.text, 'its List-Id without <>; "" makes it from the address')
    zone: str = key("UTC", v.zone, "the zone of the list's people: the last resort for a time without a zone")
    opens: str = key(
        "any", v.choice("any", "marked"), '"any": every new thread is an incident; "marked": only [INCIDENT]'
    )
    bot: str = key("", v.address_or_none, 'our own From address; "" is mailbot@ the domain of the list')
    plus: bool = key(
        True, v.flag, "answers and bounces come to bot+...@; false where the mail server takes no plus addresses"
    )
    archive_url: str = key("", v.link, 'where the list keeps a message: a link with {message_id}; "" for none')
    aliases: tuple[str, ...] = key([], v.addresses, "addresses that are roles, not people: never asked to be commander")
    resolve: str = key(
        "anybody", v.choice("anybody", "commander"), 'whose RESOLVED counts; "commander": if somebody has it'
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", self.id.strip("<>") or self.address.replace("@", "."))
        object.__setattr__(self, "bot", self.bot or f"mailbot@{self.address.rpartition('@')[2]}")


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mail that a server or the list sends to us by SMTP."""

    listen: Endpoint | None = key("127.0.0.1:8025", v.endpoint, 'loopback, because there is no login here; "" is off')
    hostname: str = key("", v.host, 'the name we greet with; "" is the domain of the list')
    max_size: int = key("32MB", v.size("64KB", "256MB"), "a larger mail is refused; MB is 1,000,000 bytes")
    max_connections: int = key(
        200, v.number(1, 10_000), "above it 421, try later: memory is connections times max_size"
    )
    max_per_peer: int = key(
        100, v.number(1, 10_000), "the same for one sending host, so that one cannot shut out others"
    )


@dataclass(frozen=True, slots=True)
class Lmtp:
    """Mail that a server on this machine hands over by LMTP (Postfix, Mailman, Dovecot)."""

    listen: Endpoint | None = key("", v.endpoint, '"127.0.0.1:8024" for example; "" is off')


@dataclass(frozen=True, slots=True)
class Imap:
    """A mailbox that is read by IMAP, as a member of the list would. One block for each mailbox."""

    host: str = key("imap.example.org", v.named_host, "the server", required=True)
    user: str = key("mailbot@example.org", v.filled, "the login", required=True)
    port: int = key(993, v.number(1, 65_535), "993 is IMAP over TLS")
    tls: bool = key(True, v.flag, "false only for a server on this machine")
    ca_file: Path | None = key("", v.path_or_none, 'certificates to trust (PEM); "" trusts what the system trusts')
    password_file: Path | None = key("", v.path_or_none, "a file whose first line is the password")
    password_command: str = key("", v.text, "or a command that prints it, run without a shell at each login")
    oauth2: bool = key(False, v.flag, "what these give is an OAuth 2 access token, for XOAUTH2")
    folder: str = key("INBOX", v.filled, "the folder that is read")
    poll: timedelta = key("5m", v.duration("10s", "1d"), "looked at besides IDLE, which can fall silent")
    after: str = key("seen", v.after, '"leave", "seen", "move:FOLDER" or "delete" once it is on our disk')
    list: str = key("", v.text, 'the NAME of the [lists.NAME] that all of it is for; "" as each mail says')

    def password(self) -> str:
        return _password(self.password_file, self.password_command)


@dataclass(frozen=True, slots=True)
class Store:
    """Where the mails are kept."""

    folder: Path = key("mailbot-data", v.path, "the archive, the only thing to back up; relative to this file's folder")
    state: str = key("tinydb", v.choice("tinydb", "memory"), '"memory" reads the whole archive again at every start')


@dataclass(frozen=True, slots=True)
class Smarthost:
    """The mail server that takes what we send."""

    host: str = key("127.0.0.1", v.host, '"" sends nothing: what would go out is only written to the archive')
    port: int = key(25, v.number(1, 65_535), "25 a relay, 587 submission (starttls), 465 submission (implicit)")
    tls: str = key("none", v.choice("none", "starttls", "implicit"), "none only where nobody can listen in")
    user: str = key("", v.text, 'login; "" for none')
    password_file: Path | None = key("", v.path_or_none, "a file whose first line is the password")
    password_command: str = key("", v.text, "or a command that prints it, run without a shell at each login")
    oauth2: bool = key(False, v.flag, "what these give is an OAuth 2 access token, for XOAUTH2")
    ca_file: Path | None = key("", v.path_or_none, 'certificates to trust (PEM); "" trusts what the system trusts')
    timeout: timedelta = key("30s", v.duration("1s", "10m"), "a server silent for this long is tried again later")

    def password(self) -> str:
        return _password(self.password_file, self.password_command)


@dataclass(frozen=True, slots=True)
class Reminders:
    """When the list is reminded. Durations: s, m, h, d, w. QUIET stops them for one incident; [] sends none."""

    update_outage: timedelta = key("60m", v.duration("5m", "7d"), "an outage without news for this long")
    update_other: timedelta = key("4h", v.duration("5m", "30d"), "any other kind of incident")
    update_tries: int = key(3, v.number(0, 20), "unanswered reminders in a row, each after twice the time")
    no_commander: tuple[timedelta, ...] = key(["15m", "2h"], v.durations("1m", "30d"), "nobody has the incident")
    still_open: tuple[timedelta, ...] = key(["24h", "3d", "7d"], v.durations("1h", "1w"), "no news at all: is it over?")
    report: tuple[timedelta, ...] = key(["3d", "7d", "14d"], v.durations("1h", "90d"), "resolved, and no report yet")
    offer_after: timedelta = key("3h", v.duration("30m", "7d"), "in command: would you like to hand it off?")
    offer_hour: int = key(22, v.number(0, 23), "the same at this hour where the commander is")
    question: tuple[timedelta, ...] = key(
        ["1d", "5d", "9d"], v.durations("1h", "90d"), "resolved, a section is missing: one person is asked for one"
    )
    publish: timedelta = key("30d", v.duration("1d", "365d"), "resolved, and not published: shall it be, as it is?")
    unreviewed: timedelta = key("14d", v.duration("1d", "90d"), "no answer to that: it is, and says so")
    anniversary: bool = key(True, v.flag, "a year later: what became of the actions")
    night: tuple[int, int] = key(
        "22-8", v.night, 'hours in which nobody is reminded alone, where they are; "" for none'
    )
    commander_silent: timedelta = key("2h", v.duration("5m", "30d"), "after this silence anybody may TAKE command")


@dataclass(frozen=True, slots=True)
class Actions:
    """Tasks to take away: where their issues are made, and when their owners are reminded."""

    tracker: str = key("", v.web, 'the repository for new issues, "https://github.com/org/repo"; "" offers no link')
    forge: str = key("github", v.choice("github", "gitlab", "gitea", "forgejo"), "what kind of forge that is")
    categories: tuple[str, ...] = key(
        ["Process improvements", "Documentation improvements", "Technical improvements"],
        v.headings,
        "the debrief's headings for actions; the first word of each is what ACTION takes",
    )
    link: timedelta = key("2d", v.duration("1h", "90d"), "without an issue for so long: one is offered, once")
    late: tuple[timedelta, ...] = key(
        ["14d", "30d"], v.durations("1d", "365d"), "after the due day, on which a reminder comes too"
    )


@dataclass(frozen=True, slots=True)
class Digest:
    """The summary to the list. Where there is nothing to say, no mail goes out."""

    every: str = key("week", v.choice("week", "day", "never"), "one mail for the period that has ended")
    day: str = key("monday", v.choice(*DAYS), "of the weekly one")
    hour: int = key(8, v.number(0, 23), "in the zone of the list; not 2, which clock changes skip and repeat")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much mail we may cause. What is above it waits and is joined."""

    incident_day: int = key(6, v.number(1, 1_000), "mails to the list about one incident in a day")
    list_hour: int = key(60, v.number(1, 100_000), "mails to the list in an hour, in all")
    sender_day: int = key(20, v.number(1, 1_000), "answers and receipts to one sender in a day")


@dataclass(frozen=True, slots=True)
class Report:
    """The report that is drafted when an incident is resolved."""

    template: str = key("instructlab", v.choice("instructlab", "debrief"), "which draft goes out; REPORT gives either")
    zone: str = key("UTC", v.zone, "of the times in the debrief; instructlab is always in UTC")
    names: str = key("names", v.choice("names", "roles", "initials"), "how people are printed")


@dataclass(frozen=True, slots=True)
class Publish:
    """Where a reviewed report goes: a folder of files with an index, for a web server or a repository to take from."""

    folder: Path | None = key(
        "", v.path_or_none, 'a folder for YYYY-MM-DD-title.md and README.md; "" publishes by mail'
    )
    url: str = key("", v.page, 'where people find them: a link with {file} in it; "" attaches the report instead')
    tell: tuple[str, ...] = key([], v.addresses, "who is told beside the list, when a report is out")


@dataclass(frozen=True, slots=True)
class Private:
    """Security incidents (KIND security), those under EMBARGO, and those first told to these addresses alone."""

    addresses: tuple[str, ...] = key(
        [], v.addresses, "a second list or people: they get all its mails, the list none; [] is who wrote in"
    )


@dataclass(frozen=True, slots=True)
class Trust:
    """Who wrote a mail. A keyword that needs more than its mail has waits until its sender answers a mail to them."""

    authserv_id: str = key("", v.text, 'our mail server\'s name in Authentication-Results; "" believes none')
    needs: tuple[tuple[str, str], ...] = key(
        [],
        v.needs,
        'what waits: ["CANCEL list", "REVIEWED verified"]; list: came through it, verified: DMARC or a signature',
    )
    own_check: bool = key(
        False, v.flag, "check DKIM signatures ourselves (asks the DNS); List-Id alone is then no proof of the list"
    )
    list_hosts: tuple[IPv4Network | IPv6Network, ...] = key(
        [], v.networks, 'who hands us mail of the list by SMTP or LMTP: ["192.0.2.0/24"]; [] is anybody'
    )
    list_authserv_id: str = key(
        "",
        v.text,
        "that name of the list's own server: its DMARC results count in mail that is proven to be the list's",
    )


@dataclass(frozen=True, slots=True)
class Templates:
    """Your own wording."""

    folder: Path | None = key("", v.path_or_none, "a folder laid out as ours; what it holds comes before ours")


@dataclass(frozen=True, slots=True)
class Log:
    """What the operator sees, on standard error."""

    level: str = key("info", v.choice("debug", "info", "warning", "error"), "one line for each fact, key=value")


@dataclass(frozen=True, slots=True)
class Health:
    """For monitoring: /healthz and /metrics (Prometheus) by HTTP."""

    listen: Endpoint | None = key("", v.endpoint, '"127.0.0.1:8026" for example; "" is off')


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. ``Config()`` is the embedded default; paths are absolute or relative to the current folder."""

    list: MailList = MailList()
    smtp: Smtp = Smtp()
    lmtp: Lmtp = Lmtp()
    imap: tuple[Imap, ...] = ()
    store: Store = Store()
    smarthost: Smarthost = Smarthost()
    reminders: Reminders = Reminders()
    actions: Actions = Actions()
    digest: Digest = Digest()
    budget: Budget = Budget()
    report: Report = Report()
    publish: Publish = Publish()
    private: Private = Private()
    trust: Trust = Trust()
    templates: Templates = Templates()
    log: Log = Log()
    health: Health = Health()
    lists: tuple[Config, ...] = ()  # one for each [lists.NAME], whole, with a folder of its own below store.folder

    def __post_init__(self) -> None:
        hostname = self.smtp.hostname or self.each[0].list.address.rpartition("@")[2]
        object.__setattr__(self, "smtp", dataclasses.replace(self.smtp, hostname=hostname))

    @property
    def each(self) -> tuple[Config, ...]:
        """What each list goes by: this, where there is one only."""
        return self.lists or (self,)


def _password(file: Path | None, command: str) -> str:
    """First line of the file, or of what the command prints; "" where neither is set. OSError or CalledProcessError."""
    import shlex  # late: most installations have no password, and --help should answer at once
    import subprocess

    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
    elif command:
        done = subprocess.run(shlex.split(command), check=True, stdout=subprocess.PIPE, text=True, timeout=60)
        lines = done.stdout.splitlines()
    else:
        lines = []
    return lines[0] if lines else ""
