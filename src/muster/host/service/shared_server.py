"""A host whose count is shared with others: what is asked waits for the host's turn, and is decided in it.

A group is gathered as ever. Its turn brings what other hosts counted since; then all of it is decided, written and
committed, the turn is over, and only then answers are signed: hosts wait for one another for the database's time alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from muster.base.clock import Clock
from muster.base.errors import Malformed, StoreFailed
from muster.base.log import event
from muster.host.core.answering import Answering, Outcome, Verdict
from muster.host.core.limits import Allowance
from muster.host.ports import Batch, Journal, Setups, SharedStore, Strangers, Totals, Turn
from muster.host.service.connection import Connection
from muster.host.service.guests import Guests
from muster.host.service.server import Server, _Pending
from muster.wire.activation import RequestReader
from muster.wire.calendar import seconds

_UNDECIDED = Verdict(Outcome.COUNTED, b"")


class SharedServer(Server):
    """As `Server`, on a `SharedStore`."""

    def __init__(
        self,
        setups: Setups,
        store: SharedStore,
        clock: Clock,
        guests: Guests | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(setups, store, clock, guests, journal)
        self._shared = store
        self._requests = RequestReader()

    def flush(self) -> None:
        """Take a turn even when nobody asks: what others counted is told, and a database that went away is noticed."""
        self._growth["total"] += 0
        self._wake.set()

    def asked(self, connection: Connection, body: bytes) -> None:
        """See `Reception`."""
        if not self._answering.is_busy:
            try:
                self._requests.read(body)
            except Malformed:
                pass  # decided at once: it cannot be counted
            else:
                self._activity += 1
                if not self._pending:
                    self._wake.set()
                self._pending.append(_Pending(connection, body, _UNDECIDED))
                return
        super().asked(connection, body)

    async def _commit_group(self) -> None:
        group, self._pending = self._pending, []
        before, told = Counter(self._growth), Counter(self._states)
        growth, states = Counter(before), Counter(told)
        self._growth.clear()
        self._states.clear()
        now = seconds(self._clock.now())
        try:
            async with self._shared.turn() as turn:
                strangers = await take_in(turn, self._answering, [(p.body, p.connection.prefix) for p in group])
                decided = [p._replace(verdict=self._decide(p.connection, p.body, now)) for p in group]
                growth["total"] += len(group)
                growth["refused"] += sum(p.verdict.outcome in {Outcome.REFUSED, Outcome.HINTED} for p in decided)
                states.update(str(p.verdict.request.state) for p in decided if p.verdict.request is not None)
                rows = [p.verdict.row for p in decided if p.verdict.row is not None]
                totals = Totals(growth["total"], growth["refused"], dict(states))
                used = self._answering.new_ids.allowances({p.connection.prefix for p in group if p.connection.prefix})
                await turn.commit(Batch(rows, totals), changed(used, strangers))
        except StoreFailed as error:
            self._growth.update(before)
            self._states.update(told)
            self._fall_behind(error, group)
            return
        self.commits += 1
        for connection, body, verdict in decided:
            connection.answer(self._answering.sign(body, verdict, now))
            self._note(connection, verdict, now)

    def _fall_behind(self, error: StoreFailed, group: list[_Pending] | None = None) -> None:
        event("host", "store.failed", code=error.code, problem=error.message)
        self._answering.is_busy = True
        waiting, self._pending = [*(group or ()), *self._pending], []
        now = seconds(self._clock.now())
        for connection, body, _ in waiting:
            self._tell(connection, self._decide(connection, body, now))
        self._wake.set()


async def take_in(turn: Turn, answering: Answering, asked: Sequence[tuple[bytes, str]]) -> Strangers:
    """Have `answering` know what others counted, and what limits hold for these requests, each with its prefix."""
    counts, news = answering.counts, turn.news
    answering.signs_later = True
    answering.last_seen = max(answering.last_seen, news.last_seen)
    counts.take_in(news.groups, news.next_seq)
    reader = RequestReader()
    limited = [(reader.read(body), prefix) for body, prefix in asked if prefix]
    machines = [((r.vendor_id, r.group), r.client_id) for r, _ in limited]
    unknown = [machine for machine in machines if not counts.holds(*machine)]
    if not unknown:
        return Strangers(frozenset(), answering.new_ids.allowances({prefix for _, prefix in limited}))
    strangers = await turn.look_up(unknown, {prefix for _, prefix in limited})
    answering.new_ids.take_in(strangers.allowances)
    return strangers


def changed(used: dict[str, Allowance], before: Strangers) -> dict[str, Allowance]:
    """The allowances that were used of."""
    return {prefix: allowance for prefix, allowance in used.items() if before.allowances.get(prefix) != allowance}
