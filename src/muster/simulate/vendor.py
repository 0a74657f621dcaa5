"""The vendor of a simulation: its keys come from the seed, its certificates last longer than any simulation."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.simulate.chance import Chance
from muster.simulate.scenario import MAX_DAYS, Scenario
from muster.trust.chain import issue_certificate
from muster.trust.cose import public_bytes
from muster.trust.keyset import TrustedKeysets, enter, sign_keyset
from muster.trust.product import Product
from muster.trust.productkey import ProductKey, generic_key
from muster.wire.calendar import day_number
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import IssuingKey, Keyset, Purpose
from muster.wire.product import DEFAULT_THRESHOLD, DeviceClass, Edition, Group, Policy, ProductClaims

NAME = "Simulated vendor"
GROUP, LEVEL, ORGANISATION = 1, 255, 1
_KEY_BYTES = 32
_LASTS_DAYS = MAX_DAYS + 366


@dataclass(frozen=True, slots=True)
class Certified:
    """A host's certificate: its bytes, what it says, and the private key of its subject."""

    certificate: bytes
    claims: CertificateClaims
    private: Ed25519PrivateKey


class SimulatedVendor:
    """`product` is what machines have installed."""

    def __init__(self, scenario: Scenario, chance: Chance) -> None:
        self._chance = chance
        self._day = day_number(scenario.begins) - 1
        root, self._issuing = self._key(), self._key()
        issuing = IssuingKey(1, Purpose.HOST, public_bytes(self._issuing), self._day, self._day + _LASTS_DAYS)
        keyset = Keyset(1, self._day, self._day + _LASTS_DAYS, 1, (public_bytes(root),), (issuing,), ())
        self.documents = (sign_keyset(keyset, [root]),)
        self.keysets: TrustedKeysets = enter(list(self.documents))
        policy = Policy(scenario.validity, scenario.renewal, scenario.retry, scenario.first_grace)
        editions = tuple(
            Edition(1 + number, str(kind), str(kind), GROUP, 0, kind, DEFAULT_THRESHOLD[kind])
            for number, kind in enumerate(DeviceClass)
        )
        claims = ProductClaims(1, 1, self._day, NAME, "", policy, (Group(GROUP, "machines"),), editions)
        self.product = Product(claims, self.keysets)

    def edition(self, name: str) -> Edition:
        """``client`` or ``server``."""
        return self.product.edition(name)

    def key(self, edition: Edition) -> ProductKey:
        """The generic key of an edition, as it is in every image."""
        return generic_key(self.product.fingerprint, edition.id)

    def certify(self, serial: int) -> Certified:
        """A host."""
        private = self._key()
        claims = CertificateClaims(1, serial, ORGANISATION, self._day, _LASTS_DAYS, public_bytes(private), GROUP, LEVEL)
        return Certified(issue_certificate(self._issuing, claims, Purpose.HOST), claims, private)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._chance.randbytes(_KEY_BYTES))
