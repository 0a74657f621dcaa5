"""A machine that does not activate, and the one fault that is found, in each of the set-ups that people get wrong."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Unreachable
from muster.client import app as client
from muster.client.adapters.state_folder import StateFolder
from muster.client.core.choices import Choices
from muster.client.core.diagnosis import Diagnosis, HomeAccess, Stage, Status, Step
from muster.client.core.discovery import Address, ServiceRecord
from muster.client.service.machine import Machine
from muster.trust.productkey import KeyKind, ProductKey
from muster.wire.calendar import day_number
from muster.wire.record import InstalledKey, KeyKindCode
from tests.worlds.clocks import MORNING, HandClock
from tests.worlds.looking import Looking
from tests.worlds.network_world import KMS1, KMS2, SERVICE, HostInMemory, Network, Office, activate
from tests.worlds.vendor_keys import CAD_BASIC, CAD_PRO, VendorKeys


def diagnosed(machine: Machine, office: Office, edition: str | None = None) -> Diagnosis:
    return asyncio.run(client.diagnose(machine, Looking(office.network), edition))


def step(found: Diagnosis, stage: Stage, host: Address | None = None) -> Step:
    return next(s for s in found.steps if s.stage is stage and host in {None} | {parse(s.host)})


def parse(text: str) -> Address | None:
    name, _, port = text.rpartition(":")
    return Address(name, int(port)) if name else None


def names(found: Diagnosis, code: Code, stage: Stage) -> bool:
    """Whether the verdict is this fault at this step, with a cause and a remedy."""
    verdict = found.verdict
    assert (verdict.code, verdict.stage) == (code, stage), found.plain()
    assert verdict.cause
    assert verdict.remedy
    return step(found, stage).status is Status.WRONG or any(s.stage is stage and s.code is code for s in found.steps)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def certified(office: Office, **changes: object) -> HostInMemory:
    """A host in DNS whose certificate has these claims, asked by enough machines."""
    host = office.host(machines=0)
    host.certified.changes.update(changes)
    host.install()
    host.fill(30)
    return host


def test_a_machine_in_order_is_told_so_step_by_step(office: Office) -> None:
    office.host(machines=30)
    found = diagnosed(office.machine(), office)
    assert found.verdict.code is None
    assert found.verdict.activates
    assert [s.stage for s in found.steps] == list(Stage)
    assert not [s for s in found.steps if s.status in {Status.WRONG, Status.NOT_REACHED}]
    assert step(found, Stage.DIRECTORY).status is Status.NOT_SET_UP
    assert step(found, Stage.SERVICE).status is Status.NOT_SET_UP
    assert step(found, Stage.COUNT).detail == "31 of 25"


def test_no_srv_record(office: Office) -> None:
    found = diagnosed(office.machine(), office)
    assert names(found, Code.NO_HOST_FOUND, Stage.SRV)
    assert SERVICE in found.verdict.cause


def test_an_srv_record_of_a_dead_host(office: Office) -> None:
    office.host(machines=30)
    office.network.lose(KMS1)
    found = diagnosed(office.machine(), office)
    assert names(found, Code.HOST_UNREACHABLE, Stage.TCP)
    assert str(KMS1) in found.verdict.cause


def test_an_srv_record_of_a_name_without_address(office: Office) -> None:
    class Nameless(Network):
        async def addresses(self, name: str) -> tuple[str, ...]:
            return ()

    office.network = Nameless()
    office.host(machines=30)
    found = diagnosed(office.machine(), office)
    assert names(found, Code.HOST_UNREACHABLE, Stage.ADDRESS)


def test_what_listens_is_no_activation_host(office: Office) -> None:
    office.network.publish(KMS1, b"220 mail.corp.example ESMTP\r\n")
    assert names(diagnosed(office.machine(), office), Code.MESSAGE_MALFORMED, Stage.FRAME)


def test_what_listens_says_nothing(office: Office) -> None:
    class Mute(Network):
        async def exchange(self, address: Address, body: bytes) -> bytes:
            raise Unreachable(Code.HOST_UNREACHABLE, f"{address} closed the connection without an answer")

    office.network = Mute()
    office.host(machines=30)
    assert names(diagnosed(office.machine(), office), Code.HOST_UNREACHABLE, Stage.FRAME)


def test_a_host_that_is_not_activated(office: Office) -> None:
    host = office.host()
    host.answering.vendors = {
        key: dataclasses.replace(represented, mandates=()) for key, represented in host.answering.vendors.items()
    }
    assert names(diagnosed(office.machine(), office), Code.HOST_NOT_ACTIVATED, Stage.CERTIFICATE)


def test_a_certificate_that_has_expired(office: Office) -> None:
    certified(office, not_before_day=day_number(MORNING) - 40, days=30)
    assert names(diagnosed(office.machine(), office), Code.CERTIFICATE_EXPIRED, Stage.CERTIFICATE)


def test_a_host_of_a_foreign_vendor(office: Office) -> None:
    office.network.publish(KMS1, HostInMemory(VendorKeys(seed="stranger"), office.clock))
    assert names(diagnosed(office.machine(), office), Code.VENDOR_MISMATCH, Stage.CERTIFICATE)


def test_an_edition_that_the_certificate_does_not_cover(office: Office) -> None:
    certified(office, level=CAD_PRO.level - 1)
    assert names(diagnosed(office.machine(), office), Code.EDITION_NOT_COVERED, Stage.SCOPE)


def test_maintenance_that_ended_before_the_release(tmp_path: Path) -> None:
    today = day_number(MORNING)
    released = CAD_PRO._replace(released_day=today - 10)
    office = Office(tmp_path, VendorKeys(editions=(released, CAD_BASIC)))
    certified(office, released_until_day=today - 20)
    found = diagnosed(office.machine(edition=released), office)
    assert names(found, Code.MAINTENANCE_ENDED, Stage.SCOPE)


def test_a_count_below_the_threshold(office: Office) -> None:
    office.host(machines=3)
    found = diagnosed(office.machine(), office)
    assert names(found, Code.COUNT_BELOW_THRESHOLD, Stage.COUNT)
    assert "4 of 25" in found.verdict.cause


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_off_by_a_day(office: Office, days: int) -> None:
    office.host(machines=30)
    machine = office.machine(clock=HandClock(MORNING + timedelta(days=days)))
    found = diagnosed(machine, office)
    assert names(found, Code.CLOCK_SKEW, Stage.CLOCK)
    assert found.verdict.activates
    assert "24.0 hours" in found.verdict.cause


def test_a_certificate_that_is_out_of_its_time_by_a_wrong_clock_alone_is_the_fault_of_the_clock(office: Office) -> None:
    certified(office, days=20)
    machine = office.machine(clock=HandClock(MORNING + timedelta(days=21)))
    found = diagnosed(machine, office)
    assert names(found, Code.CLOCK_SKEW, Stage.CLOCK)
    assert not found.verdict.activates
    assert step(found, Stage.CERTIFICATE).code is Code.CERTIFICATE_EXPIRED


def test_a_clock_that_was_put_back(office: Office) -> None:
    office.host(machines=30)
    clock = HandClock()
    machine = office.machine(clock=clock)
    activate(machine)
    clock.set(MORNING - timedelta(days=3))
    office.network.hosts.clear()
    office.network.records.clear()
    assert step(diagnosed(machine, office), Stage.CLOCK).code is Code.CLOCK_SUSPECT
    office.host(machines=30)
    assert names(diagnosed(machine, office), Code.CLOCK_SKEW, Stage.CLOCK)


def key_text(key: ProductKey) -> str:
    return key.formatted


def refused(machine: Machine, text: str, edition: str | None = None) -> MusterError:
    with pytest.raises(MusterError) as caught:
        client.install_key(machine, text, edition=edition)
    return caught.value


def keyless(office: Office) -> Machine:
    machine = office.machine()
    client.uninstall_key(machine, CAD_PRO.name)
    return machine


def test_a_key_of_the_wrong_kind_that_was_entered(office: Office) -> None:
    machine = keyless(office)
    refused(machine, key_text(office.vendor.key(KeyKind.HOST, CAD_PRO.group)))
    assert names(diagnosed(machine, office, CAD_PRO.name), Code.KEY_WRONG_KIND, Stage.KEY)


def test_a_kind_of_key_that_the_machine_may_not_use(office: Office) -> None:
    office.host(machines=30)
    machine = office.machine()
    client.install_key(machine, key_text(office.vendor.key(KeyKind.MAK, CAD_PRO.id)))
    machine.state.save_choices(Choices(types={"": "host"}))
    assert names(diagnosed(machine, office), Code.KEY_WRONG_KIND, Stage.KEY)


def test_a_key_of_another_edition_that_was_entered(office: Office) -> None:
    machine = keyless(office)
    other = key_text(office.vendor.product().generic_key(CAD_BASIC))
    assert refused(machine, other, CAD_PRO.name).code is Code.KEY_WRONG_EDITION
    assert names(diagnosed(machine, office, CAD_PRO.name), Code.KEY_WRONG_EDITION, Stage.KEY)


def test_a_key_of_another_edition_in_the_state(office: Office) -> None:
    office.host(machines=30)
    machine = office.machine()
    scene = machine.scene(None)
    other = office.vendor.product().generic_key(CAD_BASIC)
    wrong = scene.part._replace(key=InstalledKey(KeyKindCode.GENERIC, other.partial, other.reference))
    machine.save(scene, scene.record._replace(editions=(wrong,)))
    found = diagnosed(machine, office)
    assert names(found, Code.KEY_WRONG_EDITION, Stage.KEY)
    assert CAD_BASIC.name in found.verdict.cause


def test_no_key_at_all(office: Office) -> None:
    assert names(diagnosed(keyless(office), office, CAD_PRO.name), Code.NO_KEY, Stage.KEY)


def test_a_key_that_was_refused_is_forgotten_once_another_was_installed(office: Office) -> None:
    office.host(machines=30)
    machine = keyless(office)
    refused(machine, key_text(office.vendor.key(KeyKind.HOST, CAD_PRO.group)))
    client.install_key(machine, key_text(office.vendor.product().generic_key(CAD_PRO)))
    assert diagnosed(machine, office).verdict.code is None


def test_a_state_folder_that_is_not_writable(office: Office) -> None:
    office.host(machines=30)
    looking = Looking(office.network)
    looking.access = HomeAccess("/state", is_writable=False, is_own=True, problem="it belongs to user 0")
    found = asyncio.run(client.diagnose(office.machine(), looking))
    assert names(found, Code.HOME_NOT_WRITABLE, Stage.HOME)


def test_a_user_who_only_looks_is_not_told_to_write_while_the_owner_attends_to_it(office: Office) -> None:
    office.host(machines=30)
    machine = office.machine()
    activate(machine)
    looking = Looking(office.network)
    looking.access = HomeAccess("/state", is_writable=False, is_own=False, problem="it belongs to user 0")
    assert asyncio.run(client.diagnose(machine, looking)).verdict.code is None


def test_a_name_server_that_is_silent(office: Office) -> None:
    office.host(machines=30)
    office.network.dns_down = True
    assert names(diagnosed(office.machine(), office), Code.DNS_UNREACHABLE, Stage.SRV)


def test_a_name_server_that_is_silent_is_told_while_the_remembered_host_still_activates(office: Office) -> None:
    office.host(machines=30)
    machine = office.machine()
    activate(machine)
    office.network.dns_down = True
    found = diagnosed(machine, office)
    assert names(found, Code.DNS_UNREACHABLE, Stage.SRV)
    assert found.verdict.activates


def test_a_machine_without_product_file(office: Office) -> None:
    machine = Machine(
        StateFolder(office.folder / "empty"),
        office.network,
        office.network,
        office.machine().journal,
        office.machine().around,
    )
    assert names(diagnosed(machine, office), Code.NOT_SET_UP, Stage.PRODUCT)


def test_a_dead_host_beside_one_that_activates_is_a_step_and_no_verdict(office: Office) -> None:
    office.host(KMS1, priority=0)
    office.host(KMS2, priority=1, machines=30)
    office.network.lose(KMS1)
    found = diagnosed(office.machine(), office)
    assert found.verdict.code is None
    assert step(found, Stage.TCP, KMS1).status is Status.WRONG
    assert step(found, Stage.COUNT, KMS2).status is Status.OK


def test_of_several_hosts_the_one_that_tells_most_is_the_verdict(office: Office) -> None:
    office.host(KMS1, priority=0)
    office.host(KMS2, priority=1, machines=3)
    office.network.lose(KMS1)
    assert names(diagnosed(office.machine(), office), Code.COUNT_BELOW_THRESHOLD, Stage.COUNT)


def test_hosts_set_by_hand_leave_dns_out(office: Office) -> None:
    office.network.hosts[KMS2] = HostInMemory(office.vendor, office.clock)
    machine = office.machine()
    machine.state.save_choices(Choices(hosts=(str(KMS2),)))
    found = diagnosed(machine, office)
    assert names(found, Code.COUNT_BELOW_THRESHOLD, Stage.COUNT)
    assert step(found, Stage.SRV).status is Status.NOT_SET_UP
    assert office.network.questions == []


def test_a_diagnosis_changes_no_file_and_is_counted_once(office: Office) -> None:
    office.host(machines=3)
    machine = office.machine()
    before = files(office.folder)
    first, second = diagnosed(machine, office), diagnosed(machine, office)
    assert files(office.folder) == before
    assert "4 of 25" in first.verdict.cause
    assert "4 of 25" in second.verdict.cause


def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()}


def test_a_record_of_srv_that_says_there_is_no_host(office: Office) -> None:
    office.network.records[SERVICE] = (ServiceRecord(0, 0, 0, ""),)
    assert diagnosed(office.machine(), office).verdict.code is Code.NO_HOST_FOUND


def test_an_edition_that_nobody_knows(office: Office) -> None:
    assert names(diagnosed(office.machine(), office, "acme-cat"), Code.EDITION_UNKNOWN, Stage.PRODUCT)
