"""How the demonstration looks: a live picture on a terminal, plain lines everywhere else."""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from muster.demo.world import CLIENT_EDITION, SERVER_EDITION, SERVICE, DemoMachine, World

LINES_KEPT, LINES_LEAST = 7, 2
OTHER_ROWS = 22
"""Of the picture, beside the lines of the story."""
WIDTH = 80
BAR_WIDTH = 50
LABEL_WIDTH = 7
CROWD = 62
"""More squares than this stand without gaps: they would fill a small terminal."""

SCENE_SECONDS = 1.2
LINE_SECONDS = 0.7
MOVE_SECONDS = 0.11
FRAMES_A_SECOND = 20
KEEPSAKE_AT = 22
STYLES = {
    "UNLICENSED": "grey50",
    "INITIAL_GRACE": "yellow",
    "LICENSED": "green",
    "RENEWAL_GRACE": "dark_orange",
    "NOTIFICATION": "red",
}
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
WORDS = {"INITIAL_GRACE": "counted, in grace", "LICENSED": "licensed", "RENEWAL_GRACE": "renewal grace"}


class PlainStage:
    """Lines of text, for logs and pipes."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    async def scene(self, title: str) -> None:
        """See `Stage`."""
        sys.stdout.write(f"\n{title}\n")

    async def line(self, text: str) -> None:
        """See `Stage`."""
        sys.stdout.write(f"  {text}\n")

    async def moved(self, world: World, machine: DemoMachine | None) -> None:
        """See `Stage`."""
        del world
        if machine is not None:
            told = f"told {machine.count}" if machine.code in {None, "COUNT_BELOW_THRESHOLD"} else machine.code
            sys.stdout.write(f"    {machine.name:<10} {machine.state:<14} {told}\n")


class QuietStage(PlainStage):
    """Nothing, for scripts."""

    async def scene(self, title: str) -> None:
        """See `Stage`."""

    async def line(self, text: str) -> None:
        """See `Stage`."""

    async def moved(self, world: World, machine: DemoMachine | None) -> None:
        """See `Stage`."""


class LiveStage:
    """A picture that changes. `pause` scales the pauses, 0 leaves them out."""

    def __init__(self, console: Console, pause: float) -> None:
        self._console = console
        self._pause = pause
        self._title = ""
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._world: World | None = None
        self._busy: DemoMachine | None = None
        self.keepsake: RenderableType | None = None
        self._live = Live(console=console, refresh_per_second=FRAMES_A_SECOND, transient=True)

    async def __aenter__(self) -> Self:
        self._live.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._busy = None
        self._live.stop()
        self._console.print(self.picture())

    async def scene(self, title: str) -> None:
        """See `Stage`."""
        self._title, self._busy = title, None
        await self._draw(SCENE_SECONDS)

    async def line(self, text: str) -> None:
        """See `Stage`."""
        self._lines.append(text)
        await self._draw(LINE_SECONDS)

    async def moved(self, world: World, machine: DemoMachine | None) -> None:
        """See `Stage`."""
        self._world, self._busy = world, machine
        if {m.state for m in world.machines} >= {"INITIAL_GRACE", "LICENSED"} and len(world.machines) <= KEEPSAKE_AT:
            self.keepsake = self.picture(LINES_KEPT)
        await self._draw(MOVE_SECONDS)

    async def _draw(self, seconds: float) -> None:
        self._live.update(self.picture(max(LINES_LEAST, min(LINES_KEPT, self._console.height - OTHER_ROWS))))
        # The picture is drawn by a thread of its own; the pause is for the eyes.
        await asyncio.sleep(seconds * self._pause)

    def picture(self, lines: int = LINES_KEPT) -> RenderableType:
        """Everything as it is now, with so many of the newest lines."""
        parts: list[RenderableType] = [Text(self._title, style="bold"), Text()]
        if self._world is not None:
            parts += [self._places(self._world), Text(), *self._fleet(self._world), Text()]
        parts += [
            Text(f"› {line}", style="default", overflow="ellipsis", no_wrap=True) for line in [*self._lines][-lines:]
        ]
        heading = "Muster · volume activation, a whole world on loopback"
        return Panel(Group(*parts), title=heading, box=box.ROUNDED, width=WIDTH, padding=(1, 2), border_style="cyan")

    def _places(self, world: World) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=LABEL_WIDTH)
        now = world.clock.now()
        table.add_row(Text("date", style="grey50"), f"{now:%A, %d %B %Y, %H:%M} UTC")
        table.add_row(Text("vendor", style="grey50"), Text(f"{world.service}  ").append_text(self._confirmed(world)))
        for record in world.published():
            table.add_row(Text("DNS", style="grey50"), f"{SERVICE}  SRV {record}")
        host = Text("answers", style="green") if world.is_host_up else Text("gone", style="red")
        table.add_row(Text("host", style="grey50"), host)
        if world.administration is not None:
            number = sum(world.administration.tally.values())
            told = Text(f"{number} machines told their state by SSH", style="green")
            table.add_row(Text("console", style="grey50"), told)
        return table

    def _confirmed(self, world: World) -> Text:
        done = ["1 host"] if world.published() else []
        done += [f"{world.used} machine"] if world.isolated is not None and world.used else []
        return Text(f"confirmed {' and '.join(done)}" if done else "waits", style="green" if done else "grey50")

    def _fleet(self, world: World) -> list[RenderableType]:
        if not world.machines:
            return []
        count = world.count
        need, server_need = world.threshold(CLIENT_EDITION), world.threshold(SERVER_EDITION)
        bar = Table.grid(padding=(0, 2))
        done = ProgressBar(total=need, completed=min(count, need), width=BAR_WIDTH, complete_style="green")
        bar.add_row(done, Text(f"{count} counted", style="bold"))
        rows = Table.grid(padding=(0, 2))
        rows.add_column(width=LABEL_WIDTH, style="grey50")
        rows.add_column(overflow="fold")
        rows.add_row("count", bar)
        rows.add_row("", Text(f"servers from {server_need}, clients from {need}", style="grey50"))
        rows.add_row("", "")
        for word, edition in (("servers", SERVER_EDITION), ("clients", CLIENT_EDITION)):
            rows.add_row(word, self._squares([m for m in world.machines if m.edition == edition]))
        seen = {m.state for m in world.machines}
        legend = Text()
        for state, word in WORDS.items():
            if state in seen:
                number = sum(m.state == state for m in world.machines)
                legend.append("■ ", style=STYLES[state]).append(f"{number} {word}  ", style="grey50")
        rows.add_row("", legend)
        if world.isolated is not None:
            mark = self._squares([world.isolated])
            told = "alone in the laboratory" + (", licensed for good" if world.isolated.is_permanent else "")
            rows.add_row("lab", mark.append(told, style="grey50"))
        return [rows]

    def _squares(self, machines: list[DemoMachine]) -> Text:
        text = Text()
        gap = " " if len(machines) <= CROWD else ""
        for machine in machines:
            mark = "◆" if machine is self._busy else "■"
            text.append(mark + gap, style=f"bold {STYLES[machine.state]}")
        return text


def save_picture(stage: LiveStage, path: Path) -> None:
    """The picture of the rising count as SVG; the last one when it did not rise."""
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(stage.keepsake or stage.picture())
    # Fonts from strangers' servers: whoever looks at the picture has one of fixed width.
    path.write_text(_FONT_FACE.sub("", console.export_svg(title="muster demo")))
