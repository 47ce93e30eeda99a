"""Robots and storms: what monitoring systems say joins and suggests, and never resolves; bounces and auto-replies open nothing.

The bounces are written after the forms of twenty mail systems, ``TIMES`` of each with other people and other words.
"""

from __future__ import annotations

import re
import time
from email import message_from_bytes
from email.policy import default
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.alerts import LIMIT, SHAPES, Shape, read_alert
from mailbot.core.facts import facts
from mailbot.core.kinds import kind
from mailbot.core.message import parse
from mailbot.core.reply import split
from mailbot.core.threads import MANY, Placement, Threads
from tests.incident_scene import ALICE, ROBOT, Scene, letters


class List:
    """Mails one after the other, as an alert system or a person sends them."""

    def __init__(self) -> None:
        self.threads, self.at, self.count = Threads(), 1_795_000_000.0, 0

    def mail(
        self, subject: str, sender: str = "nagios@example.org", *, after: float = 60.0, more: str = "", text: str = ""
    ) -> Placement:
        self.count += 1
        self.at += after
        words = text or f"It is so, number {self.count}."
        raw = f"From: {sender}\nSubject: {subject}\nMessage-ID: <{self.count}@example.org>\n{more}\n{words}\n"
        message = parse(raw.encode())
        return self.threads.place(facts(message, split(message.text), self.at, kind(message, "x@example.org")[0]))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.system)
def test_a_problem_and_its_recovery_join_one_incident_which_stays_open(shape: Shape) -> None:
    alert, over = (read_alert(subject, machine=True) for subject in (shape.problem, shape.recovery))
    assert alert is not None
    assert over is not None
    assert (alert.what, alert.over, over.what, over.over) == (shape.what, False, shape.what, True)
    scene = List()
    opened = scene.mail(f"[incident] {shape.problem}")
    assert opened.opened
    again, recovery = scene.mail(shape.problem), scene.mail(shape.recovery)
    assert again.incident == recovery.incident == opened.incident
    assert recovery.rule in ("status", "alert")
    assert scene.mail(shape.problem).incident == opened.incident  # it was not resolved by the recovery


@pytest.mark.parametrize("shape", [s for s in SHAPES if not s.machine], ids=lambda shape: shape.system)
def test_a_reply_to_an_alert_joins_by_its_subject_alone(shape: Shape) -> None:
    scene = List()
    opened = scene.mail(shape.problem)
    assert scene.mail(f"AW: [incident] {shape.problem}", "alice@example.org").incident == opened.incident


def test_what_people_write_is_no_alert() -> None:
    for subject in ("Problem: database is down", "OK: all well", "registry is down", "[RESOLVED] database down"):
        assert read_alert(subject, machine=False) is None


def _long_way(subject: str) -> str | None:
    text = " ".join(subject[:LIMIT].split())
    return next((s.system for s in SHAPES if not s.machine and s.pattern.search(text)), None)


PIECES = sorted({
    piece for s in SHAPES for subject in (s.problem, s.recovery) for piece in re.findall(r"\w+|\W", subject)
})  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([s.problem for s in SHAPES] + [s.recovery for s in SHAPES]),
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 3), st.sampled_from([*PIECES, "", "\u0131s", "\t", "\u212a"])),
        max_size=3,
    ),
)
def test_the_word_of_a_shape_keeps_no_subject_from_it(subject: str, edits: list[tuple[int, int, str]]) -> None:
    for at, cut, piece in edits:
        subject = subject[:at] + piece + subject[at + cut :]
    for text in (subject, subject.upper()):
        assert (read_alert(text, machine=False) is None) == (_long_way(text) is None)


def test_a_recovery_of_what_is_not_here_opens_nothing() -> None:
    scene = List()
    assert scene.mail("** RECOVERY Host Alert: web9 is UP **").rule == "unfiled"
    first = scene.mail("** PROBLEM Host Alert: web9 is DOWN **")
    scene.mail("Re: ** PROBLEM Host Alert: web9 is DOWN **", "alice@example.org", text="RESOLVED")
    late = scene.mail("** RECOVERY Host Alert: web9 is UP **")
    assert (late.incident, late.opened) == (first.incident, False)
    assert scene.mail(
        "** PROBLEM Host Alert: web9 is DOWN **"
    ).opened  # what was resolved and breaks again is a new one


def test_ten_thousand_alerts_in_ten_minutes_become_five_incidents() -> None:
    scene = List()
    began = time.process_time()
    placed = [scene.mail(f"** PROBLEM Service Alert: web{n}/HTTP is CRITICAL **", after=0.06) for n in range(10_000)]
    assert time.process_time() - began < 30
    assert len({p.incident for p in placed}) == MANY
    assert placed[-1].rule == "storm"
    assert "same event" in placed[-1].why
    over = [scene.mail(f"** RECOVERY Service Alert: web{n}/HTTP is OK **", after=0.06) for n in range(500)]
    assert {p.incident for p in over} <= {p.incident for p in placed}
    person = scene.mail("Disk of registry-2 is full", "alice@example.org")
    assert person.opened  # a person is never swallowed by a storm


def test_alerts_far_apart_open_an_incident_each() -> None:
    scene = List()
    placed = [scene.mail(f"** PROBLEM Host Alert: web{n} is DOWN **", after=3600) for n in range(10)]
    assert len({p.incident for p in placed}) == 10


def test_a_storm_is_the_same_after_a_restart() -> None:
    one, other = List(), List()
    for n in range(40):
        subject = f"** PROBLEM Host Alert: web{n} is DOWN **"
        placed = one.mail(subject, after=5)
        other.count, other.at = one.count, one.at
        message = parse(f"From: nagios@example.org\nSubject: {subject}\nMessage-ID: <{n}@x>\n\nx {n}\n".encode())
        other.threads.restore(facts(message, split(message.text), one.at, "alert"), placed)
    last = "** PROBLEM Host Alert: web99 is DOWN **"
    assert one.mail(last).incident == other.mail(last).incident


def text_of(scene: Scene, minute: float, kind: str) -> str:
    return str(message_from_bytes(letters(scene, minute)[kind].raw, policy=default).get_content())


# ── what the list hears of it ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_that_says_all_is_well_suggests_restored_and_changes_nothing() -> None:
    scene = Scene()
    scene.mail(ROBOT, "CRITICAL", 0)
    scene.settle()
    scene.take(_nagios("RECOVERY", "OK", 10), scene.at(10))
    incident = scene.incident
    assert incident.is_open
    assert not [e for e in incident.entries if e.kind == "restored"]
    assert scene.kinds(12) == []  # it may flap
    text = text_of(scene, 16, "commander")  # nobody has it either: both in one mail
    assert "The monitoring system says since 12:10 UTC that registry/HTTP is well" in " ".join(text.split())
    assert "| RESTORED 12:10Z" in text
    scene.settle(16)
    assert scene.kinds(17) == []
    scene.mail(ALICE, "RESTORED 12:10Z", 18)
    assert [e for e in scene.incident.entries if e.kind == "restored"]


def test_a_problem_that_comes_back_takes_the_suggestion_back() -> None:
    scene = Scene()
    scene.mail(ROBOT, "CRITICAL", 0)
    scene.settle()
    scene.take(_nagios("RECOVERY", "OK", 10), scene.at(10))
    scene.take(_nagios("PROBLEM", "CRITICAL", 12), scene.at(12))
    assert "RESTORED" not in "".join(text_of(scene, 20, kind) for kind in letters(scene, 20))


def test_it_is_a_mail_of_its_own_where_somebody_has_the_incident() -> None:
    scene = Scene()
    scene.mail(ALICE, "Since 11:50 nobody can push.", 0, subject="registry/HTTP")
    scene.settle()
    scene.take(_nagios("PROBLEM", "CRITICAL", 5), scene.at(5))
    scene.take(_nagios("RECOVERY", "OK", 10), scene.at(10))
    assert scene.kinds(14) == []
    assert "| RESTORED 12:10Z" in text_of(scene, 16, "update")
    assert scene.settle(16) == ["update"]
    assert scene.kinds(69) == []
    assert scene.kinds(75) == ["update"]  # the hour without news goes on counting


def test_one_of_two_that_is_well_again_suggests_nothing() -> None:
    scene = Scene()
    scene.mail(ROBOT, "CRITICAL", 0)
    scene.take(_nagios("PROBLEM", "CRITICAL", 5, "mirror/HTTP"), scene.at(5))
    scene.settle()
    scene.take(_nagios("RECOVERY", "OK", 10), scene.at(10))
    assert scene.incident.well is None
    scene.take(_nagios("RECOVERY", "OK", 11, "mirror/HTTP"), scene.at(11))
    assert scene.incident.well == (scene.at(11), "mirror/HTTP")


def _nagios(what: str, state: str, minute: int, of: str = "registry/HTTP") -> bytes:
    head = f"From: nagios@example.org\nSubject: ** {what} Service Alert: {of} is {state} **\n"
    return f"{head}Message-ID: <n{minute}@example.org>\n\nIt is {state}.\n".encode()


# ── bounces and auto-replies ──────────────────────────────────────────────────────────────────────────────────────────

NO_BOX = "550 5.1.1 <bob@example.org>: no such user"
REPORT = "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n"
BOUNCES = (
    # sender, subject, more headers, text
    ("MAILER-DAEMON@mx.example.org (Mail Delivery System)", "Undelivered Mail Returned to Sender", "", NO_BOX),
    ("Mail Delivery Subsystem <mailer-daemon@example.com>", "Delivery Status Notification (Failure)", "", NO_BOX),
    ("postmaster@example.net", "Undeliverable: down", "", "Your message did not reach some or all of the recipients."),
    ("System Administrator <postmaster@example.net>", "Undeliverable: down", "", "Your message did not reach bob."),
    ("Mail Administrator <postmaster@example.org>", "Mail System Error - Returned Mail", "", "Failed recipient: bob"),
    ("gateway@example.org", "Mail could not be delivered", "", "The following message could not be delivered: down"),
    ("Mailer-Daemon@example.org", "Mail delivery failed: returning message to sender", "X-Failed-Recipients: b@x.org\n", NO_BOX),
    ("bounces@example.org", "failure notice", "", "Hi. This is the qmail-send program. I wasn't able to deliver your message"),
    ("MDaemon <mdaemon@example.org>", "MDaemon Notification -- Attachment Removed", REPORT, "--x\n\nfailed\n--x--"),
    ("postmaster@example.de", "Unzustellbar: down", "", "Die Nachricht konnte nicht zugestellt werden, nicht zugestellt: bob"),
    ("postmaster@example.fr", "Non remis : down", "", "Votre message n'a pas pu être remis."),
    ("postmaster@example.es", "No se puede entregar: undeliverable", "", "El mensaje no se pudo entregar."),
    ("Почта <mailer-daemon@example.ru>", "Недоставленное сообщение", "", "Письмо не может быть доставлено."),
    ("postmaster@example.cn", "系统退信", "", "您的邮件无法投递"),
    ("postmaster@example.jp", "配信エラー", "", "メールを配信できません"),
    ("x@example.org", "Warning: message delayed 24 hours", REPORT, "--x\n\nlate\n--x--"),
    ("Ivette <hotel@example.org>", "RE: order - 28169", "To: <catchall+keKf29aH@example.org>\n", "Solicitudes de reservas"),
)  # fmt: skip
AUTOS = (
    ("Automatic reply: down", "", ""),
    ("Automatische Antwort: down", "", ""),
    ("Réponse automatique : down", "", ""),
    ("Respuesta automática: down", "", ""),
    ("Risposta automatica: down", "", ""),
    ("Resposta automática: down", "", ""),
    ("Automatisch antwoord: down", "", ""),
    ("Autosvar: down", "", ""),
    ("Automaattinen vastaus: down", "", ""),
    ("Automatická odpověď: down", "", ""),
    ("Автоматический ответ: down", "", ""),
    ("Otomatik yanıt: down", "", ""),
    ("自动回复: down", "", ""),
    ("Re: down", "Auto-Submitted: auto-replied\n", ""),
    ("Re: down", "X-Autoreply: yes\n", ""),
    ("Re: down", "Precedence: auto_reply\n", ""),
    ("Out of office", "", "I am out of the office until Monday with limited access to email."),
    ("Abwesend", "", "Ich bin vom 3. bis 9. Mai nicht im Büro."),
    ("Absence", "", "Je suis absent jusqu'au lundi."),
    ("Fuera de la oficina", "", "Estoy de vacaciones hasta el lunes."),
)
WHO = ("Bob", "Zoë", "李", "o'neil")
ROBOTS = [(s, b, m, t) for s, b, m, t in BOUNCES] + [("p@example.org", b, m, t) for b, m, t in AUTOS]


@pytest.mark.parametrize(("robot", "who"), list(product(ROBOTS, WHO)))
def test_l3_l4_bounces_and_auto_replies_open_nothing_and_are_not_answered(
    robot: tuple[str, str, str, str], who: str
) -> None:
    sender, subject, more, text = robot
    head = f"From: {sender}\nSubject: {subject}\nMessage-ID: <r@example.org>\n{more}"
    if "To:" not in more:
        head += f"To: {who} <incident@example.org>\n"
    message = parse(f"{head}\n{text or f'{who}: thanks for your mail'}\nRESOLVED\n".encode())
    what, why = kind(message, "x@example.org")
    assert what in ("bounce", "auto"), subject
    assert why
    placed = Threads().place(facts(message, split(message.text), 1.0, what))
    assert (placed.incident, placed.rule) == (None, "unfiled")
