"""Log-in by an identity provider: a real one on loopback, a browser between the two, and every lie that could be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from httpx2 import Response

from muster.base.errors import Misconfigured
from muster.platform.openid import OpenIdSettings, Provider, provider_of
from muster.platform.openid.exchange import HttpsIdentities
from muster.vendor.service.access import ROLES
from tests.worlds.identity_provider import CLIENT, SECRET, Claims, IdentityProvider, identifying
from tests.worlds.vendor_site import ADDRESS, AcmeSite, Browser, plain
from tests.worlds.vendor_world import Acme

REDIRECT = f"{ADDRESS}/login/openid/back"
PAIRS = ("muster-admins=admin", "staff=operator")


class World:
    def __init__(self, home: Path, idp: IdentityProvider, acme: Acme) -> None:
        self.idp = idp
        secret = home / "secret"
        secret.write_text(SECRET + "\n")
        settings = OpenIdSettings(
            idp.issuer, CLIENT, str(secret), ADDRESS, name="Acme's directory", claim="groups", roles=PAIRS
        )
        provider = provider_of(settings, ROLES)
        assert provider is not None
        self.site = AcmeSite(home, HttpsIdentities(provider, tls=idp.tls), acme)

    def begin(self, browser: Browser, wanted: str = "") -> str:
        """The address at the provider that the browser is sent to."""
        answer = browser.get(f"/login/openid?next={wanted}", follow_redirects=False)
        assert answer.status_code == 303, plain(answer)
        return answer.headers["location"]

    def go(self, address: str) -> str:
        """The browser at the provider: where it is sent back to."""
        return httpx2.get(address, verify=self.idp.tls, follow_redirects=False).headers["location"]

    def log_in(self, browser: Browser, wanted: str = "") -> Response:
        back = self.go(self.begin(browser, wanted))
        assert back.startswith(REDIRECT + "?")
        return browser.get(back.removeprefix(ADDRESS))


@contextmanager
def made(home: Path) -> Iterator[World]:
    with closing(Acme(home / "acme")) as acme, identifying(home / "idp", REDIRECT, acme.clock.now) as idp:
        yield World(home, idp, acme)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with made(tmp_path) as world:
        yield world


def test_somebody_of_the_provider_gets_an_account_with_the_role_of_the_group(world: World) -> None:
    browser = world.site.stranger()
    assert "Log in with Acme's directory" in plain(browser.get("/login"))
    page = world.log_in(browser, "/keys")
    assert (page.status_code, page.url.path) == (200, "/keys")
    account = world.site.accounts.store.find("nora")
    assert account is not None
    assert (account.role, account.password, account.identity) == ("operator", "", f"{world.idp.issuer} 4711")
    assert world.log_in(world.site.stranger()).url.path == "/operator"
    assert [row.name for row in world.site.accounts.store.accounts()].count("nora") == 1


def test_the_role_follows_the_provider_at_each_log_in(world: World) -> None:
    world.log_in(world.site.stranger())
    world.idp.person["groups"] = ["staff", "muster-admins"]
    admin = world.site.stranger()
    world.log_in(admin)
    assert admin.get("/accounts").status_code == 200
    world.idp.person["groups"] = "staff"
    world.log_in(world.site.stranger())
    assert admin.get("/accounts", follow_redirects=False).status_code == 303, "the old session has ended"
    world.idp.person["groups"] = ["others"]
    page = world.log_in(world.site.stranger())
    assert page.status_code == 401
    assert "gives you no role here" in plain(page)


def test_a_blocked_account_stays_outside_and_has_no_password_to_reset(world: World) -> None:
    world.log_in(world.site.stranger())
    anna = world.site.as_("anna")
    assert "nora operator 2026-11-24 open by the identity provider Block nora" in plain(anna.get("/accounts"))
    assert "New password nora" not in plain(anna.get("/accounts"))
    assert anna.fill("/accounts/reset", "/accounts", name="nora").status_code == 403
    assert world.site.stranger().log_in("nora", "").status_code == 401
    world.site.accounts.change("anna", "nora", blocked=True)
    assert "blocked" in plain(world.log_in(world.site.stranger()))


def test_a_name_that_is_taken_is_not_taken_over(world: World) -> None:
    world.idp.person["preferred_username"] = "anna"
    browser = world.site.stranger()
    world.log_in(browser)
    assert browser.get("/accounts").status_code == 403
    anna = world.site.accounts.store.find("anna")
    assert anna is not None
    assert anna.identity is None
    found = world.site.accounts.store.find_identity(f"{world.idp.issuer} 4711")
    assert found is not None
    assert found.name.startswith("anna-")


def test_a_code_that_another_browser_began_is_not_believed(world: World) -> None:
    back = world.go(world.begin(world.site.stranger()))
    victim = world.site.stranger()
    assert victim.get(back.removeprefix(ADDRESS)).status_code == 422
    world.begin(victim)
    page = victim.get(back.removeprefix(ADDRESS))
    assert page.status_code == 422
    assert "no log-in that was begun in this browser" in plain(page)


def test_an_answer_is_good_once(world: World) -> None:
    browser = world.site.stranger()
    back = world.go(world.begin(browser)).removeprefix(ADDRESS)
    assert browser.get(back).status_code == 200
    assert browser.get(back).status_code == 422


def test_nobody_is_sent_elsewhere_after_a_log_in(world: World) -> None:
    for wanted in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert world.log_in(world.site.stranger(), wanted).url.path == "/operator"


def test_what_the_provider_says_instead_of_a_code_is_shown_and_not_run(world: World) -> None:
    browser = world.site.stranger()
    state = world.begin(browser).split("state=")[1].split("&")[0]
    page = browser.get(f"/login/openid/back?error=%3Cscript%3E&state={state}")
    assert page.status_code == 422
    assert "<script>" not in page.text
    other = world.begin(browser).split("state=")[1].split("&")[0]
    mixed = browser.get(f"/login/openid/back?code=1&state={other}&iss=https://evil.example")
    assert "another issuer" in plain(mixed)


def set_claim(name: str, value: object) -> Callable[[Claims, Claims], None]:
    def change(_header: Claims, claims: Claims) -> None:
        claims.pop(name, None)
        if value is not None:
            claims[name] = value

    return change


def by_none(header: Claims, _claims: Claims) -> None:
    header["alg"] = "none"


def by_secret(header: Claims, _claims: Claims) -> None:
    header["alg"] = "HS256"


LIES: list[tuple[str, Callable[[Claims, Claims], None]]] = [
    ("iss", set_claim("iss", "https://evil.example")),
    ("aud", set_claim("aud", "another")),
    ("aud2", set_claim("aud", [CLIENT, "another"])),
    ("no aud", set_claim("aud", None)),
    ("azp", set_claim("azp", "another")),
    ("exp", set_claim("exp", 1)),
    ("no exp", set_claim("exp", None)),
    ("iat", set_claim("iat", 1)),
    ("nonce", set_claim("nonce", "another")),
    ("no nonce", set_claim("nonce", None)),
    ("sub", set_claim("sub", None)),
    ("alg none", by_none),
    ("alg HS256", by_secret),
]


def test_no_token_is_believed_that_lies_in_one_point(world: World) -> None:
    for name, lie in LIES:
        world.idp.change = lie
        world.site.acme.clock.move(minutes=1)
        page = world.log_in(world.site.stranger())
        assert (name, page.status_code) == (name, 422)
        assert "is not believed" in plain(page)
    assert world.site.accounts.store.find("nora") is None


def test_a_token_of_another_key_is_not_believed_and_a_turned_key_is(world: World) -> None:
    keys = world.idp.keys
    old = keys()
    world.idp.turn_key()
    world.idp.keys = lambda: old  # type: ignore[method-assign] # the provider publishes another key than it signs with
    assert world.log_in(world.site.stranger()).status_code == 422
    world.idp.keys = keys  # type: ignore[method-assign]
    assert world.log_in(world.site.stranger()).url.path == "/operator"


def test_a_provider_that_is_away_or_another_leaves_local_accounts_alone(world: World) -> None:
    world.idp.is_down = True
    page = world.site.stranger().get("/login/openid")
    assert page.status_code == 503
    assert "Password" in plain(page)
    assert world.site.as_("anna").get("/keys").status_code == 200
    world.idp.is_down, world.idp.lies_about_issuer = False, True
    assert "another issuer" in plain(world.site.stranger().get("/login/openid"))


def test_a_client_may_prove_itself_in_the_body(world: World) -> None:
    world.idp.methods = ["client_secret_post"]
    assert world.log_in(world.site.stranger()).url.path == "/operator"


def test_who_begins_too_often_waits(world: World) -> None:
    browser = world.site.stranger()
    answers = [browser.get("/login/openid", follow_redirects=False).status_code for _ in range(21)]
    assert answers == [303] * 20 + [429]


GOOD = {"issuer": "https://idp.example", "client": "muster", "address": ADDRESS, "roles": PAIRS}


def test_without_an_issuer_nobody_is_asked() -> None:
    assert provider_of(OpenIdSettings(), ROLES) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("issuer", "http://idp.example"),
        ("address", "activate.acme.example"),
        ("client", ""),
        ("roles", ()),
        ("roles", ("staff",)),
        ("roles", ("staff=emperor",)),
        ("secret_file", "/nowhere"),
        ("scopes", ("profile",)),
    ],
)
def test_settings_that_cannot_be_are_told(key: str, value: object) -> None:
    assert isinstance(provider_of(OpenIdSettings(**GOOD), ROLES), Provider)  # type: ignore[arg-type]
    with pytest.raises((Misconfigured, ValueError)):
        provider_of(OpenIdSettings(**{**GOOD, key: value}), ROLES)  # type: ignore[arg-type]
