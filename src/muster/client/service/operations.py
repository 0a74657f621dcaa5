"""What may be asked of a machine, done: the table of `core.control` with deeds behind its names.

Everything that a person or a program asks comes through here, by the control socket or without it. Takes checked requests and
gives what JSON knows; never asks who is calling, never prints.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from muster.base.errors import Code, Misconfigured
from muster.client.core.choices import choices_to_plain
from muster.client.core.control import Request, plain_error
from muster.client.core.licensing import Scene
from muster.client.core.report import foundation, report
from muster.client.ports import Inspection
from muster.client.service import installing
from muster.client.service.activating import Result, activate
from muster.client.service.bundling import bundle
from muster.client.service.carrying import deposit_file, request_file
from muster.client.service.confirming import confirm, installation_file, installation_id
from muster.client.service.diagnosing import diagnose
from muster.client.service.entering import enter
from muster.client.service.machine import Machine

Plain = dict[str, Any]
DEFAULT_ROWS = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """Where operations are done: the machine, and a way to look at it for a diagnosis."""

    machine: Machine
    inspection: Inspection


async def perform(desk: Desk, request: Request) -> Plain:
    """Do what is asked; the answer as JSON knows it. Raises `MusterError` with code, cause and hint."""
    return await _DEEDS[request.name](desk, request.parameters)


async def _status(desk: Desk, given: Mapping[str, Any]) -> Plain:
    machine, name = desk.machine, given["edition"]
    if name is not None:
        return {"editions": [report(machine.scene(name))]}
    rows, damaged = [report(scene) for scene in machine.scenes()], machine.damaged()
    if damaged and not rows:
        raise damaged[0].error
    found: Plain = {"editions": rows}
    if damaged:
        found["damaged"] = [{"vendor": d.vendor_id.hex(), "error": plain_error(d.error)} for d in damaged]
    return found


async def _license(desk: Desk, given: Mapping[str, Any]) -> Plain:
    return foundation(desk.machine.scene(given["edition"]))


async def _choices(desk: Desk, _: Mapping[str, Any]) -> Plain:
    return choices_to_plain(desk.machine.state.choices())


async def _log(desk: Desk, given: Mapping[str, Any]) -> Plain:
    last = DEFAULT_ROWS if given["last"] is None else given["last"]
    return {"events": list(desk.machine.journal.last(last))}


async def _diagnose(desk: Desk, given: Mapping[str, Any]) -> Plain:
    found = await diagnose(desk.machine, desk.inspection, given["edition"])
    return {"diagnosis": found.plain(), "bundle": bundle(desk.machine, found) if given["bundle"] else None}


async def _activate(desk: Desk, given: Mapping[str, Any]) -> Plain:
    return _attempted(await activate(desk.machine, given["edition"], service=given["service"] or ""))


def _attempted(result: Result) -> Plain:
    return {"edition": report(result.scene), "error": plain_error(result.error) if result.error else None}


async def _installation_id(desk: Desk, given: Mapping[str, Any]) -> Plain:
    digits = installation_id(desk.machine, given["edition"])
    return {
        "installation_id": digits,
        "file": installation_file(desk.machine, given["edition"]),
        "binding": desk.machine.around.hardware.binding,
    }


async def _install(desk: Desk, given: Mapping[str, Any]) -> Plain:
    text = given["file"].encode(errors="replace")
    done = installing.install(desk.machine, text, edition=given["edition"], force=bool(given["force"]))
    claims = done.product.claims
    return {
        "vendor": claims.vendor,
        "edition": done.edition.name if done.edition else None,
        "editions": [edition.name for edition in claims.editions],
    }


async def _install_key(desk: Desk, given: Mapping[str, Any]) -> Plain:
    scene = installing.install_key(desk.machine, given["key"], edition=given["edition"])
    key = scene.part.key
    return {
        "edition": scene.edition.name,
        "partial_key": key.partial if key else None,
        "is_secret": key is not None and bool(key.kind),
    }


async def _uninstall_key(desk: Desk, given: Mapping[str, Any]) -> Plain:
    return {"edition": installing.uninstall_key(desk.machine, given["edition"]).edition.name}


async def _confirm(desk: Desk, given: Mapping[str, Any]) -> Plain:
    digits, file = given["digits"], given["file"]
    if (digits is None) is (file is None):
        raise Misconfigured(Code.USAGE, "a confirmation is digits or a file", "give one of them")
    if file is not None:
        return _attempted(deposit_file(desk.machine, file.encode(errors="replace"), edition=given["edition"]))
    scene: Scene = confirm(desk.machine, digits, edition=given["edition"])
    return _attempted(Result(scene, None))


async def _enter(desk: Desk, given: Mapping[str, Any]) -> Plain:
    found = enter(desk.machine, given["groups"] or "", number=given["number"], edition=given["edition"])
    return {
        "installation_id": found.installation_id,
        "groups": list(found.groups),
        "wanted": found.wanted,
        "error": plain_error(found.error) if found.error else None,
    }


async def _request(desk: Desk, given: Mapping[str, Any]) -> Plain:
    return {"file": await request_file(desk.machine, given["edition"])}


async def _set_host(desk: Desk, given: Mapping[str, Any]) -> Plain:
    installing.set_hosts(desk.machine, given["hosts"], edition=given["edition"], product=given["product"])
    return {}


async def _set_domain(desk: Desk, given: Mapping[str, Any]) -> Plain:
    installing.set_zone(desk.machine, given["zone"])
    return {}


async def _set_dns(desk: Desk, given: Mapping[str, Any]) -> Plain:
    installing.set_dns(desk.machine, given["address"])
    return {}


async def _set_caching(desk: Desk, given: Mapping[str, Any]) -> Plain:
    installing.set_caching(desk.machine, on=given["on"])
    return {}


async def _set_type(desk: Desk, given: Mapping[str, Any]) -> Plain:
    installing.set_type(desk.machine, given["way"], edition=given["edition"])
    return {}


async def _rearm(desk: Desk, given: Mapping[str, Any]) -> Plain:
    return {"vendors": list(installing.rearm_all(desk.machine, keep_grace=bool(given["keep_grace"])))}


_DEEDS: Mapping[str, Callable[[Desk, Mapping[str, Any]], Awaitable[Plain]]] = {
    "status": _status,
    "license": _license,
    "choices": _choices,
    "log": _log,
    "diagnose": _diagnose,
    "activate": _activate,
    "renew": _activate,
    "installation-id": _installation_id,
    "install": _install,
    "install-key": _install_key,
    "uninstall-key": _uninstall_key,
    "confirm": _confirm,
    "enter": _enter,
    "request": _request,
    "set-host": _set_host,
    "set-domain": _set_domain,
    "set-dns": _set_dns,
    "set-caching": _set_caching,
    "set-type": _set_type,
    "rearm": _rearm,
}
