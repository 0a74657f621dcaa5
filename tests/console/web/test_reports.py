"""Overview and reports: they say what the lines say, on pages, in files and on the command line's service."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Misconfigured
from muster.console.core.reports import as_csv, as_html
from muster.console.service.inventory import every_row
from muster.console.service.products import add_product
from muster.console.service.reporting import REPORTS, SIGNED, report
from muster.vendor import app as vendor
from tests.worlds.clocks import MORNING
from tests.worlds.console_site import ConsoleSite, console_site
from tests.worlds.reporting_hosts import certified
from tests.worlds.reporting_hosts import report as host_report
from tests.worlds.vendor_site import Browser, plain
from tests.worlds.vendor_world import Acme

NUMBER = 230


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    with console_site(tmp_path_factory.mktemp("console"), NUMBER) as site:
        yield site


@pytest.fixture(scope="module")
def vera(site: ConsoleSite) -> Browser:
    return site.as_("vera")


def test_the_overview_counts_what_the_lines_say(site: ConsoleSite, vera: Browser) -> None:
    states = Counter(row.seen.state if row.seen else "" for row in every_row(site.console, (), "name"))
    page = vera.get("/overview").text
    for state, number in states.items():
        name = state.lower().replace("_", " ") or "not known"
        assert re.search(rf"<title>{name}: {number}</title>", page), name
    soon = [
        row
        for row in every_row(site.console, (), "name")
        if row.seen and row.seen.expires_at and row.seen.expires_at < MORNING + timedelta(days=179)
    ]
    days = sum(int(number) for number in re.findall(r"<title>\d{4}-\d\d-\d\d: (\d+)</title>", page))
    assert abs(days - len(soon)) <= 3
    assert page.count("kms1.corp.example:1688") >= 2


def test_an_overview_of_nothing_leads_on(tmp_path: Path) -> None:
    with console_site(tmp_path) as site:
        assert "Find some." in site.as_("otto").get("/overview").text
        page = plain(site.as_("vera").get("/overview"))
        assert "Find some." not in page
        assert "Nothing, as far as machines told." in page


@pytest.mark.parametrize("name", [name for name in REPORTS if name != SIGNED])
def test_every_report_is_the_same_on_a_page_and_in_files(site: ConsoleSite, vera: Browser, name: str) -> None:
    page = vera.get(f"/reports/{name}")
    assert page.status_code == 200
    rows = list(csv.DictReader(vera.get(f"/reports/{name}?as=csv").text.splitlines()))
    assert f"{len(rows)} lines" in plain(page)
    assert rows or name == "keys"
    whole = vera.get(f"/reports/{name}?as=html")
    assert whole.text.count("<tr>") == len(rows) + 1
    assert "content-disposition" in whole.headers


def test_what_expires_is_told_in_its_order(site: ConsoleSite) -> None:
    rows = report(site.console, "expiring", days=20).rows
    assert rows
    assert all(0 <= row["days"] < 20 for row in rows)
    assert [row["expires_at"] for row in rows] == sorted(row["expires_at"] for row in rows)


def test_silent_machines_are_told_once(site: ConsoleSite) -> None:
    rows = report(site.console, "not-seen", days=1).rows
    names = [row["machine"] for row in rows]
    assert len(names) == len(set(names))
    assert "PC-000010" in names
    assert "PC-000001" not in names


def test_machines_of_one_image_are_told_together(site: ConsoleSite) -> None:
    rows = report(site.console, "duplicates").rows
    assert [(row["machine"], row["machines"]) for row in rows] == [("PC-000002", 2), ("PC-000004", 2)]


def test_reports_that_are_none_are_told(site: ConsoleSite, vera: Browser) -> None:
    for name, days in (("weather", 30), ("expiring", 0), ("expiring", 4_000), (SIGNED, 30)):
        with pytest.raises(Misconfigured):
            report(site.console, name, days=days)
    assert vera.get("/reports/weather").status_code == 404
    assert vera.get("/reports/expiring?days=x").status_code == 422
    assert vera.get("/reports/signed").status_code == 200


def test_signed_reports_of_several_hosts_count_a_machine_once(tmp_path: Path) -> None:
    acme = Acme(tmp_path / "acme")
    ours = host_report(acme, certified(acme, 1), 1, dict.fromkeys(range(10), (0, 0)))
    theirs = host_report(acme, certified(acme, 2), 2, dict.fromkeys(range(5, 15), (0, 0)))
    with console_site(tmp_path) as site:
        site.clock.wall = acme.clock.now()
        add_product(site.console, vendor.export_product(acme.vendor))
        rows = report(site.console, SIGNED, files=[("a", ours), ("b", theirs)]).rows
        assert [row["machines"] for row in rows] == [15]
        assert rows[0]["vendor"] == "Acme Software"
        vera = site.as_("vera")
        secret = re.search(r'name="form" value="([0-9a-f]{64})"', vera.get("/reports/signed").text)
        assert secret
        sent = {"form": secret[1], "as": "csv"}
        page = vera.post("/reports/signed", data=sent, files=[("reports", ("a", ours)), ("reports", ("b", theirs))])
        assert [row["machines"] for row in csv.DictReader(page.text.splitlines())] == ["15"]
        broken = vera.post("/reports/signed", data=sent, files={"reports": ("kms1.report", ours[:-1] + b"x")})
        assert broken.status_code == 422
        assert "Kms1.report: " in broken.text


def test_files_hold_no_markup_and_no_formula_of_strangers(site: ConsoleSite) -> None:
    found = report(site.console, "hosts")
    hostile = [{**found.rows[0], "host": "=1+1", "edition": "<script>"}]
    changed = type(found)(found.name, found.title, found.told, found.columns, hostile, found.made_at)
    assert "'=1+1" in as_csv(changed)
    assert "<script" not in as_html(changed)
