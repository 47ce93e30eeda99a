"""What wrote a message: every row by its example, and people who only sound like machines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.core.kinds import MARKS, Mark, kind
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
        "[incident] Out of Office AutoReply: down",
    ],
)
def test_l4_an_automatic_reply_without_headers_is_auto_in_many_languages(subject: str) -> None:
    assert judged(f"From: bob@example.org\nSubject: {subject}") == "auto"


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


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([None, "", "a@example.org"]))
def test_junk_is_judged_too(raw: bytes, envelope: str | None) -> None:
    assert kind(parse(raw), envelope)[0] in ("bounce", "auto", "alert", "human")
