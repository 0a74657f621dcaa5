"""What the licensing service needs of the world, in its own words. No behaviour lives here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from muster.client.core.carried import Carried
from muster.client.core.choices import Choices
from muster.client.core.diagnosis import HomeAccess
from muster.client.core.discovery import Address, ServiceRecord
from muster.client.core.membership import Membership
from muster.platform.ldap.port import Directories, Login
from muster.platform.vendor_api import Activated
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import Product
from muster.wire.record import VendorRecord


class NameService(Protocol):
    """DNS as this machine sees it."""

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        """The machine's own domain (empty when it has none) and the resolver's search list. Never fails."""

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        """The SRV records of a full name; empty when there are none.

        `Unreachable` with DNS_UNREACHABLE when no name server gave an answer.
        """

    async def addresses(self, name: str) -> tuple[str, ...]:
        """Numeric addresses of a host name; a numeric one is its own. Empty when there are none.

        `Unreachable` with DNS_UNREACHABLE when no name server gave an answer.
        """


class HostTransport(Protocol):
    """The way to an activation host."""

    async def exchange(self, address: Address, body: bytes) -> bytes:
        """Send one request's body and return the body of what comes back, within one absolute deadline.

        `Unreachable` with HOST_UNREACHABLE when nothing comes, `Malformed` when it is no frame.
        """

    def keep(self, address: Address) -> None:
        """Remember where `address` answered, for times when no name server does. Never fails."""

    def forget(self) -> None:
        """Remember no host any more. Never fails."""


class Domain(Protocol):
    """The domain of this machine, and the way to its directory."""

    @property
    def directories(self) -> Directories:
        """The way to directories."""

    def membership(self) -> Membership | None:
        """The domain this machine belongs to; None when it surely belongs to none.

        `Refused` with DIRECTORY_REFUSED when that cannot be told, `Misconfigured` for files that make no sense.
        """

    def login(self, membership: Membership) -> Login:
        """How the machine logs in; `Refused` with DIRECTORY_REFUSED when its keys cannot be read."""


class VendorService(Protocol):
    """The way to a vendor's activation service (spec/vendor.md). Raises `Unreachable`, `Untrusted`, or its own no."""

    async def activate(self, address: str, installation: bytes) -> Activated:
        """Have a packed installation id confirmed."""

    async def keyset(self, address: str, vendor_id: bytes, number: int) -> bytes:
        """The signed keyset of a version; `Refused` with NOT_FOUND where there is none, or it is another vendor's service."""


class State(Protocol):
    """What a machine keeps. Writing is all or nothing and raises `Misconfigured` (HOME_NOT_WRITABLE) or `StoreFailed`."""

    def vendors(self) -> tuple[bytes, ...]:
        """Ids (8 bytes) of the vendors whose product file is installed."""

    def product(self, vendor_id: bytes) -> Product:
        """The installed product, with the longest keyset chain known; `Malformed` or `Untrusted` for a damaged file."""

    def record(self, vendor_id: bytes) -> VendorRecord | None:
        """The record; None when there is none yet. `Malformed` with STATE_CORRUPT when it cannot be read."""

    def secrets(self, vendor_id: bytes) -> Mapping[int, bytes]:
        """K of each edition's multiple activation key, by edition id."""

    def save_product(self, vendor_id: bytes, text: bytes) -> None:
        """Install or replace a product file."""

    def save_keysets(self, vendor_id: bytes, keysets: TrustedKeysets) -> None:
        """Keep a longer chain than the product file's."""

    def save_record(self, vendor_id: bytes, record: VendorRecord) -> None:
        """Replace the record; the one before stays beside it."""

    def save_secrets(self, vendor_id: bytes, secrets: Mapping[int, bytes]) -> None:
        """Replace the secrets."""

    def request(self, vendor_id: bytes, edition: int) -> Carried | None:
        """The activation request that waits for a reply by file; `Malformed` with STATE_CORRUPT when it is damaged."""

    def save_request(self, vendor_id: bytes, edition: int, carried: Carried | None) -> None:
        """Replace it; None forgets it."""

    def entered(self, vendor_id: bytes, edition: int) -> tuple[bytes, str] | None:
        """A packed installation id, and the groups of its confirmation id that were typed so far; None without any."""

    def save_entered(self, vendor_id: bytes, edition: int, entered: tuple[bytes, str] | None) -> None:
        """Replace it; None forgets it."""

    def choices(self) -> Choices:
        """What commands have set."""

    def save_choices(self, choices: Choices) -> None:
        """Replace what commands have set."""

    def offered(self) -> tuple[tuple[str, bytes], ...]:
        """Names and contents of the files in ``products.d``."""


class Journal(Protocol):
    """The machine's own log of stable, documented events."""

    def note(self, now: datetime, name: str, **fields: object) -> None:
        """Write one event down. Never fails: a full disk must not stop an activation."""

    def last(self, number: int) -> tuple[dict[str, object], ...]:
        """The newest events, oldest first."""


class Inspection(Protocol):
    """Looking at things without changing them, for a diagnosis."""

    def home(self) -> HomeAccess:
        """What this user may do with the state folder. Never fails."""

    async def reach(self, address: Address, number: str) -> None:
        """Open a connection to one numeric address of a host, and close it; `Unreachable` with HOST_UNREACHABLE."""


class Wake(StrEnum):
    """Why the service woke."""

    DEADLINE = "deadline"
    CLOCK = "clock was set"
    NETWORK = "network changed"
    FILES = "files changed"
    TOLD = "told"


class Wakes(Protocol):
    """Sleep until something is to be done."""

    async def next(self, until: datetime | None, *, network: bool = False) -> frozenset[Wake]:
        """Sleep until the moment, or until something happened; why. None: only until something happened.

        `network` says whether a change of the network is worth waking for.
        """

    def tell(self) -> None:
        """Have whoever sleeps, or sleeps next, wake at once."""

    def close(self) -> None:
        """Let go of what the system gave."""
