"""The keywords people write. One function a keyword, in the module of its kind; ``read_commands`` finds them in a text.

Every module of this folder is imported here, so a new keyword, even a new kind of keyword, touches one file.
"""

from __future__ import annotations

import importlib
import pkgutil

from mailbot.core.commands.unit import KEYWORDS, Command, Given, Keyword

# Of the help text; the rest follows by name.
ORDER = ("state", "custody", "timeline", "sections", "actions", "review", "merging", "answers")

for _name in sorted(
    (m.name for m in pkgutil.iter_modules(__path__)), key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n)
):
    importlib.import_module(f"{__name__}.{_name}")

from mailbot.core.commands.scan import NearMiss, read_commands  # noqa: E402  # the scanner needs the whole table

__all__ = ["KEYWORDS", "Command", "Given", "Keyword", "NearMiss", "read_commands"]


def keywords() -> list[Keyword]:
    """Each keyword once, in the order of the help text."""
    return list(dict.fromkeys(KEYWORDS.values()))
