"""What a monitoring system says of what: so that "it is down" and "it is up again" meet under one subject.

The law: a system's word that all is well is news and never ends an incident; people do. A shape that only machines write
is read in any subject; a shape that people write too (``machine``) is read only where a machine wrote the mail. Rules are
rows, each with the problem and the recovery that belong together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.subject import read_subject

LIMIT = 300  # characters of a subject that are looked at
_WELL = frozenset({"recovery", "recovered", "ok", "up", "resolved", "succeeded", "back up", "recover"})


@dataclass(frozen=True, slots=True)
class Alert:
    what: str  # "web1/HTTP"
    over: bool  # it says that all is well again


@dataclass(frozen=True, slots=True)
class Shape:
    """``pattern`` names what it is about (``what``, ``more``) and how it is (``state``, ``now``: the last of them counts)."""

    system: str
    pattern: re.Pattern[str]
    problem: str
    recovery: str
    what: str
    machine: bool = False


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_TAGS = r"^(?:\[[^\]]{1,40}\]\s{0,3}){0,3}"  # the list's own tag, a number of theirs

SHAPES = (
    Shape(
        "Nagios, Naemon, Icinga 1",
        _shape(
            r"\*\*\s?(?P<state>problem|recovery|acknowledgement|flapping\w{0,10}|downtime\w{0,10}|custom)"
            r"(?:\s(?:host|service))?\s(?:alert|notification)\s?[:-]\s(?P<what>.{1,200}?)\sis\s(?P<now>\w+)\s?\*\*"
        ),
        "** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
        "** RECOVERY Service Alert: web1/HTTP is OK **",
        "web1/HTTP",
    ),
    Shape(
        "Icinga 2",
        _shape(
            r"\[(?P<state>problem|recovery|acknowledgement|custom|flapping\w{0,10})\]\s(?P<what>.{1,200}?)\sis\s(?P<now>\w+)"
        ),
        "[PROBLEM] HTTP on web1 is CRITICAL!",
        "[RECOVERY] HTTP on web1 is OK!",
        "HTTP on web1",
    ),
    Shape(
        "UptimeRobot",
        _shape(r"monitor is (?P<state>down|up):\s(?P<what>.{1,200})"),
        "Monitor is DOWN: registry.example.org",
        "Monitor is UP: registry.example.org",
        "registry.example.org",
    ),
    Shape(
        "Pingdom",
        _shape(r"(?:down|up) alert:\s(?P<what>.{1,200}?)\sis\s(?P<state>down|up)\b"),
        "DOWN alert: registry (registry.example.org) is DOWN",
        "UP alert: registry (registry.example.org) is UP",
        "registry (registry.example.org)",
    ),
    Shape(
        "Checkmk",
        _shape(r"check_?mk:\s(?P<what>.{1,200}?)\s\w{1,12}\s?(?:->|→)\s?(?P<state>\w+)"),
        "Check_MK: web1/HTTP OK -> CRIT",
        "Check_MK: web1/HTTP CRIT -> OK",
        "web1/HTTP",
    ),
    Shape(
        "CloudWatch",
        _shape(r'(?P<state>alarm|ok):\s"(?P<what>[^"]{1,200})" in '),
        'ALARM: "disk of registry" in EU (Ireland)',
        'OK: "disk of registry" in EU (Ireland)',
        "disk of registry",
    ),
    Shape(
        "Datadog",
        _shape(
            r"\[(?:monitor alert\]\s)?(?P<state>(?:re-)?triggered|recovered|warn|no data)(?:\son\s\{[^}]{1,100}\})?(?:\]|:)\s"
            r"(?P<what>.{1,200})"
        ),
        "[Triggered on {host:web1}] CPU is high",
        "[Recovered on {host:web1}] CPU is high",
        "CPU is high",
    ),
    Shape(
        "PagerDuty",
        _shape(r"\bincident (?P<state>triggered|acknowledged|resolved):\s(?P<what>.{1,200})"),
        "[#1234] Incident triggered: disk full",
        "[#1234] Incident resolved: disk full",
        "disk full",
        machine=True,
    ),
    Shape(
        "Alertmanager, Grafana",
        _shape(
            r"\[(?P<state>firing|resolved|alerting|ok|no ?data)(?::\d{1,4}(?:,\s?resolved:\d{1,4})?)?\]\s(?P<what>.{1,200})"
        ),
        "[FIRING:2] InstanceDown (prod)",
        "[RESOLVED] InstanceDown (prod)",
        "InstanceDown (prod)",
        machine=True,
    ),
    Shape(
        "Monit",
        _shape(r"monit alert --\s{1,4}(?P<what>.{1,100}?)\s(?P<state>failed|succeeded)\s(?P<more>\S{1,100})"),
        "monit alert --  Connection failed nginx",
        "monit alert --  Connection succeeded nginx",
        "Connection nginx",
    ),
    Shape(
        "Zabbix",
        _shape(_TAGS + r"(?P<state>problem|resolved|ok)(?:\sin\s[\w ]{1,30})?:\s(?P<what>.{1,200})"),
        "Problem: High CPU on web1",
        "Resolved in 5m 10s: High CPU on web1",
        "High CPU on web1",
        machine=True,
    ),
    Shape(
        "Healthchecks",
        _shape(_TAGS + r"(?P<state>down|up)\s\|\s(?P<what>.{1,200})"),
        "DOWN | nightly backup",
        "UP | nightly backup",
        "nightly backup",
        machine=True,
    ),
    Shape(
        "others",
        _shape(
            _TAGS + r"(?:\w{1,12}:\s)?(?P<what>.{1,200}?)\s(?:is|went)\s(?:now\s)?"
            r"(?P<state>down|up|critical|ok|warning|unknown|unreachable|back up|recovered)\b"
        ),
        "registry-2 is down",
        "registry-2 is back up",
        "registry-2",
        machine=True,
    ),
)


def read_alert(subject: str, *, machine: bool) -> Alert | None:
    """What the subject of an alert says; None where it has no such shape. ``machine``: a machine wrote the mail."""
    text = " ".join(subject[:LIMIT].split())
    for shape in SHAPES:
        if (machine or not shape.machine) and (found := shape.pattern.search(text)) is not None:
            parts = found.groupdict()
            what = f"{parts['what']} {parts.get('more') or ''}".strip()
            state = str(parts.get("now") or parts["state"]).lower()
            return Alert(what, state in _WELL or parts["state"].lower() == "recovery")
    return None


def plain_subject(subject: str, *, machine: bool) -> str:
    """The subject under which an alert and the replies to it are threaded: what it is about, with the word that it is over."""
    alert = read_alert(subject, machine=machine)
    if alert is None:
        return subject
    if machine:
        return f"Restored: {alert.what}" if alert.over else alert.what
    return f"Re: {alert.what}" if read_subject(subject).reply else subject
