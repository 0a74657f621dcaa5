"""Certificates of hosts and directories, judged with the answers they stand behind (spec/certificate.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from muster.trust.chain import issue_certificate, sign_answer
from muster.trust.cose import LABEL_HOST_CERTIFICATE, LABEL_OBJECT, LABEL_REPLY, public_bytes, sign, structure
from muster.trust.installation import directory_subject
from muster.wire.activation import ReplyClaims, encode_claims
from muster.wire.calendar import day_number, seconds
from muster.wire.cbor import encode
from muster.wire.certificate import CertificateClaims, encode_certificate
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.product import Edition
from muster.wire.sign1 import Sign1, encode_sign1
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, OFFICE_PRO, CertifiedHost, VendorKeys, days
from tools.vectors import Case, Given, flips, refusals
from tools.vectors.activation import plain
from tools.vectors.answers import BELIEVED, HOST, REQUEST, VENDOR, answer
from tools.vectors.suite import POINTS, forge

STRANGER = VendorKeys("stranger")
TODAY = day_number(MORNING)
CLAIMS = ReplyClaims(25, seconds(MORNING), 120, 10_080)
DIRECTORY = bytes(range(16))


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _claims()
    yield from _covering()
    yield from _windows()
    yield from _issuing_keys()
    yield from refusals(
        "certificate", "answer", "SIGNATURE_INVALID", {f"subject_{n}": _forged(p) for n, p in POINTS.items()}
    )
    yield from _objects()


def _reply(edition: Edition = CAD_PRO, *, vendor: VendorKeys = VENDOR, **changes: Any) -> Given:
    """The answer of a host whose certificate has these `changes`."""
    request = VENDOR.request_body(edition)
    return answer(CertifiedHost(vendor, changes).reply(request), request=request, edition=edition)


def _claims() -> Iterator[Case]:
    typical = VENDOR.certificate_claims(public_bytes(HOST.private))
    largest = CertificateClaims(
        255, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFF, 0xFFFF, b"\xff" * 32, 0xFFFFFF, 255, 0xFFFF, 0xFFFF
    )
    for name, claims in (("claims_typical", typical), ("claims_largest", largest)):
        payload = encode_certificate(claims)
        about = f"The payload of a certificate; {len(payload)} bytes."
        yield Case(
            "certificate", name, "certificate_claims", about, {"payload": payload.hex()}, {"fields": plain(claims)}
        )
    good = encode_certificate(typical)
    rows = {
        "claims_nine_elements": (b"\x89" + good[1:-1], "One element is missing."),
        "claims_trailing": (good + b"\x00", "One byte after the end."),
        "claims_truncated": (good[:-1], "The last byte is missing."),
        "claims_short_subject": (good.replace(b"\x58\x20", b"\x58\x1f", 1), "A subject of 31 bytes."),
        "claims_issuing_key_256": (b"\x8a\x19\x01\x00" + good[2:], "An issuing key number of nine bits."),
        "claims_serial_33_bits": (
            encode([1, 1 << 32, 7, TODAY, 1095, bytes(32), 1, 255, 0, 0]), "A serial of 33 bits.",
        ),
        "claims_scope_25_bits": (
            encode([1, 41, 7, TODAY, 1095, bytes(32), 1 << 24, 255, 0, 0]), "A scope of 25 bits.",
        ),
    }  # fmt: skip
    hexed = {name: ({"payload": payload.hex()}, about) for name, (payload, about) in rows.items()}
    yield from refusals("certificate", "certificate_claims", "MESSAGE_MALFORMED", hexed)


def _covering() -> Iterator[Case]:
    rows = {
        "outside_scope": (_reply(OFFICE_PRO), "For another group."),
        "below_level": (_reply(level=9), "Up to level 9, the edition has 10."),
    }
    yield from refusals("certificate", "answer", "EDITION_NOT_COVERED", rows)
    yield Case("certificate", "at_level", "answer", "Up to level 10, the edition has 10.", _reply(level=10), BELIEVED)
    released = CAD_PRO._replace(released_day=TODAY)
    covered = _reply(released, released_until_day=TODAY)
    yield Case("certificate", "maintenance_last_day", "answer", "Released on the last day covered.", covered, BELIEVED)
    ended = {
        "maintenance_ended": (_reply(released, released_until_day=TODAY - 1), "Released a day later than is covered."),
    }
    yield from refusals("certificate", "answer", "MAINTENANCE_ENDED", ended)


def _windows() -> Iterator[Case]:
    last = _reply(not_before_day=TODAY, days=1)
    yield Case("certificate", "last_day", "answer", "Valid today only.", last, BELIEVED)
    limit = _reply(lease_until_day=TODAY)
    yield Case("certificate", "lease_limit_last_day", "answer", "Leases end today: still one.", limit, BELIEVED)
    late = answer(HOST.reply(REQUEST), now=MORNING + days(3 * 365 + 1))
    expired = {
        "expired": (_reply(not_before_day=TODAY - 30, days=30), "Its last day was yesterday."),
        "no_days": (_reply(not_before_day=TODAY, days=0), "A window of no days."),
        "expired_by_our_clock": (late, "The host's clock is inside the window, ours is more than a day past its end."),
        "lease_limit_passed": (_reply(lease_until_day=TODAY - 1), "The contract ended yesterday."),
    }
    yield from refusals("certificate", "answer", "CERTIFICATE_EXPIRED", expired)
    early = {"not_yet_valid": (_reply(not_before_day=TODAY + 1), "It begins tomorrow.")}
    yield from refusals("certificate", "answer", "CERTIFICATE_NOT_YET_VALID", early)


def _changed(**changes: Any) -> Given:
    """The usual answer, judged with a keyset 2 that has these `changes`."""
    vendor = VendorKeys()
    vendor.publish(**changes)
    return answer(HOST.reply(REQUEST), vendor=vendor)


def _issuing_keys() -> Iterator[Case]:
    retired = _changed(status={1: KeyStatus.RETIRED})
    yield Case(
        "certificate", "issuing_key_retired", "answer", "What a retired key signed stays good.", retired, BELIEVED
    )
    revoked = {"issuing_key_revoked": (_changed(status={1: KeyStatus.REVOKED}), "Revoked in keyset 2.")}
    yield from refusals("certificate", "answer", "KEY_REVOKED", revoked)
    withdrawn = {"withdrawn": (_changed(withdrawn=(40, 41)), "Its serial is withdrawn in keyset 2.")}
    yield from refusals("certificate", "answer", "CERTIFICATE_WITHDRAWN", withdrawn)
    unknown = {"unknown_issuing_key": (_by(Purpose.HOST, 200), "An issuing key that only a newer keyset may know.")}
    yield from refusals("certificate", "answer", "KEYSET_UNTRUSTED", unknown)
    invalid = {
        "other_vendor": (_reply(vendor=STRANGER), "Certified by a stranger's keys."),
        "issuing_key_not_yet": (_reply(not_before_day=TODAY - 101), "Begins before its issuing key might be used."),
        "issuing_key_over": (_reply(not_before_day=TODAY + 5001), "Begins after its issuing key might be used."),
    }
    for purpose in (Purpose.OBJECT, Purpose.PERMANENT, Purpose.PRODUCT, Purpose.BUNDLE):
        about = f"Signed by a key for another purpose ({purpose.value})."
        invalid[f"host_by_{purpose.name.lower()}_key"] = (_by(purpose, VENDOR.issuing_number(purpose)), about)
    roots = VENDOR.certificate_claims(public_bytes(HOST.private))
    by_root = issue_certificate(VENDOR.root_keys(1)[0], roots, Purpose.HOST)
    invalid["host_by_root_key"] = (_behind(by_root), "Signed by a root key.")
    as_object = sign(VENDOR.issuing_key(Purpose.HOST), encode_certificate(roots), LABEL_OBJECT)
    invalid["host_under_object_label"] = (_behind(as_object), "Signed as an activation object.")
    yield from refusals("certificate", "answer", "SIGNATURE_INVALID", invalid)


def _behind(certificate: bytes) -> Given:
    return answer(sign_answer(HOST.private, REQUEST, certificate, CLAIMS))


def _by(purpose: Purpose, number: int) -> Given:
    claims = VENDOR.certificate_claims(public_bytes(HOST.private), issuing_key=number)
    return _behind(issue_certificate(VENDOR.issuing_key(purpose), claims, Purpose.HOST))


def _forged(point: str) -> tuple[Given, str]:
    """An answer that anybody can make once a vendor was brought to certify a point of small order."""
    subject = bytes.fromhex(point)
    certificate = issue_certificate(VENDOR.issuing_key(Purpose.HOST), VENDOR.certificate_claims(subject), Purpose.HOST)
    payload = encode_claims(CLAIMS)

    def request(number: int) -> bytes:
        return VENDOR.request_body(nonce=number.to_bytes(16, "big"))

    number, signature = forge(subject, lambda number: structure(payload, _bound(request(number), certificate)))
    about = "The certificate's subject is no canonical point of large order, so that anybody can sign for it."
    return answer(encode_sign1(Sign1(payload, signature, certificate)), request=request(number)), about


def _bound(request: bytes, certificate: bytes) -> bytes:
    return LABEL_REPLY + hashlib.sha256(request).digest() + hashlib.sha256(certificate).digest()


def _objects() -> Iterator[Case]:
    claims = VENDOR.certificate_claims(directory_subject(DIRECTORY), Purpose.OBJECT)
    good = issue_certificate(VENDOR.issuing_key(Purpose.OBJECT), claims, Purpose.OBJECT)
    keysets = [document.hex() for document in VENDOR.documents]

    def given(certificate: bytes, where: bytes = DIRECTORY) -> Given:
        return {"certificate": certificate.hex(), "directory": where.hex(), "keysets": keysets}

    expect = {"serial": 41, "organisation": 7, "scope": 1, "level": 255}
    yield Case("certificate", "object", "object", "An activation object in its own directory.", given(good), expect)
    copied = {"object_copied": (given(good, bytes(16)), "Copied to another directory.")}
    yield from refusals("certificate", "object", "NO_ACTIVATION_OBJECT", copied)
    payload = encode_certificate(claims)
    by_host_key = encode_certificate(claims._replace(issuing_key=VENDOR.issuing_number(Purpose.HOST)))
    rows = {
        "object_under_host_label": (
            given(sign(VENDOR.issuing_key(Purpose.OBJECT), payload, LABEL_HOST_CERTIFICATE)),
            "Signed as a host's certificate.",
        ),
        "object_by_host_key": (
            given(sign(VENDOR.issuing_key(Purpose.HOST), by_host_key, LABEL_OBJECT)), "Signed by a key for hosts.",
        ),
        "object_of_another_vendor": (
            given(sign(STRANGER.issuing_key(Purpose.OBJECT), payload, LABEL_OBJECT)), "Signed by a stranger.",
        ),
    }  # fmt: skip
    yield from refusals("certificate", "object", "SIGNATURE_INVALID", rows)
    carrying = sign(VENDOR.issuing_key(Purpose.OBJECT), payload, LABEL_OBJECT, good[:8])
    odd = {"object_with_certificate": (given(carrying), "A certificate that carries another.")}
    yield from refusals("certificate", "object", "MESSAGE_MALFORMED", odd)
    yield flips("certificate", "object", given(good), ["certificate"], every=1)
