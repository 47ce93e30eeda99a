"""A scene: mails and silences with their times, from a TOML file, as demo and simulate play it. See scenes/registry.toml.

The law: the same file gives the same mails, byte for byte. Nothing here knows a clock, or what became of a mail.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

ACTS = ("stop", "start", "pause", "resume", "refuse", "take")  # of daemon, operator, smarthost
_GAP = re.compile(r"\{(id|undo):([^{}\s]+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """A mail, an act, or a silence (neither) that only lets time pass."""

    at: datetime  # with the writer's offset
    see: str = ""  # what there is to see, for the audience
    who: str = ""  # "Alice Doe <alice@example.org>", "" for a silence
    subject: str = ""
    text: str = ""  # {id:NAME} is the incident that the step NAME opened, {undo:NAME} the UNDO code of its mail
    name: str = ""
    answers: str = ""  # a step's name; or "notice KIND" or "notice KIND NAME", the latest such mail of ours to read
    quote: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    arrives: datetime | None = None  # later than ``at``, where it was on its way for long
    to: str = ""  # an address, or "bot"; "" is the list, and for an answer to a mail of ours to us alone its Reply-To
    act: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    steps: tuple[Step, ...]
    echo: bool = False  # the list sends what goes to it to us too, our own mails as well


@dataclass(frozen=True, slots=True)
class Earlier:
    """A mail that a step can answer, and where its answer goes ("" to the list)."""

    message_id: str
    at: datetime
    who: str
    text: str
    reply_to: str = ""
    subject: str = ""


def load(path: Path) -> Scene:
    """Raises ValueError with a sentence where the file is no scene, OSError where it cannot be read."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not TOML: {error}") from error
    people, rows = tree.get("people", {}), tree.get("step", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path.name}: write [[step]] in double brackets, once for each step")
    names = {str(row.get("name", f"step{number}")) for number, row in enumerate(rows, 1)}
    steps = []
    for number, row in enumerate(rows, 1):
        try:
            steps.append(_tried(_step(row, number, people), names))
        except (KeyError, TypeError, ValueError) as error:
            said = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path.name}: step {number}: {said}") from error
    if not steps:
        raise ValueError(f"{path.name} has no [[step]]")
    return Scene(tree.get("title", path.stem), tuple(steps), bool(tree.get("echo")))


def _step(row: Mapping[str, Any], number: int, people: Mapping[str, str]) -> Step:
    known = {name for name in Step.__dataclass_fields__ if name != "who"} | {"from"}
    if unknown := sorted(row.keys() - known):
        raise ValueError(f"{unknown[0]!r} is no key; these are: {', '.join(sorted(known))}")
    told = {**{k: v for k, v in row.items() if k not in ("headers", "quote")}, **row.get("headers", {})}
    if unlike := [name for name, value in told.items() if not isinstance(value, str)]:
        raise ValueError(f"{unlike[0]} is no text")
    if row.get("act", "take") not in ACTS:
        raise ValueError(f"{row['act']!r} is no act; these are: {', '.join(ACTS)}")
    given = {k: v for k, v in row.items() if k not in ("at", "from", "arrives", "text")}
    given["name"] = row.get("name", f"step{number}")
    who = people[row["from"]] if "from" in row else ""
    arrives = _time(row["arrives"]) if "arrives" in row else None
    return Step(at=_time(row["at"]), who=who, text=row.get("text", "").lstrip("\n"), arrives=arrives, **given)


def _tried(step: Step, names: set[str]) -> Step:
    """What would fail only when it is played."""
    asked = step.answers.split(" ")[2:] if step.answers.startswith("notice ") else [step.answers][: bool(step.answers)]
    for name in (*asked, *(found[2] for found in _GAP.finditer(step.text))):
        if name not in names:
            raise ValueError(f"there is no step {name!r}")
    if step.who:
        mail(replace(step, text="", answers=""), {}, "incident@example.org")
    return step


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(f"{text} has no offset; write +00:00 for UTC")
    return at


def mail(
    step: Step, earlier: Mapping[str, Earlier], to: str, gaps: Mapping[str, str] | None = None
) -> tuple[EmailMessage, str]:
    """The mail of a step and its Message-ID. ``earlier``: what it may answer, by name; ``gaps``: what stands for
    "id:NAME" and "undo:NAME". KeyError where what it answers or names is not there."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = step.who, to, step.subject
    message["Date"] = format_datetime(step.at)
    host = parseaddr(step.who)[1].partition("@")[2]
    message_id = f"{step.at.astimezone(UTC):%Y%m%d%H%M%S}.{step.name}@{host}"
    message["Message-ID"] = f"<{message_id}>"
    text = _GAP.sub(lambda found: (gaps or {})[f"{found[1]}:{found[2]}"], step.text)
    if step.answers:
        asked = earlier[step.answers]
        message["In-Reply-To"] = message["References"] = f"<{asked.message_id}>"
        if not step.subject:
            del message["Subject"]
            message["Subject"] = f"Re: {asked.subject.removeprefix('Re: ')}"
        if step.quote:
            quoted = "".join(f"> {line}".rstrip() + "\n" for line in asked.text.splitlines())
            text += f"\nOn {asked.at:%a, %b %d, %Y at %H:%M}, {asked.who} wrote:\n{quoted}"
    for name, value in step.headers.items():
        message[name] = value
    if "Content-Type" in message:
        message.set_payload(text)
    else:
        message.set_content(text)
    return message, message_id
