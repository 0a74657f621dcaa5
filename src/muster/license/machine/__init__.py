"""What this machine tells any local user about its hardware (spec/hardware.md §Sources).

Reads only; needs no rights; never asks for the machine-id unless hardware says too little. What cannot be read is None.
"""

from __future__ import annotations

import sys
from pathlib import Path

from muster.trust.hardware import Parts, make_parts

__all__ = ["is_virtual", "read_parts"]


def read_parts(root: Path = Path("/")) -> Parts:
    """The parts of this machine; `root` is where its file systems are mounted (Linux only)."""
    if sys.platform == "win32":
        from muster.license.machine import windows

        return make_parts(**windows.sources())
    if sys.platform == "darwin":
        from muster.license.machine import macos

        return make_parts(**macos.sources())
    from muster.license.machine import linux

    return make_parts(**linux.sources(root))


def is_virtual(root: Path = Path("/")) -> bool:
    """Whether this looks like a virtual machine or a container: told to the host, never judged by."""
    if sys.platform == "win32":
        from muster.license.machine import windows

        return windows.is_virtual()
    if sys.platform == "darwin":
        from muster.license.machine import macos

        return macos.is_virtual()
    from muster.license.machine import linux

    return linux.is_virtual(root)
