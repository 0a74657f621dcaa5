"""One machine: its state, its clocks and hardware, and the edition that a command is about.

Everything else in this folder works on a `Machine`. It reads without changing anything; `awake` is what saves.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.client.core.choices import ClientSettings, Guidance, guide
from muster.client.core.licensing import Scene
from muster.client.core.machine import Bearings, Fresh, begin, note_trouble, wake
from muster.client.ports import Domain, HostTransport, Journal, NameService, State, VendorService
from muster.trust.hardware import Parts
from muster.trust.product import Product
from muster.wire.activation import CLIENT_ID_BYTES
from muster.wire.product import Edition
from muster.wire.record import SALT_BYTES, VendorRecord


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a machine cannot choose: clocks, chance, hardware, settings. `zones` are those of the environment, if any."""

    clock: Clock
    entropy: Entropy
    hardware: Parts
    is_virtual: bool = False
    settings: ClientSettings = field(default_factory=ClientSettings)
    zones: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A vendor whose product file or record cannot be read, and why."""

    vendor_id: bytes
    error: MusterError


class Machine:
    """State, ways out and surroundings of one machine."""

    def __init__(
        self,
        state: State,
        names: NameService,
        hosts: HostTransport,
        journal: Journal,
        around: Surroundings,
        *,
        domain: Domain | None = None,
        vendor: VendorService | None = None,
    ) -> None:
        self.state = state
        self.names = names
        self.hosts = hosts
        self.journal = journal
        self.around = around
        self.domain = domain
        self.vendor = vendor

    def bearings(self) -> Bearings:
        """Where the machine is now, in time and on which hardware."""
        clock = self.around.clock
        return Bearings(clock.now(), clock.boot_id(), clock.boot_seconds(), self.around.hardware)

    def fresh(self) -> Fresh:
        """A new identity."""
        token = self.around.entropy.token
        return Fresh(token(CLIENT_ID_BYTES), token(SALT_BYTES))

    def record(self, vendor_id: bytes) -> VendorRecord:
        """The vendor's record, woken now; a new one when there is none. Saves nothing.

        Looking is not noticing: high-water stays what was saved, so that a trouble which nobody has noted yet counts from
        there, as it does for programs (spec/states.md §Evidence).
        """
        saved, woken = self.state.record(vendor_id), self.waking(vendor_id)[0]
        return woken if saved is None else woken._replace(high_water=saved.high_water)

    def awake(self, vendor_id: bytes) -> VendorRecord:
        """The vendor's record, woken now and saved; a copy from another machine is told in the journal."""
        record, copied = self.waking(vendor_id)
        product = self.state.product(vendor_id)
        for scene in self._scenes(product, record):
            if scene.part.key is not None:
                record = note_trouble(record, scene.edition.id, scene.standing(), scene.now)
        self.state.save_record(vendor_id, record)
        if copied:
            self.journal.note(
                self.around.clock.now(), "machine.copied", vendor=vendor_id.hex(), client_id=record.client_id.hex()
            )
        return record

    def waking(self, vendor_id: bytes) -> tuple[VendorRecord, bool]:
        """The record with both clocks moved on, to be saved by who asks; True when it was copied from another machine."""
        record, bearings = self.state.record(vendor_id), self.bearings()
        if record is None:
            return begin(bearings, self.fresh()), False
        return wake(record, bearings, self.fresh)

    def products(self) -> Iterator[tuple[bytes, Product]]:
        """Every installed product with its vendor's id; one that is damaged is left out, so that others go on."""
        for vendor_id in self.state.vendors():
            with suppress(MusterError):
                yield vendor_id, self.state.product(vendor_id)

    def damaged(self) -> tuple[Damage, ...]:
        """The vendors that are left out."""
        found = []
        for vendor_id in self.state.vendors():
            try:
                self.state.product(vendor_id)
                self.state.record(vendor_id)
            except MusterError as error:
                found.append(Damage(vendor_id, error))
        return tuple(found)

    def sound(self) -> tuple[bytes, ...]:
        """Ids of the vendors that are not damaged."""
        damaged = {damage.vendor_id for damage in self.damaged()}
        return tuple(vendor_id for vendor_id in self.state.vendors() if vendor_id not in damaged)

    def check_whole(self) -> None:
        """Raise what is damaged, if anything is."""
        for damage in self.damaged():
            raise damage.error

    def scenes(self) -> tuple[Scene, ...]:
        """Every edition that has a key, or had one, with a record that was woken now; nothing of damaged vendors."""
        found: list[Scene] = []
        for vendor_id, product in self.products():
            with suppress(MusterError):
                record = self.record(vendor_id)
                found += [s for s in self._scenes(product, record) if record.edition(s.edition.id) is not None]
        return tuple(found)

    def _scenes(self, product: Product, record: VendorRecord) -> Iterator[Scene]:
        now = self.around.clock.now()
        for edition in product.claims.editions:
            yield Scene(product, edition, record, self.around.hardware, now)

    def scene(self, name: str | None) -> Scene:
        """The edition that is meant: by name, or the only one with a key. Errors name those that are there."""
        products = list(self.products())
        if not products:
            self.check_whole()
            raise Misconfigured(
                Code.NOT_SET_UP, "no product file is installed on this machine", "muster client install FILE"
            )
        if name is not None:
            return self._named(name, products)
        scenes = self.scenes()
        keyed = [s for s in scenes if s.part.key is not None] or list(scenes)
        if len(keyed) == 1:
            return keyed[0]
        if not keyed:
            self.check_whole()
            known = [e.name for _, product in products for e in product.claims.editions]
            if len(known) == 1:
                return self._named(known[0], products)
            raise Refused(
                Code.NO_KEY, "no product key is installed", f"muster client install-key; known: {_list(known)}"
            )
        several = _list([s.edition.name for s in keyed])
        raise Misconfigured(Code.USAGE, f"several editions are installed: {several}", "name one with --edition")

    def _named(self, name: str, products: list[tuple[bytes, Product]]) -> Scene:
        known: list[str] = []
        for vendor_id, product in products:
            names = [edition.name for edition in product.claims.editions]
            if name in names:
                return next(s for s in self._scenes(product, self.record(vendor_id)) if s.edition.name == name)
            known += names
        self.check_whole()
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"known: {_list(known)}"
        raise Misconfigured(Code.EDITION_UNKNOWN, f"no installed product file names an edition {name!r}", hint)

    def guidance(self, edition: Edition) -> Guidance:
        """What people have set for an edition."""
        return guide(self.around.settings, self.state.choices(), edition, self.around.zones)

    def save(self, scene: Scene, record: VendorRecord) -> Scene:
        """Save a changed record; the same scene with it."""
        self.state.save_record(scene.product.keysets.vendor_id, record)
        return Scene(scene.product, scene.edition, record, scene.hardware, scene.now)

    def woken(self, scene: Scene) -> Scene:
        """The same edition with its record woken now and saved."""
        record = self.awake(scene.product.keysets.vendor_id)
        return Scene(scene.product, scene.edition, record, scene.hardware, self.around.clock.now())


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
