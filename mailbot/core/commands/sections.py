"""The report's sections: SUMMARY, IMPACT, TRIGGER, CAUSE, DETECTION, RESOLUTION, WELL, POORLY, LUCKY."""

from __future__ import annotations

from mailbot.core.commands.unit import keyword, text_after_colon
from mailbot.core.incident import Act, Incident, Note

SECTIONS = {
    "SUMMARY": ("one or two sentences, seen from far", "SUMMARY: Pushes to the registry failed for 40 minutes."),
    "IMPACT": ("what did not work, and for whom", "IMPACT: logins failed for everybody"),
    "TRIGGER": ("what set it off", "TRIGGER: the 13:50 deploy"),
    "CAUSE": ("what made that possible", "CAUSE: no test covers an empty cache"),
    "DETECTION": ("how it was noticed", "DETECTION: two users wrote to the forum"),
    "RESOLUTION": ("what ended it: commands, commits, links", "RESOLUTION: rolled back to v41"),
    "WELL": ("what went well in handling it", "WELL: the rollback took a minute"),
    "POORLY": ("what went poorly in handling it", "POORLY: nobody knew who had the password"),
    "LUCKY": ("where we got lucky", "LUCKY: Alice happened to be awake"),
}


def _section(name: str, meaning: str, example: str) -> None:
    @keyword(
        name,
        usage=f"{name}: text",
        meaning=f"report: {meaning}",
        example=example,
        shape=text_after_colon,
        tell="sender",
        block=True,
        needs=True,
    )
    def fill(incident: Incident, act: Act) -> str:
        more = "added to" if incident.section(name) else "written into"
        incident.notes.append(Note(name, act.text, act.who, act.said.message_id, act.at))
        return f"{more} the report's {name.lower()}"


for _name, (_meaning, _example) in SECTIONS.items():
    _section(_name, _meaning, _example)
