"""A machine's whole life in any order, beside a model of it in plain words (spec/states.md)."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from muster.base.errors import Code, MusterError, Unreachable
from muster.client import app as client
from muster.client.core.discovery import Address, ServiceRecord
from muster.wire.activation import State
from tests.worlds.clocks import MORNING
from tests.worlds.network_world import Office, parts
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

DAY = timedelta(days=1)
VALIDITY, GRACE, REARMS = 180 * DAY, 30 * DAY, 3
VENDOR = VendorKeys()
HOST = CertifiedHost(VENDOR)
PRODUCT = VENDOR.product_file().encode()
KEY = VENDOR.product().generic_key(CAD_PRO).formatted
STEPS = 25


@dataclass
class OneHost:
    """A network with one host, which answers with the count that it is set to, or not at all."""

    now: datetime = MORNING
    count: int | None = None

    async def suffixes(self) -> tuple[str, tuple[str, ...]]:
        return "corp.example", ()

    async def services(self, name: str) -> tuple[ServiceRecord, ...]:
        return (ServiceRecord(0, 0, 1688, "kms1.corp.example"),)

    async def addresses(self, name: str) -> tuple[str, ...]:
        return ("192.0.2.1",)

    def keep(self, address: Address) -> None:
        """There are no numbers here."""

    def forget(self) -> None:
        """There are no numbers here."""

    async def exchange(self, address: Address, body: bytes) -> bytes:
        if self.count is None:
            raise Unreachable(Code.HOST_UNREACHABLE, f"{address} is silent")
        return HOST.reply(body, self.count, self.now)


@dataclass
class Model:
    """What a person would write down about the machine. `seen_on` is the hardware on which it last ran a command."""

    has_key: bool = True
    installed: datetime = MORNING
    leased: datetime | None = None
    leased_on: int = 1
    seen_on: int = 1
    seen: datetime = MORNING
    trouble: datetime | None = None
    rearmed: int = 0

    def state(self, now: datetime, hardware: int) -> State:
        if not self.has_key:
            return State.UNLICENSED
        if self.leased is None:
            return State.INITIAL_GRACE if now < self.installed + GRACE else State.NOTIFICATION
        ended = self.leased + VALIDITY
        since = [ended] if now >= ended else []
        if hardware != self.leased_on:
            since.append(self.trouble or max(self.seen, self.leased))
        if not since:
            return State.LICENSED
        return State.RENEWAL_GRACE if now < min(since) + GRACE else State.NOTIFICATION

    def wake(self, now: datetime, hardware: int) -> None:
        """A command runs: it notices what does not fit."""
        self.seen, self.seen_on = now, hardware
        fits = not self.has_key or self.leased is None or hardware == self.leased_on
        self.trouble = None if fits else self.trouble or now


class Life(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="muster-life-")
        self.office = Office(Path(self.folder.name), VENDOR)
        self.host = OneHost()
        self.hardware = 1
        self.machine = self.office.machine()
        self.machine.names = self.machine.hosts = self.host
        self.model = Model()
        self.client_id = self.told()["client_id"]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def told(self) -> dict[str, object]:
        return client.report(self.machine.scene("acme-cad-pro"))

    @property
    def now(self) -> datetime:
        return self.office.clock.now()

    def woke(self) -> None:
        """A command saved the record: one that is on other hardware than before has another id."""
        is_copy = self.model.seen_on != self.hardware
        self.model.wake(self.now, self.hardware)
        client_id = self.told()["client_id"]
        assert (client_id != self.client_id) == is_copy
        self.client_id = client_id

    @rule(hours=st.integers(1, 24 * 40))
    def let_time_pass(self, hours: int) -> None:
        self.office.clock.move(hours=hours)

    @rule(hours=st.integers(1, 24 * 40))
    def switch_off_for_a_while(self, hours: int) -> None:
        self.office.clock.restart(hours=hours)

    @rule(hardware=st.sampled_from([1, 2]))
    def move_to_hardware(self, hardware: int) -> None:
        self.hardware = hardware
        self.machine.around = replace(self.machine.around, hardware=parts(hardware))

    @rule(count=st.sampled_from([None, 1, 24, 25, 50]))
    def ask(self, count: int | None) -> None:
        self.host.now, self.host.count = self.now, count
        if not self.model.has_key:
            assert self._refused("activate") is Code.NO_KEY
            return
        result = asyncio.run(client.activate(self.machine, "acme-cad-pro"))
        # Whether a lease fits is seen before the host is asked: the attempt itself is news of after that.
        self.woke()
        if count is not None and count >= CAD_PRO.threshold:
            self.model.leased, self.model.leased_on = self.now, self.hardware
            assert result.error is None
            assert self.told()["last_error"] is None
        else:
            code = Code.HOST_UNREACHABLE if count is None else Code.COUNT_BELOW_THRESHOLD
            assert result.error is not None
            assert result.error.code is code
        due = client.next_attempt(self.machine.scene("acme-cad-pro"))
        assert due is not None
        assert timedelta(minutes=15) <= due - self.now <= 14 * DAY

    @rule()
    def install_the_key(self) -> None:
        client.install_key(self.machine, KEY)
        self.woke()
        self.model.has_key = True

    @rule()
    def install_the_product_again(self) -> None:
        client.install(self.machine, PRODUCT)
        self.woke()

    @precondition(lambda self: self.model.has_key)
    @rule()
    def remove_the_key(self) -> None:
        client.uninstall_key(self.machine, "acme-cad-pro")
        self.woke()
        self.model.has_key, self.model.leased, self.model.trouble = False, None, None

    @rule()
    def rearm(self) -> None:
        if self.model.rearmed == REARMS:
            assert self._refused("rearm") is Code.REARM_EXHAUSTED
            return
        client.rearm_all(self.machine)
        self.model.rearmed += 1
        self.model.leased = self.model.trouble = None
        self.model.seen, self.model.seen_on = self.now, self.hardware
        if self.model.has_key:
            self.model.installed = self.now
        after = self.told()["client_id"]
        assert after != self.client_id
        self.client_id = after

    def _refused(self, what: str) -> Code | None:
        try:
            if what == "rearm":
                client.rearm_all(self.machine)
            else:
                asyncio.run(client.activate(self.machine, "acme-cad-pro"))
        except MusterError as error:
            return error.code
        return None

    @invariant()
    def the_state_is_what_the_model_says(self) -> None:
        if hasattr(self, "machine"):
            row = self.told()
            assert row["state"] == str(self.model.state(self.now, self.hardware))
            assert (row["expires_at"] is not None) == (row["state"] == "LICENSED")
            assert (row["grace_ends_at"] is not None) == (row["state"] in {"INITIAL_GRACE", "RENEWAL_GRACE"})


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=200, stateful_step_count=STEPS)
