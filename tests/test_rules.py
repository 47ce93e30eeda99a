"""The laws of the house, read off the syntax trees: each failure is the sentence that was broken.

A law is a function from the parsed modules to such sentences, and every law is also shown a module that breaks it,
because a check that cannot fail keeps nothing.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailbot.config.load import SECTIONS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

# Who may import whom, beside itself. The package's own names (__version__) are free.
MIDDLE = ("intake", "outbox", "publish", "store")
TOP = ("cli", "__main__", "control", "demo", "scene", "simulate")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TOP, (*TOP, "app", "config", *MIDDLE, "core")),
    "app": ("config", *MIDDLE, "core"),
    **dict.fromkeys(MIDDLE, ("core",)),
    "config": (),
    "core": (),
}

CORE_PACKAGES = {"mailparser", "bs4", "markdownify", "tzdata"}
WORLD = {
    "asyncio",
    "builtins",
    "concurrent",
    "fcntl",
    "ftplib",
    "getpass",
    "glob",
    "http",
    "imaplib",
    "io",
    "logging",
    "mailbox",
    "multiprocessing",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "uuid",
}
# What reaches the clock, the disk or the terminal through a module that is pure otherwise.
CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
METHODS = {
    "now",
    "utcnow",
    "today",
    "localtime",
    "make_msgid",
    "urlopen",
    "read_text",
    "write_text",
    "read_bytes",
    "write_bytes",
}
TIME_ZONES = "files('tzdata')"  # core may use time-zone data, which is files of a package, as zoneinfo's own is

VAGUE = {"utils", "util", "manager", "helper", "helpers", "common", "misc"}
LONGEST_FILE, LONGEST_FUNCTION, LONG_SHARE = 400, 40, 0.10


@dataclass(frozen=True)
class Module:
    """``name``: its path without "mailbot/", such as "core/times.py"."""

    name: str
    source: str
    tree: ast.Module

    @property
    def part(self) -> str:
        return self.name.partition("/")[0].removesuffix(".py")

    def imports(self) -> Iterator[tuple[str, int]]:
        """(absolute dotted name of what is imported, line), wherever in the file it stands."""
        package = ["mailbot", *self.name.split("/")[:-1]]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                dotted = ".".join([*base, *([node.module] if node.module else [])])
                yield from ((f"{dotted}.{alias.name}", node.lineno) for alias in node.names)


def module(name: str, source: str) -> Module:
    return Module(name, source, ast.parse(source, name))


def modules(folder: str) -> list[Module]:
    base = ROOT / folder
    return [module(str(p.relative_to(base)), p.read_text(encoding="utf-8")) for p in sorted(base.rglob("*.py"))]


Law = Callable[[list[Module]], Iterator[str]]


def imports_go_one_way(code: list[Module]) -> Iterator[str]:
    """cli -> app -> {intake, outbox, publish, store} -> core; config is for cli and app alone."""
    for one in code:
        if one.part == "__init__":
            allowed: tuple[str, ...] = ()
        elif one.part not in MAY_IMPORT:
            yield f"{one.name} has no place in the import law: give {one.part} a row in tests/test_rules.py"
            continue
        else:
            allowed = (one.part, *MAY_IMPORT[one.part])
        for dotted, line in one.imports():
            root, _, rest = dotted.partition(".")
            target = rest.partition(".")[0]
            if root == "mailbot" and target in MAY_IMPORT and target not in allowed:
                yield f"{one.part} must not import {target}: {one.name} line {line}"


def core_takes_few_packages(code: list[Module]) -> Iterator[str]:
    """stdlib, mail-parser, the HTML-to-text library and time-zone data; nothing that knows the outside world."""
    for one in code:
        for dotted, line in one.imports():
            root = dotted.partition(".")[0]
            if one.part != "core" or root == "mailbot":
                continue
            if root in WORLD or dotted.startswith("urllib.request"):
                yield f"core is pure and must not import {root}: {one.name} line {line}"
            elif root not in sys.stdlib_module_names | CORE_PACKAGES:
                yield f"core must not import the package {root}: {one.name} line {line}"


def core_asks_nobody(code: list[Module]) -> Iterator[str]:
    """No files, no network, no clock, no terminal: ``now`` is an argument."""
    for one in code:
        for node in ast.walk(one.tree) if one.part == "core" else ():
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                yield f"core is pure and must not call {called.id}(): {one.name} line {node.lineno}"
            elif isinstance(called, ast.Attribute) and called.attr in METHODS and TIME_ZONES not in ast.unparse(called):
                yield f"core is pure and must not call .{called.attr}(): {one.name} line {node.lineno}"


def files_are_short(code: list[Module]) -> Iterator[str]:
    for one in code:
        if (lines := len(one.source.splitlines())) >= LONGEST_FILE:
            yield f"a file stays under {LONGEST_FILE} lines: {one.name} has {lines}"


def functions_are_short(code: list[Module]) -> Iterator[str]:
    """Nine of ten under 40 lines."""
    lengths = {
        f"{one.name} line {node.lineno}, {node.name}: {(node.end_lineno or node.lineno) - node.lineno + 1}": (
            (node.end_lineno or node.lineno) - node.lineno + 1
        )
        for one in code
        for node in ast.walk(one.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    long = [where for where, length in lengths.items() if length >= LONGEST_FUNCTION]
    if len(long) > LONG_SHARE * len(lengths):
        yield f"nine functions of ten stay under {LONGEST_FUNCTION} lines: {len(long)} of {len(lengths)} do not: {long}"


def names_say_what_it_is(code: list[Module]) -> Iterator[str]:
    for one in code:
        for word in VAGUE.intersection(one.name.removesuffix(".py").split("/")):
            yield f"{word!r} says nothing of what a module is: {one.name}"


def modules_open_with_what_they_are(code: list[Module]) -> Iterator[str]:
    for one in code:
        if not ast.get_docstring(one.tree):
            yield f"every module opens with a docstring, what it is and the law it keeps: {one.name}"


def modules_are_on_the_map(code: list[Module]) -> Iterator[str]:
    """``core/__init__.py`` and ``app/__init__.py`` name every module beside them."""
    maps = {m.part: ast.get_docstring(m.tree) or "" for m in code if m.name in ("core/__init__.py", "app/__init__.py")}
    for one in code:
        name = Path(one.name).stem
        if one.name.count("/") == 1 and name != "__init__" and not re.search(rf"\b{name}\b", maps.get(one.part, name)):
            yield f"a module that the map does not name: {one.name}"


def nothing_is_swallowed(code: list[Module]) -> Iterator[str]:
    """``except Exception: pass`` around a parser hides the mail that breaks it."""
    for one in code:
        for node in ast.walk(one.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            wide = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            if wide and all(isinstance(inner, ast.Pass | ast.Continue) for inner in node.body):
                yield f"an exception of any kind must not vanish: {one.name} line {node.lineno}"


# Each law with a module that breaks it, and the sentence that must come.
LAWS: list[tuple[Law, str, str, str]] = [
    (
        imports_go_one_way,
        "core/x.py",
        "\n\nfrom mailbot.store import y",
        "core must not import store: core/x.py line 3",
    ),
    (imports_go_one_way, "core/a/x.py", "from ...store import y", "core must not import store: core/a/x.py line 1"),
    (imports_go_one_way, "store/x.py", "from .. import outbox", "store must not import outbox: store/x.py line 1"),
    (imports_go_one_way, "intake/x.py", "import mailbot.config", "intake must not import config: intake/x.py line 1"),
    (imports_go_one_way, "app.py", "def f():\n import mailbot.cli", "app must not import cli: app.py line 2"),
    (imports_go_one_way, "new.py", "", "new.py has no place in the import law: give new a row in tests/test_rules.py"),
    (
        core_takes_few_packages,
        "core/x.py",
        "from os import path",
        "core is pure and must not import os: core/x.py line 1",
    ),
    (core_takes_few_packages, "core/x.py", "import rich", "core must not import the package rich: core/x.py line 1"),
    (core_asks_nobody, "core/x.py", "open('x')", "core is pure and must not call open(): core/x.py line 1"),
    (core_asks_nobody, "core/x.py", "datetime.now(UTC)", "core is pure and must not call .now(): core/x.py line 1"),
    (files_are_short, "x.py", "\n" * 400, "a file stays under 400 lines: x.py has 400"),
    (
        functions_are_short,
        "x.py",
        "def f():\n" + " 1\n" * 39,
        "nine functions of ten stay under 40 lines: 1 of 1 do not",
    ),
    (names_say_what_it_is, "core/utils.py", "", "'utils' says nothing of what a module is: core/utils.py"),
    (modules_open_with_what_they_are, "x.py", "", "every module opens with a docstring"),
    (modules_are_on_the_map, "core/x.py", "", "a module that the map does not name: core/x.py"),
    (nothing_is_swallowed, "x.py", "try:\n f()\nexcept Exception:\n pass", "an exception of any kind must not vanish"),
]


@pytest.mark.parametrize("law", list(dict.fromkeys(row[0] for row in LAWS)), ids=lambda law: law.__name__)
def test_the_code_keeps_the_law(law: Law) -> None:
    broken = list(law(modules("mailbot")))
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(("law", "name", "source", "said"), LAWS)
def test_a_module_that_breaks_the_law_is_told_so(law: Law, name: str, source: str, said: str) -> None:
    (sentence,) = law([module(name, source), *([module("core/__init__.py", '"""y"""')] if name == "core/x.py" else [])])
    assert sentence.startswith(said)


def test_what_the_law_allows_is_not_told() -> None:
    allowed = [
        module(
            "core/x.py", "from datetime import datetime, time\nfrom .y import z\nfrom .. import __version__\nimport bs4"
        ),
        module("core/y.py", "(importlib.resources.files('tzdata') / 'zones').read_text()"),
        module("store/x.py", "import os\nfrom mailbot.core import message\nfrom .y import z"),
        module("app/x.py", "from mailbot.config import Config\nfrom ..store import y\nopen('x')"),
        module("cli.py", "from mailbot import app, demo"),
    ]
    laws = (imports_go_one_way, core_takes_few_packages, core_asks_nobody, nothing_is_swallowed)
    assert [sentence for law in laws for sentence in law(allowed)] == []


def test_the_bench_keeps_the_size_of_files_too() -> None:
    assert not list(files_are_short(modules("bench")))


# What the README must say. Where it does not, the failure is the line to paste.


def readme() -> str:
    return README.read_text(encoding="utf-8")


def test_every_section_of_the_configuration_is_a_row_of_the_readme() -> None:
    text = readme()
    missing = []
    for section, cls in SECTIONS.items():
        title = "[[imap]]" if section == "imap" else f"[{section}]"
        keys = [f"`{row.name}`" for row in dataclasses.fields(cls)]
        if not any(f"`{title}`" in line and all(key in line for key in keys) for line in text.splitlines()):
            missing.append(f"| `{title}` | {' '.join(keys)} |")
    assert not missing, "README.md lacks keys of the configuration:\n" + "\n".join(missing)


def test_every_keyword_is_in_the_readme() -> None:
    from mailbot.core.commands import KEYWORDS  # here, so that the laws are judged also where core cannot be imported

    assert KEYWORDS
    missing = [word for word in KEYWORDS if not re.search(rf"`[^`\n]*(?<!\w){re.escape(word)}(?!\w)[^`\n]*`", readme())]
    assert not missing, f"README.md says nothing of {', '.join(missing)}"


def test_the_two_commands_stand_in_the_readme() -> None:
    assert "make demo" in readme()
    assert "make test" in readme()


def test_pytest_takes_every_warning_as_an_error_and_mypy_is_strict() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tool["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert tool["mypy"]["strict"] is True
    assert "DTZ" in tool["ruff"]["lint"]["select"]


# Paths of a machine the project was written on, and hosts of package registries. In pieces, so that this file has none.
HOSTS = (
    "py" + r"pi\.org",
    "python" + "hosted",
    "npm" + r"js\.(org|com)",
    r"deb\.deb" + r"ian\.org",
    "crates" + r"\.io",
)
PLACES = ("/wo" + "rk/", "/tmp/" + "team", "/ro" + r"ot/", r"/ho" + r"me/\w")
FOREIGN = re.compile("|".join((*HOSTS, *PLACES)))


def committed() -> list[str]:
    """What git has, or, in an unpacked archive of the project, what is there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [name for name in done.stdout.split("\0") if (ROOT / name).is_file()]
    parts = ("mailbot", "tests", "bench", "templates", "requirements", "*.toml", "*.md", "Makefile", "Dockerfile")
    return [
        str(p.relative_to(ROOT))
        for part in parts
        for top in ROOT.glob(part)
        for p in [top, *top.rglob("*")]
        if p.is_file()
    ]


def test_no_committed_file_names_a_registry_host_or_a_path_of_a_machine() -> None:
    found = []
    for name in committed():
        for number, line in enumerate((ROOT / name).read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if hit := FOREIGN.search(line):
                found.append(f"{name} line {number} names {hit[0]}")
    assert not found, "paths of a machine and hosts of registries stay out:\n" + "\n".join(found)
