"""The vendor's activation service by HTTPS, as `VendorService` (spec/vendor.md)."""

from __future__ import annotations

from muster.platform.vendor_api import Activated, VendorApi


class VendorHttp:
    """`VendorService` with the system's proxies and authorities; every request has a connection of its own."""

    async def activate(self, address: str, installation: bytes) -> Activated:
        """See `VendorService`."""
        return await VendorApi(address).activate(installation)

    async def keyset(self, address: str, vendor_id: bytes, number: int) -> bytes:
        """See `VendorService`."""
        found = await VendorApi(address).keyset(vendor_id, number)
        return found.data if found is not None else b""
