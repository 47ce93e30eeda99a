"""Incidents kept folded: those looked at last, as many as all their messages allow.

The law: it is a memory and nothing else. What is not here is folded again from the archive, and gives the same.
"""

from __future__ import annotations

from collections import OrderedDict

from mailbot.core.incident import Incident

MOST = 5_000  # messages in them all; one with its entries takes two to five kilobytes


class Folds:
    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._kept: OrderedDict[str, tuple[Incident, int]] = OrderedDict()  # the one used last at the end
        self._messages = 0

    def get(self, name: str) -> Incident | None:
        if name not in self._kept:
            return None
        self._kept.move_to_end(name)
        return self._kept[name][0]

    def take(self, name: str) -> Incident | None:
        """Out of here: to be changed, and kept again if that went well."""
        incident, messages = self._kept.pop(name, (None, 0))
        self._messages -= messages
        return incident

    def keep(self, name: str, incident: Incident) -> None:
        self.take(name)
        self._kept[name] = incident, incident.messages
        self._messages += incident.messages
        while self._messages > self.most and len(self._kept) > 1:
            self.take(next(iter(self._kept)))
