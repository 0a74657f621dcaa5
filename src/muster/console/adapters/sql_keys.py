"""`KeyBooks` inside one transaction of SQLAlchemy Core."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from muster.console.adapters import tables as t
from muster.console.adapters.moments import utc, utc_or_none
from muster.console.core.keys import StoredKey
from muster.console.ports import Left, StoredProduct
from muster.trust.productkey import KeyKind, ProductKey


class SqlKeyBooks:
    """See `KeyBooks`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._do = connection.execute

    def products(self) -> list[StoredProduct]:
        """See `KeyBooks`."""
        rows = self._do(sa.select(t.product).order_by(t.product.c.vendor_id))
        return [StoredProduct(bytes.fromhex(r.vendor_id), r.vendor, r.serial, r.text) for r in rows]

    def keep_product(self, product: StoredProduct) -> None:
        """See `KeyBooks`."""
        self.remove_product(product.vendor_id)
        values = {"vendor": product.vendor, "serial": product.serial, "text": product.text}
        self._do(sa.insert(t.product).values(vendor_id=product.vendor_id.hex(), **values))

    def remove_product(self, vendor_id: bytes) -> None:
        """See `KeyBooks`."""
        self._do(sa.delete(t.product).where(t.product.c.vendor_id == vendor_id.hex()))

    def add_key(self, key: ProductKey, sealed: bytes, note: str, now: datetime) -> int | None:
        """See `KeyBooks`."""
        reference = key.reference.hex()
        if self._do(sa.select(t.product_key.c.id).where(t.product_key.c.reference == reference)).first() is not None:
            return None
        values: dict[str, Any] = {"kind": int(key.kind), "scope": key.scope, "partial": key.partial, "note": note}
        values |= {"reference": reference, "sealed": sealed, "added_at": now, "edition": ""}
        found: int = self._do(sa.insert(t.product_key).values(values).returning(t.product_key.c.id)).scalar_one()
        return found

    def keys(self) -> list[StoredKey]:
        """See `KeyBooks`."""
        return [_key(row) for row in self._do(sa.select(t.product_key).order_by(t.product_key.c.id)).mappings()]

    def note_left(self, key: int, left: Left, now: datetime) -> None:
        """See `KeyBooks`."""
        values = {"edition": left.edition, "remaining": left.remaining, "total": left.total, "refreshed_at": now}
        self._do(sa.update(t.product_key).where(t.product_key.c.id == key).values(values))

    def remove_key(self, key: int) -> None:
        """See `KeyBooks`."""
        self._do(sa.delete(t.product_key).where(t.product_key.c.id == key))


def _key(row: sa.RowMapping) -> StoredKey:
    return StoredKey(
        row["id"],
        KeyKind(row["kind"]),
        row["scope"],
        row["partial"],
        bytes.fromhex(row["reference"]),
        bytes(row["sealed"]),
        row["note"],
        utc(row["added_at"]),
        row["edition"],
        row["remaining"],
        row["total"],
        utc_or_none(row["refreshed_at"]),
    )
