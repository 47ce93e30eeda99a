"""A folder of published reports: one file each, and README.md with a table of all, for people and for a repository (A2, A43).

The law: the folder has exactly what is published, whatever was there before; writing the same again changes no byte; a file
keeps its name, because people link to it; and what is not ours is left alone, also the words around our table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

INDEX = "README.md"
BEGIN, END = "<!-- incidents: written by mailbot -->", "<!-- /incidents -->"
HEAD = 200_000  # bytes of a file that are looked at for its front matter
OPEN = ("proposed", "agreed")
INTRO = """# Incidents

What went wrong in this community, what it meant, and what was learned. Times are in UTC.

"""


@dataclass(frozen=True, slots=True)
class Page:
    """One published report: its file and its front matter."""

    name: str
    front: Mapping[str, Any]


class Disk(Protocol):
    """How a file is put in the place of another, and taken away, so that it stays so: ``store.safe`` (no import: siblings)."""

    def replace(self, path: Path, chunks: Iterable[bytes], mode: int) -> None: ...

    def remove(self, path: Path) -> None: ...


class Folder:
    """Files are read once, when it is first used. OSError where the disk does not do what is asked."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path, self.disk = path, disk
        self._pages: dict[str, Page] | None = None  # by the incident's id

    @property
    def pages(self) -> dict[str, Page]:
        if self._pages is None:
            found = (Page(file.name, front_matter(_head(file))) for file in sorted(self.path.glob("[0-9]*.md")))
            self._pages = {str(page.front["id"]): page for page in found if page.front.get("id")}
        return self._pages

    def name(self, incident: str, wanted: str) -> str:
        """The file's name: the one it has, else ``wanted``, with the end of the id where another has that."""
        if incident in self.pages:
            return self.pages[incident].name
        taken = {page.name for page in self.pages.values()}
        if wanted not in taken and not (self.path / wanted).exists():
            return wanted
        return f"{wanted.removesuffix('.md')}-{incident.rpartition('-')[2].lower()}.md"

    def put(self, incident: str, wanted: str, text: str) -> bool:
        """True where something changed."""
        self.path.mkdir(parents=True, exist_ok=True)
        name = self.name(incident, wanted)
        changed = self._write(self.path / name, text)
        self.pages[incident] = Page(name, front_matter(text))
        return self._index() or changed

    def withdraw(self, incident: str) -> bool:
        """Takes a report out again: it was reopened, or its review taken back."""
        page = self.pages.get(incident)
        if page is None:
            return False
        self.disk.remove(self.path / page.name)
        del self.pages[incident]
        self._index()
        return True

    def _index(self) -> bool:
        path = self.path / INDEX
        block = f"{BEGIN}\n{table(self.pages)}{END}"
        try:
            before = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            before = INTRO
        if BEGIN in before and END in before:
            text = before[: before.index(BEGIN)] + block + before[before.index(END) + len(END) :]
        else:
            text = f"{before.rstrip()}\n\n{block}\n"
        return self._write(path, text)

    def _write(self, path: Path, text: str) -> bool:
        """False where the file has that text already."""
        raw = text.encode("utf-8", "replace")
        with suppress(FileNotFoundError):
            if path.read_bytes() == raw:
                return False
        self.disk.replace(path, [raw], 0o644)  # it is public
        return True


def table(pages: Mapping[str, Page]) -> str:
    """All reports, the latest first. Cells are what the front matter says."""
    rows = ["| date | what | kind | users were hit for | report | to do |", "|---|---|---|---|---|---|"]
    for page in sorted(pages.values(), key=lambda p: (str(p.front.get("date", "")), p.name), reverse=True):
        front = page.front
        open_ones = sum(a.get("state") in OPEN for a in front.get("actions") or [] if isinstance(a, dict))
        review = front.get("review") or "unreviewed"
        cells = (
            str(front.get("date", "")),
            f"[{_cell(front.get('title', page.name))}]({page.name})",
            _cell(front.get("kind", "")),
            _cell(front.get("impact", "")),
            "unreviewed" if review == "unreviewed" else "reviewed",
            str(open_ones) if open_ones else "",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cell(words: object) -> str:
    flat = " ".join(str(words).split())
    return re.sub(r"([\\|\[\]<`])", r"\\\1", flat)[:200]


def front_matter(text: str) -> dict[str, Any]:
    """The front matter of a report of ours: each value JSON or a bare word. {} where there is none."""
    if not text.startswith("---\n") or "\n---\n" not in text:
        return {}
    found: dict[str, Any] = {}
    for line in text[4 : text.index("\n---\n")].split("\n"):
        name, _, value = line.partition(": ")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    title = found.get("title")
    if isinstance(title, str):
        found["title"] = title.removeprefix("Debrief - ")
    return found


def _head(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(HEAD).decode("utf-8", "replace")
