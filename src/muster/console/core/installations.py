"""Installation ids that machines showed, and what the vendor said to each. Pure.

They outlive their machines in the inventory: a confirmation is good for the hardware that it was made for, whatever the
machine is called by then (spec/hardware.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.console.core.answer import EditionSeen
from muster.trust.hardware import same_hardware
from muster.trust.humanid import parse_installation
from muster.trust.product import Product
from muster.wire.calendar import day_start
from muster.wire.confirmation import PermanentConfirmation, unpack_confirmation
from muster.wire.installation import MachineId, pack_installation, unpack_installation


@dataclass(frozen=True, slots=True)
class Installation:
    """A packed installation id, of an edition of a vendor (8 bytes), and its packed confirmation.

    Of a directory, `edition` is the name of the host key's group.

    `code` is empty while nobody answered, ``DONE`` with a confirmation, else why the vendor refused. `sent_at`: when it was
    asked for, online or in a bundle.
    """

    packed: bytes
    vendor_id: bytes
    edition: str
    name: str
    collected_at: datetime
    sent_at: datetime | None = None
    confirmation: bytes = b""
    code: str = ""
    text: str = ""

    @property
    def reference(self) -> bytes:
        """Which key it is of."""
        return unpack_installation(self.packed).reference


def machine_id(packed: bytes) -> MachineId:
    """The id of a machine in these bytes; `Malformed` for that of a host or directory, and for anything else."""
    found = unpack_installation(packed)
    if not isinstance(found, MachineId):
        raise Malformed(Code.ANSWER_MALFORMED, "it is the installation id of a host or a directory")
    return found


def collected(
    digits: str, editions: Sequence[EditionSeen], products: Iterable[Product], name: str, now: datetime
) -> Installation:
    """The installation id in a machine's answer, with the edition that it is of.

    `Malformed` (ANSWER_MALFORMED) for what is none; `Refused` (EDITION_UNKNOWN) when no product file in the console names it.
    """
    try:
        found = parse_installation(digits)
    except MusterError as error:
        raise Malformed(Code.ANSWER_MALFORMED, f"the machine's answer is not understood: {error.message}") from error
    if not isinstance(found, MachineId):
        raise Malformed(Code.ANSWER_MALFORMED, "the machine's answer is not understood: no machine's installation id")
    told = {seen.edition for seen in editions}
    fitting = [
        (product, edition)
        for product in products
        for edition in product.claims.editions
        if edition.id == found.edition and edition.name in told
    ]
    if len(fitting) != 1:
        vendors = ", ".join(product.claims.vendor for product, _ in fitting)
        raise Refused(
            Code.EDITION_UNKNOWN,
            f"the edition {found.edition} may be of {vendors}" if fitting else "no product file here has this edition",
            "Add the vendor's product file to the console: muster console products add FILE",
        )
    product, edition = fitting[0]
    return Installation(pack_installation(found), product.keysets.vendor_id, edition.name, name, now)


class KnownHardware:
    """Confirmed ids of one key that have not ended, to be searched for the same hardware within tolerance."""

    def __init__(self, confirmed: Iterable[Installation], now: datetime) -> None:
        lasting = [(machine_id(known.packed), known) for known in confirmed if lasts(known, now)]
        # Of the same hardware the first one that was given counts.
        self._exactly = {(one.edition, one.parts): known for one, known in reversed(lasting)}
        self._all = [(one.edition, one.parts, known) for one, known in lasting]

    def find(self, wanted: bytes) -> Installation | None:
        """What is the same hardware as that of a packed id; the very same before one that is only similar."""
        here = machine_id(wanted)
        exact = self._exactly.get((here.edition, here.parts))
        if exact is not None:
            return exact
        similar = (k for edition, parts, k in self._all if edition == here.edition and same_hardware(parts, here.parts))
        return next(similar, None)


def lasts(known: Installation, now: datetime) -> bool:
    """Whether its confirmation has no end, or one that is still to come."""
    if not known.confirmation:
        return False
    confirmation = unpack_confirmation(known.confirmation)
    if not isinstance(confirmation, PermanentConfirmation):
        return False
    return not confirmation.end_day or now < day_start(confirmation.end_day + 1)
