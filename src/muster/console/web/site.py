"""What all pages of the console stand on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.base.errors import MusterError
from muster.console.ports import Vault, VendorService
from muster.console.service.access import ACCOUNTS, ACT, AUDIT, DIRECTORY, READ
from muster.console.service.acting import Console
from muster.console.web.working import Workers
from muster.platform.accounts import Accounts, Who
from muster.platform.ldap.port import Directory
from muster.platform.openid.exchange import Identities
from muster.platform.pages import Catalogue, Form, Pages, Visitors, read_form, read_many
from muster.platform.pages.pages import status_of
from muster.trust.product import Product

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")
OWNER = "Muster console"

# Address, name and the scope somebody needs to see it.
MENU = (
    ("/overview", "Overview", READ),
    ("/machines", "Machines", READ),
    ("/find", "Find", ACT),
    ("/tasks", "Tasks", READ),
    ("/keys", "Keys", READ),
    ("/directory", "Directory", DIRECTORY),
    ("/reports", "Reports", READ),
    ("/audit", "Audit", AUDIT),
    ("/accounts", "Accounts", ACCOUNTS),
)

Sent = Annotated[Form, Depends(read_form)]
ManyFiles = Annotated[Form, Depends(read_many)]


@dataclass(frozen=True, slots=True)
class KeyRoom:
    """Where product keys are sealed, and who is asked about them. `make` chooses the passphrase once."""

    is_set_up: Callable[[], bool]
    make: Callable[[str], Vault]
    open: Callable[[str], Vault]
    service: Callable[[Product], VendorService]
    fresh: Callable[[], bytes]
    """16 random bytes, for a database that has no id yet."""


@dataclass(frozen=True, slots=True)
class DirectoryRoom:
    """How directories are reached. `place`: the server or domain that pages offer; `base`: where objects are kept there.

    `connect` takes a server's URL or a domain, a user and a password; without a user the console logs in as itself.
    """

    place: str
    base: str
    connect: Callable[[str, str, str], AbstractAsyncContextManager[Directory]]


@dataclass(slots=True)
class Elsewhere:
    """Another way to log in: who is asked, with the clock and the chance that it takes."""

    identities: Identities
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True)
class Site:
    """A console, its pages, who is logged in, and what works in the background."""

    console: Console
    pages: Pages
    visitors: Visitors
    workers: Workers
    keys: KeyRoom
    directories: DirectoryRoom

    def router(self) -> APIRouter:
        """A router for pages of this site."""
        return self.pages.router()

    def who(self, request: Request, scope: str) -> Who:
        """Whoever is logged in, if that one may do `scope`; else `Refused` with SESSION_ENDED or NOT_ALLOWED."""
        who = self.visitors.who(request)
        who.need(scope)
        return who

    def form_of(self, request: Request, form: Form, scope: str) -> Who:
        """Whoever sent a form of a page: `who`, and `Refused` with FORM_OUTDATED for a foreign one."""
        who = self.who(request, scope)
        who.check_form(form.text("form"))
        return who

    def show(
        self, request: Request, who: Who, template: str, failure: MusterError | None = None, **context: Any
    ) -> Response:
        """A page; with a failure it is told on top and in the status."""
        told = self.pages.explain(request, failure, LANGUAGES[0]) if failure else None
        status = status_of(failure) if failure else 200
        return self.pages.render(request, template, status, LANGUAGES[0], who=who, error=told, **context)

    def acting(self, who: Who) -> Console:
        """The console, with audit rows in this name."""
        return replace(self.console, actor=who.name)


def make_site(
    console: Console, accounts: Accounts, workers: Workers, keys: KeyRoom, directories: DirectoryRoom
) -> Site:
    """The site of a console."""
    visitors = Visitors(accounts)
    pages = Pages(HERE / "templates", Catalogue(HERE / "texts", LANGUAGES), visitors, owner=OWNER, menu=MENU)
    return Site(console, pages, visitors, workers, keys, directories)
