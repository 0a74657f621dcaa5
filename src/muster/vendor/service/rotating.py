"""Keysets: every change is the next version, signed by root keys that may be elsewhere (spec/keyset.md).

With the root keys at hand a change is one step. Without them: `propose` writes what is to be signed, `sign` is done where
the root keys are, `publish` takes the signatures together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed, Misconfigured, Refused
from muster.trust.cose import public_bytes
from muster.trust.keyset import TrustedKeysets, assemble, enter, extend, sign_payload
from muster.vendor.core import keysets as plan
from muster.vendor.core.keysets import Change
from muster.vendor.ports import Books
from muster.vendor.service.setting_up import PRIVATE_BYTES
from muster.vendor.service.vendor import Vendor
from muster.wire.keyset import PUBLIC_KEY_BYTES, Keyset, Purpose, decode_keyset, encode_keyset
from muster.wire.sign1 import SIGNATURE_BYTES

PROPOSAL, SIGNATURES = "muster keyset proposal", "muster keyset signatures"
MAX_PROPOSAL_CHARACTERS = 65_536


def propose(vendor: Vendor, change: Change) -> str:
    """The next keyset as a file to be signed; its new issuing keys are kept here at once."""
    keysets = vendor.keysets()
    _check_serials(vendor, change)
    payload = encode_keyset(_next(vendor, keysets, change))
    return _file(PROPOSAL, {"version": keysets.version + 1, "payload": payload.hex()})


def _next(vendor: Vendor, keysets: TrustedKeysets, change: Change) -> Keyset:
    today, newest = vendor.today, keysets.newest
    needed = plan.fresh_needed(newest, change, today)
    fresh = {
        purpose: [Ed25519PrivateKey.from_private_bytes(vendor.entropy.token(PRIVATE_BYTES)) for _ in range(number)]
        for purpose, number in needed.items()
    }
    publics = {purpose: [public_bytes(key) for key in keys] for purpose, keys in fresh.items()}
    keyset = plan.following(newest, change, publics, today)
    if fresh:
        vendor.keys.add_issuing([key for keys in fresh.values() for key in keys])
    return keyset


def _check_serials(vendor: Vendor, change: Change) -> None:
    for serial in change.withdraw:
        if vendor.store.run(lambda books, s=serial: books.certificate(s)) is None:  # type: ignore[misc]
            raise Refused(
                Code.NOT_FOUND, f"no certificate has the serial {serial}", "muster vendor key show lists them."
            )


def sign(proposal: str, roots: Sequence[Ed25519PrivateKey]) -> str:
    """The signatures of root keys over a proposal, as a file."""
    if not roots:
        raise Misconfigured(Code.NOT_FOUND, "no root key is here", "name the folder or file with --root")
    payload = _content(proposal, PROPOSAL).payload
    decode_keyset(payload)
    pairs = [[root.hex(), signature.hex()] for root, signature in sign_payload(payload, roots)]
    return _file(SIGNATURES, {"payload": payload.hex(), "signatures": pairs})


def publish(vendor: Vendor, proposal: str, signatures: Sequence[str]) -> TrustedKeysets:
    """Make a proposal the newest keyset; `Untrusted` with KEYSET_UNTRUSTED when signatures are missing or wrong."""
    payload = _content(proposal, PROPOSAL).payload
    pairs: list[tuple[bytes, bytes]] = []
    for text in signatures:
        content = _content(text, SIGNATURES)
        if content.payload != payload:
            raise Refused(Code.KEYSET_UNTRUSTED, "these signatures are for another proposal", "Sign this one.")
        pairs += content.signatures
    return _append(vendor, assemble(payload, pairs), "keyset.published")


def change(vendor: Vendor, wanted: Change) -> TrustedKeysets:
    """The next keyset in one step, with the root keys that are at hand."""
    keysets = vendor.keysets()
    _check_serials(vendor, wanted)
    roots = [root for root in vendor.keys.roots() if public_bytes(root) in keysets.newest.roots]
    if len(roots) < keysets.newest.threshold:
        raise Misconfigured(
            Code.NOT_FOUND,
            f"{len(roots)} of {keysets.newest.threshold} root keys are here",
            "muster vendor keyset propose; sign where the root keys are; then keyset publish",
        )
    payload = encode_keyset(_next(vendor, keysets, wanted))
    return _append(vendor, assemble(payload, sign_payload(payload, roots)), "keyset.changed")


def _append(vendor: Vendor, document: bytes, action: str) -> TrustedKeysets:
    def work(books: Books) -> TrustedKeysets:
        longer = extend(enter(books.keysets()), document, now=vendor.clock.now())
        books.add_keyset(longer.version, document)
        for serial in longer.newest.withdrawn:
            if (row := books.certificate(serial)) is not None and not row.is_withdrawn:
                books.withdraw_certificate(serial)
        vendor.write(books, action, str(longer.version), withdrawn=list(longer.newest.withdrawn))
        return longer

    return vendor.store.run(work)


def _file(title: str, content: dict[str, Any]) -> str:
    return json.dumps({"title": title, **content}, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class _Content:
    payload: bytes
    signatures: list[tuple[bytes, bytes]]


def _content(text: str, title: str) -> _Content:
    try:
        if len(text) > MAX_PROPOSAL_CHARACTERS:
            raise ValueError("it is too large")
        content = json.loads(text)
        if content["title"] != title:
            raise ValueError(f"this is a {content['title']!r}")
        pairs = [
            (bytes.fromhex(root), bytes.fromhex(signature))
            for root, signature in (content["signatures"] if title == SIGNATURES else [])
        ]
        if any(len(root) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES for root, signature in pairs):
            raise ValueError("a signature of another length")
        return _Content(bytes.fromhex(content["payload"]), pairs)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(Code.MESSAGE_MALFORMED, f"the file is no {title}: {error}", "Name the right file.") from error


def purposes(text: str) -> tuple[Purpose, ...]:
    """Purposes by name, separated by commas; all of them for ``all``."""
    if text == "all":
        return tuple(Purpose)
    names = {purpose.name.lower(): purpose for purpose in Purpose}
    try:
        return tuple(names[name.strip()] for name in text.split(","))
    except KeyError as error:
        raise Misconfigured(Code.USAGE, f"there is no purpose {error}", f"all, or some of {', '.join(names)}") from None
