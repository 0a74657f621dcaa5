"""Root keys change by commands: made, proposed, signed elsewhere, published; what is told at every step."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_world import PASSPHRASE, Acme

ELSEWHERE = "a passphrase of somebody else"


class Commands:
    """`muster vendor keyset` in a folder with a home and a safe."""

    def __init__(self, folder: Path, *, roots: int, threshold: int) -> None:
        self.folder, self.home = folder, folder / "home"
        with closing(Acme(self.home, roots=roots, threshold=threshold)):
            pass

    def run(self, *words: str, passphrase: str = PASSPHRASE, home: bool = True) -> Done:
        around = {"MUSTER_PASSPHRASE": passphrase} | ({"MUSTER_HOME": str(self.home)} if home else {})
        return muster("vendor", "keyset", *words, environment=around)

    def done(self, *words: str, passphrase: str = PASSPHRASE, home: bool = True) -> Done:
        done = self.run(*words, passphrase=passphrase, home=home)
        assert done.returncode == 0, done.stderr
        return done

    def at(self, name: str) -> str:
        return str(self.folder / name)


def test_one_of_three_root_keys_is_replaced_by_files_that_are_carried(tmp_path: Path) -> None:
    vendor = Commands(tmp_path, roots=3, threshold=2)
    (vendor.home / "roots").rename(tmp_path / "safe")
    made = vendor.done("new-root", "--out", vendor.at("safe/root-4.box"), passphrase=ELSEWHERE, home=False)
    assert re.fullmatch(r"[0-9a-f]{64}\n", made.stdout)
    public = made.stdout.strip()
    again = vendor.run("new-root", "--out", vendor.at("safe/root-4.box"), home=False)
    assert (again.returncode, "[USAGE, " in again.stderr) == (2, True)

    change = ("--drop-root", "2", "--add-root", vendor.at("safe/root-4.box"), "--out", vendor.at("next.json"))
    proposed = vendor.done("propose", *change)
    assert f"keyset 2 adds root key {public}; drops root key " in proposed.stderr
    sign = ("sign", vendor.at("next.json"), "--out")
    one = vendor.done(*sign, vendor.at("one.json"), "--root", vendor.at("safe/root-1.box"), home=False)
    assert "with these signatures keyset 1 wants 2 of 3 root keys, 1 missing: " in one.stderr
    few = vendor.run("publish", vendor.at("next.json"), vendor.at("one.json"))
    assert (few.returncode, few.stdout, "[KEYSET_UNTRUSTED, " in few.stderr) == (4, "", True)
    assert "the proposed keyset 2 wants 2 of 3 root keys, 1 missing: " in few.stderr
    vendor.done(*sign, vendor.at("three.json"), "--root", vendor.at("safe/root-3.box"), home=False)
    new = ("--root", vendor.at("safe/root-4.box"))
    wrong = vendor.run(*sign, vendor.at("new.json"), *new, home=False)
    assert (wrong.returncode, "[PASSPHRASE_WRONG, " in wrong.stderr, "of its own" in wrong.stderr) == (2, True, True)
    vendor.done(*sign, vendor.at("new.json"), *new, passphrase=ELSEWHERE, home=False)
    files = [vendor.at(name) for name in ("next.json", "one.json", "three.json", "new.json")]
    published = vendor.done("publish", *files[:3])
    assert f"root key {public} is new and did not sign" in published.stderr
    assert "muster vendor product export" in published.stderr

    vendor.done("propose", "--rotate", "host", "--out", vendor.at("next.json"))
    old = vendor.run(*sign, vendor.at("old.json"), "--root", vendor.at("safe/root-2.box"), home=False)
    assert (old.returncode, "[KEYSET_UNTRUSTED, " in old.stderr) == (1, True)
    assert not (tmp_path / "old.json").exists()


def test_a_single_root_key_is_replaced_by_one_command_and_show_tells_whose_file_is_whose(tmp_path: Path) -> None:
    vendor = Commands(tmp_path, roots=1, threshold=1)
    before = json.loads(vendor.done("show", "--json").stdout)
    assert before["root_files"] == {"root-1.box": before["roots"][0]}
    done = vendor.done("rotate-root")
    after = json.loads(vendor.done("show", "--json").stdout)
    (root,) = after["roots"]
    name = f"root-{root[:8]}.box"
    assert after["root_files"] == {"root-1.box": before["roots"][0], name: root}
    assert (after["version"], after["vendor_fingerprint"]) == (2, before["vendor_fingerprint"])
    lines = done.stdout.splitlines()
    assert lines[0].startswith("keyset 2, 1 of 1 root key, until ")
    assert lines[1:3] == [f"root 1  {root}  {name}", "root-1.box is of no root key in this keyset"]
    assert f"the new root key is in {vendor.home / 'roots' / name}; keep a copy" in done.stderr
    (vendor.home / "roots" / name).rename(tmp_path / name)
    assert f"root 1  {root}  not in this home" in vendor.done("show").stdout
    refused = vendor.run("rotate-root")
    assert (refused.returncode, "[NOT_FOUND, " in refused.stderr, "propose" in refused.stderr) == (2, True, True)


def test_a_mistake_in_a_proposal_writes_no_file(tmp_path: Path) -> None:
    vendor = Commands(tmp_path, roots=1, threshold=1)
    for words, code in (
        (("--threshold", "2"), "USAGE"),
        (("--drop-root", "1"), "USAGE"),
        (("--drop-root", "2"), "NOT_FOUND"),
        (("--add-root", vendor.at("nowhere.box")), "NOT_FOUND"),
        (("--add-root", str(vendor.home / "issuing.box")), "USAGE"),
        (("--add-root", str(vendor.home / "roots" / "root-1.box")), "USAGE"),
    ):
        done = vendor.run("propose", *words, "--out", vendor.at("next.json"))
        assert done.returncode in {1, 2}, words
        assert f"[{code}, " in done.stderr
        assert "muster: hint: " in done.stderr
    assert not (tmp_path / "next.json").exists()
