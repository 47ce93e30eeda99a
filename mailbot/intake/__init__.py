"""The ways in. Each hands raw bytes and an Arrival to the archive and says "accepted" only after that is on disk."""
