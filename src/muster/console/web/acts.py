"""Do something with machines that were chosen in a list: first who and what, then the audit row, then the task."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.core.conditions import parse_conditions
from muster.console.core.fleet_file import WAYS, as_zip
from muster.console.ports import Machine
from muster.console.service.deeds import DEPOSIT
from muster.console.service.fleets import fleet_files
from muster.console.service.inventory import Chosen, begin_chosen, chosen_machines, install_on_chosen, remove_chosen
from muster.console.service.keeping import INSTALL, find_keys, key_rows, unsealing
from muster.console.service.products import products
from muster.console.service.proxying import confirm_online, deposit, request_bundle, unconfirmed
from muster.console.web.keys import MAX_PASSPHRASE, rows_of
from muster.console.web.keys import SHOWN as SHOWN_VERDICTS
from muster.console.web.operations import BUNDLE, FLEET, ONLINE, OPERATIONS, REMOVAL, Operation
from muster.console.web.site import Sent, Site
from muster.platform.accounts import Who
from muster.platform.pages import Form
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import see_other

SHOWN = 20
MAX_IN_ADDRESS = 500
"""Machines; with more of them an address would grow too long."""
MAX_NUMBERS = 120_000
"""Characters of numbers in a form."""


def acts(site: Site) -> APIRouter:
    """The router of ``/act``."""
    router = site.router()

    @router.get("/act")
    def ask(request: Request) -> Response:
        asked = request.query_params
        name, operation = _operation(asked.get("operation", ""))
        who = site.who(request, operation.scope)
        is_all = asked.get("which") == "all"
        if not is_all and not asked.getlist("m"):
            raise Misconfigured(Code.USAGE, "no machine was chosen", "Go back and choose some, or all that fit.")
        numbers = () if is_all else _numbers(",".join(asked.getlist("m")))
        return _ask(site, request, who, Asked(name, tuple(asked.getlist("where")), numbers))

    @router.post("/act")
    def act(request: Request, form: Sent) -> Response:
        name, operation = _operation(form.text("operation", 40))
        who = site.form_of(request, form, operation.scope)
        asked = Asked(name, form.texts("where"), _numbers(form.text("numbers", MAX_NUMBERS)))
        try:
            _check(chosen_machines(site.console, asked.chosen), form, operation)
            return _done(site, request, who, asked, form)
        except MusterError as error:
            return _ask(site, request, who, asked, error)

    return router


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation on machines by their numbers; none: all that fit the conditions."""

    name: str
    where: tuple[str, ...]
    numbers: tuple[int, ...]

    @property
    def chosen(self) -> Chosen:
        """The machines."""
        return Chosen(parse_conditions(self.where), self.numbers)

    def address(self, operation: str) -> str:
        """Where another operation is asked for with the same machines."""
        if len(self.numbers) > MAX_IN_ADDRESS:
            return "/machines"
        chosen = [("m", str(number)) for number in self.numbers] or [("where", text) for text in self.where]
        pairs = [("operation", operation), ("which", "chosen" if self.numbers else "all"), *chosen]
        return f"/act?{urlencode(pairs)}"


def _ask(site: Site, request: Request, who: Who, asked: Asked, failure: MusterError | None = None) -> Response:
    machines = chosen_machines(site.console, asked.chosen)
    if not machines and failure is None:
        raise Refused(Code.NOT_FOUND, "no machine fits", "Go back to the list.")
    return site.show(
        request,
        who,
        "act.html",
        failure,
        name=asked.name,
        operation=OPERATIONS[asked.name],
        first=[machine.target.name for machine in machines[:SHOWN]],
        count=len(machines),
        where=() if asked.numbers else asked.where,
        numbers=",".join(map(str, asked.numbers)),
        ways=[(way, way) for way in WAYS],
        kept_ways=[("", "as it is"), *((way, way) for way in WAYS)],
        keys=[row for row in key_rows(site.console) if row["kind"] != "host"] if asked.name in {INSTALL, FLEET} else (),
        vendors=[product.claims.vendor for product in products(site.console)] if asked.name == FLEET else (),
    )


def _operation(name: str) -> tuple[str, Operation]:
    if name not in OPERATIONS:
        raise Refused(Code.NOT_FOUND, f"there is no action {name[:40]!r}")
    return name, OPERATIONS[name]


def _numbers(text: str) -> tuple[int, ...]:
    words = [word for word in text.split(",") if word]
    if not all(word.isascii() and word.isdigit() and len(word) < len(str(2**63)) for word in words):
        raise Misconfigured(Code.USAGE, "the choice of machines is not understood", "Choose them in the list again.")
    return tuple(dict.fromkeys(map(int, words)))


def _check(machines: list[Machine], form: Form, operation: Operation) -> None:
    """What was shown is what will be done; what is dangerous was said twice."""
    if str(len(machines)) != form.text("count", 12):
        problem = f"meanwhile {len(machines)} machines fit, not {form.text('count', 12)}"
        raise Refused(Code.FORM_OUTDATED, problem, "Look at the list below, and send it again.")
    if operation.warning and (form.text("sure") != "yes" or form.text("typed", 12) != str(len(machines))):
        raise Misconfigured(Code.USAGE, "this is asked twice", "Tick the box and type the number of machines.")


def _done(site: Site, request: Request, who: Who, asked: Asked, form: Form) -> Response:
    name = asked.name
    machines = [machine.id for machine in chosen_machines(site.console, asked.chosen)]
    if name == BUNDLE:
        return _bundle(site, who, machines, with_names=form.text("names") == "yes")
    if name == ONLINE:
        return _online(site, request, who, asked, machines)
    if name == DEPOSIT:
        return _deposit(site, who, machines, again=form.text("again") == "yes")
    if name == FLEET:
        return _fleet(site, who, asked, form)
    console = site.acting(who)
    if name == REMOVAL:
        remove_chosen(console, asked.chosen)
        return see_other("/machines")
    if name == INSTALL:
        (key,) = find_keys(console, [form.text("key", 20)])
        # A wrong passphrase ends it here, before anything is written down.
        vault = site.keys.open(form.text("passphrase", MAX_PASSPHRASE))
        task = install_on_chosen(console, key, asked.chosen)
        site.workers.start(console, task, unsealing(console, lambda: vault))
    else:
        parameters = {each: text for each in OPERATIONS[name].asks if (text := form.text(each)) or each == "hosts"}
        task = begin_chosen(console, name, parameters, asked.chosen)
        site.workers.start(console, task)
    return see_other(f"/tasks/{task}")


def _bundle(site: Site, who: Who, machines: list[int], *, with_names: bool) -> Response:
    """The request bundle of what was collected from these machines, as a file."""
    console = site.acting(who)
    found = request_bundle(console, unconfirmed(console, machines), site.keys.fresh(), with_names=with_names)
    headers = {"content-disposition": 'attachment; filename="request-bundle.txt"'}
    return secured(Response(found.text, media_type="text/plain; charset=us-ascii", headers=headers))


def _online(site: Site, request: Request, who: Who, asked: Asked, machines: list[int]) -> Response:
    """What the vendor's service says to what was collected."""
    taken = asyncio.run(confirm_online(site.acting(who), machines, site.keys.service, site.keys.fresh()))
    told = rows_of(taken)
    counts = Counter(verdict.code for _, verdict in told).most_common()
    return site.show(
        request, who, "confirmed.html", told=told[:SHOWN_VERDICTS], counts=counts, deposit=asked.address(DEPOSIT)
    )


def _fleet(site: Site, who: Who, asked: Asked, form: Form) -> Response:
    """Files for a deployment tool, as an archive; keys stand in them."""
    console, hosts = site.acting(who), form.text("hosts")
    chosen = find_keys(console, form.texts("key"))
    vault = site.keys.open(form.text("passphrase", MAX_PASSPHRASE)) if chosen else None
    files = fleet_files(
        console,
        chosen_machines(console, asked.chosen),
        vendor=form.text("vendor"),
        edition=form.text("edition"),
        keys=[vault.unseal(key) for key in chosen] if vault else (),
        hosts=[host.strip() for host in hosts.split(",")] if hosts else [] if form.text("dns") == "yes" else None,
        way=form.text("way"),
    )
    headers = {"content-disposition": 'attachment; filename="fleet.zip"'}
    return secured(Response(as_zip(files), media_type="application/zip", headers=headers))


def _deposit(site: Site, who: Who, machines: list[int], *, again: bool) -> Response:
    """A task for each edition."""
    tasks = deposit(site.acting(who), machines, again=again)
    if not tasks:
        raise Refused(Code.NOT_FOUND, "nothing is left to deposit", "Collect installation ids and have them confirmed.")
    for task in tasks:
        site.workers.start(site.acting(who), task)
    return see_other(f"/tasks/{tasks[0]}" if len(tasks) == 1 else "/tasks")
