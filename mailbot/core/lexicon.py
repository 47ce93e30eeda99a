"""The words of dates in the languages people write to us: months, weekdays, days said by name. Tables only, and what reads them.

The law it keeps: a word that is also an everyday word ("may", "set", "out", "ago") is a date only in capitals or beside a year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def words(text: str) -> frozenset[str]:
    """The words of a line of a table."""
    return frozenset(text.split())


# One line a month: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Nordic, Russian, and short forms.
MONTH_LINES = (
    "january jan januar jänner januari janvier janv enero ene gennaio gen janeiro styczeń stycznia января",
    "february feb februar februari février févr fév febrero febbraio fevereiro fev luty lutego февраля",
    "march mar märz mrz maart mrt mars marzo março marzec marca marts марта",
    "april apr avril avr abril abr aprile kwiecień kwietnia апреля",
    "may mai mayo maggio mag maio mei maj maja мая",
    "june jun juni juin junio giugno giu junho czerwiec czerwca июня",
    "july jul juli juillet juil julio luglio lug julho lipiec lipca июля",
    "august aug août agosto ago augustus sierpień sierpnia augusti августа",
    "september sep sept septembre septiembre settembre set setembro wrzesień września сентября",
    "october oct oktober okt octobre octubre ottobre ott outubro out październik października октября",
    "november nov novembre noviembre novembro listopad listopada ноября",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudzień grudnia desember декабря",
)
MONTHS: dict[str, int] = {w: n for n, line in enumerate(MONTH_LINES, 1) for w in line.split()}
#: Everyday words in some language: a month only beside a year ("ago", "set", "out") or in capitals ("May", "March", "Mar").
MONTH_NEEDS_YEAR = words("ago set out gen mag lug ene abr")
MONTH_NEEDS_CAPITAL = words("may march mar")

WEEKDAY_LINES = (
    "monday mon montag lundi lunes lunedì segunda-feira maandag poniedziałek",
    "tuesday tues tue dienstag mardi martes martedì terça-feira dinsdag wtorek",
    "wednesday wed mittwoch mercredi miércoles mercoledì quarta-feira woensdag środa środę",
    "thursday thurs thur thu donnerstag jeudi jueves giovedì quinta-feira donderdag czwartek",
    "friday fri freitag vendredi viernes venerdì sexta-feira vrijdag piątek",
    "saturday sat samstag sonnabend samedi sábado sabato zaterdag sobota sobotę",
    "sunday sun sonntag dimanche domingo domenica zondag niedziela niedzielę",
)
WEEKDAYS: dict[str, int] = {w: n for n, line in enumerate(WEEKDAY_LINES) for w in line.split()}
#: Days by name -> days from the Date header's day.
DAYS: dict[str, int] = {
    "today": 0, "yesterday": -1, "tomorrow": 1, "tonight": 0,
    "the day before yesterday": -2, "day before yesterday": -2, "the day after tomorrow": 2, "day after tomorrow": 2,
    "avant-hier": -2, "après-demain": 2, "anteayer": -2, "antes de ayer": -2, "pasado mañana": 2, "l'altro ieri": -2,
    "l’altro ieri": -2, "dopodomani": 2, "anteontem": -2, "eergisteren": -2, "overmorgen": 2, "przedwczoraj": -2, "pojutrze": 2,
    "heute": 0, "gestern": -1, "vorgestern": -2, "übermorgen": 2,
    "aujourd'hui": 0, "aujourd’hui": 0, "hier": -1, "demain": 1, "hoy": 0, "ayer": -1,
    "oggi": 0, "ieri": -1, "domani": 1,
    "gisteravond": -1, "gisterenavond": -1, "gistermiddag": -1, "gisterochtend": -1, "igår": -1, "вчера": -1, "сегодня": 0,
    "this morning": 0, "this afternoon": 0, "this evening": 0, "ce matin": 0, "cet après-midi": 0, "esta mañana": 0,
    "esta tarde": 0, "ce soir": 0, "stasera": 0, "questa mattina": 0, "questo pomeriggio": 0, "vanavond": 0, "vanmiddag": 0,
    "stamattina": 0, "vanochtend": 0, "vanmorgen": 0,
    "hoje": 0, "ontem": -1, "amanhã": 1,
    "vandaag": 0, "gisteren": -1, "dzisiaj": 0, "dziś": 0, "wczoraj": -1, "jutro": 1,
}  # fmt: skip
#: Days by name -> days from the day that the text tells of.
STEPS: dict[str, int] = {
    **{f"{the} {part}": 1 for the in ("the next", "the following", "next") for part in (
        "day", "morning", "afternoon", "evening")},
    **{f"the {part} before": -1 for part in ("day", "night", "evening", "afternoon", "morning")},
    **{f"the previous {part}": -1 for part in ("day", "night", "evening", "afternoon", "morning")},
    **{f"{n} later": d for n, d in (("a day", 1), ("one day", 1), ("two days", 2), ("three days", 3))},
    **{f"{n} earlier": d for n, d in (("a day", -1), ("one day", -1), ("two days", -2))},
    **{f"{the} {part}": 1 for the in ("nächsten", "folgenden") for part in (
        "tag", "morgen", "vormittag", "mittag", "nachmittag", "abend")},
    "am folgetag": 1, "am tag darauf": 1, "am tag danach": 1, "tags darauf": 1, "am vortag": -1, "am vorabend": -1,
    "am tag zuvor": -1, "am abend zuvor": -1, "am tag davor": -1, "am abend davor": -1, "le lendemain": 1,
    "le jour suivant": 1, "la veille": -1, "al día siguiente": 1, "el día siguiente": 1, "a la mañana siguiente": 1,
    "el día anterior": -1, "la noche anterior": -1, "il giorno dopo": 1, "il giorno seguente": 1, "la mattina dopo": 1,
    "il giorno prima": -1, "la sera prima": -1, "no dia seguinte": 1, "na manhã seguinte": 1, "no dia anterior": -1,
    "de volgende dag": 1, "de volgende ochtend": 1, "de dag erna": 1, "de dag ervoor": -1, "de avond ervoor": -1,
    "następnego dnia": 1,
}  # fmt: skip
#: The night to the Date header's day: 23:10 of it was the day before. ("last night at 11pm", "last night at 2am")
NIGHTS = frozenset((
    "last night", "overnight", "letzte nacht", "vergangene nacht", "heute nacht", "cette nuit", "nuit dernière", "anoche",
    "esta noche", "stanotte", "vannacht", "afgelopen nacht", "esta madrugada",
))  # fmt: skip

#: Parts of the day -> the minute its hours are counted from: 8:30 in the evening is the first 8:30 from there on.
PARTS: dict[str, int] = {
    "morning": 0, "früh": 0, "morgen": 0, "vormittag": 0, "matin": 0, "mañana": 0, "mattina": 0, "manhã": 0, "ochtend": 0,
    "rano": 0, "mittag": 660, "middag": 660, "afternoon": 720, "evening": 720, "nachmittag": 720, "abend": 720,
    "après-midi": 720, "soir": 720, "tarde": 720, "pomeriggio": 720, "sera": 720, "avond": 720, "wieczorem": 720,
    "po południu": 720, "night": 1080, "nacht": 1080, "nuit": 1080, "noche": 1080, "notte": 1080, "noite": 1080,
    "stasera": 720, "tonight": 1080, "anoche": 1080,
}  # fmt: skip
#: Those that stand at the end of a longer word: Dienstagabend, gisteravond.
GLUED = words("morgen vormittag nachmittag mittag abend nacht ochtend middag avond")

#: Times of day by name -> minutes after midnight.
CLOCK_WORDS: dict[str, int] = {
    "noon": 720, "midday": 720, "midnight": 1440, "mittag": 720, "mittags": 720, "mitternacht": 1440, "midi": 720, "minuit": 1440,
    "mediodía": 720, "medianoche": 1440, "mezzogiorno": 720, "mezzanotte": 1440, "meio-dia": 720, "meia-noite": 1440,
    "middernacht": 1440,
}  # fmt: skip

#: Unit words of "20 min ago" -> minutes; None: a month, a year: no instant.
UNITS: dict[str, int] = {
    "s": 0, "sec": 0, "secs": 0, "second": 0, "seconds": 0,
    "m": 1, "min": 1, "mins": 1, "minute": 1, "minutes": 1, "minuten": 1, "minutos": 1, "minuto": 1, "minuti": 1, "minut": 1,
    "minuty": 1, "h": 60, "hr": 60, "hrs": 60, "hour": 60, "hours": 60, "stunde": 60, "stunden": 60, "heure": 60, "heures": 60,
    "hora": 60, "horas": 60, "ora": 60, "ore": 60, "uur": 60, "godzin": 60, "godziny": 60, "godzinę": 60,
    "day": 1440, "days": 1440, "tag": 1440, "tagen": 1440, "jour": 1440, "jours": 1440, "días": 1440, "día": 1440,
    "giorni": 1440, "giorno": 1440, "dias": 1440, "dia": 1440, "dagen": 1440, "dag": 1440, "dni": 1440,
}  # fmt: skip

#: Numbers said in words in front of a unit.
AMOUNTS: dict[str, float] = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "half an": 0.5, "half a": 0.5, "einer": 1, "einem": 1, "einen": 1,
    "eine": 1, "zwei": 2, "drei": 3, "une": 1, "un": 1, "una": 1, "um": 1, "uma": 1, "deux": 2, "dos": 2, "due": 2, "een": 1,
    "an hour and a": 1,
}  # fmt: skip


def month(word: str, with_year: bool) -> int | None:
    """1..12 for a month's name as written, None where it is none or an everyday word here."""
    low = word.lower().rstrip(".")
    number = MONTHS.get(low)
    if number is None or (low in MONTH_NEEDS_YEAR and not with_year):
        return None
    if low in MONTH_NEEDS_CAPITAL and not with_year and word[:1].islower():
        return None
    return number


def alternation(words: Iterable[str]) -> str:
    """A regex piece for any of ``words`` in any case, longest first, grouped by first letter (which is what makes it fast)."""
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda w: (-len(w), w)):
        groups.setdefault(word[0], []).append(re.escape(word[1:]).replace("\\ ", "[ \\n]"))  # mail programs wrap lines
    return "|".join(f"[{c}{c.upper()}](?i:{'|'.join(rest)})" for c, rest in sorted(groups.items()))
