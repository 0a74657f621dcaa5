"""``muster vendor serve``: unlocks, listens, drains."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import log, terminal
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, PassphraseFd, home_of, opened

LISTEN = "127.0.0.1:8443"
BACKLOG = 2048
DRAIN_SECONDS = 20
MAX_HEADERS_BYTES = 32 * 1024


def serve(
    context: typer.Context,
    *,
    listen: Annotated[str, typer.Option("--listen", metavar="ADDR:PORT", help="Where.")] = LISTEN,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="TLS certificate with its chain; without it a proxy does TLS.")
    ] = None,
    private_key: Annotated[Path | None, typer.Option("--private-key", help="Its private key.")] = None,
    proxies: Annotated[
        list[str] | None, typer.Option("--proxy", help="Address of a proxy whose X-Forwarded-For is believed.")
    ] = None,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
    passphrase_fd: PassphraseFd = None,
    home: Home = None,
) -> None:
    """Serve activations, the portal and the pages until stopped. The issuing keys are unlocked at once."""
    # Half of what every other command would have to wait for.
    from muster.platform.http_server import HttpServer, Serving
    from muster.vendor.web.serving import create_app

    how = Serving(listen, certificate, private_key, proxies or (), BACKLOG, DRAIN_SECONDS, MAX_HEADERS_BYTES)
    log.configure(log_level)
    owner = opened(context, home, passphrase_fd)
    owner.keys  # noqa: B018 - a wrong passphrase ends it here, not at the first customer
    accounts = vendor.open_accounts(home_of(context, home), owner)
    app = create_app(owner, accounts, identities=vendor.open_identities(home_of(context, home)))
    own = how.listening()
    config = how.config(app)
    terminal.result(f"listening on {how.address(own)}")
    sys.stdout.flush()
    with vendor.open_deliveries(home_of(context, home), owner), vendor.Sealer(owner):
        HttpServer(config).run(sockets=[own])
