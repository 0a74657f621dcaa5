"""Keys: search, issue one or many, look at one, and what can be done with it. A key is shown once and never again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import see_other, status_of
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor.core.key_list import key_list
from muster.vendor.ports import Books, KeyRow, Search
from muster.vendor.service.access import EXCEPT, KEYS, READ
from muster.vendor.service.selling import (
    MAX_REASON,
    Order,
    block_key,
    extend_key,
    issue_keys,
    note_key,
    replace_key,
)
from muster.vendor.service.vendor import Vendor, definition_in
from muster.vendor.web.lists import day_in, search_of, shown
from muster.vendor.web.site import Site
from muster.wire.calendar import day_start

MAX_AT_ONCE = 500
HISTORY = 20
KINDS = {"mak": KeyKind.MAK, "host": KeyKind.HOST}

Sent = Annotated[Form, Depends(read_form)]


def keys(site: Site) -> APIRouter:
    """The router of ``/keys``."""
    router = site.router()

    @router.get("/keys")
    def list_(request: Request) -> Response:
        who, search = site.who(request, READ), search_of(request)
        found = site.vendor.store.run(lambda books: books.list_keys(search))
        return site.show(request, who, "keys.html", list=shown(request, search, found), may_issue=who.may(KEYS))

    @router.get("/keys/issue")
    def ask(request: Request) -> Response:
        return _ask(site, request, site.who(request, KEYS), Form())

    @router.post("/keys/issue")
    def issue(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, KEYS)
        try:
            wanted = _wanted(form)
            made = issue_keys(site.acting(who), wanted.order, wanted.count)
        except MusterError as error:
            return _ask(site, request, who, form, error)
        if wanted.count > 1:
            return as_csv(wanted.order, made)
        return site.show(request, who, "key_made.html", key=made[0], order=wanted.order, old=None)

    @router.get("/keys/{number:int}")
    def show(request: Request, number: int) -> Response:
        return _show(site, request, site.who(request, READ), number)

    @router.post("/keys/{number:int}/{action}")
    def act(request: Request, number: int, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, EXCEPT if action in {"extend", "note"} else KEYS)
        _find(site, number)
        try:
            made = _act(site.acting(who), str(number), action, form)
        except MusterError as error:
            return _show(site, request, who, number, error)
        if made is not None:
            return site.show(request, who, "key_made.html", key=made, order=None, old=number)
        return see_other(f"/keys/{number}")

    return router


def _act(vendor: Vendor, which: str, action: str, form: Form) -> ProductKey | None:
    """What a button of a key's page does; the new key where one was made."""
    if action == "replace":
        return replace_key(vendor, which)
    if action in {"block", "unblock"}:
        block_key(vendor, which, blocked=action == "block")
    elif action == "extend":
        granted = {name: form.number(name) or 0 for name in ("hosts", "reactivations", "activations")}
        extend_key(vendor, which, reason=form.text("reason", MAX_REASON), **granted)
    elif action == "note":
        note_key(vendor, which, form.text("note", MAX_REASON))
    else:
        raise Refused(Code.NOT_FOUND)
    return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    order: Order
    count: int


def _wanted(form: Form) -> _Wanted:
    count = form.number("count") or 1
    if count > MAX_AT_ONCE:
        hint = "muster vendor key issue makes more on the command line."
        raise Misconfigured(Code.USAGE, f"{count} keys are more than {MAX_AT_ONCE}", hint)
    kind = KINDS.get(form.text("kind"))
    if kind is None:
        raise Misconfigured(Code.USAGE, "there is no such kind of key", "mak or host")
    is_mak = kind is KeyKind.MAK
    order = Order(
        kind,
        form.text("edition" if is_mak else "group", 64),
        form.text("organisation", 200),
        level=None if is_mak else form.number("level"),
        activations=form.number("activations") if is_mak else None,
        days=form.number("days"),
        seats=form.number("seats") or 0,
        until=day_in(form, "until"),
        covers_until=None if is_mak else day_in(form, "covers_until"),
    )
    return _Wanted(order, count)


def as_csv(order: Order, made: Sequence[ProductKey]) -> Response:
    """New keys as a file."""
    text = key_list(made, order.scope, order.organisation)
    headers = {"content-disposition": 'attachment; filename="keys.csv"'}
    return secured(Response(text, media_type="text/csv; charset=utf-8", headers=headers))


def _ask(site: Site, request: Request, who: Who, form: Form, error: MusterError | None = None) -> Response:
    definition = site.vendor.store.run(definition_in)
    typed = dict(form.fields)
    return site.show(
        request,
        who,
        "key_issue.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        editions=[(edition.name, edition.name) for edition in definition.editions()],
        groups=[(group.name, group.name) for group in definition.groups()],
        given={"organisation": request.query_params.get("organisation", "")[:200], **typed},
        most=MAX_AT_ONCE,
    )


def _find(site: Site, number: int) -> KeyRow:
    found = site.vendor.store.run(lambda books: books.key(number))
    if found is None:
        raise Refused(Code.NOT_FOUND, f"there is no key {number}")
    return found


def _show(site: Site, request: Request, who: Who, number: int, error: MusterError | None = None) -> Response:
    key = _find(site, number)
    search = Search(key=number, size=HISTORY)

    def work(books: Books) -> dict[str, object]:
        given = books.list_certificates(search) if key.kind is KeyKind.HOST else books.list_machines(search)
        return {"given": given, "history": books.list_audit(search)}

    return site.show(
        request,
        who,
        "key.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        key=key,
        is_host=key.kind is KeyKind.HOST,
        ends=day_start(key.end_day) if key.end_day else None,
        may_keys=who.may(KEYS),
        may_except=who.may(EXCEPT),
        **site.vendor.store.run(work),
    )
