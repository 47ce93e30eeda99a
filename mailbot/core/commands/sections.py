"""The report's sections: SUMMARY, IMPACT, TRIGGER, CAUSE, DETECTION, RESOLUTION, WELL, POORLY, LUCKY."""

from __future__ import annotations

from mailbot.core.commands.unit import keyword, text_after_colon
from mailbot.core.incident import Act, Incident, Note
from mailbot.core.wrongs import number

# keyword: (heading in the report, meaning, example)
SECTIONS = {
    "SUMMARY": (
        "Summary",
        "one or two sentences, seen from far",
        "SUMMARY: Pushes to the registry failed for 40 minutes.",
    ),
    "IMPACT": ("User Impact", "what did not work, and for whom", "IMPACT: logins failed for everybody"),
    "TRIGGER": ("Proximate Trigger", "what set it off", "TRIGGER: the 13:50 deploy"),
    "CAUSE": ("Root Cause", "what made that possible", "CAUSE: no test covers an empty cache"),
    "DETECTION": ("Detection", "how it was noticed", "DETECTION: two users wrote to the forum"),
    "RESOLUTION": ("Resolution", "what ended it: commands, commits, links", "RESOLUTION: rolled back to v41"),
    "WELL": ("What Went Well?", "what went well in handling it", "WELL: the rollback took a minute"),
    "POORLY": ("What Went Poorly?", "what went poorly in handling it", "POORLY: nobody knew who had the password"),
    "LUCKY": ("Where We Got Lucky?", "where we got lucky", "LUCKY: Alice happened to be awake"),
}


def _section(name: str, title: str, meaning: str, example: str) -> None:
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
        for paragraph in act.text.split("\n\n"):  # each has its own source in the report
            incident.notes.append(Note(name, paragraph, act.who, act.said.message_id, act.at))
        number(incident)
        labels = [n.label for n in incident.section(name) if n.number and n.message_id == act.said.message_id]
        return f'{more} "{title}"' + (f" ({', '.join(labels)})" if labels else "")


for _name, _row in SECTIONS.items():
    _section(_name, *_row)
