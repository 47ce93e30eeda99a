"""A real Postfix for tests: its own configuration, queue and ports, nothing of the machine's.

It relays ``lmtp@example.org`` to our LMTP port and ``smtp@example.org`` to our SMTP port, and takes mail on its own
``port``. What goes to ``mailbot@example.org``, bounces above all, goes to our SMTP port; ``gone@example.com`` goes
there too, to be refused. Needs root (Postfix changes users) and the package ``postfix``, not started as a service.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = example.org
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
transport_maps = inline:{{
  {{ lmtp@example.org = lmtp:inet:127.0.0.1:{lmtp} }}, {{ smtp@example.org = smtp:[127.0.0.1]:{smtp} }},
  {{ mailbot@example.org = smtp:[127.0.0.1]:{smtp} }}, {{ gone@example.com = smtp:[127.0.0.1]:{smtp} }} }}
relay_recipient_maps = inline:{{ lmtp@example.org=x, smtp@example.org=x, mailbot@example.org=x }}
recipient_delimiter = +
default_transport = error:nothing goes out of a test
smtputf8_enable = yes
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}/log
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
alias_maps =
alias_database =
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why Postfix cannot be started here, or ""."""
    if shutil.which("postfix") is None:
        return "postfix is not installed"
    return "" if os.geteuid() == 0 else "postfix needs root"


class Postfix:
    """``with Postfix(lmtp=PORT, smtp=PORT) as postfix``: running at ``postfix.port``."""

    def __init__(self, lmtp: int, smtp: int) -> None:
        self.lmtp = lmtp
        self.smtp = smtp
        self.port = _free_port()
        # Not pytest's folder: that is closed to other users, and Postfix works as its own
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))

    def __enter__(self) -> Postfix:
        self.folder.chmod(0o755)
        for name in ("queue", "data", "log"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        values = {"folder": self.folder, "lmtp": self.lmtp, "smtp": self.smtp, "port": self.port}
        (self.folder / "main.cf").write_text(MAIN.format(**values))
        (self.folder / "master.cf").write_text(MASTER.format(**values))
        try:
            self._run("start")
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._run("stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        path = self.folder / "log" / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _run(self, verb: str, *, check: bool = True) -> None:
        # No pipes: the master process would keep them open
        command = ["postfix", "-c", str(self.folder), verb]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=check, stdin=quiet, stdout=quiet, stderr=quiet, timeout=60)

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(4) == b"220 ":
                        connection.sendall(b"QUIT\r\n")
                        return
            except OSError:
                pass
            if time.monotonic() > end:
                raise TimeoutError(f"Postfix did not start:\n{self.log()}")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
