"""The CDDL says the same as the vectors, by the word of an independent validator.

What CDDL cannot say (shortest heads, nothing after the end, definite lengths) is left out here. So is the body of a record: the
validator does not know a choice between an empty array and a full one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cbor2
import pycddl
import pytest

from muster.wire.armour import PRODUCT_FILE, dearmour

SPEC = Path(__file__).parents[2] / "spec"
BEYOND_CDDL = {"request_indefinite_array", "request_long_integer", "request_trailing_byte", "claims_trailing_byte"}
ROOTS = {
    "request": ("activation", "activation-request", "body"),
    "hint": ("activation", "hint", "body"),
    "keyset_request": ("activation", "keyset-request", "body"),
    "keyset_part": ("activation", "keyset-part", "body"),
}


def schema(page: str, root: str) -> pycddl.Schema:
    return pycddl.Schema(f"start = {root}\n" + (SPEC / f"{page}.cddl").read_text(encoding="utf-8"))


def cases() -> Iterator[tuple[str, str, str, bytes, bool]]:
    for path in sorted((SPEC / "vectors").glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["kind"] in ROOTS and path.stem not in BEYOND_CDDL and path.stem != "transfer_part_outside":
            page, root, name = ROOTS[case["kind"]]
            yield path.stem, page, root, bytes.fromhex(case["given"][name]), "error" not in case["expect"]


@pytest.mark.parametrize(("page", "root", "data", "good"), [pytest.param(*c[1:], id=c[0]) for c in cases()])
def test_a_message_fits_its_cddl_exactly_when_it_is_good(page: str, root: str, data: bytes, good: bool) -> None:
    if good:
        schema(page, root).validate_cbor(data)
        return
    with pytest.raises((pycddl.ValidationError, ValueError)):
        schema(page, root).validate_cbor(data)


def given(noun: str, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((SPEC / "vectors" / noun / f"{name}.json").read_text(encoding="utf-8"))["given"]
    return found


def test_claims_keysets_certificates_and_product_files_fit_theirs() -> None:
    schema("activation", "reply-claims").validate_cbor(
        bytes.fromhex(given("activation", "reply_claims_largest")["payload"])
    )
    refusal = given("activation", "refusal_claims_typical")["payload"]
    schema("activation", "refusal-claims").validate_cbor(bytes.fromhex(refusal))
    document = bytes.fromhex(given("keyset", "chain")["documents"][2])
    schema("keyset", "signed-keyset").validate_cbor(document)
    schema("keyset", "keyset").validate_cbor(cbor2.loads(document)[0])
    certificate = bytes.fromhex(given("certificate", "object")["certificate"])
    schema("certificate", "certificate-claims").validate_cbor(cbor2.loads(certificate)[2])
    file = dearmour(given("product", "file")["text"], PRODUCT_FILE)
    schema("product", "product-file").validate_cbor(file)
    schema("product", "product-claims").validate_cbor(cbor2.loads(cbor2.loads(file)[1])[2])


@pytest.mark.parametrize("root", ["record-file", "record-body", "secrets-file", "secrets-body"])
def test_the_records_cddl_is_sound(root: str) -> None:
    assert schema("record", root)
