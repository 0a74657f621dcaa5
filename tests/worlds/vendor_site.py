"""Acme Software's pages as a browser meets them, without a network: a real vendor, real accounts, a client with a cookie jar."""

from __future__ import annotations

import html
import re
from pathlib import Path

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from muster.platform.accounts import Accounts
from muster.platform.accounts.memory import MemoryAccounts
from muster.platform.openid.exchange import Identities
from muster.vendor.service.access import vendor_accounts
from muster.vendor.web.pages import add_pages
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import Acme

ADDRESS = "https://activate.acme.example"
PASSWORD = "a password of some length"
_FORM_SECRET = re.compile(r'name="form" value="([0-9a-f]{64})"')


class Browser(TestClient):
    """A browser that follows redirects and never raises."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app, ADDRESS, raise_server_exceptions=False, client=("192.0.2.7", 50000))

    def fill(self, path: str, page: str | None = None, **fields: object) -> Response:
        """Send a form with the secret of the page it stands on."""
        found = _FORM_SECRET.search(self.get(page or path).text)
        assert found, f"no form for somebody who is logged in on {page or path}"
        return self.post(path, data={"form": found[1], **fields})

    def log_in(self, name: str, password: str = PASSWORD) -> Response:
        return self.post("/login", data={"name": name, "password": password})


class AcmeSite:
    """The site of Acme; anna administers, otto operates, audrey audits. With `identities` others log in elsewhere."""

    def __init__(self, home: Path, identities: Identities | None = None, acme: Acme | None = None) -> None:
        self.acme = acme or Acme(home)
        self.accounts: Accounts = vendor_accounts(self.acme.vendor, MemoryAccounts(), LIGHT)
        for name, role in (("anna", "admin"), ("otto", "operator"), ("audrey", "auditor")):
            self.accounts.add("setup", name, role, password=PASSWORD)
        self.app = FastAPI()
        add_pages(self.app, self.acme.vendor, self.accounts, identities=identities)

    def stranger(self) -> Browser:
        return Browser(self.app)

    def as_(self, name: str) -> Browser:
        browser = self.stranger()
        assert browser.log_in(name).status_code == 200
        return browser


def plain(page: Response) -> str:
    """The text of a page, without tags and entities, blanks folded."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
