"""Faults that a host survives, each a repeatable command with its figures."""
