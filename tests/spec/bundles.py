"""Readers of bundles; see readers.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from muster.trust.bundle import open_bundle, refusal_of
from muster.trust.keyset import enter
from muster.wire.bundle import decode_request_bundle, encode_confirmation_bundle, encode_request_bundle

Given = dict[str, Any]
Found = dict[str, Any]


def request_bundle(given: Given) -> Found:
    found = decode_request_bundle(given["text"])
    assert encode_request_bundle(found) == given["text"]
    rows = [{"installation": row.installation.hex(), "name": row.name} for row in found.rows]
    return {"database": found.database.hex(), "made_at": found.made_at, "rows": rows}


def confirmation_bundle(given: Given) -> Found:
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    found = open_bundle(given["text"], keysets)
    asked = {bytes.fromhex(installation) for installation in given["asked"]}
    errors = [refusal_of(row, asked, keysets) for row in found.rows]
    return {
        "database": found.claims.database.hex(),
        "made_at": found.claims.made_at,
        "doubt": str(found.doubt.code) if found.doubt else None,
        "verdicts": [str(error.code) if error else None for error in errors],
    }


def confirmation_head(given: Given) -> Found:
    text = encode_confirmation_bundle(bytes.fromhex(given["signed"]), bytes.fromhex(given["rows"]))
    found = open_bundle(text, enter([bytes.fromhex(document) for document in given["keysets"]]))
    if found.doubt is not None:
        raise found.doubt
    return {}


READERS: dict[str, Callable[[Given], Found]] = {
    "confirmation_bundle": confirmation_bundle,
    "confirmation_head": confirmation_head,
    "request_bundle": request_bundle,
}
