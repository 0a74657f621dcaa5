"""``muster client serve`` as a process: started, asked, killed, started again, on demand, on a full disk, with damaged files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from muster.license import License, State
from tests.programs.client_service import (
    COMMAND,
    HONEST,
    IDLE_MEGABYTES,
    PATIENCE_SECONDS,
    Machine,
    Service,
    other_product_file,
    set_up,
)
from tests.programs.host_process import serving
from tests.worlds.host_world import ask, certified_home
from tests.worlds.service_manager import service_manager
from tests.worlds.vendor_keys import CAD_PRO

OTHERS = 3


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return set_up(tmp_path)


def test_commands_go_through_the_service_while_it_runs(machine: Machine, tmp_path: Path) -> None:
    with service_manager(tmp_path) as manager, machine.serving(environment=manager.environment) as service:
        assert manager.hear("READY=1") == ["READY=1"]
        machine.wait_for("activation.failed")
        told = machine.run("activate", "--json")
        assert (told.code, told.plain["last_error"]["code"]) == (3, "HOST_UNREACHABLE")
        assert machine.done("status", "--json").plain["editions"][0]["state"] == "INITIAL_GRACE"
        assert machine.done("license", "--json").plain["vendor"] == "Acme Software"
        assert machine.run("diagnose", "--json").plain["verdict"]["code"] == "HOST_UNREACHABLE"
        machine.done("set-dns", "127.0.0.1:5")
        machine.done("set-caching", "off")
        assert machine.refusal("install-key", "ABCDE-12345") == "KEY_MALFORMED"
        assert machine.refusal("activate", "--edition", "acme-cad-por") == "EDITION_UNKNOWN"
        assert machine.done("rearm").stdout == "rearmed: Acme Software\n"
        manager.hear("WATCHDOG=1", times=2)
        assert service.stop() == 0
        manager.hear("STOPPING=1")
    assert machine.events()[-1] == "service.stopped"
    assert not (machine.home / "control").exists()
    machine.done("set-caching", "on")


def test_what_is_installed_is_asked_for_at_once_and_without_a_word(machine: Machine) -> None:
    machine.done("uninstall-key")
    with machine.serving():
        machine.done("install", other_product_file(machine.home.parent))
        machine.wait_for("activation.failed")
        (machine.home / "products.d").mkdir()
        assert "product.offered" not in machine.events()
        offered = machine.home / "products.d" / "acme.muster"
        offered.write_text("rubbish")
        machine.wait_for("product.refused")


def test_an_idle_service_sleeps_until_its_next_deadline_in_little_memory(machine: Machine) -> None:
    with machine.serving() as service:
        machine.wait_for("activation.failed")
        machine.run("activate")
        # Two rounds: what the last caller left behind may still be put away in the first.
        woken = [woken_while_others_work(machine, service) for _ in range(2)]
        assert woken[-1] == (0, 0)
        assert service.figure("VmRSS") < IDLE_MEGABYTES * 1024
        assert service.figure("Threads") == 1


def woken_while_others_work(machine: Machine, service: Service) -> tuple[int, int]:
    """How often the service woke, and how long it ran in ticks, while other processes took a second or two."""
    before, ticks = service.figure("voluntary_ctxt_switches"), service.ticks()
    for _ in range(OTHERS):
        machine.done("--help")
    return service.figure("voluntary_ctxt_switches") - before, service.ticks() - ticks


def test_while_a_host_keeps_it_waiting_it_answers_and_it_ends_at_once(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        machine.done("set-host", f"127.0.0.1:{mute.getsockname()[1]}")
        with machine.serving() as service:
            asking, _ = mute.accept()
            with asking:
                assert machine.ask("status")["editions"][0]["state"] == "INITIAL_GRACE"
                assert service.stop() == 0
                assert asking.recv(1000)
                assert asking.recv(1000) == b"", "it hung up"
    assert machine.events()[-1] == "service.stopped"
    assert "activation.failed" not in machine.events(), "it was not the host's fault"


def test_nothing_is_imported_from_the_folder_that_it_is_started_in(machine: Machine, tmp_path: Path) -> None:
    for name in ("dns", "cryptography", "asyncio", "muster"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from here')\n")
    command = [sys.executable, "-P", *COMMAND[1:], "serve", "--home", str(machine.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"serving {machine.home}\n"
        process.terminate()


def test_a_second_service_is_refused_and_the_first_goes_on(machine: Machine) -> None:
    with machine.serving():
        assert machine.refusal("serve") == "HOME_IN_USE"
        assert machine.ask("status")["editions"]


def test_killed_and_started_again_it_finds_its_socket_in_the_way_and_its_state_whole(machine: Machine) -> None:
    with machine.serving() as service:
        machine.wait_for("activation.failed")
        client_id = machine.ask("status")["editions"][0]["client_id"]
        service.stop(signal.SIGKILL)
    assert (machine.home / "control").is_socket()
    assert machine.done("status", "--json").plain["editions"][0]["client_id"] == client_id
    machine.done("set-caching", "off")
    with machine.serving():
        assert machine.ask("status")["editions"][0]["client_id"] == client_id


def test_a_socket_that_was_deleted_comes_back(machine: Machine) -> None:
    with machine.serving():
        (machine.home / "control").unlink()
        assert machine.done("set-caching", "off").stdout == "caching: off\n"
        assert (machine.home / "control").is_socket()


def test_a_home_that_is_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    machine = set_up_in(tmp_path / ("deep" * 30))
    with machine.serving():
        assert machine.done("status", "--json").plain["editions"]
        assert machine.refusal("serve") == "HOME_IN_USE"


def set_up_in(folder: Path) -> Machine:
    folder.mkdir()
    return set_up(folder)


def test_on_demand_it_answers_on_the_socket_it_was_given_and_ends_when_idle(machine: Machine) -> None:
    path = machine.home / "control"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as own:
        own.bind(str(path))
        own.listen()
        with machine.serving("--idle-exit", "1s", handed=own) as service:
            assert machine.ask("status")["editions"]
            assert service.ended() == 0
        assert path.is_socket(), "it belongs to whoever opened it"
        asked = machine.events().count("activation.failed")
        with machine.serving("--idle-exit", "1s", handed=own) as service:
            assert machine.ask("status")["editions"]
            assert service.ended() == 0
    assert machine.events().count("activation.failed") == asked == 1, "the second start asked no host: nothing was due"


def test_settings_that_went_wrong_leave_the_ones_before(machine: Machine) -> None:
    with machine.serving() as service:
        machine.wait_for("activation.failed")
        (machine.home / "client.toml").write_text("caching = 7\n")
        machine.wait_for("settings.refused")
        assert machine.ask("status")["editions"]
        (machine.home / "client.toml").write_text('zones = ["corp.example"]\n')
        service.process.send_signal(signal.SIGHUP)
        assert machine.ask("set-caching", on=False) == {}


def test_a_damaged_vendor_is_told_and_the_other_goes_on(machine: Machine) -> None:
    damaged = next(machine.home.glob("vendors/*/product.muster"))
    machine.done("install", other_product_file(machine.home.parent))
    damaged.write_text("rubbish")
    see_the_damage(machine, damaged)
    with machine.serving():
        see_the_damage(machine, damaged)
        assert "state.damaged" in machine.events()


def see_the_damage(machine: Machine, damaged: Path) -> None:
    told = machine.run("status", "--json").plain
    assert [row["edition"] for row in told["editions"]] == [HONEST.name]
    found = [(row["vendor"], row["error"]["code"]) for row in told["damaged"]]
    assert found == [(damaged.parent.name, "PRODUCT_MALFORMED")]
    assert str(damaged) in machine.run("status").stderr
    assert machine.run("status", "--check").code == 1
    assert machine.refusal("status", "--edition", CAD_PRO.name) == "PRODUCT_MALFORMED"
    assert machine.refusal("rearm") == "PRODUCT_MALFORMED"
    assert machine.run("activate", "--json").plain["edition"] == HONEST.name


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(512)):
            pass


def test_on_a_full_disk_nothing_is_lost_or_claimed_and_it_goes_on_when_there_is_room(small_disk: Path) -> None:
    machine = set_up(small_disk)
    with machine.serving():
        machine.wait_for("activation.failed")
        before = machine.ask("status")["editions"][0]
        records = {path: path.read_bytes() for path in machine.home.rglob("record")}
        filler = small_disk / "filler"
        fill(filler)
        assert machine.refusal("activate") == "STORE_FAILED"
        assert machine.refusal("set-type", "mak") == "STORE_FAILED"
        assert {path: path.read_bytes() for path in machine.home.rglob("record")} == records
        assert machine.ask("status")["editions"][0] == before
        filler.unlink()
        machine.done("set-type", "any")
        assert machine.run("activate", "--json").plain["last_error"]["code"] == "HOST_UNREACHABLE"
    assert json.loads((machine.home / "choices.json").read_text())["types"] == {"": "any"}


def test_a_server_is_activated_by_a_real_host_before_anybody_asks_and_programs_see_it(tmp_path: Path) -> None:
    vendor, machine, file = certified_home(tmp_path / "host"), Machine(tmp_path / "machine"), tmp_path / "acme.muster"
    file.write_bytes(vendor.product_file())
    machine.home.mkdir()
    with serving(tmp_path / "host") as host, machine.serving():
        for number in range(1, 5):
            asyncio.run(ask(host.address, vendor, number))
        # The service notices the file; nobody tells it.
        (machine.home / "client.toml").write_text(f'hosts = ["{host.address}"]\n')
        machine.done("install", str(file), "--edition", "acme-cad-server")
        licence = License.open("acme-cad-server", vendor=vendor.trusted.fingerprint.hex(), home=machine.home)
        assert licence.wait(PATIENCE_SECONDS)
        machine.wait_for("activation.done")
        assert machine.done("status", "--check", "--json").plain["editions"][0]["count"] == 5
        host.stop()
        assert machine.run("renew", "--json").code == 3
        assert (licence.state, licence.days_left) == (State.LICENSED, 180)
