"""Activation hosts of a simulation: the real decisions of a host, with answers that are not signed.

A reply is the payload that a host would sign and the number of the host. `read_answer` takes it apart for machines; `signed`
makes the real answer to the same request, for the part of the traffic that goes the whole way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from muster.base.errors import Code, Unreachable
from muster.client.core.discovery import Address, ServiceRecord
from muster.host.core.answering import Answering, Intervals, Mandate, Outcome, Represented, Verdict
from muster.host.core.counting import Counts, GroupKey
from muster.host.core.limits import NewIds
from muster.host.core.sealing import Seal
from muster.simulate.scenario import Host
from muster.simulate.vendor import GROUP, Certified, SimulatedVendor
from muster.trust.chain import Answer
from muster.wire.activation import RefusalClaims, ReplyClaims
from muster.wire.frame import PORT
from muster.wire.product import Policy

ZONE = "corp.example"
MAX_ANSWERS = 256
"""An answer is read when it comes and when it is judged; a week later it is read again."""

_REPLY, _REFUSAL = Struct(">BBHIHH"), Struct(">BBBIH")
_SIGNED = 0x84
"""How a signed answer begins, which is no hint; then come the number of the host and the claims in their order."""


class _NoSeal:
    """In place of a `Seal`: what would be signed, and who would sign it."""

    def __init__(self, number: int) -> None:
        self._number = number

    def reply(self, _body: bytes, count: int, now: int, retry_minutes: int, renewal_minutes: int) -> bytes:
        """See `Seal`."""
        return _REPLY.pack(_SIGNED, self._number, count, now, retry_minutes, renewal_minutes)

    def refusal(self, _body: bytes, claims: RefusalClaims) -> bytes:
        """See `Seal`."""
        return _REFUSAL.pack(_SIGNED, self._number, *claims)


@dataclass(frozen=True, slots=True)
class _UnsignedMandate(Mandate):
    number: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seal", _NoSeal(self.number))


class Exchange(NamedTuple):
    """What a machine asked, whom, and what came back; `verdict` is the host's own view, None when it did not answer."""

    address: Address
    body: bytes
    verdict: Verdict | None


class SimulatedHost:
    """One host; `number` is its place among the hosts. `is_up` and the count's loss are the world's business."""

    def __init__(self, host: Host, number: int, vendor: SimulatedVendor) -> None:
        self.name = host.name
        self.address = Address(f"{host.name}.{ZONE}", PORT)
        self.record = ServiceRecord(host.priority, host.weight, PORT, self.address.host)
        self.certified: Certified = vendor.certify(number + 1)
        self.is_up = True
        self._group: GroupKey = (vendor.keysets.vendor_id, GROUP)
        policy: Policy = vendor.product.policy
        self._retry, self._renewal = (int(d.total_seconds()) // 60 for d in (policy.retry, policy.renewal))
        mandate = _UnsignedMandate(
            self.certified.certificate, self.certified.claims, self.certified.private, number=number
        )
        self._vendors = {vendor.keysets.vendor_id: Represented(vendor.documents, frozenset(), (mandate,))}
        self._seal = Seal(self.certified.certificate, self.certified.private)
        self.lose_count()

    def lose_count(self) -> None:
        """Begin with an empty database."""
        counts, limits = Counts({}, 1), NewIds()
        self._answering = Answering(self._vendors, Intervals(self._renewal, self._retry), counts, 0, limits)
        self._known: set[bytes] = set()

    def count(self, now: int) -> int:
        """The count at `now` (seconds since 1970)."""
        return self._answering.counts.count(self._group, now)

    def answer(self, body: bytes, prefix: str, now: int) -> Verdict:
        """What a machine of a network is answered; `Unreachable` while the host is down."""
        if not self.is_up:
            raise Unreachable(Code.HOST_UNREACHABLE, f"{self.address} does not answer")
        verdict = self._answering.decide(body, "", prefix, now, self._is_known)
        if verdict.outcome is Outcome.COUNTED and verdict.row is not None:
            self._known.add(verdict.row.client_id)
        return verdict

    def signed(self, body: bytes, verdict: Verdict, now: int) -> bytes:
        """The real answer of the same content."""
        if verdict.outcome in {Outcome.COUNTED, Outcome.NOT_COUNTED}:
            return self._seal.reply(body, verdict.told, now, self._retry, self._renewal)
        if verdict.outcome is Outcome.REFUSED and verdict.code is not None:
            return self._seal.refusal(body, RefusalClaims(verdict.code.number, now, self._retry))
        return verdict.answer

    def _is_known(self, _group: GroupKey, client_id: bytes) -> bool:
        return client_id in self._known


def answer_reader(hosts: Sequence[SimulatedHost]) -> Callable[[bytes], Answer]:
    """What machines read an answer with, which proves nothing."""
    certificates = [host.certified.claims for host in hosts]

    @lru_cache(MAX_ANSWERS)
    def take_apart(answer: bytes) -> Answer:
        if len(answer) == _REPLY.size:
            _, number, *told = _REPLY.unpack(answer)
            return Answer(certificates[number], ReplyClaims(*told))
        _, number, *told = _REFUSAL.unpack(answer)
        return Answer(certificates[number], RefusalClaims(*told))

    return take_apart
