"""Which arrivals are folded into the inventory, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from muster.host.adapters.waiting import CALM_ROWS, GATHER_ROWS, SLICE_ROWS, Waiting


def client(first: int, number: int = 0) -> bytes:
    return bytes((first,)) + number.to_bytes(15, "big")


def filled(number: int) -> Waiting:
    waiting = Waiting()
    for n in range(number):
        waiting.add(1, client(n % 256, n))
    return waiting


def test_in_calm_weather_everything_is_folded_at_once() -> None:
    slice_ = filled(5).slice_for(CALM_ROWS)
    assert slice_ is not None
    assert slice_.number is None


def test_in_a_storm_arrivals_gather() -> None:
    assert filled(SLICE_ROWS + 1).slice_for(1) is None
    assert Waiting().slice_for(CALM_ROWS + 1) is None
    assert Waiting().slice_for(0) is None


def test_no_more_gather_than_a_limit() -> None:
    waiting = filled(GATHER_ROWS)
    slice_ = waiting.slice_for(1)
    assert slice_ is not None
    waiting.drop(slice_)
    assert waiting.rows < GATHER_ROWS
    assert waiting.slice_for(1) is None


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=200), st.integers(0, SLICE_ROWS))
def test_slice_after_slice_folds_every_arrival_once(ids: list[bytes], more: int) -> None:
    waiting = Waiting()
    for client_id in ids:
        waiting.add(1, client_id)
    for n in range(SLICE_ROWS + more):
        waiting.add(1, client(7, n))
    left = [*ids, *(client(7, n) for n in range(SLICE_ROWS + more))]
    while left:
        first, end = waiting.next_slice().bounds
        slice_ = waiting.next_slice()
        assert any(first <= each < end for each in left)
        assert all(waiting.holds(1, each) for each in left)
        assert not any(waiting.holds(2, each) for each in left)
        left = [each for each in left if not first <= each < end]
        waiting.drop(slice_)
        assert waiting.rows == len(left)
