"""What a host answers to one request: a count, a signed no, a hint, or a part of a keyset (spec/activation.md §Host).

Bytes, the asking address and `now` come in; the answer and the row that must be durable before it may leave go out. A host
signs only inside its certificate's window, only in a group and up to a level that the certificate covers, and never with
a clock a day before the last row it stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Malformed
from muster.host.core.counting import Counts, GroupKey
from muster.host.core.limits import NewIds
from muster.host.core.sealing import Seal
from muster.wire.activation import (
    KIND_ACTIVATION,
    VERSION,
    ActivationRequest,
    Flags,
    Hint,
    RefusalClaims,
    State,
    decode_request,
    encode_hint,
    request_kind,
)
from muster.wire.calendar import MAX_SECONDS
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import decode_keyset_request, encode_keyset_part, part_of

DAY_SECONDS = 86_400
MAX_CLOCK_BACK_SECONDS = DAY_SECONDS

_ACTIVATION = bytes((0x8C, VERSION, KIND_ACTIVATION))
"""How an activation request begins: an array of twelve, version, kind."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A certificate of this host with the private key of its subject: the right to answer for one group."""

    certificate: bytes
    claims: CertificateClaims
    private: Ed25519PrivateKey
    seal: Seal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seal", Seal(self.certificate, self.private))

    def trouble(self, now: int) -> Code | None:
        """Why nothing may be signed at `now` (seconds since 1970); None inside the window."""
        if now < self.claims.not_before_day * DAY_SECONDS:
            return Code.CERTIFICATE_NOT_YET_VALID
        if now >= self.claims.end_day * DAY_SECONDS:
            return Code.CERTIFICATE_EXPIRED
        return None


@dataclass(frozen=True, slots=True)
class Represented:
    """A vendor whose product file is installed here: its signed keysets 1 ... N and what it lets this host sign."""

    keysets: tuple[bytes, ...]
    withdrawn: frozenset[int]
    mandates: tuple[Mandate, ...]


@dataclass(frozen=True, slots=True)
class Intervals:
    """What machines are told, in minutes."""

    renewal_minutes: int
    retry_minutes: int


class Row(NamedTuple):
    """What the store keeps of a counted machine, and of its group. Times are seconds since 1970."""

    group: GroupKey
    client_id: bytes
    edition: int
    state: State
    flags: Flags
    parts: bytes
    address: str
    seen: int
    seq: int
    cache_size: int
    floor: int


class Outcome(StrEnum):
    """What became of a request."""

    COUNTED = "counted"
    NOT_COUNTED = "not counted"
    REFUSED = "refused"
    HINTED = "hinted"
    KEYSET = "keyset"


class Verdict(NamedTuple):
    """The body of the answer, and the row that must be durable before it leaves. `mandate` signed it, if anybody did."""

    outcome: Outcome
    answer: bytes
    row: Row | None = None
    told: int = 0
    code: Code | None = None
    request: ActivationRequest | None = None
    mandate: Mandate | None = None


IsKnown = Callable[[GroupKey, bytes], bool]


class Answering:
    """The answers of one host. `last_seen` is the time of the newest row stored, in seconds since 1970.

    While `is_busy` nothing is counted and every request is refused with HOST_BUSY: the store does not take rows.
    """

    def __init__(
        self,
        vendors: Mapping[bytes, Represented],
        intervals: Intervals,
        counts: Counts,
        last_seen: int,
        new_ids: NewIds,
    ) -> None:
        self.vendors = vendors
        self.intervals = intervals
        self.counts = counts
        self.last_seen = last_seen
        self.new_ids = new_ids
        self.is_busy = False

    def decide(self, body: bytes, address: str, prefix: str, now: int, is_known: IsKnown) -> Verdict:
        """The verdict on one request from `address` in `prefix`. `Malformed` for bytes that are no request of ours.

        `is_known` tells whether the inventory holds a machine that is no longer counted: it is asked only where new
        ids are limited.
        """
        now = min(now, MAX_SECONDS)
        if not body.startswith(_ACTIVATION):
            return self._other(body)
        request = decode_request(body)
        vendor = self.vendors.get(request.vendor_id)
        if vendor is None:
            return _hint(Code.VENDOR_MISMATCH, request)
        if now < self.last_seen - MAX_CLOCK_BACK_SECONDS:
            return _hint(Code.CLOCK_SUSPECT, request)
        usable, trouble = _usable(vendor, now)
        if not usable:
            return _hint(trouble, request)
        mandate = _covering(usable, request)
        if mandate is None:
            return self.refuse(body, request, usable[0], Code.EDITION_NOT_COVERED, now)
        if self.is_busy:
            return self.refuse(body, request, mandate, Code.HOST_BUSY, now)
        return self._count(body, request, mandate, (address, prefix, now), is_known)

    def _other(self, body: bytes) -> Verdict:
        """The verdict on everything that is no activation request of this version."""
        try:
            request_kind(body)
        except Malformed as error:
            if error.code is Code.VERSION_NOT_SUPPORTED:
                return _hint(Code.VERSION_NOT_SUPPORTED)
            raise
        return self._keyset(body)

    def trouble(self, now: int) -> Code | None:
        """Why nothing at all may be signed at `now` (seconds since 1970); None when something may."""
        if now < self.last_seen - MAX_CLOCK_BACK_SECONDS:
            return Code.CLOCK_SUSPECT
        judged = [_usable(vendor, now) for vendor in self.vendors.values()]
        if any(usable for usable, _ in judged):
            return None
        return next((code for _, code in judged), Code.HOST_NOT_ACTIVATED)

    def refuse(self, body: bytes, request: ActivationRequest, mandate: Mandate, code: Code, now: int) -> Verdict:
        """A signed no to `request`, whose bytes are `body`."""
        claims = RefusalClaims(code.number, min(now, MAX_SECONDS), self.intervals.retry_minutes)
        answer = mandate.seal.refusal(body, claims)
        return Verdict(Outcome.REFUSED, answer, None, 0, code, request, mandate)

    def _count(
        self,
        body: bytes,
        request: ActivationRequest,
        mandate: Mandate,
        source: tuple[str, str, int],
        is_known: IsKnown,
    ) -> Verdict:
        address, prefix, now = source
        group = (request.vendor_id, request.group)
        # Within the tolerated day the clock may stand before the newest row: entries keep their order all the same.
        at = max(now, self.last_seen)
        row, outcome = None, Outcome.NOT_COUNTED
        if self._may_enter(group, request.client_id, prefix, at, is_known):
            place = self.counts.enter(group, request.client_id, request.threshold, at)
            count, outcome, self.last_seen = place.told, Outcome.COUNTED, at
            row = Row(
                group,
                request.client_id,
                request.edition,
                request.state,
                request.flags,
                request.parts,
                address,
                at,
                place.seq,
                place.cache_size,
                place.floor,
            )
        else:
            count = self.counts.count(group, at)
        intervals = self.intervals
        answer = mandate.seal.reply(body, count, now, intervals.retry_minutes, intervals.renewal_minutes)
        code = None if row else Code.RATE_LIMITED
        return Verdict(outcome, answer, row, count, code, request, mandate)

    def _may_enter(self, group: GroupKey, client_id: bytes, prefix: str, at: int, is_known: IsKnown) -> bool:
        """Whether this machine is counted: known ones always, new ones while their prefix has some allowance left."""
        if not prefix or self.counts.holds(group, client_id) or is_known(group, client_id):
            return True
        return self.new_ids.take(prefix, at)

    def _keyset(self, body: bytes) -> Verdict:
        request = decode_keyset_request(body)
        vendor = self.vendors.get(request.vendor_id)
        if vendor is None:
            return _hint(Code.VENDOR_MISMATCH)
        newest = len(vendor.keysets)
        document = vendor.keysets[request.have_version] if request.have_version < newest else b""
        return Verdict(Outcome.KEYSET, encode_keyset_part(part_of(document, newest, request.offset)))


def _hint(code: Code, request: ActivationRequest | None = None) -> Verdict:
    return Verdict(Outcome.HINTED, encode_hint(Hint(VERSION, code.number)), code=code, request=request)


def _usable(vendor: Represented, now: int) -> tuple[list[Mandate], Code]:
    """The mandates that may sign now; when there is none, why."""
    trouble, usable = Code.HOST_NOT_ACTIVATED, []
    for mandate in vendor.mandates:
        if mandate.claims.serial in vendor.withdrawn:
            trouble = Code.CERTIFICATE_WITHDRAWN
        elif code := mandate.trouble(now):
            trouble = code
        else:
            usable.append(mandate)
    return usable, trouble


def _covering(mandates: Iterable[Mandate], request: ActivationRequest) -> Mandate | None:
    """The mandate for this request that lasts longest."""
    fitting = [m for m in mandates if m.claims.scope == request.group and m.claims.level >= request.level]
    return max(fitting, key=lambda m: (m.claims.end_day, m.claims.serial), default=None)
