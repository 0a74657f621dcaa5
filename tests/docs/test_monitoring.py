"""Alerts, dashboard and page speak of metrics that a real host and a real service of a vendor tell, by the labels they have."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from muster.host import app as host
from muster.platform.accounts.memory import MemoryAccounts
from muster.vendor.service.access import vendor_accounts
from muster.vendor.web.serving import create_app
from tests.stories.test_host_is_watched import get
from tests.worlds.effort import LIGHT
from tests.worlds.host_world import HandClock, SmallVendor, ask, certified_home, exchange, request
from tests.worlds.vendor_world import Acme

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging" / "monitoring"
PAGE = ROOT / "docs" / "operate" / "monitoring.md"
NAME = re.compile(r"\bmuster_(?:host|vendor)_[a-z_]+[a-z]\b")
SELECTOR = re.compile(r"\b(muster_[a-z_]+)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
BY = re.compile(r"\bby \(([^)]*)\)")
# Prometheus itself puts these on everything that it scrapes.
ADDED = {"instance", "job"}
Metrics = dict[str, set[str]]


async def _host(home: Path) -> str:
    """The page of a host that counted two machines and sent one of another vendor away."""
    vendor = certified_home(home)
    environment = {"MUSTER_HOST_METRICS": "127.0.0.1:0"}
    running = await host.RunningHost.start(home, listen=["127.0.0.1:0"], environment=environment, clock=HandClock())
    await ask(running.address, vendor, 1)
    await exchange(running.address, request(SmallVendor(seed=2), 1))
    _, body = await get(running.metrics_address, "/metrics")
    await running.stop()
    return body


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """Every sample that is really told, with its labels."""
    pages = [asyncio.run(_host(tmp_path_factory.mktemp("host")))]
    with closing(Acme(tmp_path_factory.mktemp("acme"))) as acme:
        web = TestClient(create_app(acme.vendor, vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)))
        web.get("/health")
        pages.append(web.get("/metrics").text)
    families = [family for page in pages for family in text_string_to_metric_families(page)]
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((FOLDER / "muster.rules.yml").read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    loaded = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    return [panel for panel in loaded["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def test_every_metric_that_is_named_is_told_and_every_one_that_is_told_is_explained(told: Metrics) -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = {name for text in (*expressions(), page) for name in NAME.findall(text)}
    assert named - set(told) == set()
    ours = {name for name in told if name.startswith("muster_") and not name.endswith("_created")}
    assert ours - set(NAME.findall(page)) == set()


def test_alerts_and_panels_ask_by_labels_that_the_metric_has(told: Metrics) -> None:
    checked = 0
    for text in expressions():
        for name, matchers in SELECTOR.findall(text):
            asked = set(MATCHER.findall(matchers))
            assert asked - told[name] - ADDED == set(), text
            checked += len(asked)
        names = NAME.findall(text)
        for labels in BY.findall(text):
            assert {label.strip() for label in labels.split(",")} - told[names[0]] - ADDED == set(), text
    assert checked > 10


def test_every_alert_says_what_to_do_and_stands_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for rule in rules():
        assert f"`{rule['alert']}`" in page
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_panels_of_the_dashboard_have_their_own_place_and_source() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels()]
    assert len(set(places)) == len(places)
    assert len({p["id"] for p in panels()}) == len(panels())
    assert {target["datasource"]["uid"] for p in panels() for target in p["targets"]} == {"${source}"}
