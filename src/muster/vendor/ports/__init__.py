"""What the vendor needs of the world, in its own words. No behaviour lives here, but an end of two that comes first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.trust.productkey import KeyKind
from muster.vendor.core.ledger import Cost
from muster.vendor.ports.audit import AuditRow, Audits, PersonKept, RemarkKept
from muster.vendor.ports.customers import Customer, Customers, Organisation, Reported, ReportRow
from muster.vendor.ports.lists import Listed, Search
from muster.vendor.ports.webhooks import Delivery, Webhook, Webhooks
from muster.wire.certificate import CertificateClaims
from muster.wire.installation import SubjectKind

__all__ = [
    "Activation",
    "AuditRow",
    "Audits",
    "Books",
    "CertificateRow",
    "Customer",
    "Customers",
    "Delivery",
    "KeyRow",
    "Keys",
    "Listed",
    "Listings",
    "MachineRow",
    "Organisation",
    "PersonKept",
    "RemarkKept",
    "ReportRow",
    "Reported",
    "Search",
    "Store",
    "Totals",
    "Webhook",
    "Webhooks",
]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A product key as it is kept: never the key itself. `secret` is K, encrypted. Days are day numbers, 0 for none."""

    id: int
    kind: KeyKind
    scope: int
    scope_name: str
    organisation: Organisation
    partial: str
    lookup: bytes
    reference: bytes
    secret: bytes
    level: int
    hosts: int
    reactivations: int
    activations: int
    used: int
    reactivated: int
    days: int
    seats: int
    until_day: int
    covers_until_day: int
    is_blocked: bool
    replaced_by: int | None
    created_at: datetime

    @property
    def end_day(self) -> int:
        """The last day of the key: its own or its customer's contract's, whichever comes first; 0 for none."""
        return min((day for day in (self.until_day, self.organisation.until_day) if day), default=0)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate that was given: everything that its signature is made from, so that it can be made again."""

    serial: int
    key_id: int
    kind: SubjectKind
    claims: CertificateClaims
    cost: Cost
    replaced_by: int | None
    is_withdrawn: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A machine that was activated with a multiple activation key."""

    id: int
    key_id: int
    installation: bytes
    parts: bytes
    end_day: int
    cost: Cost
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """A machine or certificate with the key and customer behind it. `serial` is a certificate's."""

    number: int
    kind: SubjectKind
    key_id: int
    partial: str
    scope_name: str
    organisation: str
    cost: Cost
    created_at: datetime
    is_withdrawn: bool = False
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """How many there are of each."""

    organisations: int
    keys: int
    machines: int
    hosts: int


class Listings(Protocol):
    """What people look at, a page at a time; newest first. Stays quick at millions of rows."""

    def list_keys(self, search: Search) -> Listed[KeyRow]:
        """Keys; `text` in scope and customer, or the last five characters. States: blocked, exhausted, open."""

    def list_machines(self, search: Search) -> Listed[Activation]:
        """Machines that were activated with a multiple activation key."""

    def list_certificates(self, search: Search) -> Listed[Activation]:
        """Hosts and directories. States: withdrawn, replaced, open."""

    def list_audit(self, search: Search) -> Listed[AuditRow]:
        """Audit rows; `text` in actor, action and subject; with `key` those about that key."""

    def totals(self) -> Totals:
        """How many there are of each."""

    def activations_per_day(self, since: date) -> Mapping[date, int]:
        """Machines and certificates given on each day (UTC) since; days without any are missing."""

    def nearly_exhausted(self, most: int) -> tuple[KeyRow, ...]:
        """Keys of which four fifths or more of a pool of five or more are used, fullest first."""


class Books(Audits, Listings, Customers, Webhooks, Protocol):
    """The vendor's books inside one transaction: all of it is kept, or nothing."""

    def setting(self, name: str) -> str | None:
        """A single fact, like the vendor's name."""

    def set_setting(self, name: str, value: str) -> None:
        """Keep a single fact."""

    def grow(self, name: str) -> int:
        """Count a number up and return it; the first is 1."""

    def keysets(self) -> tuple[bytes, ...]:
        """The signed keysets 1 … N."""

    def keyset_version(self) -> int:
        """The newest version; 0 before the first."""

    def add_keyset(self, version: int, document: bytes) -> None:
        """Append the next one."""

    def definition(self) -> str | None:
        """The product definition that was imported last, as text."""

    def definitions(self) -> tuple[str, ...]:
        """Every product definition that ever held, oldest first."""

    def add_definition(self, text: str) -> None:
        """Keep a newer one."""

    def keys(self, organisation: Organisation | None = None) -> tuple[KeyRow, ...]:
        """Keys by id."""

    def keys_by_reference(self, reference: bytes, *, hold: bool = False) -> tuple[KeyRow, ...]:
        """The keys of a reference; with `hold` nobody else spends from them until the transaction ends."""

    def keys_by_partial(self, partial: str, most: int) -> tuple[KeyRow, ...]:
        """The first `most` keys that end in these five characters, by id."""

    def key_by_lookup(self, lookup: bytes) -> KeyRow | None:
        """The key of a lookup HMAC."""

    def key(self, key_id: int) -> KeyRow | None:
        """The key of an id."""

    def add_key(self, row: KeyRow) -> KeyRow:
        """Keep a new key; its id is given by the books."""

    def add_keys(self, rows: Sequence[KeyRow]) -> tuple[int, ...]:
        """Keep many new keys; their ids, in the same order."""

    def update_key(self, row: KeyRow) -> None:
        """Keep what changed of a key."""

    def spend(self, row: KeyRow) -> None:
        """Keep `used` and `reactivated` of a key that is held, and nothing else of it."""

    def mark_low(self, key_id: int, at: datetime) -> None:
        """Keep when four fifths of a key's pool were used: `nearly_exhausted` looks at the newest of these keys."""

    def certificates(self, key_id: int, kind: SubjectKind | None = None) -> tuple[CertificateRow, ...]:
        """The certificates given under a key, by serial."""

    def certificate(self, serial: int) -> CertificateRow | None:
        """The certificate of a serial."""

    def add_certificate(self, row: CertificateRow) -> CertificateRow:
        """Keep a new certificate; its serial is given by the books."""

    def skip_serials(self, number: int) -> None:
        """Leave out so many serials before the next certificate."""

    def replace_certificate(self, serial: int, by: int) -> None:
        """Keep by which certificate one was replaced."""

    def withdraw_certificate(self, serial: int) -> None:
        """Keep that a certificate was withdrawn."""

    def machines_like(self, key_id: int, installation: bytes, parts: bytes) -> tuple[MachineRow, ...]:
        """The machines of a key that have this installation id, and all that may be the same hardware."""

    def machines(self, key_id: int) -> tuple[MachineRow, ...]:
        """All machines of a key."""

    def add_machine(self, row: MachineRow) -> MachineRow:
        """Keep a machine that is about to be confirmed."""


class Store(Protocol):
    """Where the books are."""

    def run(self, work: Callable[[Books], Result], *, holding: bool = False) -> Result:
        """Do `work` in one transaction, again from its beginning when another one got in its way.

        `StoreFailed` when the database does not take it; nothing is kept then. `work` must be free of side effects.
        `holding` work first holds the key whose machines and certificates it reads and writes: nobody else is in its way.
        """


class Keys(Protocol):
    """Private keys, unlocked."""

    def issuing(self, public: bytes) -> Ed25519PrivateKey:
        """The issuing key of a public key (32 bytes); `Misconfigured` when it is not here."""

    def add_issuing(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        """Keep new issuing keys, encrypted, beside all that were kept before."""

    def roots(self, wanted: Collection[bytes] | None = None) -> Sequence[Ed25519PrivateKey]:
        """The root keys that are at hand, of those `wanted` by their public keys; they may be elsewhere."""

    def add_root(self, root: Ed25519PrivateKey) -> str:
        """Keep a new root key, encrypted, beside those that are at hand; the name of its file."""

    def lookup(self, key_text: str) -> bytes:
        """HMAC of a canonical product key: finds it without keeping it."""

    def seal(self, secret: bytes, reference: bytes) -> bytes:
        """K, encrypted for the books."""

    def unseal(self, box: bytes, reference: bytes) -> bytes:
        """K again; `StoreFailed` when the box was tampered with."""
