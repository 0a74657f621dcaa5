"""Where a machine looks for activation hosts, in which order, and what it remembers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from muster.base.errors import Code
from muster.client import app as client
from muster.client.core.discovery import Address
from muster.wire.activation import State
from tests.worlds.network_world import KMS1, KMS2, SERVICE, Office, activate, state
from tests.worlds.vendor_keys import VendorKeys

OTHER = Address("kms.set.example", 4711)


def test_hosts_are_tried_by_priority_and_the_next_one_stands_in(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(KMS1, priority=0, machines=24)
    office.host(KMS2, priority=10, machines=24)
    assert activate(office.machine(1)).error is None
    assert office.network.asked == [KMS1]
    office.network.lose(KMS1)
    assert activate(office.machine(2)).error is None
    assert office.network.asked[1:] == [KMS1, KMS2]


def test_the_host_that_answered_is_asked_first_until_a_better_one_is_back(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(KMS2, priority=10, machines=24)
    machine = office.machine()
    activate(machine)
    office.host(KMS1, priority=0, machines=24)
    office.network.asked.clear()
    activate(machine)
    assert office.network.asked == [KMS1], "at a renewal a host of a better priority is preferred"


def test_the_cached_host_serves_while_dns_is_down(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    office.network.dns_down = True
    office.clock.move(days=7)
    assert activate(machine).error is None
    fresh = activate(office.machine(2))
    assert fresh.error is not None
    assert fresh.error.code is Code.DNS_UNREACHABLE


def test_without_caching_dns_is_asked_every_time(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    client.set_caching(machine, on=False)
    office.network.dns_down = True
    assert activate(machine).error is not None
    assert state(machine) is State.LICENSED


def test_configured_hosts_switch_discovery_off_until_they_are_cleared(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    set_host = office.host(OTHER, machines=24)
    office.network.records = {k: v[:1] for k, v in office.network.records.items()}
    machine = office.machine()
    client.set_hosts(machine, f"nobody.example,{OTHER}")
    assert activate(machine).error is None
    assert office.network.asked == [Address("nobody.example"), OTHER]
    assert office.network.questions == []
    assert set_host.asked
    client.set_hosts(machine, "")
    activate(machine)
    assert office.network.asked[-1] == KMS1


def test_hosts_set_for_the_edition_come_before_those_of_the_product_and_the_machine(tmp_path: Path) -> None:
    office = Office(tmp_path)
    machine = office.machine()
    client.set_hosts(machine, "third.example")
    client.set_hosts(machine, "second.example", product="Acme CAD")
    client.set_hosts(machine, "first.example", edition="acme-cad-pro")
    activate(machine)
    assert [a.host for a in office.network.asked] == ["first.example", "second.example", "third.example"]


def test_another_vendors_host_is_skipped_for_a_day(tmp_path: Path) -> None:
    office = Office(tmp_path)
    stranger = Office(tmp_path / "stranger", vendor=VendorKeys("stranger"), clock=office.clock)
    office.network.publish(KMS2, stranger.host(), priority=0)
    office.host(KMS1, priority=10)
    machine = office.machine()
    activate(machine)
    assert office.network.asked == [KMS2, KMS1]
    client.set_caching(machine, on=False)
    office.clock.move(hours=3)
    activate(machine)
    assert office.network.asked[2:] == [KMS1]
    office.clock.move(hours=22)
    activate(machine)
    assert office.network.asked[3:] == [KMS2, KMS1]


def test_at_most_sixteen_hosts_are_asked_in_one_attempt(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(1000):
        office.network.publish(Address(f"kms{number}.corp.example"), b"\x82\x01\x05")
    result = activate(office.machine())
    assert len(office.network.asked) == 16
    assert result.error is not None
    assert result.error.code is Code.HOST_NOT_ACTIVATED


def test_the_most_informative_of_many_refusals_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.network.publish(Address("dead.corp.example"), b"")
    office.network.lose(Address("dead.corp.example"))
    office.network.publish(Address("web.corp.example"), b"HTTP/1.1 400 Bad Request")
    office.network.publish(Address("new.corp.example"), b"\x82\x01\x05")
    result = activate(office.machine())
    assert result.error is not None
    assert result.error.code is Code.HOST_NOT_ACTIVATED
    assert "new.corp.example" in result.error.message


def test_a_zone_is_never_shortened_towards_the_root(tmp_path: Path) -> None:
    office = Office(tmp_path)
    activate(office.machine())
    assert office.network.questions == [SERVICE]


def test_the_lease_is_of_the_machine_that_asked_for_180_days(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(machines=24)
    result = activate(office.machine())
    standing = result.scene.standing()
    assert standing.expires_at == office.clock.now() + timedelta(days=180)
