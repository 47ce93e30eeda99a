"""Notice -> mail, Incident -> report. Every word that mailbot writes stands in ``templates/``; this module fills them.

Mails are built as values (EmailMessage), never by joining strings (L42); templates run in Jinja's sandbox. A folder of the
list's own is looked at first, then the package.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import textwrap
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as MailAddress
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.policy import Policy as MailPolicy
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment

from mailbot.core import publication, signed
from mailbot.core.commands import keywords, read_commands
from mailbot.core.commands.sections import SECTIONS
from mailbot.core.due import Notice, Period, Policy
from mailbot.core.entries import can_be_mailed
from mailbot.core.incident import Incident, MailingList, undo_code
from mailbot.core.lint import Question, questions
from mailbot.core.report import Report, called, in_words, report
from mailbot.core.times import Context
from mailbot.core.tracker import Tracker
from mailbot.outbox import paper, todo, wording

WIDTH = 72
POLICY = Policy()  # where a caller names none
NO_TRACKER = Tracker()
MOST_REFERENCES = 10
MOST_SUBJECT = 500  # characters
ID = re.compile(r"[!-;=?-~]{1,900}")  # a Message-ID that a header can carry; a line has at most 998 octets


class Ids(UnstructuredHeader, BaseHeader):
    """Message-IDs, one a line: the stdlib's folding makes encoded words of long ones, which thread nothing any more."""

    def fold(self, *, policy: MailPolicy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


HEADERS = HeaderRegistry()
for _name in ("message-id", "in-reply-to", "references"):
    HEADERS.map_to_type(_name, Ids)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready for the archive: envelope and bytes."""

    message_id: str
    sender: str  # envelope, "" for the null sender
    recipients: tuple[str, ...]
    raw: bytes
    asked: tuple[str, ...] = ()  # labels of the entries it asks about


@dataclass(frozen=True, slots=True)
class Looks:
    """How reports look: settings of the list."""

    template: str = "instructlab"
    zone: str = "UTC"
    names: str = "names"
    archive_url: str = ""
    folder: str = ""  # templates of the list's own
    tracker: Tracker = NO_TRACKER
    page_url: str = ""  # where a published report is, with {file} in it


def _wrap(text: str, indent: int = 0, first: str | None = None) -> str:
    """Text at 72 columns, hanging by ``indent``; ``first`` begins its first line. Words are never cut (links stay whole)."""
    lead = " " * indent
    return textwrap.fill(
        " ".join(str(text).split()),
        WIDTH,
        initial_indent=lead if first is None else first,
        subsequent_indent=lead,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _printable(text: str) -> str:
    """Without control characters, line ends of other systems, marks that turn the text around, and half characters."""
    return re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", "", text)


def _line(text: object) -> str:
    """On one line, printable: as a header can carry it."""
    return _printable(" ".join(str(text).split()))


def _markdown(text: object) -> str:
    """A person's words as Markdown text on one line: nothing in them becomes HTML, a link, an image, a footnote or a heading."""
    return re.sub(r"^(#|```|~~~|=+$|-+$|>)", r"\\\1", re.sub(r"([\\<\[])", r"\\\1", _line(text)))


def _code(text: object) -> str:
    return f"`{_line(text).replace('`', '')}`"


def _listed(row: str) -> str:
    """A sentence with Message-IDs in it: each of them as code, the rest as text."""
    return "".join(_code(s) if n % 2 else _markdown_part(s) for n, s in enumerate(re.split(r"(<[^<>\s]{1,998}>)", row)))


def _markdown_part(text: str) -> str:
    return re.sub(r"([\\<\[])", r"\\\1", _printable(text.replace("\n", " ")))


def _paragraph(text: str) -> str:
    """A person's lines as a Markdown paragraph: lists, emphasis and closed code blocks stay; what would change the
    report's structure (headings, rules, quotes, HTML, footnotes) becomes text."""
    lines: list[str] = []
    code, closed = False, len(re.findall(r"^\s*```", text, re.M)) % 2 == 0
    for line in text.strip().split("\n"):
        fence = line.lstrip().startswith("```")
        if closed and (fence or code):
            code = code != fence
            lines.append(_printable(line).rstrip())
        else:
            lines.append(_markdown(line))
    return "\n".join(lines) + ("\n" if lines[-1].lstrip().startswith("```") else "")


def _yaml(value: object) -> str:
    """JSON, which YAML reads too."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_yaml(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_yaml(k)}: {_yaml(v)}' for k, v in value.items())}}}"
    text = json.dumps(_line(value) if isinstance(value, str) else value, ensure_ascii=False)
    return text.replace("<", "\\u003c")  # who knows no front matter takes it for HTML


def _for_mail(markdown: str) -> str:
    """The report as the text of a mail: without front matter and help, at 72 columns. The file beside it has both."""
    body = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)
    body = re.sub(r"^<!--.*?-->\n*", "", body, flags=re.S | re.M)
    body = re.sub(r"\\([\\<\[#`~=>-])", r"\1", body)
    lines = (
        _wrap(line, {"* ": 2, "- ": 2, "[^": 6}.get(line[:2], 0), "") if len(line) > WIDTH else line
        for line in body.strip().split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _encoding(text: str) -> str:
    """Readable in the archive wherever SMTP allows it (lines of at most 998 octets, RFC 5321 4.5.3.1.6)."""
    if max(map(len, text.encode().split(b"\n"))) > 990:
        return "quoted-printable"
    return "7bit" if text.isascii() else "8bit"


def _inert(text: str, now: datetime) -> str:
    """No line of ours is a command when it comes back without quote marks (L5): one that would be is marked as a sample."""
    while found := read_commands(text, ((0, len(text)),), Context(now))[0]:
        lines = text.split("\n")
        for command in found:
            line = lines[command.line - 1].strip()
            lines[command.line - 1] = textwrap.fill(line, WIDTH, initial_indent="| ", subsequent_indent="  ")
        text = "\n".join(lines)
    return text


def environment(folder: str = "") -> SandboxedEnvironment:
    here = Path(__file__).resolve().parent.parent
    folders: list[BaseLoader] = [FileSystemLoader(folder)] if folder else []
    folders += [FileSystemLoader(p) for p in (here / "templates", here.parent / "templates") if p.is_dir()]
    env = SandboxedEnvironment(
        loader=ChoiceLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=False,
        keep_trailing_newline=True,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
    )
    env.filters |= {
        "clock": lambda t: f"{t.astimezone(UTC):%H:%M}",
        "stamp": lambda t: f"{t.astimezone(UTC):%Y-%m-%d %H:%M}",
        "day": lambda t: f"{t.astimezone(UTC):%Y-%m-%d}",
        "span": in_words,
        "wrap": _wrap,
        "yaml": _yaml,
        "markdown": _markdown,
        "paragraph": _paragraph,
        "code_span": _code,
        "listed": _listed,
        "capitalize_first": lambda s: s[:1].upper() + s[1:],
        "person": called,
        "code": undo_code,
        "ruled": lambda s: s.ljust(WIDTH, "-"),
    }
    env.globals |= {"headings": {name: row[0] for name, row in SECTIONS.items()}, "held": publication.holds}
    return env


class _Late:
    """A report that is made when a template looks into it: it is as long as its incident, and most mails do without."""

    def __init__(self, make: Callable[[], Report]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Report:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


class Renderer:
    """Fills the templates for one list. Pure but for reading templates: the same arguments give the same bytes.

    ``tell`` gets a sentence about each template of the list's own folder that is broken; ours takes its place.
    """

    secret = b""  # signs the addresses for answers; without it none is given

    def __init__(self, mailing_list: MailingList, looks: Looks, tell: Callable[[str], object] | None = None) -> None:
        self.list, self.looks = mailing_list, looks
        self.tell = tell or logging.getLogger("mailbot").error
        self.ours = environment()
        self.env = environment(looks.folder) if looks.folder else self.ours
        self._said: set[str] = set()

    def broken(self) -> list[str]:
        """What is wrong with the templates of the list's own folder, as sentences with file and line."""
        return wording.broken(self.env, self.ours, Path(self.looks.folder)) if self.looks.folder else []

    def _say(self, sentence: str) -> None:
        if sentence not in self._said:  # once, not with each mail
            self._said.add(sentence)
            self.tell(sentence)

    def _fill(self, name: str, words: Mapping[str, Any]) -> str:
        if self.looks.folder:
            try:
                return self.env.get_template(name).render(words)
            except Exception as error:  # people's own template may be broken in any way, and the mail must go out
                if not isinstance(error, TemplateNotFound) or error.name != name:
                    self._say(wording.sentence(self.looks.folder, name, error))
        return self.ours.get_template(name).render(words)

    def report(self, incident: Incident, template: str = "", *, public: bool = False) -> tuple[str, str]:
        """(file name, Markdown) of the report in one of the templates. ``public``: as it is published."""
        name = template or self.looks.template
        zone = self.looks.zone if name == "debrief" else "UTC"
        looks = self.looks
        view = report(incident, zone=zone, names=looks.names, archive_url=looks.archive_url, public=public)
        text = self._fill(f"report/{name}/report.md.j2", {"report": view, "incident": incident, "list": self.list})
        return view.file_name, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

    def letter(
        self,
        notice: Notice,
        incident: Incident,
        now: datetime,
        more: Mapping[str, Any] | None = None,
        asked: Container[str] = (),
    ) -> Letter:
        """One notice about one incident, as a reply in its thread. ``asked``: labels that need not be asked about again."""
        name = notice.kind
        if notice.kind == "answer":
            name = "answer-" + notice.asks[0].words.split()[0].lower()
        known = [r for r in [incident.opened_by, *incident.references] if not (notice.to_list and r in incident.secret)]
        about = notice.asks[-1].message_id if notice.asks else ""
        if not about or (notice.to_list and about in incident.secret):  # no id of a private mail is told to the list
            about = known[-1] if known else ""
        subject = notice.asks[-1].subject if notice.asks else incident.subject
        mail = self._mail(notice, now, f"{incident.id}.{notice.kind}")
        # The stdlib decodes what it is given: =?utf-8?q?x=0ABcc:…?= would make a header.
        plain = _line(subject or incident.title)[:MOST_SUBJECT].replace("=?", "= ?")
        mail["Subject"] = re.sub(r"^(?i:re:\s*)*", "Re: ", plain, count=1)
        if ID.fullmatch(about):
            mail["In-Reply-To"] = f"<{about}>"
        mail["References"] = " ".join(f"<{r}>" for r in self._references(incident, known, about))
        mail["X-Mailbot-Incident"] = incident.id
        if open_ones := self._questions(notice, incident, now, asked):
            mail["X-Mailbot-Asked"] = " ".join(q.label for q in open_ones)  # read back by the fold: asked once
        words = {
            "incident": incident,
            "notice": notice,
            "list": self.list,
            "now": now,
            "report": _Late(lambda: report(incident, zone="UTC", names="names")),
            "keywords": keywords(),
            "asks": notice.asks,
            "outcomes": [o for a in notice.asks for o in a.outcomes],
            "questions": open_ones,
            "policy": POLICY,
            **(more or {}),
        }
        if notice.kind in ("draft", "hint", "published"):
            url = self.looks.page_url.replace("{file}", words.get("file", ""))
            words |= paper.words(notice, incident, now, url, self.looks.names, self.looks.template)
        if notice.kind == "published":
            words["incident"] = paper.as_published(incident, now)
        if notice.kind == "action":
            words |= todo.words(notice, incident, now, self.looks.tracker, self.looks.names, self._fill)
        files = []
        if notice.kind == "draft" or name == "answer-report":
            asked = notice.asks[0].words.partition(" ")[2] if notice.kind == "answer" else ""
            files = [self.report(incident, asked)]
            words["draft"] = _for_mail(files[0][1])
        elif notice.kind == "published" and not words["where"]:
            files = [self.report(paper.as_published(incident, now), public=True)]
        return self._finish(mail, notice, name, words, files)

    def _questions(
        self, notice: Notice, incident: Incident, now: datetime, asked: Container[str]
    ) -> tuple[Question, ...]:
        """What is asked of times, in mails that go out anyway: of all to the list, of their own to senders."""
        if notice.kind not in ("receipt", "draft"):
            return ()
        of = None if notice.to_list else {a.message_id for a in notice.asks}
        return questions(incident, now, of, asked)

    def digest(self, period: Period, sections: Mapping[str, Sequence[Any]], previous: str, now: datetime) -> Letter:
        """The digest of one period; ``previous``: the Message-ID that starts the year's thread, "" for the first."""
        notice = Notice("digest", (f"digest:{period.key}",), "", True, ())
        reports, loose = len(sections["reports"]), len(sections["loose"])
        counts = f"{reports} report{'s' * (reports != 1)} waiting, {loose} loose end{'s' * (loose != 1)}"
        subject = f"[incident digest] {period.key}: {len(sections['open'])} open, {counts}"
        pages = [row | {"report": self._page(row)} for row in sections["resolved"]]
        return self.of_many(notice, "digest", subject, previous, now, {"period": period, **sections, "resolved": pages})

    def _page(self, row: Mapping[str, Any]) -> str:
        """Where an incident's published report is, for a line of the digest."""
        file = row.get("file", "")
        return (self.looks.page_url.replace("{file}", file) or file) if file else ""

    def of_many(
        self, notice: Notice, name: str, subject: str, about: str, now: datetime, words: Mapping[str, Any]
    ) -> Letter:
        """A mail that belongs to no single incident. ``about``: the Message-ID that it answers, "" for none."""
        mail = self._mail(notice, now, name)
        mail["Subject"] = _line(subject)[:MOST_SUBJECT].replace("=?", "= ?")
        if ID.fullmatch(about):
            mail["In-Reply-To"] = mail["References"] = f"<{about}>"
        return self._finish(mail, notice, name, {"list": self.list, "now": now, "notice": notice, **words}, [])

    def _mail(self, notice: Notice, now: datetime, name: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP.clone(header_factory=HEADERS))
        digest = hashlib.sha256("\n".join(notice.keys).encode()).hexdigest()[:12]
        message_id = f"{name}.{digest}@{self.list.host}"
        mail["Message-ID"] = f"<{message_id}>"
        mail["Date"] = now
        mail["From"] = MailAddress("incident bot", addr_spec=self.list.bot)
        to = dict.fromkeys([*([self.list.address] if notice.to_list else []), *filter(can_be_mailed, notice.to)])
        mail["To"] = [MailAddress(addr_spec=a) for a in to]
        answers = signed.reply_to(self.list, notice.private, tuple(to), message_id, now, self.secret)
        mail["Reply-To"] = MailAddress(addr_spec=answers)
        mail["Auto-Submitted"] = "auto-replied" if notice.asks else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["List-Id"] = f"<{self.list.address.replace('@', '.')}>"
        mail["X-Mailbot-Notice"] = " ".join(notice.keys)
        return mail

    def _references(self, incident: Incident, known: Sequence[str], about: str) -> list[str]:
        """At most ten: the root, a pseudo-id that never changes (L28), and the last ones. ``known``: those that may be told."""
        fixed = [*known[:1], f"{incident.id}@{self.list.host}"]
        tail = [r for r in [*(r for r in known[-MOST_REFERENCES:] if r != about), about] if r not in fixed]
        every = dict.fromkeys([*fixed, *tail[-(MOST_REFERENCES - 2) :]])
        return [r for r in every if ID.fullmatch(r)]

    def _finish(
        self, mail: EmailMessage, notice: Notice, name: str, words: Mapping[str, Any], files: Sequence[tuple[str, str]]
    ) -> Letter:
        text = re.sub(r"\n{3,}", "\n\n", self._fill(f"mail/{name}.txt.j2", words)).strip()
        text = _inert("\n".join(map(_printable, text.split("\n"))), words["now"]) + "\n"
        mail.set_content(text, cte=_encoding(text))
        with contextlib.suppress(TemplateNotFound):
            mail.add_alternative(_printable(self._fill(f"mail/{name}.html.j2", words)), subtype="html")
        for file_name, content in files:
            mail.add_attachment(content, subtype="markdown", filename=file_name, cte=_encoding(content))
        for n, part in enumerate(p for p in mail.walk() if p.is_multipart()):  # a random one would differ each time
            part.set_boundary(f"=_{hashlib.sha256(str(mail['Message-ID']).encode()).hexdigest()[:24]}_{n}")
        recipients = tuple(a.addr_spec for a in mail["To"].addresses)
        message_id = str(mail["Message-ID"]).strip("<>")
        extension = f"+b.{message_id.rpartition('@')[0][-40:]}" if self.list.plus else ""
        sender = self.list.bot.replace("@", f"{extension}@") if notice.own else ""
        return Letter(message_id, sender, recipients, mail.as_bytes(), tuple(mail.get("X-Mailbot-Asked", "").split()))
