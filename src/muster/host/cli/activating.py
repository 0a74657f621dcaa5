"""``muster host activate``: a certificate from the vendor, online."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from muster.base import terminal
from muster.host import app as host
from muster.host.cli.options import Home, home_of


def activate(
    context: typer.Context,
    *,
    service: Annotated[
        str, typer.Option("--service", metavar="URL", help="The vendor's service, instead of the product file's.")
    ] = "",
    replaces: Annotated[
        int | None,
        typer.Option("--replaces", metavar="SERIAL", min=1, help="The certificate of a host that is gone."),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", help="The last five characters of the host key, where there are several.")
    ] = "",
    organisation_name: Annotated[
        str, typer.Option("--organisation-name", help="A name to show for the organisation's number.")
    ] = "",
    home: Home = None,
) -> None:
    """Have the vendor certify this host, online. A running host notices by itself."""
    folder = home_of(context, home)
    identity = asyncio.run(
        host.activate(folder, service=service, replaces=replaces, partial=key, organisation=organisation_name)
    )
    claims = identity.claims
    if claims is not None:
        terminal.result(
            f"activated: certificate {claims.serial}, organisation {claims.organisation}; next: muster host serve"
        )
