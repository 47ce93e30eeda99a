"""One incident becomes part of another: by MERGE, or because a mail links two with one subject (threading.md).

The law: numbers of the older one never change, so that T7 is T7 for ever; those of the other go on behind its own. The state
and the commander are the older one's, and nothing that was written in either is lost.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from mailbot.core.entries import Custody, Entry, Window
from mailbot.core.publication import is_private

if TYPE_CHECKING:
    from mailbot.core.incident import Incident

OWN = (  # joined by hand
    "entries", "actions", "starts", "unsure", "made", "windows", "custody", "asked", "asks", "aliases", "people",
)  # fmt: skip


def absorb(old: Incident, young: Incident) -> None:
    """``young``, whole, becomes part of ``old`` as both stand. A field that has no rule here: what both collected is added
    up, and of single values the older one's stands."""
    entries, actions = len(old.entries), len(old.actions)
    if is_private(old) is not is_private(young):  # who read the list does not come to know what was kept from it
        inside = dict(old.inside if is_private(old) else young.inside)
    else:
        inside = young.inside | old.inside
    _windows(old, young, entries)
    kept = {n for w in old.windows for n in (w.start, w.end) if n}
    old.entries += [_renumbered(e, entries, kept, young.id) for e in young.entries]
    old.starts += [n + entries for n in young.starts]
    old.unsure |= {n + entries for n in young.unsure}
    for message_id, n in young.made.items():
        first = old.made.get(message_id, range(n.start + entries, 0)).start
        old.made[message_id] = range(first, n.stop + entries)
    by = old.items
    young.notes = [replace(n, number=n.number + by) if n.number else n for n in young.notes]
    old.actions += [
        replace(a, number=a.number + actions, covers=tuple(n + by for n in a.covers)) for a in young.actions
    ]
    old.items += young.items
    old.asked |= {f"T{int(label[1:]) + entries}" for label in young.asked}
    old.asks |= {k: replace(a, kind="receipt") if a.kind == "ack" else a for k, a in young.asks.items()}
    old.people = young.people | old.people
    old.aliases += [young.id, *young.aliases]
    if old.custody and old.commander is None and young.commander is not None:
        since = max(old.custody[-1].since, young.custody[-1].since)
        old.custody.append(Custody(young.commander, since, young.custody[-1].message_id))
    old.messages += young.messages
    old.live = old.live or young.live
    old.kind = "security" if young.kind == "security" else old.kind  # what must not leak must not leak merged either
    old.last_news = max(filter(None, (old.last_news, young.last_news)), default=None)
    old.embargo = max(filter(None, (old.embargo, young.embargo)), default=None)
    old.opened_in_private = old.opened_in_private or young.opened_in_private
    old.spoke = {w: max(filter(None, (old.spoke.get(w), young.spoke.get(w)))) for w in young.spoke | old.spoke}
    _collect(old, young)
    old.inside = inside


def _collect(old: Incident, young: Incident) -> None:
    for each in fields(old):
        mine, theirs = getattr(old, each.name), getattr(young, each.name)
        if each.name in (*OWN, "spoke"):
            continue
        if isinstance(mine, dict):
            setattr(old, each.name, theirs | mine)
        elif isinstance(mine, list):
            setattr(old, each.name, mine + theirs)
        elif isinstance(mine, set):
            setattr(old, each.name, mine | theirs)


def _windows(old: Incident, young: Incident, by: int) -> None:
    """One event has one stretch of impact: the older one's; where it lacks an end, the other's."""
    moved = [Window(w.start and w.start + by, w.end and w.end + by) for w in young.windows]
    if not old.windows:
        old.windows = moved if not old.is_open or not any(w.end for w in moved) else moved[:0]
        if not old.windows and moved:
            old.windows = [Window(moved[0].start, None)]
        return
    if moved and old.windows[0].start is None:
        old.windows[0] = replace(old.windows[0], start=moved[0].start)
    if moved and old.windows[-1].end is None and not old.is_open:
        old.windows[-1] = replace(old.windows[-1], end=moved[-1].end)


def _renumbered(entry: Entry, by: int, kept: set[int], young: str) -> Entry:
    """What an entry said of the other incident's state is a line about that one now."""
    number = entry.number + by
    dropped = re.sub(r"\bT(\d+)$", lambda m: f"T{int(m[1]) + by}", entry.dropped)
    if entry.kind in ("read", "log", "detected") or number in kept:
        return replace(entry, number=number, dropped=dropped)
    if entry.kind == "custody":
        return replace(entry, number=number, dropped=dropped or f"it tells who had {young}", kind="log")
    return replace(entry, number=number, dropped=dropped, what=f"{young}: {entry.what}", kind="log")
