# Only what mailbot uses of dkimpy 1.1; it ships no py.typed.
import logging
from collections.abc import Callable, Sequence

class DKIMException(Exception): ...
class ValidationError(DKIMException): ...

class DKIM:
    headers: list[list[bytes]]
    body: bytes
    def __init__(
        self, message: bytes | None = None, logger: logging.Logger | None = None, minkey: int = 1024
    ) -> None: ...
    def verify(self, idx: int = 0, dnsfunc: Callable[..., bytes | None] = ...) -> bool: ...
    def sign(
        self,
        selector: bytes,
        domain: bytes,
        privkey: bytes,
        signature_algorithm: bytes | None = None,
        identity: bytes | None = None,
        canonicalize: tuple[bytes, bytes] = ...,
        include_headers: Sequence[bytes] | None = None,
        length: bool = False,
    ) -> bytes: ...
