"""A community's own templates: what is wrong with them is told with file and line, and no mail waits for it (issue 4, 8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot.cli import main
from mailbot.outbox.render import Looks, Renderer
from tests.incident_scene import ALICE, LIST, WORDS, Scene


@pytest.fixture
def told() -> list[str]:
    return []


def own(folder: Path, text: str, name: str = "mail/ack.txt.j2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# text of an own template -> what check says of it, behind the file's name
WRONG = [
    ("Hello\n\n{% if %}\n", ", line 3: TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
    ("{{ incident.id | shout }}", ", line 1: TemplateAssertionError: No filter named 'shout'."),
    ("Hello\n{{ incidnt.id }}", ", line 2: nobody gives it 'incidnt'"),
    ("Hello {{ incident.id }}", ""),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_broken_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    path = own(tmp_path, text)
    assert Renderer(LIST, Looks(folder=str(tmp_path))).broken() == ([f"{path}{said}"] if said else [])


def test_a_file_that_replaces_nothing_is_told(tmp_path: Path) -> None:
    path = own(tmp_path, "Hello", "mail/akc.txt.j2")
    own(tmp_path, "of no concern", "mail/README.txt")
    own(tmp_path, "{% macro bye() %}Bye{% endmacro %}", "mail/_bye.txt.j2")
    (said,) = Renderer(LIST, Looks(folder=str(tmp_path))).broken()
    assert said == f"{path}: replaces none of ours; did you mean mail/ack.txt.j2?"


def test_our_own_templates_are_right_as_somebodys_own(tmp_path: Path) -> None:
    ours = Renderer(LIST, Looks()).ours
    for name in ours.list_templates():
        assert ours.loader is not None
        own(tmp_path, ours.loader.get_source(ours, name)[0], name)
    assert Renderer(LIST, Looks(folder=str(tmp_path))).broken() == []


# what breaks only when it is filled
BREAKS = [
    ("Hello\n\n{{ incident.nothing_of_this }}", "line 3: UndefinedError"),
    ("{{ 1 / 0 }}", "line 1: ZeroDivisionError"),
    ("\n{{ incident.__class__.__mro__ }}", "line 2: SecurityError"),
    ("\n{{ ''.__class__.__mro__[1].__subclasses__() }}", "line 2: SecurityError"),
    ("{% for n in range(10 ** 9) %}x{% endfor %}", "line 1: OverflowError"),
    ("{% include 'mail/none.txt.j2' %}", "there is no template mail/none.txt.j2"),
    ("{% include 'mail/ack.txt.j2' %}", "RecursionError"),
]


@pytest.mark.parametrize(("text", "said"), BREAKS)
def test_what_breaks_while_it_is_filled_is_told_once_and_ours_goes_out(
    tmp_path: Path, told: list[str], text: str, said: str
) -> None:
    path = own(tmp_path, text)
    scene = Scene()
    scene.mail(ALICE, "Since 11:40 UTC every push fails.", 0)
    (notice,) = scene.due(0).notices
    renderer = Renderer(LIST, Looks(folder=str(tmp_path)), told.append)
    words = WORDS | {"entries": scene.incident.entries}
    mails = {renderer.letter(notice, scene.incident, scene.at(0), words).raw for _ in range(2)}
    assert mails == {Renderer(LIST, Looks()).letter(notice, scene.incident, scene.at(0), words).raw}
    (sentence,) = told
    assert sentence.startswith(str(path))
    assert said in sentence
    assert sentence.endswith("; ours is used")


def test_check_tells_the_operator_and_nothing_is_refused_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own(tmp_path / "wording", "{% if %}")
    config = tmp_path / "mailbot.toml"
    config.write_text('[templates]\nfolder = "wording"\n', encoding="utf-8")
    assert main(["check", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert f"Note: {path}, line 1: TemplateSyntaxError" in out
    assert "ours is used" in out
    assert "fine" in out
