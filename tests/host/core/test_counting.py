"""How machines are counted (spec/counting.md)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from muster.host.core.counting import ENTRY_SECONDS, MAX_CACHE, Counts, Entry, SavedGroup

ACME = (b"vendor-1", 1)
OTHER = (b"vendor-2", 1)
NOW = 1_800_000_000


def machine(number: int) -> bytes:
    return number.to_bytes(16, "big")


def counted(counts: Counts, numbers: range, threshold: int, now: int = NOW) -> list[int]:
    return [counts.enter(ACME, machine(n), threshold, now).told for n in numbers]


def test_distinct_machines_are_counted_and_a_renewal_is_not_counted_twice() -> None:
    counts = Counts({}, 1)
    assert counted(counts, range(3), 25) == [1, 2, 3]
    assert counted(counts, range(3), 25) == [3, 3, 3]


def test_the_cache_is_twice_the_largest_threshold_and_the_count_is_at_most_its_size() -> None:
    counts = Counts({}, 1)
    assert counted(counts, range(12), 5)[-3:] == [10, 10, 10]
    assert counts.cache_size(ACME) == 10
    assert counted(counts, range(12, 60), 25)[-1] == 50
    assert counts.cache_size(ACME) == 50
    assert counted(counts, range(60, 61), 5) == [50]


def test_a_machine_that_had_to_make_room_does_not_come_back_when_the_cache_grows() -> None:
    counts = Counts({}, 1)
    counted(counts, range(12), 5)
    assert counted(counts, range(12, 13), 25) == [11]
    assert not counts.holds(ACME, machine(0))
    assert not counts.holds(ACME, machine(1))


def test_a_renewal_makes_the_machine_the_newest() -> None:
    counts = Counts({}, 1)
    counted(counts, range(10), 5)
    counts.enter(ACME, machine(0), 5, NOW)
    counts.enter(ACME, machine(10), 5, NOW)
    assert counts.holds(ACME, machine(0))
    assert not counts.holds(ACME, machine(1))


def test_an_entry_ends_thirty_days_after_the_last_request() -> None:
    counts = Counts({}, 1)
    counted(counts, range(2), 25)
    counts.enter(ACME, machine(1), 25, NOW + 86_400)
    assert counts.count(ACME, NOW + ENTRY_SECONDS - 1) == 2
    assert counts.count(ACME, NOW + ENTRY_SECONDS) == 1
    assert counts.count(ACME, NOW + ENTRY_SECONDS + 86_400) == 0


def test_groups_and_vendors_are_counted_apart() -> None:
    counts = Counts({}, 1)
    counted(counts, range(3), 25)
    assert counts.enter(OTHER, machine(0), 25, NOW).told == 1
    assert counts.count((b"vendor-3", 1), NOW) == 0


def test_no_threshold_makes_the_cache_larger_than_two_thousand() -> None:
    assert Counts({}, 1).enter(ACME, machine(0), 1000, NOW).cache_size == MAX_CACHE == 2000


def test_a_saved_group_goes_on_as_it_was() -> None:
    saved = SavedGroup(10, 3, (Entry(machine(1), 3, NOW), Entry(machine(2), 4, NOW)))
    counts = Counts({ACME: saved}, 5)
    place = counts.enter(ACME, machine(1), 5, NOW)
    assert (place.told, place.seq, place.cache_size, place.floor) == (2, 5, 10, 3)


class PlainHost:
    """The rules of spec/counting.md in the plainest form: a list, the newest last."""

    def __init__(self) -> None:
        self.size = 0
        self.asked: list[tuple[bytes, int]] = []

    def ask(self, client_id: bytes, threshold: int, now: int) -> int:
        self.size = max(self.size, 2 * threshold)
        fresh = [(c, at) for c, at in self.asked if c != client_id and now - at < ENTRY_SECONDS]
        self.asked = [*fresh, (client_id, now)][-self.size :]
        return len(self.asked)


class CountingAgainstAPlainModel(RuleBasedStateMachine):
    """Random histories of one group, restarts included: what is told is what the plain rules say."""

    @initialize()
    def begin(self) -> None:
        self.counts, self.plain, self.now = Counts({}, 1), PlainHost(), NOW
        self.rows: dict[bytes, tuple[int, int]] = {}
        self.size = self.floor = 0
        self.next_seq = 1

    @rule(number=st.integers(0, 40), threshold=st.sampled_from([1, 2, 5, 8, 12]))
    def a_machine_asks(self, number: int, threshold: int) -> None:
        place = self.counts.enter(ACME, machine(number), threshold, self.now)
        assert place.told == self.plain.ask(machine(number), threshold, self.now)
        self.rows[machine(number)] = (place.seq, self.now)
        self.size, self.floor, self.next_seq = place.cache_size, place.floor, place.seq + 1

    @rule(numbers=st.lists(st.integers(0, 40), min_size=8, max_size=30))
    def many_ask(self, numbers: list[int]) -> None:
        for number in numbers:
            self.a_machine_asks(number, 5)

    @rule(days=st.sampled_from([1, 7, 15, 29, 30, 31]))
    def days_pass(self, days: int) -> None:
        self.now += days * 86_400

    @rule()
    def the_host_restarts(self) -> None:
        """From rows alone, as the store keeps them: the newest from the floor on, at most the cache's size."""
        newest = sorted((seq, seen, c) for c, (seq, seen) in self.rows.items() if seq >= self.floor)
        alive = [Entry(c, seq, seen) for seq, seen, c in newest if seen > self.now - ENTRY_SECONDS]
        saved = {ACME: SavedGroup(self.size, self.floor, tuple(alive[-self.size :]))} if self.rows else {}
        self.counts = Counts(saved, self.next_seq)

    @invariant()
    def the_count_is_at_most_the_cache(self) -> None:
        if hasattr(self, "counts"):
            assert self.counts.count(ACME, self.now) <= self.counts.cache_size(ACME)


TestCountingAgainstAPlainModel = CountingAgainstAPlainModel.TestCase
TestCountingAgainstAPlainModel.settings = settings(max_examples=300)


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([5, 25])), max_size=200))
def test_two_machines_never_share_a_seq(requests: list[tuple[int, int]]) -> None:
    counts = Counts({}, 1)
    seqs = [counts.enter(ACME, machine(n), threshold, NOW).seq for n, threshold in requests]
    assert seqs == list(range(1, len(requests) + 1))
