"""What the vendor's sealed audit relies on; the same suite for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from muster.base.errors import Code, MusterError, Refused
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import SqlStore
from muster.vendor.service.auditing import export_audit, holds, read_known, verify_audit, verify_file
from muster.vendor.service.sealing import seal_all, seal_due
from muster.wire.audit import decode_audit_file
from muster.wire.keyset import Purpose
from tests.worlds.clocks import MORNING
from tests.worlds.postgresql import Postgresql
from tests.worlds.vendor_world import Acme, hardware, machine

READERS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def acme(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Acme]:
    database = "sqlite"
    if request.param == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql_server")
        database = server.database(tmp_path.name)
    with closing(Acme(tmp_path, database=database)) as acme:
        yield acme


def by_hand(acme: Acme, statement: str) -> None:
    """What somebody does who can write to the database."""
    assert isinstance(acme.vendor.store, SqlStore)
    acme.vendor.store._database.run(lambda connection: connection.execute(sa.text(statement)))


def refusal(work: Callable[[], object]) -> Code:
    with pytest.raises(MusterError) as told:
        work()
    return told.value.code


def test_rows_come_under_a_seal_and_the_chain_holds(acme: Acme) -> None:
    key = acme.mak(activations=10)
    assert seal_all(acme.vendor) == 4
    acme.confirm(machine(key, hardware(1)))
    vendor.extend_key(acme.vendor, key.partial, activations=1, reason="one more desk of Ada's")
    assert verify_audit(acme.vendor).unsealed == 2
    assert seal_all(acme.vendor) == 2
    found = verify_audit(acme.vendor)
    assert (found.head.number, found.head.total, found.unsealed) == (2, 6, 0)
    assert [row["details"].get("reason") for row in vendor.audit_rows(acme.vendor, 1)] == ["one more desk of Ada's"]


def test_sealers_at_once_seal_every_row_once(acme: Acme) -> None:
    for number in range(20):
        vendor.add_organisation(acme.vendor, f"customer {number}")
    nodes = [acme.vendor, acme.again()]
    assert all(node.keys for node in nodes)
    with ThreadPoolExecutor(READERS) as pool:
        sealed = list(pool.map(lambda n: seal_due(nodes[n % 2]), range(READERS)))
    assert sum(sealed) == 23
    assert verify_audit(acme.vendor).head.total == 23


CHANGES = {
    "UPDATE audit SET subject = 'another' WHERE id = 4": "UPDATE audit SET subject = 'Example Works' WHERE id = 4",
    "UPDATE audit SET action = 'key.issued' WHERE id = 4": "UPDATE audit SET action = 'organisation.added' WHERE id = 4",
    "UPDATE audit SET actor_id = 1 WHERE id = 4": "UPDATE audit SET actor_id = 2 WHERE id = 4",
    "UPDATE audit SET details = '{}' WHERE id = 2": """UPDATE audit SET details = '{"editions": 2}' WHERE id = 2""",
    "UPDATE audit SET seal_number = NULL WHERE id = 4": "UPDATE audit SET seal_number = 1 WHERE id = 4",
    "UPDATE audit SET seal_number = 2 WHERE id = 4": "UPDATE audit SET seal_number = 1 WHERE id = 4",
    "UPDATE audit SET id = 77 WHERE id = 4": "UPDATE audit SET id = 4 WHERE id = 77",
    "UPDATE person SET name = 'adam' WHERE name = 'eve'": "UPDATE person SET name = 'eve' WHERE name = 'adam'",
    "DELETE FROM seal WHERE number = 1": "",
}
"""What somebody may change behind the seals, and how it is undone."""


def test_whatever_is_changed_behind_the_seals_is_noticed(acme: Acme) -> None:
    vendor.add_organisation(acme.vendor.acting("eve"), "Example Works")
    seal_all(acme.vendor)
    vendor.add_organisation(acme.vendor, "Example Mills")
    seal_all(acme.vendor)
    for change, undo in CHANGES.items():
        assert verify_audit(acme.vendor).head.number == 2
        by_hand(acme, change)
        assert refusal(lambda: verify_audit(acme.vendor)) is Code.AUDIT_BROKEN, change
        if undo:
            by_hand(acme, undo)


def test_newest_rows_that_are_cut_off_are_missed_by_the_seal_that_was_kept_elsewhere(acme: Acme) -> None:
    exported = export_audit(acme.vendor, with_people=False)
    kept = read_known(exported.seal)
    assert verify_audit(acme.vendor, kept).unsealed == 1
    by_hand(acme, "DELETE FROM seal")
    by_hand(acme, "DELETE FROM audit")
    assert verify_audit(acme.vendor).head.number == 0
    assert refusal(lambda: verify_audit(acme.vendor, kept)) is Code.COPY_STALE
    assert not holds(acme.vendor, kept)


def test_a_person_is_erased_from_every_row_and_all_seals_still_hold(acme: Acme) -> None:
    ada = acme.vendor.acting("ada")
    vendor.add_organisation(ada, "Example Works")
    acme.vendor.store.run(lambda books: books.audit(MORNING, "root", "account.added", "ada", {"role": "operator"}))
    vendor.extend_key(ada, acme.mak().partial, activations=1, reason="ada asked for it")
    before = export_audit(acme.vendor, with_people=True)
    number = vendor.erase_person(acme.vendor, "ada", "letter 12")
    row = next(row for row in vendor.audit_rows(acme.vendor, 50) if row["action"] == "key.extended")
    vendor.erase_remark(acme.vendor, row["id"], "letter 12")
    rows = vendor.audit_rows(acme.vendor, 50)
    assert "ada" not in str(rows).replace("added", "")
    stands = f"erased person {number}"
    assert [row["actor"] for row in rows].count(stands) == 2
    assert [row["subject"] for row in rows].count(stands) == 1
    after = export_audit(acme.vendor, with_people=True)
    assert b"ada asked" in before.file
    assert b"ada asked" not in after.file
    assert decode_audit_file(after.file).seals[0] == decode_audit_file(before.file).seals[0]
    assert verify_audit(acme.vendor).head.number == 2
    with pytest.raises(Refused):
        vendor.erase_person(acme.vendor, "ada", "letter 12")
    vendor.add_organisation(ada, "Example Mills")
    assert vendor.audit_rows(acme.vendor, 1)[0]["actor"] == "ada"


def test_an_exported_audit_proves_itself_to_whoever_knows_the_fingerprint(acme: Acme) -> None:
    acme.confirm(machine(acme.mak(), hardware(1)))
    done = export_audit(acme.vendor, with_people=True)
    found = verify_file(done.file, bytes.fromhex(acme.fingerprint), read_known(done.seal))
    assert found.head == done.head
    assert refusal(lambda: verify_file(done.file, bytes(32))) is Code.VENDOR_MISMATCH
    assert verify_file(done.file, bytes.fromhex(acme.fingerprint)).head.total == 5


def test_a_revoked_key_is_stood_upon_by_the_next_one(acme: Acme) -> None:
    seal_all(acme.vendor)
    number = next(k.number for k in acme.vendor.keysets().newest.issuing if k.purpose is Purpose.PRODUCT)
    vendor.change(acme.vendor, vendor.Change(revoke=(number,)))
    assert refusal(lambda: verify_audit(acme.vendor)) is Code.KEY_REVOKED
    seal_all(acme.vendor)
    assert verify_audit(acme.vendor).head.number == 2
