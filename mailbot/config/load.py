"""A file -> (Config | None, mistakes); and the rows -> the text of ``config.example.toml``.

The law: all mistakes are told at once, each as one sentence with the key, the value and what would be right. ``load``
never raises, whatever the file holds (only TOML's own syntax errors come one by one: nothing after them can be read).
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.config import many
from mailbot.config.rows import Config, Imap
from mailbot.config.values import Wrong, near

MAX_BYTES = 1_000_000  # a larger file is some other file
ANY = ("0.0.0.0", "::")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECTIONS: dict[str, type[Any]] = {
    f.name: Imap if f.name == "imap" else type(f.default) for f in dataclasses.fields(Config) if f.name != "lists"
}
_SECRET = re.compile(r"pass|secret|token", re.IGNORECASE)
_PATH = re.compile(r"_file$")  # where the password lies is no secret


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, in one sentence. ``value`` None: nothing was written. ``beside``: other keys it is about."""

    key: str
    value: object
    right: str
    beside: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.key}: {self.right}"
        return f"{self.key} = {self._shown()} is wrong: {self.right}"

    def _shown(self) -> str:
        """As it stands in the file, cut short; never a password, which people do write here."""
        if (
            (_SECRET.search(self.key) and not _PATH.search(self.key))
            or isinstance(self.value, dict)
            or "{" in str(self.value)[:2]
        ):
            return "(not shown)"
        shown = json.dumps(self.value, default=str, ensure_ascii=False)
        return shown if len(shown) <= 200 else f"{shown[:197]}..."


def load(path: Path | None) -> tuple[Config | None, list[Mistake]]:
    """Reads ``path`` (None: the embedded default). The Config is None if and only if there are mistakes."""
    if path is None:
        return Config(), []
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            return None, [Mistake(str(path), None, "larger than 1 MB; name the configuration file")]
        tree = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        return None, [Mistake(str(path), None, f"cannot be read ({error.strerror or error}); name a file that can")]
    except UnicodeDecodeError as error:
        return None, [Mistake(str(path), None, f"byte {error.start} is not UTF-8; save the file as UTF-8")]
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        return None, [Mistake(str(path), None, f"not TOML, {str(error)[:200] or 'nested too deep'}; correct it there")]
    return read(tree, path.absolute().parent)


def read(tree: dict[str, Any], folder: Path) -> tuple[Config | None, list[Mistake]]:
    """A parsed file -> Config or mistakes. Relative paths count from ``folder``."""
    if "lists" not in tree:
        return _alone(tree, folder)
    config, mistakes = _alone({name: value for name, value in tree.items() if name != "lists"}, folder)
    alone, wrong = many.trees(tree)
    mistakes += [Mistake(key, None, right) for key, right in wrong]
    told = {(mistake.key, mistake.right) for mistake in mistakes}
    configs: dict[str, Config] = {}
    for name, table in alone.items():
        one, found = _alone(table, folder)
        for mistake in found:
            if (mistake.key, mistake.right) not in told:
                key = f"lists.{name}.{mistake.key.removeprefix('list.')}"
                mistakes.append(dataclasses.replace(mistake, key=key))
        if one is not None:
            configs[name] = _below(one, config, name)
    mistakes += _apart(configs) if not mistakes else ()
    for n, box in enumerate(config.imap if config else (), 1):
        if box.list and box.list not in alone:
            mistakes.append(
                Mistake(f"imap[{n}].list", box.list, f"there is no [lists.{box.list}]{near(box.list, alone)}")
            )
    if config is None or mistakes or not configs:
        return (None if mistakes else config), mistakes
    several = tuple(configs.values())
    return dataclasses.replace(config, smtp=several[0].smtp, lists=several), []


def _below(one: Config, above: Config | None, name: str) -> Config:
    """A list's own folders, below those of all."""
    folder = one.publish.folder
    if folder is not None and above is not None and folder == above.publish.folder:
        folder /= name
    store = dataclasses.replace(one.store, folder=one.store.folder / name)
    return dataclasses.replace(one, store=store, publish=dataclasses.replace(one.publish, folder=folder))


def _apart(configs: dict[str, Config]) -> Iterator[Mistake]:
    """Lists that cannot be told from each other."""
    seen: dict[str, str] = {}
    for name, config in configs.items():
        folder = str(config.publish.folder or "")
        for key, value in (("address", config.list.address), ("id", config.list.id), ("publish.folder", folder)):
            first = seen.setdefault(f"{key} {value}", name)
            if value and first != name:
                yield Mistake(f"lists.{name}.{key}", value, f"[lists.{first}] has it already; write another")


def _alone(tree: dict[str, Any], folder: Path) -> tuple[Config | None, list[Mistake]]:
    """The file of one list."""
    mistakes: list[Mistake] = []
    sections: dict[str, Any] = {}
    for name, value in tree.items():
        if name not in SECTIONS:
            mistakes.append(_unknown("", name, value))
        elif name == "imap":
            if not isinstance(value, list) or not all(isinstance(box, dict) for box in value):
                mistakes.append(Mistake(name, value, "write [[imap]] in double brackets, once for each mailbox"))
                continue
            boxes = [_section(box, Imap, f"imap[{n}]", mistakes, folder) for n, box in enumerate(value, 1)]
            sections[name] = tuple(boxes)
        elif not isinstance(value, dict):
            mistakes.append(Mistake(name, value, f"write [{name}] on a line of its own and its keys below"))
    for name, cls in SECTIONS.items():
        if name != "imap":
            table = tree.get(name)
            sections[name] = _section(table if isinstance(table, dict) else {}, cls, name, mistakes, folder)
    config = Config(**sections)
    bad = {mistake.key for mistake in mistakes}
    for mistake in (*_files(config), *_together(config)):
        if not bad.intersection((mistake.key, *mistake.beside)):  # one cause is told once
            mistakes.append(mistake)
    return (None if mistakes else config), mistakes


def _section(table: dict[str, Any], cls: type[Any], where: str, mistakes: list[Mistake], folder: Path) -> Any:
    """One dataclass. A key with a mistake takes its default, so that the other keys can still be judged."""
    rows = {row.name: row.metadata for row in dataclasses.fields(cls)}
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in rows:
            mistakes.append(_unknown(where, name, value))
            continue
        try:
            values[name] = rows[name]["read"](value)
        except Wrong as wrong:
            mistakes.append(Mistake(f"{where}.{name}", value, str(wrong)))
    for name, row in rows.items():
        if row["required"] and name not in table:
            mistakes.append(Mistake(f"{where}.{name}", None, f"missing; write {name} = {_toml(row['raw'])}, say"))
        value = values.get(name, "" if row["required"] else row["read"](row["raw"]))
        values[name] = folder / value if isinstance(value, Path) else value
    return cls(**values)


def _unknown(section: str, name: str, value: object) -> Mistake:
    shown = name if re.fullmatch(r"[\w-]{1,60}", name) else json.dumps(name[:60])
    key = f"{section}.{shown}" if section else shown
    owners = [f"[{s}]" for s, cls in SECTIONS.items() if name in {row.name for row in dataclasses.fields(cls)}]
    if not section and isinstance(value, dict | list):
        return Mistake(key, None, f"there is no such section{near(name, SECTIONS)}")
    known = [row.name for row in dataclasses.fields(SECTIONS[section.partition("[")[0]])] if section else list(SECTIONS)
    if owners and not (section and near(name, known)):
        return Mistake(key, value, f"this key belongs under {' or '.join(owners)}")
    return Mistake(key, value, f"there is no such key{near(name, known)}")


def _files(config: Config) -> Iterator[Mistake]:
    """Files that are named must be there: better said now than at three in the night."""
    named = [
        (f"imap[{n}].{key}", getattr(b, key))
        for n, b in enumerate(config.imap, 1)
        for key in ("ca_file", "password_file")
    ]
    named += [(f"smarthost.{key}", getattr(config.smarthost, key)) for key in ("ca_file", "password_file")]
    for key, file in named:
        if file is not None and not os.path.isfile(file):
            yield Mistake(key, str(file), "there is no such file; write the path of one")
    if config.templates.folder is not None and not os.path.isdir(config.templates.folder):
        yield Mistake(
            "templates.folder", str(config.templates.folder), "there is no such folder; write the path of one"
        )
    for key, folder in (("store.folder", config.store.folder), ("publish.folder", config.publish.folder)):
        if folder is not None and os.path.exists(folder) and not os.path.isdir(folder):
            yield Mistake(key, str(folder), "that is a file; write the path of a folder")


def _together(config: Config) -> Iterator[Mistake]:
    """Keys that are right alone and wrong together."""
    smtp, lmtp, relay = config.smtp.listen, config.lmtp.listen, config.smarthost
    if smtp is None and lmtp is None and not config.imap:
        right = "no mail could ever arrive; set smtp.listen, lmtp.listen or an [[imap]]"
        yield Mistake("smtp.listen", "", right, ("lmtp.listen", "imap"))
    listening = (("smtp.listen", smtp), ("lmtp.listen", lmtp), ("health.listen", config.health.listen))
    for (key, one), (other, two) in combinations(listening, 2):
        if one is not None and two is not None and 0 != one.port == two.port and _one_host(one.host, two.host):
            yield Mistake(other, str(two), f"{key[:4].upper()} listens there already; write another port", (key,))
    if config.smtp.max_per_peer > config.smtp.max_connections:
        right = "one sender cannot have more than all; write at most smtp.max_connections"
        yield Mistake("smtp.max_per_peer", config.smtp.max_per_peer, right, ("smtp.max_connections",))
    if config.list.address in config.private.addresses:
        right = "that is the list itself, which is to get none of it; write a second list or people"
        yield Mistake("private.addresses", list(config.private.addresses), right, ("list.address",))
    if config.list.bot == config.list.address:
        yield Mistake("list.bot", config.list.bot, "that is the list itself; write another address", ("list.address",))
    if smtp is not None and relay.host in LOOPBACK and smtp.host in (*LOOPBACK, *ANY) and relay.port == smtp.port:
        right = "that is where mailbot itself listens, and mail would go in circles; write the port of the mail server"
        yield Mistake("smarthost.port", relay.port, right, ("smtp.listen", "smarthost.host"))
    given = ("smarthost.password_file", "smarthost.password_command")
    if bool(relay.user) != (relay.password_file is not None or bool(relay.password_command)):
        right = "user comes together with password_file or password_command; write both or neither"
        yield Mistake("smarthost.user", relay.user, right, given)
    if relay.password_file is not None and relay.password_command:
        yield Mistake("smarthost", None, "write either password_file or password_command", given)
    if relay.user and relay.tls == "none" and relay.host not in LOOPBACK:
        right = 'the password would cross the network in clear; write "starttls" or "implicit"'
        yield Mistake("smarthost.tls", relay.tls, right, ("smarthost.host", "smarthost.user"))
    trust = config.trust
    known = trust.authserv_id or trust.own_check or trust.list_authserv_id
    if not known and any(grade == "verified" for _, grade in trust.needs):
        right = "without it only answers to our own mails are verified; write your mail server's name, or set trust.own_check"
        yield Mistake("trust.authserv_id", "", right, ("trust.needs", "trust.own_check"))
    if trust.list_authserv_id and not (trust.own_check or trust.list_hosts):
        right = "no mail is proven to be the list's; set trust.own_check or trust.list_hosts too"
        yield Mistake("trust.list_authserv_id", trust.list_authserv_id, right, ("trust.own_check", "trust.list_hosts"))
    hour = config.digest.hour
    if config.digest.every != "never" and (hour == 2 or _unsteady(config.list.zone, hour)):
        right = "clock changes skip this hour once a year and repeat it once; write another, such as 8"
        yield Mistake("digest.hour", hour, right, ("list.zone", "digest.every"))
    yield from _mailboxes(config)


def _one_host(one: str, two: str) -> bool:
    both = {one, two}
    same_family = len({":" in host for host in both - {"localhost"}}) < 2
    return len(both) == 1 or (same_family and not both.isdisjoint(ANY)) or ("localhost" in both and both <= {*LOOPBACK})


def _mailboxes(config: Config) -> Iterator[Mistake]:
    seen: dict[tuple[str, int, str, str], int] = {}
    for n, box in enumerate(config.imap, 1):
        where = f"imap[{n}]"
        given = (f"{where}.password_file", f"{where}.password_command")
        if (box.password_file is None) == (not box.password_command):
            yield Mistake(where, None, "write either password_file or password_command", given)
        if not box.tls and box.host not in LOOPBACK:
            right = "the password would cross the network in clear; write true"
            yield Mistake(f"{where}.tls", box.tls, right, (f"{where}.host",))
        if box.after == f"move:{box.folder}":
            right = "that is the folder that is read; write another"
            yield Mistake(f"{where}.after", box.after, right, (f"{where}.folder",))
        first = seen.setdefault((box.host, box.port, box.user, box.folder), n)
        if first != n:
            keys = tuple(f"imap[{i}].{key}" for i in (first, n) for key in ("host", "port", "user", "folder"))
            yield Mistake(where, None, f"the same folder as imap[{first}]; take one of them out", keys)


def _unsteady(zone: str, hour: int) -> bool:
    """Whether a clock change of 2026 skips or repeats this hour: then both readings of the wall clock differ."""
    days = (datetime(2026, 1, 1, hour, tzinfo=ZoneInfo(zone)) + timedelta(days=day) for day in range(365))
    return any(day.utcoffset() != day.replace(fold=1).utcoffset() for day in days)


def example() -> str:
    """The text of ``config.example.toml``: every key with its default and its reason."""
    lines = [
        "# The configuration of mailbot. Every key stands here with its default; leave out what you do not change.",
        "# `mailbot check --config FILE` tells all mistakes at once. Relative paths count from this file's folder.",
    ]
    for section, cls in SECTIONS.items():
        lines += ["", *textwrap.wrap(cls.__doc__ or "", 110, initial_indent="# ", subsequent_indent="# ")]
        # The mailbox is the one section without a default: its block is printed as a comment.
        lines.append("# [[imap]]" if section == "imap" else f"[{section}]")
        for row in dataclasses.fields(cls):
            shown = f"{row.name} = {_toml(row.metadata['raw'])}"
            lines.append(f"{'# ' if section == 'imap' else ''}{shown:<36} # {row.metadata['why']}")
    lines += ["", *many.EXAMPLE]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
