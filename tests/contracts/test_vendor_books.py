"""What the vendor's limits rely on; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Refused, StoreFailed
from muster.trust.humanid import format_installation
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.core.ledger import Cost
from muster.vendor.ports import Books
from muster.vendor.service.confirming import confirm_packed, grant_packed
from muster.wire.installation import InstallationId
from tests.worlds.name_servers import free_port
from tests.worlds.postgresql import Postgresql
from tests.worlds.vendor_world import Acme, hardware, host, machine, packed

AT_ONCE = 64


@pytest.fixture(params=["sqlite", "postgresql"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Acme]:
    database = "sqlite"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql_server")
        database = server.database(tmp_path.name)
    with closing(Acme(tmp_path, database=database)) as acme:
        yield acme


@pytest.fixture
def on_server(tmp_path: Path, postgresql_server: Postgresql) -> Iterator[Acme]:
    with closing(Acme(tmp_path, database=postgresql_server.database(tmp_path.name))) as acme:
        yield acme


def ask(nodes: list[vendor.Vendor], installations: list[InstallationId]) -> list[vendor.Confirmation | Code]:
    """Ask for all of them at once, each node for every other one."""

    def one(number: int) -> vendor.Confirmation | Code:
        try:
            return vendor.confirm(nodes[number % len(nodes)], format_installation(installations[number]))
        except Refused as refused:
            return refused.code

    for node in nodes:
        assert node.keys
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(len(installations))))


def test_sixty_four_machines_at_once_on_ten_that_are_left_are_exactly_ten(acme: Acme) -> None:
    key = acme.mak(activations=10)
    verdicts = ask([acme.vendor, acme.again()], [machine(key, hardware(number)) for number in range(AT_ONCE)])
    assert sum(isinstance(verdict, vendor.Confirmation) for verdict in verdicts) == 10
    assert verdicts.count(Code.KEY_EXHAUSTED) == AT_ONCE - 10
    assert acme.row(key).used == 10


def test_one_machine_that_asks_sixty_four_times_at_once_costs_one(acme: Acme) -> None:
    key = acme.mak(activations=10)
    verdicts = ask([acme.vendor, acme.again()], [machine(key, hardware(1))] * AT_ONCE)
    assert len({verdict.packed for verdict in verdicts if isinstance(verdict, vendor.Confirmation)}) == 1
    assert all(isinstance(verdict, vendor.Confirmation) for verdict in verdicts)
    assert acme.row(key).used == 1


def test_twelve_hosts_at_once_are_six(acme: Acme) -> None:
    key = acme.host_key()
    verdicts = ask([acme.vendor, acme.again()], [host(key, number) for number in range(12)])
    serials = [verdict.serial for verdict in verdicts if isinstance(verdict, vendor.Confirmation)]
    assert len(set(serials)) == len(serials) == 6
    assert verdicts.count(Code.HOST_LIMIT_REACHED) == 6


def test_every_confirmation_stands_in_the_audit_once(acme: Acme) -> None:
    key = acme.mak(activations=10)
    ask([acme.vendor], [machine(key, hardware(number)) for number in (1, 2, 3, 1, 2, 3)])
    rows = [row for row in vendor.audit_rows(acme.vendor, 100) if row["action"] == "machine.confirmed"]
    assert len(rows) == 3


def test_a_transaction_that_another_one_crosses_is_done_again(on_server: Acme) -> None:
    acme = on_server
    key = acme.mak(activations=10)
    tries: list[int] = []
    number = acme.row(key).id

    def work(books: Books) -> int:
        row = books.key(number)
        assert row is not None
        tries.append(row.used)
        if len(tries) == 1:
            acme.confirm(machine(key, hardware(1)))
        books.update_key(row)
        return row.used

    assert acme.vendor.store.run(work) == 1
    assert tries == [0, 1]


def test_a_database_that_is_gone_in_the_middle_loses_and_doubles_nothing(
    on_server: Acme, postgresql_server: Postgresql
) -> None:
    acme = on_server
    key = acme.mak(activations=10)
    first = acme.confirm(machine(key, hardware(1)))
    postgresql_server.stop()
    try:
        for number in (1, 2):
            with pytest.raises(StoreFailed):
                acme.confirm(machine(key, hardware(number)))
    finally:
        postgresql_server.start()
    assert acme.confirm(machine(key, hardware(1))).packed == first.packed
    acme.confirm(machine(key, hardware(2)))
    assert acme.row(key).used == 2


def test_nodes_that_start_together_on_an_empty_database_all_start(
    postgresql_server: Postgresql, tmp_path: Path
) -> None:
    url = postgresql_server.database(f"{tmp_path.name} empty").replace("postgresql://", "postgresql+psycopg://")
    code = f"from muster.vendor.adapters.sql_store import SqlStore; SqlStore({url!r}).migrate()"
    started = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in started] == [""] * len(started)
    with closing(SqlStore(url)) as store:
        assert store.run(lambda books: books.organisations()) == ()


def test_sixty_four_machines_at_once_on_one_key_wait_for_each_other_and_none_fails(on_server: Acme) -> None:
    acme = on_server
    key = acme.mak(activations=1000)
    verdicts = ask([acme.vendor, acme.again()], [machine(key, hardware(number)) for number in range(AT_ONCE)])
    assert all(isinstance(verdict, vendor.Confirmation) for verdict in verdicts)
    assert acme.row(key).used == AT_ONCE


def test_a_database_that_knows_only_serializable_tells_conflicts_and_loses_nothing(on_server: Acme) -> None:
    acme = on_server
    key = acme.mak(activations=3)
    again = acme.again()
    ids = [packed(machine(key, hardware(number))) for number in range(3)]
    tries: list[int] = []

    def work(books: Books) -> None:
        # Without holding it: the key's row was changed after this transaction began to look.
        found = books.key_by_lookup(acme.vendor.keys.lookup(key.text))
        assert found is not None
        tries.append(found.used)
        if len(tries) < len(ids):
            confirm_packed(again, ids[len(tries)])
        grant_packed(acme.vendor, books, ids[0])

    acme.vendor.store.run(work)
    assert (tries, acme.row(key).used) == ([0, 1, 2], 3)


def test_a_connection_that_is_cut_in_the_work_is_replaced_and_the_work_done_again(on_server: Acme) -> None:
    acme, url = on_server, on_server.environment["MUSTER_VENDOR_DATABASE"]
    key = acme.mak(activations=10)
    tries: list[int] = []

    def work(books: Books) -> None:
        tries.append(1)
        if len(tries) == 1:
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        grant_packed(acme.vendor, books, packed(machine(key, hardware(1))))

    acme.vendor.store.run(work, holding=True)
    assert (len(tries), acme.row(key).used) == (2, 1)


def test_a_connection_that_is_cut_before_the_commit_leaves_nothing(on_server: Acme) -> None:
    acme, url = on_server, on_server.environment["MUSTER_VENDOR_DATABASE"]
    key = acme.row(acme.mak(activations=10))

    def work(books: Books) -> None:
        books.update_key(replace(key, used=5))
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    with pytest.raises(MusterError) as told:
        acme.vendor.store.run(work)
    assert told.value.code is Code.STORE_FAILED
    found = acme.vendor.store.run(lambda books: books.key(key.id))
    assert found is not None
    assert found.used == 0


def test_who_dies_between_commit_and_signature_owes_the_same_answer_and_nothing_more(acme: Acme) -> None:
    key = acme.mak(activations=10)
    installation = packed(machine(key, hardware(1)))
    sign = acme.vendor.store.run(lambda books: grant_packed(acme.vendor, books, installation))
    found = confirm_packed(acme.again(), installation)
    assert found.packed == sign().packed
    assert (acme.row(key).used, found.cost) == (1, Cost.NOTHING)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_keep_every_name_is_refused_with_the_remedy(
    tmp_path: Path, postgresql_server: Postgresql, encoding: str
) -> None:
    database = postgresql_server.database(tmp_path.name, encoding)
    with pytest.raises(Misconfigured, match=rf"vendor\.toml names a database that is encoded in {encoding}") as told:
        Acme(tmp_path, database=database)
    assert "createdb --encoding=UTF8" in told.value.hint


def test_a_server_that_is_not_there_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="the database refused: connection failed") as told:
        Acme(tmp_path, database=f"postgresql://muster@127.0.0.1:{free_port()}/muster")
    assert "Check database in vendor.toml" in told.value.hint
