"""The CDDL says the same as the vectors, by the word of an independent validator.

`BEYOND_CDDL` is what CDDL cannot say: how a value is encoded, what follows the end, order and sums. Two things the validator
cannot do are put in its own words here: a literal byte string is taken by its size, and a choice with an empty array, and
an array of such choices, as anything, which is then validated alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cbor2
import pycddl
import pytest

from muster.wire.armour import CONFIRMATION_BUNDLE, PRODUCT_FILE, REQUEST_BUNDLE, dearmour

SPEC = Path(__file__).parents[2] / "spec"
# What is given to a reader of this kind: page, rule, and the field that holds the bytes.
RULES = {
    "request": ("activation", "activation-request", "body"),
    "hint": ("activation", "hint", "body"),
    "keyset_request": ("activation", "keyset-request", "body"),
    "keyset_part": ("activation", "keyset-part", "body"),
    "certificate_claims": ("certificate", "certificate-claims", "payload"),
    "keyset": ("keyset", "keyset", "payload"),
    "report": ("report", "report-file", "file"),
    "audit": ("audit", "audit-file", "file"),
}
BEYOND_CDDL = {
    "audit/another_vendor",
    "audit/cut_off",
    "audit/opening_of_nobody",
    "audit/revoked",
    "audit/row_changed",
    "audit/row_left_out",
    "audit/seal_left_out",
    "audit/seal_of_another_chain",
    "audit/seals_swapped",
    "audit/trailing",
    "activation/hint_trailing",
    "activation/request_chunked_vendor",
    "activation/request_indefinite_array",
    "activation/request_long_array_head",
    "activation/request_long_integer",
    "activation/request_long_string_head",
    "activation/request_oversized",
    "activation/request_trailing_byte",
    "certificate/claims_trailing",
    "keyset/payload_number_doubled",
    "keyset/payload_root_doubled",
    "keyset/payload_roots_descend",
    "keyset/payload_threshold_above_roots",
    "keyset/payload_trailing",
    "keyset/payload_withdrawn_descend",
    "keyset/transfer_part_outside",
    "report/doubled",
    "report/made_late",
    "report/month_to_come",
    "report/month_too_old",
    "report/trailing",
}
EDITION_EVIDENCE = {1: "installed-key", 3: "lease", 4: "directory-evidence", 5: "permanent-evidence"}
PROTECTED = "h'a10132'"


@cache
def schema(page: str, rule: str) -> pycddl.Schema:
    text = (SPEC / f"{page}.cddl").read_text(encoding="utf-8")
    text = text.replace(PROTECTED, "bstr .size 3")
    text = re.sub(r"[a-z]+: (none / [a-z-]+|\[ 0\*512 edition-record \])", "any", text)
    return pycddl.Schema(f"start = {rule}\n{text}")


def vectors(kind: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for path in sorted((SPEC / "vectors").glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["kind"] == kind:
            yield f"{path.parent.name}/{path.stem}", case["given"], case["expect"]


def messages() -> Iterator[tuple[str, str, str, bytes, bool]]:
    for kind, (page, rule, field) in RULES.items():
        for name, given, expect in vectors(kind):
            if name not in BEYOND_CDDL:
                yield name, page, rule, bytes.fromhex(given[field]), "error" not in expect


@pytest.mark.parametrize(("page", "rule", "data", "is_good"), [pytest.param(*m[1:], id=m[0]) for m in messages()])
def test_a_message_fits_its_rule_exactly_when_it_is_good(page: str, rule: str, data: bytes, is_good: bool) -> None:
    if is_good:
        schema(page, rule).validate_cbor(data)
        return
    with pytest.raises((pycddl.ValidationError, ValueError)):
        schema(page, rule).validate_cbor(data)


def test_claims_fit_one_of_their_two_rules() -> None:
    rules = {5: "reply-claims", 4: "refusal-claims"}
    good = [bytes.fromhex(given["payload"]) for _, given, expect in vectors("claims") if "error" not in expect]
    for payload in good:
        schema("activation", rules[len(cbor2.loads(payload))]).validate_cbor(payload)
    assert good


def test_signed_messages_fit_one_of_two_forms_unless_they_are_malformed() -> None:
    beyond = {
        "algorithm_eddsa",
        "algorithm_es256",
        "tagged",
        "indefinite",
        "trailing",
        "key_id",
        "certificate_and_key_id",
    }
    for name, given, expect in vectors("sign1"):
        if name.partition("/")[2] in beyond:
            continue
        fits = []
        for rule in ("signed", "answer"):
            try:
                schema("sign1", rule).validate_cbor(bytes.fromhex(given["message"]))
            except (pycddl.ValidationError, ValueError):
                continue
            fits.append(rule)
        assert bool(fits) == (expect.get("error") != "MESSAGE_MALFORMED"), name


def test_chains_and_product_files_fit_theirs() -> None:
    for _, given, expect in vectors("chain"):
        for document in given["documents"] if "error" not in expect else ():
            schema("keyset", "signed-keyset").validate_cbor(bytes.fromhex(document))
            schema("keyset", "keyset").validate_cbor(cbor2.loads(bytes.fromhex(document))[0])
    for _, given, expect in vectors("product"):
        if "error" not in expect:
            file = dearmour(given["text"], PRODUCT_FILE)
            schema("product", "product-file").validate_cbor(file)
            schema("product", "product-claims").validate_cbor(cbor2.loads(cbor2.loads(file)[1])[2])


def test_files_of_ids_fit_theirs() -> None:
    for kind, title in (("installation_file", "INSTALLATION ID"), ("confirmation_file", "CONFIRMATION")):
        for _, given, expect in vectors(kind):
            if "error" not in expect:
                schema("confirmation", kind.replace("_", "-")).validate_cbor(dearmour(given["text"], title))


def test_records_fit_theirs_to_the_last_piece_of_evidence() -> None:
    found: set[str] = set()
    for _, given, expect in vectors("record"):
        if "error" in expect:
            continue
        data = bytes.fromhex(given["bytes"])
        schema("record", "record-file").validate_cbor(data)
        body = cbor2.loads(data)[1]
        schema("record", "record-body").validate_cbor(body)
        fields = cbor2.loads(body)
        optional = [("lease", fields[8])]
        optional += [(rule, edition[at]) for edition in fields[12] for at, rule in EDITION_EVIDENCE.items()]
        for edition in fields[12]:
            schema("record", "edition-record").validate_cbor(cbor2.dumps(edition))
        for rule, value in optional:
            if value:
                schema("record", rule).validate_cbor(cbor2.dumps(value))
                found.add(rule)
    assert found == set(EDITION_EVIDENCE.values())


def test_secrets_fit_theirs() -> None:
    for _, given, expect in vectors("secrets"):
        if "error" not in expect:
            data = bytes.fromhex(given["bytes"])
            schema("record", "secrets-file").validate_cbor(data)
            schema("record", "secrets-body").validate_cbor(cbor2.loads(data)[1])


def test_bundles_fit_theirs() -> None:
    for _, given, expect in vectors("request_bundle"):
        if "error" not in expect:
            schema("bundle", "request-bundle").validate_cbor(dearmour(given["text"], REQUEST_BUNDLE))
    for _, given, expect in vectors("confirmation_bundle"):
        if "error" not in expect:
            file = dearmour(given["text"], CONFIRMATION_BUNDLE)
            schema("bundle", "confirmation-bundle").validate_cbor(file)
            _, signed, rows = cbor2.loads(file)
            schema("bundle", "bundle-claims").validate_cbor(cbor2.loads(signed)[2])
            schema("bundle", "confirmation-rows").validate_cbor(rows)


def test_seals_and_their_rows_fit_theirs() -> None:
    for _, given, expect in vectors("audit"):
        for signed, records in cbor2.loads(bytes.fromhex(given["file"]))[2] if "error" not in expect else ():
            schema("audit", "audit-claims").validate_cbor(cbor2.loads(signed)[2])
            schema("audit", "audit-records").validate_cbor(records)
