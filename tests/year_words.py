"""What people of the year say: the generator's tables (``year_scene``)."""

from __future__ import annotations

PEOPLE: dict[str, tuple[str, str]] = {  # who, and where their clock is
    "alice": ("Alice Doe <alice@example.org>", "Europe/Berlin"),
    "bob": ("Bob Stone <bob@example.net>", "America/New_York"),
    "carol": ("Carol King <carol@example.com>", "Europe/London"),
    "dave": ("Dave Fox <dave@example.net>", "America/Los_Angeles"),
    "erin": ("Erin Moss <erin@example.org>", "Europe/Zurich"),
    "faye": ("Faye Lin <faye@example.com>", "Asia/Tokyo"),
    "gus": ("Gus Vega <gus@example.org>", "America/Sao_Paulo"),
    "hana": ("Hana Novak <hana@example.net>", "Europe/Prague"),
    "ivan": ("Ivan Petrov <ivan@example.com>", "Europe/Sofia"),
    "june": ("June Park <june@example.org>", "Asia/Seoul"),
    "kofi": ("Kofi Mensah <kofi@example.net>", "Africa/Accra"),
    "lea": ("Léa Martin <lea@example.com>", "Europe/Paris"),
    "mira": ("Mira Rao <mira@example.org>", "Asia/Kolkata"),
    "noah": ("Noah West <noah@example.net>", "Australia/Sydney"),
}
SERVICES = [
    "Model registry",
    "Login page",
    "Build farm",
    "Package mirror",
    "Mailing lists",
    "Wiki",
    "Docs site",
    "Chat bridge",
    "Download server",
    "Bug tracker",
    "Name servers",
    "Nightly tests",
    "Forum",
    "Git hosting",
]
FAULTS = [
    "refuses pushes",
    "is very slow",
    "answers with 502",
    "shows an old certificate",
    "loses uploads",
    "is not reachable from Asia",
    "has a full disk",
    "sends everything twice",
    "logs everybody out",
]
OPENINGS = [
    "Hi all,\n\nsince about {time} this is broken: {title}.\nTwo people in the forum see it too.",
    "Hello,\n\nat {time} I first saw errors. Is anybody looking at it?",
    "{title}, for everybody as far as I can see.\n\n* {time} - first error in the log",
    "Something is wrong: {title}. I noticed at {time}.",
]
CHAT = [
    "I can see it too.",
    "At {time} the error rate was 40 %.",
    "* {time} - restarted the workers",
    "No change after the restart.",
    "Could it be the upgrade of last night?",
    "We failed over to the second machine at {time}.",
    "The graph of the load balancer looks strange since {time}.",
    "I have no access there, can somebody look at the logs?",
    "That took 01:23 the last time.",
    "{time}: deleted old logs, 40 GB free",
    "TL: {time} asked the provider",
    "The provider says they are on it.",
    "Port 8080 is closed on one of them, version 2.14.1 on the other.",
    "Looks better now?",
    "Still failing for me.",
    "I write to the users' list.",
]
LAST_WORDS = ["old logs deleted", "rolled back", "certificate renewed", "failed over", "provider fixed it"]
SECTIONS: dict[str, list[str]] = {
    "SUMMARY": ["A full disk kept everybody from pushing for an hour.", "An expired certificate stopped all logins."],
    "IMPACT": ["Nobody could push; pulls worked.", "About a third of the users got errors.", "All logins failed."],
    "TRIGGER": ["The disk was full.", "The upgrade of last week came without log rotation."],
    "CAUSE": ["Nothing checks that an image rotates its logs.", "Nobody owns the renewal of certificates."],
    "DETECTION": ["Two users wrote to the forum, twenty minutes before the first alert.", "An alert."],
    "RESOLUTION": ["Old logs were deleted and rotation switched on.", "The upgrade was rolled back."],
    "WELL": ["The handover took four minutes.", "Everybody wrote down times."],
    "POORLY": ["The runbook was out of date.", "It took an hour until anybody had access."],
    "LUCKY": ["It was not a release day."],
}
HEADINGS = {
    "SUMMARY": "Summary",
    "IMPACT": "Impact",
    "TRIGGER": "Trigger",
    "CAUSE": "Root Cause",
    "DETECTION": "Detection",
    "RESOLUTION": "Resolution",
    "WELL": "What went well",
    "POORLY": "What went poorly",
    "LUCKY": "Where we got lucky",
}
ANSWERS = [
    "I think a restart of all workers ended it, and the rollback made sure.",
    "About a third of our users, for an hour or so.",
    "A user wrote to the forum.",
    "Sorry, I do not know, Bob did that part.",
    "The upgrade of the night before.",
]
ACTIONS = [
    "prevent alert on the age of rotated logs @bob due {due}",
    "detect a probe from Asia @faye",
    "process write down who can log in where due {due}",
    "technical renew certificates by a job @alice https://forge.example.org/ops/issues/7",
    "documentation bring the runbook up to date",
]
