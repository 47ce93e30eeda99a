"""UNDO: which messages are taken back, and the mails of an incident one after the other, also of those merged into it.

The law: an UNDO reaches back only, within its own incident and what was merged into it before, and can be undone itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailbot.core.entries import Joined, Said, Sent, undo_code

Item = Said | Sent | Joined


def undone(items: Sequence[Item]) -> frozenset[str]:
    """Message-IDs whose commands are taken back. From the last to the first, so that an UNDO can be undone."""
    every = list(_flat(items))
    earlier: dict[str, list[int]] = {}
    for n, (item, _) in enumerate(every):
        earlier.setdefault(undo_code(item.message_id), []).append(n)
    gone = {item.message_id for item, _ in every if item.undone}
    for n in range(len(every) - 1, -1, -1):
        item, within = every[n]
        if item.message_id in gone or item.kind != "human":
            continue
        for command in item.reading.commands:
            if command.keyword.word == "UNDO":
                known = earlier.get(command.text.upper(), ())
                gone.update(every[m][0].message_id for m in known if m < n and every[m][1][: len(within)] == within)
    return frozenset(gone)


def _flat(items: Iterable[Item], within: tuple[str, ...] = ()) -> Iterator[tuple[Said, tuple[str, ...]]]:
    """Messages in the order of the fold, each with the incidents that it came with."""
    for item in items:
        if isinstance(item, Joined):
            yield from _flat(item.items, (*within, item.id))
        elif isinstance(item, Said):
            yield item, within


def needs_refold(item: Item) -> bool:
    """True where adding the item to a finished fold would not give what a full fold gives: it reaches back."""
    return isinstance(item, Said) and any(c.keyword.word in ("UNDO", "CONFIRM") for c in item.reading.commands)
