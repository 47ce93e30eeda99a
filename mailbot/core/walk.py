"""The walk over a sheet: line by line, every time is refused or placed, and what moves the day or the zone is told to the placer.

The law it keeps: one pass, top to bottom; a line without times costs nothing but a look at its marks.
"""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta

from mailbot.core import looks
from mailbot.core.days import resolve
from mailbot.core.expressions import Expression
from mailbot.core.found import Day
from mailbot.core.listings import DAY_CHANGED, line_look
from mailbot.core.looks import clock_look, not_now
from mailbot.core.page import Line, head_zone, is_lead
from mailbot.core.place import COUNTED, Place
from mailbot.core.placing import SLACK, Placer
from mailbot.core.sheet import (
    Sheet,
    all_days,
    consoles_in_utc,
    days_said,
    local_zone,
    month_first,
    newest_first,
    posted_below,
    zones_said,
)
from mailbot.core.zones import Zone, read_zone

_ZONE_WORD = re.compile(r"[A-Z]{2}|[Tt]ime|[Ll]ocal|Pacific|Eastern|Central|Mountain|utc|gmt|cest|/")
_SEPARATED = re.compile(r"[ \t*_)\]]{0,4}[:|\u2013\u2014-][ \t|*_-]*[^\W_]{3}")
_NIGHT_TO = re.compile(
    r"\b(?:night|nacht|nuit|noche|notte|noite)\b.{0,40}\b(?:to|auf|au|al|op|para)(?:[ ](?:den|the|el|o))?[ ]$", re.I
)
_IN_NIGHT = re.compile(r"(?:(?<!mid)night|(?<!mitter)(?<!midder)nacht|\b(?:nuit|noche|notte|noite))\b", re.I)
_PAGE_STAMP = re.compile(
    r"\b(?:(?:last )?(?:updated|modified|edited|reviewed)|published|posted|written|(?:report|publication) date|date of report)"
    r"(?: on| by [^\n]{2,30})?[ \t]?:?[ \t*_]*$",
    re.I,
)
_HOW_LONG = re.compile(
    r"[ \t*_]*(?:(?:total|outage)[ ])?(?:duration|downtime|elapsed|length|delay|lag|mtt[rd]|tt[rd]|time (?:taken|lost|to \w+)"
    r"|(?:ausfall)?dauer|ausfallzeit|durée|duración|durata|duração|duur)\b[^|]{0,20}$",
    re.I,
)
AHEAD = timedelta(minutes=5)
LONG = 2000  # characters before a time that are looked at, or a line of 100 KB would be for each time in it
TABLE, LABEL = 8, 7  # levels below every heading: a table's head, a line that names a zone


Refused = tuple[int, int, int, str]  # line, start, end, and why a time is no event: for ``why``


def walk(sheet: Sheet, subject: str, refused: list[Refused] | None = None) -> list[list[Place]]:
    """For every line of the sheet the places that are events, in order."""
    if not sheet.lines:
        return []
    swap, order_known = month_first(sheet)
    first, stated = days_said(sheet, swap, subject)
    placer = Placer(sheet.known, first, stated, swap, order_known)
    named = all_days(sheet, swap)
    placer.one_day = len(named) < 2
    placer.looks_back = not named and first is None and looks.REPORT.search(sheet.text, 0, 2000) is not None
    placer.newest_first = newest_first(sheet)
    placer.all_one, placer.few, placer.other_zones, placer.zones = zones_said(sheet)
    placer.consoles_in_utc = consoles_in_utc(sheet, SLACK)
    placer.local = local_zone(sheet)
    return _Walk(sheet, placer, [] if refused is None else refused).run()


class _Walk:
    def __init__(self, sheet: Sheet, placer: Placer, refused: list[Refused]) -> None:
        self.sheet, self.refused = sheet, refused
        self.text = sheet.text
        self.placer = placer
        self.sent = sheet.known.mail.astimezone(UTC)
        self.latest = self.sent + SLACK
        self.chat = False  # below a line that is a nick and a time: "5 hours ago" counts from there
        self.last: Place | None = None
        self.block = 0  # paragraphs seen
        self.counted = 0  # the line that says "the next day": all its times are as unsure as that
        self.to_come = -1  # the paragraph that names a day still to come
        self.posted = posted_below(sheet, placer.swap)
        self.how_long: set[int] = set()  # the columns of this table that say how long something took

    def run(self) -> list[list[Place]]:
        placer, coming = self.placer, list(self.sheet.said)
        if coming:
            placer.message_zone = coming[0][2]  # said once, it holds for what stands above it as well
        out: list[list[Place]] = []
        table = False
        for index, line in enumerate(self.sheet.lines):
            while coming and coming[0][0] <= line.end:
                placer.message_zone = coming.pop(0)[2]
            if table and not line.table and not line.blank:
                placer.columns = {}
                if placer.block_level == TABLE:
                    placer.heading(TABLE + 1, None, None)
            if line.table and not table:
                head = self.text[line.body : min(line.end, line.body + 400)].split("|")
                self.how_long = {n for n, cell in enumerate(head, 1) if _HOW_LONG.match(cell)}
            table = line.table
            if line.blank:
                placer.paragraph += 1
                self.block += 1
                self.chat = self.chat and line.start != line.end
                out.append([])
            else:
                above = self.sheet.lines[index - 1] if index else line
                ends = self.text[above.end - 1 : above.end] in (".", "!", "?", ":")
                placer.paragraph += line.bullet or line.heading > 0 or ends
                out.append(self._line(index, line))
        return out

    def _line(self, index: int, line: Line) -> list[Place]:
        row = self.sheet.on_line[index]
        if not any(e.timed for e in row):
            self._without_times(line, row, bool(row) and self._stands_alone(index))
            return [p] if row and (p := self._dated(row[0], line)) is not None else []
        look = line_look(self.text[line.start : line.end])
        if look:
            day = self._day(row[0]) if look == DAY_CHANGED else None
            if day is not None:
                self.placer.day_line(day)
            self.refused += [(line.number, e.start, e.end, look) for e in row if e.timed]
            return []
        out: list[Place] = []
        clause, previous, first = line.start, None, True
        for number, e in enumerate(row):
            if not e.timed:
                self._mention(e, line, clause)
                continue
            p = Place(e, line, first and self._leads(e, line, number))
            if line.table and (self.placer.columns or self.how_long):
                p.column = self.text.count("|", line.body, e.start) + 1
            first = False
            self._place(p, index, previous)
            if p.utc is not None and not p.dropped:
                out.append(p)
                self.last = p
                if p.lead:
                    self.chat = e.end >= line.end - 3 and e.start > line.body + 1 and not line.heading
            else:
                self.refused.append((line.number, e.start, e.end, p.dropped or "no such time"))
                if e.from_previous and out and out[-1] is previous:  # what ends in the future has not begun
                    out.pop()
            previous, clause = p, e.end
        return out

    def _leads(self, e: Expression, line: Line, number: int) -> bool:
        if is_lead(self.text, e.start, e.end, line):
            return True
        return line.table and number == 0 and self.text.count("|", line.body, e.start) <= 2

    def _place(self, p: Place, index: int, previous: Place | None) -> None:
        e, line, placer = p.e, p.line, self.placer
        bare = e.day is None and not e.zone and not e.to_next and not e.from_previous
        if bare and p.column in self.how_long:
            p.dropped = "duration"
        else:
            p.dropped = clock_look(self.text, e, line.start, line.end, p.lead)
        if not p.dropped:
            start = line.start if p.lead and not self._goes_on(index) else self._clause(line, index)
            p.dropped = not_now(self.text, e, start, p.lead) or self._echo(p) or self._also_open(p, previous)
        if p.dropped:
            return
        if e.day is None and not p.lead:
            paragraph = max(0, line.start - 300, e.start - LONG)
            paragraph = max(paragraph, self.text.rfind("\n\n", paragraph, e.start))
            p.plans = looks.PLANS.search(self.text, paragraph, e.start) is not None
            p.until = looks.UNTIL.search(self.text, max(line.start, e.start - 16), e.start) is not None
            p.ended = looks.ENDED.search(self._sentence(e, line)) is not None
            if self.to_come == self.block and not looks.PAST.search(self._sentence(e, line)):
                p.dropped = "planned"
                return
        zone = read_zone(e.zone, self.sheet.known.minutes) if e.zone else None
        if e.from_previous and previous is not None and e.day is None:
            placer.range_end(previous, p, zone)
            return
        if index in self.posted and e.day is None and e.clock is not None:
            placer.line_day, placer.latest = (line.number, self._day_of_post(self.posted[index], e, zone)), None
        base = placer.lead_at if self.chat and e.ago is not None else None
        placer.place(p, zone)
        if e.day is not None and e.day.told:
            self.counted = line.number
        elif e.day is None and line.number == self.counted:
            p.doubt(COUNTED)
        if self._small_hours(e, line):
            p.doubt("the small hours of a day's night: of that day or of the next")
        if base is not None and e.ago is not None:
            p.utc = base - timedelta(minutes=e.ago)
        if p.utc is not None and p.utc > self.sent and self._called_for(p):
            p.dropped = "planned"
        if not p.dropped and p.utc is not None and p.utc > self.latest and p.sure and p.date_from == "written":
            p.dropped = "later than the mail"

    def _called_for(self, p: Place) -> bool:
        """Join the bridge at 20:30, in a mail of 20:15. A clock that is ahead, and tells of the past, is so by minutes."""
        before = self.text[max(p.line.start, p.e.start - 60) : p.e.start]
        ahead = p.utc is not None and p.utc <= self.sent + AHEAD and looks.PAST.search(before) is not None
        return looks.MEETING.search(before) is not None and not ahead

    def _echo(self, p: Place) -> str:
        """A log's own stamp under a stamp that says its zone: the same moment once more, hours apart."""
        e, last = p.e, self.last
        if last is None or e.zone or e.clock is None or not e.clock.has_seconds or last.zone_from != "written":
            return ""
        above = last.e.clock
        if above is None or not above.has_seconds or not 0 <= e.start - last.e.end <= 8:
            return ""
        apart = e.clock.minutes - above.minutes
        same = apart % 60 == 0 and apart and int(e.clock.seconds) == int(above.seconds)
        return "the stamp above, in another zone" if same else ""

    def _also_open(self, p: Place, previous: Place | None) -> str:
        """Mon-Fri 8-18 and Sat 9-13: the next of the opening hours."""
        if previous is None or previous.dropped != looks.OPEN or not (p.e.to_next or p.e.from_previous):
            return ""
        return looks.OPEN if not re.search(r"[.!?|]|.{24}", self.text[previous.e.end : p.e.start]) else ""

    def _clause(self, line: Line, index: int) -> int:
        """Where the sentence around a time may begin: this line, or the one above where it runs on."""
        lines = self.sheet.lines
        if index and not (line.bullet or line.table or line.heading) and lines[index - 1].end + 1 == line.start:
            above = lines[index - 1]
            if not (above.blank or above.heading or above.table):
                return above.body
        return line.start

    def _goes_on(self, index: int) -> bool:
        """Whether a line goes on with the sentence of a full line above it: a mail program broke it there."""
        above, line = self.sheet.lines[max(0, index - 1)], self.sheet.lines[index]
        plain = not (line.bullet or line.table or line.heading or above.blank or above.table or above.heading)
        full = above.end - above.start >= 50 and self.text[above.end - 1] not in ".!?:;,"
        timed = any(
            e.timed and is_lead(self.text, e.start, e.end, above) for e in self.sheet.on_line[max(0, index - 1)]
        )
        return plain and full and not timed and self.text[line.start].isdigit()

    def _stands_alone(self, index: int) -> bool:
        """A short line with nothing right above and below and no full stop: a heading without its mark."""
        lines = self.sheet.lines
        line = lines[index]
        if line.bullet or line.table or line.end - line.start >= 80 or self.text[line.end - 1] in ".!?;,":
            return False
        return all(n.blank for n in (*lines[max(0, index - 1) : index], *lines[index + 1 : index + 2]))

    def _without_times(self, line: Line, row: list[Expression], stands_alone: bool) -> None:
        """A heading, a table's head, a date of its own, a line that names a zone; or prose that names a day."""
        placer, length = self.placer, line.end - line.start
        if (
            not row
            and not line.heading
            and ((length >= 80 and not line.table) or not _ZONE_WORD.search(self.text, line.start, line.end))
        ):
            return
        words = self.text[line.start : min(line.end, line.start + 400)]
        zone = None
        if (line.heading or line.table or (length < 80 and not words.rstrip().endswith("."))) and _ZONE_WORD.search(
            words
        ):
            zone = head_zone(words.strip(" \t#*_=>"), self.sheet.known.minutes)
        row = [
            e
            for e in row
            if line.heading or not _PAGE_STAMP.search(self.text, max(line.start, e.start - LONG), e.start)
        ]
        days = [
            (e, d, e.day)
            for e in row
            if (not e.weak or self._fills(e, line)) and e.day is not None and (d := self._day(e)) is not None
        ]
        if line.heading:
            placer.heading(line.heading, zone, *(days[0][1:] if days else (None,)))
            return
        if line.table:
            self._columns(words)
        if zone is not None:
            placer.block_zone, placer.block_level, placer.list_zone = zone, TABLE if line.table else LABEL, None
        look = line_look(words) if row else ""
        if look and look != DAY_CHANGED:
            return
        alone = [
            (d, said)
            for e, d, said in days
            if look
            or self.sheet.is_alone(e, line)
            or self._fills(e, line)
            or (stands_alone and len(days) == 1 and self._at_edge(e, line))
        ]
        if alone:
            placer.day_line(*alone[0])
            return
        for e in row:
            self._mention(e, line, line.start)

    def _at_edge(self, e: Expression, line: Line) -> bool:
        """Whether a line begins or ends with a date with its month: "Report of the outage of 23 September 2026"."""
        if e.day is None or e.day.month is None:
            return False
        return not self.text[line.body : e.start] or not self.text[e.end : line.end].strip(" \t:*_=#-")

    def _fills(self, e: Expression, line: Line) -> bool:
        """Whether a line is nothing but this date: 2/28"""
        rest = self.text[line.start : e.start] + self.text[e.end : line.end]
        return e.day is not None and e.day.month is not None and not rest.strip(" \t*_:#=-()[]")

    def _dated(self, e: Expression, line: Line) -> Place | None:
        """A list entry or a table row that a date without a clock leads: "- 2026-11-20: disk replaced". Precise to the day."""
        if not (line.bullet or line.table) or e.weak or e.day is None or e.day.month is None:
            return None
        if not is_lead(self.text, e.start, e.end, line) or not _SEPARATED.match(self.text, e.end, line.end):
            return None
        p = Place(e, line, True)
        self.placer.place_day(p)
        return p if p.utc is not None and p.utc <= self.latest else None

    def _columns(self, words: str) -> None:
        """A table's head whose columns say different zones: | Local (PST) | UTC |."""
        cells = words.strip().strip("|").split("|")
        zones = {i: z for i, cell in enumerate(cells, 1) if (z := head_zone(cell.strip(), self.sheet.known.minutes))}
        if len(zones) > 1:
            self.placer.columns = zones

    def _day(self, e: Expression) -> date | None:
        mail = self.sheet.known.mail.date()
        told = self.placer.told_day()
        found = resolve(e.day, mail, self.placer.swap and e.day.swapped, told) if e.day is not None else None
        return found if found is not None and found <= mail + timedelta(days=1) else None

    def _mention(self, e: Expression, line: Line, clause: int) -> None:
        """A day in prose; in brackets, or against a statement, it is only that line's."""
        if looks.WEEKLY.match(self.text, e.start, e.start + 60):
            return
        found = self._day(e)
        if found is None and e.day is not None and e.day.month is not None and not e.weak:
            day = resolve(e.day, self.sheet.known.mail.date())
            if day is not None and day > self.sheet.known.mail.date():
                self.to_come = self.block
        if found is None or e.weak or not_now(self.text, e, clause, False):
            return
        if found is not None and self._same_night(e, found, line):
            self.placer.mention(found, line, Day(night=True))
            return
        said = self.text[max(line.body, e.start - 120) : e.start]
        begins = len(said[said.rfind(". ") + 1 :].split()) <= 4
        if e.day is not None and e.day.told:
            self.counted = line.number
            if begins and e.day.delta == 1:
                self.placer.mention(found, line, e.day)
            return
        bracket = self.text.rfind("(", line.start, e.start) > self.text.rfind(")", line.start, e.start)
        aside = bracket or (not begins and self.last is not None)
        if self.placer.stated is None and not aside:
            self.placer.mention(found, line, e.day or Day())
        else:
            self.placer.line_day = (line.number, found)

    def _sentence(self, e: Expression, line: Line) -> str:
        """What stands beside a time up to the full stops, 100 characters at most on each side."""
        before = self.text[max(line.start - 100, e.start - 100, 0) : e.start]
        return before[before.rfind(". ") + 1 :] + self.text[e.end : e.end + 100].split(". ", 1)[0]

    def _small_hours(self, e: Expression, line: Line) -> bool:
        """Whether a clock is of "Monday night" and past midnight; "last night" and "the night to Monday" say which it is."""
        if e.day is None or e.day.night or e.clock is None or e.clock.minutes >= 300:
            return False
        start = max(line.start, e.start - 48)
        said = _IN_NIGHT.search(self.text, max(start, e.start - 20), e.end) is not None
        return said and _NIGHT_TO.search(self.text[start : e.start]) is None

    def _same_night(self, e: Expression, found: date, line: Line) -> bool:
        """In the night from Monday to Tuesday: the second of two days in a row, told as one night."""
        before = self.text[max(line.start, e.start - 48) : e.start]
        said = self.placer.line_day
        return (
            said is not None
            and said == (line.number, found - timedelta(days=1))
            and _NIGHT_TO.search(before) is not None
        )

    def _day_of_post(self, post: tuple[date, int], e: Expression, zone: Zone | None) -> date:
        """The day of the post that a clock stands in: the day before, where it would be later than the post."""
        day, minutes = post
        late = e.clock is not None and e.clock.minutes > minutes + 30 and (zone is None or not zone.mine)
        return day - timedelta(days=1) if late else day
