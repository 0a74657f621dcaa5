"""A real vendor in a temporary home, with a hand-moved clock, and the installation ids that customers send to it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from muster.trust.cose import public_bytes
from muster.trust.hardware import Parts, make_parts
from muster.trust.humanid import format_installation
from muster.trust.installation import directory_id, directory_subject, host_id, machine_id
from muster.trust.productkey import KeyKind, ProductKey, parse_key
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import SqlStore
from muster.wire.installation import HostId, InstallationId, pack_installation
from tests.worlds.clocks import HandClock
from tests.worlds.effort import LIGHT
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_keys import key_of

PASSPHRASE = "a passphrase of Acme"
BANK = "Example Bank"
CAD_PRO = 1001

DEFINITION = """
[vendor]
name = "Acme Software"
[[product]]
name = "Acme CAD"
[[group]]
name = "acme-cad"
[[edition]]
name = "acme-cad-pro"
id = 1001
product = "Acme CAD"
group = "acme-cad"
level = 10
features = ["render"]
[[edition]]
name = "acme-cad-server"
id = 1002
product = "Acme CAD"
group = "acme-cad"
class = "server"
"""


class Acme:
    """Acme Software with one product and one customer. Every confirmation goes the way an operator's would."""

    def __init__(
        self,
        home: Path,
        *,
        roots: int = 1,
        threshold: int = 1,
        database: str = "sqlite",
        clock: HandClock | None = None,
    ) -> None:
        self.home = home
        self._others: list[vendor.Vendor] = []
        self.environment = {"MUSTER_VENDOR_DATABASE": database}
        self.clock = clock or HandClock()
        self.vendor, self.fingerprint = vendor.create(
            home,
            "Acme Software",
            PASSPHRASE,
            roots=roots,
            threshold=threshold,
            environment=self.environment,
            clock=self.clock,
            entropy=SeededEntropy(),
            effort=LIGHT,
        )
        vendor.import_product(self.vendor, DEFINITION, "product.toml")
        vendor.add_organisation(self.vendor, BANK)

    def again(self) -> vendor.Vendor:
        """The same home, opened by another process."""
        again = vendor.open_vendor(
            self.home, lambda: PASSPHRASE, environment=self.environment, clock=self.clock, effort=LIGHT
        )
        self._others.append(again)
        return again

    def close(self) -> None:
        """Let go of the database, everywhere."""
        for one in (self.vendor, *self._others):
            assert isinstance(one.store, SqlStore)
            one.store.close()

    def host_key(self, **terms: object) -> ProductKey:
        return vendor.issue_key(self.vendor, vendor.Order(KeyKind.HOST, "acme-cad", BANK, **terms))  # type: ignore[arg-type]

    def mak(self, activations: int = 3, **terms: object) -> ProductKey:
        order = vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, activations=activations, **terms)  # type: ignore[arg-type]
        return vendor.issue_key(self.vendor, order)

    def row(self, key: ProductKey) -> vendor.KeyRow:
        return vendor.show_key(self.vendor, key.formatted)

    def confirm(self, installation: InstallationId, replaces: int | None = None) -> vendor.Confirmation:
        return vendor.confirm(self.vendor, format_installation(installation), replaces=replaces)


def subject(number: int) -> bytes:
    """The public key of one of the customer's hosts."""
    return public_bytes(key_of("host", number))


def host(key: ProductKey, number: int) -> HostId:
    return host_id(key.reference, key.secret, subject(number))


def directory(key: ProductKey, number: int) -> InstallationId:
    return directory_id(key.reference, key.secret, directory_subject(hashlib.sha256(bytes([number])).digest()[:16]))


def hardware(number: int, *, disk: str | None = None, network: str | None = None) -> Parts:
    """The hardware of machine number …, with some of it exchanged."""
    return make_parts(
        board=f"board {number} serial",
        disk=disk or f"disk {number} serial",
        network=network or f"00:16:3e:00:{number:02x}:01",
        platform=f"Xeon model {number}",
    )


def machine(key: ProductKey, parts: Parts, edition: int = CAD_PRO) -> InstallationId:
    return machine_id(key.reference, key.secret, edition, parts)


def packed(installation: InstallationId) -> bytes:
    return pack_installation(installation)


def key_from(text: str) -> ProductKey:
    """A key as `key issue` printed it."""
    return parse_key(text.strip())
