"""What a host answers to one request: a count, a signed no, a hint, or a part of a keyset (spec/activation.md §Host).

Bytes, the asking address and `now` come in; the answer and the row that must be durable before it may leave go out. A host
signs only inside its certificate's window, only in a group and up to a level that the certificate covers, and never with
a clock a day before the last row it stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
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
    Hint,
    RefusalClaims,
    RequestReader,
    encode_hint,
    request_kind,
)
from muster.wire.calendar import MAX_SECONDS
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import decode_keyset_request, encode_keyset_part, part_of

DAY_SECONDS = 86_400
MAX_CLOCK_BACK_SECONDS = DAY_SECONDS
WARN_BEFORE_END = timedelta(days=90)
"""From then on a host says that its certificate ends, and a fresh one is free."""

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
    """What the store keeps of a counted machine, and of its group. Times are seconds since 1970.

    `state` and `flags` are the numbers of `State` and `Flags`.
    """

    group: GroupKey
    seq: int
    client_id: bytes
    edition: int
    state: int
    flags: int
    seen: int
    address: str
    parts: bytes
    cache_size: int
    floor: int


class Outcome(StrEnum):
    """What became of a request."""

    # By which requests are tallied: the hash of an enum is a call into Python.
    __hash__ = str.__hash__

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


class _Route(NamedTuple):
    """Who answers the requests of one group up to one level, from `begins` to before `ends` (seconds since 1970).

    Windows of certificates begin and end with days, so a route that was found holds for the rest of its day.
    """

    begins: int
    ends: int
    group: GroupKey
    mandate: Mandate | None
    other: Mandate | None
    trouble: Code


MAX_ROUTES = 4_096


class Answering:
    """The answers of one host. `last_seen` is the time of the newest row stored, in seconds since 1970.

    While `is_busy` nothing is counted and every request is refused with HOST_BUSY: the store does not take rows.
    While it `signs_later`, what tells a count has no answer yet: `sign` makes it, once the count is durable.
    """

    def __init__(
        self,
        vendors: Mapping[bytes, Represented],
        intervals: Intervals,
        counts: Counts,
        last_seen: int,
        new_ids: NewIds,
    ) -> None:
        self._requests = RequestReader()
        self._routes: dict[tuple[bytes, int, int], _Route] = {}
        self.vendors = vendors
        self.intervals = intervals
        self.counts = counts
        self.last_seen = last_seen
        self.new_ids = new_ids
        self.is_busy = False
        self.signs_later = False

    def decide(self, body: bytes, address: str, prefix: str, now: int, is_known: IsKnown) -> Verdict:
        """The verdict on one request from `address` in `prefix`. `Malformed` for bytes that are no request of ours.

        `is_known` tells whether the inventory holds a machine that is no longer counted: it is asked only where new
        ids are limited.
        """
        now = min(now, MAX_SECONDS)
        if not body.startswith(_ACTIVATION):
            return self._other(body)
        request = self._requests.read(body)
        route = self._routes.get((request.vendor_id, request.group, request.level))
        if route is None or not route.begins <= now < route.ends:
            vendor = self._vendors.get(request.vendor_id)
            if vendor is None:
                return _hint(Code.VENDOR_MISMATCH, request)
            route = self._find_route(vendor, request, now)
        if now < self.last_seen - MAX_CLOCK_BACK_SECONDS:
            return _hint(Code.CLOCK_SUSPECT, request)
        if route.mandate is None:
            if route.other is None:
                return _hint(route.trouble, request)
            return self.refuse(body, request, route.other, Code.EDITION_NOT_COVERED, now)
        if self.is_busy:
            return self.refuse(body, request, route.mandate, Code.HOST_BUSY, now)
        return self._count(body, request, route, (address, prefix, now), is_known)

    @property
    def vendors(self) -> Mapping[bytes, Represented]:
        """Whom the host speaks for, by vendor id."""
        return self._vendors

    @vendors.setter
    def vendors(self, vendors: Mapping[bytes, Represented]) -> None:
        self._vendors = vendors
        self._routes.clear()

    def _find_route(self, vendor: Represented, request: ActivationRequest, now: int) -> _Route:
        usable, trouble = _usable(vendor, now)
        begins = now - now % DAY_SECONDS
        group = (request.vendor_id, request.group)
        mandate = _covering(usable, request)
        route = _Route(begins, begins + DAY_SECONDS, group, mandate, next(iter(usable), None), trouble)
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        self._routes[request.vendor_id, request.group, request.level] = route
        return route

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
        judged = [_usable(vendor, now) for vendor in self._vendors.values()]
        if any(usable for usable, _ in judged):
            return None
        return next((code for _, code in judged), Code.HOST_NOT_ACTIVATED)

    def refuse(self, body: bytes, request: ActivationRequest, mandate: Mandate, code: Code, now: int) -> Verdict:
        """A signed no to `request`, whose bytes are `body`."""
        claims = RefusalClaims(code.number, min(now, MAX_SECONDS), self.intervals.retry_minutes)
        answer = mandate.seal.refusal(body, claims)
        return Verdict(Outcome.REFUSED, answer, None, 0, code, request, mandate)

    def _count(
        self, body: bytes, request: ActivationRequest, route: _Route, source: tuple[str, str, int], is_known: IsKnown
    ) -> Verdict:
        address, prefix, now = source
        group, mandate = route.group, route.mandate
        assert mandate is not None  # noqa: S101 - nobody is counted without one
        # Within the tolerated day the clock may stand before the newest row: entries keep their order all the same.
        at = max(now, self.last_seen)
        intervals = self.intervals
        if not prefix or self._may_enter(group, request.client_id, prefix, at, is_known):
            place = self.counts.enter(group, request.client_id, request.threshold, at)
            self.last_seen = at
            row = Row(
                group,
                place.seq,
                request.client_id,
                request.edition,
                int(request.state),
                int(request.flags),
                at,
                address,
                request.parts,
                place.cache_size,
                place.floor,
            )
            if self.signs_later:
                return Verdict(Outcome.COUNTED, b"", row, place.told, None, request, mandate)
            answer = mandate.seal.reply(body, place.told, now, intervals.retry_minutes, intervals.renewal_minutes)
            return Verdict(Outcome.COUNTED, answer, row, place.told, None, request, mandate)
        verdict = Verdict(
            Outcome.NOT_COUNTED, b"", None, self.counts.count(group, at), Code.RATE_LIMITED, request, mandate
        )
        return verdict if self.signs_later else verdict._replace(answer=self.sign(body, verdict, now))

    def sign(self, body: bytes, verdict: Verdict, now: int) -> bytes:
        """The answer of a verdict that tells a count; the one it has when it tells none."""
        if verdict.mandate is None or verdict.answer:
            return verdict.answer
        intervals = self.intervals
        times = min(now, MAX_SECONDS), intervals.retry_minutes, intervals.renewal_minutes
        return verdict.mandate.seal.reply(body, verdict.told, *times)

    def _may_enter(self, group: GroupKey, client_id: bytes, prefix: str, at: int, is_known: IsKnown) -> bool:
        """Whether this machine is counted: known ones always, new ones while their prefix has some allowance left."""
        if self.counts.holds(group, client_id) or is_known(group, client_id):
            return True
        return self.new_ids.take(prefix, at)

    def _keyset(self, body: bytes) -> Verdict:
        request = decode_keyset_request(body)
        vendor = self._vendors.get(request.vendor_id)
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
