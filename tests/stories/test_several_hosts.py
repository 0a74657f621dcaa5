"""Several hosts on one database: one count, one inventory, one limit, and what happens when the database goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from muster.base.errors import BY_NUMBER, Code, Misconfigured, StoreFailed
from muster.host import app as host
from muster.host.adapters.postgres_store import PostgresStore
from muster.host.core.answering import Answering, Intervals, Mandate, Outcome, Represented
from muster.host.core.counting import Counts
from muster.host.core.limits import NewIds
from muster.host.ports import Batch, Totals
from muster.host.service.shared_server import changed, take_in
from muster.trust.chain import issue_certificate, verify_answer
from muster.trust.cose import public_bytes
from muster.wire.activation import ReplyClaims
from muster.wire.armour import ACTIVATION_REQUEST, armour
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import Purpose
from tests.worlds.host_world import GROUP, START, HandClock, SmallVendor, certified_home, exchange, private
from tests.worlds.host_world import request as asked
from tests.worlds.postgresql import Postgresql

pytestmark = pytest.mark.parts

LARGE = 1_000
"""The threshold of these machines: so many are told apart by the count."""

AN_HOUR = 40
"""New ids of a network that are counted within one."""

NETWORK = "192.0.2.0/24"
PATIENCE = 20.0


@pytest.fixture
def address(postgresql_server: Postgresql, tmp_path: Path) -> str:
    return postgresql_server.database(tmp_path.name)


@pytest.fixture
def serializable(address: str) -> str:
    """A database that knows only serializable transactions, as some that speak the same protocol do."""
    with psycopg.connect(address, autocommit=True) as database:
        name = database.execute("SELECT quote_ident(current_database())").fetchone()
        assert name is not None
        database.execute(f"ALTER DATABASE {name[0]} SET default_transaction_isolation = 'serializable'".encode())
    return address


@asynccontextmanager
async def hosts(
    folder: Path, vendor: SmallVendor, address: str, number: int = 2, running: list[host.RunningHost] | None = None
) -> AsyncIterator[list[str]]:
    """Where hosts listen, each with a home and a certificate of its own, that share what is at `address`."""
    environment = {"MUSTER_HOST_STORE": address}
    async with AsyncExitStack() as stack:
        addresses = []
        for n in range(number):
            home = folder / f"host{n}"
            if not home.exists():
                await asyncio.to_thread(certified_home, home, vendor)
            one = await host.RunningHost.start(home, listen=["127.0.0.1:0"], environment=environment, clock=HandClock())
            stack.push_async_callback(one.stop)
            addresses.append(one.address)
            if running is not None:
                running.append(one)
        yield addresses


async def told(address: str, vendor: SmallVendor, number: int) -> int | Code:
    """The count that a machine hears, or the code of a signed refusal."""
    body = asked(vendor, number, threshold=LARGE)
    answer = await exchange(address, body)
    assert answer is not None
    claims = verify_answer(body, answer, vendor.trusted).claims
    return claims.count if isinstance(claims, ReplyClaims) else BY_NUMBER[claims.code]


@pytest.mark.parametrize("level", ["address", "serializable"])
def test_machines_that_ask_two_hosts_at_once_are_told_every_count_exactly_once(
    tmp_path: Path, request: pytest.FixtureRequest, level: str
) -> None:
    address: str = request.getfixturevalue(level)
    vendor, many = SmallVendor(), 200
    running: list[host.RunningHost] = []

    async def story() -> None:
        async with hosts(tmp_path, vendor, address, running=running) as both:
            counts = await asyncio.gather(*(told(both[n % 2], vendor, n) for n in range(many)))
            assert sorted(c for c in counts if isinstance(c, int)) == list(range(1, many + 1))
            # Many requests are one transaction, as on a host of its own.
            assert sum(one.server.commits for one in running) < many / 2
            # Renewals at the other host add nobody.
            again = await asyncio.gather(*(told(both[(n + 1) % 2], vendor, n) for n in range(50)))
            assert set(again) == {many}
        async with hosts(tmp_path, vendor, address) as both:
            assert await told(both[1], vendor, many) == many + 1

    asyncio.run(story())
    environment = {"MUSTER_HOST_STORE": address}
    found = [host.status(tmp_path / f"host{n}", environment=environment, clock=HandClock()).report for n in (0, 1)]
    assert [f["machines_30d"] for f in found] == [many + 1] * 2
    assert found[0]["requests"]["total"] == many + 51
    rows = list(host.machines(tmp_path / "host1", host.Wanted(), environment=environment, clock=HandClock()))
    assert len({row["client_id"] for row in rows}) == many + 1


def test_who_waited_for_a_turn_is_served_though_the_database_tells_a_conflict(serializable: str) -> None:
    vendor, now = SmallVendor(), seconds(START)

    async def count(store: PostgresStore, core: Answering, number: int, held: asyncio.Event) -> int:
        async with store.turn() as turn:
            held.set()
            body = asked(vendor, number)
            await take_in(turn, core, [(body, "")])
            verdict = core.decide(body, "192.0.2.1", "", now, store.is_known)
            await until_another_waits(serializable)
            assert verdict.row is not None
            await turn.commit(Batch([verdict.row], Totals(1)), {})
        return verdict.told

    async def wait(store: PostgresStore, core: Answering, number: int) -> int:
        body = asked(vendor, number)
        async with store.turn() as turn:
            await take_in(turn, core, [(body, "")])
            verdict = core.decide(body, "192.0.2.1", "", now, store.is_known)
            assert verdict.row is not None
            await turn.commit(Batch([verdict.row], Totals(1)), {})
        return verdict.told

    async def story() -> list[int]:
        stores = [PostgresStore(serializable), PostgresStore(serializable)]
        for store in stores:
            await store.load(now)
        held = asyncio.Event()
        first = asyncio.create_task(count(stores[0], _core(vendor), 1, held))
        await held.wait()
        found = await asyncio.gather(first, wait(stores[1], _core(vendor), 2))
        for store in stores:
            await store.close()
        return list(found)

    assert asyncio.run(story()) == [1, 2]


async def until_another_waits(address: str) -> None:
    """Until somebody in the database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as watching:
        async with asyncio.timeout(PATIENCE):
            while await (await watching.execute(waiting)).fetchone() is None:
                pass


def test_a_request_that_came_as_a_file_counts_with_the_others(tmp_path: Path, address: str) -> None:
    vendor = SmallVendor()
    certified_home(tmp_path / "alone", vendor)
    environment = {"MUSTER_HOST_STORE": address}

    async def story() -> None:
        async with hosts(tmp_path, vendor, address, 1) as (serving,):
            assert await told(serving, vendor, 1) == 1
            file = armour(ACTIVATION_REQUEST, asked(vendor, 2, threshold=LARGE)).encode()
            answer = await host.answer_file(tmp_path / "alone", file, environment, clock=HandClock())
            assert answer.count == 2
            assert await told(serving, vendor, 3) == 3

    asyncio.run(story())


def test_hosts_that_lose_their_database_say_busy_and_recover_by_themselves(
    tmp_path: Path, postgresql_server: Postgresql, address: str
) -> None:
    vendor = SmallVendor()
    running, refused = list[host.RunningHost](), list[int]()

    async def story() -> None:
        async with hosts(tmp_path, vendor, address, running=running) as both:
            assert [await told(at, vendor, n) for n, at in enumerate(both)] == [1, 2]
            await asyncio.to_thread(postgresql_server.stop)
            assert [await told(at, vendor, 2) for at in both] == [Code.HOST_BUSY] * 2
            await asyncio.to_thread(postgresql_server.start)
            async with asyncio.timeout(PATIENCE):
                for at in both:
                    while await told(at, vendor, 0) == Code.HOST_BUSY:
                        pass
            assert await told(both[0], vendor, 3) == 3
            assert await told(both[1], vendor, 4) == 4
            refused.append(sum(one.server.outcomes["refused"] for one in running))

    asyncio.run(story())
    # What was told while nothing could be written is written afterwards.
    assert _requests(tmp_path / "host0", address)["refused"] == refused[0] >= 2


def _requests(home: Path, address: str) -> dict[str, int]:
    found: dict[str, int] = host.status(home, environment={"MUSTER_HOST_STORE": address}, clock=HandClock()).report[
        "requests"
    ]
    return found


def test_a_host_that_begins_without_its_database_says_why_and_never_shows_the_password(
    tmp_path: Path, address: str
) -> None:
    vendor = SmallVendor()
    elsewhere = address.replace("muster@", "muster:hunter2@").rpartition("/")[0] + "/nowhere"

    async def story() -> None:
        async with hosts(tmp_path, vendor, elsewhere, 1):
            pytest.fail("it began")

    with pytest.raises(StoreFailed) as caught:
        asyncio.run(story())
    assert "nowhere" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(Misconfigured) as refused:
        asyncio.run(_recount(tmp_path / "host0", address))
    assert refused.value.code is Code.USAGE


async def _recount(home: Path, address: str) -> None:
    await host.RunningHost.start(home, environment={"MUSTER_HOST_STORE": address}, recount=True)


def test_the_limit_of_new_ids_is_one_for_all_hosts(address: str) -> None:
    vendor = SmallVendor()
    now = seconds(START)

    async def ask(store: PostgresStore, core: Answering, machines: range) -> list[Outcome]:
        bodies = [asked(vendor, n) for n in machines]
        async with store.turn() as turn:
            before = await take_in(turn, core, [(body, NETWORK) for body in bodies])
            verdicts = [core.decide(body, "192.0.2.1", NETWORK, now, store.is_known) for body in bodies]
            rows = [v.row for v in verdicts if v.row is not None]
            await turn.commit(Batch(rows, Totals(len(rows))), changed(core.new_ids.allowances([NETWORK]), before))
        return [v.outcome for v in verdicts]

    async def story() -> None:
        stores = [PostgresStore(address), PostgresStore(address)]
        cores = [_core(vendor), _core(vendor)]
        half = AN_HOUR // 2
        for store in stores:
            await store.load(now)
        first = await ask(stores[0], cores[0], range(half))
        second = await ask(stores[1], cores[1], range(half, AN_HOUR + 10))
        assert (set(first), second.count(Outcome.COUNTED)) == ({Outcome.COUNTED}, AN_HOUR - half)
        # The first host has not used its half, and yet nothing is left; who is known is counted all the same.
        assert await ask(stores[0], cores[0], range(9_000, 9_001)) == [Outcome.NOT_COUNTED]
        assert await ask(stores[0], cores[0], range(half, half + 5)) == [Outcome.COUNTED] * 5
        for store in stores:
            await store.close()

    asyncio.run(story())


def _core(vendor: SmallVendor) -> Answering:
    subject, trusted = private(99), vendor.trusted
    claims = CertificateClaims(1, 5, 7, day_number(START), 10, public_bytes(subject), GROUP, 255)
    mandate = Mandate(issue_certificate(vendor.host_key, claims, Purpose.HOST), claims, subject)
    represented = Represented(trusted.documents, frozenset(), (mandate,))
    return Answering({trusted.vendor_id: represented}, Intervals(10_080, 120), Counts({}, 1), 0, NewIds(AN_HOUR))
