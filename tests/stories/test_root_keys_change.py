"""A vendor changes its root keys while machines know only their host: they follow as far as the chain proves itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from muster.trust.cose import public_bytes
from muster.wire.activation import State
from muster.wire.keyset import IssuingKey, Purpose
from tests.worlds.network_world import Office, activate, live, state
from tests.worlds.vendor_keys import VendorKeys

DAY = timedelta(days=1)


def with_another_host_key(vendor: VendorKeys) -> tuple[IssuingKey, ...]:
    """The issuing keys and one that no machine knows yet: a host under it makes machines ask for keysets."""
    keys = vendor.keysets[-1].issuing
    number = max(key.number for key in keys) + 1
    spare = number - vendor.issuing_number(Purpose.HOST)
    public = public_bytes(vendor.issuing_key(Purpose.HOST, spare))
    return (*keys, keys[0]._replace(number=number, public=public))


@pytest.mark.parametrize(("old", "new", "version"), [(3, 3, 3), (2, 2, 3), (3, 0, 1), (0, 3, 1), (1, 3, 1), (3, 1, 1)])
def test_machines_follow_new_root_keys_only_when_old_and_new_ones_signed(
    tmp_path: Path, old: int, new: int, version: int
) -> None:
    office = Office(tmp_path)
    vendor, host = office.vendor, office.host(machines=24)
    machine = office.machine()
    activate(machine)
    first, second = vendor.root_keys(1), vendor.root_keys(2)
    vendor.publish([*first[:old], *second[:new]], roots=vendor.root_publics(second))
    vendor.publish(second, issuing=with_another_host_key(vendor))
    host.certified.changes = {"issuing_key": vendor.keysets[-1].issuing[-1].number}
    host.install()
    live(machine, office.clock, 8 * DAY)
    assert state(machine) is State.LICENSED, "what it has, it keeps"
    known = machine.scene(None).product.keysets
    generation = first if version == 1 else second
    assert (known.version, known.newest.roots) == (version, vendor.root_publics(generation))
    assert known.fingerprint == vendor.fingerprint
