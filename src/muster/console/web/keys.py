"""Product keys and product files: kept, told of, asked about at their vendors; confirmation bundles taken in."""

from __future__ import annotations

import asyncio
from collections import Counter

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.core.keys import MAX_TEXT_CHARACTERS, read_keys
from muster.console.core.verdict import Verdict
from muster.console.ports import Vault
from muster.console.service.access import ACT, KEYS, READ
from muster.console.service.keeping import (
    Added,
    add_keys,
    change_passphrase,
    find_keys,
    key_rows,
    refresh_keys,
    remove_keys,
)
from muster.console.service.products import add_product, product_row, products, remove_product, vendor_named
from muster.console.service.proxying import Taken, take_bundle_of_any
from muster.console.web.site import Sent, Site
from muster.platform.accounts import Who
from muster.platform.pages import Form
from muster.platform.pages.pages import see_other

MAX_PASSPHRASE = 1_024
SHOWN = 500
"""Verdicts on a page."""

Told = list[tuple[str, Verdict]]
_TOLD_OF = {"add": "Keys added", "refresh": "The vendor was asked", "take": "Confirmations taken in"}


def keys(site: Site) -> APIRouter:
    """The router of ``/keys``."""
    router = site.router()

    @router.get("/keys")
    def list_(request: Request) -> Response:
        return _keys(site, request, site.who(request, READ))

    @router.post("/keys/{action}")
    def act(request: Request, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, ACT if action == "take" else KEYS)
        try:
            told = _done(site, who, action, form)
        except MusterError as error:
            return _keys(site, request, who, error)
        if told is None:
            return see_other("/keys?changed=yes" if action == "passphrase" else "/keys")
        return _keys(site, request, who, told=told, told_of=_TOLD_OF[action])

    return router


def _done(site: Site, who: Who, action: str, form: Form) -> Told | None:
    """What a form of this page does; what became of each of many, where it is about many."""
    console = site.acting(who)
    if action == "add":
        return [_told(added) for added in add_keys(console, _vault(site, form), read_keys(_text(form)))]
    if action == "remove":
        remove_keys(console, find_keys(console, [form.text("key", 20)]))
    elif action == "refresh":
        chosen = find_keys(console, [form.text("key", 20)])
        vault = site.keys.open(form.text("passphrase", MAX_PASSPHRASE))
        found = asyncio.run(refresh_keys(console, vault, chosen, site.keys.service))
        return [(f"…{key.partial}", verdict) for key, verdict in found]
    elif action == "passphrase":
        vault = site.keys.open(form.text("passphrase", MAX_PASSPHRASE))
        change_passphrase(console, vault, _twice(form, "new"))
    elif action == "add-product":
        add_product(console, form.files.get("product", b""))
    elif action == "remove-product":
        remove_product(console, vendor_named(console, form.text("vendor")))
    elif action == "take":
        return rows_of([take_bundle_of_any(console, form.files.get("bundle", b""))])
    else:
        raise Refused(Code.NOT_FOUND)
    return None


def rows_of(taken: list[Taken]) -> Told:
    """Names and verdicts of confirmations that were taken in."""
    return [(row.name or f"row {row.installation.hex()[:12]}", row.verdict) for each in taken for row in each.rows]


def _told(added: Added) -> tuple[str, Verdict]:
    return f"line {added.line}" + (f", …{added.partial}" if added.partial else ""), added.verdict


def _text(form: Form) -> str:
    file = form.files.get("file", b"").decode("utf-8", errors="replace")
    return "\n".join(text for text in (form.text("keys", MAX_TEXT_CHARACTERS), file) if text)


def _vault(site: Site, form: Form) -> Vault:
    passphrase = form.text("passphrase", MAX_PASSPHRASE)
    if site.keys.is_set_up():
        return site.keys.open(passphrase)
    return site.keys.make(_twice(form, "passphrase"))


def _twice(form: Form, name: str) -> str:
    passphrase = form.text(name, MAX_PASSPHRASE)
    if passphrase != form.text("again", MAX_PASSPHRASE):
        raise Misconfigured(Code.PASSPHRASE_WRONG, "the passphrase was not typed the same twice", "Type it again.")
    return passphrase


def _keys(
    site: Site,
    request: Request,
    who: Who,
    failure: MusterError | None = None,
    *,
    told: Told | None = None,
    told_of: str = "",
) -> Response:
    rows = key_rows(site.console)
    return site.show(
        request,
        who,
        "keys.html",
        failure,
        keys=rows,
        products=[product_row(product) for product in products(site.console)],
        told=told[:SHOWN] if told is not None else None,
        told_of=told_of,
        counts=Counter(verdict.code for _, verdict in told or ()).most_common(),
        is_set_up=site.keys.is_set_up(),
        is_changed=request.query_params.get("changed") == "yes",
        may_keys=who.may(KEYS),
        may_act=who.may(ACT),
    )
