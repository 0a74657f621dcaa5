"""`muster vendor serve` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.worlds.service_manager import service_manager
from tests.worlds.vendor_world import PASSPHRASE, Acme

_MAIN = "import sys; from muster.cli import main; sys.exit(main())"
SERVE = (sys.executable, "-c", _MAIN, "vendor", "serve", "--listen", "127.0.0.1:0")
STOP_SECONDS = 20


def environment(home: Path, passphrase: str) -> dict[str, str]:
    return {**os.environ, "MUSTER_HOME": str(home), "MUSTER_PASSPHRASE": passphrase}


def test_it_listens_is_ready_and_ends_when_told(tmp_path: Path) -> None:
    Acme(tmp_path).close()
    with (
        service_manager(tmp_path) as manager,
        subprocess.Popen(
            SERVE,
            env={**environment(tmp_path, PASSPHRASE), **manager.environment},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            assert manager.hear("READY=1") == ["READY=1"]
            manager.hear("WATCHDOG=1", times=2)
            url = process.stdout.readline().strip().removeprefix("listening on ")
            assert httpx2.get(f"{url}/ready", trust_env=False).json()["status"] == "ready"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) in (0, -signal.SIGTERM)
        manager.hear("STOPPING=1")


def test_a_wrong_passphrase_ends_it_before_it_listens(tmp_path: Path) -> None:
    Acme(tmp_path).close()
    done = subprocess.run(SERVE, env=environment(tmp_path, "another one"), capture_output=True, text=True, check=False)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "PASSPHRASE_WRONG" in done.stderr
