"""Answers to questions of ours: a plain reply to the mail that asked for a section is the section's text (language.md 4).

The law: only an answer to that very mail counts (In-Reply-To), only from a person, and only where no keyword was read in it;
whoever writes keywords says what they mean. It goes the keyword's way, so it has a receipt, and UNDO takes it back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.core.entries import Question, Said, Sent

if TYPE_CHECKING:
    from mailbot.core.incident import Incident

OWN = ("offer", "open", "report", "publish", "question", "action")  # of our own accord, to a person
LONG = 4000  # characters of an answer
PASS = ("i don't know", "i do not know", "don't know", "no idea", "dunno", "not me", "pass", "no", "-", "n/a", "?")


def keep_question(incident: Incident, sent: Sent) -> None:
    """Remembers what a mail of ours asked whom, and when one person was last written to."""
    if sent.kind in OWN:
        alone = tuple(a for a in sent.to if a != incident.mailing_list.address)
        incident.mailed.update(dict.fromkeys(alone, sent.at))
    for key in sent.keys if sent.kind == "question" else ():
        section = (*key.split(":"), "", "")[2]  # question:20261121T120000:IMPACT:1
        incident.questions[sent.message_id] = Question(section, sent.to[0] if sent.to else "", sent.at)


def answered(incident: Incident, said: Said) -> Said:
    """The message with the keyword that its plain reply to a question stands for; else as it is."""
    from mailbot.core.commands import (
        KEYWORDS,
        Command,
        Given,
    )  # late: effects change incidents, and this is part of one

    asked = next((m for m in said.answers if m in incident.questions), None)
    if asked is None or said.kind != "human" or not said.words:
        return said
    question = incident.questions[asked]
    incident.questions[asked] = replace(question, answered=True)
    keyword = KEYWORDS.get(question.section)
    if keyword is None or said.words.casefold().replace("\u2019", "'").strip(" .!\n") in PASS:
        return said
    answer = Command(keyword, f"your answer ({keyword.word})", 0, 0, 0, Given(text=said.words[:LONG]))
    return replace(said, reading=replace(said.reading, commands=(answer,)))
