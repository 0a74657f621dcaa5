"""Directories activated from the console: with a host key that is kept here, online or by a bundle that is carried.

The confirmation of a directory is kept as those of machines are, so an object that was deleted is written again at no cost.
"""

from __future__ import annotations

from muster.base.errors import Code, Misconfigured, Refused
from muster.console.core.installations import Installation
from muster.console.directory.service.objects import Activated, activate, delete, find, installation_id, visible
from muster.console.ports import Books, VendorService
from muster.console.service.acting import Console
from muster.console.service.products import products
from muster.console.service.proxying import Request, confirm_these, request_bundle
from muster.platform.ldap.objects import Kept
from muster.platform.ldap.port import Directory
from muster.trust.product import Product
from muster.trust.productkey import ProductKey
from muster.wire.installation import pack_installation

__all__ = ["Kept", "activate_forest", "delete_object", "find", "forest_request", "product_of_key", "visible"]


def product_of_key(console: Console, key: ProductKey) -> Product:
    """The product file that names the group of a host key; `Misconfigured` when none, or several vendors' do."""
    fitting = [product for product in products(console) if product.group(key.scope) is not None]
    if len(fitting) != 1:
        names = ", ".join(product.claims.vendor for product in fitting)
        raise Misconfigured(
            Code.NOT_FOUND,
            f"…{key.partial} may be of {names}" if names else f"no product file here fits key …{key.partial}",
            "Name the vendor, or add its product file: muster console products add FILE",
        )
    return fitting[0]


async def forest_request(
    console: Console, directory: Directory, product: Product, key: ProductKey, *, fresh: bytes, base: str = ""
) -> Request:
    """A request bundle with the directory's installation id, to be carried to the vendor. `fresh` as in `request_bundle`."""
    shown = await _shown(console, directory, product, key, base)
    return request_bundle(console, [shown], fresh, with_names=False)


async def activate_forest(
    console: Console,
    directory: Directory,
    product: Product,
    key: ProductKey,
    *,
    service: VendorService | None,
    fresh: bytes,
    name: str = "",
    base: str = "",
    only_group: str = "",
    again: bool = False,
) -> Activated:
    """Put the activation object into a directory: by the confirmation that is kept here, else as the `service` confirms.

    `again`: ask although one is kept. `Refused` with NOT_FOUND where none is kept and no service is given, with the vendor's
    own no, or with what `objects.activate` raises.
    """
    shown = await _shown(console, directory, product, key, base)
    if service is not None and (again or not shown.confirmation):
        taken = await confirm_these(console, [shown], product, service, fresh)
        (verdict,) = (row.verdict for row in taken.rows)
        if not verdict.is_good:
            raise Refused(Code(verdict.code), verdict.text, "See the vendor about the host key.")
        shown = await _shown(console, directory, product, key, base)
    if not shown.confirmation:
        raise Refused(
            Code.NOT_FOUND,
            "there is no confirmation for this directory here",
            "Ask online, or carry a bundle: muster console directory activate --export FILE, then muster console import.",
        )
    now = console.clock.now()
    begun = {"partial_key": key.partial, "name": name, "base": base, "only_group": only_group}
    console.store.run(
        lambda books: books.audit(now, console.actor, "directory.activation", product.claims.vendor, begun)
    )
    done = await activate(directory, product, shown.confirmation, now, name=name, base=base, only_group=only_group)
    details = {"dn": done.dn, "serial": done.claims.serial, "partial_key": key.partial}
    console.store.run(lambda books: books.audit(now, console.actor, "directory.activated", done.name, details))
    return done


async def delete_object(console: Console, directory: Directory, kept: Kept) -> None:
    """Remove an activation object, on record; machines stay activated until their leases end."""
    now = console.clock.now()
    console.store.run(
        lambda books: books.audit(now, console.actor, "directory.object-deleted", kept.name, {"dn": kept.dn})
    )
    await delete(directory, kept)


async def _shown(console: Console, directory: Directory, product: Product, key: ProductKey, base: str) -> Installation:
    """What the directory shows under this key, as it is kept here."""
    packed = pack_installation(await installation_id(directory, product, key, base))
    group = product.group(key.scope)
    new = Installation(packed, product.keysets.vendor_id, group.name if group else "", "directory", console.clock.now())

    def work(books: Books) -> Installation:
        books.keep_installation(new)
        (found,) = books.installations([packed])
        return found

    return console.store.run(work)
