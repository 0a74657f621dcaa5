"""Acme Software, on a clock that goes from February to the morning of `TODAY`: everything is done by the real service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import FastAPI

from muster.platform.accounts import Accounts
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor
from muster.vendor.ports import CertificateRow
from muster.vendor.service.delivering import deliver_due
from tests.worlds.clocks import MORNING
from tests.worlds.entropy import SeededEntropy
from tests.worlds.reporting_hosts import report
from tests.worlds.vendor_world import Acme, hardware, host, machine

CAD_PRO, RENDER_NODE = 1001, 1003
TODAY = MORNING
SATURDAY, OPENING = 5, 8
DAILY = {"globex": 2.1, "university": 1.1, "architects": 0.17, "yard": 0.13, "render": 0.09}
"""How many machines customers activate on a working day, on average."""
MOST = {"globex": 480, "university": 236, "architects": 34, "yard": 24, "render": 15}
FRAGILE = "chat"
"""The receiver of webhooks that was away for all these months."""


@dataclass
class Business:
    """The vendor, its service as an application, and what pictures need to name. `keys` by customer."""

    acme: Acme
    accounts: Accounts
    app: FastAPI
    keys: dict[str, ProductKey] = field(default_factory=dict)
    hosts: list[tuple[CertificateRow, int]] = field(default_factory=list)
    activated: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DAILY, 0))
    chance: SeededEntropy = field(default_factory=SeededEntropy)

    def order(self, scope: str, who: str, activations: int = 0, **terms: object) -> ProductKey:
        """A key that anna issues: a multiple activation key when it has activations, else a host key."""
        self.acme.clock.move(minutes=9)
        kind, more = (KeyKind.MAK, {"activations": activations}) if activations else (KeyKind.HOST, {})
        order = vendor.Order(kind, scope, who, **more, **terms)  # type: ignore[arg-type]
        return vendor.issue_key(self.acme.vendor.acting("anna"), order)

    def certify(self, key: ProductKey, number: int) -> tuple[CertificateRow, int]:
        """A host of a customer gets its certificate."""
        self.acme.clock.move(minutes=23)
        serial = self.acme.confirm(host(key, number)).serial or 0
        row = self.acme.vendor.store.run(lambda books: books.certificate(serial))
        if row is None:
            raise LookupError(serial)
        return row, number

    def live_until(self, end: datetime) -> None:
        """Customers activate machines on working days, and webhooks are sent, until then."""
        clock = self.acme.clock
        while (morning := _next_morning(clock.now())) < end:
            clock.move(morning - clock.now())
            for name, number in DAILY.items():
                times = int(2 * number * self.chance.fraction() + self.chance.fraction())
                for _ in range(min(times, MOST[name] - self.activated[name])):
                    self._activate(name)
            deliver(self.acme)
        clock.move(end - clock.now())

    def _activate(self, name: str) -> None:
        self.activated[name] += 1
        self.acme.clock.move(seconds=int(20 + 4_000 * self.chance.fraction()))
        edition = RENDER_NODE if name == "render" else CAD_PRO
        self.acme.confirm(machine(self.keys[name], hardware(sum(self.activated.values())), edition))

    def report_files(self) -> list[tuple[str, bytes]]:
        """What Globex's hosts report: machines of the last months, some seen by both."""
        sizes = ((0, 210), (150, 392))
        return [
            (
                f"kms{number}.report",
                report(self.acme, row, number, {i: (min(8, 1 + i % 9), int(i % 17 == 0)) for i in range(*size)}),
            )
            for (row, number), size in zip(self.hosts, sizes, strict=True)
        ]


def deliver(acme: Acme) -> None:
    """What is due is posted to the webhooks."""
    deliver_due(acme.vendor, lambda address, *_: 503 if FRAGILE in address else 204)


def _next_morning(now: datetime) -> datetime:
    """Eight o'clock of the next working day."""
    day = now.replace(hour=OPENING, minute=0, second=0) + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day
