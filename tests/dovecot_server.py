"""A real Dovecot for the tests: IMAP and LMTP on free ports of the loopback, one folder, one plain user, no service.

``with Dovecot() as server: server.deliver(raw)``. ``stop`` and ``start`` keep the mails; ``missing()`` says why not.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from imapclient import IMAPClient

USER = "mailbot@example.org"
PASSWORD = "secret"

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%n
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
}}
{more}
"""


def missing() -> str:
    """Why Dovecot cannot be started here, "" where it can."""
    return "" if shutil.which("dovecot") else "dovecot is not installed"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def make_certificate(key: Path, certificate: Path) -> None:
    """Self-signed, for 127.0.0.1, two days."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words.split(), *more], check=True, capture_output=True, timeout=20)


class Dovecot:
    def __init__(self, more: str = "", *, tls: bool = False) -> None:
        """``more``: lines for the end of the configuration. ``tls``: with a certificate of its own (needs openssl)."""
        self.port, self.lmtp_port, self.tls_port = free_port(), free_port(), free_port() if tls else 0
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.certificate = self.folder / "certificate.pem"
        self._process: subprocess.Popen[bytes] | None = None
        me = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")
        self._uid, self._gid = me.pw_uid, me.pw_gid
        names = {"user": me.pw_name, "group": grp.getgrgid(me.pw_gid).gr_name}
        ports = {"port": self.port, "lmtp_port": self.lmtp_port, "tls_port": self.tls_port, "ssl": "no"}
        if tls:
            key = self.folder / "key.pem"
            make_certificate(key, self.certificate)
            more += f"ssl_cert = <{self.certificate}\nssl_key = <{key}\n"
            ports["ssl"] = "yes"
        self._config = self.folder / "dovecot.conf"
        self._config.write_text(CONFIG.format(folder=self.folder, more=more, **names, **ports), encoding="utf-8")
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, self._uid, self._gid)

    def __enter__(self) -> Dovecot:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        # A session that was killed while it wrote leaves this lock, and every later one waits two minutes for it (seen).
        for lock in self.folder.glob("mail/*/dovecot-uidlist.lock"):
            lock.unlink()
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                ["dovecot", "-F", "-c", str(self._config)],
                user=self._uid,
                group=self._gid,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if time.monotonic() > until:
                raise TimeoutError("\n".join(log.read_text(encoding="utf-8") for log in self.folder.glob("*.log")))
            time.sleep(0.02)

    def stop(self) -> None:
        """Kills the server and every session at once: its own stop waits three seconds for its children."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def deliver(self, raw: bytes) -> None:
        """As a mail server in front would: by LMTP."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=10) as lmtp:
            lmtp.sendmail("a@example.com", [USER], raw)

    @contextlib.contextmanager
    def person(self, folder: str = "INBOX") -> Iterator[IMAPClient]:
        """Somebody else who looks at the mailbox."""
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=10) as client:
            client.login(USER, PASSWORD)
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.select_folder(folder)
            yield client
