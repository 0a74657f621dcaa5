"""Every page of the console in a real browser: rules of accessibility, no scripts, keyboard, and what hostile machines say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from muster.console.service.products import add_product
from muster.trust.productkey import KeyKind
from tests.worlds.carried_machines import edition, silent
from tests.worlds.console_site import ConsoleSite, act, console_site
from tests.worlds.pages_in_chromium import DESKTOP, PHONE, chromium, judged, page_of, served
from tests.worlds.parts import part
from tests.worlds.vendor_keys import CAD, CAD_PRO, VendorKeys
from tests.worlds.vendor_site import PASSWORD

pytestmark = pytest.mark.parts

LOOKS = [(False, DESKTOP), (True, PHONE)]
NUMBER = 120
PASSPHRASE = "four words of a sentence"
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='owned'</script>"
PAGES = (
    *("/overview", "/machines", "/machines?group_by=state", "/machines/3", "/tasks", "/find", "/directory"),
    *("/tasks/1", "/keys", "/reports", "/reports/hosts", "/reports/signed", "/audit", "/accounts", "/password"),
    *("/act?operation=rearm&which=all", "/act?operation=install-key&which=all", "/act?operation=fleet&which=all"),
)


@dataclass
class World:
    site: ConsoleSite
    address: str
    browser: Browser


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    part("chromium")
    with console_site(tmp_path_factory.mktemp("console"), NUMBER) as site:
        said = edition(product=HOSTILE, host=HOSTILE, partial_key="<b>&x")
        site.machines.answers = {
            "PC-000002": json.dumps({"editions": [said]}).encode(),
            "PC-000003": silent(),
            "PC-000004": HOSTILE.encode() * 10,
        }
        act(site.as_("otto"), "status")
        site.ended(1)
        keys = VendorKeys()
        add_product(site.console, keys.product_file())
        host_key, mak = keys.key(KeyKind.HOST, CAD.id).formatted, keys.key(KeyKind.MAK, CAD_PRO.id).formatted
        sealed = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
        site.as_("anna").fill("/keys/add", page="/keys", keys=f"{host_key}\n{mak}", **sealed)
        with served(site.app) as address, chromium() as browser:
            yield World(site, address, browser)


def log_in(world: World, page: Page) -> None:
    world.site.clock.move(minutes=2)  # or it would be too many log-ins from one place
    page.goto(world.address)
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize(("dark", "size"), LOOKS)
def test_every_page_meets_the_rules_of_accessibility(world: World, dark: bool, size: tuple[int, int]) -> None:
    with page_of(world.browser, dark=dark, size=size, bypass_csp=True) as page:
        log_in(world, page)
        for path in PAGES:
            page.goto(world.address + path)
            for summary in page.locator("summary:visible").all():
                summary.click()
            assert (path, judged(page)) == (path, [])
        page.goto(world.address + "/directory")
        page.get_by_label("User", exact=True).fill("admin")
        page.get_by_label("Password of the user").fill("secret")
        page.get_by_role("button", name="Look").click()
        assert page.get_by_text("No activation object is visible from here.").is_visible()
        assert judged(page) == []


def test_a_selection_is_acted_on_without_scripts_by_the_keyboard_alone(world: World) -> None:
    asked = len(world.site.machines.asked)
    with page_of(world.browser, script=False) as page:
        log_in(world, page)
        page.goto(world.address + "/machines")
        page.get_by_label("Name", exact=True).focus()
        page.keyboard.type("pc-00001")
        page.keyboard.press("Enter")
        page.wait_for_url("**f-name=pc-00001*")
        for name in ("PC-000011", "PC-000012"):
            page.get_by_label(f"Choose {name}, acme-cad-pro", exact=True).focus()
            page.keyboard.press("Space")
        page.get_by_label("Do", exact=True).focus()
        page.keyboard.type("Ren")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/act?*")
        assert page.get_by_role("heading", name="Renew: 2 machines").is_visible()
        page.get_by_role("button", name="Renew").press("Enter")
        page.wait_for_url("**/tasks/*")
        world.site.ended(int(page.url.rsplit("/", 1)[1]))
        page.reload()
        assert page.get_by_role("status").inner_text() == "Ended: every machine has its verdict."
    assert {name for name, _ in world.site.machines.asked[asked:]} == {"PC-000011", "PC-000012"}


def test_machines_are_found_and_states_taken_in_without_scripts_by_the_keyboard(world: World) -> None:
    with page_of(world.browser, script=False, size=PHONE) as page:
        log_in(world, page)
        page.goto(world.address + "/find")
        page.get_by_label("Names or addresses").focus()
        page.keyboard.type("zz-[1:3].lab, PC-000001")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("4 machines found, 3 of them new.").wait_for()
        states = [
            {"name": f"{name}.json", "mimeType": "application/json", "buffer": said}
            for name, said in (("zz-1", json.dumps({"editions": [edition()]}).encode()), ("zz-2", b"{"))
        ]
        page.get_by_label("Files", exact=True).set_input_files(states)  # type: ignore[arg-type] # such are taken
        page.get_by_role("button", name="Take in").press("Enter")
        assert page.get_by_text("zz-2: ANSWER_MALFORMED").is_visible()


def test_nothing_that_machines_say_is_run_or_loaded(world: World) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    with page_of(world.browser) as page:
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        log_in(world, page)
        for path in (*PAGES, "/machines?group_by=product", f"/machines/{world.site.machine('PC-000002').id}"):
            page.goto(world.address + path)
            assert "owned" not in page.title()
    assert {address.split("/")[2] for address in requests} == {world.address.split("/")[2]}
    assert complaints == []


def test_machines_stand_on_the_first_screen_of_a_phone_and_the_filter_is_folded_there_alone(world: World) -> None:
    with page_of(world.browser, size=PHONE, script=False) as page:
        log_in(world, page)
        page.goto(world.address + "/machines")
        row = page.get_by_role("link", name="PC-000001", exact=True).bounding_box()
        assert row
        assert row["y"] + row["height"] < PHONE[1]
        name = page.get_by_label("Name", exact=True)
        assert not name.is_visible()
        page.get_by_text("Filter", exact=True).first.click()
        assert name.is_visible()
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.reload()
        assert page.get_by_label("Name", exact=True).is_visible()
        assert not page.locator("summary", has_text="Filter").first.is_visible()
