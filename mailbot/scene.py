"""A scene: mails and silences with their times, from a TOML file, as the demo plays it. See scenes/registry.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime  # with the writer's offset
    see: str  # what there is to see, for the audience
    who: str = ""  # "Alice Doe <alice@example.org>", "" for a silence
    subject: str = ""
    text: str = ""
    name: str = ""
    answers: str = ""
    quote: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    steps: tuple[Step, ...]


def load(path: Path) -> Scene:
    """Raises ValueError with a sentence where the file is no scene."""
    tree = tomllib.loads(path.read_text(encoding="utf-8"))
    people = tree.get("people", {})
    steps = []
    for number, row in enumerate(tree.get("step", []), 1):
        try:
            at = datetime.fromisoformat(row["at"])
            who = people[row["from"]] if "from" in row else ""
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path.name}: step {number}: {error}") from error
        steps.append(
            Step(
                at,
                row.get("see", ""),
                who,
                row.get("subject", ""),
                row.get("text", "").lstrip("\n"),
                row.get("name", f"step{number}"),
                row.get("answers", ""),
                row.get("quote", False),
                row.get("headers", {}),
            )
        )
    return Scene(tree.get("title", path.stem), tuple(steps))


def mail(step: Step, earlier: Mapping[str, tuple[Step, str]], to: str) -> tuple[EmailMessage, str]:
    """The mail of a step and its Message-ID. ``earlier``: name -> (step, Message-ID) of those before it."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = step.who, to, step.subject
    message["Date"] = format_datetime(step.at)
    host = parseaddr(step.who)[1].partition("@")[2]
    message_id = f"{step.at.astimezone(UTC):%Y%m%d%H%M%S}.{step.name}@{host}"
    message["Message-ID"] = f"<{message_id}>"
    text = step.text
    if step.answers:
        asked, asked_id = earlier[step.answers]
        message["In-Reply-To"] = message["References"] = f"<{asked_id}>"
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
