"""The tables of the README, made from the code: ``python -m tests.docs`` writes them, test_docs.py checks them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from mailbot.config.load import SECTIONS
from mailbot.core.commands import keywords

README = Path(__file__).resolve().parent.parent / "README.md"


def keyword_table() -> str:
    rows = ["| keyword | what it does | take it back with |", "|---|---|---|"]
    for unit in keywords():
        usage = unit.usage.replace("|", "\\|")
        also = f" (also `{'`, `'.join(unit.words[1:])}`)" if unit.words[1:] else ""
        rows.append(f"| `{usage}`{also} | {unit.meaning} | {f'`{unit.inverse}`' if unit.inverse else ''} |")
    return "\n".join(rows)


def key_table() -> str:
    rows = ["| section | keys |", "|---|---|"]
    for section, cls in SECTIONS.items():
        title = "[[imap]]" if section == "imap" else f"[{section}]"
        rows.append(f"| `{title}` | {' '.join(f'`{row.name}`' for row in dataclasses.fields(cls))} |")
    return "\n".join(rows)


def with_tables(text: str) -> str:
    for name, table in (("keywords", keyword_table()), ("keys", key_table())):
        text = re.sub(
            rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- /{name} -->)",
            lambda m, t=table: f"{m[1]}{t}\n{m[2]}",  # type: ignore[misc]
            text,
            flags=re.S,
        )
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
