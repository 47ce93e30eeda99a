"""Templates of a list's own: what is wrong with them, as sentences with file and line.

The law: nothing in them stops a mail. What is broken is told, and ours is used instead (``render.Renderer``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, meta

SUFFIX = ".j2"


def broken(own: Environment, ours: Environment, folder: Path) -> list[str]:
    """What can be said without a mail to fill: files that replace none of ours, syntax, filters, words nobody gives.

    ``own`` looks into ``folder`` first, ``ours`` knows only what is shipped.
    """
    shipped = ours.list_templates()
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == SUFFIX:
            found += [f"{path}{said}" for said in _wrong(own, ours, name, shipped)]
    return found


def _wrong(own: Environment, ours: Environment, name: str, shipped: list[str]) -> Iterator[str]:
    if name not in shipped and not Path(name).name.startswith("_"):  # parts may be added, for one's own templates
        near = difflib.get_close_matches(name, shipped, n=1)
        yield f": replaces none of ours{f'; did you mean {near[0]}?' if near else ''}"
        return
    try:
        own.get_template(name)
        source = own.loader.get_source(own, name)[0] if own.loader else ""
        words = meta.find_undeclared_variables(own.parse(source))
    except Exception as error:
        yield f"{_line(line_of(error, ''))}: {type(error).__name__}: {error}"
        return
    for word in sorted(words - _given(ours, name, shipped)):
        first = next((n for n, text in enumerate(source.split("\n"), 1) if re.search(rf"\b{word}\b", text)), 0)
        yield f"{_line(first)}: nobody gives it {word!r}"


def _given(ours: Environment, name: str, shipped: list[str]) -> set[str]:
    """The words that our templates of the same kind (mail, report) use."""
    kind = name.partition("/")[0]
    words: set[str] = set()
    for each in shipped:
        if each.startswith(f"{kind}/") and ours.loader:
            words |= meta.find_undeclared_variables(ours.parse(ours.loader.get_source(ours, each)[0]))
    return words


def sentence(folder: str, name: str, error: Exception) -> str:
    """What went wrong while a template of ``folder`` was filled."""
    if isinstance(error, TemplateNotFound) and error.name != name:
        return f"{folder}/{name}: there is no template {error.name}; ours is used"
    return f"{folder}/{name}{_line(line_of(error, name))}: {type(error).__name__}: {error}; ours is used"


def line_of(error: Exception, name: str) -> int:
    """The line of the template in which it broke, 0 where that is not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, trace = 0, error.__traceback__
    while trace is not None:  # Jinja puts the template's own lines into the traceback
        if name and trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _line(number: int) -> str:
    return f", line {number}" if number else ""
