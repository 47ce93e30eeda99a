"""What the incident is: START, DETECTED, RESTORED, RESOLVED, REOPEN, CANCEL, KIND, TITLE, QUIET, RESUME."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from mailbot.core.commands.unit import Given, alone, keyword, noted, when_noted, when_only, words
from mailbot.core.incident import Act, Entry, Incident, Note, Refused, Status, Window
from mailbot.core.times import Context


def said_at(entry: Entry) -> str:
    """ "T3, 2026-11-21 14:05 UTC": how a receipt names an entry."""
    return f"{entry.label}, {'about ' if entry.about else ''}{entry.utc:%Y-%m-%d %H:%M} UTC"


@keyword(
    "START",
    usage="START when",
    meaning="impact began",
    example="START 13:58 CEST",
    shape=when_only,
    inverse="START",
    needs=True,
    enters=True,
)
def start(incident: Incident, act: Act) -> str:
    """The first wins; a later one corrects it and is recorded as such (P19). After RESTORED it opens a second window."""
    if not incident.is_open and incident.resolved is not None and act.instant > incident.resolved:
        raise Refused(f"It was {incident.status} at {incident.resolved:%Y-%m-%d %H:%M} UTC. Is it back? REOPEN first.")
    note = act.command.given.note
    entry = incident.enter(act, f"Incident start. {note}".strip(), "start")
    n = _window_of_start(incident, entry)
    if n == len(incident.windows):
        incident.windows.append(Window(entry.number, None))
        corrected = ""
    else:
        corrected = _correct(incident, incident.windows[n].start, entry)
        incident.windows[n] = replace(incident.windows[n], start=entry.number)
    if n == len(incident.windows) - 1 and incident.windows[n].end is None and incident.status is Status.RESTORED:
        incident.status = Status.OPEN
    return f"impact began ({said_at(entry)}){corrected}"


def _window_of_start(incident: Incident, entry: Entry) -> int:
    """Which window an instant begins or begins anew: the first that had not ended by then, else a new one."""
    for n, window in enumerate(incident.windows):
        end = incident.in_report(window.end)
        if end is None or entry.utc < end.utc:
            return n
    return len(incident.windows)


def _window_of_end(incident: Incident, entry: Entry) -> int:
    """Which window an instant ends: the last that had begun by then. Where none had, the first."""
    for n in range(len(incident.windows) - 1, 0, -1):
        began = incident.in_report(incident.windows[n].start) or incident.in_report(incident.windows[n - 1].end)
        if began is None or began.utc <= entry.utc:
            return n
    return 0


def _correct(incident: Incident, old: int | None, new: Entry) -> str:
    if old is None:
        return ""
    before = incident.entries[old - 1]
    incident.change_entry(before, dropped=before.dropped or f"corrected by {new.label}")
    incident.change_entry(new, was=(*before.was, f"{before.what} {before.utc:%Y-%m-%d %H:%M} UTC"))
    day = "" if before.utc.date() == new.utc.date() else f"{before.utc:%Y-%m-%d} "
    return f", before: {day}{before.utc:%H:%M} UTC"


@keyword(
    "DETECTED",
    usage="DETECTED when [how]",
    meaning="first noticed; fills Detection",
    example="DETECTED 14:02: users on the forum",
    shape=when_only,
    inverse="DROP",
    needs=True,
    enters=True,
)
def detected(incident: Incident, act: Act) -> str:
    how = act.command.given.note
    entry = incident.enter(act, f"Detected: {how}" if how else "Detected.", "detected")
    if how:
        incident.notes.append(Note("DETECTION", how, act.who, act.said.message_id, act.at))
    return f"noticed ({said_at(entry)})"


@keyword(
    "RESTORED",
    usage="RESTORED [when] [note]",
    meaning="service is back; ends the impact",
    example="RESTORED 14:40 rolled back",
    shape=when_noted,
    inverse="START",
    enters=True,
)
def restored(incident: Incident, act: Act) -> str:
    note = act.command.given.note
    entry = incident.enter(act, f"Service restored: {note}" if note else "Service restored.", "restored")
    incident.windows = incident.windows or [Window(None, None)]
    n = _window_of_end(incident, entry)
    corrected = _correct(incident, incident.windows[n].end, entry)
    incident.windows[n] = replace(incident.windows[n], end=entry.number)
    if incident.status is Status.OPEN and n == len(incident.windows) - 1:
        incident.status = Status.RESTORED
    return f"users are served again ({said_at(entry)}){corrected}"


@keyword(
    "RESOLVED",
    usage="RESOLVED [when] [note]",
    meaning="over; the draft report goes out",
    example="RESOLVED 15:10",
    shape=when_noted,
    inverse="REOPEN",
    mails="draft",
    enters=True,
)
def resolved(incident: Incident, act: Act) -> str:
    if not incident.is_open:
        word = "cancelled" if incident.status is Status.CANCELLED else "resolved"
        raise Refused(f"It was {word} already, {incident.resolved:%Y-%m-%d %H:%M} UTC. REOPEN opens it again.")
    holder = incident.commander
    if incident.mailing_list.resolve == "commander" and holder is not None and holder.email != act.who.email:
        raise Refused(
            f"On this list whoever has it declares it over: {holder}. Ask them, or for HANDOFF {act.who.email}."
        )
    note = act.command.given.note
    entry = incident.enter(act, f"Incident concluded. {note}".strip(), "resolved")
    incident.status, incident.closed_at = Status.RESOLVED, act.at
    incident.resolved, incident.resolved_by, incident.offered = entry.utc, act.who, None
    commander = incident.commander
    if commander is not None and commander.email != act.who.email:
        return f"resolved ({said_at(entry)}) by {act.who}, who is not the commander; {commander} can REOPEN"
    return f"resolved ({said_at(entry)})"


@keyword(
    "REOPEN",
    usage="REOPEN[: reason]",
    meaning="open again; nothing else reopens",
    example="REOPEN: it is back",
    shape=noted,
    inverse="RESOLVED",
    enters=True,
)
def reopen(incident: Incident, act: Act) -> str:
    if incident.is_open:
        raise Refused(f"{incident.id} is open.")
    reason = act.command.given.note
    incident.enter(act, f"Reopened: {reason}" if reason else "Reopened.", "state")
    if incident.windows and incident.windows[-1].end is not None:
        incident.windows.append(Window(None, None))  # what START and RESTORED say from now on is of a new window
    incident.status, incident.closed_at = Status.OPEN, None
    incident.resolved, incident.resolved_by = None, None
    incident.review = None
    return "open again"


@keyword(
    "CANCEL",
    usage="CANCEL[: reason]",
    meaning="not an incident; kept as false alarm",
    example="CANCEL: planned maintenance",
    shape=noted,
    inverse="REOPEN",
    enters=True,
)
def cancel(incident: Incident, act: Act) -> str:
    if not incident.is_open:
        raise Refused(f"{incident.id} is {incident.status} already.")
    reason = act.command.given.note
    incident.enter(act, f"Not an incident: {reason}" if reason else "Not an incident.", "state")
    incident.status, incident.closed_at = Status.CANCELLED, act.at
    incident.resolved, incident.resolved_by, incident.offered = act.at, act.who, None
    return "closed as false alarm; thank you for looking"


@keyword(
    "TITLE",
    usage="TITLE text",
    meaning="a better title",
    example="TITLE Registry refuses pushes",
    shape=words,
    needs=True,
)
def title(incident: Incident, act: Act) -> str:
    incident.rename(act.text)
    return f'called "{incident.title}" from now on; keep the subject as it is, it threads'


KINDS = ("outage", "degradation", "security", "other")


def one_kind(rest: str, context: Context) -> Given | None:
    word = rest.strip(" :.").casefold()
    if word in KINDS:
        return Given(text=word)
    # "KIND REGARDS" is no command; with a colon it is meant as one
    return Given(problem=f"KIND is one of: {', '.join(KINDS)}.") if rest.lstrip().startswith(":") else None


@keyword(
    "KIND",
    usage="KIND " + "|".join(KINDS),
    meaning="what it is; changes how often I remind",
    example="KIND degradation",
    shape=one_kind,
)
def kind(incident: Incident, act: Act) -> str:
    incident.kind = act.text
    return f"kind: {act.text}"


SPAN = re.compile(r"(\d{1,3})\s*(m|min|minutes?|h|hours?|d|days?)\b", re.I)


def span(rest: str, context: Context) -> Given | None:
    """``QUIET``, ``QUIET 2h``."""
    text = rest.strip(" .:")
    if not text or SPAN.fullmatch(text):
        return Given(text=text)
    return None


@keyword(
    "QUIET", usage="QUIET [2h]", meaning="no reminders until then", example="QUIET 2h", shape=span, inverse="RESUME"
)
def quiet(incident: Incident, act: Act) -> str:
    found = SPAN.fullmatch(act.text)
    incident.quiet, incident.quiet_until = True, None
    if not found:
        return "no reminders until RESUME"
    unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[found[2][0].lower()]
    incident.quiet_until = act.at + int(found[1]) * unit
    return f"no reminders until {incident.quiet_until:%Y-%m-%d %H:%M} UTC"


@keyword("RESUME", usage="RESUME", meaning="reminders again", example="RESUME", shape=alone, inverse="QUIET")
def resume(incident: Incident, act: Act) -> str:
    incident.quiet, incident.quiet_until = False, None
    return "reminders are on again"
