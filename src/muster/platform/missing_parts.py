"""How to get parts that are not installed here. Nothing is published in an index: they come from a wheel, a package, a bundle."""

from __future__ import annotations

import sys

DEBIAN_PACKAGE = "/usr/lib/muster"
"""Where the environment of the Debian packages is."""

NOT_IN_DEBIAN_PACKAGES = frozenset({"simulate"})
INSTALLING = "docs/operate/install.md"


def remedy(extra: str, prefix: str | None = None) -> str:
    """What brings the parts of an extra to the environment at `prefix`, this process's own where none is named."""
    if (sys.prefix if prefix is None else prefix) == DEBIAN_PACKAGE and extra not in NOT_IN_DEBIAN_PACKAGES:
        return "apt-get install ./muster_….deb, in the place of muster-client"
    return f"pip install 'muster_activation-….whl[{extra}]', the wheel that make dist makes; see {INSTALLING}"
