"""A machine of a simulation: the client's own record, judged and settled by the client's core.

What a machine keeps of an answer is not signed here, so its proofs are read instead of verified (`SimulatedScene`). One
machine in a hundred keeps a second record that went the whole way: signed, verified, judged from the stored bytes; both must
come to the same, always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from muster.client.core.attempt import Circumstances
from muster.client.core.discovery import Address, parse_address
from muster.client.core.licensing import Scene
from muster.client.core.machine import Bearings, Fresh, move_on, wake
from muster.client.core.search import SearchOrder
from muster.simulate.hosts import ZONE
from muster.simulate.presence import Presence
from muster.simulate.scenario import Machines
from muster.simulate.vendor import SimulatedVendor
from muster.trust.chain import Answer, lease_limit
from muster.trust.evidence import Method, Proof, Situation
from muster.trust.hardware import Parts
from muster.trust.standing import Standing, is_suspect, stand
from muster.wire.activation import Flags, ReplyClaims, State
from muster.wire.calendar import moment
from muster.wire.product import Edition
from muster.wire.record import EditionRecord, Lease, VendorRecord

BOOT = b"simulate"
CANDIDATES = 16
Reader = Callable[[bytes], Answer]


@dataclass(frozen=True, slots=True)
class SimulatedScene(Scene):
    """`Scene` whose evidence is read, not verified."""

    read: Reader = field(kw_only=True)
    judged: list[tuple[object, Standing]] = field(default_factory=list, compare=False, repr=False)
    known: list[Standing] = field(default_factory=list, init=False, compare=False, repr=False)

    def having(self, record: VendorRecord) -> SimulatedScene:
        """See `Scene`; what was judged at this instant need not be judged again."""
        whole = self.product, self.edition, record, self.hardware, self.now
        return SimulatedScene(*whole, read=self.read, judged=self.judged)

    def standing(self) -> Standing:
        """The edition's state, from the same table and rules."""
        if not self.known:
            self.known.append(self._standing())
        return self.known[0]

    def _standing(self) -> Standing:
        """It depends on nothing that is not compared here."""
        record, part = self.record, self.part
        by = part.lease, part.key, part.installed, part.trouble, record.high_water, record.used, record.proof is None
        for known, standing in self.judged:
            if known == by:
                return standing
        standing = self._judge(part)
        self.judged.append((by, standing))
        return standing

    def _judge(self, part: EditionRecord) -> Standing:
        proofs = () if part.lease is None else (self._proof(part.lease),)
        proven = bool(proofs) or self.record.proof is not None
        situation = Situation(self.product, self.edition, part, proofs, self.record.high_water, proven)
        return stand(situation, self.now, self.record.used)

    def _proof(self, lease: Lease) -> Proof:
        certificate, claims = self.read(lease.reply)
        assert isinstance(claims, ReplyClaims)  # noqa: S101 - only replies become leases
        limit, validity = lease_limit(certificate), self.product.policy.validity
        whose = (certificate.organisation, certificate.serial, claims.count)
        return Proof(Method.HOST, lease.received, validity, limit, None, *whose)


@dataclass(slots=True)
class SimulatedMachine:
    """`verified` is the second record of a machine that is sampled. `clock_error` in seconds, ahead."""

    number: int
    kind: Machines
    edition: Edition
    presence: Presence
    prefix: str
    clock_error: int
    hardware: Parts
    record: VendorRecord
    verified: VendorRecord | None = None
    state: State = State.UNLICENSED

    def bearings(self, now: datetime, since_begin: int) -> Bearings:
        """`now` by the machine's clock. One that sleeps counts on, so the whole simulation is one run of it."""
        return Bearings(now, BOOT, float(since_begin), self.hardware)

    def wake(self, now: datetime, since_begin: int, fresh: Callable[[], Fresh]) -> None:
        """Move the record's clocks on. A copy notices at its first start that it is one: hardware does not change here."""
        bearings = self.bearings(now, since_begin)
        if self.state is not State.UNLICENSED:
            self.record = move_on(self.record, bearings)
            self.verified = self.verified and move_on(self.verified, bearings)
            return
        if self.verified is not None:
            # The same ids for both records: they are of one machine.
            fresh = lru_cache(1)(fresh)
            self.verified, _ = wake(self.verified, bearings, fresh)
        self.record, _ = wake(self.record, bearings, fresh)

    def circumstances(self, scene: Scene, srv: str, fractions: tuple[float, ...], nonce: bytes) -> Circumstances:
        """What an attempt may know: no host is configured, the zone is the machine's own."""
        record, lease = scene.record, scene.part.lease
        order = SearchOrder(
            cached=_address(record.cached_host) if record.cached_host else None,
            zones=(ZONE,),
            srv=srv,
            skipped=frozenset(_address(host) for host, until in record.skips if scene.now < moment(until)),
            renewal=lease is not None,
            fractions=fractions,
        )
        return Circumstances(
            edition=scene.edition,
            keysets=scene.product.keysets,
            client_id=record.client_id,
            parts=record.parts,
            state=scene.standing().state,
            flags=Flags.RENEWAL if lease is not None else Flags.NONE,
            now=scene.now,
            order=order,
            nonces=(nonce,) * CANDIDATES,
            clock_suspect=is_suspect(record.high_water, scene.now),
        )


@lru_cache(64)
def _address(text: str) -> Address:
    return parse_address(text)


def hardware_of(number: int) -> Parts:
    """Invented, and no other machine's."""
    return Parts(*(f"{part}{number}" for part in ("board", "disk", "network", "platform")))


def scene_of(machine: SimulatedMachine, vendor: SimulatedVendor, now: datetime, read: Reader) -> SimulatedScene:
    """How the machine sees itself now."""
    return SimulatedScene(vendor.product, machine.edition, machine.record, machine.hardware, now, read=read)


def verified_scene(machine: SimulatedMachine, vendor: SimulatedVendor, now: datetime) -> Scene | None:
    """The same from the record that went the whole way, where there is one."""
    if machine.verified is None:
        return None
    return Scene(vendor.product, machine.edition, machine.verified, machine.hardware, now)


def without_evidence(record: VendorRecord) -> VendorRecord:
    """A record to compare with another: signed bytes differ from unsigned ones, nothing else may."""
    bare = tuple(e._replace(lease=e.lease and e.lease._replace(reply=b"")) for e in record.editions)
    return record._replace(editions=bare, proof=record.proof and record.proof._replace(reply=b""))
