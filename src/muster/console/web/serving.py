"""The application that `muster console serve` runs: every page behind a log-in, and what a watch asks for."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from muster import __version__
from muster.console.service.acting import Console
from muster.console.web.acts import acts
from muster.console.web.directories import directories as directory_pages
from muster.console.web.finding import finding
from muster.console.web.keys import keys as key_pages
from muster.console.web.machines import machines
from muster.console.web.overview import overview
from muster.console.web.programs import NewTask, programs
from muster.console.web.records import audit, people
from muster.console.web.reports import reports
from muster.console.web.site import DirectoryRoom, Elsewhere, KeyRoom, Site, make_site
from muster.console.web.tasks import tasks
from muster.console.web.working import Workers
from muster.platform.accounts import Accounts
from muster.platform.pages.access import access
from muster.platform.pages.openid import by_identity
from muster.platform.pages.pages import see_other, static_files
from muster.platform.pages.problems import describe_problems

HOME = "/overview"
DESCRIPTION = "/v1/openapi.json"


def create_app(
    console: Console,
    accounts: Accounts,
    workers: Workers,
    keys: KeyRoom,
    directories: DirectoryRoom,
    *,
    elsewhere: Elsewhere | None = None,
) -> FastAPI:
    """The pages of a console, and its API for programs; with `elsewhere` people may log in at an identity provider."""
    app = FastAPI(title="Muster console", version=__version__, docs_url=None, redoc_url=None, openapi_url=DESCRIPTION)
    site = make_site(console, accounts, workers, keys, directories)
    app.mount("/static", static_files())
    other = elsewhere.identities.provider.name if elsewhere else ""
    app.include_router(access(site.pages, site.visitors, HOME, other))
    if elsewhere:
        app.include_router(by_identity(site.pages, site.visitors, elsewhere.identities, elsewhere, HOME))
    rooms = home, overview, machines, finding, acts, tasks, key_pages, directory_pages, reports, audit, people, programs
    for room in rooms:
        app.include_router(room(site))
    describe_problems(app, NewTask)
    return app


def home(site: Site) -> APIRouter:
    """``/`` and ``/health``."""
    router = site.router()

    @router.get("/")
    def first(request: Request) -> Response:  # noqa: ARG001 - the router hands it over
        return see_other(HOME)

    @router.get("/health")
    def health() -> Response:
        """The process and its database answer."""
        site.console.store.run(lambda books: books.views())
        return JSONResponse({"status": "ok"})

    return router
