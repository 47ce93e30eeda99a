"""Config -> the parts, put together: archive, state, register, policy, looks. The one place that maps settings to arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from mailbot.app import log
from mailbot.app.register import Register
from mailbot.config import Config, Imap
from mailbot.core.due import Policy
from mailbot.core.incident import MailingList
from mailbot.core.tracker import Tracker
from mailbot.intake.smtp import Limits
from mailbot.outbox.post import Post, Smarthost
from mailbot.outbox.render import Looks, Renderer
from mailbot.store.archive import Archive, utcnow
from mailbot.store.state import Damaged, MemoryState, State
from mailbot.store.tiny import TinyState

if TYPE_CHECKING:
    from mailbot.intake.mailbox import Mailbox

Clock = Callable[[], datetime]
Tls = Literal["none", "starttls", "implicit"]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def mailing_list(config: Config) -> MailingList:
    listed = config.list
    return MailingList(
        listed.address,
        listed.name,
        listed.bot,
        listed.zone,
        listed.aliases,
        config.private.addresses,
        commander_silent=config.reminders.commander_silent,
        resolve=listed.resolve,
        categories=config.actions.categories,
        authserv=config.trust.authserv_id,
        needs=config.trust.needs,
        plus=listed.plus,
    )


def policy(config: Config) -> Policy:
    reminders, actions, digest, budget = config.reminders, config.actions, config.digest, config.budget
    return Policy(
        update_outage=reminders.update_outage,
        update_other=reminders.update_other,
        update_tries=reminders.update_tries,
        no_commander=reminders.no_commander,
        still_open=reminders.still_open,
        offer_after=reminders.offer_after,
        offer_hour=reminders.offer_hour,
        question=reminders.question,
        report=reminders.report,
        publish=reminders.publish,
        unreviewed=reminders.unreviewed,
        action_link=actions.link,
        action_late=actions.late,
        anniversary=reminders.anniversary,
        night=reminders.night,
        tell=config.publish.tell,
        digest_every=digest.every,
        digest_day=DAYS.index(digest.day),
        digest_hour=digest.hour,
        zone=config.list.zone,
        incident_day=budget.incident_day,
        list_hour=budget.list_hour,
        sender_day=budget.sender_day,
    )


def renderer(config: Config) -> Renderer:
    report, folder = config.report, config.templates.folder
    looks = Looks(
        report.template,
        report.zone,
        report.names,
        config.list.archive_url,
        str(folder or ""),
        Tracker(config.actions.tracker, config.actions.forge),
        config.publish.url,
    )
    return Renderer(mailing_list(config), looks)


def limits(config: Config) -> Limits:
    smtp = config.smtp
    return Limits(size=smtp.max_size, connections=smtp.max_connections, per_peer=smtp.max_per_peer)


def post(config: Config) -> Post | None:
    host = config.smarthost
    if not host.host:
        return None
    return Post(
        Smarthost(
            host.host,
            host.port,
            cast(Tls, host.tls),
            host.user,
            host.password,
            host.timeout.total_seconds(),
            config.smtp.hostname,
            host.oauth2,
            str(host.ca_file or ""),
        )
    )


def mailbox(box: Imap, limit: int) -> Mailbox:
    """``limit``: bytes of a mail that is kept whole."""
    from mailbot.intake.mailbox import Mailbox  # late: most commands need no IMAP

    return Mailbox(
        box.host,
        box.port,
        box.user,
        box.password,
        box.tls,
        box.folder,
        str(box.ca_file or ""),
        box.poll.total_seconds(),
        after=box.after,
        limit=limit,
        oauth2=box.oauth2,
    )


def open_archive(config: Config, *, readonly: bool = False, clock: Clock = utcnow) -> Archive:
    """Raises store.archive.Locked where another process writes to it, OSError where the folder cannot be used."""
    return Archive(config.store.folder, readonly=readonly, clock=clock, log=log.note)


def open_state(config: Config) -> tuple[State, str]:
    """The state, and why it had to begin empty ("" where it did not)."""
    if config.store.state == "memory":
        return MemoryState(), ""
    path = config.store.folder / "state.log"
    try:
        return TinyState(path), ""
    except Damaged as damage:
        return TinyState(path, fresh=True), str(damage)
    except OSError as error:  # it is only an index: mail must come in all the same
        log.note(f"the state cannot be kept ({error}); until that is mended every start reads the whole archive")
        return MemoryState(), ""


def register(config: Config, archive: Archive, state: State) -> Register:
    return Register(archive, state, mailing_list(config), list_id=config.list.id, opens=config.list.opens)


def opened(config: Config, clock: Clock = utcnow) -> tuple[Archive, Register]:
    """Both for writing, caught up with the archive; a state that cannot be trusted is made again."""
    archive = open_archive(config, clock=clock)
    try:
        return archive, open_register(config, archive)
    except BaseException:
        archive.close()
        raise


def open_register(config: Config, archive: Archive) -> Register:
    state, damage = open_state(config)
    made = register(config, archive, state)
    if damage:
        log.rebuilt(made.rebuild(), damage)
    else:
        load(made)
    return made


def load(made: Register) -> None:
    """Loads, and takes what came after the state was written; a mark beyond the archive means another archive: again."""
    try:
        made.load()
    except OSError:
        raise
    except Exception as error:  # documents of another version of mailbot may have any shape
        log.rebuilt(made.rebuild(), f"the state has another shape ({type(error).__name__}: {error})")
        return
    ends = made.archive.ends()
    if any(offset > ends.get(name, 0) for name, offset in made.mark.items()):
        log.rebuilt(made.rebuild(), "the state knows more than the archive has")
        return
    made.catch_up()
    made.settle_outbox()


def looked_at(config: Config) -> Register:
    """For looking only: beside a running daemon or without one; nothing is written."""
    archive = open_archive(config, readonly=True)
    state = MemoryState()
    path: Path = config.store.folder / "state.log"
    try:
        if config.store.state == "tinydb" and path.exists():
            kept = TinyState(path, readonly=True)
            for table in ("messages", "incidents", "meta", "order"):
                for number, doc in kept.all(table):
                    state.put(table, number, doc)
            state.commit(kept.mark())
            kept.close()
    except Damaged:
        state = MemoryState()
    made = register(config, archive, state)
    load(made)
    for incident in made.touched:
        folded = made.look(incident)
        if folded is not None:
            made.note(folded, None)
    made.touched.clear()
    return made
