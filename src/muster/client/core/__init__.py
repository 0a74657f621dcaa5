"""Decisions of the licensing service: bytes, records and `now` in, verdicts, effects and deadlines out."""
