"""Which arrivals are folded into the inventory, and when."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from muster.host.adapters.arrival import Arrival, pack, split, unpack
from muster.host.adapters.waiting import CALM_GROUPS, CALM_ROWS, FEW_ROWS, SLICES, Waiting
from muster.host.core.answering import Row

RUN = 10_000
GROUP = (b"acme-id-", 1)


def packed(seq: int, client_id: bytes, scope: int = 1, address: str = "192.0.2.1") -> bytes:
    row = Row(GROUP, seq, client_id, 1001, 1, 0, 1_800_000_000, address, bytes(16), 50, 0)
    return pack(scope, row)


def spread(number: int) -> bytes:
    return (number * 2654435761 % 2**32).to_bytes(4, "big") + number.to_bytes(12, "big")


def filled(number: int, waiting: Waiting | None = None, first: int = 1) -> Waiting:
    waiting = waiting or Waiting(RUN)
    records = b"".join([packed(n, spread(n)) for n in range(first, first + number)])
    waiting.add(split(records), first + number - 1)
    return waiting


def test_a_record_comes_back_as_it_was_packed() -> None:
    row = Row(GROUP, 2**40, bytes(range(16)), 70_000, 2, 5, 2**32 - 1, "2001:db8::1", bytes(range(16, 32)), 50, 0)
    (found,) = unpack(pack(9, row))
    assert found == Arrival(9, row.client_id, 70_000, 2**40, 2, 5, 2**32 - 1, row.parts, "2001:db8::1")


def test_in_calm_weather_everything_is_folded_at_once() -> None:
    fold = filled(5).fold_for(CALM_ROWS)
    assert fold is not None
    assert (fold.is_all, fold.until, len(list(fold.arrivals()))) == (True, 5, 5)


def test_in_a_storm_arrivals_gather() -> None:
    assert filled(FEW_ROWS + 1).fold_for(CALM_ROWS + 1) is None
    assert Waiting().fold_for(CALM_ROWS + 1) is None


def test_when_the_storm_is_over_small_groups_put_away_what_gathered() -> None:
    waiting, at, steps, folded = filled(RUN + FEW_ROWS), RUN + FEW_ROWS + 1, 0, list[int]()
    while not (fold := waiting.fold_for(CALM_ROWS)) or not fold.is_all:
        # A few small groups come in a storm, too.
        assert fold is not None or steps < CALM_GROUPS
        arrivals = list(fold.arrivals()) if fold else []
        assert len(arrivals) < FEW_ROWS / 4
        folded += [arrival.seq for arrival in arrivals]
        if fold:
            waiting.folded(fold)
        assert not any(waiting.holds(1, arrival.client_id) for arrival in arrivals)
        filled(CALM_ROWS, waiting, at)
        at, steps = at + CALM_ROWS, steps + 1
    assert steps < 3 * SLICES
    assert sorted(folded + [arrival.seq for arrival in fold.arrivals()]) == list(range(1, at))


def test_a_full_run_is_folded_at_the_pace_at_which_the_next_one_gathers() -> None:
    waiting, folded, at = filled(RUN), list[int](), RUN + 1
    step = RUN // 10
    for part in range(1, 11):
        fold = waiting.fold_for(step)
        assert fold is not None
        folded += [a.seq for a in fold.arrivals()]
        assert abs(fold.end - SLICES * part / 10) <= 1
        assert fold.until == (RUN if part == 10 else 0)
        filled(step, waiting, at)
        waiting.folded(fold)
        at += step
        assert waiting.rows <= 2 * RUN
    assert sorted(folded) == list(range(1, RUN + 1))
    # The next run became full meanwhile: it is sealed by what comes then.
    filled(1, waiting, at)
    fold = waiting.fold_for(CALM_ROWS + 1)
    assert fold is not None
    assert all(a.seq > RUN for a in fold.arrivals())


@settings(max_examples=25)
@given(st.lists(st.binary(min_size=16, max_size=16), max_size=200, unique=True), st.integers(0, FEW_ROWS))
def test_fold_after_fold_puts_every_arrival_away_once(ids: list[bytes], more: int) -> None:
    ids = [*ids, *(spread(n) for n in range(FEW_ROWS + more))]
    waiting = Waiting()
    waiting.add([(client_id, packed(n, client_id)) for n, client_id in enumerate(ids, 1)], len(ids))
    assert all(waiting.holds(1, each) for each in ids[:50])
    assert not any(waiting.holds(2, each) for each in ids[:50])
    put_away: list[bytes] = []
    while waiting.rows:
        fold = waiting.next_fold()
        part = [a.client_id for a in fold.arrivals()]
        assert part == sorted(part)
        put_away += part
        waiting.folded(fold)
        assert (fold.until == len(ids)) == (waiting.rows == 0)
    assert sorted(put_away) == sorted(ids)
