"""Machines by their hardware, and what the records of machines hold after they were activated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from muster.trust.evidence import Situation, gather
from muster.trust.hardware import Parts, lease_parts, make_parts
from muster.trust.installation import directory_subject, machine_id
from muster.trust.productkey import KeyKind
from muster.trust.standing import Standing, stand
from muster.wire.calendar import seconds
from muster.wire.installation import pack_installation
from muster.wire.keyset import Purpose
from muster.wire.product import Edition, Policy
from muster.wire.record import (
    DirectoryEvidence,
    EditionRecord,
    InstalledKey,
    KeyKindCode,
    Lease,
    Moment,
    PermanentEvidence,
    VendorRecord,
)
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

DESK = make_parts(board="SN-4711-BOARD", disk="WD-WX11A", network="00:16:3e:11:22:33", platform="Xeon E-2288G")
LAPTOP = make_parts(board="PF2ABCDE", disk="S4EWNX0R", network="e8:6a:64:aa:bb:cc", platform="Core i7-1185G7")
CONTAINER = make_parts(board=None, disk=None, network="02:42:ac:11:00:02", platform=None, machine_id="0a1b2c3d")
SALT = hashlib.sha256(b"salt").digest()
DIRECTORY = bytes(range(16))

GENERIC = InstalledKey(KeyKindCode.GENERIC, "AB123", bytes(8))
MAK = InstalledKey(KeyKindCode.MAK, "XY789", bytes(8))


@dataclass
class Machine:
    """A machine of a vendor's customer: its hardware and its record. `situation` judges the record as it is now."""

    vendor: VendorKeys = field(default_factory=VendorKeys)
    hardware: Parts = DESK
    edition: Edition = CAD_PRO
    host: CertifiedHost = field(init=False)
    record: VendorRecord = field(init=False)

    def __post_init__(self) -> None:
        self.host = CertifiedHost(self.vendor)
        part = EditionRecord(self.edition.id, GENERIC, installed=Moment(seconds(MORNING)))
        self.record = VendorRecord(
            bytes(16), SALT, lease_parts(self.hardware, SALT), high_water=seconds(MORNING), editions=(part,)
        )

    @property
    def part(self) -> EditionRecord:
        found = self.record.edition(self.edition.id)
        assert found is not None
        return found

    def change(self, **changes: Any) -> None:
        """Change fields of the edition's record."""
        self.record = self.record._replace(editions=(self.part._replace(**changes),))

    def request(self, **changes: Any) -> bytes:
        return self.vendor.request_body(self.edition, **{"parts": lease_parts(self.hardware, SALT), **changes})

    def lease(self, *, count: int = 25, at: datetime = MORNING, used: int = 0, **changes: Any) -> Lease:
        """Ask the host and keep its answer."""
        request = self.request(**changes)
        lease = Lease(request, self.host.reply(request, count, at), SALT, Moment(seconds(at), used))
        self.change(lease=lease)
        return lease

    def read_object(
        self, *, at: datetime = MORNING, used: int = 0, directory: bytes = DIRECTORY, **changes: Any
    ) -> DirectoryEvidence:
        """Find the activation object in the directory."""
        certificate = self.vendor.certificate(directory_subject(DIRECTORY), Purpose.OBJECT, **changes)
        evidence = DirectoryEvidence(
            certificate, directory, lease_parts(self.hardware, SALT), SALT, Moment(seconds(at), used)
        )
        self.change(directory=evidence)
        return evidence

    def deposit(self, *, end_day: int = 0, spare: int = 0, edition: Edition | None = None) -> PermanentEvidence:
        """Activate for good with a multiple activation key."""
        key = self.vendor.key(KeyKind.MAK, self.edition.id)
        installation = pack_installation(
            machine_id(key.reference, key.secret, (edition or self.edition).id, self.hardware)
        )
        confirmation = self.vendor.confirm_permanently(installation, end_day, spare)
        evidence = PermanentEvidence(
            installation, confirmation, lease_parts(self.hardware, SALT), SALT, Moment(seconds(MORNING))
        )
        self.change(key=MAK, permanent=evidence)
        return evidence

    def situation(self, hardware: Parts | None = None) -> Situation:
        return gather(self.vendor.product(), self.edition, self.record, hardware or self.hardware)

    def seen(self, after: timedelta) -> None:
        """The licensing service was awake until so long after MORNING."""
        self.record = self.record._replace(high_water=seconds(MORNING + after), used=used(after))

    def standing(self, after: timedelta, use: timedelta | None = None, hardware: Parts | None = None) -> Standing:
        """The standing so long after MORNING by the wall clock, with as much use unless told otherwise."""
        return stand(self.situation(hardware), MORNING + after, used(after if use is None else use))


def leased(**policy: Any) -> Machine:
    """A machine with a lease of MORNING, of a vendor with this policy."""
    machine = Machine(VendorKeys(policy=Policy(**policy)))
    machine.lease()
    return machine


def used(length: timedelta) -> int:
    """A length of use as records count it."""
    return int(length.total_seconds())
