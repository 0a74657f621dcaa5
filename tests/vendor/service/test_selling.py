"""Product keys: issued once, found again, never kept."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from muster.base.errors import Code, Misconfigured, MusterError
from muster.trust.productkey import KeyKind
from muster.vendor import app as vendor
from muster.vendor.core.ledger import ACTIVATIONS, HOSTS, MAX_DAYS, REACTIVATIONS
from tests.worlds.vendor_world import BANK, Acme


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    return Acme(tmp_path_factory.mktemp("vendor"))


def test_a_key_is_for_its_scope_and_has_the_terms_that_were_not_named(acme: Acme) -> None:
    key = acme.host_key()
    row = acme.row(key)
    assert (key.kind, key.scope) == (KeyKind.HOST, 1)
    assert (row.level, row.hosts, row.reactivations, row.days) == (255, HOSTS, REACTIVATIONS, 3 * 365)
    order = vendor.Order(KeyKind.MAK, "acme-cad-server", BANK)
    assert acme.row(vendor.issue_key(acme.vendor, order)).activations == ACTIVATIONS


def test_a_key_is_found_by_number_by_its_end_and_by_itself(acme: Acme) -> None:
    key = acme.mak()
    row = acme.row(key)
    for which in (str(row.id), key.partial, key.partial.lower(), key.formatted, key.text):
        assert vendor.show_key(acme.vendor, which) == row


def test_neither_the_key_nor_its_secret_stands_in_any_file_of_the_home(acme: Acme) -> None:
    key = acme.mak()
    acme.vendor.keys.seal(key.secret, key.reference)
    with sqlite3.connect(acme.home / "vendor.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    for path in (path for path in acme.home.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for secret in (key.text.encode(), key.formatted.encode(), key.secret, key.secret.hex().encode()):
            assert secret not in data, path


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        (vendor.Order(KeyKind.HOST, "acme-cad-pro", BANK), Code.NOT_FOUND, "acme-cad"),
        (vendor.Order(KeyKind.MAK, "acme-cad", BANK), Code.NOT_FOUND, "acme-cad-pro, acme-cad-server"),
        (vendor.Order(KeyKind.HOST, "acme-cad", "Exampel Bank"), Code.ORGANISATION_UNKNOWN, BANK),
        (vendor.Order(KeyKind.HOST, "acme-cad", "Zzz"), Code.ORGANISATION_UNKNOWN, "organisation add"),
        (vendor.Order(KeyKind.HOST, "acme-cad", BANK, level=256), Code.USAGE, ""),
        (vendor.Order(KeyKind.HOST, "acme-cad", BANK, activations=5), Code.USAGE, "mak"),
        (vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, level=5), Code.USAGE, "--level"),
        (vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, activations=0), Code.USAGE, ""),
        (vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, days=MAX_DAYS + 1), Code.USAGE, ""),
        (vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, until=date(2020, 1, 1)), Code.USAGE, "later"),
        (vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, until=date(2200, 1, 1)), Code.USAGE, "2149"),
        (vendor.Order(KeyKind.HOST, "acme-cad", BANK, covers_until=date(1960, 1, 1)), Code.USAGE, ""),
    ],
)
def test_an_order_that_cannot_be_met_says_why_and_issues_nothing(
    acme: Acme, order: vendor.Order, code: Code, words: str
) -> None:
    before = vendor.list_keys(acme.vendor, None)
    with pytest.raises(Misconfigured) as refused:
        vendor.issue_key(acme.vendor, order)
    assert refused.value.code is code
    assert words in refused.value.hint
    assert vendor.list_keys(acme.vendor, None) == before


@pytest.mark.parametrize(
    "grant",
    [
        {"reason": "", "hosts": 1},
        {"reason": "why not"},
        {"reason": "why not", "hosts": -1, "reactivations": 2},
        {"reason": "why not", "activations": 1},
        {"reason": "x" * 401, "hosts": 1},
    ],
)
def test_an_exception_needs_a_reason_and_must_fit_the_key(acme: Acme, grant: dict[str, object]) -> None:
    key = acme.host_key()
    with pytest.raises(Misconfigured):
        vendor.extend_key(acme.vendor, key.partial, **grant)  # type: ignore[arg-type]
    assert acme.row(key).hosts == HOSTS


def test_the_reason_of_an_exception_is_written_down(acme: Acme) -> None:
    vendor.extend_key(acme.vendor, acme.host_key().partial, hosts=2, reason="second site")
    assert vendor.audit_rows(acme.vendor, 1)[0]["details"]["reason"] == "second site"


@pytest.mark.parametrize("which", ["999999", "ZZZZZ", "no key at all", ""])
def test_a_key_that_nobody_issued_is_not_found(acme: Acme, which: str) -> None:
    with pytest.raises(MusterError) as refused:
        vendor.show_key(acme.vendor, which)
    assert refused.value.code is Code.NOT_FOUND
