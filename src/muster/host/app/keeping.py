"""Backup and restore of what is hard to replace: host keys and certificates, with the product files they belong to."""

from __future__ import annotations

from pathlib import Path

from muster.base.errors import Code, Misconfigured
from muster.host.adapters.home_folder import HomeFolder
from muster.host.app.settings import SETTINGS
from muster.host.core.backup import Kept, decode_backup, encode_backup
from muster.platform.durable_file import PRIVATE, replace_file


def backup(home: Path, file: Path) -> int:
    """Write every host key and certificate into `file`, for its owner only; how many. Works while the host serves.

    `Misconfigured` with NO_KEY when there is none yet.
    """
    folder = HomeFolder(home)
    kept = [
        Kept(folder.product_text(v.product.keysets.vendor_id), v.product, v.identities)
        for v in folder.vendors()
        if v.identities
    ]
    if not kept:
        raise Misconfigured(Code.NO_KEY, f"{home} has no host key to keep", "muster host install-key")
    replace_file(file, encode_backup(kept).encode(), PRIVATE)
    return sum(len(k.identities) for k in kept)


def restore(home: Path, text: bytes, *, force: bool = False) -> int:
    """Put the host keys of a backup into `home`; how many. Nothing is written before all of it was verified.

    `Misconfigured` with ALREADY_SET_UP for a home that is set up, unless `force`: then keys of the backup replace those
    of the same installation id, other keys stay, and so does a product file that is newer.
    """
    kept, folder = decode_backup(text), HomeFolder(home)
    if folder.vendors() and not force:
        raise Misconfigured(
            Code.ALREADY_SET_UP, f"{home} is set up already", "Restore into another --home, or add --force."
        )
    folder.write_settings(SETTINGS.example())
    for vendor in kept:
        vendor_id = vendor.product.keysets.vendor_id
        installed = folder.product(vendor_id)
        if installed is None or installed.claims.serial < vendor.product.claims.serial:
            folder.write_product(vendor.product, vendor.text)
        for identity in vendor.identities:
            folder.write_identity(vendor_id, identity)
    return sum(len(k.identities) for k in kept)
