"""Product keys in the console: sealed, refreshed, and put on the machines that they fit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Refused, StoreFailed, Unreachable
from muster.console.adapters.sql_books import SqlStore
from muster.console.adapters.vault import BoxVault
from muster.console.core.conditions import parse_conditions
from muster.console.core.keys import KeyLine
from muster.console.core.targets import from_list
from muster.console.service.acting import Console, begin, carry_out
from muster.console.service.keeping import (
    add_keys,
    change_passphrase,
    find_keys,
    install_keys,
    key_rows,
    keys,
    maks,
    refresh_keys,
    remove_keys,
    unsealing,
)
from muster.console.service.products import add_product
from muster.platform.sql import sqlite_url
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor import app as vendor
from tests.worlds.clocks import HandClock
from tests.worlds.direct_vendor import DirectVendor
from tests.worlds.effort import LIGHT
from tests.worlds.entropy import SeededEntropy
from tests.worlds.mak_machines import MakMachines
from tests.worlds.vendor_world import BANK, Acme

PASSPHRASE = "a passphrase of the bank"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    yield acme
    acme.close()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> BoxVault:
    return BoxVault.create(tmp_path_factory.mktemp("vault"), PASSPHRASE, SeededEntropy())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "console.db"


@pytest.fixture
def console(database: Path) -> Iterator[Console]:
    store = SqlStore(sqlite_url(database))
    store.migrate()
    yield Console(store, HandClock(), "anna")
    store.close()


def kept(console: Console, vault: BoxVault, *found: ProductKey) -> list[int | None]:
    lines = [KeyLine(number, key) for number, key in enumerate(found, 1)]
    return [added.key for added in add_keys(console, vault, lines)]


def server_mak(acme: Acme) -> ProductKey:
    return vendor.issue_key(acme.vendor, vendor.Order(KeyKind.MAK, "acme-cad-server", BANK, activations=3))


def test_keys_are_sealed_in_the_database_and_open_with_the_passphrase_alone(
    console: Console, vault: BoxVault, acme: Acme, database: Path, tmp_path: Path
) -> None:
    mak = acme.mak()
    assert kept(console, vault, mak) == [1]
    written = b"".join(path.read_bytes() for path in database.parent.glob("console.db*"))
    assert mak.partial.encode() in written
    for secret in (mak.text, mak.formatted, mak.text[:12], mak.text[5:20]):
        assert secret.encode() not in written
    (stored,) = keys(console)
    assert vault.unseal(stored) == mak
    (tmp_path / "other").mkdir()
    other = BoxVault.create(tmp_path / "other", PASSPHRASE, SeededEntropy(2))
    with pytest.raises(StoreFailed) as refused:
        other.unseal(stored)
    assert refused.value.code is Code.STATE_CORRUPT
    with pytest.raises(Misconfigured) as wrong:
        BoxVault(tmp_path / "other", "another passphrase", SeededEntropy())
    assert wrong.value.code is Code.PASSPHRASE_WRONG


def test_each_line_is_told_and_a_key_is_kept_once(console: Console, vault: BoxVault, acme: Acme) -> None:
    mak = acme.mak()
    lines = [KeyLine(1, mak), KeyLine(2, None, problem="it is far too long"), KeyLine(3, mak)]
    assert [added.verdict.code for added in add_keys(console, vault, lines)] == ["DONE", "KEY_MALFORMED", "NAME_TAKEN"]
    remove_keys(console, find_keys(console, [mak.partial.lower()]))
    assert keys(console) == []
    told = [row.action for row in console.store.run(lambda books: books.audited(9))]
    assert told == ["keys.removed", "keys.added"]


def test_keys_are_named_by_number_or_by_their_end(console: Console, vault: BoxVault, acme: Acme) -> None:
    one, two = acme.mak(), acme.host_key()
    kept(console, vault, one, two)
    assert [key.partial for key in find_keys(console, ["2", f"…{one.partial}", "1"])] == [two.partial, one.partial]
    for wrong in ("3", "", "AAAAA"):
        with pytest.raises(Misconfigured):
            find_keys(console, [wrong])


def test_what_is_left_of_a_mak_is_asked_of_its_vendor_key_by_key(console: Console, vault: BoxVault, acme: Acme) -> None:
    mak, host = acme.mak(activations=7), acme.host_key()
    kept(console, vault, mak, host)
    asked = DirectVendor(acme)
    (unknown,) = asyncio.run(refresh_keys(console, vault, maks(console), lambda _: asked))
    assert unknown[1].code == "VENDOR_MISMATCH"
    add_product(console, vendor.export_product(acme.vendor))
    told = asyncio.run(refresh_keys(console, vault, keys(console), lambda _: asked))
    assert [verdict.code for _, verdict in told] == ["DONE", "KEY_WRONG_KIND"]
    first, second = key_rows(console)
    assert (first["remaining"], first["total"], first["editions"], first["kind"]) == (7, 7, ["acme-cad-pro"], "mak")
    assert (second["remaining"], second["editions"]) == (None, ["acme-cad-pro", "acme-cad-server"])
    asked.trouble = Unreachable(Code.SERVICE_UNREACHABLE)
    (silent,) = asyncio.run(refresh_keys(console, vault, maks(console), lambda _: asked))
    assert silent[1].code == "SERVICE_UNREACHABLE"
    assert key_rows(console)[0]["remaining"] == 7


def run(console: Console, machines: MakMachines, vault: BoxVault, tasks: list[int]) -> dict[str, list[str]]:
    for task in tasks:
        asyncio.run(carry_out(console, machines, task, resolve=unsealing(console, lambda: vault)))
    found: dict[str, list[str]] = {}
    for task in tasks:
        for name, verdict in console.store.run(lambda books, task=task: books.verdicts(task)):  # type: ignore[misc]
            found.setdefault(name, []).append(verdict.code)
    return found


def lab(console: Console, acme: Acme) -> MakMachines:
    """Two workstations, a server, and a machine that was never asked."""
    product = add_product(console, vendor.export_product(acme.vendor))
    machines = MakMachines(product)
    for number, name in enumerate(("pc-1", "pc-2", "srv-1", "new-1")):
        machines.add(name, number, edition="acme-cad-server" if name == "srv-1" else "acme-cad-pro")
    console.store.run(lambda books: books.add_machines(from_list("pc-1 pc-2 srv-1 new-1"), "list", console.clock.now()))
    asyncio.run(carry_out(console, machines, begin(console, "status", {}, parse_conditions(["name!=new-1"]))))
    machines.asked.clear()
    return machines


def test_several_keys_go_each_to_the_machines_that_they_fit(console: Console, vault: BoxVault, acme: Acme) -> None:
    machines, pro, server = lab(console, acme), acme.mak(), server_mak(acme)
    kept(console, vault, pro, server)
    told = run(console, machines, vault, install_keys(console, keys(console), ()))
    assert told == {
        "pc-1": ["DONE"],
        "pc-2": ["DONE"],
        "srv-1": ["DONE"],
        # Nobody knew what is on it, so it was offered both.
        "new-1": ["DONE", "KEY_WRONG_EDITION"],
    }
    installed = {name: machine.key for name, machine in machines.machines.items()}
    assert installed == {"pc-1": pro, "pc-2": pro, "srv-1": server, "new-1": pro}
    rows = console.store.run(lambda books: books.rows(parse_conditions(["kind=mak"]), console.clock.now()))
    assert len(rows) == 4


def test_a_misfit_fails_its_machine_and_no_other(console: Console, vault: BoxVault, acme: Acme) -> None:
    machines = lab(console, acme)
    kept(console, vault, acme.mak())
    told = run(console, machines, vault, install_keys(console, keys(console), ()))
    assert told == {"pc-1": ["DONE"], "pc-2": ["DONE"], "srv-1": ["KEY_WRONG_EDITION"], "new-1": ["DONE"]}


def test_no_secret_key_stands_in_a_task_or_in_the_record(
    console: Console, vault: BoxVault, acme: Acme, database: Path
) -> None:
    machines, mak = lab(console, acme), acme.mak()
    kept(console, vault, mak)
    run(console, machines, vault, install_keys(console, keys(console), ()))
    written = b"".join(path.read_bytes() for path in database.parent.glob("console.db*"))
    assert mak.text.encode() not in written
    assert mak.formatted.encode() not in written
    assert console.store.run(lambda books: books.audited(1))[0].details == {"key": 1, "partial_key": mak.partial}


@pytest.mark.parametrize(("conditions", "error"), [(["name=nobody"], Misconfigured), ([], Refused)])
def test_nothing_is_begun_for_no_machine_nor_with_a_host_key(
    console: Console, vault: BoxVault, acme: Acme, conditions: list[str], error: type[MusterError]
) -> None:
    lab(console, acme)
    kept(console, vault, acme.mak() if conditions else acme.host_key())
    with pytest.raises(error):
        install_keys(console, keys(console), parse_conditions(conditions))
    assert console.store.run(lambda books: books.unfinished()) == []


def test_another_passphrase_opens_the_same_keys(console: Console, acme: Acme, tmp_path: Path) -> None:
    box = BoxVault.create(tmp_path, PASSPHRASE, SeededEntropy(), LIGHT)
    mak = acme.mak()
    kept(console, box, mak)
    with pytest.raises(Misconfigured):
        change_passphrase(console, box, "short")
    (tmp_path / ".keys.box.new").mkdir()
    with pytest.raises(StoreFailed):
        change_passphrase(console, box, "quite another one")
    (tmp_path / ".keys.box.new").rmdir()
    again = BoxVault(tmp_path, PASSPHRASE, SeededEntropy())
    change_passphrase(console, again, "quite another one")
    with pytest.raises(Misconfigured) as refused:
        BoxVault(tmp_path, PASSPHRASE, SeededEntropy())
    assert refused.value.code is Code.PASSPHRASE_WRONG
    (stored,) = keys(console)
    assert BoxVault(tmp_path, "quite another one", SeededEntropy()).unseal(stored) == mak
    assert "keys.passphrase-changed" in [row.action for row in console.store.run(lambda books: books.audited(9))]
