"""The composition root: the only part that knows the others.

desk      one mail in: bytes -> message, own text, kind, facts            (pure glue over core)
register  archive + threads + fold -> incidents; the state is its index   (catch_up, look, import, rebuild)
mailroom  what is due -> written into the archive -> handed to the smarthost
daemon    the event loop: ways in, reading, ticking, clean shutdown
log       the operator's log, one function a fact
"""
