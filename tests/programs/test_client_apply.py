"""``muster client apply`` as a process: what a deployment tool runs every day."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.trust.productkey import KeyKind, make_key
from muster.vendor import app as vendor
from tests.programs.client_service import Machine, product_file
from tests.worlds.vendor_keys import CAD_PRO
from tests.worlds.vendor_world import Acme

MAK = make_key(KeyKind.MAK, CAD_PRO.id, bytes(range(11)))
FLEET = f"""
[machine]
hosts = ["127.0.0.1:9"]
zone = "corp.example"
dns = "127.0.0.1:9"
caching = false

[[product]]
file = "files/acme.muster"
edition = "{CAD_PRO.name}"
type = "host"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing is installed, beside a fleet file and its product file."""
    (tmp_path / "files").mkdir()
    Path(product_file(tmp_path)).rename(tmp_path / "files" / "acme.muster")
    (tmp_path / "FLEET.toml").write_text(FLEET)
    return Machine(tmp_path / "machine")


def fleet(machine: Machine) -> str:
    return str(machine.home.parent / "FLEET.toml")


def test_a_new_machine_becomes_what_the_file_says_and_the_second_run_changes_nothing(machine: Machine) -> None:
    would = machine.run("apply", fleet(machine), "--check", "--json")
    assert (would.code, would.plain["changed"]) == (1, True)
    assert machine.run("status", "--json").plain["editions"] == []
    done = machine.done("apply", fleet(machine), "--json").plain
    assert done == would.plain
    (row,) = machine.done("status", "--json").plain["editions"]
    assert row["edition"] == CAD_PRO.name
    before = (machine.home / "choices.json").read_bytes(), machine.events()
    assert machine.done("apply", fleet(machine)).stdout == "nothing to change\n"
    assert machine.done("apply", fleet(machine), "--check", "--json").plain == {"changed": False, "changes": []}
    assert ((machine.home / "choices.json").read_bytes(), machine.events()) == before


def test_one_that_drifted_is_put_right_and_only_there(machine: Machine) -> None:
    machine.done("apply", fleet(machine))
    with machine.serving():
        machine.done("set-host", "elsewhere.example")
        machine.done("install-key", MAK.formatted)
        would = machine.run("apply", fleet(machine), "--check")
        assert (would.code, would.stdout) == (1, "would change  hosts: 127.0.0.1:9\n")
        assert machine.done("apply", fleet(machine)).stdout == "changed  hosts: 127.0.0.1:9\n"
        assert machine.run("apply", fleet(machine), "--check").code == 0
    assert machine.done("status", "--json").plain["editions"][0]["partial_key"] == MAK.partial


def test_what_fails_is_told_after_what_was_done_and_the_next_run_goes_on(machine: Machine) -> None:
    path = Path(fleet(machine))
    path.write_text(f'[[product]]\nfile = "files/acme.muster"\nkey = "{MAK.formatted}"\nconfirmation = "back.txt"\n')
    (path.parent / "back.txt").write_text("no confirmation")
    told = machine.run("apply", str(path))
    assert (told.code, told.stdout.count("changed")) == (1, 2)
    assert "CONFIRMATION" in told.stderr or "ARMOUR" in told.stderr
    assert MAK.formatted not in told.stdout + told.stderr
    again = machine.run("apply", str(path), "--json")
    assert (again.code, again.plain["changed"], again.plain["error"]["code"] in told.stderr) == (1, False, True)
    assert machine.run("apply", str(path), "--check").stdout == f"would change  confirmation of {CAD_PRO.name}\n"


def test_a_mak_and_what_its_vendor_confirmed_are_carried_by_the_file(tmp_path: Path) -> None:
    acme, machine, path = Acme(tmp_path / "vendor"), Machine(tmp_path / "machine"), tmp_path / "FLEET.toml"
    (tmp_path / "acme.muster").write_text(vendor.export_product(acme.vendor))
    table = f'[[product]]\nfile = "acme.muster"\nkey = "{acme.mak().formatted}"\n'
    path.write_text(table)
    machine.done("apply", str(path))
    digits = machine.done("installation-id").stdout.strip()
    confirmed = vendor.confirm(acme.vendor, digits)
    acme.close()
    path.write_text(f'{table}confirmation = "{confirmed.digits}"\n')
    assert machine.done("apply", str(path)).stdout == f"changed  confirmation of {CAD_PRO.name}\n"
    assert machine.done("status", "--check", "--json").plain["editions"][0]["method"] == "mak"
    assert machine.done("apply", str(path)).stdout == "nothing to change\n"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[machine", "FLEET.toml:1: machine: not TOML"),
        ('[machine]\nhots = ["a"]', "FLEET.toml:2: machine.hots"),
        ('[[product]]\nfile = "none.muster"', "FLEET.toml:2: product[0].file"),
        ('[[product]]\nfile = "FLEET.toml"', "FLEET.toml:2: product[0].file"),
        ('[[product]]\nfile = "files/acme.muster"\nedition = "x"', "FLEET.toml:3: product[0].edition"),
        (
            f'[[product]]\nfile = "files/acme.muster"\nedition = "{CAD_PRO.name}"\nconfirmation = "none.txt"',
            "FLEET.toml:4: product[0].confirmation",
        ),
    ],
)
def test_a_mistake_changes_nothing_and_is_told_with_its_place(machine: Machine, text: str, where: str) -> None:
    path = Path(fleet(machine))
    path.write_text(f"{text}\n")
    told = machine.run("apply", str(path))
    assert told.code != 0
    assert where in told.stderr
    assert "muster: hint: " in told.stderr
    assert not (machine.home / "choices.json").exists()


def test_a_fleet_file_that_is_not_there_is_told(machine: Machine) -> None:
    assert machine.refusal("apply", "/nowhere/FLEET.toml") == "NOT_FOUND"
