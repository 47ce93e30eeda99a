"""The times reader: what it reads of a text in a second of CPU time, against dateparser on the same texts in the same run.

The texts are the gallery of the tests, twenty short mails that say how it goes with little text and nothing of the target, and
a folder of mails as they come, which does (``--texts``). The peer is optional: where dateparser is not installed, ours stands
alone. Hostile text is a megabyte of marks, and two.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.options import Options
from bench.table import Row, at_most, ratio_at_least, ratio_at_most
from mailbot.core.message import parse
from mailbot.core.times import Context, read_times

GALLERY = Path(__file__).parent.parent / "tests" / "gallery"
FASTER = 20  # times dateparser
JUNK = ("1", ":", " ", "[", ">", "|", "0123456789:[]>| \n", "12:34 ")
Text = tuple[str, datetime]


def measure(options: Options) -> Iterator[Row]:
    rounds = 1 if options.quick else 3
    for row in against_dateparser(GALLERY, rounds, most=2 if options.quick else None):
        yield replace(row, target="", ok=None)
    if options.texts is not None:
        yield from against_dateparser(options.texts, rounds)
    size = 100_000 if options.quick else 1_000_000
    once = {junk: _junk(junk, size) for junk in JUNK}
    twice = {junk: _junk(junk, 2 * size) for junk in JUNK}
    worst = max(JUNK, key=lambda junk: once[junk])
    yield at_most(f"the slowest of {len(JUNK)} kinds of junk, {size // 1000} KB: {worst!r}", once[worst], "s", 2)
    grown = max(JUNK, key=lambda junk: twice[junk])
    yield ratio_at_most(f"twice as much: {grown!r}", twice[grown], "s", max(once[grown], 0.05), "once", 2.2)


def against_dateparser(folder: Path, rounds: int, most: int | None = None) -> Iterator[Row]:
    texts = [_text(path.read_bytes()) for path in sorted(folder.glob("*.eml"))[:most]]
    size = sum(len(text) for text, _ in texts) / 1000
    what = f"times read in {len(texts)} texts, {size:.0f} KB"
    peer = _dateparser()
    times = max(1, round(200 / size)) if most is None else 1
    _rate(_read, texts, size, 1)  # zones and words are loaded once
    if peer is None:
        yield Row(what, median(_rate(_read, texts, size, times) for _ in range(rounds)), "KB/s of CPU")
        return
    _rate(peer, texts[:2], size, 1)
    ours, theirs = [], []
    for _ in range(rounds):  # in turns: the machine may do other things as well
        ours.append(_rate(_read, texts, size, times))
        theirs.append(_rate(peer, texts, size, 1))
    yield ratio_at_least(what, median(ours), "KB/s of CPU", median(theirs), "dateparser", FASTER)


def _text(raw: bytes) -> Text:
    message = parse(raw)
    return message.text, message.date or datetime(2026, 11, 21, tzinfo=UTC)


def _read(text: str, sent: datetime) -> object:
    return read_times(text, ((0, len(text)),), Context(sent))


def _dateparser() -> Callable[[str, datetime], object] | None:
    try:
        module: Any = importlib.import_module("dateparser.search")
    except ImportError:
        return None

    def search(text: str, sent: datetime) -> object:
        settings = {"RELATIVE_BASE": sent.replace(tzinfo=None), "PREFER_DATES_FROM": "past"}
        try:
            return module.search_dates(text, languages=["en"], settings=settings)
        except Exception:  # it raises on some texts, the year 0001 among them
            return None

    return search


def _rate(reader: Callable[[str, datetime], object], texts: Sequence[Text], size: float, times: int) -> float:
    """KB in a second of CPU time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.process_time()
        for _ in range(times):
            for text, sent in texts:
                reader(text, sent)
    return times * size / (time.process_time() - began)


def _junk(junk: str, size: int) -> float:
    text = junk * (size // len(junk))
    began = time.process_time()
    _read(text, datetime(2026, 11, 21, tzinfo=UTC))
    return time.process_time() - began
