"""What the answers to SEARCH, WHY and CATCHUP say: found in the register when such a mail is about to be written.

The law: an answer tells what is on record and how it came there, in sentences; it changes nothing and keeps nothing. What
belongs to a security incident is found by nobody who does not write in its thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mailbot.app.desk import Taken, context, said
from mailbot.app.register import Register
from mailbot.app.similar import search
from mailbot.core.due import Notice
from mailbot.core.explain import refusals
from mailbot.core.incident import Entry, Incident, Status
from mailbot.core.lint import questions
from mailbot.core.reading import Reading, without
from mailbot.core.reply import Kind, Part
from mailbot.core.report import missing
from mailbot.core.times import Instant
from mailbot.store.state import Doc

MOST = 15  # messages or lines of one kind in a mail


@dataclass(frozen=True, slots=True)
class Read:
    """A piece of a message and what was made of it: ``words`` as written, and the sentences about it."""

    words: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """How a message or an entry was read. ``unused``: the incident's messages of which nothing is in the report."""

    who: str
    at: datetime
    subject: str
    place: str
    read: tuple[Read, ...]
    unused: tuple[str, ...]
    more: int = 0  # unused ones that are not listed


def answer(register: Register, notice: Notice, incident: Incident, now: datetime) -> dict[str, Any]:
    """What the template of an answer, or of a handoff's brief, prints beside the incident; nothing for other notices."""
    if notice.kind == "brief":
        waiting = replace(incident, offered=None)  # that they are asked stands in its first line
        return {"open_questions": open_questions(waiting), "doubts": questions(replace(incident, asked=set()), now)}
    if notice.kind != "answer":
        return {}
    word, _, rest = notice.asks[0].words.partition(" ")
    if word == "SEARCH":
        return {"words": rest, "found": found(register, rest, incident)}
    if word == "WHY":
        return {"why": why(register, incident, notice.asks[0].message_id, rest)}
    if word == "CATCHUP":
        unasked = replace(incident, asked=set())
        return {"open_questions": open_questions(incident), "doubts": questions(unasked, now)}
    return {}


def found(register: Register, words: str, asker: Incident | None) -> list[Doc]:
    """The ten best, with their days; what is kept private is found only from within."""
    docs = (d for d in register.incidents() if not d["private"] or (asker and d["id"] == asker.id))
    return [dict(d) | {"day": datetime.fromtimestamp(d["opened"], UTC)} for d in search(docs, words)]


def open_questions(incident: Incident) -> list[str]:
    """What somebody should say or do next. The paperwork is asked for only once it is over (A14)."""
    out = []
    if incident.is_open and incident.commander is None:
        out.append("Who has this? TAKE takes it.")
    if incident.offered is not None:
        out.append(f"{incident.offered[0]} was asked to take it and has not answered yet.")
    if incident.start is None:
        out.append("When did it begin? START and the time.")
    ends = [w.end for w in incident.windows]
    if incident.status is Status.RESOLVED and not any(ends):
        out.append("When were users served again? RESTORED and the time.")
    if incident.status is Status.RESOLVED and missing(incident):
        out.append(f"Not written yet: {', '.join(s.lower() for s in missing(incident))}.")
    if not incident.is_open:
        loose = [a.label for a in incident.actions if a.state == "proposed" and not a.owner]
        out += [f"Who does {', '.join(loose)}?"] if loose else []
    return out


# ── WHY ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def why(register: Register, incident: Incident, asked_by: str, label: str) -> Why | None:
    """Of an entry; else of the message that the one with WHY answers, else of that one itself."""
    docs = {doc["f"][0]: doc for _, doc in register.state.all("messages", register.members.get(incident.id, ()))}
    entry = incident.entry(label) if label else None
    doc = docs.get(entry.message_id) if entry else _answered(docs, asked_by)
    if doc is None:
        return None
    taken = register.taken(doc)
    heard = said(taken, register.list, register.zone_of(taken))
    read = _of_entry(entry) if entry else tuple(_of_message(register, incident, taken, heard.reading))
    unused = [(docs[message_id], reason) for message_id, reason in reversed(incident.unused) if message_id in docs]
    listed = tuple(_unused(register.taken(doc), reason) for doc, reason in unused[:MOST])
    place = ("It opened this incident: " if doc["r"] == "new" else "") + f"{doc['w']} (rule: {doc['r']})."
    place = place[:1].upper() + place[1:]
    return Why(str(heard.who), heard.at, heard.subject, place, read, listed, max(0, len(unused) - MOST))


def _answered(docs: Mapping[str, Doc], message_id: str) -> Doc | None:
    own = docs.get(message_id)
    for reference in reversed(own["f"][2] if own else ()):
        doc = docs.get(reference)
        if doc is not None and doc["d"] == "in":  # a mail of ours is about the one before it
            return doc
    return own


def _unused(taken: Taken, reason: str) -> str:
    return f"{taken.at:%Y-%m-%d %H:%M} UTC, {taken.trust.author or taken.message.sender}: {reason}"


def _of_entry(entry: Entry) -> tuple[Read, ...]:
    lines = [_instant(entry.when)] if entry.when else ["no time was written: it counts from when the mail came"]
    lines += [f"before: {old}" for old in entry.was] + (
        [f"not in the report: {entry.dropped}"] if entry.dropped else []
    )
    return (Read(f"{entry.label} {entry.what}", tuple(lines)),)


def _of_message(register: Register, incident: Incident, taken: Taken, heard: Reading) -> Iterator[Read]:
    for command in heard.commands:
        yield Read(command.words, (command.problem or f"the keyword {command.keyword.word}",))
    for miss in heard.near:
        yield Read(miss.words, (f"text: {miss.why}",))
    of_it = incident.entries_of(taken.message.message_id)
    labels = {e.when: e.label for e in of_it if e.when is not None}
    for mention in heard.mentions:
        yield Read(
            f"{labels.get(mention.times[0], '')} {mention.what}".strip(), tuple(_instant(t) for t in mention.times)
        )
    if taken.kind in ("human", "alert"):
        free = without(heard.own, [(c.start, c.end) for c in heard.commands if c.line])
        around = context(taken, register.list, register.zone_of(taken))
        for refusal in refusals(taken.message.text, free, around, heard.mentions):
            yield Read(taken.message.text[refusal.start : refusal.end], (f"no event: {refusal.sentence}",))
    for part in taken.parts:
        if part.kind is not Kind.OWN and (words := _begin(taken.message.text, part)):
            yield Read(words, (f"not read: {part.kind.value}",))


def _begin(text: str, part: Part) -> str:
    return " ".join(text[part.start : min(part.end, part.start + 200)].split())[:70]


def _instant(time: Instant) -> str:
    at = f"{time.utc:%Y-%m-%d %H:%M} UTC" if time.utc else "no instant"
    return f'"{time.text}" is {at}, {"sure" if time.sure else "not sure"}: {time.why}'
