"""``muster host activate``: from a host key to a host that counts, over TLS, in two commands."""

from __future__ import annotations

from pathlib import Path

from muster.vendor import app as vendor
from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_service import serving_acme


def test_a_host_is_certified_online_and_one_that_is_gone_is_replaced(tmp_path: Path) -> None:
    with serving_acme(tmp_path / "vendor") as acme:
        key, file = acme.acme.host_key(), tmp_path / "acme.muster"
        file.write_text(vendor.export_product(acme.acme.vendor))

        def run(home: str, *words: str, entered: str = "") -> Done:
            around = {"SSL_CERT_FILE": str(acme.authority), "MUSTER_HOME": str(tmp_path / home)}
            return muster("host", *words, environment=around, typed=entered)

        for home in ("one", "two"):
            done = run(home, "setup", "--product", str(file), "--key", "-", entered=key.formatted)
            assert done.returncode == 0, done.stderr
            left = done.stdout.partition("Left to do:")[2].split("\n")
            assert [line.split("  ")[1] for line in left if "muster host" in line] == [
                "muster host activate --service URL",
                "or muster host confirm CONFIRMATION-ID",
                "muster host serve",
            ]
        told = run("one", "activate")
        assert (told.returncode, "NO_SERVICE" in told.stderr) == (2, True)
        assert run("one", "activate", "--service", acme.url, "--organisation-name", "Bank").stdout.startswith(
            "activated"
        )
        told = run("two", "activate", "--service", acme.url, "--replaces", "99")
        assert (told.returncode, "NOT_FOUND" in told.stderr) == (1, True)
        told = run("two", "activate", "--service", acme.url, "--replaces", "1")
        assert told.returncode == 0, told.stderr
        assert "certificate 2" in told.stdout
