"""``muster vendor serve``: unlocks, listens, drains."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from muster.base import log, terminal
from muster.base.errors import Code, Misconfigured
from muster.vendor import app as vendor
from muster.vendor.cli.options import Home, PassphraseFd, home_of, opened

LISTEN = "127.0.0.1:8443"
BACKLOG = 2048
DRAIN_SECONDS = 20
IDLE_SECONDS = 15
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
    import uvicorn

    from muster.platform.http_server import HttpServer
    from muster.vendor.web.serving import create_app

    if (certificate is None) != (private_key is None):
        raise Misconfigured(Code.USAGE, "--certificate and --private-key go together", "name both, or neither")
    log.configure(log_level)
    owner = opened(context, home, passphrase_fd)
    owner.keys  # noqa: B018 - a wrong passphrase ends it here, not at the first customer
    accounts = vendor.open_accounts(home_of(context, home), owner)
    app = create_app(owner, accounts, identities=vendor.open_identities(home_of(context, home)))
    own = _listening(listen)
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
    host, port = own.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    terminal.result(f"listening on {'https' if certificate else 'http'}://{shown}:{port}")
    sys.stdout.flush()
    with vendor.open_deliveries(home_of(context, home), owner), vendor.Sealer(owner):
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
