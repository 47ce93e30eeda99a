"""The configuration: the example is made from the rows, and every broken file is answered with exactly its sentences.

A file in ``bad_config`` says in its ``#!`` lines what must be told about it; <here> stands for the folder it lies in.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.app.setup import mailing_list
from mailbot.config import Config, Endpoint, Imap, MailList, Mistake, example, load, read
from mailbot.config.load import SECTIONS

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad_config").glob("*.toml"))


def write(folder: Path, toml: str) -> Path:
    (folder / "mailbot.toml").write_text(toml, encoding="utf-8")
    return folder / "mailbot.toml"


def right(folder: Path, toml: str) -> Config:
    config, mistakes = load(write(folder, toml))
    assert [str(mistake) for mistake in mistakes] == []
    assert config is not None
    return config


def test_without_a_file_the_embedded_default_is_used() -> None:
    assert load(None) == (Config(), [])
    config = Config()
    assert (config.smtp.listen, config.store.folder) == (Endpoint("127.0.0.1", 8025), Path("mailbot-data"))
    assert (config.list.id, config.list.bot, config.smtp.hostname) == (
        "incident.instructlab.ai",
        "mailbot@instructlab.ai",
        "instructlab.ai",
    )


def test_the_example_is_made_from_the_rows() -> None:
    shipped = (HERE.parent / "config.example.toml").read_text(encoding="utf-8")
    assert shipped == example(), "write it again: python -c \"import mailbot.config as c; print(c.example(), end='')\""


def test_the_example_says_every_key_and_is_the_default(tmp_path: Path) -> None:
    text = example()
    assert right(tmp_path, text) == dataclasses.replace(
        Config(), store=dataclasses.replace(Config().store, folder=tmp_path / "mailbot-data")
    )
    plain = tomllib.loads("\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines()))
    assert {name for name in plain if name != "imap"} == {name for name in SECTIONS if name != "imap"}
    for section, cls in SECTIONS.items():
        for row in dataclasses.fields(cls):
            assert f"\n{'# ' if section == 'imap' else ''}{row.name} = " in text
            assert row.metadata["why"], f"{section}.{row.name} has no reason"


def test_the_mailbox_of_the_example_is_right_once_it_has_a_password(tmp_path: Path) -> None:
    block = example().partition("# [[imap]]\n")[2].partition("\n\n")[0].replace("# ", "", 1).replace("\n# ", "\n")
    (tmp_path / "secret").write_text("hunter2\n", encoding="utf-8")
    toml = "[[imap]]\n" + block.replace('password_file = ""', 'password_file = "secret"')
    (box,) = right(tmp_path, toml).imap
    assert box == Imap("imap.example.org", "mailbot@example.org", password_file=tmp_path / "secret")
    assert (box.password(), box.poll, box.port, box.tls) == ("hunter2", timedelta(minutes=5), 993, True)


def test_a_password_may_come_from_a_command(tmp_path: Path) -> None:
    toml = "[[imap]]\nhost = 'localhost'\nuser = 'me'\npassword_command = \"printf 'two words\\\\nmore'\""
    assert right(tmp_path, toml).imap[0].password() == "two words"


def test_a_login_is_not_asked_for_where_there_is_none() -> None:
    assert Config().smarthost.password() == ""


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_a_broken_file_is_told_all_its_mistakes_at_once(path: Path) -> None:
    config, mistakes = load(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("#! ").replace("<here>", str(path.parent)) for line in lines if line.startswith("#!")]
    assert sorted(map(str, mistakes)) == sorted(expected)
    assert config is None


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    assert load(tmp_path / "no.toml") == (
        None,
        [Mistake(f"{tmp_path}/no.toml", None, "cannot be read (No such file or directory); name a file that can")],
    )
    assert load(tmp_path)[0] is None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a = " + b"[" * 5_000, "not TOML"),
        (b" " * 1_000_001, "larger than 1 MB"),
        (b"\0", "not TOML"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_sentence(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "mailbot.toml").write_bytes(raw)
    config, mistakes = load(tmp_path / "mailbot.toml")
    assert config is None
    assert len(mistakes) == 1
    assert said in str(mistakes[0])


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "wording").mkdir()
    config = right(tmp_path, '[templates]\nfolder = "wording"\n[store]\nfolder = "/srv/mailbot"')
    assert config.templates.folder == tmp_path / "wording"
    assert config.store.folder == Path("/srv/mailbot")


def test_what_follows_from_the_address_may_be_said_otherwise() -> None:
    assert MailList(address="inc@lists.example.org").bot == "mailbot@lists.example.org"
    own = MailList(address="inc@lists.example.org", bot="scribe@example.org", id="<inc.lists.example.org>")
    assert (own.bot, own.id) == ("scribe@example.org", "inc.lists.example.org")
    assert Config(list=own).smtp.hostname == "lists.example.org"


def test_plus_addresses_are_given_out_until_the_key_says_no(tmp_path: Path) -> None:
    assert mailing_list(Config()).plus
    assert not mailing_list(right(tmp_path, "[list]\nplus = false")).plus


def test_off_is_an_empty_text(tmp_path: Path) -> None:
    toml = '[smtp]\nlisten = ""\n[lmtp]\nlisten = "[::1]:8024"\n[smarthost]\nhost = ""\n[reminders]\nstill_open = []'
    config = right(tmp_path, toml)
    assert (config.smtp.listen, str(config.lmtp.listen)) == (None, "[::1]:8024")
    assert (config.smarthost.host, config.reminders.still_open) == ("", ())


def test_the_lists_own_server_is_enough_to_verify_authors(tmp_path: Path) -> None:
    trust = 'needs = ["REVIEWED verified"]\nlist_hosts = ["192.0.2.7"]\nlist_authserv_id = "mx.lists.example.org"'
    assert right(tmp_path, f"[trust]\n{trust}").trust.list_authserv_id == "mx.lists.example.org"


def test_a_digest_at_one_is_steady_in_zurich_and_not_in_london(tmp_path: Path) -> None:
    assert right(tmp_path, '[list]\nzone = "Europe/Zurich"\n[digest]\nhour = 1').digest.hour == 1
    assert load(write(tmp_path, '[list]\nzone = "Europe/London"\n[digest]\nhour = 1'))[0] is None
    assert right(tmp_path, '[digest]\nhour = 2\nevery = "never"').digest.every == "never"


def test_one_cause_is_told_once(tmp_path: Path) -> None:
    _, mistakes = read({"smtp": {"max_connections": "many", "max_per_peer": 500}}, tmp_path)
    assert [mistake.key for mistake in mistakes] == ["smtp.max_connections"]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.datetimes()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ROWS = [(section, row.name) for section, cls in SECTIONS.items() for row in dataclasses.fields(cls)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ROWS), VALUES), max_size=4))
def test_whatever_stands_in_a_key_the_answer_is_a_config_or_sentences(
    rows: list[tuple[tuple[str, str], object]],
) -> None:
    tree: dict[str, dict[str, object]] = {}
    for (section, name), value in rows:
        tree.setdefault(section, {})[name] = value
    whole = {name: [table] if name == "imap" else table for name, table in tree.items()}
    config, mistakes = read(whole, HERE)
    assert (config is None) == bool(mistakes)
    assert all(len(str(mistake)) < 1_000 and "\n" not in str(mistake) for mistake in mistakes)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*SECTIONS, "lists", "other", "zone"]), VALUES, max_size=4))
def test_whatever_stands_for_a_section_the_answer_is_a_config_or_sentences(tree: dict[str, object]) -> None:
    config, mistakes = read(json.loads(json.dumps(tree, default=str)), HERE)
    assert (config is None) == bool(mistakes)
    assert all(str(mistake) for mistake in mistakes)


@pytest.mark.parametrize("key", ["store.folder", "publish.folder", "templates.folder", "smarthost.ca_file"])
def test_a_path_that_cannot_even_be_asked_for_is_no_traceback(key: str, tmp_path: Path) -> None:
    section, _, name = key.partition(".")
    config, mistakes = load(write(tmp_path, f'[{section}]\n{name} = "{"x" * 300}/y"\n'))
    assert (config is None) == bool(mistakes) == (key not in ("store.folder", "publish.folder"))
