"""Takes requests, has them decided, made durable in groups, and answered: commit before you answer.

While a group is being committed the next one gathers. When the store fails, what was decided on it is refused with
HOST_BUSY and the counts are read anew: what is in memory never runs ahead of the disk for longer than one commit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from muster.base.clock import Clock
from muster.base.errors import Code, Malformed, MusterError, StoreFailed
from muster.base.log import event
from muster.host.core.answering import DAY_SECONDS, Answering, Intervals, Outcome, Verdict
from muster.host.core.counting import Counts, GroupKey
from muster.host.core.limits import NewIds, is_allowed, plain_address, prefix_of, source_of
from muster.host.core.settings import Endpoint
from muster.host.ports import Batch, Journal, Setup, Setups, Store, Totals
from muster.host.service.connection import Connection
from muster.host.service.door import Door
from muster.host.service.guests import Admission, Guests
from muster.wire.calendar import moment, seconds

SWEEP_SECONDS = 0.25
RECOVER_SECONDS = 1.0
GATHER_SECONDS = 0.005
"""How long a request may wait for company before its group is committed."""

GROUP = 64
"""Enough company, unless that is less than half of who is here: the next group gathers while this one is being committed,
and two that are equal leave neither the disk nor the processor waiting for the other.
"""

PAUSE = 0.25
"""How long nobody may come before a group is closed, as a part of what the last commit took."""

DRAIN_SECONDS = 4.0
PEERS_REMEMBERED = 4_096


class _Peer(NamedTuple):
    address: str
    source: str
    prefix: str
    is_allowed: bool


class _Pending(NamedTuple):
    connection: Connection
    body: bytes
    verdict: Verdict


class Server:
    """Answers on its endpoints between `start` and `stop`. One loop, one thread."""

    def __init__(
        self, setups: Setups, store: Store, clock: Clock, guests: Guests | None = None, journal: Journal | None = None
    ) -> None:
        self._setups = setups
        self._store = store
        self._clock = clock
        self._guests = Guests() if guests is None else guests
        self._doors: list[Door] = []
        self._pending: list[_Pending] = []
        self._wake = asyncio.Event()
        self._committing: asyncio.Task[None] | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._growth: Counter[str] = Counter()
        self._states: Counter[str] = Counter()
        self._is_draining = False
        self._activity = 0
        self._company = GROUP
        self._pause = 0.0
        self._peer = lru_cache(PEERS_REMEMBERED)(self._look_at)
        self._journal = journal
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.commits = 0

    async def start(self) -> None:
        """Load the counts and listen; `Misconfigured` when an address cannot be used, `StoreFailed` without a store."""
        self._loop = asyncio.get_running_loop()
        self._stamp = self._setups.stamp()
        self.setup = self._setups.read()
        loaded = await self._store.load(seconds(self._clock.now()))
        counts = Counts(loaded.groups, loaded.next_seq)
        self._answering = Answering(self.setup.vendors, _intervals(self.setup), counts, loaded.last_seen, NewIds())
        self._allow = self.setup.settings.allowed
        self._tell_certificates({})
        self._committing = asyncio.create_task(self._commit_groups())
        try:
            for endpoint in self.setup.settings.endpoints:
                self._doors.append(Door(self, self._loop, endpoint))
        except MusterError:
            await self.stop()
            raise
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._drop_overdue)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where the host listens, with the real ports."""
        return tuple(door.endpoint for door in self._doors)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._guests)

    @property
    def made_room(self) -> int:
        """How many connections that had not asked were closed because the house was full."""
        return self._guests.made_room

    @property
    def waiting(self) -> int:
        """How many requests wait for the next group commit."""
        return len(self._pending)

    @property
    def activity(self) -> int:
        """Grows with everything that peers do."""
        return self._activity

    @property
    def is_busy(self) -> bool:
        """Whether the store takes nothing just now."""
        return self._answering.is_busy

    @property
    def new_id_prefixes(self) -> int:
        """Networks that new ids came from in about an hour."""
        return self._answering.new_ids.prefixes

    def groups(self) -> list[tuple[GroupKey, int, int]]:
        """Every group with its count and the size of its cache."""
        counts, now = self._answering.counts, max(seconds(self._clock.now()), self._answering.last_seen)
        return [(key, counts.count(key, now), counts.cache_size(key)) for key in counts.keys()]  # noqa: SIM118

    def certificate_ends(self) -> list[tuple[bytes, int, int]]:
        """Vendor id, serial and end (seconds since 1970) of every certificate."""
        vendors = self._answering.vendors.items()
        return [(v, m.claims.serial, m.claims.end_day * DAY_SECONDS) for v, rep in vendors for m in rep.mandates]

    def trouble(self) -> Code | None:
        """Why no machine can be counted just now; None when some can."""
        if self.is_busy:
            return Code.HOST_BUSY
        return self._answering.trouble(seconds(self._clock.now()))

    def would_answer(self, address: str) -> bool:
        """Whether a peer of this address is welcome."""
        return self._peer(address).is_allowed

    async def stop(self) -> None:
        """Stop listening, answer what was asked, close the rest; at most a few seconds."""
        self._is_draining = True
        for door in self._doors:
            door.close()
        for connection in self._guests.idle():
            connection.drop()
        if self._committing is not None:
            self._wake.set()
            done, _ = await asyncio.wait({self._committing}, timeout=DRAIN_SECONDS)
            if not done:
                self._committing.cancel()
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in self._guests.all():
            connection.drop()
        self._doors.clear()

    def reload(self) -> bool:
        """Take over a setup that was changed; False when nothing changed or it cannot be used: the old one stays."""
        stamp = self._setups.stamp()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            setup = self._setups.read()
        except MusterError as error:
            event("host", "setup.refused", code=error.code, problem=error.message)
            return False
        before = self._certificates()
        self.setup = setup
        self._answering.vendors = setup.vendors
        self._tell_certificates(before)
        self._answering.intervals = _intervals(setup)
        self._allow = setup.settings.allowed
        self._peer.cache_clear()
        event("host", "setup.loaded", vendors=len(setup.vendors))
        return True

    def _certificates(self) -> dict[tuple[bytes, int], int]:
        return {(vendor, serial): end for vendor, serial, end in self.certificate_ends()}

    def _tell_certificates(self, before: dict[tuple[bytes, int], int]) -> None:
        now = self._certificates()
        for (vendor, serial), end in now.items():
            if (vendor, serial) not in before:
                event("host", "certificate.in_use", vendor=vendor.hex(), serial=serial, ends=f"{moment(end):%Y-%m-%d}")
        for vendor, serial in before.keys() - now.keys():
            event("host", "certificate.dropped", vendor=vendor.hex(), serial=serial)

    def flush(self) -> None:
        """Have totals made durable that no counted machine took along."""
        if self._growth:
            self._wake.set()

    # --- connections (muster.host.service.connection.Reception)

    def opened(self, connection: Connection) -> bool:
        """See `Reception`."""
        self._activity += 1
        peer = self._peer(connection.peer)
        if self._is_draining:
            self.outcomes["draining"] += 1
            return False
        if not peer.is_allowed:
            self.outcomes["address refused"] += 1
            return False
        connection.address, connection.source, connection.prefix = peer.address, peer.source, peer.prefix
        admission = self._guests.admit(connection, self._loop.time())
        if admission is not Admission.WELCOME:
            self.outcomes[admission] += 1
            return False
        return True

    def closed(self, connection: Connection) -> None:
        """See `Reception`."""
        self._guests.forget(connection)

    def crowded(self) -> None:
        """See `Reception`."""
        self.outcomes["no descriptor"] += 1

    def garbled(self) -> None:
        """See `Reception`."""
        self.outcomes["malformed"] += 1

    def asked(self, connection: Connection, body: bytes) -> None:
        """See `Reception`."""
        self._activity += 1
        now = seconds(self._clock.now())
        try:
            verdict = self._decide(connection, body, now)
        except Malformed:
            self.garbled()
            connection.drop()
            return
        if verdict.outcome in _COUNTS_TOLD:
            # A count may rest on rows that are still on their way to the disk, so it goes the same way.
            if not self._pending:
                self._wake.set()
            self._pending.append(_Pending(connection, body, verdict))
        else:
            self._tell(connection, verdict)

    def _decide(self, connection: Connection, body: bytes, now: int) -> Verdict:
        source = connection.address, connection.prefix, now
        try:
            verdict = self._answering.decide(body, *source, self._store.is_known)
        except StoreFailed as error:
            self._fall_behind(error)
            return self._answering.decide(body, *source, self._store.is_known)
        # Whoever has just confirmed a host tries a machine next.
        if verdict.outcome is Outcome.HINTED and self.reload():
            return self._decide(connection, body, now)
        return verdict

    def _tell(self, connection: Connection, verdict: Verdict) -> None:
        self._note(connection, verdict, seconds(self._clock.now()))
        request = verdict.request
        if request is not None:
            self._growth["total"] += 1
            self._growth["refused"] += verdict.outcome in _REFUSED
            self._states[str(request.state)] += 1
        connection.answer(verdict.answer)

    # --- the store

    async def _commit_groups(self) -> None:
        """Commit group after group until the host drains."""
        while True:
            if not self._pending and not self._is_draining and not self._answering.is_busy:
                self._wake.clear()
                await self._wake.wait()
            if not self._is_draining:
                await self._gather()
            if self._answering.is_busy:
                await self._recover()
            if self._answering.is_busy and not self._is_draining:
                continue
            if self._pending or self._growth:
                await self._commit_group()
            elif self._is_draining:
                return

    async def _gather(self) -> None:
        """Let a group grow for as long as others come in: a commit costs as much for one as for many."""
        time = self._loop.time
        came = time()
        end, before = came + GATHER_SECONDS, -1
        while len(self._pending) < self._company and (now := time()) < end:
            if before != self._activity:
                before, came = self._activity, now
            elif now - came > self._pause:
                break
            await asyncio.sleep(0)

    async def _commit_group(self) -> None:
        group, self._pending = self._pending, []
        rows = [p.verdict.row for p in group if p.verdict.row is not None]
        states = Counter([p.verdict.request.state for p in group if p.verdict.request is not None])
        for state, number in states.items():
            self._states[str(state)] += number
        self._growth["total"] += len(group)
        growth = Totals(self._growth["total"], self._growth["refused"], dict(self._states))
        self._growth.clear()
        self._states.clear()
        begun = self._loop.time()
        try:
            await self._store.commit(Batch(rows, growth))
        except StoreFailed as error:
            self._growth.update(total=growth.total - len(group), refused=growth.refused)
            self._fall_behind(error, group)
            return
        self.commits += 1
        self._company = max(GROUP, (len(group) + len(self._pending)) // 2)
        self._pause = PAUSE * (self._loop.time() - begun)
        now = seconds(self._clock.now())
        for connection, _, verdict in group:
            connection.answer(verdict.answer)
            self._note(connection, verdict, now)

    def _note(self, connection: Connection, verdict: Verdict, now: int) -> None:
        self.outcomes[verdict.outcome] += 1
        if verdict.code is not None:
            self.codes[verdict.code] += 1
        if self._journal is not None:
            self._journal.answered(now, connection.address, verdict)

    def _fall_behind(self, error: StoreFailed, group: list[_Pending] | None = None) -> None:
        """The store failed: refuse everything that was decided on what it does not hold."""
        event("host", "store.failed", code=error.code, problem=error.message)
        now = seconds(self._clock.now())
        self._answering.is_busy = True
        waiting, self._pending = [*(group or ()), *self._pending], []
        for connection, body, verdict in waiting:
            if verdict.request is None or verdict.mandate is None:
                connection.drop()
                continue
            busy = self._answering.refuse(body, verdict.request, verdict.mandate, Code.HOST_BUSY, now)
            self._tell(connection, busy)
        self._wake.set()

    async def _recover(self) -> None:
        """Read the counts anew, once the store takes something again; wait a moment when it does not."""
        try:
            loaded = await self._store.load(seconds(self._clock.now()))
            await self._store.commit(Batch((), Totals()))
        except StoreFailed:
            if self._is_draining:
                self._growth.clear()
            else:
                await asyncio.sleep(RECOVER_SECONDS)
            return
        self._answering.counts = Counts(loaded.groups, loaded.next_seq)
        self._answering.last_seen = loaded.last_seen
        self._answering.is_busy = False
        event("host", "store.recovered")

    def _drop_overdue(self) -> None:
        for connection in self._guests.overdue(self._loop.time()):
            self.outcomes["deadline passed"] += 1
            connection.drop()
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._drop_overdue)

    def _look_at(self, peer: str) -> _Peer:
        try:
            address = plain_address(peer)
        except ValueError:
            return _Peer(peer, peer, "", is_allowed=False)
        return _Peer(str(address), source_of(address), prefix_of(address), is_allowed(address, self._allow))


_COUNTS_TOLD = frozenset({Outcome.COUNTED, Outcome.NOT_COUNTED})
_REFUSED = frozenset({Outcome.REFUSED, Outcome.HINTED})


def _intervals(setup: Setup) -> Intervals:
    return Intervals(setup.settings.renewal_minutes, setup.settings.retry_minutes)
