"""What a simulation comes to: the rules of hosts and machines, over days and months."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from muster.host.core.answering import Verdict
from muster.simulate.hosts import SimulatedHost
from muster.simulate.report import as_json
from muster.simulate.scenario import DnsFailure, Host, Machines, Outage, Scenario, plain_scenario
from muster.simulate.series import Series
from muster.simulate.world import World
from muster.wire.activation import State

OFFICE = Machines(40, "office", absent=0.0)
ONE = (Host("one"),)
DAY = 86_400


def run(*kinds: Machines, days: int = 20, **more: object) -> Series:
    return World(Scenario(days=days, machines=kinds, **more)).run()  # type: ignore[arg-type]


def states(series: Series) -> dict[State, int]:
    return {state: number for state, number in series.present.items() if number > 0}


def test_enough_machines_are_activated_and_all_of_them_on_the_first_day() -> None:
    series = run(OFFICE, host=ONE)
    assert states(series) == {State.LICENSED: 40}
    assert series.counts["one"][-1] == 40
    assert series.all_licensed is not None
    assert series.all_licensed < DAY
    # Those that came before the 25th asked again after two hours.
    assert series.codes == {"COUNT_BELOW_THRESHOLD": 24}


def test_too_few_are_never_activated_and_their_grace_ends_after_thirty_days() -> None:
    series = run(replace(OFFICE, count=24), days=32, host=ONE)
    assert states(series) == {State.NOTIFICATION: 24}
    assert series.activations == 0
    assert series.counts["one"][-1] == 24
    at_noon = series.states[State.INITIAL_GRACE][29 * 24 + 12], series.states[State.NOTIFICATION][31 * 24 + 12]
    assert at_noon == (24, 24)


def test_five_servers_are_enough() -> None:
    servers = Machines(5, "servers", "server", "always", timedelta(0))
    series = run(servers, days=2, host=ONE)
    assert states(series) == {State.LICENSED: 5}
    assert series.first_licensed["server"] == 0


def test_the_same_seed_comes_to_the_same_and_another_to_something_else() -> None:
    found = [as_json(World(plain_scenario(60, 30, seed)).run()) for seed in (3, 3, 4)]
    assert found[0] == found[1]
    assert found[0]["hosts"] != found[2]["hosts"]


def test_nobody_notices_an_outage_that_a_lease_outlives_and_everybody_a_longer_one() -> None:
    for days, losses in ((30, 0), (50, 26)):
        outage = Outage(timedelta(days=14), timedelta(days=days))
        leases = {"validity": timedelta(days=40), "retry": timedelta(hours=6)}
        series = run(replace(OFFICE, count=26), days=70, host=ONE, outage=(outage,), **leases)
        (survived,) = series.survived()
        assert survived.losses == losses
        # Leases of 40 days that were renewed in the last week: the first of them ends 33 to 40 days later.
        noticed = timedelta(days=33) <= survived.unnoticed <= timedelta(days=40)
        assert noticed if losses else survived.unnoticed == timedelta(days=days)
        assert series.longest_unnoticed() == survived.unnoticed
        assert states(series) == {State.LICENSED: 26}


def test_another_host_takes_over_and_the_first_is_asked_again_afterwards() -> None:
    hosts = (Host("one"), Host("two", priority=10))
    outage = Outage(timedelta(days=20), timedelta(days=10), "one")
    series = run(OFFICE, days=60, host=hosts, outage=(outage,))
    asked = {
        name: [sum(minutes[1440 * day : 1440 * (day + 10)]) for day in (20, 40)]
        for name, minutes in series.requests.items()
    }
    assert asked["one"][0] == 0 < asked["two"][0]
    assert asked["two"][1] == 0 < asked["one"][1]


def test_machines_renew_at_the_host_they_know_while_no_name_server_answers() -> None:
    failure = DnsFailure(timedelta(days=3), timedelta(days=30))
    series = run(OFFICE, days=30, host=ONE, dns_failure=(failure,))
    assert set(series.codes) == {"COUNT_BELOW_THRESHOLD"}
    assert sum(series.requests["one"][1440 * 20 :]) >= 40


def test_copies_with_hardware_of_their_own_are_counted_and_others_are_one_machine() -> None:
    for same_hardware, count, state in ((False, 40, State.LICENSED), (True, 1, State.INITIAL_GRACE)):
        series = run(replace(OFFICE, clones=1.0, same_hardware=same_hardware), host=ONE)
        assert series.counts["one"][-1] == count
        assert states(series) == {state: 40}


def test_a_host_that_lost_its_count_is_full_again_after_a_renewal() -> None:
    outage = Outage(timedelta(days=10), timedelta(hours=1), loses_count=True)
    series = run(OFFICE, days=25, host=ONE, outage=(outage,))
    assert series.counts["one"][10 * 24 + 3] < 25
    assert series.counts["one"][-1] == 40
    assert not series.lost


def test_what_goes_the_whole_way_comes_to_the_same_and_it_would_be_seen_if_it_did_not() -> None:
    scenario = plain_scenario(250, 30, 1)
    series = World(scenario).run()
    assert series.checks > 10
    assert series.disagreements == 0

    class Liar(SimulatedHost):
        """Signs one machine more than it told."""

        def signed(self, body: bytes, verdict: Verdict, now: int) -> bytes:
            return super().signed(body, verdict._replace(told=verdict.told + 1), now)

    assert World(scenario, Liar).run().disagreements > 0
