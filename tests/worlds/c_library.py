"""libmuster, built from interop/c with the sanitizers, once for all workers of a run."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.worlds.parts import part

BUILD_SECONDS = 600
SOURCE = Path(__file__).parents[2] / "interop" / "c"


@dataclass(frozen=True)
class CLibrary:
    """Where the built programs are."""

    folder: Path

    @property
    def vectors(self) -> Path:
        return self.folder / "vectors"


def build(folder: Path, *targets: str) -> CLibrary:
    """Builds the targets into the folder; fails or skips the test where a compiler or libsodium is missing."""
    make = part("make")
    part("gcc")
    folder.mkdir(exist_ok=True)
    wanted = [str(folder / target) for target in targets]
    command = [make, "-s", "-j2", "-C", str(SOURCE), f"BUILD={folder}", *wanted]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert run.returncode == 0, run.stderr
    return CLibrary(folder)
