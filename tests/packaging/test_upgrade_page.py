"""The figures of docs/operate/upgrade.md are those of the code: formats, revisions, what a refusal says."""

from __future__ import annotations

import re
from pathlib import Path

import muster.vendor.adapters
from muster.host.adapters import postgres_database, sqlite_file
from muster.platform.sql.database import newest_revision
from muster.wire import record
from tests.packaging.conftest import ROOT

PAGE = (ROOT / "docs" / "operate" / "upgrade.md").read_text(encoding="utf-8")
SOURCE = Path(muster.vendor.adapters.__file__).parents[2]


def form_of(what: str) -> str:
    (found,) = re.findall(rf"^\| {what}[^|]*\|[^|]*\| (?:format|revision) (\d+) \|", PAGE, re.MULTILINE)
    return str(found)


def test_the_forms_on_disk_are_told() -> None:
    assert form_of("counts of a host") == str(sqlite_file.STORE_FORMAT)
    assert form_of("counts of several hosts") == str(postgres_database.STORE_FORMAT)
    assert form_of("a vendor's books") == newest_revision(SOURCE / "vendor" / "adapters" / "migrations")
    assert form_of("a console's inventory") == newest_revision(SOURCE / "console" / "adapters" / "migrations")
    assert form_of("accounts") == newest_revision(SOURCE / "platform" / "accounts" / "migrations")
    assert form_of("a machine's record") == str(record.FORMAT)


def test_what_an_older_release_says_is_told_in_its_words() -> None:
    told = sqlite_file.other_format(Path("counts.db"), 4)
    assert "was made by another version" in told.message
    assert '"was made by another version"' in PAGE
    assert f'"{postgres_database.other_format("postgresql://db/muster", 4).hint.rstrip(".")}"' in PAGE
    assert '"was made by a newer release"' in PAGE
