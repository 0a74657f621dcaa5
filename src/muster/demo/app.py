"""The demonstration put together: a temporary folder, a world in it, a stage, the story, and perhaps time to play."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from muster.demo.story import Ending, Stage, tell
from muster.demo.world import Pages, World

Play = Callable[[Ending, Pages], Awaitable[None]]


async def run(machines: int, stage: Stage, *, play: Play | None = None) -> Ending:
    """Play the story with so many machines. Raises `Disappointed` when the world fails.

    With `play` the host comes back afterwards and pages are open for as long as it takes.
    """
    with tempfile.TemporaryDirectory(prefix="muster-demo-", ignore_cleanup_errors=True) as folder:
        world = World(Path(folder))
        try:
            async with stage:
                ending = await tell(world, stage, machines)
            if play is not None:
                await world.serve_host()
                await play(ending, world.open_pages())
        finally:
            await world.close()
    return ending
