"""The client and the license check on a system without POSIX: nothing of it is needed to import them and to look.

Not Windows: this interpreter runs on Linux. What only POSIX has is taken away from it before anything of ours is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from muster.base.clock import SystemClock
from tests.programs.test_client_diagnose import told
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

WITHOUT = """
import asyncio, json, multiprocessing, os, pathlib, pkgutil, runpy, shutil, socket, subprocess, sys, tempfile, time
import cbor2, cryptography.hazmat.primitives.asymmetric.ed25519, dns.asyncresolver, rich.console, typer

ABSENT = {"fcntl", "pwd", "grp", "resource", "termios", "pty", "syslog"}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for name in ABSENT:
    sys.modules.pop(name, None)
for module, names in {
    os: "fchmod getuid getgrouplist O_DIRECTORY O_NONBLOCK O_CLOEXEC O_PATH",
    asyncio: "start_unix_server open_unix_connection",
    time: "clock_gettime CLOCK_BOOTTIME CLOCK_MONOTONIC",
}.items():
    for name in names.split():
        delattr(module, name)
"""
IMPORT_ALL = """
del os.geteuid
del socket.AF_UNIX, socket.AF_NETLINK, socket.SO_PEERCRED, socket.SOCK_NONBLOCK
import importlib, importlib.util
import muster.client, muster.license, muster.platform.durable_file
LINUX = {"muster.client.adapters.wakes_linux"}
names = {"muster.platform.durable_file"}
for package in (muster.client, muster.license):
    names |= {found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")}
if importlib.util.find_spec("bonsai") is not None:
    names.add("muster.platform.ldap.worker")
for name in sorted(names - LINUX):
    importlib.import_module(name)
print(json.dumps(sorted(names & set(sys.modules))))
"""
STATUS = """
from muster.base.clock import SystemClock
from muster.cli import run
assert SystemClock().boot_seconds() > 0
sys.exit(run(["client", "--home", sys.argv[1], "status", "--json"]))
"""
CHECK = """
from muster.license import License
print(License.open("acme-cad-pro", vendor=sys.argv[2], home=sys.argv[1]).state)
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT + code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_module_of_client_and_license_is_importable_without_posix() -> None:
    done = python(IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    imported = json.loads(done.stdout)
    assert "muster.client.adapters.control_pipe" in imported
    assert "muster.license.machine.windows" in imported
    assert len(imported) > 60


def test_what_is_taken_away_is_away() -> None:
    done = python("from muster.client.adapters import wakes_linux")
    assert "AttributeError" in done.stderr


def test_status_and_the_license_check_need_no_posix(tmp_path: Path) -> None:
    place, file, keys = tmp_path / "machine", tmp_path / "acme.muster", VendorKeys(opened=SystemClock().now())
    file.write_text(keys.product_file())
    assert told(place, "install", str(file), "--edition", CAD_PRO.name).returncode == 0
    done = python(STATUS, str(place))
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["editions"]
    assert (row["edition"], row["state"]) == (CAD_PRO.name, "INITIAL_GRACE")
    checked = python(CHECK, str(place), keys.fingerprint.hex())
    assert checked.stdout.strip() == "INITIAL_GRACE", checked.stderr
