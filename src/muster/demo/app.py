"""The demonstration put together: a temporary folder, a world in it, a stage, the story, and perhaps time to play."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from muster.demo.story import Ending, Stage, tell
from muster.demo.world import Pages, World

Play = Callable[[Ending, Pages], Awaitable[None]]
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - not a file's name; a folder of our own is made in it
ENOUGH_BYTES = 256 << 20
"""Of room there: some times what 200 machines leave."""


def lasting_for_a_while(environment: Mapping[str, str], memory: Path = IN_MEMORY) -> Path | None:
    """Where the world lies: in memory, where there is room and nobody names another place; None: the system's choice.

    Programs flush what they write, more than a thousand times in the story. On a busy disk that was most of the minute.
    """
    if "TMPDIR" in environment or not os.access(memory, os.W_OK):
        return None
    found = os.statvfs(memory)
    return memory if found.f_bavail * found.f_frsize >= ENOUGH_BYTES else None


async def run(machines: int, stage: Stage, *, play: Play | None = None) -> Ending:
    """Play the story with so many machines. Raises `Disappointed` when the world fails.

    With `play` the host comes back afterwards and pages are open for as long as it takes.
    """
    place = lasting_for_a_while(os.environ)
    with tempfile.TemporaryDirectory(prefix="muster-demo-", ignore_cleanup_errors=True, dir=place) as folder:
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
