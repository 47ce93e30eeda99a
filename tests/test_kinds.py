"""What wrote a message: every row by its example, and people who only sound like machines."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core import robots
from mailbot.core.kinds import MARKS, Look, Mark, kind
from mailbot.core.message import parse

PERSON = "alice@example.org"


def judged(head: str, text: str = "Users see that mail is slow.", envelope: str | None = PERSON) -> str:
    return kind(parse(f"{head}\n\n{text}\n".encode()), envelope)[0]


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.reason)
def test_the_example_of_the_row_is_judged_by_that_row(mark: Mark) -> None:
    assert kind(parse(mark.example.encode()), None) == (mark.kind, mark.reason)


@pytest.mark.parametrize(
    "head",
    [
        "From: Alice <alice@example.org>\nSubject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: <1@example.org>",
        "From: Alice <alice@example.org>\nSubject: Undeliverable mail on mx1 since 14:00",
        "From: Alice <alice@example.org>\nSubject: mail delivery delayed",
        "From: Postmaster <postmaster@example.org>\nSubject: mail delivery problems at mx1, queue is at 4,000",
        "From: Alice <alice@example.org>\nSubject: Out of office next week",
        "From: Alice <alice@example.org>\nSubject: [RESOLVED] database down",
        "From: Alice <alice@example.org>\nSubject: PROBLEM: database is down",
        "From: Alice <alice@example.org>\nSubject: Re: [FIRING:2] InstanceDown\nIn-Reply-To: <1@example.org>",
        "From: Alice <alice@example.org>\nSubject: Fwd: ** PROBLEM Service Alert: web1/HTTP is CRITICAL **",
        "From: Alice <alice@example.org>\nSubject: down\nPrecedence: list\nList-Id: <incident.example.org>",
        "From: Alice <alice@example.org>\nSubject: down\nPrecedence: bulk",
        "From: Alice <alice@example.org>\nSubject: down\nX-Auto-Response-Suppress: All",
        "From: Alice <alice@example.org>\nSubject: down\nAuto-Submitted: no",
        "From: Alice Monitor <alice@example.org>\nSubject: outage in Zurich",
        "From: Alice <alice@pagerduty.com>\nSubject: Incident: database is down",
        "From: Alice <alice@grafana.com>\nSubject: Problem: dashboards are down",
        "From: root <root@example.org>\nSubject: Problem: disk is full",
        "From: Nagios admins <nagios-admins@example.org>\nSubject: meeting next week",
        "From: Alice <alice@example.org>\nSubject: Down: the registry",
        "From: Alice <noreply@example.org>\nSubject: hello\nPrecedence: bulk",  # the list's own Precedence
        "From: Product owner <product-owner@example.org>\nSubject: registry is down",
        "From: Alice <alice@example.org>\nSubject: mailing list is down\nPrecedence: bulk",
        "From: Alice via Incident <incident@example.org>\nSubject: moderation of the list is stuck\nPrecedence: bulk",
        "From: Alice <alice@example.org>\nSubject: Holiday\nIn-Reply-To: <1@example.org>",
    ],
)
def test_a_person_is_human(head: str) -> None:
    assert judged(head) == "human"


@pytest.mark.parametrize(
    "head",
    [
        "From: alertmanager@example.org\nSubject: [FIRING:2] InstanceDown (prod)",
        "From: ops@example.org\nSubject: [incident] [FIRING:2] InstanceDown (prod)",
        "From: alertmanager@example.org\nSubject: [RESOLVED] InstanceDown",
        "From: zabbix@example.org\nSubject: Problem: High CPU on web1",
        "From: zabbix@example.org\nSubject: Resolved in 5m: High CPU on web1",
        "From: Uptime Robot <alert@uptimerobot.com>\nSubject: Monitor is DOWN: example.org",
        "From: grafana@example.org\nSubject: [Alerting] CPU load",
        "From: grafana@example.org\nSubject: [OK] CPU load",
        "From: PagerDuty <no-reply@eu.pagerduty.com>\nSubject: [#1234] Incident triggered: disk full",
        "From: Example Status <noreply@statuspage.io>\nSubject: [Example] Investigating: errors in the API",
        "From: icinga2@web1.example.org\nSubject: [PROBLEM] HTTP on web1 is CRITICAL!",
        "From: nagios@example.org\nSubject: ** RECOVERY Host Alert: web1 is UP **\nAuto-Submitted: auto-generated",
    ],
)
def test_a_monitoring_system_is_an_alert(head: str) -> None:
    assert judged(head) == "alert"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: [incident] database down",
        "Automatische Antwort: down",
        "Abwesenheitsnotiz: down",
        "Réponse automatique : down",
        "Respuesta automática: down",
        "Risposta automatica: down",
        "Autosvar: down",
        "Automatyczna odpowiedź: down",
        "Автоматический ответ: down",
        "自动回复: down",
        "自动答复: down",
        "自動返信: down",
        "자동 응답: down",
        "رد تلقائي: down",
        "תשובה אוטומטית: down",
        "Αυτόματη απάντηση: down",
        "Автоматична відповідь: down",
        "Automatick\u00e1 odpov\u011b\u010f: down",
        "Automatikus v\u00e1lasz: down",
        "Otomatik cevap: down",
        "Automatische reactie: down",
        "Frav\u00e6rsmelding: down",
        "Poissaoloilmoitus: down",
        "Re: Resposta automatica: down",
        "[incident] Out of Office AutoReply: down",
    ],
)
def test_l4_an_automatic_reply_without_headers_is_auto_in_many_languages(subject: str) -> None:
    for form in ("NFC", "NFD"):  # with accents in one piece and in two
        assert judged(f"From: bob@example.org\nSubject: {unicodedata.normalize(form, subject)}") == "auto"


@pytest.mark.parametrize(
    "head",
    [
        "From: noreply@example.org\nSubject: Problem: High CPU on web1",
        "From: noreply@example.org\nSubject: [OK] CPU load",
        "From: noreply@example.org\nSubject: UP | nightly backup",
        "From: no-reply@example.org\nSubject: Jenkins build is back to normal : nightly #13",
        "From: Zabbix <root@example.org>\nSubject: Problem: High CPU on web1",
        "From: netdata on web1 <root@web1.example.org>\nSubject: web1 recovered, disk_space (/), disk usage",
        "From: ops@example.org\nSubject: [FIRING:3, RESOLVED:1] InstanceDown",
        "From: ops@example.org\nSubject: [Warn on {host:web1}] CPU is high",
        "From: ops@example.org\nSubject: PROBLEM Service Alert: web1/HTTP is CRITICAL",
        "From: ops@example.org\nSubject: [registry] [\U0001f534 Down] timeout",
        "From: Alice <notifications@github.com>\nSubject: [acme/registry] Run failed: CI - main (0a1b2c3)",
        "From: gitlab@example.org\nSubject: registry | Failed pipeline for main | 0a1b2c3d",
        "From: jenkins@example.org\nSubject: nightly - Build # 12 - Failure!",
        "From: ops@example.org\nSubject: Problem: High CPU on web1\nAuto-Submitted: auto-generated",
    ],
)
def test_a_monitoring_system_is_known_whatever_address_it_was_given(head: str) -> None:
    assert judged(head) == "alert"


@pytest.mark.parametrize(
    "head", ["X-Original-From: Zabbix <{}>", "X-Original-Sender: {}", "Reply-To: {}, incident@example.org"]
)
@pytest.mark.parametrize(
    ("sender", "subject", "what"),
    [
        ("zabbix@example.com", "Problem: High CPU on web1", "alert"),
        ("alertmanager@example.com", "[RESOLVED] InstanceDown", "alert"),
        ("incident-owner@example.com", "2 moderator requests are waiting", "auto"),
        ("alice@example.com", "[RESOLVED] registry is down", "human"),
    ],
)
def test_l40_what_wrote_a_mail_is_behind_the_lists_own_address(head: str, sender: str, subject: str, what: str) -> None:
    assert judged(f"From: 'It' via Incidents <incident@example.org>\n{head.format(sender)}\nSubject: {subject}") == what


def test_a_recovery_is_no_persons_resolved_where_its_text_is_a_machines() -> None:
    """Alertmanager sends from what the operator configured, and "[RESOLVED]" in a subject is what people write too."""
    head = "From: ops@example.org\nSubject: [RESOLVED] InstanceDown (web1 prod)"
    assert judged(head, "1 alert for alertname=InstanceDown\nView In Alertmanager\n[1] Resolved") == "alert"
    assert judged(head, "We put a new disk in.") == "human"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Away: down", "I am away until 12 March and will reply when I return."),
        ("Absence du bureau : down", "Je suis absente du bureau jusqu'au lundi."),
        ("De vacaciones", "Me encuentro de vacaciones hasta el lunes."),
        ("Fora do escrit\u00f3rio", "Estou fora do escrit\u00f3rio at\u00e9 segunda-feira."),
        ("In ferie", "Sono in ferie fino al 20 agosto."),
        ("Niet op kantoor", "Ik ben niet op kantoor tot 12 mei."),
        ("Ej p\u00e5 kontoret", "Jag \u00e4r inte p\u00e5 kontoret f\u00f6rr\u00e4n m\u00e5ndag."),
        ("P\u00e5 ferie", "Jeg holder ferie til mandag."),
        ("Ute av kontoret", "Jeg er ute av kontoret til mandag."),
        ("Lomalla", "Olen lomalla 12.8. asti."),
        ("Poza biurem", "Przebywam na urlopie do 12 maja."),
        ("Mimo kancel\u00e1\u0159", "Jsem na dovolen\u00e9 do pond\u011bl\u00ed."),
        ("H\u00e1zon k\u00edv\u00fcl", "Szabads\u00e1gon vagyok h\u00e9tf\u0151ig."),
        ("В отпуске", "Меня не будет в офисе до понедельника."),
        ("Відсутність", "Я у відпустці до понеділка."),
        ("İzindeyim", "12 Mayıs'a kadar izindeyim."),
        ("Εκτός γραφείου", "Είμαι εκτός γραφείου έως τη Δευτέρα."),
        ("不在办公室", "我目前不在办公室。"),
        ("休暇", "休暇をいただいております。"),
        ("부재중", "현재 부재중입니다."),
        ("خارج المكتب", "أنا خارج المكتب حتى يوم الاثنين."),
        ("מחוץ למשרד", "אני מחוץ למשרד עד יום ראשון."),
    ],
)
def test_l4_who_is_away_says_so_in_subject_and_text_in_many_languages(subject: str, text: str) -> None:
    for form in ("NFC", "NFD"):
        head = f"From: bob@example.org\nSubject: {unicodedata.normalize(form, subject)}"
        assert judged(head, unicodedata.normalize(form, text)) == "auto"
        assert judged(head, "The registry refuses every login.") == "human"  # one witness is none


def test_l4_a_program_that_leaves_the_subject_as_it_was_is_known_by_its_two_sentences() -> None:
    head = "From: bob@example.org\nSubject: Re: database is down\nIn-Reply-To: <1@example.org>"
    assert judged(head, "Hello, thank you for your message. I am out of the office until Monday.") == "auto"
    assert judged(head, "Vielen Dank f\u00fcr Ihre Nachricht. Ich bin bis 12.3. nicht im B\u00fcro.") == "auto"
    assert judged(head, "I am out of the office until Monday, Bob has the database.") == "human"
    assert judged(head, "Thanks for the message. The database is back.") == "human"


def test_l4_an_absence_that_people_would_word_alike_needs_the_text_too() -> None:
    head = "From: bob@example.org\nSubject: Abwesend bis Montag"
    assert judged(head, "Ich bin vom 6. bis 9. Mai im Urlaub. E-Mails werden nicht weitergeleitet.") == "auto"
    assert judged(head, "Wer übernimmt meinen Dienst?") == "human"


def test_l3_a_bounce_without_headers_of_a_mail_server_is_a_bounce() -> None:
    text = "Your message to bob@example.org could not be delivered.\n550 no such user"
    assert judged("From: gateway@example.org\nSubject: Mail could not be delivered", text) == "bounce"
    assert (
        judged("From: gateway@example.org\nSubject: RE: db : non remis (delivery failed)", f"*****\n{text}") == "bounce"
    )


@pytest.mark.parametrize("sender", ["", "<>"])
def test_a_mail_from_nobody_is_never_human(sender: str) -> None:
    assert judged("From: Alice <alice@example.org>\nSubject: down", envelope=sender) == "auto"
    assert judged("From: x@example.org\nSubject: Undelivered Mail Returned to Sender", envelope=sender) == "bounce"


def test_the_envelope_counts_more_than_a_return_path_that_anybody_can_write() -> None:
    assert judged("Return-Path: <>\nFrom: Alice <alice@example.org>\nSubject: down") == "human"


@pytest.mark.parametrize(
    "text",
    [
        "sent by alertmanager", "view in alertmanager", "alertname = disk", "source: http://x.example/graph?g0",
        "silence: https://x.example", "sent by grafana", "view your alert rule", "grafana v9", "original problem id: 7",
        "***** nagios *****", "*** icinga", "zabbix",
    ],
)  # fmt: skip
def test_what_monitoring_systems_write_is_known(text: str) -> None:
    assert robots.ALERT_TEXT.may_stand_in(text.upper())
    assert robots.ALERT_TEXT.stand_in(text)


PHRASES = (robots.DAEMON, robots.POSTMAN, robots.ALERT_TEXT, robots.FAILED_SUBJECT, robots.THANKS)


def test_each_alternative_of_a_phrase_has_the_word_that_is_asked_for_first() -> None:
    for word, pattern in (row for phrases in PHRASES for row in phrases.rows.items()):
        assert not re.search(r"\s", word)
        alternatives = pattern.rpartition("{0,4}(?:")[2].removeprefix("(?:").removesuffix(")")
        words = re.sub(r"\[[^\]]*\][?*]|\(\?:[^()|]*\)\?", "", alternatives)  # all but what may lack
        assert [each for each in re.split(r"\|(?![^()]*\))", words) if word not in each] == []


PIECES = sorted({
    piece for phrases in PHRASES for pattern in phrases.rows.values() for piece in re.findall(r"[^\W\d_]{2,}", pattern)
})  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from([*PIECES, ":", "http://x/graph?", "4", "***", "\u0130", "\u017f"]), max_size=9),
    st.text(max_size=3),
)
def test_the_first_question_keeps_no_phrase_from_being_found(pieces: list[str], junk: str) -> None:
    raw = " ".join([*pieces, junk])
    text = robots.plain(" ".join(raw.split()))
    for phrases in PHRASES:
        found = any(re.search(pattern, text) for pattern in phrases.rows.values())
        assert phrases.stand_in(text) == found
        assert phrases.may_stand_in(raw) or not found


HEADS = [
    line for mark in MARKS for line in mark.example.partition("\n\n")[0].split("\n")
] + ["In-Reply-To: <1@example.org>", "Precedence: bulk", "Auto-Submitted: no", "X-Autoreply: no"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(HEADS), max_size=6), st.sampled_from([mark.example.partition("\n\n")[2] for mark in MARKS])
)
def test_a_row_that_needs_a_header_does_not_hold_without_it(heads: list[str], text: str) -> None:
    message = parse("\n".join([*heads, "", text]).encode())
    look = Look(message, None)
    held = next(((mark.kind, mark.reason) for mark in MARKS if mark.test(look)), ("human", ""))
    assert kind(message, None) == held


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([None, "", "a@example.org"]))
def test_junk_is_judged_too(raw: bytes, envelope: str | None) -> None:
    assert kind(parse(raw), envelope)[0] in ("bounce", "auto", "alert", "human")
