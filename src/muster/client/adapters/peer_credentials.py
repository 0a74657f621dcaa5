"""Who is at the other end of a local socket, as the kernel tells it; and whose machine it is (spec/control.md §Rights)."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

from muster.base.config import read_toml
from muster.base.errors import MusterError
from muster.client.core.rights import ROOT, Ownership, Peer

# Linux, asm-generic/socket.h: supplementary groups of the peer. Python has no name for it.
SO_PEERGROUPS = 59
# As much as Python asks the kernel for: 256 groups.
MAX_GROUPS_BYTES = 1024
_UCRED = struct.Struct("iII")
# macOS, sys/un.h and sys/ucred.h: version, user, number of groups, sixteen groups.
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1
_XUCRED = struct.Struct("IIh2x16I")
_FORBIDDEN = 0o022


def peer_of(own: socket.socket) -> Peer:
    """The user and groups of the process that connected; `OSError` when the system does not tell."""
    if sys.platform == "linux":
        _, user, group = _UCRED.unpack(own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        return Peer(user, frozenset({group, *_supplementary(own, user, group)}))
    else:  # noqa: RET505 - mypy looks at one system at a time
        data = own.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        _, user, number, *groups = _XUCRED.unpack(data.ljust(_XUCRED.size, b"\0"))
        return Peer(user, frozenset(groups[:number]))


def _supplementary(own: socket.socket, user: int, group: int) -> tuple[int, ...]:
    """Of the process; where the kernel does not tell them, or there are too many, of the user by the system's database."""
    with suppress(OSError):
        data = own.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, MAX_GROUPS_BYTES)
        return struct.unpack(f"{len(data) // 4}I", data)
    with suppress(KeyError, OSError):
        import pwd

        return tuple(os.getgrouplist(pwd.getpwuid(user).pw_name, group))
    return ()


def ownership_of(home: Path, settings: Path) -> Ownership:
    """The owner of the state folder, and the group that `settings` names, if that file is root's and nobody else's to write."""
    owner = home.stat().st_uid
    with suppress(OSError, MusterError, KeyError):
        found = settings.stat()
        name = read_toml(settings).get("administrators")
        if found.st_uid == ROOT and not found.st_mode & _FORBIDDEN and isinstance(name, str) and name:
            import grp

            return Ownership(owner, grp.getgrnam(name).gr_gid)
    return Ownership(owner)
