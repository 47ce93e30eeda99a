"""What mailbot exists for, pure: values in, values out. No files, no network, no clock, no logging; ``now`` is an argument.

In the order in which a mail goes through (the first of a row is the way in, the others serve it):

    message    bytes -> Message: limits, structure, encoded, date, html; trace (how it came), signed (reply addresses),
               kinds and robots (what wrote it), alerts (what a monitoring system says of what)
    reply      own text, quotes, signature, footer: openers (what begins a quote), quotes (words and shapes of both)
    threads    which incident: facts, subject, prefixes, memory, ids, votes, hashed
    reading    what one message says: commands/ (a keyword is one function there) and times
    times      own text -> events with instants: formats (a way to write a time is one row there), found, scanner,
               expressions, listings and looks (what is no event), page, sheet, walk, place, placing, days, zones, lexicon,
               words
    incident   the fold of an incident's mails: entries (its values), people (who is meant), links (chats), answers (to our
               questions), asks (what it wants mailed), undo and joining (MERGE), vouched (what waits for a CONFIRM)
    lint       what is probably wrong about a time: doubts, odd, vague, durations; explain (why something is none)
    report     what a template prints: impact (how long), names, leak and blame (care), suggest, wrongs (what is done about
               it); draft, edits, lines (it comes back edited), publication (who reviews it, what holds it, the private way)
    due        what should be mailed now: a package, its way in is now; tracker (an issue made of an action)
"""
