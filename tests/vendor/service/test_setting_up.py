"""A vendor's home, product definition and product file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, StoreFailed
from muster.trust.product import open_product
from muster.vendor import app as vendor
from tests.worlds.clocks import MORNING
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import DEFINITION, PASSPHRASE, Acme


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    return Acme(tmp_path_factory.mktemp("vendor"))


def test_the_product_file_opens_under_the_fingerprint_and_its_serial_grows(acme: Acme) -> None:
    opened = [
        open_product(vendor.export_product(acme.vendor), now=MORNING, fingerprint=bytes.fromhex(acme.fingerprint))
        for _ in range(2)
    ]
    assert [edition.name for edition in opened[0].claims.editions] == ["acme-cad-pro", "acme-cad-server"]
    assert opened[1].claims.serial == opened[0].claims.serial + 1


def test_the_example_that_init_writes_can_be_imported_as_it_is(tmp_path: Path) -> None:
    fresh, _ = vendor.create(tmp_path, 'Quote "Me" Ltd', PASSPHRASE, environment={}, effort=LIGHT)
    vendor.import_product(fresh, (tmp_path / vendor.EXAMPLE).read_text(), "product.toml")
    assert open_product(vendor.export_product(fresh)).claims.vendor == 'Quote "Me" Ltd'


def test_key_files_cost_what_is_asked_for_and_by_default_what_is_recommended(acme: Acme, tmp_path: Path) -> None:
    vendor.create(tmp_path / "other", "Other Software", PASSPHRASE, environment={})
    for home, expected in ((acme.home, (8, 1, 1)), (tmp_path / "other", (65_536, 3, 4))):
        boxes = sorted(home.rglob("*.box"))
        assert [path.name for path in boxes] == ["issuing.box", "root-1.box"]
        for box in boxes:
            written = json.loads(box.read_bytes())["argon2id"]
            assert (written["memory_kib"], written["iterations"], written["lanes"]) == expected


def test_nothing_can_be_exported_or_issued_before_a_definition_was_imported(tmp_path: Path) -> None:
    fresh, _ = vendor.create(tmp_path, "Acme Software", PASSPHRASE, environment={}, effort=LIGHT)
    with pytest.raises(Misconfigured) as refused:
        vendor.export_product(fresh)
    assert refused.value.code is Code.NOT_SET_UP


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("level = 300", "level = 10", "level"),
        ('class = "laptop"', 'class = "server"', "class"),
        ("id = 1001", "id = 1002", "1001"),
        ('name = "acme-cad-pro"', 'name = "acme-cad-server"', "acme-cad-pro"),
        ('group = "other"', 'group = "acme-cad"', "other"),
        ('product = "Other"', 'product = "Acme CAD"', "Other"),
        ('name = "Acme CAD Pro"', 'name = "acme-cad-pro"', "small letters"),
        ("thresold = 3", "level = 10", "thresold"),
        ('id = "x"', "id = 1001", "id"),
        ("= [", "level = 10", ""),
    ],
)
def test_a_mistake_in_the_definition_is_named_and_the_old_one_holds(
    acme: Acme, wrong: str, right: str, words: str
) -> None:
    assert right in DEFINITION
    text = DEFINITION.replace(right, wrong, 1)
    before = open_product(vendor.export_product(acme.vendor)).claims.editions
    with pytest.raises(MusterError) as refused:
        vendor.import_product(acme.vendor, text, "product.toml")
    assert refused.value.exit_code == 2
    line = max(number for number, found in enumerate(text.splitlines(), 1) if wrong in found)
    assert f"product.toml:{line}: " in refused.value.message or "not TOML" in refused.value.message
    assert refused.value.hint
    assert words in refused.value.message + refused.value.hint
    assert open_product(vendor.export_product(acme.vendor)).claims.editions == before


def test_an_id_never_moves_to_another_name_not_even_after_it_was_left_out(tmp_path: Path) -> None:
    acme = Acme(tmp_path)
    without = DEFINITION[: DEFINITION.rindex("[[edition]]")]
    vendor.import_product(acme.vendor, without, "product.toml")
    for old, new in (("id = 1002", "id = 1003"), ('name = "acme-cad-server"', 'name = "acme-cad-viewer"')):
        with pytest.raises(Misconfigured) as refused:
            vendor.import_product(acme.vendor, DEFINITION.replace(old, new), "product.toml")
        assert "1002" in refused.value.message
    vendor.import_product(acme.vendor, DEFINITION, "product.toml")


def test_a_definition_of_another_vendor_is_refused(acme: Acme) -> None:
    with pytest.raises(Misconfigured) as refused:
        vendor.import_product(acme.vendor, DEFINITION.replace("Acme Software", "Other Software"), "product.toml")
    assert refused.value.code is Code.VENDOR_MISMATCH


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "\x1b[31m", "x" * 201])
def test_a_name_that_cannot_be_shown_is_no_organisation(acme: Acme, name: str) -> None:
    before = vendor.organisations(acme.vendor)
    with pytest.raises(Misconfigured):
        vendor.add_organisation(acme.vendor, name)
    assert vendor.organisations(acme.vendor) == before


def test_an_organisation_is_added_once(acme: Acme) -> None:
    added = vendor.add_organisation(acme.vendor, "Example  Works")
    with pytest.raises(MusterError) as refused:
        vendor.add_organisation(acme.vendor, "Example Works")
    assert refused.value.code is Code.ALREADY_SET_UP
    assert added in vendor.organisations(acme.vendor)


def test_a_home_holds_one_vendor_and_keeps_it(acme: Acme) -> None:
    with pytest.raises(MusterError) as refused:
        vendor.create(acme.home, "Other Software", PASSPHRASE, environment={})
    assert refused.value.code is Code.ALREADY_SET_UP
    assert vendor.facts(acme.again())["vendor_fingerprint"] == acme.fingerprint


def test_an_empty_home_holds_no_vendor(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        vendor.open_vendor(tmp_path, lambda: PASSPHRASE, environment={})
    assert refused.value.code is Code.NOT_SET_UP


@pytest.mark.parametrize(("roots", "threshold"), [(0, 0), (1, 2), (9, 1), (2, 0)])
def test_numbers_of_root_keys_that_no_keyset_holds_are_refused(tmp_path: Path, roots: int, threshold: int) -> None:
    with pytest.raises(Misconfigured):
        vendor.create(tmp_path / "home", "Acme", PASSPHRASE, roots=roots, threshold=threshold, environment={})
    assert not (tmp_path / "home").exists()


def test_a_wrong_passphrase_is_told_and_reading_needs_none(acme: Acme) -> None:
    other = vendor.open_vendor(acme.home, lambda: "not this one", environment={})
    assert vendor.organisations(other)
    with pytest.raises(Misconfigured) as refused:
        vendor.export_product(other)
    assert refused.value.code is Code.PASSPHRASE_WRONG


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json", b'{"format": 2}'])
def test_a_damaged_box_says_so(tmp_path: Path, damage: bytes) -> None:
    acme = Acme(tmp_path)
    (tmp_path / "issuing.box").write_bytes(damage)
    with pytest.raises(Malformed) as refused:
        vendor.export_product(acme.again())
    assert refused.value.code is Code.STATE_CORRUPT


def test_a_database_that_is_none_is_refused_and_left_alone(tmp_path: Path) -> None:
    acme = Acme(tmp_path)
    for path in tmp_path.glob("vendor.db*"):
        path.unlink()
    (tmp_path / "vendor.db").write_bytes(b"this is no database at all" * 400)
    with pytest.raises(StoreFailed):
        acme.again()
    assert (tmp_path / "vendor.db").read_bytes().startswith(b"this is no database")


def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "a ? b # 100 %")
    assert vendor.organisations(acme.again())


@pytest.mark.parametrize("url", ["nonsense", "unknown://here", "postgresql://localhost:1/none"])
def test_a_database_that_cannot_be_had_is_an_error_with_its_cause(acme: Acme, url: str) -> None:
    with pytest.raises(MusterError) as refused:
        vendor.open_vendor(acme.home, lambda: PASSPHRASE, environment={"MUSTER_VENDOR_DATABASE": url})
    assert refused.value.code in {Code.SETTINGS_INVALID, Code.STORE_FAILED}
