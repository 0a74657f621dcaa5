"""Looking into the directory of this machine's domain: which servers, which of them answers, what it holds.

Servers are asked one after the other, the next one as soon as one fails or half a second passed; the first that answers is
taken. Whatever happens, it is over within ten seconds. Judges no object.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from muster.base.errors import Code, MusterError, Refused, Unreachable, Untrusted
from muster.client.core.directory import Found, Look
from muster.client.core.discovery import order_records
from muster.client.core.licensing import Scene
from muster.client.core.membership import Membership
from muster.client.service.machine import Machine
from muster.platform.ldap.objects import find_layout, read_objects
from muster.platform.ldap.port import LDAP_PORT, Directories, Kerberos, Login, Server

LIMIT_SECONDS = 9.0
"""For the directory; what is promised is that a host is reached within ten, and asking one takes some time, too."""

PATIENCE_SECONDS = 5.0
STAGGER_SECONDS = 0.5
MAX_SERVERS = 16
# Active Directory's own name first: other servers of a domain may answer under the other one.
_NAMES = ("_ldap._tcp.dc._msdcs", "_ldap._tcp")


async def look(machine: Machine, scene: Scene, limit: float = LIMIT_SECONDS) -> Look:
    """Find domain and server, and read the objects for the scene's vendor and group, within `limit` seconds. Never raises."""
    seen = Look()
    try:
        async with asyncio.timeout(limit):
            await _look(machine, scene, seen)
    except TimeoutError:
        seen.error = _most_telling(seen) or Unreachable(
            Code.DIRECTORY_UNREACHABLE, f"the directory did not answer within {limit:g} seconds"
        )
    except MusterError as error:
        seen.error = error
    return seen


async def _look(machine: Machine, scene: Scene, seen: Look) -> None:
    domain = machine.domain
    seen.membership = domain.membership() if domain is not None else None
    if domain is None or seen.membership is None:
        raise Refused(Code.NO_DOMAIN, "this machine belongs to no domain")
    login = domain.login(seen.membership)
    seen.servers = seen.membership.servers or await _servers(machine, seen.membership)
    sought = scene.product.keysets.vendor_id, scene.edition.group
    seen.found = await _first(domain.directories, seen, login, sought)
    if seen.found is None:
        seen.error = _most_telling(seen)


async def _servers(machine: Machine, membership: Membership) -> tuple[str, ...]:
    entropy = machine.around.entropy
    for name in _NAMES:
        records = await machine.names.services(f"{name}.{membership.domain}")
        ordered = list(order_records(records, [entropy.fraction() for _ in records]))
        if ordered:
            return tuple(_url(record.target, record.port) for record in ordered[:MAX_SERVERS])
    raise Unreachable(
        Code.DIRECTORY_UNREACHABLE,
        f"DNS knows no directory server of {membership.domain}",
        "Let this machine ask the domain's name servers, or set servers in [directory] of client.toml.",
    )


def _url(host: str, port: int) -> str:
    return f"ldap://{host}" if port == LDAP_PORT else f"ldap://{host}:{port}"


async def _first(directories: Directories, seen: Look, login: Login, sought: tuple[bytes, int]) -> Found | None:
    """What the first server shows that answers; notes what the others said."""
    waiting = list(seen.servers[:MAX_SERVERS])
    asked: dict[asyncio.Task[Found], str] = {}
    try:
        while waiting or asked:
            if waiting:
                url = waiting.pop(0)
                asked[asyncio.create_task(_read(directories, seen.membership, url, login, sought))] = url
            pause = STAGGER_SECONDS if waiting else None
            done, _ = await asyncio.wait(asked, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                url, error = asked.pop(task), task.exception()
                if error is None:
                    seen.trials[url] = None
                    return task.result()
                if not isinstance(error, MusterError):
                    raise error
                seen.trials[url] = error
        return None
    finally:
        for task in asked:
            task.cancel()
        for task in asked:
            with suppress(asyncio.CancelledError, MusterError):
                await task


async def _read(
    directories: Directories, membership: Membership | None, url: str, login: Login, sought: tuple[bytes, int]
) -> Found:
    base, authority = (membership.base, membership.ca) if membership else ("", "")
    # Kerberos signs and seals by itself; inside TLS it must not.
    needs_tls = url.lower().startswith("ldap:") and not isinstance(login, Kerberos)
    server = Server(url, start_tls=needs_tls, authority=authority)
    async with directories.connect(server, login, PATIENCE_SECONDS) as directory:
        layout = await find_layout(directory, base)
        kept = await read_objects(directory, layout, sought)
        return Found(layout.ident, tuple(one.found for one in kept))


def _most_telling(seen: Look) -> MusterError | None:
    """What hints at a cause before mere silence."""
    errors = [error for error in seen.trials.values() if error is not None]
    for kind in (Untrusted, Refused):
        for error in errors:
            if isinstance(error, kind):
                return error
    return errors[0] if errors else None
