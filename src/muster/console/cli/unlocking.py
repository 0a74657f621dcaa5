"""The passphrase in front of the console's product keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from muster.console import app as console
from muster.platform.passphrase import read_passphrase

PassphraseFd = Annotated[
    int | None,
    typer.Option(
        "--passphrase-fd", help="Read the passphrase of the product keys from this descriptor.", show_default=False
    ),
]

Unlock = Callable[[], console.Vault]


def vault_of(home: Path, descriptor: int | None) -> console.Vault:
    """The vault of a home, opened; one that is not there yet is made, with a passphrase that is asked twice."""
    if not console.has_vault(home):
        return console.make_vault(home, read_passphrase(descriptor, twice=True))
    return console.open_vault(home, read_passphrase(descriptor))


def vault_when_needed(home: Path, descriptor: int | None) -> Unlock:
    """Opens the vault at the first call and keeps it."""
    opened: list[console.Vault] = []

    def vault() -> console.Vault:
        if not opened:
            opened.append(console.open_vault(home, read_passphrase(descriptor)))
        return opened[0]

    return vault
