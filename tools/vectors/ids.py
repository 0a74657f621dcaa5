"""Product keys and installation ids (spec/productkey.md, spec/installation.md)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import product
from typing import Any

from muster.trust.cose import public_bytes
from muster.trust.hardware import Parts
from muster.trust.installation import directory_id, directory_subject, host_id, machine_id
from muster.trust.productkey import ALPHABET, KeyKind, ProductKey, generic_key
from muster.wire.confirmation import encode_installation_file
from muster.wire.installation import InstallationId, pack_installation
from tests.worlds.machines import DESK
from tests.worlds.vendor_keys import CAD, CAD_PRO, CertifiedHost, VendorKeys
from tools.vectors import Case, Given, refusals, refused

VENDOR = VendorKeys()
MAK = VENDOR.key(KeyKind.MAK, CAD_PRO.id)
HOST_KEY = VENDOR.key(KeyKind.HOST, CAD.id)
GENERIC = generic_key(VENDOR.fingerprint, CAD_PRO.id)
DIRECTORY = bytes(range(16))
IDS: dict[str, tuple[InstallationId, ProductKey]] = {
    "machine": (machine_id(MAK.reference, MAK.secret, CAD_PRO.id, DESK), MAK),
    "machine_without_parts": (machine_id(MAK.reference, MAK.secret, CAD_PRO.id, Parts()), MAK),
    "host": (host_id(HOST_KEY.reference, HOST_KEY.secret, public_bytes(CertifiedHost(VENDOR).private)), HOST_KEY),
    "directory": (directory_id(HOST_KEY.reference, HOST_KEY.secret, directory_subject(DIRECTORY)), HOST_KEY),
}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _keys()
    yield from _mistyped_keys()
    yield from _installations()
    yield from _malformed_installations()


def _key(key: ProductKey) -> dict[str, Any]:
    return {
        "kind": int(key.kind),
        "scope": key.scope,
        "canonical": key.text,
        "reference": key.reference.hex(),
        "secret": key.secret.hex(),
    }


def _keys() -> Iterator[Case]:
    for name, key in (("host", HOST_KEY), ("mak", MAK), ("generic", GENERIC)):
        yield Case("productkey", name, "product_key", f"A {name} key.", {"text": key.formatted}, _key(key))
    derived = {"fingerprint": VENDOR.fingerprint.hex(), "edition": CAD_PRO.id}
    expect = {"key": GENERIC.formatted}
    yield Case("productkey", "generic_derived", "generic_key", "Anybody can derive it.", derived, expect)
    typed = MAK.formatted.lower().replace("0", "o").replace("1", "l").replace("-", " \u2013 ")
    about = "Small letters, O for 0, l for 1, pasted dashes."
    yield Case("productkey", "typed_by_people", "product_key", about, {"text": typed}, _key(MAK))


def _mistyped_keys() -> Iterator[Case]:
    text = MAK.text
    for group in range(1, 6):
        at = 5 * group - 3
        wrong = text[:at] + ALPHABET[(ALPHABET.index(text[at]) + 1) % 32] + text[at + 1 :]
        about = f"One wrong character in group {group}."
        expect = refused("KEY_MALFORMED", group=group)
        yield Case("productkey", f"wrong_in_group_{group}", "product_key", about, {"text": wrong}, expect)
    swapped = text[:5] + text[6] + text[5] + text[7:]
    groups = MAK.formatted.split("-")
    version_2 = _with_check("8" + text[1:23])
    kind_3 = _with_check(ALPHABET[ALPHABET.index(text[0]) | 3] + text[1:23])
    rows = {
        "swapped_neighbours": (swapped, "Two neighbours exchanged."),
        "swapped_groups": ("-".join([groups[1], groups[0], *groups[2:]]), "Two groups exchanged."),
        "two_wrong": (_two_wrong(text), "Two wrong characters."),
        "too_short": (text[:-1], "24 characters."),
        "too_long": (text + "0", "26 characters."),
        "empty": ("", "Nothing."),
        "foreign_character": ("U" + text[1:], "A U, which no key has."),
        "far_too_long": ("-" * 201, "More than 200 characters are not looked at."),
        "version_2": (version_2, "A sound check, a version that is not known."),
        "kind_3": (kind_3, "A sound check, a kind that is not known."),
    }
    hexed: dict[str, tuple[Given, str]] = {name: ({"text": typed}, about) for name, (typed, about) in rows.items()}
    yield from refusals("productkey", "product_key", "KEY_MALFORMED", hexed)


def _two_wrong(text: str) -> str:
    return "".join(ALPHABET[(ALPHABET.index(c) + 1) % 32] if i in {2, 20} else c for i, c in enumerate(text))


def _times(a: int, b: int) -> int:
    """The product in GF(32) with x^5 + x^2 + 1, as the page defines it."""
    product = 0
    for bit in range(5):
        product ^= a << bit if b >> bit & 1 else 0
    for bit in range(9, 4, -1):
        product ^= 0b100101 << bit - 5 if product >> bit & 1 else 0
    return product


def _value_at(symbols: list[int], point: int) -> int:
    return reduce(lambda value, symbol: _times(value, point) ^ symbol, symbols, 0)


def _with_check(data: str) -> str:
    """23 characters and the two that make the check sound, found by trying: a second opinion on the code's division."""
    symbols = [ALPHABET.index(c) for c in data]
    for pair in product(range(32), repeat=2):
        if _value_at([*symbols, *pair], 2) == _value_at([*symbols, *pair], 4) == 0:
            return data + "".join(ALPHABET[symbol] for symbol in pair)
    raise LookupError(data)


def _installations() -> Iterator[Case]:
    for name, (installation, key) in IDS.items():
        packed = pack_installation(installation)
        given = {"bytes": packed.hex(), "secret": key.secret.hex()}
        expect = {"kind": int(installation.kind), "reference": key.reference.hex(), "tag_good": True}
        about = f"The installation id of a {name.replace('_', ' ')}."
        yield Case("installation", name, "installation", about, given, expect)
        changed = packed[:-1] + bytes((packed[-1] ^ 1,))
        given = {"bytes": changed.hex(), "secret": key.secret.hex()}
        about = "Made by somebody who does not know the key."
        yield Case("installation", f"{name}_wrong_tag", "installation", about, given, {**expect, "tag_good": False})
    packed = pack_installation(IDS["machine"][0])
    moved = packed[:1] + (1002).to_bytes(3, "big") + packed[4:]
    given = {"bytes": moved.hex(), "secret": MAK.secret.hex()}
    expect = {"kind": 0, "reference": MAK.reference.hex(), "tag_good": False}
    yield Case("installation", "another_edition", "installation", "Its edition was changed.", given, expect)
    text = encode_installation_file(packed)
    yield Case("installation", "file", "installation_file", "As a file.", {"text": text}, {"bytes": packed.hex()})


def _malformed_installations() -> Iterator[Case]:
    machine, host = (pack_installation(IDS[name][0]) for name in ("machine", "host"))
    rows = {
        "empty": (b"", "Nothing."),
        "truncated": (machine[:-1], "23 bytes."),
        "trailing": (machine + b"\x00", "25 bytes."),
        "version_2": (bytes((machine[0] + (1 << 2),)) + machine[1:], "A version that is not known."),
        "kind_3": (bytes((host[0] | 3,)) + host[1:], "A kind that is not known."),
        "host_as_machine": (bytes((machine[0] | 1,)) + machine[1:], "A host's kind in the length of a machine's."),
        "padding_used": (bytes((machine[0] | 0x80,)) + machine[1:], "One of the two bits in front of the id is set."),
    }
    given = {name: ({"bytes": data.hex(), "secret": MAK.secret.hex()}, about) for name, (data, about) in rows.items()}
    yield from refusals("installation", "installation", "INSTALLATION_ID_MALFORMED", given)
