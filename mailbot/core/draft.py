"""A draft report that comes back edited: found in a mail, read section by section, merged into what is recorded since.

The law: three texts are compared, never two: what the draft said when it was mailed (its mark names it), what came back, and
what is recorded now. Text that nobody touched is no edit, whoever sends it back; what a mail program does to a text (wrapping,
quote marks, curly quotes) is none either; and where two people changed the same paragraph nothing is overwritten: it is asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailbot.core.entries import Note
from mailbot.core.ids import ID, LETTERS, letters
from mailbot.core.reply import Kind, Part

LINES = 5000  # lines of a mail that are looked at
MOST = 200_000  # characters of a draft
FEWEST = 3  # headings: what has less is a pasted section, not a draft

# Heading -> the sections below it; new paragraphs go to the first. The order is that of the report.
INSTRUCTLAB: Mapping[str, tuple[str, ...]] = {
    "summary": ("SUMMARY",),
    "duration": (),
    "user impact": ("IMPACT",),
    "timeline": (),
    "proximate trigger": ("TRIGGER",),
    "root cause": ("CAUSE",),
    "detection": ("DETECTION",),
    "resolution": ("RESOLUTION",),
    "what went well": ("WELL",),
    "what went poorly": ("POORLY",),
    "where we got lucky": ("LUCKY",),
    "action items": (),
}
DEBRIEF: Mapping[str, tuple[str, ...]] = {
    "summary": ("SUMMARY", "IMPACT", "RESOLUTION"),
    "timeline": (),
    "what went wrong": ("POORLY", "TRIGGER", "CAUSE"),
    "where we got lucky": ("LUCKY",),
    "action items": (),
    "process improvements": (),
    "documentation improvements": (),
    "technical improvements": (),
}
PRINTED = ("SUMMARY", "IMPACT", "TRIGGER", "CAUSE", "DETECTION", "RESOLUTION", "WELL", "POORLY", "LUCKY")
TITLES = frozenset((*INSTRUCTLAB, *DEBRIEF))
MARK = re.compile(rf"\bdraft:? \"?([{LETTERS}]{{6}})\b")
NAMED = re.compile(rf"(?:\bof |^id: )({ID})\b", re.M)
QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
HEADING = re.compile(r"(?:\| )?[ \t]{0,3}#{1,6}[ \t]+(\S.*)")  # ours may be marked as a sample
STOP = re.compile(
    r"-{20,}\s*|--\s?|_?All times in UTC\._?\s*|\[\^?\d+\]:? .*\d{4}-\d\d-\d\d \d\d:\d\d UTC.*|#{1,3} \d{4}-\d\d-\d\d .*"
)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
OPENING = re.compile(r"Well done, everybody\. The drafted report|The report as it stands; it is attached too\.")
HEAD_LINES = 120  # of the mail that brings a draft
PROSE = 6  # words of a line: what is shorter may be a closing ("Best regards, Carol")
FOOTNOTE = re.compile(r"\s*\[\^?\d{1,4}\](?=\s|$)")
COVERED = re.compile(r"\s*\(W\d{1,4}:\s[^()]{1,300}\)")  # what is done about it
EMPTY = re.compile(r"_?Not recorded\._?|_?None yet\._?", re.I)
OURS = re.compile(r"(?:Users were hit for: |It is not over \().*", re.S)  # the debrief's own sentence in its summary


def mark(notes: Iterable[Note]) -> str:
    """What names a state of the sections: a draft carries it, and so says what it was made from."""
    digest = hashlib.sha256(
        "\0".join(f"{n.section}\1{n.text}" for n in notes).encode("utf-8", "surrogatepass")
    ).digest()
    return letters(digest[:6])


# ── finding and reading ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Found:
    """``text[start:end]`` of a mail is a draft; ``quoted``: inside a quotation, where people leave out as they like."""

    start: int
    end: int
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    own: bool  # without quote marks


@dataclass(frozen=True, slots=True)
class Draft:
    """``sections``: heading -> its paragraphs; ``whole``: a heading that is missing was taken out."""

    sections: Mapping[str, tuple[Paragraph, ...]]
    mark: str
    incident: str  # whose draft it says it is, "" where it does not
    quoted: bool
    whole: bool

    @property
    def layout(self) -> Mapping[str, tuple[str, ...]]:
        return DEBRIEF if "what went wrong" in self.sections else INSTRUCTLAB


def _title(line: str) -> str:
    """The heading that a line is, "" for none; mail programs lose the ``#`` on the way through HTML."""
    bare = QUOTE.sub("", line, count=1).strip() if line.lstrip()[:1] == ">" else line.strip()
    if len(bare) > 60:
        return ""
    found = HEADING.fullmatch(bare)
    words = re.sub(r"\s*\((?:if relevant|UTC)\)$", "", (found[1] if found else bare).strip("*_ \t"), flags=re.I)
    name = words.casefold().rstrip(" ?:#*_")
    return name if name in TITLES and (found or not words.endswith(":")) else ""


def find(text: str, parts: Sequence[Part], keywords: Collection[int] = ()) -> Found | None:
    """The draft in a mail's text: one that its writer pasted, else one that is quoted. None where there is none. ``keywords``:
    where lines with a keyword begin."""
    low = text[:MOST].casefold()
    if "summary" not in low and "root cause" not in low and "what went wrong" not in low:
        return None
    lines = _lines(text[:MOST])
    runs: list[list[int]] = []
    names: set[str] = set()
    for n, (_, line) in enumerate(lines):
        name = _title(line)
        if not name:
            continue
        quoted = line.lstrip()[:1] == ">"
        if not runs or name in names or quoted != (lines[runs[-1][-1]][1].lstrip()[:1] == ">"):  # another draft begins
            runs.append([])
            names.clear()
        runs[-1].append(n)
        names.add(name)
    found = [_found(text, lines, run, parts, keywords) for run in runs if len(run) >= FEWEST]
    return next((f for f in found if not f.quoted), found[0] if found else None)


def _lines(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for line in text.split("\n", LINES)[:LINES]:
        found.append((at, line))
        at += len(line) + 1
    return found


def _found(
    text: str, lines: Sequence[tuple[int, str]], run: Sequence[int], parts: Sequence[Part], keywords: Collection[int]
) -> Found:
    first, last = run[0], run[-1]
    for n in range(first - 1, max(first - 40, -1), -1):  # its head: "## 2026-11-21 Title", the front matter, the mark
        bare = QUOTE.sub("", lines[n][1], count=1).strip()
        if MARK.search(bare) or re.fullmatch(r"#{1,3} \d{4}-\d\d-\d\d .*|Incident Commander: .*|---", bare):
            first = n
    first = _mail_head(lines, first)
    end = last + 1
    title, part = _title(lines[last][1]), _part(parts, lines[last][0])
    for n in range(last + 1, min(last + 400, len(lines))):
        bare = QUOTE.sub("", lines[n][1], count=1).strip()
        if re.match(r"[-*]|\d+\. |\[\^?\d+\]|<!--|_?All times|#", bare) or EMPTY.fullmatch(bare) or MARK.search(bare):
            end = n + 1
            if re.match(r"-{20,}|--$", bare):
                break
        elif bare and end <= n - 1 and not lines[n - 1][1].strip(" >\t"):
            outside = part is not None and lines[n][0] >= part.end
            if outside or lines[n][0] in keywords or not _of_section(lines, n, title, first=end == last + 1):
                break
            end = n + 1
        elif bare and title in (*INSTRUCTLAB, "what went wrong"):
            end = n + 1
    start, stop = lines[first][0], lines[end - 1][0] + len(lines[end - 1][1])
    heads = lines[run[0]]
    quoted = heads[1].lstrip()[:1] == ">"
    if not quoted:
        part = _part(parts, heads[0])
        quoted = part is not None and part.kind in (Kind.QUOTE, Kind.FORWARD)
    return Found(start, stop, text[start:stop], quoted)


def _part(parts: Sequence[Part], at: int) -> Part | None:
    return next((p for p in parts if p.start <= at < p.end), None)


def _of_section(lines: Sequence[tuple[int, str]], n: int, title: str, *, first: bool) -> bool:
    """Does the paragraph that begins at ``n`` belong to the last heading? Below a whole draft, which ends with the actions,
    none does; below a section the ``first`` one does, and what follows as far as it is no closing."""
    if not (INSTRUCTLAB.get(title) or DEBRIEF.get(title)):
        return False
    end = next((m for m in range(n, len(lines)) if not lines[m][1].strip(" >\t")), len(lines))
    return first or len(lines[n][1].split()) >= PROSE or FOOTNOTE.search(lines[end - 1][1]) is not None


def _mail_head(lines: Sequence[tuple[int, str]], first: int) -> int:
    """Where the mail that brought the draft begins, where that was pasted too: what it says of times and keywords is ours."""
    bare = [QUOTE.sub("", line, count=1) if line.lstrip()[:1] == ">" else line for _, line in lines[:first]]
    at = next((n for n in range(first - 1, max(first - HEAD_LINES, -1), -1) if OPENING.match(bare[n])), first)
    while 0 < at < first:
        above = bare[at - 1]
        ours = (
            not above.strip()
            or above[:1] == "|"
            or above[:2] == "  "
            or any(b[:1] == "|" for b in bare[max(at - 3, 0) : at - 1])
        )
        if not ours:
            break
        at -= 1
    return at


def marked(text: str) -> str:
    """A quotation without what was written between its marks; whole where it has none. What a mail program broke off is gone
    with that."""
    lines = [line if line.lstrip()[:1] == ">" else "" for line in text.split("\n")]
    return "\n".join(lines) if any(lines) else text


def read(text: str, *, quoted: bool = False) -> Draft:
    """A draft's sections. Never raises."""
    sections: dict[str, list[Paragraph]] = {}
    name, here = "", list[tuple[str, bool]]()
    mark_found = MARK.search(text)

    def close() -> None:
        if name:
            sections.setdefault(name, []).extend(_paragraphs(here))
        here.clear()

    marked = re.search(r"^[ \t]*>", text, re.M) is not None
    for _, line in _lines(text[:MOST]):
        own = line.lstrip()[:1] != ">" and (marked or not quoted)  # a quotation without marks is nobody's own
        bare = line if own else QUOTE.sub("", line, count=1)
        title = _title(line)
        if title:
            close()
            name = title
        elif STOP.fullmatch(bare.strip()) or HEADING.fullmatch(bare):
            close()
            name = ""
        else:
            if here and here[-1][1] != own:
                here.append(("", own))
            here.append((bare, own))
    close()
    known = len([t for t in sections if t in (DEBRIEF if "what went wrong" in sections else INSTRUCTLAB)])
    whole = not quoted and ("action items" in sections or "where we got lucky" in sections) and known >= 3
    named = NAMED.search(text)
    return Draft(
        {t: tuple(p) for t, p in sections.items()},
        mark_found[1] if mark_found else "",
        named[1] if named else "",
        quoted,
        whole,
    )


def _paragraphs(lines: Sequence[tuple[str, bool]]) -> Iterator[Paragraph]:
    """What people wrote: comments, footnotes and "Not recorded." are ours. A numbered item is a paragraph."""
    owns = [own for _, own in lines]
    text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), "\n".join(line for line, _ in lines))
    piece: list[str] = []
    start, fenced = 0, False

    def done(n: int) -> Iterator[Paragraph]:
        words = COVERED.sub("", FOOTNOTE.sub("", "\n".join(piece))).strip()
        words = re.sub(r"^\d{1,3}\. ", "", words)
        if words and not EMPTY.fullmatch(words) and not OURS.fullmatch(words):
            yield Paragraph(unescaped(words), owns[min(start, n)])
        piece.clear()

    for n, line in enumerate(text.split("\n")[: len(owns)]):
        fenced ^= line.strip().startswith("```")
        if (not line.strip() and not fenced) or (re.match(r"\d{1,3}\. ", line) and not fenced):
            yield from done(n - 1)
        if not piece:
            start = n
        if line.strip() or piece:
            piece.append(line.strip() if not fenced else line.rstrip())
    yield from done(len(owns) - 1)


def unescaped(text: str) -> str:
    return re.sub(r"\\([\\<\[#`~=>*_-])", r"\1", text)


def key(text: str) -> str:
    """A paragraph without what mail programs change: wrapping, curly quotes, spaces of other kinds, brackets about links."""
    plain = unescaped(COVERED.sub("", FOOTNOTE.sub("", text))).translate(
        {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " ", 0x2013: "-", 0x2014: "-", 0x2026: "..."}
    )
    return "".join(re.sub(r"<(https?://[^>]+)>", r"\1", plain).split())
