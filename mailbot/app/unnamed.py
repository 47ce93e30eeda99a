"""Replies to digests whose keywords name no incident, or one that is not there: what would be right is told to the sender.
And mails that only ask: HELP and SEARCH are answered without an incident.

The law: such a mail opens nothing and changes nothing (language.md 3); but silence would be worse than an answer (L14). It
is told once, as its key says, and only of keywords that no incident has answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mailbot.app import log
from mailbot.app.desk import said
from mailbot.app.register import Register
from mailbot.app.replies import found
from mailbot.core.commands import keywords
from mailbot.core.due import LATE, Notice, Policy, within
from mailbot.core.entries import Ask, Outcome, Said, can_be_mailed, undo_code
from mailbot.core.threads import ONLY_ASKS
from mailbot.outbox.render import Letter, Renderer


def unnamed(register: Register, renderer: Renderer, now: datetime, policy: Policy) -> Iterator[Letter]:
    """The mails to write now; what has nothing to be told is looked at once."""
    for number, at in list(register.unnamed.items()):
        notice = _notice(register, number) if now - datetime.fromtimestamp(at, UTC) < LATE else None
        if notice is None or notice.keys[0] in register.written:
            del register.unnamed[number]
        elif within(notice, register.posted, now, policy) is None and (
            letter := _letter(register, renderer, notice, now)
        ):
            yield letter


def _notice(register: Register, number: int) -> Notice | None:
    doc = register.state.get("messages", number)
    if doc is None:
        return None
    taken = register.taken(doc)
    item = said(taken, register.list, register.zone_of(taken))
    asks = doc["w"] == ONLY_ASKS
    outcomes = _unasked(item) if asks else _outcomes(register, item)
    if not (outcomes or asks) or not can_be_mailed(item.who.email):
        return None
    words = "\n".join(f"{c.keyword.word} {c.text}".strip() for c in item.reading.commands)
    kind = "answer" if asks else "receipt"
    key = f"{kind}:{undo_code(item.message_id)}"
    ask = Ask(kind, key, item.message_id, item.who, item.at, item.subject, False, outcomes, words)
    return Notice(kind, (key,), "", False, (item.who.email,), (ask,))


def _outcomes(register: Register, item: Said) -> tuple[Outcome, ...]:
    told = []
    for command in item.reading.commands:
        word = command.keyword.word
        if not command.incident:
            rest = command.keyword.usage[len(word) :]
            told.append(Outcome(False, command.words, f"Which incident? Write {word} INC-...{rest}, with its id."))
        elif register.threads.current(command.incident) is None:
            told.append(Outcome(False, command.words, f"I know no {command.incident}; the id stands in the digest."))
    return tuple(told)


def _unasked(item: Said) -> tuple[Outcome, ...]:
    """Questions about one incident in a mail that belongs to none. An answer to HELP and SEARCH needs none."""
    about = (c for c in item.reading.commands if c.keyword.word not in ("HELP", "SEARCH"))
    return tuple(
        Outcome(False, c.words, "Which incident? Reply in its thread, or put its id into the subject.") for c in about
    )


def _letter(register: Register, renderer: Renderer, notice: Notice, now: datetime) -> Letter | None:
    ask = notice.asks[0]
    name, told = "unnamed", dict[str, Any](outcomes=ask.outcomes)
    if notice.kind == "answer":
        name, lines = "asked", ask.words.split("\n")
        words = " ".join(line[7:] for line in lines if line.startswith("SEARCH "))
        told |= {"keywords": keywords() if "HELP" in lines else (), "words": words}
        told |= {"found": found(register, words, None) if words else ()}
    subject = ask.subject if ask.subject[:3].casefold() == "re:" else f"Re: {ask.subject}"
    try:
        letter = renderer.of_many(notice, name, subject, ask.message_id, now, told)
    except Exception as error:  # a template of the list's own may be broken in any way
        log.broke(ask.message_id, f"template of {notice.kind} beside incidents", error)
        return None
    log.written(letter.message_id, "", notice.kind, len(letter.recipients))
    return letter
