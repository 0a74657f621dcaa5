"""Letting several hosts write one service record in a DNS zone that Active Directory keeps.

There, whoever writes a name first owns it, and the second host is refused. A group that may write the name, held by the
zone's directory entry, ends that (docs/operate/directory.md §DNS).
"""

from __future__ import annotations

from dataclasses import dataclass

from muster.base.errors import Code, Refused
from muster.console.directory.core.descriptors import (
    WRITING,
    decode_descriptor,
    encode_descriptor,
    granted,
    sid_text,
)
from muster.console.directory.service.objects import DESCRIPTOR, sid_of
from muster.platform.ldap.port import ROOT, Directory, escaped_name

_ROOT_ATTRIBUTES = ("defaultNamingContext", "rootDomainNamingContext")


@dataclass(frozen=True, slots=True)
class Grant:
    """Who is to write what: DN of the name's entry, group, its SID. `exists`: the entry is there; `stands`: the right is."""

    node: str
    group: str
    sid: bytes
    exists: bool
    stands: bool

    @property
    def sid_text(self) -> str:
        """The group's SID as people write it."""
        return sid_text(self.sid)

    @property
    def commands(self) -> tuple[str, str]:
        """What does the same by hand: with Samba's tool, and with Microsoft's."""
        sddl = f"(A;;RPWPLCLOSWRC;;;{self.sid_text})"
        return (
            f'samba-tool dsacl set --objectdn="{self.node}" --sddl="{sddl}"',
            f'dsacls "{self.node}" /G "{self.group}:GRGW"',
        )


async def plan(directory: Directory, zone: str, group: str, label: str) -> Grant:
    """The grant that lets `group` write the records of `label` (``_muster._tcp``) in `zone`. Changes nothing."""
    (root,) = await directory.read(ROOT, attributes=_ROOT_ATTRIBUTES)
    domain, forest = root.text("defaultNamingContext"), root.text("rootDomainNamingContext")
    if not domain:
        raise Refused(
            Code.NO_DOMAIN, "this is no Active Directory", "Grants for BIND are in its configuration: update-policy."
        )
    home = await _zone(directory, zone.rstrip("."), domain, forest)
    node = f"DC={escaped_name(label)},{home}"
    sid = await sid_of(directory, domain, group)
    found = await directory.read(node, attributes=(DESCRIPTOR,))
    values = found[0].values(DESCRIPTOR) if found else ()
    stands = False
    if values:
        descriptor = decode_descriptor(values[0])
        stands = granted(descriptor, sid, WRITING) == descriptor
    return Grant(node, group, sid, bool(found), stands)


async def _zone(directory: Directory, zone: str, domain: str, forest: str) -> str:
    """The DN of the zone: in the domain's partition, the forest's, or where it was kept before there were any."""
    name = f"DC={escaped_name(zone)},CN=MicrosoftDNS"
    for place in (f"DC=DomainDnsZones,{domain}", f"DC=ForestDnsZones,{forest}", f"CN=System,{domain}"):
        if await directory.read(f"{name},{place}", attributes=("dc",)):
            return f"{name},{place}"
    raise Refused(
        Code.NOT_FOUND,
        f"this account sees no zone {zone} in the directory",
        "Compare the zone's name, and log in as one of DnsAdmins or Domain Admins.",
    )


async def apply(directory: Directory, grant: Grant) -> None:
    """Set the right; makes the name's entry, still without records, where there is none."""
    if not grant.exists:
        await directory.add(grant.node, {"objectClass": (b"top", b"dnsNode")})
    found = await directory.read(grant.node, attributes=(DESCRIPTOR,))
    values = found[0].values(DESCRIPTOR) if found else ()
    if not values:
        raise Refused(
            Code.DIRECTORY_REFUSED,
            f"this account may not read who may write {grant.node}",
            "Log in as one of DnsAdmins or Domain Admins.",
        )
    changed = granted(decode_descriptor(values[0]), grant.sid, WRITING)
    await directory.replace(grant.node, {DESCRIPTOR: (encode_descriptor(changed),)})
