"""Audit rows of an older release go through the migration that takes names and remarks out of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from muster.platform.sql import sqlite_url
from muster.vendor import app as vendor
from muster.vendor.adapters.sql_store import MIGRATIONS, SqlStore
from muster.vendor.service.auditing import verify_audit
from muster.vendor.service.sealing import seal_all
from tests.worlds.vendor_world import Acme

ROWS = (
    ("root", "organisation.added", "Example Bank", "{}"),
    ("root", "account.added", "ada", '{"role": "operator"}'),
    ("ada", "key.extended", "7", '{"activations": 5, "reason": "a desk for Bob"}'),
    ("ada", "key.issued", "8", '{"scope": "acme-cad"}'),
)


def migrate_to(engine: sa.Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_rows_of_an_older_release_are_kept_with_their_numbers_and_can_be_sealed(tmp_path: Path) -> None:
    old = sa.create_engine(sqlite_url(tmp_path / "old.db"))
    migrate_to(old, "0004")
    write = sa.text(
        "INSERT INTO audit (at, actor, action, subject, details) VALUES (:at, :actor, :action, :subject, :d)"
    )
    with old.begin() as connection:
        for actor, action, subject, details in ROWS:
            row = {
                "at": "2026-11-24 09:00:00.000000",
                "actor": actor,
                "action": action,
                "subject": subject,
                "d": details,
            }
            connection.execute(write, row)
        connection.execute(sa.text("DELETE FROM audit WHERE id = 4"))
    migrate_to(old, "head")
    old.dispose()
    with closing(SqlStore(sqlite_url(tmp_path / "old.db"))) as store:
        found = store.run(lambda books: books.audit_rows(10))
        assert [(r.id, r.actor, r.action, r.subject) for r in found] == [
            (number, *row[:3]) for number, row in enumerate(ROWS[:3], 1)
        ]
        assert found[2].details == {"activations": 5, "reason": "a desk for Bob"}
        sealed = store.run(lambda books: books.unsealed(10))
        assert "ada" not in str(sealed).replace("added", "")
        assert "Bob" not in str(sealed)
        store.run(lambda books: books.audit(found[0].at, "eve", "key.issued", "9", {}))
        # The number of a row that was there once is not given again.
        assert store.run(lambda books: books.audit_rows(1))[0].id == 5


def test_a_chain_begins_with_the_rows_that_are_there(tmp_path: Path) -> None:
    with closing(Acme(tmp_path)) as acme:
        before = len(vendor.audit_rows(acme.vendor, 100))
        assert seal_all(acme.vendor) == before
        assert verify_audit(acme.vendor).head.total == before
