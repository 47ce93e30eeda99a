"""What a monitoring system says of what: so that "it is down" and "it is up again" meet under one subject.

The law: a system's word that all is well is news and never ends an incident; people do. A shape that only machines write
is read in any subject; a shape that people write too (``machine``) is read only where a machine wrote the mail. A system is
one row: the problem and the recovery that belong together, and its names, by which ``robots`` knows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.subject import read_subject

LIMIT = 300  # characters of a subject that are looked at
_WELL = frozenset({
    "recovery", "recovered", "recover", "ok", "up", "back up", "online", "resolved", "alert resolved", "closed", "alert closed",
    "fixed", "succeeded", "success", "successful", "exists", "clear", "cleared", "back to normal", "deactivated",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    what: str  # "web1/HTTP"
    over: bool  # it says that all is well again


@dataclass(frozen=True, slots=True)
class Shape:
    """``pattern`` names what it is about (``what``, ``more``) and how it is (``state``, ``now``: the last of them counts).

    ``word``: stands, in lower case, in each ASCII subject of the shape: asked first where the shape is tried on all mail.
    ``sender``, ``domain``: patterns of the names it writes under, lower-case, which no person has, and of where its vendor
    sends from.
    """

    system: str
    pattern: re.Pattern[str]
    problem: str
    recovery: str
    what: str
    machine: bool = False
    word: str = ""
    sender: str = ""
    domain: str = ""


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
        word="**",
        sender="nagios|naemon",
    ),
    Shape(
        "Icinga 2",
        _shape(
            r"\[(?P<state>problem|recovery|acknowledgement|custom|flapping\w{0,10})\]\s(?P<what>.{1,200}?)\sis\s(?P<now>\w+)"
        ),
        "[PROBLEM] HTTP on web1 is CRITICAL!",
        "[RECOVERY] HTTP on web1 is OK!",
        "HTTP on web1",
        word=" is ",
        sender="icinga2?",
    ),
    Shape(
        "UptimeRobot",
        _shape(r"monitor is (?P<state>down|up):\s(?P<what>.{1,200})"),
        "Monitor is DOWN: registry.example.org",
        "Monitor is UP: registry.example.org",
        "registry.example.org",
        word="monitor is ",
        sender="uptime-?robot",
        domain=r"uptimerobot\.com",
    ),
    Shape(
        "Pingdom",
        _shape(r"(?:down|up) alert:\s(?P<what>.{1,200}?)\sis\s(?P<state>down|up)\b"),
        "DOWN alert: registry (registry.example.org) is DOWN",
        "UP alert: registry (registry.example.org) is UP",
        "registry (registry.example.org)",
        word=" alert: ",
        sender="pingdom",
        domain=r"pingdom\.com",
    ),
    Shape(
        "Checkmk",
        _shape(r"check_?mk:\s(?P<what>.{1,200}?)\s\w{1,12}\s?(?:->|→)\s?(?P<state>\w+)"),
        "Check_MK: web1/HTTP OK -> CRIT",
        "Check_MK: web1/HTTP CRIT -> OK",
        "web1/HTTP",
        word="mk: ",
        sender="check-?mk",
    ),
    Shape(
        "CloudWatch",
        _shape(r'(?P<state>alarm|ok):\s"(?P<what>[^"]{1,200})" in '),
        'ALARM: "disk of registry" in EU (Ireland)',
        'OK: "disk of registry" in EU (Ireland)',
        "disk of registry",
        word='" in ',
        sender="cloudwatch|aws notifications",
        domain=r"sns\.amazonaws\.com",
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
        word="[",
        sender="datadog",
        domain=r"datadoghq\.(?:com|eu)|dtdg\.co",
    ),
    Shape(
        "PagerDuty",
        _shape(r"\bincident (?P<state>triggered|acknowledged|resolved):\s(?P<what>.{1,200})"),
        "[#1234] Incident triggered: disk full",
        "[#1234] Incident resolved: disk full",
        "disk full",
        machine=True,
        sender="pager-?duty",
        domain=r"pagerduty\.com",
    ),
    Shape(
        "Alertmanager, Grafana",
        _shape(
            r"\[(?P<state>firing|resolved|alerting|alert|ok|no ?data|open|closed)(?::\d{1,4}(?:,\s?resolved:\d{1,4})?)?\]\s"
            r"(?P<what>.{1,200})"
        ),
        "[FIRING:2] InstanceDown (prod)",
        "[RESOLVED] InstanceDown (prod)",
        "InstanceDown (prod)",
        machine=True,
        sender="alert-?manager|grafana|prometheus",
        domain=r"grafana\.(?:com|net)",
    ),
    Shape(
        "Nagios without stars, Sensu",
        _shape(
            _TAGS
            + r"(?P<state>problem|recovery|recovered|alert|resolved)(?:\s(?:host|service)\s(?:alert|notification))?\s?[:-]\s"
            r"(?P<what>.{1,200}?)(?:\sis|:)\s(?P<now>critical|warning|unknown|down|unreachable|ok|up)\b"
        ),
        "PROBLEM Service Alert: web1/HTTP is CRITICAL",
        "RECOVERY Service Alert: web1/HTTP is OK",
        "web1/HTTP",
        machine=True,
        sender="sensu",
    ),
    Shape(
        "Netdata",
        _shape(
            r"(?P<what>\S{1,80})\s(?:is\s)?(?P<state>needs attention|critical|warning|recovered|clear)(?:,|\s-)\s"
            r"(?P<more>[^=]{1,120}?)(?:\s=|\s\((?:alarm|was)\b|$)"
        ),
        "web1 needs attention, system.cpu (cpu), 10min_cpu_usage = 99%",
        "web1 recovered, system.cpu (cpu), 10min_cpu_usage (alarm was raised for 5 minutes)",
        "web1 system.cpu (cpu), 10min_cpu_usage",
        machine=True,
        sender="netdata",
    ),
    Shape(
        "GitHub Actions",
        _shape(
            r"\brun (?P<state>failed|cancelled|succeeded)(?: at startup)?:\s(?P<what>.{1,200}?)(?:\s\([0-9a-f]{7,40}\))?$"
        ),
        "[acme/registry] Run failed: CI - main (0a1b2c3)",
        "[acme/registry] Run succeeded: CI - main (4d5e6f7)",
        "CI - main",
        machine=True,
    ),
    Shape(
        "GitLab",
        _shape(
            r"(?P<what>[^|]{1,100}?)\s\|\s(?P<state>failed|fixed|successful) pipeline for (?P<more>[^|]{1,100}?)(?:\s\||$)"
        ),
        "registry | Failed pipeline for main | 0a1b2c3d",
        "registry | Fixed pipeline for main | 4d5e6f7a",
        "registry main",
        machine=True,
    ),
    Shape(
        "Jenkins",
        _shape(
            r"\bbuild (?:is )?(?P<state>failed|unstable|back to normal)(?: in jenkins)?\s?:\s(?P<what>.{1,200}?)\s#\d{1,9}$"
        ),
        "Build failed in Jenkins: nightly #12",
        "Jenkins build is back to normal : nightly #13",
        "nightly",
        machine=True,
        sender="jenkins",
    ),
    Shape(
        "Jenkins by its own template",
        _shape(
            r"(?P<what>\S.{0,200}?)\s-\sbuild\s#\s?\d{1,9}\s-\s(?P<state>still failing|failure|unstable|fixed|successful)"
        ),
        "nightly - Build # 12 - Failure!",
        "nightly - Build # 13 - Fixed!",
        "nightly",
        machine=True,
    ),
    Shape(
        "Uptime Kuma",
        _shape(r"\[(?P<what>[^\]]{1,100})\]\s\[[^\w\]]{1,4}\s?(?P<state>down|up)\]"),
        "[registry] [🔴 Down] connect ECONNREFUSED",
        "[registry] [✅ Up] 200 - OK",
        "registry",
        word="] [",
        sender="uptime-?kuma",
    ),
    Shape(
        "Gatus",
        _shape(r"\[(?P<what>[^\]]{1,100})\]\salert\s(?P<state>triggered|resolved)$"),
        "[web/registry] Alert triggered",
        "[web/registry] Alert resolved",
        "web/registry",
        machine=True,
        sender="gatus",
    ),
    Shape(
        "Azure",
        _shape(r"(?P<state>fired|activated|resolved|deactivated):\s?(?P<what>sev\d\s.{1,200})"),
        "Fired:Sev1 Azure Monitor Alert cpu on web1",
        "Resolved:Sev1 Azure Monitor Alert cpu on web1",
        "Sev1 Azure Monitor Alert cpu on web1",
        machine=True,
    ),
    Shape(
        "PRTG",
        _shape(r"\]\s(?P<what>.{1,200}?)\s(?P<state>down|up|warning|unusual)\b[^(]{0,20}\("),
        "[PRTG Network Monitor (mon1)] HTTP (web1) Down (Timeout)",
        "[PRTG Network Monitor (mon1)] HTTP (web1) Up (OK)",
        "HTTP (web1)",
        machine=True,
        sender="prtg",
    ),
    Shape(
        "StatusCake",
        _shape(
            r"\b(?:website|site|host|server|service|test)\s(?P<state>down|up)(?:\salert)?\s?[:|-]\s(?P<what>.{1,200})"
        ),
        "Website Down Alert: registry.example.org",
        "Website Up Alert: registry.example.org",
        "registry.example.org",
        machine=True,
        sender="statuscake",
        domain=r"statuscake\.com",
    ),
    Shape(
        "PagerDuty by number",
        _shape(r"\b(?P<state>triggered|acknowledged|alert|resolved)(?: incident)?\]?\s(?P<what>\[?#\d{1,9}\b.{0,200})"),
        "ALERT [#1234] on Registry - disk full",
        "RESOLVED [#1234] on Registry - disk full",
        "[#1234] on Registry - disk full",
        machine=True,
    ),
    Shape(
        "Better Uptime, GitLab, Opsgenie",
        _shape(
            r"\b(?P<state>new incident|started incident|resolved incident|alert resolved|alert closed|alert|closed):\s"
            r"(?P<what>.{1,200})"
        ),
        "New incident: registry.example.org",
        "Resolved incident: registry.example.org",
        "registry.example.org",
        machine=True,
        sender="better ?uptime|better ?stack|opsgenie",
        domain=r"betterstack\.com|betteruptime\.com|opsgenie\.net",
    ),
    Shape(
        "Monit on what is missing",
        _shape(
            r"(?:monit alert --\s{1,4}|^(?:\[[^\]]{1,40}\]\s)?\S{1,80}:\s)(?P<state>does not exist|exists)\s(?P<what>.{1,200})"
        ),
        "monit alert --  Does not exist nginx",
        "monit alert --  Exists nginx",
        "nginx",
        machine=True,
    ),
    Shape(
        "Monit",
        _shape(r"monit alert --\s{1,4}(?P<what>.{1,100}?)\s(?P<state>failed|matched|succeeded)\s(?P<more>\S{1,100})"),
        "monit alert --  Connection failed nginx",
        "monit alert --  Connection succeeded nginx",
        "Connection nginx",
        word="monit alert -- ",
    ),
    Shape(
        "Zabbix",
        _shape(_TAGS + r"(?P<state>(?:updated )?problem|resolved|ok)(?:\sin\s[\w ]{1,30})?:\s(?P<what>.{1,200})"),
        "Problem: High CPU on web1",
        "Resolved in 5m 10s: High CPU on web1",
        "High CPU on web1",
        machine=True,
        sender="zabbix",
    ),
    Shape(
        "Healthchecks",
        _shape(
            _TAGS
            + r"(?P<state>down|up|critical|error|failed|warning|crit|warn|recovery|recovered|unreachable|offline|online)"
            r"\s?(?:\||:|-)\s(?P<what>.{1,200})"
        ),
        "DOWN | nightly backup",
        "UP | nightly backup",
        "nightly backup",
        machine=True,
        sender=r"healthchecks(?:\.io)?",
        domain=r"healthchecks\.io",
    ),
    Shape(
        "Munin",
        _shape(
            _TAGS + r"(?P<what>.{1,200}?)(?::\s|\s)(?P<state>CRITICAL|WARNING|UNKNOWN|OK)$",
        ),
        "example.org web1.example.org Disk usage: CRITICAL",
        "example.org web1.example.org Disk usage: OK",
        "example.org web1.example.org Disk usage",
        machine=True,
        sender="munin",
    ),
    Shape(
        "others",
        _shape(
            _TAGS + r"(?:\w{1,12}:\s)?(?P<what>.{1,200}?)\s(?:is|went)\s(?:now\s)?"
            r"(?P<state>down|up|critical|ok|warning|unknown|unreachable|back up|recovered|offline|online)\b"
        ),
        "registry-2 is down",
        "registry-2 is back up",
        "registry-2",
        machine=True,
    ),
)

_OF_ALL = tuple(shape for shape in SHAPES if not shape.machine)


def read_alert(subject: str, *, machine: bool) -> Alert | None:
    """What the subject of an alert says; None where it has no such shape. ``machine``: a machine wrote the mail."""
    text = " ".join(subject[:LIMIT].split())
    low = text.lower() if text.isascii() else ""  # "ı" is "i" to a pattern and to nobody else
    for shape in SHAPES if machine else _OF_ALL:
        if (not low or shape.word in low) and (found := shape.pattern.search(text)) is not None:
            parts = found.groupdict()
            what = f"{parts['what']} {parts.get('more') or ''}".strip()
            state = str(parts.get("now") or parts["state"]).lower()
            return Alert(what, state in _WELL or parts["state"].lower() in ("recovery", "resolved incident"))
    return None


def plain_subject(subject: str, *, machine: bool) -> str:
    """The subject under which an alert and the replies to it are threaded: what it is about, with the word that it is over."""
    alert = read_alert(subject, machine=machine)
    if alert is None:
        return subject
    if machine:
        return f"Restored: {alert.what}" if alert.over else alert.what
    return f"Re: {alert.what}" if read_subject(subject).reply else subject
