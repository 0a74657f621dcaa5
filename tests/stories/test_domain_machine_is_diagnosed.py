"""A machine of a domain that its directory does not activate, and the one fault that is found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Refused, Unreachable, Untrusted
from muster.client import app as client
from muster.client.core.diagnosis import Diagnosis, Stage, Status
from muster.client.core.discovery import ServiceRecord
from muster.client.service.machine import Machine
from muster.platform.ldap.memory import MemoryDirectory
from tests.stories.test_machine_is_diagnosed import diagnosed, step
from tests.worlds.directory_world import DomainInMemory, directory_in_memory, put_object
from tests.worlds.network_world import ZONE, Office

DC1 = "ldap://dc1.corp.example"
DOMAIN_STAGES = (Stage.DOMAIN, Stage.DIRECTORY_SERVER, Stage.DIRECTORY)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.network.records[f"_ldap._tcp.dc._msdcs.{ZONE}"] = (ServiceRecord(0, 0, 389, "dc1.corp.example"),)
    return office


@pytest.fixture
def directory() -> MemoryDirectory:
    return directory_in_memory()


@pytest.fixture
def machine(office: Office, directory: MemoryDirectory) -> Machine:
    machine = office.machine()
    machine.domain = DomainInMemory(directory)
    return machine


def statuses(found: Diagnosis) -> list[Status]:
    return [step(found, stage).status for stage in DOMAIN_STAGES]


def test_in_order_no_host_is_asked(office: Office, directory: MemoryDirectory, machine: Machine) -> None:
    asyncio.run(put_object(directory, office.vendor))
    found = diagnosed(machine, office)
    assert (found.verdict.code, found.verdict.activates) == (None, True)
    assert "directory" in found.verdict.cause
    assert statuses(found) == [Status.OK] * 3
    assert "41" in step(found, Stage.DIRECTORY).detail
    assert [s.stage for s in found.steps] == list(Stage)
    assert not office.network.asked


def test_a_domain_without_an_object_is_no_fault(office: Office, machine: Machine) -> None:
    office.host(machines=30)
    found = diagnosed(machine, office)
    assert (found.verdict.code, found.verdict.activates) == (None, True)
    assert statuses(found) == [Status.OK, Status.OK, Status.NOT_SET_UP]


def test_no_domain_is_a_fault_only_where_nothing_else_may_activate(office: Office, machine: Machine) -> None:
    machine.domain = DomainInMemory(directory_in_memory(), None)
    office.host(machines=30)
    assert diagnosed(machine, office).verdict.code is None
    client.set_type(machine, "directory")
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (Code.NO_DOMAIN, Stage.DOMAIN)


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable(Code.DIRECTORY_UNREACHABLE, "down"),
        Untrusted(Code.DIRECTORY_UNTRUSTED, "spoofed"),
        Refused(Code.DIRECTORY_REFUSED, "an expired ticket"),
        Refused(Code.CLOCK_SKEW, "the clocks are too far apart for Kerberos"),
    ],
    ids=lambda trouble: str(trouble.code),
)
@pytest.mark.parametrize("hosts", [0, 30])
def test_trouble_with_the_server_is_named_whether_a_host_activates_or_not(
    office: Office, directory: MemoryDirectory, machine: Machine, trouble: MusterError, hosts: int
) -> None:
    directory.errors[DC1] = trouble
    if hosts:
        office.host(machines=hosts)
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (trouble.code, Stage.DIRECTORY_SERVER)
    assert verdict.remedy
    assert verdict.activates is bool(hosts)


def test_dns_without_controllers_is_named(office: Office, machine: Machine) -> None:
    office.network.records.clear()
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (Code.DIRECTORY_UNREACHABLE, Stage.DIRECTORY_SERVER)


def test_an_object_that_does_not_fit_is_named(office: Office, directory: MemoryDirectory, machine: Machine) -> None:
    asyncio.run(put_object(directory, office.vendor, level=1))
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (Code.EDITION_NOT_COVERED, Stage.DIRECTORY)


def test_an_object_of_another_directory_is_named(office: Office, directory: MemoryDirectory, machine: Machine) -> None:
    copied = asyncio.run(put_object(directory_in_memory("dc=other,dc=example"), office.vendor)).certificate
    asyncio.run(put_object(directory, office.vendor, certificate=copied))
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (Code.NO_ACTIVATION_OBJECT, Stage.DIRECTORY)
    assert "another directory" in verdict.cause


def test_what_cannot_be_told_of_the_domain_is_named(office: Office, machine: Machine) -> None:
    machine.domain = DomainInMemory(directory_in_memory(), trouble=Refused(Code.DIRECTORY_REFUSED, "sssd.conf"))
    verdict = diagnosed(machine, office).verdict
    assert (verdict.code, verdict.stage) == (Code.DIRECTORY_REFUSED, Stage.DOMAIN)
