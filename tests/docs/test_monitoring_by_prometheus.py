"""A real Prometheus takes our rules, alerts when it should, and finds what every panel asks for in what real programs tell."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from muster.trust.humanid import format_installation
from tests.docs.test_monitoring import FOLDER, PAGE, panels, rules
from tests.programs.host_process import HostProcess, serving
from tests.programs.vendor_nodes import nodes
from tests.worlds.host_world import SmallVendor, ask, certified_home, exchange, request
from tests.worlds.name_servers import free_port
from tests.worlds.parts import part
from tests.worlds.prometheus import Prometheus, prometheus
from tests.worlds.vendor_world import Acme, hardware, machine

RULE_TESTS = FOLDER / "muster.rules.test.yml"
_SETTINGS = re.compile(r"^In Prometheus:\n\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_VALUES = re.compile(r"label_values\((.*), (\w+)\)")
STRANGER = SmallVendor(seed=2)


@dataclass(frozen=True)
class Watched:
    """A host and a vendor's service, and who watches them."""

    host: HostProcess
    by: Prometheus


def settings(targets: dict[str, str]) -> str:
    """What the page says to Prometheus, with the programs that are here, asked often."""
    match = _SETTINGS.search(PAGE.read_text(encoding="utf-8"))
    assert match
    told = yaml.safe_load(match[1])
    assert {job["job_name"] for job in told["scrape_configs"]} == targets.keys()
    for job in told["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    told["rule_files"] = [str(FOLDER / name) for name in told["rule_files"]]
    return json.dumps({"global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"}, **told})


def activate_a_machine(url: str, installation: str) -> None:
    body = {"installation_id": installation}
    assert httpx2.post(f"{url}/v1/permanent-activations", json=body, trust_env=False).status_code == 200


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    vendor = certified_home(folder / "host")
    with closing(Acme(folder / "acme")) as acme:
        installation = format_installation(machine(acme.mak(), hardware(1)))
    metrics = f"127.0.0.1:{free_port()}"
    with serving(folder / "host", environment={"MUSTER_HOST_METRICS": metrics}) as host, nodes(acme, 1) as (service,):
        activate_a_machine(service, installation)
        asyncio.run(ask(host.address, vendor, 1))
        asyncio.run(exchange(host.address, request(STRANGER, 1)))
        targets = {"muster-host": metrics, "muster-vendor": service.removeprefix("http://")}
        with prometheus(folder / "prometheus", settings(targets)) as by:
            by.until(lambda: len(by.found("count_over_time(up[1m]) > 2 and up == 1")) == len(targets), "both are up")
            yield Watched(host, by)


def choices(by: Prometheus, variable: dict[str, Any]) -> str:
    """What Grafana puts in the place of a variable of which all is chosen: it asks for the values of the label, too."""
    asked = _VALUES.fullmatch(variable["query"]["query"])
    assert asked, variable
    values = by.told(f"label/{asked[2]}/values", **{"match[]": asked[1]})
    assert values, variable
    return f"({'|'.join(json.dumps(re.escape(value))[1:-1] for value in values)})"


def test_every_panel_of_the_dashboard_shows_something(watched: Watched) -> None:
    listed = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))["templating"]["list"]
    chosen = {f"${row['name']}": choices(watched.by, row) for row in listed if row["type"] == "query"}
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for name, values in chosen.items():
                expression = expression.replace(name, values)
            assert "$" not in expression
            found = watched.by.found(expression)
            assert found, expression
            told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert all(told <= row["metric"].keys() for row in found), f"{panel['title']}: legend"


def test_alerts_are_judged_without_a_mistake_and_come_when_something_happens(watched: Watched) -> None:
    by = watched.by
    told = [rule for group in by.told("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in told} == {rule["alert"] for rule in rules()}
    by.until(
        lambda: all(rule["health"] == "ok" for group in by.told("rules")["groups"] for rule in group["rules"]),
        f"all are judged: {by.told('rules')}",
    )
    stranger = "MusterHostHearsAnotherVendorsMachines"
    assert stranger not in by.alerts("firing")
    asyncio.run(exchange(watched.host.address, request(STRANGER, 2)))
    by.until(lambda: stranger in by.alerts("firing"), "the stranger is noticed")
    assert by.alerts("firing")[stranger]["code"] == "VENDOR_MISMATCH"
    watched.host.stop()
    by.until(lambda: "MusterHostDown" in by.alerts("pending"), "the host is down")


def test_every_alert_comes_and_goes_as_its_test_says() -> None:
    told = yaml.safe_load(RULE_TESTS.read_text(encoding="utf-8"))
    tried: dict[str, set[bool]] = {}
    for row in (row for case in told["tests"] for row in case["alert_rule_test"]):
        tried.setdefault(row["alertname"], set()).add("exp_alerts" in row)
    assert tried.keys() == {rule["alert"] for rule in rules()}
    assert all(True in seen for seen in tried.values()), tried
    done = subprocess.run([part("promtool"), "test", "rules", RULE_TESTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    text = (FOLDER / "muster.rules.yml").read_text(encoding="utf-8")
    (tmp_path / "muster.rules.yml").write_text(text.replace("muster_host_busy == 1", "muster_host_busy == 2"))
    told = yaml.safe_load(RULE_TESTS.read_text(encoding="utf-8"))
    (tmp_path / RULE_TESTS.name).write_text(yaml.safe_dump({**told, "tests": told["tests"][:1]}))
    command = [part("promtool"), "test", "rules", str(tmp_path / RULE_TESTS.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "MusterHostStoresNothing" in done.stdout + done.stderr
    assert done.returncode == 1
