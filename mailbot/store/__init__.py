"""The archive (the truth) and the state (an index that can be thrown away and made again)."""
