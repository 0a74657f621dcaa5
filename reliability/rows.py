"""The rows of the table: name, sentence, what is done, how much of it in short, as a rule and at length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reliability.figure import Figure
from reliability.killed import killed
from reliability.slow_peers import slow_peers


@dataclass(frozen=True)
class Row:
    """One fault. `run` takes an empty folder and a size."""

    title: str
    run: Callable[[Path, int], list[Figure]]
    short: int
    usual: int
    long: int


ROWS: dict[str, Row] = {
    "R1": Row("host killed with SIGKILL at random instants under load", killed, 10, 200, 1_000),
    "R7": Row("slow peers that never finish a request", slow_peers, 300, 2_000, 10_000),
}
