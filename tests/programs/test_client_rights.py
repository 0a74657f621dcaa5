"""Who may do what with a running service: as root, as a real second user, in the administrators' group, and with ill will."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from muster.client.core.control import LENGTH_BYTES, OPERATIONS
from muster.client.core.rights import Role
from tests.programs.client_service import NOBODY, PATIENCE_SECONDS, Machine, folder_for_all, product_file, set_up
from tests.worlds.vendor_keys import CAD_PRO

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
SILENT_CALLERS = 1000
STAFF = "games"
# Connects as another user and says what it is told to, so often; then asks honestly, to the end.
CROWD = """
import os, pwd, socket, sys
path, user, number, said = sys.argv[1], pwd.getpwnam(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4])
os.setgroups([]); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
callers = []
for _ in range(number):
    own = socket.socket(socket.AF_UNIX)
    own.connect(path)
    try:
        own.sendall(said)
    except OSError:
        pass
    callers.append(own)
print("connected", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine of root's, whose folder every user may enter, with a service that runs."""
    machine = set_up(tmp_path)
    with machine.serving():
        machine.wait_for("activation.failed")
        yield machine


def test_any_user_sees_activates_renews_and_diagnoses(machine: Machine) -> None:
    told = machine.run("status", "--json", user=NOBODY)
    assert told.plain == machine.done("status", "--json").plain
    for words in (["activate", "--json"], ["renew", "--json"]):
        told = machine.run(*words, user=NOBODY)
        assert (told.code, told.plain["last_error"]["code"]) == (3, "HOST_UNREACHABLE")
    assert machine.run("diagnose", "--json", user=NOBODY).plain["verdict"]["code"] == "HOST_UNREACHABLE"
    assert machine.run("license", user=NOBODY).code == 0
    assert machine.run("log", "--json", user=NOBODY).plain["events"]


def test_only_an_administrator_changes_anything(machine: Machine, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in machine.home.rglob("*") if path.is_file()}
    asked: list[tuple[str, dict[str, object]]] = [
        ("install", {"file": "rubbish", "force": True}),
        ("install-key", {"key": "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA"}),
        ("uninstall-key", {}),
        ("set-host", {"hosts": "kms.evil.example"}),
        ("set-domain", {"zone": "evil.example"}),
        ("set-dns", {"address": "192.0.2.1"}),
        ("set-caching", {"on": False}),
        ("set-type", {"way": "mak"}),
        ("confirm", {"digits": "1"}),
        ("request", {}),
        ("rearm", {}),
    ]
    assert machine.codes(NOBODY, *asked) == ["NOT_ADMINISTRATOR"] * len(asked)
    assert machine.codes(NOBODY, ("activate", {"service": "https://evil.example"})) == ["NOT_ADMINISTRATOR"]
    assert {name for name, _ in asked} <= {name for name, o in OPERATIONS.items() if o.role is Role.ADMINISTRATOR}
    assert {path: path.read_bytes() for path in machine.home.rglob("*") if path.is_file()} == before
    told = machine.run("install", product_file(tmp_path), "--force", user=NOBODY)
    assert (told.code, "Run the command as an administrator." in told.stderr) == (1, True)


def test_asked_from_afar_a_user_has_a_users_rights(machine: Machine) -> None:
    def told(request: str) -> dict[str, object]:
        return machine.run("remote", user=NOBODY, entered=request).plain

    assert told('{"version": 1, "operation": "status"}')["editions"]
    refused = told('{"version": 1, "operation": "set-type", "way": "mak"}')
    assert refused.keys() == {"error"}
    assert "NOT_ADMINISTRATOR" in str(refused)


def test_the_group_that_a_root_owned_file_names_administers_and_no_other_file_does(machine: Machine) -> None:
    group, settings = grp.getgrnam(STAFF).gr_gid, machine.home / "client.toml"
    words = ("set-caching", "off")
    assert machine.refusal(*words, user=NOBODY, groups=(group,)) == "NOT_ADMINISTRATOR"
    settings.write_text(f'administrators = "{STAFF}"\n')
    assert machine.run(*words, user=NOBODY, groups=(group,)).code == 0
    assert machine.refusal(*words, user=NOBODY) == "NOT_ADMINISTRATOR", "not in the group"
    settings.chmod(0o664)
    assert machine.refusal(*words, user=NOBODY, groups=(group,)) == "NOT_ADMINISTRATOR", "others may write the file"
    settings.chmod(0o644)
    os.chown(settings, pwd.getpwnam(NOBODY).pw_uid, -1)
    assert machine.refusal(*words, user=NOBODY, groups=(group,)) == "NOT_ADMINISTRATOR", "the file is not root's"


def test_users_together_do_not_have_hosts_asked_without_end(machine: Machine) -> None:
    assert machine.codes(NOBODY, *[("activate", {})] * 7) == [""] * 6 + ["RATE_LIMITED"]
    assert machine.codes(STAFF, ("diagnose", {}), ("status", {})) == ["RATE_LIMITED", ""]
    assert machine.run("activate", "--json").plain["last_error"]["code"] == "HOST_UNREACHABLE", (
        "not so the administrator"
    )


def test_files_are_readable_where_they_must_be_and_writable_for_nobody_else(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        machine = set_up(tmp_path)
        (machine.home / "client.toml").write_text("caching = true\n")
        machine.home.chmod(0o777)
        with machine.serving():
            machine.done("activate", "--help")
            machine.done("request", "--out", str(tmp_path / "request"))
    finally:
        os.umask(before)
    paths = [machine.home, *machine.home.rglob("*")]
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in paths if not path.is_socket()}
    assert not {name: oct(mode) for name, mode in modes.items() if mode & 0o022}
    private = {name for name, mode in modes.items() if not mode & 0o077}
    assert private == {"lock", f"request-{CAD_PRO.id}"}


def test_a_service_of_a_users_own_obeys_that_user_and_root_and_nobody_else(tmp_path: Path) -> None:
    machine, user = set_up(tmp_path), pwd.getpwnam(NOBODY)
    for path in (machine.home, *machine.home.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    assert machine.refusal("serve") == "HOME_NOT_WRITABLE", (
        "root does not work in a folder that a user could lead astray"
    )
    asked: tuple[str, dict[str, object]] = ("set-caching", {"on": False})
    with machine.serving(user=NOBODY):
        assert machine.codes(NOBODY, asked) == [""]
        assert machine.codes(STAFF, asked) == ["NOT_ADMINISTRATOR"]
        assert machine.ask("set-caching", on=True) == {}


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x00\x00\x05junk!",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x00",
        b'\x00\x00\x00\x0d{"version":1}',
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff" + bytes(100_000),
        b"\x00\x00\x40\x00" + b"[" * 0x4000,
    ],
    ids=["no JSON", "no object", "nothing", "no operation", "HTTP", "a giant", "a bomb"],
)
def test_what_is_no_request_is_refused(machine: Machine, said: bytes) -> None:
    with machine.caller() as own:
        try:
            own.sendall(said)
        except BrokenPipeError:
            assert said.startswith(b"\xff"), "a giant is not listened to"
        answer = own.recv(65_536)
    assert b'"MESSAGE_MALFORMED"' in answer
    assert machine.ask("status")["editions"]


def test_who_hangs_up_half_way_harms_nobody(machine: Machine) -> None:
    for said in (b"", b"\x00", b"\x00\x00\x00\x40{", b'\x00\x00\x00\x2f{"version": 1, "operation": "status"}'):
        with machine.caller(said):
            pass
        with machine.caller(said) as own:
            own.shutdown(socket.SHUT_WR)
            assert own.recv(1) == b""
    assert machine.ask("status")["editions"]


def test_a_user_sends_no_product_file_and_an_administrator_does(machine: Machine) -> None:
    assert machine.refusal("install", str(big(machine.home.parent)), user=NOBODY) == "MESSAGE_MALFORMED"
    assert machine.refusal("install", str(big(machine.home.parent))) == "PRODUCT_MALFORMED"


def big(folder: Path) -> Path:
    path = folder / "big.muster"
    path.write_bytes(b"A" * 3_000_000)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("said", [b"", (60_000).to_bytes(LENGTH_BYTES, "big") + b"{"], ids=["silent", "half a request"])
def test_a_thousand_callers_of_one_user_keep_nobody_else_out(machine: Machine, said: bytes) -> None:
    with crowd(machine, SILENT_CALLERS, said):
        assert machine.done("status", "--json").plain["editions"]
        assert machine.run("status", "--json", user=NOBODY).plain["editions"]
        with ExitStack() as others:
            for _ in range(20):
                others.enter_context(machine.caller())
            assert machine.done("set-caching", "off").stdout == "caching: off\n"


class crowd:  # noqa: N801 - reads as what it is in a with statement
    """So many callers of another user, until the end of the block."""

    def __init__(self, machine: Machine, number: int, said: bytes) -> None:
        words = [str(machine.home / "control"), NOBODY, str(number), said.hex()]
        self._process = subprocess.Popen(
            ["prlimit", f"--nofile={number + 100}", sys.executable, "-c", CROWD, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"connected\n"

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE_SECONDS)
