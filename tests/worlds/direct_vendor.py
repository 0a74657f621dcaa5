"""The console's `VendorService` without a network: a real vendor asked directly."""

from __future__ import annotations

from dataclasses import dataclass, field

from muster.base.errors import Code, MusterError, Refused
from muster.console.ports import Left
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor
from tests.worlds.vendor_world import Acme


@dataclass
class DirectVendor:
    """`asked` are what was asked; `trouble` is raised instead of an answer."""

    acme: Acme
    asked: list[str] = field(default_factory=list)
    trouble: MusterError | None = None

    async def confirm_bundle(self, text: str) -> bytes:
        self._note("confirm_bundle")
        return vendor.confirm_bundle(self.acme.vendor, text).file.encode()

    async def left(self, key: ProductKey) -> Left:
        self._note("left")
        row = self.acme.row(key)
        if key.kind is not KeyKind.MAK:
            raise Refused(Code.KEY_WRONG_KIND, "no multiple activation key")
        return Left(row.activations - row.used, row.activations, row.scope_name)

    async def product_file(self, vendor_id: bytes) -> bytes:
        del vendor_id
        self._note("product_file")
        return vendor.export_product(self.acme.vendor).encode()

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.trouble is not None:
            raise self.trouble
