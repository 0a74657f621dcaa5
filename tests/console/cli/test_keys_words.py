"""Keys, product files and bundles by words: what is printed, what it ends with, what a mistake leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from muster.base.errors import Code, MusterError
from muster.console import app as console
from muster.console.cli import app
from muster.trust.productkey import KeyKind
from muster.vendor import app as vendor
from tests.worlds.vendor_keys import CAD_PRO, VendorKeys
from tests.worlds.vendor_world import PASSPHRASE, Acme

ONE, TWO = (VendorKeys().key(KeyKind.MAK, CAD_PRO.id, chance) for chance in (1, 2))
FAILED = 1


@dataclass
class Words:
    """Commands about one home."""

    home: Path

    def run(self, *words: str, entered: str = "", passphrase: str = PASSPHRASE, new: str = "") -> tuple[int, str]:
        """Exit code and standard output; a refusal is raised, as `muster` would tell it."""
        around = {"MUSTER_HOME": str(self.home), "MUSTER_PASSPHRASE": passphrase}
        around |= {"MUSTER_NEW_PASSPHRASE": new} if new else {}
        done = CliRunner().invoke(app, list(words), env=around, input=entered)
        if isinstance(done.exception, MusterError):
            raise done.exception
        return done.exit_code, done.stdout

    def done(self, *words: str, entered: str = "") -> str:
        """What a command that must succeed printed."""
        code, said = self.run(*words, entered=entered)
        assert code == 0, said
        return said

    def plain(self, *words: str) -> Any:
        """The same of a command that prints JSON."""
        return json.loads(self.done(*words, "--json"))

    def refused(self, *words: str, **how: str) -> Code:
        """The code of a command that must be refused."""
        with pytest.raises(MusterError) as told:
            self.run(*words, **how)
        assert told.value.hint
        return told.value.code


@pytest.fixture
def words(tmp_path: Path) -> Words:
    return Words(tmp_path / "home")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("acme")
    acme = Acme(folder / "vendor")
    file = folder / "acme.muster"
    file.write_text(vendor.export_product(acme.vendor))
    yield file
    acme.close()


def test_keys_are_added_from_a_table_shown_by_their_end_and_removed(words: Words, tmp_path: Path) -> None:
    table = tmp_path / "keys.csv"
    table.write_text(f"key,organisation\n{ONE.formatted},Example Bank\n{TWO.formatted[:-1]},typo\n")
    code, said = words.run("keys", "add", "--file", str(table))
    assert (code, "line 3" in said, "KEY_MALFORMED" in said) == (FAILED, True, True)
    assert words.done("keys", "add", "-", "--note", "spare", entered=f"{TWO.text}\n") == "1 of 1 keys added\n"
    shown = words.done("keys", "list")
    assert (ONE.partial in shown, "Example Bank" in shown, "spare" in shown) == (True, True, True)
    assert ONE.text[:20] not in shown
    assert ONE.formatted[:23] not in shown
    rows = words.plain("keys", "list")["keys"]
    assert [(row["key"], row["kind"], row["remaining"]) for row in rows] == [(1, "mak", None), (2, "mak", None)]
    assert words.done("keys", "remove", "1", TWO.partial, "--yes") == "2 keys removed\n"
    assert words.plain("keys", "list") == {"keys": []}


def test_a_passphrase_opens_keys_and_a_wrong_one_leaves_nothing_behind(words: Words) -> None:
    assert words.refused("keys", "add", "-", entered=ONE.text, passphrase="short") is Code.PASSPHRASE_WRONG
    assert not (words.home / "keys.box").exists()
    words.done("keys", "add", "-", entered=ONE.text)
    assert words.refused("keys", "add", "-", entered=TWO.text, passphrase="another one") is Code.PASSPHRASE_WRONG
    words.done("discover", "pc-1")
    assert words.refused("install-key", "1", passphrase="another one") is Code.PASSPHRASE_WRONG
    assert words.plain("tasks") == {"tasks": []}
    assert (words.home / "keys.box").stat().st_mode & 0o777 == 0o600


def test_product_files_are_added_listed_and_removed(words: Words, product: Path) -> None:
    words.done("products", "add", str(product))
    (row,) = words.plain("products", "list")["products"]
    assert (row["vendor"], row["editions"]) == ("Acme Software", ["acme-cad-pro", "acme-cad-server"])
    damaged = words.home / "damaged"
    damaged.write_text(product.read_text()[:-200])
    assert words.refused("products", "add", str(damaged)) is Code.PRODUCT_MALFORMED
    assert words.refused("products", "remove", "Nobody") is Code.NOT_FOUND
    words.done("products", "remove", "acme software")
    assert words.plain("products", "list") == {"products": []}


def test_an_older_product_file_is_refused(words: Words, tmp_path: Path) -> None:
    keys = VendorKeys()
    for serial in (2, 1):
        (tmp_path / f"{serial}").write_text(keys.product_file(serial=serial))
    words.done("products", "add", str(tmp_path / "2"))
    assert words.refused("products", "add", str(tmp_path / "1")) is Code.PRODUCT_TOO_OLD


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["install-key", "7"], Code.NOT_FOUND),
        (["keys", "add", "-"], Code.USAGE),
        (["keys", "add", "-", "--file", "x"], Code.USAGE),
        (["export", "--out", "x"], Code.NOT_FOUND),
        (["export", "--out", "x", "--hosts", "kms1"], Code.USAGE),
        (["export", "--fleet", "--out", "x"], Code.NOT_FOUND),
        (["proxy"], Code.NOT_FOUND),
        (["import", "/nowhere"], Code.NOT_FOUND),
        (["confirm-file", "/nowhere", "--out", "x"], Code.NOT_FOUND),
        (["discover", "--name", "pc-*"], Code.USAGE),
        (["discover", "--ldap", "corp.example", "--ldap-keytab", "x"], Code.USAGE),
        (["directory", "activate", "--key", "7"], Code.NOT_FOUND),
    ],
)
def test_mistakes_are_told(words: Words, asked: list[str], code: Code) -> None:
    assert words.refused(*asked) is code


def test_nothing_to_deposit_is_no_failure(words: Words) -> None:
    words.done("discover", "pc-1")
    assert words.done("deposit") == "nothing is left to deposit\n"
    assert words.plain("deposit")["done"] == 0


def test_keys_in_a_fleet_file_are_for_the_owners_eyes(words: Words, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(VendorKeys().product_file())
    words.done("products", "add", str(tmp_path / "p"))
    words.done("keys", "add", "-", entered=ONE.text)
    out = tmp_path / "fleet"
    words.done("export", "--fleet", "--out", str(out), "--key", "1", "--hosts", "kms1.corp.example, kms2.corp.example")
    assert ONE.formatted in (out / "FLEET.toml").read_text()
    assert (out / "FLEET.toml").stat().st_mode & 0o777 == 0o600
    assert "kms2.corp.example" in (out / "FLEET.toml").read_text()


def test_bundles_and_states_are_not_mixed(words: Words, tmp_path: Path) -> None:
    state, bundle = tmp_path / "pc-1.json", tmp_path / "bundle"
    state.write_text('{"editions": []}')
    bundle.write_text("-----BEGIN MUSTER CONFIRMATION BUNDLE-----\n")
    assert words.refused("import", str(state), str(bundle)) is Code.USAGE
    assert words.refused("import", str(bundle)) is Code.MESSAGE_MALFORMED
    assert console.open_console(words.home)


def test_the_passphrase_is_changed(words: Words) -> None:
    assert words.refused("keys", "passphrase", new="another of some length") is Code.NOT_SET_UP
    words.done("keys", "add", "-", entered=ONE.formatted)
    assert words.refused("keys", "passphrase") is Code.PASSPHRASE_WRONG
    assert (
        words.refused("keys", "passphrase", passphrase="wrong", new="another of some length") is Code.PASSPHRASE_WRONG
    )
    assert words.run("keys", "passphrase", new="another of some length") == (0, "the passphrase is changed\n")
    assert words.refused("keys", "add", "-", entered=TWO.formatted) is Code.PASSPHRASE_WRONG
    code, _ = words.run("keys", "add", "-", entered=TWO.formatted, passphrase="another of some length")
    assert code == 0
