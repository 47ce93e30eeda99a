"""Zone words -> offsets: abbreviations, generic names, cities, IANA names, GMT+2.

The law it keeps: an abbreviation is taken literally (PST is UTC-8 in July too, the lint asks), a generic name follows the
season ("Pacific", "Zurich time"), an ambiguous abbreviation follows the sender's offset. Nothing here raises on junk.
"""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailbot.core import lexicon

MEANINGS = "more than one meaning"  # what is said of CST, IST, BST where the sender's offset speaks for none


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as written and as used. ``mine``: "my time", "local time": the reader falls down the ladder to the sender."""

    name: str  # "UTC", "+02:00", "Europe/Zurich", "PDT"
    info: tzinfo
    mine: bool = False
    doubt: str = ""  # why it may not be what was meant, "" where nothing is against it


# Abbreviation -> offsets in minutes; the first is taken when the sender's offset does not speak for another.
# Two-letter words and those that are words of a language are read in capitals only.
ABBREVIATIONS: dict[str, tuple[int, ...]] = {
    "UTC": (0,), "GMT": (0,), "UT": (0,), "Z": (0,), "ZULU": (0,), "WET": (0,),
    "BST": (60, 360), "CET": (60,), "MEZ": (60,), "WEST": (60,), "WAT": (60,), "IST": (330, 60, 120),
    "CEST": (120,), "MESZ": (120,), "CEDT": (120,), "EET": (120,), "SAST": (120,), "CAT": (120,), "IDT": (180,),
    "EEST": (180,), "MSK": (180,), "EAT": (180,), "TRT": (180,), "AST": (-240, 180), "GST": (240,),
    "PKT": (300,), "NPT": (345,), "ICT": (420,), "WIB": (420,), "HKT": (480,), "SGT": (480,), "PHT": (480,), "AWST": (480,),
    "JST": (540,), "KST": (540,), "ACST": (570,), "ACDT": (630,), "AEST": (600,), "AEDT": (660,),
    "NZST": (720,), "NZDT": (780,),
    "BRT": (-180,), "ADT": (-180,), "NST": (-210,), "NDT": (-150,),
    "EDT": (-240,), "EST": (-300, 600), "CDT": (-300,), "CST": (-360, 480), "MDT": (-360,), "MST": (-420, 480),
    "PDT": (-420,), "PST": (-480, 480), "AKDT": (-480,), "AKST": (-540,), "HST": (-600,),
}  # fmt: skip
LOWER_CASE = lexicon.words(
    "utc gmt cet cest pst pdt edt cdt mdt bst jst aest aedt msk eet eest mez mesz"
)  # not est, ist

# Generic names: they follow the season.
GENERIC: dict[str, str] = {
    "PT": "America/Los_Angeles", "MT": "America/Denver", "CT": "America/Chicago", "ET": "America/New_York",
    "PACIFIC": "America/Los_Angeles", "MOUNTAIN": "America/Denver", "CENTRAL": "America/Chicago",
    "EASTERN": "America/New_York", "CENTRAL EUROPEAN": "Europe/Brussels", "EASTERN EUROPEAN": "Europe/Bucharest",
    "WESTERN EUROPEAN": "Europe/Lisbon", "UK": "Europe/London", "BRITISH": "Europe/London", "IRISH": "Europe/Dublin",
    "GERMAN": "Europe/Berlin", "SWISS": "Europe/Zurich", "FRENCH": "Europe/Paris", "ITALIAN": "Europe/Rome",
    "SPANISH": "Europe/Madrid", "DUTCH": "Europe/Amsterdam", "POLISH": "Europe/Warsaw", "INDIAN": "Asia/Kolkata",
    "INDIA": "Asia/Kolkata", "CHINA": "Asia/Shanghai", "BEIJING": "Asia/Shanghai", "JAPAN": "Asia/Tokyo",
    "ISRAEL": "Asia/Jerusalem",
}  # fmt: skip
# Season said in words: "Pacific Standard Time" is the abbreviation.
SPELLED: dict[str, tuple[str, str]] = {
    "PACIFIC": ("PST", "PDT"), "MOUNTAIN": ("MST", "MDT"), "CENTRAL": ("CST", "CDT"), "EASTERN": ("EST", "EDT"),
    "CENTRAL EUROPEAN": ("CET", "CEST"), "EASTERN EUROPEAN": ("EET", "EEST"), "WESTERN EUROPEAN": ("WET", "WEST"),
    "BRITISH": ("GMT", "BST"), "INDIAN": ("IST", "IST"), "INDIA": ("IST", "IST"), "JAPAN": ("JST", "JST"),
    "CHINA": ("CST", "CST"),
}  # fmt: skip
# Cities and countries whose name is no last component of an IANA name.
PLACES: dict[str, str] = {
    "san francisco": "America/Los_Angeles", "california": "America/Los_Angeles", "seattle": "America/Los_Angeles",
    "portland": "America/Los_Angeles", "berkeley": "America/Los_Angeles", "boston": "America/New_York",
    "washington": "America/New_York", "atlanta": "America/New_York", "miami": "America/New_York",
    "philadelphia": "America/New_York", "montreal": "America/Toronto", "ottawa": "America/Toronto",
    "austin": "America/Chicago", "dallas": "America/Chicago", "houston": "America/Chicago", "texas": "America/Chicago",
    "geneva": "Europe/Zurich", "zürich": "Europe/Zurich", "basel": "Europe/Zurich", "bern": "Europe/Zurich",
    "switzerland": "Europe/Zurich", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin",
    "germany": "Europe/Berlin", "cologne": "Europe/Berlin", "france": "Europe/Paris", "lyon": "Europe/Paris",
    "barcelona": "Europe/Madrid", "spain": "Europe/Madrid", "milan": "Europe/Rome", "italy": "Europe/Rome",
    "netherlands": "Europe/Amsterdam", "poland": "Europe/Warsaw", "krakow": "Europe/Warsaw", "romania": "Europe/Bucharest",
    "kyiv": "Europe/Kyiv", "saint petersburg": "Europe/Moscow", "cambridge": "Europe/London", "manchester": "Europe/London",
    "edinburgh": "Europe/London", "england": "Europe/London", "scotland": "Europe/London", "london": "Europe/London",
    "bangalore": "Asia/Kolkata", "bengaluru": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "delhi": "Asia/Kolkata",
    "new delhi": "Asia/Kolkata", "hyderabad": "Asia/Kolkata", "chennai": "Asia/Kolkata", "pune": "Asia/Kolkata",
    "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "tel aviv": "Asia/Jerusalem", "israel": "Asia/Jerusalem",
    "canberra": "Australia/Sydney", "wellington": "Pacific/Auckland", "cape town": "Africa/Johannesburg",
    "rio de janeiro": "America/Sao_Paulo", "são paulo": "America/Sao_Paulo",
}  # fmt: skip

_OFFSET = r"[+\u2212-](?:1[0-4]|0?\d)(?::?(?:00|15|30|45))?(?![\d:.])"
_ABBR = "|".join(sorted((a for a in ABBREVIATIONS if a not in ("UTC", "GMT", "Z")), key=len, reverse=True))
_LOWER = "|".join(sorted(LOWER_CASE - {"utc", "gmt"}, key=len, reverse=True))
_NAMES = "|".join(sorted((g.title() for g in GENERIC if g not in ("PT", "MT", "CT", "ET")), key=len, reverse=True))
_CITY = r"[A-Z][\w\u00c0-\u017f]{2,20}(?:[ \u00a0](?!Time)[A-Z][\w\u00c0-\u017f]{2,20}){0,2}"

#: A zone that needs no word beside it: ``UTC``, ``utc+2``, ``GMT-05:00``, ``PDT``, ``Europe/Zurich``, ``PT``.
SHORT = (
    rf"(?:(?:UTC|GMT|[Uu]tc|gmt)(?:[ ]?{_OFFSET})?"
    r"|(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc|US"
    r"|Canada)/[A-Z][A-Za-z_]{2,20}(?:/[A-Z][A-Za-z_]{2,20})?(?:[+-]\d{1,2})?"
    rf"|(?:{_ABBR}|{_LOWER}|PT|MT|CT|ET)(?![\w/]))"
)
#: A zone in words: ``Pacific``, ``Central European Summer Time``, ``Zurich time``, ``my time``, ``heure de Paris``.
WORDS = (
    rf"(?:(?i:(?:US[ ])?(?:{_NAMES})(?:[ ](?:standard|daylight|summer|winter))?[ ]time(?:[ ]?zone)?)"
    r"|(?i:(?:my|our|your|local)(?:[ ]local)?[ ]time(?:[ ]?zone)?|local(?![ ]\w))|Ortszeit|lokal(?:er)?[ ]Zeit"
    rf"|{_CITY}[ ](?:local[ ])?[Tt]ime\b|heure[ ]de[ ]{_CITY}|hora[ ]de[ ]{_CITY}|ora[ ]di[ ]{_CITY}"
    r"|(?:US[ ])?(?:Pacific|Eastern|Central|Mountain))(?![\w-])"
)
#: A zone after "in": ``in Bucharest`` where nothing but the end of the clause follows.
PLACE = rf"in[ ]{_CITY}(?=[ ]*(?:[,.;:)\]|]|$|\n))"

_OFFSET_PARTS = re.compile(r"(?:UTC|GMT)?[ ]?([+\u2212-])(\d{1,2}):?(\d{2})?\Z", re.I)


def fixed(minutes: int) -> timezone:
    return UTC if minutes == 0 else timezone(timedelta(minutes=minutes))


def offset_name(info: tzinfo, at: datetime) -> str:
    """``+02:00`` for what ``info`` gives at ``at``; ``UTC`` for zero."""
    minutes = round((at.astimezone(info).utcoffset() or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@lru_cache(maxsize=256)
def iana(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, None where there is none (also for names that are paths or junk)."""
    try:
        return ZoneInfo(name) if re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", name) else None
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=1)
def _last_components() -> dict[str, str]:
    names = (importlib.resources.files("tzdata") / "zones").read_text("ascii").split()
    return {n.rsplit("/", 1)[1].replace("_", " ").lower(): n for n in reversed(names) if "/" in n and "Etc/" not in n}


def place(words: str) -> str:
    """IANA name of a city or country, "" where it is not known."""
    key = words.strip().lower()
    return PLACES.get(key) or _last_components().get(key, "")


def read_offset(words: str) -> timezone | None:
    """``+02:00``, ``-0500``, ``UTC+2``, ``GMT-3:30``; None where it is none or beyond 14 hours."""
    m = _OFFSET_PARTS.match(words.strip())
    if not m:
        return None
    hours, minutes = int(m[2]), int(m[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    return fixed((-1 if m[1] != "+" else 1) * (60 * hours + minutes))


def _abbreviation(word: str, sender: int | None) -> Zone | None:
    offsets = ABBREVIATIONS.get(word)
    if offsets is None:
        return None
    if len(offsets) == 1:
        return Zone("UTC" if word in ("Z", "ZULU", "UT") else word, fixed(offsets[0]))
    # The sender's own offset speaks, or the same zone's other season an hour away.
    for near in (0, 60):
        for minutes in offsets:
            if sender is not None and abs(minutes - sender) == near:
                return Zone(word, fixed(minutes), doubt=f"{word} has {MEANINGS}" if word == "IST" and near else "")
    return Zone(word, fixed(offsets[0]), doubt=f"{word} has {MEANINGS}" if word in ("CST", "IST", "BST") else "")


@lru_cache(maxsize=1024)
def read_zone(words: str, sender: int | None = None) -> Zone | None:
    """The zone that ``words`` name, None where they name none. ``sender``: the Date header's offset in minutes, None unknown."""
    words = words.strip(" \t\u00a0()[]")
    upper = words.upper()
    if re.match(r"(?:MY|OUR|YOUR|LOCAL)\b|ORTSZEIT|LOKAL", upper):
        return Zone("local", UTC, mine=True)
    if "/" in words and (info := iana(words)) is not None:
        return Zone(words, info)
    if (offset := read_offset(words)) is not None:
        return Zone(offset_name(offset, datetime(2000, 1, 1, tzinfo=UTC)), offset)
    if (zone := _abbreviation(upper, sender)) is not None:
        return zone
    name = re.sub(r"^(?:in|heure de|hora de|ora di|US) | (?:local )?time(?: ?zone)?$", "", words, flags=re.I)
    season = re.search(r" (standard|winter|daylight|summer)$", name, re.I)
    base = (name[: season.start()] if season else name).upper()
    if season and base in SPELLED:
        return _abbreviation(SPELLED[base][season[1].lower() in ("daylight", "summer")], sender)
    if (zone := _abbreviation(base, sender)) is not None:  # "UTC time"
        return zone
    found = GENERIC.get(base) or place(name)
    info = iana(found) if found else None
    return Zone(found, info) if info is not None else None
