"""What `muster directory` needs of the world beside directories (`muster.platform.ldap.port`). No behaviour lives here."""

from __future__ import annotations

from typing import Protocol

from muster.platform.vendor_api import Certified


class Controllers(Protocol):
    """Where the servers of a domain are."""

    async def find(self, domain: str) -> tuple[str, ...]:
        """URLs of its directory servers, the best first; of the machine's own domain when `domain` is empty.

        `Unreachable` with DNS_UNREACHABLE, or `Refused` with NO_DOMAIN when DNS knows none.
        """


class VendorService(Protocol):
    """The vendor's activation service."""

    async def certify(self, installation: bytes) -> Certified:
        """The vendor's confirmation of a packed installation id; `Unreachable`, `Untrusted`, or `Refused` with its own no."""
