"""Several hosts that take turns at one count tell what one host would tell (spec/counting.md)."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from muster.host.core.counting import ENTRY_SECONDS, Counts, Entry, GroupKey, SavedGroup
from muster.host.core.limits import NewIds
from tests.host.core.test_counting import PlainHost

ACME: GroupKey = (b"vendor-1", 1)
NOW = 1_800_000_000
HOSTS = 3


def machine(number: int) -> bytes:
    return number.to_bytes(16, "big")


@dataclass
class Shared:
    """What the database holds: the newest row of each machine, and the group's size and floor."""

    rows: dict[bytes, Entry]
    next_seq: int = 1
    size: int = 0
    floor: int = 0

    def since(self, seq: int, seen: int = 0) -> dict[GroupKey, SavedGroup]:
        entries = sorted((e for e in self.rows.values() if e.seq > seq and e.seen > seen), key=lambda e: e.seq)
        kept = tuple(e for e in entries if e.seq >= self.floor)
        return {ACME: SavedGroup(self.size, self.floor, kept)} if self.size else {}


class HostsTakeTurns(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.shared, self.plain, self.now = Shared({}), PlainHost(), NOW
        self.hosts = [Counts({}, 1) for _ in range(HOSTS)]
        self.read_up_to = [0] * HOSTS

    @rule(
        which=st.integers(0, HOSTS - 1),
        asks=st.lists(st.tuples(st.integers(0, 40), st.sampled_from([2, 5, 8])), max_size=20),
    )
    def a_host_has_its_turn(self, which: int, asks: list[tuple[int, int]]) -> None:
        counts = self.hosts[which]
        counts.take_in(self.shared.since(self.read_up_to[which]), self.shared.next_seq)
        for number, threshold in asks:
            place = counts.enter(ACME, machine(number), threshold, self.now)
            assert place.told == self.plain.ask(machine(number), threshold, self.now)
            assert place.seq == self.shared.next_seq
            self.shared.rows[machine(number)] = Entry(machine(number), place.seq, self.now)
            self.shared.next_seq, self.shared.size, self.shared.floor = place.seq + 1, place.cache_size, place.floor
        self.read_up_to[which] = self.shared.next_seq - 1

    @rule(which=st.integers(0, HOSTS - 1))
    def a_turn_fails_and_everything_is_read_anew(self, which: int) -> None:
        self.hosts[which].enter(ACME, machine(99), 8, self.now)
        self.hosts[which] = Counts(self.shared.since(0, self.now - ENTRY_SECONDS), self.shared.next_seq)
        self.read_up_to[which] = self.shared.next_seq - 1

    @rule(days=st.sampled_from([1, 14, 29, 31]))
    def days_pass(self, days: int) -> None:
        self.now += days * 86_400

    @invariant()
    def no_count_is_larger_than_its_cache(self) -> None:
        for counts in getattr(self, "hosts", ()):
            assert counts.count(ACME, self.now) <= counts.cache_size(ACME)


TestHostsTakeTurns = HostsTakeTurns.TestCase
TestHostsTakeTurns.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)


def test_the_same_news_twice_come_to_the_same() -> None:
    news = {ACME: SavedGroup(4, 2, (Entry(machine(1), 2, NOW), Entry(machine(2), 3, NOW)))}
    counts = Counts({}, 1)
    counts.take_in(news, 4)
    counts.take_in(news, 4)
    place = counts.enter(ACME, machine(3), 2, NOW)
    assert (place.told, place.seq, place.floor) == (3, 4, 2)


def test_an_allowance_that_others_used_up_is_used_up_here() -> None:
    ids = NewIds(per_hour=3)
    assert ids.take("192.0.2.0/24", NOW)
    ids.take_in({"192.0.2.0/24": (NOW - 10, 3)})
    assert not ids.take("192.0.2.0/24", NOW)
    assert ids.take("198.51.100.0/24", NOW)
    assert ids.allowances(["192.0.2.0/24"]) == {"192.0.2.0/24": (NOW - 10, 3)}
    assert ids.take("192.0.2.0/24", NOW + 3_600)


def test_what_others_used_takes_no_more_memory_than_what_was_used_here() -> None:
    ids = NewIds(max_prefixes=2)
    ids.take_in({f"192.0.{n}.0/24": (NOW, 1) for n in range(5)})
    assert ids.prefixes == 2
