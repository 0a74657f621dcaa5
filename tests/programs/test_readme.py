"""The README's way from nothing to the first activation, run as it stands there, in a network of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/operate/vendor-service.md")
PATIENCE_SECONDS = 60
KEY = re.compile(r"^(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}$", re.MULTILINE)


def blocks(page: str, first: str) -> list[str]:
    """The commands of the block that begins with `first`."""
    found: list[str] = [
        b
        for b in re.findall(r"^```\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
        if b.startswith(first)
    ]
    assert len(found) == 1, page
    return found[0].splitlines()


def follow(folder: Path) -> None:
    """Do what the README says, word by word; only homes, passphrase and the place of `muster` are set around it."""
    vendor, machine = (blocks("README.md", f"muster {noun}") for noun in ("vendor init", "client install"))
    assert len(vendor) == 5
    around = {
        **{k: v for k, v in os.environ.items() if not k.startswith("MUSTER_") and not k.lower().endswith("_proxy")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MUSTER_PASSPHRASE": "a passphrase of Acme",
    }

    def run(line: str, noun: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=around | {"MUSTER_HOME": str(folder / noun)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout

    told = [run(line, "vendor") for line in vendor[:4]]
    key = KEY.search(told[3])
    assert key, told[3]
    environment = around | {"MUSTER_HOME": str(folder / "vendor")}
    with subprocess.Popen(
        ["bash", "-c", f"exec {vendor[4]}"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        try:
            assert service.stdout.readline() == "listening on http://127.0.0.1:8443\n"
            for line in machine:
                run(line.replace("KEY", key[0]), "machine")
            status = run("muster client status", "machine")
            assert "activated" in status.lower() or "licensed" in status.lower(), status
        finally:
            service.send_signal(signal.SIGTERM)


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root may make a network of its own")
def test_five_commands_lead_from_nothing_to_the_first_activation(tmp_path: Path) -> None:
    words = ["unshare", "--net", sys.executable, "-m", "tests.programs.test_readme", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=5 * PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("first", ["muster vendor init", "muster client install"])
def test_both_pages_tell_the_same_way(first: str) -> None:
    one, other = (blocks(page, first) for page in PAGES)
    assert one == other


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    follow(Path(sys.argv[1]))
