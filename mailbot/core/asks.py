"""Which mails one message calls for. The first of ack, draft, brief and hint is its receipt too.

The law: a state change is told to the list, a correction to its sender, an answer to who asked (language.md 4); and what was
sent to us alone and changed something becomes public in the thread (L19).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailbot.core.entries import Ask, Outcome, Said, Status, can_be_mailed, undo_code

if TYPE_CHECKING:
    from mailbot.core.commands.unit import Command
    from mailbot.core.incident import Incident

Pairs = Sequence[tuple["Command", Outcome]]


def ask(incident: Incident, item: Said, pairs: Pairs, *, first: bool, undone: bool, hinted: bool) -> None:
    """``first``: it opened the incident; ``undone``: its commands are taken back; ``hinted``: there are words for its author."""
    told = () if undone else tuple(o for c, o in pairs if (c.keyword.tell != "answer" or not o.ok) and not o.waits)
    done = {c.keyword.mails for c, o in pairs if o.ok and not undone}
    changed = any(o.ok and c.keyword.tell != "answer" for c, o in pairs)
    public = any(o.ok and c.keyword.tell == "list" for c, o in pairs) or (item.private and changed)

    def call(kind: str, public: bool, words: str = "", also: tuple[str, ...] = ()) -> None:
        nonlocal told
        if not public and not can_be_mailed(item.who.email):
            return
        again = ["confirmed"] if item.confirmed and kind == "receipt" else []  # one told of it when it still waited
        key = ":".join([kind, undo_code(item.message_id), *again, *([_as_key(words)] if words else [])])
        about = (item.message_id, item.who, item.at, item.subject)
        alone = item.private and public and changed
        incident.asks[key] = Ask(kind, key, *about, public, () if words else told, words, alone, also)
        told = told if words else ()

    for command, outcome in pairs:
        if command.keyword.tell == "answer" and outcome.ok:
            call("answer", False, f"{command.keyword.word} {command.text}".strip())
    if first:
        call("ack", True)
    if "draft" in done and not incident.is_open:
        call("draft", True, also=_commander(incident))
    elif "published" in done and incident.status is Status.PUBLISHED and not incident.was_sent("published"):
        call("published", True)
    elif "brief" in done and incident.offered is not None:
        call("brief", True)
    if not undone and hinted:
        if told and not public:
            call("hint", False)
        else:
            call("hint", False, "hint")
    if told:
        call("receipt", public)
    if waiting := dict.fromkeys(c.keyword.word for c, o in pairs if o.waits and not undone):
        call("confirm", False, " ".join(waiting))


def _commander(incident: Incident) -> tuple[str, ...]:
    """Whom to tell that somebody else declared it over (A23)."""
    who, by = incident.commander, incident.resolved_by
    other = who is not None and by is not None and who.email != by.email and can_be_mailed(who.email)
    return (who.email,) if who is not None and other else ()


def _as_key(words: str) -> str:
    """An answer's words as part of a key, which stands in a header: "report-debrief"; what that loses is in a code."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40]
    return plain if plain == words.lower().replace(" ", "-") else f"{plain}-{undo_code(words).lower()}"
