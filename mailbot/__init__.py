"""mailbot records incidents by mail. Start here.

    intake (smtp, lmtp, imap, files)   a mail arrives
      -> store.archive                 it is on disk (fsync) before anybody is told "accepted": the truth
      -> core.message, core.reply      bytes become a Message, and which of its text is the sender's own
      -> core.threads                  which incident it belongs to, and by which rule
      -> core.commands, core.times     keywords and times in the own text (together: core.reading)
      -> core.incident                 all messages of an incident, folded: who has it, timeline, sections, actions
      -> core.due                      what should be mailed now -> outbox.render -> store.archive -> outbox.post
      -> publish.folder                the report, once it was reviewed

Imports go one way: ``cli -> app -> {intake, outbox, publish, store} -> core``. Siblings never import each other, core
imports none of them, config is imported by cli and app only. ``tests/test_rules.py`` keeps it so. ``app`` is the one part
that knows the others: its desk reads one mail, its register takes mails from the archive, its mailroom writes and hands
over; an office runs these for one list, the daemon runs all offices. ``core/__init__.py`` is the map of the rest;
``tests/test_walkthrough.py`` tells one incident as a story.
"""

__version__ = "0.1.0"
