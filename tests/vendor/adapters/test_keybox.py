"""Private keys at rest."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, StoreFailed
from muster.platform.sealed_file import read_box, write_box
from muster.trust.cose import public_bytes
from muster.vendor.adapters.keybox import KeyBox
from muster.vendor.adapters.root_files import make_root, named_root, read_root, root_files, write_root
from tests.worlds.effort import LIGHT
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_keys import key_of

PASSPHRASE = "a passphrase of Acme"
ISSUING = [key_of("issuing", number) for number in range(3)]
ROOTS = [key_of("root", number) for number in range(2)]


@pytest.fixture
def box(tmp_path: Path) -> KeyBox:
    return KeyBox.create(tmp_path, PASSPHRASE, SeededEntropy(), ISSUING, ROOTS, effort=LIGHT)


def test_keys_come_back_with_the_passphrase(tmp_path: Path, box: KeyBox) -> None:
    opened = KeyBox(tmp_path, PASSPHRASE, SeededEntropy(2))
    assert [opened.issuing(public_bytes(key)).private_bytes_raw() for key in ISSUING] == [
        key.private_bytes_raw() for key in ISSUING
    ]
    assert [public_bytes(root) for root in opened.roots()] == [public_bytes(root) for root in ROOTS]
    assert opened.lookup("KEY") == box.lookup("KEY") != box.lookup("OTHER")


def test_new_keys_are_kept_beside_the_old_ones(tmp_path: Path, box: KeyBox) -> None:
    box.add_issuing([key_of("fresh")])
    opened = KeyBox(tmp_path, PASSPHRASE, SeededEntropy(2))
    for key in (*ISSUING, key_of("fresh")):
        assert opened.issuing(public_bytes(key))
    assert opened.lookup("KEY") == box.lookup("KEY")


def test_root_keys_may_be_elsewhere(tmp_path: Path, box: KeyBox) -> None:
    file = tmp_path / "roots" / "root-1.box"
    carried = file.rename(tmp_path / "root-1.box")
    assert len(box.roots()) == 1
    assert public_bytes(read_root(carried, PASSPHRASE)) == public_bytes(ROOTS[0])


@pytest.mark.usefixtures("box")
def test_no_private_key_is_readable_and_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for key in (*ISSUING, *ROOTS):
            raw = key.private_bytes_raw()
            assert raw not in path.read_bytes()
            assert raw.hex().encode() not in path.read_bytes()


@pytest.mark.usefixtures("box")
def test_every_changed_field_of_a_box_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "issuing.box"
    outer = json.loads(path.read_bytes())
    assert (outer["argon2id"]["memory_kib"], outer["argon2id"]["iterations"]) == (8, 1)
    for changed in (
        outer | {"aes256gcm": outer["aes256gcm"][:-8] + "AAAAAAA="},
        outer | {"nonce": outer["aes256gcm"][:16]},
        outer | {"nonce": "AAAA"},
        outer | {"argon2id": outer["argon2id"] | {"iterations": 4}},
        outer | {"argon2id": outer["argon2id"] | {"memory_kib": 1 << 40}},
        outer | {"argon2id": outer["argon2id"] | {"salt": ""}},
        outer | {"argon2id": outer["argon2id"] | {"lanes": 0}},
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises((Misconfigured, Malformed)) as refused:
            read_box(path, PASSPHRASE)
        assert refused.value.code in {Code.PASSPHRASE_WRONG, Code.STATE_CORRUPT}


def test_a_box_under_another_name_does_not_open(tmp_path: Path) -> None:
    write_box(tmp_path / "one.box", {"root": ""}, PASSPHRASE, SeededEntropy(), LIGHT)
    (tmp_path / "one.box").rename(tmp_path / "other.box")
    with pytest.raises(Misconfigured):
        read_box(tmp_path / "other.box", PASSPHRASE)


def test_a_sealed_secret_opens_only_for_its_own_key(box: KeyBox) -> None:
    sealed = box.seal(bytes(range(32)), b"one")
    assert box.unseal(sealed, b"one") == bytes(range(32))
    for wrong, reference in ((sealed, b"two"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"one"), (b"", b"one")):
        with pytest.raises(StoreFailed):
            box.unseal(wrong, reference)


def test_an_issuing_key_that_is_not_here_is_named(box: KeyBox) -> None:
    with pytest.raises(Misconfigured) as missing:
        box.issuing(bytes(32))
    assert missing.value.code is Code.NOT_FOUND


@pytest.mark.usefixtures("box")
def test_a_root_keys_file_tells_its_public_key_without_a_passphrase(tmp_path: Path) -> None:
    told = {file.path.name: file.public for file in root_files(tmp_path)}
    assert told == {f"root-{place}.box": public_bytes(root) for place, root in enumerate(ROOTS, 1)}


def test_only_the_roots_that_are_wanted_are_opened(tmp_path: Path, box: KeyBox) -> None:
    write_root(tmp_path / "roots" / "root-9.box", key_of("root", 9), "another passphrase", SeededEntropy(), LIGHT)
    assert [public_bytes(root) for root in box.roots({public_bytes(ROOTS[1])})] == [public_bytes(ROOTS[1])]
    with pytest.raises(Misconfigured) as refused:
        box.roots()
    assert refused.value.code is Code.PASSPHRASE_WRONG


def test_a_file_that_does_not_tell_its_key_is_opened_to_see(tmp_path: Path, box: KeyBox) -> None:
    path = tmp_path / "roots" / "root-1.box"
    path.write_text(
        json.dumps({name: value for name, value in json.loads(path.read_bytes()).items() if name != "label"})
    )
    assert root_files(tmp_path)[0].public is None
    assert [public_bytes(root) for root in box.roots({public_bytes(ROOTS[0])})] == [public_bytes(ROOTS[0])]


@pytest.mark.parametrize("label", [public_bytes(key_of("other")).hex(), 5, "no key", "00" * 31])
def test_a_label_of_another_key_is_noticed_when_the_file_is_opened(tmp_path: Path, box: KeyBox, label: object) -> None:
    path = tmp_path / "roots" / "root-1.box"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"label": label}))
    if root_files(tmp_path)[0].public is None:
        assert len(box.roots()) == 2
        return
    with pytest.raises(Malformed) as refused:
        read_root(path, PASSPHRASE)
    assert refused.value.code is Code.STATE_CORRUPT


def test_a_file_of_issuing_keys_is_no_root_key(tmp_path: Path, box: KeyBox) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_root(tmp_path / "issuing.box", PASSPHRASE)
    assert (refused.value.code, box.roots() != []) == (Code.USAGE, True)


def test_a_new_root_is_kept_under_a_name_of_its_own(tmp_path: Path, box: KeyBox) -> None:
    name = box.add_root(key_of("fresh"))
    assert public_bytes(read_root(tmp_path / "roots" / name, PASSPHRASE)) == public_bytes(key_of("fresh"))
    assert len(box.roots()) == 3


def test_a_root_key_is_made_where_there_is_no_file_yet(tmp_path: Path) -> None:
    public = make_root(tmp_path / "root-4.box", PASSPHRASE, SeededEntropy(), LIGHT)
    assert public_bytes(read_root(tmp_path / "root-4.box", PASSPHRASE)) == public
    assert named_root(str(tmp_path / "root-4.box")) == named_root(public.hex()) == public
    for path in (tmp_path / "root-4.box", tmp_path / "nowhere" / "root-4.box"):
        with pytest.raises(Misconfigured):
            make_root(path, PASSPHRASE, SeededEntropy(2), LIGHT)
    assert named_root(str(tmp_path / "root-4.box")) == public


@pytest.mark.parametrize("text", ["", "root-5.box", "ab" * 31, "00" * 32, "ff" * 32])
def test_what_is_no_root_key_cannot_be_named(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        named_root(text)
    assert refused.value.code in {Code.NOT_FOUND, Code.USAGE}
