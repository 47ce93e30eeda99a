"""Who is meant by a name: an address, or somebody known in the thread; if two fit, ask (L27)."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.entries import Refused
from mailbot.core.message import Address


def meant(people: Mapping[str, Address], words: str) -> Address:
    """``people``: address -> as they write themselves. Raises Refused, with what would be right, where nobody or two fit."""
    wanted = words.strip().strip("<>@,.").casefold()
    if "@" in wanted:
        email = wanted.partition("<")[2].rstrip(">") or wanted
        return people.get(email, Address("", email))
    fits = [
        who
        for email, who in people.items()
        if wanted in (who.name.casefold(), email.partition("@")[0]) or wanted in who.name.casefold().split()
    ]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise Refused(f'Nobody called "{words}" has written in this incident; write their mail address instead.')
    both = " or ".join(who.email for who in fits)
    raise Refused(f'"{words}" could be {both}; write the address.')
