"""The demonstration put together: a temporary folder, a world in it, a stage, the story."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from muster.demo.story import tell
from muster.demo.view import LiveStage, PlainStage, save_picture
from muster.demo.world import World


async def run(machines: int, *, pause: float, live: bool, picture: Path | None = None) -> list[str]:
    """Play the story with so many machines; the lines of its summary. Raises `Disappointed` when the world fails."""
    stage = LiveStage(Console(), pause) if live else PlainStage()
    with tempfile.TemporaryDirectory(prefix="muster-demo-") as folder:
        world = World(Path(folder))
        try:
            async with stage:
                summary = await tell(world, stage, machines)
        finally:
            await world.close()
        if picture is not None and isinstance(stage, LiveStage):
            save_picture(stage, picture)
    return summary
