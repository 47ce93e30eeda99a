"""What looks like an event and is none: durations, build stamps, plans, what happens every day.

The law it keeps: a row carries its example, which is its test, and the words (``cues``) without which it cannot fit, so that its
pattern is only tried where one of them stands. Only a bounded piece of text beside a time is looked at.
"""

from __future__ import annotations

import re

from mailbot.core import lexicon
from mailbot.core.expressions import Expression
from mailbot.core.listings import WORD, Compiled, Look, compiled

# In front of a bare clock: it is a duration, a port, a ratio, a place in a file.
_DURATION = (
    "took take takes taking last lasted lasting lasts duration durations elapsed uptime runtime run ran total cpu user sys"
    " real eta length lag delay delayed latency downtime age mttr ttd ttr dauer dauerte durée duré duración durata remaining"
    " retard verzögerung ausfallzeit reaktionszeit rto rpo"
    " per every each split window average avg mean median only another"
)
_RATIO = (
    "ratio aspect odds score scored scores scale resolution mix vote voted votes proportion mk mt lk jn verse chapter"
)
_PLACE = (
    "line lines col column row pos position offset slot bus major minor dev device rev revision vlan node ver version"
    " seq channel lun scsi raw sha hash checksum uuid id mac hwaddr ether no"
)
LEFT: tuple[Look, ...] = (
    Look("duration", _DURATION + " time timelimit wall walltime temps finished done completed",
        rf"\b(?:{_DURATION.replace(' ', '|')}|time[ ](?:taken|spent|left|lost|to \w+)|time[ ]?="
        r"|temps[ ]d['’]arrêt|time[ -]?limit|wall[ -]?time"
        r"|(?:response|recovery|repair|build|boot|query|load|wait|wall|execution|processing)[ -]time"
        r"|(?:finished|done|completed)[ ]in)"
        r"(?:[ ](?:is|was|were|of|for|about|only|around|approximately|a|an|time"
        r"|in|de|von)){0,2}(?:[ ]\([hms:]{2,8}\))?[\"'*]{0,2}[ \t]{0,3}[:=]?[\"'*]{0,2}[ \t]{0,3}[~(\"`']?$",
        "the restart took 01:23"),
    Look("duration", "downtime duration ausfallzeit dauer durée mttr mttd ttr time",
        r"\b(?:downtime|duration|ausfallzeit|dauer|durée|mtt[rd]|ttr|(?:response|recovery|repair|resolution)[ ]time"
        r"|time[ ]to[ ]\w+)[ ][-\u2013][ ]$",
        "Downtime - 01:15"),
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
        r"(?:\b(?:(?:tel|(?<!by )(?<!per )phone|fax|mobile|cell|dial[- ]?in|ext|pin"
        r"|conference id)\b\.?[ ]?[:.]?[ ]?(?:[+(\d)][\d ().-]{0,14})?|call[ ]?[:.]?[ ]?[+(\d)][\d ().-]{0,14}))$",
        "Tel. 044 14:05"),
)  # fmt: skip

# Behind a bare clock, also where it leads its line and what happened then stands behind it ("08:47 Total outage"): so these rows
# look at the case, and at where the clause ends.
_MEASURED = (
    "long|elapsed|remaining|to go|left|total|worth|later|earlier|longer|more|faster|slower|ratio|split|odds|aspect"
)
RIGHT: tuple[Look, ...] = (
    Look("duration", "",
        r"[ ]?(?:\(?(?:mm?:ss|hh?:mm(?::ss)?|m:s|h:m|MM?:SS|HH?:MM(?::SS)?)\)?|min(?:s|utes?)?\b|Min(?:\.|uten\b)|mn\b"
        r"|sec(?:s|onds)?\b|Sek(?:\.|unden\b)|(?:of|total) (?:down|up|cpu|run))",
        "01:23 minutes"),
    Look("duration", "", rf"[ ]?(?:{_MEASURED})[ \t]*(?:[.,;)]|$)", "12:30 remaining"),
    Look("hours of something", "",
        r"[ ](?:hours|hrs|[Ss]tunden|heures)[ ](?:of|long|later|after|before|until|to|from|remaining|and|passed)",
        "4:30 hours of work"),
    Look("hours of something", "",
        r"[ ](?:Stunden|Std)\b|[ ](?:de|d['’])[ ]?(?:coupure|panne|retard|interruption|indisponibilité|arrêt|corte|retraso)",
        "2:30 Stunden Ausfall"),
    Look("unit", "", r"[ ]?(?:[kKMGT]?[hH]z|[kKMGT]i?(?:B|bit|b)|[kKMGT]?bps|px|rpm|dB|ms)\b", "10:20 MHz"),
)  # fmt: skip

# Behind a bare clock of prose that neither begins a sentence nor has a word for "at" in front.
RIGHT_OF_PROSE: tuple[Look, ...] = (
    Look("duration", "",
        rf"[ ]?(?:min(?:s|utes?|uten)?|sec(?:s|onds)?|{_MEASURED})\b|[ ]to[ ](?:find|fix|repair|recover|restore)\b",
        "that is 01:30 longer than before"),
    Look("name", "", r"[-_][A-Za-z]", "the tag 14:05-rc1 it was"),
)  # fmt: skip
_AT = re.compile(r"(?:\b(?:at|um|seit|since|à|dès|a las|alle|om)[ ~*_(]{1,3}|[.!?][ ]{1,2})$", re.I)

# A clock with what stands in front of it.
WITH: tuple[Look, ...] = (
    Look("duration", "time", r"\btime(?:=[\"']?\d\S*|[ ]?:[ \t*]{0,4}0?0:\S*)$", "time: 00:14:05"),
    Look("duration", "up", r"\bup[ ]{1,2}0:\d\d$", "rebooted, up 0:05"),
    Look("duration", "after within in for nach après",
        r"\b(?:after|within|for|nach|après|pendant)[ ]\d{1,2}h\d\d$"
        r"|\b(?:(?:after|within|in|for|nach|après)[ ]0?0:\d\d:\d\d|for[ ]\d{1,2}:\d\d[ ](?:hours|hrs))$",
        "failed after 00:01:02"),
)  # fmt: skip

# The same, in prose that no word for "at" stands in.
_CLOCKED = "at um à vers dès since seit depuis from ab bis until till by to gegen around om las às alle and und et kl"
_NOT_AT = "".join(rf"(?<!\b{word}[ ~])" for word in sorted(lexicon.words(_CLOCKED)))
WITH_OF_PROSE: tuple[Look, ...] = (
    Look("duration", "hours hour hr hrs",
        rf"(?<!at about ){_NOT_AT}(?<![\d:.])\d:\d\d[ ]?(?:hours?|hrs?)$",
        "down 2:30 hours, then up"),
    Look("duration", "0", rf"(?<=[^\W\d_][ ]){_NOT_AT}0:\d\d(?:[ ]?h)?$", "it came back in 0:45 at last"),
    Look("duration",
        "down waited waiting spent lost wasted logged worked need needs needed after within for pendant après perdu attendu nach"
        " dans en",
        r"\b(?:(?:is|was|were|been)[ ]down|wait(?:ed|ing)|spent|lost|wasted|logged|worked|after|within|for|pendant|après"
        r"|perdu|attendu|nach|dans|en)[ ](?:about[ ]|environ[ ]|rund[ ]|over[ ])?\d(?:[ ]?h[ ]?\d\d|:\d\d[ ]?h)$"
        r"|\bneed(?:s|ed)?[ ](?:about[ ]|over[ ])?\d:\d\d$",
        "we waited 1h30 for a lock"),
)  # fmt: skip

# A range of clocks of every week: from Monday or Tuesday to the end of the week; a telephone's hours.
OPEN = "opening hours"
BUILD = "build stamp"  # no event, and its zone says nothing of the other times
_WEEK = [rf"(?:{line.replace(' ', '|')})" for line in lexicon.WEEKDAY_LINES]
WEEKLY = re.compile(
    rf"\b(?:{_WEEK[0]}|{_WEEK[1]}|mo|ma|di)\.?[ ]?(?:[-\u2013/]|to|through|thru|till|bis|au|à|al?|t/m|tot)[ ]?"
    rf"(?:{'|'.join(_WEEK[3:])}|do|fr|sa|so|vr|za|zo)\b",
    re.I,
)
RANGES: tuple[Look, ...] = (
    Look(OPEN, "", rf"{WEEKLY.pattern}[^.!?|\d]{{0,16}}\d[\d:.h]{{0,4}}$", "Mon-Fri 14:05-17:00", past=False),
    Look(OPEN, "tel telefon phone", r"(?:^[ \t]*|[.;,][ ])(?:tel|telefon|phone)\b\.?[ ]?:[ ][+\d() ,-]{0,24}$",
        "Telefon: 9-12 Uhr"),
)  # fmt: skip

# In the clause before a time: it is planned, happens every day, or tells when something was built.
_DAYS = (
    "daily nightly hourly weekly monthly weekday weekdays weekends usually normally typically always recurring cron crontab"
    " cronjob mondays tuesdays wednesdays thursdays fridays saturdays sundays täglich codziennie dagelijks"
)
_EACH = "every each jeden jede jedes chaque cada ogni elke tous toutes todos todas"
_OF_TIME = (  # "every request failed at 08:40" is no habit, "every night" is one
    r"(?:\d{1,3}|other|single|second|two|three|ersten?|zweiten?|zwei|drei|les|los|las)?[ ]?(?:(?:week)?days?|nights?|mornings?"
    r"|evenings?|afternoons?|weeks?|months?|quarters?|years?|hours?|minutes?|\w{3,6}days?|tage?|nacht|morgen|vormittag"
    r"|nachmittag|abend|woche|monat|jahr|stunden?|minuten?|\w{4,7}tag|mittwoch|jours?|nuits?|matins?|soirs?|semaines?|mois"
    r"|heures?|\w{3,5}dis?|dimanches?|días?|noches?|mañanas?|tardes?|semanas?|mes(?:es)?|horas?|dias?|manhãs?|noites?"
    r"|lunes|martes|miércoles|jueves|viernes|sábados?|domingos?|giorn[oi]|nott[ei]|mattin[ae]|ser[ae]|settiman[ae]|mes[ei]"
    r"|or[ae]|dag|nacht|ochtend|avond|week|maand|uur)"
)
NOT_NOW: tuple[Look, ...] = (
    Look("planned",
        "will we'll i'll they'll it'll ll shall plan plans planned planning schedule scheduled rescheduled going intend"
        " intends intended"
        " intending intention would should to be is are expected due expect expects next eta deadline"
        " let's let see free available set"
        " tomorrow reservation rsvp hope hoping"
        " call later estimated geplant planmäßig werden"
        " wird"
        " please nächste nächsten nächster nächstes prochain prochaine próximo próxima voraussichtlich morgen prévu prévue prévus"
        " prévues sera seront demain previsto prevista será estarei gepland zaplanowano zaplanowany",
        r"\b(?:will(?! not have)|(?:is|it['’]s)[ ]set[ ]for|(?:we|I|they|it)['’]ll|shall|plan(?:s|ned|ning)?[ ](?:to|for|on)"
        r"|planned[ ](?:maintenance|work|start|end)?|(?:re)?scheduled(?:[ ]maintenance)?[ ](?:for|at|on|to|from)|going[ ]to"
        r"|please(?![ ](?:look|see|check|find)[ ][^.!?|]{1,40}[ ](?:from|of)[ ]$)"
        r"|nächste[nrms]?(?![ ](?:Tag|Morgen|Vormittag|Nachmittag|Mittag|Abend)\b)|prochaine?|próxim[oa]"
        r"|intend(?:s|ed|ing)?[ ]to|intention|would[ ]be|should[ ](?:be|have)|(?:is|are)[ ]to[ ]be"
        r"|(?<!needed )(?<!had )(?<!seemed )(?<!appeared )(?<!found )(?<!turned out )(?<!thought )(?<!known )to[ ]be"
        r"|(?:is|are|be)[ ](?:expected"
        r"|due|estimated)"
        r"|(?<!than )(?<!as )expect(?:s|ed)?[ ](?:to|at|by|a|the)"
        r"|next[ ](?:update|status|call|meeting|check|report|review)|ETA|due[ ](?:at|by"
        r"|on)|deadline"
        r"|let's(?! see)|call[ ]me|see[ ]you|(?:I['’]m|am|are|be)[ ](?:free|available)"
        r"|tomorrow|no[ ]later[ ]than|reservation|RSVP|hop(?:e|ing)[ ]to|geplant|planmäßig|werden|wird|voraussichtlich"
        r"|(?<!\bheute )(?<!\bgestern )(?<!\bam )(?<!tag )(?<!mittwoch )(?<!\bnächsten )(?<!\bfolgenden )morgen[ ]um|prévue?s?"
        r"|sera|seront|demain|previsto|prevista|será|estarei|gepland|zaplanowan\w+)\b(?:(?!\b(?:started|began|finished|ended"
        r"|completed|was|were|failed|happened|remained|had|did|took|went|came)\b)[^.!?|]){0,70}$",
        "we plan to fail over at 14:05"),
    Look("planned",
        "propose proposed upcoming coming maintenance meet meeting call aim aiming target targeting targeted estimated",
        r"\b(?:propose|proposed(?=:|[ ]$|[ ](?:time|window|slot|date|start|end))|upcoming|(?<!during the )maintenance[ ]window"
        r"|meet(?:ing)?[ ](?:is[ ])?(?:at|on)|call[ ]at|coming[ ](?:at|up)|aim(?:ing)?[ ](?:to|for)|target(?:ing|ed)?"
        r"|(?<!start \()(?<!begin \()(?<!began \()estimated"
        r"(?![ ](?:(?:time[ ]of[ ])?(?:the[ ])?(?:start|begin|onset|impact|failure))))"
        r"\b[^.!?|]{0,70}$",
        "the upcoming call at 14:05", past=False),
    Look("every day", f"{_DAYS} {_EACH}",
        rf"\b(?:{_DAYS.replace(' ', '|')}|(?:{_EACH.replace(' ', '|')})[ ]{_OF_TIME}"
        r"|(?:every|each)[ ][^.!?|]{1,40}[ ](?:runs|starts|begins|ends|fires|happens|opens|closes))\b[^.!?|]{0,40}$"
        rf"|\b(?:{_EACH.replace(' ', '|')})[ ]$",
        "the backup runs every night at 14:05", past=False),
    Look(OPEN, "hours times öffnungszeiten sprechzeiten geschäftszeiten servicezeiten betriebszeiten horaires horario orario"
        " openingstijden",
        r"\b(?:(?:support|business|office|opening|working|core|service|on-call|quiet|peak|shop)[ ](?:hours|times)"
        r"|(?:öffnungs|sprech|geschäfts|service|betriebs)zeiten|horaires?[ ]d['’]ouverture"
        r"|horario[ ](?:de[ ](?:atención|apertura)|comercial)|orari(?:o)?[ ]di[ ]apertura|openingstijden)\b(?!,)[^.!?|]{0,40}$",
        "our support hours are 14:05-17:00", past=False),
    Look("a page's own stamp", "latest last edited committed commented opened authored updated",
        r"\b(?:latest commit|(?:(?<!was )(?<!were )|(?:page|article|document|post|site|wiki|file) (?:was )?)"
        r"last (?:updated|edited|modified|commit|seen|published)|opened this issue)\b[^.!?|]{0,30}$"
        r"|\b(?:edited|committed|commented|authored)(?:[ ]on)?[ ,:(]{1,3}$", "Last updated 14:05"),
    Look("option", "", r"(?:^|[ \t])--?[a-z][\w-]{1,30}[= ][\"']?$", "journalctl --since 2026-11-21 14:05"),
    Look("numbered build", "", r"#\d+(?:[-~.\w]{0,24})?(?:[ ,]+(?:SMP|PREEMPT\w*|Debian|Ubuntu|\d[\w.+~-]{2,30})){0,4}[ ,(]*$",
        "Linux 5.4 #1 SMP Tue Nov 21 14:05:06 UTC 2026"),
    Look(BUILD,
        "smp preempt preempt_dynamic debian ubuntu default main tags heads built compiled build date time stamp released release"
        " notbefore notafter"
        " copyright expires expire before after until modified",
        r"(?:\((?:default|main|tags/\S{1,20}"
        r"|heads/\S{1,20}),[ ]|\b(?:built|compiled|build(?:[ -]?(?:date|time))?|released?(?![ ]at)|copyright"
        r"|expires?|not[ ]?(?:before"
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

#: In front of a clock that is a little later than the mail: people are asked to come then.
MEETING = re.compile(
    r"\b(?:join|bridge|war[ -]?room|call|meeting|meet|sync|debrief|telko|telco|telefonkonferenz|(?:nach|lage)?besprechung"
    r"|upcoming|targets?|proposed?|estimated|coming|réunion|reunión|riunione|vergadering|overleg)\b[^.!?|\n]{0,30}$",
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
    r"\b(?:was|were|had|did|went|came|began|saw|found|lost|took|fell|broke|ran|got|hung|hit|cut|made|sent|became|rose|grew"
    r"|(?!(?:re)?scheduled|planned|expected|intended|estimated|proposed)(?<!be )(?<!being )(?<!is )(?<!are )"
    r"[a-z]{3,}(?<!e)ed)\b"
    r"(?![^.]*\bwill\b)"
)

_RIGHT, _RANGES, _WITH_OF_PROSE = compiled(RIGHT), compiled(RANGES, re.I), compiled(WITH_OF_PROSE, re.I)
_LEFT, _PROSE, _WITH, _NOT_NOW, _AFTER = (
    compiled(t, re.I) for t in (LEFT, RIGHT_OF_PROSE, WITH, NOT_NOW, NOT_NOW_AFTER)
)


_OTHERS = re.compile(r".*(?:[.!?;][ ]|\d[:.h]\d\d(?=\W*[^\W\d_]))")


def _own_words(before: str) -> int:
    """Where in ``before`` the words of a time begin: behind the last sentence and the last clock."""
    m = _OTHERS.match(before)
    return m.end() if m is not None else 0


def _search(rows: Compiled, before: str) -> str:
    if not before or before.isspace():
        return ""
    words = set(WORD.findall(before.lower()))
    for row, cues, pattern in rows:
        if (
            (not cues or not cues.isdisjoint(words))
            and pattern.search(before)
            and (row.past or not PAST.search(before, _own_words(before)))
        ):
            return row.name
    return ""


def clock_look(text: str, e: Expression, line_start: int, line_end: int, lead: bool) -> str:
    """Why a bare clock is no time of day: the name of the row, or ""."""
    if e.day is not None or e.zone or e.clock is None or e.clock.half or e.to_next or e.from_previous:
        return ""
    right = text[e.end : min(line_end, e.end + 24)]
    before = text[max(line_start, e.start - 48) : e.start]
    rows = _RIGHT if lead or _AT.search(before) else _RIGHT + _PROSE
    name = next((row.name for row, _, p in rows if p.match(right)), "")
    with_it = before + text[e.start : e.end]
    name = name or _search(_LEFT, before) or _search(_WITH, with_it)
    return name or ("" if lead else _search(_WITH_OF_PROSE, with_it))


_SINCE = re.compile(r"(?<![\w-])(?:since|seit|depuis|sinds)[ ~*_(]{1,3}$", re.I)


def not_now(text: str, e: Expression, clause_start: int, lead: bool) -> str:
    """Why a time is no event that happened: ``planned``, ``every day``, a build's stamp, or "".

    Behind a time that leads its line stands what happened then, so only what stands in front of it speaks. Since when
    something is so has happened, whatever is told of it: "wird seit 08:40 neu aufgebaut".
    """
    before = text[max(clause_start, e.start - 100) : e.start].replace("\n", " ")
    if e.from_previous and e.day is None:
        before = ""  # what stands in front of a range speaks of its first time
    if _SINCE.search(before):
        return ""
    name = _search(_NOT_NOW, before) or (e.to_next and _search(_RANGES, before + text[e.start : e.end])) or ""
    if name or lead:
        return name
    right = text[e.end : e.end + 40].replace("\n", " ")
    return next((row.name for row, _, p in _AFTER if p.match(right)), "")
