"""The state folder as `State`: reading is `muster.license.folder`, writing is here (spec/record.md §Folder).

Every file is replaced as a whole and durably. Product files, keysets and records are readable for every user, secrets,
requests and the lock for the owner alone, nothing is writable for others. One process at a time changes a home: see `locked`.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, StoreFailed
from muster.client.adapters.known_numbers import NUMBERS
from muster.client.core.carried import MAX_CARRIED_BYTES, Carried, decode_carried, encode_carried
from muster.client.core.choices import Choices, choices_from_plain, choices_to_plain
from muster.license.folder import (
    MAX_PRODUCT_FILE_BYTES,
    VENDORS,
    Stamp,
    encode_chain,
    read,
    read_product,
    read_record,
    stamp,
    vendor_folder,
    vendor_folders,
)
from muster.platform.durable_file import PUBLIC, lock, make_folder, replace_file
from muster.trust.keyset import TrustedKeysets
from muster.trust.product import Product
from muster.wire.record import (
    MAX_RECORD_BYTES,
    VendorRecord,
    decode_record,
    decode_secrets,
    encode_record,
    encode_secrets,
)

LOCK = "lock"
REQUEST = "request"
ENTERED = "entered"
CHOICES = "choices.json"
SETTINGS = "client.toml"
PRODUCTS = "products.d"
MAX_CHOICES_BYTES = 262_144
MAX_OFFERED = 256
MAX_ENTERED_BYTES = 1024
FOLDER_MODE = 0o755
_WRITE_OF_OTHERS, _OF_OTHERS = 0o022, 0o077
_PRIVATE = frozenset({LOCK, "secrets"})
_OWN = frozenset({LOCK, CHOICES, NUMBERS, SETTINGS, PRODUCTS, "events.jsonl", "events.jsonl.1"})


class StateFolder:
    """`State` in the folder `home`, which is made when something is written first."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._opened: dict[bytes, tuple[Stamp, Stamp, Product]] = {}

    def vendors(self) -> tuple[bytes, ...]:
        """See `State`."""
        found = []
        for folder in vendor_folders(self.home):
            with suppress(ValueError):
                found.append(bytes.fromhex(folder.path.name))
        return tuple(found)

    def product(self, vendor_id: bytes) -> Product:
        """See `State`."""
        folder = vendor_folder(self.home, vendor_id)
        stamps = stamp(folder.product), stamp(folder.keysets)
        known = self._opened.get(vendor_id)
        if known is not None and known[:2] == stamps:
            return known[2]
        try:
            product = read_product(folder)
        except MusterError as error:
            raise type(error)(error.code, f"{folder.product}: {error.message}", error.hint) from error
        if product is None:
            raise StoreFailed(Code.STORE_FAILED, f"{folder.product} cannot be read")
        self._opened[vendor_id] = (*stamps, product)
        return product

    def record(self, vendor_id: bytes) -> VendorRecord | None:
        """See `State`."""
        return read_record(vendor_folder(self.home, vendor_id))

    def secrets(self, vendor_id: bytes) -> Mapping[int, bytes]:
        """See `State`."""
        path = vendor_folder(self.home, vendor_id).secrets
        data = read(path, MAX_RECORD_BYTES)
        if data is None:
            return {}
        try:
            return decode_secrets(data)
        except Malformed as error:
            raise Malformed(error.code, f"{path}: {error.message}", error.hint) from error

    def save_product(self, vendor_id: bytes, text: bytes) -> None:
        """See `State`."""
        replace_file(self._made(vendor_id) / "product.muster", text, PUBLIC)

    def save_keysets(self, vendor_id: bytes, keysets: TrustedKeysets) -> None:
        """See `State`."""
        self._made(vendor_id)
        replace_file(vendor_folder(self.home, vendor_id).keysets, encode_chain(keysets.documents), PUBLIC)

    def save_record(self, vendor_id: bytes, record: VendorRecord) -> None:
        """See `State`."""
        self._made(vendor_id)
        folder = vendor_folder(self.home, vendor_id)
        with suppress(Malformed):
            before = read(folder.record, MAX_RECORD_BYTES)
            if before is not None and decode_record(before) != record:
                replace_file(folder.previous, before, PUBLIC)
        replace_file(folder.record, encode_record(record), PUBLIC)

    def save_secrets(self, vendor_id: bytes, secrets: Mapping[int, bytes]) -> None:
        """See `State`."""
        self._made(vendor_id)
        replace_file(vendor_folder(self.home, vendor_id).secrets, encode_secrets(dict(secrets)))

    def request(self, vendor_id: bytes, edition: int) -> Carried | None:
        """See `State`."""
        path = vendor_folder(self.home, vendor_id).path / f"{REQUEST}-{edition}"
        data = read(path, MAX_CARRIED_BYTES)
        if data is None:
            return None
        try:
            return decode_carried(data)
        except Malformed as error:
            raise Malformed(Code.STATE_CORRUPT, f"{path}: {error.message}") from error

    def save_request(self, vendor_id: bytes, edition: int, carried: Carried | None) -> None:
        """See `State`."""
        path = self._made(vendor_id) / f"{REQUEST}-{edition}"
        if carried is not None:
            replace_file(path, encode_carried(carried))
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def entered(self, vendor_id: bytes, edition: int) -> tuple[bytes, str] | None:
        """See `State`. What cannot be read was not entered: it is typed again."""
        with suppress(Malformed, ValueError):
            data = read(vendor_folder(self.home, vendor_id).path / f"{ENTERED}-{edition}", MAX_ENTERED_BYTES)
            if data is not None:
                installation, groups = data.decode("ascii").split("\n")
                return bytes.fromhex(installation), groups
        return None

    def save_entered(self, vendor_id: bytes, edition: int, entered: tuple[bytes, str] | None) -> None:
        """See `State`."""
        path = vendor_folder(self.home, vendor_id).path / f"{ENTERED}-{edition}"
        if entered is not None:
            replace_file(self._made(vendor_id) / path.name, f"{entered[0].hex()}\n{entered[1]}".encode())
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def choices(self) -> Choices:
        """See `State`."""
        path = self.home / CHOICES
        data = read(path, MAX_CHOICES_BYTES)
        if data is None:
            return Choices()
        try:
            return choices_from_plain(json.loads(data))
        except (ValueError, RecursionError) as error:
            raise Malformed(Code.STATE_CORRUPT, f"{path} is damaged: {error}") from error
        except Malformed as error:
            raise Malformed(error.code, f"{path}: {error.message}") from error

    def save_choices(self, choices: Choices) -> None:
        """See `State`."""
        make_folder(self.home, FOLDER_MODE)
        replace_file(self.home / CHOICES, json.dumps(choices_to_plain(choices), indent=2).encode(), PUBLIC)

    def offered(self) -> tuple[tuple[str, bytes], ...]:
        """See `State`."""
        try:
            paths = sorted((self.home / PRODUCTS).iterdir())[:MAX_OFFERED]
        except OSError:
            return ()
        found = []
        for path in paths:
            with suppress(Malformed):
                text = read(path, MAX_PRODUCT_FILE_BYTES) if path.is_file() else None
                if text is not None:
                    found.append((path.name, text))
        return tuple(found)

    def _made(self, vendor_id: bytes) -> Path:
        folder = vendor_folder(self.home, vendor_id)
        for path in (self.home, folder.path.parent, folder.path):
            make_folder(path, FOLDER_MODE)
        return folder.path


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the home against other processes; `Misconfigured` with HOME_IN_USE or HOME_NOT_WRITABLE."""
    make_folder(home, FOLDER_MODE)
    with lock(home / LOCK):
        yield


def check_own(home: Path) -> None:
    """`Misconfigured` unless the home belongs to this user: its owner could lead a service of root's to write anywhere."""
    owner, user = home.stat().st_uid, os.geteuid() if hasattr(os, "geteuid") else None
    if user is not None and owner != user:
        hint = "Run the service as that user, or give the folder to the user that runs it."
        raise Misconfigured(Code.HOME_NOT_WRITABLE, f"{home} belongs to user {owner}, not to user {user}", hint)


def narrow(home: Path) -> None:
    """Take away what others could write, and could read without need: a home that was made by hand or unpacked as root.

    Only what belongs to this user can be changed; links are left alone.
    """
    for path in (home, home / VENDORS, *vendor_paths(home)):
        with suppress(OSError):
            mode = path.lstat().st_mode
            wanted = mode & ~(
                _OF_OTHERS if path.name in _PRIVATE or path.name.startswith((REQUEST, ENTERED)) else _WRITE_OF_OTHERS
            )
            if wanted != mode and not stat.S_ISLNK(mode) and not stat.S_ISSOCK(mode):
                path.chmod(stat.S_IMODE(wanted))


def vendor_paths(home: Path) -> Iterator[Path]:
    """Everything of this program's own in a home."""
    with suppress(OSError):
        yield from (path for path in home.iterdir() if path.name in _OWN)
    with suppress(OSError):
        for folder in (home / VENDORS).iterdir():
            yield folder
            yield from folder.iterdir()


def check_writable(home: Path) -> None:
    """`Misconfigured` with HOME_NOT_WRITABLE when nothing could be saved in `home`; nothing is left behind."""
    try:
        make_folder(home, FOLDER_MODE)
        with lock(home / LOCK):
            pass
    except Misconfigured as error:
        if error.code is Code.HOME_NOT_WRITABLE:
            raise
