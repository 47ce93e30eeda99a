"""Several lists in one file: ``[lists.NAME]`` -> for each the file as it would be written for that list alone.

The law: a list says only what differs. Its keys are those of ``[list]``; its tables (``[lists.NAME.digest]``) are those of
the file, except what the daemon has once: the ways in, the smarthost, the store, the log. What it leaves out is as above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]
ONCE = (
    "smtp",
    "lmtp",
    "imap",
    "store",
    "smarthost",
    "log",
    "health",
    "list",
    "lists",
)  # of the daemon, not of one list
OWN = ("address", "name", "id", "bot")  # of one list alone: never taken from [list]
EXAMPLE = (
    "# Several lists in one daemon: a table for each, with the keys of [list], and below it tables as above with what",
    "# differs. Each has its mails in a folder of its own, NAME below store.folder, and its own templates, zone, reminders.",
    "# [lists.infra]",
    '# address = "infra@example.org"',
    "# [lists.infra.digest]",
    "# hour = 9",
)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


def trees(tree: Tree) -> tuple[dict[str, Tree], list[tuple[str, str]]]:
    """NAME -> its file, and (key, what would be right) for what is wrong about the names and shapes alone."""
    lists = tree.get("lists", {})
    if not isinstance(lists, dict):
        return {}, [("lists", "write [lists.NAME] once for each list, and its keys below")]
    wrong: list[tuple[str, str]] = []
    found: dict[str, Tree] = {}
    for name, table in lists.items():
        if not NAME.fullmatch(name):
            wrong.append((f"lists.{name[:60]!r}", "write a name of small letters, digits and -: it names a folder too"))
        elif not isinstance(table, dict):
            wrong.append((f"lists.{name}", f"write [lists.{name}] on a line of its own and its keys below"))
        else:
            found[name] = _alone(tree, name, table)
            wrong += [
                (f"lists.{name}.{section}", "the daemon has this once; write it without lists")
                for section in ONCE
                if section in table
            ]
            if "address" not in table:
                wrong.append((f"lists.{name}.address", 'missing; write address = "incident@example.org", say'))
    if lists:
        wrong += [
            (f"list.{key}", "each list has its own; write it under [lists.NAME]")
            for key in OWN
            if key in _table(tree, "list")
        ]
    return found, wrong


def _alone(tree: Tree, name: str, table: Tree) -> Tree:
    flat = {key: value for key, value in table.items() if not isinstance(value, dict)}
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    alone = {section: value for section, value in tree.items() if section != "lists"}
    shared = {key: value for key, value in _table(tree, "list").items() if key not in OWN}
    alone["list"] = {"name": name} | shared | flat
    for section, keys in inner.items():
        alone[section] = _table(tree, section) | keys
    return alone


def _table(tree: Mapping[str, Any], name: str) -> Tree:
    table = tree.get(name, {})
    return table if isinstance(table, dict) else {}
