"""Lines whose times are no events, whatever stands in them: listings of files and processes, consoles, heads of mails.

The law it keeps: a row carries its example, which is its test, and the words (``cues``) without which it cannot fit. Only the
beginning of a line is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    cues: str  # words in lower case, one of which must stand there; "" for rows that are tried always
    pattern: str
    example: str
    past: bool = True  # False: not where a verb in front of the time tells of the past


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
    Look("neighbors of a router", "",
        r"[ \t]*[\da-f.:]{3,45}[ \t]+4[ \t]+(?:\d{1,10}[ \t]+){4,7}(?:\d\d:\d\d:\d\d|\d{1,3}[dw]\w{2,5})(?:[ \t]|$)",
        "10.0.0.2 4 64512 1021 998 0 0 01:12:33 Established"),
    Look("list of jobs", "",
        r"[ \t]*\d{1,12}(?:_\S{1,20})?(?:[ \t]+\S{1,60}){3}[ \t]+(?:R|PD|CG|CD|CA|CF|F|S|TO|NF)[ \t]+(?:\d{1,3}-)?\d[\d:]{3,7}"
        r"[ \t]+\d{1,6}[ \t]",
        "8812 batch train1 alice R 1:12:33 4 n[01-04]"),
    Look("timer or batch script", "oncalendar sbatch pbs", r"[ \t]*(?:OnCalendar[ ]?=|#(?:SBATCH|PBS)[ ])",
        "OnCalendar=*-*-* 14:05:00"),
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
    Look("mail trace, its next line", "by for with id via from",
        r"[ \t]{1,16}(?:by|for|with|id|via|from)[ ].{1,300}?;[ ]{1,3}(?:[A-Z][a-z]{2},[ ]{1,2})?\d{1,2}[ ][A-Z][a-z]{2}[ ]20\d\d"
        r"[ ][\d:]{8}[ ][+-]\d{4}",
        "    by mx with ESMTPS id 4XY; Sat, 21 Nov 2026 14:05:06 +0000"),
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

Compiled = tuple[tuple[Look, frozenset[str], re.Pattern[str]], ...]
WORD = re.compile(r"[^\W_]+")
_LONG = 400  # of a line longer than this only the beginning is looked at


def compiled(rows: tuple[Look, ...], flags: int = 0) -> Compiled:
    return tuple((r, frozenset(WORD.findall(r.cues)), re.compile(r.pattern, flags)) for r in rows)


_LINES = compiled(tuple(row for row in LINES if row.cues))
_ALWAYS = tuple(row.name for row in LINES if not row.cues)  # tried on every line, so all at once
_ANY = re.compile("|".join(f"({row.pattern})" for row in LINES if not row.cues))


def line_look(line: str) -> str:
    """The name of the LINES row that fits, or ""."""
    head = line[:_LONG].replace("\u00a0", " ")
    match = _ANY.match(head)
    if match is not None and match.lastindex is not None:
        return _ALWAYS[match.lastindex - 1]
    words = set(WORD.findall(head.lower()))
    return next((row.name for row, cues, pattern in _LINES if not cues.isdisjoint(words) and pattern.match(head)), "")
