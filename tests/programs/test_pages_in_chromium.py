"""Every page of the vendor in a real browser, in light and dark, on a desk and on a phone, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from muster.trust.humanid import format_installation, parse_installation
from muster.vendor.service.delivering import deliver_due
from muster.vendor.service.reporting import take_reports
from muster.vendor.service.webhooks import add_webhook, send_test
from tests.vendor.web.test_portal import picture_of
from tests.worlds.pages_in_chromium import DESKTOP, PHONE, chromium, judged, page_of, served
from tests.worlds.parts import part
from tests.worlds.reporting_hosts import certified, report
from tests.worlds.vendor_site import PASSWORD, AcmeSite
from tests.worlds.vendor_world import hardware, machine

pytestmark = pytest.mark.parts

# Colours do not depend on the size, nor the layout on the colours.
LOOKS = [(False, DESKTOP), (True, PHONE)]
INNER = (
    *("/operator", "/overview", "/keys", "/keys/1", "/keys/issue", "/organisations", "/organisations/1"),
    *("/activations", "/activations/hosts", "/products", "/keysets", "/webhooks"),
    *("/audit", "/audit/people", "/accounts", "/password"),
)


@dataclass
class World:
    site: AcmeSite
    address: str
    browser: Browser
    digits: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    part("chromium")
    site = AcmeSite(tmp_path_factory.mktemp("acme"))
    digits = format_installation(machine(site.acme.mak(activations=50), hardware(1)))
    row = certified(site.acme, 1)
    site.acme.host_key(seats=1)
    take_reports(site.acme.vendor, [("bank.report", report(site.acme, row, 1, {1: (2, 0), 2: (0, 0)}))])
    add_webhook(site.acme.vendor, "https://erp.acme.example/muster", ["key.exhausted"])
    send_test(site.acme.vendor, 1)
    deliver_due(site.acme.vendor, lambda *_: 410)
    site.accounts.issue_token("setup", "ci", "anna", frozenset({"read"}), 30)
    with served(site.app) as address, chromium() as browser:
        yield World(site, address, browser, digits)


def log_in(world: World, page: Page, name: str = "anna") -> None:
    world.site.acme.clock.move(minutes=1)  # or it would be too many log-ins from one place
    world.site.acme.clock.move(minutes=1)  # or it would be too many log-ins from one place
    page.goto(world.address + "/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


# axe-core itself is a script, so it is put into pages past their policy; every other test here leaves the policy on.
@pytest.mark.parametrize(("dark", "size"), LOOKS)
def test_the_portal_meets_the_rules_of_accessibility(world: World, dark: bool, size: tuple[int, int]) -> None:
    with page_of(world.browser, dark=dark, size=size, bypass_csp=True) as page:
        page.goto(world.address)
        assert judged(page) == []
        page.get_by_label("Installation id", exact=True).fill(world.digits.replace("-", "", 3)[1:])
        page.get_by_role("button", name="Get confirmation").click()
        assert judged(page) == []
        page.goto(world.address + "/?lang=de")
        page.get_by_label("Installations-ID", exact=True).fill(world.digits)
        page.get_by_role("button", name="Bestätigung holen").click()
        assert page.get_by_role("heading", name="Bestätigung", exact=True).is_visible()
        assert judged(page) == []
        for path in ("/login", "/bundle"):
            page.goto(world.address + path)
            assert judged(page) == []


@pytest.mark.parametrize(("dark", "size"), LOOKS)
def test_the_inner_pages_meet_the_rules_of_accessibility(world: World, dark: bool, size: tuple[int, int]) -> None:
    with page_of(world.browser, dark=dark, size=size, bypass_csp=True) as page:
        log_in(world, page)
        for path in INNER:
            page.goto(world.address + path)
            assert (path, judged(page)) == (path, [])
        page.goto(world.address + "/audit/people")
        page.get_by_label("Name, mail address").fill("anna")
        page.get_by_role("button", name="Search").click()
        assert page.get_by_role("button", name="Erase what is ticked").is_visible()
        assert judged(page) == []
        page.goto(world.address + "/operator")
        page.get_by_label("Installation id", exact=True).fill(world.digits)
        page.get_by_role("button", name="Look up").click()
        assert judged(page) == []
        page.get_by_role("button", name="Confirm").click()
        assert judged(page) == []


def test_a_photograph_becomes_a_file_without_any_script(world: World, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture_of(world.digits, "jpeg"))
    with page_of(world.browser, size=PHONE, script=False) as page:
        page.goto(world.address)
        page.get_by_label("Or a photograph, or a file").set_input_files(photo)
        page.get_by_role("button", name="Get confirmation").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download file").click()
        assert download.value.suggested_filename == "confirmation.txt"
        file = Path(download.value.path()).read_text()
    assert file == world.site.acme.confirm(parse_installation(world.digits)).file


def test_the_cursor_stands_in_the_wrong_group_and_the_keyboard_does_the_rest(world: World) -> None:
    groups = world.digits.split("-")
    right, groups[4] = groups[4], f"{(int(groups[4]) + 1) % 10**7:07}"
    with page_of(world.browser, script=False) as page:
        page.goto(world.address)
        page.get_by_label("Installation id", exact=True).fill(" ".join(groups))
        page.get_by_role("button", name="Get confirmation").click()
        wrong = page.get_by_label("Group 5: typing error")
        assert wrong.get_attribute("aria-invalid") == "true"
        page.keyboard.press("Control+A")
        page.keyboard.type(right)
        page.keyboard.press("Enter")
        assert page.get_by_role("status").inner_text() == "The machine is confirmed."


def test_a_cookie_survives_no_log_out_and_no_script_reads_it(world: World) -> None:
    with page_of(world.browser) as page:
        log_in(world, page)
        assert page.evaluate("document.cookie") == ""
        cookies = page.context.cookies()
        assert [(c["name"], c["httpOnly"], c["secure"], c["sameSite"]) for c in cookies] == [
            ("__Host-muster", True, True, "Lax")
        ]
        page.get_by_role("button", name="Log out").click()
        page.context.add_cookies(cookies)  # type: ignore[arg-type] # what was read may be written
        page.goto(world.address + "/keys")
        assert page.get_by_role("heading", name="Log in").is_visible()


def test_nothing_that_pages_say_is_run_or_loaded_from_elsewhere(world: World) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with page_of(world.browser) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        log_in(world, page)
        for path in ("/", "/bundle", *INNER):
            page.goto(world.address + path)
    assert {address.split("/")[2] for address in asked} == {world.address.split("/")[2]}
    assert complaints == []
