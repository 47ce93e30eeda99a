"""FORMATS: every way to write a date or a time that is understood. A new way is one row with its example, which is its test.

The law it keeps: every piece of a pattern is bounded. A row reads what stands there and nothing around it; dates and clocks are
joined by ``expressions`` and placed on the line of time by ``placing``. LOOKS are what is consumed whole and read by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailbot.core import found as f
from mailbot.core import lexicon
from mailbot.core.lexicon import alternation as any_of
from mailbot.core.zones import SHORT


@dataclass(frozen=True, slots=True)
class Row:
    """``starts``: the row begins with a "digit", a "word", or "both" (then ``pattern`` is for words, ``digits`` for digits)."""

    name: str
    starts: str
    pattern: str
    read: f.Read
    example: str
    means: str  # what the example is: date, clock, zone as far as it says them
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What looks like a time and is none. ``late``: only where no row reads anything."""

    name: str
    starts: str
    pattern: str
    example: str
    late: bool = False


_S = r"(?:[ \t\u00a0]{1,3}|[ \t]{0,3}\n[ \t]{0,12})"  # a gap; mail programs wrap lines anywhere
_MON = any_of(lexicon.MONTHS)
_WD = rf"(?:{any_of(lexicon.WEEKDAYS)})[.,]{{0,2}}{_S}(?:(?:the|den|dem|le|el|il|op|o|am)[ ])?"
_Y = r"(?:19|20)\d\d"
_YEAR = rf"(?P<y>{_Y}|000\d)(?![\d:])"  # the year 0001 of an empty field is read, and refused
_H = r"(?:2[0-4]|[01]?\d)"
_HH = r"(?:2[0-3]|[01]\d)"
_H12 = r"(?:1[0-2]|0?[1-9])"
_M = r"[0-5]\d"
_SEC = r"(?P<s>[0-5]\d|60)"
_FRAC = r"(?:[.,](?P<f>\d{1,9}))?"
_AM_PM = r"(?:[ \t\u00a0]?(?:[aApP][mM]|[aApP]\.[ ]?[mM]\.?)(?!\w))"
_AFTER = r"(?!\d|:[\da-fA-F]{1,4}(?![\w.])|[.,]\d|%)"
_HMS = rf"(?P<h>{_HH}):(?P<m>{_M}):(?P<s>[0-5]\d)"
_MARK = r"(?:[ ]?(?:Uhr|uur|hours|hrs?|h|u)(?![\w-]|[ ](?:of|long|later|after|before|remaining|and|passed)))"
_PART = rf"(?:por la |in the |à |pela )?(?:{any_of(lexicon.PARTS)})"  # of a day
_CLF_MON = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_OFFSET = r"[+-]\d\d:?\d\d"
_DAY_MON = (
    rf"(?P<d>\d{{1,2}})(?P<dot>\.)?(?:st|nd|rd|th|er|º|°)?(?:{_S}|-|/|)(?:(?:of|de|di|day of)[ ])?(?P<mon>{_MON})"
    rf"(?![^\W\d_]|-[a-z]|[ ]{{1,2}}\d{{1,2}}[ ]\d\d:)\.?"
    rf"(?:(?:,|[ ]of|[ ]del?)?(?:{_S}|-|/){_YEAR}|(?:-|[ ]')(?P<y2>\d\d)(?![\d:.\w]))?"
)
_MON_DAY = (
    rf"(?P<mon>{_MON})\.?(?:{_S}|-|)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:\w]|[.,]\d|[ ]?[ap]m)"
    rf"(?:,?{_S}{_YEAR}|,?[ ]'(?P<y2>\d\d)(?![\d:.\w]))?"
)
_UNIT = any_of(lexicon.UNITS)
_AMOUNT = any_of(lexicon.AMOUNTS)
_AGO = r"(?:ago|fa|geleden|temu|atrás)(?!\w)"


def _ago(amount: str) -> str:
    return (
        rf"(?P<n>{amount}){_S}?(?P<u>{_UNIT})(?![^\W\d])(?:(?:,|[ ]and)?{_S}?(?P<n2>\d{{1,3}}){_S}?(?P<u2>{_UNIT})(?!\w))?"
        rf"{_S}{_AGO}|(?P<n3>)(?!)"
    )


FORMATS: tuple[Row, ...] = (
    # Whole stamps
    Row("iso 8601", "digit",
        rf"(?P<y>{_Y})-(?P<mo>\d\d)-(?P<d>\d\d)[Tt_](?P<h>{_HH}):(?P<m>{_M})(?::{_SEC}{_FRAC})?"
        rf"(?P<z>[Zz]|{_OFFSET}|[+-]\d\d(?!\d))?(?![\w:])",
        f.read_stamp, "2026-11-21T14:05:06.123+01:00", "2026-11-21 14:05 +01:00"),
    Row("iso 8601 basic", "digit",
        rf"(?P<y>{_Y})(?P<mo>\d\d)(?P<d>\d\d)T(?P<h>{_HH})(?P<m>{_M})(?P<s>[0-5]\d)?(?P<z>Z|[+-]\d{{4}})?(?!\w)",
        f.read_stamp, "20261121T140506Z", "2026-11-21 14:05 Z"),
    Row("apache log", "digit", rf"(?P<d>\d\d)/(?P<mo>{_CLF_MON})/(?P<y>{_Y}):{_HMS}(?:[ ](?P<z>[+-]\d{{4}}))?",
        f.read_stamp, "21/Nov/2026:14:05:06 +0100", "2026-11-21 14:05 +0100"),
    Row("klog", "word", rf"[IWEF](?P<mo>0[1-9]|1[0-2])(?P<d>[0-3]\d)[ ]{_HMS}\.(?P<f>\d{{1,6}})",
        f.read_stamp, "E1121 14:05:06.123456", "11-21 14:05"),
    Row("tornado log", "digit", rf"(?<=\[[DIWEC][ ])(?P<y2>\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>[0-3]\d)[ ]{_HMS}",
        f.read_stamp, "[E 261121 14:05:06 web:1]", "2026-11-21 14:05"),
    Row("epoch in a chat", "digit", r"(?:(?<=<t:)|(?<=<!date\^))(?P<e>1\d{9})(?!\d)",
        f.read_epoch, "<t:1795269906:f>", "epoch 1795269906"),
    Row("nagios log", "digit", r"(?<=\[)(?P<e>1[4-9]\d{8})(?=\] [A-Z])",
        f.read_epoch, "[1795269906] SERVICE ALERT", "epoch 1795269906"),
    Row("epoch with its name", "digit", r"(?P<e>1[4-9]\d{8})(?:\.(?P<f>\d{1,9})|\d{3}(?!\d))?(?![\d-])",
        f.read_named_epoch, "ts=1795269906", "epoch 1795269906"),
    # Dates
    Row("date, year first", "digit",
        rf"(?P<y>{_Y})(?P<sep>[-/.])(?P<a>\d{{1,2}})(?P=sep)(?P<b>\d{{1,2}})(?!\w|/(?!\d\d:\d\d)|[-.:]\d|-[A-Za-z_])",
        f.read_year_first, "2026-11-21", "2026-11-21"),
    Row("date in one", "digit", r"(?P<y>20\d\d)(?P<a>0[1-9]|1[0-2])(?P<b>[0-3]\d)(?=[ _-]{1,2}\d\d:\d\d)",
        f.read_year_first, "20261121 14:05", "2026-11-21"),
    Row("date in Chinese or Japanese", "digit", rf"(?:(?P<y>{_Y})年)?(?P<a>\d{{1,2}})月(?P<b>\d{{1,2}})[日号]",
        f.read_year_first, "2026年11月21日", "2026-11-21"),
    Row("date with dots", "digit",
        rf"(?P<a>\d{{1,2}})\.(?P<b>\d{{1,2}})\.(?P<y>{_Y}|(?<=\d\d\.\d\d\.)\d\d)(?![\w]|\.\d)",
        f.read_day_first, "21.11.2026", "2026-11-21"),
    Row("date with slashes", "digit",
        rf"(?P<a>\d{{1,2}})(?P<sep>[/-])(?P<b>\d{{1,2}})(?P=sep)(?P<y>{_Y}|\d\d)(?![\w/]|[-.]\d)",
        f.read_either_first, "11/21/2026", "2026-11-21"),
    Row("date, day first", "both", _WD + _DAY_MON, f.read_day_text, "Sat, 21 Nov 2026", "2026-11-21", _DAY_MON),
    Row("date, month first", "word", rf"(?:{_WD})?{_MON_DAY}",
        f.read_day_text, "Saturday, November 21st, 2026", "2026-11-21"),
    Row("weekday", "word",
        rf"(?P<wd>{any_of(lexicon.WEEKDAYS)})(?:(?:{any_of(lexicon.GLUED)})(?!\w)|(?![^\W\d_]|-\w)(?:[ ]{_PART}(?!\w))?)"
        r"(?:,?[ ](?:(?:the|den)[ ])?(?P<d>\d{1,2})(?:st|nd|rd|th|\.)(?!\w))?",
        f.read_weekday, "Saturday 21st", "Saturday, the 21"),
    Row("day by name", "word",
        rf"(?P<name>{any_of((*lexicon.DAYS, *lexicon.NIGHTS, *lexicon.STEPS))})(?:[ ]{_PART})?(?!\w|['’](?!s\b))",
        f.read_day_word, "yesterday", "-1 day"),
    Row("day of the month", "digit", r"(?<=[Tt]he[ ])(?P<d>\d{1,2})(?:st|nd|rd|th)(?!\w)",
        f.read_day_of_month, "the 21st", "the 21"),
    # Before something
    Row("ago", "both", _ago(_AMOUNT), f.read_ago, "20 min ago", "20 minutes ago", _ago(r"\d{1,3}(?:[.,]\d)?")),
    Row("vor, il y a, hace", "word",
        rf"(?:[Vv]or(?:{_S}etwa|{_S}ca\.)?|[Ii]l y a(?: environ)?|[Hh]ace(?: unos)?|[Hh]á(?: cerca de)?){_S}"
        rf"(?P<n>\d{{1,3}}|{_AMOUNT}){_S}(?P<u>{_UNIT})(?!\w)",
        f.read_ago, "vor 20 Minuten", "20 minutes ago"),
    # Clocks
    Row("clock", "digit",
        rf"(?P<h>{_H})[:：](?P<m>{_M})(?:[:：]{_SEC}{_FRAC})?{_AFTER}"
        rf"(?:(?P<half>{_AM_PM}|[aApP](?!\w))|{_MARK})?(?!(?!ish\b|(?:UTC|GMT|[A-Z]{{2,3}}T)\b)[A-SU-Ya-z\u00c0-\u024f]|_\w)",
        f.read_clock, "14:05:06", "14:05"),
    Row("range of hours", "digit",
        rf"(?P<h>{_H12})(?=[ ]?(?:-|–|—|to)[ ]?{_H12}(?:[:.]{_M})?(?P<half>[ ]?[aApP]\.?[mM])(?!\w))",
        f.read_hour, "2-3pm", "14:00"),
    Row("range of hours before its word", "digit",
        rf"(?P<h>{_H})(?=[ ]?(?:-|–|bis|et|à|y|e|en|tot|a)[ ]?{_H}(?:[.:]{_M})?[ ]?(?:Uhr|uur|horas|heures|[hH](?!\w)))",
        f.read_hour, "14 bis 16 Uhr", "14:00"),
    Row("hour with am or pm", "digit", rf"(?P<h>{_H12})(?:[.](?P<m>{_M}))?(?P<half>{_AM_PM})", f.read_hour, "3pm", "15:00"),
    Row("o'clock", "digit", r"(?P<h>1[0-2]|[1-9])[ ]o['’]?clock(?!\w)", f.read_hour, "3 o'clock", "03:00"),
    Row("clock with a dot at the end of a sentence", "digit",
        r"(?:(?<=\b[UuOo]m[ ])|(?<=gegen[ ])|(?<=\brond[ ])|(?<=\b[Aa]lle[ ])|(?<=\bkl[ ])|(?<=\bkl\.[ ])|(?<=\bore[ ]))"
        rf"(?P<h>{_H})\.(?P<m>{_M})(?=\.(?:[ \n)]|$))(?!\.[ ]\d)",
        f.read_clock, "um 14.05.", "14:05"),
    Row("clock with a dot", "digit",
        rf"(?P<h>{_H})\.(?P<m>{_M})(?![\d.]|[ ]?%)"
        rf"(?P<mark>{_MARK}|(?=[ ]?(?:-|–|bis|und|tot|en)[ ]?{_H}[.:]{_M}[ ]?(?:Uhr|uur)(?!\w)))?",
        f.read_dotted, "14.05 Uhr", "14:05"),
    Row("Uhr", "digit", rf"(?P<h>{_H})[ ]?(?:Uhr|uur)(?:[ ](?P<m>{_M}))?(?!\w)", f.read_hour, "14 Uhr 05", "14:05"),
    Row("h between", "digit", rf"(?P<h>{_H})[ ]?(?:[hHu]|heures?)[ ]?(?P<m>{_M})(?![\w:]|\.\d|[ ]?(?:m|min|mn)(?!\w))",
        f.read_clock, "15h50", "15:50"),
    Row("hour with h", "digit", rf"(?P<h>{_H})[ ]?(?:[hH]|heures?)(?!\w)", f.read_french_hour, "à 15h", "15:00"),
    Row("clock in Chinese or Japanese", "digit", rf"(?P<h>{_H})[時时点](?:(?P<m>{_M})分)?", f.read_hour, "14時05分", "14:05"),
    Row("hour of a part of the day", "digit",
        r"(?P<h>1[0-2]|[1-9])(?=[ ](?:in the (?:morning|afternoon|evening)|de la (?:mañana|tarde|noche|madrugada)"
        r"|da (?:manhã|tarde|noite)|del (?:mattino|pomeriggio)|di sera|du (?:matin|soir)|de l['’]après-midi)(?!\w))",
        f.read_hour, "9 in the morning", "09:00"),
    Row("hour behind its word", "digit",
        rf"(?:(?<=[Aa]lle[ ])|(?<=a[ ]las[ ])|(?<=às[ ])|(?<=godz\.[ ])|(?<=godzinie[ ]))(?P<h>{_H})(?:[ ]e[ ](?P<m>{_M}))?"
        r"(?![\d.:%/-]|[ ](?:horas|hs?\b|y[ ]las|o['’]))",
        f.read_hour, "alle 14 e 05", "14:05"),
    Row("horas", "digit", rf"(?<=[ ]las[ ])(?P<h>{_H})(?=[ ](?:horas|hs?\b|y[ ]las))", f.read_hour, "a las 14 horas", "14:00"),
    Row("four digits", "digit",
        rf"(?P<h>{_HH})(?P<m>{_M})(?:(?P<z>Z)|(?P<unit>[ ]?(?:hrs?|hours|h))|(?=[ ]?(?:{SHORT})))(?![\w-])",
        f.read_military, "1405Z", "14:05 Z"),
    Row("at and four digits", "digit", rf"(?<=\bat[ ])(?P<h>0\d)(?P<m>{_M})(?![\w:/-]|[.,]\d)", f.read_clock, "at 0805", "08:05"),
    Row("clock in words", "word", rf"(?:{any_of(lexicon.CLOCK_WORDS)})(?!\w)", f.read_clock_word, "noon", "12:00"),
    # Dates that are none alone
    Row("month and day", "digit", r"(?P<a>0\d|1[0-2])-(?P<b>[0-3]\d)(?=[ T]\d\d:)", f.read_month_first, "11-21 14:05", "11-21"),
    Row("slash without year", "digit", r"(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\w/]|[-.]\d)",
        f.read_either_first, "11/21", "11-21"),
    Row("dots without year", "digit", r"(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?!\d)", f.read_day_first, "21.11.", "11-21"),
)  # fmt: skip

LOOKS: tuple[Look, ...] = (
    Look("address", "word", r"(?:https?|ftp|wss?|file|s3|gs|ssh|git|mailto|slack|tel):(?://)?[^\s|)>\]]{1,2000}",
        "https://example.org/2026/11/21/14:05"),
    Look("ip address", "digit", r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?(?![\w.])", "10.0.14.05:8080"),
    Look("hardware address", "digit", r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){3,40}+", "14:05:06:07:08:09"),
    Look("path of numbers", "digit", r"\d{1,8}(?:/\d{1,8}){3,40}+", "14/05/11/21"),
    Look("pci slot", "digit", r"(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?![\w.])", "0000:03:00.0"),
    Look("version", "digit", r"\d{1,5}(?:\.\d{1,6}){2,8}(?:[-+~][\w.+~-]{1,40})?(?!\w)", "5.4.19-1", late=True),
    Look("identifier", "digit", r"\d{1,14}[A-Za-z_]{0,4}(?:-\d{0,8}[A-Za-z]{1,12}\d{1,12}|_)[\w-]{0,60}",
        "134a959a-n2sk", late=True),
)  # fmt: skip
