"""What every program's database holds to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

import muster
from muster.base.errors import Code, Misconfigured, StoreFailed
from muster.platform.sql import Database, sqlite_url
from muster.platform.sql.database import newest_revision


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path / "any ?#%.db"), tmp_path, "store")
    yield database
    database.close()


def pragma(database: Database, name: str) -> object:
    return database.run(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar())


def test_every_commit_is_flushed_to_disk(database: Database) -> None:
    assert (pragma(database, "synchronous"), pragma(database, "journal_mode")) == (2, "wal")


def test_work_that_fails_leaves_nothing_behind(database: Database) -> None:
    database.run(lambda connection: connection.exec_driver_sql("CREATE TABLE t (n INTEGER)"))

    def work(connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise KeyError

    with pytest.raises(KeyError):
        database.run(work)
    assert database.run(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM t").scalar()) == 0


def test_a_database_of_a_newer_release_is_left_alone_and_the_remedy_is_told(tmp_path: Path) -> None:
    scripts = tmp_path / "migrations" / "versions"
    scripts.mkdir(parents=True)
    (scripts / "0006_numbers.py").touch()
    database = Database(sqlite_url(tmp_path / "any.db"), scripts.parent, "store")
    for statement in ("CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0007')"):
        database.run(lambda connection, text=statement: connection.exec_driver_sql(text))  # type: ignore[misc]
    with pytest.raises(StoreFailed, match=r"newer release \(revision 0007; this one knows 0006\)") as told:
        database.migrate()
    assert "before the upgrade" in told.value.hint
    database.close()


@pytest.mark.parametrize("url", ["no url", "postgres+nothing://u:secret@h/d"])
def test_a_url_that_is_none_is_told_with_the_name_of_its_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured) as told:
        Database(url, tmp_path, "store in console.toml")
    assert (told.value.code, "console.toml" in told.value.hint) == (Code.SETTINGS_INVALID, True)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("program", ["vendor/adapters", "console/adapters", "platform/accounts"])
def test_the_name_of_a_script_tells_its_revision_and_the_last_name_the_newest(program: str) -> None:
    folder = Path(muster.__file__).parent / program / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [newest_revision(folder)]
    assert all(Path(script.path).name.startswith(script.revision) for script in scripts.walk_revisions())


def test_a_database_that_is_up_to_date_is_opened_without_a_migration(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    for name in ("0001_first.py", "0002_second.py"):
        (tmp_path / "versions" / name).touch()
    (tmp_path / "env.py").write_text("raise RuntimeError('a migration begins')")
    database = Database(sqlite_url(tmp_path / "one.db"), tmp_path, "store", "versions")
    with pytest.raises(RuntimeError, match="begins"):
        database.migrate()
    database.run(lambda connection: connection.exec_driver_sql("CREATE TABLE versions AS SELECT '0002' version_num"))
    database.migrate()
    database.run(lambda connection: connection.exec_driver_sql("UPDATE versions SET version_num = '0001'"))
    with pytest.raises(RuntimeError, match="begins"):
        database.migrate()
    database.close()
