"""The product definition, ``FILE.toml``, and the claims that it comes to (docs/operate/vendor.md).

Reading the file is `muster.base.config`, which names file, line, key and remedy of every mistake; here is what a
definition means. Every policy value has the default of spec/product.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from muster.base.errors import Code, Misconfigured, SettingMistake
from muster.wire.activation import MAX_THRESHOLD, U8, U24
from muster.wire.calendar import day_number
from muster.wire.product import (
    DEFAULT_THRESHOLD,
    MAX_EDITIONS,
    MAX_FEATURES,
    MAX_GROUPS,
    MAX_NAME_BYTES,
    MAX_URL_BYTES,
    DeviceClass,
    Edition,
    Group,
    Policy,
    ProductClaims,
)

MIN_INTERVAL = timedelta(minutes=15)
MAX_INTERVAL = timedelta(days=30)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_SRV = re.compile(r"_[a-z0-9](?:[a-z0-9-]{0,14})\._tcp")
_DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class VendorPart:
    """``[vendor]``."""

    name: str
    service: str = ""

    def __post_init__(self) -> None:
        _check_text("name", self.name)
        if self.service and not self.service.startswith(("https://", "http://")):
            raise SettingMistake("service", f"{self.service!r} is no address", "write https://activation.acme.example")
        if len(self.service.encode()) > MAX_URL_BYTES:
            raise SettingMistake("service", f"longer than {MAX_URL_BYTES} bytes", "choose a shorter address")


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """``[policy]``."""

    validity: timedelta = _DEFAULT.validity
    renewal: timedelta = _DEFAULT.renewal
    retry: timedelta = _DEFAULT.retry
    first_grace: timedelta = _DEFAULT.first_grace
    renewal_grace: timedelta = _DEFAULT.renewal_grace
    unproven_grace: timedelta = _DEFAULT.unproven_grace
    warning: timedelta = _DEFAULT.warning
    rearms: int = _DEFAULT.rearms
    srv: str = _DEFAULT.srv

    def __post_init__(self) -> None:
        for name in ("renewal", "retry"):
            if not MIN_INTERVAL <= getattr(self, name) <= MAX_INTERVAL:
                raise SettingMistake(name, "outside 15min … 30d", f'write {name} = "7d", or another duration between')
        if self.validity <= self.renewal:
            raise SettingMistake(
                "validity", "not longer than renewal", "let a lease hold longer than the way to its renewal"
            )
        if not 0 <= self.rearms <= U8:
            raise SettingMistake("rearms", f"{self.rearms} is outside 0 … {U8}", "write rearms = 3")
        if not _SRV.fullmatch(self.srv):
            raise SettingMistake("srv", f"{self.srv!r} is no service label", "write it like _muster._tcp")

    def policy(self) -> Policy:
        """The same as it travels."""
        return Policy(
            self.validity,
            self.renewal,
            self.retry,
            self.first_grace,
            self.renewal_grace,
            self.unproven_grace,
            self.warning,
            self.rearms,
            self.srv,
        )


@dataclass(frozen=True, slots=True)
class ProductPart:
    """``[[product]]``."""

    name: str

    def __post_init__(self) -> None:
        _check_text("name", self.name)


@dataclass(frozen=True, slots=True)
class GroupPart:
    """``[[group]]``: what is counted together. `id` counts from 1 where it is left out."""

    name: str
    id: int | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_id(self.id)


@dataclass(frozen=True, slots=True)
class EditionPart:
    """``[[edition]]``."""

    name: str
    id: int
    product: str
    group: str
    level: int = 0
    class_: str = "client"
    threshold: int | None = None
    released: date | None = None
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_id(self.id)
        if not 0 <= self.level <= U8:
            raise SettingMistake("level", f"{self.level} is outside 0 … {U8}", f"write a level from 0 to {U8}")
        if self.class_ not in {"client", "server"}:
            raise SettingMistake("class", f"{self.class_!r} is no class", 'write "client" or "server"')
        if self.threshold is not None and not 1 <= self.threshold <= MAX_THRESHOLD:
            raise SettingMistake(
                "threshold",
                f"{self.threshold} is outside 1 … {MAX_THRESHOLD}",
                f"write a number from 1 to {MAX_THRESHOLD}",
            )
        if len(self.features) > MAX_FEATURES:
            raise SettingMistake("features", f"{len(self.features)} of them", f"at most {MAX_FEATURES}")
        for feature in self.features:
            _check_text("features", feature)

    @property
    def device_class(self) -> DeviceClass:
        """Client or server."""
        return DeviceClass.SERVER if self.class_ == "server" else DeviceClass.CLIENT

    @property
    def counted(self) -> int:
        """The threshold: its own, or that of its class."""
        return self.threshold or DEFAULT_THRESHOLD[self.device_class]


@dataclass(frozen=True, slots=True)
class Definition:
    """The whole file."""

    vendor: VendorPart
    policy: PolicyPart = field(default_factory=PolicyPart)
    product: tuple[ProductPart, ...] = ()
    group: tuple[GroupPart, ...] = ()
    edition: tuple[EditionPart, ...] = ()

    def __post_init__(self) -> None:
        for table, name, values in (
            ("product", "name", [p.name for p in self.product]),
            ("group", "name", [g.name for g in self.group]),
            ("group", "id", [g.id for g in self.groups()]),
            ("edition", "name", [e.name for e in self.edition]),
            ("edition", "id", [e.id for e in self.edition]),
        ):
            _check_unique(table, name, values)
        for table, number, limit in (
            ("group", len(self.group), MAX_GROUPS),
            ("edition", len(self.edition), MAX_EDITIONS),
        ):
            if number > limit:
                raise SettingMistake(table, f"{number} of them", f"at most {limit}")
        for place, edition in enumerate(self.edition):
            _check_known(f"edition[{place}].product", edition.product, [p.name for p in self.product])
            _check_known(f"edition[{place}].group", edition.group, [g.name for g in self.group])

    def groups(self) -> tuple[Group, ...]:
        """Groups with their ids; those without one count from 1, in order."""
        return tuple(Group(g.id or place, g.name) for place, g in enumerate(self.group, 1))

    def editions(self) -> tuple[Edition, ...]:
        """Editions as they travel."""
        ids = {g.name: g.id for g in self.groups()}
        return tuple(
            Edition(
                e.id,
                e.name,
                e.product,
                ids[e.group],
                e.level,
                e.device_class,
                e.counted,
                day_number(e.released) if e.released else 0,
                e.features,
            )
            for e in self.edition
        )

    def claims(self, issuing_key: int, serial: int, today: int) -> ProductClaims:
        """What the vendor signs; `today` is a day number."""
        return ProductClaims(
            issuing_key,
            serial,
            today,
            self.vendor.name,
            self.vendor.service,
            self.policy.policy(),
            self.groups(),
            self.editions(),
        )


def check_same_vendor(definition: Definition, name: str) -> None:
    """`Misconfigured` when a definition is another vendor's than the one that was set up."""
    if definition.vendor.name != name:
        raise Misconfigured(
            Code.VENDOR_MISMATCH,
            f"the definition is of {definition.vendor.name!r}, this home of {name!r}",
            f'write name = "{name}" in [vendor], or use the home of the other vendor',
        )


def _check_text(key: str, text: str) -> None:
    if not text.strip() or not text.isprintable() or len(text.encode()) > MAX_NAME_BYTES:
        raise SettingMistake(key, f"{text!r} cannot be shown", f"write a printable text of 1 to {MAX_NAME_BYTES} bytes")


def _check_name(text: str) -> None:
    if not _NAME.fullmatch(text) or len(text) > MAX_NAME_BYTES:
        raise SettingMistake(
            "name", f"{text!r} is no such name", "small letters, digits, hyphens and dots, like acme-cad-pro"
        )


def _check_id(number: int | None) -> None:
    if number is not None and not 1 <= number <= U24:
        raise SettingMistake("id", f"{number} is outside 1 … {U24}", f"write a number from 1 to {U24}")


def _check_unique(table: str, name: str, values: Sequence[str | int]) -> None:
    seen: set[str | int] = set()
    for place, value in enumerate(values):
        if value in seen:
            raise SettingMistake(
                f"{table}[{place}].{name}", f"{value!r} is used twice", f"every {table} has a {name} of its own"
            )
        seen.add(value)


def _check_known(key: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise SettingMistake(key, f"{name!r} is not defined here", f"defined: {', '.join(known) or 'none'}")


EXAMPLE = """\
# What {name} sells. Change it, then: muster vendor product import product.toml
[vendor]
name = {quoted}
# service = "https://activation.example"    # where machines and hosts reach the activation service

[policy]                        # every line may be left out; these are the defaults
validity = "180d"               # a lease holds this long after the answer
renewal = "7d"                  # a machine renews this often
retry = "2h"                    # and asks again this soon when it could not
first_grace = "30d"             # full function after installation
renewal_grace = "30d"           # full function after a lease has ended
unproven_grace = "30d"          # the first grace until a certified host has answered at all
rearms = 3                      # how often the first grace may begin anew
srv = "_muster._tcp"            # another label keeps vendors apart on one network

[[product]]
name = "Acme CAD"

[[group]]                       # machines counted together; the scope of a host key
name = "acme-cad"

[[edition]]
name = "acme-cad-pro"
id = 1001                       # never changes, never used again
product = "Acme CAD"
group = "acme-cad"
level = 10                      # a host key of level 10 activates editions up to level 10
class = "client"                # threshold 25; "server": 5; or threshold = N
features = ["render", "export"] # told to the program by muster.license

[[edition]]
name = "acme-cad-server"
id = 1002
product = "Acme CAD"
group = "acme-cad"
level = 10
class = "server"
"""


def example(name: str) -> str:
    """A commented definition to begin with; valid as it is."""
    # JSON's strings are TOML's basic strings.
    return EXAMPLE.format(name=name, quoted=json.dumps(name, ensure_ascii=False))
