"""The only place that draws chance. Shells take an `Entropy`; cores take nonces, ids and fractions as values."""

from __future__ import annotations

import secrets
from typing import Protocol

_FRACTION_BITS = 53


class Entropy(Protocol):
    """What a shell may ask of chance."""

    def token(self, size: int) -> bytes:
        """`size` unpredictable bytes."""

    def fraction(self) -> float:
        """A number in [0, 1)."""


class SystemEntropy:
    """The operating system's generator."""

    def token(self, size: int) -> bytes:
        """`size` unpredictable bytes."""
        return secrets.token_bytes(size)

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return secrets.randbits(_FRACTION_BITS) / (1 << _FRACTION_BITS)
