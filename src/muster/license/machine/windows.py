"""Windows: registry, the disk's own descriptor and the table of interfaces, as every local user may read them.

What is read is parsed by pure functions, which our tests run over answers laid out as Microsoft documents them. The reading
itself is written from that documentation and type-checked; it was never run on Windows (spec/hardware.md says so too).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from uuid import UUID

from muster.license.machine.makers import is_virtual_maker

BIOS = r"HARDWARE\DESCRIPTION\System\BIOS"
PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
GUEST = r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters"
CRYPTOGRAPHY = r"SOFTWARE\Microsoft\Cryptography"
CONNECTION = (
    r"SYSTEM\CurrentControlSet\Control\Network\{{4D36E972-E325-11CE-BFC1-08002BE10318}}\{{{interface}}}\Connection"
)
BOARD_NAMES = ("SystemManufacturer", "SystemProductName", "BaseBoardManufacturer", "BaseBoardProduct")
PROCESSOR_NAMES = ("VendorIdentifier", "Identifier", "ProcessorNameString")
MAX_DESCRIPTOR_BYTES = 4096
MAX_INTERFACES = 4096

# STORAGE_DEVICE_DESCRIPTOR (winioctl.h): the offset of the serial number, counted from the beginning; zero: none.
_SERIAL_OFFSET = struct.Struct("<24xI")
# MIB_IF_TABLE2 (netioapi.h): number of rows, four bytes of padding, rows of MIB_IF_ROW2.
_ROWS_BEGIN, ROW_BYTES = 8, 1352
# MIB_IF_ROW2: GUID; length of addresses; the permanent one; type; flags.
_ROW = struct.Struct("<12x16s1028xI32x32s4xI20xB")
_ETHERNET, _WIRELESS = 6, 71
_IS_HARDWARE, _IS_FILTER = 0x1, 0x2
_ADDRESS_BYTES = 6


def serial_of(descriptor: bytes) -> str | None:
    """The serial number in a STORAGE_DEVICE_DESCRIPTOR; None when it holds none, or is cut off."""
    if len(descriptor) < _SERIAL_OFFSET.size:
        return None
    (offset,) = _SERIAL_OFFSET.unpack_from(descriptor)
    if not _SERIAL_OFFSET.size <= offset < len(descriptor):
        return None
    return descriptor[offset:].partition(b"\0")[0].decode("ascii", "replace").strip() or None


def interfaces_of(table: bytes) -> tuple[tuple[UUID, bool, bytes], ...]:
    """Hardware interfaces of a MIB_IF_TABLE2: id, whether wireless, permanent address of 6 bytes; in the table's order."""
    if len(table) < _ROWS_BEGIN:
        return ()
    (number,) = struct.unpack_from("<I", table)
    found = []
    for index in range(min(number, MAX_INTERFACES)):
        begin = _ROWS_BEGIN + index * ROW_BYTES
        if begin + ROW_BYTES > len(table):
            break
        identity, length, address, kind, flags = _ROW.unpack_from(table, begin)
        is_own = flags & _IS_HARDWARE and not flags & _IS_FILTER
        if is_own and length == _ADDRESS_BYTES and kind in {_ETHERNET, _WIRELESS}:
            found.append((UUID(bytes_le=identity), kind == _WIRELESS, address[:_ADDRESS_BYTES]))
    return tuple(found)


def built_in_address(table: bytes, devices: Mapping[UUID, str]) -> str | None:
    """The permanent address of the first built-in interface: wired before wireless, then by the device's path.

    `devices` gives the plug-and-play id of an interface; one on USB, or without a device, is not built in.
    """
    candidates = sorted(
        (wireless, devices[identity].upper(), address)
        for identity, wireless, address in interfaces_of(table)
        if devices.get(identity) and not devices[identity].upper().startswith("USB")
    )
    address = candidates[0][2] if candidates else bytes(_ADDRESS_BYTES)
    return address.hex(":") if any(address) else None


def joined(texts: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Those of a registry key's values that say something, joined by a blank."""
    return " ".join(said for name in names if (said := texts.get(name, "").strip())) or None


def platform_of(guest: Mapping[str, str], processor: Mapping[str, str]) -> str | None:
    """The id of the virtual machine as Hyper-V tells its guest, else what the processor says of itself."""
    return guest.get("VirtualMachineId", "").strip() or joined(processor, PROCESSOR_NAMES)


if sys.platform == "win32":
    import ctypes
    import os
    import winreg

    _QUERY_PROPERTY = 0x002D1400  # IOCTL_STORAGE_QUERY_PROPERTY, which asks for no right on the device
    _SHARE, _OPEN_EXISTING = 0x1 | 0x2, 3
    _INVALID = ctypes.c_void_p(-1).value

    def sources() -> dict[str, str | None]:
        """Raw texts by the names that `muster.trust.hardware.make_parts` takes."""
        table = _interfaces()
        devices = {row[0]: _device(row[0]) for row in interfaces_of(table)}
        return {
            "board": joined(_values(BIOS), BOARD_NAMES),
            "disk": serial_of(_descriptor()),
            "network": built_in_address(table, devices),
            "platform": platform_of(_values(GUEST), _values(PROCESSOR)),
            "machine_id": _values(CRYPTOGRAPHY).get("MachineGuid"),
        }

    def is_virtual() -> bool:
        """Told by the makers' names in firmware."""
        return is_virtual_maker(joined(_values(BIOS), BOARD_NAMES) or "")

    def _values(key: str) -> dict[str, str]:
        """All texts of a registry key under HKEY_LOCAL_MACHINE; none when there is no such key."""
        found: dict[str, str] = {}
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as handle:
                for index in range(winreg.QueryInfoKey(handle)[1]):
                    name, value, kind = winreg.EnumValue(handle, index)
                    if kind == winreg.REG_SZ:
                        found[name] = str(value)
        except OSError:
            return found
        return found

    def _device(interface: UUID) -> str:
        return _values(CONNECTION.format(interface=str(interface).upper())).get("PnPInstanceID", "")

    def _descriptor() -> bytes:
        """STORAGE_DEVICE_DESCRIPTOR of the disk under the system's drive; empty when it does not tell."""
        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateFileW.restype = ctypes.c_void_p
        drive = os.environ.get("SYSTEMDRIVE", "C:")
        handle = kernel.CreateFileW(rf"\\.\{drive}", 0, _SHARE, None, _OPEN_EXISTING, 0, None)
        if handle == _INVALID:
            return b""
        # STORAGE_PROPERTY_QUERY: StorageDeviceProperty, PropertyStandardQuery, one byte of nothing and its padding.
        query, answer, got = bytes(12), ctypes.create_string_buffer(MAX_DESCRIPTOR_BYTES), ctypes.c_uint32()
        told = kernel.DeviceIoControl(
            ctypes.c_void_p(handle), _QUERY_PROPERTY, query, len(query), answer, len(answer), ctypes.byref(got), None
        )
        kernel.CloseHandle(ctypes.c_void_p(handle))
        return answer.raw[: got.value] if told else b""

    def _interfaces() -> bytes:
        """MIB_IF_TABLE2 of this machine; empty when it is not told."""
        api, table = ctypes.WinDLL("iphlpapi"), ctypes.c_void_p()
        if api.GetIfTable2(ctypes.byref(table)) or not table.value:
            return b""
        try:
            number = min(ctypes.c_uint32.from_address(table.value).value, MAX_INTERFACES)
            return ctypes.string_at(table.value, _ROWS_BEGIN + number * ROW_BYTES)
        finally:
            api.FreeMibTable(table)
