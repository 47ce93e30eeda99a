"""An IMAP server that misbehaves on command. Only what mailbot asks is understood; one folder."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from types import TracebackType

NOT_EMPTY = b"* 1 EXISTS\r\n"


class FakeImap:
    def __init__(self, mails: dict[int, bytes], on_idle: str = "wait", silent: str = "") -> None:
        """``on_idle``: wait, close, split (a notice in two pieces), silent, chat. ``silent``: a word never answered."""
        self.mails = mails
        self.on_idle = on_idle
        self.silent = silent
        self.refused: set[int] = set()  # UIDs whose text is not given
        self.ghosts: set[int] = set()  # UIDs that are found and then are not there
        self.hidden: set[int] = set()  # UIDs that are found each time, and passed over in silence by each FETCH
        self.unwilling = ""  # a word answered with NO
        self.validity = 7
        self.sessions = 0
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen)]

    def __enter__(self) -> FakeImap:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.sessions += 1
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), sock, sock.makefile("rb") as lines:
            if self.silent != "greeting":
                sock.sendall(b"* OK ready\r\n")
            for line in lines:
                tag, _, command = line.decode().strip().partition(" ")
                self.commands.append(command)
                if self.silent and self.silent in command:
                    continue
                if command == "IDLE":
                    if not self._idle(sock):
                        return
                    lines.readline()  # DONE
                    sock.sendall(f"{tag} OK done\r\n".encode())
                else:
                    sock.sendall(self._answer(command) + f"{tag} {self._verdict(command)}\r\n".encode())

    def _idle(self, sock: socket.socket) -> bool:
        """False where the session ends."""
        sock.sendall(b"+ idling\r\n")
        if self.on_idle == "split":
            time.sleep(0.1)
            sock.sendall(NOT_EMPTY[:6])
            time.sleep(0.15)
            sock.sendall(NOT_EMPTY[6:])
        elif self.on_idle == "chat":
            sock.sendall(b"* OK still here\r\n" * 3)
        elif self.on_idle == "silent":
            time.sleep(0.8)
        return self.on_idle not in ("close", "silent")

    def _verdict(self, command: str) -> str:
        if self.unwilling and self.unwilling in command:
            return "NO not that"
        return "NO [SERVERBUG] not now" if "BODY" in command and self._asked(command) & self.refused else "OK done"

    def _asked(self, command: str) -> set[int]:
        return self._numbers(command.split()[2])

    @staticmethod
    def _numbers(text: str) -> set[int]:
        """Of "3:5,7", as the client writes sets."""
        ranges = re.findall(r"(\d+)(?::(\d+))?", text)
        return {uid for first, last in ranges for uid in range(int(first), int(last or first) + 1)}

    def _answer(self, command: str) -> bytes:
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 IDLE\r\n"
        if command.startswith(("SELECT", "EXAMINE")):
            messages, following = len(self.mails), max(self.mails, default=0) + 1
            codes = f"* OK [UIDVALIDITY {self.validity}] ok\r\n* OK [UIDNEXT {following}] ok\r\n"
            return f"* {messages} EXISTS\r\n* 0 RECENT\r\n{codes}".encode()
        if command.startswith("UID SEARCH"):
            if from_on := re.findall(r"(\d+):\*", command):
                found = [uid for uid in self.mails if uid >= int(from_on[0])] or list(self.mails)[-1:]
            else:
                found = [uid for uid in self.mails if uid in self._numbers(command) - self.ghosts]
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        if command.startswith("UID FETCH"):
            return self._fetch(command)
        return b"* BYE\r\n" if command == "LOGOUT" else b""

    def _fetch(self, command: str) -> bytes:
        answer = b""
        for seq, uid in enumerate(sorted(self.mails), 1):
            if (
                uid not in self._asked(command)
                or uid in self.ghosts | self.hidden
                or ("BODY" in command and uid in self.refused)
            ):
                continue
            raw = self.mails[uid]
            item = b"BODY[] {%d}\r\n%b" % (len(raw), raw) if "BODY" in command else b"RFC822.SIZE %d" % len(raw)
            answer += b"* %d FETCH (UID %d %b)\r\n" % (seq, uid, item)
        return answer
