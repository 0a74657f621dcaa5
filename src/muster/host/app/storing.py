"""Where the counts of a home are: in its database file, or in the PostgreSQL database that several hosts share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from muster.base.clock import Clock
from muster.base.errors import Code, Misconfigured
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.sqlite_file import set_aside
from muster.host.adapters.sqlite_store import SqliteStore
from muster.host.adapters.sqlite_view import GroupView, MachineView, SqliteView
from muster.host.core.settings import SQLITE
from muster.host.ports import Journal, SharedStore, Store, Totals
from muster.host.service.server import Server


class View(Protocol):
    """What counts and inventory show."""

    def groups(self, now: int) -> tuple[GroupView, ...]:
        """The counts at `now` (seconds since 1970)."""

    def totals(self) -> Totals:
        """The totals as committed."""

    def seen_since(self, moment: int) -> int:
        """How many distinct machines asked since `moment` (seconds since 1970)."""

    def machines(self, since: int, until: int) -> Iterator[MachineView]:
        """Every machine last seen within two instants (seconds since 1970), the newest first."""


def view_of(folder: HomeFolder) -> View:
    """Looks where the settings say. Raises `Misconfigured`; what it looks into may raise `StoreFailed`."""
    store = folder.settings().store
    if store == SQLITE:
        return SqliteView(folder.store)
    from muster.host.adapters.postgres_view import PostgresView  # only hosts that share a count need the driver

    return PostgresView(store)


def open_shared(folder: HomeFolder) -> SharedStore | None:
    """The store that is shared with other hosts; None when the count is this host's own."""
    store = folder.settings().store
    if store == SQLITE:
        return None
    from muster.host.adapters.postgres_store import PostgresStore  # only hosts that share a count need the driver

    return PostgresStore(store)


def open_server(folder: HomeFolder, clock: Clock, journal: Journal, *, recount: bool) -> tuple[Server, Store]:
    """A server on the store of the settings. `recount` moves a damaged file away first; a shared database is not ours to move."""
    shared = open_shared(folder)
    if shared is not None:
        if recount:
            problem = "--recount is for counts in a file; these are shared with other hosts"
            raise Misconfigured(
                Code.USAGE, problem, "Restore the database, or drop its tables host_*, with every host stopped."
            )
        from muster.host.service.shared_server import SharedServer

        return SharedServer(folder, shared, clock, journal=journal), shared
    if recount:
        set_aside(folder.store, clock.now())
    store = SqliteStore(folder.store)
    return Server(folder, store, clock, journal=journal), store
