"""The daemon as an operator meets it: starts from nothing, stops without losing a mail, obeys beside it, says why not."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon_process import (
    LIST,
    Process,
    Sink,
    connected,
    mail,
    mailbot,
    send,
    wait_for,
    write_config,
)
from tests.test_disk import ids

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 nobody can log in.")
LMTP = '[lmtp]\nlisten = "127.0.0.1:0"\n'


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


class Line:
    """A conversation of which every byte is ours."""

    def __init__(self, port: int) -> None:
        self.peer = socket.create_connection(("127.0.0.1", port), 20)
        self.answers = self.peer.makefile("rb")
        self.hear()

    def hear(self) -> str:
        """One reply; its last line."""
        while (line := self.answers.readline())[3:4] == b"-":
            pass
        return line.decode().strip()

    def say(self, text: str) -> str:
        self.peer.sendall(text.encode() + b"\r\n")
        return self.hear()

    def close(self) -> None:
        self.answers.close()
        self.peer.close()

    def begin(self, hello: str, *recipients: str) -> None:
        """To the 354."""
        assert self.say(f"{hello} client.example.org").startswith("250")
        for words in ("MAIL FROM:<ann@example.org>", *(f"RCPT TO:<{r}>" for r in recipients)):
            assert self.say(words).startswith("250")
        assert self.say("DATA").startswith("354")


def test_it_starts_without_a_configuration_in_an_empty_folder(tmp_path: Path) -> None:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", 8025), 1):
        pytest.skip("port 8025 is in use here")
    with Process(None, cwd=tmp_path) as process:
        assert process.ports == {"smtp": 8025}
        with connected(8025) as peer:
            assert peer.noop()[0] == 250
        assert process.stop() == 0
    assert {"lock", "state.log"} <= {p.name for p in (tmp_path / "mailbot-data").iterdir()}
    assert (tmp_path / "mailbot-data").stat().st_mode & 0o777 == 0o700


def test_who_cannot_start_says_why_and_exits_with_1(tmp_path: Path, sink: Sink) -> None:
    config = write_config(tmp_path / "a", sink.port)
    with Process(config) as process:
        second = mailbot("run", "--config", config)
        assert second.returncode == 1
        kept = tmp_path / "a" / "kept"
        said = f"the archive {kept} is in use by process {process.peer.pid}; only one may write to it"
        assert second.stderr.strip().splitlines()[-1] == f"mailbot: {said}"
        rebuild = mailbot("rebuild", "--config", config)
        assert (rebuild.returncode, rebuild.stderr.strip()) == (1, f"mailbot: {said}")

        other = write_config(tmp_path / "b", sink.port)
        other.write_text(other.read_text().replace("127.0.0.1:0", f"127.0.0.1:{process.ports['smtp']}"))
        taken = mailbot("run", "--config", other)
        assert taken.returncode == 1
        assert "mailbot: cannot start: " in taken.stderr
        assert "in use" in taken.stderr
        assert "Traceback" not in second.stderr + taken.stderr
        assert send(process.ports["smtp"], OPENING) == ["250"]
        assert process.stop() == 0


def test_sigterm_lets_a_running_data_end_and_keeps_its_mail(tmp_path: Path, sink: Sink) -> None:
    with Process(write_config(tmp_path, sink.port)) as process:
        line, idle = Line(process.ports["smtp"]), Line(process.ports["smtp"])
        line.begin("EHLO", LIST)
        half = len(OPENING) // 2
        line.peer.sendall(OPENING[:half])
        process.peer.send_signal(signal.SIGTERM)
        assert idle.hear().startswith("421")
        line.peer.sendall(OPENING[half:] + b".\r\n")
        assert line.hear().startswith("250")
        assert line.hear().startswith("421")
        assert process.peer.wait(20) == 0
        line.close()
        idle.close()
    assert ids(tmp_path / "kept") == ["1@example.org"]
    with Process(tmp_path / "mailbot.toml") as process:
        wait_for(lambda: sink.kinds() == ["ack"], "its ack")
        assert process.stop() == 0


def test_sigterm_does_not_wait_for_a_smarthost_that_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never says a word
        config = write_config(tmp_path, int(silent.getsockname()[1]))
        config.write_text(config.read_text().replace('"5s"', '"60s"'))
        with Process(config) as process:
            assert send(process.ports["smtp"], OPENING) == ["250"]
            silent.settimeout(20)
            peer, _ = silent.accept()
            began = time.monotonic()
            assert process.stop() == 0
            assert time.monotonic() - began < 12
            peer.close()
    with Sink() as sink, Process(write_config(tmp_path, sink.port)) as process:
        wait_for(lambda: sink.kinds() == ["ack"], "the mail that was left")
        assert process.stop() == 0


def test_lmtp_answers_for_each_recipient_and_keeps_one_mail(tmp_path: Path, sink: Sink) -> None:
    with Process(write_config(tmp_path, sink.port, LMTP)) as process:
        line = Line(process.ports["lmtp"])
        line.begin("LHLO", LIST, "ops@example.org")
        line.peer.sendall(OPENING + b".\r\n")
        assert [line.hear()[:3], line.hear()[:3]] == ["250", "250"]
        assert line.say("NOOP").startswith("250")
        line.close()
        wait_for(lambda: sink.kinds() == ["ack"], "its ack")
        assert process.stop() == 0
    assert ids(tmp_path / "kept") == ["1@example.org"]


def test_operators_work_beside_the_running_daemon(tmp_path: Path, sink: Sink) -> None:
    config = write_config(tmp_path, sink.port)
    old = tmp_path / "old.eml"
    old.write_bytes(b"Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n" + mail("old@example.org", "Old trouble", "It broke."))

    def run(*words: object) -> tuple[int, str]:
        done = mailbot(*words, "--config", config)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    with Process(config) as process:
        port = process.ports["smtp"]
        assert run("pause")[0] == 0
        assert send(port, OPENING, mail("2@example.org", "Mirror down", "Secret words.")) == ["250", "250"]
        assert run("import", old) == (0, "1 mails imported, 0 were here already.\n")
        assert run("import", old) == (0, "0 mails imported, 1 were here already.\n")
        code, said = run("list", "--json")
        rows = [json.loads(line) for line in said.splitlines()]
        assert code == 0
        assert {row["title"] for row in rows} == {"Logins fail", "Mirror down", "Old trouble"}
        assert run("redact", "<2@example.org>")[0] == 0
        assert not any(b"Secret words" in path.read_bytes() for path in (tmp_path / "kept").iterdir() if path.is_file())
        assert sink.got == []
        assert run("resume")[0] == 0
        wait_for(lambda: sink.kinds() == ["ack", "ack"], "what was held")
        assert run("rebuild", "--diff")[0] == 0
        assert process.stop() == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("list",), 0, ""),
        (("show", "INC-20260101-ABC"), 1, "There is no incident INC-20260101-ABC"),
        (("why", "nobody@example.org"), 1, "has no message nobody@example.org"),
        (("redact", "nobody@example.org"), 1, "has no message nobody@example.org"),
        (("import", "nowhere.mbox"), 1, "there is no nowhere.mbox"),
        (("dance",), 2, "invalid choice"),
        (("list", "--config", "nowhere.toml"), 2, "nowhere.toml"),
    ],
)
def test_exit_codes_and_sentences(
    tmp_path_factory: pytest.TempPathFactory, words: tuple[str, ...], code: int, says: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "codes"
    config = folder / "mailbot.toml"
    if not config.exists():
        write_config(folder, 9)
        (folder / "kept").mkdir()
        assert mailbot("pause", "--config", config).returncode == 0
    more = () if "--config" in words or code == 2 else ("--config", config)
    done = mailbot(*words, *more)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert says in done.stderr
