"""``mailbot read``: mails from files -> what would be understood. Keeps nothing, sends nothing.

The shape of a row is an interface that scorers read; offsets are characters of the decoded text, line ends as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from mailbot.app.decisions import Decisions, decided
from mailbot.app.desk import Taken, date_of, said, take_in
from mailbot.core.incident import MailingList, Said
from mailbot.core.reply import own_spans
from mailbot.core.subject import read_subject
from mailbot.core.threads import Placement, Threads
from mailbot.core.times import Instant

Row = dict[str, Any]


def read_all(
    mails: Iterable[bytes], mailing_list: MailingList, *, list_id: str, opens: str, now: datetime
) -> Iterator[Row]:
    """One row a mail, in the order given; threaded in the order of their Dates, as an import would."""
    taken: list[Taken] = []
    last = now
    for raw in mails:
        one = take_in(raw, now, mailing_list=mailing_list, list_id=list_id, ours=(), envelope=None, imported=True)
        last = date_of(one.message, now) or last
        taken.append(one._replace(at=last, facts=one.facts._replace(at=last.timestamp())))
    threads = Threads(opens="marked" if opens == "marked" else "any")
    places: dict[int, Placement] = {}
    zones: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    docs = [{"f": [one.facts.message_id]} | decided(one) for one in taken]
    decisions = Decisions()
    for n, doc in enumerate(docs):
        decisions.keep((0, taken[n].at.timestamp()), n, doc)
    decisions.settle()
    for n in sorted(range(len(taken)), key=lambda n: (taken[n].at, n)):
        places[n] = threads.place(taken[n].facts, **decisions.wish(n, docs[n]))
        if "z" in docs[n] and n not in decisions.gone:
            who, zone = docs[n]["z"]
            zones[who].append((taken[n].at, zone))
    for n, one in enumerate(taken):
        zone = next((z for at, z in reversed(zones[one.trust.author.email]) if at <= one.at), "")
        yield row(one, places[n], threads, said(one, mailing_list, zone))


def row(taken: Taken, place: Placement, threads: Threads, heard: Said) -> Row:
    reading = heard.reading
    problems = [*taken.message.problems, *reading.problems]
    if place.flagged:
        problems.append("another mail with this Message-ID and other text was here before")
    return {
        "message_id": taken.message.message_id,
        "date": _iso(taken.message.date),
        "kind": "duplicate" if place.duplicate_of else taken.kind,
        "subject_key": read_subject(taken.facts.subject).key,
        "incident": threads.current(place.incident) if place.incident else None,
        "rule": place.rule,
        "own": [list(span) for span in own_spans(taken.parts)],
        "entries": [{"what": m.what, "times": [_time(t) for t in m.times]} for m in reading.mentions],
        "commands": [
            {"line": c.line, "keyword": c.keyword.word, "ok": not c.problem, "problem": c.problem or None}
            for c in reading.commands
        ],
        "problems": problems,
    }


def _time(time: Instant) -> Row:
    return {
        "start": time.start,
        "end": time.end,
        "text": time.text,
        "utc": _iso(time.utc),
        "precision": time.precision,
        "about": time.about,
        "date_from": time.date_from,
        "zone_from": time.zone_from,
        "zone": time.zone,
        "sure": time.sure,
    }


def _iso(at: datetime | None) -> str | None:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else None
