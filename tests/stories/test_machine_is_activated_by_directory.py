"""A machine of a domain, whose directory activates it: without a host, a threshold or a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, Refused, Unreachable, Untrusted
from muster.client import app as client
from muster.client.core.agenda import wants_at_start
from muster.client.core.discovery import ServiceRecord
from muster.client.service.domain import LIMIT_SECONDS, look
from muster.client.service.machine import Machine
from muster.license import License
from muster.platform.ldap.memory import MemoryDirectory, MemorySession
from muster.platform.ldap.port import Directory, Login, Server
from muster.trust.evidence import Method
from muster.wire.activation import State
from muster.wire.calendar import day_number
from tests.worlds.clocks import MORNING
from tests.worlds.directory_world import DomainInMemory, directory_in_memory, put_object, take_object
from tests.worlds.hand_wakes import HandWakes, serve
from tests.worlds.network_world import ZONE, Office, activate, live, parts, state
from tests.worlds.vendor_keys import CAD_BASIC, CAD_PRO, OFFICE, OFFICE_PRO, VendorKeys, days

CONTROLLERS = f"_ldap._tcp.dc._msdcs.{ZONE}"
DC1 = "ldap://dc1.corp.example"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.network.records[CONTROLLERS] = (ServiceRecord(0, 0, 389, "dc1.corp.example"),)
    return office


@pytest.fixture
def directory() -> MemoryDirectory:
    return directory_in_memory()


def member(office: Office, directory: MemoryDirectory, number: int = 1) -> Machine:
    """A machine of the domain."""
    machine = office.machine(number)
    machine.domain = DomainInMemory(directory)
    return machine


def put(office: Office, directory: MemoryDirectory, name: str = "one", **claims: Any) -> None:
    asyncio.run(put_object(directory, office.vendor, name, **claims))


def shown(machine: Machine) -> dict[str, object]:
    return client.report(machine.scene(None))


def ends(machine: Machine) -> datetime | None:
    return machine.scene(None).standing().expires_at


def test_the_directory_activates_for_180_days_and_no_host_is_asked(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    host, machine = office.host(machines=30), member(office, directory)
    asked = len(host.asked)
    assert activate(machine).error is None
    assert (state(machine), shown(machine)["method"]) == (State.LICENSED, "directory")
    assert ends(machine) == MORNING + days(180)
    assert (shown(machine)["host"], shown(machine)["organisation"]) == (None, 7)
    assert len(host.asked) == asked
    program = License.open(
        CAD_PRO.name,
        vendor=office.vendor.fingerprint.hex(),
        home=office.folder / "machine-1",
        clock=office.clock,
        hardware=parts(1),
    )
    assert (program.state, program.standing.method) == (State.LICENSED, Method.DIRECTORY)


def test_it_is_read_again_every_seven_days_and_at_each_start(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    asked = live(machine, office.clock, days(29))
    assert [later - earlier for earlier, later in pairwise(asked)] == [days(7)] * 4
    assert ends(machine) == asked[-1] + days(180)
    assert wants_at_start(machine.scene(None))


def test_outside_the_domain_the_host_activates(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    office.host(machines=30)
    machine = office.machine(2)
    machine.domain = DomainInMemory(directory, None)
    assert activate(machine).error is None
    assert shown(machine)["method"] == "host"


def test_a_deleted_object_leaves_leases_to_their_end(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    asyncio.run(take_object(directory))
    live(machine, office.clock, days(179))
    assert state(machine) is State.LICENSED
    live(machine, office.clock, days(2))
    assert state(machine) is State.RENEWAL_GRACE


def test_leaving_the_domain_ends_it_at_the_next_look_and_the_host_goes_on(
    office: Office, directory: MemoryDirectory
) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    machine.domain = DomainInMemory(directory, None)
    assert activate(machine).error is not None
    assert (state(machine), machine.scene(None).standing().reason) == (State.RENEWAL_GRACE, Code.NO_DOMAIN)
    office.host(machines=30)
    assert activate(machine).error is None
    assert (state(machine), shown(machine)["method"]) == (State.LICENSED, "host")


def test_joining_again_activates_again(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    machine.domain = DomainInMemory(directory, None)
    activate(machine)
    machine.domain = DomainInMemory(directory)
    activate(machine)
    assert state(machine) is State.LICENSED


def test_moving_to_another_domain_is_leaving_the_first(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    machine.domain = DomainInMemory(directory_in_memory("dc=other,dc=example"))
    activate(machine)
    assert machine.scene(None).standing().reason is Code.NO_DOMAIN


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
def test_a_directory_in_trouble_leads_to_the_host_and_touches_no_lease(
    office: Office, directory: MemoryDirectory, trouble: Unreachable | Untrusted | Refused
) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    directory.errors[DC1] = trouble
    office.clock.move(days(7))
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is trouble.code
    assert (state(machine), ends(machine)) == (State.LICENSED, MORNING + days(180))
    office.host(machines=30)
    assert activate(machine).error is None
    assert (shown(machine)["method"], ends(machine)) == ("host", MORNING + days(187))


def test_what_cannot_be_told_of_the_domain_is_no_departure(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    machine.domain = DomainInMemory(directory, trouble=Refused(Code.DIRECTORY_REFUSED, "sssd.conf cannot be read"))
    activate(machine)
    assert state(machine) is State.LICENSED


def test_of_ten_controllers_the_one_that_lives_is_enough(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    names = [f"dc{number}.corp.example" for number in range(1, 11)]
    office.network.records[CONTROLLERS] = tuple(ServiceRecord(i, 0, 389, name) for i, name in enumerate(names))
    directory.silent.update(f"ldap://{name}" for name in names[:9])
    assert activate(member(office, directory)).error is None
    assert directory.connected[-1] == f"ldap://{names[9]}"


def test_a_domain_without_an_object_is_quiet_about_it(office: Office, directory: MemoryDirectory) -> None:
    result = activate(member(office, directory))
    assert result.error is not None
    assert result.error.code is Code.NO_HOST_FOUND


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"scope": OFFICE.id}, Code.NO_ACTIVATION_OBJECT),
        ({"level": CAD_PRO.level - 1}, Code.EDITION_NOT_COVERED),
        ({"days": 1, "not_before_day": day_number(MORNING) - 30}, Code.CERTIFICATE_EXPIRED),
        ({"not_before_day": day_number(MORNING) + 2}, Code.CERTIFICATE_NOT_YET_VALID),
        ({"lease_until_day": day_number(MORNING) - 1}, Code.CERTIFICATE_EXPIRED),
        ({"certificate": b"\x84 not a certificate"}, Code.MESSAGE_MALFORMED),
    ],
)
def test_an_object_that_does_not_fit_activates_nothing_and_says_why(
    office: Office, directory: MemoryDirectory, claims: dict[str, Any], code: Code
) -> None:
    put(office, directory, **claims)
    machine = member(office, directory)
    client.set_type(machine, "directory")
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is code
    assert state(machine) is State.INITIAL_GRACE


def test_an_object_copied_from_another_directory_activates_nothing(office: Office, directory: MemoryDirectory) -> None:
    copied = asyncio.run(put_object(directory_in_memory("dc=other,dc=example"), office.vendor)).certificate
    put(office, directory, certificate=copied)
    machine = member(office, directory)
    client.set_type(machine, "directory")
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is Code.NO_ACTIVATION_OBJECT
    assert "another directory" in result.error.message


def test_of_several_objects_one_that_fits_is_enough_and_the_longest_is_taken(
    office: Office, directory: MemoryDirectory
) -> None:
    put(office, directory, "bad", certificate=b"\xff")
    put(office, directory, "low", level=1)
    put(office, directory, "short", serial=50, lease_until_day=day_number(MORNING) + 10)
    put(office, directory, "long", serial=51)
    machine = member(office, directory)
    assert activate(machine).error is None
    assert machine.scene(None).standing().serial == 51


def test_an_object_kept_elsewhere_in_the_domain_is_found(office: Office, directory: MemoryDirectory) -> None:
    asyncio.run(put_object(directory, office.vendor, base="dc=corp,dc=example"))
    assert activate(member(office, directory)).error is None


def test_newer_keysets_beside_the_object_are_learned_and_withdraw_it(
    office: Office, directory: MemoryDirectory
) -> None:
    machine = member(office, directory)
    put(office, directory)
    activate(machine)
    office.vendor.publish(withdrawn=(41,))
    put(office, directory, "two", serial=42)
    office.clock.move(days(7))
    assert activate(machine).error is None
    standing = machine.scene(None).standing()
    assert (standing.serial, machine.scene(None).product.keysets.version) == (42, 2)
    asyncio.run(take_object(directory, "two"))
    client.set_type(machine, "directory")
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is Code.CERTIFICATE_WITHDRAWN
    assert state(machine) is State.LICENSED


def test_an_object_hidden_from_a_machine_does_not_activate_it(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    directory.hidden = lambda user, dn: "CN=one" in dn
    machine = member(office, directory)
    client.set_type(machine, "directory")
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is Code.NO_ACTIVATION_OBJECT


def test_set_type_host_asks_no_directory(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    office.host(machines=30)
    machine = member(office, directory)
    client.set_type(machine, "host")
    assert activate(machine).error is None
    assert (shown(machine)["method"], directory.connected) == ("host", ["ldap://dc1.corp.example"])


def test_a_clock_that_was_put_back_makes_nothing_of_an_object(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    machine = member(office, directory)
    activate(machine)
    client.set_type(machine, "directory")
    office.clock.set(MORNING - days(3))
    result = activate(machine)
    assert result.error is not None
    assert result.error.code is Code.CLOCK_SUSPECT


def test_no_edition_of_another_group_or_vendor_is_activated(office: Office, directory: MemoryDirectory) -> None:
    put(office, directory)
    stranger = VendorKeys("stranger")
    asyncio.run(put_object(directory, stranger, "theirs"))
    machine = office.machine(3, OFFICE_PRO)
    machine.domain = DomainInMemory(directory)
    client.set_type(machine, "directory")
    assert activate(machine).error is not None
    assert CAD_BASIC.group == CAD_PRO.group


class Silence:
    """`Directories` whose servers accept and never answer."""

    @asynccontextmanager
    async def connect(self, server: Server, login: Login, patience: float) -> AsyncIterator[Directory]:
        await asyncio.Event().wait()
        yield MemorySession(directory_in_memory(), server, "")


def test_a_silent_domain_is_given_up(office: Office, directory: MemoryDirectory) -> None:
    assert LIMIT_SECONDS <= 10
    machine = member(office, directory)
    machine.domain = DomainInMemory(Silence())
    seen = asyncio.run(look(machine, machine.scene(None), limit=0.1))
    assert seen.error is not None
    assert (seen.error.code, seen.found) == (Code.DIRECTORY_UNREACHABLE, None)


def test_the_service_renews_in_the_directory_and_notices_at_its_start_that_the_domain_was_left(
    office: Office, directory: MemoryDirectory
) -> None:
    put(office, directory)
    machine = member(office, directory)
    wakes = HandWakes(office.clock, office.clock.now() + days(15))
    serve(machine, wakes)
    assert [at - MORNING for at, _ in wakes.woken] == [days(7), days(14)]
    asked = len(directory.connected)
    serve(machine, HandWakes(office.clock, office.clock.now() + timedelta(hours=1)))
    assert len(directory.connected) == asked + 1
    machine.domain = DomainInMemory(directory, None)
    serve(machine, HandWakes(office.clock, office.clock.now() + timedelta(hours=1)))
    assert (state(machine), machine.scene(None).standing().reason) == (State.RENEWAL_GRACE, Code.NO_DOMAIN)
