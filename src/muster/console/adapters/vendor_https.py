"""`VendorService` by HTTPS."""

from __future__ import annotations

import ssl

from muster.console.ports import Left
from muster.platform.vendor_api import VendorApi
from muster.platform.vendor_api.answers import nonsense
from muster.trust.productkey import ProductKey


class HttpsVendor:
    """See `VendorService`. `Misconfigured` for an address that is none; `tls` stands in for the system's authorities."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None) -> None:
        self._api = VendorApi(address, tls=tls)

    async def confirm_bundle(self, text: str) -> bytes:
        """See `VendorService`."""
        return await self._api.confirm_bundle(text)

    async def left(self, key: ProductKey) -> Left:
        """See `VendorService`."""
        told = await self._api.remaining(key.formatted)
        return Left(told.remaining, told.total, told.edition)

    async def product_file(self, vendor_id: bytes) -> bytes:
        """See `VendorService`."""
        fetched = await self._api.product_file(vendor_id)
        if fetched is None:
            raise nonsense("nothing new, though nothing was known")
        return fetched.data
