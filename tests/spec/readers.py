"""What our code makes of a vector: one reader for each kind, from the case's `given` to what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, is_dataclass
from functools import reduce
from operator import getitem
from typing import Any

from muster.base.errors import Code, MusterError, Untrusted
from muster.client.core import discovery
from muster.host.core.counting import Counts
from muster.trust.chain import judge_answer, verify_answer, verify_certificate
from muster.trust.cose import verify
from muster.trust.evidence import gather
from muster.trust.hardware import Parts, installation_parts, lease_parts, make_parts, same_hardware
from muster.trust.humanid import format_confirmation, format_installation, parse_confirmation, parse_installation
from muster.trust.installation import directory_subject, is_tag_good
from muster.trust.keyset import enter
from muster.trust.permanent import rebuild_certificate, verify_permanent
from muster.trust.product import open_product
from muster.trust.productkey import generic_key, parse_key
from muster.trust.report import machine_id, verify_report
from muster.trust.standing import stand
from muster.wire import activation, keyset
from muster.wire.armour import PRODUCT_FILE, armour, dearmour
from muster.wire.calendar import moment
from muster.wire.certificate import decode_certificate, encode_certificate
from muster.wire.confirmation import (
    decode_confirmation_file,
    decode_installation_file,
    encode_confirmation_file,
    encode_installation_file,
    unpack_confirmation,
)
from muster.wire.frame import FrameReader, frame
from muster.wire.installation import pack_installation, unpack_installation
from muster.wire.keyset import Purpose
from muster.wire.product import DeviceClass, Edition
from muster.wire.record import decode_record, decode_secrets, encode_record, encode_secrets
from muster.wire.report import decode_report_file, encode_report_file
from muster.wire.sign1 import decode_sign1, encode_sign1
from tests.spec import audits, bundles, controls, directories

Given = dict[str, Any]
Found = dict[str, Any]


def _fields(value: Any) -> Found:
    fields = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value._asdict()
    return {"fields": {name: field.hex() if isinstance(field, bytes) else int(field) for name, field in fields.items()}}


def _again(encoded: bytes, original: bytes) -> None:
    """What is accepted re-encodes to the same bytes."""
    assert encoded == original


def request(given: Given) -> Found:
    body = bytes.fromhex(given["body"])
    found = activation.decode_request(body)
    _again(activation.encode_request(found), body)
    assert frame(body).hex() == given["frame"]
    return _fields(found)


def request_kind(given: Given) -> Found:
    return {"kind": activation.request_kind(bytes.fromhex(given["body"]))}


def read_frame(given: Given) -> Found:
    body = FrameReader().feed(bytes.fromhex(given["bytes"]))
    assert body is not None
    return {"body": body.hex()}


def claims(given: Given) -> Found:
    payload = bytes.fromhex(given["payload"])
    found = activation.decode_claims(payload)
    _again(activation.encode_claims(found), payload)
    return _fields(found)


def hint(given: Given) -> Found:
    body = bytes.fromhex(given["body"])
    found = activation.decode_hint(body)
    _again(activation.encode_hint(found), body)
    return _fields(found)


def keyset_request(given: Given) -> Found:
    body = bytes.fromhex(given["body"])
    found = keyset.decode_keyset_request(body)
    _again(keyset.encode_keyset_request(found), body)
    return _fields(found)


def keyset_part(given: Given) -> Found:
    body = bytes.fromhex(given["body"])
    found = keyset.decode_keyset_part(body)
    _again(keyset.encode_keyset_part(found), body)
    return _fields(found)


def answer(given: Given) -> Found:
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    of = given["edition"]
    edition = Edition(
        of["id"],
        "edition",
        "product",
        of["group"],
        of["level"],
        DeviceClass.CLIENT,
        of["threshold"],
        of["released_day"],
    )
    found = verify_answer(bytes.fromhex(given["request"]), bytes.fromhex(given["answer"]), keysets)
    reply = judge_answer(found, edition, keysets, moment(given["now"]), organisation=given["organisation"])
    certificate = found.certificate
    return {
        "count": reply.count,
        "host_time": reply.host_time,
        "serial": certificate.serial,
        "organisation": certificate.organisation,
    }


def sign1(given: Given) -> Found:
    message = bytes.fromhex(given["message"])
    _again(encode_sign1(decode_sign1(message)), message)
    return {"payload": verify(bytes.fromhex(given["public"]), message, bytes.fromhex(given["aad"])).hex()}


def certificate_claims(given: Given) -> Found:
    payload = bytes.fromhex(given["payload"])
    found = decode_certificate(payload)
    _again(encode_certificate(found), payload)
    return _fields(found)


def keyset_payload(given: Given) -> Found:
    payload = bytes.fromhex(given["payload"])
    found = keyset.decode_keyset(payload)
    _again(keyset.encode_keyset(found), payload)
    return {
        "version": found.version,
        "threshold": found.threshold,
        "roots": len(found.roots),
        "issuing": len(found.issuing),
        "withdrawn": list(found.withdrawn),
    }


def activation_object(given: Given) -> Found:
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    found = verify_certificate(bytes.fromhex(given["certificate"]), keysets, Purpose.OBJECT)
    if found.subject != directory_subject(bytes.fromhex(given["directory"])):
        raise Untrusted(Code.NO_ACTIVATION_OBJECT)
    return {"serial": found.serial, "organisation": found.organisation, "scope": found.scope, "level": found.level}


def chain(given: Given) -> Found:
    now = None if given["now"] is None else moment(given["now"])
    documents = [bytes.fromhex(document) for document in given["documents"]]
    found = enter(documents, fingerprint=bytes.fromhex(given["fingerprint"]), now=now)
    return {"version": found.version, "vendor_id": found.vendor_id.hex(), "withdrawn": list(found.newest.withdrawn)}


def product(given: Given) -> Found:
    pin = bytes.fromhex(given["fingerprint"]) if given["fingerprint"] else None
    found = open_product(given["text"], now=moment(given["now"]), fingerprint=pin)
    return {
        "vendor": found.claims.vendor,
        "serial": found.claims.serial,
        "fingerprint": found.fingerprint.hex(),
        "editions": {e.name: e.id for e in found.claims.editions},
        "generic_keys": {e.name: found.generic_key(e).formatted for e in found.claims.editions},
    }


def product_bytes(given: Given) -> Found:
    return product({**given, "text": armour(PRODUCT_FILE, bytes.fromhex(given["bytes"]))})


def armoured(given: Given) -> Found:
    return {"bytes": dearmour(given["text"], given["title"]).hex()}


def product_key(given: Given) -> Found:
    key = parse_key(given["text"])
    return {
        "kind": int(key.kind),
        "scope": key.scope,
        "canonical": key.text,
        "reference": key.reference.hex(),
        "secret": key.secret.hex(),
    }


def derived_key(given: Given) -> Found:
    return {"key": generic_key(bytes.fromhex(given["fingerprint"]), given["edition"]).formatted}


def installation(given: Given) -> Found:
    packed = bytes.fromhex(given["bytes"])
    found = unpack_installation(packed)
    _again(pack_installation(found), packed)
    good = is_tag_good(found, bytes.fromhex(given["secret"]))
    return {"kind": int(found.kind), "reference": found.reference.hex(), "tag_good": good}


def installation_digits(given: Given) -> Found:
    found = parse_installation(given["text"])
    assert format_installation(found) == given["text"]
    return {"bytes": pack_installation(found).hex()}


def confirmation_digits(given: Given) -> Found:
    found = parse_confirmation(given["text"])
    assert format_confirmation(found) == given["text"]
    return {"bytes": found.hex()}


def permanent(given: Given) -> Found:
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    confirmation = unpack_confirmation(bytes.fromhex(given["confirmation"]))
    return {"end_day": verify_permanent(bytes.fromhex(given["installation"]), confirmation, keysets).end_day}


def certificate(given: Given) -> Found:
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    confirmation = unpack_confirmation(bytes.fromhex(given["confirmation"]))
    rebuilt, _ = rebuild_certificate(confirmation, bytes.fromhex(given["subject"]), given["scope"], keysets)
    return {"certificate": rebuilt.hex()}


def installation_file(given: Given) -> Found:
    found = decode_installation_file(given["text"])
    assert encode_installation_file(found) == given["text"]
    return {"bytes": found.hex()}


def confirmation_file(given: Given) -> Found:
    found = decode_confirmation_file(given["text"])
    assert encode_confirmation_file(*found) == given["text"]
    return {"installation": found[0].hex(), "confirmation": found[1].hex()}


def parts(given: Given) -> Found:
    found = make_parts(**given["sources"])
    return {
        "normalised": list(found.built_in),
        "binding": found.binding,
        "lease_parts": lease_parts(found, bytes.fromhex(given["salt"])).hex(),
        "installation_parts": installation_parts(found, bytes.fromhex(given["secret"])).hex(),
    }


def same(given: Given) -> Found:
    return {"same": same_hardware(bytes.fromhex(given["one"]), bytes.fromhex(given["other"]))}


def state(given: Given) -> Found:
    opened = open_product(given["product"])
    data = bytes.fromhex(given["record"])
    record = decode_record(data)
    _again(encode_record(record), data)
    situation = gather(opened, opened.edition(given["edition"]), record, Parts(**given["normalised_sources"]))
    return {"state": str(stand(situation, moment(given["now"]), given["used"]).state)}


def record(given: Given) -> Found:
    data = bytes.fromhex(given["bytes"])
    found = decode_record(data)
    _again(encode_record(found), data)
    editions = [e.edition for e in found.editions]
    return {"client_id": found.client_id.hex(), "high_water": found.high_water, "editions": editions}


def secrets(given: Given) -> Found:
    data = bytes.fromhex(given["bytes"])
    found = decode_secrets(data)
    _again(encode_secrets(found), data)
    return {"editions": list(found)}


def srv_order(given: Given) -> Found:
    records = [discovery.ServiceRecord(**record) for record in given["records"]]
    order = discovery.order_candidates(records, given["fractions"])
    return {"order": [str(candidate.address) for candidate in order]}


def zones(given: Given) -> Found:
    return {"zones": list(discovery.zones_to_ask(given["configured"], given["domain"], given["search"]))}


def counting(given: Given) -> Found:
    group = (bytes(8), 1)
    counts = Counts({}, 1)
    asked = [(bytes.fromhex(r["client_id"]), r["threshold"], r["at"]) for r in given["requests"]]
    told = [counts.enter(group, *request).told for request in asked]
    return {"told": told, "cache_size": counts.cache_size(group)}


def flips(given: Given) -> Found:
    """Flips one bit after the other; the refusal of the last, once every one was refused."""
    reader, path = READERS[given["kind"]], given["path"]
    original = bytes.fromhex(reduce(getitem, path, given["given"]))
    refusal: Exception | None = None
    for bit in range(0, 8 * len(original), given["every"]):
        flipped = bytearray(original)
        flipped[bit // 8] ^= 1 << bit % 8
        changed = deepcopy(given["given"])
        reduce(getitem, path[:-1], changed)[path[-1]] = flipped.hex()
        try:
            reader(changed)
        except (MusterError, ValueError) as error:
            refusal = error
        else:
            return {"accepted": bit}
    assert refusal is not None
    raise refusal


def audit_report(given: Given) -> Found:
    data = bytes.fromhex(given["file"])
    files = decode_report_file(data)
    _again(encode_report_file(files), data)
    keysets = enter([bytes.fromhex(document) for document in given["keysets"]])
    (proven,) = [verify_report(file, keysets) for file in files]
    organisation = proven.certificate.organisation
    ids = sorted(machine_id(keysets.vendor_id, organisation, bytes.fromhex(c)).hex() for c in given["client_ids"])
    rows = [{**m._asdict(), "id": m.id.hex()} for m in proven.machines]
    return {"organisation": organisation, "made_at": proven.made_at, "machines": rows, "ids": ids}


READERS: dict[str, Callable[[Given], Found]] = {
    **audits.READERS,
    **bundles.READERS,
    **controls.READERS,
    **directories.READERS,
    "answer": answer,
    "armour": armoured,
    "certificate": certificate,
    "certificate_claims": certificate_claims,
    "chain": chain,
    "claims": claims,
    "confirmation_digits": confirmation_digits,
    "confirmation_file": confirmation_file,
    "counting": counting,
    "flips": flips,
    "frame": read_frame,
    "generic_key": derived_key,
    "hint": hint,
    "installation": installation,
    "installation_digits": installation_digits,
    "installation_file": installation_file,
    "keyset": keyset_payload,
    "keyset_part": keyset_part,
    "keyset_request": keyset_request,
    "object": activation_object,
    "parts": parts,
    "permanent": permanent,
    "product": product,
    "product_bytes": product_bytes,
    "product_key": product_key,
    "record": record,
    "report": audit_report,
    "request": request,
    "request_kind": request_kind,
    "same_hardware": same,
    "secrets": secrets,
    "sign1": sign1,
    "srv_order": srv_order,
    "state": state,
    "zones": zones,
}
