"""HTML of a mail -> plain text that reads like a mail: quotes as "> " lines, tables as "| a | b |" rows."""

from __future__ import annotations

LIMIT = 524_288


def to_text(html: str, problems: list[str]) -> str:
    """Placeholder of the first day: the tags taken off."""
    from bs4 import BeautifulSoup

    if len(html) > LIMIT:
        problems.append(f"HTML over {LIMIT} characters: the rest was not read")
    return BeautifulSoup(html[:LIMIT], "html.parser").get_text("\n")
