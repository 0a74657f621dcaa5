"""The run of a simulation: one queue of moments, and the cores that decide at each of them.

A machine is looked at when it starts while it is not comfortably activated, when an attempt is due, and when its state changes
by itself: the rules of the licensing service (`muster.client.core.agenda`). Chance comes from the seed alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from muster.base.errors import Code, MusterError, Unreachable
from muster.client.core.agenda import is_comfortable, next_wake, wants_at_start, wants_now
from muster.client.core.attempt import Attempt, Circumstances, Outcome, Response, Verify, attempt
from muster.client.core.discovery import ServiceRecord
from muster.client.core.licensing import Scene, next_attempt, settle
from muster.client.core.machine import Bearings, Fresh, begin, install_key
from muster.client.core.search import AskName
from muster.simulate.chance import Chance
from muster.simulate.hosts import Exchange, SimulatedHost, answer_reader
from muster.simulate.machine import (
    BOOT,
    Reader,
    SimulatedMachine,
    SimulatedScene,
    hardware_of,
    scene_of,
    verified_scene,
    without_evidence,
)
from muster.simulate.presence import DAY, Presence
from muster.simulate.scenario import Host, Machines, Scenario
from muster.simulate.series import HOUR, Series
from muster.simulate.vendor import SimulatedVendor
from muster.trust.chain import verify_answer
from muster.wire.activation import CLIENT_ID_BYTES, NONCE_BYTES, State
from muster.wire.calendar import seconds
from muster.wire.record import SALT_BYTES

SAMPLED = 100
"""One machine of so many goes the whole way besides: signed, verified, judged from what was stored."""

FRACTIONS = 4
Tell = Callable[[int], None]
HostMaker = Callable[[Host, int, SimulatedVendor], SimulatedHost]


class World:
    """Made for one scenario, run once. `series` is what was seen."""

    def __init__(self, scenario: Scenario, make_host: HostMaker = SimulatedHost) -> None:
        self.scenario = scenario
        self.series = Series(scenario)
        self._chance = Chance(scenario.seed)
        self._vendor = SimulatedVendor(scenario, self._chance)
        self._hosts = [make_host(host, number, self._vendor) for number, host in enumerate(scenario.host)]
        self._by_address = {host.address: host for host in self._hosts}
        self._records: tuple[ServiceRecord, ...] = tuple(host.record for host in self._hosts)
        self._read: Reader = answer_reader(self._hosts)
        self._verify: Verify = lambda _request, answer, _keysets: self._read(answer)
        self._begin = datetime.combine(scenario.begins, time(), UTC)
        self._queue: list[tuple[int, int]] = []
        self._is_dns_up = True
        self._machines = list(self._roll_out())

    def run(self, tell: Tell = lambda _day: None) -> Series:
        """Until the last day is over; `tell` hears of every day."""
        end, hour, changes = self.scenario.days * DAY, 0, self._changes()
        while hour * HOUR < end:
            until = (hour + 1) * HOUR
            while self._queue and self._queue[0][0] < until:
                at, number = heapq.heappop(self._queue)
                if changes:
                    _happen(changes, at)
                self._look(self._machines[number], at)
            hour += 1
            _happen(changes, until)
            now = seconds(self._begin + timedelta(seconds=until))
            self.series.sample({host.name: host.count(now) for host in self._hosts})
            if hour % 24 == 0:
                tell(hour // 24)
        return self.series

    # --- the beginning

    def _roll_out(self) -> Iterator[SimulatedMachine]:
        number = 0
        for kind in self.scenario.machines:
            image: SimulatedMachine | None = None
            for place in range(kind.count):
                machine = self._machine(number, kind)
                if image is None:
                    image = machine
                elif self._chance.random() < kind.clones:
                    _copy(image, machine, same_hardware=kind.same_hardware)
                arrives = int((kind.arrives + kind.rollout * (place / kind.count)).total_seconds())
                first = machine.presence.on_from(arrives)
                if first is not None:
                    self._queue.append((first, number))
                yield machine
                number += 1
        heapq.heapify(self._queue)
        self.series.present[State.UNLICENSED] = number

    def _machine(self, number: int, kind: Machines) -> SimulatedMachine:
        chance, edition = self._chance, self._vendor.edition(kind.edition)
        wrong = chance.random() < kind.wrong_clocks
        error = int(kind.clock_error.total_seconds()) if wrong else 0
        hardware = hardware_of(number)
        begun = int(kind.arrives.total_seconds())
        now = self._begin + timedelta(seconds=begun + error)
        bearings = Bearings(now, BOOT, float(begun), hardware)
        record = install_key(begin(bearings, self._fresh()), edition.id, self._vendor.key(edition), now)
        presence = Presence(kind, self.scenario.begins.weekday(), chance)
        prefix = f"10.{number >> 16 & 255}.{number >> 8 & 255}.0/24"
        verified = record if number % SAMPLED == 0 else None
        return SimulatedMachine(number, kind, edition, presence, prefix, error, hardware, record, verified)

    def _fresh(self) -> Fresh:
        return Fresh(self._chance.randbytes(CLIENT_ID_BYTES), self._chance.randbytes(SALT_BYTES))

    def _changes(self) -> list[tuple[int, Callable[[], None]]]:
        """What goes wrong and right again, in its order."""
        found: list[tuple[int, Callable[[], None]]] = []
        for outage in self.scenario.outage:
            for host in self._hosts:
                if outage.host in {"*", host.name}:
                    found.append((_at(outage.begins), _setting(host, "is_up", False)))
                    if outage.loses_count:
                        found.append((_at(outage.begins + outage.lasts), host.lose_count))
                    found.append((_at(outage.begins + outage.lasts), _setting(host, "is_up", True)))
        for failure in self.scenario.dns_failure:
            found.append((_at(failure.begins), _setting(self, "_is_dns_up", False)))
            found.append((_at(failure.begins + failure.lasts), _setting(self, "_is_dns_up", True)))
        return sorted(found, key=lambda change: change[0])

    # --- one machine at one moment

    def _look(self, machine: SimulatedMachine, at: int) -> None:
        is_on = machine.presence.is_on(at)
        now = self._begin + timedelta(seconds=at + machine.clock_error)
        if is_on:
            machine.wake(now, at, self._fresh)
        scene = scene_of(machine, self._vendor, now, self._read)
        if is_on and (wants_at_start(scene) if self._is_start(machine, at) else wants_now(scene, None)):
            scene = self._ask(machine, scene, at)
        self._note(machine, scene, at)
        following = self._following(machine, scene, at)
        if following is not None:
            heapq.heappush(self._queue, (following, machine.number))

    @staticmethod
    def _is_start(machine: SimulatedMachine, at: int) -> bool:
        return not machine.presence.is_on(at - 1) or machine.state is State.UNLICENSED

    def _following(self, machine: SimulatedMachine, scene: SimulatedScene, at: int) -> int | None:
        """When to look at the machine again."""
        moments = []
        wake = next_wake([scene], None)
        if wake is not None:
            due = max(at + 1, int((wake - self._begin).total_seconds()) - machine.clock_error)
            moments.append(due if wake > scene.now else machine.presence.on_from(due))
        if not is_comfortable(scene.standing(), scene.now) and next_attempt(scene) is not None:
            moments.append(machine.presence.next_start(at))
        return min((moment for moment in moments if moment is not None), default=None)

    def _note(self, machine: SimulatedMachine, scene: Scene, at: int) -> None:
        after = scene.standing().state
        if after is not machine.state:
            self.series.moved(machine.number, machine.edition.name, machine.state, after, at)
            machine.state = after

    def _ask(self, machine: SimulatedMachine, scene: SimulatedScene, at: int) -> SimulatedScene:
        fractions = tuple([self._chance.random() for _ in range(FRACTIONS)])
        jitter, nonce = self._chance.random(), self._chance.randbytes(NONCE_BYTES)
        around = machine.circumstances(scene, self._vendor.product.policy.srv, fractions, nonce)
        exchanges: list[Exchange] = []
        outcome = self._walk(machine, attempt(around, self._verify), at, exchanges)
        self.series.attempts += 1
        if outcome.error is None:
            self.series.activations += 1
        else:
            self.series.codes[str(outcome.error.code)] += 1
        machine.record = settle(scene, outcome, jitter)
        after = scene.having(machine.record)
        if machine.verified is not None:
            self._go_the_whole_way(machine, around, exchanges, (after, jitter), at)
        return after

    def _walk(self, machine: SimulatedMachine, walk: Attempt, at: int, exchanges: list[Exchange]) -> Outcome:
        response: Response
        try:
            effect = next(walk)
            while True:
                if isinstance(effect, AskName):
                    response = self._records if self._is_dns_up else _NO_DNS
                else:
                    host = self._by_address[effect.address]
                    try:
                        verdict = host.answer(effect.body, machine.prefix, seconds(self._moment(at)))
                        self.series.asked(host.name, at)
                        exchanges.append(Exchange(effect.address, effect.body, verdict))
                        response = verdict.answer
                    except MusterError as error:
                        exchanges.append(Exchange(effect.address, effect.body, None))
                        response = error
                effect = walk.send(response)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome

    def _moment(self, at: int) -> datetime:
        return self._begin + timedelta(seconds=at)

    # --- the sample

    def _go_the_whole_way(
        self,
        machine: SimulatedMachine,
        around: Circumstances,
        exchanges: list[Exchange],
        after: tuple[SimulatedScene, float],
        at: int,
    ) -> None:
        """The same attempt with real signatures, from the record that holds real evidence; both must come to the same."""
        quick, jitter = after
        scene = verified_scene(machine, self._vendor, quick.now)
        assert scene is not None  # noqa: S101 - only machines with such a record come here
        real = machine.circumstances(scene, around.order.srv, around.order.fractions, around.nonces[0])
        self.series.checks += 1
        is_same = real == around
        walk, waiting = attempt(real, verify_answer), list(exchanges)
        try:
            effect = next(walk)
            while True:
                if isinstance(effect, AskName):
                    effect = walk.send(self._records if self._is_dns_up else _NO_DNS)
                    continue
                said = waiting.pop(0) if waiting else Exchange(effect.address, b"", None)
                is_same &= (said.address, said.body) == (effect.address, effect.body)
                effect = walk.send(self._signed(said, at))
        except StopIteration as done:
            machine.verified = settle(scene, done.value, jitter)
        verified = verified_scene(machine, self._vendor, quick.now)
        is_same &= not waiting and verified is not None and verified.standing() == quick.standing()
        is_same &= without_evidence(machine.verified) == without_evidence(machine.record)
        self.series.disagreements += not is_same

    def _signed(self, said: Exchange, at: int) -> Response:
        if said.verdict is None:
            return Unreachable(Code.HOST_UNREACHABLE, f"{said.address} does not answer")
        return self._by_address[said.address].signed(said.body, said.verdict, seconds(self._moment(at)))


_NO_DNS = Unreachable(Code.DNS_UNREACHABLE, "no name server answers")


def _copy(image: SimulatedMachine, machine: SimulatedMachine, *, same_hardware: bool) -> None:
    """A machine that was copied with all its state: it notices by its hardware, where that is its own."""
    machine.record = image.record
    machine.verified = image.record if machine.verified is not None else None
    if same_hardware:
        machine.hardware = image.hardware


def _happen(changes: list[tuple[int, Callable[[], None]]], until: int) -> None:
    """Everything that goes wrong or right up to then."""
    while changes and changes[0][0] <= until:
        changes.pop(0)[1]()


def _at(time_: timedelta) -> int:
    return int(time_.total_seconds())


def _setting(owner: object, name: str, value: bool) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)
