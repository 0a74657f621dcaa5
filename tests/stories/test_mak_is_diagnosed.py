"""A machine with a multiple activation key that is not activated, and the one fault that is found."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Unreachable, Untrusted
from muster.client import app as client
from muster.client.core.diagnosis import Diagnosis, Stage, Status
from muster.client.service.machine import Machine
from tests.worlds.looking import Looking
from tests.worlds.network_world import Office, activate, parts
from tests.worlds.online_vendor import MAK, OnlineVendor
from tests.worlds.vendor_keys import VendorKeys


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def vendor(office: Office) -> OnlineVendor:
    return OnlineVendor(office.clock)


@pytest.fixture
def machine(office: Office, vendor: OnlineVendor) -> Machine:
    machine = office.machine()
    machine.vendor = vendor
    client.install_key(machine, MAK.formatted)
    return machine


def diagnosed(machine: Machine, office: Office) -> Diagnosis:
    return asyncio.run(client.diagnose(machine, Looking(office.network)))


def verdict(machine: Machine, office: Office) -> tuple[Code | None, Stage | None]:
    """Code and step of a verdict that has a cause and a remedy."""
    found = diagnosed(machine, office)
    assert found.verdict.cause
    assert found.verdict.remedy
    assert [s.stage for s in found.steps] == list(Stage)
    return found.verdict.code, found.verdict.stage


def test_one_that_was_not_activated_yet_is_told_to_ask_its_vendor(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    assert verdict(machine, office) == (Code.CONFIRMATION_UNTRUSTED, Stage.LEASE)
    assert "muster client activate" in diagnosed(machine, office).verdict.remedy
    assert vendor.used == 0
    assert office.network.questions == []


@pytest.mark.parametrize("error", [Unreachable(Code.SERVICE_UNREACHABLE), Untrusted(Code.SERVICE_UNTRUSTED)], ids=str)
def test_a_service_that_does_not_answer_or_cannot_prove_itself(
    office: Office, machine: Machine, vendor: OnlineVendor, error: MusterError
) -> None:
    vendor.trouble = error
    assert verdict(machine, office) == (error.code, Stage.SERVICE)


def test_a_service_of_another_vendor(office: Office, machine: Machine, vendor: OnlineVendor) -> None:
    vendor.keys = VendorKeys("stranger")
    assert verdict(machine, office) == (Code.VENDOR_MISMATCH, Stage.SERVICE)


def test_no_service_is_known(office: Office, machine: Machine) -> None:
    client.install(machine, office.vendor.product_file(service="", serial=2).encode())
    assert verdict(machine, office) == (Code.NO_SERVICE, Stage.SERVICE)


def test_an_address_that_is_none(office: Office, machine: Machine, vendor: OnlineVendor) -> None:
    client.install(machine, office.vendor.product_file(service="http://acme.example", serial=2).encode())
    assert verdict(machine, office) == (Code.SETTINGS_INVALID, Stage.SERVICE)
    assert vendor.asked == []


def test_a_key_that_the_vendor_refused_at_the_last_attempt(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    vendor.activations = 0
    activate(machine)
    assert verdict(machine, office) == (Code.KEY_EXHAUSTED, Stage.KEY)
    vendor.activations, vendor.is_blocked = 1, True
    activate(machine)
    assert verdict(machine, office) == (Code.KEY_BLOCKED, Stage.KEY)
    vendor.is_blocked = False
    activate(machine)
    assert diagnosed(machine, office).verdict.code is None


def test_one_that_is_activated_asks_nobody(office: Office, machine: Machine, vendor: OnlineVendor) -> None:
    activate(machine)
    vendor.asked.clear()
    found = diagnosed(machine, office)
    assert found.verdict.code is None
    assert not [s for s in found.steps if s.status in {Status.WRONG, Status.NOT_REACHED}]
    assert vendor.asked == []


def test_hardware_that_changed_is_named(office: Office, machine: Machine) -> None:
    activate(machine)
    machine.around = replace(machine.around, hardware=parts(9))
    assert verdict(machine, office) == (Code.HARDWARE_CHANGED, Stage.LEASE)


def test_what_support_gets_does_not_name_the_service_that_was_set_here(
    office: Office, machine: Machine, vendor: OnlineVendor
) -> None:
    own = replace(machine.around.settings, service="https://mirror.bank.example/muster")
    machine.around = replace(machine.around, settings=own)
    for trouble in (None, Unreachable(Code.SERVICE_UNREACHABLE)):
        vendor.trouble = trouble
        text = json.dumps(client.bundle(machine, diagnosed(machine, office)))
        assert "bank" not in text
