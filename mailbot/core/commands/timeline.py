"""The timeline: LOG, FIX, DROP, ZONE, UNDO."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from mailbot.core.commands.state import said_at
from mailbot.core.commands.unit import Given, cannot_be, keyword, logged, one_at_a_time
from mailbot.core.incident import Act, Incident, Refused
from mailbot.core.times import Context, Instant, read_when
from mailbot.core.zones import read_zone

LABEL = re.compile(r"\s*:?\s*([Tt]\d{1,5})\b([\s:,—–-]*(.*))", re.S)


@keyword(
    "LOG",
    "TL",
    usage="LOG [when] text",
    meaning="adds a line to the timeline, backdated as you say",
    example="LOG 14:05 CEST restarted the registry",
    shape=logged,
    inverse="DROP",
    tell="sender",
    needs=True,
    enters=True,
)
def log(incident: Incident, act: Act) -> str:
    entry = incident.enter(act, act.text)
    if act.at - entry.utc < timedelta(minutes=1):
        return f"added ({said_at(entry)})"
    label, _, when = said_at(entry).partition(", ")
    return f"added {act.at:%H:%M} UTC for {when} ({label})"  # who looked before must see that it is new (P13)


def labelled(rest: str, context: Context) -> Given | None:
    """``FIX T7 14:10 restarted twice``: which line, then a time, words, or both."""
    found = LABEL.fullmatch(rest)
    if not found:
        return None
    if several := one_at_a_time(found[1], found[2], "Tt"):
        return several
    read = read_when(found[3], context) if found[3] else None
    if read is None:
        wrong = cannot_be(found[3])
        return Given(problem=wrong) if wrong else Given(text=found[1], note=found[3].strip())
    when, end = read
    return Given(when=when, text=found[1], note=re.sub(r"^\s*[:,—–-]*\s*", "", found[3][end:]).strip())


@keyword(
    "FIX",
    usage="FIX T7 [when] [text]",
    meaning="corrects a line; the old words are kept",
    example="FIX T7 14:10",
    shape=labelled,
    tell="sender",
)
def fix(incident: Incident, act: Act) -> str:
    entry, note, when = incident.entry(act.text), act.command.given.note, act.command.when
    if not note and when is None:
        raise Refused(f"Say what is right: FIX {entry.label} 14:10, or FIX {entry.label} with other words.")
    if entry.dropped:
        raise Refused(
            f"{entry.label} is out of the report ({entry.dropped}). LOG adds it anew; UNDO and that mail's code bring it back."
        )
    old = f"{entry.utc:%Y-%m-%d %H:%M} UTC - {entry.what}"
    changed = incident.change_entry(
        entry,
        what=note or entry.what,
        when=when or entry.when,
        utc=_same_day(when, entry.utc) if when and when.utc else entry.utc,
        until=None if when else entry.until,
        was=(*entry.was, old),
    )
    if entry.kind == "resolved" and entry.utc == incident.resolved:
        incident.resolved = changed.utc
    return f"corrected ({said_at(changed)}: {changed.what}), before: {old}"


def _same_day(when: Instant, old: datetime) -> datetime:
    """A clock without a date, written days later, corrects the clock and keeps the day."""
    new = when.utc or old
    return new if when.date_from != "mail" else new + timedelta(days=round((old - new) / timedelta(days=1)))


@keyword(
    "DROP", usage="DROP T7", meaning="takes a line out of the report", example="DROP T7", shape=labelled, tell="sender"
)
def drop(incident: Incident, act: Act) -> str:
    entry = incident.entry(act.text)
    incident.change_entry(entry, dropped=f"dropped by {act.who}")
    return f'{entry.label} "{entry.what}" is out of the report; the record keeps it'


def a_zone(rest: str, context: Context) -> Given | None:
    """``ZONE Europe/Zurich``; "ZONE transfers fail" is prose, and ``ZONE Europe/Zurch`` is told what would be right."""
    name = rest.strip(" .:")
    if name and read_zone(name) is not None:
        return Given(text=name)
    meant = name and (rest.lstrip().startswith(":") or re.fullmatch(r"[A-Z]{2,5}|\S*[/+\d]\S*", name))
    return Given(problem=f'I know no zone "{name}"; write Europe/Zurich, CEST or +02:00.') if meant else None


@keyword(
    "ZONE",
    usage="ZONE name",
    meaning="your times without a zone are in this one",
    example="ZONE Europe/Zurich",
    shape=a_zone,
    inverse="ZONE",
    tell="sender",
)
def zone(incident: Incident, act: Act) -> str:
    return f"from this mail on, your times without a zone are read in {act.text}"


def code(rest: str, context: Context) -> Given | None:
    """``UNDO K7QM``; "UNDO that" is prose."""
    text = rest.strip(" .:")
    is_code = re.fullmatch(r"[A-Z2-9]{4}|(?=[a-z]*[2-9])[a-z2-9]{4}", text)
    return Given(text=text.upper()) if is_code else None


@keyword("UNDO", usage="UNDO code", meaning="takes back what that message did", example="UNDO K7QM", shape=code)
def undo(incident: Incident, act: Act) -> str:
    """The fold has left out what that message said already (incident.undone); here only the answer."""
    if act.text not in (*incident.codes, *act.said.undid):
        raise Refused(f"No message in {incident.id} has the code {act.text}; it stands in the receipt.")
    if act.text in incident.taken_back:
        raise Refused(f"What message {act.text} did is taken back already.")
    incident.taken_back.add(act.text)
    return f"taken back: what message {act.text} did"
