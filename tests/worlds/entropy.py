"""Chance that is the same in every run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_FRACTION_BYTES = 6


@dataclass
class SeededEntropy:
    """SHA-256 of seed and counter: as spread out as the real one, and repeatable."""

    seed: int = 1
    drawn: int = 0

    def token(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            self.drawn += 1
            found += hashlib.sha256(b"%d/%d" % (self.seed, self.drawn)).digest()
        return found[:size]

    def fraction(self) -> float:
        return int.from_bytes(self.token(_FRACTION_BYTES), "big") / (1 << 8 * _FRACTION_BYTES)
