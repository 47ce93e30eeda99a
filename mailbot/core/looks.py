"""What looks like an event and is none: durations, listings, cpu columns, build stamps, plans, what happens every day.

The law it keeps: a row carries its example, which is its test, and the words (``cues``) without which it cannot fit, so that its
pattern is only tried where one of them stands. Only a bounded piece of text beside a time is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.expressions import Expression


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    cues: str  # words in lower case, one of which must stand there; "" for rows that are tried always
    pattern: str
    example: str


BUILD = "build stamp"  # no event, and its zone says nothing of the other times
DAY_CHANGED = "log opened or day changed"  # no event, but the lines below are of its day

# Lines whose times are no events, whatever stands in them. Anchored at the line's start.
_USER = r"[ \t]*[\w.+-]{1,32}"
LINES: tuple[Look, ...] = (
    Look("file listing", "", r"[ \t]*[-dlbcps][-rwxsStTl]{9}[.+@]?[ \t]", "-rw-r--r-- 1 root root 512 Nov 21 14:05 core.py"),
    Look("process list", "", rf"{_USER}[ \t]+\d+[ \t]+\d{{1,3}}\.\d[ \t]+\d{{1,3}}\.\d[ \t]+\d+[ \t]+\d+[ \t]",
        "root 14 0.0 0.1 1234 56 ? Ss 14:05 0:03 /sbin/init"),
    Look("process list, -ef", "",
        rf"{_USER}[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\S{{1,12}}[ \t]+\S{{1,12}}[ \t]+\d\d:\d\d:\d\d[ \t]",
        "root 1 0 0 14:05 ? 00:00:03 /sbin/init"),
    Look("top", "", rf"[ \t]*\d+[ \t]+{_USER}[ \t]+(?:-?\d+|rt)[ \t]+-?\d+[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+[RSDZTI][ \t]",
        "1234 root 20 0 12m 4m 2m S 3.0 0.1 12:34.56 java"),
    Look("processes of a terminal", "",
        r"[ \t]*\d{1,7}[ \t]+(?:pts/\d+|tty\w{1,6}|\?)[ \t]+(?:[RSDZTIWX][<NLsl+]{0,4}[ \t]+)?[\d:.-]{4,14}[ \t]",
        "1234 pts/0 00:00:00 bash"),
    Look("who is logged in", "pts tty console", rf"{_USER}[ \t]+(?:pts/\d+|tty\w{{1,6}}|console|:\d)[ \t]",
        "alice pts/0 10.1.2.3 16:58 0.00s 0.04s 0.00s w"),
    Look("samples", "",
        r"[ \t]*\d\d:\d\d(?::\d\d)?(?:[ ][AP]M)?(?:[ \t]+[A-Za-z][\w-]{0,12})?(?:[ \t]+-?\d[\d.,]*[%kMG]?){4,40}[ \t]*$",
        "12:10:01 AM all 5 567 0.06 0.07"),
    Look("head of samples", "cpu dev iface tps runq proc kbmemfree pgpgin pswpin intr cswch uid rxpck",
        r"[ \t]*\d\d:\d\d(?::\d\d)?(?:[ ][AP]M)?[ \t]+(?:CPU|DEV|IFACE|tps|runq-sz|proc/s|kbmemfree|pgpgin/s|pswpin/s"
        r"|INTR|cswch/s|UID)[ \t]",
        "12:00:01 AM runq-sz plist-sz ldavg-1"),
    Look("head of a journal", "", r"(?:--[ ](?:Journal|Logs)[ ]begin|[\d:]{8}[ ]\w{3,4}\.[ ]--[ \t]*$)",
        "-- Journal begins at Sat 2026-11-21 14:05:06 GMT"),
    Look("register dump", "", r"[ \t]*(?:[0-9a-f]{2}[ ]){6}", "25 00 08 b0 f6 9a e0 08 00:12:34.500 READ DMA"),
    Look("folder listing", "",
        r"[ \t]*\d\d?[./-]\d\d?[./-]\d{2,4}[ \t]+\d\d:\d\d(?:[ ]?[AP]M)?[ \t]{2,}(?:<\w{3,8}>|\d[\d.,]*)[ \t]+\S",
        "11/21/2026  02:05 PM    <DIR>          Users"),
    Look("what a tool shows",
        "last first filesystem modify modification access change birth local creation update install joined registered member",
        r"[ \t]*(?:(?:First|Last)[ ]error[ ]time|Last[ ](?:mount|write|checked|modified|change|access|boot|login)\w*(?:[ ]time)?"
        r"|Filesystem[ ]created|Modify"
        r"|Access|Change|Birth|Joined|Registered|Member[ ]since"
        r"|(?:Creation|Update|Install|Local|Modification|Access)[ ](?:Time|Date)(?:[ ]is)?)[ ]?:[ \t]",
        "Last mount time:          Sat Nov 21 14:05:06 2026"),
    Look("list with numbers", "",
        r"[ \t]*\d{1,12}[ \t]{1,8}20\d\d-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:[ \t]{2,20}\S{1,20}){2,8}"
        r"(?:[ \t]{2,20}\d{1,15}){2}[ \t]*$",
        "443574  2026-11-21 14:05:06   cp    -    652100924     421961"),
    Look("pod list", "", r"[ \t]*\S{1,80}[ \t]+\d+/\d+[ \t]+[A-Z]\w+[ \t]+\d+", "hub-1 1/1 Running 0 2026-11-21T14:05:06Z"),
    Look("block devices", "part disk raid lvm rom crypt loop raid1 raid5 raid6 raid10 mpath",
        r".{0,80}?[ \t]\d{1,3}:\d{1,4}[ \t]+[01][ \t]+[\d.,]+[BKMGTP]?[ \t]+[01][ \t]", "sda 8:16 0 1.8T 0 disk"),
    Look("uptime", "up", r".{0,60}?\bup[ ]+(?:\d+ (?:days?|min)|\d{1,2}:\d\d),.{0,40}?\busers?\b",
        " 14:05:06 up 10 days,  3:22,  2 users,  load average: 0.1"),
    Look("containers", "ago",
        r"[ \t]*[0-9a-f]{12}[ \t]+\S{1,120}[ \t]+[\"\u201c]", '0f3a9b2c1d4e hub:1 "/start" 2 hours ago Up 2 hours'),
    Look("transfer", "", r".{0,200}[ ]--:--:--[ ]", "100 1348 0 1348 0 0 22 0 --:--:-- 0:01:00 --:--:-- 0"),
    Look("transfer", "s", r".{0,120}?\d{1,3}%.{0,40}?\d(?:\.\d+)?[ ]?[kKMGT]i?B/s", "core.img 45% 120MB 10.1MB/s 01:23 ETA"),
    Look("media progress", "time", r".{0,80}?\btime=\d\d:\d\d:\d\d\.\d", "frame= 10 time=00:14:05.12 bitrate=12k"),
    Look("mail trace", "received signature date index",
        r"[ \t]*(?:Received|X-Received|DKIM-Signature|Delivery-date|Thread-Index)[ ]?:",
        "Received: from a by b; Sat, 21 Nov 2026 14:05:06 +0000"),
    Look(DAY_CHANGED, "log day logging",
        r"[ \t]*(?:---|\*\*\*\*)[ ](?:Log (?:opened|closed)|Day changed|BEGIN LOGGING|ENDING LOGGING)",
        "--- Log opened Sat Nov 21 14:05:06 2026"),
    Look("commit in a list", "",
        r".{1,200}[ ]\((?:20\d\d-\d\d-\d\d|[A-Z][a-z]{2},[ ]\d{1,2}[ ][A-Z][a-z]{2}[ ]20\d\d)[ ][\d:]{8}[ ][+-]\d{4}\)[ \t]*$",
        "core: count the workers (2026-11-21 14:05:06 +0100)"),
    Look("message head", "from", r">?From[ ](?:[0-9a-f]{40}|\S{1,100}@\S{1,100})[ ]+[A-Z][a-z]{2}[ ]",
        "From a@example.org Sat Nov 21 14:05:06 2026"),
    Look("inode", "atime ctime mtime crtime dtime btime", r"[ \t]*(?:a|b|c|cr|d|m)time:[ ]",
        "ctime: 0x6916c804:00000000 -- Sat Nov 21 14:05:06 2026"),
    Look("who wrote a line", "", r"\^?[0-9a-f]{8,40}[ ].{0,80}\(.{1,60}[ ]20\d\d-\d\d-\d\d[ ][\d:]{8}[ ][+-]\d{4}(?:[ ]|$)",
        "6ce6a4efc2 (Alice Example 2026-11-21 14:05:06 +0100 12) x = 1"),
    Look("patch head, broken", "", r"[ \t]*\d\d:\d\d:\d\d\.\d{9}[ ][+-]\d{4}[ \t]*$", "14:05:06.123456789 +0100"),
    Look("patch head", "",
        r"[ \t]{0,8}(?:---(?![ ](?:Log|Day))|\+\+\+|diff|index|Author(?:Date)?|Commit(?:Date)?)[ :].{0,200}?\d\d:\d\d:\d\d",
        "--- a/core.py 2026-11-21 14:05:06 +0100"),
    Look("commit", "date authordate commitdate",
        r"[ ]{0,4}(?:Author|Commit)?Date:[ ]{1,8}[A-Z][a-z]{2}[ ][A-Z][a-z]{2}[ ]{1,2}\d{1,2}[ ][\d:]{8}[ ]20\d\d",
        "Date:   Sat Nov 21 14:05:06 2026 +0100"),
    Look("attribution", "quoting sent", r"[ \t]*(?:Quoting[ ].{2,80}\(.{8,40}\)|The .{2,40}[ ]you sent on .{8,60}):?[ \t]*$",
        "Quoting Alice Example (2026-11-21 14:05:06):"),
    Look("attribution", "wrote writes said schrieb écrit escribió scritto escreveu schreef napisał napisała skrev napsal",
        r"(?:[^\n]{0,80}[.!?][ ]?|[ \t]*)(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den|Dne)\b.{6,300}?"
        r"(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|napisał|skrev|napsal)[^\n]{0,60}:?[ \t]*$"
        r"|[ \t]*On\b.{6,300}?\bsaid:[ \t]*$",
        "On Sat, 21 Nov 2026 at 14:05, Alice wrote:"),
    Look("mail header", "sent gesendet envoyé enviado inviato verzonden wysłano",
        r"[ \t]*\*?(?:Sent|Gesendet|Envoyé|Enviado|Inviato|Verzonden|Wysłano)\*?[ ]?:",
        "Sent: Saturday, November 21, 2026 2:05 PM"),
)  # fmt: skip

# In front of a bare clock: it is a duration, a port, a ratio, a place in a file.
_DURATION = (
    "took take takes taking last lasted lasting lasts duration durations elapsed uptime runtime run up ran total cpu user sys"
    " real eta length lag delay delayed latency downtime age mttr ttd ttr dauer dauerte durée duración durata remaining left"
    " per every each split window average avg mean median only another"
)
_RATIO = (
    "ratio aspect odds score scored scores scale resolution mix vote voted votes proportion mk mt lk jn verse chapter"
)
_PLACE = (
    "line lines col column row pos position offset page slot bus major minor dev device rev revision vlan node ver version"
    " seq ack channel lun scsi raw sha hash checksum uuid id mac hwaddr ether no"
)
LEFT: tuple[Look, ...] = (
    Look("duration", _DURATION + " time finished done completed",
        rf"\b(?:{_DURATION.replace(' ', '|')}|time[ ](?:taken|spent|to \w+)|time[ ]?="
        r"|(?:response|recovery|repair|build|boot|query|load|wait|wall|execution|processing)[ -]time"
        r"|(?:finished|done|completed)[ ]in)"
        r"(?:[ ](?:is|was|were|of|for|about|only|around|approximately|a|an|time"
        r"|in)){0,2}[\"'*]{0,2}[ \t]{0,3}[:=]?[\"'*]{0,2}[ \t]{0,3}[~(\"`']?$",
        "the restart took 01:23"),
    Look("duration", "day days", r"\b\d{1,4}[ ]days?,?[ ]{1,2}$", "2 days 14:05:06 to go"),
    Look("port map", "p publish l r port ports map mapped",
        r"(?:-p|--publish|-L|-R|\bports?|\bmap(?:ped)?(?: to)?)[ =:]{1,2}[\"']?$", "docker run -p 22:22"),
    Look("ratio", _RATIO, rf"\b(?:{_RATIO.replace(' ', '|')})(?:[ ](?:of|is|was|:))?[ ]{{1,2}}$", "a ratio of 10:14"),
    Look("setting", "", r"\b(?!(?:\w{0,12}[_-])?(?:time|timestamp|ts|t|at|when|start|end|begin)=)[\w-]{1,30}=[\"']$",
        'get(timeout="14:05")'),
    Look("place in a file", _PLACE, rf"\b(?:{_PLACE.replace(' ', '|')})[ =:#]{{1,2}}$", "at line 14:05"),
    Look("device", "dev", r"/dev/\w+[ ,:(]{1,3}$", "/dev/sdb, 8:16"),
    Look("offset from UTC", "utc gmt", r"(?:UTC|GMT)[ ]?[+-]$", "UTC+05:30"),
    Look("phone", "tel phone fax mobile cell call dial ext pin in id",
        r"(?:\b(?:tel|phone|fax|mobile|cell|call|dial[- ]?in|ext|pin"
        r"|conference id)\b\.?[ ]?[:.]?[ ]?(?:[+(\d)][\d ().-]{0,14})?)$",
        "Tel. 044 14:05"),
)  # fmt: skip

# Behind a bare clock.
RIGHT: tuple[Look, ...] = (
    Look("duration", "",
        r"[ ]?(?:\(?(?:mm?:ss|hh?:mm(?::ss)?|m:s|h:m)\)?|min(?:s|utes?|uten)?\b|mn\b|sec(?:s|onds)?\b|long\b|elapsed|remaining"
        r"|to go|left\b"
        r"|of (?:down|up|cpu|run)|total\b|(?:worth|later|earlier|longer|more|faster|slower)\b|ratio|split\b|odds|aspect)",
        "01:23 minutes"),
    Look("hours of something", "",
        r"[ ](?:hours|hrs|stunden|heures)[ ](?:of|long|later|after|before|until|to|from|remaining|and|passed)",
        "4:30 hours of work"),
    Look("unit", "", r"[ ]?(?:[kMGT]?(?:Hz|B|bit|bps)|px|rpm|dB|ms)\b", "10:20 MHz"),
    Look("name", "", r"[-_][A-Za-z]", "14:05-rc1"),
)  # fmt: skip

# A clock with what stands in front of it.
WITH: tuple[Look, ...] = (
    Look("duration", "time", r"\btime(?:=[\"']?\d\S*|[ ]?:[ \t*]{0,4}0?0:\S*)$", "time: 00:14:05"),
    Look("duration", "after within in for nach après",
        r"\b(?:after|within|for|nach|après|pendant)[ ]\d{1,2}h\d\d$"
        r"|\b(?:(?:after|within|in|for|nach|après)[ ]0?0:\d\d:\d\d|for[ ]\d{1,2}:\d\d[ ](?:hours|hrs))$",
        "failed after 00:01:02"),
)  # fmt: skip

# In the clause before a time: it is planned, happens every day, or tells when something was built.
_DAYS = (
    "every each daily nightly hourly weekly monthly weekday weekdays weekends usually normally typically always recurring cron"
    " crontab cronjob mondays tuesdays wednesdays thursdays fridays saturdays sundays täglich jeden jede chaque cada ogni"
    " codziennie"
    " elke dagelijks"
)
NOT_NOW: tuple[Look, ...] = (
    Look("planned",
        "will we'll i'll they'll it'll ll shall plan plans planned planning schedule scheduled rescheduled going intend"
        " intends intended"
        " intending intention would should to be is are expected due expect expects next eta deadline propose proposed"
        " let's let see free available set"
        " tomorrow upcoming coming reservation rsvp hope hoping"
        " maintenance meet meeting call later aim aiming target targeting estimated geplant planmäßig werden"
        " wird"
        " please nächste nächsten nächster nächstes prochain prochaine próximo próxima voraussichtlich morgen prévu prévue prévus"
        " prévues sera seront demain previsto prevista será estarei gepland zaplanowano zaplanowany",
        r"\b(?:will(?! not have)|(?:is|it['’]s)[ ]set[ ]for|(?:we|I|they|it)['’]ll|shall|plan(?:s|ned|ning)?[ ](?:to|for|on)"
        r"|planned[ ](?:maintenance|work|start|end)?|(?:re)?scheduled(?:[ ]maintenance)?[ ](?:for|at|on|to|from)|going[ ]to"
        r"|please|nächste[nrms]?(?![ ](?:Tag|Morgen|Vormittag|Nachmittag|Mittag|Abend)\b)|prochaine?|próxim[oa]"
        r"|intend(?:s|ed|ing)?[ ]to|intention|would[ ]be|should[ ]be|(?:is|are)[ ]to[ ]be"
        r"|(?<!needed )(?<!had )(?<!seemed )(?<!appeared )(?<!found )(?<!turned out )(?<!thought )(?<!known )to[ ]be"
        r"|(?:is|are|be)[ ](?:expected"
        r"|due|estimated)"
        r"|expect(?:s|ed)?[ ](?:to|at|by|a|the)|next[ ](?:update|status|call|meeting|check|report|review)|ETA|due[ ](?:at|by"
        r"|on)|deadline"
        r"|proposed?|let's|call[ ]me|see[ ]you|(?:I['’]m|am|are|be)[ ](?:free|available)"
        r"|tomorrow|upcoming|maintenance[ ]window|meet(?:ing)?[ ](?:is[ ])?(?:at|on)|call[ ]at|no[ ]later[ ]than"
        r"|reservation|RSVP|hop(?:e|ing)[ ]to|coming[ ](?:at|up)"
        r"|aim(?:ing)?[ ](?:to|for)|target(?:ing|ed)?|estimated|geplant|planmäßig|werden|wird|voraussichtlich"
        r"|(?<!\bheute )(?<!\bgestern )(?<!\bam )(?<!tag )(?<!mittwoch )(?<!\bnächsten )(?<!\bfolgenden )morgen[ ]um|prévue?s?"
        r"|sera|seront|demain|previsto|prevista|será|estarei|gepland|zaplanowan\w+)\b(?:(?!\b(?:started|began|finished|ended"
        r"|completed|was|were|failed|happened|remained|had|did|took|went|came)\b)[^.!?|]){0,70}$",
        "we plan to fail over at 14:05"),
    Look("every day", _DAYS + " hours tous todos",
        rf"\b(?:{_DAYS.replace(' ', '|')}|(?:support|business|office|opening|working|core|service|on-call|quiet|peak)[ ]hours"
        r"|tous[ ]les|todos[ ]los)\b[^.!?|]{0,40}$", "the backup runs every night at 14:05"),
    Look("a page's own stamp", "latest last edited committed commented opened authored updated",
        r"\b(?:latest commit|last (?:updated|edited|modified|commit|seen|published)|edited|committed|commented|authored"
        r"|opened this issue)"
        r"\b[^.!?|]{0,30}$", "Last updated 14:05"),
    Look("option", "", r"(?:^|[ \t])--?[a-z][\w-]{1,30}[= ][\"']?$", "journalctl --since 2026-11-21 14:05"),
    Look("numbered build", "", r"#\d+(?:[-~.\w]{0,24})?(?:[ ,]+(?:SMP|PREEMPT\w*|Debian|Ubuntu|\d[\w.+~-]{2,30})){0,4}[ ,(]*$",
        "Linux 5.4 #1 SMP Tue Nov 21 14:05:06 UTC 2026"),
    Look(BUILD,
        "smp preempt preempt_dynamic debian ubuntu default main tags heads built compiled build date time stamp released release"
        " notbefore notafter"
        " copyright expires expire before after until modified",
        r"(?:\((?:default|main|tags/\S{1,20}"
        r"|heads/\S{1,20}),[ ]|\b(?:built|compiled|build(?:[ -]?(?:date|time))?|released?|copyright|expires?|not[ ]?(?:before"
        r"|after)"
        r"|valid[ ]until|last-modified|creation time|update time)\b(?:[ ](?:on|at))?[ ]{0,8}[:=]?[ ]{0,4})$",
        "Python 3.11 (main, Nov 21 2026, 14:05:06)"),
)  # fmt: skip

# Behind a time.
NOT_NOW_AFTER: tuple[Look, ...] = (
    Look("every day", "",
        r"[ ]?\)?[ ](?:(?:every|each)[ ](?:other[ ])?(?:day|night|morning|evening|week|month|hour|\w{3,6}day)"
        r"|daily|nightly|on weekdays|on weekends|täglich|jeden Tag|chaque jour|tous les jours|cada día"
        r"|codziennie)\b",
        "at 14:05 every day"),
    Look("geplant", "", r"[^.!?|\n]{0,40}\b(?:geplant|vorgesehen|angesetzt)\b", "um 14:05 ist der Umbau geplant"),
    Look("planned", "", r"[ ]?(?:\([^()\n]{1,20}\))?,?[ ](?:tomorrow|morgen|demain|domani|mañana|jutro)\b",
        "at 14:05 (2:05 PM) tomorrow"),
    Look("planned", "", r"[ ]?\)?,?[ ](?:(?:\w+[ ]){1,3}will|(?:we|I|they)'ll|(?:we|they)[ ]are[ ]going[ ]to)\b",
        "at 14:05 we will fail over"),
)  # fmt: skip

#: Said in the paragraph of a clock that would be later than the mail: it is still to come.
PLANS = re.compile(
    r"\b(?:will|shall|going[ ]to|scheduled?|plan(?:s|ned|ning)?|maintenance|upcoming|tonight|tomorrow|window|meeting"
    r"|expect(?:ed)?|intend(?:s|ed)?|should|geplant|Wartung\w*|werden|wird|prévue?s?|sera|onderhoud|mantenimiento|manutenção)\b",
    re.I,
)

#: A text that tells of the past as a whole.
REPORT = re.compile(
    r"\b(?:post-?[ ]?mortem|incident (?:report|review)|retrospective|root cause analysis|RCA|RFO"
    r"|lessons learned|nachbericht|rückblick|compte[ -]rendu|bilan|informe|relatório)\b",
    re.I,
)
ENDED = re.compile(
    r"\b(?:resumed?|restor\w+|resolv\w+|recover\w+|ended|fixed|finished|completed|returned|back|over|behoben|beheben|behob\w*"
    r"|wiederhergestellt|rétabli\w*|restablec\w+|hersteld|opgelost|risolt\w*|ripristinat\w*)\b",
    re.I,
)
UNTIL = re.compile(
    r"\b(?:until|till|by|to|through|bis|jusqu['’]à|hasta(?: las)?|até(?: as)?|fino alle|tot|do)[ ~*]{1,3}$", re.I
)
#: Said beside a clock in a paragraph of what is to come: it has happened all the same.
PAST = re.compile(
    r"\b(?:was|were|had|did|went|came|began|saw|found|lost|took|fell|broke|ran|got|(?<!be )(?<!being )[a-z]{3,}ed)\b"
    r"(?![^.]*\bwill\b)"
)

_Compiled = tuple[tuple[str, frozenset[str], re.Pattern[str]], ...]
_WORD = re.compile(r"[^\W_]+")
_LONG = 400  # of a line longer than this only the beginning is looked at


def _compile(rows: tuple[Look, ...], flags: int = 0) -> _Compiled:
    return tuple((r.name, frozenset(_WORD.findall(r.cues)), re.compile(r.pattern, flags)) for r in rows)


_LINES = _compile(tuple(row for row in LINES if row.cues))
_ALWAYS = tuple(row.name for row in LINES if not row.cues)  # tried on every line, so all at once
_ANY = re.compile("|".join(f"({row.pattern})" for row in LINES if not row.cues))
_LEFT, _RIGHT, _WITH, _NOT_NOW, _AFTER = (_compile(t, re.I) for t in (LEFT, RIGHT, WITH, NOT_NOW, NOT_NOW_AFTER))


def _search(rows: _Compiled, before: str) -> str:
    if not before or before.isspace():
        return ""
    words = set(_WORD.findall(before.lower()))
    return next((name for name, cues, p in rows if (not cues or not cues.isdisjoint(words)) and p.search(before)), "")


def line_look(line: str) -> str:
    """The name of the LINES row that fits, or ""."""
    head = line[:_LONG].replace("\u00a0", " ")
    match = _ANY.match(head)
    if match is not None and match.lastindex is not None:
        return _ALWAYS[match.lastindex - 1]
    words = set(_WORD.findall(head.lower()))
    return next((name for name, cues, pattern in _LINES if not cues.isdisjoint(words) and pattern.match(head)), "")


def clock_look(text: str, e: Expression, line_start: int, line_end: int) -> str:
    """Why a bare clock is no time of day: the name of the row, or ""."""
    if e.day is not None or e.zone or e.clock is None or e.clock.half or e.to_next or e.from_previous:
        return ""
    right = text[e.end : min(line_end, e.end + 24)]
    name = next((name for name, _, p in _RIGHT if p.match(right)), "")
    start = max(line_start, e.start - 48)
    return name or _search(_LEFT, text[start : e.start]) or _search(_WITH, text[start : e.end])


def not_now(text: str, e: Expression, clause_start: int, lead: bool) -> str:
    """Why a time is no event that happened: ``planned``, ``every day``, a build's stamp, or "".

    Behind a time that leads its line stands what happened then, so only what stands in front of it speaks.
    """
    name = _search(_NOT_NOW, text[max(clause_start, e.start - 100) : e.start].replace("\n", " "))
    if name or lead:
        return name
    right = text[e.end : e.end + 40].replace("\n", " ")
    return next((name for name, _, p in _AFTER if p.match(right)), "")
