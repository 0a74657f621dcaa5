"""What the pages of a console stand on: who may log in, who works behind them, where keys and directories are."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from muster.base.clock import Clock, SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured
from muster.console.app.opening import (
    carrier,
    database,
    fresh_database_id,
    has_vault,
    make_vault,
    open_console,
    open_vault,
    settings,
    vendor_services,
)
from muster.console.ports import Carrier

if TYPE_CHECKING:
    # Heavy: imported when pages are served.
    from muster.console.web.site import DirectoryRoom, Elsewhere, KeyRoom
    from muster.console.web.working import Workers
    from muster.platform.accounts import Accounts
    from muster.platform.ldap.port import Directory


def open_accounts(home: Path, *, environment: Mapping[str, str] | None = None, clock: Clock | None = None) -> Accounts:
    """Who may log in to the pages, in the console's database; what is done to accounts stands in its audit."""
    from muster.console.service.access import console_accounts
    from muster.platform.accounts.sql import SqlAccounts

    work = open_console(home, environment=environment, clock=clock)
    store = SqlAccounts(database(home, settings(home, environment)), "store in console.toml")
    store.migrate()
    return console_accounts(work.store, store, work.clock, SystemEntropy())


@contextmanager
def workers(home: Path) -> Iterator[Workers]:
    """What carries out the tasks of pages, by SSH as the settings say."""
    from muster.console.web.working import Workers

    @asynccontextmanager
    async def carrying() -> AsyncIterator[Carrier]:
        one = carrier(home)
        try:
            yield one
        finally:
            await one.close()

    found = Workers(carrying)
    try:
        yield found
    finally:
        found.close()


def key_room(home: Path) -> KeyRoom:
    """Where the pages find product keys sealed."""
    from muster.console.web.site import KeyRoom

    return KeyRoom(
        lambda: has_vault(home),
        lambda passphrase: make_vault(home, passphrase),
        lambda passphrase: open_vault(home, passphrase),
        vendor_services(),
        fresh_database_id,
    )


def directory_room(home: Path, *, environment: Mapping[str, str] | None = None) -> DirectoryRoom:
    """How the pages reach directories: as ``[directory]`` says, and as somebody with a password may say there."""
    from muster.console.directory.app import Where, connected
    from muster.console.web.site import DirectoryRoom

    around = os.environ if environment is None else environment
    own = settings(home, environment).directory

    def connect(place: str, user: str, password: str) -> AbstractAsyncContextManager[Directory]:
        server, domain = (place, "") if "://" in place else ("", place)
        if server.lower().startswith("ldapi:") and server != own.place:
            # The socket lets this process in as whoever it runs as: not for a page to choose.
            raise Misconfigured(Code.USAGE, "a local socket is a matter of console.toml", "Set place in [directory].")
        if user and not password:
            # To a directory that would be a log-in as nobody (RFC 4513 §5.1.2).
            raise Misconfigured(Code.USAGE, f"the password of {user} is missing", "Type it, or leave the user out.")
        keys = ("", "") if user else (own.keytab, own.principal)
        return connected(Where(server, domain, user, password, *keys, own.authority), around)

    return DirectoryRoom(own.place, own.base, connect)


def elsewhere(home: Path, *, environment: Mapping[str, str] | None = None) -> Elsewhere | None:
    """The identity provider of ``[openid]``, None where none is asked; `Misconfigured` for settings that cannot be."""
    from muster.console.service.access import ROLES
    from muster.console.web.site import Elsewhere
    from muster.platform.openid import provider_of
    from muster.platform.openid.exchange import HttpsIdentities

    provider = provider_of(settings(home, environment).openid, ROLES)
    return Elsewhere(HttpsIdentities(provider), SystemClock(), SystemEntropy()) if provider else None
