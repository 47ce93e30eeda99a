"""Several lists in one daemon: each has its mails, words, zone and reminders of its own (issue 4, 7)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailbot.app.daemon import Daemon
from mailbot.cli import main
from mailbot.config import Config, load
from mailbot.scene import load as scene_of
from mailbot.simulate import simulate
from mailbot.store.archive import Archive
from tests.daemon_process import Sink, connected, give, mail
from tests.daemon_scene import HERE, Clock, Running

TWO = """
[list]
zone = "Europe/Zurich"
[smtp]
listen = "127.0.0.1:0"
[publish]
folder = "public"
[lists.infra]
address = "infra@example.org"
[lists.infra.digest]
hour = 9
[lists.web]
address = "web@example.org"
zone = "UTC"
[lists.web.templates]
folder = "wording"
"""
INFRA, WEB, BOT = "infra@example.org", "web@example.org", "mailbot@example.org"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "wording" / "mail").mkdir(parents=True)
    (tmp_path / "wording" / "mail" / "ack.txt.j2").write_text("Moin. {{ incident.id }}", encoding="utf-8")
    path = tmp_path / "mailbot.toml"
    path.write_text(TWO, encoding="utf-8")
    return path


@pytest.fixture
def config(file: Path) -> Config:
    config, mistakes = load(file)
    assert mistakes == []
    assert config is not None
    return config


def test_a_list_says_only_what_differs(config: Config, tmp_path: Path) -> None:
    infra, web = config.each
    assert (infra.list.name, infra.list.zone, infra.digest.hour) == ("infra", "Europe/Zurich", 9)
    assert (web.list.id, web.list.zone, web.digest.hour) == ("web.example.org", "UTC", 8)
    assert (infra.templates.folder, web.templates.folder) == (None, tmp_path / "wording")
    assert infra.store.folder == tmp_path / "mailbot-data" / "infra"
    assert web.publish.folder == tmp_path / "public" / "web"
    assert config.smtp.hostname == "example.org"


def test_one_list_is_as_it_was() -> None:
    config = Config()
    assert config.each == (config,)


# ── over SMTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Town:
    """A daemon with both lists, and its smarthost."""

    def __init__(self, config: Config, sink: Sink) -> None:
        self.sink, self.clock = sink, Clock()
        smarthost = replace(config.smarthost, port=sink.port, timeout=timedelta(seconds=5))
        self.config = replace(config, smtp=replace(config.smtp, listen=HERE), smarthost=smarthost)

    def play(self, scene: Callable[[Running], Awaitable[None]]) -> None:
        async def run() -> None:
            async with Running(Daemon(self.config, self.clock)) as here:
                await scene(here)

        asyncio.run(run())

    def kept(self, name: str) -> list[str]:
        """Message-IDs of what came in for a list."""
        with Archive(self.config.store.folder / name, readonly=True) as archive:
            mails = [r.raw.decode().partition("Message-ID: <")[2].partition(">")[0] for r in archive.records()]
            return [name for name in mails if not name.startswith("INC-")]


@pytest.fixture
def town(config: Config) -> Iterator[Town]:
    with Sink() as sink:
        yield Town(config, sink)


async def hand_in(here: Running, raw: bytes, *to: str) -> None:
    def send() -> None:
        with connected(here.daemon.ports["smtp"]) as peer:
            assert give(peer, raw, to=to) == "250"

    await asyncio.to_thread(send)


async def post(here: Running, raw: bytes, *to: str) -> None:
    await hand_in(here, raw, *to)
    await here.settle()


def test_a_mail_goes_to_the_list_that_its_envelope_names(town: Town) -> None:
    async def scene(here: Running) -> None:
        await post(here, mail("1@example.org", "Disk full", "Since 11:50."), INFRA)
        await post(here, mail("2@example.org", "Logo gone", "Since 11:55."), WEB)
        await post(here, mail("3@example.org", "All is down", "Since 11:56."), INFRA, WEB)

    town.play(scene)
    assert town.kept("infra") == ["1@example.org", "3@example.org"]
    assert town.kept("web") == ["2@example.org", "3@example.org"]
    assert sorted(got.recipients for got in town.sink.taken) == [(INFRA,), (INFRA,), (WEB,), (WEB,)]


# What names the list, where the mail came to the bot that both have: further header lines, whose mail it is.
SIGNS = [
    ("List-Id: The web people <web.example.org>\r\n", "web"),
    ("Cc: web@example.org\r\n", "web"),
    ("Subject-Of-No-List: x\r\n", "infra"),  # a mail that names none must stay somewhere
]


@pytest.mark.parametrize(("more", "name"), SIGNS)
def test_a_mail_to_the_bot_goes_to_the_list_that_its_headers_name(town: Town, more: str, name: str) -> None:
    async def scene(here: Running) -> None:
        raw = mail("1@example.org", "Disk full", "Since 11:50.", more=more)
        await post(here, raw, "mailbot+b.x@example.org")

    town.play(scene)
    assert town.kept(name) == ["1@example.org"]


def test_an_answer_to_a_mail_of_ours_goes_to_the_list_that_wrote_it(town: Town) -> None:
    async def scene(here: Running) -> None:
        await post(here, mail("1@example.org", "Logo gone", "Since 11:55."), WEB)
        ours = town.sink.taken[0].message_id
        await post(here, mail("2@example.org", "Re: Logo gone", "STATUS", answers=ours), BOT)

    town.play(scene)
    assert town.kept("web") == ["1@example.org", "2@example.org"]
    assert town.sink.kinds() == ["ack", "answer"]


def test_an_answer_to_a_signed_address_goes_to_the_list_that_gave_it_without_any_header(town: Town) -> None:
    async def scene(here: Running) -> None:
        await post(here, mail("1@example.org", "Logo gone", "Since 11:55."), WEB)
        await post(here, mail("2@example.org", "Re: Logo gone", "STATUS", answers="1@example.org"), WEB)
        web = here.daemon.offices[1]
        (raw,) = (r.raw for r in web.archive.records() if r.arrival.recipients == ("ann@example.org",))
        address = raw.partition(b"\nReply-To: ")[2].partition(b"\n")[0].decode()
        assert "+r." in address
        await post(here, mail("3@example.org", "it is back", "LOG 11:58 UTC: the logo is back"), address)

    town.play(scene)
    assert town.kept("web") == ["1@example.org", "2@example.org", "3@example.org"]
    assert town.kept("infra") == []


def test_a_list_can_be_paused_alone(town: Town, file: Path) -> None:
    async def scene(here: Running) -> None:
        assert await here.ask(do="pause", list="web") == {"paused": True, "end": True}
        assert "no list" in (await here.ask(do="pause", list="wbe"))["error"]
        assert "which list" in (await here.ask(do="import", paths=[]))["error"]
        await post(here, mail("1@example.org", "Disk full", "Since 11:50."), INFRA)
        await hand_in(here, mail("2@example.org", "Logo gone", "Since 11:55."), WEB)
        await here.quiet()

    town.play(scene)
    assert [got.recipients for got in town.sink.taken] == [(INFRA,)]


# ── from the command line ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_commands_look_at_all_lists_or_at_the_one_that_is_named(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.mbox"
    old.write_bytes(
        b"From x@example.org Sat Nov 21 12:00:00 2026\n"
        + mail("9@example.org", "Old trouble", "It broke.").replace(b"\r\n", b"\n")
        + b"\n"
    )

    def run(*words: str) -> tuple[int, str, str]:
        code = main([words[0], "--config", str(file), *words[1:]])
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run("import", str(old))[0] == 2
    assert run("import", "--list", "wbe", str(old))[2].startswith("mailbot: There is no list wbe; ")
    assert run("import", "--list", "web", str(old))[1].startswith("1 mails imported")
    assert os.listdir(tmp_path / "mailbot-data") == ["web"]
    assert run("import", "--list", "infra", str(old))[0] == 0
    code, out, _ = run("list")
    assert (code, out.count("Old trouble")) == (0, 2)
    assert "infra <infra@example.org>\n" in out
    row = json.loads(run("list", "--list", "web", "--json")[1])
    assert run("show", row["id"])[1].startswith(row["id"])
    assert run("why", "9@example.org")[1].count("<9@example.org>") == 2
    assert run("rebuild")[1] == "The state was made again from 2 mails.\n"
    assert run("redact", "9@example.org")[0] == 0
    assert run("check")[1].count("fine.") == 2


# ── on a clock of its own ─────────────────────────────────────────────────────────────────────────────────────────────

SCENE = f"""
[people]
ann = "Ann Example <ann@example.org>"
[[step]]
at = "2026-11-20T12:00:00+00:00"
from = "ann"
to = "{INFRA}"
subject = "Disk full"
text = "Since 12:50 nothing works."
[[step]]
at = "2026-11-20T12:05:00+00:00"
from = "ann"
to = "{WEB}"
subject = "Logo gone"
text = "Since 11:50 nothing works."
[[step]]
at = "2026-11-23T12:00:00+00:00"
"""


def test_each_list_has_its_own_words_zone_and_digest_hour(config: Config, tmp_path: Path) -> None:
    (tmp_path / "scene.toml").write_text(SCENE, encoding="utf-8")
    _, sent = simulate(scene_of(tmp_path / "scene.toml"), config)
    digests = [(f"{given.at:%d %H:%M}", given.recipients) for given in sent if given.kind == "digest"]
    assert digests == [("23 08:00", (INFRA,)), ("23 08:00", (WEB,))]  # nine o'clock in Zurich, eight in UTC
    infra, web = [given.mail.get_content() for given in sent if given.kind == "ack"]
    assert web.startswith("Moin. INC-20261120-")
    assert "Thank you for writing" in infra
    assert not (tmp_path / "mailbot-data").exists()
