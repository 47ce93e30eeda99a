"""The composition root: the only part that knows the others.

desk       one mail in: bytes -> message, own text, kind, facts            (pure glue over core)
register   archive + threads + fold -> incidents; the state is its index   (catch_up, look, import, rebuild)
             index (what is remembered in memory), decisions (MERGE, SPLIT, ZONE and their UNDO), folds (incidents kept
             folded), rows (how each stands, for lists), mailboxes (how far each is read, and what it did not give)
mailroom   what is due -> written into the archive -> handed to the smarthost
             what mails say beside the incident: digest, replies (SEARCH, WHY, CATCHUP), unnamed (replies to digests,
             mails that only ask), passed (times not used), similar (past incidents); holds (addresses that bounce), pages
             (published reports)
office     archive, register and mailroom of one list
daemon     the event loop: ways in, reading, ticking, clean shutdown
             routing (which list a mail is for), addressed (to which signed address it came), control (operators' requests
             to it), senders (signatures of mails that arrive), watching (mailboxes), health
importing, reader, showing   what the commands import, read and show print;  probing: through which ways in a probe comes
setup      config -> the parts, put together;  log: one function a fact;  tokens: our own secret
"""
