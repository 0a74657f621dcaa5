"""OpenLDAP on a free port of loopback: configured by ``cn=config``, with StartTLS, started and stopped in milliseconds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from muster.base.clock import SystemClock
from tests.worlds.certificates import issue
from tests.worlds.name_servers import LOOPBACK, free_port
from tests.worlds.parts import library, part
from tests.worlds.samba import run

SUFFIX = "dc=corp,dc=example"
ADMINISTRATOR = f"cn=admin,{SUFFIX}"
PASSWORD = "secret of the directory"
MACHINE = f"cn=pc1,{SUFFIX}"
OUTSIDER = f"cn=visitor,{SUFFIX}"
READY_SECONDS = 20.0
STOP_SECONDS = 10.0

_CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {authority}
TLSVerifyClient never
security simple_bind=56
sizelimit {sizelimit}
database config
access to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * none
database mdb
directory {folder}/db
maxsize 134217728
suffix {suffix}
rootdn {administrator}
rootpw "{password}"
index objectClass eq
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""

_PEOPLE = """dn: {suffix}
objectClass: dcObject
objectClass: organization
o: corp
dc: corp

dn: {machine}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: pc1
userPassword: {password}

dn: {outsider}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: visitor
userPassword: {password}
"""


@dataclass(frozen=True)
class Slapd:
    """A running server. Its own root, over the local socket, may change its configuration: the schema."""

    folder: Path
    port: int
    authority: Path
    stop: Callable[[], None] = lambda: None

    @property
    def local(self) -> str:
        """The URL of its local socket."""
        return f"ldapi://{quote(str(self.folder / 'ldapi'), safe='')}"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def load(self, ldif: str) -> None:
        """Add entries as root, over the local socket."""
        run("ldapadd", "-Q", "-Y", "EXTERNAL", "-H", self.local, text=ldif)


@contextmanager
def slapd(folder: Path, *, sizelimit: int = 500) -> Iterator[Slapd]:
    """A server with one suffix, an administrator, a machine's account and another one."""
    library("bonsai")
    program = part("slapd")
    part("ldapadd")
    paper = issue(folder, "ldap.corp.example", LOOPBACK)
    words = {
        "folder": folder, "suffix": SUFFIX, "administrator": ADMINISTRATOR, "password": PASSWORD, "machine": MACHINE,
        "outsider": OUTSIDER, "certificate": paper.certificate, "key": paper.key, "authority": paper.authority,
        "sizelimit": sizelimit,
    }  # fmt: skip
    (folder / "slapd.conf").write_text(_CONF.format(**words))
    (folder / "people.ldif").write_text(_PEOPLE.format(**words))
    for name in ("db", "slapd.d"):
        (folder / name).mkdir()
    run("slapadd", "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "people.ldif"))
    run("slaptest", "-f", str(folder / "slapd.conf"), "-F", str(folder / "slapd.d"))
    server = Slapd(folder, free_port(), paper.authority)
    command = [program, "-d", "0", "-F", str(folder / "slapd.d"), "-h", f"ldap://{server.address} {server.local}"]
    with (folder / "slapd.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await_ready(server, process)
        yield replace(server, stop=lambda: _stop(process))
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(STOP_SECONDS)


def _await_ready(server: Slapd, process: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    command = [part("ldapwhoami"), "-Q", "-Y", "EXTERNAL", "-H", server.local]
    while process.poll() is None and clock.monotonic() < deadline:
        if subprocess.run(command, check=False, capture_output=True, timeout=READY_SECONDS).returncode == 0:
            return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("slapd did not answer:\n" + (server.folder / "slapd.log").read_text(errors="replace"))
