"""bounce, auto, alert or human: what wrote a message (language.md 3; "ours" and "duplicate" are known from the archive).

Law: a person is never called a machine for one word. A mark that a program sets is enough alone; words that people use
too need a second witness (the sender's name, the text, no sender at all). ``Precedence: bulk`` or ``list`` and
``X-Auto-Response-Suppress`` say nothing: lists and people's programs set them. Rules are rows, each with its example.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from mailbot.core import robots
from mailbot.core.alerts import read_alert
from mailbot.core.message import Message

TOP = 700  # characters of the text that are looked at
OPENING = 250  # the same, for the words with which it begins


_ADDRESS = re.compile(r"[^\s<>@\"',;:]{1,64}@[^\s<>@\"',;:]{1,255}")


class Sender(NamedTuple):
    """What its names and addresses say of who wrote; one behind a list (L40) is the author."""

    local: str
    daemon: bool
    postman: bool
    list_server: bool
    product: bool  # of which no person is called
    monitor: bool
    unread: bool  # nobody reads what is sent there
    robot: bool  # unread, and a product by its name or its domain


def _sender(name: str, email: str, written: str) -> Sender:
    """``written``: the header From."""
    local, _, domain = email.rpartition("@")
    local = local.strip("\"'")
    called = name.partition(" via ")[0][:100].lower().strip("\"' ")
    names = f"{name} {written.strip().lower()}"[:300].lower()
    product = robots.PRODUCT.fullmatch(local) is not None
    monitor = robots.MONITOR.fullmatch(local) is not None
    unread = product or monitor or robots.NOBODY.fullmatch(local) is not None
    as_product = (unread or local in _SYSTEM) and robots.PRODUCT.fullmatch(called) is not None
    return Sender(
        local,
        daemon=robots.DAEMON.stand_in(names),
        postman=robots.POSTMAN.stand_in(names),
        list_server=robots.LIST_SERVER.match(f"{local}@{domain}") is not None,
        product=product,
        monitor=monitor,
        unread=unread,
        robot=as_product or (unread and robots.MONITOR_DOMAIN.search(domain) is not None),
    )


_known_sender = lru_cache(maxsize=1024)(_sender)  # the few people of a list write again and again


class Look:
    """What the rows look at, lower-case; ``null``: the envelope had no sender; ``alone``: it answers nothing."""

    def __init__(self, message: Message, envelope_sender: str | None) -> None:
        self._headers = headers = dict(reversed(message.headers))  # of two the first counts
        self.named = headers.keys()
        self._text = message.text[: TOP * 2]
        name, written = message.sender.name, headers.get("from", "")
        email = self._behind() if " via " in name else message.sender.email
        short = len(name) + len(email) + len(written) < 300
        self.sender = (_known_sender if short else _sender)(name, email, written)
        self.to = message.recipients
        self.subject = robots.plain(message.subject[:300]).strip()
        self.title: str = _TAG.sub("", self.subject)
        self.content: str = self.header("content-type")[:500]
        self.report: bool = self.content.startswith("multipart/report")
        sender = envelope_sender if envelope_sender is not None else self.header("return-path", "x")
        self.null: bool = sender.strip() in _EMPTY
        self.alone = not (message.references or message.in_reply_to)

    def _behind(self) -> str:
        """The author whom a list hides behind its own address ("Zabbix via Incidents"): L40."""
        names = (self.header(name) for name in ("x-original-from", "x-original-sender", "reply-to", "from"))
        return next((found[0] for name in names if (found := _ADDRESS.search(name[:500])) is not None), "")

    def header(self, name: str, default: str = "") -> str:
        return self._headers.get(name, default).strip().lower()

    def says(self, phrases: robots.Phrases) -> bool:
        return phrases.may_stand_in(self._text) and phrases.stand_in(self.text)

    def opens_with(self, phrases: robots.Phrases) -> bool:
        start = self._text[:OPENING]
        return phrases.may_stand_in(start) and phrases.stand_in(robots.plain(" ".join(start.split())))

    @cached_property
    def text(self) -> str:
        return robots.plain(" ".join(self._text.split())[:TOP])


@dataclass(frozen=True, slots=True)
class Mark:
    """One row: the kind, the reason as people read it, the test, and a mail (head, text) that has the mark.

    ``needs``: headers, lower-case; a mail that has none of them has not the mark.
    """

    kind: str
    reason: str
    test: Callable[[Look], bool]
    example: str
    needs: tuple[str, ...] = ()


def kind(message: Message, envelope_sender: str | None) -> tuple[str, str]:
    """("bounce" | "auto" | "alert" | "human", why). ``envelope_sender``: "" or "<>" is the null sender, None is not known."""
    look = Look(message, envelope_sender)
    for mark in MARKS:
        if (not mark.needs or not look.named.isdisjoint(mark.needs)) and mark.test(look):
            return mark.kind, mark.reason
    return "human", ""


_TAG = re.compile(r"^(?:\[[\w .:-]{1,40}\]\s*){0,2}(?=\[|\*\*)|^\[[^\]]{1,40}\]\s+(?=\S)")
_REPLY = re.compile(r"(?:re|fwd?|aw|wg|sv|vs|tr|rif|antw|odp)\s?:")
_EMPTY = ("", "<>", "< >")
_SYSTEM = ("root", "daemon", "www-data")  # a person may write as root, but not under the name of a product


def _returned(look: Look) -> bool:
    """A postmaster may also be a person who writes about mail: both witnesses, and no answer in a discussion."""
    if not look.sender.postman or not robots.FAILED_SUBJECT.stand_in(look.subject):
        return False
    if robots.WHOLE_SUBJECT.match(look.subject) or not look.text:
        return True
    return (look.alone or not _REPLY.match(look.subject)) and robots.FAILED_TEXT.search(look.text) is not None


def _unsigned(look: Look) -> bool:
    """No name of a mail system: subject and text must both say it; behind a "Re:" only the very first words count."""
    if (
        not look.alone
        or not robots.FAILED_SUBJECT.stand_in(look.subject)
        or robots.FAILED_TEXT.search(look.text) is None
    ):
        return False
    return not _REPLY.match(look.subject) or robots.OPENS_FAILED.match(look.text) is not None


_RESPONDERS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-autoresponse", "x-auto-reply", "x-auto-reply-from",
    "x-mail-autoreply", "x-autoreply-from", "x-autogenerated", "x-vacation", "x-emailautoreply", "x-amazon-auto-reply",
    "x-fc-machinegenerated",
)  # fmt: skip


def _generated(look: Look) -> bool:
    return look.header("auto-submitted").startswith(("auto-generated", "auto-notified"))


def _to_return_address(look: Look) -> bool:
    """Nobody writes to the envelope sender of a mailing; what comes there on its own is no person's news."""
    return len(look.to) == 1 and robots.RETURN_ADDRESS.match(look.to[0].email) is not None


def _list_server(look: Look) -> bool:
    """Our own mail was held, or its sender is to confirm something: answered, that would be held in its turn."""
    if not look.alone or not look.sender.list_server:
        return False
    return look.header("precedence") in ("bulk", "junk") or robots.LIST_NOTICE.search(look.subject) is not None


def _alert(look: Look) -> bool:
    if _REPLY.match(look.subject):
        return False
    who = look.sender
    if who.product and who.local.isalnum():  # nagios@ says what it says; nagios-admins@ may be people
        return True
    stated = (who.product or who.monitor) and robots.STATE.search(look.subject) is not None
    if who.product or stated:
        return stated
    if who.robot:
        return True
    if not look.alone:
        return False
    if robots.ALERT_SUBJECT.match(look.subject) or robots.ALERT_SUBJECT.match(look.title):
        return True
    witness = who.unread or _generated(look) or look.says(robots.ALERT_TEXT)
    return witness and read_alert(look.subject, machine=True) is not None


def _has(look: Look, *names: str) -> bool:
    return any(look.header(name, "no") not in ("no", "") for name in names)


MARKS = (
    Mark("bounce", "a delivery report (multipart/report; delivery-status)", lambda m: m.report and "delivery-status" in m.content,
         "From: a@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nfailed\n--x--"),
    Mark("bounce", "X-Failed-Recipients", lambda m: _has(m, "x-failed-recipients"),
         "From: a@example.org\nX-Failed-Recipients: b@example.org\n\nno", ("x-failed-recipients",)),
    Mark("bounce", "from MAILER-DAEMON", lambda m: m.sender.daemon,
         "From: MAILER-DAEMON@example.org (Mail Delivery System)\nSubject: anything\n\nx"),
    Mark("bounce", "a report from a mail system", lambda m: m.report and m.sender.postman,
         "From: postmaster@example.org\nContent-Type: multipart/report; boundary=x\n\n--x\n\nfailed\n--x--"),
    Mark("bounce", "from a mail system, subject and text say that delivery failed", _returned,
         "From: System Administrator <postmaster@example.org>\nSubject: Undeliverable: hello\n\nYour message did not reach Bob."),
    Mark("bounce", "no envelope sender, and subject or text say that delivery failed",
         lambda m: m.null and (robots.FAILED_SUBJECT.stand_in(m.subject) or robots.FAILED_TEXT.search(m.text) is not None),
         "Return-Path: <>\nFrom: Post <post@example.org>\nSubject: Undelivered Mail Returned to Sender\n\nx"),
    Mark("bounce", "a delivery failure by its subject and its text", _unsigned,
         "From: gw@example.org\nSubject: Mail could not be delivered\n\nThe following mail could not be delivered: x"),
    Mark("auto", "sent to a return address and to nobody else", _to_return_address,
         "From: a@example.org\nTo: bounces+keKf29aH@example.org\nSubject: your order\n\nx"),
    Mark("auto", "Auto-Submitted: auto-replied", lambda m: "auto-replied" in m.header("auto-submitted")[:80],
         "From: a@example.org\nSubject: hello\nAuto-Submitted: auto-replied (vacation)\n\nx", ("auto-submitted",)),
    Mark("auto", "a receipt (multipart/report)", lambda m: m.report,
         "From: a@example.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x\n\nread"),
    Mark("auto", "Precedence: auto_reply",
         lambda m: m.header("precedence").startswith(("autoreply", "auto-reply", "auto_reply")),
         "From: a@example.org\nPrecedence: auto_reply\n\nx", ("precedence",)),
    Mark("auto", "a header of an auto-responder", lambda m: _has(m, *_RESPONDERS),
         "From: a@example.org\nX-Autoreply: yes\n\nx", _RESPONDERS),
    Mark("auto", "a header of an auto-responder", lambda m: m.header("delivered-to") == "autoresponder",
         "From: a@example.org\nDelivered-To: autoresponder\n\nx", ("delivered-to",)),
    Mark("auto", "a header of an auto-responder", lambda m: "autoresponder" in m.header("x-post-messageclass"),
         "From: a@example.org\nX-Post-MessageClass: 9; Autoresponder\n\nx", ("x-post-messageclass",)),
    Mark("auto", "a mailbox rule answered (X-MS-Exchange-Generated-Message-Source)",
         lambda m: "rules agent" in m.header("x-ms-exchange-generated-message-source"),
         "From: a@example.org\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\n\nx",
         ("x-ms-exchange-generated-message-source",)),
    Mark("auto", "a list server's own notice", lambda m: _has(m, "x-list-administrivia"),
         "From: a@example.org\nX-List-Administrivia: yes\n\nx", ("x-list-administrivia",)),
    Mark("auto", "a list server's own notice", _list_server,
         "From: incident-owner@example.org\nSubject: Your message to incident@example.org awaits moderator approval\n\nx"),
    Mark("auto", "the subject of an automatic reply",
         lambda m: robots.ANSWERED_SUBJECT.match(m.title) is not None,
         "From: a@example.org\nSubject: Automatic reply: outage\n\nx"),
    Mark("auto", "subject and text say that somebody is away",
         lambda m: robots.AWAY_SUBJECT.match(m.title) is not None and robots.AWAY_TEXT.search(m.text) is not None,
         "From: a@example.org\nSubject: Out of office\n\nI am currently out of the office and will be back on Monday."),
    Mark("auto", "it thanks for a mail and says that somebody is away",
         lambda m: m.opens_with(robots.THANKS) and robots.AWAY_TEXT.search(m.text) is not None,
         "From: a@example.org\nSubject: Re: down\n\nHello, thank you for your email. I am out of the office until Monday."),
    Mark("alert", "a monitoring system", _alert,
         "From: nagios@example.org\nSubject: ** PROBLEM Service Alert: web1/HTTP is CRITICAL **\n\nx"),
    Mark("auto", "Auto-Submitted: auto-generated", _generated,
         "From: cron@example.org\nSubject: Cron <root@web1> run\nAuto-Submitted: auto-generated\n\nx", ("auto-submitted",)),
    Mark("auto", "no envelope sender: nobody could be answered", lambda m: m.null,
         "Return-Path: <>\nFrom: a@example.org\nSubject: hello\n\nx"),
)  # fmt: skip
