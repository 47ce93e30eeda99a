"""How people are printed in a report: by name, by initials, or by role (P40). A setting of the list.

The law: with initials or roles no name and no address of anybody who wrote in is printed, also not inside other people's
sentences; and the same person is the same word throughout one report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailbot.core.message import Address

UNCLAIMED = "unclaimed"
#: Names that are words too: as a first name alone they are left in other people's sentences.
WORDS = frozenset(
    re.findall(
        r"\w+", "will mark may grace hope rich art bill jack pat sky faith joy rob dean guy max don ray rose iris eve"
    )
)


@dataclass(frozen=True, slots=True)
class Names:
    """``shown``: address -> what is printed."""

    policy: str
    shown: Mapping[str, str]
    known: tuple[tuple[str, str], ...] = ()  # (words in a text, what is printed), the longest first

    def person(self, who: Address | None) -> str:
        if who is None:
            return UNCLAIMED
        return self.shown.get(who.email) or called(who, self.policy)

    def text(self, words: str) -> str:
        """Somebody's sentence without the names of those who wrote in."""
        if not self.known or not words:
            return words
        table = {name.casefold(): shown for name, shown in self.known}
        pattern = "|".join(rf"(?<![\w@.-]){re.escape(name)}(?!\w)" for name, _ in self.known)
        return re.sub(pattern, lambda m: table[m[0].casefold()], words, flags=re.I)


def called(who: Address | None, policy: str = "names") -> str:
    """A person as the policy prints somebody of whom nothing else is known."""
    if who is None:
        return UNCLAIMED
    full = who.name or who.email.partition("@")[0]
    if policy == "initials":
        return "".join(w[0].upper() + "." for w in re.findall(r"\w+", full)) or "N. N."
    return "responder" if policy == "roles" else full


def names(policy: str, commanders: Sequence[Address], people: Iterable[Address]) -> Names:
    """``commanders`` in their order, ``people``: all who wrote in or were named, in theirs."""
    everybody = {p.email: p for p in (*commanders, *people) if p.email}
    if policy == "names":
        return Names(policy, {email: called(p) for email, p in everybody.items()})
    if policy == "roles":
        first = list(dict.fromkeys(c.email for c in commanders))
        others = [email for email in everybody if email not in first]
        shown = _numbered("commander", first) | _numbered("responder", others)
    else:
        shown = {email: called(p, policy) for email, p in everybody.items()}
    known: dict[str, str] = {}
    for email, who in everybody.items():
        for words in (email, who.name, *(w for w in who.name.split() if len(w) > 2 and w.casefold() not in WORDS)):
            if words and words.casefold() not in known:
                known[words.casefold()] = shown[email]
    longest = sorted(known.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    return Names(policy, shown, tuple(longest))


def _numbered(role: str, emails: Sequence[str]) -> dict[str, str]:
    return {email: role if len(emails) == 1 else f"{role} {n}" for n, email in enumerate(emails, 1)}
