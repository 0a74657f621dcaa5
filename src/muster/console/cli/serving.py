"""``muster console serve``: the pages, until stopped."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import log, terminal
from muster.base.errors import Code, Misconfigured
from muster.console import app as console
from muster.console.cli.options import Home, home_of

LISTEN = "127.0.0.1:8444"
BACKLOG = 512
DRAIN_SECONDS = 10
IDLE_SECONDS = 15
MAX_HEADERS_BYTES = 64 * 1024


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
    import uvicorn

    from muster.console.web.serving import create_app
    from muster.platform.http_server import HttpServer

    if (certificate is None) != (private_key is None):
        raise Misconfigured(Code.USAGE, "--certificate and --private-key go together", "name both, or neither")
    log.configure(log_level)
    folder = home_of(context, home)
    work, accounts = console.open_console(folder), console.open_accounts(folder)
    if not accounts.store.accounts():
        terminal.warn("nobody may log in yet: muster console account add NAME --role admin")
    own = _listening(listen)
    host, port = own.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    with console.workers(folder) as workers:
        app = create_app(
            work,
            accounts,
            workers,
            console.key_room(folder),
            console.directory_room(folder),
            elsewhere=console.elsewhere(folder),
        )
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or [],
            ssl_certfile=certificate,
            ssl_keyfile=private_key,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            h11_max_incomplete_event_size=MAX_HEADERS_BYTES,
        )
        terminal.result(f"listening on {'https' if certificate else 'http'}://{shown}:{port}")
        sys.stdout.flush()
        HttpServer(config).run(sockets=[own])


def _listening(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Misconfigured(Code.USAGE, f"{listen!r} is no address with a port", f"write it like {LISTEN}")
    host = host.removeprefix("[").removesuffix("]")
    try:
        return socket.create_server(
            (host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
        )
    except (OSError, OverflowError) as error:
        raise Misconfigured(Code.USAGE, f"cannot listen on {listen}: {error}", "Name a free address.") from error
