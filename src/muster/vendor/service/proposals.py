"""Proposals of keysets and signatures over them as files, which are carried to where the root keys are and back.

A proposal holds the keyset to be signed and the one before it, so that whoever signs is told what changes. Needs no vendor.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed, Misconfigured, Refused, Untrusted
from muster.trust.cose import LABEL_KEYSET, public_bytes, verify_signature
from muster.trust.keyset import TrustedKeysets, sign_payload
from muster.vendor.core import roots as plan
from muster.vendor.core.roots import RootChange, Side
from muster.wire.keyset import (
    PUBLIC_KEY_BYTES,
    Keyset,
    decode_keyset,
    decode_signed_keyset,
    encode_keyset,
)
from muster.wire.sign1 import SIGNATURE_BYTES

PROPOSAL, SIGNATURES = "muster keyset proposal", "muster keyset signatures"
MAX_PROPOSAL_CHARACTERS = 65_536

Signatures = dict[bytes, bytes]


class Proposal(NamedTuple):
    """A keyset to be signed. `before` is what its maker says was the newest; None in files that do not tell."""

    payload: bytes
    after: Keyset
    before: Keyset | None

    @property
    def change(self) -> RootChange | None:
        """What of the root keys it changes."""
        return plan.change_of(self.before, self.after) if self.before is not None else None


def write_proposal(before: Keyset, payload: bytes) -> str:
    """The file of a proposal."""
    content = {"version": before.version + 1, "payload": payload.hex(), "before": encode_keyset(before).hex()}
    return _file(PROPOSAL, content)


def read_proposal(text: str) -> Proposal:
    """The proposal in a file; `Malformed` for anything else."""
    content = _content(text, PROPOSAL)
    payload, before = _hex(content, PROPOSAL, "payload"), None
    after = decode_keyset(payload)
    if "before" in content:
        before = decode_keyset(_hex(content, PROPOSAL, "before"))
        if before.version + 1 != after.version:
            raise _wrong(PROPOSAL, "its two keysets do not follow each other")
    return Proposal(payload, after, before)


def sign(proposal: str, roots: Sequence[Ed25519PrivateKey]) -> str:
    """The signatures of root keys over a proposal, as a file; `Refused` for a key that is no root of it."""
    if not roots:
        raise Misconfigured(Code.NOT_FOUND, "no root key is here", "name the folder or file with --root")
    read = read_proposal(proposal)
    signers = [public_bytes(root) for root in roots]
    for stranger in plan.strangers(read.before, read.after, signers):
        raise Refused(
            Code.KEYSET_UNTRUSTED,
            f"root key {plan.short(stranger)} is neither of the keyset before nor of the proposed keyset "
            f"{read.after.version}, so its signature would not count",
            "Sign with another file: muster vendor keyset show tells whose signatures are asked for.",
        )
    pairs = [[root.hex(), signature.hex()] for root, signature in sign_payload(read.payload, roots)]
    return _file(SIGNATURES, {"payload": read.payload.hex(), "signatures": pairs})


def gather(read: Proposal, before: Keyset | None, texts: Sequence[str]) -> Signatures:
    """The signatures of several files; `Refused` or `Untrusted` for one that is of another proposal, broken or a stranger's."""
    found: Signatures = {}
    for text in texts:
        payload, pairs = _signatures(text)
        if payload != read.payload:
            raise Refused(Code.KEYSET_UNTRUSTED, "these signatures are for another proposal", "Sign this one.")
        for root, signature in pairs:
            _check(read.payload, root, signature)
            found[root] = signature
    for stranger in plan.strangers(before, read.after, found):
        raise Untrusted(
            Code.KEYSET_UNTRUSTED,
            f"{plan.short(stranger)} signed, and is a root key of neither keyset",
            "Leave that file out, or propose with --add-root what shall become a root key.",
        )
    return found


def standing(proposal: str, signatures: Sequence[str]) -> tuple[Side, ...]:
    """Whose signatures a proposal needs, and which of them these files hold."""
    read = read_proposal(proposal)
    return plan.sides(read.before, read.after, gather(read, read.before, signatures))


def root_changes(keysets: TrustedKeysets) -> tuple[RootChange, ...]:
    """Every change of root keys in a chain, oldest first."""
    chain = [decode_keyset(decode_signed_keyset(document).payload) for document in keysets.documents]
    found = (plan.change_of(before, after) for before, after in pairwise(chain))
    return tuple(change for change in found if change is not None)


def unproven(keysets: TrustedKeysets) -> tuple[bytes, ...]:
    """Root keys that are new in the newest keyset and did not sign it: nothing shows that anybody holds them."""
    changes = root_changes(keysets)
    if not changes or changes[-1].version != keysets.version:
        return ()
    signed = {root for root, _ in decode_signed_keyset(keysets.documents[-1]).signatures}
    return tuple(root for root in changes[-1].added if root not in signed)


def _check(payload: bytes, root: bytes, signature: bytes) -> None:
    try:
        verify_signature(root, payload, signature, LABEL_KEYSET)
    except Untrusted as error:
        raise Untrusted(
            Code.KEYSET_UNTRUSTED,
            f"the signature of root key {plan.short(root)} does not hold",
            "Sign the proposal with it again: muster vendor keyset sign",
        ) from error


def _signatures(text: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    content = _content(text, SIGNATURES)
    payload = _hex(content, SIGNATURES, "payload")
    try:
        pairs = [(bytes.fromhex(root), bytes.fromhex(signature)) for root, signature in content["signatures"]]
    except (ValueError, KeyError, TypeError) as error:
        raise _wrong(SIGNATURES, str(error)) from error
    if any(len(root) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES for root, signature in pairs):
        raise _wrong(SIGNATURES, "a signature of another length")
    return payload, pairs


def _file(title: str, content: dict[str, Any]) -> str:
    return json.dumps({"title": title, **content}, indent=2) + "\n"


def _content(text: str, title: str) -> dict[str, Any]:
    try:
        if len(text) > MAX_PROPOSAL_CHARACTERS:
            raise ValueError("it is too large")
        content = json.loads(text)
        if content["title"] != title:
            raise ValueError(f"this is a {content['title']!r}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _wrong(title, str(error)) from error
    found: dict[str, Any] = content
    return found


def _hex(content: dict[str, Any], title: str, name: str) -> bytes:
    try:
        return bytes.fromhex(content[name])
    except (ValueError, KeyError, TypeError) as error:
        raise _wrong(title, str(error)) from error


def _wrong(title: str, problem: str) -> Malformed:
    return Malformed(Code.MESSAGE_MALFORMED, f"the file is no {title}: {problem}", "Name the right file.")
