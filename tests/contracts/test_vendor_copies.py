"""A vendor copied while it works and made again; the same suite for SQLite and PostgreSQL, and from one to the other."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from muster.base.errors import Code, MusterError
from muster.platform.accounts import Accounts
from muster.platform.accounts.sql import SqlAccounts
from muster.trust.humanid import format_installation
from muster.vendor import app as vendor
from muster.vendor import keeping
from muster.vendor.adapters.keybox import ISSUING
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.service.auditing import verify_audit
from muster.vendor.service.restoring import SKIPPED_SERIALS
from muster.vendor.service.sealing import seal_all
from tests.worlds.postgresql import Postgresql
from tests.worlds.vendor_world import BANK, PASSPHRASE, Acme, hardware, host, machine


class Place:
    """Where vendors are kept: folders, and databases of either kind."""

    def __init__(self, folder: Path, server: Callable[[], Postgresql], stack: ExitStack) -> None:
        self.folder = folder
        self._server = server
        self._stack = stack
        self._made = 0

    def database(self, kind: str) -> str:
        self._made += 1
        return "sqlite" if kind == "sqlite" else self._server().database(f"{self.folder.name}_{self._made}")

    def acme(self, kind: str) -> Acme:
        acme = Acme(self.folder / "acme", database=self.database(kind))
        self._stack.callback(acme.close)
        return acme

    def opened(self, home: Path, database: str, acme: Acme) -> vendor.Vendor:
        found = vendor.open_vendor(
            home, lambda: PASSPHRASE, environment={"MUSTER_VENDOR_DATABASE": database}, clock=acme.clock
        )
        assert isinstance(found.store, SqlStore)
        self._stack.callback(found.store.close)
        return found

    def accounts(self, home: Path, owner: vendor.Vendor, environment: dict[str, str]) -> Accounts:
        found = vendor.open_accounts(home, owner, environment=environment)
        assert isinstance(found.store, SqlAccounts)
        self._stack.callback(found.store.close)
        return found


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path, lambda: request.getfixturevalue("postgresql_server"), stack)


def refusal(work: Callable[[], object]) -> Code:
    with pytest.raises(MusterError) as told:
        work()
    return told.value.code


def backup(acme: Acme, file: Path) -> Path:
    keeping.backup(acme.home, file, environment=acme.environment, clock=acme.clock)
    return file


@pytest.mark.parametrize(
    ("kind", "into"), [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")]
)
def test_a_copy_of_a_vendor_that_works_is_the_vendor_of_one_instant(place: Place, kind: str, into: str) -> None:
    acme = place.acme(kind)
    mak, key = acme.mak(activations=1000), acme.host_key()
    known = acme.confirm(machine(mak, hardware(1)))
    serial = acme.confirm(host(key, 1)).serial or 0
    accounts = place.accounts(acme.home, acme.vendor, acme.environment)
    accounts.add("setup", "ada", "operator", password="a password of some length")
    vendor.extend_key(acme.vendor, key.partial, hosts=1, reason="a reason – with a letter like ß")
    seal_all(acme.vendor)
    begun, is_over = threading.Event(), threading.Event()

    def ask() -> None:
        number = 2
        while not is_over.is_set():
            acme.confirm(machine(mak, hardware(number)))
            number += 1
            begun.set()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert begun.wait(20)
        file = backup(acme, place.folder / "copy.zip")
    finally:
        is_over.set()
        asking.join()
    with zipfile.ZipFile(file) as packed:
        assert {"copy.json", "vendor.db", ISSUING} <= set(packed.namelist())

    database = place.database(into)
    home, environment = place.folder / "again", {"MUSTER_VENDOR_DATABASE": database}
    keeping.restore(home, file, environment=environment, clock=acme.clock)
    again = place.opened(home, database, acme)
    totals = again.store.run(lambda books: books.totals())
    machines = again.store.run(lambda books: books.machines(acme.row(mak).id))
    used = vendor.show_key(again, mak.formatted).used
    assert totals.machines == len(machines) == used >= 2, "rows that belong together came together"
    assert verify_audit(again).head.total >= 6
    last = {row["action"]: row for row in vendor.audit_rows(again, 1000)}
    assert last["key.extended"]["details"]["reason"] == "a reason – with a letter like ß"
    assert last["key.extended"]["at"] == f"{acme.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    repeated = vendor.confirm(again, format_installation(machine(mak, hardware(1))))
    assert (repeated.digits, str(repeated.cost)) == (known.digits, "nothing")
    assert (vendor.confirm(again, format_installation(host(key, 2))).serial or 0) > serial + SKIPPED_SERIALS
    people = place.accounts(home, again, environment)
    assert people.log_in("ada", "a password of some length", "192.0.2.0/24")
    assert vendor.issue_key(again, vendor.Order(mak.kind, "acme-cad-pro", BANK)), "numbers go on where they were"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_going_back_is_refused_unless_it_is_meant(place: Place, kind: str) -> None:
    acme = place.acme(kind)
    file = backup(acme, place.folder / "copy.zip")

    def restore(home: Path = acme.home, *, force: bool = False, seal: bytes | None = None) -> object:
        found = {"MUSTER_VENDOR_DATABASE": place.database(kind)} if home != acme.home else acme.environment
        return keeping.restore(home, file, force=force, seal=seal, environment=found, clock=acme.clock)

    assert restore(), "nothing was done since"
    vendor.add_organisation(acme.vendor, "Example Works")
    exported = vendor.export_audit(acme.home, acme.vendor, with_people=False)
    assert refusal(restore) is Code.COPY_STALE
    lost = place.folder / "lost"
    assert refusal(lambda: restore(lost, seal=vendor.read_known(exported.seal))) is Code.COPY_STALE
    assert not (lost / ISSUING).exists(), "what was refused left nothing"
    shutil.copy(acme.home / vendor.EXPORTED_SEAL, lost / vendor.EXPORTED_SEAL)
    assert refusal(lambda: restore(lost)) is Code.COPY_STALE, "the seal that stands in the home is enough"
    assert len(vendor.organisations(acme.vendor)) == 2
    if kind == "postgresql":  # as the settings in the copy would have it
        trial = place.folder / "trial"
        assert refusal(lambda: keeping.restore(trial, file, environment=acme.environment)) is Code.ALREADY_SET_UP
        assert len(vendor.organisations(acme.vendor)) == 2, "a trial overwrites nothing"
    restore(force=True)
    again = acme.again()
    assert len(vendor.organisations(again)) == 1
    assert vendor.audit_rows(again, 1)[0]["action"] == "books.restored"
    seal_all(again)
    assert verify_audit(again).unsealed == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_damaged_or_somebody_elses_changes_nothing(place: Place, kind: str) -> None:
    acme = place.acme(kind)
    vendor.add_organisation(acme.vendor.acting("eve"), "Example Works")
    seal_all(acme.vendor)
    good = backup(acme, place.folder / "copy.zip")
    assert isinstance(acme.vendor.store, SqlStore)
    acme.vendor.store._database.run(lambda c: c.execute(sa.text("UPDATE audit SET subject = 'another' WHERE id = 4")))
    forged = backup(acme, place.folder / "forged.zip")
    damaged = place.folder / "damaged.zip"
    data = bytearray(good.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    home, environment = place.folder / "again", {"MUSTER_VENDOR_DATABASE": place.database(kind)}
    for file, code in ((forged, Code.AUDIT_BROKEN), (damaged, Code.STATE_CORRUPT)):
        for force in (False, True):
            refused = refusal(
                lambda file=file, force=force: keeping.restore(home, file, force=force, environment=environment)  # type: ignore[misc]
            )
            assert refused is code, file.name
    assert not (home / ISSUING).exists()
    other = Acme(place.folder / "other", roots=2, database=place.database(kind))
    assert (
        refusal(lambda: keeping.restore(other.home, good, force=True, environment=other.environment))
        is Code.VENDOR_MISMATCH
    )
    assert [one.name for one in vendor.organisations(other.vendor)] == [BANK]
    other.close()
