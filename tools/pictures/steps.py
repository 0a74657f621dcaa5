"""What is done on a page before its picture is taken, by hand as people do it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import FilePayload, Page

from muster.trust.humanid import format_installation
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from tests.worlds.vendor_world import hardware, machine, packed
from tools.pictures.business import Business
from tools.pictures.office import PLACE

ASKING, CALLING, MANY = 50_000, 55_000, 60_000
"""Numbers of machines that ask while pictures are taken."""
DATABASE = bytes(range(16))


def digits(business: Business, number: int = ASKING) -> str:
    """The installation id of a machine of the university."""
    return format_installation(machine(business.keys["university"], hardware(number)))


def mistype(page: Page, business: Business) -> None:
    """One digit of group 5 is another."""
    groups = digits(business).split("-")
    groups[4] = f"{(int(groups[4]) + 1) % 10**7:07}"
    page.get_by_label("Installation id", exact=True).fill(" ".join(groups))
    page.get_by_role("button", name="Get confirmation").click()


def confirm(page: Page, business: Business) -> None:
    """At the portal."""
    page.get_by_label("Installation id", exact=True).fill(digits(business))
    page.get_by_role("button", name="Get confirmation").click()


def send_bundle(page: Page, business: Business) -> None:
    """Six machines, two with a key that is used up."""
    ids = [packed(machine(business.keys["university"], hardware(MANY + n))) for n in range(4)]
    ids += [packed(machine(business.keys["yard"], hardware(MANY + n))) for n in (8, 9)]
    rows = tuple(RequestRow(one, f"lab-{n:02}") for n, one in enumerate(ids, 1))
    acme = business.acme
    bundle = RequestBundle(acme.vendor.keysets().vendor_id, DATABASE, int(acme.clock.now().timestamp()), rows)
    file: FilePayload = {
        "name": "request-bundle.txt",
        "mimeType": "text/plain",
        "buffer": encode_request_bundle(bundle).encode(),
    }
    page.locator("#file").set_input_files([file])
    page.locator("main button").click()


def look_up(page: Page, business: Business) -> None:
    """At the operator's page."""
    page.get_by_label("Installation id", exact=True).fill(digits(business, CALLING))
    page.get_by_role("button", name="Look up").click()


def decide(page: Page, business: Business) -> None:
    """And confirm it."""
    look_up(page, business)
    page.get_by_role("button", name="Confirm").click()


def issue_key(page: Page, _: Business) -> None:
    """A multiple activation key for the bank."""
    page.get_by_label("Customer").fill("Example Bank")
    page.get_by_label("Activations").fill("50")
    page.get_by_role("button", name="Issue").click()


def find_person(page: Page, _: Business) -> None:
    """Olga, who has left."""
    page.get_by_label("Name, mail address").fill("olga")
    page.get_by_role("button", name="Search").click()


def go_on(page: Page, _: Business) -> None:
    """What was asked for is done."""
    page.locator("main form button").first.click()


def look_directory(page: Page, _: Business) -> None:
    """As its administrator."""
    for name, text in PLACE.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("button", name="Look", exact=True).click()


def merge_reports(page: Page, business: Business) -> None:
    """Of both hosts."""
    files: list[FilePayload] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in business.report_files()
    ]
    page.locator("#reports").set_input_files(files)
    page.get_by_role("button", name="Prove and merge").click()


STEPS: dict[str, Callable[[Page, Business], None]] = {
    step.__name__: step
    for step in (
        *(mistype, confirm, send_bundle, look_up, decide),
        *(issue_key, find_person, go_on, look_directory, merge_reports),
    )
}
