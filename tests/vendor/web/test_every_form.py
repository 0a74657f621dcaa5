"""Every form of every page, found by walking through them: none can be sent from elsewhere, none falls for what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from starlette.routing import BaseRoute, Match, Route

from muster.vendor import app as vendor
from muster.vendor.service.webhooks import add_webhook
from tests.worlds.reporting_hosts import certified
from tests.worlds.vendor_site import PASSWORD, AcmeSite
from tests.worlds.vendor_world import hardware, machine

# What strangers may send: it changes nothing that is theirs to change, or proves itself by a password.
OPEN = {"/", "/bundle", "/login"}
MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7777*7777 }}"
STATEMENT = "1'; DROP TABLE product_key; --%_\\"
TYPED = {"text", "search", "textarea", "email", "url", "password", "date", "number", "hidden", "select"}
PAGES = 60


@dataclass
class Sent:
    """A form as a browser would send it: `fields` by their names, `kinds` as the page says."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


class Reader(HTMLParser):
    """The forms and the links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.links: list[str] = []
        self._open: Sent | None = None
        self._asked = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "form":
            self._open = Sent(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open and given.get("name") and tag in {"input", "textarea", "select", "button"}:
            self._asked = given["name"]
            kind = given.get("type", "text") if tag == "input" else tag
            self._open.kinds[self._asked] = kind
            self._open.fields.setdefault(self._asked, given.get("value", ""))
        elif tag == "option" and self._open and ("selected" in given or not self._open.fields.get(self._asked)):
            self._open.fields[self._asked] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeSite]:
    """A vendor that has one of everything that pages show."""
    site = AcmeSite(tmp_path_factory.mktemp("acme"))
    key = site.acme.mak()
    site.acme.confirm(machine(key, hardware(1)))
    certified(site.acme, 1)
    add_webhook(site.acme.vendor, "https://erp.acme.example/muster", ["key.exhausted"])
    site.accounts.issue_token("setup", "ci", "anna", frozenset({"read"}), 30)
    yield site
    site.acme.close()


@pytest.fixture(scope="module")
def forms(site: AcmeSite) -> dict[str, Sent]:
    """Every form that changes something, by its action, from every page that a link leads an administrator to."""
    anna, seen, ahead, found = site.as_("anna"), set[str](), ["/home", "/", "/bundle"], dict[str, Sent]()
    while ahead and len(seen) < PAGES:
        path = ahead.pop(0).partition("#")[0]
        shape = re.sub(r"\d+", "1", path.partition("?")[0])
        if not path.startswith("/") or shape in seen:
            continue
        seen.add(shape)
        read = Reader(anna.get(path).text)
        ahead += read.links
        for form in read.forms:
            form.action = form.action or path
            if form.method == "post":
                found.setdefault(re.sub(r"\d+", "1", form.action.partition("?")[0]), form)
    return found


def records(site: AcmeSite) -> int:
    return len(site.acme.vendor.store.run(lambda books: books.audit_rows(10_000)))


def changing(site: AcmeSite) -> list[Route]:
    """The routes of the pages that take forms."""
    routes = [route for route in _routes(site.app.routes) if "POST" in (route.methods or ())]
    return [route for route in routes if route.path not in OPEN]


def _routes(found: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in found:
        if isinstance(route, Route):
            yield route
        else:  # a router that was put in
            yield from _routes(getattr(getattr(route, "original_router", route), "routes", None) or ())


def test_the_walk_finds_a_form_for_every_route_that_takes_one(site: AcmeSite, forms: dict[str, Sent]) -> None:
    def leads(route: Route, path: str) -> bool:
        return route.matches({"type": "http", "method": "POST", "path": path})[0] is Match.FULL

    # Shown only after something was done: what was looked up is confirmed, what went wrong is sent again.
    later = {"/operator/confirm", "/operator/exception", "/webhooks/deliveries/{number:int}/again"}
    later |= {route.path for route in changing(site) if route.path.endswith("/erase")}
    missing = [r.path for r in changing(site) if r.path not in later and not any(leads(r, path) for path in forms)]
    assert missing == []
    assert (len(changing(site)) > 15, len(forms) > 25) == (True, True)


def test_no_form_does_anything_without_the_secret_of_its_session(site: AcmeSite, forms: dict[str, Sent]) -> None:
    anna, stranger = site.as_("anna"), site.stranger()
    other = site.accounts.visitor(site.accounts.log_in("anna", PASSWORD, "elsewhere")).form_secret
    routes = [re.sub(r"{number:int}", "1", route.path).replace("{action}", "block") for route in changing(site)]
    before = records(site)
    for action in sorted({*routes, *(path for path in forms if path not in OPEN)}):
        known = forms[action].fields if action in forms else {}
        for secret in ({}, {"form": "0" * 64}, {"form": other}, {"form": ""}):
            answer = anna.post(action, data={**known, "form": "", **secret})
            assert (action, answer.status_code) == (action, 403)
        own = known.get("form") or Reader(anna.get("/password").text).forms[0].fields["form"]
        cross = anna.post(action, data={**known, "form": own}, headers={"sec-fetch-site": "cross-site"})
        assert (action, cross.status_code) == (action, 403)
        assert (action, stranger.post(action, data={**known, "form": own}).status_code) == (action, 401)
    assert records(site) == before


@pytest.mark.parametrize("text", [MARKUP, STATEMENT], ids=["markup", "statements"])
def test_no_field_of_any_form_runs_what_is_typed_into_it(site: AcmeSite, forms: dict[str, Sent], text: str) -> None:
    anna = site.as_("anna")
    for action, form in forms.items():
        if action in {"/logout", "/password"}:
            continue
        browser = site.stranger() if action in OPEN else anna
        own = Reader(anna.get("/password").text).forms[0].fields["form"]
        typed = [name for name, kind in form.kinds.items() if kind in TYPED and name != "form"]
        for filled in [{name: text} for name in typed] + [dict.fromkeys(typed, text)]:
            answer = browser.post(form.action, data={**form.fields, "form": own, **filled})
            assert answer.status_code < 500, (action, filled)
            assert_harmless(answer.text, (action, filled))
    for path in ("/overview", "/keys", "/organisations", "/activations", "/audit", "/webhooks", "/accounts", "/keys/1"):
        for query in ({}, {"q": text, "state": text, "page": text, "sort": text, "from": text, "to": text}):
            answer = anna.get(path, params=query)
            assert answer.status_code in {200, 422}, path
            assert_harmless(answer.text, (path, query))
    assert vendor.list_keys(site.acme.vendor, None), "the table is there"


def assert_harmless(page: str, of: object) -> None:
    assert "<script>alert" not in page, of
    assert "<img src=x" not in page, of
    assert "60481729" not in page, of


def test_a_changed_password_ends_every_session_but_the_one_it_was_changed_in(site: AcmeSite) -> None:
    site.acme.clock.move(minutes=5)  # or it would be too many log-ins from one place
    otto, thief = site.as_("otto"), site.stranger()
    thief.cookies.update(otto.cookies)
    stolen = dict(thief.cookies)
    assert thief.get("/operator").url.path == "/operator"
    fields = {"old": PASSWORD, "new": "another password of his", "again": "another password of his"}
    assert otto.fill("/password", **fields).status_code == 200
    assert thief.get("/operator").url.path == "/login"
    assert dict(otto.cookies) != stolen
    assert otto.get("/operator").url.path == "/operator"
    assert site.stranger().log_in("otto").status_code == 401
