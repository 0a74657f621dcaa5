"""What is simulated, as a TOML file says it: machines, hosts, name server, and what goes wrong when.

Times of the simulation count from its first midnight. Every mistake is told with file, line, key and remedy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from muster.base.config import load
from muster.base.errors import SettingMistake

MAX_MACHINES = 1_000_000
MAX_DAYS = 3_650
MAX_HOSTS = 16
MAX_MINUTES = 24 * 60
ALWAYS = "always"
_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines of one kind. `hours` as in ``08:00-17:30``, on weekdays unless `weekends`; or ``always``."""

    count: int
    name: str = "machines"
    edition: str = "client"
    hours: str = "08:00-17:00"
    spread: timedelta = timedelta(minutes=45)
    weekends: bool = False
    absent: float = 0.05
    """Share of days on which a machine stays off."""

    arrives: timedelta = timedelta(0)
    """When the first of them is installed, and within which time all are."""

    rollout: timedelta = timedelta(0)
    clones: float = 0.0
    """Share that was copied from one machine on which the image was installed: other hardware, unless `same_hardware`."""

    same_hardware: bool = False
    wrong_clocks: float = 0.0
    """Share with a clock that is off by `clock_error`, ahead."""

    clock_error: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_MACHINES:
            raise SettingMistake("count", f"{self.count} machines", f"write 1 to {MAX_MACHINES}")
        if self.edition not in {"client", "server"}:
            raise SettingMistake("edition", f"{self.edition!r} is no edition", 'write "client" or "server"')
        if self.hours != ALWAYS and (not _HOURS.match(self.hours) or self.minutes[0] >= self.minutes[1]):
            raise SettingMistake("hours", f"{self.hours!r} are no hours", 'write "08:00-17:30" or "always"')
        for name in ("absent", "clones", "wrong_clocks"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingMistake(name, f"{getattr(self, name)} is no share", "write a number from 0 to 1")

    @property
    def minutes(self) -> tuple[int, int]:
        """From and to, in minutes of the day."""
        found = _HOURS.match(self.hours)
        if found is None:
            return 0, MAX_MINUTES
        first, first_minute, last, last_minute = map(int, found.groups())
        return first * 60 + first_minute, last * 60 + last_minute


@dataclass(frozen=True, slots=True)
class Host:
    """An activation host and its SRV record."""

    name: str
    priority: int = 0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Outage:
    """From `begins` on, for `lasts`, a host does not answer. `host` "*": none does."""

    begins: timedelta
    lasts: timedelta
    host: str = "*"
    loses_count: bool = False
    """Whether the host comes back with an empty database."""


@dataclass(frozen=True, slots=True)
class DnsFailure:
    """From `begins` on, for `lasts`, no name server answers."""

    begins: timedelta
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything. The same scenario and seed come to the same result."""

    name: str = "scenario"
    seed: int = 1
    days: int = 365
    begins: date = date(2026, 1, 5)
    validity: timedelta = timedelta(days=180)
    renewal: timedelta = timedelta(days=7)
    retry: timedelta = timedelta(hours=2)
    first_grace: timedelta = timedelta(days=30)
    machines: tuple[Machines, ...] = ()
    host: tuple[Host, ...] = field(default=(Host("kms1"),))
    outage: tuple[Outage, ...] = ()
    dns_failure: tuple[DnsFailure, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_DAYS:
            raise SettingMistake("days", f"{self.days} days", f"write 1 to {MAX_DAYS}")
        if not self.machines:
            raise SettingMistake("machines", "there are none", "add [[machines]] with count = 100")
        if self.total > MAX_MACHINES:
            raise SettingMistake("machines", f"{self.total} machines", f"write {MAX_MACHINES} at most")
        names = [host.name for host in self.host]
        if not 1 <= len(names) <= MAX_HOSTS or len(set(names)) != len(names):
            raise SettingMistake("host", f"{len(names)} hosts", f"name one to {MAX_HOSTS}, each once")
        for number, outage in enumerate(self.outage):
            if outage.host not in {"*", *names}:
                raise SettingMistake(f"outage[{number}].host", f"no host {outage.host!r}", f"known: {', '.join(names)}")

    @property
    def total(self) -> int:
        """How many machines there are."""
        return sum(kind.count for kind in self.machines)


def read_scenario(path: Path, *, days: int | None = None, seed: int | None = None) -> Scenario:
    """The scenario in a file; `Misconfigured` with file, line, key and remedy. A flag wins over the file."""
    return load(Scenario, path, flags={"days": days, "seed": seed})


def plain_scenario(machines: int, days: int, seed: int) -> Scenario:
    """An organisation as many are: mostly office machines, one server in twenty, two hosts."""
    servers = machines // 20
    office = Machines(machines - servers, "office", rollout=timedelta(days=10))
    kinds = (
        [office] if not servers else [office, Machines(servers, "servers", "server", ALWAYS, timedelta(0), absent=0)]
    )
    hosts = (Host("kms1"), Host("kms2", priority=10))
    return Scenario(f"{machines} machines", seed, days, machines=tuple(kinds), host=hosts)
