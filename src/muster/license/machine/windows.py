"""Windows: the registry keys that firmware and set-up fill, readable for every user.

Disk and network say nothing yet here; board and processor together make two parts. Written from Microsoft's
documentation, not run by our tests, which run on Linux: the page in the spec says so too.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import winreg

BIOS = r"HARDWARE\DESCRIPTION\System\BIOS"
PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
CRYPTOGRAPHY = r"SOFTWARE\Microsoft\Cryptography"


def sources() -> dict[str, str | None]:
    """Raw texts by the names that `muster.trust.hardware.make_parts` takes."""
    return {
        "board": _values(BIOS, "SystemManufacturer", "SystemProductName", "BaseBoardManufacturer", "BaseBoardProduct"),
        "disk": None,
        "network": None,
        "platform": _values(PROCESSOR, "VendorIdentifier", "Identifier", "ProcessorNameString"),
        "machine_id": _values(CRYPTOGRAPHY, "MachineGuid"),
    }


def _values(key: str, *names: str) -> str | None:
    """The texts of a registry key under HKEY_LOCAL_MACHINE, joined; None when there are none."""
    said: list[str] = []
    if sys.platform == "win32":
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as handle:
                for name in names:
                    try:
                        said.append(str(winreg.QueryValueEx(handle, name)[0]).strip())
                    except OSError:
                        continue
        except OSError:
            return None
    return " ".join(said) if said else None
