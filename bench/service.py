"""The rows of the licensing service: what it holds in memory, and how often it wakes, while nobody asks and nothing is due.

A real process for a machine with editions of two vendors, after attempts, a diagnosis and many questions. Figures are the
kernel's, from /proc.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.programs.client_service import Machine, Service, other_product_file, set_up  # noqa: E402

IDLE_SECONDS = 30.0
QUESTIONS = 200


def rows() -> list[str]:
    """Rows of the table."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        machine = set_up(Path(name))
        machine.done("install", other_product_file(Path(name)))
        with machine.serving() as service:
            machine.wait_for("activation.failed", 2)
            for words in (["activate", "--edition", "acme-cad-pro"], ["diagnose", "--edition", "acme-cad-pro"]):
                machine.run(*words)
            asked = _questions(machine)
            wakes, ticks = _idle(service)
            resident = service.figure("VmRSS") / 1024
    return [
        f"| licensing service, idle: resident, MB | {resident:.0f} | < 45 | – |",
        f"| the same: wake-ups in {IDLE_SECONDS:.0f} s between deadlines | {wakes} | 0 | – |",
        f"| the same: time on a processor meanwhile, ms | {ticks * 10} | 0 | – |",
        f"| `status` asked of it, ms | {statistics.median(asked):.1f} | – | information: socket, judgement, answer |",
    ]


def _idle(service: Service) -> tuple[int, int]:
    # One second for what the last question left to put away.
    time.sleep(1.0)
    before, ticks = service.figure("voluntary_ctxt_switches"), service.ticks()
    time.sleep(IDLE_SECONDS)
    return service.figure("voluntary_ctxt_switches") - before, service.ticks() - ticks


def _questions(machine: Machine) -> list[float]:
    taken = []
    for _ in range(QUESTIONS):
        begun = time.perf_counter()
        machine.ask("status")
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


if __name__ == "__main__":
    print("\n".join(rows()))
