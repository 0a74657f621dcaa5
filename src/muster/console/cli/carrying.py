"""Proxy activation by words: ``proxy``, ``export``, ``confirm-file``, ``import`` and ``deposit``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.base import terminal
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError
from muster.console import app as console
from muster.console.cli.acting import FAILED, Edition, Service, Verdicts, finish, progress, run, tell
from muster.console.cli.options import Home, Json, home_of, read_input, write_output
from muster.console.cli.reaching import Reach, reaching
from muster.console.cli.unlocking import vault_when_needed
from muster.platform.durable_file import make_folder
from muster.trust.humanid import format_installation
from muster.wire.installation import unpack_installation

COLLECTED = 'NAME.json from `muster client status --json`, or lines of {"machine": …, "status": …}'
BUNDLE = b"-----BEGIN MUSTER "


@reaching
def proxy(reach: Reach, edition: Edition = "", service: Service = "") -> None:
    """Activate machines with a MAK through this console: collect installation ids, ask the vendor once, deposit."""
    work = console.open_console(reach.home)
    tasks = console.collect(work, reach.conditions, edition)
    machines = [machine.id for machine in console.selected(work, reach.conditions)]
    collected = run(reach, work, tasks)
    with progress("asking the vendor", None):
        taken = asyncio.run(
            console.confirm_online(work, machines, console.vendor_services(service), console.fresh_database_id())
        )
    given = console.deposit(work, machines)
    deposited = run(reach, work, given) if given else []
    rows = [row for each in taken for row in each.rows]
    good = sum(verdict.is_good for _, verdict in deposited)
    failed = [*_failed(collected), *_failed(_rows(rows)), *_failed(deposited)]
    if reach.as_json:
        verdicts = [{"machine": name, "code": verdict.code, "text": verdict.text} for name, verdict in failed]
        asked = sum(verdict.is_good for _, verdict in collected)
        confirmed = sum(row.verdict.is_good for row in rows)
        row = {"collected": asked, "asked": len(rows), "confirmed": confirmed, "deposited": good}
        terminal.result_json({**row, "verdicts": verdicts})
    else:
        tell([*failed, *((name, verdict) for name, verdict in deposited if verdict.is_good)], "machines activated")
        _tell_doubts(taken)
    if failed:
        raise typer.Exit(FAILED)


def _failed(told: Verdicts) -> Verdicts:
    return [(name, verdict) for name, verdict in told if not verdict.is_good]


def _rows(rows: Sequence[console.TakenRow]) -> Verdicts:
    """Rows by the name of their machine; without one by their digits."""
    return [(row.name or _short(row.installation), row.verdict) for row in rows]


def _short(installation: bytes) -> str:
    try:
        return format_installation(unpack_installation(installation))[:20] + "…"
    except MusterError:
        return f"row {installation.hex()[:12]}…"


def _tell_doubts(taken: Sequence[console.Taken]) -> None:
    for each in taken:
        if each.doubt is not None:
            terminal.warn(f"{each.doubt.message}: confirmations prove themselves, refusals are hearsay")


@reaching
def export(
    reach: Reach,
    out: Annotated[Path, typer.Option("--out", help="The request bundle; with --fleet a folder.")],
    *,
    edition: Edition = "",
    no_names: Annotated[bool, typer.Option("--no-names", help="Without any name: no personal data.")] = False,
    no_collect: Annotated[bool, typer.Option("--no-collect", help="Only ids that were collected before.")] = False,
    fleet: Annotated[bool, typer.Option("--fleet", help="FLEET.toml and what belongs to it, instead.")] = False,
    key: Annotated[list[str] | None, typer.Option("--key", help="With --fleet: a key of the console.")] = None,
    hosts: Annotated[str | None, typer.Option("--hosts", help="With --fleet: HOST[:PORT],…; empty: DNS.")] = None,
    way: Annotated[str, typer.Option("--type", help="With --fleet: any, directory, host or mak.")] = "",
    vendor: Annotated[str, typer.Option("--vendor", help="With --fleet: whose product, where there are several.")] = "",
) -> None:
    """Collect installation ids into a request bundle for the vendor; or, with --fleet, write what deployment tools push."""
    work = console.open_console(reach.home)
    if fleet:
        named = None if hosts is None else [host.strip() for host in hosts.split(",") if host.strip()]
        what = {"vendor": vendor, "edition": edition, "way": way, "hosts": named}
        _export_fleet(reach, work, out, key or [], what)
        return
    if key or hosts is not None or way or vendor:
        raise Misconfigured(Code.USAGE, "these options are about a fleet file", "add --fleet")
    machines = [machine.id for machine in console.selected(work, reach.conditions)]
    collected = [] if no_collect else run(reach, work, console.collect(work, reach.conditions, edition))
    waiting = console.unconfirmed(work, machines)
    counts = console.proxy_counts(work, machines)
    rows = 0
    if waiting or not counts["confirmed"]:
        made = console.request_bundle(work, waiting, console.fresh_database_id(), with_names=not no_names)
        write_output(out, made.text)
        rows = made.rows
    failed = _failed(collected)
    if reach.as_json:
        verdicts = [{"machine": name, "code": verdict.code, "text": verdict.text} for name, verdict in failed]
        terminal.result_json({"rows": rows, "confirmed_before": counts["confirmed"], "verdicts": verdicts})
    else:
        for name, verdict in failed:
            terminal.result(f"{name:30}  {verdict.code:22}  {terminal.clean(verdict.text)}")
        terminal.result(f"{rows} installation ids in the bundle")
        if counts["confirmed"]:
            terminal.note(f"{counts['confirmed']} were confirmed before: muster console deposit")
    if failed:
        raise typer.Exit(FAILED)


def _export_fleet(reach: Reach, work: console.Console, out: Path, which: Sequence[str], what: dict[str, Any]) -> None:
    chosen = console.find_keys(work, which)
    vault = vault_when_needed(reach.home, reach.passphrase_fd)
    keys = [vault().unseal(key) for key in chosen]
    files = console.fleet_files(work, console.selected(work, reach.conditions), keys=keys, **what)
    for name, text in files.items():
        make_folder((out / name).parent)
        write_output(out / name, text, quiet=True)
    machines = sum("/" in name and name.endswith("FLEET.toml") for name in files)
    if reach.as_json:
        terminal.result_json({"files": sorted(files), "machines": machines})
        return
    terminal.result(
        f"{out / 'FLEET.toml'} for all" + (f", and {counted(machines, 'machine')} of their own" if machines else "")
    )
    if keys:
        terminal.warn("keys stand in these files: keep them from other eyes")


def confirm_file(
    context: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="A request bundle, of any console.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="The confirmation bundle.")],
    service: Service = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Have a request bundle confirmed by the vendor's service, for a console that is not online."""
    work = console.open_console(home_of(context, home))
    with progress("asking the vendor", None):
        answer, opened = asyncio.run(
            console.confirm_for_others(work, read_input(bundle), console.vendor_services(service))
        )
    write_output(out, answer)
    confirmed = sum(bool(row.confirmation) for row in opened.rows)
    if as_json:
        terminal.result_json({"rows": len(opened.rows), "confirmed": confirmed})
    else:
        terminal.result(f"{confirmed} of {len(opened.rows)} rows confirmed")
    if confirmed < len(opened.rows):
        raise typer.Exit(FAILED)


def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help=f"Confirmation bundles; or states: {COLLECTED}.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Take in confirmation bundles, or states that another tool collected, row by row. What is refused is told."""
    read = [(path, read_input(path)) for path in files]
    bundles = [data for _, data in read if BUNDLE in data]
    if bundles and len(bundles) < len(read):
        raise Misconfigured(Code.USAGE, "bundles and states in one go", "import them one after the other")
    work = console.open_console(home_of(context, home))
    if bundles:
        _import_bundles(work, bundles, as_json=as_json)
    else:
        _import_states(work, [row for path, data in read for row in console.read_collected(path.stem, data)], as_json)


def _import_bundles(work: console.Console, bundles: Sequence[bytes], *, as_json: bool) -> None:
    taken = [console.take_bundle_of_any(work, data) for data in bundles]
    told = _rows([row for each in taken for row in each.rows])
    if as_json:
        rows: list[dict[str, Any]] = [{"machine": n, "code": v.code, "text": v.text} for n, v in told]
        doubts = [str(each.doubt.code) for each in taken if each.doubt is not None]
        terminal.result_json({"confirmed": sum(each.confirmed for each in taken), "rows": rows, "doubts": doubts})
    else:
        tell(told, "rows confirmed")
        _tell_doubts(taken)
        terminal.note("muster console deposit gives them to the machines")
    if not all(verdict.is_good for _, verdict in told) or any(each.doubt for each in taken):
        raise typer.Exit(FAILED)


def _import_states(work: console.Console, collected: Sequence[console.Collected], as_json: bool) -> None:
    kept = console.keep_collected(work, collected)
    wrong = [row for row in collected if row.problem]
    if as_json:
        terminal.result_json(
            {"kept": kept, "refused": [{"machine": row.name, "problem": row.problem} for row in wrong]}
        )
    else:
        for row in wrong:
            terminal.result(f"{row.name:30}  {row.problem}")
        terminal.result(f"{counted(kept, 'machine')} kept, {len(wrong)} refused")
    if wrong:
        raise typer.Exit(FAILED)


@reaching
def deposit(
    reach: Reach,
    again: Annotated[
        bool, typer.Option("--again", help="Also where it was deposited before, as after a new installation.")
    ] = False,
) -> None:
    """Give machines the confirmations that are kept for them. Costs no activation."""
    work = console.open_console(reach.home)
    tasks = console.deposit(work, [machine.id for machine in console.selected(work, reach.conditions)], again=again)
    if tasks:
        finish(reach, work, tasks)
    elif reach.as_json:
        terminal.result_json({"tasks": [], "done": 0, "failed": 0, "verdicts": []})
    else:
        terminal.result("nothing is left to deposit")
