"""``muster console serve``: the pages, until stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import log, terminal
from muster.console import app as console
from muster.console.cli.options import Home, home_of

LISTEN = "127.0.0.1:8444"


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
    home: Home = None,
) -> None:
    """Serve the pages until stopped. Who may log in: muster console account."""
    from muster.console.web.serving import create_app
    from muster.platform.http_server import HttpServer, Serving

    how = Serving(listen, certificate, private_key, proxies or ())
    log.configure(log_level)
    folder = home_of(context, home)
    work, accounts = console.open_console(folder), console.open_accounts(folder)
    if not accounts.store.accounts():
        terminal.warn("nobody may log in yet: muster console account add NAME --role admin")
    own = how.listening()
    with console.workers(folder) as workers:
        app = create_app(
            work,
            accounts,
            workers,
            console.key_room(folder),
            console.directory_room(folder),
            elsewhere=console.elsewhere(folder),
        )
        config = how.config(app)
        terminal.result(f"listening on {how.address(own)}")
        sys.stdout.flush()
        HttpServer(config).run(sockets=[own])
