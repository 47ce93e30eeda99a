"""Files that survive: every byte of the archive is written through here.

The law: after an error nothing has changed, and what was returned as written is on disk (fsync of the file, and of its
folder when the name is new). Two shapes: ``Tail`` adds to the end of a file, ``replace`` swaps a whole file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from mailbot.store.record import BLOCK


def sync_folder(folder: Path) -> None:
    """Makes new and renamed names in ``folder`` durable. OSError as the system gives it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def truncate(path: Path, size: int) -> None:
    """Cuts a file, durably."""
    os.truncate(path, size)
    sync_file(path)


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def remove(path: Path) -> None:
    """Takes a file away, durably; one that is not there is no error."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace(path: Path, chunks: Iterable[bytes], mode: int = 0o600) -> None:
    """Puts ``chunks`` in the place of the file: temp file beside it, fsync, rename, fsync of the folder.

    OSError: the old file is still there, whole (or the new one, whole, where only the folder's fsync failed).
    """
    temporary = path.with_name(f".{path.name}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            for chunk in chunks:
                write_all(fd, chunk)
            os.fchmod(fd, mode)  # whatever the umask
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def pieces(path: Path, start: int, end: int) -> Iterable[bytes]:
    """The bytes [start, end) of a file in blocks."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end:
            data = file.read(min(BLOCK, end - start))
            if not data:
                raise OSError(f"{path.name} ends at {start}, {end} bytes were expected")
            start += len(data)
            yield data


class Tail:
    """The end of an append-only file whose good length is known. Many threads may use one."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size  # durable bytes
        self.lock = threading.Lock()
        self._fd = -1
        self._new = size == 0  # its name may not be on disk yet
        self._uncut = False  # a failed write could not be taken back: bytes after `size` are waste

    def append(self, data: bytes) -> int:
        """Adds ``data``, on disk when this returns; gives the offset where it begins.

        OSError (ENOSPC, EFBIG, EACCES, EIO, …): nothing was added, and the next try starts afresh.
        """
        with self.lock:
            try:
                fd = self._open()
                write_all(fd, data)
                os.fsync(fd)
                if self._new:
                    sync_folder(self.path.parent)
                    self._new = False
            except BaseException:
                self._take_back()
                raise
            begin = self.size
            self.size += len(data)
            return begin

    def _open(self) -> int:
        """The file as we left it; looks each time, for a file moved away or changed under us must not swallow mail."""
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            if self._uncut:
                os.ftruncate(self._fd, self.size)
                self._uncut = False
        named, ours = os.stat(self.path), os.fstat(self._fd)
        if named.st_ino != ours.st_ino or ours.st_size != self.size:
            self.close()  # before anything is taken back: what another program wrote is not ours to cut
            raise OSError(f"{self.path.name} was changed by another program: {self.size} bytes were expected")
        return self._fd

    def _take_back(self) -> None:
        # After a failed fsync the kernel forgets which pages were dirty, so the descriptor is given up as well.
        if self._fd < 0:
            return
        try:
            if os.fstat(self._fd).st_size > self.size:
                os.ftruncate(self._fd, self.size)
        except OSError:
            self._uncut = True
        self.close()

    def replace(self, chunks: Iterable[bytes]) -> None:
        """Swaps the whole file; the caller holds ``lock``. OSError as from ``replace``."""
        self.close()
        before = self.path.stat().st_ino
        try:
            replace(self.path, chunks)
        finally:
            now = self.path.stat()
            if now.st_ino != before:
                self.size, self._uncut = now.st_size, False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
