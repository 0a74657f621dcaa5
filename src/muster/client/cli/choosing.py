"""The commands that set where and how a machine is activated."""

from __future__ import annotations

from typing import Annotated

import typer

from muster.base import terminal
from muster.client.cli.options import Edition, Home, ask

ProductName = Annotated[str | None, typer.Option("--product", help="Only for the editions of this product.")]


def add_choices(app: typer.Typer) -> None:
    """Add them to the program."""
    app.command("set-host")(set_host)
    app.command("clear-host")(clear_host)
    app.command("set-domain")(set_domain)
    app.command("clear-domain")(clear_domain)
    app.command("set-dns")(set_dns)
    app.command("clear-dns")(clear_dns)
    app.command("set-caching")(set_caching)
    app.command("set-type")(set_type)


def set_host(
    context: typer.Context,
    hosts: Annotated[str, typer.Argument(metavar="HOST[:PORT],…", help="Activation hosts, in order.")],
    edition: Edition = None,
    product: ProductName = None,
    home: Home = None,
) -> None:
    """Ask these hosts, in order, instead of looking in DNS."""
    ask(context, home, "set-host", hosts=hosts, edition=edition, product=product)
    terminal.result(f"hosts: {hosts}")


def clear_host(context: typer.Context, edition: Edition = None, product: ProductName = None, home: Home = None) -> None:
    """Look for hosts in DNS again."""
    ask(context, home, "set-host", hosts="", edition=edition, product=product)
    terminal.result("hosts: found in DNS")


def set_domain(
    context: typer.Context, zone: Annotated[str, typer.Argument(help="A DNS zone.")], home: Home = None
) -> None:
    """Look for hosts in this zone only."""
    ask(context, home, "set-domain", zone=zone)
    terminal.result(f"zone: {zone}")


def clear_domain(context: typer.Context, home: Home = None) -> None:
    """Look for hosts in the machine's own domain and search list again."""
    ask(context, home, "set-domain", zone="")
    terminal.result("zones: the machine's own")


def set_dns(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDR[:PORT]", help="The numeric address of a name server.")],
    home: Home = None,
) -> None:
    """Ask this name server instead of the system's."""
    ask(context, home, "set-dns", address=address)
    terminal.result(f"name server: {address}")


def clear_dns(context: typer.Context, home: Home = None) -> None:
    """Ask the system's name servers again."""
    ask(context, home, "set-dns", address="")
    terminal.result("name server: the system's")


def set_caching(
    context: typer.Context,
    state: Annotated[str, typer.Argument(metavar="on|off", help="Whether to remember it.")],
    home: Home = None,
) -> None:
    """Remember the host that answered last, or look for one every time."""
    if state not in {"on", "off"}:
        raise typer.BadParameter("write on or off")
    ask(context, home, "set-caching", on=state == "on")
    terminal.result(f"caching: {state}")


def set_type(
    context: typer.Context,
    way: Annotated[
        str, typer.Argument(metavar="any|directory|host|mak", help="The only way to take; any: all of them.")
    ],
    edition: Edition = None,
    home: Home = None,
) -> None:
    """Restrict how the machine, or one edition, may be activated."""
    ask(context, home, "set-type", way=way, edition=edition)
    terminal.result(f"activated by: {way}")
