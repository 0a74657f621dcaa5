"""Who is believed: keysets, certificates, answers. Every attack that concerns bytes is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from muster.trust.chain import issue_certificate, sign_answer
from muster.trust.cose import LABEL_HOST_CERTIFICATE, LABEL_OBJECT, public_bytes, sign
from muster.trust.installation import directory_subject
from muster.trust.keyset import assemble, sign_keyset, sign_payload
from muster.wire.activation import RefusalClaims, ReplyClaims
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import encode_certificate
from muster.wire.keyset import KeyStatus, Purpose, encode_keyset
from muster.wire.product import Edition
from muster.wire.sign1 import decode_sign1
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, CAD_SERVER, OFFICE_PRO, CertifiedHost, VendorKeys, key_of
from tools.vectors import Case, refused

VENDOR, STRANGER = VendorKeys(), VendorKeys("stranger")
HOST = CertifiedHost(VENDOR)
REQUEST = VENDOR.request_body()
CLAIMS = ReplyClaims(25, seconds(MORNING), 120, 10_080)
FLIPPED_EVERY = 97


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _answers()
    yield from _moved_answers()
    yield from _certificates()
    yield from _objects()
    yield from _keysets()


def edition_fields(edition: Edition) -> dict[str, Any]:
    """What an edition must be known by to judge an answer."""
    return {
        "id": edition.id,
        "group": edition.group,
        "level": edition.level,
        "threshold": edition.threshold,
        "released_day": edition.released_day,
    }


def _given(
    answer: bytes,
    *,
    request: bytes = REQUEST,
    vendor: VendorKeys = VENDOR,
    edition: Edition = CAD_PRO,
    now: datetime = MORNING,
    organisation: int | None = None,
) -> dict[str, Any]:
    return {
        "request": request.hex(),
        "answer": answer.hex(),
        "keysets": [document.hex() for document in vendor.documents],
        "edition": edition_fields(edition),
        "now": seconds(now),
        "organisation": organisation,
    }


def _answers() -> Iterator[Case]:
    reply = HOST.reply(REQUEST)
    expect = {"count": 25, "host_time": seconds(MORNING), "serial": 41, "organisation": 7}
    about = f"A reply that activates; {len(reply) + 1} bytes with its length byte."
    yield Case("trust", "reply", "answer", about, _given(reply), expect)
    below = HOST.reply(REQUEST, count=4)
    yield Case(
        "trust",
        "reply_below_threshold",
        "answer",
        "4 of 25: counted, not activated.",
        _given(below),
        {**expect, "count": 4},
    )
    refusal = HOST.refuse(REQUEST, 26)
    yield Case(
        "trust",
        "refusal",
        "answer",
        "A signed refusal: the host cannot store just now.",
        _given(refusal),
        refused("HOST_BUSY"),
    )
    pinned = _given(reply, organisation=8)
    yield Case(
        "trust",
        "other_organisation",
        "answer",
        "The machine is pinned to another.",
        pinned,
        refused("ORGANISATION_MISMATCH"),
    )
    for bit in range(0, 8 * len(reply), FLIPPED_EVERY):
        flipped = bytearray(reply)
        flipped[bit // 8] ^= 1 << bit % 8
        given = _given(bytes(flipped))
        about = f"Bit {bit} of the reply is flipped. It is refused whatever the code."
        yield Case("trust", f"flipped_bit_{bit:04}", "answer", about, given, refused("*"))


def _moved_answers() -> Iterator[Case]:
    reply = HOST.reply(REQUEST)
    invalid = refused("SIGNATURE_INVALID")
    for name, request, about in (
        ("replayed_to_another_nonce", VENDOR.request_body(nonce=bytes(16)), "An old reply to a new request."),
        ("moved_to_another_machine", VENDOR.request_body(client_id=bytes(16)), "A reply to another machine."),
        ("moved_to_another_edition", VENDOR.request_body(CAD_SERVER), "A reply to a request for another edition."),
        ("moved_to_other_parts", VENDOR.request_body(parts=bytes(16)), "A reply to a request of other hardware."),
    ):
        yield Case("trust", name, "answer", about, _given(reply, request=request), invalid)
    other = CertifiedHost(VENDOR, {"serial": 42}).certificate
    message = decode_sign1(reply)
    swapped = reply.replace(message.certificate or b"", other)
    yield Case(
        "trust", "certificate_swapped", "answer", "Another certificate of the same host.", _given(swapped), invalid
    )
    as_refusal = sign_answer(HOST.private, REQUEST, HOST.certificate, RefusalClaims(1, seconds(MORNING), 120))
    crossed = as_refusal[:-64] + reply[-64:]
    yield Case(
        "trust",
        "signature_of_another_kind",
        "answer",
        "A refusal under the signature of a reply.",
        _given(crossed),
        invalid,
    )
    bare = sign(HOST.private, decode_sign1(reply).payload, b"")
    yield Case(
        "trust",
        "no_certificate",
        "answer",
        "A signature without certificate.",
        _given(bare),
        refused("MESSAGE_MALFORMED"),
    )


def _certificates() -> Iterator[Case]:
    def reply(
        edition: Edition = CAD_PRO, *, vendor: VendorKeys = VENDOR, now: datetime = MORNING, **changes: Any
    ) -> dict[str, Any]:
        host = CertifiedHost(vendor, changes)
        request = VENDOR.request_body(edition)
        return _given(host.reply(request, at=now), request=request, edition=edition, now=now)

    today = day_number(MORNING)
    yield Case(
        "certificate",
        "other_vendor",
        "answer",
        "Certified by a stranger's keys.",
        reply(vendor=STRANGER),
        refused("SIGNATURE_INVALID"),
    )
    yield Case(
        "certificate",
        "unknown_issuing_key",
        "answer",
        "An issuing key that only a newer keyset may know.",
        _unknown(),
        refused("KEYSET_UNTRUSTED"),
    )
    yield Case(
        "certificate",
        "outside_scope",
        "answer",
        "For another group.",
        reply(OFFICE_PRO),
        refused("EDITION_NOT_COVERED"),
    )
    yield Case(
        "certificate",
        "below_level",
        "answer",
        "Up to level 5, the edition has 10.",
        reply(level=5),
        refused("EDITION_NOT_COVERED"),
    )
    yield Case(
        "certificate",
        "at_level",
        "answer",
        "Up to level 10, the edition has 10.",
        reply(level=10),
        {"count": 25, "host_time": seconds(MORNING), "serial": 41, "organisation": 7},
    )
    yield Case(
        "certificate",
        "expired",
        "answer",
        "Its last day was yesterday.",
        reply(not_before_day=today - 30, days=30),
        refused("CERTIFICATE_EXPIRED"),
    )
    yield Case(
        "certificate",
        "not_yet_valid",
        "answer",
        "It begins tomorrow.",
        reply(not_before_day=today + 1),
        refused("CERTIFICATE_NOT_YET_VALID"),
    )
    released = replace(CAD_PRO, released_day=today)
    ended = reply(released, released_until_day=today - 1)
    yield Case(
        "certificate",
        "maintenance_ended",
        "answer",
        "The edition is newer than what is covered.",
        ended,
        refused("MAINTENANCE_ENDED"),
    )
    last = reply(lease_until_day=today - 1)
    yield Case(
        "certificate",
        "lease_limit_passed",
        "answer",
        "The contract ended yesterday.",
        last,
        refused("CERTIFICATE_EXPIRED"),
    )
    withdrawing = VendorKeys()
    withdrawing.publish(withdrawn=(41,))
    given = _given(HOST.reply(REQUEST), vendor=withdrawing)
    yield Case(
        "certificate",
        "withdrawn",
        "answer",
        "Its serial is withdrawn in keyset 2.",
        given,
        refused("CERTIFICATE_WITHDRAWN"),
    )
    revoking = VendorKeys()
    revoking.publish(status={1: KeyStatus.REVOKED})
    given = _given(HOST.reply(REQUEST), vendor=revoking)
    yield Case(
        "certificate",
        "issuing_key_revoked",
        "answer",
        "Its issuing key is revoked in keyset 2.",
        given,
        refused("KEY_REVOKED"),
    )
    retiring = VendorKeys()
    retiring.publish(status={1: KeyStatus.RETIRED})
    given = _given(HOST.reply(REQUEST), vendor=retiring)
    expect = {"count": 25, "host_time": seconds(MORNING), "serial": 41, "organisation": 7}
    yield Case("certificate", "issuing_key_retired", "answer", "A retired key keeps its evidence good.", given, expect)
    yield from _hostile_subjects()


def _unknown() -> dict[str, Any]:
    claims = VENDOR.certificate_claims(public_bytes(HOST.private), issuing_key=200)
    certificate = issue_certificate(VENDOR.issuing_key(Purpose.HOST), claims, Purpose.HOST)
    return _given(sign_answer(HOST.private, REQUEST, certificate, CLAIMS))


def _hostile_subjects() -> Iterator[Case]:
    points = {
        "subject_identity_point": "01" + "00" * 31,
        "subject_order_2": "ec" + "ff" * 30 + "7f",
        "subject_order_4": "00" * 32,
        "subject_order_8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "subject_not_canonical": "ee" + "ff" * 30 + "7f",
        "subject_not_canonical_signed": "ee" + "ff" * 31,
    }
    for name, point in points.items():
        claims = VENDOR.certificate_claims(bytes.fromhex(point))
        certificate = issue_certificate(VENDOR.issuing_key(Purpose.HOST), claims, Purpose.HOST)
        given = _given(sign_answer(HOST.private, REQUEST, certificate, CLAIMS))
        about = "The certificate's subject is no canonical Ed25519 point of large order."
        yield Case("certificate", name, "answer", about, given, refused("SIGNATURE_INVALID"))


def _objects() -> Iterator[Case]:
    directory = bytes(range(16))
    good = VENDOR.certificate(directory_subject(directory), Purpose.OBJECT)
    claims = VENDOR.certificate_claims(directory_subject(directory), Purpose.OBJECT)
    keysets = [document.hex() for document in VENDOR.documents]

    def given(certificate: bytes, where: bytes = directory) -> dict[str, Any]:
        return {"certificate": certificate.hex(), "directory": where.hex(), "keysets": keysets}

    expect = {"serial": 41, "organisation": 7, "scope": 1, "level": 255}
    yield Case("certificate", "object", "object", "An activation object in its own directory.", given(good), expect)
    copied = given(good, bytes(16))
    yield Case(
        "certificate",
        "object_copied",
        "object",
        "Copied to another directory.",
        copied,
        refused("NO_ACTIVATION_OBJECT"),
    )
    as_host = sign(VENDOR.issuing_key(Purpose.OBJECT), encode_certificate(claims), LABEL_HOST_CERTIFICATE)
    yield Case(
        "certificate",
        "object_under_host_label",
        "object",
        "Signed as a host's certificate.",
        given(as_host),
        refused("SIGNATURE_INVALID"),
    )
    host_claims = replace(claims, issuing_key=VENDOR.issuing_number(Purpose.HOST))
    by_host_key = sign(VENDOR.issuing_key(Purpose.HOST), encode_certificate(host_claims), LABEL_OBJECT)
    yield Case(
        "certificate",
        "object_by_host_key",
        "object",
        "Signed by a key for hosts.",
        given(by_host_key),
        refused("SIGNATURE_INVALID"),
    )


def _keysets() -> Iterator[Case]:
    three = VendorKeys()
    three.publish(withdrawn=(7,))
    three.publish(withdrawn=(7, 8))
    first, second, third = three.documents
    fingerprint = three.fingerprint

    def given(*documents: bytes, now: datetime | None = MORNING, pin: bytes = fingerprint) -> dict[str, Any]:
        return {
            "documents": [document.hex() for document in documents],
            "fingerprint": pin.hex(),
            "now": None if now is None else seconds(now),
        }

    broken = refused("KEYSET_UNTRUSTED")
    expect = {"version": 3, "vendor_id": fingerprint[:8].hex(), "withdrawn": [7, 8]}
    yield Case("keyset", "chain", "chain", "Keysets 1, 2 and 3.", given(first, second, third), expect)
    yield Case(
        "keyset",
        "other_fingerprint",
        "chain",
        "Another vendor was expected.",
        given(first, pin=STRANGER.fingerprint),
        refused("VENDOR_MISMATCH"),
    )
    yield Case("keyset", "rollback", "chain", "Keyset 1 again after keyset 2.", given(first, second, first), broken)
    yield Case("keyset", "fast_forward", "chain", "Keyset 3 right after keyset 1.", given(first, third), broken)
    yield Case(
        "keyset", "begins_at_2", "chain", "The chain begins at version 2.", given(second, pin=_pin(second)), broken
    )
    late = MORNING + timedelta(days=5001)
    yield Case(
        "keyset",
        "frozen",
        "chain",
        "The newest keyset is expired and new here.",
        given(first, second, now=late),
        refused("KEYSET_TOO_OLD"),
    )
    yield Case(
        "keyset",
        "expired_but_known",
        "chain",
        "Expired, but known already: it ends nothing.",
        given(first, second, now=None),
        {**expect, "version": 2, "withdrawn": [7]},
    )
    one = sign_keyset(three.keysets[1], three.root_keys(1)[:1])
    yield Case(
        "keyset", "one_signature_of_two", "chain", "One root signature where two are needed.", given(first, one), broken
    )
    strangers = sign_keyset(three.keysets[1], STRANGER.root_keys(1))
    yield Case(
        "keyset", "strangers_roots", "chain", "Signed by roots that are not in it.", given(first, strangers), broken
    )
    captured = VendorKeys().next_keyset(roots=STRANGER.root_publics(STRANGER.root_keys(1)))
    own = sign_keyset(captured, STRANGER.root_keys(1))
    yield Case(
        "keyset",
        "signed_by_itself_only",
        "chain",
        "New roots that the old ones did not sign.",
        given(first, own),
        broken,
    )
    payload = encode_keyset(three.keysets[1])
    pairs = sign_payload(payload, three.root_keys(1))
    flipped = [(root, bytes((s[0] ^ 1,)) + s[1:]) for root, s in pairs[:1]] + list(pairs[1:])
    yield Case(
        "keyset",
        "one_signature_broken",
        "chain",
        "One of three signatures is broken.",
        given(first, assemble(payload, flipped)),
        broken,
    )
    product_label = key_of("acme", "root", 1, 0)
    relabelled = sign(product_label, payload, b"muster-product-v1")[-64:]
    crossed = [(public_bytes(product_label), relabelled), *pairs[1:2]]
    yield Case(
        "keyset",
        "signature_of_another_kind",
        "chain",
        "A root's signature made for something else.",
        given(first, assemble(payload, crossed)),
        broken,
    )


def _pin(document: bytes) -> bytes:
    from muster.trust.keyset import fingerprint_of

    return fingerprint_of(document)
