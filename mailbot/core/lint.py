"""The lint: what in an incident is probably wrong, each a sentence with the line it is about. So far of times (language.md 3.2).

The law it keeps: it changes nothing and says nothing twice. RULES is a table: a row carries a mail in which it is said and one
near it in which it is not, and both are its test. A rule looks at one message (a Page, when it is read) or at an Incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from mailbot.core import odd
from mailbot.core.doubts import MOST, Doubt, Heard, Page, Stated, Told, clock_in, offset_in_words
from mailbot.core.durations import of_all
from mailbot.core.incident import Entry, Incident
from mailbot.core.report import impact, in_words
from mailbot.core.times import Context, Mention
from mailbot.core.vague import vague
from mailbot.core.zones import ABBREVIATIONS, MEANINGS


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence of the lint. ``label``: the entry it is about (T7), "" for none; ``line``: 0 for the mail as a whole."""

    message_id: str
    line: int
    label: str
    sentence: str
    rule: str = ""
    ask: str = ""  # what to ask of the entry, "" for nothing
    fix: str = ""  # what is more likely right: "14:05 PDT"


@dataclass(frozen=True, slots=True)
class Rule:
    """``said`` and ``not_said``: the bodies of the mails of an incident, sent on Saturday 21 November 2026, from 12:00 UTC on."""

    name: str
    of_message: Callable[[Page], Iterator[Doubt]] | None
    of_incident: Callable[[Incident], Iterator[Remark]] | None
    said: tuple[str, ...]
    not_said: tuple[str, ...]


# ── rules over all mails of an incident ───────────────────────────────────────────────────────────────────────────────


def end_before_start(incident: Incident) -> Iterator[Remark]:
    for window in incident.windows:
        start, end = incident.in_report(window.start), incident.in_report(window.end)
        if start is None or end is None or end.utc >= start.utc:
            continue
        sentence = (
            f"The end of the impact ({end.label}, {end.utc:%Y-%m-%d %H:%M} UTC) is before its start"
            f" ({start.label}, {start.utc:%Y-%m-%d %H:%M} UTC)."
        )
        ask = (
            f"restored {end.utc:%H:%M} UTC, before the start at {start.utc:%H:%M} UTC ({start.label}): which is wrong?"
        )
        yield Remark(end.message_id, end.line, end.label, sentence, ask=ask)


def duration_of_impact(incident: Incident) -> Iterator[Remark]:
    """Only where both ends were said: "at most" and "at least" contradict nothing."""
    found = impact(incident)
    end = incident.in_report(incident.windows[-1].end) if incident.windows else None
    if found.span is None or end is None or found.words.startswith(("at most", "at least")):
        return
    for heard in incident.heard:
        for stated in heard.stated:
            slack = stated.slack * (2 if found.words.startswith("about") else 1)
            if abs(stated.span - found.span) <= slack:
                continue
            sentence = f'"{stated.words}" is not what start and end give: {in_words(found.span)} ({found.basis}).'
            ask = f'"{stated.words}", but start and end give {in_words(found.span)}: which is right?'
            yield Remark(heard.message_id, stated.line, end.label, sentence, ask=ask)


def sender_clock(incident: Incident) -> Iterator[Remark]:
    """A Date after arrival; or Dates that are the same time before it again and again: delay is never so regular (L35)."""
    behind: dict[str, list[tuple[str, timedelta]]] = defaultdict(list)
    told: set[str] = set()
    for heard in incident.heard:
        if heard.skew is None or heard.email in told:
            continue
        if heard.skew > timedelta(0):
            told.add(heard.email)
            words = f"its mail is dated {in_words(heard.skew)} after it came"
        else:
            others = [s for s in behind[heard.email] if abs(s[1] - heard.skew) <= odd.REGULAR]
            behind[heard.email].append((heard.message_id, heard.skew))
            if not others:
                continue
            told.add(heard.email)
            words = f"again and again its mails are dated {in_words(-heard.skew)} before they came"
        sentence = f'The clock of {heard.email} seems to be off: {words}. "20 min ago" is read by that clock.'
        yield Remark(heard.message_id, 0, "", sentence)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────

RULES: tuple[Rule, ...] = (
    Rule("season", odd.season, None,
        ("2026-07-10 14:05 PST the registry went down",), ("2026-07-10 14:05 PDT the registry went down",)),
    Rule("two clocks", odd.two_clocks, None, ("At 10:05 it was well, yesterday at 14:05 pm it broke.",),
        ("At 10:05 it was well, yesterday at 2:05 pm it broke.",)),
    Rule("range", odd.range_backwards, None, ("Down from 11:45 to 11:20.",), ("Down from 11:20 to 11:45.",)),
    Rule("order", odd.order, None, ("* 10:05 down\n* 10:30 alarm\n* 10:20 looked at it\n* 10:50 up",),
        ("* 10:50 up\n* 10:30 alarm\n* 10:20 looked at it\n* 10:05 down",)),
    Rule("date", odd.no_such_date, None, ("On 31 June 2026 at 14:05 it broke.",), ("On 30 June 2026 at 14:05 it broke.",)),
    Rule("year", odd.no_such_year, None, ("22025-11-20 14:05 it broke",), ("2025-11-20 14:05 it broke",)),
    Rule("weekday", odd.weekday, None, ("On Tuesday, 11 November 2026 at 14:05 CET it broke.",),
        ("On Wednesday, 11 November 2026 at 14:05 CET it broke.",)),
    Rule("start and end", None, end_before_start, ("START 11:20", "RESTORED 10:50"), ("START 10:50", "RESTORED 11:20")),
    Rule("duration", odd.duration_beside, None,
        ("Down from 10:05 to 10:40 (it took 1 h).",), ("Down from 10:05 to 10:40 (it took 35 min).",)),
    Rule("duration of the impact", None, duration_of_impact, ("START 10:05", "RESTORED 10:40", "Duration: 1h"),
        ("START 10:05", "RESTORED 10:40", "Duration: 35 min")),
    Rule("clock of the sender", None, sender_clock, ("Date: Sat, 21 Nov 2026 12:40:00 +0000\n\nIt is down.",),
        ("Date: Sat, 21 Nov 2026 13:00:20 +0100\n\nIt is down.",)),
    Rule("vague", vague, None, ("Pushes failed over the Easter holidays.",), ("Pushes failed on 5 April 2026.",)),
)  # fmt: skip


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def look(
    text: str, own: Sequence[tuple[int, int]], context: Context, mentions: Sequence[Mention], others: Sequence[Told]
) -> tuple[tuple[Doubt, ...], tuple[Stated, ...]]:
    """What the rules say of one message, in the order of its lines. ``others``: times that its commands say."""
    told = [Told(m.line, m.times, m.lead) for m in mentions]
    page = Page(text, own, context, sorted([*told, *others], key=lambda t: t.line))
    doubts = [
        replace(d, rule=rule.name)
        for rule in RULES
        if rule.of_message is not None
        for d, _ in zip(rule.of_message(page), range(MOST), strict=False)
    ]
    return tuple(sorted(doubts, key=lambda d: d.line)), tuple(_stated(page))


def _stated(page: Page) -> Iterator[Stated]:
    for number, line in page.own_lines():
        found = of_all(line)
        if found is not None:
            yield Stated(number, *found)


# ── all of them ───────────────────────────────────────────────────────────────────────────────────────────────────────


def remarks(incident: Incident) -> tuple[Remark, ...]:
    """All that the lint says, in the order of the mails and their lines; nothing of entries that were corrected or dropped."""
    said = [remark for heard in incident.heard if heard.doubts for remark in _of_message(incident, heard)]
    more = [replace(r, rule=rule.name) for rule in RULES if rule.of_incident for r in rule.of_incident(incident)]
    if not more:  # the others are in order
        return tuple(said)
    order = {message_id: n for n, message_id in enumerate(incident.references)}
    return tuple(sorted([*said, *more], key=lambda r: (order.get(r.message_id, 0), r.line)))


def _of_message(incident: Incident, heard: Heard) -> Iterator[Remark]:
    lines: dict[int, list[Entry]] = {}  # looked up, or a long mail asks each entry about each doubt
    for entry in incident.entries_of(heard.message_id):
        lines.setdefault(entry.line, []).append(entry)
    for doubt in heard.doubts:
        if (remark := _of_entry(lines.get(doubt.line, ()), heard, doubt)) is not None:
            yield remark


def _of_entry(here: Sequence[Entry], heard: Heard, doubt: Doubt) -> Remark | None:
    label = ""
    if doubt.when is not None:
        entry = next((e for e in here if e.when is None or e.when == doubt.when or e.until == doubt.when.utc), None)
        if entry is None or entry.dropped:
            return None
        label = entry.label
    return Remark(
        heard.message_id, doubt.line, label, doubt.sentence, doubt.rule, doubt.ask if label else "", doubt.fix
    )


# ── what to ask ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """One entry that is not sure or in doubt. ``words``: "T7 14:05, CEST or UTC?"; ``answer``: a line that would settle it."""

    label: str
    words: str
    answer: str


AT_ONCE = 5  # questions in one mail


def questions(
    incident: Incident, now: datetime, of: Collection[str] | None = None, asked: Container[str] = ()
) -> tuple[Question, ...]:
    """What to ask in a mail that goes out anyway: at most five, each entry once in an incident (what was asked stands in
    mails of ours). ``of``: only of these messages, for a mail that goes to their sender alone;
    ``asked``: labels that another mail, written at the same time, asks of."""
    doubted: dict[str, Remark] = {}
    for remark in remarks(incident):
        if remark.label and remark.ask:
            doubted.setdefault(remark.label, remark)
    ends = {number for w in incident.windows for number in (w.start, w.end) if number}
    others = incident.unsure | {incident.entry(label).number for label in doubted}
    if of is not None:
        theirs = {entry.number for entry in incident.entries_of(*of)}
        ends, others = ends & theirs, others & theirs
    out: list[Question] = []
    for number in chain(sorted(ends), sorted(others - ends)):
        entry = incident.entries[number - 1]
        if entry.dropped or entry.label in incident.asked or entry.label in asked:
            continue
        known = doubted.get(entry.label)
        ask = known.ask if known is not None else _unsure(incident, entry)
        if ask:
            fix = known.fix if known is not None else ""
            out.append(Question(entry.label, f"{entry.label} {ask}", _answer(incident, entry, now, fix)))
            if len(out) == AT_ONCE:
                break
    return tuple(out)


def _unsure(incident: Incident, entry: Entry) -> str:
    """What to ask of an entry whose date or zone is no more than inferred, or means more than one thing; "" where it is sure."""
    when = entry.when
    if when is None or not entry.doubtful:
        return ""
    clock, taken = clock_in(when), f"{entry.utc:%Y-%m-%d %H:%M} UTC"
    if MEANINGS in when.why:
        meanings = " or ".join(offset_in_words(m) for m in ABBREVIATIONS.get(when.zone, ()))
        return f"{clock}, is {when.zone} {meanings}?"
    if when.zone_from in ("list", "utc"):
        other = _other_zone(incident, when.zone)
        return f"{clock}, {other} or {when.zone}?" if other else f"{clock}, in which zone? I took {when.zone}."
    doubts = when.why.split("; ")[3:]  # behind the row, the date and the zone
    if any("zone" in doubt or "as UTC" in doubt for doubt in doubts):
        return f"{clock}, in which zone? I took {when.zone}."
    if "other way round" in when.why:
        return f'"{when.text}", is {entry.utc:%-d %B} right, or the other way round?'
    return f"{clock}, on which day? I took {taken}." if when.date_from != "written" else f"{clock}, is {taken} right?"


def _other_zone(incident: Incident, taken: str) -> str:
    """The zone that most other entries are in."""
    count: dict[str, int] = defaultdict(int)
    for entry in incident.entries:
        if (
            entry.when is not None
            and entry.when.zone_from in ("written", "block", "message")
            and entry.when.zone != taken
        ):
            count[entry.when.zone] += 1
    return max(count, key=lambda zone: count[zone], default="")


def _answer(incident: Incident, entry: Entry, now: datetime, fix: str) -> str:
    """``FIX T7 14:05 CEST``, with the day where it is another one than the day of the answer."""
    zone = ""
    if entry.when is not None and entry.when.zone_from in ("list", "utc"):
        zone = _other_zone(incident, entry.when.zone)
    clock = f"{clock_in(entry.when)} {zone}" if zone and entry.when is not None else f"{entry.utc:%H:%M} UTC"
    day = "" if entry.utc.date() == now.date() or "-" in fix else f"{entry.utc:%Y-%m-%d} "
    return f"FIX {entry.label} {day}{fix or clock}"
