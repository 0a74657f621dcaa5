"""Reports on pages and as files."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.console.core.reports import Report, as_csv, as_html, word
from muster.console.service.access import READ
from muster.console.service.reporting import DAYS, REPORTS, SIGNED, report
from muster.console.web.site import ManyFiles, Site
from muster.platform.pages.headers import secured

SHOWN = 500
"""Lines on a page; the files hold all."""
WITH_DAYS = frozenset({"expiring", "not-seen"})
_MEDIA = {"csv": "text/csv; charset=utf-8", "html": "text/html; charset=utf-8"}
_WRITE = {"csv": as_csv, "html": as_html}


def reports(site: Site) -> APIRouter:
    """The router of ``/reports``."""
    router = site.router()

    @router.get("/reports")
    def list_(request: Request) -> Response:
        who = site.who(request, READ)
        known = [(name, title, told.format(days=DAYS)) for name, (title, told, _, _) in REPORTS.items()]
        return site.show(request, who, "reports.html", reports=known)

    @router.get("/reports/{name}")
    def show(request: Request, name: str) -> Response:
        who, asked = site.who(request, READ), request.query_params.get("days", "")
        if name not in REPORTS:
            raise Refused(Code.NOT_FOUND, f"there is no report {name[:40]!r}", "See the list of reports.")
        days = _days(asked)
        kind = request.query_params.get("as", "")
        limit = None if kind in _WRITE else SHOWN
        found = None if name == SIGNED else report(site.console, name, days=days, limit=limit)
        if found and kind in _WRITE:
            return _file(found, kind)
        return site.show(request, who, "report.html", **_context(name, found, days))

    @router.post("/reports/signed")
    def merge(request: Request, form: ManyFiles) -> Response:
        who = site.form_of(request, form, READ)
        try:
            found = report(
                site.console, SIGNED, files=[(upload.name or upload.field, upload.data) for upload in form.uploads]
            )
        except MusterError as error:
            return site.show(request, who, "report.html", error, **_context(SIGNED, None, DAYS))
        if (kind := form.text("as")) in _WRITE:
            return _file(found, kind)
        return site.show(request, who, "report.html", **_context(SIGNED, found, DAYS))

    return router


def _days(text: str) -> int:
    if not text:
        return DAYS
    if not text.isascii() or not text.isdigit() or len(text) > len(str(10**6)):
        raise Malformed(Code.USAGE, "that is no number of days", "Enter digits only.")
    return int(text)


def _context(name: str, found: Report | None, days: int) -> dict[str, Any]:
    title, told, columns, _ = REPORTS[name]
    return {
        "name": name,
        "title": title,
        "told": told.format(days=days),
        "columns": columns,
        "rows": found.rows[:SHOWN] if found else (),
        "count": found.count if found else 0,
        "is_made": found is not None,
        "days": days,
        "has_days": name in WITH_DAYS,
        "is_signed": name == SIGNED,
        "word": word,
    }


def _file(found: Report, kind: str) -> Response:
    name = f"{found.name}-{found.made_at:%Y-%m-%d}.{kind}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return secured(Response(_WRITE[kind](found), media_type=_MEDIA[kind], headers=headers))
