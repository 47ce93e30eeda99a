"""What should be mailed now. ``due`` remembers nothing: what was sent is in the incident, because the archive says so.

So a rebuild, a crash or a night of downtime sends nothing twice, and what was missed comes once, not one by one (P23).

    policy      when to remind, and how much mail is too much: Policy; Notice and Due, what comes out
    now         due(incident, now, policy), and whether what waits is still true
    reminders   the rows of reminders (language.md 4): since when, how often, to whom, until when
    people      whom a reminder is for, where their clock is, who is asked what
    budgets     how much of it may go out now, and what is joined
    periods     digests, by the key of their period
"""

from mailbot.core.due.budgets import Posted, joined, within
from mailbot.core.due.now import due, fits, fits_state
from mailbot.core.due.periods import Period, digest_due, period_before
from mailbot.core.due.policy import LATE, PRIORITY, Due, Notice, Policy

__all__ = [
    "LATE",
    "PRIORITY",
    "Due",
    "Notice",
    "Period",
    "Policy",
    "Posted",
    "digest_due",
    "due",
    "fits",
    "fits_state",
    "joined",
    "period_before",
    "within",
]
