"""Public keys of signatures, from the DNS: the one module that asks it (dnspython, the system's resolver).

The law: asking is bounded in time and remembering in size. A name is asked again when its TTL is over (an hour at most); one
that did not answer is left alone for half a minute, or every mail of a flood would wait for it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

Ask = Callable[[str, float], tuple[bytes | None, float]]
"""(name, seconds) -> (its one key record or None, how long that holds in seconds). TimeoutError where nobody answers."""

PATIENCE = 2.0  # seconds for one name
SHORT, LONG, SILENT = 60.0, 3600.0, 30.0  # seconds: the shortest and the longest memory, and that of a silence
MOST = 1_000  # names that are remembered


class Keys:
    """Keeps what it was told. For many threads."""

    def __init__(self, ask: Ask | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask or ask_dns, clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, bytes | None, bool]] = OrderedDict()  # until, record, was it silent?

    def within(self, seconds: float) -> Callable[[str], bytes | None]:
        """A look-up whose questions together take no longer. It raises TimeoutError where nobody answers."""
        end = self._clock() + seconds

        def lookup(name: str) -> bytes | None:
            with self._lock:
                until, record, silent = self._known.get(name, (0.0, None, False))
            now = self._clock()
            if now >= until:
                record, silent = self._fresh(name, min(PATIENCE, end - now))
            if silent:
                raise TimeoutError(name)
            return record

        return lookup

    def _fresh(self, name: str, seconds: float) -> tuple[bytes | None, bool]:
        if seconds <= 0:  # says nothing about the name
            return None, True
        try:
            record, ttl = self._ask(name, seconds)
            keep, silent = min(max(ttl, SHORT), LONG), False
        except OSError:  # TimeoutError is one
            record, keep, silent = None, SILENT if seconds == PATIENCE else 0.0, True  # it had little time
        with self._lock:
            self._known[name] = (self._clock() + keep, record, silent)
            self._known.move_to_end(name)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return record, silent


def ask_dns(name: str, seconds: float) -> tuple[bytes | None, float]:
    """As ``Ask``. More than one key under one name is none (RFC 6376 3.6.2.2: undefined)."""
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(f"{name}.", "TXT", lifetime=seconds, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None, SHORT
    except (dns.exception.Timeout, dns.resolver.NoNameservers, dns.resolver.NoResolverConfiguration) as error:
        raise TimeoutError(str(error)) from None
    except (dns.exception.DNSException, UnicodeError):  # no such name can be
        return None, SHORT
    records = [record for item in answer if b"p=" in (record := b"".join(item.strings))]
    return (records[0] if len(records) == 1 else None), float(answer.rrset.ttl if answer.rrset else SHORT)
