"""What a row of the table measured, and whether that is what was wanted."""

from __future__ import annotations

from dataclasses import dataclass

NOTHING = "–"


@dataclass(frozen=True)
class Figure:
    """One line of the page: `holds` is the verdict, `wanted` the words for it, a dash for nothing; what is not judged says so."""

    what: str
    measured: str
    wanted: str
    holds: bool
    is_judged: bool = True

    def __str__(self) -> str:
        verdict = ("holds" if self.holds else "**fails**") if self.is_judged else "not judged"
        if self.wanted == NOTHING and self.holds:
            verdict = NOTHING
        return f"{self.what} | {self.measured} | {self.wanted} | {verdict}"


def none_of(what: str, number: int) -> Figure:
    """A figure that must be 0."""
    return Figure(what, str(number), "0", number == 0)


def below(what: str, measured: float, limit: float, unit: str) -> Figure:
    """A figure that must stay below its limit."""
    return Figure(what, f"{measured:.4g} {unit}", f"< {limit:g} {unit}", measured < limit)


def percentile(values: list[float], part: float) -> float:
    """The value that `part` of all do not exceed; 0 without values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0
