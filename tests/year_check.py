"""Reads the mails that a simulation left, as files, and says which law of outgoing mail (language.md 4) they break.

It knows what it reads: the outgoing mails with their headers, and the mails of the scene, whose names begin with their
incident's (``i012-3``). It asks the program for nothing but whether a line of ours would be a command.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from statistics import median

from mailbot.core.commands import read_commands
from mailbot.core.times import Context

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FOOT = re.compile(r"^-- \n(INC-\S+), ([a-z ]+)\. Who has this: ([^\n]*(?:\n[^\n]*>$)?)", re.M)
COMMAND = re.compile(r"^(RESOLVED|CANCEL|REOPEN|QUIET|RESUME|TAKE|ACCEPT|RESTORED|DONE A1|DECLINED A1)\b *(\d+)?", re.M)
WIDEST = 72


@dataclass(frozen=True)
class Mail:
    """One file. ``at``: when it was handed over or accepted (UTC)."""

    at: datetime
    name: str  # the step, "" for ours
    kind: str
    keys: tuple[str, ...]
    incident: str
    to: tuple[str, ...]
    sender: str
    ids: tuple[str, str, str]  # its own, In-Reply-To, the root of its thread
    subject: str
    text: str
    auto: bool

    @property
    def plot(self) -> str:
        return self.name.partition("-")[0]

    @property
    def to_list(self) -> bool:
        return self.to[0].startswith("incident@")

    @property
    def said(self) -> tuple[str, str]:
        """How the incident stands and who has it, as the foot of the mail says."""
        found = FOOT.search(self.text)
        return (found[2], " ".join(found[3].split())) if found else ("", "")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind} {self.incident}"


def read(path: Path) -> Mail:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    stamp, _, rest = path.stem.partition("-")
    own = str(mail["X-Mailbot-Notice"] or "")
    about = str(mail["References"] or "").split()
    return Mail(
        datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        "" if own else rest.partition("-")[2],
        rest.split("-")[1] if own else "",
        tuple(own.split()),
        str(mail["X-Mailbot-Incident"] or ""),
        tuple(a.addr_spec for a in mail["To"].addresses),
        mail["From"].addresses[0].addr_spec,
        (str(mail["Message-ID"]), str(mail["In-Reply-To"] or ""), about[0] if about else ""),
        str(mail["Subject"]),
        body.get_content() if body else "",
        "Auto-Submitted" in mail and not own,
    )


class Story:
    """What the mails of one incident's plot say, as far as a reader sees it without knowing mailbot."""

    def __init__(self, mails: Iterable[Mail]) -> None:
        self.mails = sorted((m for m in mails if not m.auto), key=lambda m: m.at)
        self.commands: list[tuple[datetime, str, str]] = []
        for mail in self.mails:
            own = mail.text.partition("\nOn ")[0] if "\n> " in mail.text else mail.text
            self.commands += [(mail.at, found[1], found[2] or "") for found in COMMAND.finditer(own)]

    def state(self, at: datetime) -> str:
        now = "open"
        for when, word, _ in self.commands:
            if when <= at and word in STATES and not (word == "RESTORED" and now != "open"):
                now = STATES[word]
        return now

    def quiet(self, at: datetime) -> bool:
        until = datetime.min.replace(tzinfo=UTC)
        for when, word, hours in self.commands:
            if when <= at and word in ("QUIET", "RESUME"):
                until = when if word == "RESUME" else when + timedelta(hours=int(hours)) if hours else FOR_EVER
        return at < until

    def silent(self, at: datetime) -> timedelta:
        """For how long nobody has written."""
        times = [m.at for m in self.mails if m.at <= at and not m.sender.startswith("nagios@")]
        return at - max(times, default=self.mails[0].at)

    def has(self, word: str, at: datetime) -> bool:
        return any(when <= at and command.startswith(word) for when, command, _ in self.commands)


FOR_EVER = datetime.max.replace(tzinfo=UTC)
STATES = {"RESOLVED": "resolved", "CANCEL": "cancelled", "REOPEN": "open", "RESTORED": "restored"}


def _over(story: Story, at: datetime) -> str:
    return "" if story.state(at) == "resolved" else f"is {story.state(at)}"


def _going_on(story: Story, at: datetime) -> str:
    return "" if story.state(at) in ("open", "restored") else f"is {story.state(at)}"


def _update(story: Story, at: datetime) -> str:
    if story.state(at) != "open":
        return f"is {story.state(at)}"
    return "" if story.silent(at) >= HOUR - timedelta(minutes=1) else f"had news {story.silent(at)} ago"


def _still_open(story: Story, at: datetime) -> str:
    return _going_on(story, at) or ("" if story.silent(at) >= DAY else f"had news {story.silent(at)} ago")


def _nobody(story: Story, at: datetime) -> str:
    return _going_on(story, at) or ("has a commander" if story.has("TAKE", at) else "")


def _action(story: Story, at: datetime) -> str:
    return "has no action left" if story.has("DONE", at) or story.has("DECLINED", at) else ""


# kind of notice -> why the incident gives no reason for it, "" where it does
REASONS: dict[str, Callable[[Story, datetime], str]] = {
    "update": _update,
    "commander": _nobody,
    "open": _still_open,
    "offer": _going_on,
    "draft": _over,
    "question": _over,
    "report": _over,
    "publish": _over,
    "published": _over,
    "action": _action,
    "anniversary": lambda story, at: "" if at - story.mails[0].at >= timedelta(days=364) else "is younger than a year",
}
REMINDERS = tuple(kind for kind in REASONS if kind not in ("draft", "published"))


class Post:
    """All that went out, and what it was about."""

    def __init__(self, folder: Path) -> None:
        self.out = [read(path) for path in sorted((folder / "out").iterdir())]
        self.came = [read(path) for path in sorted((folder / "in").iterdir())]
        by_id = {mail.ids[0]: mail for mail in self.came}
        plots = {m.incident: by_id[m.ids[2]].plot for m in self.out if m.incident and m.ids[2] in by_id}
        stories: dict[str, list[Mail]] = defaultdict(list)
        for mail in self.came:
            stories[mail.plot].append(mail)
        for mail in self.came:  # an answer to the digest names its incident
            for named in set(re.findall(r"INC-\d{8}-[A-Z0-9]+", mail.text)) if mail.plot[:1] == "g" else ():
                stories[plots.get(named, mail.plot)].append(mail)
        self.stories = {plot: Story(mails) for plot, mails in stories.items() if not all(m.auto for m in mails)}
        self.plot_of = plots
        self.about: dict[str, list[Mail]] = defaultdict(list)
        for mail in self.out:
            self.about[mail.incident].append(mail)

    # ── the laws, each as the sentences that say where it is broken ───────────────────────────────────────────────

    def twice(self) -> Iterator[str]:
        for what, names in (
            ("Message-ID", Counter(mail.ids[0] for mail in self.out)),
            ("key", Counter(f"{mail.incident} {key}" for mail in self.out for key in mail.keys)),
        ):
            yield from (f"{what} {name} went out {count} times" for name, count in names.items() if count > 1)

    def budgets(self) -> Iterator[str]:
        public = [mail for mail in self.out if mail.to_list]
        yield from _over_budget("60 an hour to the list", public, 60, HOUR)
        for incident, mails in self.about.items():
            if incident:
                yield from _over_budget("6 a day about one incident", [m for m in mails if m.to_list], 6, DAY)
        alone: dict[tuple[str, str], list[Mail]] = defaultdict(list)
        for mail in self.out:
            if not mail.to_list:
                purse = mail.kind if mail.kind in ("answer", "receipt") else "reminder"
                for address in mail.to:
                    alone[address, purse].append(mail)
        for (address, purse), mails in alone.items():
            yield from _over_budget(f"20 {purse}s a day to {address}", mails, 20, DAY)

    def reasons(self) -> Iterator[str]:
        for mail in self.out:
            story = self.stories.get(self.plot_of.get(mail.incident, ""))
            if mail.kind not in REASONS or story is None:
                continue
            why = REASONS[mail.kind](story, mail.at)
            if not why and mail.kind in REMINDERS and story.quiet(mail.at):
                why = "is told to be quiet"
            if why:
                yield f"{mail}: the incident {why}"

    def states(self) -> Iterator[str]:
        """Between two mails of ours about an incident in which nobody wrote, nothing has changed."""
        for incident, mails in self.about.items():
            came = [m.at for m in self.stories[self.plot_of[incident]].mails] if incident in self.plot_of else []
            for before, after in pairwise(mails):
                still = bisect_right(came, before.at) == bisect_right(came, after.at)
                if still and before.said != after.said and all(before.said + after.said):
                    if "published" in (before.kind, after.kind):  # which mailbot may do by itself, and then says so
                        continue
                    yield f"{after}: {before.said} became {after.said} after a {before.kind}, and nobody had written"

    def answers(self) -> Iterator[str]:
        robots = {mail.ids[0] for mail in self.came if mail.auto}
        for mail in self.out:
            if mail.kind in ("ack", "receipt", "answer", "draft", "brief") and mail.ids[1] in robots:
                yield f"{mail}: answers a robot"
            if any(address.startswith(("mailer-daemon@", "nagios@")) for address in map(str.lower, mail.to)):
                yield f"{mail}: goes to a robot"

    def words(self) -> Iterator[str]:
        for mail in self.out:
            if read_commands(mail.text, ((0, len(mail.text)),), Context(mail.at))[0]:
                yield f"{mail}: has a line that would be a command"
            wide = [x for x in mail.text.split("\n") if len(x) > WIDEST and " " in x.strip() and "://" not in x]
            if wide:
                yield f"{mail}: has a line of {len(wide[0])} columns: {wide[0]}"
            if mail.kind in REMINDERS and "QUIET" not in mail.text and mail.kind != "anniversary":
                yield f"{mail}: does not say how to stop it"

    def in_a_row(self) -> Iterator[str]:
        for incident, mails in self.about.items():
            if incident not in self.plot_of:
                continue
            story = self.stories[self.plot_of[incident]]
            times = [m.at for m in story.mails]
            rows = Counter(bisect_right(times, m.at) for m in mails if m.kind == "update")
            yield from (f"{incident}: {n} reminders of updates in a row" for n in rows.values() if n > 3)
            questions = [m for m in mails if m.kind == "question"]
            if len(questions) > 3 * sum(word == "RESOLVED" for _, word, _ in story.commands):
                yield f"{incident}: {len(questions)} questions"

    # ── figures ───────────────────────────────────────────────────────────────────────────────────────────────────

    def told(self) -> Iterator[str]:
        kinds = Counter(mail.kind for mail in self.out)
        public = Counter(mail.kind for mail in self.out if mail.to_list)
        yield f"{len(self.came)} mails in, {len(self.out)} out, {len(self.about) - 1} incidents"
        yield from (f"  {kind:12} {count:4}, {public[kind]} of them to the list" for kind, count in kinds.most_common())
        whole, begun = [], []
        for incident, mails in self.about.items():
            listed = [m for m in mails if m.to_list]
            end = next((n for n, m in enumerate(listed, 1) if m.kind == "published"), None)
            if incident and self.plot_of.get(incident, "s")[0] not in "st":
                begun.append(len(listed))
                whole += [end] if end is not None else []
        yield f"mails to the list per incident, storms aside: median {median(begun or [0])}, most {max(begun, default=0)}"
        most = f"median {median(whole)}, most {max(whole)}" if whole else "none"
        yield f"from call to publication ({len(whole)} incidents published): {most}"
        plots = Counter(plot for plot in self.plot_of.values())
        yield f"plots that became several incidents: {sum(n > 1 for n in plots.values())}"


def _over_budget(what: str, mails: list[Mail], most: int, period: timedelta) -> Iterator[str]:
    """One sentence where more than ``most`` fall into any ``period``."""
    times = [mail.at for mail in mails]
    for n in range(most, len(times)):
        if times[n] - times[n - most] < period:
            kinds = " ".join(mail.kind for mail in mails[n - most : n + 1])
            yield f"{mails[n]}: over the budget of {what} ({kinds})"
            return


def check(folder: Path) -> tuple[list[str], list[str]]:
    """(what is broken, figures) of what a simulation left in ``folder``."""
    post = Post(folder)
    laws = (post.twice, post.budgets, post.reasons, post.states, post.answers, post.words, post.in_a_row)
    return [f"{law.__name__}: {sentence}" for law in laws for sentence in law()], list(post.told())
