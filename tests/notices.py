"""One example of every mail and both reports, to be read top to bottom: ``python -m tests.notices OUTDIR``."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory

from mailbot.app.digest import Stray, sections
from mailbot.app.unnamed import unnamed
from mailbot.core.due import Period, Policy
from mailbot.core.tracker import Tracker
from mailbot.outbox.render import Letter, Looks, Renderer
from tests.incident_scene import ALICE, BOB, CAROL, LIST, NOON, ROBOT, Scene, letters
from tests.register_scene import Desk

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

DAY = 24 * 60
YEAR = Policy(
    publish=timedelta(days=1000), report=(), question=(), action_late=()
)  # nothing but what comes after a year


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
    scene.settle(100 + 2 * DAY + 60)  # the action without an issue
    found["report"] = letters(scene, 100 + 4 * DAY)["report"]
    scene = opened()
    scene.settle()
    scene.mail(BOB, "It is over.", 9, subject="[RESOLVED] Registry refuses pushes")
    found["draft-that-asks"] = letters(scene)["draft"]
    scene = Scene(replace(LIST, needs=(("RESOLVED", "verified"),)))
    scene.mail(ALICE, "Pushes fail since 11:40 UTC.", 0)
    scene.settle()
    scene.mail(BOB, "RESOLVED", 9)
    found["confirm"] = letters(scene, only="confirm")["confirm"]
    return found | afterwards() | {"digest": digest()}


def afterwards() -> dict[str, Letter]:
    """What comes when nobody asks for it: offers, questions, actions, "publish as it is?", a year later."""
    found = {}
    scene = worked()
    scene.settle()
    found["offer"] = letters(scene, 180)["offer"]
    scene.mail(CAROL, "RESTORED 12:36 UTC old logs deleted\nRESOLVED", 101)
    scene.settle()
    found["question"] = letters(scene, 101 + DAY)["question"]
    scene.mail(
        BOB,
        "ACTION prevent alert on the age of rotated logs @bob due 2026-12-01\n"
        "ACTION process write down who can log in where, and keep that list where everybody finds it @bob",
        130,
    )
    scene.settle()
    looks = Looks(tracker=Tracker("https://forge.example/ops/registry", "forgejo"))
    found["action"] = letters(scene, 100 + 10 * DAY, looks, only="action")["action"]
    found["action-of-nobody"] = letters(of_nobody(), 100 + 10 * DAY, only="action")["action"]
    found["report-to-the-list"] = letters(scene, 100 + 15 * DAY, only="report")["report"]
    found["publish"] = letters(scene, 100 + 31 * DAY, only="publish")["publish"]
    scene.mail(BOB, f"CAUSE: no test of rotation\nRESOLUTION: old logs deleted\n{PLENTY}", 140)
    scene.settle()
    found["report-complete"] = letters(scene, 100 + 4 * DAY, only="report")["report"]
    scene.mail(BOB, "POORLY: Carol forgot to watch the disk", 145)
    found["hint"] = letters(scene, only="hint")["hint"]
    scene.settle()
    scene.mail(BOB, "DONE A1 https://forge.example/ops/registry/issues/7", 150)
    scene.settle()
    found["published-unreviewed"] = letters(unanswered(), 45 * DAY, only="published")["published"]
    scene.mail(CAROL, "REVIEWED: reads well", 160)
    found["published"] = letters(scene, only="published")["published"]
    scene.settle()
    found["anniversary"] = letters(scene, 366 * DAY, policy=YEAR, only="anniversary")["anniversary"]
    return found


def unanswered() -> Scene:
    """ "Publish as it is?" was asked on the 30th day."""
    scene = of_nobody()
    for minute in (16 * DAY, 31 * DAY):
        scene.settle(minute)
    return scene


def of_nobody() -> Scene:
    scene = opened()
    scene.settle()
    scene.mail(ALICE, "RESOLVED\nACTION prevent alert on the age of rotated logs", 100)
    scene.settle()
    return scene


def row(**changes: object) -> dict[str, object]:
    """How an incident stands, as the state keeps it; times in days before the digest."""
    known: dict[str, object] = {"id": "INC-20261121-K7Q", "title": "Registry refuses pushes", "status": "open"}
    known |= {"opened": 3.0, "last": 1.5, "closed": None, "commander": "Alice Doe", "live": True, "kind": "outage"}
    known |= {"impact": "54 min", "hit": 54, "missing": [], "asked": [], "actions": []} | changes
    known |= {k: (NOON - timedelta(days=d)).timestamp() for k, d in known.items() if isinstance(d, float)}
    return known


def replies() -> dict[str, Letter]:
    """What needs the register: answers about other mails and incidents, and to a reply to a digest."""
    found = {}
    with TemporaryDirectory() as folder, Desk(Path(folder)) as desk:
        old = desk.mail(
            BOB, "START 11:40 UTC\nCAUSE: nobody rotated the logs\nRESTORED 11:59 UTC\nRESOLVED", "Disk full on db2"
        )
        first = desk.mail(
            ALICE, "* 11:40 CST - pushes end in a 500\nhttps://ops.slack.com/archives/C012/p345", "Disk full"
        )
        thread = {"subject": "Re: Disk full", "re": first}
        desk.mail(BOB, "Thank you for looking into it, all of you.", **thread)
        long = "the registry's disk was full of old logs, which nobody had looked at since the upgrade"
        said = desk.mail(BOB, f"At 11:41 UTC {long}.\nresolved\nIt listens on port 8080.\n\n> is it up?\n", **thread)
        about = {"subject": "Re: Disk full", "re": f"{first} {said}"}
        for name, question in (
            ("why", "WHY"),
            ("why-of-an-entry", "WHY T1"),
            ("catchup", "CATCHUP"),
            ("search", "SEARCH disk logs"),
        ):
            found[f"answer-{name}"] = desk.letter("answer", desk.mail(CAROL, question, **about))
        found["answer-search-in-vain"] = desk.letter("answer", desk.mail(CAROL, "SEARCH kubernetes", **about))
        found["brief-with-questions"] = desk.letter("brief", desk.mail(ALICE, "HANDOFF carol@example.net", **thread))
        alone = desk.mail(
            BOB, f"LOG 11:50 UTC deleted {long}\nCAUSE: {long}, and {long}, and {long}", to=LIST.bot, **thread
        )
        found["receipt-of-a-mail-to-us-alone"] = desk.letter("receipt", alone)
        found["receipt-of-a-merge"] = desk.letter("receipt", desk.mail(CAROL, f"MERGE {desk.of(old)}", **thread))
        week = desk.ours("[incident digest] 2026-W47: 1 open", "digest:2026-W47")
        desk.mail(CAROL, "DONE A1\nLINK INC-20200101-ABC A1 o/r#7", "Re: [incident digest] 2026-W47: 1 open", re=week)
        (found["unnamed"],) = unnamed(desk.register, Renderer(LIST, Looks()), desk.clock, Policy())
        desk.register.unnamed.clear()
        for name, question in (("asked", "HELP"), ("asked-search", "SEARCH disk logs\nSTATUS")):
            desk.mail(CAROL, question, subject="question")
            (found[name],) = unnamed(desk.register, Renderer(LIST, Looks()), desk.clock, Policy())
            desk.register.unnamed.clear()
    return found


def digest() -> Letter:
    long = "The nightly build of the documentation did not publish " * 2
    old = (NOON - timedelta(days=40)).timestamp()
    actions = [
        ["A1", "alert on the age of rotated logs", "bob", "2026-11-01", True, old],
        ["A2", "write down who can log in where, and keep that list where everybody finds it", "", "", False, old],
    ]
    missing = {"status": "resolved", "missing": ["SUMMARY", "CAUSE"], "asked": ["Bob Stone", "Carol"]}
    published = "2026-11-16-registry-refuses-logins.md"
    docs = [
        row(id="INC-20261116-DEF", title="Registry refuses logins", status="published", closed=4.0, file=published),
        row(),
        row(id="INC-20261119-ABC", title=long, commander="", opened=0.5, last=0.2),
        row(id="INC-20261118-XYZ", title="Forum is slow", closed=2.0, **missing),
        row(id="INC-20261011-QRS", title="Mirror down", status="published", opened=41.0, closed=40.0, actions=actions),
        row(id="INC-20261117-TUV", title=long, status="resolved", closed=3.0, hit=130, impact="2 h 10 min"),
    ]
    period = Period("2026-W47", NOON - timedelta(days=7), NOON)
    told = sections(docs, period, NOON - timedelta(days=300))
    told["unfiled"] = [Stray(NOON - timedelta(days=1), "Dan Roe", "Which mirror is the fastest one from here?")]
    told["thanks"] = ["Alice Doe", "Bob Stone", "Carol", "Dan Roe"]
    looks = Looks(page_url="https://forge.example/community/incidents/{file}")
    return Renderer(LIST, looks).digest(period, told, "d1@example.org", NOON)


def reports() -> dict[str, str]:
    scene = worked()
    scene.mail(CAROL, f"RESTORED 12:36 UTC old logs deleted\nRESOLVED\n{PLENTY}", 100)
    looks = Looks(zone="Europe/Zurich", archive_url="https://lists.example.org/incident/{message_id}")
    renderer = Renderer(LIST, looks)
    return {f"report-{name}.md": renderer.report(scene.incident, name)[1] for name in ("instructlab", "debrief")}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, letter in (examples() | replies()).items():
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
