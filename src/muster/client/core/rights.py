"""Who may do what on a machine (spec/control.md §Rights).

Pure: who calls is told by the operating system, never by the caller. Decides by nothing but the credentials of the peer,
the owner of the state folder and the group that a root-owned ``client.toml`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from muster.base.errors import Code, Refused

ROOT = 0


class Role(StrEnum):
    """What a caller is to this machine."""

    USER = "user"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end, by the kernel: user id and group ids; on Windows whether its token is elevated.

    `user` is -1 where the system has no numbers for users.
    """

    user: int
    groups: frozenset[int] = frozenset()
    is_elevated: bool = False


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose machine it is: the owner of the state folder, and the id of the administrators' group, if there is one."""

    owner: int
    administrators: int | None = None


def role_of(peer: Peer, ownership: Ownership) -> Role:
    """Administrator: uid 0, the owner of the state folder, a member of the administrators' group, an elevated token."""
    is_known = peer.user in {ROOT, ownership.owner} and peer.user >= 0
    is_member = ownership.administrators is not None and ownership.administrators in peer.groups
    return Role.ADMINISTRATOR if is_known or is_member or peer.is_elevated else Role.USER


def check(what: str, needed: Role, role: Role) -> None:
    """`Refused` with NOT_ADMINISTRATOR unless `role` suffices for `what`."""
    if needed is Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR:
        raise Refused(Code.NOT_ADMINISTRATOR, f"{what}: only an administrator of this machine may do this")
