"""The operator's log is a language: one function a fact, ``event key=value``, always with message and incident id.

Nothing of a mail's text and no password is ever in it.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path

LOG = logging.getLogger("mailbot")


def start(level: str, file: Path | None = None) -> None:
    """To standard error (or a file), one line a fact."""
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    LOG.handlers[:] = [handler]
    LOG.setLevel(level.upper())
    LOG.propagate = False
    logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # what it thinks of a mail, core says in problems


def _say(level: int, event: str, **fields: object) -> None:
    if LOG.isEnabledFor(level):
        shown = " ".join(f"{name}={_value(value)}" for name, value in fields.items() if value not in (None, ""))
        LOG.log(level, "%s", f"{event} {shown}".rstrip())


def _value(value: object) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(value))[:300]
    return f'"{text}"' if " " in text or not text else text


def accepted(message_id: str, way: str, size: int) -> None:
    _say(logging.INFO, "accepted", message=message_id, way=way, bytes=size)


def refused(way: str, why: str) -> None:
    _say(logging.WARNING, "not-accepted", way=way, why=why)


def threaded(message_id: str, incident: str | None, rule: str, kind: str) -> None:
    _say(logging.INFO, "threaded", message=message_id, incident=incident or "none", rule=rule, kind=kind)


def written(message_id: str, incident: str, kind: str, to: int) -> None:
    _say(logging.INFO, "written", message=message_id, incident=incident or "none", notice=kind, recipients=to)


def handed_over(
    message_id: str, incident: str, recipient: str, outcome: str, reply: str, *, told: bool = False
) -> None:
    """``told``: the same was said of the same address before."""
    level = logging.INFO if outcome == "sent" or told else logging.WARNING
    _say(
        level,
        "handed-over" if outcome == "sent" else outcome,
        message=message_id,
        incident=incident or "none",
        to=recipient,
        reply=reply,
    )


def bounced(message_id: str, recipient: str, verdict: str, status: str, words: str) -> None:
    level = logging.WARNING if verdict in ("gone", "failed") else logging.INFO
    _say(level, "bounced", message=message_id, to=recipient, verdict=verdict, status=status, said=words)


def withheld(incident: str, kind: str, until: object) -> None:
    _say(logging.INFO, "withheld", incident=incident or "none", notice=kind, until=until)


def broke(message_id: str, where: str, error: BaseException | str) -> None:
    said = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
    _say(logging.ERROR, "broke", message=message_id, where=where, error=said)


def published(incident: str, file: str) -> None:
    """``file`` "": it is out of the folder again."""
    _say(logging.INFO, "published" if file else "withdrawn", incident=incident, **({"file": file} if file else {}))


def listening(kind: str, host: str, port: int) -> None:
    _say(logging.INFO, "listening", kind=kind, host=host, port=port)


def started(archive: object, messages: int, incidents: int, took: timedelta) -> None:
    _say(
        logging.INFO,
        "started",
        archive=archive,
        messages=messages,
        incidents=incidents,
        seconds=f"{took.total_seconds():.2f}",
    )


def stopped(messages: int) -> None:
    _say(logging.INFO, "stopped", messages=messages)


def rebuilt(messages: int, why: str) -> None:
    _say(logging.WARNING, "rebuilt", messages=messages, why=why)


def operator(act: str, **fields: object) -> None:
    _say(logging.INFO, "operator", act=act, **fields)


def mailbox(event: str, **fields: object) -> None:
    _say(logging.INFO, f"imap-{event}", **fields)


def note(sentence: str) -> None:
    _say(logging.WARNING, "note", said=sentence)
