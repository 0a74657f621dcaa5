"""Machines found in a directory: computer accounts in Active Directory, devices elsewhere (RFC 4519 §3.5)."""

from __future__ import annotations

from dataclasses import dataclass

from muster.console.core.targets import MAX_TARGETS, Target, is_host
from muster.platform.ldap.port import ROOT, Directories, Directory, Entry, Login, Scope, Server, escaped

PATIENCE_SECONDS = 10.0
_NAMES = ("dNSHostName", "cn")
_MACHINES = "(|(objectClass=computer)(objectClass=device)(objectClass=ipHost))"


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look and for whom. `base`: an organisational unit; empty: the whole directory. `filter` as in RFC 4515."""

    base: str = ""
    name: str = "*"
    filter: str = ""


async def search(
    directories: Directories, server: Server, login: Login, wanted: Search
) -> tuple[tuple[Target, ...], int]:
    """Machines with a usable name, and how many entries had none. Raises what `Directories` and `Directory` raise."""
    async with directories.connect(server, login, PATIENCE_SECONDS) as directory:
        return await search_in(directory, wanted)


async def search_in(directory: Directory, wanted: Search) -> tuple[tuple[Target, ...], int]:
    """The same, where somebody is logged in already."""
    base = wanted.base
    if not base:
        roots = await directory.read(ROOT, attributes=("defaultNamingContext", "namingContexts"))
        base = next((r.text("defaultNamingContext") or r.text("namingContexts") for r in roots), "")
    entries = await directory.read(base, Scope.SUBTREE, _filter(wanted), _NAMES, MAX_TARGETS)
    targets = [found for entry in entries if (found := _target(entry)) is not None]
    return tuple(targets), len(entries) - len(targets)


def _filter(wanted: Search) -> str:
    pattern = "*".join(escaped(part) for part in wanted.name.split("*"))
    return f"(&{_MACHINES}(cn={pattern}){wanted.filter})"


def _target(entry: Entry) -> Target | None:
    """The full name where the directory knows it; names that no machine can have are passed over."""
    name = next((text for attribute in _NAMES if is_host(text := entry.text(attribute))), "")
    if not name:
        return None
    unit = next((part[3:] for part in entry.dn.split(",")[1:] if part[:3].lower() == "ou="), "")
    try:
        return Target(name.rstrip("."), name.rstrip("."), group=unit)
    except ValueError:
        return Target(name.rstrip("."), name.rstrip("."))
