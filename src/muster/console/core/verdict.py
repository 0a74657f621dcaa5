"""What came of one action on one machine."""

from __future__ import annotations

from dataclasses import dataclass

from muster.base.errors import MusterError

DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A code of spec/errors.md, or `DONE`, and a sentence."""

    code: str
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it was done."""
        return self.code == DONE


def verdict_of(error: MusterError) -> Verdict:
    """What a failure on the way says of a machine."""
    return Verdict(str(error.code), error.message)
