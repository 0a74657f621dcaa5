"""The vendor's service in memory: the real limits, real tags and real signatures, no network (`VendorService`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, MusterError, Refused
from muster.platform.vendor_api import Activated
from muster.trust.installation import is_tag_good
from muster.trust.permanent import sign_permanent
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor.core.ledger import Confirmed, Cost, KeyFacts, grant_permanent
from muster.wire.calendar import day_number, day_start
from muster.wire.installation import MachineId, unpack_installation
from muster.wire.keyset import Purpose
from tests.worlds.clocks import HandClock
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

MAK = VendorKeys().key(KeyKind.MAK, CAD_PRO.id)


@dataclass
class OnlineVendor:
    """One multiple activation key and what was activated with it. `trouble` is raised instead of an answer."""

    clock: HandClock
    keys: VendorKeys = field(default_factory=VendorKeys)
    key: ProductKey = MAK
    activations: int = 3
    days: int = 0
    signer: Ed25519PrivateKey | None = None
    trouble: MusterError | None = None
    is_blocked: bool = False
    used: int = 0
    known: list[Confirmed] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def activate(self, address: str, installation: bytes) -> Activated:
        self.asked.append(address)
        if self.trouble is not None:
            raise self.trouble
        found = unpack_installation(installation)
        if not isinstance(found, MachineId) or not is_tag_good(found, self.key.secret):
            raise Refused(Code.KEY_UNKNOWN)
        facts = KeyFacts(
            KeyKind.MAK,
            self.key.partial,
            self.is_blocked,
            is_organisation_blocked=False,
            activations=self.activations,
            used=self.used,
            days=self.days,
        )
        grant = grant_permanent(facts, self.known, installation, found.parts, day_number(self.clock.now()))
        self.used += grant.cost is Cost.ACTIVATION
        self.known.append(Confirmed(installation, found.parts, grant.end_day))
        end = day_start(grant.end_day).date() if grant.end_day else None
        confirmation = sign_permanent(
            self.signer or self.keys.issuing_key(Purpose.PERMANENT), installation, grant.end_day
        )
        return Activated(confirmation, end, self.activations - self.used)

    async def keyset(self, address: str, vendor_id: bytes, number: int) -> bytes:
        self.asked.append(address)
        if self.trouble is not None:
            raise self.trouble
        if vendor_id != self.keys.fingerprint[:8] or number > len(self.keys.documents):
            raise Refused(Code.NOT_FOUND)
        return self.keys.documents[number - 1]
