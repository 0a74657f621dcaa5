"""Files that a deployment tool pushes to machines: a fleet file, product files, and confirmations machine by machine."""

from __future__ import annotations

from collections.abc import Sequence

from muster.base.errors import Code, Misconfigured, Refused
from muster.console.core.fleet_file import CONFIRMATION, NAME, WAYS, ProductWish, file_name, fleet_text
from muster.console.core.installations import Installation, lasts
from muster.console.ports import Machine
from muster.console.service.acting import Console
from muster.console.service.products import vendor_named
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey
from muster.wire.confirmation import encode_confirmation_file


def fleet_files(
    console: Console,
    machines: Sequence[Machine],
    *,
    vendor: str = "",
    edition: str = "",
    keys: Sequence[ProductKey] = (),
    hosts: Sequence[str] | None = None,
    way: str = "",
) -> dict[str, str]:
    """Texts by relative path: ``FLEET.toml`` for all, and a folder for each machine that has a confirmation kept here.

    A folder of a machine holds all that it needs. `Misconfigured` for what is not known, `Refused` (KEY_WRONG_KIND,
    KEY_WRONG_EDITION) for a key that is not for the vendor's editions. The keys stand in the files.
    """
    if way and way not in WAYS:
        raise Misconfigured(Code.USAGE, f"there is no type {way!r}", f"one of {', '.join(WAYS)}")
    now = console.clock.now()
    known = console.store.run(lambda books: books.products())
    product = vendor_named(console, vendor)
    text = next(each.text for each in known if each.vendor_id == product.keysets.vendor_id)
    file = file_name(product.claims.vendor)
    wishes = _wishes(product, file, edition, keys)
    console.store.run(
        lambda books: books.audit(
            now,
            console.actor,
            "fleet.exported",
            product.claims.vendor,
            {"keys": ", ".join(key.partial for key in keys)},
        )
    )
    found = {NAME: fleet_text(wishes, hosts, way), file: text}
    names = {machine.id: machine.target.name for machine in machines}
    for machine, confirmed, _ in console.store.run(lambda books: books.linked(list(names))):
        if confirmed.vendor_id == product.keysets.vendor_id and lasts(confirmed, now):
            own = [_with_confirmation(wish, confirmed) for wish in wishes]
            if own != wishes:
                found[f"{names[machine]}/{NAME}"] = fleet_text(own, hosts, way)
                found[f"{names[machine]}/{file}"] = text
                confirmation = encode_confirmation_file(confirmed.packed, confirmed.confirmation)
                found[f"{names[machine]}/{CONFIRMATION}"] = confirmation
    return found


def _wishes(product: Product, file: str, edition: str, keys: Sequence[ProductKey]) -> list[ProductWish]:
    if not keys:
        return [ProductWish(file, product.edition(edition).name if edition else "")]
    wishes = []
    for key in keys:
        if key.kind is KeyKind.HOST:
            raise Refused(Code.KEY_WRONG_KIND, f"…{key.partial} is a host key: it belongs on an activation host")
        fitting = product.edition_by_id(key.scope)
        if fitting is None or edition not in {"", fitting.name}:
            raise Refused(
                Code.KEY_WRONG_EDITION, f"…{key.partial} is not for {edition or f'editions of {product.claims.vendor}'}"
            )
        wishes.append(ProductWish(file, fitting.name, key.formatted))
    return wishes


def _with_confirmation(wish: ProductWish, confirmed: Installation) -> ProductWish:
    is_for_it = wish.key and wish.edition == confirmed.edition
    return ProductWish(wish.file, wish.edition, wish.key, CONFIRMATION) if is_for_it else wish
