"""The machine's record over its life: made, woken, copied, given keys, rearmed (spec/record.md).

Pure: records, clocks and hardware come in as values, a changed record goes out. Never judges evidence, never deletes any
but where a person asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from muster.base.errors import Code, Refused
from muster.trust.evidence import are_same
from muster.trust.hardware import Parts, lease_parts
from muster.trust.productkey import ProductKey
from muster.trust.standing import Standing, used_now
from muster.wire.calendar import MAX_SECONDS, seconds
from muster.wire.product import Policy
from muster.wire.record import Attempts, EditionRecord, InstalledKey, KeyKindCode, Moment, VendorRecord

# What ends by itself needs no moment of its own: the lease tells when it ended.
_UNTIMED = frozenset({None, Code.LEASE_ENDED})


@dataclass(frozen=True, slots=True)
class Bearings:
    """Where a machine finds itself: wall clock (UTC), boot-time clock, hardware."""

    now: datetime
    boot_id: bytes
    boot_seconds: float
    hardware: Parts


@dataclass(frozen=True, slots=True)
class Fresh:
    """Random values for a new identity: a client id (16 bytes) and a salt (32 bytes)."""

    client_id: bytes
    salt: bytes


def begin(bearings: Bearings, fresh: Fresh) -> VendorRecord:
    """The first record of a machine for one vendor."""
    return VendorRecord(
        client_id=fresh.client_id,
        salt=fresh.salt,
        parts=lease_parts(bearings.hardware, fresh.salt),
        high_water=seconds(bearings.now),
        boot_id=bearings.boot_id,
        boot_seconds=int(bearings.boot_seconds),
    )


def wake(record: VendorRecord, bearings: Bearings, fresh: Callable[[], Fresh]) -> tuple[VendorRecord, bool]:
    """Move both clocks on and look at the hardware; True when this record was copied from another machine.

    A copy gets a client id and salt of its own, so that it is counted as the machine it is. Its evidence stays: whether
    it still holds on this hardware is judged where evidence is judged.
    """
    woken = move_on(record, bearings)
    parts = lease_parts(bearings.hardware, record.salt)
    if are_same(record.parts, parts):
        # A part replaced within tolerance becomes the new normal; leases carry the parts of their own time.
        return woken._replace(parts=parts), False
    return _with_identity(woken, bearings.hardware, fresh()), True


def move_on(record: VendorRecord, bearings: Bearings) -> VendorRecord:
    """The record with both clocks moved on; hardware is not looked at."""
    return record._replace(
        used=min(used_now(record, bearings.boot_id, bearings.boot_seconds), MAX_SECONDS),
        boot_id=bearings.boot_id,
        boot_seconds=int(bearings.boot_seconds),
        high_water=max(record.high_water, seconds(bearings.now)),
    )


def _with_identity(record: VendorRecord, hardware: Parts, fresh: Fresh) -> VendorRecord:
    return record._replace(
        client_id=fresh.client_id, salt=fresh.salt, parts=lease_parts(hardware, fresh.salt), skips=()
    )


def moment_of(record: VendorRecord, now: datetime) -> Moment:
    """`now` on both clocks of a record that was woken at `now`."""
    return Moment(seconds(now), record.used)


def keep(record: VendorRecord, edition: EditionRecord) -> VendorRecord:
    """The record with one edition's part replaced or added."""
    others = [e for e in record.editions if e.edition != edition.edition]
    return record._replace(
        editions=tuple(sorted([*others, edition], key=lambda e: e.edition) if others else (edition,))
    )


def part_of(record: VendorRecord, edition: int) -> EditionRecord:
    """What the record says of an edition; an empty part for one it does not know."""
    return record.edition(edition) or EditionRecord(edition)


def install_key(record: VendorRecord, edition: int, key: ProductKey, now: datetime) -> VendorRecord:
    """Put a generic or multiple activation key in place of the one before.

    The first grace runs from the first key of an edition: installing another, or the same again, does not begin it anew.
    """
    part = part_of(record, edition)
    installed = InstalledKey(KeyKindCode(key.kind), key.partial, key.reference)
    if part.key == installed:
        return record
    begun = part.installed if part.installed != Moment() else moment_of(record, now)
    changed = part._replace(key=installed, installed=begun, pending=b"", attempts=Attempts())
    return keep(record, changed)


def remove_key(record: VendorRecord, edition: int) -> VendorRecord:
    """Take the key away, and with it every activation of the edition; when the first grace began stays known."""
    part = part_of(record, edition)
    return keep(record, EditionRecord(edition, installed=part.installed))


def rearm(
    record: VendorRecord, bearings: Bearings, fresh: Fresh, policy: Policy, *, keep_grace: bool = False
) -> VendorRecord:
    """A machine about to be captured as an image: new client id, keys kept, activations dropped, first grace anew.

    The grace begins anew as often as the policy says; after that `Refused` with REARM_EXHAUSTED, unless it is kept.
    """
    if not keep_grace and record.graces_reset >= policy.rearms:
        raise Refused(
            Code.REARM_EXHAUSTED,
            f"the first grace was begun anew {record.graces_reset} times; that is all that the vendor allows",
        )
    now = moment_of(record, bearings.now)
    editions = tuple(
        EditionRecord(e.edition, e.key, e.installed if keep_grace or e.key is None else now) for e in record.editions
    )
    renewed = _with_identity(record, bearings.hardware, fresh)
    return renewed._replace(
        graces_reset=record.graces_reset + (not keep_grace),
        proof=None,
        cached_host="",
        cached_priority=0,
        editions=editions,
    )


def note_trouble(record: VendorRecord, edition: int, standing: Standing, now: datetime) -> VendorRecord:
    """Remember since when the edition's evidence does not hold, or that it holds again: its grace is counted from there."""
    part = record.edition(edition)
    if part is None:
        return record
    if standing.reason in _UNTIMED:
        return record if part.trouble == Moment() else keep(record, part._replace(trouble=Moment()))
    if part.trouble != Moment():
        return record
    return keep(record, part._replace(trouble=moment_of(record, now)))
