"""Cases for spec/vectors/: made by our code from fixed seeds, one file a case, the same bytes in every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Given = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One vector. `expect` is what a reader must come to; a case that must fail has ``{"error": CODE}``."""

    noun: str
    name: str
    kind: str
    about: str
    given: Given
    expect: dict[str, Any]

    def content(self) -> dict[str, Any]:
        """What stands in the file."""
        return {"about": self.about, "kind": self.kind, "given": self.given, "expect": self.expect}


def refused(code: str, **more: Any) -> dict[str, Any]:
    """The expectation of a case that must fail."""
    return {"error": code, **more}


def refusals(noun: str, kind: str, code: str, rows: Mapping[str, tuple[Given, str]]) -> Iterator[Case]:
    """Cases that all fail with one code, from name to what is given and what it is about."""
    for name, (given, about) in rows.items():
        yield Case(noun, name, kind, about, given, refused(code))


def flips(noun: str, kind: str, given: Given, path: list[str | int], *, every: int, code: str = "*") -> Case:
    """The loop over the bits of one of the bytes in `given`: each alone, flipped, makes the case fail."""
    about = f"Every {every}th bit of {'/'.join(map(str, path))} is flipped, one at a time: bit n is bit n mod 8 of byte n div 8."
    return Case(
        noun,
        "bits_flipped",
        "flips",
        about,
        {"kind": kind, "path": path, "every": every, "given": given},
        refused(code),
    )
