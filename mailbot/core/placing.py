"""Expressions -> instants: which day and which zone a time has that does not say so itself. The two ladders of language.md 3.2.

The law it keeps: only what is missing is inferred (lesson P34), every instant says where its date and its zone came from, and
nothing that happened is later than the mail that tells it. ``Placer`` walks once over the page, from top to bottom.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from mailbot.core.days import at, resolve
from mailbot.core.found import Clock, Day
from mailbot.core.page import Line
from mailbot.core.place import BEFORE, COUNTED, DAY_DOUBTS, SWAPPED, WEEKDAY, Known, Place
from mailbot.core.sheet import is_stamp
from mailbot.core.zones import Zone

SLACK = timedelta(minutes=30)  # a clock may be a little ahead of the mail that tells of it
ROLL = timedelta(hours=6)  # a list that goes back further than this has passed midnight
JUST = timedelta(minutes=30)  # a mail that shows a console is written so soon after
NOON = 720  # minutes
ANY = Day()


class Placer:
    """One pass over a page. Feed it lines in order (``heading``, ``table_head``) and the places in them (``place``)."""

    def __init__(
        self, known: Known, first_day: date | None, stated_day: date | None, swap: bool, order_known: bool = True
    ) -> None:
        self.known = known
        self.swap = swap  # 5/6 is May here
        self.order_known = order_known  # something proves it
        self.mail_utc = known.mail.astimezone(UTC)
        self.stated = stated_day  # "all events happened on …"
        self.first = first_day  # the first date of the text, for clocks in front of any date
        self.message_zone: Zone | None = None
        self.block_zone: Zone | None = None
        self.block_level = 0
        self.list_zone: Zone | None = None  # the last one written in this list
        self.heading_day: date | None = None
        self.lead_day: date | None = stated_day
        self.columns: dict[int, Zone] = {}  # of a table whose columns say different zones
        self.mail_day = False  # the day of the list is the mail's, for want of another
        self.lead_at: datetime | None = None  # the last entry of the list
        self.prose_day: date | None = None
        self.log_day: date | None = None
        self.line_day: tuple[int, date] | None = None
        self.night = False  # the day of the prose is the end of a night: its evening hours are of the day before
        self.paragraph = 0  # counted by the walk; the day of the prose was said in ``day_said``
        self.day_said = 0
        self.day_doubt = ""  # why the day of the prose and of the lists may be another
        self.one_day = True  # the text names no second day
        self.zones = 0  # how many different ones its times say
        self.looks_back = False  # it calls itself a report of what was, and names no day
        self.newest_first = False  # its lists go back in time
        self.begin: datetime | None = None  # the first entry of the text
        self.by_mail: list[Place] = []  # entries of a list that has no day but the mail's
        self.latest: datetime | None = None  # the moment told of last
        self.told: dict[int, datetime] = {}  # minute of the day -> the moment it was last told of
        self.other_zones = False  # a time of the text says another offset than the mail's
        self.consoles_in_utc = False  # a stamp with seconds would be later than the mail if it were not UTC
        self.local: Zone | None = None  # of the writer's bare clocks, as "16:37 (14:37 UTC)" tells it
        self.told_in: dict[int, tuple[str, tzinfo]] = {}  # minute of the day as written -> the zone it was told in
        self.few = False  # only two times say it
        self.all_one: Zone | None = None  # the zone of every time that says one, where they agree

    # Zones

    def zone_of(self, p: Place, words: Zone | None) -> None:
        """Sets zone, info and zone_from: the ladder of zones."""
        if words is not None and not words.mine:
            p.zone, p.info, p.zone_from = words.name, words.info, "written"
            if words.doubt:
                p.doubt(words.doubt)
            self.list_zone = words
            return
        column = self.columns.get(p.column) if p.column else None
        candidates = () if words is not None else (
            (column, "block"),
            (self.block_zone, "block"), (self.message_zone, "message"), (self.local, "message"), (self.list_zone, "block"),
            (self.all_one, "message"),
        )  # fmt: skip
        for zone, rung in candidates:
            if zone is not None and not zone.mine:
                p.zone, p.info, p.zone_from = zone.name, zone.info, rung
                if zone.doubt and self._elsewhere(zone):
                    p.doubt(zone.doubt)
                if (
                    self.few
                    and rung == "message"
                    and zone not in (self.message_zone, self.local)
                    and self._elsewhere(zone)
                ):
                    p.doubt("only another time of this text says the zone")
                if zone is self.list_zone and zone is not self.block_zone and self._elsewhere(zone):
                    if self.zones > 1:
                        p.doubt("the text says more than one zone")
                    elif p.e.log:
                        p.doubt("a machine's stamp in a text of another zone")
                return
        p.zone, p.info, p.zone_from = self.known.fallback()
        again = self.told_in.get(p.e.clock.minutes) if p.e.clock is not None and not p.lead and words is None else None
        if again is not None:
            p.zone, p.info, p.zone_from = *again, "block"
        elif self.consoles_in_utc and words is None and is_stamp(p.e):
            p.zone, p.info, p.zone_from = "UTC", UTC, "message"
            p.doubt("in the sender's zone the console's times would be later than the mail")
        elif p.zone_from in ("list", "utc"):
            p.doubt("nothing says the zone")
        elif p.zone_from == "mail" and self.other_zones and words is None:
            p.doubt("another time of this mail says another zone")

    def _elsewhere(self, zone: Zone) -> bool:
        """Whether the sender's clocks show another time than ``zone``."""
        return self.known.mail.astimezone(zone.info).utcoffset() != self.known.mail.utcoffset()

    def _by_day(self, p: Place, source: str) -> None:
        """A time that has its day from another is as sure as that one."""
        if self.day_doubt and source not in ("mail", "written"):
            p.doubt(self.day_doubt)
        elif self.looks_back and source in ("mail", "order"):
            p.doubt("a report, and nothing says the day")
        elif source == "mail" and not self.one_day:
            p.doubt("the text names other days")

    def heading(self, level: int, zone: Zone | None, day: date | None, said: Day = ANY) -> None:
        """A heading without a clock: what it says holds until the next of its level; a list's own zone ends."""
        if zone is not None:
            self.block_zone, self.block_level = zone, level
        elif level <= self.block_level or self.block_level == 0:
            self.block_zone, self.block_level = None, 0
        self.list_zone = None
        if day is not None:
            self.day_line(day, said)
        else:
            self.lead_at = None

    def day_line(self, day: date, said: Day = ANY) -> None:
        """A line that is only a date: the entries below are of that day."""
        self.by_mail.clear()
        self.heading_day = self.lead_day = self.prose_day = day
        self.night, self.day_said, self.day_doubt = said.night, -1, COUNTED if said.told else ""
        self.lead_at = None
        self.mail_day = False

    def told_day(self) -> date | None:
        """The day that the text tells of at this point."""
        return self.prose_day or self.lead_day or self.first

    def mention(self, day: date, line: Line, said: Day = ANY) -> None:
        """A date in prose: it moves the day of the prose, and of lists that have none. ``said``: its words."""
        self.line_day = (line.number, day)
        self.prose_day = day
        self.night, self.day_said, self.day_doubt = said.night, self.paragraph, COUNTED if said.told else ""
        self.mail_day = False

    # Days

    def place(self, p: Place, words: Zone | None) -> None:
        """Sets utc, date_from, sure."""
        e = p.e
        if e.epoch is not None:
            p.zone, p.info, p.zone_from, p.date_from = "UTC", UTC, "written", "written"
            p.utc = datetime.fromtimestamp(e.epoch, UTC)
            return
        self.zone_of(p, words)
        if e.ago is not None:
            base = self.lead_at if p.line.number < 0 and self.lead_at else self.mail_utc
            p.utc, p.date_from, p.zone_from = base - timedelta(minutes=e.ago), "written", "mail"
            return
        if e.clock is None:
            return
        if e.clock.guessed:
            p.doubt("am or pm is not said")
        if e.day is not None:
            self._written(p, e.day, e.clock)
        elif p.lead:
            self._lead(p, e.clock)
        else:
            self._prose(p, e.clock)
        if p.utc is not None and not p.dropped:
            self.told[p.utc.hour * 60 + p.utc.minute] = self.latest = p.utc
            if p.zone_from == "block":
                self.told_in[e.clock.minutes] = (p.zone, p.info)

    def place_day(self, p: Place) -> None:
        """A date without a clock: the moment its day begins."""
        self.zone_of(p, None)
        day = p.e.day
        found = resolve(day, self._local_mail_day(p), self.swap and day.swapped) if day is not None else None
        p.utc = at(found, Clock(0), p.info) if found is not None else None
        p.date_from = "written"

    def _local_mail_day(self, p: Place) -> date:
        return self.known.mail.astimezone(p.info).date()

    def _written(self, p: Place, day: Day, clock: Clock) -> None:
        mail = self._local_mail_day(p) if day.delta is None else self.known.mail.date()
        found = resolve(day, mail, self.swap and day.swapped, self.told_day())
        if found is None:
            p.dropped = "no such date"
            return
        evening = timedelta(days=day.night and clock.minutes >= NOON)
        p.utc, p.date_from = at(found - evening, clock, p.info), "written"
        if day.swapped and not self.order_known:
            p.doubt(SWAPPED)
        if day.told:
            p.doubt(COUNTED)
        if day.weekday is not None and day.delta is None and found.weekday() != day.weekday:
            p.doubt(WEEKDAY)
        self._console(p)
        if p.utc is not None and p.utc > self.mail_utc + SLACK and p.zone_from == "block" and self.block_zone is None:
            self.list_zone = None  # the zone written above cannot be the one of this stamp
            p.zone, p.info, p.zone_from = self.known.fallback()
            p.doubt("the zone written above would put it after the mail")
            p.utc = at(found, clock, p.info)
        if p.utc is not None and p.utc > self.mail_utc + SLACK and not self._typo(p):
            p.dropped = "later than the mail"
            return
        if p.e.log and not p.lead:
            self.log_day = found
            return
        self._carry(p, found, found - evening)

    def _console(self, p: Place) -> None:
        """A machine's stamp without a zone, minutes before the mail if it is UTC: consoles say UTC, wherever they stand."""
        if p.zone_from != "mail" or p.utc is None or p.e.clock is None or not (p.e.log or p.e.clock.has_seconds):
            return
        as_utc = p.utc + (p.utc.astimezone(p.info).utcoffset() or timedelta())
        age = self.mail_utc - as_utc
        if p.e.day is None:  # of some day
            age = (age + SLACK) % timedelta(days=1) - SLACK
        if as_utc != p.utc and -SLACK < age < JUST and abs(self.mail_utc - p.utc) > JUST:
            p.doubt("as UTC it would be minutes before the mail")

    def _typo(self, p: Place) -> bool:
        """An hour or so ahead: the zone is in doubt, not the event."""
        if (
            p.utc is None
            or p.zone_from in ("written", "block", "message")
            or (p.e.day is not None and p.e.day.delta is not None)
            or p.utc > self.mail_utc + timedelta(hours=12)
        ):
            return False
        p.doubt("later than the mail")
        return True

    def _carry(self, p: Place, day: date, lead_day: date) -> None:
        self.day_doubt = next((d for d in p.doubts if d in DAY_DOUBTS), "")
        self.line_day = (p.line.number, day)
        self.mail_day = False
        if p.lead:
            if self.stated is None:
                self.lead_day = lead_day
            self.lead_at = p.utc
        if self.stated is None:
            self.prose_day = day
            self.night, self.day_said = p.e.day is not None and p.e.day.night, self.paragraph
        if self.begin is None:
            self.begin = p.utc

    def _lead(self, p: Place, clock: Clock) -> None:
        """An entry of a list: the day of the list, and the next one where it passes midnight."""
        day, source = self._list_day(p, clock)
        if self.night and self.lead_at is None and day == self.prose_day and clock.minutes >= NOON:
            day -= timedelta(days=1)
        utc = at(day, clock, p.info)
        if utc is None:
            p.dropped = "no such date"
            return
        if self.lead_at is not None and source != "line":
            behind = self.lead_at - utc
            if self.newest_first:
                if -behind > ROLL:
                    day, source = day - timedelta(days=1), "order"
                    utc = at(day, clock, p.info) or utc
            elif behind > ROLL and utc + timedelta(days=1) <= self.mail_utc + SLACK:
                day, source = day + timedelta(days=1), "order"
                utc = at(day, clock, p.info) or utc
        if utc > self.mail_utc + SLACK:
            utc, day, source = self._not_after_mail(p, utc, day, source, clock)
        p.utc, p.date_from = utc, "heading" if source == "line" else source
        self._console(p)
        self._by_day(p, source)
        self.mail_day = source == "mail" or (self.mail_day and source == "order" and not self.newest_first)
        if self.mail_day:
            self.by_mail.append(p)
        if self.begin is None:
            self.begin = utc
        self.lead_day = day
        other = self.message_zone or self.block_zone
        if p.zone_from != "written" or other is None or other.name == p.zone:
            self.lead_at = utc  # a guest from another zone does not move the list
        if self.prose_day is None or self.prose_day < day:
            self.prose_day = day

    def _not_after_mail(
        self, p: Place, utc: datetime, day: date, source: str, clock: Clock
    ) -> tuple[datetime, date, str]:
        before = at(day - timedelta(days=1), clock, p.info)
        if (p.plans and not p.lead) or (source == "heading" and day > self.known.mail.date()):
            p.dropped = "planned"
            return utc, day, source
        if source == "mail" and before is not None:
            p.doubt(BEFORE)
            self.day_doubt = BEFORE
            for other in self.by_mail:
                if other.utc is not None and other.utc > before:  # what stands above it was the day before as well
                    other.utc -= timedelta(days=1)
                    other.date_from = "order"
                    other.doubt(BEFORE)
            self.by_mail.clear()
            return before, day - timedelta(days=1), "order"
        p.doubt("later than the mail")
        return utc, day, source

    def _list_day(self, p: Place, clock: Clock) -> tuple[date, str]:
        if self.line_day is not None and self.line_day[0] == p.line.number:
            return self.line_day[1], "line"
        if self.lead_day is not None:
            base = self.heading_day or self.stated
            if self.lead_at is None and base is not None and base != self.lead_day and self.begin is not None:
                # A new section tells the story again, or goes on: again, unless that would be before its beginning.
                again = at(base, clock, p.info)
                if again is not None and again >= self.begin - timedelta(hours=3):
                    return base, "heading"
            return self.lead_day, "mail" if self.mail_day else "heading"
        if self.prose_day is not None:
            if not self.one_day and self.day_said not in (-1, self.paragraph):
                p.doubt("the text names more than one day")
            return self._again(p, clock, self.prose_day), "heading"
        if self.first is not None:
            return self.first, "heading"
        return self._local_mail_day(p), "mail"

    def _again(self, p: Place, clock: Clock, day: date) -> date:
        """The key times stood above with their dates; a list of bare clocks below them begins where they began."""
        if self.begin is not None:
            base = self.begin.astimezone(p.info).date()
            utc = at(base, clock, p.info)
            if base < day <= base + timedelta(days=3) and utc is not None and utc >= self.begin - timedelta(hours=3):
                return base
        return day

    def _prose(self, p: Place, clock: Clock) -> None:
        if self.line_day is not None and self.line_day[0] == p.line.number:
            day, source = self.line_day[1], "written"
        elif p.e.log and self.log_day is not None:
            day, source = self.log_day, "heading"
        elif (told := self.told_day()) is not None:
            day, source = told, "mail" if self.mail_day else "heading"
        else:
            day, source = self._local_mail_day(p), "mail"
        if self.night and source in ("written", "heading") and clock.minutes >= NOON:
            day -= timedelta(days=1)
        utc = at(day, clock, p.info)
        if utc is None:
            p.dropped = "no such date"
            return
        if clock.half == "word" and not clock.minutes and self.latest is not None and utc < self.latest:
            utc = min(utc + timedelta(days=1), self.mail_utc)  # "by midnight": the one that comes next
        told = self.told.get(utc.hour * 60 + utc.minute)
        if source != "written" and told is not None and abs(told - utc) <= timedelta(days=2):
            utc, source = told, "heading"  # the same clock again: the same moment, told twice
        elif self.latest is not None and self.latest - utc > ROLL:
            later = utc + timedelta(days=1)
            if (p.until or p.ended) and self.latest < later <= self.mail_utc:
                utc, source = later, "order"
            if not p.until:
                p.doubt("told after what happened later that day")
        if source == "heading" and not self.one_day and self.day_said not in (-1, self.paragraph):
            p.doubt("the text names more than one day")
        if utc > self.mail_utc + SLACK:
            utc, day, source = self._not_after_mail(p, utc, day, source, clock)
        p.utc, p.date_from = utc, source
        self._by_day(p, source)
        if self.begin is None:
            self.begin = utc

    def range_end(self, first: Place, second: Place, words: Zone | None) -> None:
        """The second of a range: on the day of the first, or the next where it would end before it began."""
        self.zone_of(second, words)
        clock = second.e.clock
        if clock is None or first.utc is None or first.dropped:
            second.dropped = first.dropped or "no such date"
            return
        second.date_from = first.date_from
        day = first.utc.astimezone(second.info).date()
        utc = at(day, clock, second.info)
        if utc is not None and utc < first.utc:
            later = at(day + timedelta(days=1), clock, second.info)
            if later is not None and later - first.utc <= timedelta(hours=16) and later <= self.mail_utc + SLACK:
                utc, second.date_from = later, "order"
            else:
                second.doubt("ends before it starts")
        second.utc = utc
        if second.utc is not None and first.lead:
            self.lead_day, self.lead_at = second.utc.astimezone(second.info).date(), second.utc
