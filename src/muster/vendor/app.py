"""A vendor put together from real things: a home with boxes and settings, a database, the system's clock and chance.

`create` and `open_vendor` give a `Vendor`; everything else that commands, the demonstration and tests call is a function of
`muster.vendor.service`, gathered here.
"""

from __future__ import annotations

import getpass
import os
import pwd
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from muster.base.clock import Clock, SystemClock
from muster.base.config import load
from muster.base.entropy import Entropy, SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.platform.accounts import Accounts
from muster.platform.accounts.sql import SqlAccounts
from muster.platform.durable_file import PUBLIC, make_folder, replace_file
from muster.platform.effort import FILE, Effort
from muster.platform.openid import provider_of
from muster.platform.settings_file import SettingsFile
from muster.platform.sql import sqlite_url
from muster.trust.cose import public_bytes
from muster.vendor.adapters.keybox import ISSUING, KeyBox
from muster.vendor.adapters.named_files import named
from muster.vendor.adapters.root_files import ROOTS, check_free, make_root, named_root, read_root, root_files
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.core.definition import example
from muster.vendor.core.keysets import SPARES, Change
from muster.vendor.core.roots import check_threshold, of_roots
from muster.vendor.core.settings import VendorSettings
from muster.vendor.ports import CertificateRow, KeyRow, MachineRow, Organisation
from muster.vendor.service import auditing
from muster.vendor.service.access import ROLES, vendor_accounts
from muster.vendor.service.auditing import Exported, Verified, read_known, verify_audit, verify_file
from muster.vendor.service.bundling import AnsweredBundle, confirm_bundle
from muster.vendor.service.confirming import Confirmation, confirm, confirm_file, confirm_packed
from muster.vendor.service.delivering import Deliveries
from muster.vendor.service.erasing import erase_person, erase_remark
from muster.vendor.service.proposals import read_proposal, sign, standing, unproven
from muster.vendor.service.reporting import Merged, Taken, Tally, merge_reports, take_reports
from muster.vendor.service.rotating import change, propose, publish, purposes, replace_root
from muster.vendor.service.sealing import Sealer
from muster.vendor.service.selling import (
    Order,
    block_key,
    extend_key,
    issue_key,
    issue_keys,
    list_keys,
    replace_key,
    show_key,
)
from muster.vendor.service.setting_up import (
    PRIVATE_BYTES,
    add_organisation,
    block_organisation,
    end_contract,
    export_product,
    first_keyset,
    import_product,
    private_keys,
    record_vendor,
)
from muster.vendor.service.vendor import FINGERPRINT, NAME, Vendor
from muster.wire.calendar import day_number
from muster.wire.keyset import Purpose

if TYPE_CHECKING:
    from muster.platform.openid.exchange import Identities

__all__ = [
    "EXAMPLE",
    "ROOTS",
    "SETTINGS_FILE",
    "AnsweredBundle",
    "CertificateRow",
    "Change",
    "Confirmation",
    "Exported",
    "KeyRow",
    "MachineRow",
    "Merged",
    "Order",
    "Organisation",
    "Sealer",
    "Taken",
    "Tally",
    "Vendor",
    "Verified",
    "add_organisation",
    "block_key",
    "block_organisation",
    "change",
    "confirm",
    "confirm_bundle",
    "confirm_file",
    "confirm_packed",
    "create",
    "database_of",
    "default_home",
    "end_contract",
    "erase_person",
    "erase_remark",
    "export_audit",
    "export_product",
    "extend_key",
    "import_product",
    "issue_key",
    "issue_keys",
    "list_keys",
    "merge_reports",
    "named_root",
    "new_root",
    "of_roots",
    "open_accounts",
    "open_deliveries",
    "open_identities",
    "open_vendor",
    "propose",
    "publish",
    "purposes",
    "read_known",
    "read_proposal",
    "read_root",
    "replace_key",
    "replace_root",
    "root_files",
    "show_key",
    "sign",
    "standing",
    "take_reports",
    "unproven",
    "verify_audit",
    "verify_file",
]

SYSTEM_HOME = Path("/var/lib/muster/vendor")
SETTINGS = "vendor.toml"
DATABASE = "vendor.db"
EXAMPLE = "product.toml"
EXPORTED_SEAL = "audit-seal.txt"
"""The newest seal that was exported: nothing is restored that does not hold it."""
MIN_PASSPHRASE = 8
PREFIX = "MUSTER_VENDOR_"
SETTINGS_FILE = SettingsFile(VendorSettings, "vendor", PREFIX, partial(named, roles=ROLES))


def default_home() -> Path:
    """The system's home for root, else the user's own."""
    if os.geteuid() == 0:
        return SYSTEM_HOME
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/muster/vendor"


def _settings(home: Path, environment: Mapping[str, str]) -> VendorSettings:
    return load(VendorSettings, home / SETTINGS, environment=environment, prefix=PREFIX)


def _database(home: Path, environment: Mapping[str, str]) -> str | sa.URL:
    url = _settings(home, environment).database
    if url == "sqlite":
        return sqlite_url(home / DATABASE)
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _store(home: Path, environment: Mapping[str, str]) -> SqlStore:
    return SqlStore(_database(home, environment))


def open_accounts(home: Path, vendor: Vendor, *, environment: Mapping[str, str] | None = None) -> Accounts:
    """The accounts of a vendor, in the vendor's database; tables of an older release are brought up to date."""
    environment = os.environ if environment is None else environment
    store = SqlAccounts(_database(home, environment), "database in vendor.toml")
    store.migrate()
    return vendor_accounts(vendor, store)


def open_deliveries(home: Path, vendor: Vendor, *, environment: Mapping[str, str] | None = None) -> Deliveries:
    """The thread that tells webhooks; enter it to begin."""
    from muster.vendor.adapters.https_post import HttpsPost

    settings = _settings(home, os.environ if environment is None else environment)
    return Deliveries(vendor, HttpsPost(inside=settings.webhooks_inside))


def open_identities(home: Path, *, environment: Mapping[str, str] | None = None) -> Identities | None:
    """The identity provider of ``[openid]``, None where none is asked; `Misconfigured` for settings that cannot be."""
    from muster.platform.openid.exchange import HttpsIdentities

    settings = _settings(home, os.environ if environment is None else environment)
    provider = provider_of(settings.openid, ROLES)
    return HttpsIdentities(provider) if provider else None


def create(
    home: Path,
    name: str,
    passphrase: str,
    *,
    roots: int = 1,
    threshold: int = 1,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    effort: Effort = FILE,
) -> tuple[Vendor, str]:
    """Make a vendor in an empty home: root keys, keyset 1, issuing keys, database, a product definition to begin with.

    Also returns the vendor fingerprint, 64 hexadecimal digits. `Refused` with ALREADY_SET_UP where there is a vendor.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    environment = os.environ if environment is None else environment
    check_threshold(roots, threshold)
    _check_passphrase(passphrase)
    make_folder(home)
    if (home / ISSUING).exists():
        raise Misconfigured(Code.ALREADY_SET_UP, f"{home} holds a vendor already")
    token = entropy.token
    # In the order of the keyset: root key 1 is in root-1.box.
    root_keys = sorted((private_keys(token(PRIVATE_BYTES)) for _ in range(roots)), key=public_bytes)
    issuing = {p: [private_keys(token(PRIVATE_BYTES)) for _ in range(1 + SPARES)] for p in Purpose}
    _, document = first_keyset(root_keys, threshold, issuing, day_number(clock.now()))
    store = _store(home, environment)
    store.migrate()
    every = [key for keys in issuing.values() for key in keys]
    # Keys first: a database without its keys could never be used, keys without a database are made again.
    box = KeyBox.create(home, passphrase, entropy, every, root_keys, effort=effort)
    vendor = Vendor(store, lambda: box, clock, entropy, actor())
    try:
        fingerprint = record_vendor(vendor, name, document)
    except Exception:
        (home / ISSUING).unlink()
        raise
    if not (home / EXAMPLE).exists():
        replace_file(home / EXAMPLE, example(name).encode(), PUBLIC)
    return vendor, fingerprint


def _check_passphrase(passphrase: str) -> None:
    if len(passphrase) < MIN_PASSPHRASE:
        raise Misconfigured(
            Code.PASSPHRASE_WRONG, f"the passphrase is shorter than {MIN_PASSPHRASE} characters", "Choose a longer one."
        )


def new_root(file: Path, passphrase: Callable[[], str]) -> bytes:
    """Make a root key in a file of its own, which needs no vendor's home; its public key. See `root_files.make_root`."""
    check_free(file)  # before somebody thinks of a passphrase
    chosen = passphrase()
    _check_passphrase(chosen)
    return make_root(file, chosen, SystemEntropy())


def open_vendor(
    home: Path,
    passphrase: Callable[[], str],
    *,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    effort: Effort = FILE,
) -> Vendor:
    """The vendor of a home. `passphrase` is asked for only when private keys are needed.

    `effort` is for key files that are written from now on.
    `Misconfigured` with NOT_SET_UP where there is none; an older database is brought up to date.
    """
    environment = os.environ if environment is None else environment
    if not (home / ISSUING).exists():
        raise Misconfigured(Code.NOT_SET_UP, f"{home} holds no vendor", "muster vendor init --name NAME")
    entropy = entropy or SystemEntropy()
    store = _store(home, environment)
    store.migrate()
    return Vendor(store, lambda: KeyBox(home, passphrase(), entropy, effort), clock or SystemClock(), entropy, actor())


def facts(vendor: Vendor) -> dict[str, object]:
    """The vendor's name, fingerprint and newest keyset."""
    keysets = vendor.keysets()
    name = vendor.store.run(lambda books: books.setting(NAME))
    fingerprint = vendor.store.run(lambda books: books.setting(FINGERPRINT))
    return {"vendor": name, "vendor_fingerprint": fingerprint, "keyset": keysets.version}


def organisations(vendor: Vendor) -> tuple[Organisation, ...]:
    """Every customer."""
    return vendor.store.run(lambda books: books.organisations())


def activations(vendor: Vendor, key: KeyRow) -> tuple[tuple[CertificateRow, ...], tuple[MachineRow, ...]]:
    """The certificates and the machines of a key."""
    return vendor.store.run(lambda books: (books.certificates(key.id), books.machines(key.id)))


def export_audit(home: Path, vendor: Vendor, *, with_people: bool) -> Exported:
    """The audit as a file; its newest seal is also kept in the home, beside the database. See `auditing.export_audit`."""
    done = auditing.export_audit(vendor, with_people=with_people)
    replace_file(home / EXPORTED_SEAL, done.seal.encode())
    return done


def database_of(home: Path, environment: Mapping[str, str]) -> Path | str:
    """Where the books of a home are: a file, or the URL of a server."""
    found = _database(home, environment)
    return home / DATABASE if isinstance(found, sa.URL) else found


def audit_rows(vendor: Vendor, last: int) -> list[dict[str, Any]]:
    """The newest audit rows, oldest first."""
    rows = vendor.store.run(lambda books: books.audit_rows(last))
    return [
        {
            "id": row.id,
            "at": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
            "actor": row.actor,
            "action": row.action,
            "subject": row.subject,
            "details": dict(row.details),
        }
        for row in rows
    ]


def actor() -> str:
    """Who runs this process, as the audit names it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
