"""Linux: sysfs, the mount table and the files of cloud-init, as every local user may read them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from muster.license.machine.makers import is_virtual_maker

DMI = "sys/class/dmi/id"
MAX_FILE_BYTES = 65_536
MAX_LAYERS = 8
_NOWHERE = "00:00:00:00:00:00"
_EC2_TAG = re.compile(r"^i-[0-9a-f]{8,17}$")
_CPU_FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "CPU implementer", "CPU part", "Serial")
_CONTAINER_SIGNS = (".dockerenv", "run/.containerenv", "run/systemd/container")


def sources(root: Path = Path("/")) -> dict[str, str | None]:
    """Raw texts by the names that `muster.trust.hardware.make_parts` takes."""
    return {
        "board": board(root),
        "disk": disk(root),
        "network": network(root),
        "platform": platform(root),
        "machine_id": _text(root / "etc/machine-id"),
    }


def board(root: Path) -> str | None:
    """Maker and model of system and board; on device-tree machines model and serial number.

    Firmware versions are left out: an update is not another machine. Serial numbers of DMI are for root alone.
    """
    names = ("sys_vendor", "product_name", "product_version", "board_vendor", "board_name", "board_version")
    texts = [_text(root / DMI / name) for name in names]
    if not any(texts):
        tree = root / "proc/device-tree"
        texts = [_text(tree / "model"), _text(tree / "serial-number")]
    return _joined(texts)


def disk(root: Path) -> str | None:
    """Serial number or world-wide name of the disk that carries the root file system."""
    for device in _disks(root, _root_device(root), 0):
        for name in ("device/serial", "serial", "device/wwid", "wwid", "device/cid"):
            text = _text(device / name)
            if text:
                return text
        number = _text(device / "dev")
        text = _udev_serial(root, number) if number else None
        if text:
            return text
    return None


def network(root: Path) -> str | None:
    """Permanent address of the first built-in network interface: wired before wireless, no USB, no virtual ones."""
    found = []
    for interface in _children(root / "sys/class/net"):
        device = interface / "device"
        if not device.exists() or "/usb" in str(device.resolve()):
            continue
        wireless = (interface / "wireless").exists() or (interface / "phy80211").exists()
        found.append((wireless, str(device.resolve()), interface.name, interface))
    for *_, interface in sorted(found):
        # An address that was set or drawn is not the hardware's; then nothing is said.
        bonded = _text(interface / "bonding_slave/perm_hwaddr")
        address = bonded or (_text(interface / "address") if _text(interface / "addr_assign_type") == "0" else None)
        return None if address == _NOWHERE else address
    return None


def platform(root: Path) -> str | None:
    """The id of the cloud or virtual machine instance, else what the processor says of itself."""
    tag = _text(root / DMI / "board_asset_tag") or ""
    return (
        _text(root / "sys/hypervisor/uuid")
        or (tag if _EC2_TAG.match(tag) else None)
        or _text(root / "var/lib/cloud/data/instance-id")
        or _processor(root)
    )


def is_virtual(root: Path) -> bool:
    """Told by the hypervisor flag of the processor, the makers' names in DMI, or the marks of containers."""
    flags = (_text(root / "proc/cpuinfo") or "").partition("\nflags")[2].partition("\n")[0].split()
    names = _joined([_text(root / DMI / "sys_vendor"), _text(root / DMI / "product_name")]) or ""
    return "hypervisor" in flags or is_virtual_maker(names) or any((root / s).exists() for s in _CONTAINER_SIGNS)


def _processor(root: Path) -> str | None:
    text = _text(root / "proc/cpuinfo") or ""
    seen: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in _CPU_FIELDS:
            seen.setdefault(name.strip(), value.strip())
    return _joined([seen.get(name) for name in _CPU_FIELDS])


def _root_device(root: Path) -> Path | None:
    """The sysfs folder of the block device under ``/``, from the mount table."""
    for line in (_text(root / "proc/self/mountinfo") or "").splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[4] != "/":  # noqa: PLR2004 - proc(5): six fields, " - ", three more
            continue
        device = root / "sys/dev/block" / fields[2]
        if device.exists():
            return device.resolve()
        # btrfs and others number their mounts themselves: the source names the device.
        source = fields[fields.index("-") + 2] if "-" in fields else ""
        named = root / "sys/class/block" / Path(os.path.realpath(root / source.lstrip("/"))).name
        if source.startswith("/dev/") and named.exists():
            return named.resolve()
    return None


def _disks(root: Path, device: Path | None, depth: int) -> Iterator[Path]:
    """Whole disks below a device: partitions, mapped and mirrored devices are followed down."""
    if device is None or depth > MAX_LAYERS:
        return
    if (device / "partition").exists():
        device = device.parent
    slaves = list(_children(device / "slaves"))
    if not slaves:
        yield device
    for slave in slaves:
        yield from _disks(root, slave.resolve(), depth + 1)


def _udev_serial(root: Path, number: str) -> str | None:
    for line in (_text(root / "run/udev/data" / f"b{number}") or "").splitlines():
        if line.startswith(("E:ID_SERIAL_SHORT=", "E:ID_SERIAL=", "E:ID_WWN=")):
            return line.partition("=")[2]
    return None


def _children(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _text(path: Path) -> str | None:
    """A file's text without the blanks and zero bytes around it; None when it says nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
    except OSError:
        return None
    return data.decode("utf-8", "replace").strip(" \t\r\n\0") or None


def _joined(texts: list[str | None]) -> str | None:
    said = [text for text in texts if text]
    return " ".join(said) if said else None
