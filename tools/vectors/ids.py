"""Product files, product keys, installation and confirmation ids, and their digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.trust.cose import public_bytes
from muster.trust.humanid import format_confirmation, format_installation
from muster.trust.installation import directory_id, directory_subject, host_id, machine_id
from muster.trust.permanent import confirm_certificate, sign_permanent
from muster.trust.productkey import KeyKind, ProductKey, generic_key
from muster.wire.calendar import day_number, seconds
from muster.wire.installation import InstallationId, SubjectKind, pack_installation
from muster.wire.keyset import Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.machines import DESK
from tests.worlds.vendor_keys import CAD, CAD_PRO, CertifiedHost, VendorKeys
from tools.vectors import Case, refused

VENDOR, STRANGER = VendorKeys(), VendorKeys("stranger")
MAK = VENDOR.key(KeyKind.MAK, CAD_PRO.id)
HOST_KEY = VENDOR.key(KeyKind.HOST, CAD.id)
DIRECTORY = bytes(range(16))


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _products()
    yield from _keys()
    yield from _installations()
    yield from _confirmations()


def _products() -> Iterator[Case]:
    text = VENDOR.product_file()
    claims = VENDOR.claims()
    expect = {
        "vendor": claims.vendor,
        "serial": 1,
        "fingerprint": VENDOR.fingerprint.hex(),
        "editions": {e.name: e.id for e in claims.editions},
        "generic_keys": {e.name: generic_key(VENDOR.fingerprint, e.id).formatted for e in claims.editions},
    }

    def given(file: str, pin: bytes | None = None) -> dict[str, Any]:
        return {"text": file, "fingerprint": pin.hex() if pin else None, "now": seconds(MORNING)}

    yield Case("product", "file", "product", "A product file, its vendor not pinned.", given(text), expect)
    yield Case(
        "product",
        "pinned",
        "product",
        "The same under the vendor's fingerprint.",
        given(text, VENDOR.fingerprint),
        expect,
    )
    mailed = "Dear customer,\n\n> " + text.replace("\n", "\r\n> ") + "\nRegards"
    yield Case("product", "mailed", "product", "Quoted in a mail, with other line ends.", given(mailed), expect)
    foreign = STRANGER.product_file()
    about = "Another vendor under the same names, for a program that knows its vendor."
    yield Case(
        "product",
        "foreign_same_names",
        "product",
        about,
        given(foreign, VENDOR.fingerprint),
        refused("VENDOR_MISMATCH"),
    )
    lines = text.splitlines()
    lines[-3] = lines[-3][:-1] + ("A" if lines[-3][-1] != "A" else "B")
    yield Case(
        "product", "one_character_changed", "product", "Changed on the way.", given("\n".join(lines)), refused("*")
    )
    wrong_key = VENDOR.claims(issuing_key=VENDOR.issuing_number(Purpose.HOST))
    from muster.trust.product import issue_product

    crossed = issue_product(VENDOR.issuing_key(Purpose.HOST), wrong_key, VENDOR.documents)
    yield Case(
        "product",
        "signed_by_host_key",
        "product",
        "Signed by a key for hosts.",
        given(crossed),
        refused("SIGNATURE_INVALID"),
    )
    cut = text.replace("-----END MUSTER PRODUCT FILE-----", "")
    yield Case("product", "no_end_line", "product", "The end is missing.", given(cut), refused("PRODUCT_MALFORMED"))
    other = text.replace("PRODUCT FILE", "CONFIRMATION")
    yield Case(
        "product", "another_title", "product", "Another kind of file.", given(other), refused("PRODUCT_MALFORMED")
    )


def _key_expectation(key: ProductKey) -> dict[str, Any]:
    return {
        "kind": int(key.kind),
        "scope": key.scope,
        "canonical": key.text,
        "reference": key.reference.hex(),
        "secret": key.secret.hex(),
    }


def _keys() -> Iterator[Case]:
    for name, key in (("host", HOST_KEY), ("mak", MAK), ("generic", generic_key(VENDOR.fingerprint, CAD_PRO.id))):
        yield Case("productkey", name, "product_key", f"A {name} key.", {"text": key.formatted}, _key_expectation(key))
    generic = generic_key(VENDOR.fingerprint, CAD_PRO.id)
    derived = {"fingerprint": VENDOR.fingerprint.hex(), "edition": CAD_PRO.id}
    yield Case(
        "productkey", "generic_derived", "generic_key", "Anybody can derive it.", derived, {"key": generic.formatted}
    )
    typed = MAK.formatted.lower().replace("0", "o").replace("1", "l").replace("-", " \u2013 ")
    yield Case(
        "productkey",
        "typed_by_people",
        "product_key",
        "Small letters, O for 0, l for 1, pasted dashes.",
        {"text": typed},
        _key_expectation(MAK),
    )
    wrong = list(MAK.text)
    wrong[12] = "7" if wrong[12] != "7" else "8"
    about = "One wrong character in group 3."
    yield Case(
        "productkey",
        "one_wrong_character",
        "product_key",
        about,
        {"text": "".join(wrong)},
        refused("KEY_MALFORMED", group=3),
    )
    swapped = MAK.text[:5] + MAK.text[6] + MAK.text[5] + MAK.text[7:]
    yield Case(
        "productkey",
        "swapped_neighbours",
        "product_key",
        "Two neighbours exchanged.",
        {"text": swapped},
        refused("KEY_MALFORMED"),
    )
    yield Case(
        "productkey", "too_short", "product_key", "24 characters.", {"text": MAK.text[:-1]}, refused("KEY_MALFORMED")
    )
    yield Case(
        "productkey",
        "foreign_character",
        "product_key",
        "A U, which no key has.",
        {"text": "U" + MAK.text[1:]},
        refused("KEY_MALFORMED"),
    )


def _ids() -> dict[str, tuple[InstallationId, ProductKey]]:
    host = CertifiedHost(VENDOR)
    return {
        "machine": (machine_id(MAK.reference, MAK.secret, CAD_PRO.id, DESK), MAK),
        "host": (host_id(HOST_KEY.reference, HOST_KEY.secret, public_bytes(host.private)), HOST_KEY),
        "directory": (directory_id(HOST_KEY.reference, HOST_KEY.secret, directory_subject(DIRECTORY)), HOST_KEY),
    }


def _installations() -> Iterator[Case]:
    for name, (installation, key) in _ids().items():
        packed, digits = pack_installation(installation), format_installation(installation)
        given = {"bytes": packed.hex(), "secret": key.secret.hex()}
        expect = {"kind": int(installation.kind), "reference": key.reference.hex(), "tag_good": True}
        yield Case("installation", name, "installation", f"The installation id of a {name}.", given, expect)
        changed = packed[:-1] + bytes((packed[-1] ^ 1,))
        given = {"bytes": changed.hex(), "secret": key.secret.hex()}
        about = "Made by somebody who does not know the key."
        yield Case("installation", f"{name}_wrong_tag", "installation", about, given, {**expect, "tag_good": False})
        about = f"The same as {len(digits.split('-'))} groups."
        yield Case(
            "humanid", f"installation_{name}", "installation_digits", about, {"text": digits}, {"bytes": packed.hex()}
        )
    digits = format_installation(_ids()["machine"][0])
    yield from _slips("installation", "installation_digits", digits, "INSTALLATION_ID_MALFORMED")


def _slips(name: str, kind: str, digits: str, code: str) -> Iterator[Case]:
    groups = digits.split("-")
    one = groups.copy()
    one[3] = one[3][:2] + str((int(one[3][2]) + 1) % 10) + one[3][3:]
    yield Case(
        "humanid",
        f"{name}_wrong_digit",
        kind,
        "A wrong digit in group 4.",
        {"text": "-".join(one)},
        refused(code, group=4),
    )
    place = next(i for i in range(6) if groups[5][i] != groups[5][i + 1])
    two = groups.copy()
    two[5] = two[5][:place] + two[5][place + 1] + two[5][place] + two[5][place + 2 :]
    yield Case(
        "humanid",
        f"{name}_swapped_digits",
        kind,
        "Two neighbours exchanged in group 6.",
        {"text": "-".join(two)},
        refused(code, group=6),
    )
    three = groups.copy()
    three[1], three[7] = three[7], three[1]
    yield Case(
        "humanid",
        f"{name}_swapped_groups",
        kind,
        "Groups 2 and 8 exchanged.",
        {"text": "-".join(three)},
        refused(code, group=2),
    )
    yield Case(
        "humanid",
        f"{name}_missing_group",
        kind,
        "The last group is missing.",
        {"text": "-".join(groups[:-1])},
        refused(code),
    )


def _confirmations() -> Iterator[Case]:
    installation = pack_installation(_ids()["machine"][0])
    private = VENDOR.issuing_key(Purpose.PERMANENT)
    keysets = [document.hex() for document in VENDOR.documents]

    def given(confirmation: bytes, of: bytes = installation) -> dict[str, Any]:
        return {"installation": of.hex(), "confirmation": confirmation.hex(), "keysets": keysets}

    day = day_number(MORNING) + 365
    for name, end_day in (("permanent", 0), ("permanent_until", day)):
        packed = sign_permanent(private, installation, end_day)
        yield Case("confirmation", name, "permanent", "A machine's confirmation.", given(packed), {"end_day": end_day})
        digits = format_confirmation(packed)
        about = f"The same as {len(digits.split('-'))} groups."
        yield Case(
            "humanid", f"confirmation_{name}", "confirmation_digits", about, {"text": digits}, {"bytes": packed.hex()}
        )
    packed = sign_permanent(private, installation)
    other = pack_installation(machine_id(MAK.reference, MAK.secret, 1002, DESK))
    untrusted = refused("CONFIRMATION_UNTRUSTED")
    yield Case(
        "confirmation", "of_another_id", "permanent", "For another installation id.", given(packed, other), untrusted
    )
    longer = sign_permanent(private, installation, day)
    extended = longer[:1] + (day + 1000).to_bytes(2, "big") + longer[3:]
    yield Case("confirmation", "end_day_changed", "permanent", "Its end day was moved.", given(extended), untrusted)
    foreign = sign_permanent(STRANGER.issuing_key(Purpose.PERMANENT), installation)
    yield Case("confirmation", "of_another_vendor", "permanent", "Signed by a stranger.", given(foreign), untrusted)
    host = CertifiedHost(VENDOR)
    claims = VENDOR.certificate_claims(public_bytes(host.private))
    certified = confirm_certificate(host.certificate, claims, SubjectKind.HOST)
    rebuilt = {
        "subject": claims.subject.hex(),
        "scope": claims.scope,
        "confirmation": certified.hex(),
        "keysets": keysets,
    }
    yield Case(
        "confirmation",
        "host",
        "certificate",
        "A host rebuilds its certificate.",
        rebuilt,
        {"certificate": host.certificate.hex()},
    )
    elsewhere = {**rebuilt, "subject": public_bytes(STRANGER.issuing_key(Purpose.HOST)).hex()}
    yield Case("confirmation", "host_other_subject", "certificate", "On a host with another key.", elsewhere, untrusted)
    digits = format_confirmation(certified)
    yield Case(
        "humanid",
        "confirmation_host",
        "confirmation_digits",
        "34 groups.",
        {"text": digits},
        {"bytes": certified.hex()},
    )
    yield from _slips("confirmation", "confirmation_digits", format_confirmation(packed), "CONFIRMATION_MALFORMED")
