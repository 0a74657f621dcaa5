"""docs/operate/dns.md: its grants and its `host.toml`, as they stand there, let a host publish itself in BIND, and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from muster.host.cli import app as host_words
from tests.worlds.host_world import certified_home
from tests.worlds.name_servers import SECRET, World, bind

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operate" / "dns.md").read_text(encoding="utf-8")
ZONE, KEY = "corp.example", "kms1.corp.example"


def block(kind: str, holding: str) -> str:
    """The one block of the page with this text in it."""
    found: list[str] = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (text,) = [one for one in found if holding in one]
    return text


@pytest.mark.parts
def test_what_the_page_says_about_bind_is_enough_and_records_are_those_it_shows(tmp_path: Path) -> None:
    names, home = tmp_path / "names", tmp_path / "home"
    names.mkdir()
    certified_home(home)
    grants = "\n".join(re.findall(r"^ +grant .*;$", block("", "update-policy"), re.MULTILINE)) + "\n"
    with bind(names, World(zones=(ZONE,), keys={KEY: SECRET, "updater": SECRET}, policy=grants)) as server:
        (home / "kms1.key").write_text(server.key_file(KEY).read_text(encoding="utf-8"), encoding="utf-8")
        settings = block("toml", 'tsig_key_file = "kms1.key"')
        # The page's host has its own addresses and a primary in DNS; this one is told both.
        told = f'{settings}addresses = ["192.0.2.7"]\nserver = "{server.address}"\n'
        (home / "host.toml").write_text(told, encoding="utf-8")
        done = CliRunner().invoke(host_words, ["publish", "--json"], env={"MUSTER_HOME": str(home)})
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)
        published = {
            f"_muster._tcp.{ZONE}. 3600 IN SRV {record}" for record in server.records(f"_muster._tcp.{ZONE}", "SRV")
        } | {f"{KEY}. 3600 IN A {record}" for record in server.records(KEY, "A")}
        assert published == set(block("", "IN A ").strip().splitlines())
        # The key may write these names alone.
        elsewhere = told.replace('target = "kms1', 'target = "kms9')
        (home / "host.toml").write_text(elsewhere, encoding="utf-8")
        refused = CliRunner().invoke(host_words, ["publish", "--json"], env={"MUSTER_HOME": str(home)})
        assert refused.exit_code == 1
        assert "DNS_UPDATE_REFUSED" in refused.output


def test_a_dry_run_prints_what_the_page_shows_for_powershell(tmp_path: Path) -> None:
    certified_home(tmp_path)
    settings = block("toml", 'tsig_key_file = "kms1.key"').replace('tsig_key_file = "kms1.key"\n', "")
    (tmp_path / "host.toml").write_text(f'{settings}addresses = ["192.0.2.7"]\n', encoding="utf-8")
    done = CliRunner().invoke(host_words, ["publish", "--dry-run"], env={"MUSTER_HOME": str(tmp_path)})
    assert block("", "Add-Dns").strip() in done.output
