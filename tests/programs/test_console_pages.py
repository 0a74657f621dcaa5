"""``muster console serve``, ``account``, ``view`` and ``report`` as processes: what one keeps the other shows."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.worlds.command_line import muster
from tests.worlds.service_manager import ServiceManager, service_manager
from tests.worlds.vendor_site import PASSWORD

MUSTER = str(Path(sys.executable).with_name("muster"))
STATUS = {"editions": [{"product": "Acme CAD", "edition": "acme-cad-pro", "state": "LICENSED", "method": "host"}]}


def console(home: Path, *words: str, stdin: str = "") -> str:
    done = muster("console", "--home", str(home), *words, typed=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    with service_manager(tmp_path) as found:
        yield found


def test_what_the_command_line_keeps_the_pages_show(tmp_path: Path, manager: ServiceManager) -> None:
    home = tmp_path / "home"
    collected = tmp_path / "pc-1.json"
    collected.write_text(json.dumps(STATUS))
    console(home, "import", str(collected))
    console(home, "view", "save", "Good ones", "--where", "state=LICENSED")
    assert [
        row["machine"] for row in json.loads(console(home, "machines", "--view", "Good ones", "--json"))["machines"]
    ]
    rows = list(csv.DictReader(console(home, "report", "overview", "--csv").splitlines()))
    assert [(row["edition"], row["state"], row["machines"]) for row in rows] == [("acme-cad-pro", "LICENSED", "1")]
    console(home, "report", "expiring", "--out", str(tmp_path / "soon.html"))
    assert "About to expire" in (tmp_path / "soon.html").read_text()
    console(home, "account", "add", "vera", "--role", "viewer", "--ask", stdin=PASSWORD + "\n")
    command = [MUSTER, "console", "serve", "--home", str(home), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **manager.environment})
    try:
        assert manager.hear("READY=1") == ["READY=1"]
        manager.hear("WATCHDOG=1", times=2)
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        with httpx2.Client(base_url=address, follow_redirects=True) as stranger:
            assert stranger.get("/health").json() == {"status": "ok"}
            assert "Log in" in stranger.get("/machines").text
            answer = stranger.post("/login", data={"name": "vera", "password": PASSWORD}, follow_redirects=False)
            # The cookie is for TLS alone; browsers take loopback for as good, this client does not.
            cookie = answer.headers["set-cookie"].partition(";")[0]
            page = stranger.get("/machines?where=state%3DLICENSED", headers={"cookie": cookie})
            assert "pc-1</a>" in page.text
            assert "Good ones" in page.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}
        manager.hear("STOPPING=1")
    finally:
        process.kill()
        process.communicate()
