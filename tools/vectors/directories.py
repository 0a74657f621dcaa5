"""Activation objects as directories hold them, and whether they activate an edition (spec/directory.md)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from muster.trust.installation import directory_subject
from muster.wire.calendar import day_number, seconds
from muster.wire.directory import ActivationObject, to_object, to_point
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import Edition
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, OFFICE_PRO, VendorKeys
from tools.vectors import Case, Given, flips, refusals

Attributes: TypeAlias = Mapping[str, tuple[bytes, ...]]

VENDOR, STRANGER = VendorKeys(), VendorKeys("stranger")
DIRECTORY, OTHER = bytes(range(16)), bytes(range(16, 32))
TODAY = day_number(MORNING)
SERIAL = 41


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _forms()
    yield from _shapes()
    yield from _judged()


def found(vendor: VendorKeys = VENDOR, directory: bytes = DIRECTORY, **changes: Any) -> ActivationObject:
    """An object of a directory whose certificate has these `changes`."""
    certificate = vendor.certificate(directory_subject(directory), Purpose.OBJECT, **changes)
    return ActivationObject(vendor.fingerprint[:8], 1, certificate, tuple(vendor.documents[1:]))


def rotated(**changes: Any) -> VendorKeys:
    """The vendor with a second keyset."""
    vendor = VendorKeys()
    vendor.publish(**changes)
    return vendor


def _hex(attributes: Attributes) -> Given:
    return {"attributes": {name.lower(): [value.hex() for value in values] for name, values in attributes.items()}}


def _fields(one: ActivationObject) -> Given:
    return {
        "vendor_id": one.vendor_id.hex(),
        "scope": one.scope,
        "certificate": one.certificate.hex(),
        "keysets": sorted(keyset.hex() for keyset in one.keysets),
    }


def _forms() -> Iterator[Case]:
    for name, one in (("plain", found()), ("with_keyset", found(rotated()))):
        yield Case("directory", f"point_{name}", "point", "In Active Directory.", _hex(to_point(one)), _fields(one))
        yield Case(
            "directory", f"entry_{name}", "entry", "With a class of its own.", _hex(to_object(one)), _fields(one)
        )


def _shapes() -> Iterator[Case]:
    point, entry = to_point(found()), to_object(found())
    binding = "serviceBindingInformation"
    twice = b"certificate:" + b64encode(found(serial=42).certificate)
    short = (point["keywords"][0], b"muster-vendor-00", point["keywords"][2])
    points: dict[str, tuple[Attributes, str]] = {
        "point_unmarked": ({"keywords": point["keywords"][1:]}, "Not marked as an activation object."),
        "point_without_certificate": ({binding: ()}, "It holds no certificate."),
        "point_two_certificates": ({binding: (*point[binding], twice)}, "Which of them would count?"),
        "point_not_base64": ({binding: (b"certificate:!!!!",)}, "Not base64."),
        "point_vendor_too_short": ({"keywords": short}, "A vendor id has 8 bytes."),
        "point_scope_negative": ({"keywords": (*point["keywords"][:2], b"muster-scope--1")}, "A group is a number."),
        "point_many_values": ({binding: point[binding] * 70}, "More values than keysets can be."),
    }  # fmt: skip
    for name, (changes, about) in points.items():
        yield from refusals("directory", "point", "NO_ACTIVATION_OBJECT", {name: (_hex({**point, **changes}), about)})
    entries: dict[str, tuple[Attributes, str]] = {
        "entry_without_certificate": ({"musterCertificate": ()}, "It holds no certificate."),
        "entry_certificate_too_long": ({"musterCertificate": (bytes(161),)}, "Longer than any certificate."),
        "entry_scope_too_large": ({"musterScope": (b"16777216",)}, "A group has 24 bits."),
    }
    for name, (changes, about) in entries.items():
        yield from refusals("directory", "entry", "NO_ACTIVATION_OBJECT", {name: (_hex({**entry, **changes}), about)})


def judged(
    *objects: ActivationObject,
    edition: Edition = CAD_PRO,
    organisation: int | None = None,
    directory: bytes = DIRECTORY,
) -> Given:
    """Objects of one directory, for an edition, by a machine that knows the first keyset."""
    of = {"id": edition.id, "group": edition.group, "level": edition.level, "released_day": edition.released_day}
    return {
        "objects": [_hex(to_object(one))["attributes"] for one in objects],
        "directory": directory.hex(),
        "keysets": [VENDOR.documents[0].hex()],
        "edition": of,
        "organisation": organisation,
        "now": seconds(MORNING),
    }


def _judged() -> Iterator[Case]:
    good = {"serial": SERIAL, "organisation": 7, "keyset": 1}
    newer = found(rotated(withdrawn=(SERIAL,)), serial=42)
    ends = found(serial=50, lease_until_day=TODAY + 10)
    bad = replace(found(), keysets=(b"\xff", VendorKeys("stranger").publish()))
    rows: dict[str, tuple[Given, Given, str]] = {
        "fits": (judged(found()), good, "The object of this directory."),
        "newer_keyset": (judged(newer), {**good, "serial": 42, "keyset": 2}, "A newer keyset lies beside it."),
        "keyset_of_another_object": (
            judged(found(), newer), {**good, "serial": 42, "keyset": 2}, "The keyset beside one withdraws the other.",
        ),
        "keysets_that_prove_nothing": (judged(bad), good, "Keysets that do not prove themselves are passed over."),
        "longest": (judged(ends, found()), good, "The one with a last lease day gives less."),
        "one_of_several": (
            judged(found(directory=OTHER, serial=3), found(STRANGER, serial=4), found()), good, "Others are passed over.",
        ),
    }  # fmt: skip
    for name, (given, expect, about) in rows.items():
        yield Case("directory", name, "objects", about, given, expect)
    wrong: dict[str, dict[str, tuple[Given, str]]] = {
        "NO_ACTIVATION_OBJECT": {
            "nothing_there": (judged(), "There is none."),
            "another_directory": (judged(found(directory=OTHER)), "Copied from another directory."),
        },
        "VENDOR_MISMATCH": {"another_vendor": (judged(found(STRANGER)), "A stranger's object.")},
        "SIGNATURE_INVALID": {
            "stranger_in_our_name": (
                judged(replace(found(STRANGER), vendor_id=VENDOR.fingerprint[:8])), "A stranger's object in our name."
            ),
        },
        "CERTIFICATE_WITHDRAWN": {
            "withdrawn": (judged(found(rotated(withdrawn=(SERIAL,)))), "Withdrawn by a newer keyset beside it."),
        },
        "CERTIFICATE_EXPIRED": {
            "expired": (judged(found(not_before_day=TODAY - 30, days=30)), "Its window ended this morning."),
            "last_lease_day_over": (judged(found(lease_until_day=TODAY - 1)), "It gives no lease any more."),
        },
        "CERTIFICATE_NOT_YET_VALID": {"not_yet_valid": (judged(found(not_before_day=TODAY + 1)), "From tomorrow on.")},
        "EDITION_NOT_COVERED": {
            "outside_scope": (judged(found(), edition=OFFICE_PRO), "Of another group."),
            "below_level": (judged(found(level=CAD_PRO.level - 1)), "Of a lower level."),
        },
        "MAINTENANCE_ENDED": {
            "maintenance_ended": (
                judged(found(released_until_day=TODAY - 10), edition=CAD_PRO._replace(released_day=TODAY - 9)),
                "Released after the maintenance ended.",
            ),
        },
        "ORGANISATION_MISMATCH": {"another_organisation": (judged(found(), organisation=8), "The machine is pinned.")},
    }  # fmt: skip
    for code, group in wrong.items():
        yield from refusals("directory", "objects", code, group)
    number = VENDOR.issuing_number(Purpose.OBJECT)
    revoked = found(rotated(status={number: KeyStatus.REVOKED}))
    rows_revoked = {"issuing_key_revoked": (judged(revoked), "Its issuing key was revoked by a keyset beside it.")}
    yield from refusals("directory", "objects", "*", rows_revoked)
    yield flips("directory", "objects", judged(found()), ["objects", 0, "mustercertificate", 0], every=1)
