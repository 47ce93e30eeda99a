"""Tasks to take away: ACTION, LINK, DONE, DECLINED. A list of ideas until somebody agrees; letting go is honourable (P35)."""

from __future__ import annotations

import re
from datetime import date

from mailbot.core.commands.unit import Given, keyword, one_at_a_time, words
from mailbot.core.incident import Act, Action, Incident, Refused
from mailbot.core.times import Context
from mailbot.core.wrongs import ITEM, accept, item, taken_from

CATEGORIES = ("detect", "respond", "contain", "prevent", "eliminate", "process", "documentation", "technical")
OWNER = re.compile(r"(?<!\S)@([\w.+-]+(?:@[\w.-]+)?)")
DUE = re.compile(r"(?<!\S)due:?\s+(\d{4}-\d{2}-\d{2})\b", re.I)
LINK = re.compile(r"https?://[^\s<>]+[^\s<>.,;:)]|(?<!\S)[\w.-]+/[\w.-]+#\d+\b")


def a_task(rest: str, context: Context) -> Given | None:
    """``ACTION prevent add a test @bob due 2026-12-01``: words of its own, and a day that there is."""
    given = words(rest, context)
    if given is None:
        return None
    found = _marks(given.text)[1]
    if not _own_words(given.text):
        return Given(problem="A task needs words: ACTION add a test for an empty cache due 2026-12-01.")
    try:
        date.fromisoformat(found.get("due", "2026-12-01"))
    except ValueError:
        return Given(problem=f"{found['due']} is no day; write due 2026-12-01.")
    return given


def _marks(text: str) -> tuple[str, dict[str, str]]:
    """A task's words without its link, its day and its owner, and these."""
    found: dict[str, str] = {}
    for name, pattern in (("link", LINK), ("due", DUE), ("owner", OWNER)):
        mark = pattern.search(text)
        if mark:
            found[name] = mark[mark.lastindex or 0]
            text = (text[: mark.start()].rstrip() + " " + text[mark.end() :].lstrip()).strip(" ,;.")
    return text, found


def _own_words(text: str) -> str:
    return ITEM.sub(" ", _marks(text)[0]).strip()


@keyword(
    "ACTION",
    usage="ACTION [category] text [@owner] [due DATE] [link]",
    meaning="a task to take away (" + ", ".join(CATEGORIES) + ")",
    example="ACTION prevent add a test for an empty cache @bob due 2026-12-01",
    shape=a_task,
    inverse="DECLINED",
    tell="sender",
    needs=True,
)
def action(incident: Incident, act: Act) -> str:
    text = act.text
    first, _, rest = text.partition(" ")
    category = first.strip("[]():").casefold()
    known = (*CATEGORIES, *(heading.casefold().partition(" ")[0] for heading in incident.mailing_list.categories))
    text, category = (rest.strip(), category) if category in known and _own_words(rest) else (text, "")
    text, covers = taken_from(incident, text)
    text, found = _marks(text)
    number = len(incident.actions) + 1
    new = Action(
        number,
        text,
        category,
        found.get("owner", ""),
        found.get("due", ""),
        found.get("link", ""),
        "proposed",
        act.who,
        act.said.message_id,
        act.at,
        covers,
    )
    incident.actions.append(new)
    return f"{new.label} noted" + "".join(f", {name} {value}" for name, value in sorted(found.items())) + _for(covers)


def _for(covers: tuple[int, ...]) -> str:
    return f", for {', '.join(f'W{n}' for n in covers)}" if covers else ""


def a_label(rest: str, context: Context) -> Given | None:
    """``DONE A1``, ``LINK A1 https://…``, ``DONE A1: merged``."""
    return _labelled(rest, "Aa")  # "DONE" alone is what people write when they are


def a_label_or_item(rest: str, context: Context) -> Given | None:
    """As above, and ``DECLINED W2``."""
    return _labelled(rest, "AaWw")


def _labelled(rest: str, letters: str) -> Given | None:
    found = re.fullmatch(rf"\s*:?\s*([{letters}]\d{{1,4}})\b([\s:,—–-]*(.*))", rest, re.S)
    if not found:
        return None
    return one_at_a_time(found[1], found[2], letters) or Given(text=found[1].upper(), note=found[3].strip())


def _settle(incident: Incident, act: Act, state: str) -> str:
    task, note = incident.action(act.text), act.command.given.note
    link = LINK.search(note)
    task = incident.change_action(task, state=state, link=link[0] if link else task.link)
    return f"{task.label} {state}: {task.text}"


@keyword(
    "LINK",
    usage="LINK A1 link",
    meaning="the tracker's issue for an action, or what went wrong (W2) that it is for",
    example="LINK A1 https://forge.example/issues/7",
    shape=a_label,
    tell="sender",
)
def link(incident: Incident, act: Act) -> str:
    task, note = incident.action(act.text), act.command.given.note
    found, covers = LINK.search(note), taken_from(incident, note)[1]
    if covers and not found:
        task = incident.change_action(task, covers=tuple(sorted({*task.covers, *covers})))
        return f"{task.label} is{_for(task.covers)[1:]}"
    if not found:
        raise Refused(f"I read no link there. Write LINK {act.text} https://… or LINK {act.text} owner/repo#7.")
    incident.change_action(task, link=found[0])
    return f"{act.text} is tracked at {found[0]}"


@keyword(
    "DONE",
    usage="DONE A1 [link or note]",
    meaning="an action is finished",
    example="DONE A1",
    shape=a_label,
    tell="sender",
)
def done(incident: Incident, act: Act) -> str:
    return _settle(incident, act, "done")


@keyword(
    "DECLINED",
    usage="DECLINED A1 [note]",
    meaning="an action is let go, honourably; or what went wrong (W2) is accepted",
    example="DECLINED A2: not worth it",
    shape=a_label_or_item,
    tell="sender",
)
def declined(incident: Incident, act: Act) -> str:
    if act.text[:1] == "W":
        note = item(incident, act.text)
        accept(incident, note)
        return f"{note.label} is accepted: {note.text[:80]}"
    return _settle(incident, act, "declined")
