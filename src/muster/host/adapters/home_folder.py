"""The home of a host: settings, product files, identities (spec/host.md §Home).

<home>/host.toml                                   settings, the administrator's
       vendors/<vendor id>/product.muster          the product file as it was installed
                           <reference>.identity    one host key: key pair, installation id, certificate; owner only
       counts.db, published.json, events.jsonl     what `sqlite_store`, `publication_file` and `event_file` keep
       listening.json                              where it listens while it serves (`listening_file`)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muster.base.config import load
from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.host.core.answering import Represented
from muster.host.core.identity import MAX_IDENTITY_BYTES, Identity, decode_identity, encode_identity
from muster.host.core.settings import HostSettings
from muster.host.ports import Setup
from muster.platform.durable_file import PRIVATE, PUBLIC, make_folder, read_file, replace_file
from muster.trust.product import Product, open_product
from muster.wire.armour import MAX_TEXT_BYTES

SETTINGS_FILE = "host.toml"
STORE_FILE = "counts.db"
BOOK_FILE = "published.json"
EVENTS_FILE = "events.jsonl"
LOCK_FILE = "host.lock"
LISTENING_FILE = "listening.json"
ENVIRONMENT_PREFIX = "MUSTER_HOST_"
_PRODUCT_FILE = "product.muster"
_IDENTITY_SUFFIX = ".identity"


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor's part of a home."""

    product: Product
    identities: tuple[Identity, ...]


class HomeFolder:
    """A home on disk. `flags` and `environment` win over ``host.toml``."""

    def __init__(
        self, path: Path, environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
    ) -> None:
        self.path = path
        self._environment = environment or {}
        self._flags = flags or {}

    @property
    def store(self) -> Path:
        """The database of counts and inventory."""
        return self.path / STORE_FILE

    @property
    def book(self) -> Path:
        """What was published in DNS."""
        return self.path / BOOK_FILE

    @property
    def events(self) -> Path:
        """What the host did, line by line."""
        return self.path / EVENTS_FILE

    @property
    def lock(self) -> Path:
        """Held by whoever serves."""
        return self.path / LOCK_FILE

    @property
    def listening(self) -> Path:
        """Where the host listens, while it does."""
        return self.path / LISTENING_FILE

    def settings(self) -> HostSettings:
        """The settings in force; `Misconfigured` names file, line and remedy."""
        path = self.path / SETTINGS_FILE
        return load(HostSettings, path, environment=self._environment, prefix=ENVIRONMENT_PREFIX, flags=self._flags)

    def write_settings(self, text: str) -> None:
        """Write ``host.toml`` unless there is one."""
        make_folder(self.path)
        if not (self.path / SETTINGS_FILE).exists():
            replace_file(self.path / SETTINGS_FILE, text.encode(), PUBLIC)

    def vendors(self) -> tuple[Vendor, ...]:
        """Every vendor with a product file here, by vendor id."""
        return tuple(self._vendors())

    def product(self, vendor_id: bytes) -> Product | None:
        """The installed product of a vendor."""
        text = read_file(self._folder(vendor_id) / _PRODUCT_FILE, MAX_TEXT_BYTES)
        return None if text is None else open_product(text)

    def product_text(self, vendor_id: bytes) -> bytes:
        """The installed product file as it came; `Misconfigured` with NOT_FOUND when there is none."""
        path = self._folder(vendor_id) / _PRODUCT_FILE
        text = read_file(path, MAX_TEXT_BYTES)
        if text is None:
            raise Misconfigured(Code.NOT_FOUND, f"{path} is gone")
        return text

    def write_product(self, product: Product, text: bytes) -> None:
        """Install a product file that was verified."""
        folder = self._folder(product.keysets.vendor_id)
        make_folder(folder)
        replace_file(folder / _PRODUCT_FILE, text, PUBLIC)

    def write_identity(self, vendor_id: bytes, identity: Identity) -> None:
        """Keep an identity, readable for the owner only."""
        name = identity.installation.reference.hex() + _IDENTITY_SUFFIX
        replace_file(self._folder(vendor_id) / name, encode_identity(identity), PRIVATE)

    def read(self) -> Setup:
        """See `Setups`."""
        represented, labels = {}, set()
        for vendor in self._vendors():
            keysets = vendor.product.keysets
            mandates = []
            for identity in vendor.identities:
                try:
                    mandate = identity.mandate(keysets)
                except MusterError:
                    continue  # revoked since: `status` tells it, and others may still be good
                if mandate is not None:
                    mandates.append(mandate)
            withdrawn = frozenset(keysets.newest.withdrawn)
            represented[keysets.vendor_id] = Represented(keysets.documents, withdrawn, tuple(mandates))
            if mandates:
                labels.add(vendor.product.policy.srv)
        return Setup(self.settings(), represented, tuple(sorted(labels)))

    def stamp(self) -> object:
        """See `Setups`."""
        return tuple((str(path), *_stamp(path)) for path in self._files())

    def _files(self) -> Iterator[Path]:
        yield self.path / SETTINGS_FILE
        for folder in self._folders():
            yield from sorted(p for p in folder.iterdir() if not p.name.startswith("."))

    def _folder(self, vendor_id: bytes) -> Path:
        return self.path / "vendors" / vendor_id.hex()

    def _folders(self) -> Iterator[Path]:
        parent = self.path / "vendors"
        if parent.is_dir():
            yield from sorted(p for p in parent.iterdir() if p.is_dir())

    def _vendors(self) -> Iterator[Vendor]:
        for folder in self._folders():
            text = read_file(folder / _PRODUCT_FILE, MAX_TEXT_BYTES)
            if text is None:
                continue
            identities = [_identity(p) for p in sorted(folder.glob("*" + _IDENTITY_SUFFIX))]
            yield Vendor(open_product(text), tuple(identities))


def _identity(path: Path) -> Identity:
    data = read_file(path, MAX_IDENTITY_BYTES)
    if data is None:
        raise Misconfigured(Code.NOT_FOUND, f"{path} is gone")
    try:
        return decode_identity(data)
    except Malformed as error:
        raise Malformed(
            Code.STATE_CORRUPT, f"{path} is damaged: {error.message}", "Restore it from a backup."
        ) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - called every other second
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
