"""``muster client remote`` as a process: what a stranger may write into it, and the console at the other end of real SSH."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from muster.client.core.control import MAX_REQUEST_BYTES, OPERATIONS
from muster.client.core.remote import REMOTE
from muster.trust.productkey import KeyKind, make_key
from tests.programs.client_service import COMMAND, PATIENCE_SECONDS, Machine, set_up
from tests.worlds.command_line import muster
from tests.worlds.ssh_machines import SSHD, SshMachines
from tests.worlds.ssh_machines import remote as forced_command
from tests.worlds.vendor_keys import CAD_PRO


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return set_up(tmp_path)


def answered(machine: Machine, body: bytes) -> dict[str, Any]:
    """What comes back for these bytes; the command must end well and say nothing else."""
    done = muster("client", "remote", "--home", str(machine.home), typed=body)
    return only_line(done.returncode, done.stdout.encode(), done.stderr.encode())


def answered_by_a_process(machine: Machine, body: bytes) -> dict[str, Any]:
    """The same, of a process that knows no other letters than those of ASCII."""
    done = subprocess.run(
        [*COMMAND, "remote", "--home", str(machine.home)],
        input=body,
        env={name: text for name, text in os.environ.items() if not name.startswith("MUSTER_")} | {"LC_ALL": "C"},
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return only_line(done.returncode, done.stdout, done.stderr)


def only_line(code: int, out: bytes, errors: bytes) -> dict[str, Any]:
    """The answer, if it is the only thing that was said."""
    assert (code, errors) == (0, b"")
    assert (out.count(b"\n"), out[-1:]) == (1, b"\n")
    found: dict[str, Any] = json.loads(out)
    return found


def asked(machine: Machine, operation: str, **parameters: Any) -> dict[str, Any]:
    return answered(machine, json.dumps({"version": 1, "operation": operation, **parameters}).encode())


def test_every_operation_that_may_be_asked_from_afar_is_one_of_the_machine() -> None:
    assert set(REMOTE) <= OPERATIONS.keys()


def test_each_answer_shows_what_is_on_the_machine_afterwards(machine: Machine) -> None:
    before = asked(machine, "status")
    (row,) = before["editions"]
    (shown,) = machine.done("status", "--json").plain["editions"]
    assert before.keys() == {"editions"}
    assert row.keys() == shown.keys()
    assert (row["client_id"], row["state"]) == (shown["client_id"], shown["state"])
    assert asked(machine, "set-host", hosts="127.0.0.1:9")["editions"][0]["edition"] == CAD_PRO.name
    tried = asked(machine, "activate")
    assert (tried["error"]["code"], tried["editions"][0]["last_error"]["code"]) == ("HOST_UNREACHABLE",) * 2
    assert tried["error"].keys() == {"code", "number", "message", "hint"}
    refused = asked(machine, "installation-id", edition=CAD_PRO.name)
    assert refused.keys() == {"error"}
    assert refused["error"]["code"] == "KEY_WRONG_KIND"
    mak = make_key(KeyKind.MAK, CAD_PRO.id, bytes(range(11)))
    installed = asked(machine, "install-key", key=mak.formatted)
    assert installed["editions"][0]["partial_key"] == installed["partial_key"] == mak.partial
    assert (row["key_kind"], installed["editions"][0]["key_kind"]) == ("generic", "mak")
    digits = machine.done("installation-id").stdout.strip()
    assert asked(machine, "installation-id", edition=CAD_PRO.name)["installation_id"] == digits
    rearmed = asked(machine, "rearm", keep_grace=True)
    assert len(rearmed["vendors"]) == 1
    assert rearmed["editions"][0]["client_id"] != row["client_id"]
    assert json.loads((machine.home / "choices.json").read_text())["hosts"] == ["127.0.0.1:9"]


def test_a_running_service_is_asked_with_the_rights_of_whoever_runs_the_command(machine: Machine) -> None:
    with machine.serving():
        assert asked(machine, "set-type", way="host")["editions"]
        refused = asked(machine, "set-type", way="anything")
        assert refused.keys() == {"error"}
        assert refused["error"]["code"] == "SETTINGS_INVALID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MESSAGE_MALFORMED"),
        (b"\xff\xfe", "MESSAGE_MALFORMED"),
        (b"[" * 100_000, "MESSAGE_MALFORMED"),
        (b"[1]", "MESSAGE_MALFORMED"),
        (b'{"version": 1}', "MESSAGE_MALFORMED"),
        (b'{"version": 1, "operation": ["status"]}', "MESSAGE_MALFORMED"),
        (b'{"version": 1, "operation": "status"}{"version": 1, "operation": "rearm"}', "MESSAGE_MALFORMED"),
        (b'{"version": true, "operation": "status"}', "VERSION_NOT_SUPPORTED"),
        (b'{"version": 2, "operation": "status"}', "VERSION_NOT_SUPPORTED"),
        (b'{"version": 1, "operation": "\\ud800\\u001b]0;owned"}', "USAGE"),
        (b'{"version": 1, "operation": "install", "file": "x"}', "USAGE"),
        (b'{"version": 1, "operation": "uninstall-key"}', "USAGE"),
        (b'{"version": 1, "operation": "set-type"}', "USAGE"),
        (b'{"version": 1, "operation": "set-type", "way": 7}', "USAGE"),
        (b'{"version": 1, "operation": "status", "home": "/etc"}', "USAGE"),
        (b'{"version": 1, "operation": "rearm", "parameters": {"keep_grace": true}}', "USAGE"),
    ],
)
def test_what_is_no_request_gets_a_code_and_changes_nothing(machine: Machine, body: bytes, code: str) -> None:
    before = {path: path.read_bytes() for path in machine.home.rglob("*") if path.is_file()}
    found = answered(machine, body)
    assert found.keys() == {"error"}
    assert (found["error"]["code"], bool(found["error"]["hint"])) == (code, True)
    assert {path: path.read_bytes() for path in machine.home.rglob("*") if path.is_file()} == before


def test_a_giant_request_is_read_no_further_than_its_limit(machine: Machine) -> None:
    giant = json.dumps({"version": 1, "operation": "confirm", "file": "x" * MAX_REQUEST_BYTES}).encode()
    assert str(MAX_REQUEST_BYTES) in answered_by_a_process(machine, giant)["error"]["message"]
    odd = b'{"version": 1, "operation": "\\ud800\\u001b]0;owned \xc3\xa4"}'
    assert answered_by_a_process(machine, odd) == answered(machine, odd)


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[SshMachines]:
    if not Path(SSHD).exists():
        pytest.skip("no sshd here")
    world = SshMachines(tmp_path / "ssh")
    yield world
    world.close()


def console(home: Path, *words: str) -> Any:
    done = muster("console", "--home", str(home), *words, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_the_console_sees_a_machine_through_a_real_ssh_server(
    machine: Machine, ssh: SshMachines, tmp_path: Path
) -> None:
    port = ssh.add("pc-1", forced_command(machine.home)).target.port
    home, found = tmp_path / "console", tmp_path / "machines.csv"
    home.mkdir()
    (home / "console.toml").write_text(f'[ssh]\nkeys = ["{ssh.key}"]\nagent = false\n')
    found.write_text(f"name,address,port,user\npc-1,127.0.0.1,{port},root\n")
    console(home, "discover", "--csv", str(found))
    assert console(home, "refresh")["done"] == 1
    (row,) = console(home, "machines")["machines"]
    own = asked(machine, "status")["editions"][0]
    told = ("edition", "state", "client_id", "partial_key", "key_kind")
    assert [row[name] for name in told] == [own[name] for name in told]
    assert console(home, "machines", "--where", "kind=mak")["machines"] == []
