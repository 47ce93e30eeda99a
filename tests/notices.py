"""One example of every mail and both reports, to be read top to bottom: ``python -m tests.notices OUTDIR``."""

from __future__ import annotations

import sys
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from mailbot.core.due import Period
from mailbot.outbox.render import Letter, Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, NOON, ROBOT, Scene, letters

PLENTY = """Hello all,

I looked at it with Bob.

SUMMARY: Pushes to the registry failed for an hour because a disk was full. Pulls worked.
IMPACT: every push ended in a 500; two people wrote to the forum, and the nightly build did not publish its
packages at all
TRIGGER: log rotation stopped with the upgrade of 2026-11-20
DETECTION: two users on the forum, twenty minutes before the first alert
ACTION prevent alert on the age of rotated logs @bob due 2026-12-01 https://forge.example/ops/issues/7
ACTION process write down who can log in where
LUCKY: Alice happened to be awake
Well done!
WELL done, all
"""


def opened() -> Scene:
    scene = Scene()
    scene.mail(ALICE, "Hi all,\n\nsince about 11:40 every push ends in a 500. At 11:46 UTC the forum saw it too.\n", 0)
    return scene


def worked() -> Scene:
    scene = opened()
    scene.settle()
    scene.mail(BOB, "START 11:38 UTC\nResolved\nRESOLVED is a big word\nZONE XYZ\n* 11:55 - disk is full", 10)
    scene.mail(CAROL, "LOG 11:50 UTC saw it in the log of the second machine, which is the one that serves pushes", 12)
    return scene


def examples() -> dict[str, Letter]:
    """Name -> mail: each kind once, as people would get it."""
    found = {"ack": letters(opened())["ack"]}
    scene = Scene()
    scene.mail(ROBOT, "Service CRITICAL since 11:40 UTC", 0)
    found["ack-of-an-alert"] = letters(scene)["ack"]
    scene.settle()
    found["commander"] = letters(scene, 15)["commander"]
    scene = worked()
    found["receipt"] = letters(scene)["receipt"]
    scene.settle()
    scene.mail(ALICE, "HANDOFF carol@example.net: the disk is full, Bob deletes old logs", 20)
    found["brief"] = letters(scene)["brief"]
    scene.settle()
    found["update"] = letters(scene, 80)["update"]
    found["update-the-last"] = letters(scene, 20 + 420)["update"]
    found["open"] = letters(scene, 3 * 24 * 60)["open"]
    scene.mail(CAROL, "ACCEPT\nSTATUS\nTIMELINE\nREPORT debrief\nHELP", 85)
    found |= {name: letter for name, letter in letters(scene).items() if name != "receipt"}
    scene.settle()
    scene.mail(CAROL, "RESTORED 13:36 UTC old logs deleted\nRESOLVED", 100)
    found["draft"] = letters(scene)["draft"]
    scene.settle()
    scene.mail(BOB, PLENTY, 130)
    found["receipt-of-sections"] = letters(scene)["receipt"]
    scene.settle()
    found["report"] = letters(scene, 100 + 4 * 24 * 60)["report"]
    scene = opened()
    scene.settle()
    scene.mail(BOB, "It is over.", 9, subject="[RESOLVED] Registry refuses pushes")
    found["draft-that-asks"] = letters(scene)["draft"]
    return found | {"digest": digest()}


def digest() -> Letter:
    row = {"id": "INC-20261121-K7Q", "title": "Registry refuses pushes", "opened": NOON, "last": NOON}
    row |= {
        "commander": "Alice Doe",
        "impact": "54 min",
        "open_for": "2 h 7 min",
        "days": 3,
        "missing": ["SUMMARY", "CAUSE"],
    }
    long = {
        "id": "INC-20261118-ABC",
        "commander": "",
        "title": "The nightly build of the documentation did not publish " * 2,
    }
    sections = {"open": [row, row | long], "reports": [row], "resolved": [row | long]}
    period = Period("2026-W47", NOON - timedelta(days=7), NOON)
    return Renderer(LIST, Looks()).digest(period, sections, "d1@example.org", NOON)


def reports() -> dict[str, str]:
    scene = worked()
    scene.mail(CAROL, f"RESTORED 12:36 UTC old logs deleted\nRESOLVED\n{PLENTY}", 100)
    looks = Looks(zone="Europe/Zurich", archive_url="https://lists.example.org/incident/{message_id}")
    renderer = Renderer(LIST, looks)
    return {f"report-{name}.md": renderer.report(scene.incident, name)[1] for name in ("instructlab", "debrief")}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, letter in examples().items():
        mail = message_from_bytes(letter.raw, policy=default)
        head = "".join(f"{k}: {v}\n" for k, v in mail.items() if k in ("From", "To", "Subject"))
        for kind, ending in (("plain", "txt"), ("html", "html")):
            if (body := mail.get_body((kind,))) is not None:
                text = body.get_content()
                (folder / f"{name}.{ending}").write_text(
                    f"{head}\n{text}" if ending == "txt" else text, encoding="utf-8"
                )
    for name, text in reports().items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"{len(list(folder.iterdir()))} files in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
