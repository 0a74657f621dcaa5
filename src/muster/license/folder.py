"""Where the state of a machine lies, and reading it (spec/record.md §Folder). Never writes, never asks the environment.

<home>/vendors/<vendor id in hex>/product.muster    the product file as it was installed
                                  keysets           a longer keyset chain fetched later, if any
                                  record            ids, clocks and evidence; `record.previous` is the one before
                                  secrets           what only the licensing service reads
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from muster.base.errors import Code, Malformed, MusterError
from muster.trust.keyset import TrustedKeysets, enter
from muster.trust.product import Product, open_product
from muster.wire.cbor import Reader, encode
from muster.wire.keyset import MAX_KEYSET_BYTES, MAX_KEYSETS
from muster.wire.record import MAX_RECORD_BYTES, VendorRecord, decode_record

VENDORS = "vendors"
VENDOR_ID_BYTES = 8
MAX_PRODUCT_FILE_BYTES = 4 * 1024 * 1024
MAX_CHAIN_BYTES = MAX_KEYSETS * (MAX_KEYSET_BYTES + 4) + 16

Stamp = tuple[int, int, int] | None


class VendorFolder(NamedTuple):
    """The files of one vendor on this machine."""

    path: Path

    @property
    def product(self) -> Path:
        """The armoured product file."""
        return self.path / "product.muster"

    @property
    def keysets(self) -> Path:
        """A longer keyset chain than the product file's: see `encode_chain`. Often missing."""
        return self.path / "keysets"

    @property
    def record(self) -> Path:
        """The record, as `muster.wire.record` writes it."""
        return self.path / "record"

    @property
    def previous(self) -> Path:
        """The record before the last change: read when the newer one is damaged."""
        return self.path / "record.previous"

    @property
    def secrets(self) -> Path:
        """K of each multiple activation key, for installation ids. Readable for the owner only."""
        return self.path / "secrets"


def system_home() -> Path:
    """Where the licensing service of this machine keeps its state."""
    if sys.platform == "win32":
        return Path("C:/ProgramData/Muster/client")
    if sys.platform == "darwin":
        return Path("/Library/Application Support/Muster/client")
    return Path("/var/lib/muster/client")


def own_home() -> Path:
    """Where a user without rights keeps the state of a machine that has no licensing service."""
    if sys.platform == "win32":
        return Path("~/AppData/Local/Muster/client").expanduser()
    import pwd

    # $HOME could be pointed at somebody else's activation; the account database cannot.
    base = Path(pwd.getpwuid(os.getuid()).pw_dir)
    if sys.platform == "darwin":
        return base / "Library/Application Support/Muster/client"
    return base / ".local/share/muster/client"


def home_of_programs() -> Path:
    """The home that programs look into: the machine's if it has one, else the user's own."""
    machine = system_home()
    return machine if (machine / VENDORS).is_dir() else own_home()


def vendor_folder(home: Path, vendor_id: bytes) -> VendorFolder:
    """The folder of one vendor (8 bytes of id), whether it exists or not."""
    return VendorFolder(home / VENDORS / vendor_id.hex())


def vendor_folders(home: Path) -> Iterator[VendorFolder]:
    """Every vendor with a product file in this home, by id."""
    try:
        paths = sorted((home / VENDORS).iterdir())
    except OSError:
        return
    for path in paths:
        folder = VendorFolder(path)
        if len(path.name) == 2 * VENDOR_ID_BYTES and folder.product.is_file():
            yield folder


def stamp(path: str | Path) -> Stamp:
    """What changes whenever a file is replaced: inode, size and time of change; None without the file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat, on the path of every check
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def read(path: Path, limit: int) -> bytes | None:
    """A file's bytes, or None when it is not there or not readable; `Malformed` with STATE_CORRUPT beyond `limit`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError:
        return None
    if len(data) > limit:
        raise Malformed(Code.STATE_CORRUPT, f"{path.name} is larger than {limit} bytes")
    return data


def read_product(folder: VendorFolder, fingerprint: bytes | None = None) -> Product | None:
    """The installed product with the longest keyset chain known here; None without a product file.

    Raises `Untrusted` or `Malformed` for a file that proves nothing, or another vendor than `fingerprint`. A damaged
    chain file is passed over: the product file's own chain is good.
    """
    text = read(folder.product, MAX_PRODUCT_FILE_BYTES)
    if text is None:
        return None
    product = open_product(text, fingerprint=fingerprint)
    known = _read_chain(folder, product)
    return product if known is None else open_product(text, fingerprint=fingerprint, known=known)


def _read_chain(folder: VendorFolder, product: Product) -> TrustedKeysets | None:
    try:
        data = read(folder.keysets, MAX_CHAIN_BYTES)
        if data is None:
            return None
        known = enter(decode_chain(data), fingerprint=product.fingerprint)
    except MusterError:
        return None
    return known if known.version > product.keysets.version else None


def encode_chain(documents: tuple[bytes, ...]) -> bytes:
    """The content of `keysets`: an array of signed keysets 1 … N."""
    return encode(list(documents))


def decode_chain(data: bytes) -> tuple[bytes, ...]:
    """Read such a file; `Malformed` for anything damaged."""
    reader = Reader(data)
    documents = tuple(reader.bstr_up_to(MAX_KEYSET_BYTES) for _ in range(reader.array_up_to(MAX_KEYSETS)))
    reader.end()
    return documents


def read_record(folder: VendorFolder) -> VendorRecord | None:
    """The record, or the one before it when the newer one is damaged; None when there never was one.

    `Malformed` with STATE_CORRUPT, naming the file, when neither can be read.
    """
    damage: Malformed | None = None
    for path in (folder.record, folder.previous):
        try:
            data = read(path, MAX_RECORD_BYTES)
            if data is not None:
                return decode_record(data)
        except Malformed as error:
            damage = damage or Malformed(error.code, f"{path}: {error.message}")
    if damage is not None:
        raise damage
    return None
