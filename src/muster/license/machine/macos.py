"""macOS: what the I/O registry and sysctl tell every user.

Disk and network say nothing yet here. Written from Apple's documentation, not run by our tests, which run on Linux: the
page in the spec says so too.
"""

from __future__ import annotations

import re
import subprocess

IOREG = ("/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice")
SYSCTL = ("/usr/sbin/sysctl", "-n", "hw.model", "machdep.cpu.brand_string")
TIMEOUT_SECONDS = 5
_PROPERTY = re.compile(r'"(IOPlatformUUID|IOPlatformSerialNumber)" = "([^"]+)"')


def sources() -> dict[str, str | None]:
    """Raw texts by the names that `muster.trust.hardware.make_parts` takes."""
    found = dict(_PROPERTY.findall(_output(IOREG) or ""))
    return {
        "board": found.get("IOPlatformSerialNumber"),
        "disk": None,
        "network": None,
        "platform": _output(SYSCTL),
        "machine_id": found.get("IOPlatformUUID"),
    }


def _output(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None
