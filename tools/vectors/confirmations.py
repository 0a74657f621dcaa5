"""Confirmations, their files, and both kinds of ids as digits (spec/confirmation.md, spec/humanid.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.trust.cose import public_bytes
from muster.trust.humanid import format_confirmation, format_installation
from muster.trust.installation import directory_subject, machine_id
from muster.trust.permanent import confirm_certificate, sign_permanent
from muster.wire.armour import CONFIRMATION, armour
from muster.wire.calendar import day_number
from muster.wire.cbor import encode
from muster.wire.confirmation import encode_confirmation_file
from muster.wire.installation import SubjectKind, pack_installation
from muster.wire.keyset import KeyStatus, Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.machines import DESK
from tests.worlds.vendor_keys import CertifiedHost, VendorKeys
from tools.vectors import Case, Given, flips, refusals, refused
from tools.vectors.ids import DIRECTORY, IDS, MAK, VENDOR

STRANGER = VendorKeys("stranger")
HOST = CertifiedHost(VENDOR)
PRIVATE = VENDOR.issuing_key(Purpose.PERMANENT)
INSTALLATION = pack_installation(IDS["machine"][0])
END_DAY = day_number(MORNING) + 365
PERMANENT = sign_permanent(PRIVATE, INSTALLATION)
UNTIL = sign_permanent(PRIVATE, INSTALLATION, END_DAY)
HOST_CLAIMS = VENDOR.certificate_claims(public_bytes(HOST.private))
CERTIFIED = confirm_certificate(HOST.certificate, HOST_CLAIMS, SubjectKind.HOST)
OBJECT_CLAIMS = VENDOR.certificate_claims(directory_subject(DIRECTORY), Purpose.OBJECT)
OBJECT = VENDOR.certificate(directory_subject(DIRECTORY), Purpose.OBJECT)
OBJECT_CERTIFIED = confirm_certificate(OBJECT, OBJECT_CLAIMS, SubjectKind.DIRECTORY)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _permanent()
    yield from _certified()
    yield from _files()
    yield from _digits()


def _given(confirmation: bytes, of: bytes = INSTALLATION, vendor: VendorKeys = VENDOR) -> Given:
    keysets = [document.hex() for document in vendor.documents]
    return {"installation": of.hex(), "confirmation": confirmation.hex(), "keysets": keysets}


def _permanent() -> Iterator[Case]:
    for name, packed, end_day in (("permanent", PERMANENT, 0), ("permanent_until", UNTIL, END_DAY)):
        yield Case("confirmation", name, "permanent", "A machine's confirmation.", _given(packed), {"end_day": end_day})
    number = VENDOR.issuing_number(Purpose.PERMANENT)
    spare = sign_permanent(VENDOR.issuing_key(Purpose.PERMANENT, 1), INSTALLATION)
    yield Case("confirmation", "by_the_spare_key", "permanent", "Keys are tried.", _given(spare), {"end_day": 0})
    retiring, revoking = VendorKeys(), VendorKeys()
    retiring.publish(status={number: KeyStatus.RETIRED})
    revoking.publish(status={number: KeyStatus.REVOKED})
    retired = _given(PERMANENT, vendor=retiring)
    yield Case("confirmation", "issuing_key_retired", "permanent", "Its key is retired.", retired, {"end_day": 0})
    other = pack_installation(machine_id(MAK.reference, MAK.secret, 1002, DESK))
    extended = UNTIL[:1] + (END_DAY + 1000).to_bytes(2, "big") + UNTIL[3:]
    rows = {
        "of_another_id": (_given(PERMANENT, other), "For another installation id."),
        "end_day_changed": (_given(extended), "Its end day was moved."),
        "end_day_dropped": (_given(b"\x01" + UNTIL[3:]), "Its end day was left out."),
        "of_another_vendor": (
            _given(sign_permanent(STRANGER.issuing_key(Purpose.PERMANENT), INSTALLATION)), "Signed by a stranger.",
        ),
        "by_host_key": (
            _given(sign_permanent(VENDOR.issuing_key(Purpose.HOST), INSTALLATION)), "Signed by a key for hosts.",
        ),
        "issuing_key_revoked": (_given(PERMANENT, vendor=revoking), "Its key is revoked."),
        "of_a_host": (_given(CERTIFIED), "A host's confirmation, for a machine."),
    }  # fmt: skip
    yield from refusals("confirmation", "permanent", "CONFIRMATION_UNTRUSTED", rows)
    malformed = {
        "empty": (_given(b""), "Nothing."),
        "truncated": (_given(PERMANENT[:-1]), "64 bytes."),
        "format_5": (_given(b"\x05" + PERMANENT[1:]), "A format that is not known."),
        "end_day_zero": (_given(b"\x02\x00\x00" + PERMANENT[1:]), "An end day of zero is format 1."),
    }
    yield from refusals("confirmation", "permanent", "CONFIRMATION_MALFORMED", malformed)
    yield flips("confirmation", "permanent", _given(UNTIL), ["confirmation"], every=1)


def _certified() -> Iterator[Case]:
    keysets = [document.hex() for document in VENDOR.documents]

    def given(confirmation: bytes = CERTIFIED, subject: bytes = HOST_CLAIMS.subject, scope: int = 1) -> Given:
        return {"subject": subject.hex(), "scope": scope, "confirmation": confirmation.hex(), "keysets": keysets}

    expect = {"certificate": HOST.certificate.hex()}
    yield Case("confirmation", "host", "certificate", "A host rebuilds its certificate.", given(), expect)
    directory = given(OBJECT_CERTIFIED, OBJECT_CLAIMS.subject)
    expect = {"certificate": OBJECT.hex()}
    yield Case("confirmation", "directory", "certificate", "A directory's activation object.", directory, expect)
    rows = {
        "host_other_subject": (given(subject=public_bytes(PRIVATE)), "On a host with another key pair."),
        "host_other_scope": (given(scope=2), "On a host with a key of another group."),
        "host_level_changed": (given(CERTIFIED[:13] + b"\x01" + CERTIFIED[14:]), "Its level was changed."),
        "host_as_directory": (given(b"\x04" + CERTIFIED[1:]), "A host's as a directory's."),
        "machine_for_host": (given(PERMANENT), "A machine's confirmation, for a host."),
    }
    yield from refusals("confirmation", "certificate", "CONFIRMATION_UNTRUSTED", rows)
    unknown = {"host_unknown_key": (given(b"\x03\xc8" + CERTIFIED[2:]), "A newer product file might know its key.")}
    yield from refusals("confirmation", "certificate", "KEYSET_UNTRUSTED", unknown)


def _files() -> Iterator[Case]:
    text = encode_confirmation_file(INSTALLATION, PERMANENT)
    expect = {"installation": INSTALLATION.hex(), "confirmation": PERMANENT.hex()}
    yield Case("confirmation", "file", "confirmation_file", "As a file.", {"text": text}, expect)
    rows = {
        "file_format_2": encode([2, INSTALLATION, PERMANENT]),
        "file_without_id": encode([1, PERMANENT]),
        "file_trailing": encode([1, INSTALLATION, PERMANENT]) + b"\x00",
    }
    given: dict[str, tuple[Given, str]] = {
        name: ({"text": armour(CONFIRMATION, data)}, "Another shape.") for name, data in rows.items()
    }
    yield from refusals("confirmation", "confirmation_file", "MESSAGE_MALFORMED", given)


def _digits() -> Iterator[Case]:
    for name, (installation, _) in IDS.items():
        digits, packed = format_installation(installation), pack_installation(installation)
        yield _as_groups(f"installation_{name}", "installation_digits", digits, packed)
    confirmations = {
        "permanent": PERMANENT, "permanent_until": UNTIL, "host": CERTIFIED, "directory": OBJECT_CERTIFIED,
    }  # fmt: skip
    for name, packed in confirmations.items():
        yield _as_groups(f"confirmation_{name}", "confirmation_digits", format_confirmation(packed), packed)
    yield from _slips("installation", format_installation(IDS["machine"][0]), "INSTALLATION_ID_MALFORMED")
    yield from _slips("confirmation", format_confirmation(PERMANENT), "CONFIRMATION_MALFORMED")


def _as_groups(name: str, kind: str, digits: str, packed: bytes) -> Case:
    about = f"As {len(digits.split('-'))} groups."
    return Case("humanid", name, kind, about, {"text": digits}, {"bytes": packed.hex()})


def _slips(name: str, digits: str, code: str) -> Iterator[Case]:
    """What people do to groups of digits, and the first group that shows it."""
    groups = digits.split("-")
    place = next(i for i in range(6) if groups[5][i] != groups[5][i + 1])
    wrong = groups[3][:2] + str((int(groups[3][2]) + 1) % 10) + groups[3][3:]
    swapped = groups[5][:place] + groups[5][place + 1] + groups[5][place] + groups[5][place + 2 :]
    slips: list[tuple[str, str, list[str], int | None]] = [
        ("wrong_digit", "A wrong digit in group 4.", [*groups[:3], wrong, *groups[4:]], 4),
        ("swapped_digits", "Two neighbours exchanged in group 6.", [*groups[:5], swapped, *groups[6:]], 6),
        ("swapped_groups", "Groups 2 and 8 exchanged.", [groups[i] for i in _exchanged(len(groups), 1, 7)], 2),
        ("swapped_neighbour_groups", "Groups 1 and 2 exchanged.", [groups[1], groups[0], *groups[2:]], 1),
        ("letter", "A letter in group 1.", ["O" + groups[0][1:], *groups[1:]], 1),
        ("missing_group", "The last group is missing.", groups[:-1], None),
        ("group_too_many", "The last group twice.", [*groups, groups[-1]], None),
        ("nothing", "Nothing.", [], None),
        ("far_too_long", "More than 2,000 characters are not looked at.", ["0000000"] * 300, None),
    ]
    for slip, about, typed, group in slips:
        expect: dict[str, Any] = refused(code) if group is None else refused(code, group=group)
        given = {"text": "-".join(typed)}
        yield Case("humanid", f"{name}_{slip}", f"{name}_digits", about, given, expect)


def _exchanged(length: int, one: int, other: int) -> list[int]:
    order = list(range(length))
    order[one], order[other] = other, one
    return order
