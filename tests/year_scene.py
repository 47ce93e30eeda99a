"""A year on a busy list, made up by a seeded generator: the text of a scene for ``mailbot simulate``.

The law: the same seed gives the same bytes. Names of steps begin with their incident's (``i012``), so that who checks the
outgoing mails knows which mails of the scene an incident is made of. How an incident goes is told by ``year_plots``.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from tests.year_plots import PLOTS, Plot
from tests.year_words import PEOPLE

START = datetime(2026, 1, 5, tzinfo=UTC)
OUTAGE = timedelta(days=3)
HOLIDAYS = ((12, 24, 32), (8, 3, 12))  # month, day, days: nobody opens an incident, and hardly anybody answers


class Year:
    """``days`` in which incidents are opened, then ``tail`` days of silence for what is still due."""

    def __init__(self, seed: int = 7, days: int = 365, incidents: int = 72, storm: int = 50, tail: int = 40) -> None:
        self.dice = random.Random(seed)
        self.days, self.incidents, self.storm, self.tail = days, incidents, storm, tail
        self.steps: list[dict[str, Any]] = []
        self.away = {who: self._holiday(n) for n, who in enumerate(PEOPLE)}
        self.down = START + timedelta(days=days * 0.55, hours=13)
        self.opened: list[str] = []

    def _holiday(self, number: int) -> tuple[datetime, datetime]:
        begins = START + timedelta(days=(number * 23 + 11) % max(self.days, 200))
        return begins, begins + timedelta(days=14)

    def step(self, at: datetime, **keys: Any) -> None:
        self.steps.append({"at": at} | {name: value for name, value in keys.items() if value})

    def text(self) -> str:
        """The scene as TOML."""
        plots = cycle(PLOTS)
        for number in range(1, self.incidents + 1):
            day = START + timedelta(days=(number - 0.5) * self.days / self.incidents)
            at = day.replace(hour=self.dice.randrange(7, 20), minute=self.dice.randrange(60))
            plot = next(plots)
            plot(Plot(self, f"i{number:03}", self._workday(at)))
        self._outage()
        self._storm()
        self._digests()
        self._curious()
        self.step(START + timedelta(days=self.days + self.tail))
        return self._toml()

    def _workday(self, at: datetime) -> datetime:
        for month, day, days in HOLIDAYS:
            begins = datetime(at.year, month, day, tzinfo=UTC)
            if begins <= at < begins + timedelta(days=days):
                return at - timedelta(days=days)
        return at

    def _outage(self) -> None:
        """Three days in which the daemon is down: an incident just before, one within, resolved while it is down."""
        self.step(self.down, act="stop", see="The daemon goes down for three days.")
        self.step(self.down + OUTAGE, act="start")
        before = Plot(self, "d001", self.down - timedelta(minutes=50))
        before.opens("KIND outage")
        before.chat(3)
        before.resolves()
        before.report(reviewed=True)
        within = Plot(self, "d002", self.down + timedelta(hours=5))
        within.opens()
        within.chat(4)

    def _storm(self) -> None:
        """A machine room loses power: everybody writes about something else, and a week later a dozen alerts come at once."""
        begins = START + timedelta(days=self.days * 0.8, hours=10)
        for number in range(self.storm):
            plot = Plot(self, f"s{number:03}", begins + timedelta(minutes=number * 0.8))
            plot.title = f"Rack {number}: {plot.title}"
            plot.opens()
            if number % 3:
                plot.wait(minutes=20 + number / 2)
                plot.say("RESOLVED: power is back", answers=plot.opener)
        for number in range(12):
            plot = Plot(self, f"t{number:03}", begins + timedelta(days=7, minutes=number / 3))
            plot.alert(f"host-{number:02} is DOWN")

    def _digests(self) -> None:
        """Now and then somebody answers the digest."""
        for week in range(1, self.days // 7):
            if self.opened and self.dice.random() < 0.4:
                monday = START + timedelta(days=7 * week, hours=9, minutes=self.dice.randrange(60))
                about = self.dice.choice(self.opened)
                said = self.dice.choice([f"DONE {{id:{about}}} A1", "Thank you, a quiet week for once.", "STATUS"])
                self.mail(monday, self.dice.choice(list(PEOPLE)), said, "", f"g{week:03}", answers="notice digest")

    def _curious(self) -> None:
        """One who asks thirty times in a day, and bounces of what we sent."""
        for n in range(30):
            at = START + timedelta(days=self.days * 0.3, minutes=20 * n)
            about = self.opened[0]
            self.mail(at, "erin", "TIMELINE", "", f"c{n:03}", answers=f"notice ack {about}", to="bot")
        for n in range(12):
            at = START + timedelta(days=self.days * n / 12, hours=3)
            text = "I'm sorry to have to inform you that your message could not\nbe delivered.\n"
            headers = {"Auto-Submitted": "auto-replied", "Content-Type": "text/plain"}
            self.mail(at, "daemon", text, "Undelivered Mail Returned to Sender", f"b{n:03}", to="bot", headers=headers)

    def mail(self, at: datetime, who: str, text: str, subject: str, name: str, **more: Any) -> None:
        zone = PEOPLE[who][1] if who in PEOPLE else "UTC"
        local = at.replace(second=0, microsecond=0).astimezone(ZoneInfo(zone))
        self.step(local, **{"from": who}, text=text, subject=subject, name=name, **more)
        self._automatic(at, subject, name, who, more.get("to", ""))

    def _automatic(self, at: datetime, subject: str, name: str, who: str, to: str) -> None:
        """Those on holiday whose programs answer to the list."""
        if who not in PEOPLE or to or self.dice.random() > 0.1:
            return
        gone = [p for p, (begins, ends) in self.away.items() if begins <= at < ends and p != who]
        for person in gone[:1]:
            self.step(
                at + timedelta(minutes=1),
                **{"from": person},
                subject=f"Automatic reply: {subject}",
                answers=name,
                name=f"a{len(self.steps)}",
                text="I am out of office until the end of next week.\n",
                headers={"Auto-Submitted": "auto-replied"},
            )

    def _toml(self) -> str:
        lines = ['title = "A year on a busy list"', "echo = true", "", "[people]"]
        lines += [f"{key} = {json.dumps(row[0])}" for key, row in PEOPLE.items()]
        lines += [f"{key} = {json.dumps(who)}" for key, who in ROBOTS.items()]
        for step in sorted(self.steps, key=lambda s: s["at"]):
            lines += ["", "[[step]]", f"at = {json.dumps(step['at'].isoformat())}"]
            lines += [f"{key} = {_value(value)}" for key, value in step.items() if key != "at"]
        return "\n".join(lines) + "\n"


ROBOTS = {
    "watch": "Watch <nagios@example.org>",
    "daemon": "Mail Delivery System <MAILER-DAEMON@mx.example.net>",
}


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(k)} = {json.dumps(v)}' for k, v in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
