"""What an edited draft changes: added, changed, taken out, and what cannot be decided. Three texts in, the sections out.

The law: see ``draft``. What another person changed since the draft was mailed is never overwritten; both wordings are told,
and what is recorded stays until somebody sends the right one. A text that does not say which state it was made from adds, as a
keyword does: nothing that is recorded is replaced by it or taken out, unless its words are all in the new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from mailbot.core.draft import PRINTED, Draft, Paragraph, key, unescaped
from mailbot.core.entries import Note
from mailbot.core.leak import masked

ALIKE = 0.5  # a quoted paragraph that shares half of its text with one of ours is that one, edited
SHOWN = 160  # characters of a paragraph in a question

Write = Callable[[str, str, tuple[str, ...]], Note]  # section, text, words before -> the note of this message


@dataclass(slots=True)
class Edits:
    """``notes``: all sections after the merge; ``done`` and ``asked``: sentences about them."""

    notes: list[Note]
    removed: list[Note] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    old: Note | None
    new: str  # "" takes it out
    after: Note | None = None  # where a new one stands


def merge(
    base: Sequence[Note] | None, now: Sequence[Note], draft: Draft, titles: dict[str, str], write: Write
) -> Edits:
    """``base``: what the draft said when it was mailed, None where nobody knows; ``now``: what is recorded; ``titles``:
    section -> its heading."""
    known, base = base is not None, now if base is None else base
    edits = Edits(list(now))
    for heading, sections in draft.layout.items():
        if not sections or (heading not in draft.sections and not draft.whole):
            continue
        before = sorted((n for n in base if n.section in sections), key=lambda n: PRINTED.index(n.section))
        paragraphs = [_unmasked(p, now) for p in draft.sections.get(heading, ())]
        for change in _changes(before, paragraphs, quoted=draft.quoted, known=known):
            section = change.old.section if change.old else sections[0]
            if known or change.old is None or _run(change.old.text) in _run(change.new):
                _apply(edits, change, section, titles[section], write)
            else:
                edits.asked.append(
                    f"{titles[section]}: your text names no draft that I know, so what is there stays. "
                    f'You wrote: "{_short(change.new)}"'
                )
    return edits


def _unmasked(paragraph: Paragraph, notes: Sequence[Note]) -> Paragraph:
    """A published page hides what must not leave: that is no edit."""
    if "(held back: " not in paragraph.text:
        return paragraph
    hidden = next((n.text for n in notes if key(masked(n.text)) == key(paragraph.text)), paragraph.text)
    return Paragraph(hidden, paragraph.own)


def _changes(base: Sequence[Note], paragraphs: Sequence[Paragraph], *, quoted: bool, known: bool) -> list[_Change]:
    if quoted:
        return _in_quote(base, paragraphs, known)
    if not known:
        return _added(base, paragraphs)
    old, new = [key(n.text) for n in base], [key(p.text) for p in paragraphs]
    found: list[_Change] = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        pairs = min(b - a, d - c)
        found += [_Change(base[a + n], paragraphs[c + n].text) for n in range(pairs)]
        found += [_Change(gone, "") for gone in base[a + pairs : b]]
        last = base[b - 1] if b else None
        found += [_Change(None, p.text, last) for p in paragraphs[c + pairs : d]]
    return found


def _added(now: Sequence[Note], paragraphs: Sequence[Paragraph]) -> list[_Change]:
    """What is not yet there, in these words or in words that it had before. Around what is there it takes that one's place."""
    left, found = list(now), list[_Change]()
    for paragraph in paragraphs:
        words = _run(paragraph.text)
        if any(words in _run(text) for n in now for text in (n.text, *n.was)):
            continue
        old = next((n for n in left if _run(n.text) in words), None)
        if old is not None:
            left.remove(old)
        found.append(_Change(old, paragraph.text))
    return found


def _run(text: str) -> str:
    """The words alone, whole ones: "No" is not in "Nobody"."""
    words = re.findall(r"\w+", unescaped(text).casefold())
    return " ".join(["", *(words or [text]), ""])


def _in_quote(base: Sequence[Note], paragraphs: Sequence[Paragraph], known: bool) -> list[_Change]:
    """In a quotation people leave out what they do not answer: only what was written into it counts; and behind quote marks
    only where it is known what stood there (it may be the draft of another incident)."""
    keys = [key(n.text) for n in base]
    found: list[_Change] = []
    last: Note | None = None
    for paragraph in paragraphs:
        words = key(paragraph.text)
        same = next((n for n, k in zip(base, keys, strict=True) if words in k), None)
        if same is None and not known:  # an older draft
            same = next((n for n in base if any(words in key(text) for text in n.was)), None)
        if same is not None:  # whole, or a piece that a mail program broke off
            last = same
        elif paragraph.own and not paragraph.text.rstrip().endswith("?"):  # a question is talk
            found.append(_Change(None, paragraph.text, last))
        elif not paragraph.own:
            ratio, n = max(((_ratio(k, words), n) for n, k in enumerate(keys)), default=(0.0, 0))
            if ratio >= ALIKE:
                last = base[n]
                found.append(_Change(base[n], paragraph.text))
            elif known and (not base or len(paragraph.text.split()) >= 3):
                found.append(_Change(None, paragraph.text))
    return found


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:2000], other[:2000], autojunk=False).ratio()


def _apply(edits: Edits, change: _Change, section: str, title: str, write: Write) -> None:
    notes, old = edits.notes, change.old
    wanted = key(change.new)
    if change.new and any(key(n.text) == wanted for n in notes if n.section == section):
        return  # somebody wrote the same meanwhile
    at = next(
        (n for n, note in enumerate(notes) if old and note.section == section and key(note.text) == key(old.text)), -1
    )
    if old is None:
        after = next(
            (n for n, note in enumerate(notes) if change.after and key(note.text) == key(change.after.text)), -1
        )
        new = write(section, change.new, ())
        notes.insert(after + 1 if after >= 0 else len(notes), new)
        _tell(edits, title, "added to")
    elif at >= 0 and change.new:
        new = write(section, change.new, (*notes[at].was, notes[at].text))
        notes[at] = replace(new, number=notes[at].number, accepted=notes[at].accepted)
        _tell(edits, title, "changed")
    elif at >= 0:
        edits.removed.append(notes.pop(at))
        _tell(edits, title, "taken out" if not any(n.section == section for n in notes) else "shortened")
    else:
        since = _since(notes, section, old)
        own = write(section, change.new, ()) if change.new else None
        if since is not None and own is not None and since.who.email == own.who.email:  # their own second thought
            notes[notes.index(since)] = replace(own, was=(*since.was, since.text), number=since.number)
            _tell(edits, title, "changed")
        else:
            _ask(edits, change, old, since, title)


def _tell(edits: Edits, title: str, what: str) -> None:
    sentence = f"{title} {what}"
    if sentence not in edits.done:
        edits.done.append(sentence)


def _since(notes: Sequence[Note], section: str, old: Note) -> Note | None:
    """What became of a paragraph since the draft was mailed; None where it was taken out."""
    return next((n for n in notes if n.section == section and any(key(w) == key(old.text) for w in n.was)), None)


def _ask(edits: Edits, change: _Change, old: Note, since: Note | None, title: str) -> None:
    """Somebody changed or took out the same paragraph since."""
    if since is None and not change.new:
        return  # both took it out
    yours = f'You wrote: "{_short(change.new)}"' if change.new else "You took it out."
    if since is not None:
        edits.asked.append(
            f'{title}: {since.who} changed the same words {since.at:%Y-%m-%d %H:%M} UTC, to "{_short(since.text)}". {yours}'
        )
    else:
        edits.asked.append(
            f'{title}: somebody took the same words out since your draft ("{_short(old.text)}"). {yours}'
        )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 3].rpartition(" ")[0] + " ..."
