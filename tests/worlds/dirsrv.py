"""389 Directory Server on free ports of loopback, in a folder of its own, without ``dscreate``, which wants the system's.

Opt-in: a test that needs it is skipped, aloud, where Debian's ``389-ds-base`` is not installed. It starts in two seconds.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from tests.worlds.certificates import issue
from tests.worlds.name_servers import LOOPBACK, free_port
from tests.worlds.openldap import MACHINE, OUTSIDER, PASSWORD, SUFFIX, Slapd
from tests.worlds.parts import SYSTEM_PATHS, library, part
from tests.worlds.samba import run

ADMINISTRATOR = "cn=admin"
TEMPLATE = Path("/usr/share/dirsrv/data/template-dse.ldif")
SYSTEM = Path("/etc/dirsrv")
READY_SECONDS = 30.0
STOP_SECONDS = 20.0
_FOLDERS = ("bak", "db", "db_home", "etc", "inst", "ldif", "lock", "log", "run", "tmp")

_PEOPLE = """dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: userRoot
nsslapd-suffix: {suffix}

dn: cn={escaped},cn=mapping tree,cn=config
objectClass: extensibleObject
objectClass: nsMappingTree
cn: {suffix}
nsslapd-state: backend
nsslapd-backend: userRoot

dn: {suffix}
objectClass: domain
dc: corp
aci: (targetattr != "userPassword")(version 3.0; acl "users read"; allow (read, search, compare) userdn = "ldap:///all";)

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


@contextmanager
def dirsrv(folder: Path) -> Iterator[Slapd]:
    """A server with the suffix and the accounts of `openldap.slapd`, but this `ADMINISTRATOR`."""
    program = shutil.which("ns-slapd", path=os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_PATHS)))
    if program is None:
        pytest.skip("opt-in: 389-ds-base is not installed")
    library("bonsai")
    paper = issue(folder, "ldap.corp.example", LOOPBACK)
    for name in _FOLDERS:
        (folder / name).mkdir()
    _believe(folder, paper.certificate, paper.key, paper.authority)
    server = Slapd(folder, free_port(), paper.authority)
    _configure(folder, server.port)
    command = [program, "-D", str(folder / "etc"), "-i", str(folder / "pid"), "-d", "0"]
    with (folder / "dirsrv.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await_ready(server, process)
        words = {"suffix": SUFFIX, "machine": MACHINE, "outsider": OUTSIDER, "password": PASSWORD}
        escaped = SUFFIX.replace("=", "\\3D").replace(",", "\\2C")
        load(server, _PEOPLE.format(escaped=escaped, **words))
        yield server
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def load(server: Slapd, ldif: str, program: str = "ldapadd") -> None:
    """Add or modify entries as the administrator, over the local socket."""
    run(program, "-x", "-H", server.local, "-D", ADMINISTRATOR, "-w", PASSWORD, text=ldif)


def _believe(folder: Path, certificate: Path, key: Path, authority: Path) -> None:
    """The database of certificates that this server reads."""
    place, bundle = str(folder / "etc"), str(folder / "server.p12")
    run("certutil", "-N", "-d", place, "--empty-password")
    run("certutil", "-A", "-d", place, "-n", "authority", "-t", "CT,,", "-a", "-i", str(authority))
    names = ("-name", "Server-Cert", "-passout", "pass:once", "-out", bundle)
    run("openssl", "pkcs12", "-export", "-in", str(certificate), "-inkey", str(key), *names)
    run("pk12util", "-i", bundle, "-d", place, "-W", "once", "-K", "")


def _configure(folder: Path, port: int) -> None:
    """Fill the template that comes with the server."""
    shutil.copytree(SYSTEM / "schema", folder / "etc/schema")
    for name in ("slapd-collations.conf", "certmap.conf"):
        shutil.copy(SYSTEM / "config" / name, folder / "etc")
    salt = SystemEntropy().token(8)
    secret = base64.b64encode(hashlib.sha1(PASSWORD.encode() + salt, usedforsecurity=False).digest() + salt).decode()
    words = {
        **{f"{name}_dir": str(folder / name) for name in _FOLDERS},
        "cert_dir": str(folder / "etc"), "config_dir": str(folder / "etc"), "schema_dir": str(folder / "etc/schema"),
        "ds_passwd": f"{{SSHA}}{secret}", "ds_port": str(port), "ds_suffix": SUFFIX, "ds_user": "root",
        "fqdn": "localhost", "ldapi": str(folder / "ldapi"), "ldapi_autobind": "on", "ldapi_enabled": "on",
        "rootdn": ADMINISTRATOR, "db_lib": "bdb",
    }  # fmt: skip
    text = re.sub(r"%([a-z_]+)%", lambda found: words[found[1]], TEMPLATE.read_text())
    secure = f"nsslapd-security: on\nnsslapd-securePort: {free_port()}\nnsslapd-port:"
    (folder / "etc/dse.ldif").write_text(text.replace("nsslapd-port:", secure, 1))


def _await_ready(server: Slapd, process: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    command = [part("ldapwhoami"), "-x", "-H", server.local, "-D", ADMINISTRATOR, "-w", PASSWORD]
    while process.poll() is None and clock.monotonic() < deadline:
        if subprocess.run(command, check=False, capture_output=True, timeout=READY_SECONDS).returncode == 0:
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail("389 did not answer:\n" + (server.folder / "dirsrv.log").read_text(errors="replace"))
