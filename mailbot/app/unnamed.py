"""Replies to digests whose keywords name no incident, or one that is not there: what would be right is told to the sender.

The law: such a reply opens nothing and changes nothing (language.md 3); but silence would be worse than an answer (L14). It
is told once, as its key says, and only of keywords that no incident has answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from mailbot.app import log
from mailbot.app.desk import said
from mailbot.app.register import Register
from mailbot.core.due import LATE, Notice, Policy, within
from mailbot.core.entries import Ask, Outcome, Said, can_be_mailed, undo_code
from mailbot.outbox.render import Letter, Renderer


def unnamed(register: Register, renderer: Renderer, now: datetime, policy: Policy) -> Iterator[Letter]:
    """The mails to write now; what has nothing to be told is looked at once."""
    for number, at in list(register.unnamed.items()):
        notice = _notice(register, number) if now - datetime.fromtimestamp(at, UTC) < LATE else None
        if notice is None or notice.keys[0] in register.written:
            del register.unnamed[number]
        elif within(notice, register.posted, now, policy) is None and (letter := _letter(renderer, notice, now)):
            yield letter


def _notice(register: Register, number: int) -> Notice | None:
    doc = register.state.get("messages", number)
    if doc is None:
        return None
    taken = register.taken(doc)
    item = said(taken, register.list, register.zone_of(taken))
    outcomes = _outcomes(register, item)
    if not outcomes or not can_be_mailed(item.who.email):
        return None
    key = f"receipt:{undo_code(item.message_id)}"
    ask = Ask("receipt", key, item.message_id, item.who, item.at, item.subject, False, outcomes)
    return Notice("receipt", (key,), "", False, (item.who.email,), (ask,))


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


def _letter(renderer: Renderer, notice: Notice, now: datetime) -> Letter | None:
    ask = notice.asks[0]
    subject = ask.subject if ask.subject[:3].casefold() == "re:" else f"Re: {ask.subject}"
    try:
        letter = renderer.of_many(notice, "unnamed", subject, ask.message_id, now, {"outcomes": ask.outcomes})
    except Exception as error:  # a template of the list's own may be broken in any way
        log.broke(ask.message_id, "template of unnamed", error)
        return None
    log.written(letter.message_id, "", "receipt", len(letter.recipients))
    return letter
