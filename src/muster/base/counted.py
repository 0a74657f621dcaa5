"""Numbers of things, for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 key``, ``2 keys``, ``12,000 machines``: a number with its noun, which takes an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
