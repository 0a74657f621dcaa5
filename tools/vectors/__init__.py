"""Cases for spec/vectors/: made by our code from fixed seeds, one file a case, the same bytes in every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """One vector. `expect` is what a reader must come to; a case that must fail has ``{"error": CODE}``."""

    noun: str
    name: str
    kind: str
    about: str
    given: dict[str, Any]
    expect: dict[str, Any]

    def content(self) -> dict[str, Any]:
        """What stands in the file."""
        return {"about": self.about, "kind": self.kind, "given": self.given, "expect": self.expect}


def refused(code: str, **more: Any) -> dict[str, Any]:
    """The expectation of a case that must fail."""
    return {"error": code, **more}
