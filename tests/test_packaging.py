"""What a stranger gets: the image, the wheel in it, the locks, the two commands.

No container engine is needed: the steps of the Dockerfile are taken from it and run as they stand, in an environment
that holds nothing of this checkout, with every folder moved below a temporary one. Where no package registry can be
reached these tests fail and do not skip: then nobody has shown that mailbot can be installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mailbot.config import load

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted(str(p.relative_to(ROOT / "templates")) for p in (ROOT / "templates").rglob("*") if p.is_file())
# What the machine says about how to reach a registry; nothing else of our environment goes in.
KEPT = re.compile(r"HOME|PIP_(?!CACHE)\w+|SSL_CERT_\w+|\w+_CA_BUNDLE|(?i:https?|no|all)_proxy")


def steps(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, the rest of its line) in order."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", dockerfile))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


STEPS = steps((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def last(instruction: str) -> str:
    return [rest for word, rest in STEPS if word == instruction][-1]


@dataclass
class Stage:
    """One FROM, whose "/" is ``root``."""

    root: Path
    env: dict[str, str]
    folder: str = "/"
    names: set[str] = field(default_factory=set)  # of the variables the image sets

    def place(self, path: str) -> Path:
        return self.root / str(Path(self.folder) / path).lstrip("/")

    def set(self, pairs: str) -> None:
        for name, value in re.findall(r"(\w+)=(\S+)", pairs):
            moved = [str(self.root / part.lstrip("/")) if part.startswith("/") else part for part in value.split(":")]
            self.env[name] = ":".join(moved).replace("$PATH", self.env["PATH"])
            if value.startswith("/") and name != "PATH":
                Path(self.env[name]).parent.mkdir(parents=True, exist_ok=True)

    def copy(self, rest: str, stages: dict[str, Stage]) -> None:
        *options, target = rest.split()
        source = stages[options.pop(0).removeprefix("--from=")] if options[0].startswith("--from=") else None
        for name in options:
            path = source.place(name) if source else ROOT / name
            assert path.exists(), f"COPY {name}: there is no such thing"
            to = self.place(target) / path.name if target.endswith("/") else self.place(target)
            to.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(path, to)

    def run(self, command: list[str], folder: Path, seconds: int = 120) -> str:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}"
        return done.stdout


def build(tmp: Path) -> Stage:
    """Runs the Dockerfile's steps; the last stage."""
    shims = tmp / "shims"
    shims.mkdir()
    (shims / "python").write_text(f'#!/bin/sh\nexec "{sys.base_prefix}/bin/python3" "$@"\n', encoding="ascii")
    (shims / "python").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    stages: dict[str, Stage] = {}
    stage = Stage(tmp, {})
    for word, rest in STEPS:
        match word:
            case "FROM":
                name = rest.partition(" AS ")[2] or "last"
                stage = stages[name] = Stage(tmp / name, kept | {"PATH": f"{shims}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
            case "WORKDIR":
                stage.folder = rest
                stage.place(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                stage.set(rest)
            case "ARG":
                stage.env[rest.partition("=")[0]] = str(os.getuid())  # as --build-arg would: we may not be root
            case "COPY":
                stage.copy(rest, stages)
            case "RUN":
                stage.run(["/bin/sh", "-c", rest], stage.place("."))
            case "USER" | "VOLUME" | "EXPOSE" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                pass  # what the engine does when the container runs; judged below
            case _:
                pytest.fail(f"Dockerfile: this test cannot run {word}")
    return stage


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.mark.slow
def test_the_entry_point_of_the_image_answers(image: Stage, empty: Path) -> None:
    assert "demo" in image.run([*json.loads(last("ENTRYPOINT")), "--help"], empty)


@pytest.mark.slow
def test_the_installed_mailbot_is_not_this_checkout_and_has_every_template(image: Stage, empty: Path) -> None:
    inside = "import mailbot, pathlib; print(pathlib.Path(mailbot.__file__).parent)"
    package = Path(image.run(["python", "-c", inside], empty).strip())
    assert package.is_relative_to(image.root)
    there = sorted(str(p.relative_to(package / "templates")) for p in (package / "templates").rglob("*") if p.is_file())
    assert there == TEMPLATES
    assert TEMPLATES
    assert (package / "config.example.toml").read_bytes() == (ROOT / "config.example.toml").read_bytes()


@pytest.mark.slow
def test_the_demo_runs_from_the_image_in_an_empty_folder(image: Stage, empty: Path) -> None:
    said = image.run(["mailbot", "demo", "--fast"], empty)
    assert "Traceback" not in said
    assert list(empty.rglob("*.md")), "the demo wrote no report"


@pytest.mark.slow
def test_the_configuration_in_the_image_is_right_and_what_the_rest_of_the_dockerfile_says(image: Stage) -> None:
    config, mistakes = load(Path(image.env["CONFIG"]))
    assert (config is not None, mistakes) == (True, [])
    assert config is not None
    assert config.smtp.listen is not None
    assert (config.smtp.listen.host, str(config.smtp.listen.port)) == ("0.0.0.0", last("EXPOSE"))
    assert f"'127.0.0.1', {last('EXPOSE')}" in last("HEALTHCHECK")
    assert config.store.folder == Path(image.env["DATA"]) == image.root / last("VOLUME").lstrip("/")
    assert json.loads(last("CMD")) == ["run", "--config", "/" + os.path.relpath(image.env["CONFIG"], image.root)]
    assert config.smarthost.host == ""


def test_the_image_is_slim_comes_from_the_plain_name_and_is_not_root() -> None:
    assert {rest.partition(" AS ")[0] for word, rest in STEPS if word == "FROM"} == {"python:3.13-slim"}
    assert last("USER").isdigit()
    assert int(last("USER")) > 0
    assert json.loads(last("ENTRYPOINT")) == ["mailbot"]
    assert f"OWNER={last('USER')}" == last("ARG")


def test_every_install_in_the_image_is_from_the_hashed_lock() -> None:
    installs = re.findall(r"pip\"? install[^&\n]*", "\n".join(rest for word, rest in STEPS if word == "RUN"))
    assert len(installs) == 3
    assert all("--require-hashes -r" in step or "--no-index" in step for step in installs)


def pins(name: str) -> dict[str, set[str]]:
    """Project -> its lines without hashes, of one lock file."""
    text = (ROOT / "requirements" / name).read_text(encoding="ascii")
    found: dict[str, set[str]] = {}
    for entry in re.sub(r"\\\n", " ", text).splitlines():
        line, *hashes = entry.split("--hash=")
        assert hashes, f"requirements/{name}: no hash: {line}"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", digest) for digest in hashes)
        found.setdefault(canonicalize_name(Requirement(line).name), set()).add(line.strip())
    return found


def test_the_locks_hold_names_versions_and_hashes_and_no_index() -> None:
    dev = pins("dev.txt")
    for name in ("run.txt", "build.txt", "dev.txt"):
        assert "/" not in (ROOT / "requirements" / name).read_text(encoding="ascii")
        assert pins(name).items() <= dev.items(), f"requirements/{name} and dev.txt differ; run: make lock"


def test_the_locks_are_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = {"run.txt": project["project"]["dependencies"], "build.txt": project["build-system"]["requires"]}
    asked["dev.txt"] = [*asked["run.txt"], *extras["dev"], *extras["fast"], *asked["build.txt"]]
    for name, wanted in asked.items():
        locked = pins(name)
        for requirement in map(Requirement, wanted):
            lines = locked.get(canonicalize_name(requirement.name), set())
            versions = [next(iter(Requirement(line).specifier)).version for line in lines]
            assert versions, f"requirements/{name} lacks {requirement.name}; run: make lock"
            assert all(requirement.specifier.contains(version) for version in versions), (
                f"{requirement}; run: make lock"
            )


def pretend(folder: Path, *, too_old: bool) -> subprocess.CompletedProcess[str]:
    """``make setup`` where the only Python is too old, or has no ensurepip."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "requirements").mkdir()
    shutil.copyfile(ROOT / "requirements/dev.txt", folder / "requirements/dev.txt")
    (folder / "bin").mkdir()
    for tool in ("make", "sh", "rm"):
        (folder / "bin" / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool} here"))
    answer = "exit 1" if too_old else 'case "$*" in *ensurepip*) exit 1;; esac'
    (folder / "bin/python3").write_text(f"#!/bin/sh\n{answer}\n", encoding="ascii")
    (folder / "bin/python3").chmod(0o755)
    command = ["make", "setup", "SHELL=" + str(folder / "bin/sh")]
    env = {"PATH": str(folder / "bin")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=30, check=False)


def test_where_no_python_is_new_enough_make_says_so_in_a_sentence(tmp_path: Path) -> None:
    done = pretend(tmp_path, too_old=True)
    assert done.returncode != 0
    assert "mailbot needs Python 3.11 or later" in done.stderr


def test_where_python_has_no_venv_make_names_the_package(tmp_path: Path) -> None:
    done = pretend(tmp_path, too_old=False)
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
