"""What Acme Software sold, to whom, and what its people did in the last days: nine months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from muster.platform.accounts.memory import MemoryAccounts
from muster.vendor import app as vendor
from muster.vendor.service.access import vendor_accounts
from muster.vendor.service.reporting import take_reports
from muster.vendor.service.selling import note_key
from muster.vendor.service.webhooks import add_webhook, send_test
from muster.vendor.web.serving import create_app
from tests.worlds.clocks import HandClock
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_site import PASSWORD
from tests.worlds.vendor_world import BANK, DEFINITION, Acme, directory
from tools.pictures.business import FRAGILE, TODAY, Business, deliver

GLOBEX, YARD, ARCHITECTS, UNIVERSITY = (
    "Globex Corporation",
    "Harbour Shipyard",
    "Lindqvist Architects",
    "Example University",
)
FOUNDED = datetime(2026, 2, 2, 8, 30, tzinfo=UTC)
NAMED = 'name = "Acme Software"\n'
SERVICE = 'service = "https://activate.acme.example"\n'
RENDER = """
[[product]]
name = "Acme Render"
[[group]]
name = "acme-render"
[[edition]]
name = "acme-render-node"
id = 1003
product = "Acme Render"
group = "acme-render"
class = "server"
released = 2026-03-16
"""
PEOPLE = (("anna", "admin"), ("otto", "operator"), ("olga", "operator"), ("audrey", "auditor"))


def run_business(home: Path, until: datetime) -> Business:
    """From the founding until then; it lives on by `live_until`."""
    clock = HandClock(FOUNDED)
    acme = Acme(home, clock=clock)
    acme.vendor = acme.vendor.acting("muster")
    accounts = vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)
    for name, role in PEOPLE:
        accounts.add("setup", name, role, password=PASSWORD)
        clock.move(minutes=7)
    anna = acme.vendor.acting("anna")
    vendor.import_product(anna, DEFINITION.replace(NAMED, NAMED + SERVICE, 1) + RENDER, "product.toml")
    business = Business(acme, accounts, create_app(acme.vendor, accounts))
    for name in (GLOBEX, YARD, ARCHITECTS, UNIVERSITY):
        clock.move(days=1, hours=1, minutes=11)
        vendor.add_organisation(anna, name)
    add_webhook(anna, "https://erp.acme.example/muster", ["key.nearly_exhausted", "key.exhausted"])
    add_webhook(anna, f"https://{FRAGILE}.acme.example/licences", ["key.exhausted", "key.host_limit_reached"])
    _sell(business)
    business.live_until(until)
    return business


def _sell(business: Business) -> None:
    order, pro = business.order, "acme-cad-pro"
    keys = business.keys = {
        "bank hosts": order("acme-cad", BANK, seats=600),
        "globex": order(pro, GLOBEX, 500),
        "globex hosts": order("acme-cad", GLOBEX, seats=380),
        "architects": order(pro, ARCHITECTS, 40, until=date(2027, 6, 30)),
        "yard": order(pro, YARD, 24),
        "university": order(pro, UNIVERSITY, 250, days=365),
        "university hosts": order("acme-cad", UNIVERSITY, seats=1200),
        "render": order("acme-render-node", YARD, 16),
    }
    business.hosts = [business.certify(keys["globex hosts"], number) for number in (1, 2)]
    business.certify(keys["bank hosts"], 3)
    business.acme.clock.move(days=3, minutes=35)
    business.acme.confirm(directory(keys["university hosts"], 4))


def close_the_quarter(business: Business) -> None:
    """What people did in the last days, and then it is this morning."""
    acme, keys = business.acme, business.keys
    otto, anna = acme.vendor.acting("otto"), acme.vendor.acting("anna")
    business.live_until(TODAY - timedelta(hours=1, minutes=20))
    take_reports(anna, business.report_files())
    acme.clock.move(minutes=14)
    vendor.extend_key(otto, keys["globex"].partial, activations=20, reason="Replaced after a fire, case 2214")
    acme.clock.move(minutes=12)
    note_key(anna, keys["globex"].partial, "Wants an offer for 100 more, case 2215")
    acme.clock.move(minutes=7)
    vendor.block_key(anna, keys["render"].partial, blocked=True)
    acme.clock.move(minutes=4)
    vendor.end_contract(anna, ARCHITECTS, date(2027, 6, 30))
    acme.clock.move(minutes=9)
    business.accounts.issue_token("anna", "nightly-figures", "audrey", frozenset({"read", "audit"}), 90)
    business.accounts.change("anna", "olga", blocked=True)
    acme.clock.move(minutes=3)
    for webhook in (1, 2):
        send_test(anna, webhook)
    while acme.clock.now() < TODAY:
        deliver(acme)
        acme.clock.move(min(TODAY - acme.clock.now(), timedelta(minutes=1)))
