"""Names short enough to write back: of an incident (INC-20260506-KTR), of a message (UNDO K7QM), of a draft. From a hash."""

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another: 0 O 1 I L
ID = r"INC-\d{8}-[A-Z2-9]{3,12}(?![A-Z0-9])"  # of an incident, as it stands in words; people write it small, too


def letters(digest: bytes) -> str:
    """One for each byte."""
    return "".join([LETTERS[byte % len(LETTERS)] for byte in digest])
