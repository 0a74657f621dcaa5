"""Parts of a machine's hardware, as keyed hashes, and when two machines are the same (spec/hardware.md).

Reading the sources is the business of a shell (`muster.license.machine`); here they are normalised, hashed and compared.
"""

from __future__ import annotations

import hmac
import re
from typing import Literal, NamedTuple

LABEL_PART = b"muster-part-v1"
PARTS = 4
LEASE_WIDTH = 4
INSTALLATION_WIDTH = 2
MIN_COMPARABLE = 2
MAX_DIFFERENT = 1
MAX_SOURCE_CHARACTERS = 256
_WEAK_INDEX = PARTS

# What firmware says when its maker said nothing.
_PLACEHOLDERS = frozenset({
    "", "none", "unknown", "notspecified", "notapplicable", "notavailable", "na", "null", "default", "defaultstring",
    "tobefilledbyoem", "systemserialnumber", "systemproductname", "systemmanufacturer", "oem", "invalid", "empty",
    "0123456789", "123456789", "1234567890", "03000200040005000006000700080009",
})  # fmt: skip


class Parts(NamedTuple):
    """Normalised sources, None where one cannot be read; `machine_id` is used only when fewer than two can."""

    board: str | None = None
    disk: str | None = None
    network: str | None = None
    platform: str | None = None
    machine_id: str | None = None

    @property
    def built_in(self) -> tuple[str | None, ...]:
        """The four parts in their fixed order."""
        return self.board, self.disk, self.network, self.platform

    @property
    def binding(self) -> Literal["hardware", "weak"]:
        """Whether hardware is known well enough to bind to, or only the machine-id."""
        return "hardware" if sum(p is not None for p in self.built_in) >= MIN_COMPARABLE else "weak"


def normalise(source: str | None) -> str | None:
    """A source's text without case, spaces and punctuation; None when it says nothing."""
    if source is None:
        return None
    text = re.sub(r"[^0-9a-z]", "", source[:MAX_SOURCE_CHARACTERS].lower())
    if text in _PLACEHOLDERS or len(set(text)) == 1:
        return None
    return text


def make_parts(
    *, board: str | None, disk: str | None, network: str | None, platform: str | None, machine_id: str | None = None
) -> Parts:
    """Parts from raw sources."""
    return Parts(normalise(board), normalise(disk), normalise(network), normalise(platform), normalise(machine_id))


def _hash(key: bytes, index: int, text: str | None, width: int) -> bytes:
    if text is None:
        return bytes(width)
    digest = hmac.digest(key, LABEL_PART + bytes((index,)) + text.encode(), "sha256")[:width]
    return digest if any(digest) else bytes(width - 1) + b"\x01"


def _hashes(parts: Parts, key: bytes, width: int) -> bytes:
    if parts.binding == "hardware":
        return b"".join(_hash(key, index, text, width) for index, text in enumerate(parts.built_in))
    weak = [_hash(key, _WEAK_INDEX + i, parts.machine_id, width) for i in range(MIN_COMPARABLE)]
    return b"".join(weak).ljust(PARTS * width, b"\x00")


def lease_parts(parts: Parts, salt: bytes) -> bytes:
    """16 bytes for requests and records: four bytes a part, keyed with a salt that never travels."""
    return _hashes(parts, salt, LEASE_WIDTH)


def installation_parts(parts: Parts, secret: bytes) -> bytes:
    """8 bytes for installation ids: two bytes a part, keyed with the product key's K."""
    return _hashes(parts, secret, INSTALLATION_WIDTH)


def same_hardware(one: bytes, other: bytes) -> bool:
    """At least two parts readable on both sides, and at most one of those differs."""
    if len(one) != len(other):
        return False
    width = len(one) // PARTS
    pairs = [(one[i : i + width], other[i : i + width]) for i in range(0, len(one), width)]
    readable = [(a, b) for a, b in pairs if any(a) and any(b)]
    different = sum(a != b for a, b in readable)
    return len(readable) >= MIN_COMPARABLE and different <= min(MAX_DIFFERENT, len(readable) - 1)
