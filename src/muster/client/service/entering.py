"""A confirmation id that is typed group by group: what is good is kept, so that it can be gone on with later."""

from __future__ import annotations

from dataclasses import dataclass

from muster.base.errors import Malformed
from muster.client.core import entering as core
from muster.client.service.confirming import pending
from muster.client.service.machine import Machine
from muster.trust.humanid import format_installation
from muster.wire.installation import unpack_installation


@dataclass(frozen=True, slots=True)
class Entered:
    """What is there of the confirmation id for `installation_id`; `error` says why the last group was not taken."""

    installation_id: str
    groups: core.Groups
    error: Malformed | None

    @property
    def wanted(self) -> int | None:
        """How many groups there will be; None while the first is not known."""
        return core.wanted(self.groups)


def enter(machine: Machine, typed: str, *, number: int | None = None, edition: str | None = None) -> Entered:
    """Take the groups in `typed` after those that are kept, or one in place of group `number`; nothing shows what is kept.

    What is kept belongs to one installation id: for another it begins anew.
    """
    scene, packed = pending(machine, machine.scene(edition))
    vendor_id, name = scene.product.keysets.vendor_id, scene.edition.id
    kept = machine.state.entered(vendor_id, name)
    before = core.restored(kept[1]) if kept is not None and kept[0] == packed else ()
    groups, error = core.add(before, typed) if number is None else core.put(before, number, typed)
    if groups != before:
        machine.state.save_entered(vendor_id, name, (packed, "-".join(groups)))
    return Entered(format_installation(unpack_installation(packed)), groups, error)
