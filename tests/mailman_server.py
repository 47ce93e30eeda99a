"""A real Mailman 3 for tests: lists whose members are mailbot and a few people, nothing of the machine's.

It takes mail for its lists by LMTP and hands everything to one SMTP server, ours (``Office``), which knows where each
address is. Needs the package ``mailman3``, not started as a service. Only the runners that a post passes are started.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.smtp_thread import SmtpThread

BIN = Path("/usr/lib/mailman3/bin")
PYTHON = "/usr/bin/python3"  # the one that Debian's Mailman is installed for
BOT = "mailbot@example.org"
PEOPLE = {"alice@example.com": "Alice Doe", "bob@example.net": "Bob Stone", "carol@example.org": "Carol King"}
RUNNERS = ("in", "lmtp", "out", "pipeline", "virgin")
OTHERS = ("archive", "bounces", "command", "digest", "nntp", "rest", "retry", "shunt", "task")

CONFIG = """\
[paths.dev]
var_dir: {folder}/var
bin_dir: {bin}
[mailman]
layout: dev
site_owner: root@example.org
noreply_address: noreply
[database]
url: sqlite:///{folder}/mailman.db
[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
smtp_host: 127.0.0.1
smtp_port: {smtp}
lmtp_host: 127.0.0.1
lmtp_port: {lmtp}
[webservice]
hostname: 127.0.0.1
port: {web}
[dmarc]
org_domain_data_url: file://{folder}/suffixes.dat
resolver_timeout: 1s
resolver_lifetime: 1s
"""

LISTS = """\
import sys
from mailman.core.initialize import initialize
initialize(sys.argv[1])
from mailman.app.lifecycle import create_list
from mailman.database.transaction import transaction
from mailman.interfaces.domain import IDomainManager
from mailman.interfaces.mailinglist import DMARCMitigateAction
from mailman.interfaces.usermanager import IUserManager
from mailman.utilities.datetime import now
from zope.component import getUtility
people = [line.split(" ", 1) for line in sys.argv[3:]]
with transaction():
    getUtility(IDomainManager).add("example.org")
    users = getUtility(IUserManager)
    addresses = [users.make_user(email, name).addresses for email, name in people]
    for found in addresses:
        for address in found:
            address.verified_on = now()
for name in sys.argv[2].split():
    with transaction():
        made = create_list(name + "@example.org", ["owner@example.org"], "legacy-default")
        made.display_name, made.subject_prefix = "Incidents", "[Incidents] "
        made.send_welcome_message = made.administrivia = False
        if name == "incident":
            made.dmarc_mitigate_action = DMARCMitigateAction.munge_from
            made.dmarc_mitigate_unconditionally = True
        for email, _ in people:
            made.subscribe(users.get_address(email))
"""


def missing() -> str:
    """Why Mailman cannot be started here, or ""."""
    if not (BIN / "mailman").exists():
        return "mailman3 is not installed"
    return "" if os.geteuid() == 0 else "Mailman's --run-as-root needs root"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Office(SmtpThread):
    """The mail server of everybody: the lists' mail goes to Mailman, mailbot's to mailbot, people's into their boxes."""

    def __init__(self) -> None:
        super().__init__("mx")
        self.lists: tuple[str, ...] = ()
        self.lmtp = 0  # Mailman's port
        self.mailbot = 0  # mailbot's, where it runs
        self.boxes: dict[str, list[EmailMessage]] = {}
        self.senders: list[tuple[str, str]] = []  # envelope sender and recipient of what passed

    async def handle_DATA(self, _server: object, _session: Any, envelope: Any) -> str:
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        for recipient in envelope.rcpt_tos:
            await asyncio.to_thread(self.bring, envelope.content, sender, recipient)
        return "250 2.0.0 OK"

    def bring(self, raw: bytes, sender: str, recipient: str) -> None:
        self.senders.append((sender, recipient))
        if recipient in self.lists:
            with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=20) as mailman:
                mailman.sendmail(sender, [recipient], raw)
        elif recipient.partition("@")[0].partition("+")[0] == "mailbot":
            if self.mailbot:
                with smtplib.SMTP("127.0.0.1", self.mailbot, "mx.example.org", timeout=20) as mailbot:
                    mailbot.sendmail(sender, [recipient], raw)
        else:
            mail = email.message_from_bytes(raw, policy=default)
            assert isinstance(mail, EmailMessage)
            self.boxes.setdefault(recipient, []).append(mail)


class Mailman:
    """``with Mailman(office.port, "incident plain") as mailman``: at ``mailman.lmtp`` it takes mail for its lists.

    The list "incident" puts its own address into From, as a list does for authors whose domain has a DMARC policy.
    """

    def __init__(self, smtp: int, lists: str) -> None:
        self.lmtp = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="mailman-"))
        self.config = self.folder / "mailman.cfg"
        values = {"folder": self.folder, "bin": BIN, "smtp": smtp, "lmtp": self.lmtp, "web": _free_port()}
        text = CONFIG.format(**values) + "".join(f"[runner.{name}]\nstart: no\n" for name in OTHERS)
        self.config.write_text(text)
        (self.folder / "suffixes.dat").write_text("com\nnet\norg\n")  # else it asks the network for the public list
        (self.folder / "lists.py").write_text(LISTS)
        self.lists = lists
        self._master: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Mailman:
        members = [f"{email} {name}" for email, name in {**PEOPLE, BOT: "incident bot"}.items()]
        try:
            self._run(PYTHON, self.folder / "lists.py", self.config, self.lists, *members)
            with (self.folder / "output.log").open("ab") as output:
                self._master = subprocess.Popen(
                    [PYTHON, BIN / "master", "-C", self.config],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    cwd=self.folder,
                    env=self._environment(),
                )
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._master is not None:
            with contextlib.suppress(ProcessLookupError):  # its runners are in its session
                os.killpg(self._master.pid, signal.SIGKILL)
            self._master.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        logs = [self.folder / "output.log", *sorted((self.folder / "var" / "logs").glob("*.log"))]
        return "\n".join(f"{p.name}:\n{p.read_text(errors='replace')[-3000:]}" for p in logs if p.exists())

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return kept | {"MAILMAN_CONFIG_FILE": str(self.config)}

    def _run(self, *command: object) -> None:
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, timeout=120, cwd=self.folder, env=self._environment())
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]

    def _wait(self) -> None:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.lmtp), timeout=1) as peer:
                if peer.recv(4) == b"220 ":
                    peer.sendall(b"QUIT\r\n")
                    return
            if time.monotonic() > end:
                raise TimeoutError(f"Mailman did not start:\n{self.log()}")
            time.sleep(0.1)
