"""How the daemon is: for people (``mailbot status``), for monitoring (``/healthz``, ``/metrics``), for systemd (sd_notify).

The law: what is said here is found in memory, costs nothing and holds nothing of a mail; whoever asks too slowly, too much or
too often is hung up on. It is healthy when mail is accepted, read and handed over; a smarthost that is away for minutes, or a
list that is silent, is no illness.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot import __version__
from mailbot.app import log

if TYPE_CHECKING:
    from mailbot.app.daemon import Daemon

LATE = 300.0  # seconds that an accepted mail may wait to be read
STUCK = timedelta(hours=4)  # that a mail of ours may wait for the smarthost
ASKED = 4096  # bytes of a request that are read
PATIENCE = 5.0  # seconds for one
CROWD = 16  # at a time
HELP = {
    "messages": "mails in the archive",
    "incidents": "incidents",
    "incidents_open": "incidents of which the end was not told",
    "outbox": "mails of ours that the smarthost has not taken",
    "outbox_oldest_seconds": "how long the oldest of them has waited",
    "on_hold": "addresses on hold",
    "paused": "1 where an operator paused the sending",
    "archive_bytes": "size of the archive",
    "connections": "open SMTP and LMTP connections",
    "arriving_bytes": "bytes of mails that are arriving now",
    "unread_seconds": "how long what was accepted has waited to be read",
    "uptime_seconds": "since the start",
}


class Health:
    """``began``: when the daemon started, in monotonic seconds."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.began = time.monotonic()
        self._server: asyncio.AbstractServer | None = None
        self._asking = 0
        self._behind: dict[str, float] = {}  # since when a list has mail that was not read

    # ── what is known ─────────────────────────────────────────────────────────────────────────────────────────────

    def facts(self) -> list[dict[str, Any]]:
        """One row a list, by the names in HELP."""
        return [self._of(office) for office in self.daemon.offices if office.ready]

    def _of(self, office: Any) -> dict[str, Any]:
        register, now = office.register, self.daemon.clock()
        ends = office.archive.ends()
        waiting = list(register.outbox.values())
        oldest = max((now - mail.at for mail in waiting), default=timedelta())
        intake, holds = self.daemon.intake, office.mailroom.holds
        open_ones = sum(name in register.wake for name in register.members)
        return {
            "list": office.config.list.name,
            "messages": register.messages,
            "incidents": len(register.members),
            "incidents_open": open_ones,
            "outbox": len(waiting),
            "outbox_oldest_seconds": round(max(oldest.total_seconds(), 0.0)),
            "on_hold": sum(bool(holds.why(who, now)) for who in holds._held),
            "paused": int(office.mailroom.paused),
            "archive_bytes": sum(ends.values()),
            "connections": len(intake._open),
            "arriving_bytes": intake.in_flight,
            "unread_seconds": round(self._unread(office.name, ends, register.mark)),
            "uptime_seconds": round(time.monotonic() - self.began),
        }

    def _unread(self, name: str, ends: dict[str, int], mark: dict[str, int]) -> float:
        """How long there has been mail that is not read; looked at whenever somebody asks, and by the watchdog."""
        if all(mark.get(file, 0) >= end for file, end in ends.items()):
            self._behind.pop(name, None)
            return 0.0
        return time.monotonic() - self._behind.setdefault(name, time.monotonic())

    def ill(self) -> list[str]:
        """What is wrong, as sentences; none where all is well."""
        if not hasattr(self.daemon, "control"):
            return ["it is starting"]
        wrong = []
        for office, row in zip(self.daemon.offices, self.facts(), strict=False):
            if not office.archive.alive():
                wrong.append(f"{row['list']}: the archive takes no mail any more; restart the daemon")
            if row["unread_seconds"] > LATE:
                wrong.append(f"{row['list']}: mail has not been read for {row['unread_seconds']} s")
            if row["outbox_oldest_seconds"] > STUCK.total_seconds() and not row["paused"]:
                wrong.append(f"{row['list']}: mail has waited {row['outbox_oldest_seconds']} s for the smarthost")
            for incident, why in office.mailroom.unpublished.items():
                wrong.append(f"{row['list']}: the report of {incident} cannot be published: {why}")
        return wrong

    # ── who asks ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def listen(self, host: str, port: int) -> int:
        """OSError where the port cannot be had."""
        self._server = await asyncio.start_server(self._talk, host, port, limit=ASKED)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._asking += 1
        try:
            if self._asking <= CROWD:
                with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    async with asyncio.timeout(PATIENCE):
                        head = await reader.readuntil(b"\r\n\r\n")
                        writer.write(self._answer(head.split(b"\r\n", 1)[0].decode("ascii", "replace")))
                        await writer.drain()
        except TimeoutError:
            pass
        finally:
            self._asking -= 1
            writer.close()

    def _answer(self, line: str) -> bytes:
        verb, _, rest = line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if verb not in ("GET", "HEAD"):
            status, text = "405 Method Not Allowed", "GET it\n"
        elif path == "/healthz":
            wrong = self.ill()
            status, text = ("503 Service Unavailable" if wrong else "200 OK"), "\n".join(wrong or ["ok"]) + "\n"
        elif path == "/metrics":
            status, text = "200 OK", self.metrics()
        else:
            status, text = "404 Not Found", "there are /healthz and /metrics\n"
        body = text.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + (body if verb == "GET" else b"")

    def metrics(self) -> str:
        """The text format of Prometheus."""
        rows = self.facts()
        lines = [
            "# HELP mailbot_info the version that runs",
            "# TYPE mailbot_info gauge",
            f'mailbot_info{{version="{__version__}"}} 1',
            "# HELP mailbot_healthy 1 where /healthz says ok",
            "# TYPE mailbot_healthy gauge",
            f"mailbot_healthy {int(not self.ill())}",
        ]
        for name, words in HELP.items():
            lines += [f"# HELP mailbot_{name} {words}", f"# TYPE mailbot_{name} gauge"]
            lines += [f'mailbot_{name}{{list="{_label(row["list"])}"}} {row[name]}' for row in rows]
        return "\n".join(lines) + "\n"

    async def watch(self) -> None:
        """Tells systemd that the loop turns and all is well, twice in each of its intervals; nothing where it did not ask.

        A daemon that is ill says nothing, and is restarted; a smarthost that is away is no reason for that."""
        every = int(os.environ.get("WATCHDOG_USEC", "0") or 0) / 1e6
        if not every or not os.environ.get("NOTIFY_SOCKET"):
            return
        while True:
            wrong = [words for words in self.ill() if "smarthost" not in words]
            if not wrong:
                notify("WATCHDOG=1")
            else:
                notify(f"STATUS={wrong[0]}")
            await asyncio.sleep(every / 2)


def notify(*lines: str) -> bool:
    """A datagram to systemd (sd_notify(3)); False where nobody listens for it. It never raises."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
            peer.sendto("\n".join(lines).encode(), "\0" + place[1:] if place.startswith("@") else place)
    except OSError as error:
        log.note(f"systemd does not hear us: {error}")
        return False
    return True


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
