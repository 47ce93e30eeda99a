"""A list archive that never was: threads of replies with quotes, as a mailing list about outages has them.

Law: the same numbers give the same bytes, in every run and on every machine. No mail in it is anybody's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from textwrap import wrap


def _words(text: str) -> list[str]:
    return text.split()


BEGIN = datetime(2019, 1, 7, 8, 0, tzinfo=UTC)
_NAMES = _words("Ada Bea Cyril Dana Emil Fay Gus Hana Ivo Jana Kai Lena Milo Nora Otto Pia Quin Rosa Sven Tara")
_SYSTEMS = _words("login mail database search queue storage network billing website cache proxy backup gitlab wiki dns")
_TROUBLE = _words("down slow failing unreachable overloaded flapping full expired stuck broken")
_WORDS = _words(
    "the a this that we they it server disk node rack switch deploy version config change restart again after before "
    "while because since now then still not only most all some users requests errors latency graphs logs alerts "
    "looks seems was were is are has had been will should could see saw found tried moved rolled back up down over "
    "again one two three of in on at to from with without for and or but so as if when which who what where more less "
    "first last next other same new old primary replica cluster service client timeout retry packet route certificate"
)
_HEAD = """\
Return-Path: <{bounce}>
Received: from mx{n}.example.org (mx{n}.example.org [192.0.2.{n}])
\tby lists.example.org (Postfix) with ESMTPS id 4Qx{number:07d}z
\tfor <incident@example.org>; {date}
Received: by mail-{n}.example.net with SMTP id {number:012x}
\tfor <incident@example.org>; {date}
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=2019;
\th=mime-version:from:date:message-id:subject:to:cc; bh={number:043d}=;
\tb={number:086d}
\t {number:086d}==
MIME-Version: 1.0
From: {name} Example <{sender}>
Date: {date}
Message-ID: <{own}>
{links}To: incident <incident@example.org>
Subject: {subject}
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: 8bit
User-Agent: Mozilla Thunderbird
List-Id: Incidents <incident.example.org>
List-Post: <mailto:incident@example.org>
List-Unsubscribe: <https://lists.example.org/options/incident>,
\t<mailto:incident-request@example.org?subject=unsubscribe>
Precedence: list

"""
_FOOTER = """\
_______________________________________________
incident mailing list
incident@example.org
https://lists.example.org/listinfo/incident
"""


@dataclass(slots=True)
class Thread:
    """A conversation as far as it went."""

    subject: str
    at: datetime
    ids: list[str] = field(default_factory=list)
    last: tuple[str, datetime, list[str]] = ("", BEGIN, [])  # who wrote last, when, the lines of it


class Author:
    """Writes mails, one after the other; a number gives what it writes. ``size``: bytes of a mail, about."""

    def __init__(self, seed: int = 1, *, size: int = 4096) -> None:
        self._random = random.Random(seed)
        self._lines = max(2, (size - 1650) // 66)  # of own text; half as many are quoted
        self._number = seed * 1_000_000
        self._sentences = [self._sentence() for _ in range(5000)]

    def _sentence(self) -> str:
        words = self._random.choices(_WORDS, k=self._random.randint(6, 16))
        return f"{' '.join(words).capitalize()}."

    def opens(self, at: datetime) -> tuple[Thread, bytes]:
        pick = self._random.choice
        number = self._random.randint(1, 400)
        thread = Thread(f"{pick(_SYSTEMS).capitalize()} {pick(_TROUBLE)} on {pick(_SYSTEMS)}{number}", at)
        return thread, self.writes(thread, at)

    def writes(self, thread: Thread, at: datetime, *, own: str = "") -> bytes:
        """The next mail of a thread; ``own``: lines to begin its text with."""
        self._number += 1
        name = self._random.choice(_NAMES)
        message_id = f"{self._number:x}.{thread.at:%Y%m%d}@mail.example.net"
        lines = [*own.splitlines(), *self._text(at)]
        body = [*self._quote(thread), *lines, "", "-- ", name, "Example operations, on call +00 000 0000", ""]
        subject = f"{'Re: ' if thread.ids else ''}[incident] {thread.subject}"
        head = _HEAD.format(
            bounce=f"incident-bounces+{name.lower()}@example.org",
            n=self._number % 200 + 1,
            number=self._number,
            date=format_datetime(at),
            name=name,
            sender=f"{name.lower()}@example.net",
            own=message_id,
            links=_links(thread.ids),
            subject=subject,
        )
        thread.ids.append(message_id)
        thread.last = (name, at, lines)
        return (head + "\n".join(body) + _FOOTER).encode()

    def _text(self, at: datetime) -> list[str]:
        lines: list[str] = []
        while len(lines) < self._lines:
            said = [self._random.choice(self._sentences) for _ in range(self._random.randint(1, 4))]
            if self._random.random() < 0.2:
                early = at - timedelta(minutes=self._random.randint(1, 90))
                said.insert(0, f"At {early:%H:%M} UTC the {self._random.choice(_SYSTEMS)} came back.")
            lines += [*wrap(" ".join(said), 72), ""]
        return lines[: self._lines + 1]

    def _quote(self, thread: Thread) -> list[str]:
        name, at, lines = thread.last
        if not name:
            return []
        half = lines[: len(lines) // 2]
        return [f"On {at:%a, %b %d, %Y at %H:%M} {name} Example wrote:", *[f"> {line}" for line in half], ""]


def _links(ids: list[str]) -> str:
    if not ids:
        return ""
    known = "\n ".join(f"<{i}>" for i in [ids[0], *ids[1:][-9:]])
    return f"In-Reply-To: <{ids[-1]}>\nReferences: {known}\n"


def archive(count: int, *, seed: int = 1, size: int = 4096) -> Iterator[bytes]:
    """``count`` mails in the order of their Dates: threads of five on average, some hours long, some open at a time."""
    author, dice = Author(seed, size=size), random.Random(seed)
    running: list[Thread] = []
    at = BEGIN
    for _ in range(count):
        at += timedelta(minutes=dice.randint(1, 40))
        if len(running) < 3 or dice.random() < 0.2:
            thread, raw = author.opens(at)
            running.append(thread)
            yield raw
        else:
            yield author.writes(running[int(dice.random() ** 2 * len(running))], at)
        if len(running) > 12:
            running.pop(0)


def mbox(mails: Iterator[bytes]) -> Iterator[bytes]:
    """As the records of an mbox file."""
    for raw in mails:
        yield b"From bench@example.org Mon Jan  7 08:00:00 2019\n" + raw.replace(b"\nFrom ", b"\n>From ") + b"\n\n"
