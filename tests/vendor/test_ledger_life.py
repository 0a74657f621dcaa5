"""What a vendor's keys are used for in any order, beside a model of it in plain words (docs/operate/vendor.md)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from muster.base.errors import Code, Refused
from muster.trust.humanid import format_installation
from muster.vendor import app as vendor
from muster.wire.installation import InstallationId
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_world import Acme, hardware, host, machine

POOL, HOSTS, REPLACEMENTS = 4, 6, 9
CERTIFICATE_DAYS, FRESH_DAYS = 3 * 365, 90
MOST_DAYS = 4 * 365
"""One history stays within what the vendor's issuing keys are for."""

FOLDER = tempfile.TemporaryDirectory(prefix="muster-ledger-")


@cache
def acme() -> Acme:
    """One vendor for all histories, each with keys of its own."""
    return Acme(Path(FOLDER.name))


@dataclass(frozen=True)
class Desk:
    """A machine whose disk and network card may be exchanged for others."""

    number: int
    disk: int
    network: int

    def is_like(self, other: Desk) -> bool:
        """The same hardware: at most one part is another."""
        return self.number == other.number and (self.disk == other.disk or self.network == other.network)


@dataclass
class Certificate:
    subject: int
    begun: int
    is_replaced: bool = False

    def holds(self, today: int) -> bool:
        return not self.is_replaced and today < self.begun + CERTIFICATE_DAYS


@dataclass
class Model:
    """What a person would write down about one multiple activation key and one host key."""

    pool: int = POOL
    used: int = 0
    desks: list[Desk] = field(default_factory=list)
    certificates: dict[int, Certificate] = field(default_factory=dict)
    replaced: int = 0
    hosts: int = HOSTS
    is_blocked: bool = False

    def activate(self, desk: Desk) -> Code | None:
        if self.is_blocked:
            return Code.KEY_BLOCKED
        if not any(known.is_like(desk) for known in self.desks):
            if self.used == self.pool:
                return Code.KEY_EXHAUSTED
            self.used += 1
        self.desks.append(desk)
        return None

    def certify(self, subject: int, replaces: int | None, today: int) -> Code | int | None:
        """The serial that must come again, None for any new one, or why not."""
        live = {s: c for s, c in self.certificates.items() if c.holds(today)}
        own = [s for s, c in live.items() if c.subject == subject]
        if own:
            (serial,) = own
            if live[serial].begun + CERTIFICATE_DAYS - today > FRESH_DAYS:
                return serial
            live[serial].is_replaced = True
            return None
        if replaces is not None:
            if replaces not in live:
                return Code.NOT_FOUND
            if self.replaced == REPLACEMENTS:
                return Code.HOST_LIMIT_REACHED
            self.replaced += 1
            live[replaces].is_replaced = True
            return None
        return Code.HOST_LIMIT_REACHED if len(live) >= self.hosts else None


class LedgerLife(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.acme, self.model, self.today = acme(), Model(), 0
        self.acme.clock.wall = MORNING
        self.mak, self.key = self.acme.mak(activations=POOL), self.acme.host_key()

    def asked(self, installation: InstallationId, replaces: int | None = None) -> vendor.Confirmation | Code:
        try:
            return vendor.confirm(self.acme.vendor, format_installation(installation), replaces=replaces)
        except Refused as refused:
            return refused.code

    @rule(number=st.integers(0, 6), disk=st.integers(0, 2), network=st.integers(0, 1))
    def a_machine_asks(self, number: int, disk: int, network: int) -> None:
        desk = Desk(number, disk, network)
        parts = hardware(number, disk=f"disk {number} {disk}", network=f"00:16:3e:01:{number:02x}:{network:02x}")
        found, wanted = self.asked(machine(self.mak, parts)), self.model.activate(desk)
        if wanted is None:
            assert isinstance(found, vendor.Confirmation)
            assert found.remaining == self.model.pool - self.model.used
        else:
            assert found is wanted

    @rule(subject=st.integers(0, 8), old=st.none() | st.integers(0, 10))
    def a_host_asks(self, subject: int, old: int | None) -> None:
        serials = list(self.model.certificates)
        replaces = serials[old % len(serials)] if serials and old is not None else None
        found = self.asked(host(self.key, subject), replaces)
        wanted = self.model.certify(subject, replaces, self.today)
        if isinstance(wanted, Code):
            assert found is wanted
            return
        assert isinstance(found, vendor.Confirmation)
        assert found.serial is not None
        if wanted is not None:
            assert found.serial == wanted
            return
        assert found.serial not in self.model.certificates
        self.model.certificates[found.serial] = Certificate(subject, self.today)

    @rule(days=st.sampled_from([1, 100, 365, 800]))
    def days_pass(self, days: int) -> None:
        days = min(days, MOST_DAYS - self.today)
        self.acme.clock.move(days=days)
        self.today += days

    @rule(more=st.integers(1, 2))
    def the_vendor_extends_the_pool(self, more: int) -> None:
        vendor.extend_key(self.acme.vendor, self.mak.formatted, activations=more, reason="asked nicely")
        self.model.pool += more

    @rule()
    def the_vendor_grants_another_host(self) -> None:
        vendor.extend_key(self.acme.vendor, self.key.formatted, hosts=1, reason="asked nicely")
        self.model.hosts += 1

    @rule(blocked=st.booleans())
    def the_vendor_blocks(self, blocked: bool) -> None:
        if blocked != self.model.is_blocked:
            vendor.block_key(self.acme.vendor, self.mak.formatted, blocked=blocked)
            self.model.is_blocked = blocked

    def teardown(self) -> None:
        """In the end the books say what the model says."""
        if not hasattr(self, "model"):
            return
        mak, key = self.acme.row(self.mak), self.acme.row(self.key)
        assert (mak.used, mak.activations) == (self.model.used, self.model.pool)
        assert (key.reactivated, key.hosts) == (self.model.replaced, self.model.hosts)


TestLedgerLife = LedgerLife.TestCase
TestLedgerLife.settings = settings(max_examples=200, stateful_step_count=20, deadline=None)
