"""``muster client`` on the command line: what people and scripts see of one machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from muster.trust.humanid import format_confirmation, parse_installation
from muster.trust.productkey import KeyKind
from muster.wire.confirmation import decode_installation_file, encode_confirmation_file
from muster.wire.installation import pack_installation
from tests.programs.host_process import HostProcess, serving
from tests.worlds.command_line import Done, muster
from tests.worlds.host_world import SmallVendor, ask, certified_home
from tests.worlds.name_servers import free_port
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys

PRO, SERVER = "acme-cad-pro", "acme-cad-server"
FIELDS = [
    "product", "edition", "state", "method", "permanent", "expires_at", "grace_ends_at", "next_attempt_at", "count",
    "threshold", "host", "organisation", "client_id", "partial_key", "key_kind", "binding", "features", "last_error",
]  # fmt: skip


@dataclass
class Desk:
    """One machine, worked on by commands alone."""

    home: Path

    def run(self, *arguments: str, entered: str = "") -> Done:
        return muster("client", *arguments, environment={"MUSTER_HOME": str(self.home)}, typed=entered)

    def done(self, *arguments: str, entered: str = "") -> str:
        """What a command that must succeed printed."""
        result = self.run(*arguments, entered=entered)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def told(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and JSON of a command; nothing else may be on stdout."""
        result = self.run(*arguments, "--json")
        return result.returncode, json.loads(result.stdout)

    def refused(self, *arguments: str, entered: str = "") -> tuple[int, str]:
        """Exit code and the two lines of a command that must fail."""
        result = self.run(*arguments, entered=entered)
        lines = result.stderr.splitlines()
        assert lines[-2].startswith("muster: error: "), result.stderr
        assert lines[-1].startswith("muster: hint: "), result.stderr
        return result.returncode, result.stderr


def product_file(folder: Path, vendor: SmallVendor | VendorKeys, name: str = "acme.muster") -> str:
    path = folder / name
    text = vendor.product_file()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "home")
    desk.done("install", product_file(tmp_path, VendorKeys()), "--edition", PRO)
    return desk


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    vendor = certified_home(tmp_path / "host")
    with serving(tmp_path / "host") as host:
        for machine in range(1, 4):
            asyncio.run(ask(host.address, vendor, machine))
        yield host


def test_from_a_product_file_to_a_licensed_server(tmp_path: Path, host: HostProcess) -> None:
    desk = Desk(tmp_path / "home")
    said = desk.done("install", product_file(tmp_path, SmallVendor()), "--edition", SERVER)
    assert "generic key of acme-cad-server" in said
    desk.done("set-host", host.address)
    code, row = desk.told("activate")
    assert (code, row["state"], row["count"], row["threshold"]) == (1, "INITIAL_GRACE", 4, 5)
    assert row["last_error"]["code"] == "COUNT_BELOW_THRESHOLD"
    assert "4 of 5" in row["last_error"]["message"]
    assert desk.run("status", "--check").returncode == 1
    asyncio.run(ask(host.address, SmallVendor(), 99))
    code, row = desk.told("renew", "--edition", SERVER)
    assert (code, row["state"], row["method"], row["host"]) == (0, "LICENSED", "host", host.address)
    assert (row["organisation"], row["last_error"], row["grace_ends_at"]) == (7, None, None)
    assert desk.run("status", "--check").returncode == 0
    told = desk.done("license")
    assert SmallVendor().trusted.fingerprint.hex() in told
    host.stop()
    assert desk.told("renew")[0] == 3
    code, row = desk.told("status", "--edition", SERVER)
    assert (code, row["state"], row["last_error"]["code"]) == (0, "LICENSED", "HOST_UNREACHABLE")


def test_status_has_every_field_that_scripts_rely_on(tmp_path: Path, desk: Desk) -> None:
    assert Desk(tmp_path / "nothing").told("status") == (0, {"editions": []})
    code, told = desk.told("status")
    assert code == 0
    assert [list(row) for row in told["editions"]] == [FIELDS]
    row = told["editions"][0]
    assert list(desk.told("status", "--edition", PRO)[1]) == FIELDS
    assert (row["product"], row["edition"], row["state"]) == ("Acme CAD", PRO, "INITIAL_GRACE")
    assert (row["method"], row["permanent"], row["expires_at"], row["host"]) == (None, False, None, None)
    assert (row["count"], row["threshold"], row["features"]) == (0, 25, ["rendering"])
    assert len(row["client_id"]) == 32
    assert len(row["partial_key"]) == 5
    assert row["grace_ends_at"].endswith("Z")


def test_the_exit_code_tells_scripts_what_to_do_next(tmp_path: Path, desk: Desk) -> None:
    assert desk.run("frobnicate").returncode == 2
    assert desk.refused("activate", "--edition", "acme-cad-por")[0] == 2
    desk.done("set-host", f"127.0.0.1:{free_port()}")
    code, row = desk.told("activate")
    assert (code, row["last_error"]["code"]) == (3, "HOST_UNREACHABLE")
    certified_home(tmp_path / "stranger", SmallVendor(seed=2))
    with serving(tmp_path / "stranger") as stranger:
        desk.done("set-host", stranger.address)
        code, row = desk.told("activate")
        assert (code, row["last_error"]["code"]) == (1, "VENDOR_MISMATCH")
    code, told = Desk(tmp_path / "nothing").told("activate")
    assert (code, list(told), told["error"]["code"]) == (2, ["error"], "NOT_SET_UP")


def test_keys_come_from_stdin_and_a_secret_one_in_the_arguments_draws_a_warning(desk: Desk) -> None:
    mak = VendorKeys().key(KeyKind.MAK, CAD_PRO.id)
    result = desk.run("install-key", "-", entered=mak.formatted + "\n")
    assert (result.returncode, result.stderr) == (0, "")
    assert mak.partial in result.stdout
    assert mak.formatted not in result.stdout
    assert "warning" in desk.run("install-key", mak.formatted).stderr
    for key, code in ((mak.formatted[:-1], "KEY_MALFORMED"), ("", "KEY_MALFORMED")):
        exit_code, said = desk.refused("install-key", "-", entered=key)
        assert (exit_code, code in said) == (1, True)
    exit_code, said = desk.refused("install-key", "-", entered=VendorKeys().key(KeyKind.HOST, 1).formatted)
    assert (exit_code, "KEY_WRONG_KIND" in said) == (1, True)
    desk.done("uninstall-key")
    assert desk.told("status", "--edition", PRO)[1]["state"] == "UNLICENSED"


def test_a_machine_is_activated_by_digits_or_by_a_file(tmp_path: Path, desk: Desk) -> None:
    vendor = VendorKeys()
    desk.done("install-key", "-", entered=vendor.key(KeyKind.MAK, CAD_PRO.id).formatted)
    digits = desk.done("installation-id")
    assert len(digits.split()) == 1
    assert desk.told("installation-id") == (0, {"installation_id": digits})
    assert len(desk.done("installation-id", "--qr").splitlines()) > 10
    installation = pack_installation(parse_installation(digits))
    confirmation = format_confirmation(vendor.confirm_permanently(installation))
    swapped = confirmation.replace(confirmation[:7], confirmation[8:15], 1)
    exit_code, said = desk.refused("confirm", swapped)
    assert (exit_code, "group 1" in said) == (1, True)
    code, row = desk.told("confirm", *confirmation.split("-"))
    assert (code, row["state"], row["permanent"]) == (0, "LICENSED", True)
    desk.done("rearm")
    assert desk.told("status", "--edition", PRO)[1]["state"] == "INITIAL_GRACE"
    out, back = tmp_path / "id.txt", tmp_path / "confirmation.txt"
    desk.done("installation-id", "--file", str(out))
    again = decode_installation_file(out.read_bytes())
    back.write_text(encode_confirmation_file(again, vendor.confirm_permanently(again)))
    assert "LICENSED" in desk.done("confirm", "--file", str(back))
    assert desk.refused("confirm", "--file", str(tmp_path / "nowhere"))[0] == 2


def test_what_was_set_is_used_until_it_is_cleared(desk: Desk) -> None:
    desk.done("set-dns", f"127.0.0.1:{free_port()}")
    desk.done("set-domain", "corp.example")
    assert desk.told("activate")[1]["last_error"]["code"] == "DNS_UNREACHABLE"
    desk.done("set-host", f"localhost:{free_port()}", "--edition", PRO)
    assert desk.told("activate")[1]["last_error"]["code"] == "HOST_UNREACHABLE"
    desk.done("clear-host", "--edition", PRO)
    desk.done("set-type", "directory")
    assert desk.told("activate")[1]["last_error"]["code"] == "NO_DOMAIN"
    for arguments in (["clear-host"], ["clear-domain"], ["clear-dns"], ["set-caching", "off"], ["set-type", "any"]):
        desk.done(*arguments)
    for arguments in (["set-host", "a b"], ["set-dns", ":"], ["set-type", "x"], ["set-caching", "perhaps"]):
        assert desk.refused(*arguments)[0] == 2


def test_the_log_tells_what_happened(desk: Desk) -> None:
    desk.done("set-host", f"127.0.0.1:{free_port()}")
    desk.run("activate")
    events = desk.told("log")[1]["events"]
    assert [event["event"] for event in events] == ["product.installed", "activation.failed"]
    assert "HOST_UNREACHABLE" in desk.done("log", "--last", "1")


def test_files_in_products_d_are_installed_by_the_next_command(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    (desk.home / "products.d").mkdir(parents=True)
    product_file(desk.home / "products.d", VendorKeys())
    (desk.home / "products.d" / "rubbish").write_bytes(b"\xff" * 100)
    assert desk.told("status") == (0, {"editions": []})
    generic = VendorKeys().product().generic_key(CAD_PRO)
    desk.done("install-key", generic.formatted)
    assert desk.told("status", "--edition", PRO)[1]["partial_key"] == generic.partial


def test_damaged_state_is_told_and_the_copy_before_it_used(desk: Desk) -> None:
    desk.done("set-host", f"127.0.0.1:{free_port()}")
    desk.run("activate")
    before = desk.told("status", "--edition", PRO)[1]["client_id"]
    record = next(desk.home.rglob("record"))
    record.write_bytes(record.read_bytes()[:-9])
    code, row = desk.told("status", "--edition", PRO)
    assert (code, row["client_id"]) == (0, before)
    record.with_name("record.previous").write_bytes(b"")
    code, told = desk.told("status")
    assert (code, told["error"]["code"]) == (1, "STATE_CORRUPT")
    assert str(record) in told["error"]["message"]
    damaged = record.read_bytes()
    assert desk.refused("activate")[0] == 1
    assert record.read_bytes() == damaged


def test_a_home_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    exit_code, said = Desk(file / "home").refused("install", product_file(tmp_path, VendorKeys()))
    assert (exit_code, "HOME_NOT_WRITABLE" in said) == (2, True)


def test_the_home_is_named_before_the_command_with_it_or_by_the_environment(tmp_path: Path, desk: Desk) -> None:
    other = tmp_path / "other"
    empty: dict[str, list[object]] = {"editions": []}
    assert json.loads(desk.done("--home", str(other), "status", "--json")) == empty
    assert json.loads(desk.done("status", "--json", "--home", str(other))) == empty
    assert json.loads(desk.done("status", "--json")) != empty


def test_a_foreign_product_file_changes_nothing(tmp_path: Path, desk: Desk) -> None:
    foreign = product_file(tmp_path, VendorKeys("stranger"), "foreign.muster")
    exit_code, said = desk.refused("install", foreign, "--edition", PRO)
    assert (exit_code, "VENDOR_MISMATCH" in said) == (4, True)
    assert desk.refused("install", str(tmp_path / "nowhere"))[0] == 2
