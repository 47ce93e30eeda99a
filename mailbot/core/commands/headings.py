"""Report text that people paste under its own heading (``## Root Cause``) fills the section, like ``CAUSE: …`` does.

Law: a draft of ours that comes back changes nothing (L5): a paragraph with our footnote, "Not recorded." and the help in
comments are ours; what somebody wrote between them is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailbot.core.commands.sections import SECTIONS
from mailbot.core.commands.unit import KEYWORDS, Keyword

HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(\S.*)")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
OURS = re.compile(
    r".*\[\^\d+\]|_Not recorded\._|\[\^\d+\]:.*|_All times in UTC\._|-{3,}"
    r"|(?:Users were hit for: |It is not over \().*",  # the debrief's own sentence in its summary
    re.S,
)
REPORT = re.compile(r"^(?:---\n(?:id|name): |#{1,2} )", re.M)
SOURCE = re.compile(r"^[ \t]*\[\^\d+\]: [^\n]*, \d{4}-\d\d-\d\d \d\d:\d\d UTC,[^\n]*$", re.M)


def _title(words: str) -> str:
    return words[:200].casefold().rstrip(" \t#:?")


TITLES = {_title(title): name for name, (title, _, _) in SECTIONS.items()}


def is_heading(line: str) -> bool:
    return line.lstrip()[:1] == "#" and HEADING.fullmatch(line) is not None


def section(line: str) -> Keyword | None:
    """The keyword of the section that a heading names."""
    found = HEADING.fullmatch(line) if line.lstrip()[:1] == "#" else None
    name = TITLES.get(_title(found[1])) if found else None
    return KEYWORDS[name] if name else None


def theirs(lines: Iterable[str]) -> str:
    """What people wrote of the lines under a heading, "" where all is ours."""
    text = COMMENT.sub("", "\n".join(line.strip() for line in lines))
    paragraphs = [p.strip() for p in re.split(r"\n{2,}", text)]
    return "\n\n".join(p for p in paragraphs if p and not OURS.fullmatch(p))


def returned(text: str) -> tuple[int, int]:
    """Where a report of ours stands in a text, from its head to its last source; (0, 0) where none does. Its times are known."""
    sources = list(SOURCE.finditer(text))
    head = REPORT.search(text, 0, sources[-1].start()) if sources else None
    return (head.start(), sources[-1].end()) if head else (0, 0)
