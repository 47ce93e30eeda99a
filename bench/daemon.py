"""The real daemon as a process of its own, its log in a file."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

_PORT = re.compile(rb"listening kind=smtp host=\S+ port=(\d+)")
_STARTED = re.compile(rb" started archive=")
_PLAIN = "import sys; sys.modules['uvloop'] = None; from mailbot.cli import main; sys.exit(main())"
PATIENCE = 120.0  # seconds


class Daemon:
    """``with Daemon(config) as daemon``: it runs and listens. ``uvloop=False``: as if that were not installed.

    ``listened``, ``loaded``: seconds from the start of the process until its port was open, until it knew all messages.
    """

    def __init__(self, config: Path, *, uvloop: bool = True) -> None:
        self.config, self.uvloop = config, uvloop
        self.log = config.with_suffix(".log")
        self.port = 0
        self.listened = self.loaded = 0.0
        self._seen = self._read = 0

    def __enter__(self) -> Daemon:
        command = ["-m", "mailbot"] if self.uvloop else ["-c", _PLAIN]
        began = time.monotonic()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command, "run", "--config", str(self.config)], stderr=log
            )
        try:
            self.port = int(self._wait(_PORT)[1])
            self.listened = time.monotonic() - began
            self._wait(_STARTED)
            self.loaded = time.monotonic() - began
        except BaseException:
            self._process.kill()
            raise
        return self

    def _wait(self, line: re.Pattern[bytes]) -> re.Match[bytes]:
        end = time.monotonic() + PATIENCE
        while (found := line.search(self.log.read_bytes())) is None:
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the daemon did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def memory(self) -> dict[str, float]:
        """MB, 1,000,000 bytes: VmRSS now, VmHWM at its highest. Empty where the system has no /proc."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return {}
        found = re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE)
        return {name: int(size) * 1024 / 1e6 for name, size in found}

    def rest(self) -> None:
        """Until its CPU time stands still: what else it has to do would be done in somebody else's turn."""
        before, still = -1.0, 0
        while still < 3 and self._process.poll() is None:
            time.sleep(0.1)
            now = self._cpu()
            still = still + 1 if now - before < 0.02 else 0
            before = now

    def _cpu(self) -> float:
        """Seconds of CPU time so far; 0 where the system has no /proc."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read(self) -> int:
        """How many mails from outside it has read and threaded so far, by its log."""
        with self.log.open("rb") as log:
            log.seek(self._seen)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._seen += len(line)
                self._read += b" threaded message=" in line and b" kind=ours" not in line
        return self._read
