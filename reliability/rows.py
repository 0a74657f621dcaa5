"""The rows of the table: name, sentence, what is done, how much of it in short, as a rule and at length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reliability.copied import copied
from reliability.directory_lost import directory_lost
from reliability.figure import Figure
from reliability.fuzzed import fuzzed
from reliability.histories import histories
from reliability.hostile_fleet import hostile_fleet
from reliability.invented_ids import invented_ids
from reliability.killed import killed
from reliability.killed_in_migration import killed_in_migration
from reliability.mistyped import mistyped
from reliability.names_lost import names_lost
from reliability.powerless import powerless
from reliability.restarted_in_turn import restarted_in_turn
from reliability.rotated import rotated
from reliability.slow_peers import slow_peers
from reliability.soaked import soaked
from reliability.spent_together import spent_together
from reliability.starved import starved
from reliability.stopped import stopped
from reliability.together import together
from reliability.vendor_killed import vendor_killed
from reliability.wrong_clocks import wrong_clocks


@dataclass(frozen=True)
class Row:
    """One fault. `run` takes an empty folder and the numbers of a size; the first of them counts `what`."""

    title: str
    run: Callable[..., list[Figure]]
    short: tuple[int, ...]
    usual: tuple[int, ...]
    long: tuple[int, ...]
    what: str = ""

    def smaller(self, size: str) -> str:
        """What a size has less of than the form before a release; empty when it has as much."""
        mine: tuple[int, ...] = getattr(self, size)
        if mine == self.long:
            return ""
        if self.long[0] < 0:
            return f"{mine[0]:,} {self.what} instead of 10,000,000 executions"
        return f"{mine[0]:,} of {self.long[0]:,} {self.what}"


ROWS: dict[str, Row] = {
    "R1": Row("host killed with SIGKILL at random instants under load", killed, (10,), (200,), (1_000,), "kills"),
    "R2": Row("power lost at any instant", powerless, (120, 20), (3_000, 200), (3_000, 200), "machines"),
    "R3": Row(
        "vendor killed between intent, commit, signature and answer, and while it seals",
        vendor_killed,
        (2,),
        (100,),
        (500,),
        "kills at each point",
    ),
    "R4": Row(
        "a key that has less left than ask two nodes at once", spent_together, (1, 32), (20, 200), (200, 200), "rounds"
    ),
    "R5": Row("every decoder under a fuzzer", fuzzed, (0,), (20,), (-1,), "seconds a decoder"),
    "R6": Row("asked at one pace for a long time", soaked, (3, 100), (120, 500), (1_800, 1_000), "seconds"),
    "R7": Row("slow peers that never finish a request", slow_peers, (300,), (2_000,), (10_000,), "slow peers"),
    "R8": Row(
        "machines that do not exist",
        invented_ids,
        (5_000, 1_000),
        (100_000, 20_000),
        (1_000_000, 1_000_000),
        "invented ids",
    ),
    "R9": Row("name server down, slow, ignorant, poisoned or endless", names_lost, (30,), (150,), (150,), "days"),
    "R10": Row("directory down, slow, dead, false or full", directory_lost, (200,), (1_900,), (1_900,), "objects"),
    "R11": Row("database locked, gone or damaged; disk full", starved, (), (), ()),
    "R12": Row("clocks that are wrong, on client and host", wrong_clocks, (14,), (1,), (1,), "days between the clocks"),
    "R13": Row("host told to stop with many requests on their way", stopped, (3, 100), (20, 500), (100, 500), "stops"),
    "R14": Row(
        "two hosts with one count, restarted in turn under load", restarted_in_turn, (2,), (60,), (600,), "seconds"
    ),
    "R19": Row(
        "console over machines of which some are dead, slow, changed or hostile; killed half-way",
        hostile_fleet,
        (12, 1, 8),
        (200, 10, 30),
        (200, 10, 30),
        "machines",
    ),
    "R16": Row(
        "vendor copied under load, made again from each copy; a copy too old", copied, (2,), (20,), (100,), "answers"
    ),
    "R15": Row(
        "killed while an older database is taken over",
        lambda folder, kills, kinds: killed_in_migration(folder, kills, every_kind=bool(kinds)),
        (2, 0),
        (25, 1),
        (100, 1),
        "kills",
    ),
    "R17": Row("keys that change, clients that lag behind, attacks on both", rotated, (1,), (40,), (40,), "vendors"),
    "R20": Row("ids with every slip of people who type", mistyped, (60,), (2_000,), (100_000,), "ids"),
    "R21": Row("random histories against plain models", histories, (3,), (500,), (10_000,), "histories"),
    "R18": Row(
        "machines that all start in the same minute", together, (500, 1), (10_000, 60), (50_000, 60), "machines"
    ),
}
