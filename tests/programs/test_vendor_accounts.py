"""People and tokens on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.worlds.command_line import Done, muster
from tests.worlds.vendor_world import PASSPHRASE, Acme


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Acme(tmp_path).close()
    return tmp_path


def run(home: Path, *words: str, typed: str = "") -> Done:
    environment = {"MUSTER_HOME": str(home), "MUSTER_PASSPHRASE": PASSPHRASE}
    return muster("vendor", *words, environment=environment, typed=typed)


def test_people_are_added_listed_reset_and_blocked_and_it_stands_in_the_audit(home: Path) -> None:
    added = run(home, "account", "add", "anna", "--role", "admin")
    assert added.returncode == 0, added.stderr
    assert len(added.stdout.strip()) == 19, "a password to be used once, and nothing else, on standard output"
    assert "it must be changed then" in added.stderr
    asked = run(home, "account", "add", "otto", "--role", "operator", "--ask", typed="a password of his own\n")
    assert asked.stdout == "added: otto\n"
    assert run(home, "account", "reset", "anna").stdout != added.stdout
    assert run(home, "account", "block", "otto").returncode == 0
    listed = json.loads(run(home, "account", "list", "--json").stdout)["accounts"]
    assert [(row["name"], row["role"], row["blocked"]) for row in listed] == [
        ("anna", "admin", False),
        ("otto", "operator", True),
    ]
    audit = run(home, "audit", "--last", "4").stdout
    assert [line.split("  ")[2] for line in audit.splitlines()] == [
        *("account.added", "account.added", "account.reset", "account.changed")
    ]
    assert "a password of his own" not in audit


def test_a_token_is_printed_once_and_ended(home: Path) -> None:
    run(home, "account", "add", "anna", "--role", "auditor")
    issued = run(home, "account", "token", "issue", "ci", "--account", "anna", "--scope", "read")
    assert issued.stdout.startswith("muster_")
    assert issued.stdout.strip() not in run(home, "account", "token", "list", "--json").stdout
    beyond = run(home, "account", "token", "issue", "ci2", "--account", "anna", "--scope", "keys")
    assert beyond.returncode == 2
    assert "cannot give keys" in beyond.stderr
    assert run(home, "account", "token", "end", "ci").returncode == 0
    assert run(home, "account", "token", "list").stdout == ""


@pytest.mark.parametrize(
    ("words", "typed", "code"),
    [
        (["add", "anna", "--role", "emperor"], "", "USAGE"),
        (["add", "anna", "--role", "admin", "--ask"], "short\n", "PASSWORD_WEAK"),
        (["add", "anna", "--role", "admin", "--ask"], "", "PASSWORD_WEAK"),
        (["add", "<b>", "--role", "admin"], "", "USAGE"),
        (["reset", "nobody"], "", "NOT_FOUND"),
        (["token", "end", "nothing"], "", "NOT_FOUND"),
    ],
)
def test_mistakes_are_told(home: Path, words: list[str], typed: str, code: str) -> None:
    done = run(home, "account", *words, typed=typed)
    assert done.returncode in {1, 2}
    assert f"[{code}," in done.stderr
    assert "Traceback" not in done.stderr
