"""``muster simulate``: what would happen, before it does."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from muster.base import terminal
from muster.base.errors import Code, Misconfigured, MusterError
from muster.simulate.report import as_json, lines
from muster.simulate.scenario import MAX_DAYS, MAX_MACHINES, Scenario, plain_scenario, read_scenario
from muster.simulate.series import Series
from muster.simulate.world import World

MACHINES, DAYS = 1_000, 365
SUFFIXES = {".html", ".png"}
YOUNG_OBJECTS = 50_000
app = typer.Typer(add_completion=False, help="The real cores on a simulated clock: what would happen, before it does.")


@app.command()
def simulate(
    scenario: Annotated[Path | None, typer.Argument(help="A scenario file; without one, a plain organisation.")] = None,
    *,
    machines: Annotated[int | None, typer.Option("--machines", min=1, max=MAX_MACHINES, help="How many.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=MAX_DAYS, help="How long.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same seed comes to the same.")] = None,
    out: Annotated[list[Path] | None, typer.Option("--out", help="Plots: .html or .png; may be repeated.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="The figures for programs.")] = False,
) -> None:
    """Simulate machines, hosts, discovery and what goes wrong; tell and draw what came of it."""
    for path in out or ():
        if path.suffix not in SUFFIXES:
            raise Misconfigured(Code.USAGE, f"{path.name} is neither .html nor .png", "write --out plan.html")
    series = _run(_chosen(scenario, machines, days, seed))
    told = lines(series)
    if out:
        # Drawing takes a second to import: not before it is wanted.
        from muster.simulate.drawing import draw

        for path in out:
            draw(series, told, path)
            terminal.note(f"wrote {path}")
    if json_:
        terminal.result_json(as_json(series))
    else:
        for line in told:
            terminal.result(f"{line.name:<14} {line.value}")
    if series.disagreements:
        raise MusterError(
            Code.INTERNAL, f"{series.disagreements} attempts came to something else when signed", "report this scenario"
        )


def _chosen(path: Path | None, machines: int | None, days: int | None, seed: int | None) -> Scenario:
    if path is None:
        return plain_scenario(machines or MACHINES, days or DAYS, 1 if seed is None else seed)
    if machines is not None:
        raise Misconfigured(Code.USAGE, "the scenario says how many machines there are", "leave --machines out")
    if not path.exists():
        raise Misconfigured(Code.USAGE, f"there is no {path}", "see examples/scenarios")
    return read_scenario(path, days=days, seed=seed)


def _run(scenario: Scenario) -> Series:
    screen = Console(stderr=True)
    columns = TextColumn("simulating"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        bar = progress.add_task("simulating", total=scenario.days)
        world = World(scenario)
        # All machines stay to the end: a collector that looks through them again and again takes 6 % of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS)
        return world.run(lambda day: progress.update(bar, completed=day))
