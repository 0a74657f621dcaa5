"""``muster console account``: who may log in to the pages, and which programs hold tokens."""

from __future__ import annotations

from pathlib import Path

import typer

from muster.console import app as console
from muster.console.cli.options import home_of
from muster.platform.account_commands import account_commands
from muster.platform.accounts import Accounts


def _opened(context: typer.Context, home: Path | None) -> tuple[Accounts, str]:
    folder = home_of(context, home)
    return console.open_accounts(folder), console.open_console(folder).actor


accounts = account_commands(_opened)
