"""Scenes of why: each token that looks like a time and is none says what it is; one mail shows all that it was read by."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mailbot.app import setup
from mailbot.app.showing import why
from mailbot.core.explain import MOST, TOKENS, Token, refusals
from mailbot.core.times import Context, read_times
from tests.daemon_process import Sink, mail
from tests.daemon_scene import House

CONTEXT = Context(datetime(2026, 11, 21, 19, tzinfo=timezone(timedelta(hours=1))))


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.name)
def test_each_token_that_is_no_time_says_what_it_is(token: Token) -> None:
    example = f"{token.example} x\n"
    (refusal,) = refusals(example, [(0, len(example))], CONTEXT, ())
    assert refusal.line == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("the hub on host.example.org:8080 is down", '"8080" is a port'),
        ("the restart took 01:23", '"01:23" is a duration'),
        ("the rollout is planned for 18:30 tomorrow", '"18:30 tomorrow" is planned: no event'),
        ("10.0.14.05:8080 is down", '"10.0.14.05:8080" is an IP address'),
        ("-rw-r--r-- 1 root root 512 Nov 21 14:05 core.py", '"Nov 21 14:05" stands in what looks like: file listing'),
        ("we met at 25:61", '"25:61" is no time that I can read'),
    ],
)
def test_why_a_token_is_no_time(text: str, sentence: str) -> None:
    mentions, _ = read_times(text, [(0, len(text))], CONTEXT)
    assert [r.sentence for r in refusals(text, [(0, len(text))], CONTEXT, mentions)] == [sentence]


def test_why_shows_row_evidence_refusals_and_lint_of_a_mail(tmp_path: Path) -> None:
    body = "At 2026-07-10 14:05 PST host.example.org:8080 broke.\n\n-- \nAnn\nTel. 14:05"
    one = mail("9@example.org", "Logins fail", body, more="Date: Wed, 18 Nov 2026 12:00:00 +0000\r\n")

    async def scene(house: House) -> None:
        async with house.run() as daemon:
            await daemon.send(one)
            await daemon.settle()

    with Sink() as sink:
        house = House(tmp_path, sink)
        asyncio.run(scene(house))
    register = setup.looked_at(house.config)
    text = why(register, register.find("9@example.org")[0])
    register.archive.close()
    assert "line 1    T1 host.example.org:8080 broke" in text
    assert "(sure): read as date, year first + clock; date written; zone written (PST)" in text
    assert 'line 1    no event: "8080" is a port' in text
    assert "lines 3 to 5 not read: signature" in text
    assert 'lint     line 1: T1 "2026-07-10 14:05 PST" is in PST, which is winter time' in text


def test_a_log_of_ports_is_bounded() -> None:
    text = "10.0.14.05:8080 answers on port 9090\n" * 2000
    assert len(refusals(text, [(0, len(text))], CONTEXT, ())) == MOST
