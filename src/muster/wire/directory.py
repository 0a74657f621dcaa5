"""An activation object as a directory holds it: names of attributes, and values (spec/directory.md).

Two forms of one thing: a ``serviceConnectionPoint`` with texts, where no schema may be changed, and a class of our own with
octets. What is read is hostile: sizes first, then shapes; whether it is true is judged in `muster.trust.directory`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from muster.base.errors import Code, Malformed
from muster.wire.activation import U24, VENDOR_ID_BYTES
from muster.wire.cbor import check_bytes, check_uint
from muster.wire.keyset import MAX_KEYSET_BYTES, MAX_KEYSETS
from muster.wire.sign1 import MAX_CERTIFICATE_BYTES

Values: TypeAlias = Mapping[str, tuple[bytes, ...]]

# Where objects lie, below the head of the configuration partition or a base of the administrator's choice.
CONTAINERS = ("Activation Objects", "Muster")
SERVICES = "CN=Services"

POINT_CLASS = "serviceConnectionPoint"
OBJECT_CLASS = "musterActivationObject"
CONTAINER_CLASS = "musterContainer"
SERVICE_CLASS_NAME = "muster-activation"
MARK = "muster-object-v1"

DIRECTORY_ID_BYTES = 16
MAX_NAME_CHARACTERS = 40
MAX_OBJECT_BYTES = 2 * (MAX_CERTIFICATE_BYTES + MAX_KEYSETS * MAX_KEYSET_BYTES)
MAX_VALUES = MAX_KEYSETS + 1
_BINDING = "serviceBindingInformation"
_CERTIFICATE, _KEYSET = b"certificate:", b"keyset:"
POINT_ATTRIBUTES = ("keywords", _BINDING)
OBJECT_ATTRIBUTES = ("musterVendor", "musterScope", "musterCertificate", "musterKeyset")


@dataclass(frozen=True, slots=True)
class ActivationObject:
    """What a directory says: whose object (a vendor id of 8 bytes), for which group, certificate, newer signed keysets.

    Vendor and scope only help to find it; the certificate alone decides.
    """

    vendor_id: bytes
    scope: int
    certificate: bytes
    keysets: tuple[bytes, ...] = ()


def check_object_name(name: str) -> str:
    """`name` when an object may have it: 1 to 40 printable characters; `ValueError` otherwise."""
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or not name.isprintable() or name != name.strip():
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARACTERS} printable characters, with no space at its ends")
    return name


def _checked(found: ActivationObject) -> ActivationObject:
    check_bytes("vendor_id", found.vendor_id, VENDOR_ID_BYTES)
    check_uint("scope", found.scope, U24)
    if not 0 < len(found.certificate) <= MAX_CERTIFICATE_BYTES:
        raise ValueError("the certificate is too long")
    if len(found.keysets) > MAX_KEYSETS or not all(0 < len(k) <= MAX_KEYSET_BYTES for k in found.keysets):
        raise ValueError("too many keysets, or too long ones")
    return found


def to_point(found: ActivationObject) -> dict[str, tuple[bytes, ...]]:
    """Attributes of a ``serviceConnectionPoint``."""
    _checked(found)
    keysets = tuple(_KEYSET + b64encode(keyset) for keyset in found.keysets)
    return {
        "objectClass": (b"top", POINT_CLASS.encode()),
        "serviceClassName": (SERVICE_CLASS_NAME.encode(),),
        "keywords": tuple(word.encode() for word in point_keywords(found.vendor_id, found.scope)),
        _BINDING: (_CERTIFICATE + b64encode(found.certificate), *keysets),
    }


def point_keywords(vendor_id: bytes, scope: int) -> tuple[str, str, str]:
    """What a ``serviceConnectionPoint`` is found by, in its attribute ``keywords``."""
    return MARK, f"muster-vendor-{vendor_id.hex()}", f"muster-scope-{scope}"


def to_object(found: ActivationObject) -> dict[str, tuple[bytes, ...]]:
    """Attributes of a ``musterActivationObject``."""
    _checked(found)
    plain = {
        "objectClass": (OBJECT_CLASS.encode(),),
        "musterVendor": (found.vendor_id.hex().encode(),),
        "musterScope": (str(found.scope).encode(),),
        "musterCertificate": (found.certificate,),
    }
    return plain | ({"musterKeyset": found.keysets} if found.keysets else {})


def from_point(values: Values) -> ActivationObject:
    """Read a ``serviceConnectionPoint``; keys in lower case. `Malformed` for one that is no activation object."""
    words = {_text(value) for value in _few(values, "keywords")}
    if MARK not in words:
        raise _wrong("it is not marked as one")
    vendor = next((w.removeprefix("muster-vendor-") for w in words if w.startswith("muster-vendor-")), "")
    scope = next((w.removeprefix("muster-scope-") for w in words if w.startswith("muster-scope-")), "")
    certificates, keysets = [], []
    for value in _few(values, _BINDING.lower()):
        if value.startswith(_CERTIFICATE):
            certificates.append(_octets(value.removeprefix(_CERTIFICATE)))
        elif value.startswith(_KEYSET):
            keysets.append(_octets(value.removeprefix(_KEYSET)))
    return _read(vendor, scope, certificates, keysets)


def from_object(values: Values) -> ActivationObject:
    """Read a ``musterActivationObject``; keys in lower case. `Malformed` for one that is none."""
    vendor, scope = (_text(next(iter(_few(values, name)), b"")) for name in ("mustervendor", "musterscope"))
    return _read(vendor, scope, _few(values, "mustercertificate"), _few(values, "musterkeyset"))


def _few(values: Values, name: str) -> tuple[bytes, ...]:
    found = values.get(name, ())
    if len(found) > MAX_VALUES or sum(map(len, found)) > MAX_OBJECT_BYTES:
        raise _wrong(f"{name} is far too large")
    return found


def _read(vendor: str, scope: str, certificates: Sequence[bytes], keysets: Sequence[bytes]) -> ActivationObject:
    if len(certificates) != 1:
        raise _wrong(f"it holds {len(certificates)} certificates, not one")
    if not (scope.isascii() and scope.isdigit()) or len(scope) > len(str(U24)):
        raise _wrong("its scope is no number")
    try:
        # A directory keeps values in no order: the same object is always read the same.
        found = ActivationObject(bytes.fromhex(vendor), int(scope), certificates[0], tuple(sorted(keysets)))
        return _checked(found)
    except ValueError as error:
        raise _wrong(str(error)) from error


def _octets(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise _wrong("a value in it is not base64") from error


def _text(value: bytes) -> str:
    return value.decode("ascii", errors="replace")


def _wrong(problem: str) -> Malformed:
    return Malformed(Code.NO_ACTIVATION_OBJECT, f"this is no activation object: {problem}")
