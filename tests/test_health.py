"""How the daemon is: what people, monitoring and systemd are told; a probe through every way in."""

from __future__ import annotations

import asyncio
import configparser
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailbot.app import desk
from mailbot.app.health import HELP, notify
from mailbot.config import Endpoint, Health
from tests.daemon_process import LIST, ROOT, Process, Sink, mail, mailbot, wait_for, write_config
from tests.daemon_scene import House

OPENING = mail("1@example.org", "Logins fail", "Since 11:50 UTC nobody can log in.")
MORE = '[lmtp]\nlisten = "127.0.0.1:0"\n[health]\nlisten = "127.0.0.1:0"\n'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Sink() as sink:
        house = House(tmp_path, sink)
        house.config = replace(house.config, health=Health(Endpoint("127.0.0.1", 0)))
        yield house


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_healthz_and_metrics_say_how_it_is(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:
            await here.send(OPENING)
            await here.settle()
            port = here.daemon.ports["health"]
            assert await asyncio.to_thread(get, port, "/healthz") == (200, "ok\n")
            status, text = await asyncio.to_thread(get, port, "/metrics?x=1")
            assert status == 200
            rows = dict(re.findall(r'^mailbot_(\w+)\{list="incident"\} (\S+)$', text, re.M))
            assert rows.keys() == HELP.keys()
            assert (rows["messages"], rows["incidents"], rows["incidents_open"], rows["outbox"]) == ("2", "1", "1", "0")
            assert int(rows["archive_bytes"]) > 500
            assert text.count("# TYPE ") == text.count("# HELP ") == len(HELP) + 2
            assert (await asyncio.to_thread(get, port, "/"))[0] == 404
            assert "Logins" not in text

    asyncio.run(scene())


def test_it_is_off_where_nobody_asked_for_it(house: House) -> None:
    house.config = replace(house.config, health=Health())

    async def scene() -> None:
        async with house.run() as here:
            assert set(here.daemon.ports) == {"smtp"}

    asyncio.run(scene())


def test_what_is_wrong_is_said_with_503(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with house.run() as here:
            port = here.daemon.ports["health"]
            monkeypatch.setattr(here.daemon.archive, "alive", lambda: False)
            status, text = await asyncio.to_thread(get, port, "/healthz")
            assert (status, "takes no mail" in text) == (503, True)
            monkeypatch.undo()
            house.sink.mood = lambda: "451"
            await here.send(OPENING)
            await here.settle()
            assert here.daemon.health.ill() == []  # a smarthost that is away for minutes is no illness
            house.clock.move(hours=5)
            assert "smarthost" in here.daemon.health.ill()[0]

    asyncio.run(scene())


def test_junk_at_the_port_harms_nothing(house: House) -> None:
    async def scene() -> None:
        async with house.run() as here:
            port = here.daemon.ports["health"]
            for junk in (
                b"",
                b"\0" * 10_000,
                b"GET /" + b"x" * 10_000,
                b"POST /metrics HTTP/1.1\r\n\r\n",
                b"\xff \r\n\r\n",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(junk)
                writer.write_eof()
                await asyncio.wait_for(reader.read(), 10)
                writer.close()
            assert (await asyncio.to_thread(get, port, "/healthz"))[0] == 200

    asyncio.run(scene())


def test_systemd_hears_ready_watchdog_and_stopping(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(0.05)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")

        def listen() -> None:
            while not heard or heard[-1] != "STOPPING=1":
                try:
                    heard.append(systemd.recv(1000).decode())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()

        async def scene() -> None:
            async with house.run():
                await asyncio.sleep(0.5)

        asyncio.run(scene())
        thread.join(10)
    assert heard[0].startswith("READY=1\nSTATUS=")
    assert heard.count("WATCHDOG=1") >= 3
    assert heard[-1] == "STOPPING=1"


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not notify("READY=1")


def test_the_unit_file_is_one(tmp_path: Path) -> None:
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "contrib" / "mailbot.service")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert " run " in service["ExecStart"]


def test_status_and_probe_beside_a_daemon(tmp_path: Path) -> None:
    with Sink() as sink:
        config = write_config(tmp_path, sink.port, MORE)
        assert mailbot("status", "--config", config).returncode == 1
        assert "No daemon runs on" in mailbot("probe", "--config", config).stderr
        with Process(config) as process:
            told = mailbot("status", "--config", config)
            assert told.returncode == 0, told.stderr
            assert re.match(
                r"incident: 0 mails, 0 incidents \(0 open\), 0.0 MB, up 0:00:\d\d\nsmtp on port \d+", told.stdout
            )
            probed = mailbot("probe", "--config", config, "--wait", "1")  # this list sends nothing back
            lines = probed.stdout.splitlines()
            states = [line.partition(":")[0] for line in lines]
            assert states == ["fine", "fine", "fine", "silent", "silent", "FAILED", "FAILED"], (
                probed.stdout + probed.stderr
            )
            assert "SMTP 127.0.0.1:" in lines[0]
            assert "LMTP 127.0.0.1:" in lines[1]
            assert f"a mail for {LIST}: 250" in lines[2]
            assert "SMTP: no copy of incident@example.org came by it" in lines[3]
            assert "did not come back within 1 s: is mailbot@example.org a member" in lines[5]
            assert probed.returncode == 1
            wait_for(lambda: process.said().count("threaded") == 2, "both probes are read")
            assert "kind=auto" in process.said()
            assert process.stop() == 0
        assert [got.recipients[0] for got in sink.taken] == [LIST, "mailbot+probe@example.org"]  # nobody was answered


def test_law_4_a_mail_that_breaks_us_is_listed_and_read_again_on_request(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[[str], object] = vars(desk)["split"]

    def brittle(text: str) -> object:
        if "POISON" in text:
            raise ZeroDivisionError("poison")
        return real(text)

    async def scene() -> None:
        monkeypatch.setattr(desk, "split", brittle)
        async with house.run() as here:
            await here.send(mail("2@example.org", "Poison", "Since 11:50 POISON."), OPENING)
            await here.settle()
            assert (await here.ask(do="retry"))["after"] == 1
            monkeypatch.setattr(desk, "split", real)
            answer = await here.ask(do="retry")
            assert (answer["before"], answer["after"]) == (1, 0)
            await here.settle()
        assert house.sink.kinds() == ["ack", "ack"]
        assert house.wrong() == []

    asyncio.run(scene())
