"""What a vendor's program asks: whether it may run, and until when (docs/develop/embedding.md).

Offline, from files, without the licensing service. Everything is verified; once verified, a check costs three `stat`
calls until a file changes. Never writes, never asks network or environment, never raises because of a machine's state.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.license.folder import (
    VENDOR_ID_BYTES,
    Stamp,
    VendorFolder,
    home_of_programs,
    read_product,
    read_record,
    stamp,
    vendor_folder,
    vendor_folders,
)
from muster.license.machine import read_parts
from muster.trust.evidence import Situation, gather
from muster.trust.hardware import Parts
from muster.trust.product import Product
from muster.trust.standing import Standing, stand, used_now
from muster.wire.activation import State
from muster.wire.product import Edition
from muster.wire.record import VendorRecord

FINGERPRINT_HEX_DIGITS = 64
LOOK_AGAIN_SECONDS = 0.25
GOOD_STATES = frozenset({State.INITIAL_GRACE, State.LICENSED, State.RENEWAL_GRACE})

_NOTHING = Standing(State.UNLICENSED, ())


class NotLicensed(Refused):
    """What `License.require` raises: the edition has no key, or its grace is over."""


class _Installed(NamedTuple):
    """A verified product file and the files it came from."""

    stamps: tuple[Stamp, Stamp]
    product: Product | None
    edition: Edition | None
    error: Code | None


class _Judged(NamedTuple):
    """A judged record. `situation` is None when there is nothing to judge; `error` says why."""

    installed: _Installed
    stamp: Stamp
    record: VendorRecord | None
    situation: Situation | None
    error: Code | None


class License:
    """One edition on this machine. Make it with `License.open`; it may be shared between threads."""

    def __init__(
        self, edition: str, folder: VendorFolder, fingerprint: bytes | None, clock: Clock, hardware: Parts
    ) -> None:
        self._edition = edition
        self._folder = folder
        self._fingerprint = fingerprint
        self._clock = clock
        self._boot_id = clock.boot_id()
        self._hardware = hardware
        self._paths = (str(folder.product), str(folder.keysets), str(folder.record))
        self._judged: _Judged | None = None

    @classmethod
    def open(
        cls,
        edition: str,
        *,
        vendor: str | None = None,
        home: str | Path | None = None,
        clock: Clock | None = None,
        hardware: Parts | None = None,
    ) -> License:
        """The licence of `edition` (its name in the product file).

        `vendor` is the vendor fingerprint, 64 hexadecimal digits, compiled into the program: any other vendor's files
        are refused. Without it the first product file with such an edition is believed and `anchored` is False: for
        trying out. `home` is another state folder than the machine's, `clock` and `hardware` are for tests. Raises
        `Misconfigured` for a fingerprint that is none, and never for anything that a machine's state can be.
        """
        where = home_of_programs() if home is None else Path(home)
        fingerprint = None if vendor is None else _fingerprint(vendor)
        folder = _find(edition, where) if fingerprint is None else vendor_folder(where, fingerprint[:VENDOR_ID_BYTES])
        parts = read_parts() if hardware is None else hardware
        return cls(edition, folder, fingerprint, SystemClock() if clock is None else clock, parts)

    @property
    def state(self) -> State:
        """The state now; `str()` gives its name."""
        return self.standing.state

    @property
    def standing(self) -> Standing:
        """State, dates and method of one and the same instant."""
        judged = self._current()
        if judged.situation is None or judged.record is None:
            return _NOTHING
        used = used_now(judged.record, self._boot_id, self._clock.boot_seconds())
        return stand(judged.situation, self._clock.now(), used)

    @property
    def expires_at(self) -> datetime | None:
        """When the activation ends, or None: permanent, or not LICENSED."""
        return self.standing.expires_at

    @property
    def grace_ends_at(self) -> datetime | None:
        """When the grace ends, or None: not in one."""
        return self.standing.grace_ends_at

    @property
    def days_left(self) -> int | None:
        """Days until activation or grace end, begun ones counted; None without end, 0 when nothing is left."""
        standing = self.standing
        end = standing.expires_at or standing.grace_ends_at
        if end is None:
            return None if standing.permanent else 0
        return max(0, math.ceil((end - self._clock.now()) / timedelta(days=1)))

    @property
    def features(self) -> tuple[str, ...]:
        """What the edition contains, by the signed product file; nothing while UNLICENSED."""
        judged = self._current()
        edition = judged.installed.edition
        return () if edition is None or judged.situation is None or self.state is State.UNLICENSED else edition.features

    @property
    def anchored(self) -> bool:
        """Whether the vendor was named by fingerprint, so that nobody else's files can be believed."""
        return self._fingerprint is not None

    @property
    def organisation(self) -> int | None:
        """Number of the organisation whose host or directory activated this machine, where one did."""
        return self.standing.organisation

    @property
    def reason(self) -> Code | None:
        """Why it is not LICENSED, where more is known than the state says."""
        judged = self._current()
        return judged.error or self.standing.reason

    def require(self) -> State:
        """The state when the edition may be used: licensed or in a grace; raises `NotLicensed` otherwise."""
        state = self.state
        if state in GOOD_STATES:
            return state
        reason = self.reason or (Code.NO_KEY if state is State.UNLICENSED else None)
        detail = "" if reason is None else f": {reason.meaning[0].lower()}{reason.meaning[1:]}"
        raise NotLicensed(reason or Code.LEASE_ENDED, f"{self._edition} is {state}{detail}")

    def wait(self, seconds: float) -> bool:
        """Block until the edition is LICENSED or `seconds` have passed; whether it is. For first starts and CI runners."""
        import threading

        deadline = self._clock.monotonic() + seconds
        pause = threading.Event()
        while self.state is not State.LICENSED:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return False
            pause.wait(min(left, LOOK_AGAIN_SECONDS))
        return True

    def _current(self) -> _Judged:
        """What is known, read and verified again only when a file was replaced."""
        product, keysets, record = (stamp(path) for path in self._paths)
        judged = self._judged
        if judged is None or judged.installed.stamps != (product, keysets):
            judged = self._judge(self._install((product, keysets)), record)
        elif judged.stamp != record:
            judged = self._judge(judged.installed, record)
        self._judged = judged
        return judged

    def _install(self, stamps: tuple[Stamp, Stamp]) -> _Installed:
        try:
            product = read_product(self._folder, self._fingerprint)
            if product is None:
                return _Installed(stamps, None, None, Code.NOT_SET_UP)
            return _Installed(stamps, product, product.edition(self._edition), None)
        except MusterError as error:
            return _Installed(stamps, None, None, error.code)

    def _judge(self, installed: _Installed, seen: Stamp) -> _Judged:
        if installed.product is None or installed.edition is None:
            return _Judged(installed, seen, None, None, installed.error)
        try:
            record = read_record(self._folder)
        except MusterError as error:
            return _Judged(installed, seen, None, None, error.code)
        if record is None:
            return _Judged(installed, seen, None, None, Code.NO_KEY)
        situation = gather(installed.product, installed.edition, record, self._hardware)
        return _Judged(installed, seen, record, situation, None)


def _fingerprint(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text.strip()) if len(text.strip()) == FINGERPRINT_HEX_DIGITS else b""
    except ValueError:
        raw = b""
    if not raw:
        raise Misconfigured(
            Code.USAGE,
            f"vendor={text!r} is no vendor fingerprint",
            f"Give the {FINGERPRINT_HEX_DIGITS} hexadecimal digits that muster vendor init printed.",
        )
    return raw


def _find(edition: str, home: Path) -> VendorFolder:
    """The first vendor here that has such an edition; a folder that does not exist when there is none."""
    for folder in vendor_folders(home):
        try:
            product = read_product(folder)
        except MusterError:
            continue
        if product is not None and any(e.name == edition for e in product.claims.editions):
            return folder
    return vendor_folder(home, bytes(VENDOR_ID_BYTES))
