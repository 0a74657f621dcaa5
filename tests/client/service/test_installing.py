"""Product files, keys and choices on a machine: what is taken, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.client import app as client
from muster.client.adapters.journal_file import JOURNAL
from muster.client.adapters.state_folder import StateFolder
from muster.client.service.machine import Machine
from muster.trust.productkey import KeyKind
from muster.wire.activation import State
from muster.wire.product import DeviceClass, Edition
from tests.worlds.network_world import KMS1, Office, activate, state
from tests.worlds.vendor_keys import CAD_PRO, CAD_SERVER, VendorKeys

STRANGER = VendorKeys("stranger")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def contents(home: Path) -> dict[Path, bytes]:
    """Every file but the log."""
    paths = [path for path in sorted(home.rglob("*")) if path.is_file() and path.name != JOURNAL]
    return {path: path.read_bytes() for path in paths}


def refused(do: Callable[[], object], machine: Machine) -> Code:
    """The code of the refusal; the state folder must be what it was, byte for byte, but for the log that may tell it."""
    assert isinstance(machine.state, StateFolder)
    home = machine.state.home
    before = contents(home)
    with pytest.raises(MusterError) as error:
        do()
    assert contents(home) == before
    assert error.value.hint
    return error.value.code


def install(
    machine: Machine, by: VendorKeys, /, *, edition: str | None = None, force: bool = False, **claims: object
) -> None:
    """Install the product file of a vendor with these claims."""
    client.install(machine, by.product_file(**claims).encode(), edition=edition, force=force)


# product files


def test_the_generic_key_of_the_edition_is_installed_with_the_product(office: Office) -> None:
    machine = office.machine(edition=CAD_SERVER)
    row = client.report(machine.scene(None))
    assert (row["edition"], row["state"]) == ("acme-cad-server", "INITIAL_GRACE")
    assert row["partial_key"] == machine.scene(None).product.generic_key(CAD_SERVER).partial


def test_an_older_file_is_refused_unless_it_is_forced(office: Office) -> None:
    machine = office.machine()
    install(machine, office.vendor, serial=5)
    assert refused(lambda: install(machine, office.vendor, serial=4), machine) is Code.PRODUCT_TOO_OLD
    install(machine, office.vendor, serial=4, force=True)
    assert machine.scene(None).product.claims.serial == 4


def test_a_foreign_file_with_the_same_names_is_refused(office: Office) -> None:
    machine = office.machine()
    assert refused(lambda: install(machine, STRANGER, edition="acme-cad-pro"), machine) is Code.VENDOR_MISMATCH
    assert refused(lambda: install(machine, STRANGER, vendor="Honest Cad"), machine) is Code.VENDOR_MISMATCH


def test_a_vendor_with_names_of_its_own_lives_beside_the_first(office: Office) -> None:
    machine = office.machine()
    paint = Edition(9, "globex-paint", "Globex Paint", 1, 0, DeviceClass.CLIENT, 25)
    install(machine, STRANGER, vendor="Globex", editions=(paint,))
    assert {scene.edition.name for scene in machine.scenes()} == {"acme-cad-pro", "globex-paint"}
    ids = {scene.record.client_id for scene in machine.scenes()}
    assert len(ids) == 2, "no vendor can tell that two ids are one machine"


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-200], lambda t: t.replace("A", "B", 1), lambda _: "", lambda _: "x" * 99]
)
def test_a_damaged_file_is_refused(office: Office, damage: Callable[[str], str]) -> None:
    machine = office.machine()
    text = damage(office.vendor.product_file(serial=2)).encode()
    code = refused(lambda: client.install(machine, text), machine)
    assert code in {Code.PRODUCT_MALFORMED, Code.SIGNATURE_INVALID, Code.KEYSET_UNTRUSTED}


def test_installing_again_repairs_a_damaged_product_file(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    path = next((office.folder / "machine-1").rglob("product.muster"))
    path.write_text("rubbish")
    assert refused(machine.check_whole, machine) is Code.PRODUCT_MALFORMED
    install(machine, office.vendor)
    assert state(machine) is State.LICENSED


def test_keysets_that_were_fetched_are_not_lost_to_an_older_chain_in_a_file(office: Office) -> None:
    machine = office.machine()
    old = office.vendor.product_file(serial=2).encode()
    office.vendor.publish(withdrawn=(41,))
    install(machine, office.vendor, serial=2)
    client.install(machine, old)
    assert machine.scene(None).product.keysets.version == 2


# products.d


def offer(office: Office, machine: Machine, name: str, text: str) -> list[str]:
    """Put a file into products.d and run a command; names of the events."""
    folder = office.folder / "machine-1" / "products.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    client.install_offered(machine)
    return [str(event["event"]) for event in machine.journal.last(99)]


def test_files_in_products_d_install_themselves_once(office: Office) -> None:
    machine = office.machine()
    text = office.vendor.product_file(serial=7)
    assert "product.offered" in offer(office, machine, "acme.muster", text)
    assert machine.scene(None).product.claims.serial == 7
    assert offer(office, machine, "acme.muster", text).count("product.offered") == 1
    offer(office, machine, "older.muster", office.vendor.product_file(serial=3))
    assert machine.scene(None).product.claims.serial == 7


def test_the_only_edition_of_an_offered_file_gets_its_generic_key(office: Office) -> None:
    machine = office.machine()
    paint = Edition(9, "globex-paint", "Globex Paint", 1, 0, DeviceClass.CLIENT, 25)
    offer(office, machine, "globex.muster", STRANGER.product_file(vendor="Globex", editions=(paint,)))
    assert state(machine, "globex-paint") is State.INITIAL_GRACE


def test_an_offered_file_that_is_refused_is_told_once_and_again_when_it_changes(office: Office) -> None:
    machine = office.machine()
    forged = STRANGER.product_file()
    assert offer(office, machine, "forged.muster", forged).count("product.refused") == 1
    assert offer(office, machine, "forged.muster", forged).count("product.refused") == 1
    assert offer(office, machine, "forged.muster", "rubbish").count("product.refused") == 2
    assert machine.scene(None).product.fingerprint == office.vendor.fingerprint


# keys


@pytest.mark.parametrize(
    ("kind", "scope", "code"),
    [
        (KeyKind.HOST, 1, Code.KEY_WRONG_KIND),
        (KeyKind.MAK, 4711, Code.KEY_WRONG_EDITION),
        (KeyKind.GENERIC, CAD_PRO.id, Code.KEY_UNKNOWN),
    ],
    ids=["a host's", "another product's", "another vendor's generic"],
)
def test_a_key_that_does_not_belong_here_is_refused(office: Office, kind: KeyKind, scope: int, code: Code) -> None:
    machine = office.machine()
    key = office.vendor.key(kind, scope)
    assert refused(lambda: client.install_key(machine, key.formatted), machine) is code


def test_a_typing_error_names_its_group(office: Office) -> None:
    machine = office.machine()
    text = office.vendor.key(KeyKind.MAK, CAD_PRO.id).formatted
    wrong = text[:13] + ("A" if text[13] != "A" else "B") + text[14:]
    with pytest.raises(MusterError, match="group 3"):
        client.install_key(machine, wrong)


def test_a_key_that_is_of_another_edition_than_the_one_named_is_refused(office: Office) -> None:
    machine = office.machine()
    key = office.vendor.key(KeyKind.MAK, CAD_SERVER.id)
    do = lambda: client.install_key(machine, key.formatted, edition="acme-cad-pro")  # noqa: E731 - said once
    assert refused(do, machine) is Code.KEY_WRONG_EDITION


def test_a_multiple_activation_key_takes_the_place_of_a_generic_one_and_back(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    key = office.vendor.key(KeyKind.MAK, CAD_PRO.id)
    after = client.install_key(machine, key.formatted.lower().replace("-", " "))
    assert client.report(after)["partial_key"] == key.partial
    assert state(machine) is State.RENEWAL_GRACE, "the lease was made with a generic key"
    assert key.text.encode() not in b"".join(p.read_bytes() for p in office.folder.rglob("*") if p.is_file())
    generic = after.product.generic_key(CAD_PRO)
    client.install_key(machine, generic.formatted)
    assert state(machine) is State.LICENSED
    assert machine.state.secrets(office.vendor.fingerprint[:8]) == {}


def test_a_removed_key_takes_its_activation_along(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    client.uninstall_key(machine, None)
    assert state(machine, "acme-cad-pro") is State.UNLICENSED
    assert refused(lambda: client.uninstall_key(machine, "acme-cad-pro"), machine) is Code.NO_KEY


# which edition is meant


def test_the_edition_must_be_named_only_where_there_are_several_keys(office: Office) -> None:
    machine = office.machine()
    assert machine.scene(None).edition is not None
    client.install_key(machine, office.vendor.key(KeyKind.MAK, CAD_SERVER.id).formatted)
    with pytest.raises(MusterError, match="acme-cad-pro, acme-cad-server"):
        machine.scene(None)
    with pytest.raises(MusterError) as error:
        machine.scene("acme-cad-por")
    assert error.value.code is Code.EDITION_UNKNOWN
    assert "acme-cad-pro" in error.value.hint


# choices


@pytest.mark.parametrize(
    "do",
    [
        lambda m: client.set_hosts(m, "a b"),
        lambda m: client.set_hosts(m, "kms1", edition="nothing"),
        lambda m: client.set_hosts(m, "kms1", product="Nothing"),
        lambda m: client.set_zone(m, "corp..example"),
        lambda m: client.set_dns(m, "127.0.0.1:0"),
        lambda m: client.set_type(m, "telepathy"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(office: Office, do: Callable[[Machine], None]) -> None:
    machine = office.machine()
    client.set_hosts(machine, "kms9.corp.example")
    assert refused(lambda: do(machine), machine) in {Code.SETTINGS_INVALID, Code.EDITION_UNKNOWN}


def test_a_machine_that_may_not_ask_hosts_asks_none(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    client.set_type(machine, "directory")
    result = activate(machine)
    assert result.error is not None
    assert office.network.asked == []
    client.set_type(machine, "any")
    assert activate(machine).error is None
    assert office.network.asked == [KMS1]


def test_damaged_choices_stop_an_attempt_and_take_nothing_away(office: Office) -> None:
    office.host(machines=24)
    machine = office.machine()
    activate(machine)
    path = office.folder / "machine-1" / "choices.json"
    path.write_text('{"hosts": 7}')
    with pytest.raises(MusterError) as error:
        activate(machine)
    assert error.value.code is Code.STATE_CORRUPT
    assert str(path) in error.value.message
    assert state(machine) is State.LICENSED
