"""What Linux tells of its hardware, read from a file tree as it would be mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.license.machine import is_virtual, linux, read_parts

CPU = """processor\t: 0
vendor_id\t: GenuineAcme
cpu family\t: 6
model\t\t: 85
model name\t: Acme CPU @ 3.00GHz
stepping\t: 7
flags\t\t: fpu vme sse2

processor\t: 1
vendor_id\t: Other
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def link(root: Path, name: str, target: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (root / target).mkdir(parents=True, exist_ok=True)
    path.symlink_to(root / target)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desktop: one disk with a partition, a wired and a wireless interface, one on USB."""
    write(
        tmp_path,
        {
            "sys/class/dmi/id/sys_vendor": "Acme Inc.\n",
            "sys/class/dmi/id/product_name": "Desk 9000\n",
            "sys/class/dmi/id/board_name": "B9\n",
            "sys/class/dmi/id/bios_version": "1.2.3\n",
            "proc/cpuinfo": CPU,
            "proc/self/mountinfo": "22 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n",
            "sys/devices/pci/nvme0n1/device/serial": "  S4EWNX0R \n",
            "sys/devices/pci/nvme0n1/nvme0n1p2/partition": "2\n",
            "etc/machine-id": "0a1b2c3d\n",
        },
    )
    link(tmp_path, "sys/dev/block/259:2", "sys/devices/pci/nvme0n1/nvme0n1p2")
    for name, device, address in (
        ("wlan0", "sys/devices/pci0/a-wifi", "aa:aa:aa:00:00:01"),
        ("eth0", "sys/devices/pci0/b-nic", "aa:aa:aa:00:00:02"),
        ("usb0", "sys/devices/pci0/usb1/c-nic", "aa:aa:aa:00:00:03"),
    ):
        folder = f"sys/class/net/{name}"
        write(tmp_path, {f"{folder}/address": address + "\n", f"{folder}/addr_assign_type": "0\n"})
        link(tmp_path, f"{folder}/device", device)
    (tmp_path / "sys/class/net/wlan0/wireless").mkdir()
    write(tmp_path, {"sys/class/net/docker0/address": "02:42:00:00:00:01\n"})
    return tmp_path


def test_a_desktop_tells_four_parts(desk: Path) -> None:
    parts = read_parts(desk)
    assert parts.board == "acmeincdesk9000b9"
    assert parts.disk == "s4ewnx0r"
    assert parts.network == "aaaaaa000002", "wired before wireless, nothing on USB, nothing virtual"
    assert parts.platform == "genuineacme685acmecpu300ghz7"
    assert parts.binding == "hardware"


def test_a_firmware_update_is_not_another_machine(desk: Path) -> None:
    before = read_parts(desk)
    write(desk, {"sys/class/dmi/id/bios_version": "2.0.0\n"})
    assert read_parts(desk) == before


def test_an_address_that_was_set_is_not_the_hardwares(desk: Path) -> None:
    write(desk, {"sys/class/net/eth0/addr_assign_type": "3\n"})
    assert read_parts(desk).network is None


def test_a_bonded_interface_tells_its_own_address(desk: Path) -> None:
    write(
        desk,
        {
            "sys/class/net/eth0/address": "bb:bb:bb:00:00:09\n",
            "sys/class/net/eth0/addr_assign_type": "2\n",
            "sys/class/net/eth0/bonding_slave/perm_hwaddr": "aa:aa:aa:00:00:02\n",
        },
    )
    assert read_parts(desk).network == "aaaaaa000002"


def test_a_mapped_root_leads_down_to_the_disk(desk: Path) -> None:
    write(desk, {"proc/self/mountinfo": "22 1 253:0 / / rw - ext4 /dev/mapper/root rw\n"})
    link(desk, "sys/dev/block/253:0", "sys/devices/virtual/dm-0")
    link(desk, "sys/devices/virtual/dm-0/slaves/nvme0n1p2", "sys/devices/pci/nvme0n1/nvme0n1p2")
    assert read_parts(desk).disk == "s4ewnx0r"


def test_a_root_without_device_number_is_found_by_its_source(desk: Path) -> None:
    write(desk, {"proc/self/mountinfo": "22 1 0:30 /@ / rw - btrfs /dev/nvme0n1p2 rw\n"})
    link(desk, "sys/class/block/nvme0n1p2", "sys/devices/pci/nvme0n1/nvme0n1p2")
    assert read_parts(desk).disk == "s4ewnx0r"


def test_the_udev_database_stands_in_for_a_disk_that_hides_its_serial(desk: Path) -> None:
    (desk / "sys/devices/pci/nvme0n1/device/serial").unlink()
    write(
        desk,
        {
            "sys/devices/pci/nvme0n1/dev": "8:0\n",
            "run/udev/data/b8:0": "S:disk/by-id/x\nE:ID_SERIAL_SHORT=WD-1\n",
        },
    )
    assert read_parts(desk).disk == "wd1"


def test_a_cloud_instance_is_known_by_its_id(desk: Path) -> None:
    write(desk, {"sys/class/dmi/id/board_asset_tag": "i-0123456789abcdef0\n"})
    assert read_parts(desk).platform == "i0123456789abcdef0"


def test_a_machine_that_tells_nothing_is_bound_weakly(tmp_path: Path) -> None:
    write(tmp_path, {"etc/machine-id": "0a1b2c3d\n"})
    parts = read_parts(tmp_path)
    assert parts.built_in == (None, None, None, None)
    assert (parts.binding, parts.machine_id) == ("weak", "0a1b2c3d")


def test_virtual_machines_and_containers_are_noticed(desk: Path) -> None:
    assert not is_virtual(desk)
    write(desk, {"run/.containerenv": ""})
    assert is_virtual(desk)
    (desk / "run/.containerenv").unlink()
    write(desk, {"sys/class/dmi/id/sys_vendor": "QEMU\n"})
    assert is_virtual(desk)


def test_hostile_files_do_no_harm(desk: Path) -> None:
    (desk / "sys/class/dmi/id/sys_vendor").write_bytes(b"\xff\xfe" * 100_000)
    (desk / "proc/self/mountinfo").write_bytes(b"\x00 / " * 50_000)
    assert linux.sources(desk)["board"]
    assert read_parts(desk).disk is None
