"""The disk under a crash: calls that change a folder are counted, the process ends at one of them, and what a power loss would
leave is known: contents as at their last fsync, names as at the last fsync of their folder.

It stands in the place of the functions of ``os``, in a forked child. ``before`` is where an earlier child left what it knew, so
that a second crash knows what was never synced before the first.
"""

from __future__ import annotations

import functools
import os
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = (
    "write",
    "pwrite",
    "fsync",
    "fdatasync",
    "ftruncate",
    "truncate",
    "rename",
    "replace",
    "unlink",
    "mkdir",
    "open",
)
ENDED = 9  # exit code of a child that was ended at its point


class Disk:
    """Below ``home``; at point ``stop`` the process ends, with half of a write done where it is ``torn``. ``lost`` gets what a
    power loss leaves. Without ``before`` all that is there now is on disk. ``of``: only points of that pattern count for
    ``stop``; the clock may move the others by one or two."""

    def __init__(
        self, home: Path, lost: Path, stop: int, torn: bool = False, before: Path | None = None, of: str = ""
    ) -> None:
        self.home, self.lost, self.stop, self.torn = home, lost, stop, torn
        self.of = re.compile(of)
        self.passed = 0
        self.points: list[str] = []
        self.contents: dict[int, bytes] = {}  # inode -> content at its last fsync
        self.names: dict[int, dict[str, tuple[int, bool]]] = {}  # folder's inode -> its names at its last fsync
        self.kept: list[int] = []  # an open descriptor each, so that no inode's number is used again
        self.real: dict[str, Any] = {}
        if before is not None and before.exists():
            self.contents, self.names = pickle.loads(before.read_bytes())
        else:
            self._take(home)

    def _take(self, folder: Path) -> None:
        found = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(folder)}
        self.names[folder.stat().st_ino] = found
        for name, (inode, is_folder) in found.items():
            path = folder / name
            if is_folder:
                self._take(path)
            elif path.is_file():
                self.contents[inode] = path.read_bytes()

    def watch(self) -> None:
        for name in CALLS:
            self.real[name] = getattr(os, name)
            setattr(os, name, functools.partial(self.call, name))

    def call(self, name: str, *args: Any, **more: Any) -> Any:
        path = self.path(args[0])
        new = name != "open" or (args[1] & os.O_CREAT and not os.path.exists(args[0]))
        if path is not None and new and not (name == "unlink" and path.suffix == ".tmp"):
            self.point(f"{name} {path.relative_to(self.home)}", args if name in ("write", "pwrite") else ())
        if path is None or name not in ("fsync", "fdatasync", "mkdir", "open"):
            return self.real[name](*args, **more)
        if name in ("fsync", "fdatasync"):
            self.sync(args[0])
            return None
        made = self.real[name](*args, **more)
        if name == "open":
            self.kept.append(self.real["open"](f"/proc/self/fd/{made}", os.O_RDONLY))  # no dup: it would hold locks
            if new:
                self._fresh(os.fstat(made).st_ino)
        return made

    def path(self, what: Any) -> Path | None:
        """The file, where it lies in ``home``."""
        try:
            path = Path(os.readlink(f"/proc/self/fd/{what}")) if isinstance(what, int) else Path(what)
        except OSError:
            return None
        return path if self.home in (path, *path.parents) else None

    def point(self, name: str, written: tuple[Any, ...] = ()) -> None:
        """``written``: arguments of the write that is about to be done."""
        self.points.append(name)
        self.passed += self.of.match(name) is not None
        if self.passed != self.stop or not self.of.match(name):
            return
        if self.torn and written:
            half = bytes(written[1])[: len(written[1]) // 2]
            self.real["pwrite" if len(written) > 2 else "write"](written[0], half, *written[2:])
        self.leave()
        os._exit(ENDED)

    def sync(self, fd: int) -> None:
        status = os.fstat(fd)
        link = f"/proc/self/fd/{fd}"
        if os.path.isdir(link):
            found = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(os.readlink(link))}
            self.names[status.st_ino] = found
        else:
            copy = self.real["open"](link, os.O_RDONLY)
            self.contents[status.st_ino] = os.pread(copy, status.st_size, 0)
            os.close(copy)

    def _fresh(self, inode: int) -> None:
        """A new file has the number of one that went in an earlier life: what is on disk of that gets a number of its own."""
        if inode not in self.contents:
            return
        other = min(0, *self.contents) - 1
        self.contents[other] = self.contents.pop(inode)
        for names in self.names.values():
            for name, (number, is_folder) in names.items():
                if number == inode:
                    names[name] = (other, is_folder)

    def leave(self) -> None:
        """Writes what a power loss leaves into ``lost``, and what is known for the next life beside it."""
        for name in self.real:
            setattr(os, name, self.real[name])
        self._leave(self.home.stat().st_ino, self.lost)
        known(self.lost).write_bytes(pickle.dumps((self.contents, self.names)))

    def _leave(self, folder: int, to: Path) -> None:
        to.mkdir(parents=True, exist_ok=True)
        for name, (inode, is_folder) in self.names.get(folder, {}).items():
            if is_folder:
                self._leave(inode, to / name)
            else:
                (to / name).write_bytes(self.contents.get(inode, b""))


def known(lost: Path) -> Path:
    """Where a child leaves what it knew of the disk."""
    return lost.with_name(f"{lost.name}.known")


def child(work: Callable[[], None]) -> int:
    """Runs it in a forked process; its exit code (9: it was ended at its point)."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
