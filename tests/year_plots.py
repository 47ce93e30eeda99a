"""How the incidents of the year go, mail by mail: a plot is a function, and ``PLOTS`` are told in turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.year_words import ACTIONS, ANSWERS, CHAT, FAULTS, HEADINGS, LAST_WORDS, OPENINGS, PEOPLE, SECTIONS, SERVICES

if TYPE_CHECKING:
    from tests.year_scene import Year


class Plot:
    """One incident as it is told, mail by mail: ``now`` goes on with each."""

    def __init__(self, year: Year, name: str, at: datetime) -> None:
        self.year, self.name, self.now, self.began = year, name, at, at
        self.dice = year.dice
        self.count = 0
        there = [p for p in PEOPLE if not year.away[p][0] <= at < year.away[p][1]]
        self.people = self.dice.sample(there, min(self.dice.randrange(3, 7), len(there)))
        self.caller = self.people[0]
        self.title = f"{self.dice.choice(SERVICES)} {self.dice.choice(FAULTS)}"
        self.opener = ""

    @property
    def last(self) -> str:
        return f"{self.name}-{self.count}"

    def wait(self, **by: float) -> None:
        self.now += timedelta(**by)

    def clock(self, who: str, back: float = 0) -> str:
        """A time as this person writes it."""
        local = (self.now - timedelta(minutes=back)).astimezone(ZoneInfo(PEOPLE[who][1]))
        zone = local.tzname() or ""
        return self.dice.choice(
            [
                f"{local:%H:%M} {zone}" if zone.isalpha() else f"{local:%H:%M}",
                f"{self.now - timedelta(minutes=back):%H:%M} UTC",
                f"{self.now - timedelta(minutes=back):%H:%M}Z",
                f"{local:%H:%M}",
            ]
        )

    def say(self, text: str, who: str = "", *, subject: str = "", answers: str = "", **more: Any) -> None:
        """A mail into the thread: one of four without its headers."""
        who = who or self.dice.choice(self.people)
        before, self.count = self.last, self.count + 1
        if not answers and self.count > 1 and not subject and self.dice.random() > 0.25:
            answers = self.dice.choice([before, self.opener])
        tag = self.dice.choice(["Re: ", "RE: ", "AW: ", "Re: [incident] "]) if self.count > 1 else ""
        quote = bool(answers) and not answers.startswith("notice") and self.dice.random() < 0.5
        subject = subject or tag + self.title
        self.year.mail(self.now, who, text, subject, self.last, answers=answers, quote=quote, **more)
        self.opener = self.opener or self.last

    def opens(self, more: str = "") -> None:
        back = self.dice.randrange(5, 40)
        text = self.dice.choice(OPENINGS).format(time=self.clock(self.caller, back), title=self.title)
        self.say(f"{text}\n{more}\n", self.caller, subject=self.dice.choice(["", "[incident] "]) + self.title)
        self.year.opened.append(self.opener)

    def alert(self, what: str) -> None:
        self.title = f"** PROBLEM Service Alert: {what} **"
        self.say(f"Notification Type: PROBLEM\nState: CRITICAL\n{what}\n", "watch", subject=self.title)

    def chat(self, most: int, gap: float = 14) -> None:
        for _ in range(self.dice.randrange(most // 2, most + 1)):
            self.wait(minutes=self.dice.uniform(2, gap))
            who = self.dice.choice(self.people)
            said = [line.format(time=self.clock(who, self.dice.randrange(1, 9))) for line in self.dice.sample(CHAT, 2)]
            self.say("\n".join(said) + "\n", who)

    def resolves(self, more: str = "") -> None:
        self.wait(minutes=self.dice.uniform(5, 30))
        who = self.dice.choice(self.people)
        self.say(f"RESTORED {self.clock(who, 4)} {self.dice.choice(LAST_WORDS)}\n", who)
        self.wait(minutes=self.dice.uniform(5, 40))
        self.say(f"RESOLVED\n{more}", self.caller)
        if self.dice.random() < 0.5:
            self.wait(minutes=9)
            self.say("Thanks everybody!\n")

    def report(self, *, reviewed: bool) -> None:
        """What people add in the days after: sections, actions, answers to questions, a review."""
        self.wait(hours=self.dice.uniform(2, 20))
        keywords = self.dice.sample(list(SECTIONS), self.dice.randrange(2, 5))
        self.say("\n\n".join(f"{key}: {self.dice.choice(SECTIONS[key])}" for key in keywords) + "\n", self.caller)
        begins = self.now
        for who in self.people:  # only those who were asked can answer
            self.now = begins + timedelta(days=self.dice.uniform(1.5, 12))
            self.say(f"{self.dice.choice(ANSWERS)}\n", who, answers=f"notice question {self.opener}", subject="")
        self.now = begins + timedelta(days=self.dice.uniform(1, 6))
        self.say(f"ACTION {self.dice.choice(ACTIONS).format(due=f'{self.now + timedelta(days=20):%Y-%m-%d}')}\n")
        self.now = begins + timedelta(days=self.dice.uniform(6, 12))
        rest = [key for key in SECTIONS if key not in keywords]
        if self.dice.random() < 0.5:
            self.say("\n\n".join(f"{key}: {self.dice.choice(SECTIONS[key])}" for key in rest) + "\n")
        else:
            self.say("\n\n".join(f"## {HEADINGS[key]}\n\n{self.dice.choice(SECTIONS[key])}" for key in rest) + "\n")
        if reviewed:
            self.wait(days=self.dice.uniform(0.2, 4))
            reader = self.dice.choice([who for who in PEOPLE if who not in self.people])
            self.say("REVIEWED: reads well, thank you\n", reader, answers=f"notice draft {self.opener}")
            self.wait(days=self.dice.uniform(3, 30))
            self.say("DONE A1 https://forge.example.org/ops/issues/12\n")


# ── the plots ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def plain(plot: Plot) -> None:
    plot.opens("KIND outage")
    plot.chat(20)
    plot.say(f"START {plot.clock(plot.caller, 60)}\n", plot.caller)
    plot.chat(16)
    plot.resolves()
    plot.chat(4, 200)
    plot.report(reviewed=True)


def handed_over(plot: Plot) -> None:
    plot.opens()
    for giver, taker in zip(plot.people, plot.people[1:], strict=False):
        plot.chat(8, 40)
        plot.say(f"HANDOFF {PEOPLE[taker][0].partition('<')[2].strip('>')}: my shift ends\n", giver)
        plot.wait(minutes=plot.dice.uniform(3, 50))
        answer = plot.dice.choice(["ACCEPT", "ACCEPT", "DECLINE: I am on a train"])
        plot.say(f"{answer}\n", taker)
        if answer != "ACCEPT":
            break
    plot.resolves()
    plot.report(reviewed=plot.dice.random() < 0.7)


def by_alert(plot: Plot) -> None:
    plot.alert(f"{plot.title} is CRITICAL")
    plot.wait(minutes=7)
    plot.say("Notification Type: PROBLEM\nState: CRITICAL\n", "watch", subject=plot.title)
    plot.wait(minutes=40)
    plot.say("TAKE\nI look at it.\n", plot.caller, subject=f"Re: {plot.title}")
    plot.chat(10)
    plot.resolves()
    plot.report(reviewed=True)


def ignored(plot: Plot) -> None:
    """Nobody ever answers; the commander comes back after nine days, if at all."""
    plot.opens()
    plot.wait(days=9)
    if plot.dice.random() < 0.6:
        plot.say("RESOLVED: it went away by itself\n", plot.caller)


def unreported(plot: Plot) -> None:
    """Resolved, and nobody ever writes a word of the report."""
    plot.opens("KIND outage")
    plot.chat(18)
    plot.resolves()


def false_alarm(plot: Plot) -> None:
    plot.opens()
    plot.wait(minutes=12)
    plot.say("CANCEL: my own cable, sorry\n", plot.caller)
    plot.wait(minutes=12)
    plot.say("No problem!\n")


def quiet(plot: Plot) -> None:
    plot.opens("KIND outage")
    plot.chat(6)
    plot.say("QUIET 12h\nWe wait for the provider.\n", plot.caller)
    plot.wait(hours=13)
    plot.chat(6)
    plot.say("QUIET\n", plot.caller)
    plot.wait(days=4)
    plot.say("RESUME\nThe provider is back.\n", plot.caller)
    plot.chat(4)
    plot.resolves()
    plot.report(reviewed=plot.dice.random() < 0.5)


def forgotten(plot: Plot) -> None:
    """Restored, and nobody says that it is over until they are asked."""
    plot.opens("KIND degradation")
    plot.chat(12)
    plot.say(f"RESTORED {plot.clock(plot.caller)}\n", plot.caller)
    plot.wait(days=3.2)
    plot.say("Oh yes.\n\nRESOLVED\n", plot.caller)
    plot.report(reviewed=False)


def furious(plot: Plot) -> None:
    """Eighty mails in a day, and one who writes every command there is."""
    plot.opens("KIND outage")
    for number in range(26):
        plot.wait(minutes=plot.dice.uniform(1, 9))
        plot.say(f"LOG {plot.clock(plot.caller, 2)} step {number} done\n", plot.caller)
        plot.chat(3, 6)
    plot.resolves()
    plot.report(reviewed=True)


def reopened(plot: Plot) -> None:
    plot.opens()
    plot.chat(8)
    plot.resolves()
    plot.wait(hours=5)
    plot.say("REOPEN: it is back\n", plot.people[-1])
    plot.chat(8)
    plot.resolves()
    plot.report(reviewed=True)


def undone(plot: Plot) -> None:
    plot.opens()
    plot.chat(6)
    plot.say("IMPACT: everything\n", plot.caller)
    said = plot.last
    plot.wait(minutes=6)
    plot.say(f"UNDO {{undo:{said}}}\nIMPACT: only the west coast\n", plot.caller)
    plot.say("Resolved\nSTATUS\n", plot.people[1])
    plot.resolves()
    plot.report(reviewed=True)


def partly(plot: Plot) -> None:
    """A report that is begun, and then left: it is asked about, and in the end published as it is."""
    plot.opens("KIND outage")
    plot.chat(14)
    plot.resolves(f"SUMMARY: {plot.dice.choice(SECTIONS['SUMMARY'])}\n")
    plot.wait(days=1)
    plot.say(f"IMPACT: {plot.dice.choice(SECTIONS['IMPACT'])}\n", plot.caller)


def secret(plot: Plot) -> None:
    plot.opens("KIND security")
    plot.chat(8)
    plot.resolves()
    plot.report(reviewed=True)


PLOTS: tuple[Callable[[Plot], None], ...] = (
    plain,
    handed_over,
    by_alert,
    unreported,
    false_alarm,
    plain,
    quiet,
    ignored,
    forgotten,
    furious,
    partly,
    reopened,
    handed_over,
    undone,
    secret,
    by_alert,
)
