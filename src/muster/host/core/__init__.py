"""What the host decides: whom it answers, how it counts, what it signs, which records it publishes.

Bytes, records and `now` come in, verdicts go out. Never reads clocks, chance, files or sockets.
"""
