"""The tests mirror src; `tests.worlds` holds believable counterparts in memory."""
