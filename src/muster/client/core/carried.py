"""A request for a lease that is carried to a host as a file, and what follows from the reply (spec/record.md §Folder).

Pure. The lease counts from the request, not from the day its reply came back: the same reply given again brings nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from muster.base.errors import Code, Refused
from muster.client.core.attempt import Circumstances, Counted, Outcome, below_threshold, request_of
from muster.client.core.discovery import Address
from muster.client.core.licensing import Scene, ends_later, settle
from muster.client.core.machine import keep, moment_of
from muster.trust.chain import judge_answer, verify_answer
from muster.trust.standing import is_suspect
from muster.wire.activation import decode_request, encode_request
from muster.wire.calendar import MAX_SECONDS
from muster.wire.cbor import Reader, check_readable, encode
from muster.wire.record import SALT_BYTES, Moment, VendorRecord

VERSION = 1
MAX_REQUEST_BYTES = 512
MAX_CARRIED_BYTES = MAX_REQUEST_BYTES + 128
_CARRIER = Address("file")


@dataclass(frozen=True, slots=True)
class Carried:
    """A request that waits for its reply: its body, the salt of its parts, and when it was made."""

    body: bytes
    salt: bytes
    made: Moment


def make(scene: Scene, circumstances: Circumstances) -> Carried:
    """A request of the edition, made now; the first of the circumstances' nonces is its own."""
    body = encode_request(request_of(circumstances, circumstances.nonces[0]))
    return Carried(body, scene.record.salt, moment_of(scene.record, scene.now))


def encode_carried(carried: Carried) -> bytes:
    """The content of ``request-<edition>``."""
    return check_readable(
        encode([VERSION, carried.body, carried.salt, carried.made.at, carried.made.used]), decode_carried
    )


def decode_carried(data: bytes) -> Carried:
    """Read such a file; `Malformed` for anything damaged."""
    reader = Reader(data)
    reader.array(5)
    reader.const(VERSION)
    body, salt = reader.bstr_up_to(MAX_REQUEST_BYTES), reader.bstr(SALT_BYTES)
    made = Moment(reader.uint(MAX_SECONDS), reader.uint(MAX_SECONDS))
    reader.end()
    decode_request(body)
    return Carried(body, salt, made)


def settled(scene: Scene, carried: Carried, reply: bytes, organisation: int | None) -> tuple[VendorRecord, Outcome]:
    """The record with the lease that a reply gives, and the outcome: its error is set when the count does not suffice.

    Raises `Malformed`, `Untrusted` or `Refused` for a reply to another request, of no certified host, or that is a no;
    `Refused` with CLOCK_SUSPECT while this machine's clock cannot be believed.
    """
    if is_suspect(scene.record.high_water, scene.now):
        raise Refused(Code.CLOCK_SUSPECT, "", "Set the clock right, then give the reply again.")
    if decode_request(carried.body).client_id != scene.record.client_id:
        raise Refused(
            Code.HARDWARE_CHANGED,
            "the request was made under another client id: before a rearm, or on another machine",
            "muster client request makes a new one.",
        )
    answer = verify_answer(carried.body, reply, scene.product.keysets)
    claims = judge_answer(answer, scene.edition, scene.product.keysets, scene.now, organisation=organisation)
    counted = Counted(_CARRIER, carried.body, reply, answer.certificate.organisation, claims)
    enough = claims.count >= scene.edition.threshold
    error = None if enough else below_threshold(claims.count, scene.edition.threshold)
    outcome = Outcome(scene.product.keysets, counted, error)
    record = settle(scene, outcome, 0.5, caching=False)
    record = _from_the_request(replace(scene, record=record), carried, reply)
    after = replace(scene, record=record)
    if ends_later(scene.standing(), after.standing()):
        # Counted from the request it may be older than what came over the network meanwhile.
        record = keep(record, after.part._replace(lease=scene.part.lease))
    return record, outcome


def _from_the_request(scene: Scene, carried: Carried, reply: bytes) -> VendorRecord:
    """The record whose evidence begins when the request was made, and that names no host to come back to."""
    record, part = scene.record, scene.part
    if record.proof is not None and record.proof.reply == reply:
        record = record._replace(proof=record.proof._replace(salt=carried.salt, received=carried.made))
    if part.lease is not None and part.lease.reply == reply:
        part = part._replace(lease=part.lease._replace(salt=carried.salt, received=carried.made))
    return keep(record, part._replace(attempts=part.attempts._replace(host="")))
