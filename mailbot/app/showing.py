"""What ``show``, ``why`` and ``read`` print: plain lines for people, dictionaries for scripts."""

from __future__ import annotations

from typing import Any

from mailbot.app.desk import Taken, context, said
from mailbot.app.index import placement
from mailbot.app.register import Register
from mailbot.core.explain import Refusal, refusals
from mailbot.core.incident import Entry, Incident
from mailbot.core.lint import Remark, remarks
from mailbot.core.reading import Reading, without
from mailbot.core.reply import Kind, Part
from mailbot.core.report import impact, missing, opened_for
from mailbot.core.times import Instant
from mailbot.core.trace import trace


def as_text(incident: Incident) -> str:
    found = impact(incident)
    lines = [
        f"{incident.id}  {incident.title}",
        f"{incident.status.value}, {incident.kind}, {incident.messages} mails, open for: {opened_for(incident)}",
        f"users hit: {found.words} ({found.basis})",
        "",
        "Who had it (UTC)",
        *(f"  {c.since:%Y-%m-%d %H:%M}  {c.who or 'unclaimed'}" for c in incident.custody),
        "",
        "Timeline (UTC)",
        *(f"  {_entry(e)}" for e in incident.timeline()),
    ]
    gone = [e for e in incident.entries if e.dropped]
    lines += ["", "Out of the report", *(f"  {_entry(e)} ({e.dropped})" for e in gone)] if gone else []
    if incident.actions:
        lines += [
            "",
            "Actions",
            *(
                f"  {a.label} [{a.state}] {a.text} {a.owner and '@' + a.owner} {a.link}".rstrip()
                for a in incident.actions
            ),
        ]
    if missing(incident):
        lines += ["", f"Not written yet: {', '.join(s.lower() for s in missing(incident))}"]
    if incident.unused:
        lines += ["", "Messages of which nothing is in the report", *(f"  <{m}>  {why}" for m, why in incident.unused)]
    return "\n".join(lines)


def _entry(entry: Entry) -> str:
    marks = ("~" if entry.about else " ") + ("" if entry.sure else "(?) ")
    until = f" (until {entry.until:%H:%M})" if entry.until else ""
    return f"{entry.label:4} {entry.utc:%Y-%m-%d %H:%M} {marks}{entry.what}{until}  [{entry.who}]"


def as_json(incident: Incident) -> dict[str, Any]:
    found = impact(incident)
    return {
        "id": incident.id,
        "title": incident.title,
        "status": incident.status.value,
        "kind": incident.kind,
        "opened": incident.opened and incident.opened.isoformat(),
        "impact": found.words,
        "impact_basis": found.basis,
        "open_for": opened_for(incident),
        "messages": incident.messages,
        "custody": [{"who": c.who.email if c.who else None, "since": c.since.isoformat()} for c in incident.custody],
        "timeline": [
            {
                "entry": e.label,
                "utc": e.utc.isoformat(),
                "until": e.until.isoformat() if e.until else None,
                "what": e.what,
                "who": e.who.email,
                "message_id": e.message_id,
                "line": e.line,
                "about": e.about,
                "sure": e.sure,
                "kind": e.kind,
            }
            for e in incident.timeline()
        ],
        "sections": {n.section.lower(): [m.text for m in incident.section(n.section)] for n in incident.notes},
        "actions": [
            {
                "action": a.label,
                "text": a.text,
                "category": a.category,
                "owner": a.owner,
                "due": a.due,
                "link": a.link,
                "state": a.state,
            }
            for a in incident.actions
        ],
        "missing": [s.lower() for s in missing(incident)],
    }


def why(register: Register, doc: dict[str, Any]) -> str:
    """How one message was read: where it came from, where it went and by which rule, and what each time rests on."""
    taken = register.taken(doc)
    message = taken.message
    record = register.archive.read(_place(doc))
    lines = [
        f"<{message.message_id}>",
        f"  from     {message.sender} <{message.sender.email}>",
        f"  subject  {message.subject}",
        f"  arrived  {record.arrival.at:%Y-%m-%d %H:%M:%S} UTC by {record.arrival.way}",
        f"  date     {message.date or 'unreadable'}{'' if message.offset_known else ' (says nothing of the sender`s zone)'}",
        f"  kind     {'duplicate' if placement(doc).duplicate_of else taken.kind}{f': {taken.reason}' if taken.reason else ''}",
        f"  incident {register.threads.current(doc['i']) if doc['i'] else 'none'}, rule {doc['r']}: {doc['w']}",
        f"  trust    {taken.trust.grade}: {'; '.join(taken.trust.reasons)}",
    ]
    came = trace(record.raw)
    lines += [
        f"  hop      {hop.date or 'no date'} by {hop.by or '?'} from {hop.came_from or '?'}, {hop.delay:.0f} s"
        for hop in came.hops
    ]
    lines += [f"  part     {a.name or 'no name'} ({a.type}, {a.size} characters), not read" for a in came.attachments]
    lines += [f"  problem  {p}" for p in (*message.problems, *came.defects)]
    heard = said(taken, register.list, register.zone_of(taken)).reading
    for command in heard.commands:
        lines.append(
            f"  line {command.line:<4} {command.keyword.word}: {command.problem or 'obeyed as written'}  | {command.words}"
        )
    lines += [f"  line {miss.line:<4} text: {miss.why}  | {miss.words}" for miss in heard.near]
    labels = _labels(register, doc, message.message_id)
    for mention in heard.mentions:
        lines.append(f"  line {mention.line:<4} {labels.get(mention.times[0], '')} {mention.what}")
        lines += [f"            {_instant(t)}" for t in mention.times]
    lines += [f"  line {r.line:<4} no event: {r.sentence}" for r in _refusals(register, taken, heard)]
    lines += [
        f"  lines {_rows(message.text, p)} not read: {p.kind.value}" for p in taken.parts if p.kind is not Kind.OWN
    ]
    lines += [f"  problem  {p}" for p in heard.problems]
    lines += [f"  lint     {_remark(r)}" for r in _lint(register, doc, message.message_id)]
    return "\n".join(lines)


def _labels(register: Register, doc: dict[str, Any], message_id: str) -> dict[Instant, str]:
    """The numbers of the entries that a message made, by their times."""
    incident = register.look(doc["i"]) if doc["i"] else None
    entries = incident.entries_of(message_id) if incident is not None else []
    return {e.when: e.label for e in entries if e.when is not None}


def _refusals(register: Register, taken: Taken, heard: Reading) -> tuple[Refusal, ...]:
    if taken.kind not in ("human", "alert"):
        return ()
    free = without(heard.own, [(c.start, c.end) for c in heard.commands if c.line])
    around = context(taken, register.list, register.zone_of(taken))
    return refusals(taken.message.text, free, around, heard.mentions)


def _lint(register: Register, doc: dict[str, Any], message_id: str) -> list[Remark]:
    incident = register.look(doc["i"]) if doc["i"] else None
    return [r for r in remarks(incident) if r.message_id == message_id] if incident is not None else []


def _remark(remark: Remark) -> str:
    where = f"line {remark.line}: " if remark.line else ""
    return f"{where}{remark.label} {remark.sentence}".replace("  ", " ")


def _rows(text: str, part: Part) -> str:
    first = text.count("\n", 0, part.start) + 1
    return f"{first} to {first + text[part.start : part.end].rstrip().count(chr(10))}"


def _instant(time: Instant) -> str:
    at = f"{time.utc:%Y-%m-%d %H:%M} UTC" if time.utc else "no instant"
    sure = "sure" if time.sure else "not sure"
    return f'"{time.text}" is {at} ({sure}): {time.why}'


def _place(doc: dict[str, Any]) -> Any:
    from mailbot.store.archive import Place

    return Place(*doc["p"])


def row_as_text(row: dict[str, Any]) -> str:
    """A row of ``mailbot read`` for people."""
    lines = [f"<{row['message_id']}> {row['kind']}, {row['incident'] or 'no incident'} by {row['rule']}"]
    lines += [
        f"    {c['keyword']} (line {c['line']}){': ' + c['problem'] if c['problem'] else ''}" for c in row["commands"]
    ]
    for entry in row["entries"]:
        first = entry["times"][0]
        lines.append(f"    {(first['utc'] or 'no instant')[:16]} {'' if first['sure'] else '(?) '}{entry['what']}")
    lines += [f"    problem: {p}" for p in row["problems"]]
    return "\n".join(lines)
