"""``muster vendor account``: who may use the service's pages and API."""

from __future__ import annotations

from pathlib import Path

import typer

from muster.platform.account_commands import account_commands
from muster.platform.accounts import Accounts
from muster.vendor import app as vendor
from muster.vendor.cli.options import home_of, opened


def _opened(context: typer.Context, home: Path | None) -> tuple[Accounts, str]:
    seller = opened(context, home)
    return vendor.open_accounts(home_of(context, home), seller), seller.actor


accounts = account_commands(_opened)
