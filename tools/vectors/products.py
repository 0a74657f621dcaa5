"""Product files, and the armour that files travel in (spec/product.md, spec/armour.md)."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from muster.trust.cose import LABEL_KEYSET, LABEL_PRODUCT, sign
from muster.trust.product import issue_product
from muster.trust.productkey import generic_key
from muster.wire.armour import CONFIRMATION, PRODUCT_FILE, armour, dearmour
from muster.wire.calendar import day_number, seconds
from muster.wire.cbor import Value, encode
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import ProductFile, encode_product, encode_product_file
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import VendorKeys
from tools.vectors import Case, Given, flips, refusals, refused

VENDOR, STRANGER = VendorKeys(), VendorKeys("stranger")
TEXT = VENDOR.product_file()
TODAY = day_number(MORNING)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _good()
    yield from _untrusted()
    yield from _malformed()
    yield from _armour()


def _given(text: str, pin: bytes | None = None) -> Given:
    return {"text": text, "fingerprint": pin.hex() if pin else None, "now": seconds(MORNING)}


def _good() -> Iterator[Case]:
    claims = VENDOR.claims()
    expect = {
        "vendor": claims.vendor,
        "serial": 1,
        "fingerprint": VENDOR.fingerprint.hex(),
        "editions": {e.name: e.id for e in claims.editions},
        "generic_keys": {e.name: generic_key(VENDOR.fingerprint, e.id).formatted for e in claims.editions},
    }
    yield Case("product", "file", "product", "A product file, its vendor not pinned.", _given(TEXT), expect)
    pinned = _given(TEXT, VENDOR.fingerprint)
    yield Case("product", "pinned", "product", "The same under the vendor's fingerprint.", pinned, expect)
    mailed = "Dear customer,\n\n> " + TEXT.replace("\n", "\r\n> ") + "\nRegards"
    yield Case("product", "mailed", "product", "Quoted in a mail, with other line ends.", _given(mailed), expect)
    extended = _given(VENDOR.product_file(extensions=((7, b"for a later reader"),)))
    yield Case("product", "extension", "product", "An extension that this reader keeps and ignores.", extended, expect)
    data = dearmour(TEXT, PRODUCT_FILE)
    given = {"bytes": data.hex(), "fingerprint": VENDOR.fingerprint.hex(), "now": seconds(MORNING)}
    yield flips("product", "product_bytes", given, ["bytes"], every=7)


def _untrusted() -> Iterator[Case]:
    about = "Another vendor under the same names, for a program that knows its vendor."
    foreign = {"foreign_same_names": (_given(STRANGER.product_file(), VENDOR.fingerprint), about)}
    yield from refusals("product", "product", "VENDOR_MISMATCH", foreign)
    by_host_key = VENDOR.claims(issuing_key=VENDOR.issuing_number(Purpose.HOST))
    payload = encode_product(VENDOR.claims())
    relabelled = sign(VENDOR.issuing_key(Purpose.PRODUCT), payload, LABEL_KEYSET)
    stolen = issue_product(STRANGER.issuing_key(Purpose.PRODUCT), VENDOR.claims(), VENDOR.documents)
    rows = {
        "signed_by_host_key": (
            _given(issue_product(VENDOR.issuing_key(Purpose.HOST), by_host_key, VENDOR.documents)),
            "Signed by a key for hosts.",
        ),
        "signed_by_stranger": (_given(stolen), "The vendor's keysets, a stranger's signature."),
        "signature_of_another_kind": (_given(_file(relabelled)), "Signed under the label of keysets."),
        "issued_after_its_key": (
            _given(VENDOR.product_file(issued_day=TODAY + 5001)), "Its issuing key was not to be used on that day.",
        ),
    }  # fmt: skip
    yield from refusals("product", "product", "SIGNATURE_INVALID", rows)
    revoking = VendorKeys()
    revoking.publish(status={revoking.issuing_number(Purpose.PRODUCT): KeyStatus.REVOKED})
    revoked = {"issuing_key_revoked": (_given(revoking.product_file()), "Its own keysets revoke its key.")}
    yield from refusals("product", "product", "KEY_REVOKED", revoked)
    no_keysets = armour(
        PRODUCT_FILE,
        encode_product_file(ProductFile((), sign(VENDOR.issuing_key(Purpose.PRODUCT), payload, LABEL_PRODUCT))),
    )
    untrusted = {"no_keysets": (_given(no_keysets), "Claims without keysets.")}
    yield from refusals("product", "product", "KEYSET_UNTRUSTED", untrusted)
    lines = TEXT.splitlines()
    lines[-3] = lines[-3][:-1] + ("A" if lines[-3][-1] != "A" else "B")
    about = "One character is another."
    yield Case("product", "one_character_changed", "product", about, _given("\n".join(lines)), refused("*"))


def _file(product: bytes) -> str:
    return armour(PRODUCT_FILE, encode_product_file(ProductFile(tuple(VENDOR.documents), product)))


def _signed(claims: list[Value]) -> Given:
    return _given(_file(sign(VENDOR.issuing_key(Purpose.PRODUCT), encode(claims), LABEL_PRODUCT)))


def _malformed() -> Iterator[Case]:
    edition: list[Value] = [1001, "acme-cad-pro", "Acme CAD", 1, 10, 0, 25, 0, []]
    policy: list[Value] = [1, 1, 1, 1, 1, 1, 1, 3, "_muster._tcp"]

    def claims(place: int, value: Value) -> Given:
        fields: list[Value] = [1, 7, 1, TODAY, "Acme Software", "", policy, [[1, "acme-cad"]], [edition], []]
        fields[place] = value
        return _signed(fields)

    def changed(place: int, value: Value) -> Given:
        other = edition.copy()
        other[place] = value
        return claims(8, [other])

    rows = {
        "format_2": (claims(0, 2), "A format that version 1 does not have."),
        "name_too_long": (claims(4, "A" * 65), "A name of 65 bytes."),
        "name_with_escape": (claims(4, "Acme\x1b[2J"), "A name that would move a terminal's cursor."),
        "product_empty": (_given(_file(b"")), "No product where it belongs."),
        "policy_too_long": (claims(6, [52_560_001, *policy[1:]]), "A validity of more than a hundred years."),
        "group_doubled": (claims(7, [[1, "acme-cad"], [1, "acme-office"]]), "Two groups of one id."),
        "edition_doubled": (claims(8, [edition, edition]), "One edition twice."),
        "edition_of_no_group": (changed(3, 2), "An edition of a group that is not there."),
        "edition_class_2": (changed(5, 2), "A class that version 1 does not have."),
        "edition_threshold_0": (changed(6, 0), "A threshold of 0."),
        "edition_threshold_1001": (changed(6, 1001), "A threshold of 1,001."),
        "no_end_line": (_given(TEXT.replace("-----END MUSTER PRODUCT FILE-----", "")), "The end is missing."),
        "another_title": (_given(TEXT.replace("PRODUCT FILE", "CONFIRMATION")), "Another kind of file."),
        "not_armoured": (_given("Acme CAD"), "No armour."),
        "trailing": (_given(armour(PRODUCT_FILE, dearmour(TEXT, PRODUCT_FILE) + b"\x00")), "A byte after the end."),
    }
    yield from refusals("product", "product", "PRODUCT_MALFORMED", rows)


def _armour() -> Iterator[Case]:
    data = bytes(range(100))
    text = armour(CONFIRMATION, data)

    def given(changed: str) -> Given:
        return {"text": changed, "title": CONFIRMATION}

    good = {
        "lines": (text, "100 bytes in three lines of 64 characters at most."),
        "one_line": (text.replace("\n", "").replace("-----BEGIN", "\n-----BEGIN"), "All in one line."),
        "quoted": ("> > " + text.replace("\n", "\r\n> > "), "Quoted twice, other line ends."),
        "between_words": (f"Please enter this:\n\n\t{text}\n--\nAcme", "Words around it."),
        "two_blocks": (text + armour(CONFIRMATION, b"second"), "The first block counts."),
    }
    for name, (changed, about) in good.items():
        yield Case("armour", name, "armour", about, given(changed), {"bytes": data.hex()})
    rows = {
        "another_title": (given(armour(PRODUCT_FILE, data)), "Another kind of file."),
        "unknown_title": (given(text.replace("CONFIRMATION", "SURPRISE")), "A title that nobody knows."),
        "no_begin": (given(text.replace("BEGIN", "START")), "No first line."),
        "no_end": (given(text.replace("END", "FINISH")), "No last line."),
        "another_end": (
            given(text.replace("END MUSTER CONFIRMATION", "END MUSTER PRODUCT FILE")),
            "Another last line.",
        ),
        "not_base64": (given(text.replace(base64.b64encode(data).decode()[:4], "A*B*", 1)), "A star."),
        "padding_missing": (given(text.replace("=", "")), "Without its padding."),
        "empty": (given(""), "Nothing."),
    }
    yield from refusals("armour", "armour", "MESSAGE_MALFORMED", rows)
