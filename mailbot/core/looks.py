"""What looks like an event and is none: durations, listings, cpu columns, build stamps, plans, what happens every day.

The law it keeps: rows are tables and carry their example, which is their test. The words around a time are looked at within a
bounded distance, never the whole text. A row of LINES speaks of the whole line, LEFT and RIGHT of what stands beside a bare
clock, NOT_NOW of the clause in front of a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.expressions import Expression


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    pattern: str
    example: str
    flags: int = 0


#: Lines whose times are no events, whatever stands in them.
LINES: tuple[Look, ...] = (
    Look("file listing", r"^[ \t]*[-dlbcps][-rwxsStTl]{9}[.+@]?[ \t]", "-rw-r--r-- 1 root root 512 Nov 21 14:05 core.py"),
    Look("process list", r"^[ \t]*[\w.+-]{1,32}[ \t]+\d+[ \t]+\d{1,3}\.\d[ \t]+\d{1,3}\.\d[ \t]+\d+[ \t]+\d+[ \t]", "root 14 0.0 0.1 1234 56 ? Ss 14:05 0:03 /sbin/init"),
    Look("process list, -ef", r"^[ \t]*[\w.+-]{1,32}[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\S{1,12}[ \t]+\S{1,12}[ \t]+\d\d:\d\d:\d\d[ \t]", "root 1 0 0 14:05 ? 00:00:03 /sbin/init"),
    Look("top", r"^[ \t]*\d+[ \t]+[\w.+-]{1,32}[ \t]+(?:-?\d+|rt)[ \t]+-?\d+[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+[RSDZTI][ \t]", "1234 root 20 0 12m 4m 2m S 3.0 0.1 12:34.56 java"),
    Look("block devices", r"[ \t]\d{1,3}:\d{1,4}[ \t]+[01][ \t]+[\d.,]+[BKMGTP]?[ \t]+[01][ \t]", "sda 8:16 0 1.8T 0 disk"),
    Look("uptime", r"\bup[ ]+(?:\d+ (?:days?|min)|\d{1,2}:\d\d),.{0,40}\busers?\b", " 14:05:06 up 10 days,  3:22,  2 users,  load average: 0.1"),
    Look("transfer", r"\d{1,3}%.{0,40}\d(?:\.\d+)?[ ]?[kKMGT]i?B/s", "core.img 45% 120MB 10.1MB/s 01:23 ETA"),
    Look("media progress", r"\btime=\d\d:\d\d:\d\d\.\d", "frame= 10 time=00:14:05.12 bitrate=12k"),
    Look("mail trace", r"^[ \t]*(?:Received|X-Received|DKIM-Signature|Delivery-date|Thread-Index)[ ]?:", "Received: from a by b; Sat, 21 Nov 2026 14:05:06 +0000"),
    Look("log opened or day changed", r"^[ \t]*(?:---|\*\*\*\*)[ ](?:Log (?:opened|closed)|Day changed|BEGIN LOGGING|ENDING LOGGING)", "--- Log opened Sat Nov 21 14:05:06 2026"),
    Look("commit or patch head", r"^(?:---|\+\+\+|diff|index|Author(?:Date)?|Commit(?:Date)?)[ :].{0,200}\d\d:\d\d:\d\d", "--- a/core.py 2026-11-21 14:05:06 +0100"),
    Look("attribution", r"^[ \t]*(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den|Dne)\b.{6,300}?(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|napisał|skrev|napsal)[^\n]{0,60}:?[ \t]*$",
        "On Sat, 21 Nov 2026 at 14:05, Alice wrote:"),
    Look("mail header", r"^[ \t]*\*?(?:Sent|Gesendet|Envoyé|Enviado|Inviato|Verzonden|Wysłano)\*?[ ]?:", "Sent: Saturday, November 21, 2026 2:05 PM"),
    Look("pod list", r"^[ \t]*\S+[ \t]+\d+/\d+[ \t]+[A-Z]\w+[ \t]+\d+", "hub-1 1/1 Running 0 2026-11-21T14:05:06Z"),
)  # fmt: skip

#: In front of a bare clock: it is a duration, a port, a ratio, a place in a file.
LEFT: tuple[Look, ...] = (
    Look("duration", r"\b(?:took|takes?|taking|last(?:ed|ing|s)|durations?|elapsed|uptime|runtime|run[ ]time|up|ran|total(?: time)?|cpu(?: time)?|user|sys|real|eta|length|lag|delay(?:ed)?|latency"
        r"|downtime|age|time[ ](?:taken|spent|to \w+)|mttr|ttd|ttr|dauer|dauerte|durée|duración|durata|remaining|left|per|every|each|split|window of|total of|average of|avg|mean|median|finished in|done in|completed in|only|another)"
        r"(?:[ ](?:is|was|were|of|for|about|only|around|approximately|a|an))?[ \t]{0,3}\**[:=]?\**[ \t]{0,3}[~(\"`]?$", "the restart took 01:23", re.I),
    Look("port map", r"(?:-p|--publish|-L|-R|\bports?|\bmap(?:ped)?(?: to)?)[ =:]{1,2}[\"']?$", "docker run -p 22:22"),
    Look("ratio", r"\b(?:ratio|aspect|odds|score[ds]?|scale|resolution|mix|dilut\w+|vote[ds]?|proportion|Mk|Mt|Lk|Jn|Matthew|Luke|John|Mark|Psalms?|Genesis|verse|chapter)(?:[ ](?:of|is|was|:))?[ ]{1,2}$", "a ratio of 10:14", re.I),
    Look("place in a file", r"\b(?:lines?|line no|col(?:umn)?|row|pos|position|offset|at line|page|slot|bus|major|minor|dev(?:ice)?|rev(?:ision)?|vlan|node|ver(?:sion)?|channel|lun|scsi|raw|sha|hash|checksum|uuid|id|mac|hwaddr|ether)[ =:#]{1,2}$", "at line 14:05", re.I),
    Look("time zone", r"(?:UTC|GMT)[ ]?[+-]?$", "UTC+05:30"),
    Look("phone", r"(?:\b(?:tel|phone|fax|mobile|cell|call|dial[- ]?in|ext|pin|conference id)\b\.?[ ]?[:.]?[ ]?(?:[+(\d)][\d ().-]{0,14})?)$", "Tel. 044 14:05", re.I),
)  # fmt: skip

#: Behind a bare clock.
RIGHT: tuple[Look, ...] = (
    Look("duration", r"[ ]?(?:\(?(?:mm?:ss|hh?:mm(?::ss)?|m:s|h:m)\)?|min(?:s|utes?|uten)?\b|mn\b|sec(?:s|onds)?\b|long\b|elapsed|remaining|left\b|of (?:down|up|cpu|run)|total\b|(?:worth|later|earlier|longer|more|faster|slower)\b|ratio|split\b|odds|aspect)",
        "01:23 minutes", re.I),
    Look("hours of something", r"[ ](?:hours|hrs|stunden|heures)[ ](?:of|long|later|after|before|until|to|from|remaining|and|passed)", "4:30 hours of work", re.I),
    Look("name", r"[-_][A-Za-z]", "14:05-rc1"),
)  # fmt: skip

#: In the clause before a time: it is planned, or happens every day.
NOT_NOW: tuple[Look, ...] = (
    Look("planned", r"\b(?:will(?! not have)|we'll|I'll|they'll|it'll|shall|plan(?:s|ned|ning)?[ ](?:to|for|on)|planned[ ](?:maintenance|work|start|end)?|(?:re)?scheduled(?:[ ]\w+){0,3}[ ](?:for|at|on|to|from)|going[ ]to"
        r"|intend(?:s|ed|ing)?[ ]to|intention|would[ ]be|should[ ]be|is[ ]to[ ]be|are[ ]to[ ]be|to[ ]be|(?:is|are|be)[ ](?:expected|due|estimated)|expect(?:s|ed)?[ ](?:to|at|by|a|the)|next[ ](?:update|status|call|meeting|check|report|review)|ETA|due[ ](?:at|by|on)"
        r"|deadline|proposed?|propose[ ]to|let's|tomorrow|upcoming|maintenance[ ]window|meet(?:ing)?[ ](?:is[ ])?(?:at|on)|call[ ]at|no[ ]later[ ]than|aim(?:ing)?[ ](?:to|for)|target(?:ing|ed)?|estimated"
        r"|geplant|planmäßig|werden|wird|voraussichtlich|morgen[ ]um|prévue?s?|prévu|sera|seront|demain|previsto|prevista|será|estarei|gepland|zaplanowan\w+)\b[^.!?|]{0,70}$", "we plan to fail over at 14:05", re.I),
    Look("every day", r"\b(?:every|each|daily|nightly|hourly|weekly|monthly|weekdays?|weekends|usually|normally|typically|always|recurring|cron(?:job|tab)?|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays"
        r"|(?:support|business|office|opening|working|core|service|on-call|quiet|peak)[ ]hours|täglich|jeden|jede|chaque|tous[ ]les|cada|todos[ ]los|ogni|codziennie|elke|dagelijks)\b[^.!?|]{0,40}$", "the backup runs every night at 14:05", re.I),
    Look("build stamp", r"(?:#\d+(?:[-~.\w]{0,24})?(?:[ ,]+(?:SMP|PREEMPT\w*|Debian|Ubuntu)){0,3}[ ,]*\S{0,30}[ ]?|\((?:default|main|tags/\S{1,20}|heads/\S{1,20}),[ ]|\b(?:built|compiled|build(?:[ -]?(?:date|time))?|released?|copyright|expires?|not[ ](?:before|after)|valid[ ]until|last-modified|creation time|update time)\b(?:[ ](?:on|at))?[ ]{0,8}[:=]?[ ]{0,4})$",
        "#1 SMP Tue Nov 21 14:05:06 UTC 2026", re.I),
)  # fmt: skip

#: Behind a time: it is planned, or happens every day.
NOT_NOW_AFTER: tuple[Look, ...] = (
    Look("every day", r"[ ]?\)?[ ](?:every|each|daily|nightly|on weekdays|on weekends|täglich|jeden Tag|chaque jour|tous les jours|cada día|codziennie)\b", "at 14:05 every day", re.I),
    Look("planned", r"[ ]?\)?,?[ ](?:(?:we|I|they)(?:[ ]will|'ll)|(?:we|they)[ ]are[ ]going[ ]to|(?:the|a)[ ]\w+[ ]will)\b", "at 14:05 we will fail over", re.I),
)  # fmt: skip


def _compile(rows: tuple[Look, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((r.name, re.compile(r.pattern, r.flags)) for r in rows)


_LINES, _LEFT, _RIGHT, _NOT_NOW, _AFTER = (_compile(t) for t in (LINES, LEFT, RIGHT, NOT_NOW, NOT_NOW_AFTER))
_LONG = 400  # of a line longer than this only the beginning is looked at


def line_look(line: str) -> str:
    """The name of the LINES row that fits, or ""."""
    head = line[:_LONG]
    return next((name for name, p in _LINES if p.search(head)), "")


def clock_look(text: str, e: Expression, line_start: int, line_end: int) -> str:
    """Why a bare clock is no time of day: the name of the row, or ""."""
    if e.day is not None or e.zone or e.clock is None or e.clock.half or e.to_next or e.from_previous:
        return ""
    left = text[max(line_start, e.start - 48) : e.start]
    right = text[e.end : min(line_end, e.end + 24)]
    for name, p in _LEFT:
        if p.search(left):
            return name
    return next((name for name, p in _RIGHT if p.match(right)), "")


def not_now(text: str, e: Expression, clause_start: int) -> str:
    """Why a time is no event that happened: ``planned``, ``every day``, ``build stamp``, or ""."""
    left = text[max(clause_start, e.start - 100) : e.start].replace("\n", " ")
    for name, p in _NOT_NOW:
        if p.search(left):
            return name
    right = text[e.end : e.end + 40].replace("\n", " ")
    return next((name for name, p in _AFTER if p.match(right)), "")
