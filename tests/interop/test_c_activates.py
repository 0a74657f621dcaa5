"""libmuster and our programs work on the same state folder, against the same host."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from muster.license.machine import read_parts
from tests.programs.client_service import Machine
from tests.programs.host_process import HostProcess, serving
from tests.programs.test_client_command import Desk, product_file
from tests.worlds.c_library import CLibrary
from tests.worlds.host_world import SmallVendor, ask, certified_home
from tests.worlds.name_servers import World, bind, free_port

SERVER = "acme-cad-server"
LICENSED, NOT_LICENSED, FAILED = 0, 1, 2
PATIENCE_SECONDS = 60


class Program:
    """A program that was built with libmuster, on one state folder: what it prints, by its first word."""

    def __init__(self, library: CLibrary, home: Path) -> None:
        self._command = [str(library.folder / "status"), str(home), SmallVendor().trusted.fingerprint.hex(), SERVER]
        self.error = ""

    def told(self, expected: int, *words: str) -> dict[str, str]:
        run = subprocess.run(
            [*self._command, *words], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert run.returncode == expected, run.stdout + run.stderr
        self.error = run.stderr.split(": ")[1] if run.stderr else ""
        lines = run.stdout.splitlines()
        found = dict(line.partition(" ")[::2] for line in lines[1:])
        return {**found, "state": lines[0].rpartition(" ")[2]} if lines else {}


def seconds_of(instant: str) -> int:
    told = subprocess.run(["date", "-u", "-d", instant, "+%s"], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    vendor = certified_home(tmp_path / "host")
    with serving(tmp_path / "host") as host:
        for machine in range(1, 4):
            asyncio.run(ask(host.address, vendor, machine))
        yield host


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


@pytest.fixture
def program(c_library: CLibrary, desk: Desk) -> Program:
    return Program(c_library, desk.home)


def test_it_reads_what_our_client_wrote(tmp_path: Path, host: HostProcess, desk: Desk, program: Program) -> None:
    desk.done("install", product_file(tmp_path, SmallVendor()), "--edition", SERVER)
    desk.done("set-host", host.address)
    assert program.told(NOT_LICENSED)["state"] == "INITIAL_GRACE"
    asyncio.run(ask(host.address, SmallVendor(), 99))
    code, row = desk.told("activate")
    assert (code, row["state"]) == (0, "LICENSED")
    told = program.told(LICENSED)
    assert (told["state"], told["method"], told["count"], told["threshold"]) == ("LICENSED", "1", "5", "5")
    assert told["organisation"] == str(row["organisation"])
    assert int(told["expires_at"]) == seconds_of(row["expires_at"])
    assert told["days_left"] in {"179", "180"}


def test_our_client_reads_what_it_wrote(tmp_path: Path, host: HostProcess, desk: Desk, program: Program) -> None:
    told = program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    row = desk.told("status", "--edition", SERVER)[1]
    assert (row["state"], row["key_kind"], row["binding"]) == ("INITIAL_GRACE", "generic", "hardware")
    assert seconds_of(row["grace_ends_at"]) == int(told["grace_ends_at"])
    program.told(FAILED, "activate", host.address)
    assert program.error == "COUNT_BELOW_THRESHOLD"
    row = desk.told("status", "--edition", SERVER)[1]
    assert (row["state"], row["count"], row["last_error"]["code"]) == ("INITIAL_GRACE", 4, "COUNT_BELOW_THRESHOLD")
    asyncio.run(ask(host.address, SmallVendor(), 99))
    told = program.told(LICENSED, "activate", host.address)
    row = desk.told("status", "--edition", SERVER)[1]
    assert (row["state"], row["method"], row["host"], row["last_error"]) == ("LICENSED", "host", host.address, None)
    assert seconds_of(row["expires_at"]) == int(told["expires_at"])
    desk.done("set-host", host.address)
    client_id, partial_key = row["client_id"], row["partial_key"]
    code, row = desk.told("renew", "--edition", SERVER)
    assert (code, row["state"], row["client_id"], row["count"]) == (0, "LICENSED", client_id, 5), "the same machine"
    assert row["partial_key"] == partial_key == generic_ending(tmp_path)
    assert program.told(LICENSED)["state"] == "LICENSED"


def generic_ending(folder: Path) -> str:
    other = Desk(folder / "other")
    other.done("install", product_file(folder, SmallVendor()), "--edition", SERVER)
    return str(other.told("status")[1]["editions"][0]["partial_key"])


def test_it_finds_the_host_in_dns(tmp_path: Path, host: HostProcess, desk: Desk, program: Program) -> None:
    asyncio.run(ask(host.address, SmallVendor(), 99))
    program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    port = host.address.rpartition(":")[2]
    silent = f"_muster._tcp IN SRV 0 0 {free_port()} gone.hosts\ngone.hosts IN A 127.0.0.1\n"
    records = f"{silent}_muster._tcp IN SRV 10 0 {port} here.hosts\nhere.hosts IN A 127.0.0.1\n"
    (tmp_path / "dns").mkdir()
    with bind(tmp_path / "dns", World(records=records)) as names:
        server = f"127.0.0.1:{names.port}"
        program.told(FAILED, "find", "nowhere.example", server)
        assert program.error == "NO_HOST_FOUND"
        told = program.told(LICENSED, "find", "corp.example", server)
    assert told["count"] == "5"
    row = desk.told("status", "--edition", SERVER)[1]
    assert (row["state"], row["host"]) == ("LICENSED", f"here.hosts.corp.example:{port}")


def test_who_proves_nothing_changes_nothing(tmp_path: Path, desk: Desk, program: Program) -> None:
    program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    certified_home(tmp_path / "stranger", SmallVendor(seed=2))
    with serving(tmp_path / "stranger") as stranger:
        told = program.told(FAILED, "activate", stranger.address)
    assert (told["state"], program.error) == ("INITIAL_GRACE", "VENDOR_MISMATCH")
    told = program.told(FAILED, "activate", f"127.0.0.1:{free_port()}")
    assert (told["state"], program.error) == ("INITIAL_GRACE", "HOST_UNREACHABLE")
    assert desk.told("status", "--edition", SERVER)[1]["last_error"]["code"] == "HOST_UNREACHABLE"


def test_one_of_us_at_a_time_changes_the_folder(tmp_path: Path, desk: Desk, program: Program) -> None:
    program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    with Machine(desk.home).serving():
        assert program.told(FAILED, "activate", "127.0.0.1")["state"] == "INITIAL_GRACE", "reading needs no lock"
        assert program.error == "HOME_IN_USE", "hosts of one's own are not handed to the service"


def test_a_licensing_service_is_asked_where_one_runs(
    tmp_path: Path, host: HostProcess, desk: Desk, program: Program
) -> None:
    desk.done("install", product_file(tmp_path, SmallVendor()), "--edition", SERVER)
    desk.done("set-host", f"127.0.0.1:{free_port()}")
    asyncio.run(ask(host.address, SmallVendor(), 99))
    with Machine(desk.home).serving():
        assert program.told(FAILED, "activate")["state"] == "INITIAL_GRACE"
        assert program.error == "HOST_UNREACHABLE", "the service, which holds the folder, did not try"
        desk.done("set-host", host.address)
        assert program.told(LICENSED, "activate")["count"] == "5"
    program.told(FAILED, "activate")
    assert program.error == "NO_HOST_FOUND", "without a service, the library looks for itself"


@contextmanager
def answering(home: Path, answer: bytes) -> Iterator[list[bytes]]:
    """Something on the service's socket that says `answer`; what it was asked."""
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
            asked.append(connection.recv(size, socket.MSG_WAITALL))
            connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "control"))
        listening.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()
    (home / "control").unlink()


def framed(text: str) -> bytes:
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def test_whatever_a_service_answers_is_an_error_of_the_list(tmp_path: Path, desk: Desk, program: Program) -> None:
    program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    deep = "[" * 5000
    for answer, expected in (
        (framed('{"version": 1, "error": {"hint": "x", "code": "RATE_LIMITED", "number": 25}}'), "RATE_LIMITED"),
        (framed('{"answer": {"edition": {"error": {"code": "X"}}, "error": {"code": "HOST_BUSY"}}}'), "HOST_BUSY"),
        (framed('{"answer": {"error": {"code": "OF_A_LATER_RELEASE"}}}'), "INTERNAL"),
        (framed('{"error": null}'), "MESSAGE_MALFORMED"),
        (framed('{"answer": {"edition": null}}'), "MESSAGE_MALFORMED"),
        (framed('{"answer": {"error": {"code": "\\'), "MESSAGE_MALFORMED"),
        (framed('{"answer": {"error": null}} {}'), "MESSAGE_MALFORMED"),
        (framed('{"answer": {"x": ' + deep + "}}"), "MESSAGE_MALFORMED"),
        (framed("\0\xff"), "MESSAGE_MALFORMED"),
        (b"\xff\xff\xff\xff", "MESSAGE_MALFORMED"),
        (framed("{}")[:-1], "SERVICE_NOT_RUNNING"),
        (b"", "SERVICE_NOT_RUNNING"),
    ):
        with answering(desk.home, answer) as asked:
            assert program.told(FAILED, "activate")["state"] == "INITIAL_GRACE"
        assert program.error == expected, answer[:80]
        assert json.loads(asked[0]) == {"version": 1, "operation": "activate", "parameters": {"edition": SERVER}}
    with answering(desk.home, framed('{"version": 1, "answer": {"edition": {}, "error": null}}')):
        program.told(NOT_LICENSED, "activate")


def test_a_damaged_record_gives_way_to_the_one_before(tmp_path: Path, desk: Desk, program: Program) -> None:
    program.told(NOT_LICENSED, "install", product_file(tmp_path, SmallVendor()))
    program.told(FAILED, "activate", f"127.0.0.1:{free_port()}")
    (record,) = desk.home.glob("vendors/*/record")
    record.write_bytes(record.read_bytes()[:-1])
    assert program.told(NOT_LICENSED)["state"] == "INITIAL_GRACE"
    previous = record.with_name("record.previous")
    previous.write_bytes(b"")
    assert program.told(FAILED) == {}
    assert program.error == "STATE_CORRUPT"


def test_a_pin_of_another_vendor_finds_nothing(tmp_path: Path, desk: Desk, c_library: CLibrary) -> None:
    desk.done("install", product_file(tmp_path, SmallVendor()), "--edition", SERVER)
    ours = SmallVendor().trusted.fingerprint
    (folder,) = desk.home.glob("vendors/*")
    stranger = bytes([ours[0] ^ 1, *ours[1:]]).hex()
    folder.rename(folder.with_name(stranger[:16]))
    command = [str(c_library.folder / "status"), str(desk.home), stranger, SERVER]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (run.returncode, run.stderr.split(": ")[1]) == (FAILED, "VENDOR_MISMATCH")


@pytest.mark.parametrize("place", ["this machine", "a made-up desktop"])
def test_it_reads_the_same_hardware_as_we_do(place: str, tmp_path: Path, c_library: CLibrary) -> None:
    root = Path("/") if place == "this machine" else made_up_desktop(tmp_path)
    run = subprocess.run([c_library.folder / "sources", root], capture_output=True, text=True, timeout=60, check=True)
    ours = read_parts(root)
    assert run.stdout.splitlines() == [text or "" for text in (*ours.built_in, ours.machine_id)]
    if place != "this machine":
        assert all(ours.built_in)


def made_up_desktop(root: Path) -> Path:
    """A mapped disk whose serial only udev knows, a wireless and two wired interfaces, a processor."""
    files = {
        "sys/class/dmi/id/sys_vendor": "Acme Inc.\n",
        "sys/class/dmi/id/product_name": "Desk 9000 \u00df\n",
        "sys/class/dmi/id/product_version": "None\n",
        "sys/class/dmi/id/board_name": "B9\n",
        "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineAcme\ncpu family\t: 6\nmodel\t\t: 85\n"
        "model name\t: Acme CPU @ 3.00GHz\nstepping\t: 7\n\nprocessor\t: 1\nvendor_id\t: Other\n",
        "proc/self/mountinfo": "22 1 253:0 / / rw - ext4 /dev/mapper/root rw\n",
        "sys/devices/pci/sda/dev": "8:0\n",
        "sys/devices/pci/sda/sda2/partition": "2\n",
        "run/udev/data/b8:0": "S:disk/by-id/x\nE:ID_SERIAL=Acme_WD-1\nE:ID_SERIAL_SHORT=WD-1\n",
        "etc/machine-id": "0a1b2c3d\n",
    }
    links = {
        "sys/dev/block/253:0": "sys/devices/virtual/dm-0",
        "sys/devices/virtual/dm-0/slaves/sda2": "sys/devices/pci/sda/sda2",
    }
    for name, device, last in (("wlan0", "a-wifi", 1), ("eth0", "b-nic", 2), ("eth1", "c-nic", 3)):
        files[f"sys/class/net/{name}/address"] = f"aa:aa:aa:00:00:0{last}\n"
        files[f"sys/class/net/{name}/addr_assign_type"] = "0\n"
        links[f"sys/class/net/{name}/device"] = f"sys/devices/pci0/{device}"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, target in links.items():
        (root / target).mkdir(parents=True, exist_ok=True)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(root / target)
    (root / "sys/class/net/wlan0/wireless").mkdir()
    return root
