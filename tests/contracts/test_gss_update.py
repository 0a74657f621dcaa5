"""DNS updates that Kerberos signs: a Samba domain's own DNS, and BIND with keys of that domain."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.query
import pytest

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Refused
from muster.host.adapters.dns_update import DnsUpdate
from muster.host.adapters.gss_tsig import GssAccount, GssTsig
from muster.host.core.publication import AddressRecord, ServiceRecord, ZoneRecords
from tests.worlds.name_servers import LOOPBACK, World, bind
from tests.worlds.parts import library
from tests.worlds.samba import ADMINISTRATOR, CONTROLLER, PASSWORD, REALM, ZONE, Domain, Member

pytestmark = pytest.mark.parts

PATIENCE = 10.0
COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "directory", "dns-acl"]


@pytest.fixture(autouse=True)
def kerberos(samba_domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))


def records(zone: str, host: str, address: str, label: str = "_muster._tcp") -> ZoneRecords:
    name = f"{host}.{zone}"
    service = ServiceRecord(f"{label}.{zone}", 0, 0, 1688, name)
    return ZoneRecords(zone, (service,), (AddressRecord(name, ip_address(address)),))


def way(server: tuple[str, int], member: Member, principal: str = "") -> DnsUpdate:
    library("gssapi")
    account = GssAccount(str(member.keytab), principal or f"{member.principal}@{REALM}")
    gss = GssTsig(account, SystemClock(), SystemEntropy(), PATIENCE)
    return DnsUpdate(server, gss=gss, patience=PATIENCE)


def asked(server: tuple[str, int], name: str, rdtype: str = "SRV") -> list[str]:
    reply = dns.query.tcp(dns.message.make_query(name, rdtype), server[0], port=server[1], timeout=PATIENCE)
    return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)


def test_bind_takes_what_a_machine_account_signs_and_its_reply_verifies(
    samba_domain: Domain, samba_member: Member, tmp_path: Path
) -> None:
    samba_domain.tool("user", "create", "svc-named", PASSWORD)
    samba_domain.tool("spn", "add", "DNS/ns.lab.example", "svc-named")
    keytab = tmp_path / "dns.keytab"
    samba_domain.tool("domain", "exportkeytab", str(keytab), "--principal=DNS/ns.lab.example")
    who = f"{samba_member.principal}@{REALM}"
    world = World(
        options=f'tkey-gssapi-keytab "{keytab}";',
        policy=f"grant {who} name _muster._tcp.lab.example. SRV; grant {who} name pc1.lab.example. A;\n",
    )
    with bind(tmp_path, world) as server:
        at = (LOOPBACK, server.port)
        wanted = records("lab.example", "pc1", "192.0.2.1")
        assert asyncio.run(way(at, samba_member).publish(wanted)) == wanted
        assert asked(at, "_muster._tcp.lab.example") == ["0 0 1688 pc1.lab.example."]
        with pytest.raises(Refused) as refused:
            asyncio.run(way(at, samba_member).publish(records("lab.example", "pc2", "192.0.2.2")))
        assert refused.value.code is Code.DNS_UPDATE_REFUSED
        asyncio.run(way(at, samba_member).withdraw(wanted))
        assert asked(at, "_muster._tcp.lab.example") == []


def test_a_second_host_of_a_domain_writes_once_its_group_may(samba_domain: Domain) -> None:
    at = (samba_domain.address, 53)
    one, two = samba_domain.computer("kms1"), samba_domain.computer("kms2")
    samba_domain.group("Activation hosts", one.principal, two.principal)
    first, second = records(ZONE, "kms1", "192.0.2.1"), records(ZONE, "kms2", "192.0.2.2")
    assert asyncio.run(way(at, one).publish(first)) == first
    assert asked(at, f"_muster._tcp.{ZONE}") == [f"0 0 1688 kms1.{ZONE}."]
    with pytest.raises(Refused) as refused:
        asyncio.run(way(at, two).publish(second))
    assert refused.value.code is Code.DNS_UPDATE_REFUSED
    assert granted(samba_domain) == {"granted": False, "exists": True}
    assert granted(samba_domain, "--apply") == {"granted": True, "exists": True}
    assert granted(samba_domain) == {"granted": True, "exists": True}
    assert asyncio.run(way(at, two).publish(second)) == second
    assert asked(at, f"_muster._tcp.{ZONE}") == [f"0 0 1688 kms1.{ZONE}.", f"0 0 1688 kms2.{ZONE}."]
    asyncio.run(way(at, one).withdraw(first))
    asyncio.run(way(at, two).withdraw(second))


def test_a_grant_comes_before_the_first_host_too(samba_domain: Domain) -> None:
    at = (samba_domain.address, 53)
    one = samba_domain.computer("kms3")
    samba_domain.group("Other hosts", one.principal)
    label = "_other._tcp"
    assert granted(samba_domain, "--apply", "--label", label, group="Other hosts") == {"granted": True, "exists": False}
    wanted = records(ZONE, "kms3", "192.0.2.3", label)
    assert asyncio.run(way(at, one).publish(wanted)) == wanted
    asyncio.run(way(at, one).withdraw(wanted))


def granted(domain: Domain, *options: str, group: str = "Activation hosts") -> dict[str, bool]:
    """What ``muster directory dns-acl`` tells."""
    where = ["--server", f"ldap://{CONTROLLER}", "--user", ADMINISTRATOR, "--ca", str(domain.authority)]
    done = subprocess.run(
        [*COMMAND, "--zone", ZONE, "--group", group, "--json", *options, *where],
        env={**os.environ, **domain.environment, "MUSTER_DIRECTORY_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert f"CN=MicrosoftDNS,DC=DomainDnsZones,{'DC=corp,DC=example'}" in found["node"]
    return {name: found[name] for name in ("granted", "exists")}


def test_keys_that_open_no_account_are_named(samba_domain: Domain, samba_member: Member) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(
            way((samba_domain.address, 53), samba_member, f"NOBODY$@{REALM}").publish(records(ZONE, "x", "192.0.2.9"))
        )
    assert refused.value.code is Code.DNS_UPDATE_REFUSED
    assert "Kerberos" in refused.value.message
