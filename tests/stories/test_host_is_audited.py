"""A vendor learns from signed reports how many machines a customer has, and no more than that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, MusterError
from muster.host import app as host
from muster.trust.humanid import parse_installation
from muster.vendor import app as vendor
from muster.wire.activation import ActivationRequest, Flags, State, encode_request
from muster.wire.armour import ACTIVATION_REQUEST, armour
from tests.worlds.vendor_world import Acme


def certified(acme: Acme, home: Path) -> Path:
    """A host of the customer, confirmed by the vendor."""
    text = vendor.export_product(acme.vendor).encode()
    host.set_up(home, text, acme.host_key().formatted, clock=acme.clock)
    confirmation = acme.confirm(parse_installation(host.installation_id(home)))
    host.confirm(home, confirmation.digits, clock=acme.clock)
    return home


def asks(acme: Acme, home: Path, *machines: int) -> None:
    keysets = acme.vendor.keysets()
    for number in machines:
        name = number.to_bytes(16, "big")
        request = ActivationRequest(
            keysets.vendor_id, 1001, 1, 10, 25, name, bytes(16), name, State.INITIAL_GRACE, Flags.NONE
        )
        text = armour(ACTIVATION_REQUEST, encode_request(request)).encode()
        asyncio.run(host.answer_file(home, text, {}, clock=acme.clock))


def reported(acme: Acme, home: Path) -> tuple[str, bytes]:
    out = home / "acme.report"
    host.report(home, out, clock=acme.clock)
    return home.name, out.read_bytes()


def test_a_machine_that_two_hosts_saw_counts_once_in_each_month(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor")
    one, two = certified(acme, tmp_path / "one"), certified(acme, tmp_path / "two")
    asks(acme, one, 1, 2, 3)
    asks(acme, two, 3, 4)
    acme.clock.move(days=31)
    asks(acme, two, 4)
    files = [reported(acme, one), reported(acme, two)]
    merged = vendor.merge_reports(acme.vendor, files)
    assert merged.reports == 2
    assert [(t.organisation_name, t.edition, t.machines) for t in merged.tallies] == [
        ("Example Bank", "acme-cad-pro", 4),
        ("Example Bank", "acme-cad-pro", 1),
    ]
    assert merged.tallies[0].month < merged.tallies[1].month
    assert vendor.merge_reports(acme.vendor, [*files, *files]).tallies == merged.tallies


def test_a_report_does_not_tell_client_ids(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor")
    home = certified(acme, tmp_path / "one")
    asks(acme, home, 0x1234567890ABCDEF)
    assert (0x1234567890ABCDEF).to_bytes(8, "big") not in reported(acme, home)[1]


def test_no_byte_of_a_report_can_be_changed(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor")
    home = certified(acme, tmp_path / "one")
    asks(acme, home, 1, 2)
    name, data = reported(acme, home)
    assert vendor.merge_reports(acme.vendor, [(name, data)]).reports == 1
    for at in range(len(data)):
        damaged = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises(MusterError, match="one: "):
            vendor.merge_reports(acme.vendor, [(name, damaged)])
    with pytest.raises(Malformed):
        vendor.merge_reports(acme.vendor, [(name, data[:-1])])


def test_a_host_that_is_not_certified_signs_no_report(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "vendor")
    home = tmp_path / "one"
    host.set_up(home, vendor.export_product(acme.vendor).encode(), acme.host_key().formatted, clock=acme.clock)
    with pytest.raises(MusterError) as refused:
        host.report(home, tmp_path / "out", clock=acme.clock)
    assert refused.value.code is Code.HOST_NOT_ACTIVATED
    assert not (tmp_path / "out").exists()
