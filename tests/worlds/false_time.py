"""Programs that are told another time, by faketime.

faketime names a semaphore and a piece of shared memory by its process number and refuses to start where they are there
already. Whoever is killed leaves them behind, and numbers come again; so those of the dead are removed before every start.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tests.worlds.parts import part

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the names are faketime's own
_NAME = re.compile(r"(?:sem\.faketime_sem|faketime_shm)_([0-9]+)")


def at_time(*words: str) -> tuple[str, ...]:
    """What is put before a command that is to be told another time, such as ``+31 days``."""
    faketime = part("faketime")
    remove_what_the_dead_left()
    return faketime, *words


def time_in_environment(offset: str) -> dict[str, str]:
    """The environment of a program that is told another time, such as ``+3h``, where nothing can be put before it."""
    part("faketime")
    remove_what_the_dead_left()
    return {"LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), "FAKETIME": offset}


def remove_what_the_dead_left(folder: Path = SHARED_MEMORY) -> None:
    """Remove the semaphores and the memory of every faketime that no longer runs."""
    for entry in folder.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            with suppress(FileNotFoundError):
                entry.unlink()
