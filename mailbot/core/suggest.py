"""What the record offers for sections that nobody wrote, and what is odd about those that somebody did: questions, never claims.

The law: nothing here is ever printed in a report. Each offer rests on a line of the timeline, and taking it is one line back
(A19, A26, A32 to A39, B9, B11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from mailbot.core.impact import in_words
from mailbot.core.incident import Entry, Incident
from mailbot.core.wrongs import uncovered

MOST = 4
BEFORE = timedelta(hours=3)  # a change so long before the impact may have set it off
CHANGE = re.compile(
    r"\b(?:deploy\w*|merg(?:e|ed|ing)|roll(?:ed)? ?out\w*|releas\w+|upgrad\w+|updat\w+|migrat\w+|config\w*|rotat\w+|renew\w*"
    r"|switch\w*|restart\w*|reboot\w*|enabl\w+|disabl\w+|v\d+(?:\.\d+)*)\b",
    re.I,
)
COMMAND = re.compile(r"`[^`\n]{3,}`|(?:^|\s)(?:\$ |sudo |kubectl |systemctl |docker |git |rm -|helm |psql )\S")
LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:)]")
#: What machines print and nobody says: it belongs under Trigger or into the timeline, not into the view from far (A19).
PASTE = re.compile(
    r"```|`[^`\n]{20,}`|\bTraceback \(|\b\w{1,60}(?:Error|Exception): |\b0x[0-9a-f]{6,}|\b[0-9a-f]{20,}\b"
    r"|\b\w{1,60}\.\w{1,60}\.\w{1,60}\(|(?:/[\w.-]{1,60}){4,}"
)


@dataclass(frozen=True, slots=True)
class Guess:
    """An action with these words may be for this heading of the form; the first row that fits is asked about (A39)."""

    heading: str
    words: str
    example: str


GUESSES = (
    Guess(
        "Detect",
        r"alert\w*|monitor\w*|dashboards?|metrics?|probes?|health ?checks?",
        "alert on the age of rotated logs",
    ),
    Guess("Respond", r"on[- ]call|pager\w*|escalat\w*|phone numbers?|contact lists?", "say who is on call at weekends"),
    Guess(
        "Contain",
        r"quotas?|(?:rate|size)[- ]limits?|timeouts?|roll ?backs?|feature flags?|canar(?:y|ies)|fail ?overs?",
        "a quota for the uploads of each user",
    ),
    Guess("Prevent", r"tests?|lint\w*|review\w*|validat\w*|CI|staging", "add a test for a full disk"),
    Guess("Eliminate", r"replac\w+|retir\w+|get rid of|redesign\w*|rewrit\w+", "retire the second mirror"),
)
_GUESSES = tuple((g.heading, re.compile(rf"\b(?:{g.words})\b", re.I)) for g in GUESSES)


@dataclass(frozen=True, slots=True)
class Offer:
    """``answer``: the line that takes it, "" where there is nothing to take."""

    words: str
    answer: str = ""


def offers(incident: Incident, template: str = "instructlab") -> list[Offer]:
    """At most MOST, in the order of the report; ``template``: the form that the list uses, whose headings are named."""
    found: list[Offer] = []
    for look in (_summary, _trigger, _cause, _detection, _resolution, _poorly, _lucky):
        found += look(incident)
    if template == "instructlab":
        found += _categories(incident)
    return found[:MOST]


def _summary(incident: Incident) -> Iterator[Offer]:
    text = " ".join(n.text for n in incident.section("SUMMARY"))
    sentences = len(re.findall(r"[.!?](?=\s|$)", text))
    if sentences > 2:
        yield Offer(f"The summary has {sentences} sentences; one or two, seen from far, are enough.")
    elif PASTE.search(text[:2000]):
        yield Offer("The summary holds what a machine printed; said in words, seen from far, everybody understands it.")


def _trigger(incident: Incident) -> Iterator[Offer]:
    start = incident.start
    if start is None or incident.section("TRIGGER"):
        return
    near = [e for e in incident.timeline() if start.utc - BEFORE <= e.utc <= start.utc and e.number != start.number]
    for entry in [e for e in near if CHANGE.search(e.what)][-1:]:
        when = f"{in_words(start.utc - entry.utc)} before" if entry.utc < start.utc else "when"
        yield Offer(
            f'{entry.label}, "{_cut(entry.what)}", {when} it began. Did that set it off?', f"TRIGGER: {_whole(entry)}"
        )


def _cause(incident: Incident) -> Iterator[Offer]:
    """A root cause leads to an action, or somebody says that it is accepted (A32, B9)."""
    left = uncovered(incident)
    if len(left) == 1:
        yield Offer(
            f'Nothing is said yet of what to do about {left[0].label}, "{_cut(left[0].text)}". One action is enough, or'
            " DECLINED and its number: it is accepted.",
            f"ACTION prevent ... {left[0].label}",
        )
    elif left:
        told = ", ".join(f'{n.label} "{_cut(n.text)}"' for n in left[:5]) + (
            f" and {len(left) - 5} more" if len(left) > 5 else ""
        )
        yield Offer(
            f"No action names these yet: {told}. One that does is enough, or DECLINED and its number: it is accepted.",
            f"ACTION prevent ... {left[0].label}",
        )


def _detection(incident: Incident) -> Iterator[Offer]:
    if incident.section("DETECTION") or incident.opener is None:
        return
    if not incident.mailing_list.is_person(incident.opener):
        yield Offer("The first mail was an alert. Is that how it was noticed?", "DETECTION: an automated alert")
        return
    start = incident.start
    late = incident.opened - start.utc if start is not None and incident.opened is not None else timedelta()
    after = f", {in_words(late)} after it began" if late >= timedelta(minutes=1) else ""
    yield Offer(
        f"{incident.opener} wrote first{after}. Is that how it was noticed?",
        f"DETECTION: a person noticed and wrote to the list{after}",
    )


def _resolution(incident: Incident) -> Iterator[Offer]:
    """What RESTORED said, else links and commands of the timeline: specific, as they are (A34)."""
    if incident.section("RESOLUTION"):
        return
    lines = incident.timeline()
    links = list(dict.fromkeys(link for e in lines for link in LINK.findall(e.what)))
    for entry in reversed(lines):
        note = entry.what.removeprefix("Service restored: ")
        if entry.kind == "restored" and note != entry.what:
            more = "".join(f" ({link})" for link in links[-1:] if link not in note)
            yield Offer(f'{entry.label} says "{note}". Is that what ended it?', f"RESOLUTION: {note}{more}")
            return
    start = incident.start.utc if incident.start else None
    done = [e for e in lines if (start is None or e.utc >= start) and (LINK.search(e.what) or COMMAND.search(e.what))]
    if done:
        last = done[-1]
        yield Offer(
            f"{last.label} at {last.utc:%H:%M} UTC names a link or a command. Is that what ended it?",
            f"RESOLUTION: {_whole(last)}",
        )


def _poorly(incident: Incident) -> Iterator[Offer]:
    """What went poorly is about the handling; the outage itself is told above (A36)."""
    told = _words(" ".join(n.text for n in incident.section("SUMMARY") + incident.section("IMPACT")))
    for note in incident.section("POORLY"):
        words = _words(note.text)
        if len(words) >= 3 and len(words & told) >= 0.7 * len(words):
            yield Offer(
                "What Went Poorly repeats the outage; it is about how it was handled. What was hard in handling it?"
            )
            return


def _lucky(incident: Incident) -> Iterator[Offer]:
    if incident.section("LUCKY"):
        return
    is_person = incident.mailing_list.is_person
    alerts = [e for e in incident.entries if not is_person(e.who) and not e.dropped]
    if alerts and incident.opener is not None and is_person(incident.opener):
        yield Offer("A person noticed before any alert did. Was that luck?", "LUCKY: a person noticed before any alert")
        return
    acting = [e.who for e in incident.timeline() if e.kind in ("read", "log", "restored")]
    if len(acting) >= 4 and len({who.email for who in acting}) == 1:
        yield Offer(
            f"All that was done was done by {acting[0]}. Was it luck that somebody who could was there?",
            "LUCKY: the one person who knew how to fix it was there",
        )


def guessed(text: str) -> str:
    """The heading of the form that an action may be for, "" where nothing says so."""
    return next((heading for heading, words in _GUESSES if words.search(text[:500])), "")


def _categories(incident: Incident) -> Iterator[Offer]:
    """A guess stays a guess: nobody's action is moved, and one without a heading is as good as any (A39, A40)."""
    bare = [a for a in incident.actions if not a.category and a.state not in ("declined", "undone")]
    found = [f"{a.label} may be for {heading}" for a in bare if (heading := guessed(a.text))][:5]
    if found:
        where = "below those headings" if len(found) > 1 else "below that heading"
        yield Offer(f"{', '.join(found)}: a guess. Is it so? Then move it {where} in the draft.")


def _whole(entry: Entry) -> str:
    """What people said of it, with its links, and not our words for it."""
    return " ".join(entry.what.removeprefix("Incident concluded. ").split()).rstrip(".")


def _cut(text: str) -> str:
    words = " ".join(text.split()).rstrip(".")
    return words if len(words) <= 60 else words[:57].rpartition(" ")[0] + " ..."


def _words(text: str) -> set[str]:
    return {w for w in re.findall(r"\w+", text.casefold()) if len(w) > 3}
