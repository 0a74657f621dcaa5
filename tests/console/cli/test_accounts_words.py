"""People and tokens of the console by words; `muster vendor account` tests the same commands at length."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from muster.console import app as console
from muster.console.cli import app


def test_people_and_tokens_are_kept_in_the_consoles_database(tmp_path: Path) -> None:
    def done(*words: str, entered: str = "") -> str:
        result = CliRunner().invoke(app, ["account", *words], env={"MUSTER_HOME": str(tmp_path)}, input=entered)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert done("add", "anna", "--role", "admin", "--ask", entered="a password of some length\n") == "added: anna\n"
    token = done(
        "token", "issue", "ci", "--account", "anna", "--scope", "read", "--scope", "act", "--days", "7"
    ).strip()
    accounts = console.open_accounts(tmp_path)
    assert accounts.bearer(token).name == "anna/ci"
    assert json.loads(done("token", "list", "--json"))["tokens"][0]["scopes"] == ["act", "read"]
    done("token", "end", "ci")
    assert done("token", "list") == ""
    rows = console.audited(console.open_console(tmp_path), 3)
    assert [row.action for row in rows] == ["token.ended", "token.issued", "account.added"]
