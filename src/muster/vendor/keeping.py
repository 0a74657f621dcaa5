"""A vendor copied into a file while it works, and made again from it (docs/operate/vendor-record.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.platform.durable_file import make_folder, read_file, replace_file
from muster.platform.sql import sqlite_url
from muster.trust.audit import Head
from muster.vendor.adapters import copy_file
from muster.vendor.adapters.keybox import ISSUING, KeyBox
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.app import DATABASE, EXAMPLE, EXPORTED_SEAL, SETTINGS, actor, database_file
from muster.vendor.service import restoring
from muster.vendor.service.auditing import read_known
from muster.vendor.service.vendor import Vendor

KEPT = (ISSUING, SETTINGS, EXAMPLE)
"""What a copy holds beside the database."""
MAX_KEPT_BYTES = 1024 * 1024
MAX_SEAL_BYTES = 4096


def backup(home: Path, file: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None) -> None:
    """Copy a vendor into a file while it works: the database of one instant, issuing keys, settings; never root keys.

    `Misconfigured` with NOT_SET_UP, or with USAGE where PostgreSQL keeps the books: it has its own ways.
    """
    if not (home / ISSUING).exists():
        raise Misconfigured(Code.NOT_SET_UP, f"{home} holds no vendor", "muster vendor init --name NAME")
    database = database_file(home, os.environ if environment is None else environment)
    copy_file.write_copy(home, database, KEPT, file, (clock or SystemClock()).now())


def restore(
    home: Path,
    file: Path,
    *,
    force: bool = False,
    seal: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Head:
    """Make a vendor again from a copy; the head of its audit. Nothing is written before all of it was verified.

    `Refused` with COPY_STALE when it goes back behind the database that is here, a seal that was exported from here, or
    `seal`, unless `force`. Keys and settings that are here stay: a file of keys only grows.
    """
    environment = os.environ if environment is None else environment
    make_folder(home)
    clock = clock or SystemClock()
    with copy_file.open_copy(file, KEPT, home) as folder:
        if not (home / SETTINGS).exists() and (folder / SETTINGS).exists():
            database_file(folder, environment)
        database_file(home, environment)
        copy_file.check_database(folder / DATABASE)
        here = None
        if (home / DATABASE).exists():
            copy_file.check_database(home / DATABASE)
            with closing(_books(home, clock)) as own:
                here = restoring.standing_of(own.vendor)
        known = [seal] if seal is not None else []
        if (text := read_file(home / EXPORTED_SEAL, MAX_SEAL_BYTES)) is not None:
            known.append(read_known(text.decode(errors="replace")))
        with closing(_books(folder, clock)) as copy:
            head = restoring.check_copy(copy.vendor, here, known, force=force)
            restoring.skip(copy.vendor, head, force=force)
        for name in KEPT:
            if (data := read_file(folder / name, MAX_KEPT_BYTES)) is not None and not (home / name).exists():
                replace_file(home / name, data)
        copy_file.put_database(folder / DATABASE, home / DATABASE)
        if force:  # it may name a chain that this decision ended
            (home / EXPORTED_SEAL).unlink(missing_ok=True)
    return head


@dataclass(frozen=True, slots=True)
class _Books:
    """Books without keys: to look at, and to write what needs no key."""

    vendor: Vendor
    close: Callable[[], None]


def _books(folder: Path, clock: Clock) -> _Books:
    def locked() -> KeyBox:
        raise Misconfigured(Code.NOT_SET_UP, "a copy has no keys", "Restore it first.")

    store, entropy = SqlStore(sqlite_url(folder / DATABASE)), SystemEntropy()
    store.migrate()
    return _Books(Vendor(store, locked, clock, entropy, actor()), store.close)
