"""docs/operate/host.md, followed as it stands: from nothing to a published host in three commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from muster.base.clock import SystemClock
from muster.vendor import app as vendor
from tests.programs.host_process import run_host, serving
from tests.worlds.name_servers import START, World
from tests.worlds.vendor_service import serving_acme
from tests.worlds.vendor_world import DEFINITION

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operate" / "host.md"
MUSTER = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
ZONE = "corp.example"
LABEL = "_muster._tcp"
PATIENCE_SECONDS = 60.0


def commands() -> list[list[str]]:
    """The first block of the guide: a command a line, what it does behind two spaces."""
    block = GUIDE.read_text(encoding="utf-8").split("```")[1]
    return [re.split(r"\s{2,}", line)[0].split() for line in block.strip().splitlines()]


def test_three_commands_lead_from_nothing_to_a_host_in_dns(tmp_path: Path) -> None:
    first, second, third = commands()
    assert third == ["muster", "host", "serve"]
    names, home = tmp_path / "names", tmp_path / "home"
    names.mkdir()
    with serving_acme(tmp_path / "vendor") as acme, START["embedded"](names, World()) as server:
        named = DEFINITION.replace('name = "Acme Software"', f'name = "Acme Software"\nservice = "{acme.url}"', 1)
        vendor.import_product(acme.acme.vendor, named, "product.toml")
        (tmp_path / "acme.muster").write_text(vendor.export_product(acme.acme.vendor))
        key = acme.acme.host_key().formatted
        around = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        around |= {"SSL_CERT_FILE": str(acme.authority), "MUSTER_HOME": str(home)}
        for command in (first, second):
            assert command[0] == "muster"
            subprocess.run(
                [*MUSTER, *command[1:]],
                env=around,
                input=key,
                text=True,
                cwd=tmp_path,
                check=True,
                capture_output=True,
                timeout=PATIENCE_SECONDS,
            )
        (home / "update.key").write_text(server.key_file().read_text())
        (home / "host.toml").write_text(
            f'[dns]\nserver = "{server.address}"\ntarget = "one.hosts.{ZONE}"\naddresses = ["127.0.0.1"]\n'
            f'zones = [{{ zone = "{ZONE}" }}]\ntsig_key_file = "update.key"\n'
        )
        clock = SystemClock()
        with serving(home) as host:
            port, deadline = host.address.rpartition(":")[2], clock.monotonic() + PATIENCE_SECONDS
            while not server.records(f"{LABEL}.{ZONE}", "SRV"):
                assert clock.monotonic() < deadline, "the host did not publish itself"
            assert server.records(f"{LABEL}.{ZONE}", "SRV") == [f"0 0 {port} one.hosts.{ZONE}."]
            told = run_host(home, "status", MUSTER_DNS_SERVER=server.address)
            assert "found" in told.stdout
