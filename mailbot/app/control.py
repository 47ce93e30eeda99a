"""Operators' requests to a running daemon, over a socket in its folder: one JSON line asks, JSON lines answer.

The archive has one writer (design.md): ``mailbot import``, ``redact``, ``pause`` beside a daemon ask it here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailbot.app import log
from mailbot.app.importing import bring_in

if TYPE_CHECKING:
    from mailbot.app.daemon import Daemon
    from mailbot.app.office import Office

Answer = dict[str, Any]


class Control:
    def __init__(self, path: Path, daemon: Daemon) -> None:
        self.path, self.daemon = path, daemon
        self._server: asyncio.AbstractServer | None = None

    async def open(self) -> None:
        """The archive's lock is ours, so a socket that is there is a leftover."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        try:
            self._server = await asyncio.start_unix_server(self._talk, short(self.path))
            self.path.chmod(0o600)
        except OSError as error:  # a folder whose name is too long for a socket, or that allows none
            log.note(f"no control socket ({error}); stop the daemon for import, redact and pause")

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError):
                self.path.unlink()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def tell(answer: Answer) -> None:
            writer.write(json.dumps(answer).encode() + b"\n")

        try:
            request = json.loads(await asyncio.wait_for(reader.readline(), 10))
            tell(await self._obey(request, tell) | {"end": True})
        except Exception as error:  # whatever the operator sent or hit, the daemon goes on and says so
            log.broke("", "control", error)
            tell({"end": True, "error": str(error) or type(error).__name__})
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    async def _obey(self, request: Answer, tell: Any) -> Answer:
        """``list`` names the one it is about; without it, it is about all (an import must be about one)."""
        daemon, do, name = self.daemon, request.get("do"), request.get("list") or ""
        offices = [office for office in daemon.offices if name in ("", office.name) or len(daemon.offices) == 1]
        if not offices:
            return {"error": f"there is no list {name!r}"}
        if do == "status":
            return {"lists": daemon.health.facts(), "ill": daemon.health.ill(), "ports": daemon.ports}
        if do in ("pause", "resume"):
            for office in offices:
                office.mailroom.pause(do == "pause")
            daemon.wake()
            return {"paused": do == "pause"}
        if do == "release":
            released = [office.mailroom.holds.release(str(request["address"])) for office in offices]
            return {"released": any(released)}
        if do == "redact":
            count = sum([await _redact(office, str(request["message_id"])) for office in offices])
            log.operator("redact", message=request["message_id"], copies=count)
            return {"redacted": count}
        if do == "retry":
            before = len(broken(offices))
            for office in offices:
                await _retry(office)
            for box in daemon.boxes:
                box.again()
            daemon.wake()
            asked = sum(len(office.register.mailboxes.open()) for office in offices)
            return {"before": before, "after": len(broken(offices)), "asked": asked}
        if do == "import":
            if len(offices) > 1:
                return {"error": f"which list? --list {' or '.join(office.name for office in offices)}"}
            return await _import(offices[0], [Path(p) for p in request["paths"]], daemon.clock(), tell)
        return {"error": f"a daemon cannot {do!r}"}


def broken(offices: list[Office]) -> list[str]:
    return [doc["f"][0] for office in offices for _, doc in office.register.state.all("messages") if "e" in doc]


async def _retry(office: Office) -> int:
    async with office.reading, office.mailroom.posting:
        return await asyncio.to_thread(office.register.rebuild)


async def _redact(office: Office, message_id: str) -> int:
    async with office.reading, office.mailroom.posting:
        return await asyncio.to_thread(office.register.redact, message_id)


async def _import(office: Office, paths: list[Path], now: datetime, tell: Any) -> Answer:
    loop = asyncio.get_running_loop()

    def progress(done: int, all_of_it: int) -> None:
        loop.call_soon_threadsafe(tell, {"done": done, "of": all_of_it})

    async with office.reading, office.mailroom.posting:
        result = await asyncio.to_thread(bring_in, office.register, paths, now, progress)
        office.register.commit()
    log.operator("import", new=result.new, known=result.known)
    return {"new": result.new, "known": result.known, "problems": result.problems}


def ask(folder: Path, request: Answer) -> Iterator[Answer]:
    """Asks the daemon of this folder. ConnectionRefusedError or FileNotFoundError where none runs."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(short(folder / "control"))
        peer.sendall(json.dumps(request).encode() + b"\n")
        with peer.makefile("rb") as lines:
            for line in lines:
                answer: Answer = json.loads(line)
                yield answer
                if answer.get("end"):
                    return


def short(path: Path) -> str:
    """A socket's path has at most 107 bytes (unix(7)); the shorter of its two names."""
    with contextlib.suppress(ValueError):
        relative = str(path.resolve().relative_to(Path.cwd()))
        return min(relative, str(path.resolve()), key=len)
    return str(path.resolve())
