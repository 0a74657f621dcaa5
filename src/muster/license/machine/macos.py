"""macOS: what the I/O registry, sysctl and networksetup tell every user.

What they print is parsed by pure functions, which our tests run over texts in the form that their manual pages show. The
programs were never run on a Mac by our tests, which run on Linux (spec/hardware.md says so too).
"""

from __future__ import annotations

import plistlib
import re
import subprocess
from typing import Any
from xml.parsers.expat import ExpatError

EXPERT = ("/usr/sbin/ioreg", "-a", "-r", "-d1", "-c", "IOPlatformExpertDevice")
DISKS = ("/usr/sbin/ioreg", "-a", "-r", "-d1", "-c", "IOBlockStorageDevice")
PORTS = ("/usr/sbin/networksetup", "-listallhardwareports")
PROCESSOR = ("/usr/sbin/sysctl", "-n", "hw.model", "machdep.cpu.brand_string")
GUEST = ("/usr/sbin/sysctl", "-n", "kern.hv_vmm_present")
TIMEOUT_SECONDS = 5
MAX_OUTPUT_BYTES = 1024 * 1024
BUILT_IN = "en0"
_ADDRESS = re.compile(r"^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$", re.IGNORECASE)


def sources() -> dict[str, str | None]:
    """Raw texts by the names that `muster.trust.hardware.make_parts` takes."""
    expert = _output(EXPERT)
    return {
        "board": expert_text(expert, "IOPlatformSerialNumber"),
        "disk": internal_serial(_output(DISKS)),
        "network": built_in_address(_output(PORTS)),
        "platform": _output(PROCESSOR).decode("utf-8", "replace").strip() or None,
        "machine_id": expert_text(expert, "IOPlatformUUID"),
    }


def is_virtual() -> bool:
    """Told by the kernel, which knows whether a hypervisor runs it."""
    return _output(GUEST).strip() == b"1"


def expert_text(listing: bytes, name: str) -> str | None:
    """A property of the platform expert in the property list that `EXPERT` prints."""
    return next((said for entry in _entries(listing) if (said := _text(entry.get(name)))), None)


def internal_serial(listing: bytes) -> str | None:
    """The serial number of the first internal disk that has one, in the property list that `DISKS` prints.

    Where a Mac was started from does not matter: the disk inside is the machine's.
    """
    serials = []
    for entry in _entries(listing):
        where, device = entry.get("Protocol Characteristics"), entry.get("Device Characteristics")
        if isinstance(where, dict) and isinstance(device, dict):
            is_internal = where.get("Physical Interconnect Location") == "Internal"
            serial = _text(device.get("Serial Number"))
            if is_internal and serial:
                serials.append((str(entry.get("IORegistryEntryLocation", "")), serial))
    return min(serials)[1] if serials else None


def built_in_address(listing: bytes) -> str | None:
    """The hardware address of ``en0``, the built-in interface of every Mac, in what `PORTS` prints."""
    for block in listing.decode("utf-8", "replace").split("\n\n"):
        lines = dict(line.strip().partition(": ")[::2] for line in block.splitlines())
        address = lines.get("Ethernet Address", "").strip()
        if lines.get("Device") == BUILT_IN and _ADDRESS.match(address):
            return address
    return None


def _entries(listing: bytes) -> list[dict[str, Any]]:
    try:
        found = plistlib.loads(listing, fmt=plistlib.FMT_XML)
    except (plistlib.InvalidFileException, ExpatError, ValueError, TypeError, AttributeError, RecursionError):
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _output(command: tuple[str, ...]) -> bytes:
    """What a program of the system prints; nothing when it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=True)  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout[:MAX_OUTPUT_BYTES]
