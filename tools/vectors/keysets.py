"""Keysets: their bytes, and chains that go back, stand still, jump, fork or lack signatures (spec/keyset.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from muster.trust.cose import LABEL_PRODUCT, public_bytes, signature
from muster.trust.keyset import assemble, fingerprint_of, sign_keyset, sign_payload
from muster.wire.calendar import day_number, seconds
from muster.wire.cbor import Value, encode
from muster.wire.keyset import Keyset, Purpose, encode_keyset
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import VendorKeys, days
from tools.vectors import Case, Given, flips, refusals
from tools.vectors.suite import POINTS

STRANGER = VendorKeys("stranger")
TODAY = day_number(MORNING)


def _three() -> VendorKeys:
    vendor = VendorKeys()
    vendor.publish(withdrawn=(7,))
    vendor.publish(withdrawn=(7, 8))
    return vendor


VENDOR = _three()
FIRST, SECOND, THIRD = VENDOR.documents
ROOTS = VENDOR.root_keys(1)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _payloads()
    yield from _good_chains()
    yield from _broken_chains()
    yield from _too_few_signatures()


def _chain(*documents: bytes, now: datetime | None = MORNING, pin: bytes = VENDOR.fingerprint) -> Given:
    return {
        "documents": [document.hex() for document in documents],
        "fingerprint": pin.hex(),
        "now": None if now is None else seconds(now),
    }


def _payloads() -> Iterator[Case]:
    payload = encode_keyset(VENDOR.keysets[2])
    expect = {"version": 3, "threshold": 2, "roots": 3, "issuing": 10, "withdrawn": [7, 8]}
    given = {"payload": payload.hex()}
    yield Case("keyset", "payload", "keyset", "What root keys sign.", given, expect)
    root = public_bytes(ROOTS[0])
    key: list[Value] = [1, 1, root, TODAY, TODAY + 9, 0]

    def changed(place: int, value: Value) -> Given:
        fields: list[Value] = [1, 2, TODAY, TODAY + 9, 1, [root], [key], [7]]
        fields[place] = value
        return {"payload": encode(fields).hex()}

    other = public_bytes(ROOTS[1])
    rows = {
        "payload_format_2": (changed(0, 2), "A format that version 1 does not have."),
        "payload_version_0": (changed(1, 0), "Versions begin at 1."),
        "payload_version_65": (changed(1, 65), "More keysets than a chain may have."),
        "payload_threshold_0": (changed(4, 0), "A threshold of nobody."),
        "payload_threshold_above_roots": (changed(4, 2), "Two of one root keys."),
        "payload_roots_descend": (changed(5, sorted((root, other), reverse=True)), "Root keys out of order."),
        "payload_root_doubled": (changed(5, [root, root]), "One root key twice."),
        "payload_nine_roots": (changed(5, [bytes((i,)) * 32 for i in range(1, 10)]), "Nine root keys."),
        "payload_number_doubled": (changed(6, [key, key]), "Two issuing keys of one number."),
        "payload_purpose_0": (changed(6, [[1, 0, root, TODAY, TODAY, 0]]), "An issuing key for nothing."),
        "payload_purpose_6": (changed(6, [[1, 6, root, TODAY, TODAY, 0]]), "A purpose that version 1 does not have."),
        "payload_status_3": (changed(6, [[1, 1, root, TODAY, TODAY, 3]]), "A status that version 1 does not have."),
        "payload_withdrawn_descend": (changed(7, [8, 7]), "Withdrawn serials out of order."),
        "payload_withdrawn_65": (changed(7, list(range(65))), "65 withdrawn serials."),
        "payload_trailing": ({"payload": payload.hex() + "00"}, "One byte after the end."),
    }
    yield from refusals("keyset", "keyset", "MESSAGE_MALFORMED", rows)


def _good_chains() -> Iterator[Case]:
    expect = {"version": 3, "vendor_id": VENDOR.fingerprint[:8].hex(), "withdrawn": [7, 8]}
    whole = _chain(FIRST, SECOND, THIRD)
    yield Case("keyset", "chain", "chain", "Keysets 1, 2 and 3.", whole, expect)
    known = _chain(FIRST, SECOND, now=None)
    about = "Expired, but known already: it ends nothing."
    yield Case("keyset", "expired_but_known", "chain", about, known, {**expect, "version": 2, "withdrawn": [7]})
    two = assemble(encode_keyset(VENDOR.keysets[1]), sign_payload(encode_keyset(VENDOR.keysets[1]), ROOTS[1:]))
    enough = _chain(FIRST, two)
    yield Case("keyset", "two_of_three", "chain", "Two of three.", enough, {**expect, "version": 2, "withdrawn": [7]})
    rotated = VendorKeys()
    rotated.publish(signers=[*ROOTS, *rotated.root_keys(2)], roots=rotated.root_publics(rotated.root_keys(2)))
    rotated.publish(signers=rotated.root_keys(2))
    about = "Keyset 2 brings new root keys, signed by the old ones and its own; keyset 3 is signed by the new ones."
    yield Case("keyset", "roots_rotated", "chain", about, _chain(*rotated.documents), {**expect, "withdrawn": []})
    replaced = _replaced()
    about = "One of three root keys is replaced. The two that stay sign for both keysets; the new one need not."
    one = _chain(FIRST, sign_keyset(replaced, ROOTS[1:]))
    yield Case("keyset", "root_replaced", "chain", about, one, {**expect, "version": 2, "withdrawn": []})
    about = "Enough root keys signed, and a stranger, whose signature counts for nothing and harms nothing."
    crowd = _chain(FIRST, sign_keyset(VENDOR.keysets[1], [*ROOTS, STRANGER.root_keys(1)[0]]))
    yield Case("keyset", "stranger_signs_too", "chain", about, crowd, {**expect, "version": 2, "withdrawn": [7]})
    yield flips("keyset", "chain", _chain(FIRST, SECOND), ["documents", 1], every=7)


def _replaced() -> Keyset:
    """Keyset 2 with the first root key replaced by a new one."""
    kept = [public_bytes(root) for root in ROOTS[1:]]
    return VendorKeys().next_keyset(roots=tuple(sorted((*kept, public_bytes(VENDOR.root_keys(2)[0])))))


def _broken_chains() -> Iterator[Case]:
    fork = VendorKeys()
    fork.publish(withdrawn=(9,))
    long = _long_chain()
    rows = {
        "rollback": (_chain(FIRST, SECOND, FIRST), "Keyset 1 again after keyset 2."),
        "repeated": (_chain(FIRST, SECOND, SECOND), "Keyset 2 after keyset 2."),
        "fork": (_chain(FIRST, SECOND, fork.documents[1]), "Another keyset 2 after keyset 2."),
        "fast_forward": (_chain(FIRST, THIRD), "Keyset 3 right after keyset 1."),
        "begins_at_2": (_chain(SECOND, pin=fingerprint_of(SECOND)), "The chain begins at version 2."),
        "no_keysets": (_chain(), "Nothing."),
        "sixty_five": (_chain(*long, pin=fingerprint_of(long[0])), "A 65th keyset after 64."),
    }
    yield from refusals("keyset", "chain", "KEYSET_UNTRUSTED", rows)
    other = {
        "other_fingerprint": (_chain(FIRST, pin=STRANGER.fingerprint), "Another vendor was expected."),
        "first_signed_again": (
            _chain(sign_keyset(VENDOR.keysets[0], ROOTS[:2])),
            "The same keyset 1 with fewer signatures is another document, and so another fingerprint.",
        ),
    }
    yield from refusals("keyset", "chain", "VENDOR_MISMATCH", other)
    frozen = {"frozen": (_chain(FIRST, SECOND, now=MORNING + days(5001)), "The newest is expired, and new here.")}
    yield from refusals("keyset", "chain", "KEYSET_TOO_OLD", frozen)
    doubled = encode(
        [encode_keyset(VENDOR.keysets[1]), [list(sign_payload(encode_keyset(VENDOR.keysets[1]), ROOTS)[0])] * 2]
    )
    malformed = {
        "one_signature_twice": (_chain(FIRST, doubled), "One root's signature counted twice."),
        "too_long": (_chain(FIRST, encode([bytes(4092), []])), "4,096 bytes and one."),
        "truncated": (_chain(FIRST, SECOND[:-1]), "The last byte is missing."),
    }
    yield from refusals("keyset", "chain", "MESSAGE_MALFORMED", malformed)


def _long_chain() -> list[bytes]:
    """65 small documents, each the last one's next: of one root, one signature."""
    root = VENDOR.root_keys(1)[:1]
    small = [Keyset(v, TODAY, TODAY + 9, 1, (public_bytes(root[0]),), ()) for v in range(1, 65)]
    documents = [sign_keyset(keyset, root) for keyset in small]
    return [*documents, documents[-1]]


def _signed_by(*pairs: tuple[bytes, bytes]) -> Given:
    return _chain(FIRST, assemble(encode_keyset(VENDOR.keysets[1]), pairs))


def _too_few_signatures() -> Iterator[Case]:
    payload = encode_keyset(VENDOR.keysets[1])
    pairs = sign_payload(payload, ROOTS)
    new_roots = VendorKeys().next_keyset(roots=STRANGER.root_publics(STRANGER.root_keys(1)))
    lowered = VendorKeys().next_keyset(threshold=1)
    raised = VendorKeys().next_keyset(threshold=3)
    replaced = _replaced()
    third = replaced._replace(version=3)
    root, made = pairs[0]
    as_product = (root, signature(ROOTS[0], payload, LABEL_PRODUCT))
    issuing = VendorKeys().issuing_key
    rows = {
        "not_signed": (_signed_by(), "No signature at all."),
        "one_signature_of_two": (_signed_by(pairs[0]), "One root signature where two are needed."),
        "one_signature_broken": (
            _signed_by((root, bytes((made[0] ^ 1,)) + made[1:]), *pairs[1:]), "One of three signatures is broken.",
        ),
        "signature_of_another_kind": (_signed_by(as_product, pairs[1]), "A root's signature made for something else."),
        "strangers_roots": (
            _signed_by(*sign_payload(payload, STRANGER.root_keys(1))), "Signed by roots that are not in it.",
        ),
        "issuing_keys": (
            _signed_by(*sign_payload(payload, [issuing(p) for p in Purpose])), "Signed by the vendor's issuing keys.",
        ),
        "signed_by_itself_only": (
            _chain(FIRST, sign_keyset(new_roots, STRANGER.root_keys(1))), "New roots that the old ones did not sign.",
        ),
        "signed_by_the_old_only": (
            _chain(FIRST, sign_keyset(new_roots, ROOTS)), "New roots that did not sign themselves.",
        ),
        "threshold_lowered": (
            _chain(FIRST, sign_keyset(lowered, ROOTS[:1])), "It lowers the threshold to one, and one signed it.",
        ),
        "threshold_raised": (
            _chain(FIRST, sign_keyset(raised, ROOTS[:2])), "It raises the threshold to three, and two signed it.",
        ),
        "root_replaced_by_one": (
            _chain(FIRST, sign_keyset(replaced, [ROOTS[0], VENDOR.root_keys(2)[0]])),
            "A root key is replaced, signed by itself and by the new one: for either keyset that is one of two.",
        ),
        "root_dropped_signs": (
            _chain(FIRST, sign_keyset(replaced, ROOTS), sign_keyset(third, ROOTS[:2])),
            "Keyset 2 replaced a root key; of the two that signed keyset 3 it is one.",
        ),
    }  # fmt: skip
    yield from refusals("keyset", "chain", "KEYSET_UNTRUSTED", rows)
    weak = VendorKeys().next_keyset(roots=tuple(sorted((bytes.fromhex(POINTS["order_4"]), root))), threshold=1)
    points = {
        "root_of_small_order": (_chain(FIRST, sign_keyset(weak, ROOTS)), "A root key is no point of large order.")
    }
    yield from refusals("keyset", "chain", "SIGNATURE_INVALID", points)
