"""A Samba domain on an address of its own on loopback: provisioned from nothing, started, stopped (some seconds).

Its ports are those of every domain controller, so it needs root; the address is one that nobody listens on. Nothing on
this machine is changed: names are resolved for child processes by nss_wrapper, Kerberos by a file of its own.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from tests.worlds.certificates import issue
from tests.worlds.parts import library, part

REALM = "CORP.EXAMPLE"
ZONE = "corp.example"
CONTROLLER = f"dc1.{ZONE}"
BASE = "DC=corp,DC=example"
CONFIGURATION = f"CN=Configuration,{BASE}"
ADMINISTRATOR = f"Administrator@{REALM}"
PASSWORD = "Passw0rd!x9"
WRAPPER = "libnss_wrapper.so"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
ADDRESS_ATTEMPTS = 50
PORTS = (53, 88, 389, 445, 636)

_SMB_CONF = """[global]
	interfaces = {address}/8
	bind interfaces only = yes
	dns forwarder =
	server services = rpc, ldap, cldap, kdc, dns, winbindd, s3fs
	pid directory = {folder}/run
	ncalrpc dir = {folder}/run/ncalrpc
	ntp signd socket directory = {folder}/run/ntp
	log file = {folder}/log/%m.log
	logging = file
	disable netbios = yes
	load printers = no
	printing = bsd
	allow dns updates = secure only
	tls enabled = yes
	tls keyfile = {key}
	tls certfile = {certificate}
	tls cafile = {authority}
"""
_REPLACED = re.compile(
    r"(?m)^\s*(dns forwarder|interfaces|bind interfaces only|log file|logging|server services)\s*=.*\n"
)

_MEMBER_CONF = """[global]
	security = ads
	realm = {realm}
	workgroup = CORP
	netbios name = {name}
	interfaces = 127.0.0.1/8
	bind interfaces only = yes
	private dir = {folder}/private
	state directory = {folder}/state
	cache directory = {folder}/cache
	lock directory = {folder}/lock
	pid directory = {folder}/run
	log file = {folder}/log/%m.log
	kerberos method = dedicated keytab
	dedicated keytab file = FILE:{folder}/krb5.keytab
	idmap config * : backend = tdb
	idmap config * : range = 3000-7999
	disable netbios = yes
	load printers = no
"""

_KRB5_CONF = """[libdefaults]
 default_realm = {realm}
 dns_lookup_realm = false
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 0
[realms]
 {realm} = {{
  kdc = {address}:88
  kpasswd_server = {address}:464
 }}
[domain_realm]
 .{zone} = {realm}
 {zone} = {realm}
"""


@dataclass(frozen=True)
class Member:
    """A machine account of the domain, and the keytab that its machine holds."""

    name: str
    keytab: Path
    smb_conf: Path | None = None

    @property
    def principal(self) -> str:
        return f"{self.name.upper()}$"


@dataclass(frozen=True)
class Domain:
    """A running domain."""

    folder: Path
    address: str
    authority: Path

    @property
    def smb_conf(self) -> Path:
        return self.folder / "dc/etc/smb.conf"

    @property
    def name_server(self) -> str:
        """As ``MUSTER_DNS_SERVER`` takes it."""
        return f"{self.address}:53"

    @property
    def environment(self) -> dict[str, str]:
        """What a process of a machine in the domain finds: names, Kerberos, its name server."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "LD_PRELOAD": WRAPPER,
            "NSS_WRAPPER_HOSTS": str(self.folder / "hosts"),
            "MUSTER_DNS_SERVER": self.name_server,
        }

    def records(self, name: str, rdtype: str) -> list[str]:
        """What its DNS shows at a name, in presentation form, sorted."""
        reply = dns.query.tcp(dns.message.make_query(name, rdtype), self.address, timeout=STOP_SECONDS)
        return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)

    def tool(self, *arguments: str, text: str | None = None) -> str:
        """``samba-tool``, on the controller."""
        return run("samba-tool", *arguments, "-s", str(self.smb_conf), text=text)

    def computer(self, name: str) -> Member:
        """A machine account made by an administrator, with its keytab."""
        self.tool("computer", "create", name.upper())
        self.tool("user", "setpassword", f"{name.upper()}$", "--newpassword=Mach!Passw0rd1")
        return self.exported(name)

    def exported(self, name: str) -> Member:
        """The keytab of a machine account as it is now."""
        keytab = self.folder / f"{name.lower()}-{SystemEntropy().token(4).hex()}.keytab"
        self.tool("domain", "exportkeytab", str(keytab), f"--principal={name.upper()}$")
        return Member(name.upper(), keytab)

    def joined(self, name: str, folder: Path) -> Member:
        """A machine that joins the domain by itself, as Samba members do; its smb.conf and keytab are in `folder`."""
        for part_ in ("private", "state", "cache", "lock", "run", "log"):
            (folder / part_).mkdir(parents=True)
        conf = folder / "smb.conf"
        conf.write_text(_MEMBER_CONF.format(realm=REALM, name=name.upper(), folder=folder))
        environment = {**os.environ, **self.environment}
        common = ("-s", str(conf), "-S", CONTROLLER)
        run(
            "net",
            "ads",
            "join",
            "-U",
            f"Administrator%{PASSWORD}",
            "--no-dns-updates",
            *common,
            environment=environment,
        )
        run("net", "ads", "keytab", "create", "-P", *common, environment=environment)
        return Member(name.upper(), folder / "krb5.keytab", conf)

    def leave(self, member: Member) -> None:
        """The machine leaves the domain, as Samba members do."""
        command = ("net", "ads", "leave", "-U", f"Administrator%{PASSWORD}", "-s", str(member.smb_conf))
        run(*command, "-S", CONTROLLER, environment={**os.environ, **self.environment})

    def user(self, name: str, password: str = PASSWORD) -> str:
        """A person's account; its name as for a simple bind."""
        self.tool("user", "create", name, password)
        return f"{name}@{REALM}"

    def group(self, name: str, *members: str) -> None:
        """A new security group with these accounts, in place of one that another test of the same domain made."""
        if name in self.tool("group", "list").splitlines():
            self.tool("group", "delete", name)
        self.tool("group", "add", name)
        for member in members:
            self.tool("group", "addmembers", name, member)


@contextmanager
def domain(folder: Path) -> Iterator[Domain]:
    """A domain in `folder` until the test is over."""
    library("bonsai")
    samba = part("samba")
    for program in ("samba-tool", "net"):
        part(program)
    if os.geteuid() != 0:
        pytest.fail("a domain controller has fixed ports below 1024: run these tests as root, or MUSTER_SKIP_PARTS=1")
    address = _free_address()
    found = Domain(folder, address, folder / "authority.pem")
    _provision(found)
    # winbindd's socket has a fixed place, which every domain of this machine would share.
    start = f"exec {samba} -F --no-process-group -M prefork -s {found.smb_conf}"
    inside = f"mkdir -p /run/samba && mount -t tmpfs none /run/samba && {start}"
    with (folder / "samba.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "-m", "--", "/bin/sh", "-c", inside], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await_ready(found, process)
        run("samba_spnupdate", "-s", str(found.smb_conf))
        # The contract suite binds in this process, where no wrapper resolves names: by address.
        found.tool("spn", "add", f"ldap/{address}", "DC1$")
        yield found
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _provision(found: Domain) -> None:
    folder, dc = found.folder, found.folder / "dc"
    # Debian's /etc/samba/smb.conf would be copied in without a file of our own.
    empty = folder / "empty.conf"
    empty.write_text("")
    run(
        "samba-tool", "domain", "provision", "-s", str(empty), f"--realm={REALM}", "--domain=CORP", "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL", f"--adminpass={PASSWORD}", "--host-name=dc1", f"--host-ip={found.address}",
        f"--targetdir={dc}", f"--option=interfaces={found.address}/8", "--option=bind interfaces only=yes",
        "--option=vfs objects=dfs_samba4 acl_xattr",
    )  # fmt: skip
    for name in ("run", "run/ncalrpc", "run/winbindd", "run/ntp", "log"):
        (dc / name).mkdir(parents=True, exist_ok=True)
    (dc / "run/ntp").chmod(0o750)
    paper = issue(folder, CONTROLLER, found.address)
    head = _SMB_CONF.format(
        address=found.address, folder=dc, key=paper.key, certificate=paper.certificate, authority=paper.authority
    )
    text = _REPLACED.sub("", found.smb_conf.read_text())
    found.smb_conf.write_text(text.replace("[global]\n", head, 1))
    (folder / "krb5.conf").write_text(_KRB5_CONF.format(realm=REALM, zone=ZONE, address=found.address))
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{found.address} {CONTROLLER} dc1\n")


def _await_ready(found: Domain, process: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    query = dns.message.make_query(f"_ldap._tcp.{ZONE}", "SRV")
    while process.poll() is None and clock.monotonic() < deadline:
        with suppress(OSError, EOFError, dns.exception.DNSException):
            socket.create_connection((found.address, 389), 1).close()
            socket.create_connection((found.address, 88), 1).close()
            if dns.query.tcp(query, found.address, timeout=1).answer:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    pytest.fail("Samba did not answer:\n" + (found.folder / "samba.log").read_text(errors="replace")[-2000:])


def _free_address() -> str:
    """A loopback address on which none of a controller's ports is taken."""
    for _ in range(ADDRESS_ATTEMPTS):
        one, two, three = SystemEntropy().token(3)
        address = f"127.{64 + one % 64}.{two}.{1 + three % 254}"
        with suppress(OSError):
            for port in PORTS:
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                    tcp.bind((address, port))
            return address
    return pytest.fail("no loopback address is free for a domain controller")


def run(*command: str, text: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a program of Samba's says; fails the test when it fails."""
    done = subprocess.run(
        [part(command[0]), *command[1:]],
        check=False,
        capture_output=True,
        text=True,
        input=text or "",
        env=environment,
        timeout=READY_SECONDS,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command[:4])} failed: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout
