"""What a Mac tells of its hardware: texts in the form that ioreg(8) and networksetup(8) print."""

from __future__ import annotations

import pytest

from muster.license.machine import macos
from muster.trust.hardware import make_parts

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
"""
EXPERT = (
    HEAD
    + """<array>
	<dict>
		<key>IOObjectClass</key>
		<string>IOPlatformExpertDevice</string>
		<key>IOPlatformSerialNumber</key>
		<string>C02ZX0AALVDQ</string>
		<key>IOPlatformUUID</key>
		<string>5D1A8C0E-90C7-5B7E-9B5F-0A3B9D2F7E11</string>
		<key>manufacturer</key>
		<data>
		QXBwbGUgSW5jLgA=
		</data>
	</dict>
</array>
</plist>
"""
)
DISK = """	<dict>
		<key>Device Characteristics</key>
		<dict>
			<key>Product Name</key>
			<string>{name}</string>
			<key>Serial Number</key>
			<string>{serial}</string>
			<key>Medium Type</key>
			<string>Solid State</string>
		</dict>
		<key>IOObjectClass</key>
		<string>IONVMeBlockStorageDevice</string>
		<key>IORegistryEntryLocation</key>
		<string>{location}</string>
		<key>Protocol Characteristics</key>
		<dict>
			<key>Physical Interconnect</key>
			<string>{bus}</string>
			<key>Physical Interconnect Location</key>
			<string>{where}</string>
		</dict>
	</dict>
"""
INSIDE = DISK.format(
    name="APPLE SSD AP0512Q", serial="0ba0123c45678901", location="1", bus="Apple Fabric", where="Internal"
)
SECOND = DISK.format(name="APPLE SSD AP0512Q", serial="0ba0999999999999", location="2", bus="PCI", where="Internal")
OUTSIDE = DISK.format(name="Portable SSD T7", serial="S5SXNS0R700159M", location="0", bus="USB", where="External")
IMAGE = DISK.format(name="Disk Image", serial="", location="0", bus="Virtual Interface", where="File")
PORTS = """
Hardware Port: Ethernet Adapter (en4)
Device: en4
Ethernet Address: 2a:c1:9f:00:00:04

Hardware Port: USB 10/100/1000 LAN
Device: en7
Ethernet Address: 00:e0:4c:68:00:07

Hardware Port: Thunderbolt Bridge
Device: bridge0
Ethernet Address: 36:7f:aa:00:00:0b

Hardware Port: Wi-Fi
Device: en0
Ethernet Address: 3C:22:FB:01:02:03

VLAN Configurations
===================
"""


def listed(*disks: str) -> bytes:
    return (HEAD + "<array>\n" + "".join(disks) + "</array>\n</plist>\n").encode()


def test_all_four_parts_of_a_mac_are_known() -> None:
    parts = make_parts(
        board=macos.expert_text(EXPERT.encode(), "IOPlatformSerialNumber"),
        disk=macos.internal_serial(listed(OUTSIDE, INSIDE)),
        network=macos.built_in_address(PORTS.encode()),
        platform="Macmini9,1\nApple M1",
        machine_id=macos.expert_text(EXPERT.encode(), "IOPlatformUUID"),
    )
    assert parts.built_in == ("c02zx0aalvdq", "0ba0123c45678901", "3c22fb010203", "macmini91applem1")
    assert parts.binding == "hardware"


def test_the_disk_inside_counts_and_their_order_does_not() -> None:
    assert macos.internal_serial(listed(SECOND, INSIDE, OUTSIDE)) == "0ba0123c45678901"
    assert macos.internal_serial(listed(INSIDE, SECOND)) == "0ba0123c45678901"
    assert macos.internal_serial(listed(OUTSIDE, IMAGE)) is None


@pytest.mark.parametrize(
    "listing",
    [
        b"",
        b"not a property list",
        EXPERT[:200].encode(),
        b"bplist00",
        b"\xff\xfe",
        HEAD.encode() + b"<dict/></plist>",
        HEAD.encode() + b"<array><string>C02</string><dict/></array></plist>",
        HEAD.encode() + b"<array><dict><key>IOPlatformSerialNumber</key><data>QUI=</data></dict></array></plist>",
    ],
)
def test_what_is_no_such_list_says_nothing(listing: bytes) -> None:
    assert macos.expert_text(listing, "IOPlatformSerialNumber") is None
    assert macos.internal_serial(listing) is None


@pytest.mark.parametrize(
    "text", ["", PORTS.replace("en0", "en9"), PORTS.replace("3C:22:FB:01:02:03", "N/A"), "Device: en0\n"]
)
def test_without_the_built_in_interface_the_network_says_nothing(text: str) -> None:
    assert macos.built_in_address(text.encode()) is None
