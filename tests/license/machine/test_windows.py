"""What Windows tells of its hardware: answers laid out by the compiler, from the declarations that Microsoft documents."""

from __future__ import annotations

import ctypes
from uuid import UUID

import pytest

from muster.license.machine import windows
from muster.license.machine.makers import is_virtual_maker
from muster.trust.hardware import make_parts

WIRED = UUID("{8f1bb2c2-2a4e-4d5c-9a41-0b8f64a1b0e1}")
WIRELESS = UUID("{6d7a3f0e-9c1b-4b6e-8f9f-52f6a3f0c6d2}")
DONGLE = UUID("{0c2f6f1c-63ad-4d0a-a3f1-1b9f5f1d7d33}")
FILTER = UUID("{b1a3c2d4-0000-4a4a-8b8b-1c1c1c1c1c44}")
TUNNEL = UUID("{f0f1f2f3-0000-4a4a-8b8b-1c1c1c1c1c55}")
DEVICES = {
    WIRED: r"PCI\VEN_8086&DEV_15BC&SUBSYS_07A11028&REV_10\3&11583659&0&FE",
    WIRELESS: r"PCI\VEN_8086&DEV_A370&SUBSYS_00308086&REV_10\3&11583659&0&A3",
    DONGLE: r"USB\VID_0BDA&PID_8153\000001000000",
    FILTER: DONGLE.hex,
}
HARDWARE, FILTERS = 0b001, 0b010


class DeviceDescriptor(ctypes.Structure):
    """STORAGE_DEVICE_DESCRIPTOR, winioctl.h."""

    _fields_ = (
        ("Version", ctypes.c_uint32),
        ("Size", ctypes.c_uint32),
        ("DeviceType", ctypes.c_uint8),
        ("DeviceTypeModifier", ctypes.c_uint8),
        ("RemovableMedia", ctypes.c_uint8),
        ("CommandQueueing", ctypes.c_uint8),
        ("VendorIdOffset", ctypes.c_uint32),
        ("ProductIdOffset", ctypes.c_uint32),
        ("ProductRevisionOffset", ctypes.c_uint32),
        ("SerialNumberOffset", ctypes.c_uint32),
        ("BusType", ctypes.c_uint32),
        ("RawPropertiesLength", ctypes.c_uint32),
    )


class Row(ctypes.Structure):
    """MIB_IF_ROW2, netioapi.h."""

    _fields_ = (
        ("InterfaceLuid", ctypes.c_uint64),
        ("InterfaceIndex", ctypes.c_uint32),
        ("InterfaceGuid", ctypes.c_uint8 * 16),
        ("Alias", ctypes.c_uint16 * 257),
        ("Description", ctypes.c_uint16 * 257),
        ("PhysicalAddressLength", ctypes.c_uint32),
        ("PhysicalAddress", ctypes.c_uint8 * 32),
        ("PermanentPhysicalAddress", ctypes.c_uint8 * 32),
        ("Mtu", ctypes.c_uint32),
        ("Type", ctypes.c_uint32),
        ("TunnelType", ctypes.c_uint32),
        ("MediaType", ctypes.c_uint32),
        ("PhysicalMediumType", ctypes.c_uint32),
        ("AccessType", ctypes.c_uint32),
        ("DirectionType", ctypes.c_uint32),
        ("InterfaceAndOperStatusFlags", ctypes.c_uint8),
        ("OperStatus", ctypes.c_uint32),
        ("AdminStatus", ctypes.c_uint32),
        ("MediaConnectState", ctypes.c_uint32),
        ("NetworkGuid", ctypes.c_uint8 * 16),
        ("ConnectionType", ctypes.c_uint32),
        ("Counters", ctypes.c_uint64 * 20),  # two speeds, seventeen counters, the queue
    )


def descriptor(serial: bytes | None) -> bytes:
    texts = b"\0Samsung SSD 980 PRO 1TB\x005B2QGXA7\0"
    head = DeviceDescriptor(Version=40, BusType=17, VendorIdOffset=0, ProductIdOffset=37)
    if serial is not None:
        head.SerialNumberOffset = ctypes.sizeof(head) + len(texts)
        texts += serial + b"\0"
    head.Size = ctypes.sizeof(head) + len(texts)
    return bytes(head) + texts


def row(identity: UUID, address: bytes, kind: int = 6, flags: int = HARDWARE, now: bytes | None = None) -> Row:
    found = Row(PhysicalAddressLength=len(address), Type=kind, InterfaceAndOperStatusFlags=flags)
    found.InterfaceGuid[:] = list(identity.bytes_le)
    found.PermanentPhysicalAddress[: len(address)] = list(address)
    found.PhysicalAddress[: len(address)] = list(now or address)
    return found


def table(*rows: Row) -> bytes:
    return len(rows).to_bytes(4, "little") + bytes(4) + b"".join(bytes(each) for each in rows)


def mac(last: int) -> bytes:
    return bytes((0xA4, 0xBB, 0x6D, 0, 0, last))


def test_rows_are_as_long_as_the_compiler_makes_them() -> None:
    assert ctypes.sizeof(Row) == windows.ROW_BYTES


@pytest.mark.parametrize(
    ("serial", "told"),
    [
        (b"S5GXNF0R512345X", "S5GXNF0R512345X"),
        (b"  0025_3854_11B1_9F2D.  ", "0025_3854_11B1_9F2D."),
        (b"   ", None),
        (None, None),
    ],
)
def test_the_disk_is_known_by_the_serial_number_in_its_descriptor(serial: bytes | None, told: str | None) -> None:
    assert windows.serial_of(descriptor(serial)) == told


@pytest.mark.parametrize("size", [0, 3, 27, 40])
def test_a_descriptor_that_is_cut_off_says_nothing(size: int) -> None:
    assert windows.serial_of(descriptor(b"S5GXNF0R512345X")[:size]) is None


def test_wired_comes_before_wireless_and_usb_is_not_built_in() -> None:
    rows = (
        row(DONGLE, mac(3)),
        row(WIRELESS, mac(2), kind=71),
        row(FILTER, mac(4), flags=HARDWARE | FILTERS),
        row(TUNNEL, mac(5), flags=0),
        row(WIRED, mac(1)),
    )
    assert windows.built_in_address(table(*rows), DEVICES) == "a4:bb:6d:00:00:01"
    assert windows.built_in_address(table(*rows[:4]), DEVICES) == "a4:bb:6d:00:00:02"
    assert windows.built_in_address(table(rows[0], rows[2], rows[3]), DEVICES) is None


def test_the_order_of_the_table_does_not_matter() -> None:
    other = UUID(int=7)
    devices = {**DEVICES, other: r"PCI\VEN_8086&DEV_15BC&SUBSYS_07A11028&REV_10\3&11583659&0&FF"}
    rows = (row(WIRED, mac(1)), row(other, mac(9)))
    assert windows.built_in_address(table(*rows), devices) == windows.built_in_address(table(*rows[::-1]), devices)


def test_an_address_that_was_set_is_not_the_hardware_s() -> None:
    assert windows.built_in_address(table(row(WIRED, mac(1), now=mac(66))), DEVICES) == "a4:bb:6d:00:00:01"


def test_an_interface_without_an_address_of_six_bytes_or_without_a_device_says_nothing() -> None:
    assert windows.built_in_address(table(row(WIRED, bytes(6))), DEVICES) is None
    assert windows.built_in_address(table(row(WIRED, bytes(8))), DEVICES) is None
    assert windows.built_in_address(table(row(WIRED, mac(1))), {}) is None


@pytest.mark.parametrize("size", [0, 4, 8, 700, 1359])
def test_a_table_that_is_cut_off_says_nothing(size: int) -> None:
    assert windows.built_in_address(table(row(WIRED, mac(1)))[:size], DEVICES) is None


def test_all_four_parts_of_a_desk_are_known() -> None:
    bios = {"SystemManufacturer": "Dell Inc.", "SystemProductName": "OptiPlex 7060", "BIOSVersion": "1.24.0"}
    processor = {"VendorIdentifier": "GenuineIntel", "ProcessorNameString": "Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz"}
    parts = make_parts(
        board=windows.joined(bios, windows.BOARD_NAMES),
        disk=windows.serial_of(descriptor(b"S5GXNF0R512345X")),
        network=windows.built_in_address(table(row(WIRED, mac(1))), DEVICES),
        platform=windows.platform_of({}, processor),
        machine_id="0f0e0d0c",
    )
    assert parts.built_in == (
        "dellincoptiplex7060",
        "s5gxnf0r512345x",
        "a4bb6d000001",
        "genuineintelintelrcoretmi78700cpu320ghz",
    )
    assert parts.binding == "hardware"


def test_a_guest_of_hyper_v_is_known_by_its_own_id() -> None:
    guest = {"VirtualMachineId": "1F0E3D2C-0000-4A4A-8B8B-1C1C1C1C1C66", "PhysicalHostName": "HV7"}
    assert windows.platform_of(guest, {"VendorIdentifier": "GenuineIntel"}) == guest["VirtualMachineId"]
    assert windows.platform_of({}, {}) is None


@pytest.mark.parametrize(
    ("names", "told"),
    [("Microsoft Corporation Virtual Machine", True), ("VMware, Inc. VMware20,1", True), ("Dell Inc. XPS 13", False)],
)
def test_makers_of_virtual_machines_are_known(names: str, told: bool) -> None:
    assert is_virtual_maker(names) is told
