"""Keysets: every change is the next version, signed by root keys that may be elsewhere (spec/keyset.md).

With the root keys at hand a change is one step. Without them: `propose` writes what is to be signed, `sign` is done where
the root keys are, `publish` takes the signatures together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Misconfigured, Refused, Untrusted
from muster.trust.cose import public_bytes
from muster.trust.keyset import TrustedKeysets, assemble, enter, extend, sign_payload
from muster.vendor.core import keysets as plan
from muster.vendor.core import roots as root_plan
from muster.vendor.core.keysets import Change
from muster.vendor.core.roots import RootChange, find_root
from muster.vendor.ports import Books
from muster.vendor.service.proposals import Proposal, gather, read_proposal, write_proposal
from muster.vendor.service.setting_up import PRIVATE_BYTES
from muster.vendor.service.vendor import Vendor
from muster.wire.keyset import Keyset, Purpose, encode_keyset

ELSEWHERE = "muster vendor keyset propose; sign where the root keys are; then keyset publish"


def propose(vendor: Vendor, change: Change) -> str:
    """The next keyset as a file to be signed; its new issuing keys are kept here at once."""
    keysets = vendor.keysets()
    _check_serials(vendor, change)
    return write_proposal(keysets.newest, encode_keyset(_next(vendor, keysets, change)))


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


def publish(vendor: Vendor, proposal: str, signatures: Sequence[str]) -> TrustedKeysets:
    """Make a proposal the newest keyset; `Untrusted` with KEYSET_UNTRUSTED when signatures are missing or wrong."""
    read, newest = read_proposal(proposal), vendor.keysets().newest
    _check_next(newest, read)
    found = gather(read, newest, signatures)
    sides = root_plan.sides(newest, read.after, found)
    if any(side.missing for side in sides):
        raise Untrusted(
            Code.KEYSET_UNTRUSTED,
            f"signatures are missing: {'; '.join(side.words() for side in sides)}",
            "muster vendor keyset sign PROPOSAL --root FILE --out SIGNATURES, with a root key that is missing",
        )
    return _append(vendor, assemble(read.payload, found.items()), "keyset.published")


def _check_next(newest: Keyset, read: Proposal) -> None:
    """`Untrusted` for a proposal that another keyset has overtaken, or that was made elsewhere."""
    hint = "muster vendor keyset propose again, and have that signed."
    if read.after == newest:
        raise Untrusted(
            Code.KEYSET_UNTRUSTED, f"this proposal is keyset {newest.version} already", "There is nothing left to do."
        )
    if read.after.version != newest.version + 1:
        raise Untrusted(
            Code.KEYSET_UNTRUSTED,
            f"the proposal is for keyset {read.after.version}, and keyset {newest.version} is the newest here",
            hint,
        )
    if read.before is not None and read.before != newest:
        raise Untrusted(
            Code.KEYSET_UNTRUSTED, f"the proposal follows another keyset {newest.version} than the one here", hint
        )


def change(vendor: Vendor, wanted: Change) -> TrustedKeysets:
    """The next keyset in one step, with the root keys that are at hand."""
    return _change(vendor, wanted)


def replace_root(vendor: Vendor, which: str = "") -> tuple[TrustedKeysets, str]:
    """Replace a root key by a new one that is made here, in one step; also the name of the new one's file.

    `which` is a number or the beginning of a public key, and may be left out where there is but one root key.
    """
    newest = vendor.keysets().newest
    if not which and len(newest.roots) > 1:
        raise Misconfigured(
            Code.USAGE, f"there are {len(newest.roots)} root keys", f"Name the one to replace. {root_plan.LISTED}"
        )
    fresh = Ed25519PrivateKey.from_private_bytes(vendor.entropy.token(PRIVATE_BYTES))
    wanted = Change(add_roots=(public_bytes(fresh),), drop_roots=(find_root(newest, which or "1").hex(),))
    names: list[str] = []
    # Its file is there before any keyset names it: a root key without its file would be lost.
    done = _change(vendor, wanted, [fresh], lambda: names.append(vendor.keys.add_root(fresh)))
    return done, names[0]


def _change(
    vendor: Vendor,
    wanted: Change,
    more: Sequence[Ed25519PrivateKey] = (),
    before_signing: Callable[[], None] = lambda: None,
) -> TrustedKeysets:
    keysets = vendor.keysets()
    _check_serials(vendor, wanted)
    newest = keysets.newest
    roots, threshold = plan.roots_after(newest, wanted)
    signers = [*vendor.keys.roots({*newest.roots, *roots}), *more]
    _check_here(newest, newest._replace(roots=roots, threshold=threshold), {public_bytes(root) for root in signers})
    payload = encode_keyset(_next(vendor, keysets, wanted))
    before_signing()
    return _append(vendor, assemble(payload, sign_payload(payload, signers)), "keyset.changed")


def _check_here(newest: Keyset, after: Keyset, signers: Collection[bytes]) -> None:
    for side in root_plan.sides(newest, after, signers):
        if side.missing:
            new = "new " if side.is_proposed else ""
            raise Misconfigured(
                Code.NOT_FOUND, f"{len(side.signed)} of {side.threshold} {new}root keys are here", ELSEWHERE
            )


def _append(vendor: Vendor, document: bytes, action: str) -> TrustedKeysets:
    def work(books: Books) -> TrustedKeysets:
        before = enter(books.keysets())
        longer = extend(before, document, now=vendor.clock.now())
        books.add_keyset(longer.version, document)
        for serial in longer.newest.withdrawn:
            if (row := books.certificate(serial)) is not None and not row.is_withdrawn:
                books.withdraw_certificate(serial)
        details = _details(root_plan.change_of(before.newest, longer.newest))
        vendor.write(books, action, str(longer.version), withdrawn=list(longer.newest.withdrawn), **details)
        return longer

    return vendor.store.run(work)


def _details(change: RootChange | None) -> dict[str, object]:
    """What the audit says of root keys, where they changed."""
    if change is None:
        return {}
    return {
        "roots_added": [root.hex() for root in change.added],
        "roots_dropped": [root.hex() for root in change.dropped],
        "threshold": change.threshold,
    }


def purposes(text: str) -> tuple[Purpose, ...]:
    """Purposes by name, separated by commas; all of them for ``all``."""
    if text == "all":
        return tuple(Purpose)
    names = {purpose.name.lower(): purpose for purpose in Purpose}
    try:
        return tuple(names[name.strip()] for name in text.split(","))
    except KeyError as error:
        raise Misconfigured(Code.USAGE, f"there is no purpose {error}", f"all, or some of {', '.join(names)}") from None
