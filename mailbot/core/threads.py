"""Which incident a message belongs to, and by which rule (threading.md). Deterministic over messages in archive order."""
