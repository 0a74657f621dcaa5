"""From an empty home to a certified host: product file, host key, installation id, confirmation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.entropy import Entropy, SystemEntropy
from muster.base.errors import Code, Misconfigured, Untrusted
from muster.host.adapters.home_folder import HomeFolder, Vendor
from muster.host.app.settings import SETTINGS
from muster.host.core.identity import PRIVATE_BYTES, Identity, check_key, confirm_one, make_identity
from muster.trust.humanid import format_installation, parse_confirmation
from muster.trust.product import Product, open_product
from muster.trust.productkey import KeyKind, parse_key
from muster.wire.confirmation import decode_confirmation_file, encode_installation_file
from muster.wire.installation import pack_installation


def initialise(home: Path, product_file: bytes, *, clock: Clock | None = None) -> Product:
    """Make a home for the vendor of `product_file`; `Misconfigured` with ALREADY_SET_UP when it is one for that vendor.

    A home that is another vendor's takes this one in, too.
    """
    product = open_product(product_file, now=(clock or SystemClock()).now())
    folder = HomeFolder(home)
    if folder.product(product.keysets.vendor_id) is not None:
        raise Misconfigured(
            Code.ALREADY_SET_UP,
            f"{home} is set up for {product.claims.vendor} already",
            "A newer product file comes with: muster host install FILE",
        )
    return _write(folder, product, product_file)


def install(home: Path, product_file: bytes, *, clock: Clock | None = None, force: bool = False) -> Product:
    """Take a newer product file, or one of another vendor; PRODUCT_TOO_OLD for an older one unless `force`."""
    now = (clock or SystemClock()).now()
    offered = open_product(product_file, now=now)
    folder = HomeFolder(home)
    installed = folder.product(offered.keysets.vendor_id)
    if installed is not None and not force:
        open_product(product_file, now=now, known=installed.keysets, least_serial=installed.claims.serial)
    return _write(folder, offered, product_file)


def _write(folder: HomeFolder, product: Product, product_file: bytes) -> Product:
    folder.write_settings(SETTINGS.example())
    folder.write_product(product, product_file)
    return product


def install_key(
    home: Path, key_text: str, *, vendor: str = "", entropy: Entropy | None = None
) -> tuple[Identity, bool]:
    """The identity for a host key, and whether it is new; the same key again changes nothing.

    `Malformed` with KEY_MALFORMED, `Refused` with KEY_WRONG_KIND or KEY_UNKNOWN. `vendor` (a name) is needed when
    several vendors have such a group.
    """
    key = parse_key(key_text)
    folder = HomeFolder(home)
    owner = _owner(home, folder, key.kind, key.scope, vendor)
    check_key(owner.product, key)
    for identity in owner.identities:
        if identity.installation.reference == key.reference:
            return identity, False
    identity = make_identity(owner.product, key, (entropy or SystemEntropy()).token(PRIVATE_BYTES))
    folder.write_identity(owner.product.keysets.vendor_id, identity)
    return identity, True


def _owner(home: Path, folder: HomeFolder, kind: KeyKind, scope: int, name: str) -> Vendor:
    """The vendor a key is for: a key does not say so."""
    vendors = folder.vendors()
    if not vendors:
        raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
    if name:
        vendors = tuple(v for v in vendors if v.product.claims.vendor == name)
        if not vendors:
            raise Misconfigured(Code.NOT_FOUND, f"no product file of {name!r} is installed here")
    fitting = [v for v in vendors if kind is KeyKind.HOST and v.product.group(scope) is not None]
    if len(fitting) > 1:
        names = ", ".join(v.product.claims.vendor for v in fitting)
        raise Misconfigured(Code.USAGE, f"the key may be of {names}", "Say whose it is: --vendor NAME")
    return fitting[0] if fitting else vendors[0]


def set_up(
    home: Path,
    product_file: bytes,
    key_text: str,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
) -> Identity:
    """Home, product file and host key in one; what is there already stays."""
    key = parse_key(key_text)  # a typing error must not leave half a home
    product = install(home, product_file, clock=clock)
    check_key(product, key)
    return install_key(home, key_text, vendor=product.claims.vendor, entropy=entropy)[0]


def vendors_service(home: Path, *, partial: str = "") -> str:
    """The service that the product file of a host key names; empty when it names none."""
    return chosen(home, partial)[0].product.claims.service


def installation_id(home: Path, *, partial: str = "") -> str:
    """The digits to show to the vendor: 18 groups of 7. `partial`: the key's last five characters, where there are several."""
    return format_installation(chosen(home, partial)[1].installation)


def installation_file(home: Path, *, partial: str = "") -> str:
    """The same as an armoured file."""
    return encode_installation_file(pack_installation(chosen(home, partial)[1].installation))


def chosen(home: Path, partial: str) -> tuple[Vendor, Identity]:
    """The host key that is meant, and whose it is: the one with these last characters, else the only one that waits."""
    identities = _identities(HomeFolder(home).vendors())
    if partial:
        identities = [(v, i) for v, i in identities if i.partial == partial.upper()]
    elif len(pending := [(v, i) for v, i in identities if not i.certificate]) == 1:
        identities = pending
    if not identities:
        which = f" …{partial}" if partial else ""
        raise Misconfigured(Code.NO_KEY, f"no host key{which} is installed", "Install it: muster host install-key")
    if len(identities) > 1:
        keys = ", ".join(i.partial for _, i in identities)
        raise Misconfigured(Code.USAGE, f"there are several host keys: {keys}", "Choose one: --key LAST5")
    return identities[0]


def _identities(vendors: Iterable[Vendor]) -> list[tuple[Vendor, Identity]]:
    return [(vendor, identity) for vendor in vendors for identity in vendor.identities]


def confirm(home: Path, digits: str, *, clock: Clock | None = None, organisation: str = "") -> Identity:
    """Take the vendor's confirmation id; `organisation` is a name to show for its number.

    `Malformed` with CONFIRMATION_MALFORMED names the group; `Untrusted` with CONFIRMATION_UNTRUSTED when it is not for
    a host key that is installed here.
    """
    return confirm_packed(home, parse_confirmation(digits), None, clock=clock, organisation=organisation)


def confirm_file(home: Path, text: bytes | str, *, clock: Clock | None = None, organisation: str = "") -> Identity:
    """The same from a confirmation file, which names its installation id."""
    installation, confirmation = decode_confirmation_file(text)
    return confirm_packed(home, confirmation, installation, clock=clock, organisation=organisation)


def confirm_packed(
    home: Path, confirmation: bytes, installation: bytes | None, *, clock: Clock | None = None, organisation: str = ""
) -> Identity:
    """The same from bytes; `installation` is the packed installation id, where it is known."""
    folder = HomeFolder(home)
    found = _identities(folder.vendors())
    if installation is not None and found:
        found = [(v, i) for v, i in found if pack_installation(i.installation) == installation]
        if not found:
            raise Untrusted(Code.CONFIRMATION_UNTRUSTED, "the file confirms an installation id of another host or key")
    candidates = [(identity, vendor.product.keysets) for vendor, identity in found]
    index, identity = confirm_one(candidates, confirmation, (clock or SystemClock()).now())
    if organisation:
        identity = replace(identity, organisation=organisation)
    folder.write_identity(found[index][0].product.keysets.vendor_id, identity)
    return identity
