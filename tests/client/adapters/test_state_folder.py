"""The state folder: what is written is whole, what is damaged is told, what is secret stays with its owner."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.client.adapters.state_folder import CHOICES, PRODUCTS, StateFolder, locked
from muster.client.core.choices import Choices
from tests.worlds.machines import leased
from tests.worlds.vendor_keys import VendorKeys

VENDOR = VendorKeys()
ID = VENDOR.fingerprint[:8]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "home")
    state.save_product(ID, VENDOR.product_file().encode())
    return state


def folder(state: StateFolder) -> Path:
    return state.home / "vendors" / ID.hex()


def test_a_home_that_is_not_there_is_empty(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "nowhere")
    assert (state.vendors(), state.choices(), state.offered()) == ((), Choices(), ())
    assert state.record(ID) is None
    assert state.secrets(ID) == {}
    assert not state.home.exists()


def test_everything_is_read_back_as_it_was_written(state: StateFolder) -> None:
    record = leased().record
    state.save_record(ID, record)
    state.save_secrets(ID, {1001: bytes(32)})
    state.save_choices(Choices(hosts=("kms1.corp.example:1688",)))
    again = StateFolder(state.home)
    assert again.vendors() == (ID,)
    assert again.product(ID).claims.vendor == "Acme Software"
    assert again.record(ID) == record
    assert again.secrets(ID) == {1001: bytes(32)}
    assert again.choices().hosts == ("kms1.corp.example:1688",)


def test_a_product_file_that_changes_is_read_again(state: StateFolder) -> None:
    assert state.product(ID).claims.serial == 1
    state.save_product(ID, VENDOR.product_file(serial=2).encode())
    assert state.product(ID).claims.serial == 2


def test_longer_keysets_than_the_product_files_are_kept_beside_it(state: StateFolder) -> None:
    vendor = VendorKeys()
    vendor.publish()
    state.save_keysets(ID, vendor.trusted)
    assert StateFolder(state.home).product(ID).keysets.version == 2
    (folder(state) / "keysets").write_bytes(b"damaged")
    assert StateFolder(state.home).product(ID).keysets.version == 1, "the product file's own chain is good"


def test_a_damaged_record_gives_the_one_before(state: StateFolder) -> None:
    machine = leased()
    state.save_record(ID, machine.record)
    machine.lease(count=30)
    state.save_record(ID, machine.record)
    before = leased().record
    (folder(state) / "record").write_bytes(b"\x83\x01")
    assert state.record(ID) == before
    state.save_record(ID, machine.record)
    assert state.record(ID) == machine.record
    (folder(state) / "record").unlink()
    assert state.record(ID) == before, "the damaged one did not take the place of the good one"


def test_with_both_damaged_it_is_told_which_file_and_nothing_is_changed(state: StateFolder) -> None:
    state.save_record(ID, leased().record)
    files = [folder(state) / "record", folder(state) / "record.previous"]
    for file in files:
        file.write_bytes(b"rubbish")
    with pytest.raises(Malformed) as refused:
        state.record(ID)
    assert refused.value.code is Code.STATE_CORRUPT
    assert str(files[0]) in refused.value.message
    assert [file.read_bytes() for file in files] == [b"rubbish"] * 2


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("secrets", b"rubbish", Code.STATE_CORRUPT),
        ("secrets", b"x" * 2_000_000, Code.STATE_CORRUPT),
        ("product.muster", b"rubbish", Code.PRODUCT_MALFORMED),
    ],
)
def test_every_damaged_file_has_its_code(state: StateFolder, name: str, content: bytes, code: Code) -> None:
    (folder(state) / name).write_bytes(content)
    read = state.secrets if name == "secrets" else state.product
    with pytest.raises(MusterError) as refused:
        read(ID)
    assert refused.value.code is code


@pytest.mark.parametrize("content", ["{", "[]", '{"hosts": 7}', "[" * 100_000])
def test_damaged_choices_name_their_file(state: StateFolder, content: str) -> None:
    (state.home / CHOICES).write_text(content)
    with pytest.raises(Malformed) as refused:
        state.choices()
    assert refused.value.code is Code.STATE_CORRUPT
    assert CHOICES in refused.value.message


def test_secrets_are_their_owners_alone_and_nothing_is_writable_for_others(state: StateFolder) -> None:
    state.save_record(ID, leased().record)
    state.save_secrets(ID, {1001: bytes(32)})
    state.save_keysets(ID, VENDOR.trusted)
    state.save_choices(Choices())
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in state.home.rglob("*") if p.is_file()}
    assert modes.pop("secrets") == 0o600
    assert set(modes.values()) == {0o644}, "every user may see the state"
    folders = [state.home, *(p for p in state.home.rglob("*") if p.is_dir())]
    assert not any(p.stat().st_mode & 0o022 for p in folders)


def test_folders_that_are_no_vendors_are_passed_over(state: StateFolder) -> None:
    for name in ("zz" * 8, "lost+found", "00" * 8):
        (state.home / "vendors" / name).mkdir()
    (state.home / "vendors" / ("zz" * 8) / "product.muster").write_text("x")
    assert state.vendors() == (ID,)


def test_files_that_are_offered_come_in_order_and_folders_among_them_do_not(state: StateFolder) -> None:
    offered = state.home / PRODUCTS
    (offered / "folder").mkdir(parents=True)
    for name in ("b.muster", "a.muster"):
        (offered / name).write_text(name)
    (offered / "far-too-large").write_bytes(bytes(5_000_000))
    assert [name for name, _ in state.offered()] == ["a.muster", "b.muster"]


def test_a_home_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    state = StateFolder(tmp_path / "file" / "home")
    with pytest.raises(Misconfigured) as refused:
        state.save_choices(Choices())
    assert refused.value.code is Code.HOME_NOT_WRITABLE


def test_one_process_at_a_time_changes_a_home(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(Misconfigured) as refused, locked(tmp_path):
        pass
    assert refused.value.code is Code.HOME_IN_USE
    with locked(tmp_path):
        assert (tmp_path / "lock").exists()
