"""``muster client`` with a multiple activation key: online over TLS, and by hand at a terminal, from one command to the next."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from muster.base.errors import Code, Refused, Unreachable
from muster.client.adapters.vendor_process import VendorProcess
from muster.trust.humanid import parse_installation
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from muster.wire.installation import pack_installation
from tests.programs.client_service import IDLE_MEGABYTES, Service
from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_service import AcmeService, problem, serving_acme

COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]
PATIENCE_SECONDS = 60
LEFT_MEGABYTES = 3
"""What an activation may leave behind; the HTTP library alone would be six."""


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeService]:
    with serving_acme(tmp_path_factory.mktemp("vendor")) as service:
        yield service


class Desk:
    """A machine, worked on by commands alone, that trusts the authority of Acme's service."""

    def __init__(self, folder: Path, acme: AcmeService, *, trusts: bool = True) -> None:
        self.home = folder / "machine"
        around = {
            k: v for k, v in os.environ.items() if not k.startswith("MUSTER_") and not k.lower().endswith("_proxy")
        }
        trust = {"SSL_CERT_FILE": str(acme.authority)} if trusts else {}
        self.around = {**around, **trust, "MUSTER_HOME": str(self.home)}
        file = folder / "acme.muster"
        file.write_text(vendor.export_product(acme.acme.vendor))
        self.done("client", "install", str(file), "--edition", "acme-cad-pro")

    def run(self, *words: str, entered: str = "") -> Done:
        return muster(*words, environment=self.around, typed=entered)

    def done(self, *words: str, entered: str = "") -> str:
        result = self.run(*words, entered=entered)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def install_key(self, key: ProductKey) -> None:
        self.done("client", "install-key", "-", entered=key.formatted)

    def status(self) -> dict[str, object]:
        (row,) = json.loads(self.done("client", "status", "--json"))["editions"]
        assert isinstance(row, dict)
        return row

    def typed(self, *lines: str) -> tuple[int, str]:
        """`confirm` at a terminal: what a person types, and what is seen. A last line that is not there is Ctrl-D."""
        own, its = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, "client", "confirm"],
            env=self.around,
            stdin=its,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            os.close(its)
            os.write(own, "".join(f"{line}\n" for line in lines).encode() + b"\x04")
            assert process.stdout is not None
            seen = process.stdout.read().decode()
            code = process.wait(PATIENCE_SECONDS)
        os.close(own)
        return code, seen


def test_a_machine_is_activated_over_tls_and_says_what_is_wrong_when_it_is_not(
    acme: AcmeService, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, acme)
    desk.install_key(acme.acme.mak(activations=1))
    told = desk.run("client", "activate")
    assert told.returncode == 2
    assert "NO_SERVICE" in told.stderr
    assert "muster client installation-id" in told.stderr
    before = len(acme.asked)
    said = desk.done("client", "activate", "--service", acme.url)
    assert "LICENSED" in said
    assert "for good" in said
    assert len(acme.asked) == before + 1
    row = desk.status()
    assert (row["state"], row["method"], row["permanent"], row["last_error"]) == ("LICENSED", "mak", True, None)
    (event,) = [
        e for e in json.loads(desk.done("client", "log", "--json"))["events"] if e["event"] == "activation.done"
    ]
    assert event["remaining"] == 0


@contextmanager
def looked_after(desk: Desk) -> Iterator[Service]:
    """The licensing service of a desk, while the block lasts."""
    words = [*COMMAND, "client", "serve"]
    process = subprocess.Popen(words, env=desk.around, stdout=subprocess.PIPE, text=True, start_new_session=True)
    service = Service(process)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving ")
        yield service
    finally:
        service.kill()


def test_a_licensing_service_asks_in_a_child_and_keeps_nothing_of_it_in_memory(
    acme: AcmeService, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, acme)
    with looked_after(desk) as service:
        desk.install_key(acme.acme.mak(activations=1))
        before = service.figure("VmRSS")
        assert "LICENSED" in desk.done("client", "activate", "--service", acme.url)
        assert desk.status()["permanent"] is True
        after = service.figure("VmRSS")
        assert after < IDLE_MEGABYTES * 1024, f"{after} KiB"
        assert after - before < LEFT_MEGABYTES * 1024, f"from {before} to {after} KiB"


def test_what_the_child_of_a_licensing_service_is_told_is_told_to_who_asked(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme, trusts=False)
    with looked_after(desk):
        desk.install_key(acme.acme.mak())
        told = desk.run("client", "activate", "--service", acme.url)
        assert (told.returncode, "SERVICE_UNTRUSTED" in told.stderr) == (4, True)
    (tmp_path / "second").mkdir()
    second = Desk(tmp_path / "second", acme)
    with looked_after(second):
        second.install_key(acme.acme.mak())
        acme.instead = lambda _: problem(Refused(Code.KEY_BLOCKED, "stolen", "ask Acme"), 409)
        try:
            told = second.run("client", "activate", "--service", acme.url)
        finally:
            acme.instead = None
        assert (told.returncode, "KEY_BLOCKED" in told.stderr, "stolen" in told.stderr) == (1, True, True), told.stderr


def test_a_child_that_does_not_end_in_time_is_ended() -> None:
    with pytest.raises(Unreachable) as caught:
        asyncio.run(VendorProcess(patience=0.0).activate("https://vendor.example", b""))
    assert caught.value.code is Code.SERVICE_UNREACHABLE


def test_a_service_that_cannot_prove_itself_is_told_and_given_nothing(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme, trusts=False)
    desk.install_key(acme.acme.mak())
    before = len(acme.asked)
    told = desk.run("client", "activate", "--service", acme.url)
    assert (told.returncode, "SERVICE_UNTRUSTED" in told.stderr) == (4, True)
    assert len(acme.asked) == before
    found = json.loads(desk.run("client", "diagnose", "--json").stdout)
    assert found["verdict"]["code"] == "NO_SERVICE"


def test_the_service_of_client_toml_is_asked_and_diagnosed(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme)
    (desk.home / "client.toml").write_text(f'service = "{acme.url}"\n')
    desk.install_key(acme.acme.mak())
    found = desk.run("client", "diagnose")
    assert f"{acme.url} answers, and is this vendor's" in found.stdout
    desk.done("client", "activate")
    assert desk.run("client", "diagnose").returncode == 0
    (desk.home / "client.toml").write_text('service = "acme"\n')
    assert desk.run("client", "activate").returncode == 2


def test_a_confirmation_id_is_typed_group_by_group_left_and_gone_on_with(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme)
    desk.install_key(acme.acme.mak())
    digits = desk.done("client", "installation-id")
    groups = vendor.confirm(acme.acme.vendor, digits).digits.split("-")
    code, seen = desk.typed(groups[0], groups[2], groups[1], f"{groups[2]} {groups[3]}")
    assert code == 1
    assert digits in seen
    assert "group 2 has a typing error" in seen
    assert "group 5 of 26" in seen
    assert "4 groups kept so far" in seen
    other = acme.acme.mak()
    foreign = vendor.confirm(acme.acme.vendor, _id_of(desk, other, tmp_path, acme)).digits.split("-")
    wrong = [foreign[4], *groups[5:]]
    code, seen = desk.typed(*wrong, f"5:{groups[4]}")
    assert "CONFIRMATION_UNTRUSTED" not in seen
    assert " 5: " + foreign[4] in seen, "all groups are shown, to be compared"
    assert (code, desk.status()["state"]) == (0, "LICENSED"), seen


def _id_of(desk: Desk, key: ProductKey, folder: Path, acme: AcmeService) -> str:
    """The installation id of a second machine."""
    (folder / "second").mkdir()
    second = Desk(folder / "second", acme)
    second.install_key(key)
    assert second.home != desk.home
    return second.done("client", "installation-id")


def test_the_whole_confirmation_id_is_taken_from_a_pipe_or_the_arguments(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme)
    desk.install_key(acme.acme.mak())
    digits = desk.done("client", "installation-id")
    confirmation = vendor.confirm(acme.acme.vendor, digits).digits
    assert desk.run("client", "confirm", entered=confirmation[:50]).returncode == 1
    desk.done("client", "confirm", entered=confirmation.replace("-", "\n"))
    assert desk.status()["state"] == "LICENSED"


def test_by_file_and_as_a_qr_code(acme: AcmeService, tmp_path: Path) -> None:
    desk = Desk(tmp_path, acme)
    desk.install_key(acme.acme.mak(days=30))
    out, back = tmp_path / "id.txt", tmp_path / "confirmation.txt"
    desk.done("client", "installation-id", "--file", str(out))
    assert desk.done("client", "installation-id", "--qr")
    packed = pack_installation(parse_installation(desk.done("client", "installation-id")))
    found = vendor.confirm_file(acme.acme.vendor, out.read_text())
    assert found.installation == packed
    back.write_text(f"> Dear customer,\n>\n{found.file}\nYours, Acme\n")
    said = desk.done("client", "confirm", "--file", str(back))
    assert "until" in said
    assert desk.status()["permanent"] is False


def test_a_mak_in_the_arguments_draws_a_warning_and_is_nowhere_in_the_state(acme: AcmeService, tmp_path: Path) -> None:
    desk, key = Desk(tmp_path, acme), acme.acme.mak()
    told = desk.run("client", "install-key", key.formatted)
    assert (told.returncode, "process list" in told.stderr) == (0, True)
    desk.run("client", "activate", "--service", acme.url)
    for path in desk.home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert key.text.encode() not in content.upper().replace(b"-", b"")
        assert key.secret not in content or path.name == "secrets"
    assert key.formatted not in desk.done("client", "log")
