"""A believable vendor in memory: root keys (two of three), keysets that rotate, issuing keys with spares, a product.

Every key follows from a seed, so bytes are the same in each run. Signs whatever a test asks for, also what no honest
vendor would.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.trust.chain import issue_certificate, sign_answer
from muster.trust.cose import public_bytes
from muster.trust.keyset import TrustedKeysets, enter, fingerprint_of, sign_keyset
from muster.trust.permanent import sign_permanent
from muster.trust.product import Product, issue_product, open_product
from muster.trust.productkey import KeyKind, ProductKey, make_key
from muster.wire.activation import ActivationRequest, RefusalClaims, ReplyClaims, State, encode_request
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import IssuingKey, Keyset, KeyStatus, Purpose
from muster.wire.product import DeviceClass, Edition, Group, Policy, ProductClaims
from tests.worlds.clocks import MORNING

CAD, OFFICE = Group(1, "acme-cad"), Group(2, "acme-office")
CAD_PRO = Edition(1001, "acme-cad-pro", "Acme CAD", CAD.id, 10, DeviceClass.CLIENT, 25, features=("rendering",))
CAD_BASIC = Edition(1002, "acme-cad-basic", "Acme CAD", CAD.id, 5, DeviceClass.CLIENT, 25)
CAD_SERVER = Edition(1003, "acme-cad-server", "Acme CAD", CAD.id, 20, DeviceClass.SERVER, 5)
OFFICE_PRO = Edition(2001, "acme-office-pro", "Acme Office", OFFICE.id, 10, DeviceClass.CLIENT, 25)

DAYS_BEFORE, DAYS_AFTER = 100, 5000
SPARES = 2


def key_of(*words: object) -> Ed25519PrivateKey:
    """The private key that belongs to these words."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest())


def _first_number(purpose: Purpose) -> int:
    return (purpose - 1) * SPARES + 1


@dataclass
class VendorKeys:
    """Acme Software, or with another `seed` a stranger that uses the same names. Rotates with `publish`."""

    seed: str = "acme"
    opened: datetime = MORNING
    roots: int = 3
    threshold: int = 2
    policy: Policy = field(default_factory=Policy)
    editions: tuple[Edition, ...] = (CAD_PRO, CAD_BASIC, CAD_SERVER, OFFICE_PRO)
    keysets: list[Keyset] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        day = day_number(self.opened)
        issuing = tuple(
            IssuingKey(
                _first_number(purpose) + spare,
                purpose,
                public_bytes(self.issuing_key(purpose, spare)),
                day - DAYS_BEFORE,
                day + DAYS_AFTER,
            )
            for purpose in Purpose
            for spare in range(SPARES)
        )
        roots = self.root_publics(self.root_keys(1))
        first = Keyset(1, day, day + DAYS_AFTER, self.threshold, roots, issuing)
        self.keysets.append(first)
        self.documents.append(sign_keyset(first, self.root_keys(1)))

    def root_keys(self, generation: int) -> list[Ed25519PrivateKey]:
        return [key_of(self.seed, "root", generation, number) for number in range(self.roots)]

    @staticmethod
    def root_publics(keys: list[Ed25519PrivateKey]) -> tuple[bytes, ...]:
        return tuple(sorted(map(public_bytes, keys)))

    def issuing_key(self, purpose: Purpose, spare: int = 0) -> Ed25519PrivateKey:
        return key_of(self.seed, purpose.name, spare)

    def issuing_number(self, purpose: Purpose, spare: int = 0) -> int:
        return _first_number(purpose) + spare

    # keysets

    @property
    def fingerprint(self) -> bytes:
        return fingerprint_of(self.documents[0])

    @property
    def trusted(self) -> TrustedKeysets:
        return enter(self.documents, fingerprint=self.fingerprint)

    def next_keyset(
        self, *, status: dict[int, KeyStatus] | None = None, withdrawn: tuple[int, ...] | None = None, **changes: Any
    ) -> Keyset:
        """The newest keyset one version on, with statuses of issuing keys, withdrawn serials and fields changed."""
        last = self.keysets[-1]
        issuing = tuple(k._replace(status=(status or {}).get(k.number, k.status)) for k in last.issuing)
        following = last._replace(version=last.version + 1, issuing=issuing)
        if withdrawn is not None:
            following = following._replace(withdrawn=tuple(sorted(withdrawn)))
        return following._replace(**changes)

    def publish(self, signers: list[Ed25519PrivateKey] | None = None, **changes: Any) -> bytes:
        """Sign the next keyset (by every first root, unless told otherwise) and take it into the chain."""
        keyset = self.next_keyset(**changes)
        document = sign_keyset(keyset, signers or self.root_keys(1))
        self.keysets.append(keyset)
        self.documents.append(document)
        return document

    # the product

    def claims(self, **changes: Any) -> ProductClaims:
        claims = ProductClaims(
            issuing_key=self.issuing_number(Purpose.PRODUCT),
            serial=1,
            issued_day=day_number(self.opened),
            vendor="Acme Software",
            service="https://licensing.acme.example",
            policy=self.policy,
            groups=(CAD, OFFICE),
            editions=self.editions,
        )
        return claims._replace(**changes)

    def product_file(self, **changes: Any) -> str:
        return issue_product(self.issuing_key(Purpose.PRODUCT), self.claims(**changes), self.documents)

    def product(self, **changes: Any) -> Product:
        return open_product(self.product_file(**changes))

    def key(self, kind: KeyKind, scope: int, chance: int = 7) -> ProductKey:
        return make_key(kind, scope, hashlib.sha256(b"%d" % chance).digest()[:16])

    # certificates and answers

    def certificate_claims(self, subject: bytes, purpose: Purpose = Purpose.HOST, **changes: Any) -> CertificateClaims:
        claims = CertificateClaims(
            issuing_key=self.issuing_number(purpose),
            serial=41,
            organisation=7,
            not_before_day=day_number(self.opened) - 1,
            days=3 * 365,
            subject=subject,
            scope=CAD.id,
            level=255,
        )
        return claims._replace(**changes)

    def certificate(self, subject: bytes, purpose: Purpose = Purpose.HOST, **changes: Any) -> bytes:
        claims = self.certificate_claims(subject, purpose, **changes)
        spare = claims.issuing_key - self.issuing_number(purpose)
        return issue_certificate(self.issuing_key(purpose, spare), claims, purpose)

    def confirm_permanently(self, installation: bytes, end_day: int = 0, spare: int = 0) -> bytes:
        return sign_permanent(self.issuing_key(Purpose.PERMANENT, spare), installation, end_day)

    def request(self, asked: Edition = CAD_PRO, **changes: Any) -> ActivationRequest:
        request = ActivationRequest(
            vendor_id=self.fingerprint[:8],
            edition=asked.id,
            group=asked.group,
            level=asked.level,
            threshold=asked.threshold,
            client_id=bytes(range(16)),
            parts=bytes(range(16, 32)),
            nonce=bytes(range(32, 48)),
            state=State.INITIAL_GRACE,
        )
        return request._replace(**changes)

    def request_body(self, asked: Edition = CAD_PRO, **changes: Any) -> bytes:
        return encode_request(self.request(asked, **changes))


@dataclass
class CertifiedHost:
    """An activation host that the vendor certified; answers any request with whatever claims a test wants."""

    vendor: VendorKeys
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def private(self) -> Ed25519PrivateKey:
        return key_of(self.vendor.seed, "host")

    @property
    def certificate(self) -> bytes:
        return self.vendor.certificate(public_bytes(self.private), **self.changes)

    def reply(self, request: bytes, count: int = 25, at: datetime = MORNING) -> bytes:
        return sign_answer(self.private, request, self.certificate, ReplyClaims(count, seconds(at), 120, 7 * 24 * 60))

    def refuse(self, request: bytes, code: int, at: datetime = MORNING) -> bytes:
        return sign_answer(self.private, request, self.certificate, RefusalClaims(code, seconds(at), 120))


def days(number: float) -> timedelta:
    """Short for a number of days."""
    return timedelta(days=number)
