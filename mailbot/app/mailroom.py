"""The way out: what is due is written into the archive first, then handed to the smarthost, and noted in sent.log.

A notice has a key and is written once; its Message-ID is made from the key. Only a crash between the smarthost's 250 and
our line in sent.log can hand a mail over twice, and then with the same Message-ID (language.md 4, law 3).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mailbot.app import log
from mailbot.app.digest import Stray, sections, telling
from mailbot.app.holds import Holds
from mailbot.app.index import GIVE_UP, Waiting
from mailbot.app.pages import Pages
from mailbot.app.passed import passed_over
from mailbot.app.register import Register
from mailbot.app.replies import answer
from mailbot.app.tokens import token
from mailbot.app.unnamed import unnamed
from mailbot.core.due import PRIORITY, Notice, Period, Policy, Posted, digest_due, due, fits, joined, within
from mailbot.core.incident import Incident, Said
from mailbot.core.publication import is_private
from mailbot.outbox.post import Post, backoff
from mailbot.outbox.render import Letter, Renderer
from mailbot.store.archive import Arrival
from mailbot.store.state import Doc

T = TypeVar("T")
MOST_AT_ONCE = 8
MOST_STRAYS = 10  # whose senders are looked up
AGAIN = timedelta(hours=1)  # after a notice that could not be rendered


class Mailroom:
    def __init__(
        self, register: Register, renderer: Renderer, policy: Policy, post: Post | None, folder: Path | None = None
    ) -> None:
        """``folder``: where published reports go."""
        self.register, self.renderer, self.policy, self.post = register, renderer, policy, post
        self.pages = Pages(renderer, folder)
        self.holds = Holds(register)
        self.paused = _paused(register.archive.acts())
        self.unpublished: dict[str, str] = {}  # incident -> why its page could not be written
        self._urgent: dict[str, datetime] = {}  # incident -> when the hour has room for its ack, brief or draft
        self._round: list[Posted] = []  # written in this round, not yet in the register
        self._nothing_in = ""  # a period with nothing to tell
        self._digest_again = datetime.min.replace(tzinfo=UTC)
        self._untold: list[tuple[str, str, str, str]] = []  # outcomes that sent.log could not take
        self.posting = asyncio.Lock()  # held for each hand-over: who rebuilds the register must have it

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def write(self, now: datetime) -> int:
        """Writes what is due into the archive; how many mails. Only to be called when the register has caught up.

        What the disk does not take stays due. Others get their turn between two incidents: folding one may take long.
        After MOST_AT_ONCE mails the rest waits for the next call: a long round that is killed again and again would never
        write any.
        """
        letters: list[tuple[str, Letter]] = []
        self._round = []
        if not self.paused:
            for incident in self._to_look_at(now):
                if len(letters) >= MOST_AT_ONCE:
                    break
                try:
                    letters += [(incident, letter) for letter in self._about(incident, now)]
                except Exception as broken:  # one incident that breaks our code stops no other (law 4)
                    log.broke(incident, "what is due", broken)
                    self.register.wake[incident] = (now + AGAIN).timestamp()
                await asyncio.sleep(0)
            else:
                letters += [("", letter) for letter in unnamed(self.register, self.renderer, now, self.policy)]
                letters += [("", letter) for letter in await self._digest(now)]
        outcomes = await asyncio.gather(*(self._keep(letter) for _, letter in letters), return_exceptions=True)
        failed = [(incident, error) for (incident, _), error in zip(letters, outcomes, strict=True) if error]
        for incident, error in failed:
            log.broke(incident, "writing a notice", error)
            if incident:
                self.register.touched.add(incident)
            if not isinstance(error, OSError):
                raise error
        return len(letters) - len(failed)

    async def _keep(self, letter: Letter) -> None:
        """On disk when this returns; the register takes it from there, in order. All are waited for: what is on its way
        to the disk must not be written again."""
        arrival = Arrival("outbox", letter.sender, letter.recipients, "ours")
        await asyncio.wrap_future(self.register.archive.append("out", letter.raw, arrival))

    def _to_look_at(self, now: datetime) -> list[str]:
        register = self.register
        woken = {i for i, when in register.wake.items() if when <= now.timestamp()}
        return sorted(register.touched | woken, key=lambda name: (name not in self._urgent, name))

    def _about(self, name: str, now: datetime) -> Iterator[Letter]:
        register = self.register
        incident = register.look(name)
        register.touched.discard(name)
        if incident is None:
            register.wake.pop(name, None)
            return
        busy = register.asked_elsewhere(incident.id, now)
        busy |= {p.to[0] for p in self._round if p.kind == "question" and p.incident != incident.id}
        result = due(incident, now, self.policy, busy)
        times = [result.next_at] if result.next_at else []
        try:
            self.pages.settle(incident)
            self.unpublished.pop(incident.id, None)
        except Exception as error:  # a full disk or a broken template of the list's own: tried again
            log.broke(incident.id, "publishing", error)
            self.unpublished[incident.id] = f"{type(error).__name__}: {error}"
            times.append(now + AGAIN)
        self._urgent.pop(name, None)
        asked: set[str] = set()
        for notice in joined(result.notices):
            until = self._room_at(notice, now)
            if until is not None:
                log.withheld(incident.id, notice.kind, f"{until:%Y-%m-%dT%H:%MZ}")
                times.append(until)
                continue
            letter = self._letter(notice, incident, now, asked)
            if letter is None:
                times.append(now + AGAIN)
            else:
                self._round.append(Posted(now, incident.id, notice.to_list, letter.recipients, notice.kind))
                asked.update(letter.asked)
                yield letter
        register.note(incident, min(times, default=None))

    def _room_at(self, notice: Notice, now: datetime) -> datetime | None:
        """When the budgets have room for it, None where they have. While an ack, brief or draft of another incident waits
        for room in the hour, nothing else to the list takes it."""
        posted = [*self.register.posted, *self._round]
        until = within(notice, posted, now, self.policy)
        if PRIORITY.get(notice.kind) == 0:
            if hour := within(replace(notice, incident=""), posted, now, self.policy):
                self._urgent[notice.incident] = hour
        elif until is None and notice.to_list:
            return min((u for u in self._urgent.values() if u > now), default=None)
        return until

    def _letter(self, notice: Notice, incident: Incident, now: datetime, asked: Container[str]) -> Letter | None:
        try:
            words = dict(self._words(notice, incident)) | answer(self.register, notice, incident, now)
            letter = self.renderer.letter(notice, incident, now, words, asked)
        except Exception as error:  # a template of the list's own may be broken in any way; the mail is kept and told
            log.broke(incident.id, f"template of {notice.kind}", error)
            return None
        log.written(letter.message_id, incident.id, notice.kind, len(letter.recipients))
        return letter

    def _words(self, notice: Notice, incident: Incident) -> Mapping[str, Any]:
        """What templates print beside the incident: what was read in the message, what is near, what is not sure."""
        about = {a.message_id for a in notice.asks}
        read = [e for e in incident.entries_of(*about) if not e.dropped]
        near = (
            [miss for item in self._said(incident, about) for miss in item.reading.near]
            if notice.kind in ("receipt", "draft", "brief", "ack")
            else []
        )
        news = incident.last_news
        base = self.policy.update_outage if incident.kind == "outage" else self.policy.update_other
        notes = (
            [c.given.note for item in self._said(incident, about) for c in item.reading.commands if c.given.note]
            if notice.kind == "brief"
            else []
        )
        return {
            "entries": read,
            "read": [e for e in read if e.kind == "read"],
            "near": near,
            "note": notes[0] if notes else "",
            "similar": self._similar(incident) if notice.kind == "ack" else [],
            "next_update": news + base if news else None,
            "policy": self.policy,
            "token": token(self.register.secret, notice.asks[0].message_id) if notice.kind == "confirm" else "",
            "passed": passed_over(self.register, incident) if notice.kind == "draft" else [],
            "file": self.pages.name(incident) if notice.kind == "published" else "",
        }

    def _said(self, incident: Incident, about: set[str]) -> list[Said]:
        """The messages themselves, read again: only for a mail that is about to be written."""
        register = self.register
        found: list[Said] = []
        for _, doc in register.state.all("messages", reversed(register.members.get(incident.id, [])[-500:])):
            if len(found) == len(about):  # they are the latest, nearly always
                break
            if doc["f"][0] in about and doc["d"] == "in":
                item = register._item(register.taken(doc), doc, incident.id)
                found += [item] if isinstance(item, Said) else []
        return found[::-1]

    def _similar(self, incident: Incident) -> list[Doc]:
        """At most three past incidents whose titles share most of their words with this one's (A3)."""
        register = self.register
        others = [register.rows[name] for name in register.titles.like(incident.id, incident.title)]
        return [doc for _, doc in register.state.all("incidents", others)]

    async def _digest(self, now: datetime) -> list[Letter]:
        register = self.register
        period = digest_due(now, self.policy, register.written, register.first_live)
        if period is None or period.key == self._nothing_in or now < self._digest_again:
            return []
        told = sections(register.incidents(), period, register.first_live)
        told["unfiled"] = self._strays(period)
        if not telling(told):
            self._nothing_in = period.key  # or each mail would have all incidents looked through
            return []
        notice = Notice("digest", (f"digest:{period.key}",), "", True, ())
        until = self._room_at(notice, now)
        if until is not None:
            self._digest_again = until
            return []
        told["thanks"] = await self._writers(period)
        year = period.key.partition("-")[0]
        first = next((m for key, m in register.digests.items() if key.startswith(f"digest:{year}-")), "")
        try:
            letter = self.renderer.digest(period, told, first, now)
        except Exception as error:  # as in _letter
            log.broke("", "template of digest", error)
            self._digest_again = now + AGAIN
            return []
        log.written(letter.message_id, "", "digest", len(letter.recipients))
        return [letter]

    def _strays(self, period: Period) -> list[Stray]:
        register = self.register
        found: list[Stray] = []
        for _, doc in register.state.all("messages", list(register.unfiled)):
            if period.start.timestamp() <= doc["f"][1] < period.end.timestamp():
                who = register.taken(doc).trust.author if len(found) < MOST_STRAYS else ""
                found.append(Stray(datetime.fromtimestamp(doc["f"][1], UTC), str(who), doc["f"][4]))
        return found

    async def _writers(self, period: Period) -> list[str]:
        """Everyone who wrote in, in the order of their names."""
        found: dict[str, str] = {}
        for doc in self.register.incidents():
            if doc["live"] and doc["last"] >= period.start.timestamp() and not doc.get("private"):
                incident = self.register.look(doc["id"])
                spoke = incident.spoke.items() if incident else ()
                found |= {e: str(incident.people.get(e, e)) for e, at in spoke if incident and at >= period.start}
                await asyncio.sleep(0)
        return sorted(set(found.values()), key=str.casefold)

    # ── handing over ──────────────────────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, now: datetime, stopping: Callable[[], bool]) -> None:
        """Everything in the outbox whose time has come, one after the other over one connection."""
        for message_id in list(self.register.outbox):
            async with self.posting:
                waiting = self.register.outbox.get(message_id)
                if self.paused or stopping() or not await self._tell():
                    return
                if waiting is None or (waiting.next_at is not None and waiting.next_at > now):
                    continue
                try:
                    await self._hand_over(waiting, now)
                except Exception as error:  # one mail that cannot be handed over must not keep the others
                    log.broke(message_id, "handing over", error)
                if waiting.recipients:
                    waiting.attempt += 1
                    waiting.next_at = now + backoff(waiting.attempt)
                else:
                    self.register.outbox.pop(message_id, None)

    async def _hand_over(self, waiting: Waiting, now: datetime) -> None:
        if reason := self._stale(waiting, now):
            for recipient in list(waiting.recipients):
                await self._settle(waiting, recipient, "dropped", reason)
            return
        assert self.post is not None
        record = self.register.archive.read(waiting.place)
        for recipient in list(waiting.recipients) if waiting.sender else ():
            if reason := self.holds.why(recipient, now):
                await self._settle(waiting, recipient, "dropped", reason)
        left = tuple(waiting.recipients)
        # What is noted at once is not sent twice by a kill after the next.
        for sender, some in self.holds.transactions(record, waiting.message_id, left):
            outcomes = await apart(partial(self.post.hand_over, record.raw, sender, some))
            for outcome in outcomes:
                if outcome.kind == "refused":
                    self.holds.refused(outcome, now)
                await self._settle(waiting, outcome.recipient, outcome.kind, outcome.reply)
            if any(outcome.kind == "deferred" and not outcome.reply[:1].isdigit() for outcome in outcomes):
                break  # no server spoke: nor would it to the next

    async def _settle(self, waiting: Waiting, recipient: str, outcome: str, note: str) -> None:
        if outcome != "deferred":
            waiting.recipients.remove(recipient)
        told = outcome == "refused" and not self.holds.first_time(recipient, note)
        log.handed_over(waiting.message_id, waiting.incident, recipient, outcome, note, told=told)
        self._untold.append((waiting.message_id, recipient, outcome, note))
        await self._tell()

    async def _tell(self) -> bool:
        """Tells sent.log what became of mails. False where it cannot be told: then nothing more is handed over, or a full
        disk would send the same mail every second."""
        try:
            while self._untold:
                await asyncio.to_thread(self.register.archive.sent, *self._untold[0])
                del self._untold[0]
        except OSError as error:
            log.broke(self._untold[0][0], "writing sent.log", error)
        return not self._untold

    def _stale(self, waiting: Waiting, now: datetime) -> str:
        """Why a waiting mail is not to be handed over any more, "" where it is."""
        if self.post is None:
            return "no smarthost is configured"
        if now - waiting.at > GIVE_UP:
            return f"not taken for {GIVE_UP.days} days"
        incident = self.register.look(waiting.incident) if waiting.incident else None
        kind = waiting.message_id.partition(".")[2].partition(".")[0]  # the key's is "brief" for a receipt in its place
        if incident is not None and not fits(incident, kind, waiting.keys, now, self.policy):
            return "no longer true"
        if incident is not None and is_private(incident) and kind != "published":
            return "it goes the private way now" if self.register.list.address in waiting.recipients else ""
        return ""

    def pause(self, paused: bool) -> None:
        self.register.archive.act({"act": "pause" if paused else "resume"})
        self.paused = paused
        log.operator("pause" if paused else "resume")


async def apart(call: Callable[[], T]) -> T:
    """Runs it in a thread that the end of the process does not wait for: a smarthost may hang for minutes."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # so that whoever waits may go away, and the answer is no error then

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="post", daemon=True).start()
    return await asyncio.wrap_future(future)


def _paused(acts: Iterator[dict[str, Any]]) -> bool:
    said = [act["act"] for act in acts if act.get("act") in ("pause", "resume")]
    return said[-1:] == ["pause"]
