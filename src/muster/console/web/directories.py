"""Activation objects of a directory: activate it online, by what is kept here or by a bundle; look; remove."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.service.access import DIRECTORY
from muster.console.service.forests import (
    activate_forest,
    delete_object,
    find,
    forest_request,
    product_of_key,
    visible,
)
from muster.console.service.keeping import find_keys, key_rows
from muster.console.service.products import products
from muster.console.web.keys import MAX_PASSPHRASE
from muster.console.web.site import Sent, Site
from muster.platform.accounts import Who
from muster.platform.ldap.port import Directory
from muster.platform.pages import Form
from muster.platform.pages.headers import secured

MAX_DN = 1_000
ONLINE, AGAIN, KEPT = "online", "again", "kept"
WAYS = (
    (ONLINE, "Online, unless it was confirmed before"),
    (AGAIN, "Online, in any case"),
    (KEPT, "By the confirmation that is kept here"),
)
HOST = "host"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Place:
    """Which directory, as whom, and where in it; the password is never shown again."""

    place: str
    user: str
    base: str
    password: str = ""


def directories(site: Site) -> APIRouter:
    """The router of ``/directory``."""
    router = site.router()

    @router.get("/directory")
    def ask(request: Request) -> Response:
        own = Place(site.directories.place, "", site.directories.base)
        return _page(site, request, site.who(request, DIRECTORY), own)

    @router.post("/directory/request")
    def bundle(request: Request, form: Sent) -> Response:
        who, place = site.form_of(request, form, DIRECTORY), _place(form)
        try:
            text = _request(site, who, place, form)
        except MusterError as error:
            return _page(site, request, who, place, error)
        headers = {"content-disposition": 'attachment; filename="request-bundle.txt"'}
        return secured(Response(text, media_type="text/plain; charset=us-ascii", headers=headers))

    @router.post("/directory/{action}")
    def act(request: Request, action: str, form: Sent) -> Response:
        who, place = site.form_of(request, form, DIRECTORY), _place(form)
        works = {"look": _look, "activate": _activate, "delete": _delete}
        if action not in works:
            raise Refused(Code.NOT_FOUND)
        try:
            done = works[action](site, who, place, form)
            rows = _within(site, place, lambda d: visible(d, _known(site), site.console.clock.now(), place.base))
        except MusterError as error:
            return _page(site, request, who, place, error)
        return _page(site, request, who, place, done=done, rows=[row.plain() for row in rows])

    return router


def _place(form: Form) -> Place:
    words = form.text("place"), form.text("user"), form.text("base", MAX_DN)
    return Place(*words, form.text("password", MAX_PASSPHRASE))


def _within(site: Site, place: Place, work: Callable[[Directory], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with site.directories.connect(place.place, place.user, place.password) as directory:
            return await work(directory)

    return asyncio.run(run())


def _known(site: Site) -> dict[bytes, Any]:
    return {product.keysets.vendor_id: product for product in products(site.console)}


def _look(site: Site, who: Who, place: Place, form: Form) -> str:
    del site, who, place, form
    return ""


def _activate(site: Site, who: Who, place: Place, form: Form) -> str:
    console, key = site.acting(who), _key(site, form)
    product = product_of_key(console, key)
    how = form.text("how", 20)
    if how not in dict(WAYS):
        raise Misconfigured(Code.USAGE, "how the vendor is asked was not chosen", "Choose one.")
    service = None if how == KEPT else site.keys.service(product)
    given: dict[str, Any] = {
        "service": service,
        "fresh": site.keys.fresh(),
        "name": form.text("name", 40),
        "base": place.base,
        "only_group": form.text("group"),
        "again": how == AGAIN,
    }
    done = _within(site, place, lambda d: activate_forest(console, d, product, key, **given))
    return f"Activated: {done.dn}"


def _request(site: Site, who: Who, place: Place, form: Form) -> str:
    console, key = site.acting(who), _key(site, form)
    product, fresh = product_of_key(console, key), site.keys.fresh()
    made = _within(site, place, lambda d: forest_request(console, d, product, key, fresh=fresh, base=place.base))
    return made.text


def _delete(site: Site, who: Who, place: Place, form: Form) -> str:
    name = form.text("object", MAX_DN)
    if not name or form.text("typed", MAX_DN) != name or form.text("sure") != "yes":
        raise Misconfigured(Code.USAGE, "this is asked twice", "Tick the box and type the object's name.")
    console = site.acting(who)

    async def work(directory: Directory) -> str:
        kept = await find(directory, name, place.base)
        await delete_object(console, directory, kept)
        return kept.dn

    return f"Removed: {_within(site, place, work)}"


def _key(site: Site, form: Form) -> Any:
    """The host key that was chosen; a wrong passphrase ends it here, before anything is asked."""
    (key,) = find_keys(site.console, [form.text("key", 20)])
    return site.keys.open(form.text("passphrase", MAX_PASSPHRASE)).unseal(key)


def _page(
    site: Site, request: Request, who: Who, place: Place, failure: MusterError | None = None, **told: Any
) -> Response:
    keys = [row for row in key_rows(site.console) if row["kind"] == HOST]
    context = {"done": "", "rows": None, **told}
    return site.show(request, who, "directory.html", failure, place=place, keys=keys, ways=WAYS, **context)
