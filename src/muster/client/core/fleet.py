"""``FLEET.toml``: what a machine shall be, in one file for any deployment tool.

Pure. What is absent is left as it is. A mistake is a `SettingMistake` or `ValueError`, to which `muster.base.config` adds
file and line; what has to be done about a machine is `plan`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from muster.base.errors import MusterError, SettingMistake
from muster.client.core.choices import check_zones, parse_dns, parse_type
from muster.client.core.discovery import parse_addresses
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey, parse_key


@dataclass(frozen=True, slots=True)
class MachineTable:
    """``[machine]``: choices for all of it. An empty list or text clears what was set."""

    hosts: tuple[str, ...] | None = None
    zone: str | None = None
    dns: str | None = None
    type: str | None = None
    caching: bool | None = None

    def __post_init__(self) -> None:
        if self.hosts:
            _checked("hosts", lambda: parse_addresses(",".join(self.hosts or ())))
        if self.zone:
            _checked("zone", lambda: check_zones((self.zone or "",)))
        if self.dns:
            _checked("dns", lambda: parse_dns(self.dns or ""))
        if self.type is not None:
            _checked("type", lambda: parse_type(self.type or ""))


@dataclass(frozen=True, slots=True)
class ProductTable:
    """``[[product]]``: a product file and, for one of its editions, key, confirmation, hosts and type.

    `file` is a path relative to the fleet file; `confirmation` is one, too, or the digits themselves.
    """

    file: str = ""
    edition: str | None = None
    key: str | None = field(default=None, repr=False)
    confirmation: str | None = None
    hosts: tuple[str, ...] | None = None
    type: str | None = None

    def __post_init__(self) -> None:
        if not self.file:
            raise ValueError('a product needs file = "NAME.muster"')
        if self.key is not None:
            _checked("key", lambda: parse_key(self.key or ""))
            if parse_key(self.key).kind is KeyKind.HOST:
                raise SettingMistake("key", "this is a host key", "it belongs on an activation host")
        if self.hosts:
            _checked("hosts", lambda: parse_addresses(",".join(self.hosts or ())))
        if self.type is not None:
            _checked("type", lambda: parse_type(self.type or ""))

    @property
    def digits(self) -> str | None:
        """The confirmation where it is written here and not a file's name."""
        text = self.confirmation or ""
        return text if text and not text.strip("0123456789- ") else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole file."""

    machine: MachineTable = field(default_factory=MachineTable)
    product: tuple[ProductTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A product table with what its files hold, and the edition it is about, if it is about one."""

    table: ProductTable
    text: str
    product: Product
    edition: str | None
    key: ProductKey | None
    confirmation: str | None = None
    """The text of the confirmation's file."""


def make_offer(table: ProductTable, text: str, product: Product, confirmation: str | None = None) -> Offer:
    """Bring table and file together; `SettingMistake` when they do not fit."""
    editions = product.claims.editions
    names = [edition.name for edition in editions]
    if table.edition is not None and table.edition not in names:
        raise SettingMistake("edition", f"the file has no edition {table.edition!r}", f"known: {', '.join(names)}")
    key = parse_key(table.key) if table.key is not None else None
    name = table.edition or (names[0] if len(names) == 1 else None)
    if key is not None:
        by_key = product.edition_by_id(key.scope)
        if by_key is None or by_key.name != (table.edition or by_key.name):
            raise SettingMistake("key", f"…{key.partial} is not for {table.edition or 'this file'}", "check both")
        name = by_key.name
        if key.kind is KeyKind.GENERIC and key != product.generic_key(by_key):
            raise SettingMistake(
                "key", f"…{key.partial} is no key of this vendor", "leave it out: the file has its own"
            )
    for setting in ("confirmation", "hosts", "type"):
        if name is None and getattr(table, setting) is not None:
            raise SettingMistake(setting, "the file has several editions", f"add edition: {', '.join(names)}")
    return Offer(table, text, product, name, key, confirmation)


def _checked(key: str, check: Callable[[], object]) -> None:
    try:
        check()
    except MusterError as error:
        raise SettingMistake(key, error.message, error.hint) from error
    except ValueError as error:
        raise SettingMistake(key, str(error), "correct it") from error
