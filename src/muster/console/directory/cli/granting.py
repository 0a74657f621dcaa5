"""``muster directory dns-acl``: who may write a service record of Active Directory's DNS."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from muster.base import terminal
from muster.console.directory import app as directory
from muster.console.directory.cli.options import Json, Place, logging_in
from muster.platform.ldap.port import Directory

LABEL = "_muster._tcp"


def add_granting(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("dns-acl")(dns_acl)


@logging_in
def dns_acl(
    place: Place,
    *,
    zone: Annotated[str, typer.Option("--zone", help="The DNS zone.")],
    group: Annotated[str, typer.Option("--group", help="The security group of the hosts' accounts.")],
    label: Annotated[str, typer.Option("--label", help="The service, where the product file names another.")] = LABEL,
    apply: Annotated[bool, typer.Option("--apply", help="Set it, instead of only telling how.")] = False,
    as_json: Json = False,
) -> None:
    """Let every host of a group write the service record of a zone in Active Directory, not only the one that came first."""

    async def work(found: Directory) -> directory.Grant:
        grant = await directory.plan(found, zone, group, label)
        if apply and not grant.stands:
            await directory.apply(found, grant)
        return grant

    grant = asyncio.run(place.within(work))
    if as_json:
        row = {"node": grant.node, "group": grant.group, "sid": grant.sid_text, "exists": grant.exists}
        terminal.result_json(row | {"granted": grant.stands or apply, "commands": grant.commands})
        return
    if grant.stands:
        terminal.result(terminal.clean(f"{grant.group} may write {grant.node} already", 400))
    elif apply:
        terminal.result(terminal.clean(f"{grant.group} may write {grant.node} now", 400))
    else:
        if not grant.exists:
            terminal.note("the entry does not exist yet: --apply makes it, or let one host publish first")
        for command in grant.commands:
            terminal.result(command)
        terminal.note("one of these sets it, on a domain controller; or muster directory dns-acl --apply")
