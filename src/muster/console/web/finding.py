"""Find machines: by names and files, in a directory, and in states that another tool collected."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, MusterError
from muster.console.core.target_files import from_file
from muster.console.core.targets import Target, from_list
from muster.console.core.verdict import DONE, Verdict
from muster.console.service.access import ACT, REMOVE
from muster.console.service.importing import discover_each, keep_collected, read_collected
from muster.console.service.searching import Search, search_in
from muster.console.web.site import ManyFiles, Sent, Site
from muster.platform.accounts import Who
from muster.platform.pages import Form, Upload

MAX_NAMES = 100_000
"""Characters of names in a form."""
MAX_WORDS, MAX_PASSWORD = 1_000, 1_024
MAX_SOURCE = 64
SHOWN = 500
"""Machines on a page."""

Found = list[tuple[str, Sequence[Target]]]


def finding(site: Site) -> APIRouter:
    """The router of ``/find``."""
    router = site.router()

    @router.get("/find")
    def ask(request: Request) -> Response:
        return _find(site, request, site.who(request, ACT))

    @router.post("/find/names")
    def names(request: Request, form: ManyFiles) -> Response:
        who = site.form_of(request, form, REMOVE)
        try:
            return _find(site, request, who, **_kept(site, who, _named(form)))
        except MusterError as error:
            return _find(site, request, who, error)

    @router.post("/find/directory")
    def directory(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, REMOVE)
        place, user = form.text("place"), form.text("user")
        said = {"place": place, "user": user, "unit": form.text("unit", MAX_WORDS)}
        try:
            targets, unusable = _searched(site, form)
            told = _kept(site, who, [(f"ldap {place}", targets)])
        except MusterError as error:
            return _find(site, request, who, error, said=said)
        return _find(site, request, who, said=said, **told, unusable=unusable)

    @router.post("/find/states")
    def states(request: Request, form: ManyFiles) -> Response:
        who = site.form_of(request, form, ACT)
        try:
            read = [row for upload in form.uploads for row in read_collected(_stem(upload), upload.data)]
            if not read:
                raise Misconfigured(
                    Code.USAGE, "no file was chosen", "Choose what muster client status --json printed."
                )
            keep_collected(site.acting(who), read)
        except MusterError as error:
            return _find(site, request, who, error)
        told = [
            (row.name, Verdict(str(Code.ANSWER_MALFORMED), row.problem) if row.problem else Verdict(DONE))
            for row in read
        ]
        return _find(site, request, who, told=told)

    return router


def _stem(upload: Upload) -> str:
    return PurePath(upload.name.replace("\\", "/")).stem


def _named(form: Form) -> Found:
    found: Found = []
    if typed := from_list(form.text("names", MAX_NAMES)):
        found.append(("list", typed))
    for upload in form.uploads:
        kind, targets = from_file(upload.data.decode("utf-8-sig", errors="replace"))
        found.append((f"{kind} {PurePath(upload.name).name}", targets))
    if not any(targets for _, targets in found):
        raise Misconfigured(Code.USAGE, "no machines were named", "Name some, or choose a file.")
    return found


def _searched(site: Site, form: Form) -> tuple[Sequence[Target], int]:
    wanted = Search(form.text("unit", MAX_WORDS), form.text("name") or "*", form.text("filter", MAX_WORDS))
    place, user = form.text("place"), form.text("user")

    async def search() -> tuple[Sequence[Target], int]:
        async with site.directories.connect(place, user, form.text("password", MAX_PASSWORD)) as found:
            return await search_in(found, wanted)

    return asyncio.run(search())


def _kept(site: Site, who: Who, found: Found) -> dict[str, Any]:
    console = site.acting(who)
    each = [row for source, targets in found for row in discover_each(console, targets, source[:MAX_SOURCE])]
    return {"machines": each[:SHOWN], "number": len(each), "new": sum(is_new for _, is_new in each)}


def _find(site: Site, request: Request, who: Who, failure: MusterError | None = None, **told: Any) -> Response:
    verdicts: list[tuple[str, Verdict]] | None = told.pop("told", None)
    said = told.pop("said", {})
    context = {
        "machines": None,
        "number": 0,
        "new": 0,
        "unusable": 0,
        "place": site.directories.place,
        "user": "",
        "unit": "",
        "may_add": who.may(REMOVE),
        "told": verdicts and list(_first_bad(verdicts)),
        "counts": Counter(verdict.code for _, verdict in verdicts or ()).most_common(),
    }
    return site.show(request, who, "find.html", failure, **{**context, **said, **told})


def _first_bad(verdicts: Sequence[tuple[str, Verdict]]) -> Iterator[tuple[str, Verdict]]:
    """What was refused before what was taken, as far as a page holds it."""
    ordered = sorted(verdicts, key=lambda row: row[1].is_good)
    yield from ordered[:SHOWN]
