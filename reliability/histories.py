"""R21: random histories against plain models: host counting, hosts that share a count, a machine's life, the vendor's keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from reliability.figure import Figure, none_of
from tests.client.test_life import Life
from tests.host.core.test_counting import CountingAgainstAPlainModel
from tests.host.core.test_sharing import HostsTakeTurns
from tests.vendor.test_ledger_life import LedgerLife

MODELS: dict[str, type[RuleBasedStateMachine]] = {
    "host counting": CountingAgainstAPlainModel,
    "hosts that share a count": HostsTakeTurns,
    "a machine's life": Life,
    "the vendor's keys": LedgerLife,
}
STEPS = 25


def histories(_folder: Path, number: int) -> list[Figure]:
    """`number` random histories of each model, of up to 25 steps."""
    found = []
    for what, machine in MODELS.items():
        counted = _counting(machine)
        wanted = settings(
            max_examples=number,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )
        divergence = ""
        try:
            run_state_machine_as_test(counted, settings=wanted)
        except Exception as error:  # noqa: BLE001 - whatever is raised in a history, it was not expected
            told = str(error).strip().splitlines()
            divergence = f"{type(error).__name__} {told[0] if told else ''}".replace("|", "/")
        ran, steps = counted.histories, counted.steps
        found.append(Figure(f"{what}: histories, steps", f"{ran}, {steps}", f">= {number}", ran >= number))
        found.append(none_of(f"{what}: divergences{divergence and ': '}{divergence}", int(bool(divergence))))
    return found


class _Counted(RuleBasedStateMachine):
    histories = 0
    steps = 0


def _counting(machine: type[RuleBasedStateMachine]) -> type[_Counted]:
    class Counted(machine, _Counted):  # type: ignore[misc,valid-type]
        def __init__(self) -> None:
            super().__init__()
            type(self).histories += 1

        def check_invariants(self, *arguments: Any, **named: Any) -> None:
            """Called after each step."""
            type(self).steps += 1
            super().check_invariants(*arguments, **named)

    Counted.__name__ = machine.__name__
    return Counted
