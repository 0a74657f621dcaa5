"""A vendor copied into a file while it works, and made again from it (docs/operate/vendor-record.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from muster.base.clock import Clock, SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured, Refused
from muster.platform.durable_file import make_folder, read_file, replace_file
from muster.platform.sql import sqlite_url
from muster.trust.audit import Head
from muster.vendor.adapters import copy_file, copy_server
from muster.vendor.adapters.keybox import ISSUING, KeyBox
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.app import DATABASE, EXAMPLE, EXPORTED_SEAL, SETTINGS, actor, database_of
from muster.vendor.service import restoring
from muster.vendor.service.auditing import read_known
from muster.vendor.service.vendor import Vendor

KEPT = (ISSUING, SETTINGS, EXAMPLE)
"""What a copy holds beside the database."""
MAX_KEPT_BYTES = 1024 * 1024
MAX_SEAL_BYTES = 4096


def backup(home: Path, file: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None) -> None:
    """Copy a vendor into a file while it works: the database of one instant, issuing keys, settings; never root keys.

    `Misconfigured` with NOT_SET_UP where there is none, `StoreFailed` where the database cannot be read.
    """
    if not (home / ISSUING).exists():
        raise Misconfigured(Code.NOT_SET_UP, f"{home} holds no vendor", "muster vendor init --name NAME")
    books = database_of(home, os.environ if environment is None else environment)
    if isinstance(books, Path):
        copy = partial(copy_file.copy_out, books)
    else:
        copy_server.make_tables(books)
        copy = partial(copy_server.copy_out, books)
    copy_file.write_copy(home, copy, KEPT, file, (clock or SystemClock()).now())


def restore(
    home: Path,
    file: Path,
    *,
    force: bool = False,
    seal: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Head:
    """Make a vendor again from a copy, of whatever database; the head of its audit. All of it is verified first.

    `Refused` with COPY_STALE when it goes back behind the database that is here, a seal that was exported from here, or
    `seal`, and with ALREADY_SET_UP for an empty home whose database is not, unless `force`. Keys and settings that are
    here stay: a file of keys only grows.
    """
    environment = os.environ if environment is None else environment
    make_folder(home)
    clock = clock or SystemClock()
    with copy_file.open_copy(file, KEPT, home) as folder:
        is_set = (home / SETTINGS).exists() or not (folder / SETTINGS).exists()
        books = database_of(home if is_set else folder, environment)
        books = home / DATABASE if isinstance(books, Path) else books
        copy_file.check_database(folder / DATABASE)
        here = _standing(books, clock)
        if here is not None and not (home / ISSUING).exists() and not force:
            # The settings in a copy name the database that the vendor works with: no trial may overwrite that.
            raise Refused(
                Code.ALREADY_SET_UP,
                "the database that the settings name holds the books of a vendor, and this home none",
                "Name another database: MUSTER_VENDOR_DATABASE=sqlite keeps the books in the home. --force replaces them.",
            )
        known = [seal] if seal is not None else []
        if (text := read_file(home / EXPORTED_SEAL, MAX_SEAL_BYTES)) is not None:
            known.append(read_known(text.decode(errors="replace")))
        with closing(_books(sqlite_url(folder / DATABASE), clock)) as copy:
            head = restoring.check_copy(copy.vendor, here, known, force=force)
            restoring.skip(copy.vendor, head, force=force)
        for name in KEPT:
            if (data := read_file(folder / name, MAX_KEPT_BYTES)) is not None and not (home / name).exists():
                replace_file(home / name, data)
        if isinstance(books, Path):
            copy_file.put_database(folder / DATABASE, books)
        else:
            copy_server.make_tables(sqlite_url(folder / DATABASE))
            copy_server.copy_in(folder / DATABASE, books)
        if force:  # it may name a chain that this decision ended
            (home / EXPORTED_SEAL).unlink(missing_ok=True)
    return head


def _standing(books: Path | str, clock: Clock) -> restoring.Standing | None:
    """How far the books go that would be replaced; None where there are none."""
    if isinstance(books, Path):
        if not books.exists():
            return None
        copy_file.check_database(books)
    elif not copy_server.has_books(books):
        return None
    with closing(_books(sqlite_url(books) if isinstance(books, Path) else books, clock)) as own:
        return restoring.standing_of(own.vendor)


@dataclass(frozen=True, slots=True)
class _Books:
    """Books without keys: to look at, and to write what needs no key."""

    vendor: Vendor
    close: Callable[[], None]


def _books(url: str | sa.URL, clock: Clock) -> _Books:
    def locked() -> KeyBox:
        raise Misconfigured(Code.NOT_SET_UP, "a copy has no keys", "Restore it first.")

    store, entropy = SqlStore(url), SystemEntropy()
    store.migrate()
    return _Books(Vendor(store, locked, clock, entropy, actor()), store.close)
