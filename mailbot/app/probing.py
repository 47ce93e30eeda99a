"""A probe to a list, and through which way in its copy came back: the set-up works, or what does not and what to look at.

The law: each way in is told apart, since one that is silent hides behind the others. Nothing is changed by looking: a folder
is only examined (EXAMINE, PEEK), and the probe says that a machine wrote it, so it opens nothing and nobody answers it. Who
reads a mailbox is asked: a daemon takes the mail out of it, so beside one its archive tells, and the mailbox else. Where plus
addresses are given out, one is written to: a server that bounces them would bounce people's answers.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from mailbot.app import setup
from mailbot.config import Config, Imap
from mailbot.intake.imap import read_way
from mailbot.intake.mailbox import NoPassword, connect, log_in, shut
from mailbot.store.archive import Archive, utcnow

DIRECT = 20.0  # seconds that our own door may take, and a mailbox to answer
LATE = 10.0  # seconds that other doors get once the copy came by one: a list has one address of ours, mostly
LOOK = 0.5  # seconds between looks
STATES = ("fine", "silent", "untried", "FAILED")
NO_PLUS = (
    "People's answers and bounces would be lost: let the mail server deliver plus addresses (Postfix: recipient_delimiter = +),"
    " or set plus = false under [list]"
)
_ID = re.compile(rb"(?im)^message-id:\s*<?([^>\s]{1,200})")

TROUBLES: tuple[tuple[type[BaseException], str], ...] = (
    (NoPassword, "{words}: look at password_file or password_command"),
    (
        LoginError,
        "the login of {user} is refused ({words}): look at user, password_file or password_command, and oauth2",
    ),
    (ssl.SSLCertVerificationError, "its certificate is not believed ({words}): look at host and ca_file"),
    (ssl.SSLError, "TLS does not begin ({words}): look at port, 993 for TLS, 143 for STARTTLS"),
    (ConnectionRefusedError, "nobody listens at {host}:{port}: look at host, port and the server"),
    (socket.gaierror, "the name {host} is not known ({words}): look at host"),
    (TimeoutError, "no answer from {host}:{port}: look at host, port and the firewall"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried and what came of it. ``state``: one of STATES; ``seconds``: after which it came, None where it did not."""

    state: str
    way: str  # "smtp", "lmtp", "imap USER@HOST/FOLDER", "smarthost", "list", "plus"
    words: str
    seconds: float | None = None
    list: str = ""  # whose address it is, "" for a mailbox that several lists share


@dataclass(slots=True)
class _Box:
    """A mailbox: what it is called in the archive, and a connection to it where it could be had."""

    config: Imap
    limit: int
    client: IMAPClient | None = None
    above: int = 0  # UIDs that were there before
    seen: set[str] = field(default_factory=set)  # Message-IDs of what came since

    @property
    def way(self) -> str:
        return f"imap {self.config.user}@{self.config.host}/{self.config.folder}"

    def open(self) -> Step:
        """Logs in and opens the folder, as the daemon does."""
        began, box = time.monotonic(), replace(setup.mailbox(self.config, self.limit), timeout=DIRECT)
        client, doing = None, "connecting"
        try:
            client = connect(box)
            doing = "logging in"
            log_in(client, box)
            doing = f"opening the folder {box.folder}"
            about = client.select_folder(box.folder, readonly=True)
            self.above = int(about.get(b"UIDNEXT", 1)) - 1
        except Exception as error:  # whatever servers, sockets and TLS raise
            if client is not None:
                shut(client)
            return Step("FAILED", self.way, _trouble(self.config, doing, error))
        self.client = client
        took = time.monotonic() - began
        return Step("fine", self.way, f"logged in, the folder opened, {took:.1f} s", took)

    def look(self) -> None:
        """Notes what came since. Raises what imaplib raises."""
        if self.client is None:
            return
        self.client.noop()
        fresh = [uid for uid in self.client.search(["UID", f"{self.above + 1}:*"]) if uid > self.above]
        for uid in sorted(fresh):
            told = self.client.fetch([uid], ["BODY.PEEK[HEADER]"]).get(uid, {})
            for name, value in told.items():
                found = _ID.search(value) if name.startswith(b"BODY[") and isinstance(value, bytes) else None
                self.seen.update([found[1].decode("ascii", "replace")] if found else [])
            self.above = uid

    def close(self) -> None:
        if self.client is not None:
            shut(self.client)
            self.client = None


@dataclass(slots=True)
class _Trip:
    """One list's probe on its way. ``came``: way -> after how many seconds."""

    one: Config
    message_id: str
    began: float
    before: Mapping[str, int]  # ends of the archive's files
    boxes: list[_Box]
    doors: list[str]
    came: dict[str, float] = field(default_factory=dict)
    plus: bool = False  # not to the list but to a plus address of the bot

    @property
    def to(self) -> str:
        return self.one.list.bot.replace("@", "+probe@") if self.plus else self.one.list.address

    def look(self, beside: bool) -> None:
        ways = list(_ways(self.one, self.message_id, self.before)) if beside else []
        ways += [] if beside else [box.way for box in self.boxes if self.message_id in box.seen]
        for way in ways:
            self.came.setdefault(way, time.monotonic() - self.began)

    def over(self) -> bool:
        """All came that must, and the others had their time."""
        if self.plus:
            return bool(self.came)
        if not self.came or any(box.client is not None and box.way not in self.came for box in self.boxes):
            return False
        since = time.monotonic() - self.began - max(self.came.values())
        return since > LATE or all(door in self.came for door in self.doors)


def probe(config: Config, lists: tuple[Config, ...], ports: Mapping[str, int] | None, wait: float) -> Iterator[Step]:
    """``lists``: those that are tried; ``ports``: of the daemon that runs on this folder, None where none does; ``wait``:
    seconds for the lists' copies, which are waited for together."""
    boxes = [_Box(each, config.smtp.max_size) for each in config.imap]
    with contextlib.ExitStack() as opened:
        for box in boxes:
            opened.callback(box.close)
            yield box.open()
        trips: list[_Trip] = []
        for one in lists:
            yield from _doors(one, config, ports)
            trip = _Trip(one, "", 0.0, _ends(one), _of(one, boxes), _listening(config) if ports is not None else [])
            step = _sent(trip)
            yield step
            trips += [trip] if step.state == "fine" else []
            if step.state == "fine" and one.list.plus:
                trips.append(plus := replace(trip, message_id="", came={}, plus=True))
                if (step := _sent(plus)).state != "fine":
                    trips.pop()
                    yield replace(step, way="plus", words=f"{step.words}. {NO_PLUS}")
        yield from _wait(trips, boxes, ports is not None, wait)
        for trip in trips:
            yield from [_told_plus(trip, wait)] if trip.plus else _told(trip, wait, shared=len(config.each) > 1)


def _of(one: Config, boxes: list[_Box]) -> list[_Box]:
    return [box for box in boxes if box.config.list in ("", one.store.folder.name)]


def _listening(config: Config) -> list[str]:
    return [kind for kind, door in (("smtp", config.smtp.listen), ("lmtp", config.lmtp.listen)) if door is not None]


# ── the doors ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _doors(one: Config, config: Config, ports: Mapping[str, int] | None) -> Iterator[Step]:
    for kind in _listening(config):
        door = config.smtp.listen if kind == "smtp" else config.lmtp.listen
        assert door is not None
        port = (ports or {}).get(kind, door.port)
        where = f"{kind.upper()} {door.host}:{port}"
        if ports is None:
            yield Step("untried", kind, f"{where}: no daemon runs that would listen there", list=one.list.address)
            continue
        before = _ends(one)
        message_id, raw = letter(one, kind)
        began = time.monotonic()
        trouble = _hand_in(kind, door.host, port, one, raw)
        if trouble:
            yield Step("FAILED", kind, f"{where} did not take a mail: {trouble}", list=one.list.address)
            continue
        while not (there := any(_ways(one, message_id, before))) and time.monotonic() - began < DIRECT:
            time.sleep(LOOK / 5)
        took = time.monotonic() - began
        if there:
            yield Step("fine", kind, f"{where}: a mail is in the archive after {took:.1f} s", took, one.list.address)
        else:
            words = f"{where} took a mail, and it is not in the archive: look at the daemon's log"
            yield Step("FAILED", kind, words, list=one.list.address)


def _hand_in(kind: str, host: str, port: int, one: Config, raw: bytes) -> str:
    """What went wrong, "" where nothing did."""
    try:
        with smtplib.LMTP(host, port) if kind == "lmtp" else smtplib.SMTP(host, port, timeout=DIRECT) as peer:
            peer.sendmail(one.list.bot, [one.list.bot], raw)
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return ""


# ── the round trip ────────────────────────────────────────────────────────────────────────────────────────────────────


def letter(one: Config, kind: str) -> tuple[str, bytes]:
    """A mail's id and bytes. Auto-Submitted makes it what it is: no person's mail."""
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = make_msgid(f"probe-{kind}", one.list.bot.rpartition("@")[2])
    mail["Date"] = format_datetime(utcnow())
    mail["From"], mail["To"] = one.list.bot, one.list.address
    mail["Subject"] = "mailbot probe: please ignore"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("The operator of mailbot tests whether mail to the list reaches it. Nothing is to be done.\n")
    return str(mail["Message-ID"]).strip("<>"), mail.as_bytes()


def _sent(trip: _Trip) -> Step:
    """Out by the smarthost. To names the list in any case: several may share a bot, and it says whose mail it is."""
    one = trip.one
    post = setup.post(one)
    if post is None:
        return Step("FAILED", "smarthost", "no smarthost is configured: nothing can be sent", list=one.list.address)
    trip.message_id, raw = letter(one, "plus" if trip.plus else "list")
    trip.began = time.monotonic()
    outcome = post.hand_over(raw, one.list.bot, [trip.to])[0]
    post.close()
    state = "fine" if outcome.kind == "sent" else "FAILED"
    words = f"{post.smarthost} said to a mail for {trip.to}: {outcome.reply}"
    return Step(state, "smarthost", words, time.monotonic() - trip.began, one.list.address)


def _wait(trips: list[_Trip], boxes: list[_Box], beside: bool, wait: float) -> Iterator[Step]:
    """Until each list's copy came by each way, or for that time. What breaks meanwhile is told."""
    end = time.monotonic() + wait
    while trips:
        for box in boxes if not beside else []:
            try:
                box.look()
            except Exception as error:  # as in _Box.open
                box.close()
                yield Step("FAILED", box.way, _trouble(box.config, "looking for the copy", error))
        for trip in trips:
            trip.look(beside)
        if all(trip.over() for trip in trips) or time.monotonic() > end:
            return
        time.sleep(min(LOOK, max(0.0, end - time.monotonic()) + 0.01))


def _told(trip: _Trip, wait: float, *, shared: bool) -> Iterator[Step]:
    """Each way in, and the whole. A mailbox that several lists share may well be no member of this one."""
    address = trip.one.list.address
    for way in (*trip.doors, *(box.way for box in trip.boxes if box.client is not None or box.way in trip.came)):
        took = trip.came.get(way)
        name = way.upper() if way in trip.doors else f"IMAP {way.partition(' ')[2]}"
        if took is not None:
            yield Step("fine", way, f"{name}: the copy of {address} came after {took:.0f} s", took, address)
        elif way in trip.doors:
            yield Step("silent", way, f"{name}: no copy of {address} came by it", list=address)
        else:
            free = shared and bool(trip.came) and any(b.way == way and not b.config.list for b in trip.boxes)
            words = (
                f"{name}: nothing came within {wait:.0f} s: is it subscribed to {address}, its own mail too? Does a filter move"
                " it to another folder?"
            )
            yield Step("silent" if free else "FAILED", way, words, list=address)
    if not trip.came:
        words = (
            f"it did not come back within {wait:.0f} s: is {trip.one.list.bot} a member of {address} that gets each mail, its"
            " own too, and may it post there unmoderated? Does its mail end at one of the ways in?"
        )
        yield Step("FAILED", "list", words, list=address)


def _told_plus(trip: _Trip, wait: float) -> Step:
    address = trip.one.list.address
    if not trip.came:
        words = f"plus address: nothing for {trip.to} came in within {wait:.0f} s. {NO_PLUS}"
        return Step("FAILED", "plus", words, list=address)
    took = min(trip.came.values())
    return Step("fine", "plus", f"plus address: the mail for {trip.to} came in after {took:.0f} s", took, address)


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ends(one: Config) -> Mapping[str, int]:
    if not one.store.folder.is_dir():
        return {}
    with setup.open_archive(one, readonly=True) as archive:
        return archive.ends()


def _ways(one: Config, message_id: str, before: Mapping[str, int]) -> Iterator[str]:
    """The ways by which the mail of that id came since, each as often as it did."""
    with setup.open_archive(one, readonly=True) as archive:
        yield from _came(archive, message_id.encode(), before)


def _came(archive: Archive, message_id: bytes, before: Mapping[str, int]) -> Iterator[str]:
    for record in archive.records(before):
        if record.direction == "in" and message_id in record.raw:
            found = _ID.search(record.raw)
            if found and found[1] == message_id:  # a bounce quotes it
                mailbox = read_way(record.arrival.way)
                yield f"imap {mailbox[0]}" if mailbox else record.arrival.way.partition(" ")[0]


def _trouble(box: Imap, doing: str, error: Exception) -> str:
    """A sentence with what to look at."""
    words = " ".join(str(error).split())[:200] or type(error).__name__
    pattern = next((row for kind, row in TROUBLES if isinstance(error, kind)), f"{doing}: {{words}}")
    told = pattern.format(words=words, user=box.user, host=box.host, port=box.port)
    return f"IMAP {box.user}@{box.host}/{box.folder}: {told}"
