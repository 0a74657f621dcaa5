"""docs/vendor/rotate-keys.md: the commands of "Root keys change" do what the page says, and so does what it promises."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from muster.trust.product import open_product
from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_world import PASSPHRASE, Acme

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "vendor" / "rotate-keys.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Root keys change\n")[2]
BLOCKS = [block.strip().splitlines() for block in re.findall(r"^```\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)]


class Reader:
    """Somebody in a folder who types what stands on the page."""

    def __init__(self, folder: Path, *, roots: int, threshold: int) -> None:
        self.home = folder / "home"
        with closing(Acme(self.home, roots=roots, threshold=threshold)) as acme:
            self.fingerprint = acme.fingerprint

    def type(self, line: str) -> Done:
        program, *words = shlex.split(line)
        assert program == "muster"
        return muster(*words, environment={"MUSTER_PASSPHRASE": PASSPHRASE, "MUSTER_HOME": str(self.home)})

    def follow(self, lines: list[str]) -> None:
        for line in lines:
            done = self.type(line)
            assert done.returncode == 0, f"{line}: {done.stderr}"

    def keyset(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.type("muster vendor keyset show --json").stdout)
        return shown


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_has_three_ways() -> None:
    assert [len(block) for block in BLOCKS] == [6, 1, 5]


def test_one_of_three_is_replaced_and_what_was_signed_is_the_same_keyset_after_a_restore(folder: Path) -> None:
    reader = Reader(folder, roots=3, threshold=2)
    for path in (reader.home / "roots").iterdir():
        path.rename(folder / path.name)
    reader.follow(["muster vendor backup old.zip"])
    before = reader.keyset()
    (folder / "root-2.box").rename(folder / "lost")
    reader.follow(BLOCKS[0])
    after = reader.keyset()
    assert (after["version"], after["threshold"], len(after["roots"])) == (2, 2, 3)
    assert set(before["roots"]) - set(after["roots"]) == {before["roots"][1]}
    product = open_product((folder / "acme.muster").read_text())
    assert product.keysets.fingerprint.hex() == reader.fingerprint

    reader.follow(["muster vendor restore old.zip --force"])
    assert reader.keyset()["version"] == 1
    reader.follow([BLOCKS[0][4], BLOCKS[0][5]])
    again = open_product((folder / "acme.muster").read_text())
    assert again.keysets.documents == product.keysets.documents


def test_the_only_root_key_is_replaced_by_one_command(folder: Path) -> None:
    reader = Reader(folder, roots=1, threshold=1)
    before = reader.keyset()
    reader.follow(BLOCKS[1])
    after = reader.keyset()
    assert set(before["roots"]).isdisjoint(after["roots"])
    assert set(after["roots"]) < set(after["root_files"].values())
    assert after["vendor_fingerprint"] == before["vendor_fingerprint"]


def test_one_root_key_becomes_two_of_three(folder: Path) -> None:
    reader = Reader(folder, roots=1, threshold=1)
    before = reader.keyset()
    (reader.home / "roots").rename(folder / "roots")
    reader.follow(BLOCKS[2])
    after = reader.keyset()
    assert (after["threshold"], len(after["roots"])) == (2, 3)
    assert set(before["roots"]) < set(after["roots"])
