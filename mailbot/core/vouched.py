"""Which commands wait until their sender has shown that they wrote them (the list's setting trust.needs).

The law: From proves nothing (lesson L38). Who answers with the token that was mailed to the sender's address alone reads
that address's mail, and that is enough. What was imported is history and is believed as it stands.
"""

from __future__ import annotations

from mailbot.core.entries import MailingList, Said, Unvouched

GRADES = ("unknown", "list", "verified")  # the higher, the more is vouched for


def vouched(mailing_list: MailingList, said: Said, word: str) -> None:
    """Raises Unvouched, with the sentence for the sender, where a command of ``said`` must wait."""
    needed = dict(mailing_list.needs).get(word, "unknown")
    if said.confirmed or not said.live or _rank(said.grade) >= _rank(needed):
        return
    raise Unvouched(f"This list does {word} only when it is sure who wrote it; a mail to {said.who.email} asks.")


def _rank(grade: str) -> int:
    return GRADES.index(grade) if grade in GRADES else 0
