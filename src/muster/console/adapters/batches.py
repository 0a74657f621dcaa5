"""Many rows in statements of a size that every database takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

BATCH = 500
"""Rows of one statement; SQLite takes 32,766 values."""

Thing = TypeVar("Thing")


def batched(things: Iterable[Thing]) -> Iterable[list[Thing]]:
    """The things in their order, at most `BATCH` in a list."""
    rest = list(things)
    return (rest[at : at + BATCH] for at in range(0, len(rest), BATCH))
