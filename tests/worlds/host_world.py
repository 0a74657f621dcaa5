"""A vendor small enough for a test, machines that ask by hand, and a clock that only the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.host import app as host
from muster.trust.chain import Answer, issue_certificate, verify_answer
from muster.trust.cose import public_bytes
from muster.trust.humanid import format_confirmation, parse_installation
from muster.trust.keyset import TrustedKeysets, enter, sign_keyset
from muster.trust.product import issue_product
from muster.trust.productkey import KeyKind, ProductKey, make_key
from muster.wire.activation import ActivationRequest, Flags, ReplyClaims, State, encode_request
from muster.wire.calendar import day_number
from muster.wire.certificate import CertificateClaims
from muster.wire.confirmation import confirmation_of, encode_confirmation_file, pack_confirmation
from muster.wire.frame import MAX_FRAME, FrameReader, frame
from muster.wire.installation import DirectoryId, HostId, SubjectKind, pack_installation
from muster.wire.keyset import IssuingKey, Keyset, Purpose
from muster.wire.product import DeviceClass, Edition, Group, Policy, ProductClaims
from muster.wire.sign1 import decode_sign1

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GROUP = 1
CLIENT_EDITION, SERVER_EDITION = 1001, 1002
ANSWER_SECONDS = 10.0


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()

    def boot_seconds(self) -> float:
        return self.monotonic()

    def boot_id(self) -> bytes:
        return bytes(8)

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


def private(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))


@dataclass
class SmallVendor:
    """A vendor whose keys follow from `seed`; two groups, the second for another suite."""

    name: str = "Acme Software"
    seed: int = 1
    srv: str = "_muster._tcp"
    withdrawn: tuple[int, ...] = ()
    versions: int = 1
    serial: int = field(default=0, init=False)

    @property
    def root(self) -> Ed25519PrivateKey:
        return private(self.seed * 1000)

    @property
    def host_key(self) -> Ed25519PrivateKey:
        return private(self.seed * 1000 + 1)

    @property
    def product_key(self) -> Ed25519PrivateKey:
        return private(self.seed * 1000 + 2)

    @property
    def object_key(self) -> Ed25519PrivateKey:
        return private(self.seed * 1000 + 3)

    def keysets(self) -> tuple[bytes, ...]:
        """The signed keysets; what is withdrawn stands in the newest."""
        return _keysets(self.seed, self.withdrawn, self.versions)

    @property
    def trusted(self) -> TrustedKeysets:
        return _entered(self.keysets())

    def product_file(self, serial: int = 1) -> bytes:
        editions = (
            Edition(CLIENT_EDITION, "acme-cad-pro", "Acme CAD", GROUP, 10, DeviceClass.CLIENT, 25),
            Edition(SERVER_EDITION, "acme-cad-server", "Acme CAD", GROUP, 10, DeviceClass.SERVER, 5),
        )
        groups = (Group(GROUP, "acme-cad"), Group(2, "acme-office"))
        claims = ProductClaims(2, serial, day_number(START), self.name, "", Policy(srv=self.srv), groups, editions)
        return issue_product(self.product_key, claims, self.keysets()).encode()

    def key(self, kind: KeyKind = KeyKind.HOST, scope: int = GROUP, chance: int = 7) -> ProductKey:
        return make_key(kind, scope, bytes((chance,)) * 16)

    def confirm(
        self, digits: str, *, level: int = 255, days: int = 3 * 365, begins: datetime = START, scope: int = GROUP
    ) -> str:
        """The confirmation id for an installation id."""
        return format_confirmation(self._confirmation(digits, level=level, days=days, begins=begins, scope=scope))

    def confirm_directory(self, digits: str, *, days: int = 3 * 365) -> str:
        """The confirmation id for a directory's installation id."""
        installation = parse_installation(digits)
        assert isinstance(installation, DirectoryId)
        self.serial += 1
        day = day_number(START)
        claims = CertificateClaims(3, self.serial, 7, day, days, installation.subject, GROUP, 255)
        signed = issue_certificate(self.object_key, claims, Purpose.OBJECT)
        return format_confirmation(confirmation_bytes(claims, signed, SubjectKind.DIRECTORY))

    def confirmation_file(self, digits: str) -> str:
        packed = pack_installation(parse_installation(digits))
        return encode_confirmation_file(
            packed, self._confirmation(digits, level=255, days=365, begins=START, scope=GROUP)
        )

    def _confirmation(self, digits: str, *, level: int, days: int, begins: datetime, scope: int) -> bytes:
        installation = parse_installation(digits)
        assert isinstance(installation, HostId)
        self.serial += 1
        claims = CertificateClaims(1, self.serial, 7, day_number(begins), days, installation.subject, scope, level)
        signed = issue_certificate(self.host_key, claims, Purpose.HOST)
        return confirmation_bytes(claims, signed, SubjectKind.HOST)


def confirmation_bytes(claims: CertificateClaims, certificate: bytes, kind: SubjectKind) -> bytes:
    return pack_confirmation(confirmation_of(claims, decode_sign1(certificate).signature, kind))


def certified_home(home: Path, vendor: SmallVendor | None = None, clock: HandClock | None = None) -> SmallVendor:
    """A home that is ready to serve."""
    vendor, clock = vendor or SmallVendor(), clock or HandClock()
    host.set_up(home, vendor.product_file(), vendor.key().formatted, clock=clock)
    host.confirm(home, vendor.confirm(host.installation_id(home)), clock=clock)
    return vendor


def request(vendor: SmallVendor, number: int, edition: int = CLIENT_EDITION, **changes: object) -> bytes:
    """The request of machine `number`."""
    values: dict[str, object] = {
        "vendor_id": vendor.trusted.vendor_id,
        "edition": edition,
        "group": GROUP,
        "level": 10,
        "threshold": 5 if edition == SERVER_EDITION else 25,
        "client_id": number.to_bytes(16, "big"),
        "parts": bytes(16),
        "nonce": number.to_bytes(16, "little"),
        "state": State.INITIAL_GRACE,
        "flags": Flags.NONE,
    }
    return encode_request(ActivationRequest(**{**values, **changes}))  # type: ignore[arg-type]


@lru_cache
def _keysets(seed: int, withdrawn: tuple[int, ...], versions: int) -> tuple[bytes, ...]:
    """Made once: a vendor of a test is asked for them with every request."""
    day, vendor = day_number(START), SmallVendor(seed=seed)
    keys = (
        (1, Purpose.HOST, vendor.host_key),
        (2, Purpose.PRODUCT, vendor.product_key),
        (3, Purpose.OBJECT, vendor.object_key),
    )
    issuing = tuple(
        IssuingKey(number, purpose, public_bytes(key), day - 10, day + 10_000) for number, purpose, key in keys
    )
    roots = (public_bytes(vendor.root),)
    newest = {versions: withdrawn}
    return tuple(
        sign_keyset(Keyset(version, day, day + 10_000, 1, roots, issuing, newest.get(version, ())), [vendor.root])
        for version in range(1, versions + 1)
    )


@lru_cache
def _entered(documents: tuple[bytes, ...]) -> TrustedKeysets:
    return enter(documents)


async def exchange(address: str, body: bytes, source: str = "") -> bytes | None:
    """One frame there, one frame back; None when the host closed without one. `source` is the address to ask from."""
    name, _, port = address.rpartition(":")
    async with asyncio.timeout(ANSWER_SECONDS):
        local = (source, 0) if source else None
        reader, writer = await asyncio.open_connection(name.strip("[]"), int(port), local_addr=local)
        try:
            writer.write(frame(body))
            frames = FrameReader()
            while data := await reader.read(MAX_FRAME + 1):
                if (answer := frames.feed(data)) is not None:
                    return answer
            return None
        except ConnectionError:
            return None
        finally:
            writer.close()


async def ask(address: str, vendor: SmallVendor, number: int, edition: int = CLIENT_EDITION, source: str = "") -> int:
    """The count that machine `number` is told, its proof verified."""
    body = request(vendor, number, edition)
    reply = await exchange(address, body, source)
    assert reply is not None
    answer: Answer = verify_answer(body, reply, vendor.trusted)
    assert isinstance(answer.claims, ReplyClaims)
    return answer.claims.count
