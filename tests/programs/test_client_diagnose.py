"""``muster client diagnose`` as a process: closed ports, dead hosts, mute listeners, silent DNS, another user's folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from muster.base.clock import SystemClock
from tests.programs.client_service import folder_for_all
from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

PATIENCE_SECONDS = 60
LOOPBACK = "127.0.0.1"
NOBODY = "nobody"
# Another user may not be able to read this interpreter: everything is loaded by a first run, before it becomes that user.
AS_ANOTHER = """
import contextlib, io, os, pwd, sys
from muster.cli import main
user = pwd.getpwnam(sys.argv.pop(1))
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
os.setgroups([]); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
sys.exit(main())
"""


def told(home: Path, *arguments: str, user: str | None = None, **around: str) -> Done:
    environment = {"MUSTER_HOME": str(home), "MUSTER_DNS_ZONES": "corp.example", **around}
    if user is None:
        return muster("client", *arguments, environment=environment)
    return subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, user, "client", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def diagnosed(home: Path, **around: Any) -> dict[str, Any]:
    """The verdict of a set-up in which one thing is wrong."""
    result = told(home, "diagnose", "--json", **around)
    assert result.returncode == 1, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A machine with a generic key and no activation."""
    place, file = tmp_path / "machine", tmp_path / "acme.muster"
    file.write_text(VendorKeys(opened=SystemClock().now()).product_file())
    done = told(place, "install", str(file), "--edition", CAD_PRO.name)
    assert done.returncode == 0, done.stderr
    return place


def set_host(home: Path, host: str) -> None:
    done = told(home, "set-host", host)
    assert done.returncode == 0, done.stderr


@contextmanager
def bound() -> Iterator[socket.socket]:
    """A TCP port of this test's own that nobody listens on."""
    with socket.socket() as own:
        own.bind((LOOPBACK, 0))
        yield own


@contextmanager
def listening(speech: bytes) -> Iterator[int]:
    """A service that says something to whoever connects, and hangs up."""
    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=_speak, args=(server, speech), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_SECONDS)


def _speak(server: socket.socket, speech: bytes) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return
        with caller:
            try:
                caller.sendall(speech)
                caller.recv(4096)
            except OSError:
                continue


def test_a_closed_port(home: Path) -> None:
    with bound() as own:
        set_host(home, f"{LOOPBACK}:{own.getsockname()[1]}")
        verdict = diagnosed(home)["verdict"]
    assert (verdict["code"], verdict["step"]) == ("HOST_UNREACHABLE", "TCP")
    assert "connection refused" in verdict["cause"]


def test_a_dead_host(home: Path) -> None:
    # RFC 5737: an address that belongs to nobody.
    set_host(home, "192.0.2.77")
    verdict = diagnosed(home)["verdict"]
    assert (verdict["code"], verdict["step"]) == ("HOST_UNREACHABLE", "TCP")


@pytest.mark.parametrize(
    ("speech", "code"),
    [(b"220 mail.corp.example ESMTP\r\n" + b" " * 400, "MESSAGE_MALFORMED"), (b"", "HOST_UNREACHABLE")],
)
def test_what_listens_is_no_activation_host(home: Path, speech: bytes, code: str) -> None:
    with listening(speech) as port:
        set_host(home, f"{LOOPBACK}:{port}")
        found = diagnosed(home)
    assert (found["verdict"]["code"], found["verdict"]["step"]) == (code, "frame")
    assert [s["status"] for s in found["steps"] if s["step"] == "TCP"] == ["ok"]


def test_a_silent_name_server(home: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((LOOPBACK, 0))
        verdict = diagnosed(home, MUSTER_DNS_SERVER=f"{LOOPBACK}:{mute.getsockname()[1]}")["verdict"]
    assert (verdict["code"], verdict["step"]) == ("DNS_UNREACHABLE", "SRV records")


def test_a_state_folder_that_is_not_writable(home: Path) -> None:
    with bound() as own:
        set_host(home, f"{LOOPBACK}:{own.getsockname()[1]}")
        # To root every folder is writable.
        user = NOBODY if os.geteuid() == 0 else None
        try:
            for path in (home, *home.glob("vendors/*")):
                path.chmod(0o555)
            verdict = diagnosed(home, user=user)["verdict"]
        finally:
            for path in (home, *home.glob("vendors/*")):
                path.chmod(0o755)
    assert (verdict["code"], verdict["step"]) == ("HOME_NOT_WRITABLE", "state folder")


def test_words_for_people_and_a_bundle_without_names(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle.json"
    with bound() as own:
        set_host(home, f"{LOOPBACK}:{own.getsockname()[1]}")
        before = {p: p.stat().st_mtime_ns for p in home.rglob("*")}
        result = told(home, "diagnose", "--bundle", str(out))
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ok          state folder")
    assert any(line.startswith("wrong       TCP") for line in lines)
    assert any(line.startswith("not set up  SRV records") for line in lines)
    assert lines[-2].startswith("verdict: ")
    assert lines[-1].startswith("remedy:  ")
    assert {p: p.stat().st_mtime_ns for p in home.rglob("*")} == before
    text = out.read_text()
    bundle = json.loads(text)
    assert bundle["diagnosis"]["verdict"]["code"] == "HOST_UNREACHABLE"
    assert bundle["editions"][0]["edition"] == CAD_PRO.name
    status = json.loads(told(home, "status", "--json").stdout)["editions"][0]
    for secret in (str(home), LOOPBACK, status["client_id"], status["partial_key"], socket.gethostname()):
        assert secret not in text
